//! ERSPAN (draft-foschiano-erspan): mirrored Ethernet frames in GRE.

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, shape};

/// GRE protocol 0x88be: type II where GRE has a sequence number, type I (no header at all) where it
/// has none. A sender that forgets the number is told by the frame's shape.
pub(super) fn decode<'a>(
    data: &'a [u8],
    sequence: bool,
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let behind = data.get(8..).unwrap_or_default();
    let type1 = !sequence && (shape::is_ethernet(data) || !shape::is_ethernet(behind));
    if type1 {
        path.push_between(Encapsulation::Erspan, None, Some(ends));
        return Ok(Next::Ethernet(data));
    }
    match data {
        // Version 1 is type II; some senders of type III keep its number.
        [0x10..=0x1f, _, high, low, _, _, _, _, frame @ ..] => {
            push(*high, *low, ends, path);
            Ok(Next::Ethernet(frame))
        }
        [0x20..=0x2f, ..] => decode_v3(data, ends, path),
        [_, _, _, _, _, _, _, _, ..] => Err(Gap::malformed(Layer::Erspan)),
        _ => Err(Gap::truncated(Layer::Erspan)),
    }
}

/// GRE protocol 0x22eb: type III, with 8 bytes more where the last flag is set.
pub(super) fn decode_v3<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<12>() else {
        return Err(Gap::truncated(Layer::Erspan));
    };
    let [0x20..=0x2f, _, high, low, .., kind, flags] = *header else {
        return Err(Gap::malformed(Layer::Erspan));
    };
    push(high, low, ends, path);
    let payload = match flags & 1 {
        0 => rest,
        _ => rest.get(8..).ok_or(Gap::truncated(Layer::Erspan))?,
    };
    match (kind >> 2) & 0x1f {
        2 => Ok(Next::Ip(payload)),
        _ => Ok(Next::Ethernet(payload)),
    }
}

fn push(high: u8, low: u8, ends: Ends, path: &mut Path) {
    let session = u16::from_be_bytes([high, low]) & 0x03ff;
    path.push_between(Encapsulation::Erspan, Some(u32::from(session)), Some(ends));
}
