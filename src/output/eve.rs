//! Alerts for machines: EVE JSON lines as Suricata writes them.
//!
//! Details of our own stand under `alert.context`, where the published schema leaves room.

use std::net::IpAddr;

use serde::Serialize;

use crate::alert::{Evidence, Reach, Sighting};
use crate::names::dns::rcode_name;
use crate::packet::path::{Hop, vlans};
use crate::rules::{Confidence, Indicator, PackInfo, Severity};

/// Signature numbers begin here, above the ranges that public rule sets use.
const FIRST_SIGNATURE: u32 = 3_900_000_000;

#[derive(Serialize)]
struct Event<'a> {
    timestamp: String,
    flow_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pcap_cnt: Option<u64>,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vlan: Vec<u16>,
    src_ip: IpAddr,
    src_port: u16,
    dest_ip: IpAddr,
    dest_port: u16,
    proto: &'static str,
    ip_v: u8,
    pkt_src: &'static str,
    community_id: String,
    app_proto: &'static str,
    alert: Alert<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pcap_filename: Option<&'a str>,
}

/// Where packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A capture, by its name.
    Capture(&'a str),
    /// An interface, by its name.
    Interface(&'a str),
}

#[derive(Serialize)]
struct Alert<'a> {
    action: &'static str,
    gid: u32,
    signature_id: u32,
    rev: u32,
    signature: String,
    category: &'static str,
    severity: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<&'a str>,
    context: Context<'a>,
}

/// What stands under `alert.context`. Its fields are a contract.
#[derive(Serialize)]
struct Context<'a> {
    kind: &'static str,
    name: &'a str,
    indicator: &'a str,
    indicator_kind: &'static str,
    #[serde(rename = "match")]
    how: &'static str,
    pack: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threat: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_published: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
    device: IpAddr,
    action: &'static str,
    peer: IpAddr,
    peer_port: u16,
    #[serde(skip_serializing_if = "<[Hop]>::is_empty")]
    path: &'a [Hop],
    #[serde(skip_serializing_if = "Option::is_none")]
    rcode: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    outer_name: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<ResolvedFrom<'a>>,
    confidence: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    sources: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    references: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// How a listed name led to the address that was used.
#[derive(Serialize)]
struct ResolvedFrom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a str>,
    answered: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    other_names: u32,
}

/// One event as a JSON line, line end included.
pub fn line(
    sighting: &Sighting,
    indicator: &Indicator,
    pack: &PackInfo,
    origin: Origin<'_>,
) -> String {
    let flow = &sighting.flow;
    // An address may serve many names.
    // Whoever has a public address is scanned, by listed hosts as well.
    let is_weak = matches!(
        sighting.evidence,
        Evidence::Resolved(_) | Evidence::Address(Reach::Contacted)
    );
    let (file, interface) = match origin {
        Origin::Capture(file) => (Some(file), None),
        Origin::Interface(name) => (None, Some(name)),
    };
    let event = Event {
        timestamp: sighting.timestamp.eve(),
        flow_id: flow.id(),
        in_iface: interface,
        // On a live link packets are counted by each thread for itself: the numbers mean nothing.
        pcap_cnt: file.map(|_| sighting.packet),
        event_type: "alert",
        vlan: vlans(&sighting.path).collect(),
        src_ip: flow.src,
        src_port: flow.sport,
        dest_ip: flow.dst,
        dest_port: flow.dport,
        proto: flow.protocol.as_str(),
        ip_v: if flow.src.is_ipv4() { 4 } else { 6 },
        pkt_src: "wire/pcap",
        community_id: flow.community_id(),
        app_proto: sighting.evidence.protocol(),
        alert: Alert {
            action: "allowed",
            gid: 1,
            signature_id: signature_id(pack, indicator),
            rev: 1,
            signature: signature(sighting, indicator, pack),
            category: "Mercenary spyware infrastructure",
            severity: severity(indicator.severity, is_weak),
            references: references(indicator),
            context: Context {
                kind: sighting.evidence.as_str(),
                name: &sighting.name,
                indicator: indicator.name,
                indicator_kind: indicator.kind.as_str(),
                how: sighting.hit.how.as_str(),
                pack: &pack.name,
                threat: indicator.threat.as_deref(),
                generation: indicator.generation.as_deref(),
                first_published: indicator.first_published.as_deref(),
                expires: indicator.expires.as_deref(),
                device: sighting.device(),
                action: sighting.action().as_str(),
                peer: sighting.peer().ip(),
                peer_port: sighting.peer().port(),
                path: &sighting.path,
                rcode: sighting
                    .dns
                    .filter(|dns| dns.response)
                    .map(|dns| rcode_name(dns.rcode).into_owned()),
                outer_name: sighting.ech,
                resolved: sighting
                    .resolution
                    .as_deref()
                    .map(|resolution| ResolvedFrom {
                        asked: resolution.asked.as_deref(),
                        answered: resolution.answered.eve(),
                        packet: file.map(|_| resolution.packet),
                        other_names: resolution.others,
                    }),
                confidence: if is_weak {
                    Confidence::Low.as_str()
                } else {
                    indicator.confidence.as_str()
                },
                tags: &indicator.details.tags,
                sources: indicator.sources.iter().map(|s| s.title.as_str()).collect(),
                references: &indicator.details.references,
                note: indicator.note.as_deref(),
            },
        },
        pcap_filename: file,
    };
    // Every field can be serialized: there is no map with keys that are not text.
    let mut line = serde_json::to_string(&event).unwrap_or_default();
    line.push('\n');
    line
}

/// As Suricata counts: 1 is the worst. A weak finding is a step less.
const fn severity(of: Severity, is_weak: bool) -> u8 {
    match (of, is_weak) {
        (Severity::Critical | Severity::High, false) => 1,
        (Severity::Critical | Severity::High, true) | (Severity::Medium, false) => 2,
        (Severity::Medium, true) | (Severity::Low, _) => 3,
    }
}

/// Where to read more, each page once.
fn references<'a>(indicator: &Indicator<'a>) -> Vec<&'a str> {
    let details = indicator.details;
    let mut pages: Vec<&str> = Vec::new();
    let sources = details.sources.iter().filter_map(|s| s.url.as_deref());
    for page in sources.chain(details.references.iter().map(String::as_str)) {
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages
}

/// The same for every contact with one indicator in one way, so that a SIEM can group by it.
fn signature(sighting: &Sighting, indicator: &Indicator, pack: &PackInfo) -> String {
    let generation = indicator
        .generation
        .as_deref()
        .map(|g| format!(" {g}"))
        .unwrap_or_default();
    format!(
        "Bellerophon: device {} {} ({}{generation})",
        sighting.words(),
        indicator.name,
        pack.title,
    )
}

/// Stable for an indicator of a pack, whatever else is loaded: FNV-1a of both names, in the range
/// of the 28 bits above [`FIRST_SIGNATURE`].
fn signature_id(pack: &PackInfo, indicator: &Indicator) -> u32 {
    let bytes = pack.name.bytes().chain([0]).chain(indicator.name.bytes());
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    FIRST_SIGNATURE.saturating_add(hash & 0x0fff_ffff)
}
