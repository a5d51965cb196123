//! The hot path: one name in, the most specific indicator out.
//!
//! The automaton holds every indicator reversed, with a dot after it. A name is walked from its
//! last byte to its first, anchored, and then one dot more. So whenever the automaton reports a
//! pattern, the bytes walked so far are an indicator and end on a label boundary; the last
//! report that applies is the most specific one. The walk ends at the first byte that no
//! indicator continues with, which for nearly every innocent name is after a few bytes, and
//! nothing is copied.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind, PatternID};

use super::domain::ends_escaping;
use super::indicator::{How, Scope};

/// Finds the indicator of a name. Patterns are numbered in the order they were given in.
#[derive(Debug)]
pub(super) struct Matcher {
    automaton: NFA,
    start: StateID,
    scopes: Vec<Scope>,
}

impl Matcher {
    /// From names (lower case, no final dot, no escapes, no repeats) with their scopes.
    ///
    /// # Errors
    /// When the automaton would need more than 2^31 states: gigabytes of names.
    pub(super) fn new<'a>(
        names: impl Iterator<Item = (&'a str, Scope)>,
    ) -> Result<Self, aho_corasick::BuildError> {
        let mut patterns = Vec::new();
        let mut scopes = Vec::new();
        for (name, scope) in names {
            let mut pattern: Vec<u8> = name.bytes().rev().collect();
            pattern.push(b'.');
            patterns.push(pattern);
            scopes.push(scope);
        }
        // A prefilter looks for places to start from, and an anchored walk has only one.
        let automaton = NFA::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .prefilter(false)
            // The first bytes walked are a top-level domain, shared by nearly all names: dense
            // states there take a fifth off the instructions for some hundred kilobytes.
            .dense_depth(6)
            .build(&patterns)?;
        // An anchored start state always exists in an NFA.
        let start = automaton.start_state(Anchored::Yes).unwrap_or_default();
        Ok(Self {
            automaton,
            start,
            scopes,
        })
    }

    /// The most specific pattern that applies to `name`, and how. Case and a final dot do not
    /// matter; an escaped dot (`\.`) is part of its label.
    #[inline]
    pub(super) fn find(&self, name: &[u8]) -> Option<(usize, How)> {
        let name = match name.split_last() {
            Some((b'.', rest)) if !ends_escaping(rest) => rest,
            _ => name,
        };
        if name.is_empty() {
            return None;
        }
        let mut best = None;
        let mut state = self.start;
        for (at, byte) in name.iter().enumerate().rev() {
            state = self
                .automaton
                .next_state(Anchored::Yes, state, byte.to_ascii_lowercase());
            if self.automaton.is_special(state) {
                if self.automaton.is_dead(state) {
                    return best;
                }
                // The dot is the pattern's last byte, so `at` stands on a dot of the name.
                let walked = name.len().saturating_sub(at);
                if let Some(found) = self.report(state, walked, How::Below)
                    && !name.get(..at).is_some_and(ends_escaping)
                {
                    best = Some(found);
                }
            }
        }
        state = self.automaton.next_state(Anchored::Yes, state, b'.');
        self.report(state, name.len().saturating_add(1), How::Exact)
            .or(best)
    }

    /// The pattern that `state` completes after `walked` bytes, if it applies.
    #[inline]
    fn report(&self, state: StateID, walked: usize, how: How) -> Option<(usize, How)> {
        if !self.automaton.is_match(state) {
            return None;
        }
        let pattern: PatternID = self.automaton.match_pattern(state, 0);
        // A state also reports patterns that begin later than the walk did: they are shorter.
        let whole = self.automaton.pattern_len(pattern) == walked;
        let applies = self
            .scopes
            .get(pattern.as_usize())
            .is_some_and(|s| s.applies(how));
        (whole && applies).then_some((pattern.as_usize(), how))
    }

    /// Bytes of heap that the automaton holds.
    pub(super) fn memory(&self) -> usize {
        self.automaton
            .memory_usage()
            .saturating_add(self.scopes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matcher(rules: &[(&str, Scope)]) -> Matcher {
        Matcher::new(rules.iter().copied()).unwrap()
    }

    #[test]
    fn matches_on_label_boundaries_only() {
        let m = matcher(&[("evil.com", Scope::Suffix), ("bad.co", Scope::Suffix)]);
        for (name, want) in [
            ("evil.com", Some((0, How::Exact))),
            ("EVIL.com.", Some((0, How::Exact))),
            ("x.y.evil.com", Some((0, How::Below))),
            ("X.Evil.COM.", Some((0, How::Below))),
            ("notevil.com", None),
            ("evil.com.au", None),
            ("evil.com.bad.co", Some((1, How::Below))),
            ("bad.com", None),
            ("vil.com", None),
            ("com", None),
            ("", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(m.find(name.as_bytes()), want, "{name}");
        }
    }

    #[test]
    fn escaped_dots_are_not_boundaries() {
        let m = matcher(&[("evil.com", Scope::Suffix), ("com.example", Scope::Suffix)]);
        for (name, want) in [
            ("x\\.evil.com", None),
            ("x\\\\.evil.com", Some((0, How::Below))),
            ("x\\\\\\.evil.com", None),
            ("\\.evil.com", None),
            ("a.x\\.evil.com", None),
            ("evil\\.com", None),
            ("x\\046evil.com", None),
            ("evil.com\\.", None),
            ("evil.com\\\\.", None),
            ("a\\.b.evil.com", Some((0, How::Below))),
            // The longer boundary is escaped, the shorter one is not.
            ("evil\\.com.example", None),
        ] {
            assert_eq!(m.find(name.as_bytes()), want, "{name}");
        }
        let m = matcher(&[("b.com", Scope::Suffix), ("a.b.com", Scope::Suffix)]);
        assert_eq!(m.find(b"x\\.a.b.com"), Some((0, How::Below)));
    }

    #[test]
    fn the_most_specific_indicator_that_applies_wins() {
        let m = matcher(&[
            ("com.mx", Scope::Below),
            ("evil.com.mx", Scope::Exact),
            ("a.evil.com.mx", Scope::Suffix),
            ("b.a.evil.com.mx", Scope::Below),
        ]);
        for (name, want) in [
            ("com.mx", None),
            ("evil.com.mx", Some((1, How::Exact))),
            ("x.evil.com.mx", Some((0, How::Below))),
            ("a.evil.com.mx", Some((2, How::Exact))),
            ("b.a.evil.com.mx", Some((2, How::Below))),
            ("c.b.a.evil.com.mx", Some((3, How::Below))),
        ] {
            assert_eq!(m.find(name.as_bytes()), want, "{name}");
        }
    }

    #[test]
    fn a_pattern_inside_another_is_not_reported_for_it() {
        // Reversed: `moc.live.` and `live.`; the first's end is the second's end.
        let m = matcher(&[("evil.com", Scope::Suffix), ("il.co", Scope::Suffix)]);
        assert_eq!(m.find(b"a.evil"), None);
        assert_eq!(m.find(b"evil.com.il.co"), Some((1, How::Below)));
    }

    #[test]
    fn names_of_any_length_are_walked() {
        let m = matcher(&[("evil.com", Scope::Suffix)]);
        let long = format!("{}.evil.com", "\\001".repeat(100_000));
        assert_eq!(m.find(long.as_bytes()), Some((0, How::Below)));
        assert_eq!(m.find(&vec![b'.'; 100_000]), None);
        assert_eq!(m.find(&vec![b'\\'; 100_000]), None);
    }

    /// Labels of a name; an escaped dot is part of its label.
    fn labels(name: &str) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut chars = name.chars();
        while let Some(c) = chars.next() {
            if c == '.' {
                out.push(String::new());
            } else {
                out.last_mut().unwrap().push(c);
                if c == '\\' {
                    out.last_mut().unwrap().extend(chars.next());
                }
            }
        }
        out
    }

    /// The rule of the documentation, without any cleverness.
    fn naive(rules: &[(String, Scope)], name: &str) -> Option<(usize, How)> {
        let name = labels(&name.to_lowercase());
        let mut best: Option<(usize, How, usize)> = None;
        for (i, (rule, scope)) in rules.iter().enumerate() {
            let rule = labels(rule);
            let how = if rule == name { How::Exact } else { How::Below };
            let deeper = best.is_none_or(|(_, _, len)| rule.len() > len);
            if name.ends_with(&rule) && scope.applies(how) && deeper {
                best = Some((i, how, rule.len()));
            }
        }
        best.map(|(i, how, _)| (i, how))
    }

    fn scope() -> impl Strategy<Value = Scope> {
        prop_oneof![Just(Scope::Suffix), Just(Scope::Exact), Just(Scope::Below)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn equals_the_naive_matcher(
            // Few letters and few labels, so that suffixes, prefixes and repeats are common.
            rules in prop::collection::btree_map("[ab]{1,2}(\\.[ab]{1,2}){0,3}", scope(), 0..12),
            names in prop::collection::vec("([aAbB]|\\\\\\.|\\\\\\\\){1,3}(\\.([abB]|\\\\\\.){1,2}){0,4}", 1..20),
            dot in any::<bool>(),
        ) {
            let rules: Vec<(String, Scope)> = rules.into_iter().collect();
            let m = Matcher::new(rules.iter().map(|(n, s)| (n.as_str(), *s))).unwrap();
            for name in names {
                let want = naive(&rules, &name);
                let asked = if dot { format!("{name}.") } else { name.clone() };
                prop_assert_eq!(m.find(asked.as_bytes()), want, "{} in {:?}", asked, rules);
            }
        }

        #[test]
        fn any_bytes_are_survived(name in prop::collection::vec(any::<u8>(), 0..400)) {
            let m = matcher(&[("evil.com", Scope::Suffix), ("b.evil.com", Scope::Exact)]);
            let _ = m.find(&name);
        }
    }
}
