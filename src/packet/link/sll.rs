//! Linux cooked captures: what `-i any` writes.
//!
//! LINKTYPE_LINUX_SLL has a 16-byte header that ends in the protocol; LINKTYPE_LINUX_SLL2 has a
//! 20-byte header that begins with it. Both are in network byte order. What the protocol means
//! depends on the kind of device, an ARPHRD_ number (linux/if_arp.h).

use etherparse::EtherType;

use super::{Carried, Gap, Inside, Next, ethernet, truncated, unread};
use crate::source::LinkType;

pub(super) fn decode_v1(data: &[u8]) -> Result<Inside<'_>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<16>() else {
        return Err(truncated(LinkType::LINUX_SLL));
    };
    let [_, _, device_high, device_low, .., high, low] = *header;
    inside(
        LinkType::LINUX_SLL,
        u16::from_be_bytes([device_high, device_low]),
        u16::from_be_bytes([high, low]),
        rest,
    )
}

pub(super) fn decode_v2(data: &[u8]) -> Result<Inside<'_>, Gap> {
    let Some((header, rest)) = data.split_first_chunk::<20>() else {
        return Err(truncated(LinkType::LINUX_SLL2));
    };
    let [high, low, _, _, _, _, _, _, device_high, device_low, ..] = *header;
    inside(
        LinkType::LINUX_SLL2,
        u16::from_be_bytes([device_high, device_low]),
        u16::from_be_bytes([high, low]),
        rest,
    )
}

fn inside(link: LinkType, device: u16, protocol: u16, rest: &[u8]) -> Result<Inside<'_>, Gap> {
    let llc = rest.starts_with(&[0xaa, 0xaa, 0x03]);
    match device {
        // Devices in monitor mode and Frame Relay: the protocol says nothing. No 802.11 frame begins
        // like LLC.
        770 => return Ok(Inside::Link(LinkType::FRELAY, rest)),
        801 if !llc => return Ok(Inside::Link(LinkType::IEEE802_11, rest)),
        802 if !llc => return Ok(Inside::Link(LinkType::IEEE802_11_PRISM, rest)),
        803 => return Ok(Inside::Link(LinkType::IEEE802_11_RADIOTAP, rest)),
        // The protocol is a netlink family.
        824 => return Err(Gap::NoNames(Carried::Link(LinkType::NETLINK))),
        _ => {}
    }
    let next = match protocol {
        // linux/if_ether.h: numbers below 0x0600 that are not EtherTypes.
        // Novell's IPX without LLC.
        0x0001 => return Err(Gap::NoNames(Carried::Llc)),
        0x0003 => Next::Ethernet(rest),
        0x0004 => ethernet::llc(rest)?,
        // ETH_P_WAN_PPP and ETH_P_PPP_MP.
        0x0007 | 0x0008 => Next::Ppp(rest),
        // CAN and CAN FD.
        0x000c | 0x000d => return Err(Gap::NoNames(Carried::Link(LinkType::CAN_SOCKETCAN))),
        // ETH_P_80211_RAW.
        0x0019 => return Ok(Inside::Link(LinkType::IEEE802_11, rest)),
        0x00f6 => return Err(Gap::link(LinkType::IEEE802_15_4_NOFCS)),
        // Devices without a link layer of their own sometimes leave the protocol empty.
        0x0000 if looks_like_ip(rest) => Next::Ip(rest),
        0x0000..0x0600 => return Err(unread(link, protocol)),
        other => Next::EtherType(EtherType(other), rest),
    };
    Ok(next.into())
}

/// The first byte of an IPv4 header without options or with some, or of an IPv6 header.
fn looks_like_ip(data: &[u8]) -> bool {
    matches!(data.first(), Some(0x45..=0x4f | 0x60..=0x6f))
}
