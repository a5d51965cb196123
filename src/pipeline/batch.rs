//! Recycled batches of forwarded payloads, between the reader and a worker.

use std::sync::Arc;
use std::time::Instant;

use super::reader::At;
use crate::flow::Flow;
use crate::packet::Packet;
use crate::packet::path::{Hop, MAX_HOPS};
use crate::rules::RuleSet;
use crate::time::Timestamp;
use crate::triage::Reader;

/// A batch is sent when it holds this many payload bytes: a fraction of an L2 cache.
const FULL_BYTES: usize = 192 * 1024;

/// A batch is sent when it holds this many payloads.
const FULL_ITEMS: usize = 2_048;

/// The longest payload that is forwarded, in bytes: the longest that IP can carry without a
/// jumbogram.
const MAX_PAYLOAD: usize = 65_535;

/// One forwarded payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// Its place in the order of all forwarded payloads. One packet may have several.
    pub(super) serial: u64,
    pub(super) packet: u64,
    pub(super) timestamp: Timestamp,
    pub(super) flow: Flow,
    /// Where the state of its flow is, if the reader keeps some.
    pub(super) shard: u8,
    pub(super) reader: Reader,
    pub(super) cut: bool,
    /// The flow is with an address that a listed name was resolved to.
    pub(super) bound: bool,
    start: u32,
    end: u32,
    path_start: u32,
    path_end: u32,
}

/// What the reader sends to one worker in one epoch.
///
/// The reader closes an epoch for all workers at once, so that the collector can put the results of
/// an epoch in packet order whatever the number of workers.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) epoch: u64,
    /// Index of the input that all of the items come from.
    pub(super) input: usize,
    /// The input has ended: what waits for more packets is read as far as it goes. Such a batch has
    /// no items, so that what it gives stands behind everything else whatever the number of workers.
    pub(super) last: bool,
    /// What its names are matched with, where they are.
    pub(super) rules: Option<Arc<RuleSet>>,
    /// On a live link: packet time, behind all items. What has been silent for too long is given up then.
    pub(super) now: Option<Timestamp>,
    /// When the epoch's first payload was copied; for the latency histogram only.
    pub(super) born: Instant,
    items: Vec<Item>,
    bytes: Vec<u8>,
    paths: Vec<Hop>,
}

/// Whether all of a payload was forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Whole,
    /// It was longer than [`MAX_PAYLOAD`] and lost its end.
    Capped,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            epoch: 0,
            input: 0,
            last: false,
            rules: None,
            now: None,
            born: Instant::now(),
            items: Vec::with_capacity(FULL_ITEMS),
            bytes: Vec::with_capacity(FULL_BYTES.saturating_add(MAX_PAYLOAD)),
            paths: Vec::with_capacity(FULL_ITEMS.saturating_mul(MAX_HOPS)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.last = false;
        self.rules = None;
        self.now = None;
        self.items.clear();
        self.bytes.clear();
        self.paths.clear();
    }

    /// Never reallocates: a batch that is not full has room for any payload.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.items.len() >= FULL_ITEMS
    }

    /// How many payloads it holds.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn push(
        &mut self,
        at: At,
        serial: u64,
        view: &Packet<'_>,
        (flow, shard, bound): (Flow, u8, bool),
        reader: Reader,
        path: &[Hop],
    ) -> Pushed {
        let payload = view.transport.payload();
        let head = payload.get(..MAX_PAYLOAD).unwrap_or(payload);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(head);
        // A batch is far smaller than 4 GiB.
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let path_start = offset(self.paths.len());
        self.paths.extend_from_slice(path);
        self.items.push(Item {
            serial,
            packet: at.number,
            timestamp: at.timestamp,
            flow,
            shard,
            reader,
            cut: view.cut,
            bound,
            start: offset(start),
            end: offset(self.bytes.len()),
            path_start,
            path_end: offset(self.paths.len()),
        });
        if head.len() == payload.len() {
            Pushed::Whole
        } else {
            Pushed::Capped
        }
    }

    /// The items with their payloads, in packet order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Item, &[u8])> {
        self.items.iter().map(|item| {
            let range = item.start as usize..item.end as usize;
            (item, self.bytes.get(range).unwrap_or_default())
        })
    }

    /// Tags and tunnels around an item of this batch.
    pub(super) fn path(&self, item: &Item) -> &[Hop] {
        let range = item.path_start as usize..item.path_end as usize;
        self.paths.get(range).unwrap_or_default()
    }
}
