//! Where on the wire a name stood.

/// The protocol and place of a name. The texts are a contract: see [`Kind::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The question section of a DNS message, whether query or response.
    DnsQuery,
    /// An owner name or a name-valued target in the other sections of a DNS message.
    DnsAnswer,
    /// The server name of a TLS ClientHello over TCP.
    TlsSni,
    /// The server name of a ClientHello in QUIC CRYPTO frames.
    QuicSni,
    /// The server name of a Google QUIC client hello (CHLO).
    GquicSni,
    /// The server name of a DTLS ClientHello.
    DtlsSni,
    /// A DNS name of a certificate's subjectAltName.
    X509San,
    /// The common name of a certificate's subject, where it has the form of a host name.
    X509Cn,
    /// The Host field of an HTTP/1 request.
    HttpHost,
    /// The host of an HTTP/1 request whose target is a whole URI (RFC 9112 section 3.2.2).
    HttpUriHost,
    /// The host that an HTTP CONNECT request asks for.
    HttpConnect,
    /// The `:authority` of a cleartext HTTP/2 request.
    Http2Authority,
    /// The host name in a SOCKS 4a or 5 request.
    SocksHost,
    /// A question of multicast DNS (RFC 6762).
    MdnsQuery,
    /// Another name of a multicast DNS message.
    MdnsAnswer,
    /// A question of Link-Local Multicast Name Resolution (RFC 4795).
    LlmnrQuery,
    /// Another name of an LLMNR message.
    LlmnrAnswer,
    /// A name of the NetBIOS name service (RFC 1002).
    Nbns,
    /// No name, as all below: the JA3 fingerprint of a ClientHello, whatever carries it. 16 bytes.
    Ja3,
    /// The JA4 fingerprint of a ClientHello, whatever carries it. 36 ASCII characters.
    Ja4,
    /// The SHA-1 digest of a certificate. 20 bytes.
    X509Sha1,
    /// The SHA-256 digest of a certificate. 32 bytes.
    X509Sha256,
    /// The serial number of a certificate: up to 20 bytes, without zeros in front.
    X509Serial,
    /// What an HTTP/1 request asks for: its host, a space, and its target as it stands in the request.
    HttpUrl,
}

impl Kind {
    /// How many kinds of names there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All kinds of names, in the order in which they are shown.
    pub const ALL: [Self; 18] = [
        Self::DnsQuery,
        Self::DnsAnswer,
        Self::TlsSni,
        Self::QuicSni,
        Self::GquicSni,
        Self::DtlsSni,
        Self::X509San,
        Self::X509Cn,
        Self::HttpHost,
        Self::HttpUriHost,
        Self::HttpConnect,
        Self::Http2Authority,
        Self::SocksHost,
        Self::MdnsQuery,
        Self::MdnsAnswer,
        Self::LlmnrQuery,
        Self::LlmnrAnswer,
        Self::Nbns,
    ];

    /// What is told beside names, where it is [`Wanted`](super::Wanted).
    pub const FINGERPRINTS: [Self; 6] = [
        Self::Ja3,
        Self::Ja4,
        Self::X509Sha1,
        Self::X509Sha256,
        Self::X509Serial,
        Self::HttpUrl,
    ];

    /// Whether it is no name but tells a client's program, a certificate or a request.
    pub const fn is_fingerprint(self) -> bool {
        self as usize >= Self::COUNT
    }

    /// The kind's text in `names` output and in alerts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DnsQuery => "dns_query",
            Self::DnsAnswer => "dns_answer",
            Self::TlsSni => "tls_sni",
            Self::QuicSni => "quic_sni",
            Self::GquicSni => "gquic_sni",
            Self::DtlsSni => "dtls_sni",
            Self::X509San => "x509_san",
            Self::X509Cn => "x509_cn",
            Self::HttpHost => "http_host",
            Self::HttpUriHost => "http_uri_host",
            Self::HttpConnect => "http_connect",
            Self::Http2Authority => "http2_authority",
            Self::SocksHost => "socks_host",
            Self::MdnsQuery => "mdns_query",
            Self::MdnsAnswer => "mdns_answer",
            Self::LlmnrQuery => "llmnr_query",
            Self::LlmnrAnswer => "llmnr_answer",
            Self::Nbns => "nbns",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::X509Sha1 => "x509_sha1",
            Self::X509Sha256 => "x509_sha256",
            Self::X509Serial => "x509_serial",
            Self::HttpUrl => "http_url",
        }
    }

    /// The protocol, by the word that EVE uses for it.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::DnsQuery | Self::DnsAnswer => "dns",
            Self::TlsSni
            | Self::X509San
            | Self::X509Cn
            | Self::Ja3
            | Self::Ja4
            | Self::X509Sha1
            | Self::X509Sha256
            | Self::X509Serial => "tls",
            Self::QuicSni | Self::GquicSni => "quic",
            Self::DtlsSni => "dtls",
            Self::HttpHost | Self::HttpUriHost | Self::HttpConnect | Self::HttpUrl => "http",
            Self::Http2Authority => "http2",
            Self::SocksHost => "socks",
            Self::MdnsQuery | Self::MdnsAnswer => "mdns",
            Self::LlmnrQuery | Self::LlmnrAnswer => "llmnr",
            Self::Nbns => "nbns",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_in_the_order_of_all() {
        let all = Kind::ALL.into_iter().chain(Kind::FINGERPRINTS);
        for (index, kind) in all.enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(
                kind.is_fingerprint(),
                Kind::FINGERPRINTS.contains(&kind),
                "{kind:?}"
            );
        }
    }
}
