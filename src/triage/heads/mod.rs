//! Which directions of TCP connections are still at their head.
//!
//! A small table of fixed size in the reader. A SYN notes where a direction begins, so that its first
//! segments are forwarded in whatever order they come; a recognised beginning notes how far its
//! message may reach. What is not noted is judged by its first bytes alone. The table only decides
//! what is forwarded: workers tell flows apart by all of their addresses. Two flows whose 64-bit hashes
//! agree in an entry disturb each other as one flow does that uses its ports again.

mod requests;
mod splits;
mod stats;
mod table;

use super::{Message, Window};
use crate::packet::Flags;
use crate::stats::bump;
use crate::stream::part::Part;
use crate::stream::roles::Start;
use requests::is_before;
use splits::Splits;
pub use stats::HeadStats;
use table::{Detail, Entry, Noted, Place, State, Table};
pub(super) use table::{HTTP2_WINDOW, Key};

/// A direction has so many entries at most: those of other connections before it, and of forged ones.
const MAX_ENTRIES: usize = 3;

/// A segment so far outside its window is of another time.
const FAR: u32 = 4 << 20;

/// A chain of certificates is followed so far from its direction's first byte.
const MAX_FLIGHT: u32 = 1 << 20;

/// Room for the next record behind the last whose header was seen.
const RECORD: u32 = 18 * 1024;

/// Directions at their heads.
#[derive(Debug, Default)]
pub(super) struct Heads {
    table: Table,
    splits: Splits,
}

/// A segment, as the table is asked for it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) key: Key,
    /// Sequence number of the payload's first byte.
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
    pub(super) flags: Flags,
    /// Seconds of packet time.
    pub(super) now: u32,
}

impl Asked<'_> {
    fn length(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
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

impl Heads {
    pub(super) fn stats(&self) -> HeadStats {
        HeadStats {
            heads_forgotten: self.splits.forgotten,
            ..self.table.stats
        }
    }

    /// Forgets everything: another capture begins.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.splits.clear();
    }

    /// False where nothing is noted for certain.
    #[inline]
    pub(super) fn may_know(&self, key: Key) -> bool {
        self.table.may_know(key)
    }

    /// Reads a direction's bucket, for nothing but to have it read.
    #[inline]
    pub(super) fn touch(&self, key: Key) -> u32 {
        self.table.touch(key)
    }

    /// The entry to which a segment belongs: a SYN of another connection, or a forged one, may have made
    /// a second one.
    #[inline]
    fn find_near(&self, key: Key, sequence: u32) -> Option<Place> {
        let mut all = self.table.find(key);
        let mut others = all;
        let first = others.next()?;
        if others.next().is_none() {
            return Some(first);
        }
        // What is passed over is seldom asked for.
        let near = |at: &Place| {
            self.table.get(*at).is_some_and(|e| {
                sequence.wrapping_sub(e.origin) <= e.detail.end.wrapping_sub(e.origin)
                    && !e.detail.is_in_body(sequence, 0)
            })
        };
        let passed = |at: &Place| {
            self.table
                .get(*at)
                .is_some_and(|e| e.detail.is_in_body(sequence, 0))
        };
        let mut others = all;
        Some(
            all.find(near)
                .or_else(|| others.find(passed))
                .unwrap_or(first),
        )
    }

    /// A SYN: the direction begins with the byte after it.
    pub(super) fn syn(&mut self, key: Key, sequence: u32, start: (Start, bool), now: u32) {
        let origin = sequence.wrapping_add(1);
        // A repeated SYN is no new connection. Another number is, unless it is forged: a message that
        // is not complete stays where it is, and so does what both ends agreed on; the second SYN's entry stands
        // beside it.
        let mut place = None;
        let mut count = 0_usize;
        for at in self.table.find(key) {
            match self.table.origin(at) {
                Some((known, _)) if known == origin => return,
                Some((_, Noted::Syn)) => place = Some(at),
                _ => {}
            }
            count = count.wrapping_add(1);
        }
        if place.is_none() && count >= MAX_ENTRIES {
            place = self.oldest_unproven(key);
        }
        let (start, proven) = start;
        let entry = Entry::fresh(origin, start, proven, now);
        self.table.insert(key, &entry, place);
    }

    /// Of a direction's entries, the one to be replaced where there are too many.
    #[cold]
    fn oldest_unproven(&self, key: Key) -> Option<Place> {
        self.table
            .find(key)
            .filter_map(|at| Some((at, self.table.get(at)?)))
            .filter(|(_, entry)| !entry.proven)
            .min_by_key(|(_, entry)| entry.used)
            .map(|(at, _)| at)
    }

    /// A SYN with ACK in the direction `key`: where it answers the SYN of the other direction, `back`, it
    /// is proved which end opened the connection. A SYN that nobody answers may be forged, and where
    /// both ends opened (RFC 9293 section 3.5) nothing is proved.
    pub(super) fn answer(&mut self, key: Key, back: Key, acknowledgment: u32) -> bool {
        let opened = |e: &Entry| e.start == Start::Opener;
        // What has sent something since is of an earlier connection, with the ends the other way round.
        let opens = |e: &Entry| opened(e) && e.state == State::Fresh;
        let own = |at| self.table.get(at).as_ref().is_some_and(opens);
        if self.may_know(key) && self.table.find(key).any(own) {
            return false;
        }
        if self.may_know(back)
            && let Some(at) = self.find_near(back, acknowledgment)
            && let Some(mut entry) = self.table.get(at)
            && entry.state == State::Fresh
            && entry.origin == acknowledgment
            && opened(&entry)
        {
            entry.proven = true;
            self.table.set(at, &entry);
            return true;
        }
        false
    }

    /// The first bytes of the direction `key` are forwarded whatever they are, in any order.
    pub(super) fn follow(&mut self, key: Key, sequence: u32) {
        if self.may_know(key)
            && let Some(at) = self.find_near(key, sequence)
            && let Some(mut entry) = self.table.get(at)
            && entry.state == State::Fresh
        {
            entry.state = State::Open;
            self.table.set(at, &entry);
        }
    }

    /// Notes a message that was recognised without a SYN, or outside what was noted: that is not over by it, since
    /// anybody can send it. Gives the part to forward.
    pub(super) fn begin(&mut self, asked: &Asked<'_>, message: Message) -> Part {
        let &Asked { key, sequence, .. } = asked;
        let mut entry = Entry::open(sequence, asked.now);
        let mut part = entry.begin(sequence, asked.payload, message, (key, &mut self.splits));
        part.last |= asked.flags.ends();
        if !part.last {
            let mut place = None;
            if self.may_know(key) && self.table.find(key).count() >= MAX_ENTRIES {
                place = self.oldest_unproven(key);
            }
            self.table.insert(key, &entry, place);
        }
        part
    }

    /// A segment with payload, FIN or RST. `message` tells what its payload begins, when asked.
    pub(super) fn segment(
        &mut self,
        asked: &Asked<'_>,
        message: impl Fn(bool) -> Message,
    ) -> Known {
        let Some(at) = self.find_near(asked.key, asked.sequence) else {
            return Known::Unknown;
        };
        let Some(mut entry) = self.table.get(at) else {
            return Known::Unknown;
        };
        if asked.payload.is_empty() {
            return self.end(at, &entry, asked);
        }
        let (sequence, length) = (asked.sequence, asked.length());
        if !entry.reaches(sequence, length) {
            return self.outside(at, &entry, asked, message);
        }
        entry.used = asked.now;
        if entry.detail.is_in_body(sequence, length) && !asked.flags.ends() {
            return self.in_body(at, &entry, asked, message);
        }
        let in_order = sequence == entry.detail.next;
        if entry.state == State::Fresh && sequence == entry.origin {
            return self.first(at, entry, asked, message);
        }
        let (mut begins, mut looks) = (false, false);
        if let Message::Begins(window) = message(false) {
            looks = true;
            // One message after the other: each may be as long as the first. After a SYN, what comes
            // too early may only look like a beginning: what is before it tells, when it comes. If it
            // does not, this is found behind the hole.
            begins = in_order || entry.state == State::Open;
            entry.reach(sequence, window);
        }
        let mut part = entry.advance(sequence, asked.payload, (asked.key, &mut self.splits));
        part.begins = begins;
        part.looks = looks;
        part.last |= asked.flags.ends() && entry.detail.next == sequence.wrapping_add(length);
        self.keep(at, &entry, !part.last);
        Known::Forward(part)
    }

    /// FIN or RST without data: the end of what may be waiting. Receivers ignore a RST with another number
    /// (RFC 5961 section 3.2). Of a body that is passed over it is not known how much came.
    #[inline]
    fn end(&mut self, at: Place, entry: &Entry, asked: &Asked<'_>) -> Known {
        let Detail { next, .. } = entry.detail;
        if !asked.flags.ends()
            || asked.sequence != next && !entry.detail.is_in_body(asked.sequence, 0)
        {
            return Known::Forget;
        }
        self.table.remove(at);
        if !entry.forwarded {
            return Known::Forget;
        }
        Known::Forward(Part {
            last: true,
            ..entry.part(asked.sequence)
        })
    }

    /// All of a segment lies in the body of a request that is passed over. What looks like a beginning there is counted by
    /// the worker, who knows as much of the body.
    fn in_body(
        &mut self,
        at: Place,
        entry: &Entry,
        asked: &Asked<'_>,
        message: impl Fn(bool) -> Message,
    ) -> Known {
        self.table.set(at, entry);
        match message(false) {
            Message::None => Known::Forget,
            Message::Begins(_) => Known::Forward(Part {
                begins: true,
                looks: true,
                ..entry.part(asked.sequence)
            }),
        }
    }

    /// A segment outside the window: of another time, of a hole that is too wide, or forged.
    #[cold]
    fn outside(
        &mut self,
        at: Place,
        entry: &Entry,
        asked: &Asked<'_>,
        message: impl Fn(bool) -> Message,
    ) -> Known {
        if self.table.is_silent(entry, asked.now) {
            self.table.remove_silent(at);
        } else if entry.state == State::Open && entry.detail.next == entry.detail.end {
            self.table.remove(at);
        } else if entry.state == State::Fresh
            && !entry.ahead_counted
            && entry.is_ahead(asked.sequence)
        {
            bump(&mut self.table.stats.ahead);
            self.table.set(
                at,
                &Entry {
                    ahead_counted: true,
                    ..*entry
                },
            );
        }
        match message(false) {
            Message::None => Known::Forget,
            found => Known::Forward(self.begin(asked, found)),
        }
    }

    /// The first bytes behind a SYN.
    #[inline]
    fn first(
        &mut self,
        at: Place,
        mut entry: Entry,
        asked: &Asked<'_>,
        message: impl Fn(bool) -> Message,
    ) -> Known {
        let found = message(true);
        if matches!(found, Message::None) {
            // Not of interest; but somebody may hold later segments already, or know something of
            // the last connection between these ends.
            let opens = entry.proven && entry.start == Start::Opener;
            self.table.remove(at);
            if !entry.forwarded && !opens {
                return Known::Forget;
            }
            return Known::Forward(Part {
                last: true,
                start: if opens { entry.start } else { Start::Unknown },
                ..entry.part(asked.sequence)
            });
        }
        entry.state = State::Open;
        let alone = !entry.forwarded;
        let heads = (asked.key, &mut self.splits);
        let mut part = entry.begin(asked.sequence, asked.payload, found, heads);
        part.alone = alone;
        if entry.proven {
            part.start = entry.start;
        }
        part.last |= asked.flags.ends();
        self.keep(at, &entry, !part.last);
        Known::Forward(part)
    }

    /// Puts a changed entry back, or takes it away where nothing more is wanted of the direction.
    #[inline]
    fn keep(&mut self, at: Place, entry: &Entry, keep: bool) {
        if keep {
            self.table.set(at, entry);
        } else {
            self.table.remove(at);
        }
    }
}

impl Entry {
    /// How far behind the first byte a sequence number is.
    fn offset(&self, sequence: u32) -> u32 {
        sequence.wrapping_sub(self.origin)
    }

    /// What is said of any segment.
    fn part(&self, sequence: u32) -> Part {
        Part {
            origin: self.origin,
            sequence,
            ..Part::default()
        }
    }

    /// Something of a segment is inside the window. A retransmission may begin before the first byte.
    #[inline]
    fn reaches(&self, sequence: u32, length: u32) -> bool {
        let offset = self.offset(sequence);
        offset < self.offset(self.detail.end)
            || (offset.wrapping_neg() < length && offset != 0)
            || self.detail.is_near(sequence)
            || self.detail.is_in_body(sequence, length)
    }

    /// Behind the window, but not so far that it must be of another time.
    fn is_ahead(&self, sequence: u32) -> bool {
        let behind = self
            .offset(sequence)
            .wrapping_sub(self.offset(self.detail.end));
        behind <= FAR
    }

    /// The first segment of a message.
    fn begin(
        &mut self,
        sequence: u32,
        payload: &[u8],
        message: Message,
        heads: (Key, &mut Splits),
    ) -> Part {
        self.forwarded = true;
        self.records = false;
        self.detail.end = sequence;
        if let Message::Begins(window) = message {
            self.reach(sequence, window);
        }
        let mut part = self.advance(sequence, payload, heads);
        part.begins = true;
        part.looks = true;
        part
    }

    /// Moves the end of the window so that the message at `sequence` fits.
    fn reach(&mut self, sequence: u32, window: Window) {
        let (Window::Bytes(n) | Window::Sliding(n) | Window::Requests(n) | Window::Records(n)) =
            window;
        let end = sequence.wrapping_add(n);
        let before = self.detail.end;
        if self.offset(end) > self.offset(before) {
            self.detail.end = end;
        }
        match window {
            Window::Bytes(_) => {}
            Window::Sliding(n) => {
                self.detail.slides = n;
                self.detail.requests = false;
            }
            Window::Requests(n) => {
                let detail = &mut self.detail;
                // In messages of another protocol it is content, and in a body whose end is known.
                let other = detail.slides != 0 && !detail.requests;
                let known = detail.requests && is_before(sequence, detail.request);
                if !other && !known {
                    detail.slides = n;
                    detail.requests = true;
                    detail.request = sequence;
                }
            }
            Window::Records(_) => {
                if !self.records && !self.detail.requests {
                    self.records = true;
                    self.detail.record = sequence;
                    self.detail.floor = before;
                    self.detail.header_bytes = 0;
                }
            }
        }
    }

    /// Another segment inside the window.
    fn advance(&mut self, sequence: u32, payload: &[u8], heads: (Key, &mut Splits)) -> Part {
        self.forwarded = true;
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let end = sequence.wrapping_add(length);
        if self.detail.next.wrapping_sub(sequence) <= length {
            self.detail.next = end;
        } else if self.detail.ahead.0 == self.detail.ahead.1 {
            self.detail.ahead = (sequence, end);
        } else if sequence == self.detail.ahead.1 {
            self.detail.ahead.1 = end;
        } else if end == self.detail.ahead.0 {
            self.detail.ahead.0 = sequence;
        }
        // What came too early counts when the hole is filled. One such range is kept: with more,
        // the direction is only followed longer than it need be.
        let (from, to) = self.detail.ahead;
        if from != to && self.detail.next.wrapping_sub(from) <= to.wrapping_sub(from) {
            self.detail.next = to;
            self.detail.ahead = (0, 0);
        }
        if self.detail.requests {
            self.follow_requests(sequence, payload, heads);
        }
        let mut over = self.records && self.follow_records(sequence, payload);
        if self.records && !over && is_before(self.detail.record, self.detail.next) {
            // A header came late, and those behind it had passed already.
            self.follow_blindly();
        }
        if over && self.offset(end) < self.offset(self.detail.floor) {
            // What looked like a flight was content of the message before: that goes on.
            over = false;
            self.records = false;
            self.detail.end = self.detail.floor;
        }
        let mut last = if self.detail.slides != 0 {
            self.detail.end = self.detail.next.wrapping_add(self.detail.slides);
            self.detail.requests && self.is_request_lost()
        } else {
            self.offset(self.detail.next) >= self.offset(self.detail.end)
        };
        let left = last && !over;
        if over {
            // Bytes before it may still be on their way.
            last |= self.detail.next == end;
            self.detail.end = if last { self.detail.end } else { end };
        }
        Part {
            last,
            left,
            ..self.part(sequence)
        }
    }

    /// Of a flight whose records cannot be told apart any more, as much is forwarded as there may be of it.
    fn follow_blindly(&mut self) {
        let end = self.detail.next.wrapping_add(RECORD);
        if self.offset(end) > self.offset(self.detail.end) && self.offset(end) <= MAX_FLIGHT {
            self.detail.end = end;
        }
    }

    /// Goes from record header to record header. True where the handshake in the clear is over: what
    /// follows are ChangeCipherSpec or encrypted data, or no records at all.
    fn follow_records(&mut self, sequence: u32, payload: &[u8]) -> bool {
        let detail = &mut self.detail;
        loop {
            // Before or behind this segment it is not to be seen.
            let wanted = detail.record.wrapping_add(u32::from(detail.header_bytes));
            let at = wanted.wrapping_sub(sequence) as usize;
            let Some(&byte) = payload.get(at) else {
                return false;
            };
            // Segments may end inside a header.
            let place = detail.header.get_mut(usize::from(detail.header_bytes));
            detail.header_bytes = detail.header_bytes.wrapping_add(1);
            if let Some(place) = place {
                *place = byte;
                continue;
            }
            detail.header_bytes = 0;
            let [kind, 3, _, high] = detail.header else {
                return true;
            };
            if !matches!(kind, 0x15 | 0x16) {
                return true;
            }
            let length = u32::from(u16::from_be_bytes([high, byte]));
            detail.record = detail.record.wrapping_add(length).wrapping_add(5);
            let end = detail.record.wrapping_add(RECORD);
            if end.wrapping_sub(self.origin) > detail.end.wrapping_sub(self.origin)
                && detail.record.wrapping_sub(self.origin) <= MAX_FLIGHT
            {
                detail.end = end;
            }
        }
    }
}
