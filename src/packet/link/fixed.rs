//! Link headers of a fixed length that need no decision, and link types that are not opened.

use etherparse::EtherType;

use super::{Carried, Gap, Next, ethernet, truncated};
use crate::source::LinkType;

/// What stands behind a header of `length` bytes.
pub(super) fn skip(link: LinkType, data: &[u8], length: usize) -> Result<&[u8], Gap> {
    data.get(length..).ok_or_else(|| truncated(link))
}

pub(super) fn decode(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match link {
        // Direction, and 15 bytes of what the line had before its TCP header was decompressed.
        LinkType::SLIP => Ok(Next::Ip(skip(link, data, 16)?)),
        // Address family, security parameter index and flags, 4 bytes each.
        LinkType::ENC => Ok(Next::Ip(skip(link, data, 12)?)),
        // Version, family, hook, length, and the indices of interfaces and zones.
        LinkType::IPNET => Ok(Next::Ip(skip(link, data, 24)?)),
        // The network header of RFC 2625 section 3: two 8-byte names, then LLC.
        LinkType::IP_OVER_FC => ethernet::llc(skip(link, data, 16)?),
        // RFC 2734: two 8-byte EUI-64 and the type.
        LinkType::APPLE_IP_OVER_IEEE1394 => by_type(link, skip(link, data, 16)?, 2),
        // A 40-byte pseudo-header, then the 4-byte header of RFC 4391 section 6: type and reserved.
        LinkType::IPOIB => by_type(link, skip(link, data, 40)?, 4),
        // Port, length and state, then an Ethernet frame.
        LinkType::NETANALYZER => Ok(Next::Ethernet(skip(link, data, 4)?)),
        // The preamble with the logical link identifier in it.
        LinkType::EPON => Ok(Next::Ethernet(skip(link, data, 8)?)),
        // Broadcom's switch tag in front of the frame.
        LinkType::DSA_TAG_BRCM_PREPEND => Ok(Next::Ethernet(skip(link, data, 4)?)),
        other if names_nobody(other) => Err(Gap::NoNames(Carried::Link(other))),
        other => Err(Gap::link(other)),
    }
}

/// A header of `length` bytes that begins with an EtherType.
fn by_type(link: LinkType, data: &[u8], length: usize) -> Result<Next<'_>, Gap> {
    let Some(&[high, low]) = data.first_chunk::<2>() else {
        return Err(truncated(link));
    };
    let ether_type = EtherType(u16::from_be_bytes([high, low]));
    Ok(Next::EtherType(ether_type, skip(link, data, length)?))
}

/// Buses of vehicles, boards and buildings, telephone signalling, and what passes between a machine
/// and its own kernel or guest: no packets of the Internet.
fn names_nobody(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::MTP2_WITH_PHDR
            | LinkType::MTP2
            | LinkType::MTP3
            | LinkType::SCCP
            | LinkType::BACNET_MS_TP
            | LinkType::IPMB_LINUX
            | LinkType::CAN20B
            | LinkType::CAN_SOCKETCAN
            | LinkType::DBUS
            | LinkType::MPEG_2_TS
            | LinkType::NETLINK
            | LinkType::ISO_14443
            | LinkType::VSOCK
    )
}
