//! The allow list: contacts that need no alert, each with the reason.
//!
//! ```yaml
//! bellerophon-allow: 1
//! entries:
//!   - name: sinkhole.example        # the name and every name below it; or `exact:`, or `below:`
//!     address: 192.0.2.0/24         # of the server
//!     client: [10.0.0.0/8]          # who may: one or a list
//!     pack: pegasus                 # which packs' alarms: one or a list
//!     indicator: sinkhole.example   # which indicator's alarm
//!     reason: our own sinkhole      # required
//!     expires: 2027-01-31           # last day
//!     added: 2026-11-28
//!     by: the night shift
//! ```
//!
//! An entry has a name or an address, and allows what all its parts fit. It hides nothing by itself: the caller counts what
//! each entry allowed, and shows it.

mod check;
mod day;
mod entry;
mod file;
mod yaml;

pub use entry::{Asked, Entry, Seen};

use super::problem::Problem;

/// A file of exceptions. Immutable; share it behind an `Arc`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    entries: Vec<Entry>,
}

impl Allow {
    /// Reads a file, of 1 MiB and 10,000 entries at most. `file` names it in problems.
    ///
    /// # Errors
    /// Everything that is wrong with it. One wrong entry refuses the file: what was meant to be silent or not is for its
    /// author to say.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        let (text, raw) = yaml::read(file, bytes).map_err(|problem| vec![problem])?;
        let entries = check::entries(file, text, raw)?;
        Ok(Self { entries })
    }

    /// The first entry that allows a contact and has not expired. Takes time with the number of entries.
    pub fn find(&self, asked: &Asked<'_>) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.allows(asked))
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries whose last day is before this one (days since 1970-01-01): they allow nothing.
    pub fn expired(&self, day: i64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.is_expired(day))
    }
}

#[cfg(test)]
#[path = "allow/tests.rs"]
mod tests;
