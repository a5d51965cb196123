//! A hash of every suffix of a name that begins at a label, in one walk from the name's end.
//!
//! Eight bytes at a time, counted from the end, are lower-cased, searched for dots and mixed into
//! the hash of what stands behind them. So the hash of `evil.example` is the same whatever stands
//! before it, and a suffix costs one multiplication more than the walk itself.

use std::ops::ControlFlow;

pub(super) use crate::words::equal;
use crate::words::{lower, mix};

/// A seed for the `n`th try.
pub(super) const fn seed(n: u64) -> u64 {
    mix(n, 0x243f_6a88_85a3_08d3)
}

/// The bytes of a name before its last whole words, where the last bytes of a whole word would
/// stand, and before them nothing.
#[inline]
fn first_word(name: &[u8], rest: &[u8]) -> u64 {
    let word = match name.first_chunk::<8>() {
        Some(word) if !rest.is_empty() => {
            let missing = 8_usize.saturating_sub(rest.len());
            u64::from_le_bytes(*word).wrapping_shl((missing as u32).wrapping_mul(8))
        }
        _ => rest
            .iter()
            .fold(0, |word, byte| (word >> 8) | (u64::from(*byte) << 56)),
    };
    lower(word)
}

/// Gives the hash of every suffix of `name` that begins behind a dot, with its place and what
/// number of dots stands in it, the shortest first, and at last that of the whole name (place 0).
/// A dot at the end begins a suffix without bytes. Ends when `visit` breaks.
#[inline]
pub(super) fn suffixes<B>(
    seed: u64,
    name: &[u8],
    mut visit: impl FnMut(u64, usize, u32) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let (mut hash, mut dots, mut end) = (seed, 0_u32, name.len());
    let (rest, words) = name.as_rchunks();
    for word in words.iter().rev() {
        let word = lower(u64::from_le_bytes(*word));
        behind_dots(hash, word, end, &mut dots, &mut visit)?;
        hash = mix(hash, word);
        end = end.saturating_sub(8);
    }
    let first = first_word(name, rest);
    behind_dots(hash, first, end, &mut dots, &mut visit)?;
    visit(mix(hash, first), 0, dots)
}

/// The suffixes that begin in one word, which ends at `end`.
#[inline(always)] // once in the loop and once behind it, both hot
fn behind_dots<B>(
    hash: u64,
    word: u64,
    end: usize,
    dots: &mut u32,
    visit: &mut impl FnMut(u64, usize, u32) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut left = equal(word, b'.');
    while left != 0 {
        let behind = left.leading_zeros();
        let kept = word & !(u64::MAX >> behind);
        let at = end.saturating_sub((behind >> 3) as usize);
        visit(mix(hash, kept), at, *dots)?;
        *dots = dots.saturating_add(1);
        left &= u64::MAX >> 1 >> behind;
    }
    ControlFlow::Continue(())
}

/// The hash of a whole name.
#[inline]
pub(super) fn whole(seed: u64, name: &[u8]) -> u64 {
    let (rest, words) = name.as_rchunks();
    let hash = words.iter().rev().fold(seed, |hash, word| {
        mix(hash, lower(u64::from_le_bytes(*word)))
    });
    mix(hash, first_word(name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(name: &[u8]) -> Vec<(u64, usize, u32)> {
        let mut out = Vec::new();
        let _ = suffixes::<()>(seed(0), name, |hash, at, dots| {
            out.push((hash, at, dots));
            ControlFlow::Continue(())
        });
        out
    }

    proptest! {
        #[test]
        fn a_suffix_hashes_as_the_name_that_it_is(name in prop::collection::vec(
            prop_oneof![Just(b'.'), Just(0), Just(0xae), any::<u8>(), b'A'..=b'z'], 0..60,
        )) {
            let got = all(&name);
            let behind = |(at, byte): (usize, &u8)| (*byte == b'.').then_some(at.wrapping_add(1));
            let mut starts: Vec<usize> = name.iter().enumerate().filter_map(behind).collect();
            starts.reverse();
            starts.push(0);
            prop_assert_eq!(got.iter().map(|s| s.1).collect::<Vec<_>>(), starts);
            for (hash, at, dots) in got {
                let suffix = name[at..].to_ascii_lowercase();
                prop_assert_eq!(hash, whole(seed(0), &suffix));
                prop_assert_eq!(dots as usize, suffix.iter().filter(|b| **b == b'.').count());
            }
        }
    }

    #[test]
    fn hashes_are_spread_evenly_over_groups_and_tags() {
        // As many names as groups: a fair share has no more than ten in one.
        let mut groups = vec![0; 1 << 16];
        let mut tags = [0; 256];
        for n in 0..1_u64 << 16 {
            let hash = whole(seed(0), format!("host{n}.example").as_bytes());
            groups[(hash >> 48) as usize] += 1;
            tags[(hash & 0xff) as usize] += 1;
        }
        assert!(groups.iter().all(|n| *n < 11));
        assert!(tags.iter().all(|n| (150..370).contains(n)), "{tags:?}");
    }

    #[test]
    fn names_of_a_byte_more_or_less_hash_differently() {
        let mut seen = std::collections::HashSet::new();
        for len in 0..600 {
            assert!(seen.insert(whole(seed(0), &vec![b'a'; len])), "{len}");
        }
        assert_ne!(
            whole(seed(0), b"evil.example"),
            whole(seed(1), b"evil.example")
        );
    }
}
