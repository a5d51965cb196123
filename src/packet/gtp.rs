//! GTP-U version 1 (3GPP TS 29.281): what phones send and receive in a mobile operator's network.

use super::path::{Encapsulation, Ends, Path};
use super::{Carried, Gap, Layer, Next};

/// How many extension headers are walked. Real packets have one or two.
const MAX_EXTENSIONS: usize = 8;
/// The message that carries a user's packet.
const T_PDU: u8 = 255;

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Gtp));
    };
    // Version 1, protocol type GTP (not GTP'), a spare bit, three flags.
    let [flags @ 0x30..=0x3f, message, high, low, teid @ ..] = *header else {
        return Err(Gap::malformed(Layer::Gtp));
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if message != T_PDU {
        // Echo, error indication, end marker. Nothing else vouches for the header, so its length
        // must be exact.
        return Err(match length == rest.len() {
            true => Gap::NoNames(Carried::Gtp(message)),
            false => Gap::malformed(Layer::Gtp),
        });
    }
    let mut payload = rest.get(..length).unwrap_or(rest);
    if flags & 0x07 != 0 {
        // Sequence number, N-PDU number, type of the first extension: all three where one is set.
        let Some(([_, _, _, first], behind)) = payload.split_first_chunk::<4>() else {
            return Err(Gap::truncated(Layer::Gtp));
        };
        payload = behind;
        if flags & 0x04 != 0 {
            payload = behind_extensions(*first, behind)?;
        }
    }
    let teid = u32::from_be_bytes(teid);
    path.push_between(Encapsulation::Gtp, Some(teid), Some(ends));
    match payload {
        [0x45..=0x4f | 0x60..=0x6f, ..] => Ok(Next::Ip(payload)),
        [0xff, 0x03, ..] => Ok(Next::Ppp(payload)),
        [] => Err(Gap::truncated(Layer::Gtp)),
        // 5G knows sessions of Ethernet frames (TS 23.501 section 5.6.10.2).
        _ => Ok(Next::Ethernet(payload)),
    }
}

/// Each begins with its length in words and ends with the type of the next.
fn behind_extensions(mut kind: u8, mut data: &[u8]) -> Result<&[u8], Gap> {
    for _ in 0..MAX_EXTENSIONS {
        if kind == 0 {
            return Ok(data);
        }
        let length = match data.first() {
            Some(0) => return Err(Gap::malformed(Layer::Gtp)),
            Some(words) => usize::from(*words).saturating_mul(4),
            None => return Err(Gap::truncated(Layer::Gtp)),
        };
        let Some((extension, rest)) = data.split_at_checked(length) else {
            return Err(Gap::truncated(Layer::Gtp));
        };
        kind = extension.last().copied().unwrap_or(0);
        data = rest;
    }
    Err(Gap::TooDeep)
}
