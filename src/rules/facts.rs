//! What is known about the listed names, by number: each set of attributes once, since the names
//! of a list have nearly all of them in common.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::indicator::{Details, PackId, Resolved, SourceRef};

/// How many sources are kept of what several lists have.
const MAX_SOURCES: usize = 32;

/// A place in [`Facts::details`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DetailsId(u32);

/// The attributes of all names.
#[derive(Debug, Default)]
pub(super) struct Facts {
    details: Vec<Details>,
    /// Which of them each name has.
    of: Vec<DetailsId>,
    /// By the name's number: few names have a history.
    resolved: BTreeMap<usize, Vec<Resolved>>,
    /// What became of (known, listed again): when two lists of a million have half of their names
    /// in common, these share what came out of it.
    joined: HashMap<(DetailsId, DetailsId), (DetailsId, bool)>,
}

impl Facts {
    /// Keeps attributes for names to have.
    pub(super) fn keep(&mut self, details: Details) -> DetailsId {
        // One for each group, long entry and pair of those: a file of 64 MiB has room for
        // millions of them, and the number of files is limited.
        let id = u32::try_from(self.details.len()).unwrap_or(u32::MAX);
        self.details.push(details);
        DetailsId(id)
    }

    /// Gives the next name its attributes.
    pub(super) fn push(&mut self, details: DetailsId) {
        self.of.push(details);
    }

    /// Lists a known name again, with other attributes: the first ones count, with the sources of
    /// both. False where the same pack lists it twice.
    pub(super) fn list_again(&mut self, number: usize, again: DetailsId) -> bool {
        let Some(known) = self.of.get(number).copied() else {
            return false;
        };
        let (id, good) = self.again(known, again);
        if let Some(of) = self.of.get_mut(number) {
            *of = id;
        }
        good
    }

    /// The attributes of something that is listed again: the first ones, with the sources of both. False where the
    /// same pack lists it twice.
    pub(super) fn again(&mut self, known: DetailsId, again: DetailsId) -> (DetailsId, bool) {
        match self.joined.get(&(known, again)) {
            Some(joined) => *joined,
            None => {
                let joined = self.join(known, again);
                self.joined.insert((known, again), joined);
                joined
            }
        }
    }

    fn join(&mut self, known: DetailsId, again: DetailsId) -> (DetailsId, bool) {
        let (Some(old), Some(new)) = (self.get(known), self.get(again)) else {
            return (known, false);
        };
        let twice = old.pack == new.pack || old.also_in.contains(&new.pack);
        // Each list that has it again would make a copy of all: those that are kept are enough to read.
        let full = old.sources.len() >= MAX_SOURCES;
        // It counts as long as any list says so.
        let expires = match (&old.expires, &new.expires) {
            (Some(one), Some(other)) => Some(one.max(other).clone()),
            _ => None,
        };
        let nothing_new =
            expires == old.expires && (full || new.sources.iter().all(|s| old.sources.contains(s)));
        if twice && nothing_new {
            return (known, false);
        }
        let (mut details, mut sources) = (old.clone(), old.sources.to_vec());
        let room = MAX_SOURCES.saturating_sub(sources.len());
        new.sources
            .iter()
            .take(room)
            .for_each(|s| push_source(&mut sources, s));
        details.sources = sources.into();
        // What the first list does not say.
        details.threat = details.threat.or_else(|| new.threat.clone());
        details.generation = details.generation.or_else(|| new.generation.clone());
        details.note = details.note.or_else(|| new.note.clone());
        details.tags = both(&old.tags, &new.tags);
        details.references = both(&old.references, &new.references);
        details.expires = expires;
        if !twice {
            details.also_in.push(new.pack);
        }
        (self.keep(details), !twice)
    }

    fn get(&self, id: DetailsId) -> Option<&Details> {
        self.details.get(id.0 as usize)
    }

    /// Adds a source to everything that a pack lists.
    pub(super) fn cite(&mut self, pack: PackId, source: &SourceRef) {
        for details in &mut self.details {
            if details.pack == pack || details.also_in.contains(&pack) {
                let mut sources = details.sources.to_vec();
                push_source(&mut sources, source);
                details.sources = sources.into();
            }
        }
    }

    /// The attributes of a name.
    pub(super) fn details(&self, number: usize) -> Option<&Details> {
        self.get(*self.of.get(number)?)
    }

    /// Adds to the history of a name.
    pub(super) fn add_resolved(&mut self, number: usize, resolved: Resolved) {
        self.resolved.entry(number).or_default().push(resolved);
    }

    /// The history of a name.
    pub(super) fn resolved(&self, number: usize) -> &[Resolved] {
        self.resolved.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Frees what is of use only while lists are read.
    pub(super) fn shrink(&mut self) {
        self.joined = HashMap::new();
        self.of.shrink_to_fit();
    }
}

/// The texts of both, each once, up to a bound.
fn both(one: &Arc<[String]>, other: &Arc<[String]>) -> Arc<[String]> {
    if other.iter().all(|text| one.contains(text)) {
        return one.clone();
    }
    let mut texts = one.to_vec();
    for text in other.iter() {
        if texts.len() < MAX_SOURCES && !texts.contains(text) {
            texts.push(text.clone());
        }
    }
    texts.into()
}

/// Adds a source to those of a name, once.
pub(super) fn push_source(list: &mut Vec<SourceRef>, source: &SourceRef) {
    if !list.contains(source) {
        list.push(source.clone());
    }
}
