//! GENEVE (RFC 8926).

use etherparse::EtherType;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, bits24};

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Geneve));
    };
    // Version 0 and the length of the options in words. Receivers ignore the reserved last byte.
    let [words @ 0x00..=0x3f, _, high, low, vni @ .., _] = *header else {
        return Err(Gap::malformed(Layer::Geneve));
    };
    let Some(inner) = rest.get(usize::from(words).saturating_mul(4)..) else {
        return Err(Gap::truncated(Layer::Geneve));
    };
    path.push_between(Encapsulation::Geneve, Some(bits24(vni)), Some(ends));
    let protocol = EtherType(u16::from_be_bytes([high, low]));
    Ok(Next::EtherType(protocol, inner))
}
