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
//! An entry has a name, an address or an indicator, and allows what all its parts fit. It hides nothing by itself: the caller counts what
//! each entry allowed, and shows it.

mod check;
mod day;
mod entry;
mod file;
mod yaml;

pub use entry::{Asked, Entry, Seen};

use super::domain::rule_name;
use super::indicator::Scope;
use super::network::Network;
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

    /// From names and addresses that somebody else knows to be innocent, such as a warning list of MISP. `reason` is that of
    /// all of them. Names are taken exactly; what is no name or network is left out. How many were left out.
    ///
    /// # Errors
    /// When there are more than an allow list may have.
    pub(super) fn of_known(
        file: &str,
        reason: &str,
        known: &[String],
    ) -> Result<(Self, usize), Problem> {
        if known.len() > file::MAX_ENTRIES {
            let what = format!("{} entries, more than {}", known.len(), file::MAX_ENTRIES);
            let fix = "give those that your network has to do with";
            return Err(Problem::new(file, what, fix));
        }
        let mut entries = Vec::with_capacity(known.len());
        for text in known {
            let address = Network::parse(text).ok();
            // One of these silences everything.
            if address.is_some_and(check::is_too_wide) {
                continue;
            }
            let name = if address.is_none() {
                rule_name(text).ok().map(|name| (name, Scope::Exact))
            } else {
                None
            };
            if address.is_some() || name.is_some() {
                entries.push(Entry {
                    number: entries.len().saturating_add(1),
                    line: None,
                    name,
                    address,
                    indicator: None,
                    clients: None,
                    packs: None,
                    reason: reason.to_owned(),
                    expires: None,
                    added: None,
                    by: None,
                });
            }
        }
        let left = known.len().saturating_sub(entries.len());
        Ok((Self { entries }, left))
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
