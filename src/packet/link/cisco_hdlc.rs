//! Cisco HDLC: address, a zero, and a protocol number that is an EtherType or one of Cisco's.

use etherparse::EtherType;

use super::{Gap, Next, nlpid, no_names, truncated};
use crate::source::LinkType;

pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0xff, 0x03, ..] => Ok(Next::Ppp(data)),
        [_, _, high, low, rest @ ..] => match u16::from_be_bytes([*high, *low]) {
            // Discovery, and the keep-alives of SLARP.
            protocol @ (0x2000 | 0x8035) => Err(no_names(link, protocol)),
            // OSI: a pad byte and a network layer identifier follow.
            0xfefe => nlpid::decode(rest.get(1..).unwrap_or_default()),
            protocol => Ok(Next::EtherType(EtherType(protocol), rest)),
        },
        _ => Err(truncated(link)),
    }
}
