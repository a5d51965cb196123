//! The thread of a server: started, stopped by a flag, joined.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::reactor::{Limits, Protocol, Reactor};
use super::sockets::Listen;
use super::stats::Stats;
use super::wake::{Waker, Wakeup};

/// A server's thread. Stops when dropped.
#[derive(Debug)]
pub(super) struct Running {
    stop: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts the thread `name`.
    ///
    /// # Errors
    /// Where the system refuses one more thread or descriptor.
    pub(super) fn start<L: Listen, P: Protocol<L::Stream>>(
        name: &str,
        listener: L,
        protocol: P,
        limits: Limits,
        stats: Arc<Stats>,
        (waker, wakeup): (Waker, Wakeup),
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let reactor = Reactor::new(listener, protocol, limits, stats, wakeup, Arc::clone(&stop));
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(|| reactor.run())?;
        Ok(Self {
            stop,
            waker,
            thread: Some(thread),
        })
    }

    /// Whether the thread is still there.
    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }

    /// Stops the thread and waits for its end.
    pub(super) fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
