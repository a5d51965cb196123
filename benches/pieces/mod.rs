//! What is measured: the pieces of the way from a frame to a hit, each with one known input.
//!
//! `pipeline.rs` measures the time of these and `instructions.rs` counts their instructions, so the
//! two always speak of the same thing. Every piece is checked once before it is measured: a
//! benchmark of a path that fails early would be fast and wrong.

pub(crate) mod inputs;
mod names;
mod packets;
mod reader;

use std::error::Error;
use std::hint::black_box;

/// Anything that keeps a benchmark from measuring what it claims to.
pub(crate) type Failure = Box<dyn Error>;

/// One thing to measure.
pub(crate) struct Piece {
    /// The part of the program, as in `src/`.
    pub(crate) group: &'static str,
    /// The input.
    pub(crate) name: &'static str,
    /// What one unit is, in the singular.
    pub(crate) unit: &'static str,
    /// Units in a round.
    pub(crate) units: u64,
    /// Bytes in a round, on the wire or in the file.
    pub(crate) bytes: u64,
    /// Rounds that are enough to count instructions. None where the kernel does the work, whose
    /// instructions are not seen.
    pub(crate) count_rounds: Option<u64>,
    /// Runs this many rounds.
    pub(crate) run: Box<dyn FnMut(u64)>,
}

impl Piece {
    fn new(
        (group, name): (&'static str, &'static str),
        unit: &'static str,
        bytes: usize,
        run: Box<dyn FnMut(u64)>,
    ) -> Self {
        Self {
            group,
            name,
            unit,
            units: 1,
            bytes: bytes as u64,
            count_rounds: Some(1_000),
            run,
        }
    }
}

/// All pieces, in the order of the data path.
///
/// # Errors
/// A piece that does not do what it should.
pub(crate) fn all() -> Result<Vec<Piece>, Failure> {
    let mut pieces = packets::pieces()?;
    pieces.extend(names::pieces()?);
    pieces.extend(names::matching()?);
    pieces.extend(reader::pieces()?);
    Ok(pieces)
}

/// The loop around every piece, with an input and an output that the compiler cannot see through.
pub(crate) fn empty_loop() -> Box<dyn FnMut(u64)> {
    let frame = inputs::bulk_tcp();
    repeat(move || black_box(frame).as_ptr())
}

fn repeat<T>(mut piece: impl FnMut() -> T + 'static) -> Box<dyn FnMut(u64)> {
    Box::new(move |rounds| {
        for _ in 0..rounds {
            black_box(piece());
        }
    })
}

fn check(true_as_it_should: bool, what: &str) -> Result<(), Failure> {
    if true_as_it_should {
        Ok(())
    } else {
        Err(format!("the benchmark is wrong: {what}").into())
    }
}
