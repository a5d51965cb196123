//! Readable packet, message and capture builders for tests, benchmarks and fuzz seeds.
//!
//! A frame reads like a sentence, from the outermost layer inwards, and ends in its payload:
//!
//! ```
//! use testkit::{dns, frame::ethernet};
//!
//! let frame: Vec<u8> = ethernet()
//!     .vlan(100)
//!     .ipv4("10.0.0.7", "192.0.2.53")
//!     .udp(53124, 53)
//!     .payload(dns::query(0x1a2b, "example.com", dns::A));
//! assert_eq!(frame.len(), 14 + 4 + 20 + 8 + 29);
//! ```
//!
//! | file | builds |
//! | --- | --- |
//! | [`frame`] | link layers: Ethernet with VLAN tags, null/loopback, Linux cooked, raw IP |
//! | [`links`], [`wifi`] | the other link layers |
//! | [`ip`] | IPv4 and IPv6 with options, extension headers and fragments |
//! | [`transport`] | UDP and TCP with right checksums |
//! | [`tunnel`] | tunnel headers around a frame or a packet |
//! | [`dns`], [`dns::malformed`] | DNS messages, and messages no server should send |
//! | [`nbns`] | messages of the NetBIOS name service |
//! | [`tls`] | ClientHellos as browsers send them, and other records |
//! | [`http`], [`http2`] | plain requests and responses; frames and header blocks |
//! | [`socks`], [`starttls`] | proxies' requests; what stands before a hello |
//! | [`tls_server`] | server flights up to TLS 1.2, hellos of SSL 2.0 |
//! | [`x509`] | certificates with chosen names |
//! | [`dtls`] | DTLS hellos and certificates in fragments |
//! | [`quic`] | Initial packets of any version, Retry, Google's CHLO |
//! | [`conversation`] | a whole TCP connection with matching sequence numbers |
//! | [`capture`], [`damage`] | capture files, and broken ones |
//! | [`scenarios`] | the committed captures in `pcaps/` and what was planted in them |
//! | [`rng`] | a small deterministic generator |
//!
//! Nothing here depends on the main crate, so a mistake there cannot hide behind the same
//! mistake here. Misuse panics: this is test code. The same input gives the same bytes, always.

pub mod capture;
pub mod conversation;
pub mod damage;
pub mod dns;
pub mod dtls;
pub mod frame;
pub mod http;
pub mod http2;
pub mod ip;
pub mod links;
pub mod nbns;
pub mod quic;
pub mod rng;
pub mod scenarios;
pub mod socks;
pub mod starttls;
pub mod tls;
pub mod tls_server;
pub mod transport;
pub mod tunnel;
pub mod wifi;
pub mod x509;
