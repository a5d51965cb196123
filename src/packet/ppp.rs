//! PPP (RFC 1661): what begins at the protocol field, wherever PPP is framed or carried.

use etherparse::EtherType;

use super::{Gap, Layer, Next};

/// `data` begins with an optional address and control field (FF 03) and a protocol field of two
/// bytes, or of one where both ends agreed to compress it (RFC 1661 section 6.5).
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    let data = match data {
        [0xff, 0x03, rest @ ..] => rest,
        _ => data,
    };
    // The last byte of a protocol number is odd and the others are even, so the first byte tells
    // how long the field is.
    let (protocol, rest) = match data {
        [low, rest @ ..] if low & 1 == 1 => (u16::from(*low), rest),
        [high, low, rest @ ..] if low & 1 == 1 => (u16::from_be_bytes([*high, *low]), rest),
        [_, _, ..] => return Err(Gap::malformed(Layer::Ppp)),
        _ => return Err(Gap::truncated(Layer::Ppp)),
    };
    match protocol {
        0x0021 => Ok(Next::EtherType(EtherType::IPV4, rest)),
        0x0057 => Ok(Next::EtherType(EtherType::IPV6, rest)),
        // MPLS, unicast and multicast (RFC 3032 section 4.1).
        0x0281 => Ok(Next::EtherType(EtherType(0x8847), rest)),
        0x0283 => Ok(Next::EtherType(EtherType(0x8848), rest)),
        0x0031 => bridged(rest),
        0x003d => multilink(rest),
        other => Err(Gap::ppp(other)),
    }
}

/// A bridged Ethernet frame (RFC 3518 section 4.2): flags, the kind of network, and a LAN identifier
/// where the I flag is set.
fn bridged(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [flags, 1, frame @ ..] if flags & 0x40 == 0 => Ok(Next::Ethernet(frame)),
        [flags, 1, _, _, _, _, frame @ ..] if flags & 0x40 != 0 => Ok(Next::Ethernet(frame)),
        [_, 1, ..] | [] | [_] => Err(Gap::truncated(Layer::Ppp)),
        // Spanning tree, Token Ring, FDDI.
        _ => Err(Gap::ppp(0x0031)),
    }
}

/// Multilink with the long header (RFC 1990 section 3): only a packet that one fragment holds.
fn multilink(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0xc0, _, _, _, rest @ ..] => Ok(Next::Ppp(rest)),
        [_, _, _, _, ..] => Err(Gap::ppp(0x003d)),
        _ => Err(Gap::truncated(Layer::Ppp)),
    }
}
