//! Prism and AVS headers in front of 802.11 frames.

use super::{Gap, Inside, fixed, malformed, small_number, truncated};
use crate::source::LinkType;

/// The first four bytes of an AVS header, without the version in the last digit.
const AVS_MAGIC: [u8; 3] = [0x80, 0x21, 0x10];

/// Message code and length, 32 bits each in the byte order of the capturing machine, then the device
/// and what was measured. Some drivers write AVS headers under this link type.
pub(super) fn decode(data: &[u8]) -> Result<Inside<'_>, Gap> {
    const LINK: LinkType = LinkType::IEEE802_11_PRISM;
    if data.starts_with(&AVS_MAGIC) {
        return decode_avs(data);
    }
    let Some(&[_, _, _, _, a, b, c, d]) = data.first_chunk::<8>() else {
        return Err(truncated(LINK));
    };
    // 144 with all items; an item has 12 bytes, and the device name 16.
    match small_number([a, b, c, d]) {
        length @ 24..=4096 => inside(LINK, data, length),
        // Without a header at all.
        _ => Err(malformed(LINK)),
    }
}

/// Magic number and length, 32 bits each in network byte order.
pub(super) fn decode_avs(data: &[u8]) -> Result<Inside<'_>, Gap> {
    const LINK: LinkType = LinkType::IEEE802_11_AVS;
    let Some(&[_, _, _, _, a, b, c, d]) = data.first_chunk::<8>() else {
        return Err(truncated(LINK));
    };
    match u32::from_be_bytes([a, b, c, d]) {
        length @ 8..=4096 => inside(LINK, data, length),
        _ => Err(malformed(LINK)),
    }
}

fn inside(link: LinkType, data: &[u8], length: u32) -> Result<Inside<'_>, Gap> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let frame = fixed::skip(link, data, length)?;
    Ok(Inside::Link(LinkType::IEEE802_11, frame))
}
