//! Linux cooked captures: what `-i any` writes.
//!
//! LINKTYPE_LINUX_SLL has a 16-byte header that ends in the EtherType; LINKTYPE_LINUX_SLL2 has a
//! 20-byte header that begins with it. Both are in network byte order.

use etherparse::EtherType;

use super::{Gap, Layer, Next};

pub(super) fn decode_v1(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<16>() else {
        return Err(Gap::truncated(Layer::LinuxCooked));
    };
    let [.., high, low] = *header;
    by_protocol(u16::from_be_bytes([high, low]), rest)
}

pub(super) fn decode_v2(data: &[u8]) -> Result<Next<'_>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<20>() else {
        return Err(Gap::truncated(Layer::LinuxCooked));
    };
    let [high, low, ..] = *header;
    by_protocol(u16::from_be_bytes([high, low]), rest)
}

fn by_protocol(protocol: u16, rest: &[u8]) -> Result<Next<'_>, Gap> {
    match protocol {
        // ETH_P_802_2: an LLC header follows (linux/if_ether.h).
        0x0004 => super::ethernet::llc(rest),
        other => Ok(Next::EtherType(EtherType(other), rest)),
    }
}
