//! The way to the innermost packet: which tags and tunnels were opened around it.

use std::fmt;
use std::net::IpAddr;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// How many hops are kept. Frames with more are walked all the same.
pub const MAX_HOPS: usize = 8;

/// A tag or tunnel around a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encapsulation {
    /// IEEE 802.1Q or 802.1ad tag; the identifier is the VLAN ID.
    Vlan,
    /// IEEE 802.1ah backbone bridging; the service instance.
    Backbone,
    /// One label of an MPLS stack; the label. The topmost has the ends where IP carries the stack.
    Mpls,
    /// PPPoE; the session.
    Pppoe,
    /// GRE; the key.
    Gre,
    /// NVGRE; the virtual subnet.
    Nvgre,
    /// PPTP's GRE; the call.
    Pptp,
    /// MikroTik's Ethernet over IP in GRE; the tunnel.
    EoIp,
    /// A mirrored frame in GRE; the session.
    Erspan,
    /// A redirected web request in GRE.
    Wccp,
    /// A mirrored frame in UDP (TaZmen Sniffer Protocol).
    Tzsp,
    /// A mirrored frame in UDP (HP); the VLAN it was seen on.
    HpErm,
    /// VXLAN; the network.
    Vxlan,
    /// VXLAN with a next protocol; the network.
    VxlanGpe,
    /// GENEVE; the network.
    Geneve,
    /// GTP-U; the tunnel's endpoint at the receiver (TEID).
    Gtp,
    /// L2TP version 2; the tunnel in the upper 16 bits, the session in the lower.
    L2tp,
    /// L2TP version 3; the session.
    L2tpV3,
    /// IP in IP of the same version, or IPv4 in IPv6.
    IpInIp,
    /// IPv6 in IPv4.
    SixInFour,
    /// EtherIP.
    EtherIp,
    /// Ethernet as the payload of an IP header.
    EthernetInIp,
    /// Teredo.
    Teredo,
    /// IP Authentication Header; the security parameters index.
    Ah,
    /// MACsec that signs without encrypting.
    Macsec,
    /// CAPWAP, between an access point and its controller.
    Capwap,
    /// Network Service Header; the service path.
    Nsh,
    /// LISP; the instance.
    Lisp,
    /// Generic UDP Encapsulation.
    Gue,
    /// TRILL.
    Trill,
    /// Cisco FabricPath; the forwarding tag.
    FabricPath,
    /// Cisco VN-Tag; the destination interface.
    VnTag,
    /// IEEE 802.1BR; the E-channel.
    ETag,
    /// Cisco metadata; the security group.
    CiscoMetadata,
    /// HSR or the R-TAG of IEEE 802.1CB.
    Redundancy,
    /// The tag of a switch for its processor (DSA); the VLAN.
    SwitchTag,
}

/// The addresses of a tunnel's ends, source first.
pub(super) type Ends = (IpAddr, IpAddr);

impl Encapsulation {
    /// The usual name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vlan => "vlan",
            Self::Backbone => "802.1ah",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Gre => "gre",
            Self::Nvgre => "nvgre",
            Self::Pptp => "pptp",
            Self::EoIp => "eoip",
            Self::Erspan => "erspan",
            Self::Wccp => "wccp",
            Self::Tzsp => "tzsp",
            Self::HpErm => "hp_erm",
            Self::Vxlan => "vxlan",
            Self::VxlanGpe => "vxlan_gpe",
            Self::Geneve => "geneve",
            Self::Gtp => "gtp",
            Self::L2tp => "l2tp",
            Self::L2tpV3 => "l2tpv3",
            Self::IpInIp => "ip_in_ip",
            Self::SixInFour => "6in4",
            Self::EtherIp => "etherip",
            Self::EthernetInIp => "ethernet_in_ip",
            Self::Teredo => "teredo",
            Self::Ah => "ah",
            Self::Macsec => "macsec",
            Self::Capwap => "capwap",
            Self::Nsh => "nsh",
            Self::Lisp => "lisp",
            Self::Gue => "gue",
            Self::Trill => "trill",
            Self::FabricPath => "fabricpath",
            Self::VnTag => "vn_tag",
            Self::ETag => "e_tag",
            Self::CiscoMetadata => "cisco_metadata",
            Self::Redundancy => "redundancy_tag",
            Self::SwitchTag => "switch_tag",
        }
    }
}

/// One tag or tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// What kind of tag or tunnel.
    pub kind: Encapsulation,
    /// Its identifier, where it has one: VLAN ID, MPLS label, VNI, TEID, key, session.
    pub id: Option<u32>,
    /// The tunnel's ends, source first, where IP carries it.
    pub ends: Option<(IpAddr, IpAddr)>,
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        if let Some(id) = self.id {
            write!(f, " {id}")?;
        }
        if let Some((from, to)) = self.ends {
            write!(f, " {from} > {to}")?;
        }
        Ok(())
    }
}

/// As `names` and alerts print it: `{"kind":"vxlan","id":42,"src":"192.0.2.1","dst":"192.0.2.2"}`,
/// without what there is not. The fields and their order are a contract.
impl Serialize for Hop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hop = serializer.serialize_struct("Hop", 4)?;
        hop.serialize_field("kind", self.kind.as_str())?;
        match &self.id {
            Some(id) => hop.serialize_field("id", id)?,
            None => hop.skip_field("id")?,
        }
        match &self.ends {
            Some((src, dst)) => {
                hop.serialize_field("src", src)?;
                hop.serialize_field("dst", dst)?;
            }
            None => {
                hop.skip_field("src")?;
                hop.skip_field("dst")?;
            }
        }
        hop.end()
    }
}

/// The hops of one packet, outermost first.
#[derive(Clone, Copy)]
pub struct Path {
    hops: [Hop; MAX_HOPS],
    len: usize,
    /// There were more than [`MAX_HOPS`].
    more: bool,
}

/// A place in a [`Path`].
#[derive(Clone, Copy)]
pub(super) struct Mark {
    len: usize,
    more: bool,
}

impl Default for Path {
    fn default() -> Self {
        let none = Hop {
            kind: Encapsulation::Vlan,
            id: None,
            ends: None,
        };
        Self {
            hops: [none; MAX_HOPS],
            len: 0,
            more: false,
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hops()).finish()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.hops() == other.hops()
    }
}

impl Path {
    /// Forgets all hops, for the next packet.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
        self.more = false;
    }

    /// The hops, outermost first.
    #[inline]
    pub fn hops(&self) -> &[Hop] {
        self.hops.get(..self.len).unwrap_or_default()
    }

    /// Hops beyond [`MAX_HOPS`] were left out.
    #[inline]
    pub fn is_cut(&self) -> bool {
        self.more
    }

    /// Not for rare packets only: networks tag all of them.
    #[inline]
    pub(super) fn push(&mut self, kind: Encapsulation, id: Option<u32>) {
        self.add(Hop {
            kind,
            id,
            ends: None,
        });
    }

    #[cold]
    pub(super) fn push_between(
        &mut self,
        kind: Encapsulation,
        id: Option<u32>,
        ends: Option<Ends>,
    ) {
        self.add(Hop { kind, id, ends });
    }

    #[inline]
    fn add(&mut self, hop: Hop) {
        match self.hops.get_mut(self.len) {
            Some(slot) => {
                *slot = hop;
                self.len = self.len.saturating_add(1);
            }
            None => self.more = true,
        }
    }

    /// Where to go back to if what follows is not a tunnel after all.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            len: self.len,
            more: self.more,
        }
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.len = self.len.min(mark.len);
        self.more = mark.more;
    }
}

/// The VLAN identifiers among `hops`, outermost first.
pub fn vlans(hops: &[Hop]) -> impl Iterator<Item = u16> {
    hops.iter()
        .filter(|hop| hop.kind == Encapsulation::Vlan)
        .filter_map(|hop| hop.id.and_then(|id| u16::try_from(id).ok()))
}
