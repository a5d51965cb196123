//! Lines to standard output or a pipe, whose reader may be slow, stuck or gone.
//!
//! A pipe that blocks cannot be written with a time-out, and making it non-blocking would change it for
//! every program that shares it. So a thread of its own writes, and takes from a queue that is bounded in
//! bytes. Where the reader is stuck, that thread is stuck too and nothing else: the queue fills, and
//! further lines are counted as lost.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::backlog::{Backlog, count};
use super::drain::PIPE_CHUNK;
use super::health::{News, counted, reason, waiting};

/// Wait between two tries at an output that fails but may heal.
const RETRY: Duration = Duration::from_secs(1);

/// Wait between two tries at a pipe that somebody made non-blocking.
const BUSY: Duration = Duration::from_millis(10);

/// How a stream is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOptions {
    /// Bytes of lines that may wait for the reader.
    pub queue_bytes: usize,
    /// What a line is called in messages, in the singular.
    pub noun: &'static str,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            queue_bytes: 4 << 20,
            noun: "alert",
        }
    }
}

/// Counters since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct StreamStats {
    /// Lines that the output took.
    pub lines: u64,
    /// Lines that found no room, or that nobody was there to take.
    pub lost_lines: u64,
    /// Writes that failed.
    pub failures: u64,
    /// Lines that wait.
    pub queued_lines: u64,
    /// Bytes that wait.
    pub queued_bytes: u64,
    /// News that nobody took in time.
    pub lost_news: u64,
}

/// A stream of lines behind a bounded queue and a thread.
#[derive(Debug)]
pub struct StreamOut {
    shared: Arc<Shared>,
    name: String,
    options: StreamOptions,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever the state changes.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    queue: Backlog,
    /// No more lines will come.
    closing: bool,
    /// The thread is over; what it left is lost.
    over: bool,
    trouble: Option<String>,
    full_told: bool,
    news: News,
    stats: StreamStats,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamOut {
    /// Writes lines to `to`, which is called `name` in messages.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new<W>(to: W, name: &str, options: StreamOptions) -> io::Result<Self>
    where
        W: Write + Send + 'static,
    {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                queue: Backlog::new(options.queue_bytes),
                closing: false,
                over: false,
                trouble: None,
                full_told: false,
                news: News::default(),
                stats: StreamStats::default(),
            }),
            changed: Condvar::new(),
        });
        let writer = Writer {
            shared: Arc::clone(&shared),
            name: name.to_owned(),
            noun: options.noun,
        };
        thread::Builder::new()
            .name("stream-out".into())
            .spawn(move || writer.run(to))?;
        Ok(Self {
            shared,
            name: name.to_owned(),
            options,
        })
    }

    /// Writes lines to standard output, past the buffer of `std::io::Stdout`.
    ///
    /// # Errors
    /// If standard output is closed, or no thread can be started.
    pub fn stdout(options: StreamOptions) -> io::Result<Self> {
        let own = io::stdout().as_fd().try_clone_to_owned()?;
        Self::new(File::from(own), "standard output", options)
    }

    /// Queues a line and returns at once. A line end is added if it has none. Without room or
    /// without a reader the line is lost and counted.
    pub fn write_line(&mut self, line: &[u8]) {
        let mut state = self.shared.lock();
        if !state.over && state.queue.push(line) {
            drop(state);
            self.shared.changed.notify_all();
            return;
        }
        let lines = count(line.strip_suffix(b"\n").unwrap_or(line)).saturating_add(1);
        state.stats.lost_lines = state.stats.lost_lines.saturating_add(lines);
        if !state.over && !state.full_told {
            state.full_told = true;
            let news = format!(
                "{} takes no more ({} bytes wait): further {}s are lost there",
                self.name, self.options.queue_bytes, self.options.noun
            );
            state.trouble.get_or_insert_with(|| news.clone());
            state.news.push(news);
        }
    }

    /// What does not work at the moment.
    pub fn trouble(&self) -> Option<String> {
        self.shared.lock().trouble.clone()
    }

    /// Things to log, each once. At most 32 wait.
    pub fn take_news(&mut self) -> Vec<String> {
        self.shared.lock().news.take()
    }

    /// Counters since the start.
    pub fn stats(&self) -> StreamStats {
        let state = self.shared.lock();
        StreamStats {
            queued_lines: state.queue.lines(),
            queued_bytes: u64::try_from(state.queue.len()).unwrap_or(u64::MAX),
            lost_news: state.news.lost(),
            ..state.stats
        }
    }

    /// Gives the thread until `deadline` to write what waits. Lines that are not known to be out by
    /// then are counted as lost, and a thread that is stuck is left behind: it ends with the program.
    pub fn shutdown(self, deadline: Instant) -> (StreamStats, Vec<String>) {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.changed.notify_all();
        while !state.over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.over = true;
        let lost = state.queue.clear();
        state.stats.lost_lines = state.stats.lost_lines.saturating_add(lost);
        if lost > 0 {
            state.news.push(format!(
                "{} could not be written to {} before the end",
                counted(lost, self.options.noun),
                self.name
            ));
        }
        let news = state.news.take();
        drop(state);
        (self.stats(), news)
    }
}

impl Drop for StreamOut {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
    }
}

/// The thread's side.
struct Writer {
    shared: Arc<Shared>,
    name: String,
    noun: &'static str,
}

impl Writer {
    /// Writes until the stream is closed or its reader is gone.
    fn run(self, mut to: impl Write) {
        let mut chunk = Vec::new();
        while self.next(&mut chunk) {
            // `Write` may panic as well; then dropping `self` tells that the thread is over.
            let result = match to.write(&chunk) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.took(n.min(chunk.len()));
                    to.flush()
                }
                Err(e) => Err(e),
            };
            let failed = result
                .err()
                .filter(|e| e.kind() != io::ErrorKind::Interrupted);
            if failed.is_some_and(|e| !self.failed(&e)) {
                break;
            }
        }
    }

    /// Waits for the next lines. They stay in the queue until they are out. A line up to the size that
    /// a pipe takes at once is never torn, even if the program is killed.
    fn next(&self, chunk: &mut Vec<u8>) -> bool {
        let mut state = self.shared.lock();
        loop {
            if state.over || (state.closing && state.queue.is_empty()) {
                return false;
            }
            if !state.queue.is_empty() {
                chunk.clear();
                chunk.extend_from_slice(state.queue.chunk(PIPE_CHUNK));
                return true;
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn took(&self, n: usize) {
        let mut state = self.shared.lock();
        if state.over {
            // Shutdown gave these lines up already.
            return;
        }
        let taken = state.queue.advance(n);
        state.stats.lines = state.stats.lines.saturating_add(taken.lines);
        if state.queue.is_empty() && state.trouble.take().is_some() {
            state.full_told = false;
            let lost = state.stats.lost_lines;
            state.news.push(format!(
                "{} can be written again; {} lost so far",
                self.name,
                counted(lost, self.noun)
            ));
        }
    }

    /// Counts a failure and waits for the next try. False if there is none.
    fn failed(&self, error: &io::Error) -> bool {
        let mut state = self.shared.lock();
        let busy = error.kind() == io::ErrorKind::WouldBlock;
        if !busy {
            state.stats.failures = state.stats.failures.saturating_add(1);
        }
        if error.kind() == io::ErrorKind::BrokenPipe {
            let words = format!(
                "nobody reads {} any more; {}s are no longer written there",
                self.name, self.noun
            );
            state.news.push(words.clone());
            state.trouble = Some(words);
            return false;
        }
        if !busy && state.trouble.is_none() {
            let words = format!("cannot write {}: {}", self.name, reason(error));
            let waiting = waiting(state.queue.lines(), self.noun);
            state.news.push(format!("{words}; {waiting}"));
            state.trouble = Some(words);
        }
        if busy {
            // A closing stream tries on: `shutdown` has the deadline.
            drop(state);
            thread::sleep(BUSY);
            return true;
        }
        let closing = state.closing;
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(state, RETRY, |state| !state.closing && !state.over)
            .unwrap_or_else(PoisonError::into_inner);
        // One last try after the end was announced.
        !closing && !state.over
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if !state.over {
            state.over = true;
            let lost = state.queue.clear();
            state.stats.lost_lines = state.stats.lost_lines.saturating_add(lost);
            if !state.closing && state.trouble.is_none() {
                let words = format!("the writer of {} has failed", self.name);
                state.news.push(words.clone());
                state.trouble = Some(words);
            }
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
