//! IEEE 802.11 data frames (IEEE 802.11-2020 section 9.3.2). Numbers are little-endian.
//!
//! A frame check sequence may stand at the end; it is left there, since IP knows its own length,
//! and a frame that the snap length cut has none.

use super::subframes::Subframes;
use super::{Carried, Gap, Next, Path, Stop, ethernet, malformed, truncated};
use crate::packet::gap::Wifi;
use crate::source::LinkType;

const LINK: LinkType = LinkType::IEEE802_11;

/// Bits of the second byte of the frame control field.
mod flag {
    pub(super) const TO_DS: u8 = 0x01;
    pub(super) const FROM_DS: u8 = 0x02;
    pub(super) const MORE_FRAGMENTS: u8 = 0x04;
    pub(super) const PROTECTED: u8 = 0x40;
    /// In QoS data frames: an HT control field follows.
    pub(super) const ORDER: u8 = 0x80;
}

/// `padded`: between header and payload there are zeros up to a multiple of four bytes.
pub(in crate::packet) fn decode<'a>(
    data: &'a [u8],
    padded: bool,
    path: &Path,
) -> Result<Next<'a>, Stop<'a>> {
    match data.first_chunk::<2>() {
        Some(control) => with_control(*control, data, padded, path),
        None => Err(truncated(LINK).into()),
    }
}

/// As in the tunnel between an access point and its controller, where the two bytes of the frame
/// control field may be swapped. A payload that is known behind its LLC header says which order is
/// right. Without one, what the frame says of itself counts only where it is `vouched` for.
pub(in crate::packet) fn decode_either_order<'a>(
    data: &'a [u8],
    vouched: bool,
    path: &Path,
) -> Result<Next<'a>, Stop<'a>> {
    let Some(&[first, second]) = data.first_chunk::<2>() else {
        return Err(truncated(LINK).into());
    };
    let plain = with_control([first, second], data, false, path);
    if is_known(&plain) {
        return plain;
    }
    let swapped = with_control([second, first], data, false, path);
    if is_known(&swapped) {
        return swapped;
    }
    // A packet by other means than a known payload would be a guess, and so would be the claim that
    // the frame names nobody.
    let frame = match (&plain, &swapped) {
        (Err(Stop::Gap(Gap::Malformed(_))), _) | (_, Err(Stop::Gap(Gap::Truncated(_)))) => swapped,
        _ => plain,
    };
    match frame {
        Err(Stop::Gap(gap)) if vouched => Err(gap.into()),
        _ => Err(malformed(LINK).into()),
    }
}

/// True for a packet, or several, behind an LLC and SNAP header with the EtherType of IP, ARP, VLAN
/// tags, MPLS, PPPoE, or authentication.
fn is_known(frame: &Result<Next<'_>, Stop<'_>>) -> bool {
    let number = match frame {
        Ok(Next::EtherType(number, _)) => number.0,
        Err(Stop::Subframes(subframes)) => match subframes.first() {
            Some([0xaa, 0xaa, 0x03, 0, 0, 0, high, low, ..]) => u16::from_be_bytes([*high, *low]),
            _ => return false,
        },
        _ => return false,
    };
    matches!(
        number,
        0x0800 | 0x86dd | 0x0806 | 0x8100 | 0x88a8 | 0x8847 | 0x8848 | 0x8863 | 0x8864 | 0x888e
    )
}

/// `control` is the frame control field, which `data` begins with.
fn with_control<'a>(
    [control, flags]: [u8; 2],
    data: &'a [u8],
    padded: bool,
    path: &Path,
) -> Result<Next<'a>, Stop<'a>> {
    match control & 0x0f {
        0x00 => return Err(Gap::NoNames(Carried::Wifi(Wifi::Management)).into()),
        0x04 => return Err(Gap::NoNames(Carried::Wifi(Wifi::Control)).into()),
        0x08 => {}
        0x0c => return Err(Gap::NoNames(Carried::Wifi(Wifi::Extension)).into()),
        // A version other than 0: sub-1-GHz radios, or a damaged frame.
        _ => return Err(malformed(LINK).into()),
    }
    if control & 0x40 != 0 {
        return Err(Gap::NoNames(Carried::Wifi(Wifi::NoData)).into());
    }
    let Some(&[.., sequence, _]) = data.first_chunk::<24>() else {
        return Err(truncated(LINK).into());
    };
    let qos = control & 0x80 != 0;
    let four_addresses = flags & (flag::TO_DS | flag::FROM_DS) == flag::TO_DS | flag::FROM_DS;
    let qos_at: usize = if four_addresses { 30 } else { 24 };
    let mut length = qos_at;
    if qos {
        length = length.saturating_add(2);
        if flags & flag::ORDER != 0 {
            length = length.saturating_add(4);
        }
    }
    if padded {
        length = length.next_multiple_of(4);
    }
    let qos_control = if qos { data.get(qos_at) } else { None };
    let body = data.get(length..).ok_or_else(|| truncated(LINK))?;
    let aggregate = qos_control.is_some_and(|byte| byte & 0x80 != 0);

    let body = if flags & flag::PROTECTED != 0 {
        decrypted(body).ok_or(Gap::Unread(Carried::Wifi(Wifi::Encrypted)))?
    } else {
        body
    };
    // The first fragment is used as far as it goes: IP's length says that it is cut.
    if sequence & 0x0f != 0 {
        return Err(Gap::Unread(Carried::Wifi(Wifi::Fragment)).into());
    }
    if aggregate && flags & flag::MORE_FRAGMENTS == 0 {
        return Err(Stop::Subframes(Subframes::new(body, path.mark())));
    }
    // Some drivers give an Ethernet frame where the LLC header belongs.
    let receiver = data.get(4..10).unwrap_or_default();
    let destination = match flags & flag::TO_DS {
        0 => receiver,
        _ => data.get(16..22).unwrap_or_default(),
    };
    if body.starts_with(destination) && body.len() >= 14 {
        return Ok(Next::Ethernet(body));
    }
    Ok(msdu(body)?)
}

/// An MSDU: LLC, perhaps behind a mesh control field (section 9.2.4.7.3), which is 6, 12 or 18 bytes
/// long and whose presence bit means something else outside of mesh networks.
pub(super) fn msdu(data: &[u8]) -> Result<Next<'_>, Gap> {
    if let [flags @ 0..=2, ..] = data {
        let length = usize::from(*flags).saturating_mul(6).saturating_add(6);
        if let Some(rest @ [0xaa, 0xaa, 0x03, ..]) = data.get(length..) {
            return ethernet::llc(rest);
        }
    }
    ethernet::llc(data)
}

/// Radios that decrypt may leave the protected flag, and the 8 or 4 bytes that ciphers put in front.
/// Six bytes of LLC and SNAP do not come about by chance.
fn decrypted(body: &[u8]) -> Option<&[u8]> {
    const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00];
    [0, 8, 4]
        .into_iter()
        .filter_map(|at| body.get(at..))
        .find(|rest| rest.starts_with(&SNAP))
}
