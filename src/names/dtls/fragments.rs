//! Unfinished handshake messages, in bounded space.
//!
//! Everything depends on the order of packets alone: the message that is given up for another is
//! the one whose last fragment came longest ago.

use super::{Progress, Stats};
use crate::flow::Flow;
use crate::stats::bump;
use crate::time::Timestamp;

/// A message whose last fragment came so long ago does not go on: DTLS repeats a lost flight after
/// a second, and doubles the time up to a minute (RFC 6347 section 4.2.4.1).
const TIMEOUT_NANOS: i64 = 120_000_000_000;

/// Buffers above this size are given back when their message is done.
const KEPT_BUFFER: usize = 8_192;

/// How much is kept of unfinished messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many messages.
    pub messages: usize,
    /// How many bytes of them in all, with what is noted of each byte.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            messages: 128,
            bytes: 1 << 20,
        }
    }
}

/// Which message a fragment belongs to. The flow has a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) flow: Flow,
    pub(super) kind: u8,
    pub(super) number: u16,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    key: Option<Key>,
    length: usize,
    /// When its last fragment came, in packet time and in order.
    now: Timestamp,
    order: u64,
    bytes: Vec<u8>,
    /// A bit for each byte that came. Unlike a list of pieces it needs no bound of its own: a
    /// message in fragments of one byte each, in any order, takes no more than another.
    came: Vec<u8>,
    /// Bytes before the first hole.
    beginning: usize,
    pub(super) progress: Progress,
}

impl Message {
    /// Puts a fragment in; where bytes came before, the first copy stays.
    pub(super) fn put(&mut self, offset: usize, content: &[u8]) {
        let end = offset.saturating_add(content.len());
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.came.resize(end.div_ceil(8), 0);
        }
        for (at, &byte) in (offset..).zip(content) {
            let (place, bit) = bit_of(at);
            if let (Some(to), Some(bits)) = (self.bytes.get_mut(at), self.came.get_mut(place))
                && *bits & bit == 0
            {
                *bits |= bit;
                *to = byte;
            }
        }
        // Goes over each byte of the message once.
        while self.has(self.beginning) {
            self.beginning = self.beginning.saturating_add(1);
        }
    }

    fn has(&self, at: usize) -> bool {
        let (place, bit) = bit_of(at);
        self.came.get(place).is_some_and(|bits| bits & bit != 0)
    }

    /// The bytes from the first on, up to the first hole.
    pub(super) fn beginning(&self) -> &[u8] {
        self.bytes.get(..self.beginning).unwrap_or_default()
    }

    /// The memory that it takes.
    fn size(&self) -> usize {
        self.bytes.len().saturating_add(self.came.len())
    }

    fn clear(&mut self) {
        self.key = None;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BUFFER {
            self.bytes = Vec::new();
            self.came = Vec::new();
        }
        self.came.clear();
        self.beginning = 0;
        self.progress = Progress::default();
    }

    /// Its hello's name is known, so that nothing is lost with it.
    fn is_read(&self) -> bool {
        self.progress.named
    }
}

/// All unfinished messages.
#[derive(Debug, Default)]
pub(super) struct Table {
    messages: Vec<Message>,
    bounds: Bounds,
    /// Counts fragments.
    order: u64,
}

impl Table {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            messages: Vec::new(),
            bounds,
            order: 0,
        }
    }

    /// The message of this key: the one that is there, or an empty one. `None` where the bounds
    /// allow none at all.
    pub(super) fn message(
        &mut self,
        key: &Key,
        length: usize,
        now: Timestamp,
        stats: &mut Stats,
    ) -> Option<&mut Message> {
        self.order = self.order.saturating_add(1);
        let index = match self.find(key) {
            Some(index) => {
                let message = self.messages.get_mut(index)?;
                let old = now.nanos_since(message.now) > TIMEOUT_NANOS;
                // The newer message counts: the older one may be left over from another
                // connection between the same ports.
                if old || message.length != length {
                    give_up(message, &mut stats.unfinished);
                    if !old {
                        bump(&mut stats.malformed);
                    }
                }
                index
            }
            None => self.free(stats)?,
        };
        let message = self.messages.get_mut(index)?;
        message.key = Some(*key);
        message.length = length;
        message.now = now;
        message.order = self.order;
        Some(message)
    }

    /// Drops what there is of a message that came whole. Where that has another length, it was
    /// another connection's, and is lost.
    pub(super) fn replace(&mut self, key: &Key, length: usize, stats: &mut Stats) {
        if let Some(index) = self.find(key)
            && let Some(message) = self.messages.get_mut(index)
        {
            if message.length == length {
                message.clear();
            } else {
                give_up(message, &mut stats.unfinished);
            }
        }
    }

    /// Drops a message that is done.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(index) = self.find(key)
            && let Some(message) = self.messages.get_mut(index)
        {
            message.clear();
        }
    }

    /// Keeps the bytes within their bound. The message of `key` goes last.
    pub(super) fn make_room(&mut self, key: &Key, stats: &mut Stats) {
        let mut bytes = self
            .messages
            .iter()
            .fold(0usize, |sum, message| sum.saturating_add(message.size()));
        while bytes > self.bounds.bytes {
            let oldest = self
                .messages
                .iter_mut()
                .filter(|message| !message.bytes.is_empty())
                .min_by_key(|message| (message.key == Some(*key), message.order));
            let Some(oldest) = oldest else { return };
            bytes = bytes.saturating_sub(oldest.size());
            give_up(oldest, &mut stats.evicted);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.iter().filter(|m| m.key.is_some()).count()
    }

    /// Gives up what is old.
    pub(super) fn expire(&mut self, now: Timestamp, stats: &mut Stats) {
        for message in &mut self.messages {
            if now.nanos_since(message.now) > TIMEOUT_NANOS {
                give_up(message, &mut stats.unfinished);
            }
        }
    }

    /// Gives up everything.
    pub(super) fn finish(&mut self, stats: &mut Stats) {
        for message in &mut self.messages {
            give_up(message, &mut stats.unfinished);
        }
    }

    fn find(&self, key: &Key) -> Option<usize> {
        self.messages
            .iter()
            .position(|message| message.key.as_ref() == Some(key))
    }

    /// Index of an empty place; where there is none, of the oldest message, which is given up.
    fn free(&mut self, stats: &mut Stats) -> Option<usize> {
        if let Some(index) = self.messages.iter().position(|m| m.key.is_none()) {
            return Some(index);
        }
        if self.messages.len() < self.bounds.messages {
            self.messages.push(Message::default());
            return self.messages.len().checked_sub(1);
        }
        let (index, oldest) = self
            .messages
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, message)| message.order)?;
        give_up(oldest, &mut stats.evicted);
        Some(index)
    }
}

/// Where the bit of a byte stands in [`Message::came`].
fn bit_of(at: usize) -> (usize, u8) {
    let shift = u32::try_from(at & 7).unwrap_or(0);
    (at >> 3, 1u8.rotate_left(shift))
}

/// Clears a message that was not read to its end.
fn give_up(message: &mut Message, reason: &mut u64) {
    if message.key.is_some() && !message.is_read() {
        bump(reason);
    }
    message.clear();
}
