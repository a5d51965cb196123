//! Instructions for each piece of the data path, by valgrind's callgrind: `make bench`.
//!
//! The numbers are the same on every run and every machine with the same compiler, so a change of a
//! few per cent is a change of the code. They leave out what the kernel does, cache misses and
//! mispredicted branches: those are seen in the times of `pipeline.rs`.
//!
//! The program starts itself again under callgrind, which counts from zero whenever [`measured`] is
//! entered and writes a profile whenever it is left: one for each piece, in order.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "a benchmark may stop where it is wrong"
)]

#[allow(dead_code, reason = "each of the two benchmarks uses its part")]
mod pieces;

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use pieces::{Failure, Piece, inputs};

/// Argument of the run under callgrind.
const INSIDE: &str = "--inside";

fn main() -> Result<(), Failure> {
    if env::args().any(|argument| argument == INSIDE) {
        return inside();
    }
    let mut out = io::stdout().lock();
    let Some(version) = valgrind_version()? else {
        writeln!(
            out,
            "No instruction counts: valgrind is not there. It is in the package `valgrind` of \
             Debian, Ubuntu, Fedora, Arch, Alpine and openSUSE."
        )?;
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    writeln!(out, "Instructions ({version}, without the kernel's)\n")?;
    pieces(folder.path(), &mut out)?;
    program(folder.path(), &mut out)?;
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

/// Prints the instructions of each piece, less those of the loop around it.
fn pieces(folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
    let profile = folder.join("pieces");
    callgrind(
        &profile,
        &["--zero-before=*::measured", "--dump-after=*::measured"],
        Command::new(env::current_exe()?).arg(INSIDE),
    )?;
    let mut number = 0;
    let mut next = || {
        number += 1;
        total(&profile.with_extension(number.to_string()))
    };
    let each_round = per(next()?, EMPTY_ROUNDS);
    for (piece, rounds) in counted_pieces()? {
        let count = (per(next()?, rounds) - each_round) / piece.units as f64;
        row(out, piece.group, piece.name, count, piece.unit)?;
    }
    Ok(())
}

/// Prints the instructions of the whole program for a packet of bulk traffic, all threads: the
/// difference of two runs, which leaves out its start and end.
fn program(folder: &Path, out: &mut impl Write) -> Result<(), Failure> {
    const FEW: usize = 10_000;
    const MANY: usize = 40_000;
    let count = |packets: usize| -> Result<u64, Failure> {
        let capture = folder.join(format!("{packets}.pcap"));
        fs::write(&capture, inputs::bulk_capture(packets))?;
        let profile = folder.join(format!("program-{packets}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellerophon"));
        command
            .args([
                "replay",
                "--workers",
                "1",
                "--alerts",
                "none",
                "--summary",
                "none",
            ])
            .arg(&capture);
        callgrind(&profile, &[], &command)?;
        total(&profile)
    };
    let difference = count(MANY)?
        .checked_sub(count(FEW)?)
        .ok_or("fewer for more packets")?;
    let each = per(difference, (MANY - FEW) as u64);
    row(
        out,
        "program",
        "replay of TCP bulk from a pcap file",
        each,
        "packet",
    )
}

fn row(
    out: &mut impl Write,
    group: &str,
    name: &str,
    count: f64,
    unit: &str,
) -> Result<(), Failure> {
    writeln!(
        out,
        "{:<58} {count:>8.1} a {unit}",
        format!("{group}: {name}")
    )?;
    Ok(())
}

fn per(count: u64, units: u64) -> f64 {
    count as f64 / units as f64
}

/// What valgrind calls itself; `None` where it is not installed.
fn valgrind_version() -> Result<Option<String>, Failure> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(output) => Ok(Some(
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot run valgrind: {error}").into()),
    }
}

/// Runs `command` under callgrind.
fn callgrind(profile: &Path, options: &[&str], command: &Command) -> Result<(), Failure> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .args(options)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("callgrind failed with {}:\n{said}", output.status).into())
}

/// The instructions of one profile.
fn total(profile: &Path) -> Result<u64, Failure> {
    let text = fs::read_to_string(profile)
        .map_err(|error| format!("callgrind left no {}: {error}", profile.display()))?;
    let total = text
        .lines()
        .find_map(|line| {
            line.strip_prefix("totals: ")
                .or(line.strip_prefix("summary: "))
        })
        .ok_or_else(|| format!("{} has no total", profile.display()))?;
    Ok(total.trim().parse()?)
}
