//! Packets over ATM: RFC 2684 (once 1483) and Classical IP.

use super::{Gap, Next, ethernet, nlpid, truncated};
use crate::source::LinkType;

/// LLC, or the frames of Cisco that begin with its control field and a network layer identifier.
pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0x03, rest @ ..] => nlpid::decode(rest),
        [] => Err(truncated(link)),
        _ => ethernet::llc(data),
    }
}

/// Classical IP on Linux: LLC where the circuit has it, or the bare packet.
pub(super) fn decode_clip(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0xaa, 0xaa, 0x03, ..] => ethernet::llc(data),
        [] => Err(truncated(link)),
        _ => Ok(Next::Ip(data)),
    }
}
