//! What the columns of a table hold, by their headings.

use memchr::memmem;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::format) enum Role {
    /// Indicators of any kind.
    Any,
    /// Names.
    Name,
    /// URLs.
    Url,
    /// Addresses: listed for themselves (`dst_ip`), or perhaps only what the name beside them once resolved to.
    Address {
        /// They are listed for themselves.
        own: bool,
    },
    Ja3,
    Ja4,
    /// Fingerprints of certificates.
    Certificate,
    /// Serial numbers of certificates.
    Serial,
    /// Hashes of files.
    Hash,
    /// What no network can show, in the plural.
    Aside(&'static str),
    /// What kind of thing the indicator of the row is.
    Type,
    /// Whether the row is meant for detection, as MISP says in `to_ids`.
    Detect,
    /// Whether the row was taken back.
    Revoked,
    /// The port of the address.
    Port,
    FirstSeen,
    Expires,
    Confidence,
    Severity,
    /// Which spyware; of several columns the one with the lowest number says it best.
    Threat(u8),
    Tags,
    References,
    Note,
    Source,
}

impl Role {
    /// What a heading says. Case, and how its words are joined, make no difference.
    pub(in crate::rules::format) fn of(heading: &str) -> Option<Self> {
        if heading.len() > 64 {
            return None;
        }
        let name = normal(heading);
        if name.is_empty() {
            return None;
        }
        // Lists of words ask for each of their lines, so it must be quick.
        let finder = memmem::Finder::new(&name);
        let is_whole = |names: &str, at: usize| {
            let after = at.saturating_add(name.len());
            let before = at.checked_sub(1).and_then(|at| names.as_bytes().get(at));
            matches!(before, None | Some(b' '))
                && matches!(names.as_bytes().get(after), None | Some(b' '))
        };
        ROLES
            .iter()
            .find(|(names, _)| {
                let mut places = finder.find_iter(names.as_bytes());
                places.any(|at| is_whole(names, at))
            })
            .map(|(_, role)| *role)
    }

    /// Whether the column holds entries: also such as are then laid aside.
    pub(in crate::rules::format) fn lists(self) -> bool {
        matches!(
            self,
            Self::Any
                | Self::Name
                | Self::Url
                | Self::Address { .. }
                | Self::Ja3
                | Self::Ja4
                | Self::Certificate
                | Self::Serial
                | Self::Hash
                | Self::Aside(_)
        )
    }
}

/// A heading in lower case with `_` between its words, less a year behind it.
pub(in crate::rules::format) fn normal(heading: &str) -> String {
    let mut name = String::with_capacity(heading.len());
    for c in heading.chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    match name.rsplit_once('_') {
        Some((start, year)) if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) => {
            start.into()
        }
        _ => name.into(),
    }
}

const ROLES: [(&str, Role); 34] = [
    (
        "indicator indicators ioc iocs ioc_value indicator_value value values observable observables observable_value artifact artefact network_indicator network_indicators",
        Role::Any,
    ),
    (
        "domain domains domain_name domain_names domainname ddomain hostname hostnames host_name host hosts fqdn fqdns dns dns_name website websites site sites c2_domain c2_domains malicious_domain malicious_domains phishing_domain domain_ioc c2 cnc",
        Role::Name,
    ),
    (
        "url urls uri uris malicious_url malicious_urls phishing_url ioc_url full_url",
        Role::Url,
    ),
    (
        "ip ips ip_address ip_addresses ipaddress ipaddresses ipaddr ip_addr ipv4 ipv6 ipv4_address ipv6_address address addresses resolved_ip resolved_ips resolved_to resolves_to resolution a_record host_ip",
        Role::Address { own: false },
    ),
    (
        "dst_ip dstip dest_ip destination_ip dst dst_ip_address destination_address remote_ip remote_address c2_ip c2_ips c2_address cnc_ip server_ip malicious_ip malicious_ips attacker_ip ip_port ipport ip_range cidr network networks subnet netblock prefix ioc_ip",
        Role::Address { own: true },
    ),
    (
        "ja3 ja3_md5 ja3_hash ja3_fingerprint ja3_digest ja3_fingerprint_md5",
        Role::Ja3,
    ),
    ("ja4 ja4_fingerprint", Role::Ja4),
    (
        "thumbprint cert_sha1 cert_sha256 certificate certificate_sha1 certificate_sha256 certificate_fingerprint cert_fingerprint cert_hash certificate_hash ssl_sha1 ssl_sha256 ssl_fingerprint tls_fingerprint tls_sha1 tls_sha256 x509_sha1 x509_sha256 x509_fingerprint x509_fingerprint_sha1 x509_fingerprint_sha256 certificates",
        Role::Certificate,
    ),
    (
        "serial serial_number certificate_serial certificate_serial_number cert_serial",
        Role::Serial,
    ),
    (
        "md5 sha1 sha256 sha512 sha_1 sha_256 sha_512 md5_hash sha1_hash sha256_hash sha3_384_hash hash hashes file_hash filehash file_hashes imphash ssdeep tlsh",
        Role::Hash,
    ),
    (
        "email emails e_mail e_mails email_address email_addresses mail mails",
        Role::Aside("e-mail addresses"),
    ),
    (
        "ja3s ja4s ja4h ja4x jarm",
        Role::Aside("fingerprints of servers and of HTTP"),
    ),
    (
        "process processes process_name process_names",
        Role::Aside("process names"),
    ),
    (
        "filename filenames file_name file_names",
        Role::Aside("file names"),
    ),
    (
        "filepath file_path file_paths path paths",
        Role::Aside("file paths"),
    ),
    (
        "indicator_type ioc_type type kind observable_type attribute_type data_type datatype ioctype indicatortype",
        Role::Type,
    ),
    ("to_ids ids for_detection detect is_ioc", Role::Detect),
    (
        "revoked false_positive is_false_positive whitelisted whitelist allowlisted allowlist is_whitelisted benign deleted",
        Role::Revoked,
    ),
    (
        "port dst_port dstport dest_port destination_port remote_port c2_port",
        Role::Port,
    ),
    (
        "first_seen firstseen first_seen_utc first_seen_at dateadded date_added added added_at listingdate listing_date listed date created created_at creation_date first_published published published_at publication_date valid_from first_submission_date timestamp submission_time reported_at",
        Role::FirstSeen,
    ),
    (
        "expires expires_at expiration expiration_date expiry expiry_date valid_until valid_to validuntil expire",
        Role::Expires,
    ),
    (
        "confidence confidence_level confidence_score conf",
        Role::Confidence,
    ),
    (
        "severity risk risk_level priority threat_level threat_level_id event_threat_level_id",
        Role::Severity,
    ),
    ("malware_printable", Role::Threat(0)),
    ("family malware_family spyware threat_name", Role::Threat(1)),
    ("malware campaign campaign_name fk_malware", Role::Threat(2)),
    ("threat threat_actor actor group signature", Role::Threat(3)),
    ("listingreason listing_reason reason", Role::Threat(4)),
    (
        "tag tags label labels attribute_tag event_tag threat_type malware_alias category generation",
        Role::Tags,
    ),
    (
        "reference references ref refs link links external_reference external_references source_url report report_url urlhaus_link urlhaus_reference permalink phish_detail_url blog more_info",
        Role::References,
    ),
    (
        "description desc comment comments note notes detail details remark remarks context",
        Role::Note,
    ),
    (
        "source sources reporter provider feed publisher author vendor reported_by submitter",
        Role::Source,
    ),
    (
        "user_agent useragent user_agents",
        Role::Aside("user agents"),
    ),
    (
        "mutex registry registry_key regkey",
        Role::Aside("registry keys and mutexes"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_however_they_are_written() {
        for (heading, role) in [
            ("Domain Name", Role::Name),
            ("domain_name", Role::Name),
            ("Indicator type", Role::Type),
            ("IP-Address", Role::Address { own: false }),
            ("addresses_2018", Role::Address { own: false }),
            ("DstIP", Role::Address { own: true }),
            ("Malicious domains:", Role::Name),
            ("ioc_value", Role::Any),
            ("Listingdate", Role::FirstSeen),
        ] {
            assert_eq!(Role::of(heading), Some(role), "{heading}");
        }
        for heading in [
            "",
            "id",
            "evil.example",
            "last_seen",
            "alu",
            "main",
            "in_2021_list",
            &"x".repeat(99),
        ] {
            assert_eq!(Role::of(heading), None, "{heading}");
        }
    }

    #[test]
    fn no_heading_stands_twice() {
        let names: Vec<_> = ROLES
            .iter()
            .flat_map(|(names, _)| names.split(' '))
            .collect();
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().all(|name| normal(name) == *name));
        assert!(names.iter().all(|name| Role::of(name).is_some()));
    }
}
