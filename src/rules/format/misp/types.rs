//! Types of MISP attributes: which are looked for, and what the others are.

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    Name,
    /// `NAME|ADDRESS`.
    NameAndAddress,
    /// `NAME|PORT`.
    NameAndPort,
    Address,
    /// `ADDRESS|PORT`.
    AddressAndPort,
    Url,
    /// A path of a URL, or a URL as a whole.
    Path,
    /// A URL to read, or one to look for where it is marked for detection.
    Link,
    Certificate,
    Ja3,
    /// A fingerprint of JA4 or of one of its relatives.
    Ja4,
    /// Not looked for.
    Aside(&'static str),
}

impl Take {
    /// Whether MISP takes such an attribute as meant for detection where it does not say.
    pub(super) fn by_default(self) -> bool {
        !matches!(self, Self::Link)
    }
}

/// `object` is the name of the object that the attribute is part of, and `relation` its part in it; empty where there is none.
pub(super) fn take(kind: &str, object: &str, relation: &str) -> Take {
    // MISP marks all names, addresses and URLs for detection unless told otherwise. These parts of objects describe
    // the surroundings of an indicator, and innocents share them.
    match relation {
        "ns-record" | "mx-record" | "soa-record" | "spf-record" if object == "dns-record" => {
            return Take::Aside("name servers and mail servers of listed names");
        }
        "ocsp_server" | "issuing_certificate" => {
            return Take::Aside("addresses of certificate authorities");
        }
        _ if relation.starts_with("ja3s") => return Take::Aside("fingerprints of TLS servers"),
        _ if object == "ja4-plus" && kind == "text" && relation == "ja4-fingerprint" => {
            return Take::Ja4;
        }
        _ => {}
    }
    match kind {
        // A `hostname` is the full name of a host, and a `domain` the name of a whole domain, but people use the one for
        // the other. Taking both with all names below misses nothing, and below a host that attackers run nobody else is.
        "domain" | "hostname" | "onion-address" => Take::Name,
        "domain|ip" => Take::NameAndAddress,
        "hostname|port" => Take::NameAndPort,
        "ip-src" | "ip-dst" => Take::Address,
        "ip-src|port" | "ip-dst|port" => Take::AddressAndPort,
        "url" => Take::Url,
        "uri" => Take::Path,
        "link" => Take::Link,
        "x509-fingerprint-sha1" | "x509-fingerprint-sha256" => Take::Certificate,
        "ja3-fingerprint-md5" => Take::Ja3,
        _ if kind.starts_with("ja4") => Take::Ja4,
        _ => Take::Aside(aside(kind)),
    }
}

/// What a type is that no network shows, or that this program does not look for.
fn aside(kind: &str) -> &'static str {
    // `filename|md5` is a hash of a file with its name.
    let kind = kind.strip_prefix("filename|").unwrap_or(kind);
    match kind {
        "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "sha512/224"
        | "sha512/256" | "sha3-224" | "sha3-256" | "sha3-384" | "sha3-512" | "authentihash"
        | "vhash" | "ssdeep" | "imphash" | "telfhash" | "pehash" | "impfuzzy" | "tlsh"
        | "cdhash" | "dom-hash" | "git-commit-id" | "favicon-mmh3" => "file hashes",
        "filename" | "filename-pattern" | "pdb" | "email-attachment" => "file names",
        "attachment" | "malware-sample" | "mime-type" | "size-in-bytes" => "files",
        "x509-fingerprint-md5" => "MD5 fingerprints of certificates",
        "jarm-fingerprint" => "JARM fingerprints",
        "hassh-md5" | "hasshserver-md5" | "ssh-fingerprint" => "SSH fingerprints",
        "pgp-public-key" | "pgp-private-key" => "PGP keys",
        "user-agent" | "cookie" | "http-method" => "HTTP headers",
        "email" | "email-src" | "email-dst" | "email-reply-to" | "target-email" | "eppn"
        | "dns-soa-email" => "e-mail addresses",
        "dkim" | "dkim-signature" => "properties of e-mails",
        _ if kind.starts_with("email-") => "properties of e-mails",
        "regkey" | "regkey|value" => "registry keys",
        "mutex" | "named pipe" => "mutexes and named pipes",
        "process-state" => "processes",
        _ if kind.starts_with("windows-") => "services and scheduled tasks",
        "yara" | "sigma" | "snort" | "suricata" | "bro" | "zeek" | "stix2-pattern"
        | "kusto-query" | "pattern-in-file" | "pattern-in-traffic" | "pattern-in-memory"
        | "gene" => "rules of other programs",
        "btc" | "dash" | "xmr" | "iban" | "bic" | "bank-account-nr" | "aba-rtn" | "bin"
        | "cc-number" | "payment-details" => "payment data",
        "phone-number" | "prtn" => "phone numbers",
        "vulnerability" | "cpe" | "weakness" => "vulnerabilities",
        "threat-actor" | "campaign-name" | "campaign-id" | "malware-type" => "names of threats",
        "mobile-application-id"
        | "azure-application-id"
        | "chrome-extension-id"
        | "edge-extension-id" => "app ids",
        "github-username"
        | "github-repository"
        | "github-organisation"
        | "jabber-id"
        | "twitter-id" => "accounts",
        "AS" => "autonomous systems",
        "mac-address" | "mac-eui-64" => "MAC addresses",
        "port" => "ports",
        "community-id" => "ids of connections",
        _ if kind.starts_with("whois-") => "registration data of names",
        _ if kind.starts_with("target-") => "targets of attacks",
        "comment" | "text" | "other" | "hex" | "float" | "integer" | "counter" | "datetime"
        | "boolean" | "uuid" | "cortex" | "anonymised" => "remarks and values",
        "first-name"
        | "middle-name"
        | "last-name"
        | "full-name"
        | "date-of-birth"
        | "place-of-birth"
        | "gender"
        | "nationality"
        | "identity-card-number"
        | "passport-number"
        | "passport-country"
        | "passport-expiration"
        | "visa-number" => "personal data",
        _ => "attributes of other types",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_shows_is_taken() {
        for (kind, want) in [
            ("domain", Take::Name),
            ("hostname", Take::Name),
            ("domain|ip", Take::NameAndAddress),
            ("hostname|port", Take::NameAndPort),
            ("ip-src", Take::Address),
            ("ip-dst|port", Take::AddressAndPort),
            ("url", Take::Url),
            ("uri", Take::Path),
            ("link", Take::Link),
            ("x509-fingerprint-sha256", Take::Certificate),
            ("ja3-fingerprint-md5", Take::Ja3),
            ("ja4-fingerprint", Take::Ja4),
        ] {
            assert_eq!(take(kind, "", ""), want, "{kind}");
        }
        assert_eq!(take("text", "ja4-plus", "ja4-fingerprint"), Take::Ja4);
    }

    #[test]
    fn the_rest_is_named() {
        for (kind, want) in [
            ("filename|sha256", "file hashes"),
            ("filename", "file names"),
            ("email-subject", "properties of e-mails"),
            ("whois-registrar", "registration data of names"),
            ("x509-fingerprint-md5", "MD5 fingerprints of certificates"),
            ("sigma", "rules of other programs"),
            ("something-new", "attributes of other types"),
        ] {
            assert_eq!(take(kind, "", ""), Take::Aside(want), "{kind}");
        }
        let ns = "name servers and mail servers of listed names";
        assert_eq!(take("domain", "dns-record", "ns-record"), Take::Aside(ns));
        assert_eq!(take("domain", "dns-record", "queried-domain"), Take::Name);
        let ja3s = take("ja3-fingerprint-md5", "ja3s", "ja3s-fingerprint-md5");
        assert_eq!(ja3s, Take::Aside("fingerprints of TLS servers"));
    }
}
