//! What is counted while fragments are put together.

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DefragStats {
    /// Fragments.
    pub fragments: u64,
    /// Among them, those that the capture cut (snap length).
    pub cut: u64,
    /// Datagrams begun.
    pub datagrams: u64,
    /// Datagrams completed.
    pub complete: u64,
    /// Datagrams of one fragment (RFC 6946); neither in `datagrams` nor in `complete`.
    pub atomic: u64,
    /// Fragments that held nothing new.
    pub duplicates: u64,
    /// Fragments that held new bytes and bytes known before.
    pub overlaps: u64,
    /// Fragments with other bytes than the first copy: suspicious.
    pub conflicts: u64,
    /// Fragments that contradict where the datagram ends: suspicious.
    pub two_ends: u64,
    /// [`Refusal::Empty`](super::Refusal::Empty).
    pub empty: u64,
    /// [`Refusal::Malformed`](super::Refusal::Malformed).
    pub malformed: u64,
    /// Fragments of IPv4 in the middle of a datagram whose length is no multiple of eight, cut down to
    /// one: suspicious.
    pub uneven: u64,
    /// [`Refusal::TooLong`](super::Refusal::TooLong).
    pub too_long: u64,
    /// [`Refusal::TooManyParts`](super::Refusal::TooManyParts).
    pub too_many_parts: u64,
    /// Datagrams given up after [`Limits::lifetime`](super::Limits::lifetime).
    pub expired: u64,
    /// Datagrams given up for [`Limits::datagrams`](super::Limits::datagrams).
    pub evicted_datagrams: u64,
    /// Datagrams given up for [`Limits::bytes_total`](super::Limits::bytes_total).
    pub evicted_bytes: u64,
    /// Datagrams incomplete when the capture ended.
    pub drained: u64,
    /// Datagrams among `expired` and `drained` of which the first fragment never came: nothing could
    /// be read.
    pub headless: u64,
    /// Datagrams among the evicted of which the first fragment had not come.
    pub headless_evicted: u64,
}

impl DefragStats {
    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.fragments, other.fragments),
            (&mut self.cut, other.cut),
            (&mut self.datagrams, other.datagrams),
            (&mut self.complete, other.complete),
            (&mut self.atomic, other.atomic),
            (&mut self.duplicates, other.duplicates),
            (&mut self.overlaps, other.overlaps),
            (&mut self.conflicts, other.conflicts),
            (&mut self.two_ends, other.two_ends),
            (&mut self.empty, other.empty),
            (&mut self.malformed, other.malformed),
            (&mut self.uneven, other.uneven),
            (&mut self.too_long, other.too_long),
            (&mut self.too_many_parts, other.too_many_parts),
            (&mut self.expired, other.expired),
            (&mut self.evicted_datagrams, other.evicted_datagrams),
            (&mut self.evicted_bytes, other.evicted_bytes),
            (&mut self.drained, other.drained),
            (&mut self.headless, other.headless),
            (&mut self.headless_evicted, other.headless_evicted),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}
