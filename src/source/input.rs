//! What can be opened, and how.

use std::fmt;
use std::path::{Path, PathBuf};

use super::memory::Bytes;

/// One thing to read frames from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file or a named pipe.
    File(PathBuf),
    /// A capture that is in memory already, not compressed.
    Memory(Bytes),
}

/// `standard input`, or the path with control characters escaped: names of files in evidence may
/// have been chosen to confuse a terminal.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => f.write_str(&path_words(path)),
            Self::Memory(_) => f.write_str("memory"),
        }
    }
}

/// A path for people.
pub(super) fn path_words(path: &Path) -> String {
    let mut words = String::new();
    for c in path.to_string_lossy().chars() {
        if c.is_control() {
            words.extend(c.escape_default());
        } else {
            words.push(c);
        }
    }
    words
}

impl Input {
    /// The path as machines need it: as it is, and bytes that are not UTF-8 as `\xNN`, so that two
    /// files never get one name.
    pub fn machine_name(&self) -> String {
        let Self::File(path) = self else {
            return self.to_string();
        };
        let mut name = String::new();
        for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
            name.push_str(chunk.valid());
            for byte in chunk.invalid() {
                name.push_str(&format!("\\x{byte:02x}"));
            }
        }
        name
    }
}

/// How inputs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Compressed input may expand this many times; more is refused as a bomb. Output below
    /// 64 MiB is never refused.
    pub max_expansion: u32,
    /// Bytes to read at once (4 KiB to 16 MiB). A block and its frames should fit the L2 cache.
    pub block_size: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_expansion: 200,
            block_size: 512 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        let input = Input::File(PathBuf::from("evil\u{1b}[2J\n.pcap"));
        assert_eq!(input.to_string(), "evil\\u{1b}[2J\\n.pcap");
        assert_eq!(input.machine_name(), "evil\u{1b}[2J\n.pcap");
        assert_eq!(Input::Stdin.to_string(), "standard input");
    }
}
