//! GRE (RFC 2784, RFC 2890, RFC 1701), NVGRE (RFC 7637), the enhanced GRE of PPTP (RFC 2637),
//! WCCP redirection and MikroTik's EoIP.

use etherparse::{EtherType, IpNumber};

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, erspan};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGE: u16 = 0x0080;

/// How many source route entries of RFC 1701 are walked.
const MAX_ROUTES: usize = 16;

pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let (flags, data) = word(data)?;
    let (protocol, data) = word(data)?;
    match flags & 0x0007 {
        0 => version0(flags, protocol, data, ends, path),
        1 => match protocol {
            0x880b => pptp(flags, data, ends, path),
            0x6400 => eoip(data, ends, path),
            _ => Err(Gap::ip_protocol(IpNumber::GRE)),
        },
        _ => Err(Gap::malformed(Layer::Gre)),
    }
}

fn version0<'a>(
    flags: u16,
    protocol: u16,
    mut data: &'a [u8],
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    let truncated = Gap::truncated(Layer::Gre);
    // The checksum and the routing offset come together or not at all.
    if flags & (CHECKSUM | ROUTING) != 0 {
        data = data.get(4..).ok_or(truncated)?;
    }
    let mut key = None;
    if flags & KEY != 0 {
        let (value, rest) = data.split_first_chunk::<4>().ok_or(truncated)?;
        key = Some(u32::from_be_bytes(*value));
        data = rest;
    }
    if flags & SEQUENCE != 0 {
        data = data.get(4..).ok_or(truncated)?;
    }
    if flags & ROUTING != 0 {
        data = behind_routes(data)?;
    }
    let mut gre = |kind, id| path.push_between(kind, id, Some(ends));
    match (protocol, key) {
        (0x88be, _) => return erspan::decode(data, flags & SEQUENCE != 0, ends, path),
        (0x22eb, _) => return erspan::decode_v3(data, ends, path),
        // A key of RFC 2890 and the one of RFC 7637 look alike, but the subnets up to 0xfff are
        // reserved in the latter.
        (0x6558, Some(key)) if key >> 8 > 0xfff => gre(Encapsulation::Nvgre, Some(key >> 8)),
        (0x883e, _) => {
            gre(Encapsulation::Wccp, None);
            // Version 2 puts four bytes in front of the redirected packet.
            return match data {
                [0x45..=0x4f, ..] => Ok(Next::Ip(data)),
                [_, _, _, _, rest @ ..] => Ok(Next::Ip(rest)),
                _ => Err(truncated),
            };
        }
        (_, key) => gre(Encapsulation::Gre, key),
    }
    match protocol {
        // Keep-alives, CDP, NHRP, OSI routing.
        0x0000 | 0x2000 | 0x2001 | 0x00fe => Err(Gap::no_names_in_ip(IpNumber::GRE)),
        // What access points of one vendor send to their controller.
        0x8200..=0x83ff if protocol & 0x000f == 0 => Ok(Next::Ieee80211(data)),
        _ => Ok(Next::EtherType(EtherType(protocol), data)),
    }
}

/// Source route entries: address family, offset, length, and an entry of length 0 as the end.
fn behind_routes(mut data: &[u8]) -> Result<&[u8], Gap> {
    for _ in 0..MAX_ROUTES {
        match data {
            [_, _, _, 0, rest @ ..] => return Ok(rest),
            [_, _, _, length, rest @ ..] => {
                data = rest
                    .get(usize::from(*length)..)
                    .ok_or(Gap::truncated(Layer::Gre))?;
            }
            _ => return Err(Gap::truncated(Layer::Gre)),
        }
    }
    Err(Gap::TooDeep)
}

/// The key is the payload's length and the call's identifier; the payload is PPP.
fn pptp<'a>(flags: u16, data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let (_, data) = word(data)?;
    let (call, mut data) = word(data)?;
    if flags & SEQUENCE == 0 {
        // Without a sequence number there is no payload.
        return Err(Gap::no_names_in_ip(IpNumber::GRE));
    }
    for present in [SEQUENCE, ACKNOWLEDGE] {
        if flags & present != 0 {
            data = data.get(4..).ok_or(Gap::truncated(Layer::Gre))?;
        }
    }
    path.push_between(Encapsulation::Pptp, Some(u32::from(call)), Some(ends));
    Ok(Next::Ppp(data))
}

/// MikroTik's Ethernet over IP: the frame's length, and the tunnel in little-endian order.
fn eoip<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    match data {
        [0, 0, _, _, ..] => Err(Gap::no_names_in_ip(IpNumber::GRE)),
        [_, _, low, high, frame @ ..] => {
            let tunnel = u16::from_le_bytes([*low, *high]);
            path.push_between(Encapsulation::EoIp, Some(u32::from(tunnel)), Some(ends));
            Ok(Next::Ethernet(frame))
        }
        _ => Err(Gap::truncated(Layer::Gre)),
    }
}

fn word(data: &[u8]) -> Result<(u16, &[u8]), Gap> {
    let (word, rest) = data
        .split_first_chunk::<2>()
        .ok_or(Gap::truncated(Layer::Gre))?;
    Ok((u16::from_be_bytes(*word), rest))
}
