//! Ethernet frames with what stands before them on the wire (IEEE 802.3 clauses 7.2.3 and 99.3).

use super::{Gap, Next, no_names, truncated, unread};
use crate::source::LinkType;

/// Up to seven bytes of 0x55, a delimiter, the frame.
pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    let preamble = data.iter().take(7).take_while(|byte| **byte == 0x55);
    match data.get(preamble.count()..) {
        // A whole frame, or the first part of one that an urgent frame interrupted, which is used as
        // far as it goes.
        Some([0xd5 | 0xe6 | 0x4c | 0x7f | 0xb3, frame @ ..]) => Ok(Next::Ethernet(frame)),
        // The link's question whether the other end can do this, and the answer.
        Some([delimiter @ (0x07 | 0x19), ..]) => Err(no_names(link, u16::from(*delimiter))),
        // A later part.
        Some([delimiter, ..]) => Err(unread(link, u16::from(*delimiter))),
        _ => Err(truncated(link)),
    }
}
