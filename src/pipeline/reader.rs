//! The reader: takes frames from the inputs, decodes and triages them, fills batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::Progress;
use super::batch::{Batch, Pushed};
use super::contacts::Contacts;
use super::crew::{Queue, Shared, Taken};
use super::early::Early;
use super::live::House;
use super::progress::Mark;
use crate::live::{Opened, TapStats};
use crate::names::dns::Glance;
use crate::names::stream::Hint;
use crate::packet::{self, Packet, Path, Stop, Transport};
use crate::rules::RuleSet;
use crate::source::filter::{Filter, FilterError};
use crate::source::{self, Capture, CaptureReport, Fill, Frame, Frames, Input, SourceError};
use crate::stats::{GapCounts, ReaderStats, bump};
use crate::stream::defrag::{Defragmenter, Limits};
use crate::stream::roles::Start;
use crate::time::Timestamp;
use crate::triage::{self, AHEAD, HeadStats, Triage, Verdict};

/// An epoch ends after this many blocks even where no batch is full, so that alerts do not wait.
const BLOCKS_PER_EPOCH: u32 = 64;

/// Where so many of [`AHEAD`] packets asked the table of heads, the next ones are looked at ahead: in a flood of SYNs. With
/// fewer it costs as much as it saves.
const MANY_ASKED: u64 = 12;

/// Where so many of [`AHEAD`] packets were usual DNS messages, the next ones are looked at early.
const MANY_MESSAGES: u64 = 8;

/// The port of DNS.
const DNS: u16 = 53;

/// Why an input was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be read, or it is damaged.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The user's BPF expression makes no sense for its link type.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// What became of one input.
#[derive(Debug)]
pub struct InputReport {
    /// The input's name as it is shown.
    pub name: String,
    /// What its reader says of it; `None` where it could not be opened.
    pub report: Option<CaptureReport>,
    /// Of an interface: what was counted of it.
    pub tap: Option<TapStats>,
    /// Of an interface: the beginnings of connections at it.
    pub heads: HeadStats,
    /// What went wrong with it.
    pub error: Option<InputError>,
}

/// An input that was begun.
pub(super) struct InputRead {
    /// Its number in the order of all inputs.
    pub(super) index: usize,
    pub(super) report: InputReport,
    /// Why frames of it were not read.
    pub(super) gaps: GapCounts,
}

/// One end of the channels to a worker.
pub(super) struct Lane {
    pub(super) full: Sender<Batch>,
    pub(super) empty: Receiver<Batch>,
}

/// The workers are gone: the collector stopped them.
pub(super) struct Closed;

pub(super) struct Reader<'a> {
    pub(super) lanes: Vec<Lane>,
    pub(super) batches: Vec<Batch>,
    pub(super) pending: bool,
    pub(super) epoch: u64,
    pub(super) input: usize,
    pub(super) filter: Option<Filter>,
    progress: &'a Progress,
    stop: &'a Arc<AtomicBool>,
    pub(super) stats: ReaderStats,
    /// The earliest and the latest time of a frame: the latest is before the earliest as long as there is none.
    first: Timestamp,
    last: Timestamp,
    pub(super) triage: Triage,
    /// Many packets ask for what triage keeps.
    look_ahead: bool,
    /// Many packets are DNS.
    look_early: bool,
    pub(super) early: Early,
    /// Where names are matched: what for.
    pub(super) rules: Option<Arc<RuleSet>>,
    /// They are many, and no packets are left out.
    pub(super) far_rules: bool,
    pub(super) glance: Glance,
    pub(super) defragmenter: Defragmenter<Tag>,
    /// How many payloads were forwarded: their order, whatever packet they stood in.
    serial: u64,
    /// Scratch: what was opened around it.
    pub(super) path: Path,
    /// Scratch: the payload of a datagram out of fragments, and the packet that is made of it.
    pub(super) payload: Vec<u8>,
    pub(super) rebuilt: Vec<u8>,
    /// What is known of addresses.
    pub(super) contacts: Contacts,
    /// What a live link needs beside.
    pub(super) live: Option<House<'a>>,
}

/// What is known of a datagram's first fragment: what was opened around it, where it was seen, and how many datagrams out
/// of fragments it stood in.
pub(super) type Tag = (Path, At, u8);

/// Where in the capture something was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct At {
    /// Number of the packet, from 1.
    pub(super) number: u64,
    pub(super) timestamp: Timestamp,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        lanes: Vec<Lane>,
        rules: Option<Arc<RuleSet>>,
        filter: Option<Filter>,
        shared: Shared<'a>,
    ) -> Self {
        let batches = lanes.iter().map(|_| Batch::new()).collect();
        let contacts = Contacts::new(rules.as_deref(), shared.resolves);
        let far_rules = filter.is_none() && rules.as_deref().is_some_and(Early::suits);
        Self {
            lanes,
            batches,
            pending: false,
            epoch: 0,
            input: 0,
            filter,
            progress: shared.progress,
            stop: shared.stop,
            stats: ReaderStats::default(),
            first: Timestamp::from_nanos(i64::MAX),
            last: Timestamp::from_nanos(i64::MIN),
            triage: Triage::default(),
            look_ahead: false,
            look_early: false,
            early: Early::default(),
            rules,
            far_rules,
            glance: Glance::default(),
            defragmenter: Defragmenter::new(Limits::default()),
            serial: 0,
            path: Path::default(),
            payload: Vec::new(),
            rebuilt: Vec::new(),
            contacts,
            live: shared.live.map(House::new),
        }
    }

    /// Reads inputs as long as there are some. Ends early where the stop flag is set or the workers are gone. On a live link
    /// it reads one, also where it is to stop before it began: what the ring holds by then is read.
    pub(super) fn run(
        mut self,
        queue: &Queue<'_>,
        options: &source::Options,
    ) -> (ReaderStats, Vec<InputRead>) {
        let mut inputs = Vec::new();
        while (self.live.is_some() || !self.stop.load(Ordering::Relaxed))
            && let Some((index, taken)) = queue.take()
        {
            self.input = index;
            let (report, closed) = match taken {
                Taken::Capture(input) => self.capture(input, options),
                Taken::Tap(mut tap) => {
                    let name = tap.stats().interface.clone();
                    match tap.0 {
                        #[cfg(target_os = "linux")]
                        Opened::Ring(tap) => self.frames(name, *tap),
                        Opened::Libpcap(tap) => self.frames(name, *tap),
                    }
                }
            };
            let mut gaps = std::mem::take(&mut self.stats.gaps);
            gaps.settle();
            inputs.push(InputRead {
                index,
                report,
                gaps,
            });
            if closed || self.end_input().is_err() || self.live.is_some() {
                break;
            }
        }
        if self.first <= self.last {
            self.stats.first = Some(self.first);
            self.stats.last = Some(self.last);
        }
        self.stats.fragments = *self.defragmenter.stats();
        self.stats.heads = self.triage.stats();
        self.stats.bound = self.contacts.stats();
        (self.stats, inputs)
    }

    fn capture(&mut self, input: &Input, options: &source::Options) -> (InputReport, bool) {
        let name = input.to_string();
        match Capture::open(input, options, self.stop) {
            Ok(capture) => self.frames(name, capture),
            Err(error) => {
                let report = InputReport {
                    name,
                    report: None,
                    tap: None,
                    heads: HeadStats::default(),
                    error: Some(error.into()),
                };
                (report, false)
            }
        }
    }

    /// Reads one input to its end. True where the workers are gone.
    fn frames(&mut self, name: String, mut frames: impl Frames) -> (InputReport, bool) {
        let mut mark = Mark::default();
        let ended = self.read(&mut frames, &mut mark);
        // Also where the capture breaks off: what came before counts.
        let ended = ended.and(self.finish_fragments());
        let (error, closed) = match ended {
            Ok(()) => (None, false),
            Err(Ended::Error(error)) => (Some(error), false),
            Err(Ended::Closed) => (None, true),
        };
        self.update(&mut mark, &frames);
        self.stats.add_input(frames.report());
        let tap = frames.link().map(|link| link.stats().clone());
        if let Some(tap) = &tap {
            self.stats.ring_dropped = self.stats.ring_dropped.saturating_add(tap.dropped);
        }
        let heads = match &tap {
            Some(_) => self.triage.stats(),
            None => HeadStats::default(),
        };
        let report = InputReport {
            name,
            report: Some(frames.report().clone()),
            tap,
            heads,
            error,
        };
        (report, closed)
    }

    fn update(&self, mark: &mut Mark, capture: &impl Frames) {
        mark.update(self.progress, capture.progress(), capture.report().frames);
    }

    fn read(&mut self, capture: &mut impl Frames, mark: &mut Mark) -> Result<(), Ended> {
        let mut blocks = 0u32;
        loop {
            if self.live.is_some() {
                self.renew_rules()?;
            }
            while self.some_frames(capture)? {}
            blocks = blocks.wrapping_add(1);
            self.update(mark, capture);
            let due = capture.is_stream() || blocks.is_multiple_of(BLOCKS_PER_EPOCH);
            if self.live.is_some() {
                // It ends by itself when it is asked to, and what it holds is read.
                self.keep_house(capture)?;
            } else {
                if due {
                    self.flush()?;
                }
                if self.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
            match capture.fill() {
                Ok(Fill::More) => {}
                Ok(Fill::End | Fill::Stopped) => return Ok(()),
                Err(error) => return Err(Ended::Error(error.into())),
            }
        }
    }

    /// The next frames of what is in the buffer; false where that was all.
    #[inline(always)]
    fn some_frames(&mut self, capture: &mut impl Frames) -> Result<bool, Ended> {
        let asked = self.triage.asked();
        if self.look_ahead {
            let frames = capture.ahead();
            self.triage
                .touch(frames.filter_map(|(link, frame)| packet::plainest(link, frame)));
        }
        let messages = self.stats.glanced.messages;
        self.early.clear();
        if self.look_early
            && !self.contacts.is_on()
            && let Some(rules) = self.rules.as_deref()
        {
            self.early.look(capture.ahead(), &mut self.glance, rules);
        }
        for _ in 0..AHEAD {
            match capture.next_buffered() {
                Ok(Some(frame)) => {
                    if !self.early.is_done() && self.was_innocent(&frame) {
                        continue;
                    }
                    self.frame(&frame)?;
                }
                Ok(None) => return Ok(false),
                Err(error) => return Err(Ended::Error(error.into())),
            }
        }
        self.look_ahead = self.triage.asked().wrapping_sub(asked) >= MANY_ASKED;
        self.look_early =
            self.far_rules && self.stats.glanced.messages.wrapping_sub(messages) >= MANY_MESSAGES;
        Ok(true)
    }

    /// A frame without a time of its own, at the beginning of a capture, has that of the epoch.
    #[inline(always)]
    pub(super) fn time(&mut self, now: Timestamp) {
        if now != Timestamp::default() {
            self.first = self.first.min(now);
            self.last = self.last.max(now);
        }
    }

    #[inline(always)] // otherwise it is called, for there is a loop for each source: a sixth more instructions
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Ended> {
        let now = frame.timestamp;
        self.time(now);
        let stats = &mut self.stats;
        if let Some(filter) = &mut self.filter
            && !filter
                .accepts(frame)
                .map_err(|error| Ended::Error(error.into()))?
        {
            bump(&mut stats.filtered);
            return Ok(());
        }
        let at = At {
            number: frame.number,
            timestamp: now,
        };
        let Some((ip, transport)) = packet::plainest(frame.link, frame.data) else {
            return self.any_frame(at, frame);
        };
        if self.contacts.is_on() && self.may_concern(&ip) {
            self.plain_contact(at, ip, transport)?;
        }
        if let Transport::Udp(datagram) = transport
            && triage::is_plain_dns(&datagram)
            && self.is_innocent(at, datagram.payload)
        {
            return Ok(());
        }
        if self.triage.forgets(&ip, &transport) || self.triage.notes(&ip, &transport, now) {
            return Ok(());
        }
        // Only here it is put together.
        let cut = false;
        self.plain_packet(at, &Packet { ip, transport, cut })
    }

    /// What is not forgotten at once.
    #[inline(never)]
    fn plain_packet(&mut self, at: At, view: &Packet<'_>) -> Result<(), Ended> {
        self.path.clear();
        self.packet(at, view)
    }

    /// A frame that has more to it than most.
    #[inline(never)]
    fn any_frame(&mut self, at: At, frame: &Frame<'_>) -> Result<(), Ended> {
        if self.contacts.is_on()
            && let Some(view) = packet::tunnel_datagram(frame.link, frame.data, &mut self.path)
        {
            self.contact(at, &view)?;
        }
        match packet::decode(frame.link, frame.data, &mut self.path) {
            Ok(view) => self.any_packet(at, &view),
            Err(Stop::Gap(gap)) => {
                self.stats.gaps.add(gap);
                Ok(())
            }
            Err(stop) => self.parts(at, stop, 0),
        }
    }

    /// A packet that was found in a frame, or put together out of several.
    pub(super) fn any_packet(&mut self, at: At, view: &Packet<'_>) -> Result<(), Ended> {
        if self.contacts.is_on() {
            self.contact(at, view)?;
        }
        self.packet(at, view)
    }

    fn packet(&mut self, at: At, view: &Packet<'_>) -> Result<(), Ended> {
        match self.triage.packet(view, at.timestamp) {
            Verdict::Forget => Ok(()),
            Verdict::Forward(triage::Reader::Dns)
                if !view.cut && self.is_innocent(at, view.transport.payload()) =>
            {
                Ok(())
            }
            Verdict::Unread(what) => {
                if let Some(n) = self.stats.unread.get_mut(what as usize) {
                    bump(n);
                }
                Ok(())
            }
            Verdict::Forward(triage::Reader::Stream(part, Hint::Any))
                if part.begins
                    && part.last
                    && part.alone
                    && part.start == Start::Opener
                    && !view.cut =>
            {
                self.hello(at, view, part)
            }
            Verdict::Forward(reader) => {
                if matches!(reader, triage::Reader::Dns | triage::Reader::DnsShaped) {
                    self.learn(at, view.transport.payload());
                } else if let Transport::Tcp(segment) = &view.transport
                    && segment.sport == DNS
                    && let Some((_, message)) = segment.payload.split_first_chunk::<2>()
                {
                    // Nearly always a message is one segment.
                    self.learn(at, message);
                }
                self.forward(at, view, reader)
            }
        }
    }

    #[inline(never)]
    pub(super) fn forward(
        &mut self,
        at: At,
        view: &Packet<'_>,
        reader: triage::Reader,
    ) -> Result<(), Ended> {
        let flow = view.flow();
        // A single worker needs no shard for what is read without state.
        let shard = if self.batches.len() > 1 || reader.keeps_state() {
            flow.shard()
        } else {
            0
        };
        let lane = usize::from(shard)
            .checked_rem(self.batches.len())
            .unwrap_or(0);
        self.mark_pending();
        bump(&mut self.stats.forwarded);
        if let Transport::Tcp(segment) = &view.transport
            && segment.flags.is_urgent()
            && !segment.payload.is_empty()
        {
            bump(&mut self.stats.urgent);
        }
        if self.path.is_cut() {
            bump(&mut self.stats.paths_cut);
        }
        self.serial = self.serial.wrapping_add(1);
        let bound = self.contacts.is_bound(&view.ip, at.timestamp);
        let Some(batch) = self.batches.get_mut(lane) else {
            return Ok(());
        };
        let pushed = batch.push(
            at,
            self.serial,
            view,
            (flow, shard, bound),
            reader,
            self.path.hops(),
        );
        if pushed == Pushed::Capped {
            bump(&mut self.stats.capped);
        }
        if batch.is_full() {
            self.flush()?;
        }
        Ok(())
    }

    /// There is something to flush.
    pub(super) fn mark_pending(&mut self) {
        if !self.pending {
            self.pending = true;
            let now = Instant::now();
            for batch in &mut self.batches {
                batch.born = now;
            }
        }
    }

    /// Ends an input for the workers, in an epoch of its own.
    fn end_input(&mut self) -> Result<(), Closed> {
        self.flush()?;
        self.mark_pending();
        for batch in &mut self.batches {
            batch.last = true;
        }
        self.triage.clear();
        self.contacts.clear();
        self.flush()
    }

    /// Closes the epoch: sends every worker its batch, empty ones too.
    pub(super) fn flush(&mut self) -> Result<(), Closed> {
        if !self.pending {
            return Ok(());
        }
        if self.live.is_some() {
            return self.flush_live();
        }
        for (lane, batch) in self.lanes.iter().zip(&mut self.batches) {
            batch.epoch = self.epoch;
            batch.input = self.input;
            batch.rules.clone_from(&self.rules);
            let mut next = lane.empty.recv().map_err(|_| Closed)?;
            next.clear();
            let full = std::mem::replace(batch, next);
            lane.full.send(full).map_err(|_| Closed)?;
        }
        self.epoch = self.epoch.wrapping_add(1);
        self.pending = false;
        Ok(())
    }
}

/// Why an input was left before its end.
pub(super) enum Ended {
    Error(InputError),
    Closed,
}

impl From<Closed> for Ended {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}
