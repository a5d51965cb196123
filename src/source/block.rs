//! Reads a stream block by block into one reused buffer.

use std::io;

/// What a record may take in the buffer beyond its block: the largest packet record there is.
pub(super) const MAX_RECORD: usize = 16 * 1024 * 1024;

const PAGE: usize = 4096;
/// Room in front of the block for a record that began in the block before.
const FIRST_HEADROOM: usize = 64 * 1024;

/// The buffer: `[headroom | block]`.
///
/// Each read fills the block at the same page-aligned place, since the kernel copies fastest to
/// there and so small a buffer stays in the L2 cache; what is left of the block before moves to
/// the end of the headroom.
pub(super) struct BlockBuffer {
    buf: Vec<u8>,
    /// Where the block begins.
    block_at: usize,
    block_size: usize,
    start: usize,
    end: usize,
    /// Stream offset of `start`.
    offset: u64,
    /// Bytes still to be thrown away from what will be read next.
    skip: u64,
}

impl BlockBuffer {
    pub(super) fn new(block_size: usize) -> Self {
        let mut buffer = Self {
            buf: Vec::new(),
            block_at: 0,
            block_size: block_size.clamp(PAGE, MAX_RECORD),
            start: 0,
            end: 0,
            offset: 0,
            skip: 0,
        };
        buffer.allocate(FIRST_HEADROOM);
        buffer
    }

    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// Passes over `n` bytes, which must be among the unread ones.
    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.start.wrapping_add(n);
        self.offset = self.offset.wrapping_add(n as u64);
    }

    /// Passes over a record of `n` bytes, which must be among the unread ones, and gives `len`
    /// bytes of it, from `at`.
    #[inline]
    pub(super) fn take(&mut self, n: usize, at: usize, len: usize) -> &[u8] {
        let at = self.start.wrapping_add(at);
        self.consume(n);
        self.buf.get(at..at.wrapping_add(len)).unwrap_or_default()
    }

    /// Stream offset of the first unread byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn block_size(&self) -> usize {
        self.block_size
    }

    /// Bytes that are still to be skipped beyond what is in the buffer.
    pub(super) fn pending_skip(&self) -> u64 {
        self.skip
    }

    /// Passes over `n` bytes, read or not.
    pub(super) fn skip(&mut self, n: u64) {
        let here = usize::try_from(n)
            .unwrap_or(usize::MAX)
            .min(self.unread().len());
        self.start = self.start.wrapping_add(here);
        self.offset = self.offset.wrapping_add(here as u64);
        self.skip = n.saturating_sub(here as u64);
    }

    /// One `read`, of at most the block size. Ok(0) is the end of the stream.
    pub(super) fn fill(
        &mut self,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.make_room();
        let block_end = self.block_at.saturating_add(self.block_size);
        let block = self
            .buf
            .get_mut(self.block_at..block_end)
            .unwrap_or_default();
        let n = loop {
            match read(block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A reader that claims more than it was given is broken; do not follow it.
                result => break result?.min(block.len()),
            }
        };
        self.end = self.block_at.saturating_add(n);
        if self.skip > 0 {
            self.skip(self.skip);
        }
        Ok(n)
    }

    /// Moves what is left to just before the block.
    fn make_room(&mut self) {
        let left = self.end.saturating_sub(self.start);
        if left > self.block_at {
            let mut bigger = Self {
                buf: Vec::new(),
                ..*self
            };
            bigger.allocate(left.next_power_of_two());
            let from = bigger.block_at.saturating_sub(left);
            if let Some(target) = bigger.buf.get_mut(from..bigger.block_at) {
                target.copy_from_slice(self.unread());
            }
            *self = bigger;
            self.start = from;
        } else {
            let from = self.block_at.saturating_sub(left);
            self.buf.copy_within(self.start..self.end, from);
            self.start = from;
        }
        self.end = self.block_at;
    }

    fn allocate(&mut self, headroom: usize) {
        // PAGE more, so that the block can be moved to a page boundary.
        let size = headroom
            .saturating_add(PAGE)
            .saturating_add(self.block_size);
        self.buf = vec![0; size];
        let padding = self
            .buf
            .get(headroom..)
            .map_or(0, |rest| rest.as_ptr().align_offset(PAGE));
        self.block_at = headroom.saturating_add(padding.min(PAGE));
        self.start = self.block_at;
        self.end = self.block_at;
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn leftovers_of_any_size_survive_the_next_read() {
        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        for keep in [0, 1, 4095, 70_000, 900_000] {
            let mut reader = &data[..];
            let mut buffer = BlockBuffer::new(8192);
            let mut seen = Vec::new();
            loop {
                let n = buffer.fill(|b| reader.read(b)).unwrap();
                let len = buffer.unread().len();
                let take = if n == 0 {
                    len
                } else {
                    len.saturating_sub(keep)
                };
                seen.extend_from_slice(buffer.take(take, 0, take));
                assert_eq!(buffer.offset(), seen.len() as u64);
                if n == 0 {
                    break;
                }
            }
            assert!(seen == data, "keep {keep}");
        }
    }

    #[test]
    fn skips_reach_beyond_the_buffer() {
        let data: Vec<u8> = (0..100_000_u32).map(|n| (n / 400) as u8).collect();
        let mut reader = &data[..];
        let mut buffer = BlockBuffer::new(4096);
        buffer.fill(|b| reader.read(b)).unwrap();
        buffer.skip(40_000);
        while buffer.unread().is_empty() {
            assert_ne!(buffer.fill(|b| reader.read(b)).unwrap(), 0);
        }
        assert_eq!(buffer.offset(), 40_000);
        assert_eq!(buffer.unread()[0], 100);
        buffer.skip(1 << 40);
        while buffer.fill(|b| reader.read(b)).unwrap() != 0 {}
        assert_eq!(buffer.offset(), 100_000);
        assert_eq!(buffer.pending_skip(), (1 << 40) - 60_000);
    }

    #[test]
    fn interrupted_reads_are_tried_again() {
        let mut calls = 0;
        let mut buffer = BlockBuffer::new(4096);
        let n = buffer.fill(|b| {
            calls += 1;
            if calls == 1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            b[..3].copy_from_slice(b"abc");
            Ok(3)
        });
        assert_eq!(n.unwrap(), 3);
        assert_eq!(buffer.unread(), b"abc");
    }
}
