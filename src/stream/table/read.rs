//! Bytes into a direction, and names out of what is contiguous of them.

use super::super::assembly::{Inserted, MAX_SKIP};
use super::super::roles::Start;
use super::{Seen, Table, Visit};
use crate::names::Step;
use crate::names::stream::{Direction, Hint, Scratch, Shape, begins_message, shape};
use crate::stats::bump;

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
        let before = stream.assembly.held();
        let mut found = false;
        while !found && stream.assembly.skip_hole() {
            bump(&mut self.stats.holes);
            let shape = shape(stream.assembly.data());
            found = hint != Hint::Any && begins_message(stream.assembly.data())
                || matches!(
                    shape,
                    Shape::ClientHello | Shape::ServerHello | Shape::Http | Shape::Http2
                );
            if found
                && self.roles.is_content(
                    &stream.flow,
                    stream.assembly.base(),
                    stream.answers_hello,
                    shape,
                    stream.timestamp,
                )
            {
                bump(&mut self.stats.content);
                found = false;
            }
        }
        if found {
            stream.done = false;
            stream.need = 0;
            stream.direction = Direction::new(hint);
            stream.start = Start::Unknown;
        } else {
            stream.done = true;
            stream.assembly.release(0);
        }
        self.held = self
            .held
            .saturating_add(stream.assembly.held())
            .saturating_sub(before);
        found
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
        let Some(stream) = self.slots.get_mut(slot) else {
            return;
        };
        let before = stream.assembly.held();
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
            match stream
                .direction
                .read(data, last, scratch, &mut |kind, name, note| {
                    visit.name(&seen, kind, name, note);
                }) {
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
        if stream.done && !last {
            stream.assembly.release_to(0, &mut self.spare);
        }
        self.held = self
            .held
            .saturating_add(stream.assembly.held())
            .saturating_sub(before);
    }
}

/// Counts a body that is too long to be followed to its end.
pub(super) fn count_too_long(length: u64, direction: &Direction, scratch: &mut Scratch) {
    if length > MAX_SKIP && direction.sends_bodies() {
        direction.leave(&mut scratch.stats);
    }
}
