//! Counts instructions: with perf, which asks the processor, or with valgrind, which runs the program
//! fifty times as slowly. Both count those in user mode, of all threads.
//!
//! Processors of virtual machines often have no counter, and counters may be forbidden
//! (`/proc/sys/kernel/perf_event_paranoid`); what perf says is passed on.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use super::figures::Instructions;
use super::subject::Pair;

/// What can count.
pub(super) enum Counter {
    Perf,
    Valgrind,
    /// Nothing can, and why.
    Nothing(String),
}

impl Counter {
    /// Perf where it works, and valgrind where that is allowed to take its time.
    pub(super) fn find(slowly: bool) -> Self {
        let perf = match counted(&mut under_perf("true")) {
            Ok(said) => match perf_count(&said) {
                Ok(_) => return Self::Perf,
                Err(why) => why,
            },
            Err(why) => why,
        };
        if !slowly {
            return Self::Nothing(format!("perf: {perf}; --instructions counts with valgrind"));
        }
        let mut version = Command::new("valgrind");
        match counted(version.arg("--version")) {
            Ok(_) => Self::Valgrind,
            Err(why) => Self::Nothing(format!("perf: {perf}; valgrind: {why}")),
        }
    }

    /// Instructions for each packet. `replay` gives the command that searches a capture.
    pub(super) fn count(
        &self,
        pair: impl FnOnce() -> Result<Pair, Box<dyn Error>>,
        packets: u64,
        replay: impl Fn(&mut Command, &Path),
    ) -> Result<Instructions, Box<dyn Error>> {
        let by = match self {
            Self::Perf => "perf",
            Self::Valgrind => "valgrind",
            Self::Nothing(why) => {
                return Ok(Instructions {
                    per_packet: None,
                    by: None,
                    why_not: Some(why.clone()),
                });
            }
        };
        let count = |capture: &Path| -> Result<u64, Box<dyn Error>> {
            let program = std::env::current_exe()?;
            let mut command = match self {
                Self::Valgrind => under_valgrind(&program),
                _ => under_perf(&program),
            };
            replay(&mut command, capture);
            let said = counted(&mut command)?;
            Ok(match self {
                Self::Valgrind => valgrind_count(&said)?,
                _ => perf_count(&said)?,
            })
        };
        let pair = pair()?;
        let more = count(&pair.large)?.saturating_sub(count(&pair.small)?);
        let packets = pair.packets.unwrap_or(packets).max(1);
        Ok(Instructions {
            per_packet: Some(more as f64 / packets as f64),
            by: Some(by),
            why_not: None,
        })
    }
}

fn under_perf(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("perf");
    command
        .args(["stat", "-x", ",", "-e", "instructions:u", "--"])
        .arg(program);
    command
}

fn under_valgrind(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program);
    command
}

/// Runs it and gives what it said on standard error, or why it failed.
fn counted(command: &mut Command) -> Result<String, String> {
    let output = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => "not installed".to_owned(),
            _ => error.to_string(),
        })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let first = said.lines().find(|line| !line.trim().is_empty());
    Err(first.map_or_else(
        || format!("it ended with {}", output.status),
        |line| line.trim().to_owned(),
    ))
}

/// A line like `123456,,instructions:u,1000000,100.00,,`.
fn perf_count(said: &str) -> Result<u64, String> {
    let line = said
        .lines()
        .find(|line| line.contains("instructions"))
        .ok_or("it did not say how many")?;
    let count = line.split(',').next().unwrap_or_default();
    count.parse().map_err(|_| {
        let why = count.trim_matches(['<', '>']);
        format!("counting instructions is {why} here")
    })
}

/// A line like `==7== Collected : 123456`.
fn valgrind_count(said: &str) -> Result<u64, String> {
    said.lines()
        .find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
        .ok_or_else(|| "valgrind did not say how many".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_counters_say() {
        let said = "\n2543210,,instructions:u,1830000,100.00,1.2,insn per cycle\n";
        assert_eq!(perf_count(said), Ok(2_543_210));
        let said = "<not supported>,,instructions:u,0,100.00,,\n";
        assert_eq!(
            perf_count(said).unwrap_err(),
            "counting instructions is not supported here"
        );
        assert!(perf_count("").is_err());
        let said = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n";
        assert_eq!(valgrind_count(said), Ok(1_234_567));
        assert!(valgrind_count("==7== Collected : x").is_err());
    }

    #[test]
    fn why_a_program_did_not_run() {
        let why = counted(&mut Command::new("/none/such")).unwrap_err();
        assert_eq!(why, "not installed");
        let mut command = Command::new("sh");
        command.args(["-c", "echo; echo ' no counters' >&2; exit 3"]);
        assert_eq!(counted(&mut command).unwrap_err(), "no counters");
    }
}
