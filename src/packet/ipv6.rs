//! IPv6 and its extension headers (RFC 8200).

use etherparse::err::ipv6::HeaderSliceError;
use etherparse::{IpNumber, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

use super::{Gap, Ip, Layer, Packet, VlanStack, transport};

/// How many extension headers are walked. RFC 8200 section 4.1 recommends at most seven.
const MAX_EXTENSIONS: usize = 12;

#[inline]
pub(super) fn decode(data: &[u8], vlans: VlanStack) -> Result<Packet<'_>, Gap> {
    let header = match Ipv6HeaderSlice::from_slice(data) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(Gap::truncated(Layer::Ipv6)),
        Err(HeaderSliceError::Content(_)) => return Err(Gap::malformed(Layer::Ipv6)),
    };
    let after = data.get(40..).unwrap_or_default();
    let stated = usize::from(header.payload_length());
    // 0 stands for a jumbogram or for segmentation offload: take what was captured.
    let payload = match stated {
        0 => after,
        _ => after.get(..stated).unwrap_or(after),
    };
    let Extensions {
        next,
        payload,
        first_fragment,
    } = extensions(header.next_header(), payload)?;
    let cut = stated > after.len() || first_fragment;
    let (transport, cut) = transport::decode(next, payload, cut)?;
    Ok(Packet {
        ip: Ip::V6(header),
        transport,
        vlans,
        cut,
        first_fragment,
    })
}

struct Extensions<'a> {
    next: IpNumber,
    payload: &'a [u8],
    first_fragment: bool,
}

#[inline]
fn extensions(mut next: IpNumber, mut payload: &[u8]) -> Result<Extensions<'_>, Gap> {
    let mut first_fragment = false;
    for _ in 0..MAX_EXTENSIONS {
        match next {
            // Hop-by-hop, routing, destination options, mobility, HIP, Shim6: one shape, an
            // 8-byte unit count in the second byte.
            IpNumber::IPV6_HEADER_HOP_BY_HOP
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::IPV6_DESTINATION_OPTIONS
            | IpNumber::MOBILITY_HEADER
            | IpNumber::HIP
            | IpNumber::SHIM6 => {
                let Ok(extension) = Ipv6RawExtHeaderSlice::from_slice(payload) else {
                    return Err(Gap::truncated(Layer::Ipv6Extension));
                };
                next = extension.next_header();
                payload = payload.get(extension.slice().len()..).unwrap_or_default();
            }
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                let Ok(fragment) = Ipv6FragmentHeaderSlice::from_slice(payload) else {
                    return Err(Gap::truncated(Layer::Ipv6Extension));
                };
                if fragment.fragment_offset().value() != 0 {
                    return Err(Gap::Fragment);
                }
                first_fragment |= fragment.more_fragments();
                next = fragment.next_header();
                payload = payload.get(8..).unwrap_or_default();
            }
            _ => {
                return Ok(Extensions {
                    next,
                    payload,
                    first_fragment,
                });
            }
        }
    }
    Err(Gap::TooDeep)
}
