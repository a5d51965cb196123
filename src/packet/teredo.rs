//! Teredo (RFC 4380): IPv6 in UDP through NAT.

use etherparse::EtherType;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next};

pub(super) fn decode<'a>(mut data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    // The authentication indication: lengths of identifier and value, both, a nonce and a
    // confirmation byte.
    if let [0, 1, identifier, value, rest @ ..] = data {
        let length = usize::from(*identifier)
            .saturating_add(usize::from(*value))
            .saturating_add(9);
        data = rest.get(length..).ok_or(Gap::truncated(Layer::Teredo))?;
    }
    // The origin indication: port and address, both inverted.
    if let [0, 0, _, _, _, _, _, _, rest @ ..] = data {
        data = rest;
    }
    let ours = |at: usize| {
        // The service prefix of today and of before 2006, and the link's own addresses while a
        // client asks for one.
        matches!(
            data.get(at..),
            Some([0x20, 0x01, 0, 0, ..] | [0x3f, 0xfe, 0x83, 0x1f, ..] | [0xfe, 0x80, ..])
        )
    };
    match data {
        [0x60..=0x6f, ..] if ours(8) || ours(24) => {
            path.push_between(Encapsulation::Teredo, None, Some(ends));
            Ok(Next::EtherType(EtherType::IPV6, data))
        }
        _ => Err(Gap::malformed(Layer::Teredo)),
    }
}
