//! Heads of requests that are cut by the end of their segment.
//!
//! Where requests follow each other without a pause nearly every segment ends inside one. To know where the next one
//! begins, its head has to be put together: a few at a time, for as long as the segments come in order.

use super::Key;
use crate::stats::bump;

/// Heads that wait at once. One that is forgotten makes its direction be followed for a while only.
const SLOTS: usize = 256;

/// The longest head, in bytes.
const MAX: usize = 8_192;

/// The beginning of a head.
#[derive(Debug, Clone)]
struct Split {
    key: u64,
    /// Sequence number behind it.
    next: u32,
    bytes: Vec<u8>,
}

/// A table without searches: a direction has one slot, and the last one that has it counts. Its memory is
/// taken when a slot is first used.
#[derive(Debug, Default)]
pub(super) struct Splits {
    slots: Vec<Split>,
    /// Heads that made room for others.
    pub(super) forgotten: u64,
}

impl Splits {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.bytes.clear();
        }
    }

    fn slot(&mut self, key: Key) -> Option<&mut Split> {
        if self.slots.is_empty() {
            let empty = Split {
                key: 0,
                next: 0,
                bytes: Vec::new(),
            };
            self.slots.resize(SLOTS, empty);
        }
        self.slots
            .get_mut((key.0 >> 40) as usize & SLOTS.wrapping_sub(1))
    }

    /// Keeps the beginning of a head, behind which the number `next` comes.
    pub(super) fn keep(&mut self, key: Key, head: &[u8], next: u32) {
        let Some(slot) = self.slot(key) else { return };
        let other = !slot.bytes.is_empty() && slot.key != key.0;
        slot.bytes.clear();
        if head.len() < MAX {
            slot.key = key.0;
            slot.next = next;
            slot.bytes.reserve_exact(MAX);
            slot.bytes.extend_from_slice(head);
        }
        if other {
            bump(&mut self.forgotten);
        }
    }

    /// Forgets a head: it is whole, or none.
    pub(super) fn forget(&mut self, key: Key) {
        if let Some(slot) = self.slot(key)
            && slot.key == key.0
        {
            slot.bytes.clear();
        }
    }

    /// What was kept with as much of `payload` as there is room for, if it is the payload that follows.
    pub(super) fn join(&mut self, key: Key, sequence: u32, payload: &[u8]) -> Option<&[u8]> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slot(key)?;
        if slot.key != key.0 || slot.next != sequence || slot.bytes.is_empty() {
            return None;
        }
        let room = MAX.saturating_sub(slot.bytes.len()).min(payload.len());
        slot.bytes
            .extend_from_slice(payload.get(..room).unwrap_or_default());
        slot.next = sequence.wrapping_add(u32::try_from(room).unwrap_or(u32::MAX));
        Some(&slot.bytes)
    }
}
