//! What TCP and Unix sockets have in common, as far as the reactor needs it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};

/// A socket that gives connections.
pub(super) trait Listen: AsFd + Send + 'static {
    type Stream: Stream;

    /// The next connection, which does not block.
    fn next(&self) -> io::Result<Self::Stream>;
}

/// A connection.
pub(super) trait Stream: Read + Write + AsFd + Send {
    /// Says that no more will be written.
    fn end(&self) -> io::Result<()>;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

impl Stream for TcpStream {
    fn end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Listen for UnixListener {
    type Stream = UnixStream;

    fn next(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

impl Stream for UnixStream {
    fn end(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// Whether the same call may succeed later.
pub(super) fn again(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
