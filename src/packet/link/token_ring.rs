//! Token Ring (IEEE 802.5): access and frame control, two addresses, the route, LLC.

use super::{Gap, Next, ethernet, fixed, no_names, truncated};
use crate::source::LinkType;

pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    const LINK: LinkType = LinkType::IEEE802_5;
    let Some((&[_, control, .., first_of_source, _, _, _, _, _], rest)) =
        data.split_first_chunk::<14>()
    else {
        return Err(truncated(LINK));
    };
    if control & 0xc0 != 0x40 {
        return Err(no_names(LINK, u16::from(control)));
    }
    // The group bit of the source address says that the frame is routed: the lower five bits of the
    // next byte are the route's length.
    if first_of_source & 0x80 == 0 {
        return ethernet::llc(rest);
    }
    let Some(route) = rest.first() else {
        return Err(truncated(LINK));
    };
    ethernet::llc(fixed::skip(LINK, rest, usize::from(route & 0x1f))?)
}
