//! Mirrored frames in UDP: TZSP, and HP's encapsulated remote mirroring.

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, Stop, link, shape};
use crate::source::LinkType;

/// How many tagged fields of TZSP are walked.
const MAX_FIELDS: usize = 32;

/// The header of TZSP (TaZmen Sniffer Protocol): version 1, what the message is for, the link type of
/// the frame. Gives that link type, and what follows.
fn tzsp(data: &[u8]) -> Option<(LinkType, &[u8])> {
    // A received frame or one to transmit; the other types carry none.
    let [1, 0 | 1, 0, encapsulated, rest @ ..] = data else {
        return None;
    };
    let link = match encapsulated {
        1 => LinkType::ETHERNET,
        2 => LinkType::IEEE802_5,
        3 => LinkType::SLIP,
        4 => LinkType::PPP,
        5 => LinkType::FDDI,
        18 => LinkType::IEEE802_11,
        119 => LinkType::IEEE802_11_PRISM,
        127 => LinkType::IEEE802_11_AVS,
        _ => return None,
    };
    Some((link, rest))
}

/// True where the header is right. Its port is one that clients use as their own.
pub(super) fn is_tzsp(data: &[u8]) -> bool {
    tzsp(data).is_some()
}

/// Behind the header of TZSP: tagged fields, the frame.
pub(super) fn decode_tzsp<'a>(
    data: &'a [u8],
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Stop<'a>> {
    let Some((link, mut fields)) = tzsp(data) else {
        return Err(Gap::malformed(Layer::Tzsp).into());
    };
    for _ in 0..MAX_FIELDS {
        match fields {
            [0, rest @ ..] => fields = rest,
            [1, frame @ ..] => {
                path.push_between(Encapsulation::Tzsp, None, Some(ends));
                return link::decode(link, frame, path);
            }
            [_, length, rest @ ..] => {
                fields = rest
                    .get(usize::from(*length)..)
                    .ok_or(Gap::truncated(Layer::Tzsp))?;
            }
            _ => return Err(Gap::truncated(Layer::Tzsp).into()),
        }
    }
    Err(Gap::TooDeep.into())
}

/// HP ERM: 12 bytes of which the last four hold the VLAN, and whether the frame was tagged. Nothing
/// in the header marks it as such, so the frame must look like one.
pub(super) fn decode_hp_erm<'a>(
    data: &'a [u8],
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let Some((header, frame)) = data.split_first_chunk::<12>() else {
        return Err(Gap::truncated(Layer::HpErm));
    };
    if !shape::is_ethernet(frame) {
        return Err(Gap::malformed(Layer::HpErm));
    }
    let [.., high, low, flags] = *header;
    let vlan = u16::from_be_bytes([high, low]) & 0x0fff;
    let tagged = flags & 0x80 != 0;
    path.push_between(
        Encapsulation::HpErm,
        tagged.then_some(u32::from(vlan)),
        Some(ends),
    );
    Ok(Next::Ethernet(frame))
}
