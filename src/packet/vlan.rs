//! IEEE 802.1Q and 802.1ad tags.

use etherparse::{EtherType, SingleVlanHeaderSlice};

use super::{Gap, Layer, Next};

/// VLAN identifiers of a frame, outermost first. The first four are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VlanStack {
    ids: [u16; 4],
    depth: u8,
}

impl VlanStack {
    fn push(&mut self, id: u16) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.depth)) {
            *slot = id;
            self.depth = self.depth.saturating_add(1);
        }
    }

    /// The identifiers, outermost first.
    pub fn ids(&self) -> &[u16] {
        self.ids.get(..usize::from(self.depth)).unwrap_or_default()
    }
}

/// 0x8100 (802.1Q), 0x88a8 (802.1ad) and the two that were used for QinQ before it.
pub(super) fn is_tag(ether_type: EtherType) -> bool {
    matches!(ether_type.0, 0x8100 | 0x88a8 | 0x9100 | 0x9200)
}

pub(super) fn decode<'a>(data: &'a [u8], vlans: &mut VlanStack) -> Result<Next<'a>, Gap> {
    let Ok(tag) = SingleVlanHeaderSlice::from_slice(data) else {
        return Err(Gap::truncated(Layer::Vlan));
    };
    vlans.push(tag.vlan_identifier().value());
    let rest = data.get(4..).unwrap_or_default();
    let ether_type = tag.ether_type();
    // A tagged IEEE 802.3 frame has its length here.
    if ether_type.0 > 1500 {
        Ok(Next::EtherType(ether_type, rest))
    } else {
        super::ethernet::llc(rest)
    }
}
