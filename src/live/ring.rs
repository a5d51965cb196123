//! One ring of the kernel on one interface: frames for one reader, for as long as the program runs.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::block::{Cursor, Found};
use super::stats::{State, TapStats};
use super::sys::{self, Kind, Ring, Size, Socket, Wait};
use super::{Clock, Fanout, Link, Options, TapError, filter, interfaces};
use crate::source::{CaptureReport, Fill, Frame, Frames, LinkType, SourceError};
use crate::time::Timestamp;

/// How long a wait lasts at the most before it is looked whether the program is to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// The same while packets come.
const SHORT: Duration = Duration::from_millis(10);

/// How often the kernel is asked for its counts, and for the state of the interface.
const LOOK: Duration = Duration::from_millis(500);

/// An interface that is gone is looked for again after so long, then after twice as long, up to [`LONGEST`].
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// A frame may be longer than the interface's MTU by its link header and tags.
const OVERHEAD: u32 = 64;

/// The group of an interface's taps: number of the interface, and of the group.
pub(super) type Group = Arc<Mutex<Option<(i32, u16)>>>;

/// A ring on an interface.
#[derive(Debug)]
pub(crate) struct RingTap {
    options: Options,
    /// How many taps share the interface.
    taps: usize,
    /// Their group.
    group: Group,
    /// The interface's name, which may change.
    name: String,
    index: i32,
    /// The first try is over: what rights are given up for good may be given up by now.
    opened: bool,
    ring: Option<Ring>,
    cursor: Cursor,
    link: LinkType,
    cooked: bool,
    /// Longest frame that one packet can be.
    longest: u32,
    report: CaptureReport,
    stats: TapStats,
    looked: Instant,
    retry: Instant,
    back_off: Duration,
    /// Time of the last frame, by the clock of packets and by ours.
    last: Option<(Timestamp, Instant)>,
    stop: Arc<AtomicBool>,
    /// Since when nothing new is taken.
    closed: Option<Instant>,
    /// Since when the interface is gone, while its ring is still read.
    leaving: Option<Instant>,
    news: Sender<String>,
    /// Only the first tap of an interface tells of it.
    tells: bool,
}

impl RingTap {
    /// Opens tap `number` of `taps` on the interface `name`. What happens to the interface later is told to `news`.
    ///
    /// # Errors
    /// There is no such interface, the rights are missing, or the kernel refuses the ring.
    pub(super) fn open(
        name: &str,
        (number, taps, group): (usize, usize, Group),
        options: Options,
        stop: &Arc<AtomicBool>,
        news: Sender<String>,
    ) -> Result<Self, TapError> {
        let mut tap = Self {
            options,
            taps,
            group,
            name: name.to_owned(),
            index: 0,
            opened: false,
            ring: None,
            cursor: Cursor::default(),
            link: LinkType::ETHERNET,
            cooked: false,
            longest: u32::MAX,
            report: CaptureReport::default(),
            stats: TapStats {
                interface: name.to_owned(),
                ..TapStats::default()
            },
            looked: Instant::now(),
            retry: Instant::now(),
            back_off: FIRST_RETRY,
            last: None,
            stop: Arc::clone(stop),
            closed: None,
            leaving: None,
            news,
            tells: number == 0,
        };
        let attached = tap.attach().or_else(|(action, cause)| {
            // Before Linux 6.13 an interface that is down cannot be shared. It is tried again until it is up.
            let later = cause.raw_os_error() == Some(libc::EINVAL)
                && taps > 1
                && tap.stats.state == State::Down;
            if later { Ok(()) } else { Err((action, cause)) }
        });
        attached.map_err(|(action, cause)| match cause.raw_os_error() {
            Some(libc::ENODEV) => TapError::NoInterface {
                name: name.to_owned(),
                known: interfaces().join(", "),
            },
            Some(libc::EPERM | libc::EACCES) if action == "open a packet socket" => {
                TapError::NoRight {
                    name: name.to_owned(),
                }
            }
            _ => TapError::Io {
                name: name.to_owned(),
                action,
                cause,
            },
        })?;
        tap.opened = true;
        if tap.stats.state != State::Up {
            tap.tell(format!(
                "interface {name}: {}; nothing can be seen until it is up",
                tap.stats.state.as_str()
            ));
        }
        Ok(tap)
    }

    pub(super) fn link_type(&self) -> LinkType {
        self.link
    }

    /// Opens the interface, and lets nothing in before all is set.
    fn attach(&mut self) -> Result<(), (&'static str, io::Error)> {
        let name = self.name.clone();
        let index = sys::index_of(&name).map_err(|e| ("find it", e))?;
        let open = |kind| Socket::open(kind).map_err(|e| ("open a packet socket", e));
        let mut socket = open(Kind::Link)?;
        socket.bind(index, false).map_err(|e| ("bind to it", e))?;
        let (link, kind) = link_type(
            socket
                .hardware_type()
                .map_err(|e| ("ask for its type", e))?,
        );
        // A bound socket takes no ring.
        socket = open(kind)?;
        socket
            .filter(&filter::nothing())
            .map_err(|e| ("set a filter", e))?;
        let size = Size {
            block: self.options.block_bytes,
            blocks: self.options.blocks(),
            timeout: self.options.block_timeout,
        };
        let ring = Ring::new(socket, size).map_err(|e| ("make the ring (--ring-size)", e))?;
        let socket = ring.socket();
        let flags = socket.flags(&name).map_err(|e| ("ask for its state", e))?;
        if !flags.up {
            self.stats.state = State::Down;
        }
        if flags.loopback {
            // Before Linux 4.20 each packet of a loopback interface is seen twice.
            let _ = socket.ignore_outgoing();
        }
        if self.options.promiscuous && !flags.loopback {
            socket
                .promiscuous(index)
                .map_err(|e| ("make it promiscuous", e))?;
        }
        if self.options.clock == Clock::Card
            && let Err(error) = socket.hardware_time(&name)
        {
            if !self.opened {
                return Err(("have its card take times (--clock card)", error));
            }
            // The right to set up the card was given up long ago.
            self.tell(format!(
                "interface {name} came back, and its card's clock cannot be set up again: this machine's gives times now"
            ));
        }
        socket.bind(index, true).map_err(|e| ("bind to it", e))?;
        if self.taps > 1 {
            self.share(socket, index)
                .map_err(|e| ("share its frames (--fanout)", e))?;
        }
        let program =
            if self.options.kernel_filter && kind == Kind::Link && link == LinkType::ETHERNET {
                filter::no_bulk()
            } else {
                filter::everything()
            };
        // What was counted so far was not let in.
        let _ = socket.statistics();
        socket.filter(&program).map_err(|e| ("set a filter", e))?;
        self.longest = socket
            .mtu(&name)
            .map_or(u32::MAX, |mtu| mtu.saturating_add(OVERHEAD));
        self.index = index;
        self.link = link;
        self.cooked = kind == Kind::Network;
        self.stats.state = if !flags.up {
            State::Down
        } else if flags.running {
            State::Up
        } else {
            State::NoCarrier
        };
        self.ring = Some(ring);
        self.cursor = Cursor::default();
        Ok(())
    }

    fn share(&self, socket: &Socket, index: i32) -> io::Result<()> {
        let mode = match self.options.fanout {
            Fanout::Hash => libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG,
            Fanout::Addresses => libc::PACKET_FANOUT_CBPF,
            Fanout::Cpu => libc::PACKET_FANOUT_CPU,
            Fanout::Queue => libc::PACKET_FANOUT_QM,
        };
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        // An interface that came back has another number, and needs another group.
        let known = group.filter(|(of, _)| *of == index).map(|(_, group)| group);
        *group = Some((index, socket.join(known, mode)?));
        drop(group);
        if self.options.fanout == Fanout::Addresses {
            socket.share_by(&filter::by_addresses())?;
        }
        Ok(())
    }

    /// Asks the kernel for what it counted.
    fn count(&mut self) {
        if let Some(ring) = &self.ring
            && let Ok(counted) = ring.socket().statistics()
        {
            let add = |sum: &mut u64, n: u32| *sum = sum.saturating_add(u64::from(n));
            add(&mut self.stats.offered, counted.packets);
            add(&mut self.stats.dropped, counted.drops);
            add(&mut self.stats.freezes, counted.freezes);
        }
    }

    fn tell(&self, text: String) {
        if self.tells {
            // Where nobody listens, or too much is told, the state can still be seen.
            let _ = self.news.try_send(text);
        }
    }

    /// Looks at the interface, and for it where it is gone.
    fn look(&mut self) {
        self.looked = Instant::now();
        let Some(ring) = &self.ring else {
            self.try_again();
            return;
        };
        let before = self.stats.state;
        let current = sys::name_of(self.index);
        match current {
            Err(_) => self.stats.state = State::Gone,
            Ok(current) => {
                let flags = ring.socket().flags(&current);
                self.stats.state = match flags {
                    Ok(flags) if !flags.up => State::Down,
                    Ok(flags) if !flags.running => State::NoCarrier,
                    Ok(_) => {
                        // Somebody may have changed it.
                        let mtu = ring.socket().mtu(&current);
                        self.longest = mtu.map_or(u32::MAX, |mtu| mtu.saturating_add(OVERHEAD));
                        State::Up
                    }
                    Err(_) => State::Gone,
                };
                if current != self.name && self.stats.state != State::Gone {
                    self.tell(format!(
                        "interface {} is now called {current}; it is still captured",
                        self.name
                    ));
                    self.name = current;
                }
            }
        }
        let now = self.stats.state;
        if now == before {
            return;
        }
        if before == State::Up {
            self.stats.outages = self.stats.outages.saturating_add(1);
        }
        let name = &self.name;
        match now {
            State::Up => self.tell(format!("interface {name} is up")),
            State::NoCarrier => self.tell(format!(
                "interface {name} has no carrier: nothing can be seen until it has"
            )),
            State::Down => self.tell(format!(
                "interface {name} is down: nothing can be seen until it is up"
            )),
            State::Gone => self.tell(format!(
                "interface {name} is gone: it is looked for until it comes back"
            )),
        }
        if now == State::Gone {
            // What it gave before it went waits in the ring, and counts.
            self.leaving = Some(Instant::now());
        }
    }

    /// Gives the ring of an interface that is gone away.
    fn leave(&mut self) {
        self.count();
        self.ring = None;
        self.leaving = None;
        self.name.clone_from(&self.stats.interface);
        self.back_off = FIRST_RETRY;
        self.retry = Instant::now();
    }

    /// After so long the kernel has handed over a block that was not full.
    fn last_block(&self) -> Duration {
        self.options.block_timeout.saturating_mul(3).max(PATIENCE)
    }

    /// Opens the interface again, where it is time to try.
    fn try_again(&mut self) {
        if Instant::now() < self.retry || self.closed.is_some() {
            return;
        }
        match self.attach() {
            Ok(()) => {
                self.stats.reopened = self.stats.reopened.saturating_add(1);
                let name = &self.name;
                self.tell(format!("interface {name} is back and captured again"));
            }
            Err((action, cause)) => {
                if self.back_off >= LONGEST && cause.raw_os_error() != Some(libc::ENODEV) {
                    let name = &self.name;
                    self.tell(format!("interface {name}: cannot {action}: {cause}"));
                }
                self.retry = Instant::now()
                    .checked_add(self.back_off)
                    .unwrap_or_else(Instant::now);
                // One that is only down is up at any moment.
                if self.stats.state != State::Down {
                    self.back_off = self.back_off.saturating_mul(2).min(LONGEST);
                }
            }
        }
    }

    /// Lets nothing new in: what the ring holds is still read.
    fn close(&mut self) {
        self.closed = Some(Instant::now());
        if let Some(ring) = &self.ring {
            let _ = ring.socket().filter(&filter::nothing());
        }
    }

    /// The next block, if there is one.
    fn take(&mut self) -> bool {
        let Some(ring) = &mut self.ring else {
            return false;
        };
        ring.release();
        if !ring.take() {
            return false;
        }
        match Cursor::new(ring.block()) {
            Some(cursor) => self.cursor = cursor,
            None => self.stats.bad_blocks = self.stats.bad_blocks.saturating_add(1),
        }
        true
    }
}

impl Link for RingTap {
    fn stats(&mut self) -> &TapStats {
        self.count();
        self.stats.received = self.report.frames;
        self.stats.bytes = self.report.original_bytes;
        self.stats.current.clone_from(&self.name);
        &self.stats
    }

    fn now(&self) -> Option<Timestamp> {
        let (timestamp, seen) = self.last?;
        let passed = i64::try_from(seen.elapsed().as_nanos()).unwrap_or(i64::MAX);
        Some(Timestamp::from_nanos(
            timestamp.nanos().saturating_add(passed),
        ))
    }

    fn is_pressed(&self) -> bool {
        self.ring
            .as_ref()
            .is_some_and(|ring| ring.is_filled((ring.blocks().saturating_mul(3) / 4).max(2)))
    }

    fn take_bulk(&mut self) {
        if !self.options.kernel_filter {
            return;
        }
        // Also when the interface comes back.
        self.options.kernel_filter = false;
        if let Some(ring) = &self.ring
            && let Err(error) = ring.socket().filter(&filter::everything())
        {
            let name = self.name.clone();
            self.tell(format!(
                "interface {name}: the kernel's filter stays, and leaves out bulk with listed addresses: {error}"
            ));
        }
    }
}

/// What the frames of an interface begin with, and how they are asked for.
fn link_type(hardware: u16) -> (LinkType, Kind) {
    match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => (LinkType::ETHERNET, Kind::Link),
        libc::ARPHRD_IEEE80211 => (LinkType::IEEE802_11, Kind::Link),
        libc::ARPHRD_IEEE80211_RADIOTAP => (LinkType::IEEE802_11_RADIOTAP, Kind::Link),
        // Tunnels and point-to-point links: IP is all that is of interest.
        _ => (LinkType::RAW, Kind::Network),
    }
}

impl Frames for RingTap {
    #[inline(always)]
    fn next_buffered(&mut self) -> Result<Option<Frame<'_>>, SourceError> {
        let Some(ring) = &mut self.ring else {
            return Ok(None);
        };
        let Some(mut found) = self.cursor.next(ring.block()) else {
            if !self.cursor.is_at_end() {
                self.stats.bad_blocks = self.stats.bad_blocks.saturating_add(1);
                self.cursor = Cursor::default();
            }
            return Ok(None);
        };
        if found.tag.is_some() && !self.cooked {
            put_tag_back(&mut found, ring, &mut self.stats);
        }
        let report = &mut self.report;
        report.count_frame(found.length as u32, found.original_len);
        if found.original_len > self.longest {
            let data = ring.block().get(found.start..).unwrap_or_default();
            // A group that shares by hash is given fragments put together; what offloads merge is TCP.
            let by_kernel = self.taps > 1 && self.options.fanout == Fanout::Hash;
            if !(by_kernel && was_in_fragments(data, self.cooked)) {
                self.stats.merged = self.stats.merged.wrapping_add(1);
            }
        }
        if self.cursor.is_at_end() {
            self.last = Some((found.timestamp, Instant::now()));
        }
        let block = ring.block();
        Ok(Some(Frame {
            number: report.frames,
            timestamp: found.timestamp,
            link: self.link,
            original_len: found.original_len,
            data: block
                .get(found.start..)
                .and_then(|rest| rest.get(..found.length))
                .unwrap_or_default(),
        }))
    }

    #[inline]
    fn ahead(&self) -> impl Iterator<Item = (LinkType, &[u8])> {
        let block = self.ring.as_ref().map_or(&[][..], Ring::block);
        let mut cursor = self.cursor;
        std::iter::from_fn(move || {
            // A frame with a tag to put back lies elsewhere when its turn comes.
            let found = cursor.next(block).filter(|found| found.tag.is_none())?;
            let data = block.get(found.start..)?.get(..found.length)?;
            Some((self.link, data))
        })
    }

    fn fill(&mut self) -> Result<Fill, SourceError> {
        if self.closed.is_none() && self.stop.load(Ordering::Relaxed) {
            self.close();
        }
        if self.looked.elapsed() >= LOOK {
            self.look();
        }
        if self.take() {
            return Ok(Fill::More);
        }
        self.stats.drained = Some(Instant::now());
        if let Some(closed) = self.closed {
            if closed.elapsed() >= self.last_block() {
                return Ok(if self.take() { Fill::More } else { Fill::End });
            }
        } else if self
            .leaving
            .is_some_and(|since| since.elapsed() >= self.last_block())
        {
            if !self.take() {
                self.leave();
            }
            return Ok(Fill::More);
        }
        let Some(ring) = &self.ring else {
            thread::sleep(PATIENCE);
            return Ok(Fill::More);
        };
        let busy = |(_, seen): (Timestamp, Instant)| seen.elapsed() < PATIENCE;
        let patience = if self.closed.is_some() {
            self.options.block_timeout
        } else if self.last.is_some_and(busy) {
            // Whoever reads has something for the workers, which must not wait.
            SHORT
        } else {
            PATIENCE
        };
        match ring.socket().wait(patience) {
            Wait::Ready => {
                self.take();
            }
            Wait::Error => {
                // It tells that the interface went down; the kernel goes on by itself when it is up again.
                let _ = ring.socket().take_error();
                self.look();
                if self.stats.state != State::Up {
                    thread::sleep(PATIENCE);
                }
            }
            Wait::TimedOut => {}
        }
        Ok(Fill::More)
    }

    fn report(&self) -> &CaptureReport {
        &self.report
    }

    fn link(&mut self) -> Option<&mut dyn Link> {
        Some(self)
    }
}

/// Whether a frame that is longer than the link carries is an IPv4 datagram of anything but TCP.
#[cold]
fn was_in_fragments(frame: &[u8], cooked: bool) -> bool {
    let mut rest = frame;
    if !cooked {
        rest = rest.get(12..).unwrap_or_default();
        while let [0x81 | 0x88 | 0x91, 0x00 | 0xa8, _, _, inside @ ..] = rest {
            rest = inside;
        }
        let [0x08, 0x00, ip @ ..] = rest else {
            return false;
        };
        rest = ip;
    }
    let version = rest.first().map(|byte| byte >> 4);
    version == Some(4) && rest.get(9).is_some_and(|&protocol| protocol != 6)
}

#[cold]
fn put_tag_back(found: &mut Found, ring: &mut Ring, stats: &mut TapStats) {
    if found.put_tag_back(ring.block_mut()).is_none() {
        return;
    }
    stats.tags = stats.tags.wrapping_add(1);
    let inside = found
        .start
        .checked_add(16)
        .and_then(|at| ring.block().get(at..)?.first_chunk());
    stats.count_inside(inside);
}
