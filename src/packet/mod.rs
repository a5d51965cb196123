//! From a frame to the innermost TCP segment or UDP datagram, borrowed.
//!
//! [`decode`] walks the headers in a loop with a depth limit, one file per kind of header. What
//! cannot be walked comes back as a [`Gap`]: a reason that is counted and shown, so that "no alert"
//! never means "could not see".

mod ethernet;
mod gap;
mod ipv4;
mod ipv6;
mod loopback;
mod sll;
mod transport;
mod vlan;

pub use gap::{Carried, Gap, Layer};
pub use transport::{Datagram, Segment, Transport};
pub use vlan::VlanStack;

use std::net::IpAddr;

use etherparse::{EtherType, Ipv4HeaderSlice, Ipv6HeaderSlice};

use crate::flow::{Flow, Protocol};
use crate::source::LinkType;

/// How many headers below IP are walked. Real frames have one to four.
const MAX_DEPTH: usize = 16;

/// The addresses of the innermost IP header.
#[derive(Debug, Clone, Copy)]
pub enum Ip<'a> {
    /// RFC 791.
    V4(Ipv4HeaderSlice<'a>),
    /// RFC 8200.
    V6(Ipv6HeaderSlice<'a>),
}

impl Ip<'_> {
    /// Source address.
    #[inline]
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(h) => IpAddr::V4(h.source_addr()),
            Self::V6(h) => IpAddr::V6(h.source_addr()),
        }
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(h) => IpAddr::V4(h.destination_addr()),
            Self::V6(h) => IpAddr::V6(h.destination_addr()),
        }
    }
}

/// The innermost view of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Addresses.
    pub ip: Ip<'a>,
    /// Ports and payload.
    pub transport: Transport<'a>,
    /// VLAN identifiers, outermost first.
    pub vlans: VlanStack,
    /// The payload is shorter than its headers say: the capture's snap length or a first fragment
    /// cut it. What is there is still read.
    pub cut: bool,
    /// The packet is the first fragment of a datagram; the rest of the datagram is not read.
    pub first_fragment: bool,
}

impl Packet<'_> {
    /// The 5-tuple.
    pub fn flow(&self) -> Flow {
        let (sport, dport, protocol) = match &self.transport {
            Transport::Tcp(s) => (s.sport, s.dport, Protocol::Tcp),
            Transport::Udp(d) => (d.sport, d.dport, Protocol::Udp),
        };
        Flow {
            src: self.ip.source(),
            dst: self.ip.destination(),
            sport,
            dport,
            protocol,
        }
    }
}

/// What comes next while walking down a frame.
#[derive(Clone, Copy)]
enum Next<'a> {
    /// An EtherType and what follows it.
    EtherType(EtherType, &'a [u8]),
    /// An IP header of either version.
    Ip(&'a [u8]),
}

/// Walks one frame down to TCP or UDP.
///
/// # Errors
/// A [`Gap`] that says why there is no TCP segment or UDP datagram to look at.
#[inline]
pub fn decode(link: LinkType, data: &[u8]) -> Result<Packet<'_>, Gap> {
    let mut vlans = VlanStack::default();
    let mut next = match link {
        LinkType::ETHERNET => ethernet::decode(data)?,
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Next::Ip(data),
        _ => other_link(link, data)?,
    };
    for _ in 0..MAX_DEPTH {
        next = match next {
            Next::EtherType(EtherType::IPV4, rest) => return ipv4::decode(rest, vlans),
            Next::EtherType(EtherType::IPV6, rest) => return ipv6::decode(rest, vlans),
            Next::EtherType(t, rest) if vlan::is_tag(t) => vlan::decode(rest, &mut vlans)?,
            Next::EtherType(t, _) => return Err(Gap::ether_type(t)),
            Next::Ip(rest) => match rest.first().map(|b| b >> 4) {
                Some(4) => return ipv4::decode(rest, vlans),
                Some(6) => return ipv6::decode(rest, vlans),
                Some(_) => return Err(Gap::malformed(Layer::Ip)),
                None => return Err(Gap::truncated(Layer::Ip)),
            },
        };
    }
    Err(Gap::TooDeep)
}

#[cold]
fn other_link(link: LinkType, data: &[u8]) -> Result<Next<'_>, Gap> {
    match link.canonical() {
        LinkType::RAW => Ok(Next::Ip(data)),
        LinkType::NULL => loopback::decode_null(data),
        LinkType::LOOP => loopback::decode_loop(data),
        LinkType::LINUX_SLL => sll::decode_v1(data),
        LinkType::LINUX_SLL2 => sll::decode_v2(data),
        other => Err(Gap::link(other)),
    }
}

#[cfg(test)]
mod tests;
