//! Random-looking bytes that are made once, with sums of their words.
//!
//! A payload is a piece of the pool, so it costs one copy, and its part of the checksum two look-ups.

use super::rng::Rng;

/// It stays in the L2 cache together with the buffer that is written.
const LEN: usize = 128 * 1024;

/// A piece has at most so many bytes.
pub(super) const MAX_PIECE: usize = 2_048;

#[derive(Debug)]
pub(super) struct Pool {
    bytes: Box<[u8]>,
    /// The sum of the 16-bit words (big-endian) before each even offset.
    sums: Box<[u32]>,
}

impl Pool {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let bytes: Box<[u8]> = (0..LEN / 8)
            .flat_map(|_| rng.word().to_le_bytes())
            .collect();
        let mut sum = 0u32; // 65,536 words of 16 bits fit
        let mut sums = vec![0];
        for pair in bytes.chunks_exact(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(pair[1]);
            sums.push(sum);
        }
        Self {
            bytes,
            sums: sums.into(),
        }
    }

    /// A place where a piece may begin, from any random bits: even, and far enough from the end.
    #[inline]
    pub(super) fn place(bits: u64) -> usize {
        (((bits & 0xffff_ffff) * ((LEN - MAX_PIECE) as u64 / 2)) >> 32) as usize * 2
    }

    #[inline]
    pub(super) fn piece(&self, at: usize, len: usize) -> &[u8] {
        &self.bytes[at..at + len]
    }

    /// The sum of the words of a piece at an even place; an odd last byte counts as a high one.
    #[inline]
    pub(super) fn sum(&self, at: usize, len: usize) -> u64 {
        let end = at + len;
        let mut sum = u64::from(self.sums[end / 2] - self.sums[at / 2]);
        if len & 1 == 1 {
            sum += u64::from(self.bytes[end - 1]) << 8;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::capture::sum;
    use super::*;

    #[test]
    fn sums_are_those_of_the_bytes() {
        let pool = Pool::new(5);
        let fold = |mut s: u64| {
            while s >> 16 != 0 {
                s = (s & 0xffff) + (s >> 16);
            }
            s
        };
        for (bits, len) in [
            (0, 1448),
            (u64::MAX, MAX_PIECE),
            (1 << 31, 7),
            (77 << 20, 0),
        ] {
            let at = Pool::place(bits);
            let piece = pool.piece(at, len);
            assert_eq!(fold(pool.sum(at, len)), fold(sum(piece)), "{bits} {len}");
        }
    }
}
