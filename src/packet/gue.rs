//! Generic UDP Encapsulation (draft-ietf-intarea-gue).

use etherparse::{EtherType, IpNumber};

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Ip, IpPayload, Layer, Next, shape};

/// `ip` is the header around the datagram.
pub(super) fn decode<'a>(
    data: &'a [u8],
    ip: Ip<'a>,
    cut: bool,
    ends: Ends,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    // Variant 1 is an IP packet without a header in front.
    if shape::is_ip(data, cut) {
        path.push_between(Encapsulation::Gue, None, Some(ends));
        return Ok(Next::Ip(data));
    }
    // Variant 0, no control message, the length of the optional fields in words.
    let [words @ 0x00..=0x1f, protocol, _, _, rest @ ..] = data else {
        return Err(Gap::malformed(Layer::Gue));
    };
    let Some(inner) = rest.get(usize::from(*words).saturating_mul(4)..) else {
        return Err(Gap::truncated(Layer::Gue));
    };
    path.push_between(Encapsulation::Gue, None, Some(ends));
    match IpNumber(*protocol) {
        IpNumber::IPV4 => Ok(Next::EtherType(EtherType::IPV4, inner)),
        IpNumber::IPV6 => Ok(Next::EtherType(EtherType::IPV6, inner)),
        // Only what says by itself what it is: anything could be TCP or UDP.
        protocol @ (IpNumber::GRE | IpNumber::MPLS_IN_IP | IpNumber::ETHER_IP) => {
            Ok(Next::Payload(IpPayload {
                ip,
                protocol,
                data: inner,
                cut,
            }))
        }
        _ => Err(Gap::malformed(Layer::Gue)),
    }
}
