//! CAPWAP data channel (RFC 5415 section 4.3): what access points and their controller exchange.

use super::path::{Encapsulation, Path};
use super::{
    Capwap, Carried, Channel, Datagram, Fragment, Gap, Layer, Next, Packet, Stop, Whole, link,
};

/// In the third byte: the frame is one of the binding. Otherwise it is one of Ethernet.
const NATIVE: u8 = 0x01;
/// In the third byte: the last two bits of the radio's number.
const RADIO_NUMBER: u8 = 0xc0;

/// Bits of the fourth byte.
mod flag {
    pub(super) const FRAGMENT: u8 = 0x80;
    pub(super) const LAST: u8 = 0x40;
    /// A wireless specific field follows, and before it, with the next bit, the radio's address.
    pub(super) const WIRELESS: u8 = 0x20;
    pub(super) const RADIO: u8 = 0x10;
    pub(super) const KEEP_ALIVE: u8 = 0x08;
    pub(super) const RESERVED: u8 = 0x07;
}

/// No binding. Some vendors state it where they send 802.11.
const NONE: u8 = 0;
/// The binding of IEEE 802.11 (RFC 5416).
const WIFI: u8 = 1;

/// The header of a whole frame, with this third byte.
pub(super) fn header(kind: u8) -> [u8; 8] {
    [0, 2 << 3, kind, 0, 0, 0, 0, 0]
}

pub(super) fn decode<'a>(
    outer: &Packet<'a>,
    datagram: &Datagram<'a>,
    path: &mut Path,
) -> Result<Next<'a>, Stop<'a>> {
    let data = datagram.payload;
    // Version 0 and type 0; type 1 is DTLS. The header's length is in words and in five bits, then
    // the radio in five, the binding in five, one that marks native frames, more flags.
    let Some(&[0, length, kind, flags, id_high, id_low, high, low]) = data.first_chunk::<8>()
    else {
        return Err(Gap::malformed(Layer::Capwap).into());
    };
    let header = usize::from(length >> 3).saturating_mul(4);
    let (Some(options), Some(rest)) = (data.get(8..header), data.get(header..)) else {
        return Err(match header {
            0..8 => Gap::malformed(Layer::Capwap),
            _ => Gap::truncated(Layer::Capwap),
        }
        .into());
    };
    if flags & flag::KEEP_ALIVE != 0 {
        return Err(match is_keep_alive(rest) {
            true => Gap::NoNames(Carried::Capwap(Capwap::KeepAlive)),
            false => Gap::malformed(Layer::Capwap),
        }
        .into());
    }
    let ends = (outer.ip.source(), outer.ip.destination());
    let (native, binding) = (kind & NATIVE != 0, kind >> 1 & 0x1f);
    // In units of eight bytes; three reserved bits follow.
    let position = u16::from_be_bytes([high, low]);
    let offset = position & !7;
    let more = flags & flag::LAST == 0;
    if flags & flag::FRAGMENT != 0 && (more || offset != 0) {
        // Nothing behind the header vouches for it, so all of the header must be right.
        let right = position & 7 == 0
            && flags & flag::RESERVED == 0
            && (binding == WIFI || binding == NONE && !options.is_empty())
            && are_options(flags, options);
        if right && let Some(channel) = Channel::new(datagram.sport, datagram.dport) {
            return Err(Stop::Fragment(Fragment {
                src: ends.0,
                dst: ends.1,
                whole: Whole::Capwap(channel),
                id: u32::from(u16::from_be_bytes([id_high, id_low])),
                protocol: kind & !RADIO_NUMBER,
                offset,
                more,
                data: rest,
                cut: outer.cut,
            }));
        }
        // A beginning may still be used as far as it goes: IP's length says that it is cut.
        if offset != 0 {
            return Err(Gap::malformed(Layer::Capwap).into());
        }
    }
    path.push_between(Encapsulation::Capwap, None, Some(ends));
    match (native, binding) {
        (false, _) => Ok(Next::Ethernet(rest)),
        (true, NONE | WIFI) => link::ieee80211::decode_either_order(rest, binding == WIFI, path),
        _ => Err(Gap::malformed(Layer::Capwap).into()),
    }
}

/// What the header holds behind its first eight bytes: the radio's address and the wireless specific
/// field, each with a length in front and zeros up to a multiple of four bytes behind, or nothing.
fn are_options(flags: u8, options: &[u8]) -> bool {
    let mut left = options;
    for present in [flag::RADIO, flag::WIRELESS] {
        if flags & present == 0 {
            continue;
        }
        let length = match (present, left.first()) {
            // EUI-48 or EUI-64.
            (flag::RADIO, Some(n @ (6 | 8))) | (flag::WIRELESS, Some(n @ 1..)) => usize::from(*n),
            _ => return false,
        };
        let field = length.saturating_add(1).next_multiple_of(4);
        let Some(behind) = left.get(field..) else {
            return false;
        };
        left = behind;
    }
    left.is_empty()
}

/// RFC 5415 section 4.4.1: the length of the message elements, and the session, an element of type
/// 35 with 16 bytes.
fn is_keep_alive(data: &[u8]) -> bool {
    matches!(data, [_, _, 0, 35, 0, 16, session @ ..] if session.len() >= 16)
}
