//! What was seen, what was not, and a verdict that claims no more than that.

mod alerts;
mod limits;
mod text;
mod verdict;

pub use alerts::{Alerts, Contact, Silenced};

use std::time::Duration;

use serde::Serialize;

use super::tally::Tally;
use crate::names::Kind;
use crate::pipeline::Outcome;
use crate::rules::RuleSet;
use crate::stats::{ReaderStats, WorkerStats};

/// Everything that a run has to say at its end.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The plain sentence, and a word for machines.
    pub verdict: Verdict,
    /// Files and their troubles.
    pub inputs: Inputs,
    /// Packets and bytes.
    pub packets: Packets,
    /// Interfaces, where they were captured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// Names seen, by kind.
    pub names: Vec<Count>,
    /// Alerts, by device and indicator.
    pub alerts: Alerts,
    /// What was seen of addresses that listed names were resolved to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Count>,
    /// What limits the result: packets or messages in which a name may have passed unseen.
    pub not_read: Vec<Count>,
    /// Frames that were understood and cannot name a host.
    pub nameless: Vec<Count>,
    /// The rules that were used.
    pub rules: Vec<Rules>,
    /// By this machine's clock: differs from run to run.
    pub speed: Speed,
}

/// The plain sentence.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// `alerts`; `nothing_found`; `nothing_seen` where there were no names to judge by;
    /// `not_matched` where there was nothing to match them with.
    pub status: Status,
    /// What a person should take from the run.
    pub text: String,
    /// What the sentence does not cover.
    pub limits: Vec<String>,
}

/// The verdict for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A listed name was seen.
    Alerts,
    /// Names were seen, none of them listed.
    NothingFound,
    /// No names were seen: nothing can be said.
    NothingSeen,
    /// Names were seen and not matched: `names`, or rules without names.
    NotMatched,
}

/// Files and their troubles.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// Inputs that were begun.
    pub read: u64,
    /// One line for each thing that went wrong.
    pub errors: Vec<String>,
    /// Files in folders that are no captures, with the reason.
    pub skipped: Vec<String>,
    /// A signal ended the run before its end.
    pub stopped: bool,
}

/// Packets and bytes.
#[derive(Debug, Serialize)]
pub struct Packets {
    /// Frames read.
    pub total: u64,
    /// Their captured bytes.
    pub bytes: u64,
    /// Their bytes on the wire.
    pub wire_bytes: u64,
    /// Timestamp of the earliest, RFC 3339.
    pub first: Option<String>,
    /// Timestamp of the latest, RFC 3339.
    pub last: Option<String>,
    /// Left out by the user's BPF expression.
    pub filtered: u64,
    /// What is unusual about the captures.
    pub notes: Vec<Count>,
    /// Share of packets that could not be decoded and may have held names, 0 to 1.
    pub undecoded_share: f64,
}

/// What was taken from an interface, and what was lost at it.
#[derive(Debug, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// `up`, `no carrier`, `down` or `gone`.
    pub state: &'static str,
    /// Packets read.
    pub received: u64,
    /// Packets dropped by the kernel since the ring was full.
    pub dropped: u64,
    /// How often the ring was full.
    pub freezes: u64,
    /// Packets that the interface itself counted meanwhile, where it can be asked. Without the kernel's filter that is
    /// what was received and dropped.
    pub interface_packets: Option<u64>,
    /// Packets that the interface or its driver dropped meanwhile.
    pub interface_dropped: Option<u64>,
    /// Packets that reached the interface damaged.
    pub interface_errors: Option<u64>,
    /// How often it went down or away.
    pub outages: u64,
    /// What limits what can be seen there.
    pub remarks: Vec<String>,
}

/// A reason and how often.
#[derive(Debug, Serialize)]
pub struct Count {
    /// What.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// Rules that were used.
#[derive(Debug, Serialize)]
pub struct Rules {
    /// Name of the pack.
    pub pack: String,
    /// Title of the pack.
    pub title: String,
    /// File it came from, or `built in`.
    pub origin: String,
    /// Names in it.
    pub names: u64,
    /// Indicators of other kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Count>,
    /// Date of its last change.
    pub updated: Option<String>,
    /// What its file holds that is not looked for, by kind.
    pub unused: Vec<Count>,
}

/// How fast it went, by this machine's clock.
#[derive(Debug, Serialize)]
pub struct Speed {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Packets a second.
    pub packets_per_second: f64,
    /// Captured bits a second.
    pub bits_per_second: f64,
    /// Inputs that were read at once, at most.
    pub readers: usize,
    /// Worker threads.
    pub workers: usize,
    /// From packet to written alert.
    pub alert_latency: Option<Latency>,
}

/// Percentiles of the time from packet to written alert, in microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Half of the alerts were faster.
    pub p50_us: f64,
    /// 99 % were faster.
    pub p99_us: f64,
    /// The slowest.
    pub max_us: f64,
}

/// What a summary is made from.
pub struct Facts<'a> {
    /// What the pipeline counted.
    pub outcome: &'a Outcome,
    /// What was alerted; `None` for `names`, which matches nothing.
    pub tally: Option<&'a Tally>,
    /// Alerts that could not be remembered for folding.
    pub not_folded: u64,
    /// The rules.
    pub rules: Option<&'a RuleSet>,
    /// Errors of inputs that were not begun.
    pub unread: Vec<String>,
    /// Errors that have nothing to do with inputs: rule files, outputs.
    pub errors: Vec<String>,
    /// Files in folders that are no captures.
    pub skipped: Vec<String>,
    /// What was taken from interfaces.
    pub interfaces: Vec<Interface>,
    /// A signal ended the run.
    pub stopped: bool,
    /// Wall-clock time of the run.
    pub elapsed: Duration,
    /// Inputs that were read at once, at most.
    pub readers: usize,
    /// Worker threads.
    pub workers: usize,
}

impl Summary {
    /// Draws up the summary.
    pub fn new(mut facts: Facts<'_>) -> Self {
        let interfaces = std::mem::take(&mut facts.interfaces);
        let Facts {
            outcome,
            tally,
            rules,
            ..
        } = &facts;
        let reader = &outcome.reader;
        let workers = &outcome.workers;
        let mut errors = facts.errors.clone();
        errors.extend(facts.unread.iter().cloned());
        errors.extend(
            outcome
                .inputs
                .iter()
                .filter_map(|i| i.error.as_ref())
                .map(ToString::to_string),
        );

        let not_read = not_read(reader, workers);
        let mut nameless = Vec::new();
        for (gap, count) in reader.gaps.sorted() {
            if !gap.may_hide_names() {
                nameless.push(Count {
                    what: gap.describe(),
                    count,
                });
            }
        }
        let limits = limits(reader, workers);
        let without_name = limits::nameless_hellos(workers);
        if without_name != 0 {
            nameless.push(Count {
                what: "TLS and QUIC hellos without a server name".to_owned(),
                count: without_name,
            });
            nameless.sort_by_key(|c| std::cmp::Reverse(c.count));
        }

        let undecoded = reader.gaps.may_hide_names();
        let packets = Packets {
            total: reader.packets,
            bytes: reader.bytes,
            wire_bytes: reader.wire_bytes,
            first: reader.first.map(|t| t.to_string()),
            last: reader.last.map(|t| t.to_string()),
            filtered: reader.filtered,
            notes: notes(reader, workers),
            // A frame may hold several that cannot be decoded.
            undecoded_share: ratio(undecoded, reader.packets).min(1.0),
        };
        let names = names_counted(workers);
        let alerts = Alerts::new(*tally, facts.not_folded);
        let inputs = Inputs {
            read: outcome.inputs.len() as u64,
            errors,
            skipped: facts.skipped.clone(),
            stopped: facts.stopped,
        };
        let seconds = facts.elapsed.as_secs_f64();
        let latency = &outcome.latency;
        let micros = |nanos: u64| nanos as f64 / 1e3;
        Self {
            verdict: verdict::draw(&facts, &inputs, &packets, &limits, &alerts),
            inputs,
            packets,
            interfaces,
            names,
            alerts,
            resolved: resolved(outcome),
            not_read,
            nameless,
            rules: rules.map(rules_used).unwrap_or_default(),
            speed: Speed {
                seconds,
                packets_per_second: per(reader.packets as f64, seconds),
                bits_per_second: per(reader.bytes as f64 * 8.0, seconds),
                readers: facts.readers,
                workers: facts.workers,
                alert_latency: (!latency.is_empty()).then(|| Latency {
                    p50_us: micros(latency.value_at_quantile(0.5)),
                    p99_us: micros(latency.value_at_quantile(0.99)),
                    max_us: micros(latency.max()),
                }),
            },
        }
    }
}

/// Names seen, by kind.
pub fn names_counted(workers: &WorkerStats) -> Vec<Count> {
    Kind::ALL
        .iter()
        .map(|kind| Count {
            what: kind.as_str().to_owned(),
            count: workers.names.get(*kind as usize).copied().unwrap_or(0),
        })
        .collect()
}

/// Packets or messages in which a name may have passed unseen, by reason, most first.
pub fn not_read(reader: &ReaderStats, workers: &WorkerStats) -> Vec<Count> {
    let mut not_read = Vec::new();
    for (gap, count) in reader.gaps.sorted() {
        if gap.may_hide_names() {
            not_read.push(Count {
                what: gap.describe(),
                count,
            });
        }
    }
    if reader.gaps.others() != 0 {
        not_read.push(Count {
            what: "other frames that could not be decoded".to_owned(),
            count: reader.gaps.others(),
        });
    }
    not_read.extend(limits(reader, workers).iter().map(|&(what, count)| Count {
        what: what.to_owned(),
        count,
    }));
    not_read.sort_by_key(|c| std::cmp::Reverse(c.count));
    not_read
}

/// The bounds that were reached, most often first.
fn limits(reader: &ReaderStats, workers: &WorkerStats) -> Vec<(&'static str, u64)> {
    let mut limits: Vec<_> = limits::limits(reader, workers)
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .collect();
    limits.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    limits
}

fn per(amount: f64, seconds: f64) -> f64 {
    if seconds > 0.0 { amount / seconds } else { 0.0 }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn notes(reader: &ReaderStats, workers: &WorkerStats) -> Vec<Count> {
    [
        (
            "packets of which the capture holds only the beginning (snap length)",
            reader.snapped,
        ),
        (
            "packets without a time of their own: they have that of the packet before",
            reader.untimed,
        ),
        (
            "blocks with broken options; the rest of each block was used",
            reader.bad_options,
        ),
        (
            "TCP connections silent for over 120 s: what they sent later was read where a message begins",
            reader.heads.idle_open.saturating_add(reader.heads.idle_fresh),
        ),
        (
            "TCP connections of which it was forgotten which end is the client: what looks like a message in their content is read",
            reader
                .heads
                .answers_forgotten
                .saturating_add(workers.streams.roles_forgotten),
        ),
        (
            "heads of HTTP requests that made room for others: it was searched for the next request",
            reader.heads.heads_forgotten,
        ),
        (
            "payloads inside more than 8 tags and tunnels; \"path\" names the outermost 8",
            reader.paths_cut,
        ),
    ]
    .into_iter()
    .filter(|(_, count)| *count != 0)
    .map(|(what, count)| Count {
        what: what.to_owned(),
        count,
    })
    .collect()
}

/// Addresses that listed names were resolved to, and what became of connections with them.
fn resolved(outcome: &Outcome) -> Vec<Count> {
    let (bound, held) = (&outcome.reader.bound, &outcome.held);
    [
        ("addresses that listed names were resolved to", bound.learned),
        (
            "connections with them that named a listed host, and are reported by it",
            held.named,
        ),
        (
            "connections with them that named another host, and are not reported",
            held.explained,
        ),
        (
            "connections with those of them that serve many names, and are not reported",
            held.shared,
        ),
        (
            "connections with those of them that many devices use, and are not reported any more",
            held.crowded,
        ),
        (
            "connections with them that were reported before they could name a host: too many at once",
            held.hurried,
        ),
        (
            "addresses that were forgotten before their time: too many at once",
            bound.forgotten,
        ),
        (
            "addresses that another thread learned and one did not hear of: too many at once",
            bound.missed,
        ),
        (
            "names and addresses beyond those that are read of an answer",
            bound.beyond,
        ),
        (
            "flows and addresses of which it was forgotten what they are: too many at once",
            held.forgotten,
        ),
    ]
    .into_iter()
    .filter(|(_, count)| *count != 0)
    .map(|(what, count)| Count {
        what: what.to_owned(),
        count,
    })
    .collect()
}

fn rules_used(rules: &RuleSet) -> Vec<Rules> {
    rules
        .packs()
        .map(|pack| Rules {
            pack: pack.name.clone(),
            title: pack.title.clone(),
            origin: pack.file.clone(),
            names: pack.domains as u64,
            others: pack
                .others
                .iter()
                .map(|&(kind, count)| Count {
                    what: kind.words().1.to_owned(),
                    count: count as u64,
                })
                .collect(),
            updated: pack.updated.clone(),
            unused: pack
                .aside
                .iter()
                .map(|&(kind, count)| Count {
                    what: kind.to_owned(),
                    count: count as u64,
                })
                .collect(),
        })
        .collect()
}
