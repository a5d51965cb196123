//! An interface through libpcap: for systems without the kernel's ring, and to compare with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use pcap::{Active, Capture, Error};

use super::stats::{State, TapStats};
use super::{Link, Options, TapError};
use crate::source::{CaptureReport, Fill, Frame, Frames, LinkType, SourceError};
use crate::time::Timestamp;

/// So many frames are read before the reader looks around.
const BLOCK: u32 = 1_024;

/// An interface that cannot be opened is tried again after so long, then after twice as long, up to [`LONGEST`].
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// How long nothing is done where there is no interface.
const PATIENCE: Duration = Duration::from_millis(100);

/// The longest frame that is asked for: larger than any.
const SNAP_LEN: i32 = 262_144;

/// An interface, opened by libpcap.
pub(crate) struct PcapTap {
    options: Options,
    capture: Option<Capture<Active>>,
    link: LinkType,
    report: CaptureReport,
    stats: TapStats,
    /// libpcap's own counts, which wrap around.
    counted: (u32, u32, u32),
    left: u32,
    /// The last read gave nothing, or something that came after the program was asked to stop.
    idle: bool,
    failed: Option<Error>,
    /// When the program was asked to stop.
    closed: Option<Timestamp>,
    retry: Instant,
    back_off: Duration,
    last: Option<(Timestamp, Instant)>,
    stop: Arc<AtomicBool>,
    news: Sender<String>,
}

impl PcapTap {
    /// Opens an interface. What happens to it later is told to `news`.
    ///
    /// # Errors
    /// There is no such interface, or libpcap refuses it.
    pub(super) fn open(
        name: &str,
        options: Options,
        stop: &Arc<AtomicBool>,
        news: Sender<String>,
    ) -> Result<Self, TapError> {
        let mut tap = Self {
            options,
            capture: None,
            link: LinkType::ETHERNET,
            report: CaptureReport::default(),
            stats: TapStats {
                interface: name.to_owned(),
                ..TapStats::default()
            },
            counted: (0, 0, 0),
            left: BLOCK,
            idle: false,
            failed: None,
            closed: None,
            retry: Instant::now(),
            back_off: FIRST_RETRY,
            last: None,
            stop: Arc::clone(stop),
            news,
        };
        tap.attach().map_err(|cause| {
            let name = name.to_owned();
            let cause = cause.to_string();
            if cause.contains("not permitted") || cause.contains("ermission") {
                TapError::NoRight { name }
            } else {
                TapError::Libpcap { name, cause }
            }
        })?;
        Ok(tap)
    }

    pub(super) fn link_type(&self) -> LinkType {
        self.link
    }

    fn attach(&mut self) -> Result<(), Error> {
        let bytes = i32::try_from(self.options.ring_bytes).unwrap_or(i32::MAX);
        let timeout = i32::try_from(self.options.block_timeout.as_millis()).unwrap_or(i32::MAX);
        let capture = Capture::from_device(self.stats.interface.as_str())?
            .promisc(self.options.promiscuous)
            .snaplen(SNAP_LEN)
            .buffer_size(bytes)
            .timeout(timeout.max(1))
            .open()?
            // Some systems wait for the first packet without end, and then nothing else can be looked after.
            .setnonblock()?;
        self.link = u16::try_from(capture.get_datalink().0).map_or(LinkType::ETHERNET, LinkType);
        self.counted = (0, 0, 0);
        self.capture = Some(capture);
        self.stats.state = State::Up;
        Ok(())
    }

    fn count(&mut self) {
        let Some(Ok(now)) = self.capture.as_mut().map(Capture::stats) else {
            return;
        };
        let (received, dropped, freezes) = self.counted;
        let add = |sum: &mut u64, now: u32, before: u32| {
            *sum = sum.saturating_add(u64::from(now.wrapping_sub(before)));
        };
        add(&mut self.stats.offered, now.received, received);
        add(&mut self.stats.dropped, now.dropped, dropped);
        self.counted = (now.received, now.dropped, freezes);
    }

    /// The interface went away, or cannot be read.
    #[cold]
    fn lose(&mut self, cause: &Error) {
        self.count();
        self.capture = None;
        self.stats.state = State::Gone;
        self.stats.outages = self.stats.outages.saturating_add(1);
        self.back_off = FIRST_RETRY;
        self.retry = Instant::now();
        let name = &self.stats.interface;
        // Where nobody listens the state can still be seen.
        let _ = self.news.try_send(format!(
            "interface {name} cannot be read ({cause}): it is tried again until it can"
        ));
    }

    fn try_again(&mut self) {
        thread::sleep(PATIENCE);
        if Instant::now() < self.retry {
            return;
        }
        if self.attach().is_ok() {
            self.stats.reopened = self.stats.reopened.saturating_add(1);
            let name = &self.stats.interface;
            let _ = self
                .news
                .try_send(format!("interface {name} is back and captured again"));
        } else {
            self.retry = Instant::now()
                .checked_add(self.back_off)
                .unwrap_or_else(Instant::now);
            self.back_off = self.back_off.saturating_mul(2).min(LONGEST);
        }
    }
}

impl Link for PcapTap {
    fn stats(&mut self) -> &TapStats {
        self.count();
        self.stats.received = self.report.frames;
        self.stats.bytes = self.report.original_bytes;
        self.stats.current.clone_from(&self.stats.interface);
        &self.stats
    }

    fn now(&self) -> Option<Timestamp> {
        let (timestamp, seen) = self.last?;
        let passed = i64::try_from(seen.elapsed().as_nanos()).unwrap_or(i64::MAX);
        Some(Timestamp::from_nanos(
            timestamp.nanos().saturating_add(passed),
        ))
    }

    /// libpcap does not tell how full its buffer is.
    fn is_pressed(&self) -> bool {
        false
    }
}

impl Frames for PcapTap {
    fn next_buffered(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        let Some(capture) = self.capture.as_mut().filter(|_| self.left != 0) else {
            return Ok(None);
        };
        self.left = self.left.wrapping_sub(1);
        // Told apart first, since what is given borrows from the capture.
        let packet = match capture.next_packet() {
            Ok(packet) => packet,
            Err(Error::TimeoutExpired) => {
                self.left = 0;
                self.idle = true;
                self.stats.drained = Some(Instant::now());
                return Ok(None);
            }
            Err(error) => {
                self.left = 0;
                self.failed = Some(error);
                return Ok(None);
            }
        };
        let seconds = packet.header.ts.tv_sec;
        let micros = u32::try_from(packet.header.ts.tv_usec).unwrap_or(0);
        let timestamp = Timestamp::from_parts(seconds, micros.saturating_mul(1_000));
        // The clock may have been set back.
        let since = |closed: Timestamp| timestamp.nanos_since(closed).unsigned_abs();
        self.idle = self
            .closed
            .is_some_and(|closed| timestamp > closed || since(closed) > 10_000_000_000);
        // libpcap has put the tag back already.
        if self.link == LinkType::ETHERNET
            && let Some([0x81, 0x00] | [0x88, 0xa8]) = packet.data.get(12..14)
        {
            let inside = packet.data.get(16..).and_then(|rest| rest.first_chunk());
            self.stats.count_inside(inside);
        }
        let report = &mut self.report;
        report.count_frame(packet.header.caplen, packet.header.len);
        self.last = Some((timestamp, Instant::now()));
        Ok(Some(Frame {
            number: report.frames,
            timestamp,
            link: self.link,
            original_len: packet.header.len,
            data: packet.data,
        }))
    }

    fn ahead(&self) -> impl Iterator<Item = (LinkType, &[u8])> {
        std::iter::empty()
    }

    fn fill(&mut self) -> Result<Fill, SourceError> {
        if self.closed.is_some() && (self.idle || self.capture.is_none()) {
            return Ok(Fill::End);
        }
        if self.closed.is_none() && self.stop.load(Ordering::Relaxed) {
            // What came until now is still read.
            self.closed = Some(Timestamp::of_clock());
            self.idle = false;
            self.left = BLOCK;
            thread::sleep(self.options.block_timeout);
            return Ok(Fill::More);
        }
        if let Some(error) = self.failed.take() {
            self.lose(&error);
        }
        if self.capture.is_none() {
            self.try_again();
        } else if self.idle {
            thread::sleep(self.options.block_timeout.min(PATIENCE));
        }
        self.left = BLOCK;
        Ok(Fill::More)
    }

    fn report(&self) -> &CaptureReport {
        &self.report
    }

    fn link(&mut self) -> Option<&mut dyn Link> {
        Some(self)
    }
}
