//! Folding of repeats: the same flow that says the same name again is one alert.
//!
//! Retransmissions, a resolver that answers twice and a client that asks again would otherwise
//! bury a finding under copies of itself. What is folded is counted, and the table is bounded: where
//! it is full, an alert is given twice rather than not at all.

use std::collections::HashMap;

use super::{Evidence, Sighting};
use crate::flow::Flow;
use crate::time::Timestamp;

/// How many (flow, name) pairs are remembered.
const MAX_ENTRIES: usize = 65_536;

/// How often, at the most, a full table is searched for expired entries.
const SWEEPS_PER_WINDOW: u64 = 8;

/// What becomes of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// It is an alert.
    New,
    /// The same was alerted within the window.
    Repeat,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    flow: Flow,
    from_response: bool,
    evidence: Evidence,
    name: Box<str>,
}

/// Remembers what was alerted, in packet time.
#[derive(Debug)]
pub struct Folder {
    window_nanos: i64,
    alerted: HashMap<Key, Timestamp>,
    overflowed: u64,
    /// When expired entries were last removed, in packet time.
    swept: Option<Timestamp>,
}

impl Folder {
    /// A `window_secs` of 0 folds nothing.
    pub fn new(window_secs: u32) -> Self {
        Self {
            window_nanos: i64::from(window_secs).saturating_mul(1_000_000_000),
            alerted: HashMap::new(),
            overflowed: 0,
            swept: None,
        }
    }

    /// Forgets everything: another capture begins, with a clock of its own.
    pub fn reset(&mut self) {
        self.alerted.clear();
        self.swept = None;
    }

    /// Alerts that could not be remembered because the table was full.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Decides whether `sighting` is new. The window begins at the alert, not at its last repeat,
    /// so a device that keeps calling is reported again.
    pub fn fold(&mut self, sighting: &Sighting) -> Folded {
        if self.window_nanos == 0 {
            return Folded::New;
        }
        let key = Key {
            flow: sighting.flow.canonical(),
            from_response: sighting.is_response(),
            evidence: sighting.evidence,
            name: sighting.name.clone(),
        };
        let now = sighting.timestamp;
        let window = self.window_nanos;
        let within = |then: Timestamp| now.nanos_since(then).unsigned_abs() < window.unsigned_abs();
        if let Some(then) = self.alerted.get_mut(&key) {
            if within(*then) {
                return Folded::Repeat;
            }
            *then = now;
            return Folded::New;
        }
        // Sweeping a table of live entries for every alert would make a flood quadratic.
        let due = self.swept.is_none_or(|then| {
            now.nanos_since(then).unsigned_abs() >= window.unsigned_abs() / SWEEPS_PER_WINDOW
        });
        if self.alerted.len() >= MAX_ENTRIES && due {
            self.alerted.retain(|_, then| within(*then));
            self.swept = Some(now);
        }
        if self.alerted.len() >= MAX_ENTRIES {
            self.overflowed = self.overflowed.saturating_add(1);
        } else {
            self.alerted.insert(key, now);
        }
        Folded::New
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sighting;
    use super::*;

    #[test]
    fn repeats_fold_within_the_window_of_their_alert() {
        let mut folder = Folder::new(10);
        let mut fold = |secs| folder.fold(&sighting("evil.example", secs));
        assert_eq!(fold(100), Folded::New);
        assert_eq!(fold(101), Folded::Repeat);
        assert_eq!(fold(109), Folded::Repeat);
        // Ten seconds after the alert, not after its last repeat.
        assert_eq!(fold(110), Folded::New);
        assert_eq!(fold(119), Folded::Repeat);
    }

    #[test]
    fn a_clock_that_jumps_back_does_not_silence_alerts() {
        let mut folder = Folder::new(10);
        assert_eq!(folder.fold(&sighting("evil.example", 1_000)), Folded::New);
        assert_eq!(folder.fold(&sighting("evil.example", 500)), Folded::New);
    }

    #[test]
    fn other_names_flows_and_directions_are_alerts_of_their_own() {
        let mut folder = Folder::new(10);
        let first = sighting("evil.example", 1);
        assert_eq!(folder.fold(&first), Folded::New);
        assert_eq!(folder.fold(&sighting("other.example", 1)), Folded::New);
        let mut flow = first.clone();
        flow.flow.sport = 9;
        assert_eq!(folder.fold(&flow), Folded::New);
        let mut answer = first.clone();
        std::mem::swap(&mut answer.flow.src, &mut answer.flow.dst);
        std::mem::swap(&mut answer.flow.sport, &mut answer.flow.dport);
        answer.dns.as_mut().unwrap().response = true;
        assert_eq!(folder.fold(&answer), Folded::New);
        assert_eq!(folder.fold(&answer), Folded::Repeat);
    }

    #[test]
    fn a_window_of_zero_folds_nothing_and_a_reset_forgets() {
        let mut folder = Folder::new(0);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        let mut folder = Folder::new(10);
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
        folder.reset();
        assert_eq!(folder.fold(&sighting("evil.example", 1)), Folded::New);
    }

    #[test]
    fn a_full_table_lets_alerts_through_and_counts_them() {
        let mut folder = Folder::new(10);
        for n in 0..=MAX_ENTRIES {
            assert_eq!(
                folder.fold(&sighting(&format!("n{n}.example"), 1)),
                Folded::New
            );
        }
        assert_eq!(folder.overflowed(), 1);
        assert_eq!(folder.fold(&sighting("n0.example", 1)), Folded::Repeat);
        // What is past its window makes room.
        assert_eq!(folder.fold(&sighting("later.example", 20)), Folded::New);
        assert_eq!(folder.overflowed(), 1);
    }
}
