//! A folder of lists and its files, read without being led elsewhere.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::Errno;

/// Why a folder of lists cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder's path is a symbolic link or no folder.
    #[error("{}: a symbolic link or no folder; give the path of the folder itself", .0.display())]
    NotFolder(PathBuf),
    /// The record is damaged.
    #[error(
        "{}: {why}; remove it, and the next update fetches every list anew",
        path.display()
    )]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Opens a folder. Who only reads it may name it by a link.
///
/// # Errors
///
/// Missing, no folder, or a link where none is followed.
pub(crate) fn open_folder(path: &Path, follow: bool) -> Result<OwnedFd, FolderError> {
    let link = if follow {
        OFlags::empty()
    } else {
        OFlags::NOFOLLOW
    };
    open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | link,
        Mode::empty(),
    )
    .map_err(|e| match e {
        Errno::NOTDIR | Errno::LOOP => FolderError::NotFolder(path.into()),
        e => FolderError::Io {
            path: path.into(),
            source: e.into(),
        },
    })
}

/// A file of a folder; `None` where there is none.
///
/// # Errors
///
/// It is a link, no regular file, larger than `most` bytes, or cannot be read.
pub(crate) fn read_at(folder: &OwnedFd, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
    // A named pipe would make wait without NONBLOCK.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => {
            return Err(io::Error::other(
                "a symbolic link, which is not followed; remove it",
            ));
        }
        Err(e) => return Err(e.into()),
    };
    if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("no regular file; remove it"));
    }
    let mut bytes = Vec::new();
    File::from(file)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(io::Error::other(format!("larger than {most} bytes")));
    }
    Ok(Some(bytes))
}
