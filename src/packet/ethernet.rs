//! Ethernet II, and IEEE 802.3 frames with LLC and SNAP.

use etherparse::{EtherType, Ethernet2HeaderSlice};

use super::Carried;
use super::{Gap, Layer, Next};

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
    } else {
        llc(rest)
    }
}

/// IEEE 802.2 LLC: only SNAP with an Ethernet OUI (RFC 1042, 802.1H) leads to IP.
#[cold]
pub(super) fn llc(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [
            0xaa,
            0xaa,
            0x03,
            0x00,
            0x00,
            0x00 | 0xf8,
            high,
            low,
            rest @ ..,
        ] => Ok(Next::EtherType(
            EtherType(u16::from_be_bytes([*high, *low])),
            rest,
        )),
        // 0x06 is the SAP of IP itself.
        [0x06, 0x06, 0x03, rest @ ..] => Ok(Next::Ip(rest)),
        [_, _, _, ..] => Err(Gap::NoNames(Carried::Llc)),
        _ => Err(Gap::truncated(Layer::Ethernet)),
    }
}
