//! What can go wrong with an input, in words for the person who has to act on it.

use std::fmt;
use std::io;

/// Why an input, or the rest of it, could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The operating system refused.
    #[error("{input}: cannot {action}: {cause}")]
    Io {
        /// The input's display name.
        input: String,
        /// What was tried: `open`, `list the folder`.
        action: &'static str,
        /// The system's answer.
        cause: io::Error,
    },
    /// Nothing was read, since this is no capture that the program reads.
    #[error("{input}: {what}; {advice}")]
    NotCapture {
        /// The input's display name.
        input: String,
        /// What it is instead.
        what: String,
        /// What to do, usually the command that converts it.
        advice: String,
    },
    /// The capture is damaged. Every frame before the damage has been delivered.
    #[error("{0}")]
    Damaged(Box<Damage>),
}

/// Where and how a capture is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The input's display name.
    pub input: String,
    /// Number (1-based) of the damaged packet: the one after the last good one.
    pub packet: u64,
    /// Byte offset of the damaged record, in the uncompressed data.
    pub offset: u64,
    /// `gzip` or `zstd` where the offset does not count the bytes of the file itself.
    pub compression: Option<&'static str>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: damaged at packet {}, byte {}",
            self.input, self.packet, self.offset
        )?;
        if let Some(compression) = self.compression {
            write!(f, " of the data inside the {compression}")?;
        }
        write!(f, ": {}; {}", self.what, self.advice)
    }
}

impl SourceError {
    /// The display name of the input that this is about.
    pub fn input(&self) -> &str {
        match self {
            Self::Io { input, .. } | Self::NotCapture { input, .. } => input,
            Self::Damaged(damage) => &damage.input,
        }
    }

    /// The damage, if the input began as a capture.
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Damaged(damage) => Some(damage),
            Self::Io { .. } | Self::NotCapture { .. } => None,
        }
    }
}

/// What a decoder finds wrong; [`Capture`](super::Capture) knows the file, packet and offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) advice: &'static str,
}

/// For a record that cannot be right.
pub(super) const ADVICE_CORRUPT: &str =
    "what came before it was used; get a clean copy of the file to see the rest";
/// For a file that ends too early.
pub(super) const ADVICE_TRUNCATED: &str = "what came before it was used; \
     copy the file again, or wait until its capture has ended";

impl Fault {
    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: ADVICE_CORRUPT,
        }
    }

    pub(super) fn truncated(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: ADVICE_TRUNCATED,
        }
    }
}
