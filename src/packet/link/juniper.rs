//! Juniper routers' own headers in front of what their interfaces carry.

use super::{Gap, Next, cisco_hdlc, fixed, frame_relay, malformed, ppp, truncated};
use crate::source::LinkType;

/// Magic number, flags and, where flag 0x80 is set, extensions behind their 16-bit length. Flag 0x02:
/// the link header was taken off, and four bytes stand in its place.
pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    let (flags, rest) = match data {
        [0x4d, 0x47, 0x43, flags, rest @ ..] => (*flags, rest),
        [_, _, _, _, ..] => return Err(malformed(link)),
        _ => return Err(truncated(link)),
    };
    let rest = match (flags & 0x80, rest) {
        (0, _) => rest,
        (_, [high, low, rest @ ..]) => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            fixed::skip(link, rest, length)?
        }
        _ => return Err(truncated(link)),
    };
    if flags & 0x02 != 0 {
        return Ok(Next::Ip(fixed::skip(link, rest, 4)?));
    }
    match link {
        LinkType::JUNIPER_ETHER => Ok(Next::Ethernet(rest)),
        LinkType::JUNIPER_PPP => ppp::decode(link, rest),
        LinkType::JUNIPER_FRELAY => frame_relay::decode(link, rest),
        LinkType::JUNIPER_CHDLC => cisco_hdlc::decode(link, rest),
        // The other kinds have a cookie of the service card here.
        _ => Err(Gap::link(link)),
    }
}
