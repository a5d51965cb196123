//! PPP on a serial line: with the address and control bytes of HDLC, without, or Cisco HDLC instead.

use super::{Gap, Next, cisco_hdlc, truncated};
use crate::source::LinkType;

pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [] => Err(truncated(link)),
        // 0x0f would be a compressed protocol number (RFC 1661 section 6.5) that is not assigned.
        [0x0f | 0x8f, 0x00, ..] => cisco_hdlc::decode(link, data),
        _ => Ok(Next::Ppp(data)),
    }
}

/// LINKTYPE_PPP_PPPD: the direction, 0 or 1, stands in the place of the address byte.
pub(super) fn decode_pppd(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0x00 | 0x01, 0x03, rest @ ..] => Ok(Next::Ppp(rest)),
        _ => decode(LinkType::PPP_PPPD, data),
    }
}
