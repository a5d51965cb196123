//! Where alerts go: opens a path, tells what it is, and knows whether it still leads to what is open.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::drain::Medium;
use super::health::{reason, shown};
use super::mend;

/// Symbolic links that are followed to see whether a path leads to a stream of the program itself.
const MAX_LINKS: usize = 8;

/// Why a path cannot take alerts.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refuses.
    #[error(
        "cannot open {} for alerts: {}{}",
        shown(path),
        reason(source),
        advice(path, source)
    )]
    System {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A FIFO that nobody has open for reading. [`LogFile::open`](super::LogFile::open) waits for a
    /// reader and does not give this.
    #[error("nobody reads the FIFO {}", shown(.0))]
    NoReader(PathBuf),
    /// A folder, socket or block device.
    #[error(
        "cannot write alerts to {}: it is a {what}: name a file, a FIFO or a character device",
        shown(path)
    )]
    Unfit {
        /// The path as it was given.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Its end is not that of a file of JSON lines.
    #[error(
        "{} is not a file of JSON lines: its last line does not begin with a brace and has no end; it is left as it is: name another file",
        shown(.0)
    )]
    NotLines(PathBuf),
    /// It was exchanged for something of another kind between two system calls.
    #[error("{} changed while it was opened: try again", shown(.0))]
    Changed(PathBuf),
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file: mended, cut back after short writes, rotated.
    File,
    /// A FIFO. Lines up to 4096 bytes go out whole or not at all.
    Pipe,
    /// A character device, or a stream of the program itself such as `/dev/stdout`. It is written
    /// to and otherwise left alone.
    Device,
}

/// Whether a path still leads to what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    Here,
    Elsewhere,
    Nowhere,
    /// It could not be asked.
    Unknown,
}

/// Something that is open for alerts.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) file: File,
    pub(super) kind: Kind,
    /// Length in bytes, as far as it is known.
    pub(super) size: u64,
    /// Bytes of a torn last line that were cut off.
    pub(super) mended: u64,
    /// A line end has to be written before the next line.
    pub(super) unended: bool,
    /// The file itself, behind all symbolic links.
    pub(super) target: PathBuf,
    id: (u64, u64),
    /// It is a stream of the program itself: its path means nothing.
    inherited: bool,
    /// Whether the file system counts links, so that none means deleted.
    counts_links: bool,
}

impl Place {
    /// Opens `path` and never waits. A file that does not exist is created with `mode`.
    pub(super) fn open(path: &Path, mode: u32) -> Result<Self, OpenError> {
        let system = |source| OpenError::System {
            path: path.to_owned(),
            source,
        };
        let inherited = leads_to_own_stream(path);
        let expected = match fs::metadata(path) {
            Ok(found) => kind(path, &found)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Kind::File,
            Err(e) => return Err(system(e)),
        };
        let regular = expected == Kind::File && !inherited;
        let opened = OpenOptions::new()
            .append(true)
            // A FIFO that were open for reading too would never tell that its reader is gone.
            .read(regular)
            .create(regular)
            .mode(mode)
            // A FIFO without a reader must not make wait, and a terminal must not become ours.
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(e) if expected == Kind::Pipe && e.raw_os_error() == Some(libc::ENXIO) => {
                return Err(OpenError::NoReader(path.to_owned()));
            }
            Err(e) => return Err(system(e)),
        };
        let found = file.metadata().map_err(system)?;
        if kind(path, &found)? != expected {
            return Err(OpenError::Changed(path.to_owned()));
        }
        let mut place = Self {
            file,
            kind: if inherited { Kind::Device } else { expected },
            size: found.len(),
            mended: 0,
            unended: false,
            target: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
            id: (found.dev(), found.ino()),
            inherited,
            counts_links: found.nlink() > 0,
        };
        if place.kind == Kind::File {
            match mend::end(&place.file, place.size).map_err(system)? {
                mend::End::Clean => {}
                mend::End::Unended => place.unended = true,
                mend::End::Foreign => return Err(OpenError::NotLines(path.to_owned())),
                mend::End::Torn(begin) => match place.file.set_len(begin) {
                    Ok(()) => {
                        place.mended = place.size.saturating_sub(begin);
                        place.size = begin;
                    }
                    // An append-only file (chattr +a), for one: then the torn line gets an end.
                    Err(_) => place.unended = true,
                },
            }
        }
        Ok(place)
    }

    /// Whether `path` still leads here.
    pub(super) fn led_to_by(&self, path: &Path) -> Leads {
        if self.inherited {
            return Leads::Here;
        }
        match fs::metadata(path) {
            Ok(found) if (found.dev(), found.ino()) == self.id => Leads::Here,
            Ok(_) => Leads::Elsewhere,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Leads::Nowhere,
            Err(_) => Leads::Unknown,
        }
    }

    /// Whether this file has no name any more, so that nobody will ever read what is written to it.
    pub(super) fn deleted(&self) -> bool {
        self.kind == Kind::File
            && self.counts_links
            && self.file.metadata().is_ok_and(|found| found.nlink() == 0)
    }

    /// Asks for the length again. True if somebody made the file shorter.
    pub(super) fn measure(&mut self) -> bool {
        let Some(len) = self.file.metadata().ok().map(|found| found.len()) else {
            return false;
        };
        let shorter = self.kind == Kind::File && len < self.size;
        self.size = len;
        shorter
    }
}

impl Medium for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn cut(&mut self, torn: usize) -> io::Result<()> {
        // After a write that appends, the position is the end of what was written.
        let end = self.file.stream_position()?;
        if self.file.metadata()?.len() != end {
            // Another program has appended, and its lines are not ours to cut off.
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        let torn = u64::try_from(torn).unwrap_or(u64::MAX);
        self.file.set_len(end.saturating_sub(torn))
    }
}

fn kind(path: &Path, found: &Metadata) -> Result<Kind, OpenError> {
    let kind = found.file_type();
    let what = if kind.is_file() {
        return Ok(Kind::File);
    } else if kind.is_fifo() {
        return Ok(Kind::Pipe);
    } else if kind.is_char_device() {
        return Ok(Kind::Device);
    } else if kind.is_dir() {
        "folder"
    } else if kind.is_socket() {
        "socket"
    } else {
        "block device"
    };
    Err(OpenError::Unfit {
        path: path.to_owned(),
        what,
    })
}

/// Whether `path` is another name for an open stream of the program, as `/dev/stdout` is. Whoever
/// started the program owns the file behind it: renaming or cutting it is not ours to do.
fn leads_to_own_stream(path: &Path) -> bool {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return true;
        }
        let Ok(next) = fs::read_link(&path) else {
            return false;
        };
        path = path.parent().unwrap_or(Path::new("/")).join(next);
    }
    false
}

/// What to do about a refusal.
fn advice(path: &Path, error: &io::Error) -> String {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            // The user may be another one than at the start of the program.
            let who = fs::metadata("/proc/self").map_or_else(
                |_| "the user of this program".to_owned(),
                |own| format!("user {}", own.uid()),
            );
            format!(
                ": {who} must be able to read and write it, or to create it in {}",
                shown(folder)
            )
        }
        io::ErrorKind::NotFound => format!(": create the folder {} first", shown(folder)),
        io::ErrorKind::ReadOnlyFilesystem => ": name a file on another file system".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_take_alerts_is_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let error = |path: &Path| Place::open(path, 0o640).unwrap_err().to_string();
        assert!(error(dir.path()).contains("it is a folder"));
        let socket = dir.path().join("s");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(error(&socket).contains("it is a socket"));
        let missing = error(&dir.path().join("no/eve.json"));
        assert!(missing.contains("No such file or directory: create the folder"));
        assert!(missing.contains("/no first"));
        let diary = dir.path().join("diary");
        fs::write(&diary, "dear diary").unwrap();
        assert!(error(&diary).contains("is not a file of JSON lines"));
        assert_eq!(fs::read(&diary).unwrap(), b"dear diary");
    }

    #[test]
    fn a_refusal_of_permission_names_the_user() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let text = OpenError::System {
            path: "/var/log/eve.json".into(),
            source,
        }
        .to_string();
        assert!(
            text.starts_with("cannot open /var/log/eve.json for alerts: "),
            "{text}"
        );
        assert!(text.contains("user "), "{text}");
        assert!(text.ends_with("create it in /var/log"), "{text}");
    }

    #[test]
    fn new_files_are_not_for_everybody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        let place = Place::open(&path, 0o640).unwrap();
        assert_eq!(place.kind, Kind::File);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o137, 0);
    }

    #[test]
    fn streams_of_the_program_are_known() {
        assert!(leads_to_own_stream(Path::new("/dev/stdout")));
        assert!(leads_to_own_stream(Path::new("/dev/fd/1")));
        assert!(leads_to_own_stream(Path::new("/proc/self/fd/1")));
        assert!(!leads_to_own_stream(Path::new("/dev/null")));
        assert!(!leads_to_own_stream(Path::new("/dev/shm/eve.json")));
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/stderr", &link).unwrap();
        assert!(leads_to_own_stream(&link));
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).unwrap();
        assert!(!leads_to_own_stream(&dir.path().join("loop")));
    }

    #[test]
    fn a_file_that_another_program_appends_to_is_not_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        let mut place = Place::open(&path, 0o640).unwrap();
        place.write(b"{}\n{\"a").unwrap();
        place.cut(3).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{}\n");
        place.write(b"{\"a").unwrap();
        let mut other = OpenOptions::new().append(true).open(&path).unwrap();
        other.write_all(b"theirs\n").unwrap();
        assert!(place.cut(3).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"{}\n{\"atheirs\n");
    }
}
