//! From a sighting on the wire to an alert that a person can act on.

mod evidence;
mod fold;
mod held;

pub use evidence::{Evidence, Reach};
pub use fold::{Folded, Folder};
pub use held::{CROWD, Due, Held, HeldStats, SHARED, Unrelated};

use std::net::{IpAddr, SocketAddr};

use crate::flow::Flow;
use crate::names::Kind;
use crate::names::dns::DnsNote;
use crate::packet::path::Hop;
use crate::rules::Hit;
use crate::time::Timestamp;

/// Something on the wire that an indicator covers: what was found in one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Number of the packet in its capture, from 1.
    pub packet: u64,
    /// When the packet was captured.
    pub timestamp: Timestamp,
    /// From whom to whom the packet went.
    pub flow: Flow,
    /// Tags and tunnels around the packet, outermost first.
    pub path: Box<[Hop]>,
    /// What was seen.
    pub evidence: Evidence,
    /// The name in presentation form; or the address, URL or fingerprint.
    pub name: Box<str>,
    /// The indicator that covers it.
    pub hit: Hit,
    /// For DNS: query or response.
    pub dns: Option<DnsNote>,
    /// The hello carries an encrypted inner hello: `name` may be only the outer name.
    pub ech: bool,
    /// Of an address that a name was resolved to: how.
    pub resolution: Option<Box<Resolution>>,
}

/// How a listed name led to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The name that was asked for, where it led to the listed one by aliases.
    pub asked: Option<Box<str>>,
    /// When the answer was seen.
    pub answered: Timestamp,
    /// Number of the packet with the answer.
    pub packet: u64,
    /// Other names that were seen to belong to the address: a few of them, and how many.
    pub others: u32,
}

/// What the device did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It asked a resolver for the name.
    LookedUp,
    /// A resolver told it something about the name.
    WasAnswered,
    /// It opened a connection, and named the host or used the address.
    ConnectedTo,
    /// The server that it had connected to showed a certificate for the name.
    WasShownCertificate,
    /// It asked for a connection with the address.
    TriedToConnectTo,
    /// It sent datagrams to the address.
    SentTo,
    /// The address began.
    WasContactedBy,
    /// It opened a connection in a way that is listed (a fingerprint of its ClientHello): a program may be known by it.
    ConnectedWith,
    /// It used an address that the name had been resolved to. A weaker finding: an address may serve many names.
    UsedAddressOf,
}

impl Action {
    /// How many actions there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::LookedUp,
        Self::WasAnswered,
        Self::ConnectedTo,
        Self::WasShownCertificate,
        Self::TriedToConnectTo,
        Self::SentTo,
        Self::WasContactedBy,
        Self::ConnectedWith,
        Self::UsedAddressOf,
    ];

    /// For machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LookedUp => "looked_up",
            Self::WasAnswered => "was_answered",
            Self::ConnectedTo => "connected_to",
            Self::WasShownCertificate => "was_shown_certificate",
            Self::TriedToConnectTo => "tried_to_connect_to",
            Self::SentTo => "sent_to",
            Self::WasContactedBy => "was_contacted_by",
            Self::ConnectedWith => "connected_with",
            Self::UsedAddressOf => "used_address_of",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LookedUp => "looked up",
            Self::WasAnswered => "was answered",
            Self::ConnectedTo => "connected to",
            Self::WasShownCertificate => "was shown a certificate for",
            Self::TriedToConnectTo => "tried to connect to",
            Self::SentTo => "sent packets to",
            Self::WasContactedBy => "was contacted by",
            Self::ConnectedWith => "connected with the fingerprint",
            Self::UsedAddressOf => "used an address of",
        }
    }
}

impl Sighting {
    /// The packet goes to the client. Multicast has no client: whoever sends is the device.
    fn is_response(&self) -> bool {
        match self.evidence {
            Evidence::Name(
                Kind::X509San | Kind::X509Cn | Kind::X509Sha1 | Kind::X509Sha256 | Kind::X509Serial,
            ) => true,
            Evidence::Address(_) | Evidence::Resolved(_) => false,
            _ => self.dns.is_some_and(|dns| dns.response) && !self.flow.dst.is_multicast(),
        }
    }

    /// The device whose owner should be told: the client of the exchange.
    pub fn device(&self) -> IpAddr {
        if self.is_response() {
            self.flow.dst
        } else {
            self.flow.src
        }
    }

    /// The other side: the resolver that was asked, or the server that was contacted.
    pub fn peer(&self) -> SocketAddr {
        if self.is_response() {
            self.flow.source()
        } else {
            self.flow.destination()
        }
    }

    /// What the device did, for people: what follows is the name, address or fingerprint.
    pub fn words(&self) -> &'static str {
        match self.evidence {
            Evidence::Name(Kind::Ja3) => "connected with the JA3 fingerprint",
            Evidence::Name(Kind::Ja4) => "connected with the JA4 fingerprint",
            Evidence::Name(Kind::X509Sha1 | Kind::X509Sha256) => {
                "was shown the certificate with the digest"
            }
            Evidence::Name(Kind::X509Serial) => "was shown a certificate with the serial number",
            _ => self.action().words(),
        }
    }

    /// What the device did.
    pub fn action(&self) -> Action {
        let answered = self.dns.is_some_and(|dns| dns.response);
        let kind = match self.evidence {
            Evidence::Address(Reach::Tried) => return Action::TriedToConnectTo,
            Evidence::Address(Reach::Connected) => return Action::ConnectedTo,
            Evidence::Address(Reach::Sent) => return Action::SentTo,
            Evidence::Address(Reach::Contacted) => return Action::WasContactedBy,
            Evidence::Resolved(_) => return Action::UsedAddressOf,
            Evidence::Name(Kind::Ja3 | Kind::Ja4) => return Action::ConnectedWith,
            Evidence::Name(Kind::X509Sha1 | Kind::X509Sha256 | Kind::X509Serial) => {
                return Action::WasShownCertificate;
            }
            Evidence::Name(kind) => kind,
        };
        match kind {
            Kind::X509San | Kind::X509Cn | Kind::X509Sha1 | Kind::X509Sha256 | Kind::X509Serial => {
                Action::WasShownCertificate
            }
            Kind::DnsQuery
            | Kind::DnsAnswer
            | Kind::MdnsQuery
            | Kind::MdnsAnswer
            | Kind::LlmnrQuery
            | Kind::LlmnrAnswer
            | Kind::Nbns => {
                if answered {
                    Action::WasAnswered
                } else {
                    Action::LookedUp
                }
            }
            Kind::TlsSni
            | Kind::QuicSni
            | Kind::GquicSni
            | Kind::DtlsSni
            | Kind::HttpHost
            | Kind::HttpUriHost
            | Kind::HttpUrl
            | Kind::HttpConnect
            | Kind::Http2Authority
            | Kind::SocksHost
            | Kind::Ja3
            | Kind::Ja4 => Action::ConnectedTo,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::flow::Protocol;
    use crate::rules::{How, IndicatorId};

    /// A client's question for `name` at `secs` of packet time.
    pub(crate) fn sighting(name: &str, secs: i64) -> Sighting {
        Sighting {
            packet: 1,
            timestamp: Timestamp::from_parts(secs, 0),
            flow: Flow {
                src: [10, 0, 0, 7].into(),
                dst: [192, 0, 2, 53].into(),
                sport: 5_000,
                dport: 53,
                protocol: Protocol::Udp,
            },
            path: Box::default(),
            evidence: Evidence::Name(Kind::DnsQuery),
            name: name.into(),
            hit: Hit {
                indicator: IndicatorId::default(),
                how: How::Exact,
            },
            dns: Some(DnsNote {
                response: false,
                rcode: 0,
            }),
            ech: false,
            resolution: None,
        }
    }

    #[test]
    fn the_device_is_the_client_whichever_way_the_packet_goes() {
        let question = sighting("evil.example", 1);
        assert_eq!(question.device().to_string(), "10.0.0.7");
        assert_eq!(question.peer().to_string(), "192.0.2.53:53");
        assert_eq!(question.action(), Action::LookedUp);
        let mut answer = question.clone();
        std::mem::swap(&mut answer.flow.src, &mut answer.flow.dst);
        std::mem::swap(&mut answer.flow.sport, &mut answer.flow.dport);
        answer.dns = Some(DnsNote {
            response: true,
            rcode: 3,
        });
        assert_eq!(answer.device().to_string(), "10.0.0.7");
        assert_eq!(answer.peer().to_string(), "192.0.2.53:53");
        assert_eq!(answer.action(), Action::WasAnswered);
        let hello = Sighting {
            evidence: Evidence::Name(Kind::TlsSni),
            dns: None,
            ..question
        };
        assert_eq!(hello.action(), Action::ConnectedTo);
    }
}
