//! What goes in and what comes out.

use std::net::IpAddr;

pub use crate::packet::Fragment;
use crate::packet::Whole;
use crate::time::Timestamp;

/// The most bytes that a datagram's payload can have.
pub const MAX_PAYLOAD: u32 = 65_535;

impl<'a> Fragment<'a> {
    /// Where the fragment begins in the payload.
    pub(super) fn start(&self) -> u32 {
        self.offset.into()
    }

    /// More follow, and its length is no multiple of eight.
    fn is_uneven(&self) -> bool {
        self.more && !self.cut && !self.data.len().is_multiple_of(8)
    }

    /// It is uneven, and receivers take it all the same: Linux cuts those of IPv4 down to a multiple of eight.
    pub(super) fn is_cut_down(&self) -> bool {
        self.is_uneven() && self.whole == Whole::Ip && self.src.is_ipv4() && self.data.len() > 8
    }

    /// Where what is used of the fragment ends in the payload.
    pub(super) fn stop(&self) -> Result<u32, Refusal> {
        let stop = u32::try_from(self.data.len())
            .ok()
            .and_then(|len| self.start().checked_add(len))
            .filter(|&stop| stop <= MAX_PAYLOAD)
            .ok_or(Refusal::TooLong)?;
        if self.data.is_empty() {
            Err(Refusal::Empty)
        } else if self.is_cut_down() {
            // It begins at a multiple of eight.
            Ok(stop & !7)
        } else if self.is_uneven() {
            Err(Refusal::Malformed)
        } else {
            Ok(stop)
        }
    }

    /// Bytes `from..to` of the payload, which are within the fragment.
    pub(super) fn bytes(&self, from: u32, to: u32) -> &'a [u8] {
        let start = from.saturating_sub(self.start()) as usize;
        let stop = to.saturating_sub(self.start()) as usize;
        self.data.get(start..stop).unwrap_or_default()
    }
}

/// A datagram that is given out. Its payload, from offset 0 on, is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<T> {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Of the fragment at offset 0.
    pub protocol: u8,
    /// What it is.
    pub whole: Whole,
    /// Bytes of payload in the caller's buffer.
    pub len: usize,
    /// When the first of its fragments came.
    pub since: Timestamp,
    /// What the caller gave with the fragment at offset 0.
    pub tag: T,
}

/// Why a fragment was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It holds no data.
    Empty,
    /// More follow, but its length is no multiple of eight, and not of IPv4 or less than eight.
    Malformed,
    /// It reaches beyond [`MAX_PAYLOAD`].
    TooLong,
    /// It begins behind the end that another fragment gave.
    BeyondEnd,
    /// The datagram would have more separate parts than [`Limits::parts`](super::Limits::parts).
    TooManyParts,
}

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome<T> {
    /// It was taken, or held nothing new; its datagram is not complete.
    Pending,
    /// Its datagram is complete, and in the caller's buffer.
    Complete(Datagram<T>),
    /// Another datagram had to go first and will never be complete; what there is of it from
    /// offset 0 on is in the caller's buffer. The fragment was not looked at: **push it again**.
    MadeRoom(Datagram<T>),
    /// It was not taken.
    Refused(Refusal),
}
