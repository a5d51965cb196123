//! What is counted of a tap.

use std::time::Instant;

use super::Counters;

/// State of a tap's interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Frames can come.
    #[default]
    Up,
    /// It is up, and has no carrier.
    NoCarrier,
    /// It was set down.
    Down,
    /// There is no interface of this name, or it cannot be opened.
    Gone,
}

impl State {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::NoCarrier => "no carrier",
            Self::Down => "down",
            Self::Gone => "gone",
        }
    }
}

/// What one tap counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TapStats {
    /// The interface, as it was named on the command line.
    pub interface: String,
    /// Its name now, which may have been changed.
    pub current: String,
    /// Its state when it was looked at last.
    pub state: State,
    /// Frames taken from the ring.
    pub received: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames that the kernel had for the ring, those without room in it included.
    pub offered: u64,
    /// Frames for which the ring had no room: they are lost.
    pub dropped: u64,
    /// How often the ring was full.
    pub freezes: u64,
    /// VLAN tags put back that the card or the kernel had taken out.
    pub tags: u64,
    /// Frames among them that the kernel has no use for. It counts them as dropped at the interface, after it gave them
    /// to the ring.
    pub unused: u64,
    /// Frames longer than the link can carry: several that were merged on the way (GRO, LRO).
    pub merged: u64,
    /// How often the interface went down or away.
    pub outages: u64,
    /// How often it was opened again.
    pub reopened: u64,
    /// Blocks of the ring that contradict themselves.
    pub bad_blocks: u64,
    /// When nothing waited to be read for the last time: what came before is counted.
    pub drained: Option<Instant>,
}

impl TapStats {
    /// Counts a tagged Ethernet frame that the kernel has no use for, behind whose first tag `inside` stands.
    ///
    /// When it has taken a tag out, Linux counts a frame as dropped at the interface if nothing but a packet socket takes what
    /// is inside, such as a second tag.
    pub(super) fn count_inside(&mut self, inside: Option<&[u8; 2]>) {
        const IPV4: u16 = 0x0800;
        const IPV6: u16 = 0x86dd;
        const ARP: u16 = 0x0806;
        // A kernel without IP is not to be expected.
        if !inside.is_some_and(|kind| [IPV4, IPV6, ARP].contains(&u16::from_be_bytes(*kind))) {
            self.unused = self.unused.wrapping_add(1);
        }
    }

    /// Frames that were lost at the interface, of those that it counts as dropped: without those that the kernel gave to the
    /// ring first, and those that the ring had no room for, which are counted there.
    pub fn lost_at(&self, interface: &Counters) -> u64 {
        let all = interface.dropped.saturating_add(interface.overruns);
        if self.unused == 0 {
            return all;
        }
        // Of those that the ring had no room for as many may have been such frames as of those that it had room for.
        let share = u128::from(self.dropped)
            .saturating_mul(u128::from(self.unused))
            .div_ceil(u128::from(self.received.max(1)));
        all.saturating_sub(self.unused)
            .saturating_sub(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// Adds another tap of the same interface.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.received, other.received),
            (&mut self.bytes, other.bytes),
            (&mut self.offered, other.offered),
            (&mut self.dropped, other.dropped),
            (&mut self.freezes, other.freezes),
            (&mut self.tags, other.tags),
            (&mut self.unused, other.unused),
            (&mut self.merged, other.merged),
            (&mut self.bad_blocks, other.bad_blocks),
        ] {
            *sum = sum.saturating_add(n);
        }
        self.drained = self.drained.min(other.drained);
        // All taps of an interface see the same outage.
        self.outages = self.outages.max(other.outages);
        self.reopened = self.reopened.max(other.reopened);
    }
}
