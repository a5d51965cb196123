//! Bytes into a direction, and names out of what is contiguous of them.

use super::super::assembly::{Inserted, MAX_SKIP};
use super::super::heard::Names;
use super::super::part::Part;
use super::super::roles::Start;
use super::{Seen, Segment, Stream, Table, Visit};
use crate::names::stream::{Direction, Hint, Note, Scratch, Shape, Spoke, begins_message, shape};
use crate::names::{Kind, Step};
use crate::stats::bump;

/// So many places are noted where a message may begin in what waits.
const MAX_MARKS: usize = 64;

/// Of them in each part that waits.
const MARKS_A_PART: usize = 4;

/// For so many nanoseconds of packet time a hole may still be filled by a retransmission.
const HOLE_NANOS: i64 = 3_000_000_000;

impl Table {
    /// Bytes that a capture lacks never come: after a while what is behind them is read.
    pub(super) fn give_up_hole(
        &mut self,
        slot: usize,
        hint: Hint,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) {
        let Some(stream) = self.slots.get_mut(slot) else {
            return;
        };
        if !stream.assembly.has_hole() {
            stream.hole = None;
            return;
        }
        let since = *stream.hole.get_or_insert(stream.timestamp);
        if stream.timestamp.nanos_since(since) > HOLE_NANOS {
            stream.hole = None;
            self.read(slot, true, scratch, visit);
            self.behind_hole(slot, hint);
        }
    }

    /// Goes on behind a hole, where something begins that can be told without what was before it.
    pub(super) fn behind_hole(&mut self, slot: usize, hint: Hint) -> bool {
        let Some(stream) = self.slots.get_mut(slot) else {
            return false;
        };
        let before = stream.held();
        let mut found = false;
        while !found && stream.assembly.skip_hole() {
            bump(&mut self.stats.holes);
            let mut next = Some(stream.assembly.base());
            while let Some(place) = next.filter(|_| !found) {
                let base = stream.assembly.base();
                stream.assembly.take(u64::from(place.wrapping_sub(base)));
                let data = stream.assembly.data();
                let shape = shape(data);
                found = stream.marks.contains(&place)
                    || hint != Hint::Any && begins_message(data)
                    || matches!(
                        shape,
                        Shape::ClientHello | Shape::ServerHello | Shape::Http | Shape::Http2
                    );
                if found
                    && self.roles.is_content(
                        &stream.flow,
                        place,
                        stream.answers_hello,
                        shape,
                        stream.timestamp,
                    )
                {
                    bump(&mut self.stats.content);
                    found = false;
                }
                next = stream.next_mark(place);
            }
        }
        if found {
            stream.begin_anew(hint);
        } else {
            stream.done = true;
            stream.assembly.release(0);
        }
        self.held = self
            .held
            .saturating_add(stream.held())
            .saturating_sub(before);
        found
    }

    /// Notes where a message may begin in what waits: the first places in each part of it. Where one begins at any of them,
    /// others are read after it; but what only looks like that may stand before it.
    pub(super) fn mark(&mut self, slot: usize, part: &Part) {
        if !part.looks {
            return;
        }
        let Some(stream) = self.slots.get_mut(slot) else {
            return;
        };
        let Some(from) = stream.assembly.part_of(part.sequence) else {
            return;
        };
        // What does not wait any more needs no mark, nor does what is read in any case.
        let assembly = &stream.assembly;
        stream
            .marks
            .retain(|mark| assembly.part_of(*mark).is_some());
        if part.sequence == stream.began {
            return;
        }
        let before = part.sequence.wrapping_sub(from);
        let known = |mark: &u32| mark.wrapping_sub(from) <= before;
        let earlier = stream.marks.iter().filter(|mark| known(mark)).count();
        if stream.marks.contains(&part.sequence) {
            return;
        }
        if earlier < MARKS_A_PART && stream.marks.len() < MAX_MARKS {
            stream.marks.push(part.sequence);
        } else {
            // It is read after those before it; if none of them is what it looks like, that is counted.
            stream.unmarked = true;
        }
    }

    /// Adds bytes to a direction.
    pub(super) fn put(&mut self, slot: usize, sequence: u32, payload: &[u8]) -> Inserted {
        let Some(stream) = self.slots.get_mut(slot) else {
            return Inserted::default();
        };
        let before = stream.assembly.held();
        let inserted = stream
            .assembly
            .insert(sequence, payload, self.limits.per_direction);
        self.held = self
            .held
            .saturating_add(stream.assembly.held())
            .saturating_sub(before);
        for (n, happened) in [
            (&mut self.stats.conflicts, inserted.conflict),
            (&mut self.stats.beyond, inserted.beyond),
            (&mut self.stats.scattered, inserted.scattered),
        ] {
            if happened {
                bump(n);
            }
        }
        inserted
    }

    /// Reads what is contiguous. `last` says that nothing more will come.
    pub(super) fn read(
        &mut self,
        slot: usize,
        last: bool,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) {
        while self.read_once(slot, last, scratch, visit) {}
    }

    /// The same, up to where nothing more is of interest; true where something else may begin behind that.
    fn read_once(
        &mut self,
        slot: usize,
        last: bool,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) -> bool {
        let Some(stream) = self.slots.get_mut(slot) else {
            return false;
        };
        let before = stream.held();
        let seen = Seen {
            packet: stream.packet,
            timestamp: stream.timestamp,
            flow: stream.flow,
            path: &stream.path,
        };
        let spoke = stream.direction.spoke();
        while !stream.done {
            let data = stream.assembly.data();
            if data.is_empty() || (data.len() < stream.need && !last) {
                break;
            }
            let length = data.len();
            stream.need = 0;
            let mut names = Names::default();
            let step = stream
                .direction
                .read(data, last, scratch, &mut |kind, name, note| {
                    names.add(kind, name);
                    visit.name(&seen, kind, name, note);
                });
            stream.heard.note(stream.assembly.base(), names);
            match step {
                Step::Took(n) if n != 0 => {
                    if stream.direction.sends_bodies() {
                        let (base, now) = (stream.assembly.base(), stream.timestamp);
                        let from = (&stream.flow, stream.start);
                        self.roles.note_body(from, base, data, n, now);
                    }
                    if n <= MAX_SKIP {
                        stream.assembly.take(n);
                    } else {
                        count_too_long(n, &stream.direction, scratch);
                        stream.done = true;
                    }
                }
                Step::Need(n) => {
                    stream.need = n.max(length.saturating_add(1));
                    if stream.need > self.limits.per_direction {
                        bump(&mut self.stats.beyond);
                        stream.done = true;
                    }
                    break;
                }
                Step::Took(_) | Step::End => stream.done = true,
            }
        }
        if stream.direction.spoke() != spoke {
            self.roles.note(
                &stream.flow,
                stream.start,
                stream.direction.spoke(),
                stream.timestamp,
            );
        }
        // What waited is no message: one may begin behind it.
        let mut again = false;
        if stream.done && stream.direction.spoke() == Spoke::default() {
            let mut tried = stream.began;
            while !again && let Some(place) = stream.next_mark(tried) {
                tried = place;
                let base = stream.assembly.base();
                stream.assembly.take(u64::from(place.wrapping_sub(base)));
                let content = self.roles.is_content(
                    &stream.flow,
                    place,
                    stream.answers_hello,
                    shape(stream.assembly.data()),
                    stream.timestamp,
                );
                if content {
                    bump(&mut self.stats.content);
                } else {
                    stream.begin_anew(stream.hint);
                    again = true;
                }
            }
            if !again && stream.unmarked {
                stream.unmarked = false;
                bump(&mut self.stats.holes);
            }
        }
        if stream.done && !last {
            stream.assembly.release_to(0, &mut self.spare);
        }
        self.held = self
            .held
            .saturating_add(stream.held())
            .saturating_sub(before);
        again
    }
}

impl Table {
    /// Holds a segment against the messages that were read where it begins: how many bytes of it are the same. Where it
    /// names other hosts, those are given as well: whoever the other end believed.
    #[cold]
    pub(super) fn compare(
        &mut self,
        slot: usize,
        seen: &Seen<'_>,
        segment: &Segment<'_>,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) -> usize {
        let mut same = 0_usize;
        let Some(stream) = self.slots.get_mut(slot) else {
            return same;
        };
        let mut at = segment.part.sequence;
        while let Some(known) = stream.heard.at(at)
            && let Some(rest) = segment.payload.get(same..)
        {
            let mut names = Names::default();
            // It counts only where it is another message.
            let stats = scratch.stats;
            let step =
                Direction::new(segment.hint).read(rest, false, scratch, &mut |kind, name, _| {
                    names.add(kind, name);
                });
            scratch.stats = stats;
            if names != known {
                if names != Names::default() {
                    bump(&mut self.stats.conflicts);
                    stream.heard.note(at, names);
                    read_copy(segment.hint, rest, scratch, &mut |kind, name, note| {
                        visit.name(seen, kind, name, note);
                    });
                    // All of it was read.
                    return segment.payload.len();
                }
                break;
            }
            let Step::Took(n) = step else { break };
            same = same.saturating_add(usize::try_from(n).unwrap_or(usize::MAX));
            at = at.wrapping_add(u32::try_from(n).unwrap_or(u32::MAX));
        }
        same
    }
}

/// Reads the messages of a copy, as far as they are whole; of the last one what is certain.
pub(super) fn read_copy(
    hint: Hint,
    mut bytes: &[u8],
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], Note),
) {
    let mut direction = Direction::new(hint);
    let mut last = false;
    while !bytes.is_empty() {
        match direction.read(bytes, last, scratch, visit) {
            Step::Took(n) if n != 0 => {
                let n = usize::try_from(n).unwrap_or(usize::MAX);
                bytes = bytes.get(n..).unwrap_or_default();
            }
            Step::Need(_) if !last => last = true,
            _ => return,
        }
    }
}

impl Stream {
    /// Reads on as if the next byte were the first that is known.
    fn begin_anew(&mut self, hint: Hint) {
        self.done = false;
        self.need = 0;
        self.direction = Direction::new(hint);
        self.start = Start::Unknown;
        self.began = self.assembly.base();
    }

    /// The next place in what is contiguous where a message may begin, except for one that was tried. Those before it
    /// are forgotten.
    fn next_mark(&mut self, tried: u32) -> Option<u32> {
        let base = self.assembly.base();
        let length = self.assembly.next().wrapping_sub(base);
        self.marks
            .retain(|mark| mark.wrapping_sub(base).cast_signed() >= 0 && *mark != tried);
        self.marks
            .iter()
            .copied()
            .filter(|mark| mark.wrapping_sub(base) < length)
            .min_by_key(|mark| mark.wrapping_sub(base))
    }
}

/// Counts a body that is too long to be followed to its end.
pub(super) fn count_too_long(length: u64, direction: &Direction, scratch: &mut Scratch) {
    if length > MAX_SKIP && direction.sends_bodies() {
        direction.leave(&mut scratch.stats);
    }
}
