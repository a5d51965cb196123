//! IPv4 (RFC 791).

use etherparse::Ipv4HeaderSlice;
use etherparse::err::ipv4::HeaderSliceError;

use super::{Gap, Ip, Layer, Packet, VlanStack, transport};

#[inline]
pub(super) fn decode(data: &[u8], vlans: VlanStack) -> Result<Packet<'_>, Gap> {
    let header = match Ipv4HeaderSlice::from_slice(data) {
        Ok(header) => header,
        Err(HeaderSliceError::Len(_)) => return Err(Gap::truncated(Layer::Ipv4)),
        Err(HeaderSliceError::Content(_)) => return Err(Gap::malformed(Layer::Ipv4)),
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
        return Err(Gap::malformed(Layer::Ipv4));
    }
    if header.fragments_offset().value() != 0 {
        return Err(Gap::Fragment);
    }
    let first_fragment = header.more_fragments();
    let payload = data.get(header_len..end).unwrap_or_default();
    let cut = total > data.len() || first_fragment;
    let (transport, cut) = transport::decode(header.protocol(), payload, cut)?;
    Ok(Packet {
        ip: Ip::V4(header),
        transport,
        vlans,
        cut,
        first_fragment,
    })
}
