//! What is kept of a datagram that waits for its rest.

use std::net::IpAddr;

use super::fragment::Fragment;
use super::pages::{Chain, Place};
use crate::packet::Whole;
use crate::time::Timestamp;

/// Which datagram a fragment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) whole: Whole,
    pub(super) id: u32,
    /// None for IPv6, where fragments may differ in it.
    pub(super) protocol: Option<u8>,
}

impl Key {
    pub(super) fn of(fragment: &Fragment) -> Self {
        Self {
            src: fragment.src,
            dst: fragment.dst,
            whole: fragment.whole,
            id: fragment.id,
            protocol: fragment.src.is_ipv4().then_some(fragment.protocol),
        }
    }
}

/// Bytes `start..end` of a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) key: Key,
    pub(super) serial: u64,
    pub(super) since: Timestamp,
    /// Protocol and tag of the fragment that brought byte 0.
    pub(super) head: Option<(u8, T)>,
    pub(super) chain: Chain,
    /// In order of offsets; they neither overlap nor reach beyond `end`.
    pub(super) parts: Vec<Part>,
    /// End of the part that was appended last, whose bytes are the last of `chain`.
    pub(super) appended: u32,
    pub(super) covered: u32,
    pub(super) end: Option<u32>,
}

impl<T> Slot<T> {
    pub(super) fn reach(&self) -> u32 {
        self.parts.last().map_or(0, |part| part.end)
    }
}

/// A fragment measured against what is known of its datagram.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// What is new: ranges of the payload. Kept between fragments for its memory.
    pub(super) gaps: Vec<(u32, u32)>,
    pub(super) new_bytes: u32,
    pub(super) known_bytes: u32,
    pub(super) conflict: bool,
}

impl Fit {
    pub(super) fn gap(&mut self, from: u32, to: u32) {
        if from < to {
            self.gaps.push((from, to));
            self.new_bytes = self.new_bytes.saturating_add(to.saturating_sub(from));
        }
    }
}
