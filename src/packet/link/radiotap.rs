//! Radiotap: what a radio says of an 802.11 frame, in front of it (<https://www.radiotap.org>).

use super::{Next, Path, Stop, fixed, ieee80211, malformed, truncated};
use crate::source::LinkType;

/// The frame's header is padded to a multiple of four bytes (flags field, bit 5).
const DATA_PAD: u8 = 0x20;

/// All numbers are little-endian. The header is version, a pad byte, its length, and presence words
/// of which each says in bit 31 whether another follows. Of the fields only the flags matter, the
/// second one of the first word.
pub(super) fn decode<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Stop<'a>> {
    const LINK: LinkType = LinkType::IEEE802_11_RADIOTAP;
    let Some(&[version, _, low, high, ..]) = data.first_chunk::<8>() else {
        return Err(truncated(LINK).into());
    };
    let length = usize::from(u16::from_le_bytes([low, high]));
    if version != 0 || length < 8 {
        return Err(malformed(LINK).into());
    }
    let frame = fixed::skip(LINK, data, length)?;
    let header = data.get(..length).unwrap_or_default();
    let padded = flags(header).is_some_and(|flags| flags & DATA_PAD != 0);
    ieee80211::decode(frame, padded, path)
}

/// The flags field, where there is one.
fn flags(header: &[u8]) -> Option<u8> {
    let words = header.get(4..)?.chunks_exact(4);
    let chained = words.take_while(|word| matches!(word, [_, _, _, last] if last & 0x80 != 0));
    // The last presence word has no bit 31, and the fields begin behind it.
    let presence = chained.count().checked_add(1)?.checked_mul(4)?;
    let mut at = presence.checked_add(4)?;
    let first = *header.get(4)?;
    if first & 0x02 == 0 {
        return None;
    }
    if first & 0x01 != 0 {
        // The time stamp: 8 bytes at a multiple of 8 from the header's beginning.
        at = at.checked_next_multiple_of(8)?.checked_add(8)?;
    }
    header.get(at).copied()
}
