//! The control socket of `watch --control PATH`: takes commands from `bellerophon ctl` to the main loop.
//!
//! A connection is one request and one reply. Who may connect is decided by the file's mode, so there is no
//! moment at which it is wider: it is set before the socket listens.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use thiserror::Error;

pub use super::control_client::{ClientError, client};
pub use super::control_message::{Command, Reply, ReplyTo, Request};

use super::control_client::connect;
use super::control_message::{MAX_REQUEST, parse, take};
use super::reactor::{Limits, Next, Protocol};
use super::running::Running;
use super::stats::Stats;
use super::wake::{self, Waker};

/// Requests that wait for the main loop.
const QUEUE: usize = 4;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 16;

const LIMITS: Limits = Limits {
    connections: 8,
    read: Duration::from_secs(2),
    reply: Duration::from_secs(60),
    write: Duration::from_secs(2),
    linger: Duration::from_millis(500),
};

/// Who may send commands, beside root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The user that `watch` runs as: mode 0600.
    Owner,
    /// That user's group too: mode 0660.
    Group,
}

/// Why `--control` cannot listen.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Another `watch` answers there.
    #[error(
        "--control {}: another `bellerophon watch` answers there: stop it, or give this one another path",
        .0.display()
    )]
    InUse(PathBuf),
    /// A file that is not to be lost.
    #[error(
        "--control {}: there is a file that is no socket: it is not replaced; remove it, or give another path",
        .0.display()
    )]
    NotASocket(PathBuf),
    /// The folder is not there.
    #[error("--control {}: there is no folder {}: make it first", .path.display(), .folder.display())]
    NoFolder {
        /// As given.
        path: PathBuf,
        /// What is not there.
        folder: PathBuf,
    },
    /// No name for a socket.
    #[error("--control {}: the path of a socket has 1 to 107 bytes, from the root: give another one", .0.display())]
    Name(PathBuf),
    /// The system refuses.
    #[error(
        "--control {}: cannot {what}: {source}: give a path where this user may make and remove files",
        .path.display()
    )]
    System {
        /// As given.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// A control socket that listens and is not served yet: what comes waits. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    file: SocketFile,
    stats: Arc<Stats>,
    limits: Limits,
}

impl Control {
    /// Makes the socket `path` and listens. A socket that is left over from a program that is gone is replaced.
    ///
    /// # Errors
    /// Where somebody answers on `path`, it is another kind of file, its folder is missing, or the system refuses.
    pub fn bind(path: &Path, access: Access) -> Result<Self, ControlError> {
        let system = |what| {
            let path = path.to_path_buf();
            move |source: io::Error| ControlError::System { path, what, source }
        };
        if path.as_os_str().is_empty() {
            return Err(ControlError::Name(path.into()));
        }
        // The program may change its folder later, and still has to find the file.
        let whole = std::path::absolute(path).map_err(system("find the folder"))?;
        let address = SocketAddrUnix::new(&whole).map_err(|_| ControlError::Name(path.into()))?;
        let folder = whole.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            return Err(ControlError::NoFolder {
                path: path.into(),
                folder: folder.into(),
            });
        }
        clear(path, &whole)?;

        let fd = socket(AddressFamily::UNIX, SocketType::STREAM, None)
            .map_err(|e| system("make a socket")(e.into()))?;
        fcntl_setfd(&fd, FdFlags::CLOEXEC).map_err(|e| system("make a socket")(e.into()))?;
        bind(&fd, &address).map_err(|error| match error {
            // Two programs began at the same time.
            Errno::ADDRINUSE => ControlError::InUse(path.into()),
            error => system("make the file")(error.into()),
        })?;
        // From here on the file is ours, and goes when something fails.
        let file = SocketFile::new(whole).map_err(system("read the file's identity"))?;
        let mode = match access {
            Access::Owner => 0o600,
            Access::Group => 0o660,
        };
        // Nobody can connect before `listen`.
        fs::set_permissions(&file.path, Permissions::from_mode(mode))
            .map_err(system("set the file's mode"))?;
        listen(&fd, BACKLOG).map_err(|e| system("listen")(e.into()))?;
        let listener = UnixListener::from(fd);
        listener.set_nonblocking(true).map_err(system("listen"))?;
        Ok(Self {
            listener,
            file,
            stats: Arc::default(),
            limits: LIMITS,
        })
    }

    /// How long a client waits for the main loop's reply; 60 seconds if this is not called.
    #[must_use]
    pub fn with_reply_timeout(mut self, timeout: Duration) -> Self {
        self.limits.reply = timeout;
        self
    }

    /// The counters.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Takes requests on the thread `control`, and gives where the main loop receives them: at most four wait.
    ///
    /// # Errors
    /// Where the system refuses one more thread or descriptor.
    pub fn start(self) -> io::Result<(Handle, Receiver<Request>)> {
        let (sender, receiver) = bounded(QUEUE);
        let (waker, wakeup) = wake::pair()?;
        let protocol = Lines {
            to: sender,
            waker: waker.clone(),
            stats: Arc::clone(&self.stats),
        };
        let running = Running::start(
            "control",
            self.listener,
            protocol,
            self.limits,
            Arc::clone(&self.stats),
            (waker, wakeup),
        )?;
        let handle = Handle {
            running,
            file: self.file,
            stats: self.stats,
        };
        Ok((handle, receiver))
    }

    #[cfg(test)]
    fn with_limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }
}

/// Makes way for a new socket, where what is there is a socket on which nobody answers.
fn clear(path: &Path, whole: &Path) -> Result<(), ControlError> {
    let system = |what, source| ControlError::System {
        path: path.into(),
        what,
        source,
    };
    let found = match fs::symlink_metadata(whole) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system("look for the file", error)),
    };
    if !found.file_type().is_socket() {
        return Err(ControlError::NotASocket(path.into()));
    }
    match connect(whole, Duration::ZERO) {
        // One whose queue is full lives too.
        Ok(_) => return Err(ControlError::InUse(path.into())),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock => return Err(ControlError::InUse(path.into())),
            io::ErrorKind::NotFound => return Ok(()),
            io::ErrorKind::ConnectionRefused => {}
            _ => return Err(system("ask whether anybody answers there", error)),
        },
    }
    // If another program was faster, the file is no longer the one that was asked.
    let left_over = SocketFile {
        path: whole.into(),
        identity: identity(&found),
    };
    left_over
        .remove()
        .map_err(|source| system("remove the socket that was left over", source))
}

/// A control socket that is served. Stops when dropped, and removes its file.
#[derive(Debug)]
pub struct Handle {
    // Dropped in this order: the thread ends before the file goes.
    running: Running,
    file: SocketFile,
    stats: Arc<Stats>,
}

impl Handle {
    /// The counters.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Whether the thread is still there.
    pub fn is_alive(&self) -> bool {
        self.running.is_alive()
    }

    /// Stops at once. Replies that were given are sent, other clients are told; the file is removed if it is still ours.
    ///
    /// # Errors
    /// Where the file cannot be removed, for example because of a sandbox. It does no harm: the next `watch` replaces it.
    pub fn stop(mut self) -> io::Result<()> {
        self.running.stop();
        self.file.remove()
    }
}

/// Device and number of a file.
type Identity = (u64, u64);

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// A socket's file that is removed at the end, unless another stands in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: Identity,
}

impl SocketFile {
    fn new(path: PathBuf) -> io::Result<Self> {
        let identity = identity(&fs::symlink_metadata(&path)?);
        Ok(Self { path, identity })
    }

    fn remove(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) if found.file_type().is_socket() && identity(&found) == self.identity => {
                fs::remove_file(&self.path)
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Whoever wants to know calls `Handle::stop`.
        let _ = self.remove();
    }
}

struct Lines {
    to: Sender<Request>,
    waker: Waker,
    stats: Arc<Stats>,
}

impl Lines {
    fn reject(&self, why: impl Into<String>) -> Vec<u8> {
        self.stats.rejected.add();
        line(&Reply::error(why))
    }

    fn pass(&self, command: Command) -> Next<Receiver<Reply>> {
        let (reply, receiver) = ReplyTo::pair(self.waker.clone());
        match self.to.try_send(Request { command, reply }) {
            Ok(()) => Next::Wait(receiver),
            Err(TrySendError::Full(_)) => {
                self.stats.queue_full.add();
                Next::Answer(line(&Reply::error(
                    "other commands are still being carried out: try again",
                )))
            }
            Err(TrySendError::Disconnected(_)) => {
                Next::Answer(self.reject("the program is ending"))
            }
        }
    }
}

fn line(reply: &Reply) -> Vec<u8> {
    reply.line().unwrap_or_default()
}

impl Protocol<UnixStream> for Lines {
    type Pending = Receiver<Reply>;

    fn request(&mut self, _: &UnixStream, bytes: &[u8]) -> Next<Self::Pending> {
        let end = bytes.iter().position(|b| *b == b'\n');
        match end.and_then(|end| bytes.split_at_checked(end)) {
            None if bytes.len() < MAX_REQUEST => Next::More,
            Some((request, _)) if request.len() < MAX_REQUEST => match parse(request) {
                Ok(command) => self.pass(command),
                Err(why) => Next::Answer(self.reject(why)),
            },
            _ => Next::Answer(self.reject("the request is longer than 4 KiB")),
        }
    }

    fn cut(&mut self) -> Vec<u8> {
        self.reject("the request has no line end")
    }

    fn settle(&mut self, pending: &mut Self::Pending) -> Option<Vec<u8>> {
        let reply = take(pending)?;
        Some(match reply.line() {
            Some(line) => {
                self.stats.answered.add();
                line
            }
            None => self.reject("the reply is longer than 1 MiB"),
        })
    }

    fn late(&mut self) -> Vec<u8> {
        line(&Reply::error("the request took too long"))
    }

    fn unanswered(&mut self) -> Vec<u8> {
        line(&Reply::error(
            "there was no reply in time; the command may still be carried out: ask for the status",
        ))
    }

    fn busy(&mut self) -> Vec<u8> {
        line(&Reply::error("too many connections: try again"))
    }

    fn ending(&mut self) -> Vec<u8> {
        self.reject("the program is ending")
    }
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
