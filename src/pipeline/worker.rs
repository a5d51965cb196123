//! A worker: gives each payload of a batch to its reader, and keeps what waits for more packets.

use std::sync::Arc;

use super::batch::{Batch, Item};
use super::out::{Findings, Out};
use crate::flow::SHARDS;
use crate::names::dns::{self, DnsNote};
use crate::names::dtls::{self, Dtls};
use crate::names::quic::{self, Quic};
use crate::names::stream::{Note, Scratch};
use crate::names::text::NameText;
use crate::names::{Kind, llmnr, mdns, nbns};
use crate::rules::RuleSet;
use crate::stats::{Fill, WorkerStats};
use crate::stream::table::{self, Seen, Segment, Table, Visit};
use crate::triage::Reader;

/// What is remembered of some of the flows.
struct Shard {
    streams: Table,
    quic: Quic,
    dtls: Dtls,
}

/// Of one shard; there are 64.
const QUIC_LIMITS: quic::Limits = quic::Limits {
    flows: 512,
    bytes: 512 * 1024,
};

impl Shard {
    fn new() -> Box<Self> {
        Box::new(Self {
            streams: Table::new(table::Limits::default()),
            quic: Quic::new(QUIC_LIMITS),
            dtls: Dtls::new(dtls::Bounds::default()),
        })
    }

    fn fill(&self, stats: &mut WorkerStats) {
        let directions = self.streams.directions();
        stats
            .streams_fill
            .add(Fill::new(directions, table::Limits::default().directions));
        let bytes = self.streams.bytes() as u64;
        stats.stream_bytes = stats.stream_bytes.saturating_add(bytes);
        stats
            .quic_fill
            .add(Fill::new(self.quic.flows(), QUIC_LIMITS.flows));
        let messages = dtls::Bounds::default().messages;
        stats
            .dtls_fill
            .add(Fill::new(self.dtls.messages(), messages));
    }

    fn count(&self, stats: &mut WorkerStats) {
        stats.streams.add(&self.streams.stats());
        stats.quic.add(self.quic.stats());
        stats.dtls.add(&self.dtls.stats());
    }
}

/// Reads names out of forwarded payloads. One for each worker thread.
pub(super) struct Worker {
    inputs: Arc<[String]>,
    stats: WorkerStats,
    /// Made when the first packet comes. Those of other workers stay empty.
    shards: [Option<Box<Shard>>; SHARDS],
    dns: dns::Scratch,
    streams: Scratch,
    host: NameText,
}

impl Worker {
    pub(super) fn new(inputs: Arc<[String]>) -> Self {
        Self {
            inputs,
            stats: WorkerStats::default(),
            shards: std::array::from_fn(|_| None),
            dns: dns::Scratch::default(),
            streams: Scratch::default(),
            host: NameText::default(),
        }
    }

    /// The numbers of everything that this worker read so far.
    pub(super) fn stats(&self) -> WorkerStats {
        let mut stats = self.stats;
        stats.messages = self.streams.stats;
        for shard in self.shards.iter().flatten() {
            shard.count(&mut stats);
            shard.fill(&mut stats);
        }
        stats
    }

    /// Forgets all flows. Their numbers stay.
    fn forget(&mut self) {
        for shard in self.shards.iter_mut().filter_map(Option::take) {
            shard.count(&mut self.stats);
        }
    }

    /// Reads every payload of `batch`, and at the end of an input what waited for more.
    pub(super) fn read(&mut self, batch: &mut Batch, findings: &mut Findings) {
        // The batch goes back to the reader, and must not keep rules that are replaced.
        findings.rules = batch.rules.take();
        let rules = findings.rules.clone();
        let wanted = rules.as_deref().map(RuleSet::wanted).unwrap_or_default();
        self.streams.wanted = wanted;
        findings.epoch = batch.epoch;
        findings.input = batch.input;
        findings.born = batch.born;
        findings.last = batch.last;
        let file = self.inputs.get(batch.input).map_or("", String::as_str);
        findings.now = None;
        let mut out = Out {
            rules: rules.as_deref(),
            file,
            names: &mut self.stats.names,
            too_long: &mut self.stats.too_long,
            findings,
            host: Some(&mut self.host),
            bound: false,
            order: (0, 0),
            first: 0,
        };
        for (item, payload) in batch.iter() {
            out.begin((item.serial, 0));
            out.bound = item.bound;
            let seen = Seen {
                packet: item.packet,
                timestamp: item.timestamp,
                flow: item.flow,
                path: batch.path(item),
            };
            match item.reader {
                Reader::Dns | Reader::DnsShaped | Reader::Mdns | Reader::Llmnr | Reader::Nbns => {
                    let mut visit = |kind: Kind, name: &[u8], dns: DnsNote| {
                        out.name(
                            &seen,
                            kind,
                            name,
                            Note {
                                ech: false,
                                dns: Some(dns),
                            },
                        );
                    };
                    let end = message(item, payload, &mut self.dns, &mut visit);
                    // Other ports carry other things: only what is DNS counts there.
                    if end.is_some() || item.reader != Reader::DnsShaped {
                        self.stats.dns.count(end, item.cut);
                    }
                }
                Reader::Stream(part, hint) => {
                    let Some(shard) = shard(&mut self.shards, item) else {
                        continue;
                    };
                    let segment = Segment {
                        part,
                        hint,
                        cut: item.cut,
                        payload,
                    };
                    shard
                        .streams
                        .segment(&seen, &segment, &mut self.streams, &mut out);
                }
                Reader::Contact(contact) => out.contact(&seen, contact, payload),
                Reader::Quic | Reader::Dtls => {
                    let Some(shard) = shard(&mut self.shards, item) else {
                        continue;
                    };
                    if item.reader == Reader::Quic {
                        shard.quic.want(wanted);
                        shard.quic.datagram(
                            &item.flow,
                            item.timestamp,
                            item.packet,
                            seen.path,
                            payload,
                            &mut |found| quic_name(&found, &mut out),
                        );
                    } else {
                        shard.dtls.want(wanted);
                        let mut visit = |kind: Kind, name: &[u8], ech: bool| {
                            out.name(&seen, kind, name, Note { ech, dns: None });
                        };
                        shard
                            .dtls
                            .datagram(&item.flow, item.timestamp, payload, &mut visit);
                    }
                }
            }
            out.end();
        }
        out.bound = false;
        if let Some(now) = batch.now {
            out.findings.now = Some(now);
            for (index, shard) in self.shards.iter_mut().enumerate() {
                let Some(shard) = shard else { continue };
                let mut out = AtTheEnd {
                    out: &mut out,
                    shard: index,
                };
                shard.streams.expire(now, &mut self.streams, &mut out);
                shard
                    .quic
                    .expire(now, &mut |found| quic_name(&found, &mut out));
                shard.dtls.expire(now);
            }
        }
        if batch.last {
            for (index, shard) in self.shards.iter_mut().enumerate() {
                let Some(shard) = shard else { continue };
                let mut out = AtTheEnd {
                    out: &mut out,
                    shard: index,
                };
                shard.streams.drain(&mut self.streams, &mut out);
                shard.quic.finish(&mut |found| quic_name(&found, &mut out));
                shard.dtls.finish();
            }
            // Which worker reads the next input depends on how fast they are.
            self.forget();
        }
    }
}

/// The state of the flows that `item` belongs to.
fn shard<'a>(
    shards: &'a mut [Option<Box<Shard>>; SHARDS],
    item: &Item,
) -> Option<&'a mut Box<Shard>> {
    shards
        .get_mut(usize::from(item.shard))
        .map(|shard| shard.get_or_insert_with(Shard::new))
}

/// Reads a datagram of the DNS family.
fn message(
    item: &Item,
    payload: &[u8],
    scratch: &mut dns::Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<dns::End> {
    match item.reader {
        Reader::Mdns => mdns::datagram(payload, item.cut, scratch, visit),
        Reader::Llmnr => llmnr::datagram(payload, item.cut, scratch, visit),
        Reader::Nbns => nbns::datagram(payload, item.cut, scratch, visit),
        reader => dns::datagram(
            payload,
            item.cut,
            reader == Reader::DnsShaped,
            scratch,
            visit,
        ),
    }
}

/// A name in a hello that may have been made whole by an earlier packet than the current one.
fn quic_name(found: &quic::Found<'_>, out: &mut impl Visit) {
    let seen = Seen {
        packet: found.number,
        timestamp: found.time,
        flow: *found.flow,
        path: found.path,
    };
    let note = Note {
        ech: found.ech,
        dns: None,
    };
    out.name(&seen, found.kind, found.name, note);
}

/// What is found at the end of an input stands in the order of the packets that it was seen in.
struct AtTheEnd<'a, 'b> {
    out: &'a mut Out<'b>,
    shard: usize,
}

impl Visit for AtTheEnd<'_, '_> {
    fn name(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        self.out.begin((seen.packet, self.shard));
        self.out.name(seen, kind, name, note);
        self.out.end();
    }
}
