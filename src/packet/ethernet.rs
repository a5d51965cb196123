//! Ethernet II, and IEEE 802.3 frames with LLC and SNAP.

use etherparse::{EtherType, Ethernet2HeaderSlice};

use super::link::nlpid;
use super::{Carried, Gap, Layer, Next};

/// Values up to here in the type field are a payload length (IEEE 802.3 clause 3.2.6).
const MAX_LENGTH: u16 = 1500;

#[inline]
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Ok(header) = Ethernet2HeaderSlice::from_slice(data) else {
        return Err(Gap::truncated(Layer::Ethernet));
    };
    let rest = data.get(14..).unwrap_or_default();
    let ether_type = header.ether_type();
    if ether_type.0 > MAX_LENGTH {
        Ok(Next::EtherType(ether_type, rest))
    } else if let Some(frame) = isl(data) {
        Ok(Next::Ethernet(frame))
    } else {
        llc(rest)
    }
}

/// What stands behind a type field that may be a length.
pub(super) fn typed(type_or_length: u16, rest: &[u8]) -> Result<Next<'_>, Gap> {
    if type_or_length > MAX_LENGTH {
        Ok(Next::EtherType(EtherType(type_or_length), rest))
    } else {
        llc(rest)
    }
}

/// IEEE 802.2 LLC.
#[cold]
pub(super) fn llc(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0xaa, 0xaa, 0x03, a, b, c, high, low, rest @ ..] => {
            // RFC 2684 section 5.2 pads bridged frames with two bytes.
            snap([*a, *b, *c], u16::from_be_bytes([*high, *low]), rest, 2)
        }
        [0xaa, 0xaa, 0x03, ..] => Err(Gap::truncated(Layer::Llc)),
        // 0x06 is the SAP of IP itself, 0xfe that of OSI, whose identifiers have one for IP.
        [0x06, 0x06, 0x03, rest @ ..] => Ok(Next::Ip(rest)),
        [0xfe, 0xfe, 0x03, rest @ ..] => nlpid::decode(rest),
        [_, _, _, ..] => Err(Gap::NoNames(Carried::Llc)),
        _ => Err(Gap::truncated(Layer::Llc)),
    }
}

/// SNAP: an organisation and a protocol of its own. `pad` bytes stand before a bridged frame.
pub(super) fn snap(
    organisation: [u8; 3],
    protocol: u16,
    rest: &[u8],
    pad: usize,
) -> Result<Next<'_>, Gap> {
    match (organisation, protocol) {
        // EtherTypes (RFC 1042, IEEE 802.1H).
        ([0, 0, 0 | 0xf8], _) => Ok(Next::EtherType(EtherType(protocol), rest)),
        // IEEE 802.1: a bridged Ethernet frame, with and without its check sequence.
        ([0x00, 0x80, 0xc2], 0x0001 | 0x0007) => match rest.get(pad..) {
            Some(frame) => Ok(Next::Ethernet(frame)),
            None => Err(Gap::truncated(Layer::Llc)),
        },
        // Cisco's and Nortel's discovery, VLAN and link protocols, spanning tree, AppleTalk.
        (
            [0x00, 0x00, 0x0c | 0x81]
            | [0x00, 0x01, 0x42]
            | [0x00, 0xe0, 0x2b]
            | [0x08, 0x00, 0x07],
            _,
        )
        | ([0x00, 0x80, 0xc2], 0x000d | 0x000e) => {
            Err(Gap::NoNames(Carried::Snap(organisation, protocol)))
        }
        _ => Err(Gap::Unread(Carried::Snap(organisation, protocol))),
    }
}

/// Cisco ISL: a 26-byte header around a whole frame, which looks like IEEE 802.3 with LLC itself.
#[cold]
fn isl(data: &[u8]) -> Option<&[u8]> {
    let header = data.first_chunk::<26>()?;
    match header {
        [0x01 | 0x03 | 0x0c, 0x00, 0x0c, 0x00, 0x00, kind, ..] if kind & 0xf0 == 0 => {}
        _ => return None,
    }
    match header.get(14..17) {
        Some([0xaa, 0xaa, 0x03]) => data.get(26..),
        _ => None,
    }
}
