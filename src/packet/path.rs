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
}

impl Encapsulation {
    /// The usual name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vlan => "vlan",
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

    #[cold]
    pub(super) fn push(&mut self, kind: Encapsulation, id: Option<u32>) {
        self.push_hop(Hop {
            kind,
            id,
            ends: None,
        });
    }

    #[cold]
    pub(super) fn push_hop(&mut self, hop: Hop) {
        match self.hops.get_mut(self.len) {
            Some(slot) => {
                *slot = hop;
                self.len = self.len.saturating_add(1);
            }
            None => self.more = true,
        }
    }

    /// Where to go back to if what follows is not a tunnel after all.
    pub(super) fn mark(&self) -> usize {
        self.len
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.len = self.len.min(mark);
        self.more = false;
    }
}

/// The VLAN identifiers among `hops`, outermost first.
pub fn vlans(hops: &[Hop]) -> impl Iterator<Item = u16> {
    hops.iter()
        .filter(|hop| hop.kind == Encapsulation::Vlan)
        .filter_map(|hop| hop.id.and_then(|id| u16::try_from(id).ok()))
}
