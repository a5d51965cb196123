//! The names of one message that were read already.
//!
//! A server's message repeats a few names by compression pointers, record after record. So what
//! stands at an offset is remembered, and a name that only points there is not walked again.

/// Which of a message's two kinds of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::names) enum Place {
    /// The question section.
    Question = 1,
    /// An owner name or record data in the other sections.
    Record = 2,
}

const NAMES: usize = 32;
const TEXT: usize = 2_048;

/// A text in [`Seen::text`], and the places in which it was pushed as bits.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    start: u16,
    end: u16,
    pushed: u8,
}

/// Bounded: where it is full, a name may be walked and pushed again, never left out.
#[derive(Debug)]
pub(in crate::names) struct Seen {
    text: [u8; TEXT],
    used: usize,
    names: [Known; NAMES],
    count: usize,
    /// Offsets in the message at which a name begins, each with its index in `names`.
    offsets: [(u16, u8); NAMES],
    marked: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            text: [0; TEXT],
            used: 0,
            names: [Known::default(); NAMES],
            count: 0,
            offsets: [(0, 0); NAMES],
            marked: 0,
        }
    }
}

impl Seen {
    pub(in crate::names) fn clear(&mut self) {
        self.used = 0;
        self.count = 0;
        self.marked = 0;
    }

    /// The name at `offset`, where one was read from there: `Some(None)` if it was pushed for
    /// `place` before, its text if it is now due.
    pub(in crate::names) fn again(&mut self, offset: usize, place: Place) -> Option<Option<&[u8]>> {
        let &(_, index) = self
            .offsets
            .get(..self.marked)?
            .iter()
            .find(|&&(at, _)| usize::from(at) == offset)?;
        let known = self.names.get_mut(usize::from(index))?;
        let bit = place as u8;
        if known.pushed & bit != 0 {
            return Some(None);
        }
        known.pushed |= bit;
        let (start, end) = (usize::from(known.start), usize::from(known.end));
        Some(self.text.get(start..end))
    }

    /// Whether `name`, read at `offset`, is to be pushed for `place`; `None` where it is new.
    #[inline]
    pub(in crate::names) fn is_due(
        &mut self,
        offset: usize,
        place: Place,
        name: &[u8],
    ) -> Option<bool> {
        if self.count == 0 {
            return None;
        }
        self.is_known_due(offset, place, name)
    }

    fn is_known_due(&mut self, offset: usize, place: Place, name: &[u8]) -> Option<bool> {
        let index = self.names.get(..self.count)?.iter().position(|known| {
            let (start, end) = (usize::from(known.start), usize::from(known.end));
            end.wrapping_sub(start) == name.len() && self.text.get(start..end) == Some(name)
        })?;
        self.mark(offset, index);
        let known = self.names.get_mut(index)?;
        let bit = place as u8;
        let due = known.pushed & bit == 0;
        known.pushed |= bit;
        Some(due)
    }

    /// Notes a new name that was read at `offset` and pushed for `place`.
    pub(in crate::names) fn add(&mut self, offset: usize, place: Place, name: &[u8]) {
        let end = self.used.saturating_add(name.len());
        if let (Some(room), Some(known)) = (
            self.text.get_mut(self.used..end),
            self.names.get_mut(self.count),
        ) {
            room.copy_from_slice(name);
            // `text` is far shorter than 64 KiB.
            *known = Known {
                start: u16::try_from(self.used).unwrap_or(u16::MAX),
                end: u16::try_from(end).unwrap_or(u16::MAX),
                pushed: place as u8,
            };
            self.used = end;
            self.mark(offset, self.count);
            self.count = self.count.saturating_add(1);
        }
    }

    /// As [`Self::is_due`] and [`Self::add`] in one.
    pub(in crate::names) fn insert(&mut self, offset: usize, place: Place, name: &[u8]) -> bool {
        self.is_due(offset, place, name).unwrap_or_else(|| {
            self.add(offset, place, name);
            true
        })
    }

    fn mark(&mut self, offset: usize, index: usize) {
        // A pointer reaches no further than 14 bits, and there are 32 indices.
        let (Ok(offset), Ok(index)) = (u16::try_from(offset), u8::try_from(index)) else {
            return;
        };
        if let Some(entry) = self.offsets.get_mut(self.marked) {
            *entry = (offset, index);
            self.marked = self.marked.saturating_add(1);
        }
    }
}
