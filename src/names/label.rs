//! Hashes of names, label by label from the last to the first.
//!
//! The hash of `evil.example` is a step on the way to that of `www.evil.example`, on the wire (RFC 1035
//! section 3.1) as in text. So one walk through a name tells what it ends in, and a compression pointer
//! saves the walk.

use crate::words::{lower, mix};

/// The hash of the root, in which every name ends.
pub const ROOT: u64 = 0x243f_6a88_85a3_08d3;

/// The hash of the name whose first label is the `length` bytes of `bytes` from `at` on, and whose other
/// labels have the hash `behind`. The case of ASCII letters does not matter. `None` where `bytes` end
/// before the label does.
#[inline]
pub fn hash(behind: u64, bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let from_here = bytes.get(at..)?;
    let label = from_here.get(..length)?;
    // Without its length `ab.c` would be the same as `a.bc`.
    let mut hash = behind ^ length as u64;
    let (words, rest) = label.as_chunks::<8>();
    for word in words {
        hash = mix(hash, lower(u64::from_le_bytes(*word)));
    }
    if !rest.is_empty() {
        let start = length.wrapping_sub(rest.len());
        let word = match from_here.get(start..).and_then(|r| r.first_chunk::<8>()) {
            // What follows the label is nearly always there, and one load is less than a loop.
            Some(word) => {
                let beyond = 8_usize.wrapping_sub(rest.len()) as u32;
                u64::from_le_bytes(*word) & (u64::MAX >> beyond.wrapping_mul(8))
            }
            None => rest
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        hash = mix(hash, lower(word));
    }
    Some(hash)
}

/// The hash of the last two labels of a name in text, which has no final dot and no escape; `None` where
/// it has no two.
pub fn last_two(name: &[u8]) -> Option<u64> {
    let last = memchr::memrchr(b'.', name)?.wrapping_add(1);
    let before = last.wrapping_sub(1);
    let first = memchr::memrchr(b'.', name.get(..before)?).map_or(0, |dot| dot.wrapping_add(1));
    let behind = hash(ROOT, name, last, name.len().wrapping_sub(last))?;
    hash(behind, name, first, before.wrapping_sub(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Without looking behind a label, and without reading words.
    fn slow(labels: &[Vec<u8>]) -> u64 {
        labels.iter().rev().fold(ROOT, |behind, label| {
            let mut hash = behind ^ label.len() as u64;
            for word in label.chunks(8) {
                let mut bytes = [0; 8];
                bytes[..word.len()].copy_from_slice(&word.to_ascii_lowercase());
                hash = mix(hash, u64::from_le_bytes(bytes));
            }
            hash
        })
    }

    proptest! {
        #[test]
        fn what_stands_around_a_label_does_not_count(
            labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..5),
            behind in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut wire = Vec::new();
            let mut starts = Vec::new();
            for label in &labels {
                starts.push((wire.len(), label.len()));
                wire.extend_from_slice(label);
            }
            wire.extend(behind);
            let hash = starts.iter().rev().try_fold(ROOT, |behind, &(at, length)| hash(behind, &wire, at, length));
            prop_assert_eq!(hash, Some(slow(&labels)));
            prop_assert_eq!(super::hash(ROOT, &wire, wire.len(), 1), None);
        }

        #[test]
        fn two_labels_of_a_text(labels in prop::collection::vec("[a-zA-Z0-9-]{1,20}", 1..6)) {
            let last = labels.len().checked_sub(2).map(|at| {
                slow(&labels[at..].iter().map(|l| l.as_bytes().to_vec()).collect::<Vec<_>>())
            });
            prop_assert_eq!(last_two(labels.join(".").as_bytes()), last);
        }
    }

    #[test]
    fn where_a_label_ends_counts() {
        let two = |name: &[u8]| last_two(name).unwrap();
        assert_ne!(two(b"ab.c"), two(b"a.bc"));
        assert_ne!(two(b"aaaaaaaa.b"), two(b"aaaaaaa.b"));
        assert_eq!(two(b"X.EVIL.example"), two(b"evil.EXAMPLE"));
        assert_eq!(last_two(b"example"), None);
        assert_eq!(last_two(b""), None);
    }
}
