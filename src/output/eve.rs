//! Alerts for machines: EVE JSON lines as Suricata writes them.
//!
//! Details of our own stand under `alert.context`, where the published schema leaves room.

use std::net::IpAddr;

use serde::Serialize;

use crate::alert::Sighting;
use crate::names::dns::rcode_name;
use crate::packet::path::{Hop, vlans};
use crate::rules::{Indicator, PackInfo, Severity};

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
    #[serde(rename = "match")]
    how: &'static str,
    pack: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_published: Option<&'a str>,
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
    confidence: &'static str,
    sources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// One event as a JSON line, line end included.
pub fn line(
    sighting: &Sighting,
    indicator: &Indicator,
    pack: &PackInfo,
    origin: Origin<'_>,
) -> String {
    let flow = &sighting.flow;
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
            severity: match indicator.severity {
                Severity::Critical | Severity::High => 1,
                Severity::Medium => 2,
                Severity::Low => 3,
            },
            references: indicator
                .sources
                .iter()
                .filter_map(|s| s.url.as_deref())
                .collect(),
            context: Context {
                kind: sighting.evidence.as_str(),
                name: &sighting.name,
                indicator: indicator.name,
                how: sighting.hit.how.as_str(),
                pack: &pack.name,
                generation: indicator.generation.as_deref(),
                first_published: indicator.first_published.as_deref(),
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
                confidence: indicator.confidence.as_str(),
                sources: indicator.sources.iter().map(|s| s.title.as_str()).collect(),
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

/// The same for every contact with one indicator in one way, so that a SIEM can group by it.
fn signature(sighting: &Sighting, indicator: &Indicator, pack: &PackInfo) -> String {
    let generation = indicator
        .generation
        .as_deref()
        .map(|g| format!(" {g}"))
        .unwrap_or_default();
    format!(
        "Bellerophon: device {} {} ({}{generation})",
        sighting.action().words(),
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
