//! From a sighting on the wire to an alert that a person can act on.

mod fold;

pub use fold::{Folded, Folder};

use std::net::{IpAddr, SocketAddr};

use crate::flow::Flow;
use crate::names::Kind;
use crate::names::dns::DnsNote;
use crate::packet::path::Hop;
use crate::rules::Hit;
use crate::time::Timestamp;

/// A name on the wire that an indicator covers: what a worker found in one packet.
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
    /// Where in the packet the name stood.
    pub kind: Kind,
    /// The name, in presentation form; of a fingerprint its text.
    pub name: Box<str>,
    /// The indicator that covers it.
    pub hit: Hit,
    /// For DNS: query or response.
    pub dns: Option<DnsNote>,
    /// The hello carries an encrypted inner hello: `name` may be only the outer name.
    pub ech: bool,
}

/// What the device did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It asked a resolver for the name.
    LookedUp,
    /// A resolver told it something about the name.
    WasAnswered,
    /// It opened a connection and named the host.
    ConnectedTo,
    /// The server that it had connected to showed a certificate for the name.
    WasShownCertificate,
}

impl Action {
    /// How many actions there are.
    pub const COUNT: usize = 4;

    /// For machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LookedUp => "looked_up",
            Self::WasAnswered => "was_answered",
            Self::ConnectedTo => "connected_to",
            Self::WasShownCertificate => "was_shown_certificate",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::LookedUp => "looked up",
            Self::WasAnswered => "was answered",
            Self::ConnectedTo => "connected to",
            Self::WasShownCertificate => "was shown a certificate for",
        }
    }
}

impl Sighting {
    /// The packet goes to the client. Multicast has no client: whoever sends is the device.
    fn is_response(&self) -> bool {
        match self.kind {
            Kind::X509San | Kind::X509Cn | Kind::X509Sha1 | Kind::X509Sha256 | Kind::X509Serial => {
                true
            }
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

    /// What the device did.
    pub fn action(&self) -> Action {
        let answered = self.dns.is_some_and(|dns| dns.response);
        match self.kind {
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
            kind: Kind::DnsQuery,
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
            kind: Kind::TlsSni,
            dns: None,
            ..question
        };
        assert_eq!(hello.action(), Action::ConnectedTo);
    }
}
