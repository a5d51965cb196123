//! What was counted: each thread keeps its own numbers and they are added up at the end.

use std::collections::HashMap;

use crate::names::Kind;
use crate::packet::Gap;
use crate::source::CaptureReport;
use crate::time::Timestamp;
use crate::triage::Unread;

/// How many different gaps are told apart. A capture of random bytes has thousands.
const MAX_GAPS: usize = 512;

/// Counts gaps by their reason, in bounded space.
#[derive(Debug, Clone, Default)]
pub struct GapCounts {
    counts: HashMap<Gap, u64>,
    others: u64,
}

impl GapCounts {
    /// Counts one.
    pub fn add(&mut self, gap: Gap) {
        if let Some(n) = self.counts.get_mut(&gap) {
            *n = n.saturating_add(1);
        } else if self.counts.len() < MAX_GAPS {
            self.counts.insert(gap, 1);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }

    /// The counts, most first; equal counts in the order of the reasons.
    pub fn sorted(&self) -> Vec<(Gap, u64)> {
        let mut all: Vec<_> = self.counts.iter().map(|(&gap, &n)| (gap, n)).collect();
        all.sort_by_key(|&(gap, n)| (std::cmp::Reverse(n), gap));
        all
    }

    /// Gaps beyond the bound of different reasons.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Frames in which a name may have passed unseen.
    pub fn may_hide_names(&self) -> u64 {
        self.counts
            .iter()
            .filter(|(gap, _)| gap.may_hide_names())
            .fold(self.others, |sum, (_, &n)| sum.saturating_add(n))
    }
}

/// What the reader counts.
#[derive(Debug, Clone, Default)]
pub struct ReaderStats {
    /// Frames taken from the inputs.
    pub packets: u64,
    /// Their captured bytes.
    pub bytes: u64,
    /// Their bytes on the wire.
    pub wire_bytes: u64,
    /// Frames of which the capture holds only a part (snap length).
    pub snapped: u64,
    /// Packets that the captures themselves say were lost before they were written.
    pub lost_before: u64,
    /// Frames that the user's BPF expression left out.
    pub filtered: u64,
    /// Frames that gave no TCP segment or UDP datagram, by reason.
    pub gaps: GapCounts,
    /// First fragments: read as far as they go.
    pub first_fragments: u64,
    /// Packets that may name a host in a way that is not read, indexed by [`Unread`].
    pub unread: [u64; Unread::ALL.len()],
    /// Payloads given to workers.
    pub forwarded: u64,
    /// Payloads longer than what is forwarded at most.
    pub capped: u64,
    /// Earliest timestamp of a frame.
    pub first: Option<Timestamp>,
    /// Latest timestamp of a frame.
    pub last: Option<Timestamp>,
}

impl ReaderStats {
    /// Adds what an input's own report counted frame by frame.
    pub fn add_input(&mut self, report: &CaptureReport) {
        for (sum, n) in [
            (&mut self.packets, report.frames),
            (&mut self.bytes, report.captured_bytes),
            (&mut self.wire_bytes, report.original_bytes),
            (&mut self.snapped, report.cut_frames),
            (&mut self.lost_before, report.capture_losses()),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}

/// What a worker counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerStats {
    /// Names seen, by [`Kind`].
    pub names: [u64; Kind::COUNT],
    /// Names longer than a name can be; not reported.
    pub too_long: u64,
    /// DNS messages read to their end.
    pub dns_whole: u64,
    /// DNS messages of which the capture holds only the beginning; read as far as they go.
    pub dns_short: u64,
    /// DNS messages that contradict themselves; read as far as they go.
    pub dns_malformed: u64,
    /// Payloads on port 53 that are not DNS.
    pub dns_not: u64,
    /// ClientHellos with a server name.
    pub hello_named: u64,
    /// ClientHellos that name no host.
    pub hello_nameless: u64,
    /// ClientHellos whose server name is in another segment.
    pub hello_incomplete: u64,
    /// ClientHellos that contradict themselves before a server name.
    pub hello_malformed: u64,
    /// ClientHellos with an encrypted inner hello.
    pub hello_ech: u64,
}

impl WorkerStats {
    /// Adds another worker's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in self.names.iter_mut().zip(other.names) {
            *sum = sum.saturating_add(n);
        }
        for (sum, n) in [
            (&mut self.too_long, other.too_long),
            (&mut self.dns_whole, other.dns_whole),
            (&mut self.dns_short, other.dns_short),
            (&mut self.dns_malformed, other.dns_malformed),
            (&mut self.dns_not, other.dns_not),
            (&mut self.hello_named, other.hello_named),
            (&mut self.hello_nameless, other.hello_nameless),
            (&mut self.hello_incomplete, other.hello_incomplete),
            (&mut self.hello_malformed, other.hello_malformed),
            (&mut self.hello_ech, other.hello_ech),
        ] {
            *sum = sum.saturating_add(n);
        }
    }

    /// All names.
    pub fn names_total(&self) -> u64 {
        self.names.iter().fold(0, |sum, &n| sum.saturating_add(n))
    }
}

/// Adds one to a counter without a panic at its end.
#[inline]
pub fn bump(counter: &mut u64) {
    *counter = counter.wrapping_add(1);
}
