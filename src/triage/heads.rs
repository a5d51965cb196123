//! Which directions of TCP connections are still at their head.
//!
//! A small table of fixed size in the reader. A SYN notes where a direction begins, so that its first
//! segments are forwarded in whatever order they come; a recognised beginning notes how far its
//! message may reach. What is not noted is judged by its first bytes alone. The table only decides
//! what is forwarded: workers tell flows apart by all of their addresses. Two flows whose 64-bit hashes
//! agree in an entry disturb each other as one flow does that uses its ports again.
//!
//! In front of the table stands a filter of one byte for each of 65,536 hash values. It fits the L2
//! cache and tells nearly all bulk that the table has nothing on it.

use super::{Message, Part, Window};
use crate::packet::Flags;
use crate::stats::bump;
use crate::stream::roles::Start;

/// Entries in a bucket; two buckets share four cache lines.
const WAYS: usize = 4;

/// Buckets: 32,768 entries in all.
const BUCKETS: usize = 8_192;

const FILTER: usize = 65_536;

/// From a SYN on, so many bytes are forwarded in any order.
const FRESH_WINDOW: u32 = 64 * 1024;

/// An entry that was silent for so many seconds of packet time may go.
const IDLE_SECS: u32 = 120;

/// A segment so far outside its window is of another time.
const FAR: u32 = 4 << 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Empty,
    /// A SYN was seen, but not yet the first byte.
    Fresh,
    /// A message was recognised at `origin`.
    Open,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    tag: u32,
    /// Sequence number of the first byte.
    origin: u32,
    /// Sequence number behind what came in order.
    next: u32,
    /// Sequence number behind the last byte that is forwarded.
    end: u32,
    /// Sequence number of the next TLS record header of a server's flight.
    record: u32,
    /// A range that came before what is missing in front of it.
    ahead: (u32, u32),
    /// The window reaches so far from `next`; 0 where its end is fixed.
    slides: u32,
    /// When it was last used, in seconds of packet time.
    used: u32,
    state: State,
    /// Which end's SYN it was.
    start: Start,
    /// Something was forwarded.
    forwarded: bool,
    /// The records are followed.
    records: bool,
    /// It was counted as [`HeadStats::ahead`].
    ahead_counted: bool,
    slot: u16,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// Directions whose SYN was noted and that made room for others before they sent anything.
    pub evicted_fresh: u64,
    /// Directions that made room for others inside a message.
    pub evicted_open: u64,
    /// Directions that were silent for over 120 seconds after a message began. Whether it was whole
    /// is not known here: where it was not, who reads it counts it.
    pub idle_open: u64,
    /// Directions of which data came more than 64 KiB ahead of the first byte: not forwarded.
    pub ahead: u64,
}

/// The table.
#[derive(Debug)]
pub(super) struct Heads {
    filter: Box<[u8; FILTER]>,
    entries: Box<[Entry]>,
    /// The bucket that is looked through next for idle entries.
    sweep: usize,
    stats: HeadStats,
}

/// What names a direction of a connection in the table: a hash whose upper bits are the best. They
/// are for the filter; the rest is made only for what the filter lets through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key(pub(super) u64);

impl Key {
    #[inline]
    fn filter(self) -> usize {
        (self.0 >> 48) as usize
    }

    fn mixed(self) -> u64 {
        (self.0 ^ self.0 >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }

    fn bucket(self) -> usize {
        ((self.mixed() >> 16) as usize) & (BUCKETS - 1)
    }

    /// Never 0 by accident matters not: the state says what is empty.
    fn tag(self) -> u32 {
        (self.mixed() >> 32) as u32
    }
}

/// What to do with a segment of a direction that may be noted.
pub(super) enum Known {
    /// Nothing is known of it: its first bytes decide.
    Unknown,
    /// It is of no interest.
    Forget,
    /// It belongs to a message.
    Forward(Part),
}

impl Default for Heads {
    fn default() -> Self {
        Self {
            filter: Box::new([0; FILTER]),
            entries: vec![Entry::default(); BUCKETS.saturating_mul(WAYS)].into_boxed_slice(),
            sweep: 0,
            stats: HeadStats::default(),
        }
    }
}

impl Heads {
    pub(super) fn stats(&self) -> HeadStats {
        self.stats
    }

    /// Forgets everything: another capture begins.
    pub(super) fn clear(&mut self) {
        self.filter.fill(0);
        self.entries.fill(Entry::default());
    }

    /// False where nothing is noted for certain.
    #[inline]
    pub(super) fn may_know(&self, key: Key) -> bool {
        self.filter.get(key.filter()).is_some_and(|&n| n != 0)
    }

    fn find(&self, key: Key) -> Option<usize> {
        let first = key.bucket().saturating_mul(WAYS);
        (first..first.saturating_add(WAYS)).find(|&at| {
            self.entries
                .get(at)
                .is_some_and(|e| e.state != State::Empty && e.tag == key.tag())
        })
    }

    /// The entry to which a segment belongs: a SYN of another connection, or a forged one, may have made
    /// a second one.
    fn find_near(&self, key: Key, sequence: u32) -> Option<usize> {
        let first = self.find(key)?;
        let bucket = key.bucket().saturating_mul(WAYS)..;
        let others = bucket.take(WAYS).skip_while(|&at| at <= first);
        let near = |at: &usize| {
            self.entries.get(*at).is_some_and(|e| {
                e.state != State::Empty
                    && e.tag == key.tag()
                    && sequence.wrapping_sub(e.origin) <= e.end.wrapping_sub(e.origin)
            })
        };
        let mut all = std::iter::once(first).chain(others);
        Some(all.find(near).unwrap_or(first))
    }

    fn remove(&mut self, at: usize) {
        let Some(entry) = self.entries.get_mut(at) else {
            return;
        };
        if entry.state == State::Empty {
            return;
        }
        entry.state = State::Empty;
        // A counter that reached its end stays there: it only costs a look into the table.
        if let Some(n) = self.filter.get_mut(usize::from(entry.slot))
            && *n != u8::MAX
        {
            *n = n.saturating_sub(1);
        }
    }

    /// Puts an entry into its bucket, in the place of another or where the one that was silent longest
    /// makes room.
    fn insert(&mut self, key: Key, mut entry: Entry, place: Option<usize>) {
        self.sweep_bucket(entry.used);
        let first = key.bucket().saturating_mul(WAYS);
        let at = place.or_else(|| {
            (first..first.saturating_add(WAYS)).min_by_key(|&at| {
                self.entries
                    .get(at)
                    .map_or((false, 0), |e| (e.state != State::Empty, e.used))
            })
        });
        let Some(at) = at else { return };
        if let Some(old) = self.entries.get(at)
            && old.tag != key.tag()
        {
            let idle = entry.used.saturating_sub(old.used) > IDLE_SECS;
            match old.state {
                State::Fresh if !idle => bump(&mut self.stats.evicted_fresh),
                State::Open if !idle => bump(&mut self.stats.evicted_open),
                State::Open => bump(&mut self.stats.idle_open),
                State::Empty | State::Fresh => {}
            }
        }
        self.remove(at);
        entry.tag = key.tag();
        entry.slot = u16::try_from(key.filter()).unwrap_or(0);
        if let Some(n) = self.filter.get_mut(key.filter()) {
            *n = n.saturating_add(1);
        }
        if let Some(slot) = self.entries.get_mut(at) {
            *slot = entry;
        }
    }

    /// Looks through one bucket for each insertion, so that idle entries do not fill the filter.
    fn sweep_bucket(&mut self, now: u32) {
        self.sweep = self.sweep.wrapping_add(1) & (BUCKETS - 1);
        let first = self.sweep.saturating_mul(WAYS);
        for at in first..first.saturating_add(WAYS) {
            if let Some(entry) = self.entries.get(at)
                && now.saturating_sub(entry.used) > IDLE_SECS
            {
                if entry.state == State::Open {
                    bump(&mut self.stats.idle_open);
                }
                self.remove(at);
            }
        }
    }

    /// A SYN: the direction begins with the byte after it.
    pub(super) fn syn(&mut self, key: Key, sequence: u32, flags: Flags, now: u32) {
        let origin = sequence.wrapping_add(1);
        // A repeated SYN is no new connection. Another number is, unless it is forged: a message that
        // is not complete stays where it is, and the second SYN's entry stands beside it.
        let mut place = None;
        let first = key.bucket().saturating_mul(WAYS);
        for at in first..first.saturating_add(WAYS) {
            if let Some(entry) = self.entries.get(at)
                && entry.state != State::Empty
                && entry.tag == key.tag()
            {
                if entry.origin == origin {
                    return;
                }
                if entry.state == State::Fresh {
                    place = Some(at);
                }
            }
        }
        self.insert(
            key,
            Entry {
                origin,
                next: origin,
                end: origin.wrapping_add(FRESH_WINDOW),
                used: now,
                state: State::Fresh,
                start: if flags.acknowledges() {
                    Start::Acceptor
                } else {
                    Start::Opener
                },
                ..Entry::default()
            },
            place,
        );
    }

    /// Notes a message that was recognised without a SYN, or outside what was noted. Gives the part
    /// to forward.
    pub(super) fn begin(
        &mut self,
        key: Key,
        sequence: u32,
        payload: &[u8],
        flags: Flags,
        message: Message,
        now: u32,
    ) -> Part {
        let mut entry = Entry {
            origin: sequence,
            next: sequence,
            used: now,
            state: State::Open,
            ..Entry::default()
        };
        let mut part = entry.open(sequence, payload, message);
        part.last |= flags.ends();
        let place = if self.may_know(key) {
            self.find_near(key, sequence)
        } else {
            None
        };
        if !part.last {
            self.insert(key, entry, place);
        } else if let Some(at) = place {
            self.remove(at);
        }
        part
    }

    /// A segment with payload, FIN or RST. `message` tells what its payload begins, when asked.
    pub(super) fn segment(
        &mut self,
        key: Key,
        sequence: u32,
        payload: &[u8],
        flags: Flags,
        now: u32,
        message: impl Fn(bool) -> Message,
    ) -> Known {
        let Some(at) = self.find_near(key, sequence) else {
            return Known::Unknown;
        };
        let Some(entry) = self.entries.get_mut(at) else {
            return Known::Unknown;
        };
        entry.used = now;
        let offset = sequence.wrapping_sub(entry.origin);
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if payload.is_empty() {
            // FIN or RST: the end of what may be waiting. Receivers ignore a RST with another number
            // (RFC 5961 section 3.2).
            let over = flags.ends() && sequence == entry.next;
            let part = Part {
                origin: entry.origin,
                sequence,
                last: true,
                begins: false,
                start: Start::Unknown,
            };
            let forwarded = entry.forwarded;
            if over {
                self.remove(at);
            }
            return if over && forwarded {
                Known::Forward(part)
            } else {
                Known::Forget
            };
        }
        let window = entry.end.wrapping_sub(entry.origin);
        // A retransmission may begin before the origin and reach behind it.
        let inside = offset < window || (offset.wrapping_neg() < length && offset != 0);
        if !inside {
            let far = offset > window.saturating_add(FAR) && offset.wrapping_neg() > FAR;
            return match message(false) {
                Message::None => {
                    if entry.state == State::Fresh
                        && !entry.ahead_counted
                        && offset.wrapping_sub(window) <= FAR
                    {
                        entry.ahead_counted = true;
                        bump(&mut self.stats.ahead);
                    }
                    if far || entry.next == entry.end {
                        self.remove(at);
                    }
                    Known::Forget
                }
                found => Known::Forward(self.begin(key, sequence, payload, flags, found, now)),
            };
        }
        let in_order = sequence == entry.next;
        if entry.state == State::Fresh && offset == 0 {
            let found = message(true);
            if matches!(found, Message::None) {
                // Not of interest; but somebody may hold later segments already.
                let part = Part {
                    origin: entry.origin,
                    sequence,
                    last: true,
                    begins: false,
                    start: Start::Unknown,
                };
                let forwarded = entry.forwarded;
                self.remove(at);
                return if forwarded {
                    Known::Forward(part)
                } else {
                    Known::Forget
                };
            }
            entry.state = State::Open;
            let mut part = entry.open(sequence, payload, found);
            part.start = entry.start;
            part.last |= flags.ends();
            if part.last {
                self.remove(at);
            }
            return Known::Forward(part);
        }
        let mut begins = false;
        if let Message::Begins(window) = message(false) {
            // One message after the other: each may be as long as the first. After a SYN, what comes
            // too early may only look like a beginning: what is before it tells, when it comes. If it
            // does not, this is found behind the hole.
            begins = in_order || entry.state == State::Open;
            entry.reach(sequence, window);
        }
        let mut part = entry.advance(sequence, payload);
        part.begins = begins;
        part.last |= flags.ends() && entry.next == sequence.wrapping_add(length);
        if part.last {
            self.remove(at);
        }
        Known::Forward(part)
    }
}

impl Entry {
    /// The first segment of a message.
    fn open(&mut self, sequence: u32, payload: &[u8], message: Message) -> Part {
        self.forwarded = true;
        self.end = sequence;
        if let Message::Begins(window) = message {
            self.reach(sequence, window);
        }
        let mut part = self.advance(sequence, payload);
        part.begins = true;
        part
    }

    /// Moves the end of the window so that the message at `sequence` fits.
    fn reach(&mut self, sequence: u32, window: Window) {
        let (Window::Bytes(n) | Window::Sliding(n) | Window::Records(n)) = window;
        let end = sequence.wrapping_add(n);
        if end.wrapping_sub(self.origin) > self.end.wrapping_sub(self.origin) {
            self.end = end;
        }
        match window {
            Window::Bytes(_) => {}
            Window::Sliding(n) => self.slides = n,
            Window::Records(_) => {
                if !self.records {
                    self.records = true;
                    self.record = sequence;
                }
            }
        }
    }

    /// Another segment inside the window.
    fn advance(&mut self, sequence: u32, payload: &[u8]) -> Part {
        self.forwarded = true;
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let end = sequence.wrapping_add(length);
        if self.next.wrapping_sub(sequence) <= length {
            self.next = end;
        } else if self.ahead.0 == self.ahead.1 {
            self.ahead = (sequence, end);
        } else if sequence == self.ahead.1 {
            self.ahead.1 = end;
        } else if end == self.ahead.0 {
            self.ahead.0 = sequence;
        }
        // What came too early counts when the hole is filled. One such range is kept: with more,
        // the direction is only followed longer than it need be.
        let (from, to) = self.ahead;
        if from != to && self.next.wrapping_sub(from) <= to.wrapping_sub(from) {
            self.next = to;
            self.ahead = (0, 0);
        }
        let mut last = false;
        if self.slides != 0 {
            self.end = self.next.wrapping_add(self.slides);
        } else {
            last = self.next.wrapping_sub(self.origin) >= self.end.wrapping_sub(self.origin);
        }
        if self.records && self.follow_records(sequence, payload) {
            // Bytes before it may still be on their way.
            last |= self.next == end;
            self.end = if last { self.end } else { end };
        }
        Part {
            origin: self.origin,
            sequence,
            last,
            begins: false,
            start: Start::Unknown,
        }
    }

    /// Goes from record header to record header. True where the handshake in the clear is over: what
    /// follows are ChangeCipherSpec or encrypted data, or no records at all.
    fn follow_records(&mut self, sequence: u32, payload: &[u8]) -> bool {
        loop {
            // Before or behind this segment it is not to be seen.
            let at = self.record.wrapping_sub(sequence) as usize;
            let Some(rest) = payload.get(at..).filter(|rest| !rest.is_empty()) else {
                return false;
            };
            let Some(header) = rest.first_chunk::<5>() else {
                // Cut by the segment's end: then the window's end decides.
                self.records = false;
                return false;
            };
            let [kind, 3, _, high, low] = *header else {
                return true;
            };
            if !matches!(kind, 0x15 | 0x16) {
                return true;
            }
            let length = u32::from(u16::from_be_bytes([high, low]));
            self.record = self.record.wrapping_add(length).wrapping_add(5);
        }
    }
}
