//! Whether this machine is large enough for what `watch` takes by default, and whether its clock is right.

use std::fs;
use std::path::Path;

use super::super::run::processors;
use super::super::watch::Threads;
use super::finding::{Finding, command, step};
use crate::live::Options;
use crate::output::counted;

/// What was found out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    interfaces: usize,
    /// Capture threads of all interfaces.
    readers: usize,
    workers: usize,
    processors: usize,
    /// Bytes of a thread's ring.
    ring: u64,
    /// Bytes that can be had without swapping.
    available: Option<u64>,
    clock: Clock,
}

/// What keeps this machine's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Clock {
    /// systemd-timesyncd, and it has the time.
    Synchronised,
    /// systemd-timesyncd, and it has not.
    Waiting,
    /// Another program, which would have to be asked.
    Chrony,
    #[default]
    Unknown,
}

impl Facts {
    pub(super) fn gather(interfaces: usize, threads: &Threads) -> Self {
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let is_there = |path: &str| Path::new(path).exists();
        Self {
            interfaces,
            readers: threads.interfaces.len(),
            workers: threads.workers,
            processors: processors(),
            ring: Options::default().ring_bytes,
            available: available(&memory),
            clock: if is_there("/run/systemd/timesync/synchronized") {
                Clock::Synchronised
            } else if is_there("/run/chrony") {
                Clock::Chrony
            } else if is_there("/run/systemd/timesync") {
                Clock::Waiting
            } else {
                Clock::Unknown
            },
        }
    }
}

/// Bytes that can be had without swapping, as /proc/meminfo tells them.
pub(in crate::commands) fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    vec![memory(facts), processing(facts), clock(facts.clock)]
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", crate::output::grouped(bytes >> 20))
}

fn memory(facts: &Facts) -> Finding {
    let check = "limits.memory";
    let rings = facts.ring.saturating_mul(facts.readers as u64);
    let Some(available) = facts.available else {
        return Finding::skipped(check, "/proc/meminfo does not tell how much is available")
            .with("rings", rings);
    };
    let found = format!(
        "{} of rings for {}, of {} available",
        mebibytes(rings),
        counted(facts.readers as u64, "thread", "threads"),
        mebibytes(available),
    );
    // A quarter may go to rings: tables and rules need memory as well, and other programs.
    let fitting = available
        .checked_div(4)
        .and_then(|quarter| quarter.checked_div((facts.readers as u64).max(1)))
        .map_or(1, |each| (each >> 20).max(1));
    let smaller = || {
        step(format!(
            "run `watch --ring-size {fitting}M`, or with fewer --threads"
        ))
    };
    if rings >= available {
        Finding::error(check, found, smaller())
    } else if rings >= available / 2 {
        Finding::warning(check, found, smaller())
    } else {
        Finding::ok(check, found)
    }
    .with("rings", rings)
    .with("available", available)
}

fn processing(facts: &Facts) -> Finding {
    let check = "limits.processors";
    let threads = facts.readers.saturating_add(facts.workers);
    let found = format!(
        "{} for {} and {}",
        counted(facts.processors as u64, "processor", "processors"),
        counted(facts.readers as u64, "capture thread", "capture threads"),
        counted(facts.workers as u64, "worker", "workers"),
    );
    let finding = if facts.processors < facts.interfaces.saturating_add(1) {
        Finding::warning(
            check,
            format!("{found}: too few"),
            step("give this machine more processors than it has interfaces to watch"),
        )
    } else {
        Finding::ok(check, found)
    };
    finding
        .with("processors", facts.processors)
        .with("threads", threads)
}

fn clock(clock: Clock) -> Finding {
    let check = "limits.clock";
    match clock {
        Clock::Synchronised => Finding::ok(check, "this machine's clock is synchronised"),
        Clock::Waiting => Finding::warning(
            check,
            "this machine's clock is not synchronised: times of alerts cannot be compared",
            command("timedatectl set-ntp true"),
        ),
        Clock::Chrony => {
            Finding::skipped(check, "kept by chrony: `chronyc tracking` tells how well")
        }
        Clock::Unknown => Finding::skipped(check, "what keeps this machine's clock is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn facts(readers: usize, processors: usize, available: u64) -> Facts {
        Facts {
            interfaces: 1,
            readers,
            workers: 1,
            processors,
            ring: 64 << 20,
            available: Some(available),
            clock: Clock::Unknown,
        }
    }

    #[test]
    fn rings_have_to_fit() {
        assert_eq!(memory(&facts(2, 4, 1 << 30)).level, Level::Ok);
        let tight = memory(&facts(4, 8, 512 << 20));
        assert_eq!(tight.level, Level::Warning);
        assert!(tight.mended_by().contains("--ring-size 32M"), "{tight:?}");
        assert_eq!(memory(&facts(4, 8, 200 << 20)).level, Level::Error);
        assert!(
            memory(&facts(4, 8, 1 << 20))
                .mended_by()
                .contains("--ring-size 1M")
        );
        let unknown = Facts {
            available: None,
            ..facts(1, 1, 0)
        };
        assert_eq!(memory(&unknown).level, Level::Skipped);
    }

    #[test]
    fn threads_have_to_run() {
        assert_eq!(processing(&facts(1, 2, 0)).level, Level::Ok);
        assert_eq!(processing(&facts(1, 1, 0)).level, Level::Warning);
    }

    #[test]
    fn clocks() {
        assert_eq!(clock(Clock::Synchronised).level, Level::Ok);
        assert_eq!(clock(Clock::Waiting).level, Level::Warning);
        assert_eq!(clock(Clock::Chrony).level, Level::Skipped);
        assert_eq!(clock(Clock::Unknown).level, Level::Skipped);
    }

    #[test]
    fn what_is_available() {
        let text = "MemTotal:       16315556 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(available(text), Some(1 << 20));
        assert_eq!(available("MemAvailable: many kB\n"), None);
        assert_eq!(available(""), None);
    }
}
