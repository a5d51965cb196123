//! DOCSIS: Ethernet on cable networks (CableLabs MULPI section 6).

use super::{Gap, Next, fixed, malformed, no_names, truncated, unread};
use crate::source::LinkType;

const LINK: LinkType = LinkType::DOCSIS;

/// Frame control, a parameter, a 16-bit length, extended headers as long as the parameter says where
/// bit 0 of the control is set, and a 16-bit check of the header.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    let [control, parameter, _, _, rest @ ..] = data else {
        return Err(truncated(LINK));
    };
    match control & 0xfe {
        0x00 => {}
        // MAC management.
        0xc0.. => return Err(no_names(LINK, u16::from(*control))),
        _ => return Err(unread(LINK, u16::from(*control))),
    }
    let extended = match control & 1 {
        1 => usize::from(*parameter),
        _ => 0,
    };
    let Some((headers, rest)) = rest.split_at_checked(extended) else {
        return Err(truncated(LINK));
    };
    if is_encrypted(headers)? {
        return Err(unread(LINK, u16::from(*control)));
    }
    Ok(Next::Ethernet(fixed::skip(LINK, rest, 2)?))
}

/// An extended header has its kind in the upper half of its first byte and its length in the lower.
/// Kinds 3, 4 and 7 are of Baseline Privacy, and say in bit 7 of their second byte that it is on.
fn is_encrypted(mut headers: &[u8]) -> Result<bool, Gap> {
    while let [first, rest @ ..] = headers {
        let Some((value, rest)) = rest.split_at_checked(usize::from(first & 0x0f)) else {
            return Err(malformed(LINK));
        };
        if let (3 | 4 | 7, [_, enabled, ..]) = (first >> 4, value)
            && enabled & 0x80 != 0
        {
            return Ok(true);
        }
        headers = rest;
    }
    Ok(false)
}
