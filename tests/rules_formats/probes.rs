//! What rule sets are asked, and what they answer.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bellerophon::names::Kind;
use bellerophon::rules::{Hit, RuleSet};

use crate::entries::Entry;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Probe {
    Name(String),
    Address(IpAddr, u16),
    Url(String, String),
    Print(&'static str, Vec<u8>),
}

impl Probe {
    /// What is asked about an entry: itself, what is around it, what looks like it.
    pub(crate) fn about(entry: &Entry, to: &mut BTreeSet<Self>) {
        match entry {
            Entry::Domain(name) | Entry::Exact(name) | Entry::Below(name) => Self::names(name, to),
            Entry::Address(address) | Entry::Port(address, _) | Entry::Network(address, _) => {
                let near = |step: i64| match address {
                    IpAddr::V4(a) => {
                        IpAddr::V4(u32::from(*a).wrapping_add_signed(step as i32).into())
                    }
                    IpAddr::V6(a) => {
                        IpAddr::V6(u128::from(*a).wrapping_add_signed(step.into()).into())
                    }
                };
                for step in [0, 1, -1, 3, 17, 255, 256] {
                    for port in [443, 1000, 5000] {
                        to.insert(Self::Address(near(step), port));
                    }
                }
                if let Entry::Port(address, port) = entry {
                    to.insert(Self::Address(*address, *port));
                    to.insert(Self::Address(*address, port + 1));
                }
            }
            Entry::Url(host, path) => {
                Self::names(host, to);
                for host in [host.clone(), format!("www.{host}"), "a.zq.example".into()] {
                    for path in [
                        path.clone(),
                        format!("{path}/x"),
                        format!("{path}x"),
                        format!("{path}&y=1"),
                        format!("{path}?y=1"),
                        "/".into(),
                        format!("/x{path}"),
                    ] {
                        to.insert(Self::Url(host.clone(), path));
                    }
                }
            }
            Entry::Ja3(digits) => Self::bytes("ja3", hex(digits), to),
            Entry::Ja4(text) => Self::bytes("ja4", text.clone().into_bytes(), to),
            Entry::Print(digits) if digits.len() == 40 => Self::bytes("sha1", hex(digits), to),
            Entry::Print(digits) => Self::bytes("sha256", hex(digits), to),
            Entry::Serial(digits) => Self::bytes("serial", hex(digits), to),
        }
    }

    fn names(name: &str, to: &mut BTreeSet<Self>) {
        let parent = name.split_once('.').map_or("", |(_, parent)| parent);
        for asked in [
            name,
            parent,
            &format!("www.{name}"),
            &format!("x.y.{name}"),
            &format!("not{name}"),
            &format!("{name}.example.org"),
            &format!("{name}x"),
        ] {
            to.insert(Self::Name(asked.to_owned()));
        }
    }

    fn bytes(kind: &'static str, mut bytes: Vec<u8>, to: &mut BTreeSet<Self>) {
        to.insert(Self::Print(kind, bytes.clone()));
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        to.insert(Self::Print(kind, bytes));
    }

    /// Which indicator a rule set finds, in words without the pack.
    pub(crate) fn ask(&self, rules: &RuleSet) -> Option<String> {
        let hit: Option<Hit> = match self {
            Self::Name(name) => rules.match_name(name.as_bytes()),
            Self::Address(address, port) => rules.match_address(*address, *port),
            Self::Url(host, target) => rules.match_url(host.as_bytes(), target.as_bytes()),
            Self::Print(kind, bytes) => {
                let kind = match *kind {
                    "ja3" => Kind::Ja3,
                    "ja4" => Kind::Ja4,
                    "sha1" => Kind::X509Sha1,
                    "sha256" => Kind::X509Sha256,
                    _ => Kind::X509Serial,
                };
                rules.match_fingerprint(kind, bytes)
            }
        };
        let hit = hit?;
        let indicator = rules.indicator(hit.indicator).unwrap();
        let name = indicator
            .name
            .trim_start_matches("https://")
            .trim_start_matches("http://");
        Some(format!(
            "{:?} {:?} {:?} {name}",
            hit.how, indicator.kind, indicator.scope
        ))
    }

    /// Whether one of the entries applies.
    pub(crate) fn expect(&self, entries: &[Entry]) -> bool {
        entries.iter().any(|entry| match self {
            Self::Name(name) => entry.applies_to_name(name),
            Self::Address(address, port) => entry.applies_to_address(*address, *port),
            Self::Url(host, target) => entry.applies_to_url(host, target),
            Self::Print(kind, bytes) => match entry {
                Entry::Ja3(digits) => *kind == "ja3" && hex(digits) == *bytes,
                Entry::Ja4(text) => *kind == "ja4" && text.as_bytes() == bytes,
                Entry::Print(digits) => kind.starts_with("sha") && hex(digits) == *bytes,
                Entry::Serial(digits) => *kind == "serial" && hex(digits) == *bytes,
                _ => false,
            },
        })
    }
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
