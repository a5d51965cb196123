//! The flows that the reader remembers: a table of fixed size, addressed by the flow's hash.
//!
//! A flow stands in one of [`WAYS`] places, in several of them while it holds several connections:
//! a client may make them all from one port. What has to leave is decided by packet order and packet
//! time alone: flows that nothing was decrypted of, then those whose hello is read, then the oldest.

use super::At;
use super::budget::Budget;
use super::gather::Gather;
use super::header::MAX_ID;
use super::keys::Keys;
use super::opening::OF_FLOW;
use crate::flow::Flow;
use crate::packet::path::{Hop, MAX_HOPS};
use crate::time::Timestamp;

const WAYS: usize = 8;

/// How many connections of one flow are remembered.
pub(super) const CONNECTIONS: usize = 6;

/// A connection ID, owned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Id {
    length: u8,
    bytes: [u8; MAX_ID],
}

impl Id {
    /// Longer ones than [`MAX_ID`] are cut; the header's reader has refused them.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut id = Self::default();
        for (to, &from) in id.bytes.iter_mut().zip(bytes) {
            *to = from;
            id.length = id.length.saturating_add(1);
        }
        id
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// Keys that have opened a packet of the flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeySet {
    pub(super) version: u32,
    /// The connection ID that the keys are made of.
    pub(super) id: Id,
    pub(super) keys: Keys,
    pub(super) largest: u64,
}

/// How far a flow's hello has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Nothing was decrypted.
    Unproven,
    /// The hello was read, or is none.
    Done,
    /// A hello is being put together.
    Gathering,
}

/// A connection in one direction of a flow: from the one who may be the client.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) flow: Flow,
    /// When the last packet was decrypted, or the entry was made; junk does not keep it alive.
    pub(super) last: Timestamp,
    /// The number of the last packet that gave bytes of the hello.
    pub(super) number: u64,
    /// The tags and tunnels around that packet.
    pub(super) path: Vec<Hop>,
    pub(super) state: State,
    /// The latest first. A Retry or another version makes a second one.
    pub(super) sets: [Option<KeySet>; 2],
    /// What the client called itself.
    pub(super) source: Id,
    /// The ID that the server chose, when the client has begun to use it; the connection ID of
    /// Google QUIC in the clear.
    pub(super) alias: Option<Id>,
    /// The hello is a CHLO.
    pub(super) google: bool,
    /// Where in the crypto stream it begins.
    pub(super) base: u64,
    /// For keys that are tried in vain.
    pub(super) budget: Budget,
    /// For packets that are opened and hold nothing new of a hello.
    pub(super) idle: Budget,
    pub(super) gather: Gather,
}

impl Entry {
    pub(super) fn new(flow: Flow, now: Timestamp) -> Self {
        Self {
            flow,
            last: now,
            number: 0,
            path: Vec::new(),
            state: State::Unproven,
            sets: [None; 2],
            source: Id::default(),
            alias: None,
            google: false,
            base: 0,
            budget: Budget::full(OF_FLOW, now),
            idle: Budget::full(OF_FLOW, now),
            gather: Gather::default(),
        }
    }

    /// The ID is the connection's: its keys are made of it, or the server chose it.
    pub(super) fn has_id(&self, id: &[u8]) -> bool {
        let mut keys = self.sets.iter().flatten();
        self.alias.is_some_and(|alias| alias.as_bytes() == id)
            || keys.any(|set| set.id.as_bytes() == id)
    }

    /// Keeps keys that have opened a packet, instead of the oldest.
    pub(super) fn keep(&mut self, set: KeySet) {
        let [latest, before] = &mut self.sets;
        *before = latest.replace(set);
    }

    /// `at` gave bytes of the hello.
    pub(super) fn seen(&mut self, at: &At<'_>) {
        self.last = at.now;
        self.number = at.number;
        self.path.clear();
        self.path.extend(at.path.iter().take(MAX_HOPS));
    }
}

/// The entries, in buckets that grow as they are needed.
#[derive(Debug)]
pub(super) struct Table {
    buckets: Vec<Vec<Entry>>,
    /// The bucket that is looked through for old entries next.
    hand: usize,
    /// Nanoseconds of packet time without progress after which an entry is forgotten.
    idle: i64,
}

impl Table {
    pub(super) fn new(flows: usize, idle: i64) -> Self {
        let mut buckets = Vec::new();
        buckets.resize_with(flows.div_ceil(WAYS).max(1), Vec::new);
        Self {
            buckets,
            hand: 0,
            idle,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.buckets
            .iter()
            .map(Vec::len)
            .fold(0, usize::saturating_add)
    }

    fn bucket(&mut self, flow: &Flow) -> Option<&mut Vec<Entry>> {
        // Whoever spreads flows over instances uses the hash as well, by its lower bits perhaps.
        let hash = usize::try_from(flow.hash() >> 32).unwrap_or(0);
        let index = hash.checked_rem(self.buckets.len())?;
        self.buckets.get_mut(index)
    }

    /// The connections of the flow.
    pub(super) fn of_flow(&mut self, flow: &Flow) -> impl Iterator<Item = &Entry> {
        let bucket = self.bucket(flow).map(|bucket| &*bucket);
        let bucket = bucket.into_iter().flatten();
        bucket.filter(move |entry| entry.flow == *flow)
    }

    /// The flow's connection with the ID `id`, or else its latest one, made where there was none;
    /// what had to leave for it goes to `drop`.
    pub(super) fn get_or_make(
        &mut self,
        flow: &Flow,
        id: &[u8],
        now: Timestamp,
        drop: &mut impl FnMut(Entry),
    ) -> Option<&mut Entry> {
        let bucket = self.bucket(flow)?;
        let best = bucket
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.flow == *flow)
            .max_by_key(|(_, entry)| (entry.has_id(id), entry.last, entry.number));
        match best {
            Some((index, _)) => self.bucket(flow)?.get_mut(index),
            None => self.add(Entry::new(*flow, now), drop),
        }
    }

    /// Takes the oldest connection of the flow out, where it has as many as it may: no flow drives
    /// others out by making connections.
    pub(super) fn make_room(&mut self, flow: &Flow) -> Option<Entry> {
        let bucket = self.bucket(flow)?;
        let of_flow = || bucket.iter().enumerate().filter(|(_, e)| e.flow == *flow);
        if of_flow().count() < CONNECTIONS {
            return None;
        }
        let (index, _) = of_flow().min_by_key(|(_, e)| (e.state, e.last, e.number))?;
        Some(bucket.swap_remove(index))
    }

    /// Adds an entry; what had to leave for it goes to `drop`.
    pub(super) fn add(&mut self, entry: Entry, drop: &mut impl FnMut(Entry)) -> Option<&mut Entry> {
        let bucket = self.bucket(&entry.flow)?;
        if bucket.len() >= WAYS {
            let victim = bucket
                .iter()
                .enumerate()
                .min_by_key(|(_, entry)| (entry.state, entry.last));
            if let Some((index, _)) = victim {
                drop(bucket.swap_remove(index));
            }
        }
        bucket.push(entry);
        bucket.last_mut()
    }

    /// Gives the old entries of the next bucket to `drop`.
    pub(super) fn sweep(&mut self, now: Timestamp, drop: &mut impl FnMut(Entry)) {
        let idle = self.idle;
        if let Some(bucket) = self.buckets.get_mut(self.hand) {
            let old = |entry: &mut Entry| now.nanos_since(entry.last) > idle;
            bucket.extract_if(.., old).for_each(drop);
        }
        let next = self.hand.saturating_add(1);
        self.hand = if next < self.buckets.len() { next } else { 0 };
    }

    /// Gives all old entries to `drop`, bucket after bucket.
    pub(super) fn sweep_all(&mut self, now: Timestamp, drop: &mut impl FnMut(Entry)) {
        for _ in 0..self.buckets.len() {
            self.sweep(now, drop);
        }
    }

    /// Gives all entries to `drop`, bucket after bucket.
    pub(super) fn drain(&mut self, drop: &mut impl FnMut(Entry)) {
        for bucket in &mut self.buckets {
            bucket.drain(..).for_each(&mut *drop);
        }
    }
}
