//! Time for each piece of the data path, by criterion: `make bench`.
//!
//! Short on purpose: it shows what has become twice as slow, on any machine. What has become five
//! per cent slower is seen in `instructions.rs`, whose numbers do not depend on the machine's mood.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a benchmark may stop where it is wrong"
)]

#[allow(dead_code, reason = "each of the two benchmarks uses its part")]
mod pieces;

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};

fn main() -> Result<(), pieces::Failure> {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
        .configure_from_args();
    for mut piece in pieces::all()? {
        let mut group = criterion.benchmark_group(piece.group);
        group.throughput(Throughput::ElementsAndBytes {
            elements: piece.units,
            bytes: piece.bytes,
        });
        group.bench_function(piece.name, |bencher| {
            // What happens only once is not measured.
            (piece.run)(1);
            bencher.iter_custom(|rounds| {
                let begun = Instant::now();
                (piece.run)(rounds);
                begun.elapsed()
            });
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
