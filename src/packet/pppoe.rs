//! PPPoE session (RFC 2516 section 4).

use super::path::{Encapsulation, Path};
use super::{Gap, Layer, Next};

pub(super) fn decode<'a>(data: &'a [u8], path: &mut Path) -> Result<Next<'a>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<6>() else {
        return Err(Gap::truncated(Layer::Pppoe));
    };
    // Version 1, type 1, code 0.
    let [0x11, 0, high, low, length @ ..] = *header else {
        return Err(Gap::malformed(Layer::Pppoe));
    };
    let session = u16::from_be_bytes([high, low]);
    path.push(Encapsulation::Pppoe, Some(u32::from(session)));
    let length = usize::from(u16::from_be_bytes(length));
    Ok(Next::Ppp(rest.get(..length).unwrap_or(rest)))
}
