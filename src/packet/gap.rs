//! Why a frame was not read to the end.

use etherparse::{EtherType, IpNumber};

use crate::source::LinkType;

/// The header at which decoding stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Ethernet II or IEEE 802.3.
    Ethernet,
    /// IEEE 802.1Q tag.
    Vlan,
    /// IEEE 802.2 LLC with SNAP.
    Llc,
    /// The header of a link type of the capture file.
    Link(LinkType),
    /// PPP protocol field.
    Ppp,
    /// IEEE 802.1ah tag.
    Backbone,
    /// MPLS label stack.
    Mpls,
    /// PPPoE session header.
    Pppoe,
    /// GRE header.
    Gre,
    /// ERSPAN header, type II or III.
    Erspan,
    /// VXLAN or VXLAN-GPE header.
    Vxlan,
    /// GENEVE header.
    Geneve,
    /// GTP-U header.
    Gtp,
    /// L2TP header.
    L2tp,
    /// Teredo indications.
    Teredo,
    /// EtherIP header.
    EtherIp,
    /// IP Authentication Header.
    Ah,
    /// MACsec tag.
    Macsec,
    /// CAPWAP header.
    Capwap,
    /// Network Service Header.
    Nsh,
    /// TZSP header.
    Tzsp,
    /// HP encapsulated remote mirroring.
    HpErm,
    /// LISP header.
    Lisp,
    /// GUE header.
    Gue,
    /// TRILL header.
    Trill,
    /// Cisco FabricPath tag.
    FabricPath,
    /// Cisco VN-Tag or IEEE 802.1BR tag.
    VnTag,
    /// Cisco metadata tag.
    CiscoMetadata,
    /// HSR tag or IEEE 802.1CB R-TAG.
    Redundancy,
    /// DSA tag.
    SwitchTag,
    /// IPv4 or IPv6 where the version is neither 4 nor 6.
    Ip,
    /// IPv4 header.
    Ipv4,
    /// IPv6 header.
    Ipv6,
    /// IPv6 extension header.
    Ipv6Extension,
    /// TCP header.
    Tcp,
    /// UDP header.
    Udp,
}

impl Layer {
    /// The header's usual name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ethernet => "Ethernet",
            Self::Vlan => "VLAN",
            Self::Llc => "LLC",
            Self::Link(link) => match link.name() {
                Some(name) => name,
                None => "link",
            },
            Self::Ppp => "PPP",
            Self::Backbone => "802.1ah",
            Self::Mpls => "MPLS",
            Self::Pppoe => "PPPoE",
            Self::Gre => "GRE",
            Self::Erspan => "ERSPAN",
            Self::Vxlan => "VXLAN",
            Self::Geneve => "GENEVE",
            Self::Gtp => "GTP-U",
            Self::L2tp => "L2TP",
            Self::Teredo => "Teredo",
            Self::EtherIp => "EtherIP",
            Self::Ah => "AH",
            Self::Macsec => "MACsec",
            Self::Capwap => "CAPWAP",
            Self::Nsh => "NSH",
            Self::Tzsp => "TZSP",
            Self::HpErm => "HP ERM",
            Self::Lisp => "LISP",
            Self::Gue => "GUE",
            Self::Trill => "TRILL",
            Self::FabricPath => "FabricPath",
            Self::VnTag => "VN-Tag",
            Self::CiscoMetadata => "Cisco metadata",
            Self::Redundancy => "redundancy tag",
            Self::SwitchTag => "switch tag",
            Self::Ip => "IP",
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Ipv6Extension => "IPv6 extension",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// Why a frame gave no TCP segment or UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// The frame carries a protocol in which hosts are not named (ARP, ICMP, LLDP ...).
    NoNames(Carried),
    /// The frame carries something that may hold names and that this version cannot open.
    Unread(Carried),
    /// The frame ends inside a header (snap length, or a malformed frame).
    Truncated(Layer),
    /// A header contradicts itself.
    Malformed(Layer),
    /// More nested headers than are walked.
    TooDeep,
}

/// What a frame carries instead of TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carried {
    /// A link type of the capture file.
    Link(LinkType),
    /// An EtherType.
    EtherType(u16),
    /// A number in the header of a link type: a protocol, a kind of frame.
    InLink(LinkType, u16),
    /// An IEEE 802.2 LLC payload other than SNAP.
    Llc,
    /// A SNAP protocol, and the organisation that numbered it.
    Snap([u8; 3], u16),
    /// A network layer protocol identifier (ISO/IEC TR 9577).
    Nlpid(u8),
    /// An 802.11 frame.
    Wifi(Wifi),
    /// An IP protocol number.
    IpProtocol(u8),
    /// A GTP-U message.
    Gtp(u8),
    /// A message of CAPWAP's data channel.
    Capwap(Capwap),
    /// A PPP protocol number.
    Ppp(u16),
    /// A protocol family of a BSD loopback header.
    Family(u32),
}

/// 802.11 frames in which no packet can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wifi {
    /// Beacons, association and the like.
    Management,
    /// Acknowledgements and the like.
    Control,
    /// Data frames that carry none, such as those that announce a sleeping device.
    NoData,
    /// Extension frames, such as the beacons of 60 GHz radios.
    Extension,
    /// Data that is encrypted.
    Encrypted,
    /// A fragment other than the first.
    Fragment,
}

impl Wifi {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Management => "802.11 management frames",
            Self::Control => "802.11 control frames",
            Self::NoData => "802.11 data frames without data",
            Self::Extension => "802.11 extension frames",
            Self::Encrypted => "encrypted 802.11 data",
            Self::Fragment => "802.11 fragments",
        }
    }
}

/// Messages between an access point and its controller in which no packet can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capwap {
    /// It keeps the channel alive.
    KeepAlive,
}

impl Capwap {
    const fn as_str(self) -> &'static str {
        match self {
            Self::KeepAlive => "CAPWAP keep-alives",
        }
    }
}

impl Gap {
    #[cold]
    pub(super) const fn truncated(layer: Layer) -> Self {
        Self::Truncated(layer)
    }

    #[cold]
    pub(super) const fn malformed(layer: Layer) -> Self {
        Self::Malformed(layer)
    }

    #[cold]
    pub(super) const fn link(link: LinkType) -> Self {
        Self::Unread(Carried::Link(link))
    }

    #[cold]
    pub(super) const fn ether_type(ether_type: EtherType) -> Self {
        let carried = Carried::EtherType(ether_type.0);
        match ether_type.0 {
            // Control protocols of the local link, which name no host on the Internet: ARP,
            // Wake-on-LAN, RARP, flow control, LACP, PPPoE discovery, EAPOL, LLDP, HomePlug, MVRP,
            // PTP, CFM, 802.11r and TDLS, configuration test, TRILL's routing, PRP supervision.
            0x0806 | 0x0842 | 0x22f4 | 0x8035 | 0x8808 | 0x8809 | 0x8863 | 0x888e | 0x88cc
            | 0x88e1 | 0x88f5 | 0x88f7 | 0x88fb | 0x8902 | 0x890d | 0x9000 => {
                Self::NoNames(carried)
            }
            _ => Self::Unread(carried),
        }
    }

    pub(super) const fn ip_protocol(protocol: IpNumber) -> Self {
        let carried = Carried::IpProtocol(protocol.0);
        match protocol {
            // ICMP may quote a packet, but the packet itself passes here as well. The rest is
            // routing and neighbourhood chatter; 59 is IPv6 "no next header".
            IpNumber::ICMP
            | IpNumber::IPV6_ICMP
            | IpNumber::IGMP
            | IpNumber::OSPFIGP
            | IpNumber::EIGRP
            | IpNumber::PIM
            | IpNumber::VRRP
            | IpNumber::RSVP
            | IpNumber::IPV6_NO_NEXT_HEADER => Self::NoNames(carried),
            _ => Self::Unread(carried),
        }
    }

    /// A tunnel that carries no packet this time: keep-alive, control.
    #[cold]
    pub(super) const fn no_names_in_ip(protocol: IpNumber) -> Self {
        Self::NoNames(Carried::IpProtocol(protocol.0))
    }

    /// Control messages beside a pseudowire.
    #[cold]
    pub(super) const fn no_names_in_mpls() -> Self {
        Self::NoNames(Carried::EtherType(0x8847))
    }

    #[cold]
    pub(super) const fn ppp(protocol: u16) -> Self {
        let carried = Carried::Ppp(protocol);
        match protocol {
            // Link and network control protocols, authentication (RFC 1661 section 2), Cisco
            // Discovery, OSI routing.
            0x8000.. | 0x0207 | 0x0023 => Self::NoNames(carried),
            _ => Self::Unread(carried),
        }
    }

    /// True where a name may have passed unseen.
    pub const fn may_hide_names(self) -> bool {
        !matches!(self, Self::NoNames(_))
    }

    /// In words, for the summary; stable enough to be a key.
    pub fn describe(self) -> String {
        match self {
            Self::NoNames(c) => c.describe(),
            Self::Unread(c) => c.describe(),
            Self::Truncated(l) => format!("{} header cut short", l.as_str()),
            Self::Malformed(l) => format!("{} header malformed", l.as_str()),
            Self::TooDeep => "too many nested headers".to_owned(),
        }
    }
}

impl Carried {
    fn describe(self) -> String {
        match self {
            Self::Link(link) => format!("link type {link}"),
            Self::InLink(link, n) => format!("number 0x{n:04x} of link type {link}"),
            Self::Llc => "IEEE 802.2 LLC without SNAP".to_owned(),
            Self::Snap([a, b, c], n) => {
                format!("SNAP protocol 0x{n:04x} of {a:02x}-{b:02x}-{c:02x}")
            }
            Self::Nlpid(n) => format!("network layer protocol identifier 0x{n:02x}"),
            Self::Wifi(frame) => frame.as_str().to_owned(),
            Self::Family(n) => format!("loopback protocol family {n}"),
            Self::Capwap(message) => message.as_str().to_owned(),
            Self::Gtp(n) => format!("GTP-U message {n}"),
            Self::Ppp(n) => format!("PPP protocol 0x{n:04x}"),
            Self::EtherType(n) => match ether_type_name(n) {
                Some(name) => name.to_owned(),
                None => format!("EtherType 0x{n:04x}"),
            },
            Self::IpProtocol(n) => match IpNumber(n).keyword_str() {
                Some(name) => format!("IP protocol {n} ({name})"),
                None => format!("IP protocol {n}"),
            },
        }
    }
}

/// Names of EtherTypes that captures really hold (IANA "IEEE 802 Numbers").
fn ether_type_name(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0806 => "ARP",
        0x0842 => "Wake-on-LAN",
        0x22f3 => "TRILL",
        0x6558 => "transparent Ethernet bridging",
        0x8035 => "RARP",
        0x8137 => "IPX",
        0x8808 => "Ethernet flow control",
        0x8809 => "slow protocols (LACP)",
        0x8847 => "MPLS",
        0x8848 => "MPLS multicast",
        0x8863 => "PPPoE discovery",
        0x8864 => "PPPoE session",
        0x888e => "EAPOL",
        0x88cc => "LLDP",
        0x88e1 => "HomePlug",
        0x88e5 => "MACsec",
        0x88e7 => "802.1ah backbone bridging",
        0x88f5 => "MVRP",
        0x88f7 => "PTP",
        0x88fb => "PRP supervision",
        0x8902 => "CFM",
        0x8903 => "FabricPath",
        0x894f => "NSH",
        0x9000 => "configuration test protocol",
        _ => return None,
    })
}
