//! Aho-Corasick: what a short list is matched with.
//!
//! The automaton holds every indicator reversed, with a dot after it. A name is walked from its
//! last byte to its first, anchored, and then one dot more. So whenever the automaton reports a
//! pattern, the bytes walked so far are an indicator and end on a label boundary; the last
//! report that applies is the most specific one. The walk ends at the first byte that no
//! indicator continues with, which under a short list is after a few bytes.

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind, PatternID};

use super::super::domain::ends_escaping;
use super::super::indicator::How;
use super::names::Names;

/// The names as a state machine. Patterns have the numbers of their names.
#[derive(Debug)]
pub(super) struct Automaton {
    automaton: NFA,
    start: StateID,
}

impl Automaton {
    /// # Errors
    /// When the automaton would need more than 2^31 states: gigabytes of names.
    pub(super) fn new(names: &Names) -> Result<Self, BuildError> {
        let patterns = names.iter().map(|name| {
            let mut pattern: Vec<u8> = name.bytes().rev().collect();
            pattern.push(b'.');
            pattern
        });
        // A prefilter looks for places to start from, and an anchored walk has only one.
        let automaton = NFA::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .prefilter(false)
            // The first bytes walked are a top-level domain, shared by nearly all names: dense
            // states there take a fifth off the instructions for some hundred kilobytes.
            .dense_depth(6)
            .build(patterns)?;
        // An anchored start state always exists in an NFA.
        let start = automaton.start_state(Anchored::Yes).unwrap_or_default();
        Ok(Self { automaton, start })
    }

    /// The longest name that `asked` (not empty, without a final dot) is or stands below, of those
    /// that `applies` takes. Case does not matter.
    #[inline]
    pub(super) fn find(
        &self,
        asked: &[u8],
        applies: impl Fn(usize, How) -> bool,
    ) -> Option<(usize, How)> {
        let mut best = None;
        let mut state = self.start;
        for (at, byte) in asked.iter().enumerate().rev() {
            state = self
                .automaton
                .next_state(Anchored::Yes, state, byte.to_ascii_lowercase());
            if self.automaton.is_special(state) {
                if self.automaton.is_dead(state) {
                    return best;
                }
                // The dot is the pattern's last byte, so `at` stands on a dot of the name.
                let walked = asked.len().saturating_sub(at);
                if let Some(found) = self.report(state, walked)
                    && applies(found, How::Below)
                    && !asked.get(..at).is_some_and(ends_escaping)
                {
                    best = Some((found, How::Below));
                }
            }
        }
        state = self.automaton.next_state(Anchored::Yes, state, b'.');
        self.report(state, asked.len().saturating_add(1))
            .filter(|found| applies(*found, How::Exact))
            .map(|found| (found, How::Exact))
            .or(best)
    }

    /// The pattern that `state` completes after `walked` bytes.
    #[inline]
    fn report(&self, state: StateID, walked: usize) -> Option<usize> {
        if !self.automaton.is_match(state) {
            return None;
        }
        let pattern: PatternID = self.automaton.match_pattern(state, 0);
        // A state also reports patterns that begin later than the walk did: they are shorter.
        let whole = self.automaton.pattern_len(pattern) == walked;
        whole.then_some(pattern.as_usize())
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.automaton.memory_usage()
    }
}
