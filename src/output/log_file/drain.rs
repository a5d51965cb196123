//! Lines from the backlog to a file or pipe, so that short writes and errors leave no torn line.

use std::io;

use super::backlog::{Backlog, Taken, after_last_line};

/// What a pipe takes at once or not at all (`PIPE_BUF`; 4096 on Linux, at least 512 by POSIX).
pub(super) const PIPE_CHUNK: usize = 4096;

/// What lines are written to. Tests put one here that fails.
pub(super) trait Medium {
    /// One write at the end. May be short.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Takes back the last `torn` bytes that were written.
    fn cut(&mut self, torn: usize) -> io::Result<()>;
}

/// How a write ended.
#[derive(Debug, Default)]
pub(super) struct Drained {
    /// What is out, in whole lines.
    pub(super) taken: Taken,
    /// Why not all is out.
    pub(super) error: Option<io::Error>,
    /// A part of a line is at the end of the file and could not be cut off.
    pub(super) torn: bool,
}

/// Writes the chunk of at most `limit` bytes to a file: with one write(2), unless the kernel takes less.
///
/// The rest after a short write is tried at once, since only that tells why it was short. If it
/// fails, what is there of a line is cut off again.
pub(super) fn to_file(backlog: &mut Backlog, medium: &mut impl Medium, limit: usize) -> Drained {
    let chunk = backlog.chunk(limit);
    let mut done = 0;
    let mut error = None;
    while let Some(rest) = chunk.get(done..).filter(|rest| !rest.is_empty()) {
        match write(medium, rest) {
            Ok(n) => done = done.saturating_add(n),
            Err(e) => {
                error = Some(e);
                break;
            }
        }
    }
    let whole = after_last_line(chunk.get(..done).unwrap_or_default());
    let torn = done.saturating_sub(whole);
    let torn = torn > 0 && medium.cut(torn).is_err();
    Drained {
        taken: backlog.advance(whole),
        error,
        torn,
    }
}

/// Writes one chunk to a pipe or device, which keeps what it took: the next chunk goes on from there.
pub(super) fn to_pipe(backlog: &mut Backlog, medium: &mut impl Medium) -> Drained {
    match write(medium, backlog.chunk(PIPE_CHUNK)) {
        Ok(n) => Drained {
            taken: backlog.advance(n),
            ..Drained::default()
        },
        Err(e) => Drained {
            error: Some(e),
            ..Drained::default()
        },
    }
}

/// One write that took at least a byte.
pub(super) fn write(medium: &mut impl Medium, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match medium.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => return Ok(n.min(bytes.len())),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    /// Takes any number of bytes, or fails, as a pseudo-random sequence says.
    struct Moody {
        state: u64,
        stored: Vec<u8>,
    }

    impl Moody {
        fn next(&mut self, below: usize) -> usize {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            usize::try_from(self.state % u64::try_from(below).unwrap()).unwrap()
        }
    }

    impl Medium for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.next(8) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Ok(0),
                3 | 4 => {
                    let n = self.next(bytes.len() + 1);
                    self.stored.extend_from_slice(&bytes[..n]);
                    Ok(n)
                }
                _ => {
                    self.stored.extend_from_slice(bytes);
                    Ok(bytes.len())
                }
            }
        }

        fn cut(&mut self, torn: usize) -> io::Result<()> {
            self.stored.truncate(self.stored.len() - torn);
            Ok(())
        }
    }

    /// Returns what was accepted and the medium after it was written.
    fn run(seed: u64, check: impl Fn(&Moody), pipe: bool) -> (Vec<u8>, Moody) {
        let mut medium = Moody {
            state: seed * 2 + 1,
            stored: Vec::new(),
        };
        let mut backlog = Backlog::new(200);
        let mut accepted = Vec::new();
        let mut lines = 0;
        for n in 0..60 {
            let line = format!("{n}{}\n", "x".repeat(medium.next(50)));
            if backlog.push(line.as_bytes()) {
                accepted.extend_from_slice(line.as_bytes());
            }
            let limit = medium.next(300);
            let drained = if pipe {
                to_pipe(&mut backlog, &mut medium)
            } else {
                to_file(&mut backlog, &mut medium, limit)
            };
            assert!(!drained.torn);
            lines += drained.taken.lines;
            check(&medium);
        }
        while !backlog.is_empty() {
            let drained = if pipe {
                to_pipe(&mut backlog, &mut medium)
            } else {
                to_file(&mut backlog, &mut medium, 100)
            };
            lines += drained.taken.lines;
        }
        assert_eq!(lines, super::super::backlog::count(&accepted));
        (accepted, medium)
    }

    #[test]
    fn no_sequence_of_short_writes_and_errors_leaves_a_torn_line() {
        for seed in 0..2_000 {
            let whole = |m: &Moody| {
                assert!(
                    m.stored.last().is_none_or(|b| *b == b'\n'),
                    "torn line with seed {seed}"
                );
            };
            let (accepted, medium) = run(seed, whole, false);
            assert_eq!(medium.stored, accepted, "seed {seed}");
        }
    }

    #[test]
    fn a_pipe_gets_every_byte_once_and_in_order() {
        for seed in 0..2_000 {
            let (accepted, medium) = run(seed, |_| {}, true);
            assert_eq!(medium.stored, accepted, "seed {seed}");
        }
    }

    #[test]
    fn many_lines_are_one_write() {
        struct Plain(Vec<Vec<u8>>);
        impl Medium for Plain {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }
            fn cut(&mut self, _: usize) -> io::Result<()> {
                Err(io::ErrorKind::Unsupported.into())
            }
        }
        let mut backlog = Backlog::new(1 << 20);
        for n in 0..10_000 {
            assert!(backlog.push(format!("{n}").as_bytes()));
        }
        let mut medium = Plain(Vec::new());
        let drained = to_file(&mut backlog, &mut medium, usize::MAX);
        assert_eq!(drained.taken.lines, 10_000);
        assert_eq!(medium.0.len(), 1);
    }

    #[test]
    fn a_part_that_cannot_be_cut_off_is_told() {
        struct Stubborn(bool);
        impl Medium for Stubborn {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                Ok(2)
            }
            fn cut(&mut self, _: usize) -> io::Result<()> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let mut backlog = Backlog::new(100);
        backlog.push(b"abcdef");
        let drained = to_file(&mut backlog, &mut Stubborn(false), 100);
        assert!(drained.torn);
        assert_eq!(drained.taken, Taken::default());
        assert_eq!(backlog.chunk(100), b"abcdef\n");
    }
}
