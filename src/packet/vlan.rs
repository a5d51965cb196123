//! IEEE 802.1Q and 802.1ad tags.

use etherparse::{EtherType, SingleVlanHeaderSlice};

use super::path::{Encapsulation, Path};
use super::{Gap, Layer, Next};

/// 0x8100 (802.1Q), 0x88a8 (802.1ad) and the two that were used for QinQ before it.
pub(super) fn is_tag(ether_type: EtherType) -> bool {
    matches!(ether_type.0, 0x8100 | 0x88a8 | 0x9100 | 0x9200)
}

/// The usual case: a whole tag in front of an EtherType.
pub(super) fn plain<'a>(data: &'a [u8], path: &mut Path) -> Option<(EtherType, &'a [u8])> {
    let (&[priority, id, high, low], rest) = data.split_first_chunk::<4>()?;
    let id = u16::from_be_bytes([priority & 0x0f, id]);
    path.push(Encapsulation::Vlan, Some(u32::from(id)));
    Some((EtherType(u16::from_be_bytes([high, low])), rest))
}

pub(super) fn decode<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Ok(tag) = SingleVlanHeaderSlice::from_slice(data) else {
        return Err(Gap::truncated(Layer::Vlan));
    };
    path.push(
        Encapsulation::Vlan,
        Some(u32::from(tag.vlan_identifier().value())),
    );
    let rest = data.get(4..).unwrap_or_default();
    let ether_type = tag.ether_type();
    // A tagged IEEE 802.3 frame has its length here.
    if ether_type.0 > 1500 {
        Ok(Next::EtherType(ether_type, rest))
    } else {
        super::ethernet::llc(rest)
    }
}
