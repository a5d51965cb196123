//! Link layers: what stands in front of the IP header in a captured frame.

use crate::ip::Ip;

/// LINKTYPE_ values of capture files (tcpdump.org/linktypes.html).
pub mod link_type {
    /// BSD loopback: a 4-byte address family in the byte order of the capturing machine.
    pub const NULL: u32 = 0;
    /// Ethernet, the destination address first.
    pub const ETHERNET: u32 = 1;
    /// IPv4 or IPv6, told apart by the version nibble.
    pub const RAW: u32 = 101;
    /// OpenBSD loopback: a 4-byte address family in network byte order.
    pub const LOOP: u32 = 108;
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: u32 = 113;
    /// IPv4 only.
    pub const IPV4: u32 = 228;
    /// IPv6 only.
    pub const IPV6: u32 = 229;
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: u32 = 276;
}

/// EtherType values (IEEE registry).
pub mod ether_type {
    /// Internet Protocol version 4.
    pub const IPV4: u16 = 0x0800;
    /// Address Resolution Protocol.
    pub const ARP: u16 = 0x0806;
    /// 802.1Q customer tag.
    pub const VLAN: u16 = 0x8100;
    /// Internet Protocol version 6.
    pub const IPV6: u16 = 0x86dd;
    /// 802.1ad service tag.
    pub const SERVICE_VLAN: u16 = 0x88a8;
    /// Link Layer Discovery Protocol.
    pub const LLDP: u16 = 0x88cc;
    /// Tag used for stacked VLANs before 802.1ad.
    pub const OLD_QINQ: u16 = 0x9100;
}

/// Documentation MAC addresses (RFC 7042, section 2.1.2): 00-00-5E-00-53-00 to -FF.
pub const CLIENT_MAC: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x07];
/// The gateway's side of the same segment.
pub const GATEWAY_MAC: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x53, 0x01];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ethernet,
    NullLittle,
    NullBig,
    Loop,
    Sll,
    Sll2,
    Raw,
}

/// A link layer that waits for what it carries.
#[derive(Clone, Debug)]
pub struct Link {
    kind: Kind,
    dst: [u8; 6],
    src: [u8; 6],
    /// (tag protocol identifier, tag control information), outermost first.
    tags: Vec<(u16, u16)>,
    bsd_ipv6_family: u32,
}

fn link(kind: Kind) -> Link {
    Link {
        kind,
        dst: GATEWAY_MAC,
        src: CLIENT_MAC,
        tags: Vec::new(),
        bsd_ipv6_family: 30,
    }
}

/// Ethernet II from the client's to the gateway's documentation address.
pub fn ethernet() -> Link {
    link(Kind::Ethernet)
}

/// LINKTYPE_NULL as a little-endian machine writes it.
pub fn null_loopback() -> Link {
    link(Kind::NullLittle)
}

/// LINKTYPE_NULL as a big-endian machine writes it.
pub fn null_loopback_big_endian() -> Link {
    link(Kind::NullBig)
}

/// LINKTYPE_LOOP, always in network byte order.
pub fn openbsd_loopback() -> Link {
    link(Kind::Loop)
}

/// Linux cooked capture version 1 (`tcpdump -i any` until 2021).
pub fn linux_cooked() -> Link {
    link(Kind::Sll)
}

/// Linux cooked capture version 2.
pub fn linux_cooked2() -> Link {
    link(Kind::Sll2)
}

/// No link layer: the frame begins with the IP header.
pub fn raw() -> Link {
    link(Kind::Raw)
}

impl Link {
    /// The LINKTYPE_ value a capture of such frames must announce.
    pub fn link_type(&self) -> u32 {
        match self.kind {
            Kind::Ethernet => link_type::ETHERNET,
            Kind::NullLittle | Kind::NullBig => link_type::NULL,
            Kind::Loop => link_type::LOOP,
            Kind::Sll => link_type::LINUX_SLL,
            Kind::Sll2 => link_type::LINUX_SLL2,
            Kind::Raw => link_type::RAW,
        }
    }

    /// The same link seen in the other direction.
    pub fn reversed(mut self) -> Self {
        std::mem::swap(&mut self.src, &mut self.dst);
        self
    }

    /// Sets the MAC addresses.
    pub fn macs(mut self, src: [u8; 6], dst: [u8; 6]) -> Self {
        self.src = src;
        self.dst = dst;
        self
    }

    /// Adds an 802.1Q tag inside the tags so far. `id` is 12 bits.
    pub fn vlan(self, id: u16) -> Self {
        self.tag(ether_type::VLAN, id)
    }

    /// Adds an 802.1ad service tag and a customer tag inside it.
    pub fn qinq(self, service: u16, customer: u16) -> Self {
        self.tag(ether_type::SERVICE_VLAN, service).vlan(customer)
    }

    /// Adds any tag: its protocol identifier and its 16 bits of control information.
    pub fn tag(mut self, tpid: u16, tci: u16) -> Self {
        assert!(
            matches!(self.kind, Kind::Ethernet | Kind::Sll | Kind::Sll2),
            "only Ethernet and Linux cooked frames carry VLAN tags"
        );
        self.tags.push((tpid, tci));
        self
    }

    /// The BSD address family for IPv6: 24 (NetBSD), 28 (FreeBSD) or 30 (macOS, the default).
    pub fn bsd_ipv6_family(mut self, family: u32) -> Self {
        self.bsd_ipv6_family = family;
        self
    }

    /// IPv4 between two addresses.
    pub fn ipv4(self, src: &str, dst: &str) -> Ip {
        Ip::v4(self, src, dst)
    }

    /// IPv6 between two addresses.
    pub fn ipv6(self, src: &str, dst: &str) -> Ip {
        Ip::v6(self, src, dst)
    }

    /// IPv4 or IPv6, as the addresses are written.
    pub fn ip(self, src: &str, dst: &str) -> Ip {
        if src.contains(':') {
            self.ipv6(src, dst)
        } else {
            self.ipv4(src, dst)
        }
    }

    /// A finished frame that carries `payload` under `ether_type`.
    pub fn payload(&self, ether_type: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = self.header(ether_type);
        frame.extend_from_slice(payload);
        frame
    }

    fn header(&self, ether_type: u16) -> Vec<u8> {
        let outer_type = self.tags.first().map_or(ether_type, |tag| tag.0);
        let mut out = Vec::with_capacity(32);
        match self.kind {
            Kind::Ethernet => {
                out.extend_from_slice(&self.dst);
                out.extend_from_slice(&self.src);
                out.extend_from_slice(&outer_type.to_be_bytes());
            }
            Kind::NullLittle => out.extend_from_slice(&self.family(ether_type).to_le_bytes()),
            Kind::NullBig | Kind::Loop => {
                out.extend_from_slice(&self.family(ether_type).to_be_bytes());
            }
            Kind::Sll => {
                out.extend_from_slice(&0u16.to_be_bytes()); // packet type: sent to us
                out.extend_from_slice(&1u16.to_be_bytes()); // ARPHRD_ETHER
                out.extend_from_slice(&6u16.to_be_bytes()); // address length
                out.extend_from_slice(&self.src);
                out.extend_from_slice(&[0, 0]);
                out.extend_from_slice(&outer_type.to_be_bytes());
            }
            Kind::Sll2 => {
                out.extend_from_slice(&outer_type.to_be_bytes());
                out.extend_from_slice(&[0, 0]); // reserved
                out.extend_from_slice(&2u32.to_be_bytes()); // interface index
                out.extend_from_slice(&1u16.to_be_bytes()); // ARPHRD_ETHER
                out.push(0); // packet type: sent to us
                out.push(6); // address length
                out.extend_from_slice(&self.src);
                out.extend_from_slice(&[0, 0]);
            }
            Kind::Raw => {}
        }
        for (i, (_, tci)) in self.tags.iter().enumerate() {
            let inner_type = self.tags.get(i + 1).map_or(ether_type, |tag| tag.0);
            out.extend_from_slice(&tci.to_be_bytes());
            out.extend_from_slice(&inner_type.to_be_bytes());
        }
        out
    }

    fn family(&self, ether_type: u16) -> u32 {
        match ether_type {
            ether_type::IPV4 => 2,
            ether_type::IPV6 => self.bsd_ipv6_family,
            other => panic!("a loopback header has no address family for EtherType {other:#06x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lengths_are_those_of_the_specifications() {
        let header = |link: Link| link.payload(ether_type::IPV4, &[]).len();
        assert_eq!(header(ethernet()), 14);
        assert_eq!(header(ethernet().vlan(1)), 18);
        assert_eq!(header(ethernet().qinq(1, 2)), 22);
        assert_eq!(header(null_loopback()), 4);
        assert_eq!(header(openbsd_loopback()), 4);
        assert_eq!(header(linux_cooked()), 16);
        assert_eq!(header(linux_cooked2()), 20);
        assert_eq!(header(raw()), 0);
    }

    #[test]
    fn etherparse_sees_both_tags() {
        let frame = ethernet()
            .qinq(200, 17)
            .ipv4("10.0.0.7", "192.0.2.1")
            .udp(1, 2)
            .payload("x");
        let parsed = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
        let ids: Vec<u16> = parsed.vlan_ids().iter().map(|id| id.value()).collect();
        assert_eq!(ids, [200, 17]);
        assert!(parsed.transport.is_some());
    }

    #[test]
    fn etherparse_reads_the_cooked_header() {
        let frame = linux_cooked()
            .ipv4("10.0.0.7", "192.0.2.1")
            .udp(1, 2)
            .payload("x");
        let parsed = etherparse::SlicedPacket::from_linux_sll(&frame).unwrap();
        assert!(matches!(parsed.net, Some(etherparse::NetSlice::Ipv4(_))));
        assert!(parsed.transport.is_some());
    }

    #[test]
    fn loopback_orders_differ() {
        assert_eq!(null_loopback().payload(ether_type::IPV4, &[]), [2, 0, 0, 0]);
        assert_eq!(
            null_loopback_big_endian().payload(ether_type::IPV4, &[]),
            [0, 0, 0, 2]
        );
        assert_eq!(
            null_loopback().payload(ether_type::IPV6, &[]),
            [30, 0, 0, 0]
        );
    }
}
