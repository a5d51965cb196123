//! The hot path: one name in, the most specific indicator out.
//!
//! Two ways lead there, with the same answers: [`automaton`] for some hundred names, and the hash
//! table of [`names`] for more, whose cost does not grow with the list. Both walk a name in place from
//! its last byte to its first and copy nothing.

mod automaton;
pub(super) mod fingerprints;
mod hash;
mod hints;
pub(super) mod keywords;
mod names;
pub(super) mod networks;
mod refuse;
pub(super) mod urls;

use automaton::Automaton;

use super::domain::ends_escaping;
use super::indicator::{How, Scope};
pub(super) use names::{Added, NameHash, Names};

/// Up to how many names the automaton is used. It is faster up to some hundred names, and needs
/// seven times the memory; see benches/README.md.
const FEW: usize = 512;

/// Finds the indicator of a name. Indicators have the numbers of their names.
#[derive(Debug)]
pub(super) struct Matcher {
    names: Names,
    scopes: Vec<Scope>,
    automaton: Option<Automaton>,
}

impl Matcher {
    /// From names with their scopes, in the same order.
    ///
    /// # Errors
    /// When an automaton cannot be built.
    pub(super) fn new(names: Names, scopes: Vec<Scope>) -> Result<Self, aho_corasick::BuildError> {
        Self::with(names, scopes, FEW)
    }

    /// With an automaton for up to `few` names.
    fn with(
        mut names: Names,
        mut scopes: Vec<Scope>,
        few: usize,
    ) -> Result<Self, aho_corasick::BuildError> {
        names.shrink();
        scopes.shrink_to_fit();
        let automaton = if names.len() <= few {
            Some(Automaton::new(&names)?)
        } else {
            None
        };
        Ok(Self {
            names,
            scopes,
            automaton,
        })
    }

    /// The most specific indicator that applies to `name`, and how. Case and a final dot do not
    /// matter; an escaped dot (`\.`) is part of its label.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<(usize, How)> {
        self.find_but(name, |_| false)
    }

    /// The same, as if those that are `left_out` were not listed.
    #[inline]
    pub(super) fn find_but(
        &self,
        name: &[u8],
        left_out: impl Fn(usize) -> bool,
    ) -> Option<(usize, How)> {
        let name = match name.split_last() {
            Some((b'.', rest)) if !ends_escaping(rest) => rest,
            _ => name,
        };
        if name.is_empty() {
            return None;
        }
        let applies = |number: usize, how| {
            self.scope(number).is_some_and(|s| s.applies(how)) && !left_out(number)
        };
        match &self.automaton {
            Some(automaton) => automaton.find(name, applies),
            None => self.names.find(name, applies),
        }
    }

    /// The names, each at its number.
    pub(super) const fn names(&self) -> &Names {
        &self.names
    }

    /// Which names an indicator applies to.
    pub(super) fn scope(&self, number: usize) -> Option<Scope> {
        self.scopes.get(number).copied()
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        let automaton = self.automaton.as_ref().map_or(0, Automaton::memory);
        self.names
            .memory()
            .saturating_add(self.scopes.len())
            .saturating_add(automaton)
    }
}

#[cfg(test)]
mod tests;
