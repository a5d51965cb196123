#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;

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
    assert!(gather.add(2, b"XdefXXXj"));
    assert_eq!(bytes(&gather), b"abcdefghij");
    assert_eq!(gather.len(), 10);
    assert!(gather.add(0, b"0123456789"));
    assert_eq!(bytes(&gather), b"abcdefghij");
}

#[test]
fn bounds_are_told() {
    let mut gather = Gather::default();
    assert!(!gather.add(MAX_MESSAGE, b"x"));
    assert!(!gather.add(u64::MAX, b"x"));
    assert!(!gather.add(MAX_MESSAGE - 1, b"xy"));
    assert_eq!(gather.len(), 1);
    let mut gather = Gather::default();
    for piece in 0..MAX_PIECES as u64 {
        assert!(gather.add(piece * 2, b"x"));
    }
    assert!(!gather.add(MAX_PIECES as u64 * 2, b"x"));
}

proptest! {
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
        prop_assert_eq!(gather.len(), slow.iter().flatten().count());
    }
}
