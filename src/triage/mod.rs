//! Forward or forget: the decision that is made for every packet.
//!
//! Whatever names a host stands in the head of a flow, so bulk data is recognised from a few bytes
//! and forgotten without being copied. [`triage`] looks at one packet and keeps no state. What it
//! recognises as a possible bearer of names that this version does not read is [`Unread`]: counted
//! and shown, since a silent gap would make "no alert" a lie.

use crate::names::tls::skip_short_records;
use crate::packet::{Datagram, Packet, Segment, Transport};

/// Which reader a forwarded payload goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// DNS over UDP on its own port.
    Dns,
    /// A UDP payload that has the shape of DNS on another port: it must parse to its last byte.
    DnsShaped,
    /// A TLS record that begins with a ClientHello.
    ClientHello,
}

/// A bearer of names that this version recognises but does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Unread {
    /// QUIC long header packets (RFC 9000 section 17.2).
    Quic,
    /// DTLS handshakes (RFC 9147).
    Dtls,
    /// DNS over TCP (RFC 7766).
    DnsOverTcp,
    /// Cleartext HTTP requests (RFC 9112).
    Http,
    /// Multicast DNS (RFC 6762), LLMNR (RFC 4795) and NetBIOS names (RFC 1002).
    LocalNames,
    /// A TLS handshake whose first segment is shorter than six bytes.
    SplitHello,
    /// A TLS server's handshake in the clear: its certificates are not read.
    ServerHandshake,
    /// SOCKS requests with a host name (RFC 1928, SOCKS4a).
    Socks,
    /// UDP on a port of VXLAN, GENEVE, GTP-U, L2TP, Teredo, IPsec NAT traversal or WireGuard.
    Tunnel,
    /// A payload that the capture cut before it could be told what it is.
    Cut,
}

impl Unread {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Quic,
        Self::Dtls,
        Self::DnsOverTcp,
        Self::Http,
        Self::LocalNames,
        Self::SplitHello,
        Self::ServerHandshake,
        Self::Socks,
        Self::Tunnel,
        Self::Cut,
    ];

    /// In words, for the summary.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Quic => "QUIC handshake packets",
            Self::Dtls => "DTLS handshake packets",
            Self::DnsOverTcp => "DNS over TCP segments",
            Self::Http => "cleartext HTTP requests",
            Self::LocalNames => "mDNS, LLMNR and NetBIOS name packets",
            Self::SplitHello => "TLS hellos split in their first bytes",
            Self::ServerHandshake => "TLS server handshakes with readable certificates",
            Self::Tunnel => {
                "UDP tunnel packets (VXLAN, GENEVE, GTP-U, L2TP, Teredo, TZSP, CAPWAP, IPsec, WireGuard)"
            }
            Self::Socks => "SOCKS requests",
            Self::Cut => "payloads cut short by the capture before their first bytes",
        }
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A worker reads its payload.
    Forward(Reader),
    /// It may name a host in a way that this version does not read.
    Unread(Unread),
    /// Bulk, acknowledgements, anything that names no host.
    Forget,
}

/// Decides what becomes of `packet`, from its ports and first bytes.
#[inline]
pub fn triage(packet: &Packet<'_>) -> Verdict {
    let verdict = match &packet.transport {
        Transport::Tcp(segment) => tcp(segment),
        Transport::Udp(datagram) => udp(datagram),
    };
    if packet.cut && verdict == Verdict::Forget && packet.transport.payload().len() < DNS_HEADER {
        return Verdict::Unread(Unread::Cut);
    }
    verdict
}

/// Length of a DNS header, the longest run of bytes that [`triage`] looks at.
const DNS_HEADER: usize = 12;

const DNS: u16 = 53;
const NETBIOS_NAMES: u16 = 137;
const MDNS: u16 = 5353;
const LLMNR: u16 = 5355;

#[inline]
fn tcp(segment: &Segment<'_>) -> Verdict {
    let payload = segment.payload;
    let Some(&[first, second, third, fourth]) = payload.first_chunk::<4>() else {
        return match payload {
            [0x16] | [0x16, 0x03] | [0x16, 0x03, 0..=4] => Verdict::Unread(Unread::SplitHello),
            _ => Verdict::Forget,
        };
    };
    if first == 0x16 && second == 3 && third <= 4 {
        // The handshake type follows the five bytes of the record header.
        return match payload.get(5) {
            Some(1) => Verdict::Forward(Reader::ClientHello),
            // TLS 1.3 encrypts its certificates: there is nothing to read.
            Some(2) if selects_tls13(payload) => Verdict::Forget,
            Some(2) => Verdict::Unread(Unread::ServerHandshake),
            None => Verdict::Unread(Unread::SplitHello),
            Some(_) if hello_behind(payload) => Verdict::Forward(Reader::ClientHello),
            Some(_) => Verdict::Forget,
        };
    }
    if matches!(first, 0x14 | 0x15) && second == 3 && third <= 4 && hello_behind(payload) {
        return Verdict::Forward(Reader::ClientHello);
    }
    if segment.sport == DNS || segment.dport == DNS || is_dns_over_tcp(payload) {
        return Verdict::Unread(Unread::DnsOverTcp);
    }
    match &[first, second, third, fourth] {
        b"GET " | b"POST" | b"HEAD" | b"PUT " | b"CONN" | b"OPTI" | b"DELE" | b"PATC" | b"PRI "
        | b"PROP" | b"REPO" | b"TRAC" | b"MKCO" | b"SUBS" | b"NOTI" | b"M-SE" | b"LOCK"
        | b"UNLO" | b"MOVE" | b"COPY" | b"SEAR" | b"QUER" => Verdict::Unread(Unread::Http),
        // CONNECT, BIND, UDP ASSOCIATE or Tor's RESOLVE of a domain name; SOCKS4a marks one by the address 0.0.0.x.
        [5, 1..=3 | 0xf0..=0xf1, 0, 3] => Verdict::Unread(Unread::Socks),
        [4, 1 | 2, ..] if matches!(payload.get(4..8), Some([0, 0, 0, 1..=255])) => {
            Verdict::Unread(Unread::Socks)
        }
        _ => Verdict::Forget,
    }
}

/// A ClientHello behind a few short records (ChangeCipherSpec, alerts, empty handshake records).
#[cold]
fn hello_behind(payload: &[u8]) -> bool {
    skip_short_records(payload).is_some_and(|rest| matches!(rest, [0x16, 3, 0..=4, _, _, 1, 0, ..]))
}

/// DNS over TCP on any port: one whole message behind its length (RFC 1035 section 4.2.2).
fn is_dns_over_tcp(payload: &[u8]) -> bool {
    payload
        .split_first_chunk::<2>()
        .is_some_and(|(length, message)| {
            usize::from(u16::from_be_bytes(*length)) == message.len() && is_dns_shaped(message)
        })
}

/// Whether a ServerHello has the supported_versions extension with TLS 1.3 (RFC 8446 section 4.2.1).
#[cold]
fn selects_tls13(payload: &[u8]) -> bool {
    payload
        .windows(6)
        .any(|bytes| bytes == [0x00, 0x2b, 0x00, 0x02, 0x03, 0x04])
}

#[inline]
fn udp(datagram: &Datagram<'_>) -> Verdict {
    let Datagram {
        sport,
        dport,
        payload,
    } = *datagram;
    if sport == DNS || dport == DNS {
        return if payload.len() >= DNS_HEADER {
            Verdict::Forward(Reader::Dns)
        } else {
            Verdict::Forget
        };
    }
    if matches!(dport, MDNS | LLMNR | NETBIOS_NAMES) || matches!(sport, MDNS | LLMNR) {
        return Verdict::Unread(Unread::LocalNames);
    }
    if is_quic(payload) {
        return Verdict::Unread(Unread::Quic);
    }
    if let [0x16, 0xfe, 0xfd | 0xff, ..] = payload {
        return Verdict::Unread(Unread::Dtls);
    }
    if is_dns_shaped(payload) {
        return Verdict::Forward(Reader::DnsShaped);
    }
    if is_tunnel(sport, payload) || is_tunnel(dport, payload) {
        return Verdict::Unread(Unread::Tunnel);
    }
    Verdict::Forget
}

/// Ports that IANA or common use gives to tunnels. All but WireGuard's lie below the range that
/// clients take their ports from.
fn is_tunnel(port: u16, payload: &[u8]) -> bool {
    match port {
        1_701 | 2_152 | 3_544 | 4_500 | 4_789 | 4_790 | 5_247 | 6_081 | 8_472 | 37_008 => true,
        51_820 => matches!(payload, [1..=4, 0, 0, 0, ..]),
        _ => false,
    }
}

/// A long header with a version that is in use: 1, 2 (RFC 9369), the IETF drafts, and Google's.
fn is_quic(payload: &[u8]) -> bool {
    match payload.first_chunk::<5>() {
        Some(&[first, a, b, c, d]) if first & 0x80 != 0 => {
            // A first datagram is padded to 1,200 bytes whatever its version.
            let padded = first & 0x40 != 0 && payload.len() >= 1_200;
            padded
                || matches!(
                    [a, b, c, d],
                    [0, 0, 0, 1]
                        | [0x6b, 0x33, 0x43, 0xcf]
                        | [0xff, 0, 0, 1..=0x22]
                        | [b'Q' | b'T', b'0', _, _]
                )
        }
        // Google QUIC before Q044: a public header with a version and an 8-byte connection ID.
        Some(&[first, ..]) if first & 0x09 == 0x09 && first & 0xf0 == 0 => {
            matches!(payload.get(9..11), Some(b"Q0"))
        }
        _ => false,
    }
}

/// The counts and flags of a header that a resolver or its client would really send.
fn is_dns_shaped(payload: &[u8]) -> bool {
    let Some(&[_, _, flags, flags2, q0, q1, a0, a1, n0, n1, x0, x1]) = payload.first_chunk::<12>()
    else {
        return false;
    };
    let questions = u16::from_be_bytes([q0, q1]);
    let answers = u16::from_be_bytes([a0, a1]);
    let authorities = u16::from_be_bytes([n0, n1]);
    let additionals = u16::from_be_bytes([x0, x1]);
    let opcode = flags >> 3 & 0x0f;
    let reserved = flags2 & 0x40;
    if questions != 1 || opcode != 0 || reserved != 0 {
        return false;
    }
    if flags & 0x80 == 0 {
        flags2 & 0x0f == 0 && answers == 0 && authorities == 0 && additionals <= 2
    } else {
        answers <= 64 && authorities <= 32 && additionals <= 64
    }
}

#[cfg(test)]
mod tests;
