//! What was counted: each thread keeps its own numbers and they are added up at the end.

use std::collections::HashMap;

use crate::names::dns::{End, Glanced};
use crate::names::quic::QuicStats;
use crate::names::tls::HelloStats;
use crate::names::{Kind, dtls, stream};
use crate::packet::Gap;
use crate::pipeline::BoundStats;
use crate::source::CaptureReport;
use crate::stream::defrag::DefragStats;
use crate::stream::table::StreamStats;
use crate::time::Timestamp;
use crate::triage::{HeadStats, Unread};

/// How many different gaps are told apart. A capture of random bytes has thousands.
const MAX_GAPS: usize = 512;

/// Counts gaps by their reason, in bounded space.
#[derive(Debug, Clone, Default)]
pub struct GapCounts {
    counts: HashMap<Gap, u64>,
    others: u64,
    /// The gap counted last and how often in a row: a mirror of a tunnel has one gap for all frames.
    run: Option<(Gap, u64)>,
}

impl GapCounts {
    /// Counts one.
    #[inline]
    pub fn add(&mut self, gap: Gap) {
        match &mut self.run {
            Some((last, n)) if *last == gap => bump(n),
            _ => {
                self.settle();
                self.run = Some((gap, 1));
            }
        }
    }

    /// Puts the current run to the other counts. To be called before they are read.
    pub fn settle(&mut self) {
        if let Some((gap, n)) = self.run.take() {
            self.count(gap, n);
        }
    }

    fn count(&mut self, gap: Gap, n: u64) {
        if let Some(sum) = self.counts.get_mut(&gap) {
            *sum = sum.saturating_add(n);
        } else if self.counts.len() < MAX_GAPS {
            self.counts.insert(gap, n);
        } else {
            self.others = self.others.saturating_add(n);
        }
    }

    /// Adds what was counted of another input. Both have to be settled.
    pub fn merge(&mut self, other: &Self) {
        for (gap, n) in other.sorted() {
            self.count(gap, n);
        }
        self.others = self.others.saturating_add(other.others);
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

/// How much of a table is used. Numbers of several tables are added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill {
    /// Entries.
    pub used: u64,
    /// How many there may be.
    pub limit: u64,
}

impl Fill {
    /// `used` of `limit` entries.
    pub fn new(used: usize, limit: usize) -> Self {
        Self {
            used: used as u64,
            limit: limit as u64,
        }
    }

    /// Adds another table.
    pub fn add(&mut self, other: Self) {
        self.used = self.used.saturating_add(other.used);
        self.limit = self.limit.saturating_add(other.limit);
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
    /// Frames without a timestamp of their own.
    pub untimed: u64,
    /// Blocks of captures with options that break their block; the rest of the block was used.
    pub bad_options: u64,
    /// Packets that the captures themselves say were lost before they were written.
    pub lost_before: u64,
    /// Frames that the user's BPF expression left out.
    pub filtered: u64,
    /// Frames that gave no TCP segment or UDP datagram, by reason.
    pub gaps: GapCounts,
    /// IP datagrams out of fragments.
    pub fragments: DefragStats,
    /// What triage noted and had to forget.
    pub heads: HeadStats,
    /// Addresses that listed names were resolved to.
    pub bound: BoundStats,
    /// How many of them are known, and how many can be.
    pub bound_fill: Fill,
    /// Packets that may name a host in a way that is not read, indexed by [`Unread`].
    pub unread: [u64; Unread::ALL.len()],
    /// Messages of which a glance was enough.
    pub glanced: GlanceStats,
    /// Payloads given to workers.
    pub forwarded: u64,
    /// Packets that the kernel dropped, on a live link: the ring was full.
    pub ring_dropped: u64,
    /// Payloads that workers could not take in time, on a live link: dropped.
    pub dropped: u64,
    /// Payloads longer than what is forwarded at most.
    pub capped: u64,
    /// Forwarded TCP segments with urgent data, of which a receiver usually takes a byte out of the stream.
    pub urgent: u64,
    /// Forwarded payloads inside more tags and tunnels than a path names.
    pub paths_cut: u64,
    /// Directions that triage follows, while it runs.
    pub heads_fill: Fill,
    /// IP datagrams of which fragments wait, while it runs.
    pub fragments_fill: Fill,
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
            (&mut self.untimed, report.untimed_frames),
            (&mut self.bad_options, report.bad_options),
        ] {
            *sum = sum.saturating_add(n);
        }
    }

    /// Adds another reader's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.packets, other.packets),
            (&mut self.bytes, other.bytes),
            (&mut self.wire_bytes, other.wire_bytes),
            (&mut self.snapped, other.snapped),
            (&mut self.untimed, other.untimed),
            (&mut self.bad_options, other.bad_options),
            (&mut self.lost_before, other.lost_before),
            (&mut self.filtered, other.filtered),
            (&mut self.forwarded, other.forwarded),
            (&mut self.ring_dropped, other.ring_dropped),
            (&mut self.dropped, other.dropped),
            (&mut self.capped, other.capped),
            (&mut self.urgent, other.urgent),
            (&mut self.paths_cut, other.paths_cut),
            (&mut self.bound.learned, other.bound.learned),
            (&mut self.bound.forgotten, other.bound.forgotten),
            (&mut self.bound.missed, other.bound.missed),
            (&mut self.bound.beyond, other.bound.beyond),
        ] {
            *sum = sum.saturating_add(n);
        }
        for (sum, n) in self.unread.iter_mut().zip(other.unread) {
            *sum = sum.saturating_add(n);
        }
        self.heads_fill.add(other.heads_fill);
        self.bound_fill.add(other.bound_fill);
        self.fragments_fill.add(other.fragments_fill);
        self.gaps.merge(&other.gaps);
        self.fragments.add(&other.fragments);
        self.heads.add(&other.heads);
        self.glanced.merge(&other.glanced);
        self.first = earlier(self.first, other.first);
        self.last = self.last.max(other.last);
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

/// What the reader itself found to hold no listed name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GlanceStats {
    /// DNS messages.
    pub messages: u64,
    /// Names in their question sections.
    pub questions: u64,
    /// Names in their other sections.
    pub records: u64,
    /// ClientHellos of TLS.
    pub hellos: HelloStats,
}

impl GlanceStats {
    /// Counts a DNS message.
    #[inline]
    pub fn add(&mut self, glanced: Glanced) {
        bump(&mut self.messages);
        self.questions = self.questions.wrapping_add(u64::from(glanced.questions));
        self.records = self.records.wrapping_add(u64::from(glanced.records));
    }

    /// Adds another reader's numbers.
    pub fn merge(&mut self, other: &Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.questions = self.questions.saturating_add(other.questions);
        self.records = self.records.saturating_add(other.records);
        self.hellos.add(&other.hellos);
    }
}

/// DNS messages, by how far they were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DnsStats {
    /// To their end.
    pub whole: u64,
    /// As far as the capture holds them.
    pub short: u64,
    /// Up to, or around, a place that contradicts itself.
    pub malformed: u64,
    /// Up to the bound of names in one message.
    pub too_many: u64,
    /// Payloads on port 53 that are not DNS.
    pub not: u64,
}

impl DnsStats {
    /// Counts a message; `None` is a payload that is not DNS, `cut` one that the capture cut.
    pub fn count(&mut self, end: Option<End>, cut: bool) {
        bump(match end {
            None => &mut self.not,
            Some(End::Whole | End::Trailing(_)) => &mut self.whole,
            Some(End::Short) if cut => &mut self.short,
            Some(End::Short | End::Malformed) => &mut self.malformed,
            Some(End::TooMany) => &mut self.too_many,
        });
    }

    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.whole, other.whole),
            (&mut self.short, other.short),
            (&mut self.malformed, other.malformed),
            (&mut self.too_many, other.too_many),
            (&mut self.not, other.not),
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
    /// DNS messages in datagrams, by how far they were read.
    pub dns: DnsStats,
    /// What was read of TCP streams.
    pub messages: stream::Stats,
    /// What waited for more segments.
    pub streams: StreamStats,
    /// QUIC.
    pub quic: QuicStats,
    /// DTLS.
    pub dtls: dtls::Stats,
    /// Directions of TCP that wait for more segments, while it runs.
    pub streams_fill: Fill,
    /// Their bytes that wait.
    pub stream_bytes: u64,
    /// Flows of QUIC, while it runs.
    pub quic_fill: Fill,
    /// Messages of DTLS, while it runs.
    pub dtls_fill: Fill,
}

impl WorkerStats {
    /// Adds another worker's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in self.names.iter_mut().zip(other.names) {
            *sum = sum.saturating_add(n);
        }
        self.too_long = self.too_long.saturating_add(other.too_long);
        self.dns.add(&other.dns);
        self.messages.add(&other.messages);
        self.streams.add(&other.streams);
        self.quic.add(&other.quic);
        self.dtls.add(&other.dtls);
        self.streams_fill.add(other.streams_fill);
        self.stream_bytes = self.stream_bytes.saturating_add(other.stream_bytes);
        self.quic_fill.add(other.quic_fill);
        self.dtls_fill.add(other.dtls_fill);
    }

    /// Adds what no worker had to read.
    pub fn add_glanced(&mut self, glanced: &GlanceStats) {
        let mut add = |kind: Kind, n: u64| {
            if let Some(sum) = self.names.get_mut(kind as usize) {
                *sum = sum.saturating_add(n);
            }
        };
        add(Kind::DnsQuery, glanced.questions);
        add(Kind::DnsAnswer, glanced.records);
        add(Kind::TlsSni, glanced.hellos.named);
        self.messages.hellos.add(&glanced.hellos);
        self.dns.whole = self.dns.whole.saturating_add(glanced.messages);
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
