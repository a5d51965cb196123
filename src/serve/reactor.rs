//! One thread that serves many connections: accept, read a request, answer, close.
//!
//! Sockets do not block and are waited for together with `poll(2)`, so a slow client holds one of a few
//! places until its time is over, and nothing else. The thread is stopped by a flag and woken through a socket of
//! its own, so it stops at once, without time-outs that tick or a connection to itself.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::sockets::{Listen, Stream, again};
use super::stats::Stats;
use super::wake::Wakeup;

/// Sockets beyond [`Limits::connections`] that are told so, or are being closed. Above, they are closed
/// without a word.
const SPARE: usize = 16;

/// Connections accepted in one go, before others get their turn.
const ACCEPTS: usize = 32;

/// How long nothing is accepted after the system refused to.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes that a client may still send while its connection is closed.
const MAX_DISCARD: usize = 64 * 1024;

/// The bounds of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections that are served at once.
    pub(super) connections: usize,
    /// From accepting a connection to the end of its request.
    pub(super) read: Duration,
    /// From the request to its reply, where it waits for one.
    pub(super) reply: Duration,
    /// For the client to take the answer.
    pub(super) write: Duration,
    /// For the client to close its side, before data that it still sends would destroy the answer on its way.
    pub(super) linger: Duration,
}

/// What to do with what a client has sent.
pub(super) enum Next<P> {
    /// The request is not complete.
    More,
    /// Send this and close.
    Answer(Vec<u8>),
    /// Wait for a reply.
    Wait(P),
}

/// What is spoken on the connections. It counts what it answers; the reactor counts the rest.
pub(super) trait Protocol<S>: Send + 'static {
    /// A reply that is waited for.
    type Pending: Send;

    /// Looks at all that the client has sent. Asks for [`Next::More`] only below a bound of its own.
    fn request(&mut self, stream: &S, bytes: &[u8]) -> Next<Self::Pending>;

    /// The client closed its side in the middle of a request.
    fn cut(&mut self) -> Vec<u8>;

    /// Asks whether the reply is there.
    fn settle(&mut self, pending: &mut Self::Pending) -> Option<Vec<u8>>;

    /// The request did not come in time.
    fn late(&mut self) -> Vec<u8>;

    /// The reply did not come in time.
    fn unanswered(&mut self) -> Vec<u8>;

    /// Too many connections.
    fn busy(&mut self) -> Vec<u8>;

    /// The server ends while a reply is waited for.
    fn ending(&mut self) -> Vec<u8>;
}

enum Stage<P> {
    Reading(Vec<u8>),
    Waiting(P),
    Writing(Vec<u8>, usize),
    Closing(usize),
    Done,
}

struct Connection<S, P> {
    stream: S,
    stage: Stage<P>,
    deadline: Instant,
    /// It was only accepted to be told that there are too many.
    spare: bool,
}

impl<S, P> Connection<S, P> {
    fn interest(&self) -> PollFlags {
        match self.stage {
            Stage::Reading(_) | Stage::Closing(_) => PollFlags::IN,
            // Errors and the client's going away are told without asking.
            Stage::Waiting(_) | Stage::Done => PollFlags::empty(),
            Stage::Writing(..) => PollFlags::OUT,
        }
    }

    fn is_served(&self) -> bool {
        !self.spare && !matches!(self.stage, Stage::Closing(_) | Stage::Done)
    }
}

/// The sockets of a server and what is spoken on them.
pub(super) struct Reactor<L: Listen, P: Protocol<L::Stream>> {
    listener: L,
    protocol: P,
    limits: Limits,
    stats: Arc<Stats>,
    wakeup: Wakeup,
    stop: Arc<AtomicBool>,
    connections: Vec<Connection<L::Stream, P::Pending>>,
    paused_until: Option<Instant>,
}

impl<L: Listen, P: Protocol<L::Stream>> Reactor<L, P> {
    /// `stop` is looked at when `wakeup` is woken.
    pub(super) fn new(
        listener: L,
        protocol: P,
        limits: Limits,
        stats: Arc<Stats>,
        wakeup: Wakeup,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            listener,
            protocol,
            limits,
            stats,
            wakeup,
            stop,
            connections: Vec::new(),
            paused_until: None,
        }
    }

    /// Serves until it is stopped.
    pub(super) fn run(mut self) {
        while !self.stop.load(Ordering::Acquire) {
            let Ok((woken, incoming, ready)) = self.wait() else {
                self.stats.wait_errors.add();
                thread::sleep(PAUSE);
                continue;
            };
            if woken {
                self.wakeup.clear();
            }
            let now = Instant::now();
            let mut connections = mem::take(&mut self.connections);
            for (connection, ready) in connections.iter_mut().zip(ready) {
                self.drive(connection, ready, now);
                self.expire(connection, now);
            }
            connections.retain(|c| !matches!(c.stage, Stage::Done));
            self.connections = connections;
            if incoming {
                self.accept(now);
            }
        }
        self.end();
    }

    /// Waits until something can be done. Gives whether the thread was woken, whether a client has come, and the
    /// state of each connection.
    fn wait(&mut self) -> io::Result<(bool, bool, Vec<PollFlags>)> {
        let now = Instant::now();
        if self.paused_until.is_some_and(|until| until <= now) {
            self.paused_until = None;
        }
        let timeout = self
            .connections
            .iter()
            .map(|c| c.deadline)
            .chain(self.paused_until)
            .min()
            .and_then(|at| Timespec::try_from(at.saturating_duration_since(now)).ok());
        let accept = match self.paused_until {
            Some(_) => PollFlags::empty(),
            None => PollFlags::IN,
        };
        let mut fds = Vec::with_capacity(self.connections.len().saturating_add(2));
        fds.push(PollFd::new(&self.wakeup, PollFlags::IN));
        fds.push(PollFd::new(&self.listener, accept));
        for connection in &self.connections {
            fds.push(PollFd::new(&connection.stream, connection.interest()));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut flags = fds.iter().map(PollFd::revents);
        let woken = flags.next().is_some_and(|f| !f.is_empty());
        let incoming = flags.next().is_some_and(|f| f.contains(PollFlags::IN));
        Ok((woken, incoming, flags.collect()))
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS {
            let stream = match self.listener.next() {
                Ok(stream) => stream,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted => continue,
                    // The client went away while it waited.
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                        self.stats.broken.add();
                        continue;
                    }
                    _ => {
                        // The client still waits, so asking again at once would spin.
                        self.stats.wait_errors.add();
                        self.paused_until = now.checked_add(PAUSE);
                        return;
                    }
                },
            };
            self.stats.accepted.add();
            let mut connection = Connection {
                stream,
                stage: Stage::Reading(Vec::new()),
                deadline: after(now, self.limits.read),
                spare: false,
            };
            let served = self.connections.iter().filter(|c| c.is_served()).count();
            if served >= self.limits.connections {
                self.stats.busy.add();
                if self.connections.len() >= self.limits.connections.saturating_add(SPARE) {
                    continue;
                }
                connection.spare = true;
                let answer = self.protocol.busy();
                self.answer(&mut connection, answer, now);
            } else {
                // The request is often here already.
                self.drive(&mut connection, PollFlags::IN, now);
            }
            if !matches!(connection.stage, Stage::Done) {
                self.connections.push(connection);
            }
        }
    }

    fn drive(
        &mut self,
        connection: &mut Connection<L::Stream, P::Pending>,
        ready: PollFlags,
        now: Instant,
    ) {
        match mem::replace(&mut connection.stage, Stage::Done) {
            Stage::Waiting(mut pending) => {
                if let Some(answer) = self.protocol.settle(&mut pending) {
                    self.answer(connection, answer, now);
                } else if ready.is_empty() {
                    connection.stage = Stage::Waiting(pending);
                } else {
                    self.stats.broken.add();
                }
            }
            stage if ready.is_empty() => connection.stage = stage,
            Stage::Reading(bytes) => self.read(connection, bytes, now),
            Stage::Writing(bytes, sent) => self.write(connection, bytes, sent),
            Stage::Closing(discarded) => discard(connection, discarded),
            Stage::Done => {}
        }
    }

    fn read(
        &mut self,
        connection: &mut Connection<L::Stream, P::Pending>,
        mut bytes: Vec<u8>,
        now: Instant,
    ) {
        let mut chunk = [0; 2048];
        match connection.stream.read(&mut chunk) {
            Ok(0) if bytes.is_empty() => self.stats.broken.add(),
            Ok(0) => {
                let answer = self.protocol.cut();
                self.answer(connection, answer, now);
            }
            Ok(n) => {
                bytes.extend(chunk.iter().take(n));
                match self.protocol.request(&connection.stream, &bytes) {
                    Next::More => connection.stage = Stage::Reading(bytes),
                    Next::Answer(answer) => self.answer(connection, answer, now),
                    Next::Wait(pending) => {
                        connection.deadline = after(now, self.limits.reply);
                        connection.stage = Stage::Waiting(pending);
                    }
                }
            }
            Err(error) if again(&error) => connection.stage = Stage::Reading(bytes),
            Err(_) => self.stats.broken.add(),
        }
    }

    fn answer(
        &mut self,
        connection: &mut Connection<L::Stream, P::Pending>,
        bytes: Vec<u8>,
        now: Instant,
    ) {
        connection.deadline = after(now, self.limits.write);
        self.write(connection, bytes, 0);
    }

    fn write(
        &mut self,
        connection: &mut Connection<L::Stream, P::Pending>,
        bytes: Vec<u8>,
        mut sent: usize,
    ) {
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            match connection.stream.write(rest) {
                Ok(n) if n > 0 => sent = sent.saturating_add(n),
                Err(error) if again(&error) => {
                    connection.stage = Stage::Writing(bytes, sent);
                    return;
                }
                Ok(_) | Err(_) => {
                    self.stats.broken.add();
                    connection.stage = Stage::Done;
                    return;
                }
            }
        }
        connection.stage = match connection.stream.end() {
            Ok(()) => Stage::Closing(0),
            Err(_) => Stage::Done,
        };
        connection.deadline = after(Instant::now(), self.limits.linger);
    }

    fn expire(&mut self, connection: &mut Connection<L::Stream, P::Pending>, now: Instant) {
        if now < connection.deadline {
            return;
        }
        match mem::replace(&mut connection.stage, Stage::Done) {
            Stage::Reading(_) => {
                self.stats.timed_out.add();
                let answer = self.protocol.late();
                self.answer(connection, answer, now);
            }
            Stage::Waiting(_) => {
                self.stats.unanswered.add();
                let answer = self.protocol.unanswered();
                self.answer(connection, answer, now);
            }
            Stage::Writing(..) => self.stats.broken.add(),
            Stage::Closing(_) | Stage::Done => {}
        }
    }

    /// The last words: replies that are there are sent as far as that needs no waiting.
    fn end(&mut self) {
        let now = Instant::now();
        for mut connection in mem::take(&mut self.connections) {
            if let Stage::Waiting(pending) = &mut connection.stage {
                let answer = match self.protocol.settle(pending) {
                    Some(answer) => answer,
                    None => self.protocol.ending(),
                };
                self.answer(&mut connection, answer, now);
            } else if matches!(connection.stage, Stage::Writing(..)) {
                self.drive(&mut connection, PollFlags::OUT, now);
            }
            if matches!(connection.stage, Stage::Reading(_) | Stage::Writing(..)) {
                self.stats.broken.add();
            }
        }
    }
}

/// Takes what a client sends behind its request: closing a socket with unread data resets the connection, and
/// then the client may never see the answer.
fn discard<S: Stream, P>(connection: &mut Connection<S, P>, mut discarded: usize) {
    let mut chunk = [0; 2048];
    connection.stage = match connection.stream.read(&mut chunk) {
        Ok(n) if n > 0 => {
            discarded = discarded.saturating_add(n);
            if discarded > MAX_DISCARD {
                Stage::Done
            } else {
                Stage::Closing(discarded)
            }
        }
        Err(error) if again(&error) => Stage::Closing(discarded),
        Ok(_) | Err(_) => Stage::Done,
    };
}

fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}
