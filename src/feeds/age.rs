//! How long ago each list was last confirmed by its publisher. Names of this trade are given up within weeks.

use std::path::Path;

use super::folder::FolderError;
use super::name::FeedName;
use super::record::{Record, moment};
use crate::rules::RuleSet;
use crate::time::Timestamp;

/// How many days may pass before it is said.
pub const OLD_DAYS: i64 = 30;

/// The age of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedAge {
    /// Its file.
    pub name: FeedName,
    /// Whole days since its last successful update; negative where that is still to come by this machine's clock,
    /// `None` where the record does not tell.
    pub days: Option<i64>,
}

impl FeedAge {
    /// Whether that is to be said.
    #[must_use]
    pub fn is_old(&self) -> bool {
        self.days.is_none_or(|days| days > OLD_DAYS)
    }
}

/// The ages of all lists of a folder; none where it was never updated.
///
/// # Errors
///
/// The folder or its record cannot be read.
pub fn ages(folder: &Path) -> Result<Vec<FeedAge>, FolderError> {
    Ok(ages_at(&Record::of_folder(folder)?, Timestamp::of_clock()))
}

pub(crate) fn ages_at(record: &Record, now: Timestamp) -> Vec<FeedAge> {
    record
        .feeds
        .iter()
        .map(|(name, feed)| FeedAge {
            name: name.clone(),
            days: moment(&feed.checked_at).map(|then| days(then, now)),
        })
        .collect()
}

/// The ages of the fetched lists that rules were loaded from.
pub(crate) fn ages_of(rules: &RuleSet, now: Timestamp) -> Vec<FeedAge> {
    let fetched = rules.packs().filter_map(|pack| pack.fetched.as_ref());
    fetched
        .map(|list| FeedAge {
            name: list.name.clone(),
            days: list.checked.map(|then| days(then, now)),
        })
        .collect()
}

fn days(then: Timestamp, now: Timestamp) -> i64 {
    now.secs().saturating_sub(then.secs()).div_euclid(86_400)
}

/// What to say of old lists, in one line; `None` where all are fresh, or there are none.
#[must_use]
pub fn warning(ages: &[FeedAge]) -> Option<String> {
    if let Some(odd) = ages
        .iter()
        .find(|age| age.days.is_some_and(|days| days < 0))
    {
        return Some(format!(
            "{} was updated in the future by this machine's clock; set the clock right",
            odd.name
        ));
    }
    let oldest = ages
        .iter()
        .filter(|age| age.is_old())
        .max_by_key(|age| age.days.unwrap_or(i64::MAX))?;
    let old = ages.iter().filter(|age| age.is_old()).count();
    let since = match oldest.days {
        Some(days) => format!("not updated for {days} days"),
        None => "never updated as far as the record tells".into(),
    };
    let text = match (old, ages.len()) {
        (1, 1) => format!("the list {} was {since}", oldest.name),
        (1, all) => format!("1 of {all} lists is old: {} was {since}", oldest.name),
        (old, all) => format!(
            "{old} of {all} lists are old; the oldest, {}, was {since}",
            oldest.name
        ),
    };
    Some(format!(
        "{text}. Newer infrastructure is not in them: run bellerophon rules update"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::record::{Feed, rfc3339};
    use super::*;

    fn said(checked: &[&str], now: &str) -> Option<String> {
        let mut record = Record::default();
        for (i, at) in checked.iter().enumerate() {
            let feed = Feed {
                checked_at: (*at).into(),
                ..Feed::default()
            };
            let name = FeedName::existing(&format!("l{i}.txt")).unwrap();
            record.feeds.insert(name, feed);
        }
        warning(&ages_at(&record, moment(now).unwrap()))
    }

    #[test]
    fn after_thirty_days_it_is_said() {
        let at = "2026-01-01T12:00:00Z";
        assert_eq!(said(&[at], "2026-01-31T12:00:00Z"), None);
        assert_eq!(said(&[at], "2026-02-01T11:59:59Z"), None);
        assert_eq!(
            said(&[at], "2026-02-01T12:00:00Z").unwrap(),
            "the list l0.txt was not updated for 31 days. Newer infrastructure is not in them: run bellerophon rules update"
        );
        assert_eq!(said(&[], at), None);
    }

    #[test]
    fn the_oldest_is_named() {
        let now = "2026-03-01T00:00:00Z";
        let text = said(
            &[
                "2026-02-20T00:00:00Z",
                "2025-12-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
            ],
            now,
        );
        assert!(
            text.unwrap().starts_with(
                "2 of 3 lists are old; the oldest, l1.txt, was not updated for 90 days."
            )
        );
        let never = said(&["", now], now).unwrap();
        assert!(
            never.starts_with("1 of 2 lists is old: l0.txt was never"),
            "{never}"
        );
    }

    #[test]
    fn a_clock_that_is_wrong_is_said() {
        let text = said(&["2026-01-02T00:00:00Z"], "2026-01-01T00:00:00Z").unwrap();
        assert!(text.contains("set the clock right"), "{text}");
        assert_eq!(
            rfc3339(moment("2026-01-01T00:00:00Z").unwrap()),
            "2026-01-01T00:00:00Z"
        );
    }
}
