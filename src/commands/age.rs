//! How old rules are. Names of this trade are given up within weeks of being published, so old rules find old contacts.

use std::fmt;

use crate::rules::RuleSet;
use crate::time::Timestamp;

/// How old rules may be before it is said, in days.
const OLD: i64 = 30;

/// The age of the newest of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Age {
    /// Its date, `YYYY-MM-DD`.
    pub(super) newest: String,
    /// Whole days since then; negative where that day is still to come.
    pub(super) days: i64,
}

impl Age {
    /// `None` where no pack has a date.
    pub(super) fn of(rules: &RuleSet, now: Timestamp) -> Option<Self> {
        let newest = rules
            .packs()
            .filter_map(|pack| pack.updated.as_deref())
            .max()?;
        Self::since(newest, now)
    }

    pub(super) fn since(newest: &str, now: Timestamp) -> Option<Self> {
        let passed = now.nanos_since(Timestamp::from_date(newest)?);
        Some(Self {
            newest: newest.to_owned(),
            days: passed.div_euclid(86_400_000_000_000),
        })
    }

    /// Whether that is to be said.
    pub(super) fn is_old(&self) -> bool {
        self.days > OLD
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { newest, days } = self;
        write!(f, "the newest rules are of {newest}, {days} days ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(newest: &str, today: &str) -> Age {
        Age::since(newest, Timestamp::from_date(today).unwrap()).unwrap()
    }

    #[test]
    fn rules_grow_old() {
        assert_eq!(age("2024-12-16", "2024-12-16").days, 0);
        assert_eq!(age("2024-12-17", "2024-12-16").days, -1);
        assert!(!age("2024-12-16", "2025-01-15").is_old());
        let old = age("2024-12-16", "2025-01-16");
        assert!(old.is_old());
        assert_eq!(
            old.to_string(),
            "the newest rules are of 2024-12-16, 31 days ago"
        );
    }

    #[test]
    fn what_is_no_date_has_no_age() {
        assert_eq!(Age::since("lately", Timestamp::of_clock()), None);
    }
}
