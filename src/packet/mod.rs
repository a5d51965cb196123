//! From a frame to the innermost TCP segment or UDP datagram, borrowed.
//!
//! [`decode`] walks the headers in a loop with a depth limit, one file per kind of header, and notes
//! in a [`Path`] what it opened. Where it does not end at TCP or UDP it gives a [`Stop`]: a fragment,
//! a frame of several packets, or a [`Gap`]: a reason that is counted and shown, so that "no alert"
//! never means "could not see".

mod ah;
mod capwap;
mod erspan;
mod ethernet;
mod gap;
mod geneve;
mod gre;
mod gtp;
mod gue;
mod ipv4;
mod ipv6;
mod l2tp;
mod link;
mod lisp;
mod macsec;
mod mirror;
mod mpls;
mod nsh;
pub mod path;
mod ports;
mod ppp;
mod pppoe;
mod rebuild;
mod shape;
mod tags;
mod teredo;
mod transport;
mod tunnel;
mod udp_tunnel;
mod vlan;
mod vxlan;

pub use gap::{Capwap, Carried, Gap, Layer, Wifi};
pub use link::Subframes;
pub use path::Path;
pub(crate) use ports::Ports;
pub use rebuild::rebuild;
pub use transport::{Datagram, Flags, Segment, Transport};
pub(crate) use udp_tunnel::ALL as TUNNEL_PORTS;
pub use udp_tunnel::is_on_port as is_on_tunnel_port;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use etherparse::{EtherType, IpNumber};

use crate::flow::{Flow, Protocol};
use crate::source::LinkType;

/// How many headers are walked. Real frames have two to nine.
const MAX_DEPTH: usize = 32;

/// The addresses of the innermost IP header.
#[derive(Debug, Clone, Copy)]
pub enum Ip<'a> {
    /// RFC 791: source and destination, as numbers.
    V4(u32, u32),
    /// RFC 8200: source and destination, in network byte order.
    V6(&'a [u8; 16], &'a [u8; 16]),
}

impl Ip<'_> {
    /// Source address.
    #[inline]
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(source, _) => Ipv4Addr::from(*source).into(),
            Self::V6(source, _) => IpAddr::from(**source),
        }
    }

    /// Destination address.
    #[inline]
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(_, destination) => Ipv4Addr::from(*destination).into(),
            Self::V6(_, destination) => IpAddr::from(**destination),
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
    /// The payload is shorter than its headers say: the capture's snap length cut it. What is there
    /// is still read.
    pub cut: bool,
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

/// What was divided into fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whole {
    /// The payload of an IP datagram.
    Ip,
    /// A frame in a CAPWAP data channel (RFC 5415 section 3.4), whose fragments are datagrams.
    Capwap(Channel),
}

/// The UDP ports of a CAPWAP data channel, in the four bytes that a [`Fragment`] has left: with more of
/// them, what `decode` gives for every packet would grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel(NonZeroU32);

impl Channel {
    /// `None` where both ports are 0.
    pub fn new(sport: u16, dport: u16) -> Option<Self> {
        NonZeroU32::new(u32::from(sport) << 16 | u32::from(dport)).map(Self)
    }

    /// Both ports in network byte order, the sender's first.
    pub fn to_be_bytes(self) -> [u8; 4] {
        self.0.get().to_be_bytes()
    }
}

/// A part of a fragmented IP datagram, or of another [`Whole`], the first one included.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// What it is a part of.
    pub whole: Whole,
    /// Identification: 16 bits in IPv4 and CAPWAP, 32 in IPv6.
    pub id: u32,
    /// IPv4's protocol, or the next header of IPv6's fragment header: that of the fragment at offset 0
    /// counts. In CAPWAP the third byte of its header, without what belongs to the radio: the kind of
    /// the frame.
    pub protocol: u8,
    /// Where in the datagram's payload `data` stands, in bytes.
    pub offset: u16,
    /// More fragments follow.
    pub more: bool,
    /// What was captured of the fragment's payload.
    pub data: &'a [u8],
    /// `data` is shorter than the header said: where it ends says nothing.
    pub cut: bool,
}

/// Why there is no TCP segment or UDP datagram in a frame.
#[derive(Debug, Clone, Copy)]
pub enum Stop<'a> {
    /// It cannot be read, or carries something else.
    Gap(Gap),
    /// It carries a part of a datagram or frame.
    Fragment(Fragment<'a>),
    /// It carries several packets.
    Subframes(Subframes<'a>),
}

impl From<Gap> for Stop<'_> {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap)
    }
}

/// What comes next while walking down a frame.
#[derive(Clone, Copy)]
enum Next<'a> {
    /// An EtherType and what follows it.
    EtherType(EtherType, &'a [u8]),
    /// An IP header of either version.
    Ip(&'a [u8]),
    /// An Ethernet frame, from its destination address on.
    Ethernet(&'a [u8]),
    /// PPP, from its address or protocol field on.
    Ppp(&'a [u8]),
    /// An IEEE 802.11 frame.
    Ieee80211(&'a [u8]),
    /// What is behind an IP header that was already read.
    Payload(IpPayload<'a>),
}

/// What an IP header leads to.
#[derive(Clone, Copy)]
struct IpPayload<'a> {
    ip: Ip<'a>,
    protocol: IpNumber,
    data: &'a [u8],
    cut: bool,
}

/// Walks one frame down to TCP or UDP, and notes in `path` what was opened on the way.
///
/// # Errors
/// A [`Stop`] that says why there is no TCP segment or UDP datagram to look at.
#[inline(always)]
pub fn decode<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Result<Packet<'a>, Stop<'a>> {
    path.clear();
    match plain(link, data, path) {
        Some(packet) => Ok(packet),
        None => any_frame(link, data, path),
    }
}

/// Decodes most packets by hand: a whole TCP segment or UDP datagram in IPv4 without options or IPv6 without
/// extension headers, in Ethernet, on no tunnel's port. `None` where the frame is anything else: then
/// [`decode`] says what it is. What it gives is the same as [`decode`] gives, with an empty path; but each field
/// is looked at once, and where what it gives is taken apart at once, nothing of a packet that is forgotten has to
/// be stored.
#[inline(always)]
pub fn plainest(link: LinkType, frame: &[u8]) -> Option<(Ip<'_>, Transport<'_>)> {
    if link != LinkType::ETHERNET {
        return None;
    }
    // Ethernet, and the twenty bytes that IPv4 has at least: IPv6 has more.
    #[rustfmt::skip]
    let &[
        _, _, _, _, _, _, _, _, _, _, _, _, type_high, type_low, // addresses, EtherType
        version, _, total_high, total_low, // version and header length, type of service, total length
        _, _, fragment_high, fragment_low, // identification, flags and offset
        _, protocol, ..
    ] = frame.first_chunk::<34>()?;
    let (ip, protocol, data) = match [type_high, type_low, version] {
        [0x08, 0x00, 0x45] if fragment_high & 0x3f | fragment_low == 0 => {
            let end = usize::from(u16::from_be_bytes([total_high, total_low])).wrapping_add(14);
            let ip = Ip::V4(number(frame, 26)?, number(frame, 30)?);
            (ip, protocol, frame.get(34..end)?)
        }
        [0x86, 0xdd, 0x60..=0x6f] => {
            let header = frame.get(14..)?.first_chunk::<40>()?;
            let &[_, _, _, _, high, low, next, ..] = header;
            let end = usize::from(u16::from_be_bytes([high, low])).wrapping_add(54);
            let source = header.get(8..)?.first_chunk()?;
            let destination = header.last_chunk()?;
            (Ip::V6(source, destination), next, frame.get(54..end)?)
        }
        _ => return None,
    };
    match IpNumber(protocol) {
        IpNumber::TCP => Some((ip, Transport::Tcp(transport::plain_tcp(data)?))),
        IpNumber::UDP => {
            let datagram = transport::plain_udp(data)?;
            let plain = !udp_tunnel::may_be(datagram.sport, datagram.dport);
            plain.then_some((ip, Transport::Udp(datagram)))
        }
        _ => None,
    }
}

/// The 32-bit number at `at`, in one load.
#[inline(always)]
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Most packets, inlined into the caller: TCP or UDP in IP in Ethernet, with one VLAN tag or none. Straight on, so that
/// nothing is stored on the way. Whatever else there is makes it `None`, and [`any_frame`] says what it is.
#[inline(always)]
fn plain<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Option<Packet<'a>> {
    if link != LinkType::ETHERNET {
        return None;
    }
    let (header, mut rest) = data.split_first_chunk::<14>()?;
    let &[.., high, low] = header;
    let mut ether_type = EtherType(u16::from_be_bytes([high, low]));
    if vlan::is_tag(ether_type) {
        (ether_type, rest) = vlan::plain(rest, path)?;
    }
    let below = match ether_type {
        EtherType::IPV4 => ipv4::decode(rest).ok()?,
        EtherType::IPV6 => ipv6::decode(rest).ok()?,
        _ => return None,
    };
    let (transport, cut) = match below.protocol {
        IpNumber::TCP => transport::tcp(below.data, below.cut).ok()?,
        IpNumber::UDP => transport::udp(below.data, below.cut).ok()?,
        _ => return None,
    };
    match transport {
        Transport::Udp(datagram) if udp_tunnel::may_be(datagram.sport, datagram.dport) => None,
        _ => Some(Packet {
            ip: below.ip,
            transport,
            cut,
        }),
    }
}

/// The outermost datagram of a frame in Ethernet, with one VLAN tag or none, where its ports are a UDP tunnel's: to whom it
/// goes, whatever it carries.
#[inline(never)]
pub fn tunnel_datagram<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Option<Packet<'a>> {
    path.clear();
    if link != LinkType::ETHERNET {
        return None;
    }
    let (header, mut rest) = data.split_first_chunk::<14>()?;
    let &[.., high, low] = header;
    let mut ether_type = EtherType(u16::from_be_bytes([high, low]));
    if vlan::is_tag(ether_type) {
        (ether_type, rest) = vlan::plain(rest, path)?;
    }
    let below = match ether_type {
        EtherType::IPV4 => ipv4::decode(rest).ok()?,
        EtherType::IPV6 => ipv6::decode(rest).ok()?,
        _ => return None,
    };
    if below.protocol != IpNumber::UDP {
        return None;
    }
    let (transport, cut) = transport::udp(below.data, below.cut).ok()?;
    let ip = below.ip;
    let packet = Packet { ip, transport, cut };
    match transport {
        Transport::Udp(d) if udp_tunnel::may_be(d.sport, d.dport) => Some(packet),
        _ => None,
    }
}

/// Any frame, from its beginning.
#[inline(never)]
fn any_frame<'a>(link: LinkType, data: &'a [u8], path: &mut Path) -> Result<Packet<'a>, Stop<'a>> {
    path.clear();
    let next = match link {
        LinkType::ETHERNET => ethernet::decode(data)?,
        LinkType::RAW | LinkType::IPV4 | LinkType::IPV6 => Next::Ip(data),
        _ => link::decode(link, data, path)?,
    };
    walk(next, path, 0)
}

/// Goes on where fragments were put together again: `data` begins with an IP header.
///
/// # Errors
/// As [`decode`].
pub fn decode_ip<'a>(data: &'a [u8], path: &mut Path) -> Result<Packet<'a>, Stop<'a>> {
    walk(Next::Ip(data), path, 0)
}

fn walk<'a>(mut next: Next<'a>, path: &mut Path, walked: usize) -> Result<Packet<'a>, Stop<'a>> {
    for depth in walked..MAX_DEPTH {
        let below = match next {
            Next::EtherType(EtherType::IPV4, rest) => ipv4::decode(rest)?,
            Next::EtherType(EtherType::IPV6, rest) => ipv6::decode(rest)?,
            Next::EtherType(t, rest) if vlan::is_tag(t) => {
                next = vlan::decode(rest, path)?;
                continue;
            }
            Next::Ethernet(frame) => {
                next = ethernet::decode(frame)?;
                continue;
            }
            Next::Ppp(rest) => {
                next = ppp::decode(rest)?;
                continue;
            }
            Next::EtherType(t, rest) => {
                next = tunnel::by_ether_type(t, rest, path)?;
                continue;
            }
            Next::Ieee80211(frame) => {
                next = link::ieee80211::decode(frame, false, path)?;
                continue;
            }
            Next::Payload(payload) => payload,
            Next::Ip(rest) => match rest.first().map(|b| b >> 4) {
                Some(4) => ipv4::decode(rest)?,
                Some(6) => ipv6::decode(rest)?,
                Some(_) => return Err(Gap::malformed(Layer::Ip).into()),
                None => return Err(Gap::truncated(Layer::Ip).into()),
            },
        };
        let (transport, cut) = match below.protocol {
            IpNumber::TCP => transport::tcp(below.data, below.cut)?,
            IpNumber::UDP => transport::udp(below.data, below.cut)?,
            _ => {
                next = tunnel::by_ip_protocol(below, path)?;
                continue;
            }
        };
        let packet = Packet {
            ip: below.ip,
            transport,
            cut,
        };
        return match transport {
            Transport::Udp(datagram) if udp_tunnel::may_be(datagram.sport, datagram.dport) => {
                udp_tunnel::inside(packet, datagram, path, depth.saturating_add(1))
            }
            _ => Ok(packet),
        };
    }
    Err(Gap::TooDeep.into())
}

fn bits24(bytes: [u8; 3]) -> u32 {
    let [high, middle, low] = bytes;
    u32::from_be_bytes([0, high, middle, low])
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tunnel_tests;
