//! Compares counts with the recorded ones.

use std::collections::BTreeSet;
use std::io::Write;

use super::Count;
use super::record::{ARCHITECTURE, Record};
use crate::pieces::Failure;

/// A piece may grow by so much.
const ALLOWED: f64 = 0.03;
/// Functions whose change is less than this share of their piece are not shown.
const SHOWN: f64 = 0.003;
/// So many of them are shown.
const FUNCTIONS: usize = 12;

/// Writes what changed.
///
/// # Errors
/// Where a piece grew by more than is allowed, or is not in both.
pub(crate) fn compare(was: &Record, is: &Record, out: &mut impl Write) -> Result<(), Failure> {
    let other = differences(was, is, out)?;
    let (mut grown, mut unknown, mut shrunk) = (0, 0, 0);
    let pieces: BTreeSet<_> = was.counts.keys().chain(is.counts.keys()).collect();
    for piece in pieces {
        match (was.counts.get(piece), is.counts.get(piece)) {
            (Some(was), Some(is)) => {
                let change = is.total / was.total - 1.0;
                let mark = if change > ALLOWED {
                    grown += 1;
                    "  MORE"
                } else if change < -ALLOWED {
                    shrunk += 1;
                    "  less"
                } else {
                    ""
                };
                writeln!(
                    out,
                    "{piece:<58} {:>9.1} -> {:>9.1} {:>+7.2} %{mark}",
                    was.total,
                    is.total,
                    change * 100.0
                )?;
                if !mark.is_empty() {
                    functions(was, is, out)?;
                }
            }
            (was, _) => {
                unknown += 1;
                let what = match was {
                    Some(_) => "recorded, but no longer counted",
                    None => "not recorded",
                };
                writeln!(out, "{piece:<58} {what}")?;
            }
        }
    }
    writeln!(out)?;
    if shrunk != 0 {
        writeln!(
            out,
            "{shrunk} of them have become better: `make bench-record` keeps it so."
        )?;
    }
    let mut failures = Vec::new();
    if grown != 0 {
        failures.push(format!(
            "{grown} of {} counts grew by more than {:.0} %. Where that is worth it: make bench-record, and say in \
             the commit why",
            was.counts.len(),
            ALLOWED * 100.0
        ));
    }
    if unknown != 0 {
        failures.push(format!(
            "{unknown} counts are not in both the record and the benchmark: make bench-record"
        ));
    }
    if failures.is_empty() {
        return Ok(());
    }
    if other {
        failures.push(
            "the environment is another (see above), which may be the reason: record with the commit before this \
             one, here, and compare again"
                .to_owned(),
        );
    }
    Err(failures.join("; ").into())
}

/// Says where the counts come from others than these; whether there is such a thing.
fn differences(was: &Record, is: &Record, out: &mut impl Write) -> Result<bool, Failure> {
    let mut any = false;
    for (what, now) in &is.environment {
        let then = was.environment.iter().find(|(name, _)| name == what);
        let then = then.map_or("unknown", |(_, which)| which);
        if then == now {
            continue;
        }
        if what == ARCHITECTURE {
            return Err(format!(
                "the record is of {then} and this is {now}: their instructions cannot be compared"
            )
            .into());
        }
        writeln!(
            out,
            "Another {what}: recorded with `{then}`, this is `{now}`"
        )?;
        any = true;
    }
    if any {
        writeln!(out)?;
    }
    Ok(any)
}

/// Writes which functions changed most. Each is given without what it calls.
fn functions(was: &Count, is: &Count, out: &mut impl Write) -> Result<(), Failure> {
    let names: BTreeSet<_> = was.functions.keys().chain(is.functions.keys()).collect();
    let mut changes: Vec<(f64, &str, f64, f64)> = names
        .into_iter()
        .map(|name| {
            let of = |count: &Count| count.functions.get(name).copied().unwrap_or(0.0);
            (of(is) - of(was), name.as_str(), of(was), of(is))
        })
        .filter(|(change, ..)| change.abs() >= SHOWN * was.total)
        .collect();
    changes.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    for (change, name, was, is) in changes.into_iter().take(FUNCTIONS) {
        writeln!(out, "    {change:>+9.1}  {was:>9.1} -> {is:>9.1}  {name}")?;
    }
    Ok(())
}
