//! The other end of the control socket: `bellerophon ctl`.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, socket};
use thiserror::Error;

use super::control_message::{Command, MAX_REPLY, Reply};

/// How long a server with a full queue is asked again.
const CONNECT: Duration = Duration::from_secs(2);

/// Longer than the server waits for its main loop, so that what it says of that is heard.
const REPLY: Duration = Duration::from_secs(65);

/// Why a command got no reply.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody answers.
    #[error(
        "{}: {why}: is `bellerophon watch --control {}` running?",
        .path.display(), .path.display()
    )]
    Nobody {
        /// The socket.
        path: PathBuf,
        /// There is none, or it is left over.
        why: &'static str,
    },
    /// The socket is another user's.
    #[error("{}: permission denied: {who}: run this as that user or as root", .path.display())]
    Denied {
        /// The socket.
        path: PathBuf,
        /// Whose it is.
        who: String,
    },
    /// The program hangs, or is busy.
    #[error("{}: no reply within {} s: the program there is busy or hangs", .path.display(), .after.as_secs())]
    Silent {
        /// The socket.
        path: PathBuf,
        /// How long was waited.
        after: Duration,
    },
    /// Something else listens there.
    #[error("{}: what answers there is no `bellerophon watch`: {why}", .path.display())]
    Strange {
        /// The socket.
        path: PathBuf,
        /// What is wrong with the reply.
        why: String,
    },
    /// The connection broke.
    #[error("{}: {source}", .path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Sends `command` to the program that listens on `path`, and waits up to 65 s for its reply.
///
/// # Errors
/// Where nobody listens, we may not connect, or no reply comes. That a command failed is a [`Reply`].
pub fn client(path: &Path, command: &Command) -> Result<Reply, ClientError> {
    ask(path, command, REPLY)
}

pub(super) fn ask(path: &Path, command: &Command, wait: Duration) -> Result<Reply, ClientError> {
    let stream = connect(path, CONNECT).map_err(|source| explain(path, source))?;
    let broken = |source: io::Error| match source.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => ClientError::Silent {
            path: path.into(),
            after: wait,
        },
        _ => ClientError::Broken {
            path: path.into(),
            source,
        },
    };
    let strange = |why: String| ClientError::Strange {
        path: path.into(),
        why,
    };
    let mut line = serde_json::to_vec(command).map_err(|e| strange(e.to_string()))?;
    line.push(b'\n');
    stream.set_nonblocking(false).map_err(broken)?;
    stream.set_write_timeout(Some(CONNECT)).map_err(broken)?;
    // A server with too many connections answers before it has read, and closes: then its answer counts.
    let sent = (&stream).write_all(&line);

    let reply = read_line(&stream, wait).map_err(broken)?;
    if reply.is_empty() {
        let closed = || ErrorKind::UnexpectedEof.into();
        return Err(broken(sent.err().unwrap_or_else(closed)));
    }
    if reply.len() > MAX_REPLY {
        return Err(strange("its reply is longer than 1 MiB".into()));
    }
    serde_json::from_slice(&reply)
        .map_err(|error| strange(format!("its reply is malformed ({error})")))
}

/// Up to the line end, the end, or the bound, within `wait` in all.
fn read_line(mut stream: &UnixStream, wait: Duration) -> io::Result<Vec<u8>> {
    let start = Instant::now();
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    while line.len() <= MAX_REPLY && !line.ends_with(b"\n") {
        let left = wait.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => line.extend(chunk.iter().take(n)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(line)
}

/// Connects without blocking; a server whose queue is full is asked again for `wait`. The stream does not block.
///
/// # Errors
/// Those of `connect(2)`; [`ErrorKind::WouldBlock`] where the queue stays full.
pub(super) fn connect(path: &Path, wait: Duration) -> io::Result<UnixStream> {
    let start = Instant::now();
    let address = SocketAddrUnix::new(path)?;
    let fd = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(true)?;
    loop {
        match rustix::net::connect(&stream, &address) {
            Ok(()) => return Ok(stream),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if start.elapsed() < wait => thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error.into()),
        }
    }
}

fn explain(path: &Path, source: io::Error) -> ClientError {
    let nobody = |why| ClientError::Nobody {
        path: path.into(),
        why,
    };
    match source.kind() {
        ErrorKind::NotFound => nobody("there is no such socket"),
        ErrorKind::ConnectionRefused => nobody("nobody answers on this socket"),
        ErrorKind::PermissionDenied => ClientError::Denied {
            path: path.into(),
            who: owner(path),
        },
        ErrorKind::WouldBlock => ClientError::Silent {
            path: path.into(),
            after: CONNECT,
        },
        _ => ClientError::Broken {
            path: path.into(),
            source,
        },
    }
}

/// Whose the socket is, or the folder above that hides it.
fn owner(path: &Path) -> String {
    for place in path.ancestors() {
        if let Ok(found) = fs::metadata(place) {
            let what = if place == path { "it" } else { "its folder" };
            let uid = found.uid();
            let mode = found.mode() & 0o7777;
            let name = fs::read_to_string("/etc/passwd")
                .ok()
                .and_then(|users| name_of(uid, &users));
            let name = name.unwrap_or_else(|| format!("the user {uid}"));
            let group = if place == path && mode & 0o060 == 0o060 {
                format!(", and its group {} may use it", found.gid())
            } else {
                String::new()
            };
            return format!("{what} belongs to {name} (mode {mode:04o}){group}");
        }
    }
    "it belongs to another user".into()
}

/// The name in `users`, of the form of `passwd(5)`.
fn name_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn error(path: &Path) -> String {
        ask(path, &Command::Status, Duration::from_millis(50))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn who_is_not_there_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ctl");
        let text = error(&path);
        let command = format!(
            "is `bellerophon watch --control {}` running?",
            path.display()
        );
        assert!(
            text.contains("no such socket") && text.contains(&command),
            "{text}"
        );
        let listener = UnixListener::bind(&path).unwrap();
        // It listens, but says nothing.
        assert!(error(&path).contains("no reply within 0 s"));
        drop(listener);
        let text = error(&path);
        assert!(
            text.contains("nobody answers") && text.contains(&command),
            "{text}"
        );
    }

    #[test]
    fn a_stranger_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ctl");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            for reply in ["220 hello\r\n", ""] {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
                let _ = stream.read(&mut [0; 64]);
            }
        });
        let ask = || ask(&path, &Command::Status, REPLY).unwrap_err();
        assert!(matches!(ask(), ClientError::Strange { .. }));
        assert!(matches!(ask(), ClientError::Broken { .. }));
        server.join().unwrap();
    }

    #[test]
    fn a_full_queue_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ctl");
        let _listener = UnixListener::bind(&path).unwrap();
        let mut waiting = Vec::new();
        let kind = loop {
            match connect(&path, Duration::ZERO) {
                Ok(stream) => waiting.push(stream),
                Err(error) => break error.kind(),
            }
            if waiting.len() == 900 {
                println!("skipped: the queue holds more than 900 connections");
                return;
            }
        };
        assert_eq!(kind, ErrorKind::WouldBlock);
    }

    #[test]
    fn the_owner_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ctl");
        let _listener = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
        assert!(
            owner(&path).starts_with("it belongs to "),
            "{}",
            owner(&path)
        );
        assert!(
            owner(&path).contains("(mode 0660), and its group "),
            "{}",
            owner(&path)
        );
        let inside = folder.path().join("hidden/ctl");
        assert!(owner(&inside).starts_with("its folder belongs to "));
        let users = "root:x:0:0::/root:/bin/sh\nbroken\nbell:x:997:997::/:/bin/false\n";
        assert_eq!(name_of(997, users).as_deref(), Some("bell"));
        assert_eq!(name_of(1, users), None);
    }
}
