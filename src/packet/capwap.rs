//! CAPWAP data channel (RFC 5415 section 4.3): what access points and their controller exchange.

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next};

const NATIVE: u8 = 0x01;
const FRAGMENT: u8 = 0x80;
const KEEP_ALIVE: u8 = 0x08;
/// The binding of IEEE 802.11.
const WIFI: u8 = 1;

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    // Version 0 and type 0; type 1 is DTLS. The header's length is in words and in five bits, then
    // the radio in five, the binding in five, one that marks native frames, more flags.
    let [0, length, binding, flags, ..] = data else {
        return Err(Gap::malformed(Layer::Capwap));
    };
    let header = usize::from(length >> 3).saturating_mul(4);
    if header < 8 || flags & (FRAGMENT | KEEP_ALIVE) != 0 {
        return Err(Gap::malformed(Layer::Capwap));
    }
    let rest = data.get(header..).ok_or(Gap::truncated(Layer::Capwap))?;
    path.push_between(Encapsulation::Capwap, None, Some(ends));
    match (binding & NATIVE, binding >> 1 & 0x1f) {
        (0, _) => Ok(Next::Ethernet(rest)),
        (_, WIFI) => Ok(Next::Ieee80211(rest)),
        _ => Err(Gap::malformed(Layer::Capwap)),
    }
}
