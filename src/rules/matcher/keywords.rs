//! Keywords that stand somewhere in a name: one Aho-Corasick automaton for all of them.
//!
//! A name is walked once, from its first byte to its last, with a dot before it and one behind it:
//! so a keyword that begins or ends with a dot also stands at the beginning or the end of a name.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

use super::super::domain::Refusal;
use super::ends_escaping;
use super::refuse::{Shown, refuse};

/// How many keywords may be listed.
pub(in crate::rules) const MAX_KEYWORDS: usize = 10_000;
/// The shortest keyword, without dots around it. Shorter ones stand in every other name.
pub(in crate::rules) const MIN_LENGTH: usize = 4;
/// The longest keyword, without dots around it: as long as a label (RFC 1035, section 2.3.4).
pub(in crate::rules) const MAX_LENGTH: usize = 63;
/// Up to how many bytes of keywords a state gets a table of all transitions: half a megabyte at most.
const FEW: usize = 2_048;

/// A keyword as it is looked for: lower case.
///
/// It is made of letters, digits, `-`, `_` and `.`. One that begins with a dot stands at the beginning of a label, one
/// that ends with a dot at the end of a label.
///
/// # Errors
/// When it has other characters, is too short or too long, or no name can hold it.
pub(in crate::rules) fn keyword(text: &str) -> Result<String, Refusal> {
    let shown = Shown(text);
    let inner = text.strip_prefix('.').unwrap_or(text);
    let inner = inner.strip_suffix('.').unwrap_or(inner);
    let other = inner
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    if let Some(other) = other {
        let fix = match other {
            '*' | '?' => "leave it out: a keyword may stand anywhere in a name",
            _ if other.is_ascii() => "use letters, digits, `-`, `_` and `.` only",
            _ => "give the punycode form that is seen on the wire (`xn--...`)",
        };
        return Err(refuse(
            format!("keyword {shown} holds `{}`", other.escape_debug()),
            fix,
        ));
    }
    if inner.len() < MIN_LENGTH {
        return Err(refuse(
            format!(
                "keyword {shown} is shorter than {MIN_LENGTH} characters: it would match by chance"
            ),
            "give a longer one, or list the names",
        ));
    }
    if inner.len() > MAX_LENGTH {
        return Err(refuse(
            format!(
                "keyword {shown} has {} characters, over {MAX_LENGTH}",
                inner.len()
            ),
            "give the part of it that tells",
        ));
    }
    if inner.split('.').any(str::is_empty) {
        return Err(refuse(
            format!("keyword {shown} has an empty label, which no name has"),
            "remove the extra dot",
        ));
    }
    if !inner.bytes().any(|b| b.is_ascii_alphanumeric()) {
        return Err(refuse(
            format!("keyword {shown} has neither a letter nor a digit"),
            "give a word",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

/// The set of listed keywords. Immutable once built; lookups allocate nothing.
#[derive(Debug, Default)]
pub(in crate::rules) struct Keywords {
    walk: Option<Walk>,
    /// In the order of the automaton's patterns.
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
enum Walk {
    Few(DFA, StateID),
    Many(NFA, StateID),
}

#[derive(Debug, Clone, Copy)]
struct Pattern {
    number: u32,
    length: u8,
    /// Begins with a dot.
    dot: bool,
}

impl Keywords {
    /// Of these keywords, numbered from 0 in their order. Of equal ones the first number counts.
    ///
    /// # Errors
    /// When [`keyword`] refuses one, or there are more than [`MAX_KEYWORDS`].
    pub(in crate::rules) fn new<K: AsRef<str>>(
        keywords: impl IntoIterator<Item = K>,
    ) -> Result<Self, Refusal> {
        let mut texts = Vec::new();
        for (number, text) in keywords.into_iter().enumerate() {
            if number >= MAX_KEYWORDS {
                return Err(refuse(
                    format!("more than {MAX_KEYWORDS} keywords"),
                    "list names instead: there is no such limit on them",
                ));
            }
            texts.push((keyword(text.as_ref())?, number as u32));
        }
        // Of equal ones the lowest number stands first.
        texts.sort_unstable();
        texts.dedup_by(|later, first| later.0 == first.0);
        if texts.is_empty() {
            return Ok(Self::default());
        }
        let bytes = texts.iter().map(|(text, _)| text.len()).sum::<usize>();
        let walk = Walk::new(texts.iter().map(|(text, _)| text), bytes <= FEW);
        Ok(Self {
            walk: Some(walk.map_err(|error| {
                refuse(
                    format!("the keywords are too many: {error}"),
                    "list fewer keywords",
                )
            })?),
            patterns: texts
                .iter()
                .map(|(text, number)| Pattern {
                    number: *number,
                    length: text.len() as u8,
                    dot: text.starts_with('.'),
                })
                .collect(),
        })
    }

    /// The number of the longest keyword that stands in the name, counted with its dots; of
    /// several that are equally long, the lowest.
    ///
    /// `name` is in presentation form (RFC 1035, section 5.1). Case does not matter, nor does a
    /// final dot; a label does not begin behind an escaped dot.
    #[inline]
    pub(in crate::rules) fn find(&self, name: &[u8]) -> Option<u32> {
        self.find_but(name, &|_| false)
    }

    /// The same, as if those that are `left_out` were not listed.
    #[inline]
    pub(in crate::rules) fn find_but(
        &self,
        name: &[u8],
        left_out: &impl Fn(u32) -> bool,
    ) -> Option<u32> {
        match self.walk.as_ref()? {
            Walk::Few(automaton, start) => self.search(automaton, *start, name, left_out),
            Walk::Many(automaton, start) => self.search(automaton, *start, name, left_out),
        }
    }

    fn search<A: Automaton>(
        &self,
        automaton: &A,
        start: StateID,
        name: &[u8],
        left_out: &impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let mut best = None;
        let mut state = start;
        for (at, byte) in name.iter().chain(b".").enumerate() {
            state = automaton.next_state(Anchored::No, state, byte.to_ascii_lowercase());
            if automaton.is_special(state) && automaton.is_match(state) {
                let behind = at.saturating_add(1);
                let ends = (state, behind);
                self.take(automaton, ends, name, left_out, &mut best);
            }
        }
        best.map(|pattern: Pattern| pattern.number)
    }

    /// Takes the best of the keywords that end before `behind`.
    #[cold]
    fn take<A: Automaton>(
        &self,
        automaton: &A,
        (state, behind): (StateID, usize),
        name: &[u8],
        left_out: &impl Fn(u32) -> bool,
        best: &mut Option<Pattern>,
    ) {
        for index in 0..automaton.match_len(state) {
            let id = automaton.match_pattern(state, index).as_usize();
            let Some(pattern) = self.patterns.get(id) else {
                continue;
            };
            let better = best
                .is_none_or(|best| (pattern.length, best.number) > (best.length, pattern.number));
            // One that begins with the dot before the name has no place in it.
            let begins = behind.checked_sub(usize::from(pattern.length));
            let escaped = pattern.dot
                && begins
                    .and_then(|at| name.get(..at))
                    .is_some_and(ends_escaping);
            if better && !escaped && !left_out(pattern.number) {
                *best = Some(*pattern);
            }
        }
    }

    /// How many different keywords are listed.
    #[cfg(test)]
    pub(in crate::rules) fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether no keyword is listed.
    pub(in crate::rules) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Bytes of heap.
    pub(in crate::rules) fn memory(&self) -> usize {
        let automaton = match &self.walk {
            None => 0,
            Some(Walk::Few(automaton, _)) => automaton.memory_usage(),
            Some(Walk::Many(automaton, _)) => automaton.memory_usage(),
        };
        automaton.saturating_add(size_of_val(self.patterns.as_slice()))
    }
}

impl Walk {
    fn new<'k>(
        keywords: impl Iterator<Item = &'k String>,
        few: bool,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        // All keywords that end at a place are wanted, and names are too short for a prefilter.
        if few {
            let automaton = DFA::builder()
                .match_kind(MatchKind::Standard)
                .start_kind(StartKind::Unanchored)
                .prefilter(false)
                .build(keywords)?;
            let start = behind_dot(&automaton)?;
            Ok(Self::Few(automaton, start))
        } else {
            let automaton = NFA::builder()
                .match_kind(MatchKind::Standard)
                .prefilter(false)
                .build(keywords)?;
            let start = behind_dot(&automaton)?;
            Ok(Self::Many(automaton, start))
        }
    }
}

/// The state that a name is begun in. No keyword is a dot, so it reports none.
fn behind_dot(automaton: &impl Automaton) -> Result<StateID, aho_corasick::MatchError> {
    let start = automaton.start_state(Anchored::No)?;
    Ok(automaton.next_state(Anchored::No, start, b'.'))
}

#[cfg(test)]
#[path = "keywords_tests.rs"]
mod tests;
