//! Whole lines that wait to be written: bounded in bytes, first in, first out.

/// Queued lines. Every one ends with a line end.
///
/// When it is full, new lines are refused and old ones stay. The first alerts of a contact tell
/// when it began and which device made it, and nothing that comes later can say so; the later ones
/// mostly say that it goes on. Refusing also leaves one gap in the file, at a place that is known,
/// where dropping the oldest would move the gap for as long as the trouble lasts.
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: Vec<u8>,
    /// Where the first line that is not yet written begins.
    start: usize,
    /// Bytes of the first line that a pipe has already taken.
    sent: usize,
    lines: u64,
    limit: usize,
}

/// What went out of the backlog.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

impl Backlog {
    /// `limit` in bytes, line ends included.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            start: 0,
            sent: 0,
            lines: 0,
            limit,
        }
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().saturating_sub(self.start)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines that wait.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether a line of `length` bytes with its line end has room.
    pub(super) fn fits(&self, length: usize) -> bool {
        self.len().saturating_add(length) <= self.limit
    }

    /// Queues a line, and gives it a line end if it has none. False if there is no room.
    pub(super) fn push(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !self.fits(line.len().saturating_add(1)) {
            return false;
        }
        // What is written is given up by halves, so that a byte is moved only a few times.
        if self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.lines = self.lines.saturating_add(count(line)).saturating_add(1);
        true
    }

    /// All that waits.
    fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Length of the first line, with its line end; 0 if nothing waits.
    pub(super) fn first_line(&self) -> usize {
        whole_lines(self.waiting(), 0)
    }

    /// As many whole lines as `limit` bytes hold, but at least the first. After a pipe took a part
    /// of the first line, the rest of that line.
    pub(super) fn chunk(&self, limit: usize) -> &[u8] {
        let waiting = self.waiting();
        if self.sent > 0 {
            return waiting
                .get(self.sent..self.first_line())
                .unwrap_or_default();
        }
        waiting
            .get(..whole_lines(waiting, limit))
            .unwrap_or_default()
    }

    /// `n` bytes of the last chunk are out for good. Returns the lines that this completes.
    pub(super) fn advance(&mut self, n: usize) -> Taken {
        let out = self.sent.saturating_add(n).min(self.len());
        let head = self.waiting().get(..out).unwrap_or_default();
        let whole = after_last_line(head);
        let lines = count(head);
        self.sent = out.saturating_sub(whole);
        self.start = self.start.saturating_add(whole);
        self.lines = self.lines.saturating_sub(lines);
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
        Taken {
            lines,
            bytes: u64::try_from(whole).unwrap_or(u64::MAX),
        }
    }

    /// The next chunk begins with a whole line again: another reader is to get it.
    pub(super) fn rewind(&mut self) {
        self.sent = 0;
    }

    /// Gives everything up. Returns how many lines that were.
    pub(super) fn clear(&mut self) -> u64 {
        self.bytes.clear();
        self.start = 0;
        self.sent = 0;
        std::mem::take(&mut self.lines)
    }
}

/// Line ends in `bytes`.
pub(super) fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap_or(u64::MAX)
}

/// Where the line after the last line end of `bytes` begins.
pub(super) fn after_last_line(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at.saturating_add(1))
}

/// Length of the longest run of whole lines within `limit` bytes, or of the first line if that is
/// longer.
pub(super) fn whole_lines(bytes: &[u8], limit: usize) -> usize {
    let within = after_last_line(bytes.get(..limit).unwrap_or(bytes));
    if within > 0 {
        return within;
    }
    bytes
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |at| at.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_backlog_keeps_the_first_lines() {
        let mut backlog = Backlog::new(8);
        assert!(backlog.push(b"one"));
        assert!(backlog.push(b"two\n"));
        assert!(!backlog.push(b""));
        assert_eq!((backlog.len(), backlog.lines()), (8, 2));
        assert_eq!(backlog.chunk(usize::MAX), b"one\ntwo\n");
        assert_eq!(backlog.advance(4), Taken { lines: 1, bytes: 4 });
        assert!(backlog.push(b"six"));
        assert_eq!(backlog.chunk(usize::MAX), b"two\nsix\n");
    }

    #[test]
    fn chunks_are_whole_lines() {
        let mut backlog = Backlog::new(100);
        for line in [&b"aaaa"[..], b"bb", b"cccccccc"] {
            assert!(backlog.push(line));
        }
        assert_eq!(backlog.first_line(), 5);
        assert_eq!(backlog.chunk(0), b"aaaa\n");
        assert_eq!(backlog.chunk(7), b"aaaa\n");
        assert_eq!(backlog.chunk(8), b"aaaa\nbb\n");
        assert_eq!(backlog.chunk(16), b"aaaa\nbb\n");
        assert_eq!(backlog.chunk(17), b"aaaa\nbb\ncccccccc\n");
    }

    #[test]
    fn a_pipe_gets_the_rest_of_a_line_and_a_new_reader_all_of_it() {
        let mut backlog = Backlog::new(100);
        backlog.push(b"aaaa");
        backlog.push(b"bb");
        assert_eq!(backlog.advance(6), Taken { lines: 1, bytes: 5 });
        assert_eq!(backlog.chunk(100), b"b\n");
        backlog.rewind();
        assert_eq!(backlog.chunk(100), b"bb\n");
        backlog.advance(1);
        assert_eq!(backlog.advance(2), Taken { lines: 1, bytes: 3 });
        assert!(backlog.is_empty());
        assert_eq!(backlog.lines(), 0);
    }

    #[test]
    fn lines_inside_a_line_are_counted() {
        let mut backlog = Backlog::new(100);
        backlog.push(b"a\nb");
        assert_eq!(backlog.lines(), 2);
        assert_eq!(backlog.clear(), 2);
        assert!(backlog.is_empty());
    }
}
