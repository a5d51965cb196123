//! IPv6 and its extension headers (RFC 8200).

use std::net::IpAddr;

use etherparse::err::ipv6::HeaderSliceError;
use etherparse::{IpNumber, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice};

use super::{Fragment, Gap, Ip, IpPayload, Layer, Stop, Whole};

/// How many extension headers are walked. RFC 8200 section 4.1 recommends at most seven.
const MAX_EXTENSIONS: usize = 12;

#[inline]
pub(super) fn decode(data: &[u8]) -> Result<IpPayload<'_>, Stop<'_>> {
    let Some(fixed) = data.first_chunk::<40>() else {
        return Err(Gap::truncated(Layer::Ipv6).into());
    };
    let header = match Ipv6HeaderSlice::from_slice(data) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(Gap::truncated(Layer::Ipv6).into()),
        Err(HeaderSliceError::Content(_)) => return Err(Gap::malformed(Layer::Ipv6).into()),
    };
    let (Some(source), Some(destination)) = (
        fixed.get(8..).and_then(|b| b.first_chunk()),
        fixed.last_chunk(),
    ) else {
        return Err(Gap::truncated(Layer::Ipv6).into());
    };
    let ends = (source, destination);
    let after = data.get(40..).unwrap_or_default();
    let stated = usize::from(header.payload_length());
    // 0 stands for a jumbogram or for segmentation offload: take what was captured.
    let payload = match stated {
        0 => after,
        _ => after.get(..stated).unwrap_or(after),
    };
    let cut = stated > after.len();
    let (protocol, data) = extensions(ends, header.next_header(), payload, cut)?;
    Ok(IpPayload {
        ip: Ip::V6(ends.0, ends.1),
        protocol,
        data,
        cut,
    })
}

/// Gives the protocol behind the extension headers, and what follows them.
#[inline]
pub(super) fn extensions<'a>(
    (source, destination): (&[u8; 16], &[u8; 16]),
    mut next: IpNumber,
    mut payload: &'a [u8],
    cut: bool,
) -> Result<(IpNumber, &'a [u8]), Stop<'a>> {
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
                    return Err(Gap::truncated(Layer::Ipv6Extension).into());
                };
                next = extension.next_header();
                payload = payload.get(extension.slice().len()..).unwrap_or_default();
            }
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                let Ok(fragment) = Ipv6FragmentHeaderSlice::from_slice(payload) else {
                    return Err(Gap::truncated(Layer::Ipv6Extension).into());
                };
                let (offset, more) = (fragment.fragment_offset(), fragment.more_fragments());
                next = fragment.next_header();
                payload = payload.get(8..).unwrap_or_default();
                // An atomic fragment (RFC 6946) is a whole datagram.
                if more || offset.value() != 0 {
                    return Err(Stop::Fragment(Fragment {
                        src: IpAddr::from(*source),
                        dst: IpAddr::from(*destination),
                        whole: Whole::Ip,
                        id: fragment.identification(),
                        protocol: next.0,
                        offset: offset.byte_offset(),
                        more,
                        data: payload,
                        cut,
                    }));
                }
            }
            _ => return Ok((next, payload)),
        }
    }
    Err(Gap::TooDeep.into())
}
