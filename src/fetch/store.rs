//! The folder of lists: each file is replaced as a whole or not at all, and only by something that is a list.
//!
//! The folder is opened once, and everything goes through that handle by bare names that are never followed as links,
//! so nothing that happens to the path later leads elsewhere.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use ring::digest;
use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, flock, fstat, fsync, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::feeds::{Feed, FeedName, FolderError, RECORD, Record, open_folder, read_at, rfc3339};
use crate::time::Timestamp;

/// The file that is locked while an update runs. The lock ends with the process, so none is ever stale.
const LOCK: &str = ".lock";
/// What is being written. One at a time, under the lock.
const PART: &str = ".part";
/// Largest list that is read back, in bytes; beyond the largest limit that makes sense.
const MAX_BACK: u64 = 1 << 30;

/// What a reader of lists says of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Number of entries, of any kind.
    pub entries: u64,
    /// The list's own date, `YYYY-MM-DD`, where it has one.
    pub date: Option<String>,
}

/// Reads a list, or says why it is none. It is given what comes from the network.
pub type Check<'a> = &'a dyn Fn(&FeedName, &[u8]) -> Result<Checked, String>;

/// Why a folder of lists cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It or its record cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Everybody may write to the folder.
    #[error(
        "{}: everybody on this machine may write to it, and so change what is alerted on; chmod o-w {}",
        .0.display(), .0.display()
    )]
    Open(PathBuf),
    /// The folder belongs to somebody else.
    #[error(
        "{}: belongs to user {owner}, who may change what is alerted on; run the update as that user, or take a folder of your own",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
    },
    /// Another update runs.
    #[error("{}: another update is running; wait until it is done", .0.display())]
    Locked(PathBuf),
}

/// What became of a list that was given to the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Put {
    New { entries: u64 },
    Updated { entries: u64, before: Option<u64> },
    Unchanged { entries: u64 },
}

/// Why a list was not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is none, or lost too much: the old one stays.
    Refused(String),
    /// It could not be written: the old one stays.
    Failed(StoreError),
}

/// A folder of lists under lock.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    handle: OwnedFd,
    record: Record,
    now: Timestamp,
    /// Something about the folder that should be changed.
    pub(super) warning: Option<String>,
    _lock: OwnedFd,
}

impl Folder {
    /// Opens and locks a folder, and makes it where it is missing.
    ///
    /// # Errors
    ///
    /// It is no place for lists, or in use.
    pub(super) fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let failed = |source: io::Error| FolderError::Io {
            path: path.into(),
            source,
        };
        match rustix::fs::mkdir(path, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(e) => return Err(failed(e.into()).into()),
        }
        let handle = open_folder(path, false)?;
        let warning = look(path, &handle)?;
        let lock = openat(
            &handle,
            LOCK,
            OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::from_raw_mode(0o644),
        )
        .map_err(|e| failed(e.into()))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|e| match e {
            Errno::WOULDBLOCK => StoreError::Locked(path.into()),
            e => failed(e.into()).into(),
        })?;
        let record = Record::at(&handle, path)?;
        Ok(Self {
            path: path.into(),
            handle,
            record,
            now,
            warning,
            _lock: lock,
        })
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// What is recorded of a list, where the file is there and still what was recorded: otherwise the server must not be told
    /// that we have it.
    pub(super) fn known(&self, name: &FeedName) -> Option<&Feed> {
        let feed = self.record.feeds.get(name)?;
        let bytes = self.read(name).ok()??;
        (sha256(&bytes) == feed.sha256).then_some(feed)
    }

    /// Takes a list: whatever goes wrong, the old one stays. `feed` says where it came from; the rest is filled in here.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub(super) fn put(
        &mut self,
        name: &FeedName,
        bytes: &[u8],
        mut feed: Feed,
        check: Check<'_>,
        force: bool,
    ) -> Result<Put, Refusal> {
        let checked = check(name, bytes).map_err(|why| {
            Refusal::Refused(format!(
                "what came is no list that can be read ({why}); the old one stays"
            ))
        })?;
        let entries = checked.entries;
        let hash = sha256(bytes);
        let old = self
            .read(name)
            .map_err(|source| Refusal::Failed(self.io(name, source)))?;
        let recorded = self.record.feeds.get(name);
        feed.checked_at = rfc3339(self.now);
        feed.fetched_at.clone_from(&feed.checked_at);
        let put = match old {
            None => Put::New { entries },
            Some(old) if sha256(&old) == hash => {
                if let Some(recorded) = recorded {
                    feed.fetched_at.clone_from(&recorded.fetched_at);
                }
                Put::Unchanged { entries }
            }
            Some(old) => {
                let before = check(name, &old).ok().map(|old| old.entries);
                if !force && let Some(before) = before {
                    lost_too_much(before, entries).map_err(Refusal::Refused)?;
                }
                Put::Updated { entries, before }
            }
        };
        feed.size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        feed.sha256 = hash;
        feed.entries = entries;
        feed.date = checked.date;
        if !matches!(put, Put::Unchanged { .. }) {
            self.replace(name.as_str(), bytes)
                .map_err(|source| Refusal::Failed(self.io(name, source)))?;
        }
        self.note(name, feed).map_err(Refusal::Failed)?;
        Ok(put)
    }

    /// The publisher said that the copy at hand is the newest.
    ///
    /// # Errors
    ///
    /// The record cannot be written.
    pub(super) fn confirm(&mut self, name: &FeedName) -> Result<(), StoreError> {
        let Some(feed) = self.record.feeds.get(name) else {
            return Ok(());
        };
        let mut feed = feed.clone();
        feed.checked_at = rfc3339(self.now);
        self.note(name, feed)
    }

    /// Writes the record with this entry. It follows the list's own file: where the machine stops between the two, the
    /// hash tells that they do not belong together, and the list is fetched anew.
    fn note(&mut self, name: &FeedName, feed: Feed) -> Result<(), StoreError> {
        self.record.feeds.insert(name.clone(), feed);
        let failed = |source| FolderError::Io {
            path: self.path.join(RECORD),
            source,
        };
        let bytes = self
            .record
            .to_bytes()
            .map_err(|e| failed(io::Error::other(e)))?;
        Ok(self.replace(RECORD, &bytes).map_err(failed)?)
    }

    fn read(&self, name: &FeedName) -> io::Result<Option<Vec<u8>>> {
        read_at(&self.handle, name.as_str(), MAX_BACK)
    }

    fn io(&self, name: &FeedName, source: io::Error) -> StoreError {
        StoreError::Folder(FolderError::Io {
            path: self.path.join(name.as_str()),
            source,
        })
    }

    /// Replaces a file as a whole, in a way that outlives a loss of power.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let handle = self.handle.as_fd();
        let written = (|| {
            // What an update that was killed has left.
            match unlinkat(handle, PART, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(e) => return Err(e.into()),
            }
            let part = openat(
                handle,
                PART,
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::from_raw_mode(0o644),
            )?;
            let mut part = File::from(part);
            part.write_all(bytes)?;
            part.sync_all()?;
            renameat(handle, PART, handle, name)?;
            io::Result::Ok(())
        })();
        if written.is_err() {
            // The first error is the one to tell.
            let _ = unlinkat(handle, PART, AtFlags::empty());
        }
        written?;
        Ok(fsync(handle)?)
    }
}

/// Who may write to a folder: nobody else is right, a group is worth a word, anything more is refused.
fn look(path: &Path, handle: &OwnedFd) -> Result<Option<String>, StoreError> {
    let found = fstat(handle).map_err(|e| FolderError::Io {
        path: path.into(),
        source: e.into(),
    })?;
    let mode = Mode::from_raw_mode(found.st_mode);
    if mode.contains(Mode::WOTH) {
        return Err(StoreError::Open(path.into()));
    }
    if found.st_uid != geteuid().as_raw() && found.st_uid != 0 {
        return Err(StoreError::Foreign {
            path: path.into(),
            owner: found.st_uid,
        });
    }
    Ok(mode.contains(Mode::WGRP).then(|| {
        format!(
            "{}: group {} may write to it, and so change what is alerted on; if that is not meant: chmod g-w {}",
            path.display(),
            found.st_gid,
            path.display()
        )
    }))
}

/// A list that lost more than half of its entries was more likely damaged or emptied than tidied up.
fn lost_too_much(before: u64, entries: u64) -> Result<(), String> {
    if entries.saturating_mul(2) >= before {
        return Ok(());
    }
    Err(format!(
        "it has {entries} entries and had {before}, so more than half would be lost; the old one stays. Look at the new one, and \
         if it is right, take it with --force"
    ))
}

/// In lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
