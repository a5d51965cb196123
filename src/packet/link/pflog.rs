//! Packets that the BSD packet filter logs: LINKTYPE_PFLOG.

use super::{Gap, Next, fixed, malformed, truncated};
use crate::source::LinkType;

/// The first byte is the header's length without the padding to a multiple of four; the shortest
/// header there was has 45 bytes. An IP packet follows.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    const LINK: LinkType = LinkType::PFLOG;
    let Some(&length) = data.first() else {
        return Err(truncated(LINK));
    };
    if length < 45 {
        return Err(malformed(LINK));
    }
    let length = usize::from(length).next_multiple_of(4);
    Ok(Next::Ip(fixed::skip(LINK, data, length)?))
}
