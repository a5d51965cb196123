//! Makes names from different programs comparable, and says what may be compared.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Lower case, without white space, port, final dots and (unless it is kept) a leading `*.`.
/// `None` where nothing is left, or an IP address.
pub fn name(raw: &str, keep_wildcard: bool) -> Option<String> {
    let lower = raw.replace(is_space, "").to_lowercase();
    let mut name = lower.as_str();
    if let Some(bracketed) = name.strip_prefix('[') {
        name = bracketed.split(']').next().unwrap_or_default();
    } else if let Some((host, port)) = name.split_once(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        name = host;
    }
    name = name.trim_end_matches('.');
    if !keep_wildcard {
        name = name.strip_prefix("*.").unwrap_or(name);
    }
    (!name.is_empty() && !is_address(name)).then(|| name.to_owned())
}

/// Unicode's white space and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// An IP address, or four numbers that would be one if they were smaller.
pub fn is_address(name: &str) -> bool {
    let four_numbers = || {
        name.split('.').count() == 4
            && name
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let with_zone = || {
        name.split_once('%').is_some_and(|(address, zone)| {
            !zone.is_empty() && !zone.contains('%') && address.parse::<Ipv6Addr>().is_ok()
        })
    };
    name.parse::<Ipv4Addr>().is_ok()
        || name.parse::<Ipv6Addr>().is_ok()
        || four_numbers()
        || with_zone()
}

/// The kinds that are one source of names seen from different sides.
pub fn family(proto: &str) -> &str {
    match proto {
        "dns_query" | "dns_answer" => "dns",
        "mdns_query" | "mdns_answer" => "mdns",
        "llmnr_query" | "llmnr_answer" => "llmnr",
        "http_host" | "http_connect" | "http_uri_host" => "http",
        "x509_san" | "x509_cn" => "x509",
        "x509_other_dns" => "x509_other",
        "http2_authority" => "http2",
        other => other,
    }
}

/// The class of a name for an oracle row: `fqdn` (labels of letters, digits, `-` and `_`), `single`
/// (one such label), `ip`, or `odd`.
pub fn class(raw: &str) -> &'static str {
    let Some(name) = name(raw, false) else {
        return "ip";
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match name.split('.').count() {
        _ if name.len() > 253 || !name.split('.').all(is_label) => "odd",
        1 => "single",
        _ => "fqdn",
    }
}

/// The capture's path as the oracle has it: the longest end of `path` that `is_known`.
pub fn file(path: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    let path = path.replace('\\', "/");
    let mut end = path.as_str();
    while !is_known(end) {
        end = end.split_once('/')?.1;
    }
    Some(end.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (raw, want) in [
            ("Example.COM.", Some("example.com")),
            ("example.com..", Some("example.com")),
            (" exam\tple.com\x1f\u{a0}", Some("example.com")),
            ("example.com:8443", Some("example.com")),
            ("example.com:", Some("example.com")),
            ("example.com:https", Some("example.com:https")),
            ("a:b:80", Some("a:b:80")),
            ("*.example.com", Some("example.com")),
            ("*.*.example.com", Some("*.example.com")),
            ("*", Some("*")),
            ("[example.com]:80", Some("example.com")),
            ("", None),
            (".", None),
            (":80", None),
            ("192.0.2.1:80", None),
            ("999.999.999.999", None),
            ("192.0.2", Some("192.0.2")),
            ("192.0.2.1.example", Some("192.0.2.1.example")),
            ("[2001:db8::1]:443", None),
            ("2001:db8::1", None),
            ("fe80::1%eth0", None),
            ("fe80::1%", Some("fe80::1%")),
            ("BÜCHER.example", Some("bücher.example")),
        ] {
            assert_eq!(name(raw, false).as_deref(), want, "{raw:?}");
        }
        assert_eq!(name("*.A.b", true).as_deref(), Some("*.a.b"));
    }

    #[test]
    fn classes() {
        for (raw, want) in [
            ("a.example", "fqdn"),
            ("_sip._tcp.example.com.", "fqdn"),
            ("*.example.com", "fqdn"),
            ("localhost", "single"),
            ("192.0.2.1", "ip"),
            ("a..b", "odd"),
            ("a b!.example", "odd"),
            ("bücher.example", "odd"),
        ] {
            assert_eq!(class(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn files_are_known_by_the_end_of_their_path() {
        let is_known = |path: &str| path == "set/a.pcap" || path == "b.pcap";
        for (path, want) in [
            ("set/a.pcap", Some("set/a.pcap")),
            ("./set/a.pcap", Some("set/a.pcap")),
            ("/captures/set/a.pcap", Some("set/a.pcap")),
            ("C:\\captures\\set\\a.pcap", Some("set/a.pcap")),
            ("a.pcap", None),
            ("other/b.pcap", Some("b.pcap")),
            ("set/not-a.pcap", None),
        ] {
            assert_eq!(file(path, is_known).as_deref(), want, "{path}");
        }
    }
}
