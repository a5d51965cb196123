//! Where a fetched list came from: what `feeds.json` beside it says.

use std::io::{self, Read};
use std::path::Path;

use ring::digest::{Context, SHA256};

use super::problem::Problem;
use crate::feeds::{Feed, FeedName, Record, moment};
use crate::problem::Plain;
use crate::time::Timestamp;

/// Longest text of a record that is taken over, in characters.
const MAX_TEXT: usize = 500;

/// A list that `rules update` put where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its file.
    pub name: FeedName,
    /// The address that it came from.
    pub url: String,
    /// When its bytes came.
    pub at: Option<Timestamp>,
    /// When its publisher last said that they are the newest, or a copy was last looked at.
    pub checked: Option<Timestamp>,
}

/// What a folder's record says of a file.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) fetched: Fetched,
    pub(super) title: Option<String>,
    pub(super) publisher: Option<String>,
    sha256: String,
}

impl Origin {
    fn new(name: &FeedName, feed: &Feed) -> Self {
        let text = |text: &str| {
            let short: String = text.chars().take(MAX_TEXT).collect();
            Plain(&short).to_string()
        };
        let filled = |value: &str| (!value.is_empty()).then(|| text(value));
        Self {
            fetched: Fetched {
                name: name.clone(),
                url: text(&feed.url),
                at: moment(&feed.fetched_at),
                checked: moment(&feed.checked_at),
            },
            title: filled(&feed.title),
            publisher: filled(&feed.publisher),
            sha256: feed.sha256.clone(),
        }
    }

    /// The day on which its bytes came, `YYYY-MM-DD`.
    pub(super) fn day(&self) -> Option<String> {
        let at = self.fetched.at?.human();
        at.get(..10).map(str::to_owned)
    }
}

/// What a folder's record says of its files. A folder without one has nothing to say.
#[derive(Debug, Default)]
pub(super) struct Origins(Record);

impl Origins {
    /// Reads the record of a folder. What is wrong with it is a problem and keeps no list from being read.
    pub(super) fn of_folder(folder: &Path, problems: &mut Vec<Problem>) -> Self {
        match Record::of_folder(folder) {
            Ok(record) => Self(record),
            Err(error) => {
                let label = folder.display().to_string();
                let what = format!("where its lists came from is not known: {error}");
                problems.push(Problem::new(&label, what, ""));
                Self::default()
            }
        }
    }

    pub(super) fn of(&self, file: &Path) -> Option<Origin> {
        let name = FeedName::existing(file.file_name()?.to_str()?)?;
        let feed = self.0.feeds.get(&name)?;
        Some(Origin::new(&name, feed))
    }
}

/// A reader that says at its end whether what was read is what was fetched.
pub(super) struct Hashing<R> {
    from: R,
    hash: Option<(Context, Origin)>,
}

impl<R> Hashing<R> {
    pub(super) fn new(from: R, origin: Option<Origin>) -> Self {
        let hash = origin.map(|origin| (Context::new(&SHA256), origin));
        Self { from, hash }
    }

    /// Where it came from, if it is still what came; or a problem.
    pub(super) fn origin(self, label: &str) -> Result<Option<Origin>, Problem> {
        let Some((context, origin)) = self.hash else {
            return Ok(None);
        };
        let hash = context.finish();
        let hash: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        if hash == origin.sha256 {
            return Ok(Some(origin));
        }
        Err(Problem::new(
            label,
            "it is not the list that feeds.json beside it tells of, so its source is not known",
            "run `bellerophon rules update`, which takes it anew; a list of your own belongs into another folder",
        ))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(buffer)?;
        if let Some((context, _)) = &mut self.hash {
            context.update(buffer.get(..length).unwrap_or_default());
        }
        Ok(length)
    }
}

#[cfg(test)]
#[path = "provenance_tests.rs"]
mod tests;
