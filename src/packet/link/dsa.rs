//! Ethernet frames between a switch chip and its processor, with the chip's tag (DSA).

use super::{Gap, Next, Path, ethernet, fixed, truncated};
use crate::packet::path::Encapsulation;
use crate::source::LinkType;

/// The length of the two addresses.
const ADDRESSES: usize = 12;

/// A tag of `length` bytes between the addresses and the type, which is of no interest here.
pub(super) fn after_addresses<'a>(
    link: LinkType,
    data: &'a [u8],
    length: usize,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let rest = fixed::skip(link, data, ADDRESSES)?;
    typed(link, fixed::skip(link, rest, length)?, None, path)
}

/// Marvell's four-byte tag.
pub(super) fn decode_dsa<'a>(
    link: LinkType,
    data: &'a [u8],
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    marvell(link, fixed::skip(link, data, ADDRESSES)?, path)
}

/// Marvell's tag behind an EtherType of its own and two reserved bytes.
pub(super) fn decode_edsa<'a>(
    link: LinkType,
    data: &'a [u8],
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let rest = fixed::skip(link, data, ADDRESSES)?;
    marvell(link, fixed::skip(link, rest, 4)?, path)
}

/// Mode, bit 5 "the frame had a VLAN tag", device; port; and in the lower 12 bits of the last two
/// bytes the VLAN, in which the chip moved that tag.
fn marvell<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((&[mode, _, high, low], rest)) = data.split_first_chunk::<4>() else {
        return Err(truncated(link));
    };
    let vlan = u32::from(u16::from_be_bytes([high, low]) & 0x0fff);
    typed(link, rest, (mode & 0x20 != 0).then_some(vlan), path)
}

fn typed<'a>(
    link: LinkType,
    data: &'a [u8],
    vlan: Option<u32>,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let Some((bytes, rest)) = data.split_first_chunk::<2>() else {
        return Err(truncated(link));
    };
    if vlan.is_some() {
        path.push(Encapsulation::Vlan, vlan);
    }
    ethernet::typed(u16::from_be_bytes(*bytes), rest)
}
