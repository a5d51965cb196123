//! ATM as Solaris captures it: LINKTYPE_SUNATM.

use super::{Gap, Next, ethernet, fixed, no_names, truncated, unread};
use crate::source::LinkType;

/// Direction and kind, virtual path, virtual circuit (16 bits), then what the kind says.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    const LINK: LinkType = LinkType::SUNATM;
    let [flags, path, high, low, rest @ ..] = data else {
        return Err(truncated(LINK));
    };
    // Circuits below 32 of path 0 are for signalling.
    let signalling = *path == 0 && *high == 0 && *low < 32;
    match flags & 0x0f {
        // LAN emulation: the sender's number in front of an Ethernet frame; FF00 is a control frame.
        1 => match rest {
            [0xff, 0x00, ..] => Err(no_names(LINK, 1)),
            _ => Ok(Next::Ethernet(fixed::skip(LINK, rest, 2)?)),
        },
        2 if !signalling => ethernet::llc(rest),
        kind if signalling => Err(no_names(LINK, u16::from(kind))),
        // Multicast address resolution and interim management.
        kind @ 4..=6 => Err(no_names(LINK, u16::from(kind))),
        kind => Err(unread(LINK, u16::from(kind))),
    }
}
