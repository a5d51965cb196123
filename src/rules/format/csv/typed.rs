//! What a type column says: the words of MISP, OTX, STIX, ThreatFox and of tables made by hand.

/// How an indicator is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// A name, address or URL: its text says which.
    Network,
    /// MISP's `domain|ip`: what is behind the bar is where the name once pointed.
    NameAndAddress,
    /// MISP's `ip-dst|port` and `hostname|port`.
    AndPort,
    Ja3,
    Ja4,
    Certificate,
    /// What no network can show, in the plural.
    Aside(&'static str),
}

impl Typed {
    /// None where the word is not known: `phishing` says nothing of the shape.
    pub(super) fn of(word: &str) -> Option<Self> {
        if word.len() > 64 {
            return None;
        }
        let word = word.to_ascii_lowercase();
        // STIX paths such as `domain-name:value`.
        let word = word.strip_suffix(":value").unwrap_or(&word);
        let word: String = word
            .chars()
            .map(|c| {
                if matches!(c, '_' | ' ' | ':' | '/') {
                    '-'
                } else {
                    c
                }
            })
            .collect();
        Some(match word.trim_matches('-') {
            "domain" | "domains" | "domain-name" | "hostname" | "host" | "fqdn" | "dns" | "ip"
            | "ipv4" | "ipv6" | "ipv4-addr" | "ipv6-addr" | "ip-address" | "ip-addr"
            | "address" | "ip-dst" | "ip-src" | "ip-port" | "cidr" | "network" | "netblock"
            | "ip-range" | "url" | "uri" | "urls" | "ipv4-cidr" | "ipv4-port" | "ip-addresses"
            | "c2-domain" | "c2-ip" | "link-url" | "remote-address" => Self::Network,
            "domain|ip" => Self::NameAndAddress,
            "ip-dst|port" | "ip-src|port" | "hostname|port" | "domain|port" => Self::AndPort,
            "ja3" | "ja3-fingerprint-md5" | "ja3-md5" | "ja3-hash" | "ja3-fingerprint" => Self::Ja3,
            "ja4" | "ja4-plus" | "ja4-fingerprint" => Self::Ja4,
            "x509-fingerprint-sha1"
            | "x509-fingerprint-sha256"
            | "certificate"
            | "thumbprint"
            | "sslcertfingerprint"
            | "ssl-cert-sha1"
            | "cert-sha1"
            | "cert-sha256"
            | "certificate-sha1"
            | "certificate-sha256"
            | "certificate-fingerprint" => Self::Certificate,
            word => Self::Aside(aside(word)?),
        })
    }
}

fn aside(word: &str) -> Option<&'static str> {
    Some(match word {
        "link" | "reference" => "references",
        "ja3s"
        | "ja4s"
        | "ja4h"
        | "ja4x"
        | "jarm"
        | "jarm-fingerprint"
        | "x509-fingerprint-md5"
        | "hassh-md5"
        | "hasshserver-md5" => "fingerprints that are not looked for",
        "user-agent" | "http-user-agent" => "user agents",
        "mutex" => "mutexes",
        "process" | "process-name" | "processes" => "process names",
        "regkey" | "registry" | "registry-key" | "windows-registry-key" | "regkey|value" => {
            "registry keys"
        }
        "cve" | "vulnerability" => "vulnerabilities",
        "as" | "asn" | "autonomous-system" => "networks by number",
        "btc" | "bitcoin" | "bitcoinaddress" | "xmr" | "dash" | "wallet" => "wallets",
        "yara" | "sigma" | "snort" | "pattern-in-file" | "pattern-in-memory"
        | "pattern-in-traffic" => "detection patterns",
        "text"
        | "comment"
        | "other"
        | "datetime"
        | "counter"
        | "float"
        | "boolean"
        | "port"
        | "size-in-bytes"
        | "mime-type"
        | "attachment"
        | "malware-sample"
        | "threat-actor"
        | "campaign-name"
        | "github-repository"
        | "phone-number"
        | "app-id"
        | "android-app-id"
        | "bundle-id"
        | "package"
        | "package-name"
        | "configuration-profile"
        | "whois-registrar"
        | "uri-path"
        | "url-path"
        | "http-method" => "indicators of other types",
        // A file may be given by name and hash: `filename|sha256`.
        word if word.starts_with("filename") || word.starts_with("file-name") => "file names",
        word if word.starts_with("filepath") || word.starts_with("file-path") => "file paths",
        "file" | "filehash" | "hash" | "imphash" | "ssdeep" | "tlsh" | "pehash"
        | "authentihash" | "impfuzzy" | "vhash" | "sha3-384-hash" => "file hashes",
        word if [
            "md5",
            "sha1",
            "sha2",
            "sha3",
            "sha5",
            "sha-",
            "filehash-",
            "file-",
            "hash-",
        ]
        .iter()
        .any(|start| word.starts_with(start)) =>
        {
            "file hashes"
        }
        word if word.starts_with("email") || word.starts_with("e-mail") || word == "mail" => {
            "e-mail addresses"
        }
        word if word.starts_with("whois-") => "registrants",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_known_exports() {
        for (word, typed) in [
            ("domain", Typed::Network),
            ("IPv4", Typed::Network),
            ("ip:port", Typed::Network),
            ("ipv4-addr:value", Typed::Network),
            ("domain|ip", Typed::NameAndAddress),
            ("ip-dst|port", Typed::AndPort),
            ("ja3-fingerprint-md5", Typed::Ja3),
            ("x509-fingerprint-sha1", Typed::Certificate),
            ("SSLCertFingerprint", Typed::Certificate),
            ("FileHash-SHA256", Typed::Aside("file hashes")),
            ("sha256_hash", Typed::Aside("file hashes")),
            ("filename|md5", Typed::Aside("file names")),
            ("email-src", Typed::Aside("e-mail addresses")),
            ("process:name", Typed::Aside("process names")),
        ] {
            assert_eq!(Typed::of(word), Some(typed), "{word}");
        }
        assert_eq!(Typed::of("phishing"), None);
        assert_eq!(Typed::of(""), None);
    }
}
