//! Names out of bytes: one file per protocol.
//!
//! Every reader takes the bytes of one message and pushes what it finds to a visitor; nothing is
//! collected, nothing is allocated. Adding a protocol is a file here and a line in this one.

pub mod dns;
pub mod text;
pub mod tls;

/// Where on the wire a name stood. The texts are a contract: see [`Kind::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The question section of a DNS message, whether query or response.
    DnsQuery,
    /// An owner name or a name-valued target in the other sections of a DNS message.
    DnsAnswer,
    /// The server name of a TLS ClientHello.
    TlsSni,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::DnsQuery, Self::DnsAnswer, Self::TlsSni];

    /// The kind's text in `names` output and in alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DnsQuery => "dns_query",
            Self::DnsAnswer => "dns_answer",
            Self::TlsSni => "tls_sni",
        }
    }
}
