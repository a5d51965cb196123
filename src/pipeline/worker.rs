//! A worker: reads the payloads of a batch, matches the names, hands on what it found.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::batch::{Batch, Item};
use crate::alert::{DnsContext, Sighting};
use crate::names::text::NameText;
use crate::names::{Kind, dns, tls};
use crate::rules::RuleSet;
use crate::stats::{WorkerStats, bump};
use crate::triage::Reader;

/// What to do with names.
#[derive(Clone)]
pub enum Task {
    /// Match them and give sightings.
    Match(Arc<RuleSet>),
    /// List them all as JSON lines.
    List,
}

/// What one worker found in one epoch.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) epoch: u64,
    pub(super) input: usize,
    pub(super) born: Instant,
    /// In packet order.
    pub(super) sightings: Vec<Sighting>,
    /// JSON lines, and after each packet that has any its number and the end of its lines.
    pub(super) lines: Vec<u8>,
    pub(super) marks: Vec<(u64, usize)>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self {
            epoch: 0,
            input: 0,
            born: Instant::now(),
            sightings: Vec::new(),
            lines: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
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
    src: std::net::IpAddr,
    sport: u16,
    dst: std::net::IpAddr,
    dport: u16,
    file: &'a str,
    packet: u64,
}

/// Reads names out of forwarded payloads. One for each worker thread.
pub(super) struct Worker {
    task: Task,
    inputs: Arc<[String]>,
    stats: WorkerStats,
    dns: dns::Scratch,
    joined: Vec<u8>,
    host: NameText,
}

impl Worker {
    pub(super) fn new(task: Task, inputs: Arc<[String]>) -> Self {
        Self {
            task,
            inputs,
            stats: WorkerStats::default(),
            dns: dns::Scratch::default(),
            joined: Vec::new(),
            host: NameText::default(),
        }
    }

    pub(super) fn stats(&self) -> &WorkerStats {
        &self.stats
    }

    /// Reads every payload of `batch`.
    pub(super) fn read(&mut self, batch: &Batch, findings: &mut Findings) {
        findings.epoch = batch.epoch;
        findings.input = batch.input;
        findings.born = batch.born;
        let file = self.inputs.get(batch.input).map_or("", String::as_str);
        let mut out = Out {
            task: &self.task,
            file,
            names: &mut self.stats.names,
            findings,
            first: 0,
        };
        for (item, payload) in batch.iter() {
            out.begin();
            match item.reader {
                Reader::Dns => {
                    let end = read_dns(item, payload, false, &mut self.dns, &mut out);
                    self.stats.dns.count(end, item.cut);
                }
                Reader::DnsShaped => {
                    let end = read_dns(item, payload, true, &mut self.dns, &mut out);
                    if end.is_some() {
                        self.stats.dns.count(end, item.cut);
                    }
                }
                Reader::ClientHello => {
                    let mut too_long = 0u64;
                    let hello = tls::client_hello(payload, &mut self.joined, &mut |name| {
                        if self.host.set_host(name).is_err() {
                            bump(&mut too_long);
                        } else if !self.host.is_empty() {
                            out.name(item, Kind::TlsSni, self.host.as_bytes(), None);
                        }
                    });
                    self.stats.too_long = self.stats.too_long.saturating_add(too_long);
                    bump(match hello {
                        tls::Hello::Named { ech } => {
                            if ech {
                                out.mark_ech();
                                bump(&mut self.stats.hello_ech);
                            }
                            &mut self.stats.hello_named
                        }
                        tls::Hello::Nameless => &mut self.stats.hello_nameless,
                        tls::Hello::Incomplete => &mut self.stats.hello_incomplete,
                        tls::Hello::Malformed | tls::Hello::NotHello => {
                            &mut self.stats.hello_malformed
                        }
                    });
                }
            }
            out.end(item);
        }
    }
}

/// Where names go: to the matcher, or into lines.
struct Out<'a> {
    task: &'a Task,
    file: &'a str,
    names: &'a mut [u64; Kind::COUNT],
    findings: &'a mut Findings,
    /// Index of the current packet's first sighting.
    first: usize,
}

impl Out<'_> {
    fn begin(&mut self) {
        self.first = self.findings.sightings.len();
    }

    fn end(&mut self, item: &Item) {
        let end = self.findings.lines.len();
        if self.findings.marks.last().map_or(0, |&(_, end)| end) != end {
            self.findings.marks.push((item.packet, end));
        }
    }

    fn name(&mut self, item: &Item, kind: Kind, name: &[u8], dns: Option<DnsContext>) {
        if let Some(n) = self.names.get_mut(kind as usize) {
            bump(n);
        }
        match self.task {
            Task::Match(rules) => {
                if let Some(hit) = rules.match_name(name) {
                    self.sighting(item, kind, name, dns, hit);
                }
            }
            Task::List => self.line(item, kind, name),
        }
    }

    #[cold]
    fn sighting(
        &mut self,
        item: &Item,
        kind: Kind,
        name: &[u8],
        dns: Option<DnsContext>,
        hit: crate::rules::Hit,
    ) {
        let name = as_text(name);
        // A response repeats its question before it answers: that is one thing to report.
        let known = self
            .findings
            .sightings
            .get_mut(self.first..)
            .unwrap_or_default();
        if let Some(known) = known.iter_mut().find(|known| *known.name == *name) {
            if dns.is_some_and(|dns| dns.response) {
                known.kind = kind;
            }
            return;
        }
        self.findings.sightings.push(Sighting {
            packet: item.packet,
            timestamp: item.timestamp,
            flow: item.flow,
            vlans: item.vlans,
            kind,
            name: name.into(),
            hit,
            dns,
            ech: false,
        });
    }

    fn mark_ech(&mut self) {
        for sighting in self
            .findings
            .sightings
            .get_mut(self.first..)
            .unwrap_or_default()
        {
            sighting.ech = true;
        }
    }

    fn line(&mut self, item: &Item, kind: Kind, name: &[u8]) {
        let line = NameLine {
            ts: item.timestamp.to_string(),
            kind: kind.as_str(),
            name: &as_text(name),
            src: item.flow.src,
            sport: item.flow.sport,
            dst: item.flow.dst,
            dport: item.flow.dport,
            file: self.file,
            packet: item.packet,
        };
        // Writing to a Vec cannot fail, and every field can be serialized.
        if serde_json::to_writer(&mut self.findings.lines, &line).is_ok() {
            self.findings.lines.push(b'\n');
        }
    }
}

/// Names in presentation form are ASCII.
fn as_text(name: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

/// Gives how far it came, or `None` for what is not DNS.
fn read_dns(
    item: &Item,
    message: &[u8],
    strict: bool,
    scratch: &mut dns::Scratch,
    out: &mut Out<'_>,
) -> Option<dns::End> {
    dns::datagram(
        message,
        item.cut,
        strict,
        scratch,
        &mut |kind, name, note| {
            let context = DnsContext {
                response: note.response,
                rcode: note.rcode,
            };
            out.name(item, kind, name, Some(context));
        },
    )
}
