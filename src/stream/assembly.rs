//! The contiguous bytes of one direction of a TCP connection, put together from its segments.
//!
//! Segments come in any order, overlap and repeat. The first copy of a byte wins, and a later copy
//! that differs is told: an attacker may hope that the two ends of a connection and whoever listens
//! in between choose differently. Sequence numbers wrap around (RFC 9293 section 3.4).

/// How many separate parts may wait behind a hole.
pub const MAX_PARTS: usize = 4_096;

/// How far a stream may be told to skip; a longer body cannot be followed in 32-bit sequence numbers.
pub const MAX_SKIP: u64 = 1 << 30;

/// So much memory stays with a direction in which nothing waits, and is kept for others when it ends, in bytes: a
/// hello over two segments fits.
const KEPT: usize = 4_096;

/// How many directions' memory is kept for others.
const SPARE: usize = 8;

/// Memory of directions that ended, for those that begin.
#[derive(Debug, Default)]
pub struct Spare(Vec<Vec<u8>>);

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inserted {
    /// There are more contiguous bytes than before.
    pub grew: bool,
    /// Bytes that were there already came again with other content.
    pub conflict: bool,
    /// Some of it lies beyond the bytes that are kept.
    pub beyond: bool,
    /// It would be one part more than may wait.
    pub scattered: bool,
}

/// The bytes of one direction that wait to be read.
#[derive(Debug, Default)]
pub struct Assembly {
    /// Sequence number of the byte at `start`.
    base: u32,
    /// What was received; holes are zero.
    bytes: Vec<u8>,
    /// Everything before it is done with.
    start: usize,
    /// End of what is contiguous.
    ready: usize,
    /// What was received behind holes: sorted, apart from each other and from `ready`.
    parts: Vec<(usize, usize)>,
}

impl Assembly {
    /// Begins anew with the byte of number `base`; the memory is kept.
    pub fn restart(&mut self, base: u32) {
        self.base = base;
        self.bytes.clear();
        self.start = 0;
        self.ready = 0;
        self.parts.clear();
    }

    /// Sequence number of the first byte that was not taken yet.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Sequence number behind what is contiguous.
    pub fn next(&self) -> u32 {
        let length = u32::try_from(self.data().len()).unwrap_or(u32::MAX);
        self.base.wrapping_add(length)
    }

    /// The contiguous bytes that were not taken yet.
    pub fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.ready).unwrap_or_default()
    }

    /// Bytes of memory that are taken.
    pub fn held(&self) -> usize {
        let parts = self
            .parts
            .capacity()
            .saturating_mul(size_of::<(usize, usize)>());
        self.bytes.capacity().saturating_add(parts)
    }

    /// True where nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Begins anew with the byte of number `base`; the memory is given back.
    pub fn release(&mut self, base: u32) {
        *self = Self {
            base,
            ..Self::default()
        };
    }

    /// As [`Self::release`], but what memory is worth it is kept for others.
    pub fn release_to(&mut self, base: u32, spare: &mut Spare) {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() > 0 && bytes.capacity() <= KEPT && spare.0.len() < SPARE {
            bytes.clear();
            spare.0.push(bytes);
        }
        self.release(base);
    }

    /// Takes memory that was kept, if there is some and it has none of its own.
    pub fn take_from(&mut self, spare: &mut Spare) {
        if self.bytes.capacity() == 0
            && let Some(bytes) = spare.0.pop()
        {
            self.bytes = bytes;
        }
    }

    /// Adds a segment whose first byte has the number `sequence`; at most `limit` bytes are kept
    /// from the first that was not taken.
    pub fn insert(&mut self, sequence: u32, data: &[u8], limit: usize) -> Inserted {
        let mut result = Inserted::default();
        let distance = sequence.wrapping_sub(self.base).cast_signed();
        // What was taken already is gone and cannot be compared.
        let (at, data) = match usize::try_from(distance) {
            Ok(ahead) => (ahead, data),
            Err(_) => {
                let behind = usize::try_from(distance.unsigned_abs()).unwrap_or(usize::MAX);
                (0, data.get(behind..).unwrap_or_default())
            }
        };
        let room = limit.saturating_sub(at);
        result.beyond = data.len() > room;
        let data = data.get(..room).unwrap_or(data);
        if data.is_empty() {
            return result;
        }
        let at = self.start.saturating_add(at);
        let end = at.saturating_add(data.len());
        if at == self.ready && at == self.bytes.len() {
            self.bytes.extend_from_slice(data);
            self.ready = end;
            result.grew = true;
            return result;
        }
        if at > self.ready && self.parts.len() >= MAX_PARTS {
            result.scattered = true;
            return result;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        result.conflict = self.fill(at, data);
        let before = self.ready;
        self.join(at, end);
        result.grew = self.ready > before;
        result
    }

    /// Copies `data` into the holes from `at` on, and says whether it differs from what is there.
    fn fill(&mut self, at: usize, data: &[u8]) -> bool {
        let end = at.saturating_add(data.len());
        let first = self.parts.partition_point(|part| part.1 <= at);
        let known = std::iter::once((self.start, self.ready))
            .chain(self.parts.get(first..).unwrap_or_default().iter().copied())
            .take_while(|part| part.0 < end)
            .map(|(from, to)| (from.max(at), to.min(end)));
        let mut conflict = false;
        let mut position = at;
        for (from, to) in known.chain([(end, end)]) {
            if from > to {
                continue;
            }
            let piece = |from: usize, to: usize| {
                data.get(from.saturating_sub(at)..to.saturating_sub(at))
                    .unwrap_or_default()
            };
            if let Some(hole) = self.bytes.get_mut(position..from) {
                hole.copy_from_slice(piece(position, from));
            }
            conflict |= self.bytes.get(from..to) != Some(piece(from, to));
            position = to.max(position);
            if position >= end {
                break;
            }
        }
        conflict
    }

    /// Notes that everything from `at` to `end` is there.
    fn join(&mut self, mut at: usize, mut end: usize) {
        if at <= self.ready {
            self.ready = self.ready.max(end);
            let gone = self
                .parts
                .iter()
                .take_while(|part| {
                    let touches = part.0 <= self.ready;
                    if touches {
                        self.ready = self.ready.max(part.1);
                    }
                    touches
                })
                .count();
            self.parts.drain(..gone);
            return;
        }
        let first = self.parts.partition_point(|part| part.1 < at);
        let mut last = first;
        while let Some(part) = self.parts.get(last)
            && part.0 <= end
        {
            at = at.min(part.0);
            end = end.max(part.1);
            last = last.saturating_add(1);
        }
        self.parts.splice(first..last, [(at, end)]);
    }

    /// True where something waits behind a hole.
    pub fn has_hole(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Sequence number of the first byte of the part of what waits that holds the byte of this number.
    pub fn part_of(&self, sequence: u32) -> Option<u32> {
        let ahead = usize::try_from(sequence.wrapping_sub(self.base).cast_signed()).ok()?;
        let at = self.start.saturating_add(ahead);
        if at < self.ready {
            return Some(self.base);
        }
        let part = self.parts.partition_point(|part| part.1 <= at);
        let &(from, _) = self.parts.get(part).filter(|part| part.0 <= at)?;
        let from = u32::try_from(from.saturating_sub(self.start)).ok()?;
        Some(self.base.wrapping_add(from))
    }

    /// Gives up what is contiguous and the hole behind it: what waited is contiguous then. False where
    /// nothing waits.
    pub fn skip_hole(&mut self) -> bool {
        let Some(&(from, _)) = self.parts.first() else {
            return false;
        };
        self.take(from.saturating_sub(self.start) as u64);
        true
    }

    /// Is done with the next `count` bytes, of which some may not have come yet.
    pub fn take(&mut self, count: u64) {
        let count = usize::try_from(count.min(MAX_SKIP)).unwrap_or(usize::MAX);
        self.base = self
            .base
            .wrapping_add(u32::try_from(count).unwrap_or(u32::MAX));
        self.start = self.start.saturating_add(count);
        if self.start >= self.bytes.len() {
            if self.bytes.capacity() > KEPT {
                self.release(self.base);
            } else {
                self.restart(self.base);
            }
            return;
        }
        if self.start > self.ready {
            self.ready = self.start;
            let gone = self.parts.partition_point(|part| part.1 <= self.start);
            self.parts.drain(..gone);
            self.join(self.start, self.start);
        }
        // Moving the rest down costs as much as was taken at most.
        let rest = self.bytes.len().saturating_sub(self.start);
        if rest <= self.start {
            self.bytes.drain(..self.start);
            self.ready = self.ready.saturating_sub(self.start);
            for part in &mut self.parts {
                *part = (
                    part.0.saturating_sub(self.start),
                    part.1.saturating_sub(self.start),
                );
            }
            self.start = 0;
        }
    }
}

#[cfg(test)]
#[path = "assembly_tests.rs"]
mod tests;
