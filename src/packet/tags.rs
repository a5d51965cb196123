//! Small tags in front of an EtherType or of an Ethernet frame.

use etherparse::EtherType;

use super::path::{Encapsulation, Path};
use super::{Gap, Layer, Next, bits24};

/// The EtherType that stands in front of what a tag was put on.
pub(super) fn ether_type(data: &[u8], layer: Layer) -> Result<Next<'_>, Gap> {
    let Some((number, rest)) = data.split_first_chunk::<2>() else {
        return Err(Gap::truncated(layer));
    };
    match u16::from_be_bytes(*number) {
        // An IEEE 802.3 frame has its length here.
        0..=1500 => super::ethernet::llc(rest),
        number => Ok(Next::EtherType(EtherType(number), rest)),
    }
}

/// IEEE 802.1ah: priority and flags, the service instance, and a whole frame.
pub(super) fn backbone<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([_, service @ ..], frame)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::Backbone));
    };
    path.push(Encapsulation::Backbone, Some(bits24(*service)));
    Ok(Next::Ethernet(frame))
}

/// TRILL (RFC 6325 section 3): version, length of the options in words, hop count, the nicknames of
/// egress and ingress, options, and a whole frame.
pub(super) fn trill<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([first, second, ..], rest)) = data.split_first_chunk::<6>() else {
        return Err(Gap::truncated(Layer::Trill));
    };
    if first >> 6 != 0 {
        return Err(Gap::malformed(Layer::Trill));
    }
    let words = usize::from((first & 0x07) << 2 | second >> 6);
    let frame = rest
        .get(words.saturating_mul(4)..)
        .ok_or(Gap::truncated(Layer::Trill))?;
    path.push(Encapsulation::Trill, None);
    Ok(Next::Ethernet(frame))
}

/// Cisco FabricPath: the forwarding tag in ten bits, a hop count in six, and a whole frame.
pub(super) fn fabric_path<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((tag, frame)) = data.split_first_chunk::<2>() else {
        return Err(Gap::truncated(Layer::FabricPath));
    };
    let tag = u16::from_be_bytes(*tag) >> 6;
    path.push(Encapsulation::FabricPath, Some(u32::from(tag)));
    Ok(Next::Ethernet(frame))
}

/// Cisco VN-Tag: direction, destination and source interface in four bytes. The identifier is that
/// of the destination.
pub(super) fn vn_tag<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([high, low, ..], rest)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::VnTag));
    };
    let interface = u16::from_be_bytes([*high, *low]) & 0x3fff;
    path.push(Encapsulation::VnTag, Some(u32::from(interface)));
    ether_type(rest, Layer::VnTag)
}

/// IEEE 802.1BR: the same idea in six bytes. The identifier is the E-CID without its extension.
pub(super) fn e_tag<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([_, _, high, low, _, _], rest)) = data.split_first_chunk::<6>() else {
        return Err(Gap::truncated(Layer::VnTag));
    };
    let channel = u16::from_be_bytes([*high, *low]) & 0x3fff;
    path.push(Encapsulation::ETag, Some(u32::from(channel)));
    ether_type(rest, Layer::VnTag)
}

/// Cisco metadata: version, length in words, then in one option the security group.
pub(super) fn cisco_metadata<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([1, 1, _, _, high, low], rest)) = data.split_first_chunk::<6>() else {
        return Err(match data.len() {
            0..6 => Gap::truncated(Layer::CiscoMetadata),
            _ => Gap::malformed(Layer::CiscoMetadata),
        });
    };
    let group = u16::from_be_bytes([*high, *low]);
    path.push(Encapsulation::CiscoMetadata, Some(u32::from(group)));
    ether_type(rest, Layer::CiscoMetadata)
}

/// Redundancy tags: HSR (IEC 62439-3) and the R-TAG of IEEE 802.1CB, both of four bytes that only
/// the ring needs.
pub(super) fn redundancy<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((_, rest)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::Redundancy));
    };
    path.push(Encapsulation::Redundancy, None);
    ether_type(rest, Layer::Redundancy)
}

/// The tag between a Marvell switch and its processor, with its own EtherType: two bytes reserved,
/// four that hold among others the VLAN.
pub(super) fn switch<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some(([_, _, _, _, high, low], rest)) = data.split_first_chunk::<6>() else {
        return Err(Gap::truncated(Layer::SwitchTag));
    };
    let vlan = u16::from_be_bytes([*high, *low]) & 0x0fff;
    path.push(Encapsulation::SwitchTag, Some(u32::from(vlan)));
    ether_type(rest, Layer::SwitchTag)
}
