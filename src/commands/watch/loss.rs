//! Notices when more packets are lost than is allowed, and when that is over.

use std::time::{Duration, Instant};

use crate::output::grouped;

/// Losses are judged over so long.
const WINDOW: Duration = Duration::from_secs(10);

/// So few packets are not judged.
const LEAST: u64 = 20;

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Begins(String),
    Ends(String),
}

/// Looks at the share of packets that is lost.
#[derive(Debug)]
pub(super) struct LossWatch {
    /// Percent.
    most: f64,
    since: (Instant, u64, u64),
    losing: bool,
}

impl LossWatch {
    /// Allows `most` percent. What is read and lost from `begun` on counts.
    pub(super) const fn new(most: f64, begun: Instant) -> Self {
        Self {
            most,
            since: (begun, 0, 0),
            losing: false,
        }
    }

    /// To be called again and again with all packets read and lost so far.
    pub(super) fn look(&mut self, now: Instant, read: u64, lost: u64) -> Option<Change> {
        let (then, read_then, lost_then) = self.since;
        if read < read_then || lost < lost_then {
            // Something was counted anew.
            self.since = (now, read, lost);
            return None;
        }
        let (read, lost) = (
            read.saturating_sub(read_then),
            lost.saturating_sub(lost_then),
        );
        let all = read.saturating_add(lost);
        let share = if all == 0 {
            0.0
        } else {
            lost as f64 * 100.0 / all as f64
        };
        let bad = share > self.most && (all >= LEAST || self.losing);
        // A loss is told at once, its end after a time without.
        let over = now.saturating_duration_since(then) >= WINDOW;
        if over {
            self.since = (
                now,
                read_then.saturating_add(read),
                lost_then.saturating_add(lost),
            );
        }
        match (self.losing, bad) {
            (false, true) => {
                self.losing = true;
                Some(Change::Begins(format!(
                    "packets are lost: {} of {} in the last seconds ({share:.1} %, allowed are {} %); names in them are not seen",
                    grouped(lost),
                    grouped(all),
                    self.most
                )))
            }
            (true, false) if over => {
                self.losing = false;
                Some(Change::Ends(format!(
                    "no more packets are lost than is allowed: {} of {} in the last seconds",
                    grouped(lost),
                    grouped(all)
                )))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_when_it_begins_and_when_it_ends() {
        let begun = Instant::now();
        let at = |secs| begun + Duration::from_secs(secs);
        let mut watch = LossWatch::new(1.0, begun);
        assert_eq!(watch.look(at(0), 0, 0), None);
        assert_eq!(watch.look(at(1), 1_000, 5), None);
        let Some(Change::Begins(text)) = watch.look(at(2), 2_000, 100) else {
            panic!("it is not told");
        };
        assert!(
            text.contains("100 of 2,100") && text.contains("4.8 %"),
            "{text}"
        );
        assert_eq!(watch.look(at(3), 3_000, 300), None);
        assert_eq!(watch.look(at(11), 9_000, 300), None);
        assert_eq!(watch.look(at(12), 10_000, 300), None);
        let Some(Change::Ends(text)) = watch.look(at(22), 20_000, 310) else {
            panic!("its end is not told");
        };
        assert!(text.contains("10 of 11,010"), "{text}");
    }

    /// Loss is likeliest when it starts: caches are cold, and a mirror is at full speed already.
    #[test]
    fn a_loss_before_the_first_look_is_told() {
        let begun = Instant::now();
        let mut watch = LossWatch::new(1.0, begun);
        let looked = watch.look(begun + Duration::from_secs(1), 1_000, 500);
        assert!(matches!(looked, Some(Change::Begins(_))), "{looked:?}");
    }

    #[test]
    fn silence_is_no_loss() {
        let begun = Instant::now();
        let mut watch = LossWatch::new(0.0, begun);
        for secs in 0..50 {
            assert_eq!(watch.look(begun + Duration::from_secs(secs), 7, 0), None);
        }
    }
}
