//! How interfaces are captured.

use std::time::Duration;

/// How the threads of an interface share its frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fanout {
    /// By a hash of addresses and ports that is the same both ways. The kernel puts IPv4 fragments together first, and
    /// those that stay incomplete are not seen.
    Hash,
    /// By both addresses: all packets between two hosts go to one thread, fragments as well.
    #[default]
    Addresses,
    /// By the processor that took the frame from the card: right where the card shares flows out both ways alike.
    Cpu,
    /// By the card's queue: the same.
    Queue,
}

/// Whose clock gives frames their time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's, in nanoseconds.
    #[default]
    Host,
    /// The network card's, where it has one.
    Card,
}

/// By what frames are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The kernel's ring of blocks: Linux.
    Ring,
    /// libpcap.
    Libpcap,
}

impl Default for Method {
    fn default() -> Self {
        if cfg!(target_os = "linux") {
            Self::Ring
        } else {
            Self::Libpcap
        }
    }
}

/// How an interface is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// By what.
    pub method: Method,
    /// Bytes of a thread's ring.
    pub ring_bytes: u64,
    /// Bytes of a block of it: a power of two of at least 64 KiB.
    pub block_bytes: u32,
    /// After so long the kernel hands a block over that is not full.
    pub block_timeout: Duration,
    /// How the threads of an interface share its frames.
    pub fanout: Fanout,
    /// Take all frames on the link, not only those for this machine.
    pub promiscuous: bool,
    /// Leave bulk in the kernel.
    pub kernel_filter: bool,
    /// Whose clock counts.
    pub clock: Clock,
}

impl Options {
    /// Fewest and most bytes of a block.
    pub const BLOCK_BYTES: (u32, u32) = (64 << 10, 16 << 20);

    /// How many blocks the ring has: at least two.
    pub(super) fn blocks(&self) -> u32 {
        let blocks = self.ring_bytes.checked_div(u64::from(self.block_bytes));
        u32::try_from(blocks.unwrap_or(0))
            .unwrap_or(u32::MAX)
            .max(2)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: Method::default(),
            ring_bytes: 64 << 20,
            block_bytes: 256 << 10,
            block_timeout: Duration::from_millis(20),
            fanout: Fanout::Addresses,
            promiscuous: true,
            kernel_filter: true,
            clock: Clock::Host,
        }
    }
}
