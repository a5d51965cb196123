//! Instructions for each piece of the data path, by valgrind's callgrind: `make bench`.
//!
//! The numbers are the same on every run and every machine with the same compiler, so a change of a
//! few per cent is a change of the code. They leave out what the kernel does, cache misses and
//! mispredicted branches: those are seen in the times of `pipeline.rs`.
//!
//! `--check` compares them with the recorded ones (`make bench-ci`), `--record` records them (`make
//! bench-record`).
//!
//! The program starts itself again under callgrind, which counts from zero whenever [`measured`] is
//! entered and writes a profile whenever it is left: one for each piece, in order. The whole program is
//! counted twice for each workload, with few packets and with many.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a benchmark may stop where it is wrong"
)]

mod counting;
#[allow(dead_code, reason = "each of the two benchmarks uses its part")]
mod pieces;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use counting::callgrind::{self, Profile};
use counting::compare::compare;
use counting::record::{self, Record};
use counting::{Count, Counts};
use pieces::{Failure, Piece, inputs};

/// Argument of the run under callgrind.
const INSIDE: &str = "--inside";

fn main() -> Result<(), Failure> {
    let asked = |option: &str| env::args().any(|argument| argument == option);
    if asked(INSIDE) {
        return inside();
    }
    callgrind::check()?;
    let mut out = io::stdout().lock();
    let (check, record) = (asked("--check"), asked("--record"));
    let Some(version) = callgrind::version()? else {
        let missing = "No instruction counts: valgrind is not there. It is in the package `valgrind` of \
             Debian, Ubuntu, Fedora, Arch, Alpine and openSUSE.";
        if check || record {
            return Err(missing.into());
        }
        writeln!(out, "{missing}")?;
        return Ok(());
    };
    // What cannot be compared is known before a minute of counting.
    let was = if check { Some(Record::read()?) } else { None };
    let folder = tempfile::tempdir()?;
    writeln!(out, "Instructions ({version}, without the kernel's)\n")?;
    let mut counts = Counts::new();
    let mut add = |name: String, unit: &str, count: Count| -> Result<(), Failure> {
        if was.is_none() {
            writeln!(out, "{name:<58} {:>8.1} a {unit}", count.total)?;
        }
        counts.insert(name, count);
        Ok(())
    };
    pieces(folder.path(), &mut add)?;
    program(folder.path(), &mut add)?;
    let is = Record::new(counts, &version);
    if let Some(was) = was {
        if let Err(error) = compare(&was, &is, &mut out) {
            out.flush()?;
            writeln!(io::stderr(), "error: {error}")?;
            std::process::exit(1);
        }
        writeln!(
            out,
            "All counts are within 3 % of the recorded ones, or below them."
        )?;
    }
    if record {
        is.write()?;
        writeln!(out, "\nWritten to {}", record::path().display())?;
    }
    Ok(())
}

/// Callgrind knows this function by its name.
#[inline(never)]
fn measured(run: &mut dyn FnMut(u64), rounds: u64) {
    run(rounds);
}

fn counted_pieces() -> Result<impl Iterator<Item = (Piece, u64)>, Failure> {
    Ok(pieces::all()?.into_iter().filter_map(|piece| {
        let rounds = piece.count_rounds?;
        Some((piece, rounds))
    }))
}

/// Rounds of the empty loop.
const EMPTY_ROUNDS: u64 = 1_000;

/// Under callgrind: first the empty loop, then the pieces.
fn inside() -> Result<(), Failure> {
    let mut empty = pieces::empty_loop();
    empty(1);
    measured(&mut empty, EMPTY_ROUNDS);
    for (mut piece, rounds) in counted_pieces()? {
        // What happens only once is not counted.
        (piece.run)(1);
        measured(&mut piece.run, rounds);
    }
    Ok(())
}

/// Takes the name of a piece, its unit, and its count.
type Add<'a> = dyn FnMut(String, &str, Count) -> Result<(), Failure> + 'a;

/// Counts each piece, less the loop around it.
fn pieces(folder: &Path, add: &mut Add<'_>) -> Result<(), Failure> {
    let profile = folder.join("pieces");
    callgrind::run(
        &profile,
        &["--zero-before=*::measured", "--dump-after=*::measured"],
        Command::new(env::current_exe()?).arg(INSIDE),
    )?;
    let mut number = 0;
    let mut next = || {
        number += 1;
        Profile::read(&profile.with_extension(number.to_string()))
    };
    let each_round = next()?.per(EMPTY_ROUNDS, None).total;
    for (piece, rounds) in counted_pieces()? {
        let mut count = next()?.per(rounds * piece.units, None);
        count.total -= each_round / piece.units as f64;
        add(
            format!("{}: {}", piece.group, piece.name),
            piece.unit,
            count,
        )?;
    }
    Ok(())
}

/// Counts the whole program for a packet, all threads: the difference of two runs, which leaves out
/// its start and end.
fn program(folder: &Path, add: &mut Add<'_>) -> Result<(), Failure> {
    let (few, many) = (10_000, 40_000);
    let bulk = |packets: u64, capture: &Path| -> Result<(), Failure> {
        Ok(fs::write(capture, inputs::bulk_capture(packets as usize))?)
    };
    let count = difference(folder, (few, many), &bulk)?;
    let name = "program: replay of TCP bulk from a pcap file";
    add(name.to_owned(), "packet", count)?;
    for workload in ["mix", "dns", "tls", "syn", "junk"] {
        let generated = |packets: u64, capture: &Path| -> Result<(), Failure> {
            let made = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
                .args([
                    "generate",
                    workload,
                    "--packets",
                    &packets.to_string(),
                    "-o",
                ])
                .arg(capture)
                .stdout(Stdio::null())
                .status()?;
            let failed = || format!("generate {workload}: {made}").into();
            made.success().then_some(()).ok_or_else(failed)
        };
        // A decryption takes as long as a thousand packets of bulk.
        let (few, many) = if workload == "junk" {
            (5_000, 20_000)
        } else {
            (20_000, 80_000)
        };
        let count = difference(folder, (few, many), &generated)?;
        add(format!("program: replay of {workload}"), "packet", count)?;
    }
    Ok(())
}

/// What a packet costs of those that `many` are more than `few`.
fn difference(
    folder: &Path,
    (few, many): (u64, u64),
    write: &dyn Fn(u64, &Path) -> Result<(), Failure>,
) -> Result<Count, Failure> {
    let profile = |packets: u64| -> Result<Profile, Failure> {
        let capture = folder.join("program.pcap");
        write(packets, &capture)?;
        let profile = folder.join("program");
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellerophon"));
        let quiet = ["--alerts", "none", "--summary", "none"];
        command
            .args(["replay", "--workers", "1"])
            .args(quiet)
            .arg(&capture);
        callgrind::run(&profile, &[], &command)?;
        Profile::read(&profile)
    };
    let (less, more) = (profile(few)?, profile(many)?);
    Ok(more.per(many - few, Some(&less)))
}
