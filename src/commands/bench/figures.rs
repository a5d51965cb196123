//! What is measured. The names and order of the fields that JSON shows are a contract.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::source::Options;

/// How many missed or wrong contacts are named.
const NAMED: usize = 5;

/// All figures of a run of `bench`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    /// The processor's name, where the system tells it.
    pub(super) processor: Option<String>,
    pub(super) processors: usize,
    pub(super) workers: usize,
    pub(super) runs: u16,
    pub(super) indicators: usize,
    block_bytes: usize,
    pub(super) captures: Vec<Measured>,
}

impl Report {
    pub(super) fn new(workers: usize, runs: u16, indicators: usize) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            processor: fs::read_to_string("/proc/cpuinfo")
                .ok()
                .as_deref()
                .and_then(processor),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            workers,
            runs,
            indicators,
            block_bytes: Options::default().block_size,
            captures: Vec::new(),
        }
    }
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// The figures of one capture: medians.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    /// The workload, or the path of the capture.
    pub(super) name: String,
    pub(super) seed: Option<u64>,
    pub(super) packets: u64,
    /// Of the file.
    pub(super) bytes: u64,
    /// Of the packets.
    pub(super) wire_bytes: u64,
    /// Reading the file, in the same blocks, to nowhere.
    pub(super) floor: Cost,
    pub(super) from_file: Speed,
    /// How much more than the floor.
    pub(super) to_floor: Cost,
    pub(super) from_memory: Speed,
    /// From the file, in nanoseconds a packet.
    pub(super) stages: Stages,
    pub(super) instructions: Instructions,
    pub(super) latency: Option<Latency>,
    pub(super) peak_memory_bytes: Option<u64>,
    pub(super) start_to_first_packets_ms: Option<f64>,
    pub(super) hits: Hits,
}

/// Time by the clock and of processors; or a ratio of both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cost {
    /// In seconds, or in nanoseconds a packet, or a ratio.
    pub(super) wall: f64,
    /// The same; none where the system does not tell.
    pub(super) cpu: Option<f64>,
}

impl Cost {
    /// Each part of both.
    pub(super) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self {
            wall: f(self.wall),
            cpu: self.cpu.map(f),
        }
    }

    /// How many times `floor` this is.
    pub(super) fn times(self, floor: Self) -> Self {
        Self {
            wall: self.wall / floor.wall,
            cpu: self.cpu.zip(floor.cpu).map(|(a, b)| a / b),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Speed {
    pub(super) seconds: Cost,
    pub(super) packets_per_second: f64,
    pub(super) bits_per_second: f64,
    pub(super) ns_per_packet: Cost,
}

impl Speed {
    pub(super) fn new(seconds: Cost, packets: u64, wire_bytes: u64) -> Self {
        let packets = packets.max(1) as f64;
        Self {
            seconds,
            packets_per_second: packets / seconds.wall,
            bits_per_second: wire_bytes as f64 * 8.0 / seconds.wall,
            ns_per_packet: seconds.map(|s| s * 1e9 / packets),
        }
    }
}

/// Nanoseconds of processor time for each packet; of time by the clock where the system tells no
/// other. The first four are measured one after the other, each with all before it.
#[derive(Debug, Serialize)]
pub(super) struct Stages {
    pub(super) read: f64,
    pub(super) walk: f64,
    pub(super) decode: f64,
    pub(super) triage: f64,
    /// The thread of the pipeline that does these and copies what is forwarded.
    pub(super) reader: Option<f64>,
    /// Its worker threads, together.
    pub(super) workers: Option<f64>,
    /// The thread that writes alerts.
    pub(super) collector: Option<f64>,
}

/// Instructions for each packet, in user mode, all threads, without start and end.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Instructions {
    pub(super) per_packet: Option<f64>,
    /// What counted them.
    pub(super) by: Option<&'static str>,
    /// Why they were not counted.
    pub(super) why_not: Option<String>,
}

/// Percentiles of the time from a packet's copy to its alert, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Latency {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) p999_us: f64,
    pub(super) max_us: f64,
}

/// A name that was planted, or one that an alert was given for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Contact {
    pub(super) packet: u64,
    pub(super) kind: String,
    pub(super) name: String,
}

/// What was found of what was planted.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Hits {
    /// None where nobody says what is in the capture.
    pub(super) planted: Option<u64>,
    /// Alerts.
    pub(super) found: u64,
    /// Planted and not found: the first of them, and how many.
    missed: u64,
    first_missed: Vec<Contact>,
    /// Found and not planted.
    wrong: u64,
    first_wrong: Vec<Contact>,
}

impl Hits {
    /// Compares, one by one: a miss and a false alarm do not make up for each other.
    pub(super) fn new(planted: Option<&[Contact]>, found: &[Contact]) -> Self {
        let (mut missed, mut wrong) = (Vec::new(), Vec::new());
        if let Some(planted) = planted {
            let mut planted = sorted(planted).into_iter().peekable();
            let mut found = sorted(found).into_iter().peekable();
            loop {
                match (planted.peek(), found.peek()) {
                    (Some(a), Some(b)) if a == b => {
                        planted.next();
                        found.next();
                    }
                    (Some(a), b) if b.is_none_or(|b| a < b) => missed.extend(planted.next()),
                    (_, Some(_)) => wrong.extend(found.next()),
                    (_, None) => break,
                }
            }
        }
        let first = |all: &[&Contact]| -> Vec<Contact> {
            all.iter().take(NAMED).copied().cloned().collect()
        };
        Self {
            planted: planted.map(|all| all.len() as u64),
            found: found.len() as u64,
            missed: missed.len() as u64,
            first_missed: first(&missed),
            wrong: wrong.len() as u64,
            first_wrong: first(&wrong),
        }
    }

    /// A sentence for each way in which this is not what was planted.
    pub(super) fn complaints(&self, capture: &str) -> Vec<String> {
        let planted = self.planted.unwrap_or_default();
        let mut all = Vec::new();
        if self.missed != 0 {
            all.push(format!(
                "{capture}: {} of {planted} planted contacts were not found: {}",
                self.missed,
                listed(&self.first_missed, self.missed)
            ));
        }
        if self.wrong != 0 {
            all.push(format!(
                "{capture}: {} of {} alerts are for what was not planted: {}",
                self.wrong,
                self.found,
                listed(&self.first_wrong, self.wrong)
            ));
        }
        all
    }
}

fn sorted(contacts: &[Contact]) -> Vec<&Contact> {
    let mut sorted: Vec<_> = contacts.iter().collect();
    sorted.sort();
    sorted
}

fn listed(contacts: &[Contact], all: u64) -> String {
    let mut words: Vec<String> = contacts
        .iter()
        .map(|c| format!("{} ({}, packet {})", c.name, c.kind, c.packet))
        .collect();
    if all > contacts.len() as u64 {
        words.push("...".to_owned());
    }
    words.join(", ")
}

/// The one in the middle; of an even number, halfway between the two.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |n: usize| values.get(n).copied().unwrap_or_default();
    if values.len().is_multiple_of(2) {
        (at(middle.saturating_sub(1)) + at(middle)) / 2.0
    } else {
        at(middle)
    }
}

/// None where any of them is missing.
pub(super) fn median_of_known(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.into_iter().collect();
    values.filter(|all| !all.is_empty()).map(median)
}

/// Of both parts, each by itself.
pub(super) fn median_cost(costs: &[Cost]) -> Cost {
    Cost {
        wall: median(costs.iter().map(|cost| cost.wall)),
        cpu: median_of_known(costs.iter().map(|cost| cost.cpu)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0]), 2.5);
        assert_eq!(median([7.0]), 7.0);
        assert_eq!(median_of_known([Some(1.0), None]), None);
        assert_eq!(median_of_known([]), None);
        assert_eq!(median_of_known([Some(1.0), Some(3.0)]), Some(2.0));
    }

    fn contact(packet: u64, name: &str) -> Contact {
        Contact {
            packet,
            kind: "tls_sni".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_miss_and_a_false_alarm_are_two_faults() {
        let planted = [contact(9, "b"), contact(2, "a"), contact(9, "b")];
        let same = [contact(2, "a"), contact(9, "b"), contact(9, "b")];
        let hits = Hits::new(Some(&planted), &same);
        assert_eq!((hits.planted, hits.found), (Some(3), 3));
        assert!(hits.complaints("x").is_empty());

        let other = [contact(2, "a"), contact(3, "c"), contact(9, "b")];
        let hits = Hits::new(Some(&planted), &other);
        assert_eq!((hits.missed, hits.wrong), (1, 1));
        let [missed, wrong] = &hits.complaints("mix")[..] else {
            panic!("{hits:?}");
        };
        assert_eq!(
            missed,
            "mix: 1 of 3 planted contacts were not found: b (tls_sni, packet 9)"
        );
        assert_eq!(
            wrong,
            "mix: 1 of 3 alerts are for what was not planted: c (tls_sni, packet 3)"
        );
    }

    #[test]
    fn where_nobody_says_what_is_planted_all_is_right() {
        let many: Vec<Contact> = (0..20).map(|n| contact(n, "a")).collect();
        let hits = Hits::new(None, &many);
        assert_eq!((hits.planted, hits.found), (None, 20));
        assert!(hits.complaints("x").is_empty());
        let hits = Hits::new(Some(&[]), &many);
        assert!(hits.complaints("x")[0].ends_with(", ..."));
        let hits = Hits::new(Some(&many), &[]);
        assert_eq!((hits.missed, hits.wrong), (20, 0));
    }

    #[test]
    fn the_processor_has_a_name() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\n";
        assert_eq!(processor(text).as_deref(), Some("AMD EPYC"));
        assert_eq!(processor("Processor: ARM"), None);
    }
}
