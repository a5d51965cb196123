//! ARCNET: RFC 1201, and RFC 1051 before it.

use super::{Gap, Next, fixed, no_names, truncated, unread};
use crate::source::LinkType;

/// `addresses`: the bytes in front of the protocol. They are the two addresses, and on Linux the
/// packet's offset in the card's buffer.
pub(super) fn decode(link: LinkType, data: &[u8], addresses: usize) -> Result<Next<'_>, Gap> {
    let Some((&protocol, rest)) = fixed::skip(link, data, addresses)?.split_first() else {
        return Err(truncated(link));
    };
    match protocol {
        // RFC 1051: nothing else.
        240 => Ok(Next::Ip(rest)),
        // IP, and IPv6 (RFC 2497).
        212 | 196 => Ok(Next::Ip(unsplit(link, rest)?)),
        // ARP of both, reverse ARP, AppleTalk, IPX, diagnosis.
        241 | 213 | 214 | 221 | 250 | 128 => Err(no_names(link, u16::from(protocol))),
        other => Err(unread(link, u16::from(other))),
    }
}

/// The split flag and a sequence number (RFC 1201 section 2.2). 0 is an unfragmented packet, odd the
/// first fragment, which is used as far as it goes, and even a later one.
fn unsplit(link: LinkType, data: &[u8]) -> Result<&[u8], Gap> {
    match data {
        // An exception packet: the flag says so, and the real one follows after three more bytes.
        [0xff, _, _, _, rest @ ..] => unsplit_once(link, rest),
        _ => unsplit_once(link, data),
    }
}

fn unsplit_once(link: LinkType, data: &[u8]) -> Result<&[u8], Gap> {
    match data {
        [flag, _, _, rest @ ..] if *flag == 0 || flag & 1 == 1 => Ok(rest),
        [flag, _, _, ..] => Err(unread(link, u16::from(*flag))),
        _ => Err(truncated(link)),
    }
}
