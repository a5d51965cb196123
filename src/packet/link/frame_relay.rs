//! Frame Relay: RFC 2427, and Cisco's encapsulation with an EtherType.

use etherparse::EtherType;

use super::{Gap, Next, malformed, nlpid, truncated, unread};
use crate::source::LinkType;

pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    // The Q.922 address has two to four bytes; the lowest bit is set in the last one only.
    let rest = match data {
        [a, b, rest @ ..] if a & 1 == 0 && b & 1 == 1 => rest,
        [a, b, c, rest @ ..] if (a | b) & 1 == 0 && c & 1 == 1 => rest,
        [a, b, c, d, rest @ ..] if (a | b | c) & 1 == 0 && d & 1 == 1 => rest,
        [_, _, _, _, ..] => return Err(malformed(link)),
        _ => return Err(truncated(link)),
    };
    match rest {
        // Unnumbered information; with the poll bit it is the status of the line.
        [0x03 | 0x13, rest @ ..] => nlpid::decode(rest),
        [high, low, rest @ ..] => match u16::from_be_bytes([*high, *low]) {
            protocol @ 0x0600.. => Ok(Next::EtherType(EtherType(protocol), rest)),
            other => Err(unread(link, other)),
        },
        _ => Err(truncated(link)),
    }
}
