//! Multilink Frame Relay (FRF.16.1): Frame Relay frames cut into fragments.

use super::{Gap, Next, frame_relay, no_names, truncated, unread};
use crate::source::LinkType;

/// Two bytes: beginning, end and control flags, and a sequence number. Only a frame that one fragment
/// holds can be read.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    const LINK: LinkType = LinkType::MFR;
    let [flags, _, rest @ ..] = data else {
        return Err(truncated(LINK));
    };
    match flags & 0xe0 {
        0xc0 => frame_relay::decode(LINK, rest),
        control if control & 0x20 != 0 => Err(no_names(LINK, u16::from(control))),
        fragment => Err(unread(LINK, u16::from(fragment))),
    }
}
