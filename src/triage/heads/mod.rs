//! Which directions of TCP connections are still at their head.
//!
//! A small table of fixed size in the reader. A SYN notes where a direction begins, so that its first
//! segments are forwarded in whatever order they come; a recognised beginning notes how far its
//! message may reach. What is not noted is judged by its first bytes alone. The table only decides
//! what is forwarded: workers tell flows apart by all of their addresses. Two flows whose 64-bit hashes
//! agree in an entry disturb each other as one flow does that uses its ports again.

mod entry;
mod requests;
mod splits;
mod stats;
mod table;

use super::{Message, Window};
use crate::packet::Flags;
use crate::stats::{Fill, bump};
use crate::stream::part::Part;
use crate::stream::roles::Start;
use splits::Splits;
pub use stats::HeadStats;
use table::{Detail, Entry, Noted, Place, State, Table};
pub(super) use table::{HTTP2_WINDOW, Key};

/// A direction has so many entries at most: those of other connections before it, and of forged ones.
const MAX_ENTRIES: usize = 3;

/// A segment so far outside its window is of another time.
const FAR: u32 = 4 << 20;

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

    pub(super) fn fill(&self) -> Fill {
        self.table.fill()
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
        if part.last {
            self.remove(at, &entry, asked.key);
        } else {
            self.table.set(at, &entry);
        }
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
        self.remove(at, entry, asked.key);
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
        if part.last {
            self.remove(at, &entry, asked.key);
        } else {
            self.table.set(at, &entry);
        }
        Known::Forward(part)
    }

    /// Nothing more is wanted of the direction.
    #[inline]
    fn remove(&mut self, at: Place, entry: &Entry, key: Key) {
        if entry.detail.requests {
            self.splits.forget(key);
        }
        self.table.remove(at);
    }
}
