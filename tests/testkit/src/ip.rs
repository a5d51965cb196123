//! IPv4 (RFC 791) and IPv6 (RFC 8200) headers with right lengths and checksums.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::frame::{Link, ether_type};
use crate::transport::{Tcp, Udp};

/// IP protocol and next-header numbers (IANA registry).
pub mod protocol {
    /// IPv6 hop-by-hop options.
    pub const HOP_BY_HOP: u8 = 0;
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// IPv4 inside IP.
    pub const IPV4: u8 = 4;
    /// Transmission Control Protocol.
    pub const TCP: u8 = 6;
    /// User Datagram Protocol.
    pub const UDP: u8 = 17;
    /// IPv6 inside IP.
    pub const IPV6: u8 = 41;
    /// IPv6 routing header.
    pub const ROUTING: u8 = 43;
    /// IPv6 fragment header.
    pub const FRAGMENT: u8 = 44;
    /// Generic Routing Encapsulation.
    pub const GRE: u8 = 47;
    /// Encapsulating Security Payload.
    pub const ESP: u8 = 50;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// IPv6 "no next header".
    pub const NO_NEXT_HEADER: u8 = 59;
    /// IPv6 destination options.
    pub const DESTINATION_OPTIONS: u8 = 60;
}

/// An IP layer that waits for what it carries.
#[derive(Clone, Debug)]
pub struct Ip {
    link: Link,
    src: IpAddr,
    dst: IpAddr,
    ttl: u8,
    traffic_class: u8,
    id: u32,
    dont_fragment: bool,
    /// IPv4 options, padded to a multiple of four.
    options: Vec<u8>,
    /// IPv6 extension headers: (own number, body behind the next-header byte).
    extensions: Vec<(u8, Vec<u8>)>,
    /// (offset in bytes, more fragments follow).
    fragment: Option<(usize, bool)>,
}

impl Ip {
    pub(crate) fn v4(link: Link, src: &str, dst: &str) -> Self {
        let src: Ipv4Addr = src.parse().expect("an IPv4 source address");
        let dst: Ipv4Addr = dst.parse().expect("an IPv4 destination address");
        Ip::new(link, IpAddr::V4(src), IpAddr::V4(dst))
    }

    pub(crate) fn v6(link: Link, src: &str, dst: &str) -> Self {
        let src: Ipv6Addr = src.parse().expect("an IPv6 source address");
        let dst: Ipv6Addr = dst.parse().expect("an IPv6 destination address");
        Ip::new(link, IpAddr::V6(src), IpAddr::V6(dst))
    }

    fn new(link: Link, src: IpAddr, dst: IpAddr) -> Self {
        Ip {
            link,
            src,
            dst,
            ttl: 64,
            traffic_class: 0,
            id: 0,
            dont_fragment: true,
            options: Vec::new(),
            extensions: Vec::new(),
            fragment: None,
        }
    }

    /// Sets the time to live, or hop limit.
    pub fn ttl(mut self, ttl: u8) -> Self {
        self.ttl = ttl;
        self
    }

    /// Sets the IPv4 identification, or that of the IPv6 fragment header.
    pub fn id(mut self, id: u32) -> Self {
        self.id = id;
        self
    }

    /// Adds IPv4 options, padded with End of Options to a multiple of four bytes.
    pub fn options(mut self, options: &[u8]) -> Self {
        assert!(
            self.src.is_ipv4(),
            "IPv6 has extension headers instead of options"
        );
        self.options.extend_from_slice(options);
        while !self.options.len().is_multiple_of(4) {
            self.options.push(0);
        }
        assert!(
            self.options.len() <= 40,
            "an IPv4 header has room for 40 bytes of options"
        );
        self
    }

    /// The IPv4 router alert option (RFC 2113), the one seen most.
    pub fn router_alert(self) -> Self {
        self.options(&[0x94, 4, 0, 0])
    }

    /// Adds an IPv6 hop-by-hop header with a router alert (RFC 2711) and padding.
    pub fn hop_by_hop(self) -> Self {
        self.extension(protocol::HOP_BY_HOP, &[5, 2, 0, 0, 1, 0])
    }

    /// Adds an IPv6 destination options header of 16 bytes, all padding.
    pub fn destination_options(self) -> Self {
        self.extension(
            protocol::DESTINATION_OPTIONS,
            &[1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        )
    }

    /// Adds an IPv6 segment routing header (RFC 8754) with one segment, already reached.
    pub fn routing(self) -> Self {
        let IpAddr::V6(last) = self.dst else {
            panic!("routing headers are for IPv6")
        };
        let mut body = vec![4, 0, 0, 0, 0, 0]; // type 4, segments left, last entry, flags, tag
        body.extend_from_slice(&last.octets());
        self.extension(protocol::ROUTING, &body)
    }

    /// Adds any IPv6 extension header. `body` is what follows its first two bytes (the next
    /// header and the length, which are filled in) and makes the whole a multiple of eight.
    pub fn extension(mut self, number: u8, body: &[u8]) -> Self {
        assert!(self.src.is_ipv6(), "extension headers are for IPv6");
        assert_eq!(
            (body.len() + 2) % 8,
            0,
            "extension headers are multiples of eight bytes"
        );
        self.extensions.push((number, body.to_vec()));
        self
    }

    /// Makes this one fragment, `offset` bytes (a multiple of eight) into the whole.
    pub fn fragment(mut self, offset: usize, more_follow: bool) -> Self {
        assert_eq!(
            offset % 8,
            0,
            "fragment offsets are multiples of eight bytes"
        );
        self.fragment = Some((offset, more_follow));
        self
    }

    /// UDP between two ports.
    pub fn udp(self, src: u16, dst: u16) -> Udp {
        Udp::new(self, src, dst)
    }

    /// TCP between two ports.
    pub fn tcp(self, src: u16, dst: u16) -> Tcp {
        Tcp::new(self, src, dst)
    }

    /// A finished frame that carries `payload` under an IP protocol number.
    pub fn payload(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                let header = self.header_v4(src, dst, protocol, payload.len());
                self.link
                    .payload(ether_type::IPV4, &[header.as_slice(), payload].concat())
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                let header = self.header_v6(src, dst, protocol, payload.len());
                self.link
                    .payload(ether_type::IPV6, &[header.as_slice(), payload].concat())
            }
            _ => unreachable!("the constructors parse both addresses as one family"),
        }
    }

    /// The frames of `payload` cut at the given byte offsets (multiples of eight), in order.
    pub fn fragments(&self, protocol: u8, payload: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
        let mut starts = vec![0];
        starts.extend_from_slice(cuts);
        (0..starts.len())
            .map(|i| {
                let end = starts.get(i + 1).copied().unwrap_or(payload.len());
                let piece = self.clone().fragment(starts[i], end < payload.len());
                piece.payload(protocol, &payload[starts[i]..end])
            })
            .collect()
    }

    fn header_v4(&self, src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, payload: usize) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let total = u16::try_from(header_len + payload).expect("an IPv4 packet of at most 64 KiB");
        let flags = match self.fragment {
            Some((offset, more)) => u16::from(more) << 13 | u16::try_from(offset / 8).unwrap(),
            None => u16::from(self.dont_fragment) << 14,
        };
        let mut out = vec![0x40 | (header_len / 4) as u8, self.traffic_class];
        out.extend_from_slice(&total.to_be_bytes());
        out.extend_from_slice(&(self.id as u16).to_be_bytes());
        out.extend_from_slice(&flags.to_be_bytes());
        out.extend_from_slice(&[self.ttl, protocol, 0, 0]);
        out.extend_from_slice(&src.octets());
        out.extend_from_slice(&dst.octets());
        out.extend_from_slice(&self.options);
        let checksum = checksum(&[&out]);
        out[10..12].copy_from_slice(&checksum.to_be_bytes());
        out
    }

    fn header_v6(&self, src: Ipv6Addr, dst: Ipv6Addr, protocol: u8, payload: usize) -> Vec<u8> {
        let mut chain = self.extensions.clone();
        if let Some((offset, more)) = self.fragment {
            // Hop-by-hop and routing headers stay in front of the fragment header (RFC 8200, 4.5).
            let mut body = (u16::try_from(offset).unwrap() | u16::from(more))
                .to_be_bytes()
                .to_vec();
            body.extend_from_slice(&self.id.to_be_bytes());
            chain.push((protocol::FRAGMENT, body));
        }
        let mut extensions = Vec::new();
        for (i, (number, body)) in chain.iter().enumerate() {
            extensions.push(chain.get(i + 1).map_or(protocol, |next| next.0));
            // The fragment header has a reserved byte where the others have their length.
            let length = (body.len() + 2) / 8 - 1;
            extensions.push(if *number == protocol::FRAGMENT {
                0
            } else {
                length as u8
            });
            extensions.extend_from_slice(body);
        }
        let length = u16::try_from(extensions.len() + payload).expect("at most 64 KiB of payload");
        let mut out = vec![
            0x60 | self.traffic_class >> 4,
            self.traffic_class << 4,
            0,
            0,
        ];
        out.extend_from_slice(&length.to_be_bytes());
        out.push(chain.first().map_or(protocol, |first| first.0));
        out.push(self.ttl);
        out.extend_from_slice(&src.octets());
        out.extend_from_slice(&dst.octets());
        out.extend_from_slice(&extensions);
        out
    }

    /// The checksum of `segment` with the pseudo header of this layer (RFC 9293, section 3.1).
    pub(crate) fn transport_checksum(&self, protocol: u8, segment: &[u8]) -> u16 {
        let length = (segment.len() as u32).to_be_bytes();
        let number = [0, protocol];
        match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                checksum(&[&src.octets(), &dst.octets(), &number, &length, segment])
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                checksum(&[&src.octets(), &dst.octets(), &number, &length, segment])
            }
            _ => unreachable!("the constructors parse both addresses as one family"),
        }
    }
}

/// The Internet checksum (RFC 1071) over parts; every part but the last has an even length.
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(u16::from_be_bytes([
                pair[0],
                pair.get(1).copied().unwrap_or(0),
            ]));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{ethernet, raw};
    use etherparse::{NetSlice, SlicedPacket};

    #[test]
    fn ipv4_header_checksum_and_length_are_right() {
        let frame = raw()
            .ipv4("10.0.0.7", "192.0.2.1")
            .ttl(9)
            .router_alert()
            .payload(50, b"abc");
        let (header, rest) = etherparse::Ipv4Header::from_slice(&frame).unwrap();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!((header.time_to_live, header.protocol.0), (9, protocol::ESP));
        assert_eq!((header.header_len(), rest), (24, &b"abc"[..]));
    }

    #[test]
    fn etherparse_walks_the_ipv6_extension_headers() {
        let frame = ethernet()
            .ipv6("2001:db8::7", "2001:db8::1")
            .hop_by_hop()
            .routing()
            .destination_options()
            .udp(1, 2)
            .payload("abc");
        let parsed = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(NetSlice::Ipv6(ip)) = parsed.net else {
            panic!("IPv6 expected")
        };
        assert_eq!(ip.extensions().clone().into_iter().count(), 3);
        assert!(parsed.transport.is_some());
    }

    #[test]
    fn fragments_of_both_versions_cover_the_payload() {
        for ip in [
            raw().ip("10.0.0.7", "192.0.2.1"),
            raw().ip("2001:db8::7", "2001:db8::1"),
        ] {
            let pieces = ip.id(77).fragments(protocol::UDP, &[7; 100], &[8, 64]);
            assert_eq!(pieces.len(), 3);
            let mut covered = 0;
            for piece in &pieces {
                let parsed = SlicedPacket::from_ip(piece).unwrap();
                let net = parsed.net.unwrap();
                assert!(net.is_ip());
                let payload = net.ip_payload_ref().unwrap();
                assert!(payload.fragmented);
                covered += payload.payload.len();
            }
            assert_eq!(covered, 100);
        }
    }
}
