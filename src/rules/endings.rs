//! The last two labels of all listed names, as a filter that fits the fastest cache.
//!
//! Nearly every name on a network is innocent, and its last two labels say so. They are judged by their hash
//! ([`crate::names::label`]), before the name is even spelled. The filter may take an innocent for a
//! listed one, about once in two hundred; it never errs the other way.

use super::matcher::Names;
use crate::names::label;

/// Bits for each name.
const BITS: usize = 32;

/// How many names are added at once.
const TOGETHER: usize = 32;

/// The filter: two bits of one word for each pair of labels (a blocked Bloom filter).
#[derive(Debug)]
pub(super) struct Endings {
    words: Box<[u64]>,
    room: usize,
}

impl Default for Endings {
    fn default() -> Self {
        Self {
            words: vec![0; 1].into_boxed_slice(),
            room: 0,
        }
    }
}

impl Endings {
    /// Of these names and as many more, which are to be added. All have two labels at least, as
    /// [`rule_name`](super::domain::rule_name) sees to.
    pub(super) fn with_room(names: &Names, more: usize) -> Self {
        let room = names.len().saturating_add(more);
        let words = room.saturating_mul(BITS).div_ceil(64).max(1);
        let mut endings = Self {
            words: vec![0; words].into_boxed_slice(),
            room,
        };
        // Of a long list every word is far away in memory: changed one straight after another, they are waited for
        // together.
        let mut hashes = [0; TOGETHER];
        let mut all = names.bytes_iter().filter_map(label::last_two);
        loop {
            let mut count = 0_usize;
            for (place, hash) in hashes.iter_mut().zip(&mut all) {
                *place = hash;
                count = count.wrapping_add(1);
            }
            if count == 0 {
                return endings;
            }
            endings.add(hashes.iter().take(count).copied());
        }
    }

    /// How many names there is room for. With more it errs more often.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Adds names by the hashes of their last two labels.
    pub(super) fn add(&mut self, hashes: impl Iterator<Item = u64>) {
        for hash in hashes {
            let at = self.word(hash);
            if let Some(word) = self.words.get_mut(at) {
                *word |= bits(hash);
            }
        }
    }

    /// False where no listed name ends in the two labels with this hash.
    #[inline]
    pub(super) fn may_have(&self, hash: u64) -> bool {
        self.words
            .get(self.word(hash))
            .is_some_and(|word| word & bits(hash) == bits(hash))
    }

    /// Reads the words of these hashes, for nothing but to have them read.
    #[inline]
    pub(super) fn touch<'h>(&self, hashes: impl Iterator<Item = &'h u64>) {
        let read = |sum, &hash: &u64| sum ^ self.words.get(self.word(hash)).copied().unwrap_or(0);
        // Otherwise the compiler leaves out what has no use.
        std::hint::black_box(hashes.fold(0, read));
    }

    /// The upper half of the hash, scaled to the number of words.
    #[inline]
    fn word(&self, hash: u64) -> usize {
        ((hash >> 32).wrapping_mul(self.words.len() as u64) >> 32) as usize
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.words.len().saturating_mul(8)
    }
}

#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(name: &str) -> u64 {
        label::last_two(name.as_bytes()).unwrap()
    }

    #[test]
    fn all_listed_names_and_few_others() {
        let mut names = Names::default();
        for n in 0..20_000 {
            names.add(&format!("host{n}.example"));
        }
        names.add("deep.below.evil.example");
        let endings = Endings::with_room(&names, 0);
        for n in 0..20_000 {
            assert!(endings.may_have(hash(&format!("www.Host{n}.example"))));
        }
        assert!(endings.may_have(hash("evil.example")));
        let wrong = (0..20_000).filter(|n| endings.may_have(hash(&format!("innocent{n}.example"))));
        let wrong = wrong.count();
        assert!(wrong < 200, "{wrong}");
    }

    #[test]
    fn without_names_nothing_is_listed() {
        let endings = Endings::default();
        assert!(!endings.may_have(hash("evil.example")));
    }
}
