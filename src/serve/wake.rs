//! Waking a thread that waits in `poll(2)`: a pair of sockets, one byte through it.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// The end that wakes; clones wake the same thread.
#[derive(Debug, Clone)]
pub(super) struct Waker(Arc<UnixStream>);

/// The end that is waited on.
#[derive(Debug)]
pub(super) struct Wakeup(UnixStream);

/// Both ends.
///
/// # Errors
/// Where the system gives no more descriptors.
pub(super) fn pair() -> io::Result<(Waker, Wakeup)> {
    let (here, there) = UnixStream::pair()?;
    here.set_nonblocking(true)?;
    there.set_nonblocking(true)?;
    Ok((Waker(Arc::new(here)), Wakeup(there)))
}

impl Waker {
    pub(super) fn wake(&self) {
        // If the buffer is full, the thread is awake already; if the other end is gone, so is the thread.
        let _ = (&*self.0).write(&[1]);
    }
}

impl Wakeup {
    /// Takes what woke, so that the next wait waits again.
    pub(super) fn clear(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.0.read(&mut bytes), Ok(n) if n > 0) {}
    }
}

impl AsFd for Wakeup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
