//! Puts fragmented IP datagrams together: IPv4 (RFC 791 section 3.2, RFC 815) and IPv6 (RFC 8200
//! section 4.5). Frames that CAPWAP fragmented (RFC 5415 section 3.4) follow the same rules.
//!
//! etherparse's `IpDefragPool` is not used: it holds as many datagrams as are sent, its `retain`
//! drops what expired instead of giving its first bytes back, it forgets overlaps (the last copy
//! wins, and no one is told), takes its order of eviction from a `HashMap`, and for IPv6 demands
//! that all fragments state the same protocol.
//!
//! Rules, where receivers differ:
//! * The first copy of a byte stays. RFC 5722 has a receiver drop a datagram with overlaps, but not
//!   all do, and a detector that drops it would see less than they. Copies that differ are counted.
//! * What all common receivers refuse is refused, since it could only be sent to hide the rest:
//!   fragments without data, fragments of IPv6 in the middle whose length is no multiple of eight, and
//!   what reaches beyond 65,535 bytes. Of IPv4 such a fragment is cut down to a multiple of eight, as
//!   Linux does, and counted.
//! * Nothing is remembered of finished datagrams: a network reuses identifications within seconds,
//!   and a late copy of a fragment must not swallow a new datagram's. It waits alone, and leaves as
//!   [`DefragStats::headless`], or [`DefragStats::headless_evicted`].

mod fragment;
mod pages;
mod slot;
mod stats;

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

pub use self::fragment::{Datagram, Fragment, MAX_PAYLOAD, Outcome, Refusal};
use self::pages::{Chain, PAGE, Pages};
use self::slot::{Fit, Key, Part, Slot};
pub use self::stats::DefragStats;
use crate::stats::bump;
use crate::time::Timestamp;

/// Bounds of what is held.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Datagrams at a time; at least one is held.
    pub datagrams: usize,
    /// Bytes of all of them together; at least one datagram of [`MAX_PAYLOAD`] is held.
    pub bytes_total: usize,
    /// Separate parts of one datagram. Fragments that arrive in order make one part.
    pub parts: usize,
    /// How long a datagram waits for its rest, from its first fragment on, in nanoseconds of packet
    /// time.
    pub lifetime: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            datagrams: 1_024,
            bytes_total: 4 << 20,
            parts: 256,
            lifetime: 30_000_000_000,
        }
    }
}

/// Why a datagram leaves incomplete.
#[derive(Debug, Clone, Copy)]
enum Leave {
    Expired,
    Datagrams,
    Bytes,
    Drained,
}

/// Puts datagrams together, in bounded space. `T` is what the caller wants to know again about the
/// fragment at offset 0, such as its packet number.
///
/// ```
/// use bellerophon::packet::Whole;
/// use bellerophon::stream::defrag::{Defragmenter, Fragment, Limits, Outcome};
/// use bellerophon::time::Timestamp;
///
/// let mut defragmenter = Defragmenter::new(Limits::default());
/// let mut out = Vec::new();
/// let now = Timestamp::default();
/// let first = Fragment {
///     src: [10, 0, 0, 7].into(),
///     dst: [192, 0, 2, 53].into(),
///     whole: Whole::Ip,
///     id: 7,
///     protocol: 17,
///     offset: 0,
///     more: true,
///     data: b"8 bytes ",
///     cut: false,
/// };
/// let last = Fragment { offset: 8, more: false, data: b"and more", ..first };
/// assert_eq!(defragmenter.push(&last, 2, now, &mut out), Outcome::Pending);
/// let Outcome::Complete(datagram) = defragmenter.push(&first, 1, now, &mut out) else {
///     panic!("not complete");
/// };
/// assert_eq!((datagram.tag, out.as_slice()), (1, &b"8 bytes and more"[..]));
/// ```
#[derive(Debug)]
pub struct Defragmenter<T = ()> {
    limits: Limits,
    pages: Pages,
    /// Only looked up, never walked.
    index: HashMap<Key, usize, FixedState>,
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    /// (serial, slot), oldest first.
    order: VecDeque<(u64, usize)>,
    serial: u64,
    fit: Fit,
    stats: DefragStats,
}

impl<T: Copy> Defragmenter<T> {
    /// An empty one. Memory is taken when it is needed first and then kept.
    pub fn new(limits: Limits) -> Self {
        let limits = Limits {
            datagrams: limits.datagrams.max(1),
            bytes_total: limits.bytes_total.max(MAX_PAYLOAD as usize),
            parts: limits.parts.max(1),
            ..limits
        };
        Self {
            limits,
            pages: Pages::new(limits.bytes_total),
            index: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            order: VecDeque::new(),
            serial: 0,
            fit: Fit::default(),
            stats: DefragStats::default(),
        }
    }

    /// What was counted so far.
    pub fn stats(&self) -> &DefragStats {
        &self.stats
    }

    /// Datagrams held.
    pub fn datagrams(&self) -> usize {
        self.order.len()
    }

    /// Bytes of memory that hold payload.
    pub fn bytes(&self) -> usize {
        self.pages.used().saturating_mul(PAGE)
    }

    /// Takes one fragment. `out` is overwritten where a datagram is given out.
    ///
    /// What has expired, or is in the way of a bound, is given out first, one datagram for each
    /// call: see [`Outcome::MadeRoom`].
    pub fn push(
        &mut self,
        fragment: &Fragment,
        tag: T,
        now: Timestamp,
        out: &mut Vec<u8>,
    ) -> Outcome<T> {
        if let Some(datagram) = self.expire(now, out) {
            return Outcome::MadeRoom(datagram);
        }
        let stop = match fragment.stop() {
            Ok(stop) => stop,
            Err(refusal) => {
                self.count(fragment);
                return self.refuse(refusal);
            }
        };
        if fragment.offset == 0 && !fragment.more && !fragment.cut {
            self.count(fragment);
            bump(&mut self.stats.atomic);
            out.clear();
            out.extend_from_slice(fragment.data);
            return Outcome::Complete(Datagram {
                src: fragment.src,
                dst: fragment.dst,
                protocol: fragment.protocol,
                whole: fragment.whole,
                len: fragment.data.len(),
                since: now,
                tag,
            });
        }
        let key = Key::of(fragment);
        let mut known = self.index.get(&key).copied();
        if let Some(number) = known
            && self.is_stale(number, now)
        {
            // The clock went back, so that it did not come up as the oldest.
            if let Some(datagram) = self.give_up(number, Leave::Expired, out) {
                return Outcome::MadeRoom(datagram);
            }
            known = None;
        }
        let mut two_ends = false;
        let end = known.and_then(|number| self.slots.get(number)?.end);
        let stop = match end {
            Some(end) if stop > end => {
                two_ends = true;
                end
            }
            Some(end) => {
                two_ends = if fragment.more {
                    stop == end
                } else {
                    stop < end && !fragment.cut
                };
                stop
            }
            None => stop,
        };
        if stop <= fragment.start() {
            self.count(fragment);
            return self.refuse(Refusal::BeyondEnd);
        }
        self.fit(known, fragment, stop);
        let parts = known
            .and_then(|n| self.slots.get(n))
            .map_or(0, |s| s.parts.len());
        if parts.saturating_add(self.fit.gaps.len()) > self.limits.parts
            && !self.fit.gaps.is_empty()
        {
            self.count(fragment);
            return self.refuse(Refusal::TooManyParts);
        }
        if let Some(datagram) = self.make_room(known, out) {
            return Outcome::MadeRoom(datagram);
        }

        self.count(fragment);
        let Some(number) = known.or_else(|| self.begin(key, now)) else {
            return Outcome::Pending; // there is room: `make_room` saw to it
        };
        if self.store(number, fragment, tag).is_none() {
            return Outcome::Pending; // as before
        }
        if let Some(slot) = self.slots.get_mut(number)
            && !fragment.more
            && !fragment.cut
            && slot.end.is_none()
        {
            if slot.reach() <= stop {
                slot.end = Some(stop);
            } else {
                two_ends = true;
            }
        }
        if two_ends {
            bump(&mut self.stats.two_ends);
        }
        let complete = self
            .slots
            .get(number)
            .is_some_and(|slot| slot.end == Some(slot.covered));
        if complete && let Some(datagram) = self.remove(number, out) {
            bump(&mut self.stats.complete);
            return Outcome::Complete(datagram);
        }
        Outcome::Pending
    }

    /// Gives up the oldest datagram whose lifetime is over, and fills `out` with what there is of
    /// it from offset 0 on. `None` where there is no such datagram (any more).
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<u8>) -> Option<Datagram<T>> {
        loop {
            let &(_, number) = self.order.front()?;
            let since = self.slots.get(number)?.since;
            if now.nanos_since(since) <= self.limits.lifetime {
                return None;
            }
            if let Some(datagram) = self.give_up(number, Leave::Expired, out) {
                return Some(datagram);
            }
        }
    }

    /// Gives up the oldest datagram, as [`Self::expire`] does: to be called until it gives `None`
    /// at the end of a capture.
    pub fn drain(&mut self, out: &mut Vec<u8>) -> Option<Datagram<T>> {
        loop {
            let &(_, number) = self.order.front()?;
            if let Some(datagram) = self.give_up(number, Leave::Drained, out) {
                return Some(datagram);
            }
        }
    }

    fn count(&mut self, fragment: &Fragment) {
        bump(&mut self.stats.fragments);
        if fragment.cut {
            bump(&mut self.stats.cut);
        }
        if fragment.is_cut_down() {
            bump(&mut self.stats.uneven);
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Outcome<T> {
        bump(match refusal {
            Refusal::Empty => &mut self.stats.empty,
            Refusal::Malformed => &mut self.stats.malformed,
            Refusal::TooLong => &mut self.stats.too_long,
            Refusal::BeyondEnd => &mut self.stats.two_ends,
            Refusal::TooManyParts => &mut self.stats.too_many_parts,
        });
        Outcome::Refused(refusal)
    }

    fn is_stale(&self, number: usize, now: Timestamp) -> bool {
        self.slots.get(number).is_some_and(|slot| {
            let age = now.nanos_since(slot.since);
            age.saturating_abs() > self.limits.lifetime
        })
    }

    /// Measures the fragment up to `stop` against its datagram, if that is known.
    fn fit(&mut self, known: Option<usize>, fragment: &Fragment, stop: u32) {
        let fit = &mut self.fit;
        fit.gaps.clear();
        fit.new_bytes = 0;
        fit.known_bytes = 0;
        fit.conflict = false;
        let parts = known
            .and_then(|number| self.slots.get(number))
            .map_or(&[][..], |slot| slot.parts.as_slice());
        let mut at = fragment.start();
        let first = parts.partition_point(|part| part.end <= at);
        for part in parts.get(first..).unwrap_or_default() {
            if part.start >= stop {
                break;
            }
            fit.gap(at, part.start);
            let (from, to) = (at.max(part.start), stop.min(part.end));
            fit.known_bytes = fit.known_bytes.saturating_add(to.saturating_sub(from));
            let mut new = fragment.bytes(from, to);
            let skip = from.saturating_sub(part.start) as usize;
            for old in self.pages.read(part.place, skip, new.len()) {
                let (now, later) = new.split_at_checked(old.len()).unwrap_or((new, &[]));
                fit.conflict |= now != old;
                new = later;
            }
            at = part.end;
        }
        fit.gap(at, stop);
    }

    /// Gives up older datagrams until what `fit` found new can be stored; the datagram itself stays.
    fn make_room(&mut self, known: Option<usize>, out: &mut Vec<u8>) -> Option<Datagram<T>> {
        loop {
            let chain = known
                .and_then(|number| self.slots.get(number))
                .map_or(&Chain::EMPTY, |slot| &slot.chain);
            let why = if known.is_none() && self.order.len() >= self.limits.datagrams {
                Leave::Datagrams
            } else if !self.pages.fits(chain, self.fit.new_bytes as usize) {
                Leave::Bytes
            } else {
                return None;
            };
            let mut oldest = self.order.iter().take(2).map(|&(_, number)| number);
            let oldest = oldest.find(|&number| Some(number) != known)?;
            if let Some(datagram) = self.give_up(oldest, why, out) {
                return Some(datagram);
            }
        }
    }

    /// A slot for a new datagram.
    fn begin(&mut self, key: Key, now: Timestamp) -> Option<usize> {
        bump(&mut self.stats.datagrams);
        bump(&mut self.serial);
        let number = match self.free.pop() {
            Some(number) => {
                let slot = self.slots.get_mut(number)?;
                slot.key = key;
                slot.serial = self.serial;
                slot.since = now;
                number
            }
            None => {
                self.slots.push(Slot {
                    key,
                    serial: self.serial,
                    since: now,
                    head: None,
                    chain: Chain::EMPTY,
                    parts: Vec::new(),
                    appended: 0,
                    covered: 0,
                    end: None,
                });
                self.slots.len().checked_sub(1)?
            }
        };
        self.index.insert(key, number);
        self.order.push_back((self.serial, number));
        Some(number)
    }

    /// Stores what `fit` found new.
    fn store(&mut self, number: usize, fragment: &Fragment, tag: T) -> Option<()> {
        let slot = self.slots.get_mut(number)?;
        for &(from, to) in &self.fit.gaps {
            let place = self
                .pages
                .append(&mut slot.chain, fragment.bytes(from, to))?;
            let at = slot.parts.partition_point(|part| part.start < from);
            let before = at.checked_sub(1).and_then(|i| slot.parts.get_mut(i));
            match before {
                // Its bytes are the last of the chain, so the new ones continue them.
                Some(part) if part.end == from && slot.appended == from => part.end = to,
                _ => slot.parts.insert(
                    at,
                    Part {
                        start: from,
                        end: to,
                        place,
                    },
                ),
            }
            slot.appended = to;
            if from == 0 {
                slot.head = Some((fragment.protocol, tag));
            }
        }
        slot.covered = slot.covered.saturating_add(self.fit.new_bytes);
        if self.fit.conflict {
            bump(&mut self.stats.conflicts);
        } else if self.fit.new_bytes == 0 {
            bump(&mut self.stats.duplicates);
        } else if self.fit.known_bytes > 0 {
            bump(&mut self.stats.overlaps);
        }
        Some(())
    }

    /// Removes a datagram that will not be complete. `None` where it has no head.
    fn give_up(&mut self, number: usize, why: Leave, out: &mut Vec<u8>) -> Option<Datagram<T>> {
        bump(match why {
            Leave::Expired => &mut self.stats.expired,
            Leave::Datagrams => &mut self.stats.evicted_datagrams,
            Leave::Bytes => &mut self.stats.evicted_bytes,
            Leave::Drained => &mut self.stats.drained,
        });
        let datagram = self.remove(number, out);
        if datagram.is_none() {
            bump(match why {
                Leave::Expired | Leave::Drained => &mut self.stats.headless,
                Leave::Datagrams | Leave::Bytes => &mut self.stats.headless_evicted,
            });
        }
        datagram
    }

    /// Removes a datagram. What there is of it from offset 0 on goes to `out`.
    fn remove(&mut self, number: usize, out: &mut Vec<u8>) -> Option<Datagram<T>> {
        let slot = self.slots.get_mut(number)?;
        let head = slot.head.take();
        if head.is_some() {
            out.clear();
            let mut at = 0;
            for part in slot.parts.iter().take_while(|part| {
                let follows = part.start == at;
                at = part.end;
                follows
            }) {
                let len = part.end.saturating_sub(part.start) as usize;
                for piece in self.pages.read(part.place, 0, len) {
                    out.extend_from_slice(piece);
                }
            }
        }
        self.pages.release(&mut slot.chain);
        slot.parts.clear();
        slot.appended = 0;
        slot.covered = 0;
        slot.end = None;
        self.index.remove(&slot.key);
        if let Ok(at) = self.order.binary_search_by_key(&slot.serial, |&(s, _)| s) {
            self.order.remove(at);
        }
        self.free.push(number);
        let (protocol, tag) = head?;
        Some(Datagram {
            src: slot.key.src,
            dst: slot.key.dst,
            protocol,
            whole: slot.key.whole,
            len: out.len(),
            since: slot.since,
            tag,
        })
    }
}

#[cfg(test)]
mod tests;
