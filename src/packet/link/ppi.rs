//! Per-Packet Information: a header of fields in front of a frame of any link type.

use super::{Gap, Inside, fixed, malformed, truncated};
use crate::source::LinkType;

/// Version, flags, the header's length (16 bits) and the link type (32 bits), little-endian.
pub(super) fn decode(data: &[u8]) -> Result<Inside<'_>, Gap> {
    const LINK: LinkType = LinkType::PPI;
    let Some(&[version, _, low, high, a, b, c, d]) = data.first_chunk::<8>() else {
        return Err(truncated(LINK));
    };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let inner = u16::try_from(u32::from_le_bytes([a, b, c, d]));
    match (version, inner) {
        (0, Ok(inner)) if length >= 8 => Ok(Inside::Link(
            LinkType(inner),
            fixed::skip(LINK, data, length)?,
        )),
        _ => Err(malformed(LINK)),
    }
}
