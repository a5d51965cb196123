//! The Huffman code of HPACK (RFC 7541 appendix B).
//!
//! It is a canonical code: codes of one length are consecutive numbers in the order of their
//! symbols, and the first of a length follows from the lengths before it. So the table of lengths
//! is all that has to be written down.

/// The symbol that ends a string; it must not occur (section 5.2).
const EOS: u16 = 256;

/// Length of each symbol's code in bits, the last one that of [`EOS`].
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

const LONGEST: usize = 30;

struct Codes {
    /// For each length: its first code, how many there are, and the place of the first one's symbol.
    of_length: [(u32, u32, u32); LONGEST + 1],
    /// The symbols in the order of their codes.
    symbols: [u16; 257],
}

static CODES: Codes = codes();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, where a mistake is an error of the compiler"
)]
const fn codes() -> Codes {
    let mut codes = Codes {
        of_length: [(0, 0, 0); LONGEST + 1],
        symbols: [0; 257],
    };
    let mut place = 0u32;
    let mut code = 0u32;
    let mut length = 1;
    while length <= LONGEST {
        code <<= 1;
        let first = place;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                codes.symbols[place as usize] = symbol as u16;
                place += 1;
            }
            symbol += 1;
        }
        codes.of_length[length] = (code, place - first, first);
        code += place - first;
        length += 1;
    }
    // A complete code: the one behind the last would have one bit more.
    assert!(code == 1 << LONGEST);
    codes
}

/// Decodes `coded` and pushes each byte. `None` where it is no valid string (section 5.2).
pub(super) fn decode(coded: &[u8], push: &mut impl FnMut(u8)) -> Option<()> {
    let mut code = 0u32;
    let mut length = 0usize;
    for byte in coded {
        for shift in (0..8u32).rev() {
            code = code << 1 | u32::from(byte >> shift & 1);
            length = length.saturating_add(1);
            let &(first, count, place) = CODES.of_length.get(length)?;
            let Some(offset) = code.checked_sub(first).filter(|&offset| offset < count) else {
                continue;
            };
            let at = usize::try_from(place.saturating_add(offset)).ok()?;
            match *CODES.symbols.get(at)? {
                EOS => return None,
                symbol => push(u8::try_from(symbol).ok()?),
            }
            code = 0;
            length = 0;
        }
    }
    // The padding is less than a byte and the beginning of EOS, which is all ones.
    let ones = 1u32
        .checked_shl(u32::try_from(length).ok()?)?
        .checked_sub(1)?;
    (length < 8 && code == ones).then_some(())
}
