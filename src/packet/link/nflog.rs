//! Packets that the Linux firewall logs: LINKTYPE_NFLOG.

use etherparse::EtherType;

use super::{Gap, Next, malformed, truncated, unread};
use crate::source::LinkType;

const LINK: LinkType = LinkType::NFLOG;

/// Kinds of TLVs (linux/netfilter/nfnetlink_log.h).
const PACKET_HEADER: u16 = 1;
const PAYLOAD: u16 = 9;

/// Family, version and a 16-bit resource, then TLVs: length, which counts its own four bytes, and
/// kind, both 16 bits in the byte order of the capturing machine, padded to a multiple of four.
pub(super) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    let [family, _, _, _, tlvs @ ..] = data else {
        return Err(truncated(LINK));
    };
    let Some(&[a, b, _, _]) = tlvs.first_chunk::<4>() else {
        return Err(truncated(LINK));
    };
    // The first TLV is short: the order that gives the smaller length is the right one.
    let read: fn([u8; 2]) -> u16 = if u16::from_le_bytes([a, b]) <= u16::from_be_bytes([a, b]) {
        u16::from_le_bytes
    } else {
        u16::from_be_bytes
    };
    packet(u16::from(*family), tlvs, read)
}

fn packet(family: u16, mut tlvs: &[u8], read: fn([u8; 2]) -> u16) -> Result<Next<'_>, Gap> {
    let mut protocol = None;
    while let [a, b, c, d, rest @ ..] = tlvs {
        let length = usize::from(read([*a, *b]));
        let Some(value_length) = length.checked_sub(4) else {
            return Err(malformed(LINK));
        };
        match read([*c, *d]) {
            // Two bytes of EtherType come first, in network byte order.
            PACKET_HEADER => {
                protocol = rest.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
            }
            PAYLOAD => {
                let payload = rest.get(..value_length).unwrap_or(rest);
                return match (family, protocol) {
                    // AF_INET and AF_INET6.
                    (2 | 10, _) => Ok(Next::Ip(payload)),
                    (_, Some(protocol @ 0x0600..)) => {
                        Ok(Next::EtherType(EtherType(protocol), payload))
                    }
                    (family, _) => Err(unread(LINK, family)),
                };
            }
            _ => {}
        }
        tlvs = rest
            .get(value_length.next_multiple_of(4)..)
            .unwrap_or_default();
    }
    Err(truncated(LINK))
}
