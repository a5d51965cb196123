//! Where a worker's names go: to the matcher, or into lines.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::contacts::{Contact, Resolved};
use crate::alert::{Evidence, Resolution, Sighting, Unrelated};
use crate::names::Kind;
use crate::names::dns::{DnsNote, rcode_name};
use crate::names::label;
use crate::names::stream::Note;
use crate::names::text::NameText;
use crate::packet::path::Hop;
use crate::rules::{Hit, RuleSet};
use crate::stats::bump;
use crate::stream::table::{Seen, Visit};
use crate::time::Timestamp;

/// How much of a URL an alert shows, in bytes.
const MAX_URL: usize = 2_048;

/// The order of what is found: by payload, and at the end of an input by packet and then by shard. Two
/// workers never have the same.
pub(super) type Order = (u64, usize);

/// What one worker found in one epoch.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) epoch: u64,
    pub(super) input: usize,
    /// The input has ended.
    pub(super) last: bool,
    pub(super) born: Instant,
    /// What the sightings were matched with.
    pub(super) rules: Option<Arc<RuleSet>>,
    /// On a live link: packet time, behind everything in it.
    pub(super) now: Option<Timestamp>,
    /// Names that explain a flow with an address that a listed one was resolved to.
    pub(super) unrelated: Vec<(Order, Unrelated)>,
    /// With the place of each in the order of everything that is found.
    pub(super) sightings: Vec<(Order, Sighting)>,
    /// JSON lines, and for each payload that has any its place in the order and the end of its lines.
    pub(super) lines: Vec<u8>,
    pub(super) marks: Vec<(Order, usize)>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self {
            epoch: 0,
            input: 0,
            last: false,
            born: Instant::now(),
            rules: None,
            now: None,
            unrelated: Vec::new(),
            sightings: Vec::new(),
            lines: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Nothing was found, and nothing ended.
    pub(super) fn is_empty(&self) -> bool {
        !self.last
            && self.now.is_none()
            && self.sightings.is_empty()
            && self.unrelated.is_empty()
            && self.lines.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.last = false;
        self.rules = None;
        self.now = None;
        self.unrelated.clear();
        self.sightings.clear();
        self.lines.clear();
        self.marks.clear();
    }
}

/// A line of `names` output. Its fields and their order are a contract.
#[derive(Serialize)]
struct NameLine<'a> {
    ts: String,
    kind: &'static str,
    name: &'a str,
    src: IpAddr,
    sport: u16,
    dst: IpAddr,
    dport: u16,
    file: &'a str,
    packet: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rcode: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    outer_name: bool,
    #[serde(skip_serializing_if = "<[Hop]>::is_empty")]
    path: &'a [Hop],
}

/// Takes the names that are found in one batch.
pub(super) struct Out<'a> {
    /// What names are matched with; without, they are listed.
    pub(super) rules: Option<&'a RuleSet>,
    pub(super) file: &'a str,
    /// Names by kind.
    pub(super) names: &'a mut [u64; Kind::COUNT],
    /// Host names longer than any name.
    pub(super) too_long: &'a mut u64,
    pub(super) findings: &'a mut Findings,
    /// Scratch for host names.
    pub(super) host: Option<&'a mut NameText>,
    /// The flow is with an address that a listed name was resolved to.
    pub(super) bound: bool,
    /// Where what is found now stands in the order.
    pub(super) order: Order,
    /// Index of the first sighting at this place.
    pub(super) first: usize,
}

impl Out<'_> {
    /// What is found from now on stands at `order`.
    pub(super) fn begin(&mut self, order: Order) {
        self.order = order;
        self.first = self.findings.sightings.len();
    }

    /// Everything at this place was found.
    pub(super) fn end(&mut self) {
        let end = self.findings.lines.len();
        if self.findings.marks.last().map_or(0, |&(_, end)| end) != end {
            self.findings.marks.push((self.order, end));
        }
    }

    fn found(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        if let Some(n) = self.names.get_mut(kind as usize) {
            bump(n);
        }
        match self.rules {
            Some(rules) => {
                if let Some(hit) = rules.match_name(name) {
                    self.sighting(seen, kind, name, note, hit);
                } else if self.bound && note.dns.is_none_or(|dns| !dns.response) {
                    self.unrelated(seen, kind, name, note);
                }
            }
            None => self.line(seen, kind, name, note),
        }
    }

    /// A fingerprint: no name, and asked for only where one is listed.
    fn fingerprint(&mut self, seen: &Seen<'_>, kind: Kind, print: &[u8], note: Note) {
        let rules = self.rules;
        let Some(hit) = rules.and_then(|rules| rules.match_fingerprint(kind, print)) else {
            return;
        };
        if kind == Kind::Ja4 {
            self.sighting(seen, kind, print, note, hit);
        } else if kind == Kind::HttpUrl {
            let text = as_text(print.get(..MAX_URL).unwrap_or(print));
            let text = match text.split_once(' ') {
                Some((host, target)) if target.starts_with('/') => format!("http://{host}{target}"),
                // The host that was matched, with the path of a target that is a whole URL (RFC 9112, section 3.2.2).
                Some((host, target)) => {
                    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
                    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
                    format!("http://{host}{path}")
                }
                None => text.into_owned(),
            };
            self.sighting(seen, kind, text.as_bytes(), note, hit);
        } else {
            let text: String = print.iter().map(|byte| format!("{byte:02x}")).collect();
            self.sighting(seen, kind, text.as_bytes(), note, hit);
        }
    }

    #[cold]
    fn sighting(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note, hit: Hit) {
        let name = as_text(name);
        // A response repeats its question before it answers, a request its host in target and field:
        // that is one thing to report.
        let known = self
            .findings
            .sightings
            .get_mut(self.first..)
            .unwrap_or_default();
        if let Some((_, known)) = known.iter_mut().find(|(_, known)| {
            *known.name == *name
                && known.flow == seen.flow
                && matches!(known.evidence, Evidence::Name(_))
        }) {
            if note.dns.is_some_and(|dns| dns.response) {
                known.evidence = Evidence::Name(kind);
            }
            return;
        }
        self.findings.sightings.push((
            self.order,
            Sighting {
                packet: seen.packet,
                timestamp: seen.timestamp,
                flow: seen.flow,
                path: seen.path.into(),
                evidence: Evidence::Name(kind),
                name: name.into(),
                hit,
                dns: note.dns,
                ech: note.ech,
                resolution: None,
            },
        ));
    }

    /// The flow names a host that has nothing to do with the listed one whose address it uses.
    #[cold]
    fn unrelated(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        // The client's words; what a server shows may be meant for others. An address says no more than the packet.
        let is_address = || as_text(name).parse::<IpAddr>().is_ok();
        if matches!(kind, Kind::X509San | Kind::X509Cn) || is_address() {
            return;
        }
        let unrelated = Unrelated {
            flow: seen.flow,
            address: seen.flow.dst,
            name: label::last_two(name).unwrap_or_default(),
            outer: note.ech,
            timestamp: seen.timestamp,
        };
        self.findings.unrelated.push((self.order, unrelated));
    }

    /// A packet to or from an address that is listed, or that a listed name was resolved to.
    #[cold]
    pub(super) fn contact(&mut self, seen: &Seen<'_>, contact: Contact, text: &[u8]) {
        let mut flow = seen.flow;
        if !contact.outward {
            (flow.src, flow.dst) = (flow.dst, flow.src);
            (flow.sport, flow.dport) = (flow.dport, flow.sport);
        }
        let resolved = Resolved::read(text);
        let (evidence, name) = match &resolved {
            Some(resolved) => (Evidence::Resolved(contact.reach), resolved.name.into()),
            None => {
                let name = flow.dst.to_string().into_boxed_str();
                (Evidence::Address(contact.reach), name)
            }
        };
        let resolution = resolved.map(|r| {
            Box::new(Resolution {
                asked: r.asked.map(Into::into),
                answered: r.answered,
                packet: r.packet,
                others: r.others,
            })
        });
        self.findings.sightings.push((
            self.order,
            Sighting {
                packet: seen.packet,
                timestamp: seen.timestamp,
                flow,
                path: seen.path.into(),
                evidence,
                name,
                hit: contact.hit,
                dns: None,
                ech: false,
                resolution,
            },
        ));
    }

    fn line(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        let rcode = |dns: DnsNote| dns.response.then(|| rcode_name(dns.rcode));
        let line = NameLine {
            ts: seen.timestamp.to_string(),
            kind: kind.as_str(),
            name: &as_text(name),
            src: seen.flow.src,
            sport: seen.flow.sport,
            dst: seen.flow.dst,
            dport: seen.flow.dport,
            file: self.file,
            packet: seen.packet,
            rcode: note.dns.and_then(rcode),
            outer_name: note.ech,
            path: seen.path,
        };
        // Writing to a Vec cannot fail, and every field can be serialized.
        if serde_json::to_writer(&mut self.findings.lines, &line).is_ok() {
            self.findings.lines.push(b'\n');
        }
    }
}

impl Visit for Out<'_> {
    fn name(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        if kind.is_fingerprint() {
            self.fingerprint(seen, kind, name, note);
            return;
        }
        if note.dns.is_some() {
            // In presentation form already.
            self.found(seen, kind, name, note);
            return;
        }
        // Lent for the call, so that `found` can have the rest.
        let Some(host) = self.host.take() else { return };
        if host.set_host(name).is_err() {
            bump(self.too_long);
        } else if !host.is_empty() {
            self.found(seen, kind, host.as_bytes(), note);
        }
        self.host = Some(host);
    }
}

/// Names in presentation form are ASCII.
fn as_text(name: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(name)
}
