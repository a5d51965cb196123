//! Where the entries lie.
//!
//! What a SYN needs of a bucket stands in one cache line, so that a flood of them costs one miss each.
//! The rest of an entry, its [`Detail`], is only written once a segment has come that was not the
//! whole message.
//!
//! In front of the table stands a filter of one byte for each of 65,536 hash values. It fits the L2
//! cache and tells nearly all bulk that the table has nothing on it.

use super::HeadStats;
use crate::stats::{Fill, bump};
use crate::stream::roles::Start;

/// Header blocks of HTTP/2 need all those before them: the window moves on with the segments. A worker holds one
/// block beside it.
pub(in crate::triage) const HTTP2_WINDOW: u32 = 128 * 1024;

/// Entries in a bucket.
const WAYS: usize = 4;

/// Buckets: 32,768 entries in all.
const BUCKETS: usize = 8_192;

const FILTER: usize = 65_536;

/// From a SYN on, so many bytes are forwarded in any order.
const FRESH_WINDOW: u32 = 64 * 1024;

/// An entry that was silent for so many seconds of packet time may go.
const IDLE_SECS: u32 = 120;

/// What names a direction of a connection in the table: a hash whose upper bits are the best. They
/// are for the filter; the rest is made only for what the filter lets through.
#[derive(Debug, Clone, Copy)]
pub(in crate::triage) struct Key(pub(in crate::triage) u64);

impl Key {
    #[inline]
    fn filter(self) -> usize {
        (self.0 >> 48) as usize
    }

    #[inline]
    fn mixed(self) -> u64 {
        (self.0 ^ self.0 >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }

    #[inline]
    fn bucket(self) -> usize {
        ((self.mixed() >> 16) as usize) & (BUCKETS - 1)
    }

    /// 0 is the tag of what is empty.
    #[inline]
    fn tag(self) -> u32 {
        ((self.mixed() >> 32) as u32).max(1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A SYN was seen, but not yet the first byte.
    Fresh,
    /// A message was recognised at `origin`.
    Open,
}

/// What is noted of an entry, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// A SYN that nobody answered yet.
    Syn,
    /// The other end agreed, or data came.
    More,
}

/// One direction at its head: a copy of what the table holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Sequence number of the first byte.
    pub(super) origin: u32,
    /// When it was last used, in seconds of packet time.
    pub(super) used: u32,
    pub(super) state: State,
    /// Which end's SYN it was.
    pub(super) start: Start,
    /// The other end's SYN agrees: it answers this one, or is answered by it.
    pub(super) proven: bool,
    /// Something was forwarded.
    pub(super) forwarded: bool,
    /// The records are followed.
    pub(super) records: bool,
    /// It was counted as [`HeadStats::ahead`].
    pub(super) ahead_counted: bool,
    pub(super) detail: Detail,
}

/// How far a direction has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Detail {
    /// Sequence number behind what came in order.
    pub(super) next: u32,
    /// Sequence number behind the last byte that is forwarded.
    pub(super) end: u32,
    /// Sequence number of the next TLS record header of a server's flight.
    pub(super) record: u32,
    /// Sequence number before which the end of that flight says nothing: where it was recognised inside a
    /// message, it may be a part of that.
    pub(super) floor: u32,
    /// A range that came before what is missing in front of it.
    pub(super) ahead: (u32, u32),
    /// The window reaches so far from `next`; 0 where its end is fixed.
    pub(super) slides: u32,
    /// The direction sends requests of HTTP/1.
    pub(super) requests: bool,
    /// Sequence number of the first request of which it is not known where it ends.
    pub(super) request: u32,
    /// From where to where the body of a request is passed over.
    pub(super) body: (u32, u32),
    /// The bytes of the record header that begins at `record`, as many as came.
    pub(super) header: [u8; 4],
    pub(super) header_bytes: u8,
}

impl Detail {
    /// Of a direction of which only the SYN was seen.
    fn fresh(origin: u32) -> Self {
        Self {
            next: origin,
            end: origin.wrapping_add(FRESH_WINDOW),
            ..Self::default()
        }
    }
}

impl Entry {
    /// After a SYN.
    pub(super) fn fresh(origin: u32, start: Start, proven: bool, now: u32) -> Self {
        Self {
            origin,
            used: now,
            state: State::Fresh,
            start,
            proven,
            forwarded: false,
            records: false,
            ahead_counted: false,
            detail: Detail::fresh(origin),
        }
    }

    /// A message without a SYN.
    pub(super) fn open(origin: u32, now: u32) -> Self {
        Self {
            state: State::Open,
            detail: Detail {
                next: origin,
                ..Detail::default()
            },
            ..Self::fresh(origin, Start::Unknown, false, now)
        }
    }

    /// What of it stands in one byte, beside whether its detail was written.
    fn marks(&self, detailed: bool) -> u8 {
        let start = match self.start {
            Start::Unknown => 0,
            Start::Opener => OPENER,
            Start::Acceptor => ACCEPTOR,
        };
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        start
            | flag(self.state == State::Open, OPEN)
            | flag(self.proven, PROVEN)
            | flag(self.forwarded, FORWARDED)
            | flag(self.records, RECORDS)
            | flag(self.ahead_counted, AHEAD_COUNTED)
            | flag(detailed, DETAILED)
    }
}

const OPEN: u8 = 1;
const OPENER: u8 = 2;
const ACCEPTOR: u8 = 4;
const PROVEN: u8 = 8;
const FORWARDED: u8 = 16;
const RECORDS: u8 = 32;
const AHEAD_COUNTED: u8 = 64;
/// Its [`Detail`] is in its place; otherwise it is [`Detail::fresh`].
const DETAILED: u8 = 128;

/// A cache line: of each field, those of four entries.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    /// 0 where there is none.
    tags: [u32; WAYS],
    /// [`u32::MAX`] where there is none.
    used: [u32; WAYS],
    origins: [u32; WAYS],
    /// Where they are counted in the filter.
    slots: [u16; WAYS],
    marks: [u8; WAYS],
}

impl Bucket {
    const EMPTY: Self = Self {
        tags: [0; WAYS],
        used: [u32::MAX; WAYS],
        origins: [0; WAYS],
        slots: [0; WAYS],
        marks: [0; WAYS],
    };
}

const _: () = assert!(size_of::<Bucket>() == 64);

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    bucket: usize,
    way: usize,
}

impl Place {
    fn detail(self) -> usize {
        self.bucket.wrapping_mul(WAYS).wrapping_add(self.way)
    }
}

/// Places of one bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    bucket: usize,
    ways: u8,
}

impl Iterator for Places {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        if self.ways == 0 {
            return None;
        }
        let way = self.ways.trailing_zeros() as usize;
        self.ways &= self.ways.wrapping_sub(1);
        let bucket = self.bucket;
        Some(Place { bucket, way })
    }
}

/// The table: entries by their keys, and the filter before it.
#[derive(Debug)]
pub(super) struct Table {
    filter: Box<[u8]>,
    buckets: Box<[Bucket]>,
    details: Box<[Detail]>,
    /// The bucket that is looked through next for idle entries.
    sweep: usize,
    /// Nothing was noted since it was made or cleared.
    unused: bool,
    pub(super) stats: HeadStats,
}

impl Default for Table {
    fn default() -> Self {
        let details = vec![Detail::default(); BUCKETS.wrapping_mul(WAYS)];
        Self {
            filter: vec![0; FILTER].into_boxed_slice(),
            buckets: vec![Bucket::EMPTY; BUCKETS].into_boxed_slice(),
            details: details.into_boxed_slice(),
            sweep: 0,
            unused: true,
            stats: HeadStats::default(),
        }
    }
}

impl Table {
    /// Forgets all entries.
    pub(super) fn clear(&mut self) {
        if !self.unused {
            self.filter.fill(0);
            self.buckets.fill(Bucket::EMPTY);
            self.sweep = 0;
            self.unused = true;
        }
    }

    /// False where nothing is noted for certain.
    #[inline]
    pub(super) fn may_know(&self, key: Key) -> bool {
        self.filter.get(key.filter()).is_some_and(|&n| n != 0)
    }

    /// One word of the bucket of this key, and its place in the filter.
    #[inline]
    pub(super) fn touch(&self, key: Key) -> u32 {
        let [tag, ..] = self.buckets.get(key.bucket()).map_or([0; WAYS], |b| b.tags);
        tag ^ u32::from(self.may_know(key))
    }

    /// The entries that have this key, in no order that means anything.
    #[inline]
    pub(super) fn find(&self, key: Key) -> Places {
        let bucket = key.bucket();
        let tag = key.tag();
        let ways = self.buckets.get(bucket).map_or(0, |bucket| {
            let [a, b, c, d] = bucket.tags.map(|t| u8::from(t == tag));
            a | b << 1 | c << 2 | d << 3
        });
        Places { bucket, ways }
    }

    pub(super) fn fill(&self) -> Fill {
        let used = |bucket: &Bucket| bucket.tags.iter().filter(|&&tag| tag != 0).count();
        let used = self.buckets.iter().map(used).fold(0, usize::saturating_add);
        Fill::new(used, self.buckets.len().saturating_mul(WAYS))
    }

    /// The sequence number of an entry's first byte, and what is noted of it, from the bucket alone.
    #[inline]
    pub(super) fn origin(&self, at: Place) -> Option<(u32, Noted)> {
        let bucket = self.buckets.get(at.bucket)?;
        let noted = match *bucket.marks.get(at.way)? & (OPEN | PROVEN) {
            0 => Noted::Syn,
            _ => Noted::More,
        };
        Some((*bucket.origins.get(at.way)?, noted))
    }

    /// Nothing came for so long that it makes room.
    pub(super) fn is_silent(&self, entry: &Entry, now: u32) -> bool {
        now.saturating_sub(entry.used) > IDLE_SECS
    }

    /// Takes away an entry of which nothing came for long.
    #[cold]
    pub(super) fn remove_silent(&mut self, at: Place) {
        self.count_idle(at);
        self.remove(at);
    }

    /// A copy of an entry.
    #[inline]
    pub(super) fn get(&self, at: Place) -> Option<Entry> {
        let bucket = self.buckets.get(at.bucket)?;
        let marks = *bucket.marks.get(at.way)?;
        let origin = *bucket.origins.get(at.way)?;
        let detail = if marks & DETAILED != 0 {
            *self.details.get(at.detail())?
        } else {
            Detail::fresh(origin)
        };
        Some(Entry {
            origin,
            used: *bucket.used.get(at.way)?,
            state: state(marks),
            start: match marks & (OPENER | ACCEPTOR) {
                OPENER => Start::Opener,
                ACCEPTOR => Start::Acceptor,
                _ => Start::Unknown,
            },
            proven: marks & PROVEN != 0,
            forwarded: marks & FORWARDED != 0,
            records: marks & RECORDS != 0,
            ahead_counted: marks & AHEAD_COUNTED != 0,
            detail,
        })
    }

    /// Puts a changed copy back.
    #[inline]
    pub(super) fn set(&mut self, at: Place, entry: &Entry) {
        let detailed = entry.detail != Detail::fresh(entry.origin);
        if detailed && let Some(detail) = self.details.get_mut(at.detail()) {
            *detail = entry.detail;
        }
        let Some(bucket) = self.buckets.get_mut(at.bucket) else {
            return;
        };
        if let Some(used) = bucket.used.get_mut(at.way) {
            *used = entry.used;
        }
        if let Some(origin) = bucket.origins.get_mut(at.way) {
            *origin = entry.origin;
        }
        if let Some(marks) = bucket.marks.get_mut(at.way) {
            *marks = entry.marks(detailed);
        }
    }

    /// Takes an entry away.
    #[inline]
    pub(super) fn remove(&mut self, at: Place) {
        let Some(bucket) = self.buckets.get_mut(at.bucket) else {
            return;
        };
        let (Some(tag), Some(slot)) = (bucket.tags.get_mut(at.way), bucket.slots.get(at.way))
        else {
            return;
        };
        if *tag == 0 {
            return;
        }
        *tag = 0;
        if let Some(used) = bucket.used.get_mut(at.way) {
            *used = u32::MAX;
        }
        // A counter that reached its end stays there: it only costs a look into the table.
        if let Some(n) = self.filter.get_mut(usize::from(*slot))
            && *n != u8::MAX
        {
            *n = n.saturating_sub(1);
        }
    }

    /// Puts an entry into its bucket, in the place of another or where the one that was silent longest
    /// makes room.
    #[inline]
    pub(super) fn insert(&mut self, key: Key, entry: &Entry, place: Option<Place>) {
        self.unused = false;
        self.sweep_bucket(entry.used);
        let at = place.unwrap_or_else(|| self.room(key));
        // A SYN in place of one that nobody answered takes nothing away.
        if place.is_none()
            || self
                .origin(at)
                .is_some_and(|(_, noted)| noted == Noted::More)
        {
            self.count_evicted(at, entry.used);
        }
        self.remove(at);
        if let Some(n) = self.filter.get_mut(key.filter()) {
            *n = n.saturating_add(1);
        }
        if let Some(bucket) = self.buckets.get_mut(at.bucket) {
            if let Some(tag) = bucket.tags.get_mut(at.way) {
                *tag = key.tag();
            }
            if let Some(slot) = bucket.slots.get_mut(at.way) {
                *slot = (key.0 >> 48) as u16;
            }
        }
        self.set(at, entry);
    }

    /// An empty place of a key's bucket, or that of the entry that was silent longest.
    #[inline]
    fn room(&self, key: Key) -> Place {
        let bucket = key.bucket();
        let way = self.buckets.get(bucket).map_or(0, |bucket| {
            let mut ways = bucket.tags.iter().zip(&bucket.used).enumerate();
            let first = ways.next().map_or((0, 0), |(_, (&t, &used))| (t, used));
            let mut best = (0, first);
            for (way, (&tag, &used)) in ways {
                let (occupied, silent) = (best.1.0 != 0, best.1.1);
                if occupied && (tag == 0 || used < silent) {
                    best = (way, (tag, used));
                }
            }
            best.0
        });
        Place { bucket, way }
    }

    fn count_evicted(&mut self, at: Place, now: u32) {
        let Some(bucket) = self.buckets.get(at.bucket) else {
            return;
        };
        let fields = (
            bucket.tags.get(at.way),
            bucket.used.get(at.way),
            bucket.marks.get(at.way),
        );
        let (Some(&tag), Some(&used), Some(&marks)) = fields else {
            return;
        };
        if tag == 0 {
            return;
        }
        let idle = now.saturating_sub(used) > IDLE_SECS;
        match state(marks) {
            State::Fresh if !idle => bump(&mut self.stats.evicted_fresh),
            State::Open if !idle => bump(&mut self.stats.evicted_open),
            _ => self.count_idle(at),
        }
    }

    #[cold]
    fn count_idle(&mut self, at: Place) {
        let Some(entry) = self.get(at) else { return };
        match entry.state {
            State::Open if entry.detail.slides == HTTP2_WINDOW => bump(&mut self.stats.idle_http2),
            State::Open => bump(&mut self.stats.idle_open),
            State::Fresh if entry.proven => bump(&mut self.stats.idle_fresh),
            // A SYN that nobody answered, or an end of the connection that never said anything.
            State::Fresh => {}
        }
    }

    /// Looks through one bucket for each insertion, so that idle entries do not fill the filter.
    #[inline]
    fn sweep_bucket(&mut self, now: u32) {
        self.sweep = self.sweep.wrapping_add(1) & (BUCKETS - 1);
        let Some(bucket) = self.buckets.get(self.sweep) else {
            return;
        };
        let idle = bucket.used.map(|used| now.saturating_sub(used) > IDLE_SECS);
        if idle != [false; WAYS] {
            self.remove_idle(self.sweep, idle);
        }
    }

    #[cold]
    fn remove_idle(&mut self, bucket: usize, idle: [bool; WAYS]) {
        for (way, idle) in idle.into_iter().enumerate() {
            if idle {
                self.remove_silent(Place { bucket, way });
            }
        }
    }
}

#[inline]
fn state(marks: u8) -> State {
    if marks & OPEN == 0 {
        State::Fresh
    } else {
        State::Open
    }
}
