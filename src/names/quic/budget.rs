//! A budget that is spent by what goes wrong and refilled by packet time.

use crate::time::Timestamp;

/// How large a budget is and how fast it comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// What there is at first, and at most.
    pub(super) most: u32,
    /// Nanoseconds of packet time in which one comes back.
    pub(super) each: i64,
}

/// What is left of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: u32,
    /// Up to when the time that passed has been given back.
    since: Timestamp,
}

impl Budget {
    pub(super) fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            left: rate.most,
            since: now,
        }
    }

    /// Gives back what the time since the last call is worth.
    pub(super) fn refill(&mut self, rate: Rate, now: Timestamp) {
        let passed = now.nanos_since(self.since);
        // A clock that was put back must neither give anything nor stop the refilling until it is
        // where it was.
        if passed < 0 || self.left >= rate.most {
            self.since = now;
            return;
        }
        let back = passed.checked_div(rate.each).unwrap_or(0);
        let room = rate.most.saturating_sub(self.left);
        let given = u32::try_from(back).unwrap_or(u32::MAX).min(room);
        self.left = self.left.saturating_add(given);
        // What is left of the time counts for the next one.
        let used = back.saturating_mul(rate.each);
        self.since = Timestamp::from_nanos(self.since.nanos().saturating_add(used));
    }

    /// Takes one. False where there is none.
    pub(super) fn spend(&mut self) -> bool {
        let rest = self.left.checked_sub(1);
        self.left = rest.unwrap_or(0);
        rest.is_some()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { most: 3, each: 10 };

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn spent(now: i64) -> Budget {
        let mut budget = Budget::full(RATE, at(now));
        assert_eq!([(); 4].map(|()| budget.spend()), [true, true, true, false]);
        assert!(budget.is_spent());
        budget
    }

    #[test]
    fn time_gives_back_and_no_fraction_is_lost() {
        let mut budget = spent(100);
        for now in [104, 108] {
            budget.refill(RATE, at(now));
            assert!(budget.is_spent());
        }
        budget.refill(RATE, at(112));
        assert_eq!([(); 2].map(|()| budget.spend()), [true, false]);
        budget.refill(RATE, at(120));
        assert_eq!([(); 2].map(|()| budget.spend()), [true, false]);
        budget.refill(RATE, at(i64::MAX));
        assert_eq!(budget.left, 3);
        budget.refill(RATE, at(i64::MAX));
        assert_eq!(budget.left, 3);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_and_stops_nothing() {
        let mut budget = spent(1_000_000);
        budget.refill(RATE, at(0));
        assert!(budget.is_spent());
        budget.refill(RATE, at(10));
        assert_eq!(budget.left, 1);
    }
}
