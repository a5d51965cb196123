#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::rng::Rng;

use super::*;

fn bytes(gather: &Gather) -> Vec<u8> {
    let mut out = Vec::new();
    gather.copy_to(&mut out);
    assert_eq!(out.len(), gather.contiguous());
    out
}

#[test]
fn holes_fill_in_any_order_and_the_first_bytes_stay() {
    let mut gather = Gather::default();
    assert!(gather.add(6, b"ghi"));
    assert_eq!(bytes(&gather), b"");
    assert!(gather.add(0, b"abc"));
    assert_eq!(bytes(&gather), b"abc");
    assert!(gather.add(2, b"#def###j"));
    assert_eq!(bytes(&gather), b"abcdefghij");
    assert_eq!(gather.store.len(), 10);
    assert!(gather.add(0, b"0123456789"));
    assert_eq!(bytes(&gather), b"abcdefghij");
}

#[test]
fn bounds_are_told() {
    let mut gather = Gather::default();
    assert!(!gather.add(MAX_MESSAGE, b"x"));
    assert!(!gather.add(u64::MAX, b"x"));
    assert!(!gather.add(MAX_MESSAGE - 1, b"xy"));
    assert_eq!(gather.store.len(), 1);
    let mut gather = Gather::default();
    for piece in 0..MAX_PIECES as u64 {
        assert!(gather.add(piece * 2, b"x"));
    }
    assert!(!gather.add(MAX_PIECES as u64 * 2, b"x"));
}

#[test]
fn pieces_that_touch_become_one_when_there_are_too_many() {
    let message: Vec<u8> = (0..1_200u32).map(|n| n as u8).collect();
    let mut order: Vec<usize> = (0..message.len()).collect();
    for seed in 0..20 {
        Rng::new(seed).shuffle(&mut order);
        let mut gather = Gather::default();
        for &at in &order {
            assert!(gather.add(at as u64, &message[at..=at]));
            assert!(gather.pieces.len() <= MAX_PIECES);
        }
        assert_eq!(bytes(&gather), message);
        assert_eq!(gather.store.len(), message.len());
    }
}

proptest! {
    #[test]
    fn many_pieces_are_the_same_as_a_map_of_bytes(
        seed: u64,
        longest in 1u64..6,
    ) {
        let mut random = Rng::new(seed);
        let mut gather = Gather::default();
        let mut slow = vec![None; 1_600];
        for _ in 0..2_000 {
            let offset = random.below(1_500) as usize;
            let length = 1 + random.below(longest) as usize;
            let data = random.bytes(length);
            if !gather.add(offset as u64, &data) {
                break;
            }
            for (at, &byte) in data.iter().enumerate() {
                slow[offset + at].get_or_insert(byte);
            }
            let want: Vec<u8> = slow.iter().map_while(|byte| *byte).collect();
            prop_assert_eq!(bytes(&gather), want);
            prop_assert_eq!(gather.store.len(), slow.iter().flatten().count());
        }
    }

    #[test]
    fn the_same_as_a_map_of_bytes(
        pieces in prop::collection::vec((0usize..300, prop::collection::vec(any::<u8>(), 0..60)), 0..60)
    ) {
        let mut gather = Gather::default();
        let mut slow = vec![None; 400];
        for (offset, data) in &pieces {
            prop_assert!(gather.add(*offset as u64, data));
            for (at, &byte) in data.iter().enumerate() {
                slow[offset + at].get_or_insert(byte);
            }
        }
        let want: Vec<u8> = slow.iter().map_while(|byte| *byte).collect();
        prop_assert_eq!(bytes(&gather), want);
        prop_assert_eq!(gather.store.len(), slow.iter().flatten().count());
    }
}
