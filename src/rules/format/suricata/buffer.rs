//! The parts of traffic that rules look into.

/// A part of the traffic, as far as it matters for what a rule is an entry of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Buffer {
    /// The packet or stream: what contents look into that name no buffer.
    Payload,
    /// A name in DNS or TLS.
    Name,
    /// The host of HTTP.
    Host,
    Uri,
    Header,
    /// SHA-1 of a certificate.
    Fingerprint,
    /// Serial number of a certificate.
    Serial,
    /// Subject or issuer of a certificate.
    CertificateName,
    Ja3,
    Ja4,
    /// Fingerprint of a TLS server's hello.
    ServerHash,
    /// It narrows a rule hardly: the method of HTTP.
    Mild,
    Other,
}

/// The buffer that an option without a value names, for the contents behind it or, `http_*`, before it.
pub(super) fn named(key: &str) -> Option<Buffer> {
    Some(match key {
        "pkt_data" => Buffer::Payload,
        "dns.query"
        | "dns_query"
        | "dns.query.name"
        | "dns.queries.rrname"
        | "dns.answer.name"
        | "dns.answers.rrname"
        | "mdns.queries.rrname"
        | "tls.sni"
        | "tls_sni"
        | "quic.sni" => Buffer::Name,
        "http.host" | "http_host" | "http.host.raw" | "http_raw_host" => Buffer::Host,
        "http.uri" | "http_uri" | "http.uri.raw" | "http_raw_uri" => Buffer::Uri,
        "http.header"
        | "http_header"
        | "http.header.raw"
        | "http_raw_header"
        | "http.request_header" => Buffer::Header,
        "tls.cert_fingerprint" | "tls_cert_fingerprint" => Buffer::Fingerprint,
        "tls.cert_serial" | "tls_cert_serial" => Buffer::Serial,
        "tls.cert_subject" | "tls_cert_subject" | "tls.cert_issuer" | "tls_cert_issuer"
        | "tls.subjectaltname" => Buffer::CertificateName,
        "ja3.hash" | "ja3_hash" => Buffer::Ja3,
        "ja4.hash" | "ja4_hash" => Buffer::Ja4,
        "ja3s.hash" | "ja3s_hash" => Buffer::ServerHash,
        "http.method" | "http_method" | "http.protocol" => Buffer::Mild,
        "file_data" | "base64_data" | "js_data" | "vba_data" | "sip_header" | "sip_body" => {
            Buffer::Other
        }
        // Snort's old marks and all others: `http_cookie`, `http.user_agent`, `smb.share`.
        key if key.starts_with("http_") || key.contains('.') => Buffer::Other,
        _ => return None,
    })
}

/// Whether an option says nothing about what a rule looks for, or narrows it so little that it may be passed over.
pub(super) fn is_mild(key: &str, value: &str) -> bool {
    match key {
        "msg"
        | "reference"
        | "classtype"
        | "sid"
        | "rev"
        | "gid"
        | "metadata"
        | "priority"
        | "flow"
        | "threshold"
        | "detection_filter"
        | "target"
        | "tag"
        | "nocase"
        | "fast_pattern"
        | "rawbytes"
        | "urilen"
        | "app-layer-protocol"
        | "prefilter"
        | "flags"
        | "requires"
        | "service"
        | "rem"
        | "logto"
        | "session"
        | "stream_size"
        | "tls.version"
        | "ssl_version"
        | "ssl_state"
        | "to_lowercase"
        | "strip_whitespace"
        | "compress_whitespace"
        | "dns.opcode"
        | "dns.rrtype"
        | "soid"
        | "http_protocol" => true,
        "flowbits" | "xbits" | "hostbits" => {
            let what = value.split(',').next().unwrap_or_default().trim();
            matches!(what, "set" | "unset" | "toggle" | "reset")
        }
        _ => false,
    }
}
