//! Which directions are known, and which of them makes room.

use super::super::assembly::Assembly;
use super::super::heard::Heard;
use super::super::roles::Start;
use super::{Place, Seen, Stream, Table, Visit};
use crate::names::stream::{Direction, Hint, Scratch, is_prelude_of_hello};
use crate::stats::bump;
use crate::time::Timestamp;

impl Table {
    /// Reads what there is of a direction and forgets it.
    pub(super) fn finish(&mut self, slot: usize, scratch: &mut Scratch, visit: &mut impl Visit) {
        let Some(stream) = self.slots.get(slot) else {
            return;
        };
        let hint = stream.hint;
        if stream.waits() {
            if stream.assembly.has_hole() || !is_prelude_of_hello(stream.assembly.data()) {
                bump(&mut self.stats.incomplete);
            }
            loop {
                self.read(slot, true, scratch, visit);
                if !self.behind_hole(slot, hint) {
                    break;
                }
            }
        }
        let Some(stream) = self.slots.get_mut(slot) else {
            return;
        };
        // It stands in one of the two.
        if self.index.get(&stream.flow) == Some(&slot) {
            self.index.remove(&stream.flow);
        } else {
            self.aside.remove(&stream.flow);
        }
        stream.used = 0;
        self.held = self.held.saturating_sub(stream.held());
        stream.assembly.release_to(0, &mut self.spare);
        stream.direction = Direction::new(Hint::Any);
        self.free.push(slot);
    }

    /// A slot for a new direction.
    pub(super) fn slot(
        &mut self,
        place: Place,
        seen: &Seen<'_>,
        origin: u32,
        scratch: &mut Scratch,
        visit: &mut impl Visit,
    ) -> usize {
        self.expire(seen.timestamp, scratch, visit);
        while self.directions() >= self.limits.directions
            && let Some(oldest) = self.oldest()
        {
            if self.slots.get(oldest).is_some_and(Stream::waits) {
                bump(&mut self.stats.evicted);
            }
            self.leave_http2(oldest, scratch);
            self.finish(oldest, scratch, visit);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Stream {
                flow: seen.flow,
                origin,
                used: 0,
                assembly: Assembly::default(),
                direction: Direction::new(Hint::Any),
                need: 0,
                done: false,
                hint: Hint::Any,
                start: Start::Unknown,
                heard: Heard::default(),
                marks: Vec::new(),
                unmarked: false,
                began: origin,
                answers_hello: false,
                hole: None,
                packet: 0,
                timestamp: seen.timestamp,
                path: Vec::new(),
            });
            self.slots.len().saturating_sub(1)
        });
        if let Some(stream) = self.slots.get_mut(slot) {
            stream.flow = seen.flow;
            stream.origin = origin;
            stream.packet = seen.packet;
            stream.timestamp = seen.timestamp;
            stream.path.clear();
            stream.path.extend_from_slice(seen.path);
        }
        let index = match place {
            Place::Own => &mut self.index,
            Place::Aside => &mut self.aside,
        };
        index.insert(seen.flow, slot);
        self.touch(slot);
        slot
    }

    /// Reads what there is of directions that have been silent for too long by `now`, and forgets them.
    pub fn expire(&mut self, now: Timestamp, scratch: &mut Scratch, visit: &mut impl Visit) {
        while let Some(oldest) = self.oldest() {
            let Some(stream) = self.slots.get(oldest) else {
                return;
            };
            if now.secs().saturating_sub(stream.timestamp.secs()) <= self.limits.idle_secs {
                return;
            }
            // Triage counts those of which more was wanted whatever comes.
            if stream.waits() {
                bump(&mut self.stats.expired);
            }
            self.finish(oldest, scratch, visit);
        }
    }

    /// Where a direction stands.
    pub(super) fn place_of(&self, slot: usize) -> Place {
        let flow = self.slots.get(slot).map(|stream| stream.flow);
        if flow.is_some_and(|flow| self.aside.get(&flow) == Some(&slot)) {
            Place::Aside
        } else {
            Place::Own
        }
    }

    /// Counts a connection of HTTP/2 that has to make room: behind it nothing can be read.
    fn leave_http2(&self, slot: usize, scratch: &mut Scratch) {
        if let Some(stream) = self.slots.get(slot)
            && !stream.done
            && stream.direction.is_http2()
        {
            stream.direction.leave(&mut scratch.stats);
        }
    }

    /// The slot was used just now.
    pub(super) fn touch(&mut self, slot: usize) {
        bump(&mut self.uses);
        if let Some(stream) = self.slots.get_mut(slot) {
            stream.used = self.uses;
            self.order.push_back((slot, self.uses));
        }
        // One entry of each direction stays, so this is due again after as many uses at the earliest.
        if self.order.len() > self.limits.directions.saturating_mul(2) {
            let slots = &self.slots;
            self.order
                .retain(|&(slot, used)| is_current(slots, slot, used));
        }
    }

    /// The direction that was silent longest.
    pub(super) fn oldest(&mut self) -> Option<usize> {
        while let Some(&(slot, used)) = self.order.front() {
            if is_current(&self.slots, slot, used) {
                return Some(slot);
            }
            self.order.pop_front();
        }
        None
    }

    /// Gives up directions until the others' bytes fit.
    pub(super) fn make_space(&mut self, but: usize, scratch: &mut Scratch, visit: &mut impl Visit) {
        while self.held > self.limits.total {
            let Some(oldest) = self.oldest() else { break };
            if oldest == but {
                // It was used just now: there is no other.
                break;
            }
            if self.slots.get(oldest).is_some_and(Stream::waits) {
                bump(&mut self.stats.evicted_for_space);
            }
            self.leave_http2(oldest, scratch);
            self.finish(oldest, scratch, visit);
        }
    }

    /// The end of the input: reads what there is of every direction, in the order of
    /// their last segments.
    pub fn drain(&mut self, scratch: &mut Scratch, visit: &mut impl Visit) {
        while let Some(oldest) = self.oldest() {
            self.finish(oldest, scratch, visit);
        }
        self.order.clear();
    }
}

fn is_current(slots: &[Stream], slot: usize, used: u64) -> bool {
    slots.get(slot).is_some_and(|s| s.used == used)
}
