//! The alert file of a program that runs for months: JSON lines, appended whole or not at all.
//!
//! Errors never end the program and never tear a line. What cannot be written waits in a bounded
//! backlog and is tried again, with a back-off that [`LogFile::tick`] drives; what finds no room is
//! counted. Other programs may rotate the file, or it rotates itself.

mod backlog;
mod drain;
mod health;
mod mend;
mod place;
mod shift;
mod stream;
mod terms;
mod turn;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod fifo_tests;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use backlog::Backlog;
use health::{Health, News, counted, reason, shown, waiting};
use place::Place;

pub use place::{Kind, OpenError};
pub use stream::{StreamOptions, StreamOut, StreamStats};
pub use terms::{Opened, Options, Rotated, Stats};

/// Longest line that is written, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Rotations in a row without a line between them.
const MAX_TURNS: u8 = 3;

/// How often the path is compared with the open file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An append-only file of lines.
///
/// Call [`write_line`](Self::write_line) for every line, [`flush`](Self::flush) after a batch, and
/// [`tick`](Self::tick) several times a second also when there are no lines. No call waits for
/// another program; only a disk can make them wait.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    /// The path as it was given, fit for a terminal.
    name: String,
    options: Options,
    opened: Opened,
    place: Option<Place>,
    backlog: Backlog,
    writing: Health,
    /// Whether the last failed write only found a slow reader.
    busy: bool,
    rotating: Health,
    /// A rotation is owed.
    owed: bool,
    looked: Option<Instant>,
    /// Lines written and lost when the trouble with writing began.
    before: (u64, u64),
    loss_told: bool,
    news: News,
    stats: Stats,
}

impl LogFile {
    /// Opens `path` to append, and creates it if need be. A torn last line is cut off, see
    /// [`Opened::mended_bytes`]; a complete JSON object that only wants its line end gets one.
    ///
    /// A symbolic link is followed, and rotation happens beside the file that it leads to. A FIFO
    /// that nobody reads is waited for in the background.
    ///
    /// # Errors
    /// [`OpenError`] if the path cannot take alerts; its text says what to do.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (place, no_reader) = match Place::open(path, options.mode) {
            Ok(place) => (Some(place), None),
            Err(e @ OpenError::NoReader(_)) => (None, Some(e)),
            Err(e) => return Err(e),
        };
        let target = place.as_ref().map_or(path, |place| &place.target);
        let opened = Opened {
            kind: place.as_ref().map_or(Kind::Pipe, |place| place.kind),
            mended_bytes: place.as_ref().map_or(0, |place| place.mended),
            size: place.as_ref().map_or(0, |place| place.size),
            folder: target.parent().unwrap_or(target).to_owned(),
        };
        let mut this = Self {
            // The program may change its folder later.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            name: shown(path),
            opened,
            place: None,
            backlog: Backlog::new(options.backlog_bytes),
            options,
            writing: Health::default(),
            busy: false,
            rotating: Health::default(),
            owed: false,
            looked: None,
            before: (0, 0),
            loss_told: false,
            news: News::default(),
            stats: Stats::default(),
        };
        if let Some(place) = place {
            this.adopt(place);
        }
        if let Some(e) = no_reader {
            this.write_failed(e.to_string());
        }
        Ok(this)
    }

    /// What was found at the start.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Queues a line. A line end is added if it has none; line ends inside make it several lines.
    ///
    /// With a full backlog the line is lost and counted: older lines stay, since the first alerts
    /// of a contact tell when it began.
    pub fn write_line(&mut self, line: &[u8]) {
        let length = line.strip_suffix(b"\n").unwrap_or(line).len();
        let length = length.saturating_add(1);
        if !self.backlog.fits(length) {
            self.flush();
        }
        if length <= MAX_LINE && self.backlog.push(line) {
            return;
        }
        let ends = backlog::count(line.strip_suffix(b"\n").unwrap_or(line));
        self.stats.lost_lines = self.stats.lost_lines.saturating_add(ends.saturating_add(1));
        let noun = self.options.noun;
        let limit = self.options.backlog_bytes;
        if length > MAX_LINE.min(limit) {
            self.news.push(format!(
                "an {noun} of {length} bytes is too long for {} and is lost",
                self.name
            ));
        } else if !self.loss_told {
            self.loss_told = true;
            self.news.push(format!(
                "the backlog of {} is full ({limit} bytes): further {noun}s are lost until it can be written",
                self.name
            ));
        }
    }

    /// Hands all queued lines to the kernel, in one write(2) for a file where it takes them. Does nothing
    /// while a back-off lasts.
    pub fn flush(&mut self) {
        if !self.writing.waits() && !self.backlog.is_empty() {
            self.attempt();
        }
    }

    /// Tries again what failed, when its time has come, and about once a second looks whether the
    /// path still leads to the open file.
    pub fn tick(&mut self, now: Instant) {
        self.writing.tick(now, self.busy);
        self.rotating.tick(now, false);
        let due = |then| now.saturating_duration_since(then) >= LOOK_EVERY;
        if self.looked.is_none_or(due) {
            self.looked = Some(now);
            self.look();
        }
        if self.owed && !self.rotating.waits() {
            self.turn();
        }
        if !self.writing.waits() {
            self.attempt();
        }
    }

    /// For SIGUSR1 and for a command to rotate.
    ///
    /// Where the path no longer leads to the open file, another program has rotated: the path is
    /// opened anew, as such programs expect of the signal. Where it still does, the file is renamed
    /// to `PATH.1` if `max_bytes` is set, and left alone otherwise: then rotation is not ours.
    pub fn rotate(&mut self) -> Rotated {
        self.owed = true;
        self.turn()
    }

    /// Writes all that waits, whatever the back-off says, and has the disk confirm it. False if
    /// something still waits or the disk reports an error. It does not wait for a slow reader of a
    /// FIFO: call it again until a deadline of yours.
    pub fn sync(&mut self) -> bool {
        self.writing.hurry();
        self.attempt();
        let synced = match &self.place {
            Some(place) if place.kind == Kind::File => place.file.sync_data(),
            _ => Ok(()),
        };
        self.synced(&synced);
        synced.is_ok() && self.backlog.is_empty()
    }

    /// Syncs and ends. Lines that still cannot be written are lost and counted. Returns the last
    /// counters and news.
    pub fn finish(mut self) -> (Stats, Vec<String>) {
        self.sync();
        let lost = self.backlog.clear();
        if lost > 0 {
            self.stats.lost_lines = self.stats.lost_lines.saturating_add(lost);
            self.news.push(format!(
                "{} could not be written to {} before the end",
                counted(lost, self.options.noun),
                self.name
            ));
        }
        (self.stats(), self.take_news())
    }

    /// What does not work at the moment.
    pub fn trouble(&self) -> Option<&str> {
        self.writing.words().or(self.rotating.words())
    }

    /// Things to log, each once. At most 32 wait.
    pub fn take_news(&mut self) -> Vec<String> {
        self.news.take()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        Stats {
            backlog_lines: self.backlog.lines(),
            backlog_bytes: u64::try_from(self.backlog.len()).unwrap_or(u64::MAX),
            lost_news: self.news.lost(),
            ..self.stats
        }
    }

    /// Writes until nothing waits or something fails.
    fn attempt(&mut self) {
        let mut turns: u8 = 0;
        while self.ready() && !self.backlog.is_empty() {
            // It begins a new file, or fails and then waits. A path that leads to one full file after
            // the other does not keep lines from being written.
            if turns < MAX_TURNS && self.is_full() && !self.rotating.waits() {
                turns = turns.saturating_add(1);
                self.owed = true;
                self.turn();
                continue;
            }
            turns = 0;
            if let Err(e) = self.write_chunk() {
                self.busy = e.kind() == io::ErrorKind::WouldBlock;
                let why = match e.kind() {
                    io::ErrorKind::WouldBlock => "its reader is too slow".to_owned(),
                    io::ErrorKind::BrokenPipe => "its reader has gone".to_owned(),
                    _ => reason(&e),
                };
                if e.kind() == io::ErrorKind::BrokenPipe {
                    self.place = None;
                }
                return self.write_failed(format!("cannot write {}: {why}", self.name));
            }
        }
        if self.place.is_some() && self.backlog.is_empty() {
            let (lines, lost) = self.before;
            self.loss_told = false;
            if self.writing.heal() {
                self.news.push(format!(
                    "{} can be written again; {} written, {} lost",
                    self.name,
                    counted(self.stats.lines.saturating_sub(lines), self.options.noun),
                    self.stats.lost_lines.saturating_sub(lost)
                ));
            }
        }
    }

    /// Whether there is something open that somebody will read.
    fn ready(&mut self) -> bool {
        if self.place.as_ref().is_some_and(Place::deleted) {
            self.place = None;
            self.news.push(format!(
                "{} was removed by another program; it is created anew",
                self.name
            ));
        }
        if self.place.is_some() {
            return true;
        }
        match Place::open(&self.path, self.options.mode) {
            Ok(place) => {
                self.stats.reopened = self.stats.reopened.saturating_add(1);
                self.adopt(place);
                true
            }
            Err(e) => {
                self.busy = false;
                self.write_failed(e.to_string());
                false
            }
        }
    }

    /// Whether the next line would make the file longer than it may be.
    fn is_full(&self) -> bool {
        let (Some(max), Some(place)) = (self.options.max_bytes, &self.place) else {
            return false;
        };
        let line = u64::try_from(self.backlog.first_line()).unwrap_or(u64::MAX);
        place.kind == Kind::File && place.size > 0 && place.size.saturating_add(line) > max
    }

    fn write_chunk(&mut self) -> io::Result<()> {
        let Some(place) = &mut self.place else {
            return Ok(());
        };
        if place.unended {
            drain::write(place, b"\n")?;
            place.unended = false;
            place.size = place.size.saturating_add(1);
        }
        let room = match self.options.max_bytes {
            // A file that cannot be rotated grows on.
            Some(max) if !self.rotating.waits() => max.saturating_sub(place.size),
            _ => u64::MAX,
        };
        let drained = match place.kind {
            Kind::File => {
                let room = usize::try_from(room).unwrap_or(usize::MAX);
                drain::to_file(&mut self.backlog, place, room)
            }
            Kind::Pipe | Kind::Device => drain::to_pipe(&mut self.backlog, place),
        };
        place.size = place.size.saturating_add(drained.taken.bytes);
        if drained.torn {
            place.unended = true;
            place.measure();
            self.stats.torn_lines = self.stats.torn_lines.saturating_add(1);
        }
        self.stats.lines = self.stats.lines.saturating_add(drained.taken.lines);
        self.stats.bytes = self.stats.bytes.saturating_add(drained.taken.bytes);
        if drained.taken.lines > 0 {
            self.writing.progress();
        }
        drained.error.map_or(Ok(()), Err)
    }

    fn write_failed(&mut self, words: String) {
        self.stats.failures = self.stats.failures.saturating_add(1);
        if self.writing.words().is_none() {
            self.before = (self.stats.lines, self.stats.lost_lines);
        }
        let waiting = waiting(self.backlog.lines(), self.options.noun);
        let news = format!("{words}; {waiting}");
        if self.writing.fail(words, self.busy) {
            self.news.push(news);
        }
    }

    /// Takes what was opened into use.
    fn adopt(&mut self, place: Place) {
        if place.mended > 0 {
            self.stats.mended_bytes = self.stats.mended_bytes.saturating_add(place.mended);
            self.news.push(format!(
                "{} ended in a torn line; {} cut off",
                self.name,
                counted(place.mended, "byte")
            ));
        }
        if place.unended {
            self.news.push(format!(
                "the last line of {} has no end; it gets one",
                self.name
            ));
        }
        self.backlog.rewind();
        self.place = Some(place);
    }
}
