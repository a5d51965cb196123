//! Network Service Header (RFC 8300).

use etherparse::EtherType;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, bits24};

pub(super) fn decode<'a>(
    data: &'a [u8],
    ends: Option<Ends>,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let Some((header, _)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Nsh));
    };
    let [first, second, _, protocol, service @ .., _] = *header;
    // Version 0; the length is in words and in the last six bits. Two words always are there.
    let length = usize::from(second & 0x3f).saturating_mul(4);
    if first >> 6 != 0 || length < 8 {
        return Err(Gap::malformed(Layer::Nsh));
    }
    let rest = data.get(length..).ok_or(Gap::truncated(Layer::Nsh))?;
    path.push_between(Encapsulation::Nsh, Some(bits24(service)), ends);
    match protocol {
        1 => Ok(Next::EtherType(EtherType::IPV4, rest)),
        2 => Ok(Next::EtherType(EtherType::IPV6, rest)),
        3 => Ok(Next::Ethernet(rest)),
        4 => Ok(Next::EtherType(EtherType(0x894f), rest)),
        5 => Ok(Next::EtherType(EtherType(0x8847), rest)),
        _ => Err(Gap::ether_type(EtherType(0x894f))),
    }
}
