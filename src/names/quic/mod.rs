//! Names out of QUIC: decrypts the client's Initial packets and reads the ClientHello in them.
//!
//! | file | does |
//! | --- | --- |
//! | `header` | what a datagram looks like; long headers and coalesced packets |
//! | `version` | salts, labels and forms of each version |
//! | `keys` | Initial keys, header protection, decryption |
//! | `opening` | which keys to try for a packet, and how often |
//! | `budget` | bounds what is tried in vain |
//! | `frames` | CRYPTO frames among the others |
//! | `gather` | pieces of a hello in any order |
//! | `hello` | reads a hello that is whole or given up; the memory of all |
//! | `table` | the flows whose hello is not read yet, and those whose is |
//!
//! Google QUIC in the clear goes the same way without the keys; its formats are in
//! `names/gquic.rs`.

mod budget;
mod frames;
mod gather;
mod header;
mod hello;
mod keys;
mod opening;
mod stats;
mod table;
mod version;

pub(crate) use header::PADDED;
pub use header::{Shape, looks_like};
pub use stats::QuicStats;

use crate::flow::Flow;
use crate::names::Wanted;
use crate::names::gquic;
use crate::names::kind::Kind;
use crate::packet::path::Hop;
use crate::stats::bump;
use crate::time::Timestamp;
use header::{MAX_COALESCED, Packet, next_packet};
use hello::Rest;
use opening::{idle, open};
use table::{Entry, Id, KeySet, State, Table};

/// Nanoseconds of packet time without progress after which a flow is forgotten. Clients give up a
/// handshake after ten to thirty seconds.
const IDLE: i64 = 60_000_000_000;

/// Bounds of the state of one [`Quic`].
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Directions of flows that are remembered (about 500 bytes each, and 400 more in eight tunnels).
    pub flows: usize,
    /// Bytes of unfinished hellos that are held for all flows together, with what is noted of their
    /// pieces. Beyond that, a flow may still hold an ordinary hello: 4,096 bytes and a frame.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            flows: 8_192,
            bytes: 8 << 20,
        }
    }
}

/// A name, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// [`Kind::QuicSni`] or [`Kind::GquicSni`]; a fingerprint, where that is wanted.
    pub kind: Kind,
    /// As it stood in the hello; or the fingerprint.
    pub name: &'a [u8],
    /// The hello is an outer one: an encrypted ClientHello is in it.
    pub ech: bool,
    /// From the client to the server. It differs from the datagram's flow where that made another
    /// flow's state go.
    pub flow: &'a Flow,
    /// When the last packet of the hello came.
    pub time: Timestamp,
    /// The number of that packet, as it was given to [`Quic::datagram`].
    pub number: u64,
    /// The tags and tunnels around that packet, outermost first.
    pub path: &'a [Hop],
}

/// Where a datagram was seen.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    flow: &'a Flow,
    now: Timestamp,
    number: u64,
    path: &'a [Hop],
}

/// Reads the hellos of QUIC flows.
///
/// All datagrams of a flow, of both directions, have to go to one instance in the order of the
/// capture. What it gives depends on that order and on packet time alone.
#[derive(Debug)]
pub struct Quic {
    table: Table,
    rest: Rest,
}

impl Quic {
    /// An instance without flows.
    pub fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(limits.flows, IDLE),
            rest: Rest::new(limits),
        }
    }

    /// Says which fingerprints are given beside names, of hellos that become whole from now on.
    pub fn want(&mut self, wanted: Wanted) {
        self.rest.wanted = wanted;
    }

    /// Connections that are known.
    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// What was counted so far.
    pub fn stats(&self) -> &QuicStats {
        &self.rest.stats
    }

    /// Reads a UDP payload that [`looks_like`] QUIC, sent from `flow.src` at `now`. `number` is the
    /// packet's and `path` the tags and tunnels around it; both come back in [`Found`].
    ///
    /// A name is given when its hello is complete, or when its flow is forgotten and the bytes that
    /// came leave no doubt.
    pub fn datagram(
        &mut self,
        flow: &Flow,
        now: Timestamp,
        number: u64,
        path: &[Hop],
        payload: &[u8],
        visit: &mut impl FnMut(Found<'_>),
    ) {
        let at = At {
            flow,
            now,
            number,
            path,
        };
        let Some(shape) = looks_like(payload) else {
            return;
        };
        let rest = &mut self.rest;
        self.table
            .sweep(now, &mut |entry| rest.forget(entry, visit));
        match shape {
            Shape::Initial => self.initials(&at, payload, visit),
            Shape::Google => self.clear(&at, payload, visit),
            Shape::Negotiation => bump(&mut self.rest.stats.negotiations),
            Shape::UnknownVersion => bump(&mut self.rest.stats.unknown_versions),
        }
    }

    /// Forgets the flows that have been silent for too long by `now`, and gives their names that are certain.
    pub fn expire(&mut self, now: Timestamp, visit: &mut impl FnMut(Found<'_>)) {
        let rest = &mut self.rest;
        self.table
            .sweep_all(now, &mut |entry| rest.forget(entry, visit));
    }

    /// The end of the input: forgets all flows and gives the names that are certain.
    pub fn finish(&mut self, visit: &mut impl FnMut(Found<'_>)) {
        let rest = &mut self.rest;
        self.table.drain(&mut |entry| rest.forget(entry, visit));
    }

    fn initials(&mut self, at: &At<'_>, payload: &[u8], visit: &mut impl FnMut(Found<'_>)) {
        let mut left = payload;
        for _ in 0..MAX_COALESCED {
            let Some((packet, after)) = next_packet(left) else {
                return;
            };
            left = after;
            if packet.initial {
                self.initial(at, &packet, visit);
            }
        }
        if !left.is_empty() {
            bump(&mut self.rest.stats.coalesced_refused);
        }
    }

    fn initial(&mut self, at: &At<'_>, packet: &Packet<'_>, visit: &mut impl FnMut(Found<'_>)) {
        let rest = &mut self.rest;
        if packet.cut {
            bump(&mut rest.stats.cut);
            return;
        }
        let flow = at.flow;
        let back = Flow {
            src: flow.dst,
            dst: flow.src,
            sport: flow.dport,
            dport: flow.sport,
            protocol: flow.protocol,
        };
        // A server addresses its client by the ID that the client gave itself.
        let answer = self.table.of_flow(&back).any(|client| {
            client.state != State::Unproven && client.source.as_bytes() == packet.destination
        });
        if answer {
            bump(&mut rest.stats.from_server);
            return;
        }
        let made = self
            .table
            .get_or_make(flow, packet.destination, at.now, &mut |entry| {
                rest.evict(entry, visit);
            });
        let Some(mut entry) = made else { return };

        let known = entry.state == State::Done
            && (is(&entry.alias, packet.destination)
                || entry.sets.iter().flatten().any(|set| {
                    set.version == packet.version && set.id.as_bytes() == packet.destination
                }));
        if known {
            bump(&mut rest.stats.repeated);
            return;
        }
        let mut plain = std::mem::take(&mut rest.plain);
        let opened = open(
            entry,
            &mut rest.pool,
            at.now,
            packet,
            &mut plain,
            &mut rest.stats,
        );
        if let Some((frames, fresh)) = opened {
            bump(&mut rest.stats.initials);
            if let Some(set) = fresh {
                let retried = is_retried(entry, packet, &set);
                if entry.state != State::Unproven && !retried {
                    // Another connection between the same ports. The one before may go on.
                    let mut new = Entry::new(*flow, at.now);
                    new.budget = entry.budget;
                    new.idle = entry.idle;
                    if let Some(old) = self.table.make_room(flow) {
                        rest.forget(old, visit);
                    }
                    let added = self.table.add(new, &mut |entry| rest.evict(entry, visit));
                    let Some(added) = added else { return };
                    entry = added;
                }
                rest.restart(entry, packet, set, retried);
            } else if !entry.has_id(packet.destination) {
                entry.alias = Some(Id::new(packet.destination));
            }
            if entry.state == State::Gathering {
                entry.seen(at);
                let before = entry.gather.bytes();
                rest.gather(entry, packet.profile.dialect, frames);
                if entry.gather.bytes() == before {
                    idle(entry, &mut rest.pool);
                }
                rest.look(entry, visit);
            } else {
                entry.last = at.now;
                idle(entry, &mut rest.pool);
            }
        }
        rest.plain = plain;
    }

    /// A Google QUIC packet in the clear.
    fn clear(&mut self, at: &At<'_>, payload: &[u8], visit: &mut impl FnMut(Found<'_>)) {
        let rest = &mut self.rest;
        let packet = gquic::clear(payload);
        // Whoever sends no bytes of the crypto stream gets no entry.
        let mut first = None;
        if let Some(packet) = packet {
            gquic::crypto_frames(packet.layout, packet.frames, |offset, data| {
                first.get_or_insert((offset, data.starts_with(b"CHLO")));
            });
        }
        let (Some(packet), Some((offset, begins))) = (packet, first) else {
            bump(&mut rest.stats.without_chlo);
            return;
        };
        if offset == 0 && !begins {
            // A server's answer, REJ or SHLO.
            bump(&mut rest.stats.without_chlo);
            return;
        }
        let made = self
            .table
            .get_or_make(at.flow, packet.id, at.now, &mut |entry| {
                rest.evict(entry, visit);
            });
        let Some(entry) = made else { return };
        let same = entry.google && is(&entry.alias, packet.id);
        if same && !packet.id.is_empty() && entry.state == State::Done {
            bump(&mut rest.stats.repeated);
            return;
        }
        // The second CHLO follows the first in the stream, and may be the only one captured.
        let headless = begins && offset != entry.base && entry.gather.contiguous() == 0;
        if entry.state != State::Gathering || !same || headless {
            rest.release(entry, visit);
            entry.state = State::Gathering;
            // What they open is no part of this hello.
            entry.sets = [None; 2];
            entry.google = true;
            entry.alias = Some(Id::new(packet.id));
            entry.base = if begins { offset } else { 0 };
            entry.gather = rest.spare.pop().unwrap_or_default();
        }
        entry.seen(at);
        let before = entry.gather.size();
        let others = rest.others(entry);
        let base = entry.base;
        let mut refused = 0u64;
        gquic::crypto_frames(packet.layout, packet.frames, |offset, data| {
            // Ahead of the CHLO is another one, which names the same server.
            if let Some(offset) = offset.checked_sub(base) {
                let whole = others.leave_room(&entry.gather) && entry.gather.add(offset, data);
                refused = refused.saturating_add(u64::from(!whole));
            }
        });
        rest.grew(entry, before, refused);
        rest.look(entry, visit);
    }
}

/// Whether keys of a new connection ID are those that a client uses after a Retry: it sends the same
/// hello once more, and its packet numbers go on (RFC 9000 section 17.2.5.3).
fn is_retried(entry: &Entry, packet: &Packet<'_>, set: &KeySet) -> bool {
    packet.has_token
        && entry.state == State::Gathering
        && entry.source.as_bytes() == packet.source
        && entry
            .sets
            .iter()
            .flatten()
            .all(|old| old.largest < set.largest)
}

fn is(id: &Option<Id>, bytes: &[u8]) -> bool {
    id.is_some_and(|id| id.as_bytes() == bytes)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
