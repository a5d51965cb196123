//! What an update says: while it runs, and at its end.

use std::fmt;

use crate::feeds::FeedName;
use crate::problem::Plain;

/// What became of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there before.
    New {
        /// Number of entries.
        entries: u64,
    },
    /// It replaced another.
    Updated {
        /// Number of entries.
        entries: u64,
        /// Of the one before, where that could be read.
        before: Option<u64>,
    },
    /// The server said so, or the same bytes came.
    Unchanged {
        /// Number of entries.
        entries: u64,
    },
    /// It did not come, or could not be written. An old one stays.
    Failed(String),
    /// It is not taken. An old one stays.
    Refused(String),
}

impl Outcome {
    /// Whether the newest list is in the folder now.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Refused(_))
    }
}

/// One list and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedReport {
    /// What its publisher calls it; may be empty. Text from outside: it is displayed safely, and otherwise to be made safe.
    pub title: String,
    /// Its file; `None` where none could be thought of, and for the index.
    pub name: Option<FeedName>,
    /// Its address, or file where it was copied; empty where an entry of the index has none.
    pub from: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// `NAME: updated, 1438 entries (1437 before)`.
impl fmt::Display for FeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.title.as_str()) {
            (Some(name), _) => write!(f, "{name}: ")?,
            (None, "") => write!(f, "(an entry without a name): ")?,
            (None, title) => write!(f, "{}: ", Plain(title))?,
        }
        match &self.outcome {
            Outcome::New { entries } => write!(f, "new, {}", Entries(*entries)),
            Outcome::Updated { entries, before } => {
                write!(f, "updated, {}", Entries(*entries))?;
                match before {
                    Some(before) => write!(f, " ({before} before)"),
                    None => Ok(()),
                }
            }
            Outcome::Unchanged { entries } => write!(f, "unchanged, {}", Entries(*entries)),
            Outcome::Failed(why) => write!(f, "failed: {}", Plain(why)),
            Outcome::Refused(why) => write!(f, "refused: {}", Plain(why)),
        }
    }
}

struct Entries(u64);

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 entry"),
            n => write!(f, "{n} entries"),
        }
    }
}

/// What an update is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// An address is asked, or a file read. Redirects may lead to other hosts: see `Answered`.
    Asking {
        /// The address or file.
        from: &'a str,
    },
    /// An index was read.
    Index {
        /// How many lists it names that can be asked for.
        lists: usize,
        /// The hosts that they are on, in order.
        hosts: &'a [String],
    },
    /// An address was redirected, and another host gave the answer.
    Answered {
        /// That host.
        host: &'a str,
    },
    /// A collection was read.
    Collected {
        /// STIX objects.
        objects: u64,
        /// Pages that they came in.
        pages: usize,
    },
    /// A list is done.
    Done(&'a FeedReport),
    /// Something should be changed; one sentence.
    Warning(&'a str),
}

/// What became of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateReport {
    /// Each list in the order it was asked for; the index only where it failed.
    pub feeds: Vec<FeedReport>,
    /// Lists in the folder that an index named before and does not name any more. They are kept.
    pub gone: Vec<FeedName>,
}

impl UpdateReport {
    /// How many lists did not come or were not taken.
    #[must_use]
    pub fn bad(&self) -> usize {
        self.feeds.iter().filter(|f| !f.outcome.is_good()).count()
    }

    /// Whether any file of a list changed, so that rules are worth loading anew.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.feeds
            .iter()
            .any(|f| matches!(f.outcome, Outcome::New { .. } | Outcome::Updated { .. }))
    }
}
