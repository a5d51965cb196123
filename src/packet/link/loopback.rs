//! BSD loopback: LINKTYPE_NULL and LINKTYPE_LOOP.

use super::{Carried, Gap, Next, small_number, truncated};
use crate::source::LinkType;

/// LINKTYPE_NULL: the protocol family as a 32-bit number in the byte order of the machine that
/// wrote the capture, which the file does not tell.
pub(super) fn decode_null(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((family, rest)) = data.split_first_chunk::<4>() else {
        return Err(truncated(LinkType::NULL));
    };
    // Some writers put a 16-bit family first and an EtherType after it, some a PPP header.
    if let [_, _, 0x08, 0x00] | [_, _, 0x86, 0xdd] = family {
        return Ok(Next::Ip(rest));
    }
    if let [0xff, 0x03, ..] = family {
        return Ok(Next::Ppp(data));
    }
    by_family(small_number(*family), rest)
}

/// LINKTYPE_LOOP (OpenBSD): the same in network byte order, which some writers forget.
pub(super) fn decode_loop(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((family, rest)) = data.split_first_chunk::<4>() else {
        return Err(truncated(LinkType::LOOP));
    };
    by_family(small_number(*family), rest)
}

fn by_family(family: u32, rest: &[u8]) -> Result<Next<'_>, Gap> {
    match family {
        // AF_INET everywhere; AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS.
        2 | 10 | 24 | 28 | 30 => Ok(Next::Ip(rest)),
        // AF_INET6 of Windows is AF_IPX of the BSDs.
        23 if rest.first().is_some_and(|b| b >> 4 == 6) => Ok(Next::Ip(rest)),
        other => Err(Gap::Unread(Carried::Family(other))),
    }
}
