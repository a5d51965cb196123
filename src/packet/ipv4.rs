//! IPv4 (RFC 791).

use etherparse::Ipv4HeaderSlice;
use etherparse::err::ipv4::HeaderSliceError;

use super::{Fragment, Gap, Ip, IpPayload, Layer, Stop, Whole};

#[inline]
pub(super) fn decode(data: &[u8]) -> Result<IpPayload<'_>, Stop<'_>> {
    let header = match Ipv4HeaderSlice::from_slice(data) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(Gap::truncated(Layer::Ipv4).into()),
        Err(HeaderSliceError::Content(_)) => return Err(Gap::malformed(Layer::Ipv4).into()),
    };
    let header_len = header.slice().len();
    let total = usize::from(header.total_len());
    // A length of 0 is what segmentation offload leaves in frames captured before the network card
    // filled it in: everything that was captured belongs to the packet.
    let end = if total == 0 {
        data.len()
    } else {
        total.min(data.len())
    };
    if end < header_len {
        return Err(Gap::malformed(Layer::Ipv4).into());
    }
    let payload = data.get(header_len..end).unwrap_or_default();
    let cut = total > data.len();
    if header.is_fragmenting_payload() {
        return Err(Stop::Fragment(fragment(&header, payload, cut)));
    }
    Ok(IpPayload {
        protocol: header.protocol(),
        ip: Ip::V4(
            u32::from_be_bytes(header.source()),
            u32::from_be_bytes(header.destination()),
        ),
        data: payload,
        cut,
    })
}

#[cold]
fn fragment<'a>(header: &Ipv4HeaderSlice<'a>, data: &'a [u8], cut: bool) -> Fragment<'a> {
    Fragment {
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        whole: Whole::Ip,
        id: u32::from(header.identification()),
        protocol: header.protocol().0,
        offset: header.fragments_offset().byte_offset(),
        more: header.more_fragments(),
        data,
        cut,
    }
}
