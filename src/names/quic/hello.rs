//! The hellos of all flows: the memory that they share, and the reading of those that are whole or
//! given up.

use super::budget::Budget;
use super::gather::{Gather, MAX_MESSAGE};
use super::header::Packet;
use super::opening::POOL;
use super::stats::QuicStats;
use super::table::{Entry, Id, KeySet, State};
use super::version::Dialect;
use super::{Found, Limits, frames};
use crate::names::Wanted;
use crate::names::gquic::{self, Chlo};
use crate::names::kind::Kind;
use crate::names::tls::{Hello, Over, push_fingerprints, read_body};
use crate::stats::bump;
use crate::time::Timestamp;

/// Bytes of a hello that a flow may hold when all memory is used.
const ORDINARY: usize = 4_096;

/// Empty buffers that are kept for the next hello, and the largest that is kept.
const SPARE: usize = 64;
const SPARE_BYTES: usize = 8 * 1024;

/// All but the table, so that an entry of it can be borrowed beside.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) limits: Limits,
    /// Which fingerprints are given beside names.
    pub(super) wanted: Wanted,
    pub(super) stats: QuicStats,
    /// For keys that are tried in vain, when a flow's own budget is used up.
    pub(super) pool: Budget,
    /// Bytes that all gathers hold.
    pub(super) held: usize,
    /// The packet that is being decrypted.
    pub(super) plain: Vec<u8>,
    /// The hello that is being read.
    message: Vec<u8>,
    /// The names of that hello, each with its length in front (two bytes, native).
    names: Vec<u8>,
    pub(super) spare: Vec<Gather>,
}

impl Rest {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            wanted: Wanted::default(),
            stats: QuicStats::default(),
            pool: Budget::full(POOL, Timestamp::default()),
            held: 0,
            plain: Vec::new(),
            message: Vec::new(),
            names: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Takes the CRYPTO frames of a decrypted packet.
    pub(super) fn gather(&mut self, entry: &mut Entry, dialect: Dialect, frames: &[u8]) {
        let before = entry.gather.size();
        let others = self.others(entry);
        let mut refused = 0u64;
        let each = |offset: u64, data: &[u8]| {
            let whole = others.leave_room(&entry.gather) && entry.gather.add(offset, data);
            refused = refused.saturating_add(u64::from(!whole));
        };
        let walked = match dialect {
            Dialect::Ietf => frames::crypto_frames(frames, each),
            Dialect::GoogleChlo | Dialect::GoogleTls => {
                gquic::crypto_frames(gquic::Layout::PROTECTED, frames, each);
                true
            }
        };
        if !walked {
            bump(&mut self.stats.odd_frames);
        }
        self.grew(entry, before, refused);
    }

    /// What is held for the other entries.
    pub(super) fn others(&self, entry: &Entry) -> Others {
        Others {
            held: self.held.saturating_sub(entry.gather.size()),
            limit: self.limits.bytes,
        }
    }

    /// `entry` held `before` bytes; `refused` frames were not put in.
    pub(super) fn grew(&mut self, entry: &Entry, before: usize, refused: u64) {
        let others = self.held.saturating_sub(before);
        self.held = others.saturating_add(entry.gather.size());
        self.stats.frames_refused = self.stats.frames_refused.saturating_add(refused);
    }

    /// Begins a hello, or one again that was begun before a Retry.
    pub(super) fn restart(
        &mut self,
        entry: &mut Entry,
        packet: &Packet<'_>,
        set: KeySet,
        retried: bool,
    ) {
        if !retried {
            entry.gather = self.spare.pop().unwrap_or_default();
        }
        entry.keep(set);
        entry.state = State::Gathering;
        entry.google = packet.profile.dialect == Dialect::GoogleChlo;
        entry.source = Id::new(packet.source);
        entry.alias = None;
        entry.base = 0;
    }

    /// Reads the hello if all of it is there.
    pub(super) fn look(&mut self, entry: &mut Entry, visit: &mut impl FnMut(Found<'_>)) {
        let there = entry.gather.contiguous();
        if there == 0 || there < entry.gather.wanted {
            return;
        }
        entry.gather.copy_to(&mut self.message);
        let message = std::mem::take(&mut self.message);
        let hello = self.read(entry, &message, false, visit);
        entry.gather.wanted = wanted(entry.google, &message);
        self.message = message;
        match hello {
            Hello::Incomplete => return,
            Hello::Named { .. } => bump(&mut self.stats.named),
            Hello::Nameless => bump(&mut self.stats.nameless),
            Hello::Malformed | Hello::NotHello => bump(&mut self.stats.malformed),
        }
        entry.state = State::Done;
        self.recycle(entry);
    }

    /// Reads the bytes of a hello. Until it is whole the answer is [`Hello::Incomplete`] and nothing
    /// is given, unless they are `last`.
    fn read(
        &mut self,
        entry: &Entry,
        message: &[u8],
        last: bool,
        visit: &mut impl FnMut(Found<'_>),
    ) -> Hello {
        let mut found = Found {
            kind: Kind::QuicSni,
            name: &[],
            ech: false,
            flow: &entry.flow,
            time: entry.last,
            number: entry.number,
            path: &entry.path,
        };
        if entry.google {
            found.kind = Kind::GquicSni;
            return match gquic::chlo(message) {
                Chlo::Other => Hello::NotHello,
                Chlo::Short => Hello::Incomplete,
                Chlo::Message { length, .. } if length as u64 > MAX_MESSAGE => Hello::Malformed,
                Chlo::Message { length, .. } if message.len() < length && !last => {
                    Hello::Incomplete
                }
                Chlo::Message {
                    name: Some(name), ..
                } => {
                    visit(Found { name, ..found });
                    Hello::Named { ech: false }
                }
                Chlo::Message { length, .. } if message.len() < length => Hello::Incomplete,
                Chlo::Message { .. } => Hello::Nameless,
            };
        }
        // Handshake header (RFC 8446 section 4): type, and the length in 24 bits.
        match message.first() {
            Some(1) => {}
            Some(_) => return Hello::NotHello,
            None => return Hello::Incomplete,
        }
        let Some((&[_, l0, l1, l2], body)) = message.split_first_chunk::<4>() else {
            return Hello::Incomplete;
        };
        let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
        if length as u64 > MAX_MESSAGE.saturating_sub(4) {
            return Hello::Malformed;
        }
        let whole = body.get(..length);
        if whole.is_none() && !last {
            return Hello::Incomplete;
        }
        // Whether the names are outer ones is known only at the end.
        let names = &mut self.names;
        names.clear();
        let hello = read_body(
            whole.unwrap_or(body),
            whole.is_some(),
            false,
            &mut |name: &[u8]| {
                if let Ok(length) = u16::try_from(name.len()) {
                    names.extend_from_slice(&length.to_ne_bytes());
                    names.extend_from_slice(name);
                }
            },
        );
        if let Hello::Named { ech } = hello {
            found.ech = ech;
            let mut left = self.names.as_slice();
            while let Some((&length, after)) = left.split_first_chunk::<2>() {
                let length = usize::from(u16::from_ne_bytes(length));
                let Some((name, after)) = after.split_at_checked(length) else {
                    break;
                };
                visit(Found { name, ..found });
                left = after;
            }
        }
        if let Some(body) = whole {
            let mut push = |kind: Kind, print: &[u8]| {
                visit(Found {
                    kind,
                    name: print,
                    ech: false,
                    ..found
                });
            };
            let without = &mut self.stats.without_fingerprint;
            push_fingerprints(body, Over::Quic, self.wanted, without, &mut push);
        }
        hello
    }

    /// Ends an unfinished hello: gives its name if that is certain.
    pub(super) fn release(&mut self, entry: &mut Entry, visit: &mut impl FnMut(Found<'_>)) {
        if entry.state == State::Gathering {
            entry.gather.copy_to(&mut self.message);
            let message = std::mem::take(&mut self.message);
            match self.read(entry, &message, true, visit) {
                Hello::Named { .. } => bump(&mut self.stats.incomplete_named),
                _ => bump(&mut self.stats.incomplete),
            }
            self.message = message;
        }
        self.recycle(entry);
    }

    /// Forgets an entry to make place.
    pub(super) fn evict(&mut self, entry: Entry, visit: &mut impl FnMut(Found<'_>)) {
        if entry.state == State::Gathering {
            bump(&mut self.stats.evicted);
        }
        self.forget(entry, visit);
    }

    pub(super) fn forget(&mut self, mut entry: Entry, visit: &mut impl FnMut(Found<'_>)) {
        self.release(&mut entry, visit);
    }

    fn recycle(&mut self, entry: &mut Entry) {
        self.held = self.held.saturating_sub(entry.gather.size());
        let mut gather = std::mem::take(&mut entry.gather);
        if gather.capacity() > 0 && gather.capacity() <= SPARE_BYTES && self.spare.len() < SPARE {
            gather.clear();
            self.spare.push(gather);
        }
    }
}

/// The memory that other hellos take, and how much all may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Others {
    held: usize,
    limit: usize,
}

impl Others {
    /// Ordinary hellos always have room: what is held is bounded by the number of flows as well.
    pub(super) fn leave_room(self, gather: &Gather) -> bool {
        gather.size() < ORDINARY || self.held.saturating_add(gather.size()) < self.limit
    }
}

/// How long the hello is, as far as its beginning tells.
fn wanted(google: bool, message: &[u8]) -> usize {
    if google {
        return match gquic::chlo(message) {
            Chlo::Message { length, .. } => length,
            Chlo::Short | Chlo::Other => gquic::table_end(message),
        };
    }
    match message.first_chunk::<4>() {
        Some(&[_, l0, l1, l2]) => usize::try_from(u32::from_be_bytes([0, l0, l1, l2]))
            .unwrap_or(usize::MAX)
            .saturating_add(4),
        None => 4,
    }
}
