//! VXLAN (RFC 7348) with the group policy bits, VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe), and Cisco
//! OTV, which has the same header.

use etherparse::EtherType;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, bits24, shape};

const INSTANCE: u8 = 0x08;
const NEXT_PROTOCOL: u8 = 0x04;
/// Group policy, instance, next protocol, broadcast, operations. The rest is a version or reserved.
const KNOWN: u8 = 0x8f;

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Vxlan));
    };
    let [flags, _, _, protocol, vni @ .., reserved] = *header;
    let frame = shape::is_ethernet(rest);
    // Reserved bits are ignored by receivers. Where they are set, the frame must vouch for itself.
    let right = flags & !KNOWN == 0 && flags & (INSTANCE | NEXT_PROTOCOL) != 0 && reserved == 0;
    if !right && !frame {
        return Err(Gap::malformed(Layer::Vxlan));
    }
    let id = (flags & INSTANCE != 0).then(|| bits24(vni));
    // Some senders state the next protocol without the bit that says so.
    let stated = flags & NEXT_PROTOCOL != 0 || (protocol != 0 && !frame);
    if !right || !stated {
        path.push_between(Encapsulation::Vxlan, id, Some(ends));
        return Ok(Next::Ethernet(rest));
    }
    path.push_between(Encapsulation::VxlanGpe, id, Some(ends));
    match protocol {
        1 => Ok(Next::EtherType(EtherType::IPV4, rest)),
        2 => Ok(Next::EtherType(EtherType::IPV6, rest)),
        3 => Ok(Next::Ethernet(rest)),
        4 => Ok(Next::EtherType(EtherType(0x894f), rest)),
        5 => Ok(Next::EtherType(EtherType(0x8847), rest)),
        _ => Err(Gap::malformed(Layer::Vxlan)),
    }
}
