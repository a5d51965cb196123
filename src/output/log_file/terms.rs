//! What the alert file is told and what it tells: options, counters, answers.

use std::path::PathBuf;

use super::place::Kind;

/// How an alert file is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Longest file in bytes: before a line would make it longer, it is rotated. A line that is
    /// longer stands alone in its file. `None` leaves rotation to other programs.
    pub max_bytes: Option<u64>,
    /// Rotated files that are kept, from 1 to 1,000. Used with `max_bytes` only.
    pub keep: u32,
    /// Bytes of lines that may wait while they cannot be written.
    pub backlog_bytes: usize,
    /// Permissions of files that are created, before the umask.
    pub mode: u32,
    /// What a line is called in messages, in the singular.
    pub noun: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_bytes: None,
            keep: 8,
            backlog_bytes: 4 << 20,
            mode: 0o640,
            noun: "alert",
        }
    }
}

/// What was found when the file was opened first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the path leads to.
    pub kind: Kind,
    /// Bytes of a torn last line that were cut off.
    pub mended_bytes: u64,
    /// Length in bytes after that.
    pub size: u64,
    /// The only folder in which files are created, renamed or deleted later, behind all symbolic
    /// links. A sandbox has to allow reading, writing, truncating, creating and removing files in it.
    pub folder: PathBuf,
}

/// What [`LogFile::rotate`](super::LogFile::rotate) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// The file was renamed to `PATH.1` and a new one begun.
    Renamed,
    /// The path led elsewhere or nowhere, so it was opened anew.
    Reopened,
    /// Nothing was to be done: the path leads to the file that is open, and it is empty, no regular
    /// file, or `max_bytes` is not set.
    Unchanged,
    /// It failed; [`LogFile::trouble`](super::LogFile::trouble) says why. Alerts go on into the old
    /// file, and it is tried again.
    Failed,
}

/// Counters since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Lines that were handed to the kernel.
    pub lines: u64,
    /// Bytes of these lines.
    pub bytes: u64,
    /// Lines that found no room in the backlog, were too long, or were still waiting at the end.
    pub lost_lines: u64,
    /// Tries to write, open, rotate or sync that failed.
    pub failures: u64,
    /// Times that the file was renamed to `PATH.1`.
    pub rotations: u64,
    /// Times that the path was opened anew, after a rotation, for a signal, since it led elsewhere,
    /// or for a new reader.
    pub reopened: u64,
    /// Bytes of torn last lines that were cut off when a file was opened.
    pub mended_bytes: u64,
    /// Torn lines that could not be cut off, and were ended with a line end instead.
    pub torn_lines: u64,
    /// Lines that wait.
    pub backlog_lines: u64,
    /// Bytes that wait.
    pub backlog_bytes: u64,
    /// News that nobody took in time.
    pub lost_news: u64,
}
