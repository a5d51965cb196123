//! Forward or forget: the decision that is made for every packet.
//!
//! Whatever names a host stands in the head of a flow, so bulk data is recognised from a few bytes
//! and forgotten without being copied. A datagram is judged alone. A TCP segment is judged by its first
//! bytes and by what is noted of its direction: see `heads`. What may bear names and cannot be
//! read is [`Unread`]: counted and shown, since a silent gap would make "no alert" a lie.

mod answers;
mod heads;
mod shape;

pub use heads::HeadStats;

use crate::names::stream::Hint;
use crate::names::{dns, dtls, nbns, quic};
use crate::packet::{
    Datagram, Ip, Packet, Ports, Segment, TUNNEL_PORTS, Transport, is_on_tunnel_port,
};
use crate::pipeline::Contact;
use crate::stats::{Fill, bump};
use crate::stream::part::Part;
use crate::stream::roles::Start;
use crate::time::Timestamp;
use answers::Answers;
use heads::{Asked, Heads, Key, Known};

/// Which reader a forwarded payload goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// DNS over UDP on its own port.
    Dns,
    /// A UDP payload that has the shape of DNS on another port: it must parse to its last byte.
    DnsShaped,
    /// Multicast DNS.
    Mdns,
    /// Link-Local Multicast Name Resolution.
    Llmnr,
    /// The NetBIOS name service.
    Nbns,
    /// QUIC packets that may carry a ClientHello.
    Quic,
    /// DTLS handshake records.
    Dtls,
    /// A segment of a TCP direction.
    Stream(Part, Hint),
    /// Nothing to read: the addresses of the packet say it, and the text that goes beside them.
    Contact(Contact),
}

impl Reader {
    /// Whether what was read of a flow before counts.
    pub const fn keeps_state(self) -> bool {
        matches!(self, Self::Quic | Self::Dtls | Self::Stream(..))
    }
}

/// A bearer of names that is recognised and cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unread {
    /// UDP on a port of IPsec NAT traversal, WireGuard, or of a tunnel whose content was not understood.
    Tunnel,
    /// A payload that the capture cut before it could be told what it is.
    Cut,
}

impl Unread {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Tunnel, Self::Cut];

    /// In words, for the summary.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Tunnel => {
                "UDP tunnel packets that could not be opened (IPsec, WireGuard and others)"
            }
            Self::Cut => "payloads cut short by the capture before their first bytes",
        }
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A worker reads its payload.
    Forward(Reader),
    /// It may name a host in a way that cannot be read.
    Unread(Unread),
    /// Bulk, acknowledgements, anything that names no host.
    Forget,
}

/// What a TCP payload begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    /// Nothing that names hosts.
    None,
    /// Something that may name hosts, as far as the window reaches.
    Begins(Window),
}

/// How far a message may reach from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    /// So many bytes.
    Bytes(u32),
    /// So many bytes from wherever the direction has come to: messages follow each other.
    Sliding(u32),
    /// The same of requests of HTTP/1, as long as it is known where the next one begins.
    Requests(u32),
    /// As long as handshake records follow each other in the clear, and no farther than so many bytes.
    Records(u32),
}

/// Decides for every packet. It belongs to the thread that reads.
#[derive(Debug, Default)]
pub struct Triage {
    heads: Heads,
    answers: Answers,
    /// How many packets the table was asked for.
    asked: u64,
    opened: u64,
    accepted: u64,
}

/// How many packets [`Triage::touch`] looks at.
pub const AHEAD: usize = 16;

/// Length of a DNS header, the longest run of bytes that is looked at before forgetting.
const DNS_HEADER: usize = dns::HEADER;

const DNS: u16 = 53;
const NETBIOS_NAMES: u16 = 137;
const MDNS: u16 = 5353;
const LLMNR: u16 = 5355;

static NAME_PORTS: Ports = Ports::new(&[DNS, NETBIOS_NAMES, MDNS, LLMNR]);

/// IPsec through NAT (RFC 3948).
const IPSEC: u16 = 4500;
const WIREGUARD: u16 = 51820;

static CLOSED_PORTS: Ports = Ports::new(&[IPSEC, WIREGUARD]);

/// All ports by which a datagram is more than its first bytes say.
pub(crate) const SPECIAL_PORTS: &[u16] = &{
    let mut ports = [0; 6 + TUNNEL_PORTS.len()];
    let own = [DNS, NETBIOS_NAMES, MDNS, LLMNR, IPSEC, WIREGUARD];
    let mut at = 0;
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // at compile time
    while at < ports.len() {
        ports[at] = if at < own.len() {
            own[at]
        } else {
            TUNNEL_PORTS[at - own.len()]
        };
        at += 1;
    }
    ports
};

impl Triage {
    /// What was counted so far.
    pub fn stats(&self) -> HeadStats {
        HeadStats {
            opened: self.opened,
            accepted: self.accepted,
            answers_forgotten: self.answers.forgotten(),
            ..self.heads.stats()
        }
    }

    /// How much of the table of heads is used. It goes over all of it: not for every packet.
    pub fn fill(&self) -> Fill {
        self.heads.fill()
    }

    /// Forgets what it noted: another capture begins.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.answers.clear();
    }

    /// True where a packet that the capture holds whole is to be forgotten: the same as [`Self::packet`] says, at
    /// the least cost for bulk and acknowledgements.
    #[inline(always)] // what was just decoded need not be stored
    pub fn forgets(&self, ip: &Ip<'_>, transport: &Transport<'_>) -> bool {
        match transport {
            Transport::Tcp(segment) => {
                if segment.flags.opens() {
                    return false;
                }
                if segment.payload.is_empty() && !segment.flags.ends() {
                    return true;
                }
                !self.heads.may_know(key(ip, segment))
                    && (segment.payload.is_empty() || !shape::may_begin(segment))
            }
            Transport::Udp(datagram) => udp(*datagram) == Verdict::Forget,
        }
    }

    /// Decides what becomes of `packet`, captured at `now`.
    pub fn packet(&mut self, packet: &Packet<'_>, now: Timestamp) -> Verdict {
        let verdict = match &packet.transport {
            Transport::Tcp(segment) => self.tcp(&packet.ip, segment, now),
            Transport::Udp(datagram) => udp(*datagram),
        };
        if packet.cut && verdict == Verdict::Forget && packet.transport.payload().len() < DNS_HEADER
        {
            return Verdict::Unread(Unread::Cut);
        }
        verdict
    }

    fn tcp(&mut self, ip: &Ip<'_>, segment: &Segment<'_>, now: Timestamp) -> Verdict {
        if segment.flags.moves() {
            return self.noted(key(ip, segment), ip, segment, now);
        }
        if segment.payload.is_empty() {
            return Verdict::Forget;
        }
        let key = key(ip, segment);
        if self.heads.may_know(key) {
            return self.noted(key, ip, segment, now);
        }
        if !shape::may_begin(segment) {
            return Verdict::Forget;
        }
        self.judged(key, ip, segment, now)
    }

    /// Notes a SYN that brings no data and of which the capture holds all. False where the packet is something else.
    #[inline(always)] // what was just decoded need not be stored
    pub fn notes(&mut self, ip: &Ip<'_>, transport: &Transport<'_>, now: Timestamp) -> bool {
        let Transport::Tcp(segment) = transport else {
            return false;
        };
        let bare = segment.flags.opens() && segment.payload.is_empty();
        if bare {
            let answered = answer(ip, segment);
            self.opens(key(ip, segment), segment.sequence, answered, seconds(now));
        }
        bare
    }

    /// A SYN; `answered` is the other direction and the number that it acknowledges there.
    #[inline(never)]
    fn opens(&mut self, key: Key, sequence: u32, answered: Option<(Key, u32)>, secs: u32) {
        self.asked = self.asked.wrapping_add(1);
        let start = match answered {
            Some((other, number)) => {
                bump(&mut self.accepted);
                (Start::Acceptor, self.heads.answer(key, other, number))
            }
            None => {
                bump(&mut self.opened);
                (Start::Opener, false)
            }
        };
        self.heads.syn(key, sequence, start, secs);
    }

    /// How many packets the table was asked for so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Reads what will be asked of the table of heads for packets that come next. In a flood of SYNs each place is far
    /// away in memory; read one straight after another they are waited for together. Nothing is changed by it.
    #[inline(never)]
    pub fn touch<'a>(&self, packets: impl Iterator<Item = (Ip<'a>, Transport<'a>)>) {
        let mut keys = [Key(0); AHEAD];
        let mut count = 0_usize;
        for (ip, transport) in packets.take(AHEAD) {
            let Transport::Tcp(segment) = transport else {
                continue;
            };
            if segment.flags.opens()
                || !segment.payload.is_empty() && self.heads.may_know(key(&ip, &segment))
            {
                if let Some(place) = keys.get_mut(count) {
                    *place = key(&ip, &segment);
                }
                count = count.wrapping_add(1);
            }
        }
        let keys = keys.get(..count).unwrap_or_default();
        let sum = keys.iter().fold(0, |sum, key| sum ^ self.heads.touch(*key));
        // Otherwise the compiler leaves out what has no use.
        std::hint::black_box(sum);
    }

    /// A segment that opens or ends a connection, or whose direction may be noted.
    fn noted(&mut self, key: Key, ip: &Ip<'_>, segment: &Segment<'_>, now: Timestamp) -> Verdict {
        self.asked = self.asked.wrapping_add(1);
        let mut sequence = segment.sequence;
        let secs = seconds(now);
        if segment.flags.opens() {
            self.opens(key, sequence, answer(ip, segment), secs);
            // Data may come with the SYN (RFC 7413); it has the number after it.
            sequence = sequence.wrapping_add(1);
            if segment.payload.is_empty() {
                return Verdict::Forget;
            }
        }
        let asked = Asked {
            key,
            sequence,
            payload: segment.payload,
            flags: segment.flags,
            now: secs,
        };
        let known = self
            .heads
            .segment(&asked, |fresh| shape::message(segment, fresh));
        match known {
            Known::Forget => Verdict::Forget,
            Known::Forward(part) => self.forward(key, ip, segment, part),
            Known::Unknown if shape::may_begin(segment) => self.judged(key, ip, segment, now),
            Known::Unknown => Verdict::Forget,
        }
    }

    /// A segment of which only its first bytes are known.
    fn judged(&mut self, key: Key, ip: &Ip<'_>, segment: &Segment<'_>, now: Timestamp) -> Verdict {
        match shape::message(segment, false) {
            Message::None => Verdict::Forget,
            message => {
                let asked = Asked {
                    key,
                    sequence: segment.sequence,
                    payload: segment.payload,
                    flags: segment.flags,
                    now: seconds(now),
                };
                let part = self.heads.begin(&asked, message);
                self.forward(key, ip, segment, part)
            }
        }
    }

    fn forward(&mut self, key: Key, ip: &Ip<'_>, segment: &Segment<'_>, mut part: Part) -> Verdict {
        match part.start {
            // The ends may have changed their roles.
            Start::Opener => {
                self.answers.forget(key);
                self.answers.forget(back(ip, segment));
            }
            Start::Unknown if part.begins => part.answers_hello = self.answers.knows(key),
            Start::Unknown | Start::Acceptor => {}
        }
        self.answer_follows(ip, segment, part);
        Verdict::Forward(Reader::Stream(part, shape::hint(segment)))
    }

    /// To be told of the first segment of the end that opened a connection, where it holds one whole ClientHello that
    /// is not given to a worker.
    pub fn read_hello(&mut self, ip: &Ip<'_>, segment: &Segment<'_>) {
        self.answers.note(back(ip, segment));
    }

    /// Behind a proxy's answer a server shows its certificates, in any order; what the answer looks like
    /// is no matter then.
    fn answer_follows(&mut self, ip: &Ip<'_>, segment: &Segment<'_>, part: Part) {
        if part.begins && segment.payload.starts_with(b"CONNECT ") {
            self.heads.follow(back(ip, segment), segment.acknowledgment);
        }
    }
}

/// A direction's name in the table of heads: not the same for the other direction.
#[inline]
fn key(ip: &Ip<'_>, segment: &Segment<'_>) -> Key {
    let (source, destination) = ends(ip);
    combine(ip, source, destination, (segment.sport, segment.dport))
}

/// The direction that a SYN answers, and the number that it acknowledges there.
#[inline]
fn answer(ip: &Ip<'_>, segment: &Segment<'_>) -> Option<(Key, u32)> {
    let answers = segment.flags.acknowledges();
    answers.then(|| (back(ip, segment), segment.acknowledgment))
}

/// The name of the other direction.
fn back(ip: &Ip<'_>, segment: &Segment<'_>) -> Key {
    let (source, destination) = ends(ip);
    combine(ip, destination, source, (segment.dport, segment.sport))
}

/// Both addresses in 64 bits each.
#[inline]
fn ends(ip: &Ip<'_>) -> (u64, u64) {
    match ip {
        Ip::V4(source, destination) => (u64::from(*source), u64::from(*destination)),
        Ip::V6(source, destination) => {
            let fold = |address: &[u8; 16]| {
                let address = u128::from_be_bytes(*address);
                let [high, low] = [(address >> 64) as u64, address as u64];
                high.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ low
            };
            (fold(source), fold(destination))
        }
    }
}

#[inline]
fn combine(ip: &Ip<'_>, source: u64, destination: u64, (sport, dport): (u16, u16)) -> Key {
    let ends = match ip {
        Ip::V4(..) => source | destination << 32,
        Ip::V6(..) => source
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
            .wrapping_add(destination),
    };
    let ports = u64::from(sport) << 16 | u64::from(dport);
    let hash = ends ^ ports.wrapping_mul(0xd6e8_feb8_6659_fd93);
    Key(hash.wrapping_mul(0x94d0_49bb_1331_11eb))
}

/// Packet time in whole seconds; it may wrap around.
fn seconds(now: Timestamp) -> u32 {
    (now.secs() & i64::from(u32::MAX)) as u32
}

/// True for nearly all that triage gives to [`Reader::Dns`], and for nothing else, from a few bytes: on its port, one question, and
/// nothing that a QUIC or DTLS handshake begins with.
#[inline(always)]
pub fn is_plain_dns(datagram: &Datagram<'_>) -> bool {
    let Some(&[b0, b1, flags, flags2, q0, q1, ..]) = datagram.payload.first_chunk::<DNS_HEADER>()
    else {
        return false;
    };
    let quic = b0 >= 0xc0 && flags | flags2 == 0;
    let dtls = b0 == 0x16 && matches!(b1, 0xfe | 1);
    (datagram.sport == DNS || datagram.dport == DNS) && [q0, q1] == [0, 1] && !quic && !dtls
}

#[inline(never)]
fn udp(datagram: Datagram<'_>) -> Verdict {
    let Datagram {
        sport,
        dport,
        payload,
    } = datagram;
    let may_shake_hands = may_shake_hands(payload);
    // On any port: nothing that DNS sends begins like these.
    if may_shake_hands
        && let [0xc0..=0xff, _, 0, 0, ..]
        | [0xc0..=0xff, 0x6b, 0x33, 0x43, 0xcf, ..]
        | [0x16, 0xfe | 1, ..] = payload
    {
        if quic::looks_like(payload) == Some(quic::Shape::Initial) {
            return Verdict::Forward(Reader::Quic);
        }
        if dtls::looks_like(payload) {
            return Verdict::Forward(Reader::Dtls);
        }
    }
    if NAME_PORTS.may_have(sport, dport)
        && let Some(verdict) = by_port(sport, dport, payload)
    {
        return verdict;
    }
    if may_shake_hands {
        if quic::looks_like(payload).is_some() {
            return Verdict::Forward(Reader::Quic);
        }
        if dtls::looks_like(payload) {
            return Verdict::Forward(Reader::Dtls);
        }
    }
    if shape::is_dns(payload) {
        return Verdict::Forward(Reader::DnsShaped);
    }
    if is_tunnel(&datagram) {
        return Verdict::Unread(Unread::Tunnel);
    }
    Verdict::Forget
}

/// False for most bulk, from a few bytes: neither a long header of QUIC or a public header of Google's,
/// nor a handshake record of DTLS.
#[inline]
fn may_shake_hands(payload: &[u8]) -> bool {
    match *payload {
        // Version 0 negotiates, 1 is QUIC's first. Voice and video (RTP) have the first bit, too.
        [0x80..=0xff, 0, 0, 0, ..] => true,
        [first @ 0x80..=0xff, v0, ..] => {
            matches!(v0, b'Q' | b'T' | 0x6b | 0x70 | 0xfa | 0xff)
                || first & 0x40 != 0 && payload.len() >= quic::PADDED
        }
        [0x16, version, ..] => matches!(version, 0xfe | 1),
        [first, ..] => first & 0x83 == 1,
        [] => false,
    }
}

/// What the ports say of a datagram; `None` where they say nothing.
fn by_port(sport: u16, dport: u16, payload: &[u8]) -> Option<Verdict> {
    let has = |port| sport == port || dport == port;
    if has(DNS) {
        return Some(if payload.len() >= DNS_HEADER {
            Verdict::Forward(Reader::Dns)
        } else {
            Verdict::Forget
        });
    }
    if has(MDNS) {
        return Some(Verdict::Forward(Reader::Mdns));
    }
    if has(LLMNR) {
        return Some(Verdict::Forward(Reader::Llmnr));
    }
    // An answer goes to whatever port asked; not all that comes from that port is one.
    (dport == NETBIOS_NAMES || sport == NETBIOS_NAMES && nbns::answers(payload))
        .then_some(Verdict::Forward(Reader::Nbns))
}

/// Tunnels that were not opened, on the ports where that was tried, and those that only their keys
/// open.
fn is_tunnel(datagram: &Datagram<'_>) -> bool {
    let closed = |port| match port {
        // A single byte of ones keeps the NAT's state alive.
        IPSEC => !matches!(datagram.payload, [0xff]),
        // A client's own port may have the number.
        WIREGUARD => matches!(datagram.payload, [1..=4, 0, 0, 0, ..]),
        _ => false,
    };
    is_on_tunnel_port(datagram)
        || CLOSED_PORTS.may_have(datagram.sport, datagram.dport)
            && (closed(datagram.sport) || closed(datagram.dport))
}

#[cfg(test)]
mod tests;
