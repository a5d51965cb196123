//! L2TP: version 2 over UDP (RFC 2661), version 3 over UDP and over IP (RFC 3931).

use etherparse::IpNumber;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, shape};

const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;
/// Bits that must be zero in version 2.
const RESERVED: u16 = 0x34f0;

pub(super) fn decode_udp<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let (flags, rest) = word(data)?;
    match flags & 0x000f {
        2 if flags & (CONTROL | RESERVED) == 0 => version2(flags, rest, ends, path),
        // No length, no offset: only the version, and two reserved bytes.
        3 if flags & CONTROL == 0 => {
            let (_, rest) = word(rest)?;
            version3(rest, ends, path)
        }
        // Control messages stay what they are, datagrams.
        _ => Err(Gap::malformed(Layer::L2tp)),
    }
}

fn version2<'a>(
    flags: u16,
    mut data: &'a [u8],
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    if flags & LENGTH != 0 {
        // The length counts from the flags on.
        let (length, rest) = word(data)?;
        let Some(left) = usize::from(length).checked_sub(4) else {
            return Err(Gap::malformed(Layer::L2tp));
        };
        data = rest.get(..left).unwrap_or(rest);
    }
    let (tunnel, rest) = word(data)?;
    let (session, mut data) = word(rest)?;
    if flags & SEQUENCE != 0 {
        data = data.get(4..).ok_or(Gap::truncated(Layer::L2tp))?;
    }
    if flags & OFFSET != 0 {
        let (padding, rest) = word(data)?;
        data = rest
            .get(usize::from(padding)..)
            .ok_or(Gap::truncated(Layer::L2tp))?;
    }
    let id = u32::from(tunnel) << 16 | u32::from(session);
    path.push_between(Encapsulation::L2tp, Some(id), Some(ends));
    Ok(Next::Ppp(data))
}

/// IP protocol 115: session 0 is for control messages.
pub(super) fn decode_ip<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    match data {
        [0, 0, 0, 0, ..] => Err(Gap::no_names_in_ip(IpNumber::LAYER2_TUNNELING_PROTOCOL)),
        _ => version3(data, ends, path),
    }
}

/// The session, a cookie of 0, 4 or 8 bytes, a sublayer of 0 or 4 bytes, a frame. Both ends know
/// which; the shape of the frame tells it to everybody else.
fn version3<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((session, rest)) = data.split_first_chunk::<4>() else {
        return Err(Gap::truncated(Layer::L2tp));
    };
    let found = [0, 4, 8, 12]
        .into_iter()
        .find_map(|skip| rest.get(skip..).and_then(shape::pseudowire));
    let Some(next) = found else {
        return Err(Gap::ip_protocol(IpNumber::LAYER2_TUNNELING_PROTOCOL));
    };
    let session = u32::from_be_bytes(*session);
    path.push_between(Encapsulation::L2tpV3, Some(session), Some(ends));
    Ok(next)
}

fn word(data: &[u8]) -> Result<(u16, &[u8]), Gap> {
    let (word, rest) = data
        .split_first_chunk::<2>()
        .ok_or(Gap::truncated(Layer::L2tp))?;
    Ok((u16::from_be_bytes(*word), rest))
}
