//! Generic UDP Encapsulation (draft-ietf-intarea-gue).

use etherparse::IpNumber;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, shape};

/// Only IP inside: the header is so short that nothing but a right packet proves it.
pub(super) fn decode<'a>(data: &'a [u8], ends: Ends, path: &mut Path) -> Result<Next<'a>, Gap> {
    let inner = match data {
        // Variant 1 is an IP packet without a header in front.
        [0x40..=0x7f, ..] => data,
        // Variant 0, no control message, the length of the optional fields in words.
        [words @ 0x00..=0x1f, protocol, _, _, rest @ ..]
            if matches!(IpNumber(*protocol), IpNumber::IPV4 | IpNumber::IPV6) =>
        {
            rest.get(usize::from(*words).saturating_mul(4)..)
                .ok_or(Gap::truncated(Layer::Gue))?
        }
        _ => return Err(Gap::malformed(Layer::Gue)),
    };
    if !shape::is_ip(inner) {
        return Err(Gap::malformed(Layer::Gue));
    }
    path.push_between(Encapsulation::Gue, None, Some(ends));
    Ok(Next::Ip(inner))
}
