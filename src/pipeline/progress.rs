//! How far the readers are, for those who watch.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How far all readers together are. Brought up to date once a block.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    packets: AtomicU64,
    first: OnceLock<Instant>,
}

impl Progress {
    /// Bytes of the inputs consumed so far, as they lie on disk.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// When the first packets had been read.
    pub fn first_packets(&self) -> Option<Instant> {
        self.first.get().copied()
    }
}

/// How far one reader is in one input.
#[derive(Debug, Default)]
pub(super) struct Mark {
    bytes: u64,
    packets: u64,
}

impl Mark {
    /// The reader has come so far.
    pub(super) fn update(&mut self, progress: &Progress, bytes: u64, packets: u64) {
        if packets != 0 {
            progress.first.get_or_init(Instant::now);
        }
        for (mark, now, sum) in [
            (&mut self.bytes, bytes, &progress.bytes),
            (&mut self.packets, packets, &progress.packets),
        ] {
            sum.fetch_add(now.saturating_sub(*mark), Ordering::Relaxed);
            *mark = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_add_up() {
        let progress = Progress::default();
        let (mut one, mut other) = (Mark::default(), Mark::default());
        one.update(&progress, 24, 0);
        assert!(progress.first_packets().is_none());
        one.update(&progress, 100, 2);
        other.update(&progress, 50, 1);
        one.update(&progress, 150, 3);
        assert_eq!((progress.bytes(), progress.packets()), (200, 4));
        assert!(progress.first_packets().is_some());
    }
}
