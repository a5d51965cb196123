//! The directions of TCP connections whose messages are not complete.
//!
//! A table is one of a fixed number of shards. Which shard a flow belongs to depends on the flow
//! alone, and a shard sees its packets in order, so what is evicted does not depend on the number of
//! workers. Reading stops where a direction shows nothing more of interest; what remains then is a
//! tombstone, so that the rest of what the reader forwards is passed over.

mod read;
mod room;

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use super::assembly::{Assembly, MAX_SKIP, Spare};
use super::heard::{Heard, Names};
use super::part::Part;
use super::roles::{Roles, Start};
pub use super::stats::StreamStats;
use crate::flow::Flow;
use crate::names::stream::{Direction, Hint, Note, Scratch, is_prelude_of_hello, shape};
use crate::names::{Kind, Step};
use crate::packet::path::Hop;
use crate::stats::bump;
use crate::time::Timestamp;
use read::{count_too_long, read_copy};

/// Bounds of one shard.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Directions that are known at once.
    pub directions: usize,
    /// Bytes that one direction may hold: the largest message that is put together.
    pub per_direction: usize,
    /// Bytes that all directions may hold together.
    pub total: usize,
    /// A direction without a segment for so many seconds of packet time makes room.
    pub idle_secs: i64,
}

/// 64 shards: at most 16,384 directions and 64 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self {
            directions: 256,
            per_direction: 272 * 1024,
            total: 1024 * 1024,
            idle_secs: 120,
        }
    }
}

/// Where a name was seen: the packet that made it whole.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Number of the packet in its capture, from 1.
    pub packet: u64,
    /// When it was captured.
    pub timestamp: Timestamp,
    /// From whom to whom it went.
    pub flow: Flow,
    /// Tags and tunnels around it, outermost first.
    pub path: &'a [Hop],
}

/// A segment that triage forwarded.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// How it belongs to its direction.
    pub part: Part,
    /// What triage knows of the direction.
    pub hint: Hint,
    /// The capture holds only the beginning of the payload.
    pub cut: bool,
    /// The bytes.
    pub payload: &'a [u8],
}

impl Segment<'_> {
    /// The segment without the bytes before the direction's first one, where it has such: a receiver leaves them out.
    /// Who makes captures by hand may number them from there, and then a message begins with them.
    #[inline]
    fn within(&self) -> Option<Self> {
        let part = self.part;
        let before = part.origin.wrapping_sub(part.sequence) as usize;
        if before == 0 || before >= self.payload.len() || part.looks {
            return None;
        }
        Some(Self {
            part: Part {
                sequence: part.origin,
                ..part
            },
            payload: self.payload.get(before..)?,
            ..*self
        })
    }
}

/// Takes names.
pub trait Visit {
    /// A name that was seen in a packet.
    fn name(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note);
}

/// A direction of a connection.
#[derive(Debug)]
struct Stream {
    flow: Flow,
    origin: u32,
    /// Number of its last use; 0 where the slot is free.
    used: u64,
    assembly: Assembly,
    direction: Direction,
    /// Bytes without which it is no use to ask again.
    need: usize,
    done: bool,
    hint: Hint,
    start: Start,
    /// As in [`Part`], told with any segment of it.
    answers_hello: bool,
    /// What its last messages named.
    heard: Heard,
    /// Where messages may begin in what waits.
    marks: Vec<u32>,
    /// One more could not be noted.
    unmarked: bool,
    /// Where what is read began: it was tried already.
    began: u32,
    /// Since when something waits behind a hole.
    hole: Option<Timestamp>,
    packet: u64,
    timestamp: Timestamp,
    path: Vec<Hop>,
}

impl Stream {
    /// Bytes of memory that count against [`Limits::total`].
    fn held(&self) -> usize {
        self.assembly.held().saturating_add(self.direction.held())
    }

    /// Something came that was not read yet.
    fn waits(&self) -> bool {
        !self.done && !self.assembly.is_empty()
    }
}

/// Where a direction is found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// By its flow.
    Own,
    /// Beside another of the same flow.
    Aside,
}

/// One shard.
#[derive(Debug)]
pub struct Table {
    limits: Limits,
    index: HashMap<Flow, usize, FixedState>,
    /// Directions beside those of the same flow: what begins there may be forged.
    aside: HashMap<Flow, usize, FixedState>,
    slots: Vec<Stream>,
    free: Vec<usize>,
    /// Uses of slots with their numbers, in order. All but the last use of a slot are out of date.
    order: VecDeque<(usize, u64)>,
    /// Number of the last of them.
    uses: u64,
    roles: Roles,
    spare: Spare,
    held: usize,
    stats: StreamStats,
}

impl Table {
    /// An empty shard.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            index: HashMap::default(),
            aside: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            order: VecDeque::new(),
            uses: 0,
            roles: Roles::default(),
            spare: Spare::default(),
            held: 0,
            stats: StreamStats::default(),
        }
    }

    /// What was counted so far.
    pub fn stats(&self) -> StreamStats {
        StreamStats {
            roles_forgotten: self.roles.forgotten(),
            ..self.stats
        }
    }

    /// Directions that are known.
    pub fn directions(&self) -> usize {
        self.index.len().saturating_add(self.aside.len())
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.held
    }

    /// Takes a segment and reads what is complete with it.
    pub fn segment(
        &mut self,
        seen: &Seen<'_>,
        segment: &Segment<'_>,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) {
        let within = segment.within();
        let segment = within.as_ref().unwrap_or(segment);
        if let Some(slot) = self.known(&seen.flow, segment.part.origin) {
            self.go_on(slot, seen, segment, scratch, visit);
            return;
        }
        // The 5-tuple is in use for another connection, or another message; or that is forged.
        let mut place = Place::Own;
        if let Some(&slot) = self.index.get(&seen.flow) {
            if self.stays(slot, seen, segment) {
                place = Place::Aside;
            } else {
                self.finish(slot, scratch, visit);
            }
        }
        if !self.aside.is_empty()
            && let Some(&slot) = self.aside.get(&seen.flow)
        {
            self.finish(slot, scratch, visit);
        }
        self.begin(place, seen, segment, scratch, visit);
    }

    /// The direction of this flow that begins there.
    fn known(&self, flow: &Flow, origin: u32) -> Option<usize> {
        let is_it = |slot: &usize| self.slots.get(*slot).is_some_and(|s| s.origin == origin);
        let own = self.index.get(flow).copied().filter(is_it);
        if own.is_some() || self.aside.is_empty() {
            return own;
        }
        self.aside.get(flow).copied().filter(is_it)
    }

    /// Whether a direction goes on though a segment says that something else began: both ends agreed on it, and anybody can send
    /// such a segment.
    fn stays(&self, slot: usize, seen: &Seen<'_>, segment: &Segment<'_>) -> bool {
        self.slots.get(slot).is_some_and(|stream| {
            let silent = seen
                .timestamp
                .secs()
                .saturating_sub(stream.timestamp.secs());
            stream.start != Start::Unknown
                && !stream.done
                && segment.part.start == Start::Unknown
                && silent <= self.limits.idle_secs
        })
    }

    /// The first segment of a direction that is not known.
    fn begin(
        &mut self,
        place: Place,
        seen: &Seen<'_>,
        segment: &Segment<'_>,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) {
        let last = segment.part.last || segment.cut;
        let mut direction = Direction::new(segment.hint);
        let mut base = segment.part.origin;
        let ahead = segment.part.sequence.wrapping_sub(segment.part.origin);
        if usize::try_from(ahead).is_ok_and(|ahead| ahead > self.limits.per_direction) {
            // What was before is forgotten already.
            base = segment.part.sequence;
        }
        let mut rest: &[u8] = &[];
        let mut need = 0usize;
        let mut done = false;
        let mut heard: Option<Heard> = None;
        // Whether it ends inside a message shows where more is asked for; then what there is is read.
        let mut ends_inside = false;
        let at_start = segment.part.sequence == segment.part.origin || segment.part.begins;
        if segment.part.start == Start::Opener {
            self.roles.forget(&seen.flow);
            if !segment.part.begins {
                // It is of no interest but for that.
                return;
            }
        }
        if self.is_content(seen, segment) {
            done = true;
        } else if at_start {
            // Most messages fit a segment: they are read where they are.
            base = segment.part.sequence;
            rest = segment.payload;
            while !rest.is_empty() {
                let mut names = Names::default();
                let step = direction.read(rest, ends_inside, scratch, &mut |kind, name, note| {
                    if !last {
                        names.add(kind, name);
                    }
                    visit.name(seen, kind, name, note);
                });
                if names != Names::default() {
                    heard.get_or_insert_default().note(base, names);
                }
                if let Step::Took(n) = step
                    && direction.sends_bodies()
                {
                    let from = (&seen.flow, segment.part.start);
                    self.roles.note_body(from, base, rest, n, seen.timestamp);
                }
                match step {
                    Step::Took(n) if n != 0 && n <= MAX_SKIP => {
                        let n = usize::try_from(n).unwrap_or(usize::MAX);
                        base = base.wrapping_add(u32::try_from(n).unwrap_or(u32::MAX));
                        rest = rest.get(n..).unwrap_or_default();
                    }
                    Step::Need(_) if last && !ends_inside => ends_inside = true,
                    Step::Need(n) => {
                        need = n.max(rest.len().saturating_add(1));
                        break;
                    }
                    Step::Took(n) => {
                        count_too_long(n, &direction, scratch);
                        done = true;
                        break;
                    }
                    Step::End => {
                        done = true;
                        break;
                    }
                }
            }
            if segment.part.left && !done {
                direction.leave(&mut scratch.stats);
            }
            self.roles.note(
                &seen.flow,
                segment.part.start,
                direction.spoke(),
                seen.timestamp,
            );
        }
        if last {
            // Without payload it is the end of a direction that is forgotten already.
            let unread = !at_start && !segment.payload.is_empty();
            if unread || ends_inside && !segment.cut && !is_prelude_of_hello(segment.payload) {
                bump(&mut self.stats.incomplete);
            }
            return;
        }
        if need > self.limits.per_direction {
            bump(&mut self.stats.beyond);
            done = true;
        }
        let slot = self.slot(place, seen, segment.part.origin, scratch, visit);
        if let Some(stream) = self.slots.get_mut(slot) {
            // A slot that was free holds nothing.
            self.held = self.held.saturating_add(direction.held());
            stream.direction = direction;
            stream.need = need;
            stream.done = done;
            stream.hint = segment.hint;
            stream.start = segment.part.start;
            stream.answers_hello = segment.part.answers_hello;
            match heard {
                Some(heard) => stream.heard = heard,
                None => stream.heard.clear(),
            }
            stream.marks.clear();
            stream.unmarked = false;
            stream.began = if at_start {
                segment.part.sequence
            } else {
                base
            };
            stream.hole = None;
            stream.assembly.restart(base);
        }
        if done {
            self.make_space(slot, scratch, visit);
            return;
        }
        if let Some(stream) = self.slots.get_mut(slot) {
            let before = stream.assembly.held();
            stream.assembly.take_from(&mut self.spare);
            let more = stream.assembly.held().saturating_sub(before);
            self.held = self.held.saturating_add(more);
        }
        if at_start {
            self.put(slot, base, rest);
        } else {
            self.put(slot, segment.part.sequence, segment.payload);
            self.mark(slot, &segment.part);
        }
        if need != 0 || !at_start {
            bump(&mut self.stats.assembled);
        }
        self.make_space(slot, scratch, visit);
    }

    /// Whether what looks like the beginning of a message is the content of another.
    fn is_content(&mut self, seen: &Seen<'_>, segment: &Segment<'_>) -> bool {
        let content = segment.part.begins
            && segment.part.start == Start::Unknown
            && self.roles.is_content(
                &seen.flow,
                segment.part.sequence,
                segment.part.answers_hello,
                shape(segment.payload),
                seen.timestamp,
            );
        if content {
            bump(&mut self.stats.content);
        }
        content
    }

    /// Another segment of a known direction.
    fn go_on(
        &mut self,
        slot: usize,
        seen: &Seen<'_>,
        segment: &Segment<'_>,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) {
        self.touch(slot);
        let Some(stream) = self.slots.get_mut(slot) else {
            return;
        };
        stream.packet = seen.packet;
        stream.timestamp = seen.timestamp;
        if segment.part.start != Start::Unknown {
            stream.start = segment.part.start;
        }
        stream.answers_hello |= segment.part.answers_hello;
        if *stream.path != *seen.path {
            stream.path.clear();
            stream.path.extend_from_slice(seen.path);
        }
        // A search for the next request need look no farther.
        let in_order = stream.assembly.next() == segment.part.sequence;
        let over = stream.done || in_order && stream.direction.searches();
        if over
            && segment.part.begins
            && !self.is_content(seen, segment)
            && let Some(stream) = self.slots.get_mut(slot)
        {
            // What was read is over, and something else begins. Where it only looks like that, a search
            // is not over: the next request may stand behind it in the same segment.
            self.held = self.held.saturating_sub(stream.held());
            stream.start = Start::Unknown;
            if stream.done {
                stream.direction = Direction::new(segment.hint);
            } else {
                stream.direction.judge_anew();
            }
            stream.done = false;
            stream.need = 0;
            // Where the capture had cut a segment, bytes behind it still wait.
            stream.began = segment.part.sequence;
            stream.assembly.release(segment.part.sequence);
            self.held = self.held.saturating_add(stream.held());
        }
        if self.slots.get(slot).is_some_and(|stream| !stream.done) {
            if segment.part.begins
                && self
                    .roles
                    .is_in_body(&seen.flow, segment.part.sequence, seen.timestamp)
            {
                bump(&mut self.stats.content);
            }
            let same = if segment.part.begins {
                self.compare(slot, seen, segment, scratch, visit)
            } else {
                0
            };
            let inserted = self.put(slot, segment.part.sequence, segment.payload);
            if inserted.beyond && segment.part.begins {
                // Too far from what is waited for: that will not come, and this can be read.
                let place = self.place_of(slot);
                self.finish(slot, scratch, visit);
                self.begin(place, seen, segment, scratch, visit);
                return;
            }
            self.mark(slot, &segment.part);
            self.read(slot, false, scratch, visit);
            self.give_up_hole(slot, segment.hint, scratch, visit);
            if inserted.conflict && segment.part.begins {
                // Whoever the other end believed: this copy names hosts, too.
                let other = segment.payload.get(same..).unwrap_or_default();
                read_copy(segment.hint, other, scratch, &mut |kind, name, note| {
                    visit.name(seen, kind, name, note);
                });
            }
            self.read(slot, segment.cut, scratch, visit);
        }
        if segment.part.last {
            if segment.part.left
                && let Some(stream) = self.slots.get(slot)
                && !stream.done
            {
                stream.direction.leave(&mut scratch.stats);
            }
            self.finish(slot, scratch, visit);
        } else {
            self.make_space(slot, scratch, visit);
        }
    }
}

#[cfg(test)]
mod bounds_tests;
