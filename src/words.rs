//! Eight bytes at a time: what the hashes of names are made of.

/// One in every byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of every byte.
pub(crate) const HIGH: u64 = 0x8080_8080_8080_8080;
/// Odd, with as many ones as zeros, in no pattern: the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Takes eight bytes into a hash: both halves of the 128-bit product, so that each bit of the
/// result hangs on every byte.
#[inline]
pub(crate) const fn mix(hash: u64, word: u64) -> u64 {
    // Widened, the product cannot overflow.
    let wide = ((hash ^ word) as u128).wrapping_mul(MULTIPLIER as u128);
    // The halves.
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// The highest bit of each byte of `word` that is `byte`, and no other bit.
#[inline]
pub(crate) const fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ ONES.wrapping_mul(byte as u64);
    !((other & !HIGH).wrapping_add(!HIGH) | other) & HIGH
}

/// ASCII letters to lower case.
#[inline]
pub(crate) const fn lower(word: u64) -> u64 {
    let low = word & !HIGH;
    let from_a = low.wrapping_add(ONES.wrapping_mul(0x80_u64.wrapping_sub(b'A' as u64)));
    let behind_z = low.wrapping_add(ONES.wrapping_mul(0x7f_u64.wrapping_sub(b'Z' as u64)));
    let upper = from_a & !behind_z & !word & HIGH;
    word | (upper >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_are_lower_cased_and_searched_byte_by_byte(bytes in any::<[u8; 8]>(), byte in any::<u8>()) {
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(lower(word).to_le_bytes(), bytes.map(|b| b.to_ascii_lowercase()));
            let want = bytes.map(|b| if b == byte { 0x80 } else { 0 });
            prop_assert_eq!(equal(word, byte), u64::from_le_bytes(want));
        }
    }
}
