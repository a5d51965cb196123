//! MACsec (IEEE 802.1AE) where it only signs.

use etherparse::EtherType;

use super::path::{Encapsulation, Path};
use super::{Gap, Layer, Next};

const SCI: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;

/// The signature at the end is left where it is: the lengths inside leave it out.
pub(super) fn decode<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(flags) = data.first() else {
        return Err(Gap::truncated(Layer::Macsec));
    };
    if flags & (ENCRYPTED | CHANGED) != 0 {
        return Err(Gap::ether_type(EtherType(0x88e5)));
    }
    // Flags, short length, packet number; the channel's identifier where a flag says so.
    let header = match flags & SCI {
        0 => 6,
        _ => 14,
    };
    let next = super::tags::ether_type(data.get(header..).unwrap_or_default(), Layer::Macsec)?;
    path.push(Encapsulation::Macsec, None);
    Ok(next)
}
