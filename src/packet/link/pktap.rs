//! Apple's PKTAP: the interface and process of a packet in front of its frame.

use super::{Gap, Inside, fixed, malformed, small_number, truncated};
use crate::source::LinkType;

/// The header's length, the kind of record and the link type, 32 bits each in the byte order of the
/// capturing machine; the length of the shortest header is 108.
pub(super) fn decode(data: &[u8]) -> Result<Inside<'_>, Gap> {
    const LINK: LinkType = LinkType::PKTAP;
    let Some(&[a, b, c, d, e, f, g, h, i, j, k, l]) = data.first_chunk::<12>() else {
        return Err(truncated(LINK));
    };
    let length = small_number([a, b, c, d]);
    let kind = small_number([e, f, g, h]);
    let inner = u16::try_from(small_number([i, j, k, l]));
    match (length, kind, inner) {
        (108..=4096, 1, Ok(inner)) => {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let frame = fixed::skip(LINK, data, length)?;
            Ok(Inside::Link(LinkType(inner), frame))
        }
        _ => Err(malformed(LINK)),
    }
}
