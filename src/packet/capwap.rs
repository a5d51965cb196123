//! CAPWAP data channel (RFC 5415 section 4.3): what access points and their controller exchange.

use super::path::{Encapsulation, Ends, Path};
use super::{Capwap, Carried, Gap, Layer, Next, Stop, link};

/// In the third byte: the frame is one of the binding. Otherwise it is one of Ethernet.
const NATIVE: u8 = 0x01;

/// Bits of the fourth byte.
mod flag {
    pub(super) const FRAGMENT: u8 = 0x80;
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

/// A frame's first fragment is used as far as it goes: IP's length says that it is cut.
pub(super) fn decode<'a>(
    data: &'a [u8],
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Stop<'a>> {
    // Version 0 and type 0; type 1 is DTLS. The header's length is in words and in five bits, then
    // the radio in five, the binding in five, one that marks native frames, more flags.
    let [0, length, binding, flags, _, _, high, low, ..] = data else {
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
    let native = binding & NATIVE != 0;
    let binding = binding >> 1 & 0x1f;
    // In units of eight bytes; three reserved bits follow.
    let [offset, reserved] = [u16::from_be_bytes([*high, *low]) >> 3, u16::from(low & 7)];
    if flags & flag::FRAGMENT != 0 && offset != 0 {
        // Nothing behind the header vouches for it, so all of the header must be right.
        let right = reserved == 0
            && flags & flag::RESERVED == 0
            && binding == WIFI
            && are_options(*flags, options);
        return Err(match right {
            true => Gap::Unread(Carried::Capwap(Capwap::Fragment)),
            false => Gap::malformed(Layer::Capwap),
        }
        .into());
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
        let length = match left.first() {
            // EUI-48 or EUI-64.
            Some(6 | 8) => left.first(),
            Some(_) if present == flag::WIRELESS => left.first(),
            _ => None,
        };
        let field = length.map(|n| usize::from(*n).saturating_add(1).next_multiple_of(4));
        match field.and_then(|n| left.get(n..)) {
            Some(behind) => left = behind,
            None => return false,
        }
    }
    left.is_empty()
}

/// RFC 5415 section 4.4.1: the length of the message elements, and the session, an element of type
/// 35 with 16 bytes.
fn is_keep_alive(data: &[u8]) -> bool {
    matches!(data, [_, _, 0, 35, 0, 16, session @ ..] if session.len() >= 16)
}
