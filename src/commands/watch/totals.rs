//! What all threads have told so far, put together.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::live::{Counters, Interfaces, State, TapStats};
use crate::output::eve_events::Capture;
use crate::output::summary::Interface;
use crate::output::{counted, grouped};
use crate::pipeline::{Live, Outcome, Seen};
use crate::stats::{ReaderStats, WorkerStats};
use crate::triage::HeadStats;

/// So many connections have to be seen from one side before it is said that the other one is missing.
const ONE_SIDED: u64 = 200;

/// So many packets have to be seen before it is said that no connection began.
const WITHOUT_HANDSHAKES: u64 = 20_000;

/// The kernel's own counts of the interfaces, and what is seen of both ends of connections, since the beginning.
pub(super) struct KernelCounts {
    source: Option<Interfaces>,
    /// By the name on the command line.
    counted: BTreeMap<String, Counted>,
    sides: BTreeMap<String, Sides>,
    /// The user chose what is looked at: what is missing was left out on purpose.
    filtered: bool,
}

impl KernelCounts {
    /// Begins to count. Where the kernel does not tell, nothing is said of it.
    pub(super) fn new(filtered: bool) -> Self {
        let mut source = Interfaces::open().ok();
        let before = source.as_mut().and_then(|s| s.read().ok());
        let begin = |(name, now)| (name, Counted::new(now));
        Self {
            source,
            counted: before.unwrap_or_default().into_iter().map(begin).collect(),
            sides: BTreeMap::new(),
            filtered,
        }
    }

    /// The counts of the interfaces, by their names on the command line; `taps` have their names now.
    fn read(
        &mut self,
        taps: &[(TapStats, HeadStats)],
        at_the_end: bool,
    ) -> BTreeMap<String, Counters> {
        let Some(now) = self.source.as_mut().and_then(|s| s.read().ok()) else {
            return BTreeMap::new();
        };
        let mut all = BTreeMap::new();
        for (tap, _) in taps {
            let now = now.get(&tap.current);
            if let Some(now) = now {
                self.counted
                    .entry(tap.interface.clone())
                    .or_insert_with(|| Counted::new(*now))
                    .add(now);
            }
            // Also one that is gone for now.
            let Some(counted) = self.counted.get_mut(&tap.interface) else {
                continue;
            };
            let mut sum = counted.sum;
            sum.dropped = if at_the_end && tap.unused == 0 {
                // Nothing of it was for us to read.
                counted.told.max(tap.lost_at(&counted.sum))
            } else {
                counted.lost(tap)
            };
            sum.overruns = 0;
            all.insert(tap.interface.clone(), sum);
        }
        all
    }
}

/// The kernel's counts of one interface.
struct Counted {
    /// What was read last.
    last: Counters,
    /// All differences: an interface may be given another name, or made anew with counts that begin at 0.
    sum: Counters,
    /// The sums of the last seconds.
    before: VecDeque<(Instant, Counters)>,
    /// The loss that was told: it never falls.
    told: u64,
}

impl Counted {
    /// What the taps tell is so much older than what the kernel tells, at the most.
    const LATE: Duration = Duration::from_secs(3);
    /// What lies so far back is told of, whatever a ring still holds.
    const LATEST: Duration = Duration::from_secs(30);
    /// Sums are noted so far apart: 64 of them reach back farther than that.
    const APART: Duration = Duration::from_millis(500);

    fn new(now: Counters) -> Self {
        Self {
            last: now,
            sum: Counters::default(),
            before: VecDeque::new(),
            told: 0,
        }
    }

    fn add(&mut self, now: &Counters) {
        self.sum.add(&now.since(&self.last));
        self.last = *now;
    }

    /// Frames lost at the interface, as far as the taps have told of the same time: the kernel counts some before they are read.
    fn lost(&mut self, tap: &TapStats) -> u64 {
        let now = Instant::now();
        let age = |when: Instant| now.saturating_duration_since(when);
        let last = self.before.back();
        // Asked for more often it would not tell more.
        if last.is_none_or(|(when, _)| age(*when) >= Self::APART) {
            self.before.push_back((now, self.sum));
        }
        // In an overload a ring is never empty, and what is lost then must be told.
        let told_of = |when: Instant| {
            age(when) >= Self::LATE && tap.drained.is_some_and(|drained| when <= drained)
                || age(when) >= Self::LATEST
        };
        let mut old = None;
        while let Some(&(when, sum)) = self.before.front() {
            if told_of(when) {
                old = Some(sum);
            } else if self.before.len() <= 64 {
                break;
            }
            self.before.pop_front();
        }
        if let Some(sum) = old {
            self.told = self.told.max(tap.lost_at(&sum));
        }
        self.told
    }
}

/// Both ends of connections at one interface, minute by minute: a mirror may lose one direction after months.
#[derive(Debug, Clone)]
struct Sides {
    since: Instant,
    /// Opened and accepted by then.
    base: (u64, u64),
    /// What is to be said; `None` before enough was seen.
    said: Option<Option<String>>,
}

impl Sides {
    const WINDOW: Duration = Duration::from_secs(60);

    /// What is to be said now. It stays until enough connections have been seen that say otherwise: nights are quiet.
    fn look(&mut self, now: Instant, tap: &TapStats, heads: &HeadStats) -> Option<String> {
        let opened = heads.opened.saturating_sub(self.base.0);
        let accepted = heads.accepted.saturating_sub(self.base.1);
        let remark = one_sided(opened, accepted);
        let enough = opened.saturating_add(accepted) >= ONE_SIDED;
        let over = now.saturating_duration_since(self.since) >= Self::WINDOW;
        // For the first time as soon as it shows.
        if enough && (over || self.said.is_none() && remark.is_some()) {
            self.since = now;
            self.base = (heads.opened, heads.accepted);
            self.said = Some(remark);
        }
        let none_yet =
            heads.opened == 0 && heads.accepted == 0 && tap.received >= WITHOUT_HANDSHAKES;
        self.said.clone().flatten().or_else(|| {
            none_yet.then(|| "no beginning of a TCP connection was seen yet".to_owned())
        })
    }
}

/// What is to be said where one end of connections is missing.
fn one_sided(opened: u64, accepted: u64) -> Option<String> {
    let few = |some: u64, many: u64| many >= ONE_SIDED && some.saturating_mul(50) < many;
    if few(accepted, opened) {
        return Some(format!(
            "only one direction seems to be mirrored: {} connections were opened and {} accepted",
            grouped(opened),
            grouped(accepted)
        ));
    }
    if few(opened, accepted) {
        return Some(format!(
            "only one direction seems to be mirrored: {} connections were accepted and {} opened",
            grouped(accepted),
            grouped(opened)
        ));
    }
    None
}

/// All numbers.
pub(super) struct Totals {
    pub(super) reader: ReaderStats,
    pub(super) workers: WorkerStats,
    pub(super) interfaces: Vec<Interface>,
    /// Generation of the rules that all readers use.
    pub(super) generation: u64,
    /// For how long one of the readers has told nothing.
    pub(super) silent: Duration,
}

impl Totals {
    /// What the threads told last.
    pub(super) fn gather(live: &Live, kernel: &mut KernelCounts) -> Self {
        let seen = live.readers();
        let mut reader = ReaderStats::default();
        for seen in &seen {
            reader.add(&seen.reader);
        }
        let mut workers = live.workers();
        workers.add_glanced(&reader.glanced);
        Self {
            interfaces: interfaces(
                seen.iter().map(|s| (&s.tap, &s.reader.heads)),
                kernel,
                false,
            ),
            generation: seen.iter().map(|s: &Seen| s.generation).min().unwrap_or(0),
            silent: seen
                .iter()
                .map(|s| s.told.elapsed())
                .max()
                .unwrap_or_default(),
            reader,
            workers,
        }
    }

    /// What is known at the end.
    pub(super) fn at_the_end(outcome: &Outcome, live: &Live, kernel: &mut KernelCounts) -> Self {
        let taps = outcome
            .inputs
            .iter()
            .filter_map(|input| Some((input.tap.as_ref()?, &input.heads)));
        Self {
            interfaces: interfaces(taps, kernel, true),
            generation: live.rules.generation(),
            silent: Duration::ZERO,
            reader: outcome.reader.clone(),
            workers: outcome.workers,
        }
    }

    /// Packets that should have been read and were lost.
    pub(super) fn lost(&self) -> u64 {
        let sum = |of: fn(&Interface) -> u64| {
            self.interfaces
                .iter()
                .fold(0u64, |sum, interface| sum.saturating_add(of(interface)))
        };
        sum(|i| i.dropped)
            .saturating_add(sum(|i| i.interface_dropped.unwrap_or(0)))
            .saturating_add(self.reader.dropped)
    }

    /// For `stats` events.
    pub(super) fn capture(&self) -> Capture {
        let sum = |of: fn(&Interface) -> u64| {
            self.interfaces
                .iter()
                .fold(0u64, |sum, interface| sum.saturating_add(of(interface)))
        };
        Capture {
            packets: self.reader.packets,
            bytes: self.reader.wire_bytes,
            kernel_drops: sum(|i| i.dropped),
            ring_freezes: sum(|i| i.freezes),
            channel_drops: self.reader.dropped,
            interface_drops: sum(|i| i.interface_dropped.unwrap_or(0)),
            interface_errors: sum(|i| i.interface_errors.unwrap_or(0)),
        }
    }

    /// One line: how it goes.
    pub(super) fn status(&self, alerts: u64) -> String {
        let bad: Vec<String> = self
            .interfaces
            .iter()
            .filter(|i| i.state != State::Up.as_str())
            .map(|i| format!("; {} is {}", i.name, i.state))
            .collect();
        let c = self.capture();
        format!(
            "{}, {}, {}; lost: {} in the ring, {} at the workers, {} at the interface{}",
            counted(c.packets, "packet", "packets"),
            counted(self.workers.names_total(), "name", "names"),
            counted(alerts, "alert", "alerts"),
            grouped(c.kernel_drops),
            grouped(c.channel_drops),
            grouped(c.interface_drops),
            bad.concat(),
        )
    }
}

fn interfaces<'a>(
    taps: impl Iterator<Item = (&'a TapStats, &'a HeadStats)>,
    kernel: &mut KernelCounts,
    at_the_end: bool,
) -> Vec<Interface> {
    let mut all: Vec<(TapStats, HeadStats)> = Vec::new();
    for (tap, heads) in taps.filter(|(tap, _)| !tap.interface.is_empty()) {
        match all
            .iter_mut()
            .find(|(known, _)| known.interface == tap.interface)
        {
            Some((sum, sum_heads)) => {
                sum.add(tap);
                sum_heads.add(heads);
            }
            None => all.push((tap.clone(), *heads)),
        }
    }
    let counters = kernel.read(&all, at_the_end);
    let now = Instant::now();
    all.into_iter()
        .map(|(tap, heads)| {
            let counters = counters.get(&tap.interface);
            let sides = kernel
                .sides
                .entry(tap.interface.clone())
                .or_insert_with(|| Sides {
                    since: now,
                    base: (0, 0),
                    said: None,
                });
            Interface {
                remarks: remarks(
                    &tap,
                    sides.look(now, &tap, &heads).filter(|_| !kernel.filtered),
                ),
                state: tap.state.as_str(),
                received: tap.received,
                dropped: tap.dropped,
                freezes: tap.freezes,
                interface_packets: counters.map(|c| c.packets),
                interface_dropped: counters.map(|c| c.dropped),
                interface_errors: counters.map(|c| c.errors),
                outages: tap.outages,
                name: tap.interface,
            }
        })
        .collect()
}

/// What limits what can be seen at an interface, `one_sided` among it.
fn remarks(tap: &TapStats, one_sided: Option<String>) -> Vec<String> {
    let mut remarks: Vec<String> = one_sided.into_iter().collect();
    if tap.merged != 0 {
        remarks.push(format!(
            "{} packets were longer than the link carries: larger frames, or an offload (GRO, LRO) merges them",
            grouped(tap.merged)
        ));
    }
    if tap.bad_blocks != 0 {
        remarks.push(format!(
            "{} blocks of the ring contradicted themselves",
            grouped(tap.bad_blocks)
        ));
    }
    remarks
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    fn said(received: u64, opened: u64, accepted: u64, merged: u64) -> String {
        let tap = TapStats {
            received,
            merged,
            ..TapStats::default()
        };
        remarks(&tap, one_sided(opened, accepted)).join("; ")
    }

    #[test]
    fn a_direction_that_is_lost_later_is_noticed_and_so_is_its_return() {
        let begun = Instant::now();
        let mut sides = Sides {
            since: begun,
            base: (0, 0),
            said: None,
        };
        let mut look = |minutes: u64, opened: u64, accepted: u64| {
            let heads = HeadStats {
                opened,
                accepted,
                ..HeadStats::default()
            };
            let now = begun + Duration::from_secs(minutes * 60);
            sides.look(now, &TapStats::default(), &heads)
        };
        assert_eq!(look(0, 10_000_000, 9_999_000), None);
        assert_eq!(look(1, 10_001_000, 10_000_000), None);
        assert!(look(2, 10_002_000, 10_000_000).is_some());
        assert!(look(2, 10_002_100, 10_000_000).is_some());
        assert_eq!(look(3, 10_003_000, 10_000_900), None);
        // A quiet night says nothing for or against it.
        assert!(look(4, 10_004_000, 10_000_900).is_some());
        assert!(look(9, 10_004_010, 10_000_910).is_some());
        assert_eq!(look(12, 10_004_200, 10_001_100), None);
    }

    #[test]
    fn a_small_network_is_judged_when_enough_was_seen() {
        let begun = Instant::now();
        let mut sides = Sides {
            since: begun,
            base: (0, 0),
            said: None,
        };
        let tap = TapStats {
            received: 50_000,
            ..TapStats::default()
        };
        let mut look = |minutes: u64, opened: u64| {
            let heads = HeadStats {
                opened,
                ..HeadStats::default()
            };
            let now = begun + Duration::from_secs(minutes * 60);
            sides.look(now, &tap, &heads)
        };
        assert!(look(1, 0).unwrap().contains("no beginning"));
        assert_eq!(look(2, 100), None);
        assert!(look(3, 250).unwrap().contains("only one direction"));
        assert!(look(30, 260).unwrap().contains("only one direction"));
    }

    #[test]
    fn what_a_mirror_leaves_out_is_noticed() {
        assert_eq!(said(100, 0, 0, 0), "");
        assert_eq!(said(1_000_000, 500, 490, 0), "");
        assert!(said(9_000, 500, 3, 0).contains("500 connections were opened and 3 accepted"));
        assert!(said(9_000, 0, 500, 0).contains("500 connections were accepted and 0 opened"));
        assert!(said(10, 1, 1, 7).contains("7 packets were longer"));
    }
}
