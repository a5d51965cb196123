//! Hashes of what is listed, as a filter (a blocked Bloom filter): it may take a stranger for
//! listed, and never errs the other way.

/// Bits for each hash. Two of them are set, so about one stranger in two hundred passes.
const BITS: usize = 32;

/// Words of 64 bits. A hash chooses one by its upper half, and two bits of it by its lowest twelve bits.
#[derive(Debug)]
pub(super) struct Hints {
    words: Box<[u64]>,
}

impl Hints {
    /// Empty, with room for so many hashes. With more it errs more often.
    pub(super) fn with_room(hashes: usize) -> Self {
        let words = hashes.saturating_mul(BITS).div_ceil(64).max(1);
        Self {
            words: vec![0; words].into_boxed_slice(),
        }
    }

    /// The word that a hash chooses: the upper half scaled to the number of words.
    #[inline]
    pub(super) fn word(&self, hash: u64) -> u64 {
        self.words.get(self.place(hash)).copied().unwrap_or(0)
    }

    /// Adds `bits` of the word that `hash` chooses.
    pub(super) fn add(&mut self, hash: u64, bits: u64) {
        let at = self.place(hash);
        if let Some(word) = self.words.get_mut(at) {
            *word |= bits;
        }
    }

    /// Whether the hash may have been added with its own [`bits`].
    #[inline]
    pub(super) fn has(&self, hash: u64) -> bool {
        has(self.word(hash), bits(hash))
    }

    #[inline]
    fn place(&self, hash: u64) -> usize {
        ((hash >> 32).wrapping_mul(self.words.len() as u64) >> 32) as usize
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.words.len().saturating_mul(8)
    }
}

/// The two bits of a word that a hash sets.
#[inline]
pub(super) const fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

/// Whether `word` has all of `bits`.
#[inline]
pub(super) const fn has(word: u64, bits: u64) -> bool {
    word & bits == bits
}
