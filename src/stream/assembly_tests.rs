#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 10_000;

fn fed(base: u32, segments: &[(u32, &[u8])]) -> Assembly {
    let mut assembly = Assembly::default();
    assembly.restart(base);
    for (sequence, data) in segments {
        assembly.insert(*sequence, data, LIMIT);
    }
    assembly
}

#[test]
fn segments_in_order_and_out_of_order_join() {
    assert_eq!(fed(100, &[(100, b"abc"), (103, b"def")]).data(), b"abcdef");
    assert_eq!(fed(100, &[(103, b"def"), (100, b"abc")]).data(), b"abcdef");
    let mut assembly = fed(100, &[(104, b"e"), (102, b"c"), (108, b"i")]);
    assert_eq!(assembly.data(), b"");
    let inserted = assembly.insert(100, b"abcd", LIMIT);
    assert!(inserted.grew && !inserted.conflict);
    assert_eq!(assembly.data(), b"abcde");
}

#[test]
fn numbers_wrap_around() {
    let base = u32::MAX - 1;
    assert_eq!(fed(base, &[(1, b"def"), (base, b"abc")]).data(), b"abcdef");
}

#[test]
fn the_first_copy_wins_and_a_difference_is_told() {
    let mut assembly = fed(0, &[(0, b"abc"), (5, b"fgh")]);
    let same = assembly.insert(1, b"bc", LIMIT);
    assert!(!same.conflict && !same.grew);
    let other = assembly.insert(2, b"XdeFg", LIMIT);
    assert!(other.conflict && other.grew);
    assert_eq!(assembly.data(), b"abcdefgh");
    // Before the beginning: only what is new counts.
    assembly.take(4);
    let late = assembly.insert(0, b"abcde", LIMIT);
    assert!(!late.conflict);
    assert_eq!(assembly.data(), b"efgh");
}

#[test]
fn parts_are_known_by_their_bytes() {
    let mut assembly = fed(u32::MAX, &[(u32::MAX, b"abcd"), (9, b"kl"), (14, b"p")]);
    let parts = |assembly: &Assembly| [0, 2, 3, 8, 9, 10, 11, 14].map(|n| assembly.part_of(n));
    let wanted = [
        Some(u32::MAX),
        Some(u32::MAX),
        None,
        None,
        Some(9),
        Some(9),
        None,
        Some(14),
    ];
    assert_eq!(parts(&assembly), wanted);
    assembly.take(2);
    let [before, ready, ..] = parts(&assembly);
    assert_eq!((before, ready), (None, Some(1)));
    assert_eq!(assembly.part_of(u32::MAX), None);
}

#[test]
fn what_is_too_far_away_is_told() {
    let mut assembly = fed(0, &[]);
    assert!(assembly.insert(8, b"abcdef", 10).beyond);
    assert!(!assembly.insert(0, b"01234567", 10).beyond);
    assert_eq!(assembly.data(), b"01234567ab");
    assert!(assembly.insert(u32::MAX, b"x", 10) == Inserted::default());
}

#[test]
fn parts_are_bounded() {
    let mut assembly = Assembly::default();
    assembly.restart(0);
    let mut refused = 0;
    for n in 0..MAX_PARTS + 10 {
        let at = u32::try_from(2 * n + 1).unwrap();
        refused += usize::from(assembly.insert(at, b"x", usize::MAX).scattered);
    }
    assert_eq!(refused, 10);
    // What closes a hole is never refused.
    assert!(assembly.insert(0, b"y", usize::MAX).grew);
    assert_eq!(assembly.data(), b"yx");
}

#[test]
fn taking_more_than_there_is_skips() {
    let mut assembly = fed(0, &[(0, b"head"), (10, b"tail"), (20, b"more")]);
    assembly.take(4 + 8);
    assert_eq!(assembly.data(), b"il");
    assembly.insert(14, b"______", LIMIT);
    assert_eq!(assembly.data(), b"il______more");
    assembly.take(1_000);
    assert_eq!(assembly.data(), b"");
    assembly.insert(1_012, b"next", LIMIT);
    assert_eq!(assembly.data(), b"next");
}

#[test]
fn holes_can_be_given_up() {
    let mut assembly = fed(0, &[(0, b"head"), (10, b"more"), (20, b"and")]);
    assert!(assembly.has_hole() && assembly.skip_hole());
    assert_eq!(assembly.data(), b"more");
    assembly.take(2);
    assert!(assembly.skip_hole());
    assert_eq!(assembly.data(), b"and");
    assert!(!assembly.has_hole() && !assembly.skip_hole());
}

/// Bytes that differ at every position nearby.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 251) as u8).collect()
}

proptest! {
    #[test]
    fn any_cutting_in_any_order_gives_the_same_bytes(
        base: u32,
        length in 1usize..600,
        cuts in prop::collection::vec((0usize..600, 1usize..200), 0..60),
        seed: u64,
        taken in prop::collection::vec(0u64..40, 0..20),
    ) {
        let whole = content(length);
        // Everything once, in pieces of 97 bytes, and pieces of any size besides.
        let mut pieces: Vec<(usize, usize)> = (0..length).step_by(97)
            .map(|from| (from, (from + 97).min(length))).collect();
        pieces.extend(cuts.iter().map(|&(from, size)| {
            let from = from.min(length - 1);
            (from, (from + size).min(length))
        }));
        let mut rng = testkit::rng::Rng::new(seed);
        rng.shuffle(&mut pieces);
        let mut assembly = Assembly::default();
        assembly.restart(base);
        let mut taken = taken.into_iter();
        let mut done = 0usize;
        for (from, to) in pieces {
            let sequence = base.wrapping_add(u32::try_from(from).unwrap());
            let inserted = assembly.insert(sequence, &whole[from..to], LIMIT);
            prop_assert!(!inserted.conflict && !inserted.beyond && !inserted.scattered);
            let data = assembly.data();
            prop_assert_eq!(data, &whole[done..done + data.len()]);
            let n = taken.next().unwrap_or(0).min(data.len() as u64);
            assembly.take(n);
            done += usize::try_from(n).unwrap();
        }
        prop_assert_eq!(assembly.data(), &whole[done..]);
    }

    #[test]
    fn anything_is_survived(
        segments in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..50), 0u64..100), 0..100),
    ) {
        let mut assembly = Assembly::default();
        assembly.restart(u32::from(u16::MAX / 2));
        for (sequence, data, take) in segments {
            assembly.insert(u32::from(sequence), &data, 4_096);
            prop_assert!(assembly.held() <= 8 * 4_096);
            assembly.take(take);
        }
    }
}
