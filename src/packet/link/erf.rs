//! Endace's Extensible Record Format: LINKTYPE_ERF.

use super::{Gap, Next, atm, fixed, no_names, ppp, truncated, unread};
use crate::source::LinkType;

const LINK: LinkType = LinkType::ERF;

/// Time stamp (8 bytes), kind, flags, and three 16-bit numbers. The upper bit of the kind, and of the
/// first byte of each 8-byte extension, says that an extension follows.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((&[_, _, _, _, _, _, _, _, kind, ..], mut rest)) = data.split_first_chunk::<16>()
    else {
        return Err(truncated(LINK));
    };
    let mut more = kind & 0x80 != 0;
    while more {
        let Some((extension, after)) = rest.split_first_chunk::<8>() else {
            return Err(truncated(LINK));
        };
        more = extension.first().is_some_and(|byte| byte & 0x80 != 0);
        rest = after;
    }
    match kind & 0x7f {
        // Packet over SONET, plain, coloured and hashed: PPP or Cisco HDLC.
        1 | 10 | 15 | 19 => ppp::decode(LINK, rest),
        // The same with 4 bytes for the channel in front.
        5 | 17 => ppp::decode(LINK, fixed::skip(LINK, rest, 4)?),
        // Ethernet, plain, coloured and hashed, behind an offset and a pad byte.
        2 | 11 | 16 | 20 => Ok(Next::Ethernet(fixed::skip(LINK, rest, 2)?)),
        // AAL5 behind the header of its cell, and behind that of its channel.
        4 => atm::decode(LINK, fixed::skip(LINK, rest, 4)?),
        9 => atm::decode(LINK, fixed::skip(LINK, rest, 8)?),
        22 | 23 => Ok(Next::Ip(rest)),
        // Counters, metadata, padding.
        kind @ (13 | 14 | 27 | 48) => Err(no_names(LINK, u16::from(kind))),
        kind => Err(unread(LINK, u16::from(kind))),
    }
}
