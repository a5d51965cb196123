//! One run of the pipeline, in a process of its own, and what it says to the process that started it.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::super::Status;
use super::figures::{Contact, Latency};
use super::source_options;
use crate::alert::{Evidence, Sighting};
use crate::cli::bench::Mode;
use crate::output::report::Alerts;
use crate::pipeline::{self, Config, Outcome, Progress, Sink, Task};
use crate::rules::RuleSet;
use crate::source::Input;

/// As in `replay`.
const REPEAT_WINDOW: u32 = 300;

/// What one run took and found. Times are seconds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) wall: f64,
    pub(super) reader: Option<f64>,
    pub(super) workers: Option<f64>,
    pub(super) collector: Option<f64>,
    pub(super) packets: u64,
    pub(super) wire_bytes: u64,
    pub(super) latency: Option<Latency>,
    pub(super) peak_memory: Option<u64>,
    /// When the first packets had been read: since 1970, since clocks of this kind are all that two
    /// processes share.
    pub(super) first_packets: Option<f64>,
    pub(super) found: Vec<Contact>,
}

impl Run {
    /// Processor time of all threads.
    pub(super) fn cpu(&self) -> Option<f64> {
        Some(self.reader? + self.workers? + self.collector?)
    }
}

/// Runs the pipeline once and prints a [`Run`].
pub(super) fn run(
    mode: Mode,
    capture: &Path,
    rules: RuleSet,
    workers: usize,
) -> Result<Status, Box<dyn Error>> {
    let input = match mode {
        Mode::File => Input::File(capture.to_owned()),
        Mode::Memory => Input::Memory(fs::read(capture)?.into()),
    };
    let rules = Arc::new(rules);
    let mut sink = Recorder {
        // Alerts are made in full; only nobody reads them.
        alerts: Alerts::new(
            Arc::clone(&rules),
            vec![input.machine_name()],
            REPEAT_WINDOW,
            ProgressBar::hidden(),
        )
        .with_eve(Box::new(io::sink())),
        found: Vec::new(),
    };
    let config = Config {
        task: Task::Match(rules),
        inputs: vec![input],
        source: source_options(),
        readers: 1,
        workers,
        filter: None,
        resolves: true,
    };
    let progress = Progress::default();
    let clocks = (Instant::now(), SystemTime::now());
    let collector = pipeline::cpu_time_of_this_thread();
    let begun = Instant::now();
    let outcome = pipeline::run(config, &mut sink, &progress, &Arc::default())?;
    let wall = begun.elapsed();
    let collector = pipeline::cpu_time_of_this_thread()
        .zip(collector)
        .map(|(after, before)| after.saturating_sub(before).as_secs_f64());
    if let Some(error) = outcome.inputs.iter().find_map(|i| i.error.as_ref()) {
        return Err(error.to_string().into());
    }
    let run = Run {
        wall: wall.as_secs_f64(),
        reader: seconds(&outcome.cpu.readers),
        workers: seconds(&outcome.cpu.workers),
        collector,
        packets: outcome.reader.packets,
        wire_bytes: outcome.reader.wire_bytes,
        latency: latency(&outcome),
        peak_memory: fs::read_to_string("/proc/self/status")
            .ok()
            .as_deref()
            .and_then(peak_memory),
        first_packets: progress.first_packets().and_then(|first| {
            let (instant, time) = clocks;
            let at = time.checked_add(first.saturating_duration_since(instant))?;
            Some(
                at.duration_since(SystemTime::UNIX_EPOCH)
                    .ok()?
                    .as_secs_f64(),
            )
        }),
        found: sink.found,
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &run)?;
    writeln!(out)?;
    Ok(Status::Done)
}

/// The sum of what threads used; `None` where it is not known of one.
fn seconds(times: &[Option<Duration>]) -> Option<f64> {
    times
        .iter()
        .map(|time| time.as_ref().map(Duration::as_secs_f64))
        .sum()
}

fn latency(outcome: &Outcome) -> Option<Latency> {
    let histogram = &outcome.latency;
    let micros = |nanos: u64| nanos as f64 / 1e3;
    (!histogram.is_empty()).then(|| Latency {
        p50_us: micros(histogram.value_at_quantile(0.5)),
        p99_us: micros(histogram.value_at_quantile(0.99)),
        p999_us: micros(histogram.value_at_quantile(0.999)),
        max_us: micros(histogram.max()),
    })
}

/// The most memory that this process had at any time, in bytes.
fn peak_memory(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Gives alerts as `replay` does, and notes which.
struct Recorder {
    alerts: Alerts,
    found: Vec<Contact>,
}

impl Sink for Recorder {
    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()> {
        let before = self.alerts.tally().alerts();
        self.alerts.sighting(input, sighting)?;
        // Addresses of answers and of servers are of one range: that they meet is chance, and nothing was planted.
        let by_chance = matches!(sighting.evidence, Evidence::Resolved(_));
        // Not a repeat of another.
        if self.alerts.tally().alerts() != before && !by_chance {
            self.found.push(Contact {
                packet: sighting.packet,
                kind: sighting.evidence.as_str().to_owned(),
                name: sighting.name.to_string(),
            });
        }
        Ok(())
    }

    fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.alerts.lines(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.alerts.flush()
    }

    fn tick(&mut self, progress: &Progress) {
        self.alerts.tick(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 7 kB\n";
        assert_eq!(peak_memory(status), Some(2_097_152));
        assert_eq!(peak_memory("VmRSS:\t 7 kB\n"), None);
        assert_eq!(peak_memory("VmHWM:\t unknown\n"), None);
    }
}
