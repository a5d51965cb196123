//! Writes entries in each format that can say them, as the tools that use the format write it.

use std::fmt::Write as _;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::entries::Entry;
use Entry::{Address, Below, Domain, Exact, Ja3, Ja4, Network, Port, Print, Serial, Url};

/// A format, as one kind of tool writes it.
pub(crate) struct Writer {
    pub(crate) name: &'static str,
    /// The format that it must be read as.
    pub(crate) format: &'static str,
    /// Lines before, between and behind the entries.
    frame: (&'static str, &'static str, &'static str),
    /// An entry; nothing where the format cannot say it.
    one: fn(&Entry) -> Option<String>,
    /// What is done to the whole in the end.
    finish: fn(String) -> Vec<u8>,
}

impl Writer {
    /// The entries that the format can say.
    pub(crate) fn can(&self, entries: &[Entry]) -> Vec<Entry> {
        let can = entries.iter().filter(|entry| (self.one)(entry).is_some());
        can.cloned().collect()
    }

    pub(crate) fn write(&self, entries: &[Entry]) -> Vec<u8> {
        let (before, between, behind) = self.frame;
        let all: Vec<String> = entries.iter().filter_map(self.one).collect();
        (self.finish)(format!("{before}{}{behind}", all.join(between)))
    }
}

const fn lines(
    name: &'static str,
    format: &'static str,
    before: &'static str,
    one: fn(&Entry) -> Option<String>,
) -> Writer {
    Writer {
        name,
        format,
        frame: (before, "\n", "\n"),
        one,
        finish: String::into_bytes,
    }
}

pub(crate) fn all() -> Vec<Writer> {
    let mut all = vec![
        lines(
            "own",
            "bellerophon",
            "bellerophon: 1\npack: p\ngroups:\n",
            own,
        ),
        lines("CSV", "csv", "type,indicator,seen\n", |e| {
            Some(format!("{},2024-01-02", typed(e, ",")?))
        }),
        lines("TSV", "csv", "type\tindicator\n", |e| typed(e, "\t")),
        lines("CSV without header", "csv", "", |e| {
            Some(format!(
                "\"{}\",\"2024-01-02\",\"seen, in mails\"",
                bare(e)?
            ))
        }),
        lines("plain", "plain", "# A list.\n\n", bare),
        lines("hosts", "hosts", "127.0.0.1 localhost\n", hosts),
        lines("dnsmasq", "dnsmasq", "# A list.\n", dnsmasq),
        lines("unbound", "unbound", "server:\n", unbound),
        lines(
            "RPZ",
            "rpz",
            "$TTL 300\n@ IN SOA localhost. root.localhost. 1 2 3 4 5\n@ IN NS localhost.\n",
            rpz,
        ),
        lines(
            "AdBlock",
            "adblock",
            "[Adblock Plus 2.0]\n! Title: A list\n",
            adblock,
        ),
        lines("Suricata rules", "suricata", "# Rules.\n", suricata),
        lines("Suricata data set", "dataset", "", dataset),
        lines(
            "Zeek",
            "zeek",
            "#fields\tindicator\tindicator_type\tmeta.source\tmeta.do_notice\n",
            zeek,
        ),
        lines(
            "Maltrail",
            "maltrail",
            "# Copyright (c) 2014-2024 Maltrail developers (https://github.com/stamparm/maltrail/)\n\n",
            maltrail,
        ),
    ];
    all.extend([
        Writer {
            name: "plain, defanged, as Windows saves it",
            format: "plain",
            frame: ("", "\r\n", ""),
            one: defanged,
            finish: |text| format!("\u{feff}{text}").into_bytes(),
        },
        Writer {
            name: "STIX 2.0",
            format: "stix",
            frame: ("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"spec_version\":\"2.0\",\"objects\":[\n", ",\n", "]}"),
            one: |e| stix(e, ""),
            finish: String::into_bytes,
        },
        Writer {
            name: "STIX 2.1",
            format: "stix",
            frame: ("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[", ",", "]}"),
            one: |e| stix(e, "\"spec_version\":\"2.1\",\"pattern_type\":\"stix\","),
            finish: String::into_bytes,
        },
        Writer {
            name: "MISP",
            format: "misp",
            frame: (
                "{\"Event\":{\"info\":\"An event\",\"threat_level_id\":\"4\",\"Attribute\":[\n",
                ",\n",
                "]}}",
            ),
            one: misp,
            finish: String::into_bytes,
        },
        Writer {
            name: "OpenIOC",
            format: "openioc",
            frame: (
                "<?xml version=\"1.0\"?>\n<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"x\">\n\
                 <definition><Indicator operator=\"OR\" id=\"a\">\n",
                "\n",
                "</Indicator></definition></ioc>\n",
            ),
            one: openioc,
            finish: String::into_bytes,
        },
    ]);
    all
}

fn own(entry: &Entry) -> Option<String> {
    let (list, text) = match entry {
        Domain(name) => ("domains", name.clone()),
        Exact(name) => ("exact", name.clone()),
        Below(name) => ("below", name.clone()),
        Address(address) => ("addresses", address.to_string()),
        Port(address, port) => {
            return Some(format!(
                "  - addresses: [{{name: \"{address}\", ports: [{port}]}}]"
            ));
        }
        Network(first, prefix) => ("networks", format!("{first}/{prefix}")),
        Url(host, path) => ("urls", format!("http://{host}{path}")),
        Ja3(digits) => ("ja3", digits.clone()),
        Ja4(text) => ("ja4", text.clone()),
        Print(digits) => ("certificates", digits.clone()),
        Serial(digits) => ("certificates", format!("serial:{digits}")),
    };
    Some(format!("  - {list}:\n    - \"{text}\""))
}

/// An address with a port.
fn on(address: &IpAddr, port: u16) -> String {
    match address {
        IpAddr::V4(_) => format!("{address}:{port}"),
        IpAddr::V6(_) => format!("[{address}]:{port}"),
    }
}

fn pairs(digits: &str) -> String {
    let pairs: Vec<&str> = digits
        .as_bytes()
        .chunks(2)
        .map(|p| std::str::from_utf8(p).unwrap())
        .collect();
    pairs.join(":").to_uppercase()
}

/// As it stands alone on a line. A JA3 looks like the MD5 of a file there.
fn bare(entry: &Entry) -> Option<String> {
    Some(match entry {
        Domain(name) => name.clone(),
        Address(address) => address.to_string(),
        Port(address, port) => on(address, *port),
        Network(first, prefix) => format!("{first}/{prefix}"),
        Url(host, path) => format!("https://{host}{path}"),
        Ja4(text) => text.clone(),
        Print(digits) => pairs(digits),
        Exact(_) | Below(_) | Ja3(_) | Serial(_) => return None,
    })
}

fn defanged(entry: &Entry) -> Option<String> {
    Some(match entry {
        Domain(name) => name.to_uppercase().replace('.', "[.]"),
        Address(address) => address.to_string().replace('.', "(.)"),
        Url(host, path) => format!("hxxps://{}{path}", host.replace('.', "[.]")),
        Network(first, prefix) => format!("{}/{prefix}", first.to_string().replace('.', "[.]")),
        _ => return None,
    })
}

fn typed(entry: &Entry, delimiter: &str) -> Option<String> {
    let kind = match entry {
        Domain(_) => "domain",
        Address(_) => "ip-dst",
        Port(..) => "ip-port",
        Network(..) => "cidr",
        Url(..) => "url",
        Ja3(digits) => return Some(format!("ja3{delimiter}{digits}")),
        Ja4(_) => "ja4",
        Print(digits) => {
            let kind = if digits.len() == 40 {
                "x509-fingerprint-sha1"
            } else {
                "x509-fingerprint-sha256"
            };
            return Some(format!("{kind}{delimiter}{digits}"));
        }
        Exact(_) | Below(_) | Serial(_) => return None,
    };
    Some(format!("{kind}{delimiter}{}", bare(entry)?))
}

/// A line maps one name and none below it. Who blocks a threat so means its domain, and so it is taken.
fn hosts(entry: &Entry) -> Option<String> {
    match entry {
        Domain(name) => Some(format!("0.0.0.0 {name} # seen in mails")),
        _ => None,
    }
}

fn dnsmasq(entry: &Entry) -> Option<String> {
    match entry {
        Domain(name) => Some(format!("address=/{name}/0.0.0.0")),
        Below(name) => Some(format!("address=/*.{name}/")),
        _ => None,
    }
}

fn unbound(entry: &Entry) -> Option<String> {
    match entry {
        Domain(name) => Some(format!("local-zone: \"{name}\" always_nxdomain")),
        Below(name) => Some(format!("local-zone: \"*.{name}.\" refuse")),
        _ => None,
    }
}

/// A name is exact in a zone, so a domain is two records.
fn rpz(entry: &Entry) -> Option<String> {
    let network = |address: &IpAddr, prefix| {
        let reversed: Vec<String> = match address {
            IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
            IpAddr::V6(address) => address
                .segments()
                .iter()
                .rev()
                .map(|s| format!("{s:x}"))
                .collect(),
        };
        format!("{prefix}.{}.rpz-ip CNAME .", reversed.join("."))
    };
    Some(match entry {
        Domain(name) => format!("{name} CNAME .\n*.{name} CNAME ."),
        Exact(name) => format!("{name} 60 IN A 0.0.0.0"),
        Below(name) => format!("*.{name} IN CNAME *."),
        Address(address) => network(address, if address.is_ipv4() { 32 } else { 128 }),
        Network(first, prefix) => network(first, *prefix),
        _ => return None,
    })
}

fn adblock(entry: &Entry) -> Option<String> {
    Some(match entry {
        Domain(name) => format!("||{name}^"),
        Exact(name) => format!("|https://{name}^"),
        Below(name) => format!("||*.{name}^"),
        Address(address @ IpAddr::V4(_)) => format!("||{address}^"),
        Url(host, path) => format!("||{host}{path}"),
        _ => return None,
    })
}

fn suricata(entry: &Entry) -> Option<String> {
    let rule = |head: &str, options: &str| {
        Some(format!(
            "alert {head} (msg:\"A threat\"; {options}sid:1; rev:1;)"
        ))
    };
    match entry {
        Domain(name) => rule(
            "dns $HOME_NET any -> any any",
            &format!("dns.query; dotprefix; content:\".{name}\"; nocase; endswith; "),
        ),
        Exact(name) => rule(
            "tls $HOME_NET any -> $EXTERNAL_NET any",
            &format!(
                "flow:established,to_server; tls.sni; content:\"{name}\"; startswith; endswith; "
            ),
        ),
        Below(name) => rule(
            "dns any any -> any any",
            &format!("dns.query; content:\".{name}\"; endswith; "),
        ),
        Address(address) => rule(&format!("ip $HOME_NET any -> {address} any"), ""),
        Network(first, prefix) => rule(&format!("ip $HOME_NET any -> [{first}/{prefix}] any"), ""),
        Port(address, port) => rule(&format!("tcp $HOME_NET any -> {address} {port}"), ""),
        Url(host, path) => rule(
            "http $HOME_NET any -> $EXTERNAL_NET any",
            &format!(
                "http.host; content:\"{host}\"; bsize:{}; http.uri; content:\"{path}\"; startswith; ",
                host.len()
            ),
        ),
        Ja3(digits) => rule(
            "tls any any -> any any",
            &format!("ja3.hash; content:\"{digits}\"; "),
        ),
        Ja4(text) => rule(
            "tls any any -> any any",
            &format!("ja4.hash; content:\"{text}\"; "),
        ),
        Print(digits) if digits.len() == 40 => rule(
            "tls any any -> any any",
            &format!(
                "tls.cert_fingerprint; content:\"{}\"; ",
                pairs(digits).to_lowercase()
            ),
        ),
        Print(_) => None,
        Serial(digits) => rule(
            "tls any any -> any any",
            &format!("tls.cert_serial; content:\"{}\"; ", pairs(digits)),
        ),
    }
}

/// Looked up with the whole buffer: exact, or with the dot that `dotprefix` puts before a name.
fn dataset(entry: &Entry) -> Option<String> {
    Some(STANDARD.encode(match entry {
        Domain(name) => format!(".{name}"),
        Exact(name) => name.clone(),
        Url(host, path) => format!("http://{host}{path}"),
        _ => return None,
    }))
}

fn zeek(entry: &Entry) -> Option<String> {
    let (text, kind) = match entry {
        Domain(name) => (name.clone(), "DOMAIN"),
        Address(address) => (address.to_string(), "ADDR"),
        Network(first, prefix) => (format!("{first}/{prefix}"), "SUBNET"),
        Url(host, path) => (format!("{host}{path}"), "URL"),
        Print(digits) => (digits.clone(), "CERT_HASH"),
        Ja3(digits) => (digits.clone(), "JA3"),
        Ja4(text) => (text.clone(), "JA4"),
        _ => return None,
    };
    Some(format!("{text}\tIntel::{kind}\tlab\tF"))
}

fn maltrail(entry: &Entry) -> Option<String> {
    match entry {
        Url(host, path) => Some(format!("{host}{path}")),
        Domain(_) | Address(_) | Port(..) | Network(..) => bare(entry),
        _ => None,
    }
}

fn stix(entry: &Entry, version: &str) -> Option<String> {
    let family = |address: &IpAddr| if address.is_ipv4() { "ipv4" } else { "ipv6" };
    let pattern = match entry {
        Domain(name) => format!("domain-name:value = '{name}'"),
        Exact(name) => format!("hostname:value = '{name}'"),
        Below(_) => return None,
        Address(address) => format!("{}-addr:value = '{address}'", family(address)),
        Network(first, prefix) => {
            format!("{}-addr:value ISSUBSET '{first}/{prefix}'", family(first))
        }
        Port(address, port) => {
            format!(
                "network-traffic:dst_ref.value = '{address}' AND network-traffic:dst_port = {port}"
            )
        }
        Url(host, path) => format!("url:value = 'http://{host}{path}'"),
        Ja3(digits) => format!("network-traffic:x_ja3_hash = '{digits}'"),
        Ja4(text) => format!("network-traffic:x_ja4 = '{text}'"),
        Print(digits) if digits.len() == 40 => {
            format!("x509-certificate:hashes.'SHA-1' = '{digits}'")
        }
        Print(digits) => format!("x509-certificate:hashes.'SHA-256' = '{digits}'"),
        Serial(digits) => format!("x509-certificate:serial_number = '{}'", pairs(digits)),
    };
    Some(format!(
        "{{\"type\":\"indicator\",{version}\"id\":\"indicator--1\",\"created\":\"2024-01-02T03:04:05Z\",\
         \"labels\":[\"malicious-activity\"],\"pattern\":\"[{pattern}]\",\"valid_from\":\"2024-01-02T03:04:05Z\"}}"
    ))
}

fn misp(entry: &Entry) -> Option<String> {
    let (kind, text) = match entry {
        Domain(name) => ("domain", name.clone()),
        Address(address) => ("ip-dst", address.to_string()),
        Network(first, prefix) => ("ip-dst", format!("{first}/{prefix}")),
        Port(address, port) => ("ip-dst|port", format!("{address}|{port}")),
        Url(host, path) => ("url", format!("https://{host}{path}")),
        Ja3(digits) => ("ja3-fingerprint-md5", digits.clone()),
        Ja4(text) => ("ja4-fingerprint", text.clone()),
        Print(digits) if digits.len() == 40 => ("x509-fingerprint-sha1", digits.clone()),
        Print(digits) => ("x509-fingerprint-sha256", digits.clone()),
        Exact(_) | Below(_) | Serial(_) => return None,
    };
    Some(format!(
        "{{\"category\":\"Network activity\",\"type\":\"{kind}\",\"to_ids\":true,\"value\":\"{text}\"}}"
    ))
}

fn openioc(entry: &Entry) -> Option<String> {
    let (search, text) = match entry {
        Domain(name) => ("Network/DNS", name.clone()),
        Address(address) => ("PortItem/remoteIP", address.to_string()),
        Network(first, prefix) => ("PortItem/remoteIP", format!("{first}/{prefix}")),
        Url(host, path) => ("Network/URI", format!("{host}{path}")),
        _ => return None,
    };
    let mut item = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        item,
        "<IndicatorItem id=\"i\" condition=\"is\"><Context document=\"D\" search=\"{search}\" type=\"mir\"/>\
         <Content type=\"string\">{text}</Content></IndicatorItem>"
    );
    Some(item)
}
