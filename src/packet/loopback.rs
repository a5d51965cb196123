//! BSD loopback: LINKTYPE_NULL and LINKTYPE_LOOP.

use super::Carried;
use super::{Gap, Layer, Next};

/// LINKTYPE_NULL: the protocol family as a 32-bit number in the byte order of the machine that
/// wrote the capture, which the file does not tell.
pub(super) fn decode_null(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((family, rest)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::Loopback));
    };
    // Some writers put a 16-bit family first and an EtherType after it.
    if let [_, _, 0x08, 0x00] | [_, _, 0x86, 0xdd] = family {
        return Ok(Next::Ip(rest));
    }
    let little = u32::from_le_bytes(*family);
    // Families are small numbers: the order that gives the smaller one is the right one.
    by_family(little.min(little.swap_bytes()), rest)
}

/// LINKTYPE_LOOP (OpenBSD): the same in network byte order.
pub(super) fn decode_loop(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((family, rest)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::Loopback));
    };
    by_family(u32::from_be_bytes(*family), rest)
}

fn by_family(family: u32, rest: &[u8]) -> Result<Next<'_>, Gap> {
    match family {
        // AF_INET everywhere; AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS.
        2 | 10 | 24 | 28 | 30 => Ok(Next::Ip(rest)),
        other => Err(Gap::Unread(Carried::Family(other))),
    }
}
