//! The collector: puts what the workers find into the order of the inputs and of their packets.
//!
//! Each crew, a reader with its workers, gives findings epoch by epoch; those of an epoch come from its workers in any
//! order. Inputs that are read at once come to their ends in any order as well, and what is found in a later one is held
//! until those before it are over. What is held is bounded: a crew that is too far ahead waits. It is never the
//! one that has the input whose turn it is, since crews take inputs in their order.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender};
use hdrhistogram::Histogram;

use super::out::{Findings, Order};
use super::{Progress, Sink};
use crate::alert::{Due, Held, HeldStats, Sighting, Unrelated};
use crate::time::Timestamp;

/// How often the sink is told to show progress.
const TICK: Duration = Duration::from_millis(100);

/// A crew that is ahead waits when it has found so much, in bytes.
const MAX_HELD: usize = 4 << 20;

/// What a sighting counts for in that: with all that belongs to it, more or less.
const SIGHTING: usize = 512;

/// One end of the channels to a crew.
pub(super) struct Line {
    findings: Receiver<Findings>,
    /// Where empty ones go back to.
    spare: Sender<Findings>,
    workers: usize,
    /// Everything is given as it comes.
    live: bool,
    /// More may come.
    open: bool,
    /// Epochs that are not complete, from `next` on.
    waiting: VecDeque<Vec<Findings>>,
    next: u64,
    /// Complete epochs whose input's turn has not come.
    held: VecDeque<Vec<Findings>>,
    held_bytes: usize,
}

impl Line {
    pub(super) fn new(
        findings: Receiver<Findings>,
        spare: Sender<Findings>,
        workers: usize,
        live: bool,
    ) -> Self {
        Self {
            findings,
            spare,
            workers,
            live,
            open: true,
            waiting: VecDeque::new(),
            next: 0,
            held: VecDeque::new(),
            held_bytes: 0,
        }
    }

    /// A worker may be ahead of another by what its channel holds, so `waiting` stays short.
    fn accept(&mut self, part: Findings) {
        if self.live {
            if part.is_empty() {
                self.recycle(vec![part]);
            } else {
                self.hold(vec![part]);
            }
            return;
        }
        let index = usize::try_from(part.epoch.wrapping_sub(self.next)).unwrap_or(usize::MAX);
        while self.waiting.len() <= index {
            self.waiting.push_back(Vec::with_capacity(self.workers));
        }
        if let Some(epoch) = self.waiting.get_mut(index) {
            epoch.push(part);
        }
        while self
            .waiting
            .front()
            .is_some_and(|epoch| epoch.len() == self.workers)
        {
            let epoch = self.waiting.pop_front().unwrap_or_default();
            self.next = self.next.wrapping_add(1);
            self.hold(epoch);
        }
    }

    fn hold(&mut self, epoch: Vec<Findings>) {
        if epoch.iter().all(Findings::is_empty) {
            self.recycle(epoch);
        } else {
            self.held_bytes = self.held_bytes.saturating_add(size(&epoch));
            self.held.push_back(epoch);
        }
    }

    /// The input of the next epoch.
    fn input(&self) -> Option<usize> {
        Some(self.held.front()?.first()?.input)
    }

    /// The next epoch of an input.
    fn take(&mut self, input: usize) -> Option<Vec<Findings>> {
        if !self.live && self.input() != Some(input) {
            return None;
        }
        let epoch = self.held.pop_front()?;
        self.held_bytes = self.held_bytes.saturating_sub(size(&epoch));
        Some(epoch)
    }

    fn recycle(&self, epoch: Vec<Findings>) {
        for mut part in epoch {
            // Rules that were replaced must not stay in it. Where there is no room, it is freed.
            part.clear();
            let _ = self.spare.try_send(part);
        }
    }

    fn is_wanted(&self) -> bool {
        self.open && self.held_bytes < MAX_HELD
    }
}

fn size(epoch: &[Findings]) -> usize {
    epoch.iter().fold(0, |sum, part| {
        let sightings = part.sightings.len().saturating_mul(SIGHTING);
        sum.saturating_add(sightings)
            .saturating_add(part.lines.len())
            .saturating_add(size_of::<Findings>())
    })
}

/// Puts findings into order.
pub(super) struct Collector {
    lines: Vec<Line>,
    /// Packet time may stand still for long.
    live: bool,
    /// The input whose turn it is.
    input: usize,
    latency: Histogram<u64>,
    /// What waits for a better explanation.
    held: Held,
}

impl Collector {
    pub(super) fn new(lines: Vec<Line>) -> Self {
        // One minute is the longest latency that is told apart; three significant digits.
        let mut latency = Histogram::new_with_bounds(1, 60_000_000_000, 3)
            .unwrap_or_else(|_| unreachable!("the bounds are constants"));
        latency.auto(false);
        Self {
            live: lines.iter().any(|line| line.live),
            lines,
            input: 0,
            latency,
            held: Held::default(),
        }
    }

    /// Takes all there is, until the workers are gone.
    pub(super) fn run(&mut self, sink: &mut impl Sink, progress: &Progress) -> io::Result<()> {
        while let Some(received) = self.receive() {
            if received {
                self.give_all(sink)?;
            }
            // Captures are read as fast or slowly as they are, and give the same alerts.
            while self.live
                && let Some(due) = self.held.overdue()
            {
                give_due(due, sink)?;
            }
            sink.tick(progress);
        }
        // Where a run was stopped an input may have no end.
        while let Some(input) = self.lines.iter().filter_map(Line::input).min() {
            self.input = input;
            self.give_all(sink)?;
        }
        self.end_held(sink)
    }

    /// Lets go of the channels; what latencies there were, and what became of findings that waited.
    pub(super) fn finish(self) -> (Histogram<u64>, HeldStats) {
        (self.latency, self.held.stats())
    }

    /// Waits for the next findings. False where none came for a while, `None` where none will come.
    fn receive(&mut self) -> Option<bool> {
        let mut select = Select::new();
        let mut wanted = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            if line.is_wanted() {
                select.recv(&line.findings);
                wanted.push(index);
            }
        }
        if wanted.is_empty() {
            return None;
        }
        let Ok(operation) = select.select_timeout(TICK) else {
            return Some(false);
        };
        let index = wanted.get(operation.index()).copied()?;
        let part = operation.recv(&self.lines.get(index)?.findings);
        let line = self.lines.get_mut(index)?;
        match part {
            Ok(part) => line.accept(part),
            Err(_) => line.open = false,
        }
        Some(true)
    }

    /// Gives the sink everything whose turn it is.
    fn give_all(&mut self, sink: &mut impl Sink) -> io::Result<()> {
        while let Some((index, epoch)) = self.take() {
            if let Some(part) = epoch.first() {
                self.input = part.input;
            }
            self.give(&epoch, sink)?;
            if epoch.iter().any(|part| part.last) {
                self.end_held(sink)?;
                self.input = self.input.wrapping_add(1);
            }
            if let Some(line) = self.lines.get(index) {
                line.recycle(epoch);
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Option<(usize, Vec<Findings>)> {
        let input = self.input;
        self.lines
            .iter_mut()
            .enumerate()
            .find_map(|(index, line)| Some((index, line.take(input)?)))
    }

    fn give(&mut self, epoch: &[Findings], sink: &mut impl Sink) -> io::Result<()> {
        let input = self.input;
        let mut sightings: Vec<(Order, &Sighting)> = epoch
            .iter()
            .flat_map(|part| part.sightings.iter().map(|(order, s)| (*order, s)))
            .collect();
        // No two workers share a place, and a stable sort keeps the order inside it.
        sightings.sort_by_key(|(order, _)| *order);
        let mut unrelated: Vec<(Order, &Unrelated)> = epoch
            .iter()
            .flat_map(|part| part.unrelated.iter().map(|(order, u)| (*order, u)))
            .collect();
        unrelated.sort_by_key(|(order, _)| *order);
        let mut unrelated = unrelated.into_iter().peekable();
        let rules = epoch.iter().find_map(|part| part.rules.as_ref());
        for &(order, sighting) in &sightings {
            while let Some((_, other)) = unrelated.next_if(|(at, _)| *at <= order) {
                self.give_held(other.timestamp, sink)?;
                self.held.unrelated(other);
            }
            self.give_held(sighting.timestamp, sink)?;
            if self.held.passes(input, sighting, rules) {
                // Those that were held may have been found with others.
                if let Some(rules) = rules {
                    sink.rules(rules);
                }
                sink.sighting(input, sighting)?;
            }
        }
        for (_, other) in unrelated {
            self.give_held(other.timestamp, sink)?;
            self.held.unrelated(other);
        }
        // A link on which no packet came yet has no time.
        let times = epoch.iter().filter_map(|part| part.now);
        if let Some(now) = times.filter(|now| *now != Timestamp::default()).min() {
            self.give_held(now, sink)?;
        }
        let mut lines: Vec<(Order, &[u8])> = Vec::new();
        for part in epoch {
            let mut start = 0;
            for &(order, end) in &part.marks {
                lines.push((order, part.lines.get(start..end).unwrap_or_default()));
                start = end;
            }
        }
        lines.sort_by_key(|(order, _)| *order);
        for (_, line) in &lines {
            sink.lines(line)?;
        }
        if !sightings.is_empty() || !lines.is_empty() {
            sink.flush()?;
        }
        if !sightings.is_empty()
            && let Some(born) = epoch.first().map(|part| part.born)
        {
            let nanos = u64::try_from(born.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.latency
                .saturating_record_n(nanos, sightings.len() as u64);
        }
        Ok(())
    }
}

impl Collector {
    /// Gives what has waited long enough in packet time.
    fn give_held(&mut self, now: Timestamp, sink: &mut impl Sink) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        while let Some(due) = self.held.due(now) {
            give_due(due, sink)?;
        }
        Ok(())
    }

    /// Gives what still waits: an input is over.
    fn end_held(&mut self, sink: &mut impl Sink) -> io::Result<()> {
        while let Some(due) = self.held.rest() {
            give_due(due, sink)?;
        }
        self.held.reset();
        Ok(())
    }
}

fn give_due((input, sighting, rules): Due, sink: &mut impl Sink) -> io::Result<()> {
    if let Some(rules) = &rules {
        sink.rules(rules);
    }
    sink.sighting(input, &sighting)?;
    sink.flush()
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;

    #[derive(Default)]
    struct Written(Vec<u8>);

    impl Sink for Written {
        fn sighting(&mut self, _: usize, _: &Sighting) -> io::Result<()> {
            Ok(())
        }

        fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
            self.0.extend_from_slice(lines);
            Ok(())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn tick(&mut self, _: &Progress) {}
    }

    /// What a worker found in one epoch.
    fn part(epoch: u64, input: usize, order: u64, text: &str, last: bool) -> Findings {
        let mut part = Findings::new();
        part.epoch = epoch;
        part.input = input;
        part.last = last;
        part.lines.extend_from_slice(text.as_bytes());
        part.marks.push(((order, 0), text.len()));
        part
    }

    fn crew(workers: usize) -> (Sender<Findings>, Line) {
        let (found, findings) = bounded(64);
        let (spare, _) = bounded(1);
        (found, Line::new(findings, spare, workers, false))
    }

    fn collected(lines: Vec<Line>) -> String {
        let mut sink = Written::default();
        let mut collector = Collector::new(lines);
        collector.run(&mut sink, &Progress::default()).unwrap();
        String::from_utf8(sink.0).unwrap()
    }

    #[test]
    fn parts_of_an_epoch_stand_in_packet_order() {
        let (found, line) = crew(2);
        for part in [
            part(1, 0, 4, "d", true),
            part(0, 0, 2, "b", false),
            part(1, 0, 3, "c", true),
            part(0, 0, 1, "a", false),
        ] {
            found.send(part).unwrap();
        }
        drop(found);
        assert_eq!(collected(vec![line]), "abcd");
    }

    #[test]
    fn inputs_stand_in_their_order() {
        let (first, one) = crew(1);
        let (second, other) = crew(1);
        // The second crew is done with two inputs before the first one ends its own.
        second.send(part(0, 1, 1, "b", true)).unwrap();
        second.send(part(1, 2, 1, "c", true)).unwrap();
        first.send(part(0, 0, 1, "a", true)).unwrap();
        first.send(part(1, 3, 1, "d", true)).unwrap();
        drop((first, second));
        assert_eq!(collected(vec![one, other]), "abcd");
    }

    #[test]
    fn what_has_no_end_is_given_at_the_end() {
        let (first, one) = crew(1);
        let (second, other) = crew(1);
        first.send(part(0, 0, 1, "a", false)).unwrap();
        second.send(part(0, 1, 1, "b", false)).unwrap();
        drop((first, second));
        assert_eq!(collected(vec![other, one]), "ab");
    }

    #[test]
    fn a_crew_too_far_ahead_waits() {
        let (_first, one) = crew(1);
        let (_second, other) = crew(1);
        let mut collector = Collector::new(vec![one, other]);
        let mut sink = Written::default();
        let text = "x".repeat(MAX_HELD / 2);
        let wanted = |collector: &Collector| collector.lines.get(1).is_some_and(Line::is_wanted);
        for epoch in 0..2 {
            assert!(wanted(&collector));
            let ahead = part(epoch, 1, epoch, &text, false);
            collector.lines.get_mut(1).unwrap().accept(ahead);
            collector.give_all(&mut sink).unwrap();
        }
        assert!(!wanted(&collector) && sink.0.is_empty());
        let end = part(0, 0, 1, "a", true);
        collector.lines.get_mut(0).unwrap().accept(end);
        collector.give_all(&mut sink).unwrap();
        assert!(wanted(&collector));
        assert_eq!(sink.0.len(), 2 * text.len() + 1);
    }

    #[test]
    fn empty_epochs_are_not_held() {
        let (_found, mut line) = crew(2);
        for epoch in 0..4_u64 {
            let mut empty = Findings::new();
            empty.epoch = epoch;
            empty.input = 7;
            line.accept(empty);
            let mut empty = Findings::new();
            empty.epoch = epoch;
            line.accept(empty);
        }
        assert!(line.waiting.is_empty() && line.held.is_empty());
        assert_eq!(line.next, 4_u64);
    }
}
