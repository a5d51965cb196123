//! IP Authentication Header (RFC 4302): signed, not encrypted.

use etherparse::IpNumber;

use super::path::{Encapsulation, Path};
use super::{Gap, Layer};

/// Gives the protocol behind the header, and what follows it.
#[cold]
pub(super) fn decode<'a>(data: &'a [u8], path: &mut Path) -> Result<(IpNumber, &'a [u8]), Gap> {
    let Some(([next, words, _, _, spi @ ..], _)) = data.split_first_chunk::<8>() else {
        return Err(Gap::truncated(Layer::Ah));
    };
    // The length is in words, without the first two. Three of them always are there.
    let length = usize::from(*words).saturating_add(2).saturating_mul(4);
    if length < 12 {
        return Err(Gap::malformed(Layer::Ah));
    }
    let rest = data.get(length..).ok_or(Gap::truncated(Layer::Ah))?;
    path.push(Encapsulation::Ah, Some(u32::from_be_bytes(*spi)));
    Ok((IpNumber(*next), rest))
}
