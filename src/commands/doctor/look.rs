//! Looks at an interface's traffic for a while, with the pipeline that `watch` runs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::unbounded;

use super::traffic::Seen;
use crate::alert::Sighting;
use crate::live::{Interfaces, Options, Tap, TapError, TapStats};
use crate::names::Kind;
use crate::pipeline::{self, Live, LiveConfig, Outcome, Progress, Sink};
use crate::rules::{Current, RuleSet};
use crate::time::Timestamp;

/// An interface that is open, and not looked at yet.
pub(super) struct Opened {
    name: String,
    taps: Vec<Tap>,
    /// Ends the look.
    end: Arc<AtomicBool>,
}

/// How it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) rules: &'a Arc<RuleSet>,
    pub(super) workers: usize,
    pub(super) time: Duration,
    /// Set by signals.
    pub(super) stop: &'a AtomicBool,
}

impl Opened {
    /// Opens so many rings on the interface, as `watch` does by default.
    pub(super) fn new(name: &str, threads: usize) -> Result<Self, TapError> {
        let options = Options {
            // Bulk is part of what there is to see.
            kernel_filter: false,
            ..Options::default()
        };
        let end = Arc::new(AtomicBool::new(false));
        // What becomes of it is seen in the counts.
        let (news, _) = unbounded();
        Ok(Self {
            name: name.to_owned(),
            taps: Tap::open(name, threads, options, &end, &news)?,
            end,
        })
    }

    /// Looks at it.
    pub(super) fn look(self, plan: Plan<'_>) -> io::Result<Seen> {
        let current = Arc::new(Current::new(Arc::clone(plan.rules)));
        let config = LiveConfig {
            workers: plan.workers,
            filters: Vec::new(),
            live: Arc::new(Live::new(current, self.taps.len(), plan.workers)),
            cpus: None,
            resolves: false,
            taps: self.taps,
        };
        let mut kernel = Interfaces::open().ok();
        let mut counters = || {
            let all = kernel.as_mut()?.read().ok()?;
            all.get(&self.name).copied()
        };
        let before = counters();
        let (begun, start) = (Timestamp::of_clock(), Instant::now());
        let mut counter = Counter {
            until: start.checked_add(plan.time).unwrap_or(start),
            stop: plan.stop,
            end: Arc::clone(&self.end),
            ended: None,
            contacts: 0,
        };
        let outcome = pipeline::watch(config, &mut counter, &Progress::default(), &self.end)?;
        let mut interface = before.and_then(|before| Some(counters()?.since(&before)));
        let (mut seen, tap) = seen(&outcome);
        let ended = counter.ended.unwrap_or_else(Instant::now);
        seen.seconds = ended.saturating_duration_since(start).as_secs_f64();
        seen.begun = begun;
        seen.ended = Timestamp::of_clock();
        if let Some(counted) = &mut interface {
            counted.dropped = tap.lost_at(counted);
            counted.overruns = 0;
        }
        seen.interface = interface;
        seen.contacts = counter.contacts;
        Ok(seen)
    }
}

fn seen(outcome: &Outcome) -> (Seen, TapStats) {
    let reader = &outcome.reader;
    let mut tap = TapStats::default();
    for input in &outcome.inputs {
        if let Some(other) = &input.tap {
            tap.add(other);
        }
    }
    let gaps = reader.gaps.sorted();
    let unread = gaps.iter().find(|(gap, _)| gap.may_hide_names());
    let seen = Seen {
        packets: reader.packets,
        bytes: reader.wire_bytes,
        ring_dropped: tap.dropped,
        worker_dropped: reader.dropped,
        merged: tap.merged,
        tags: tap.tags,
        outages: tap.outages,
        opened: reader.heads.opened,
        accepted: reader.heads.accepted,
        names: Kind::ALL
            .iter()
            .zip(outcome.workers.names)
            .filter(|&(_, n)| n != 0)
            .map(|(kind, n)| (kind.as_str(), n))
            .collect(),
        undecoded: reader.gaps.may_hide_names(),
        mostly: unread.map(|(gap, _)| gap.describe()),
        first: reader.first,
        last: reader.last,
        ..Seen::default()
    };
    (seen, tap)
}

/// A sink that counts, and ends the look in time.
struct Counter<'a> {
    until: Instant,
    stop: &'a AtomicBool,
    end: Arc<AtomicBool>,
    /// From then on nothing new is taken.
    ended: Option<Instant>,
    contacts: u64,
}

impl Sink for Counter<'_> {
    fn sighting(&mut self, _: usize, _: &Sighting) -> io::Result<()> {
        self.contacts = self.contacts.saturating_add(1);
        Ok(())
    }

    fn lines(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Progress) {
        let now = Instant::now();
        if self.ended.is_none() && (now >= self.until || self.stop.load(Ordering::Relaxed)) {
            self.ended = Some(now);
            self.end.store(true, Ordering::Relaxed);
        }
    }
}
