//! What one capture was and what it says about its own losses.

use std::collections::BTreeMap;
use std::fmt;

use super::LinkType;

/// Interfaces that a report describes one by one; all are counted.
pub const MAX_DESCRIBED_INTERFACES: usize = 256;
/// Block types that a report counts one by one; the rest are counted together.
pub const MAX_BLOCK_TYPES: usize = 64;

/// The facts about one capture, complete when the capture has been read to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaptureReport {
    /// Format in words: `pcap, little-endian, nanoseconds, gzip`. Empty until it is known.
    pub format: String,
    /// Frames delivered.
    pub frames: u64,
    /// Bytes of frames delivered.
    pub captured_bytes: u64,
    /// Bytes that those frames had on the wire, as the capture tells it.
    pub original_bytes: u64,
    /// Frames with fewer bytes in the file than on the wire.
    pub cut_frames: u64,
    /// Frames without a timestamp of their own (pcapng Simple Packet Blocks); they get that of
    /// the frame before.
    pub untimed_frames: u64,
    /// Snap length of a pcap file, largest of a pcapng's interfaces; 0 where none is told.
    pub snap_len: u32,
    /// Interfaces described in the file (1 for pcap).
    pub interface_count: u64,
    /// The first [`MAX_DESCRIBED_INTERFACES`] of them, in file order.
    pub interfaces: Vec<InterfaceReport>,
    /// pcapng sections (0 for pcap).
    pub sections: u64,
    /// pcapng blocks that hold no frame and were passed over, by block type.
    pub skipped_blocks: BTreeMap<u32, u64>,
    /// Blocks passed over whose type no longer fitted into `skipped_blocks`.
    pub other_skipped_blocks: u64,
    /// pcapng blocks with options that break their block; the block itself was used.
    pub bad_options: u64,
    /// Packets that the interfaces dropped (`isb_ifdrop`, last value of each interface).
    pub dropped_by_interface: u64,
    /// Packets that the operating system dropped (`isb_osdrop`, last value of each interface).
    pub dropped_by_os: u64,
    /// Packets lost just before others (`epb_dropcount`, and the drops of old Packet Blocks).
    pub dropped_before_packets: u64,
}

/// One interface of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceReport {
    /// Link type of its frames.
    pub link: LinkType,
    /// Snap length; 0 where none is told.
    pub snap_len: u32,
    /// `if_name`, at most 64 characters of it.
    pub name: Option<String>,
    /// What a unit of its timestamps is.
    pub resolution: Resolution,
    /// Bytes of frame check sequence at the end of each frame, where the file tells it.
    pub fcs_len: Option<u8>,
}

/// The unit of timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// 10 to the minus this, in seconds.
    Decimal(u8),
    /// 2 to the minus this, in seconds.
    Binary(u8),
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal(0) => f.write_str("seconds"),
            Self::Decimal(3) => f.write_str("milliseconds"),
            Self::Decimal(6) => f.write_str("microseconds"),
            Self::Decimal(9) => f.write_str("nanoseconds"),
            Self::Decimal(n) => write!(f, "10^-{n} s"),
            Self::Binary(n) => write!(f, "2^-{n} s"),
        }
    }
}

impl CaptureReport {
    /// Counts a frame of so many bytes in memory, and on the wire.
    #[inline]
    pub(crate) fn count_frame(&mut self, captured: u32, original: u32) {
        self.frames = self.frames.wrapping_add(1);
        self.captured_bytes = self.captured_bytes.wrapping_add(u64::from(captured));
        self.original_bytes = self.original_bytes.wrapping_add(u64::from(original));
        self.cut_frames = self.cut_frames.wrapping_add(u64::from(captured < original));
    }

    pub(super) fn count_skipped_block(&mut self, block_type: u32) {
        let room = self.skipped_blocks.len() < MAX_BLOCK_TYPES;
        let counter = match self.skipped_blocks.get_mut(&block_type) {
            Some(counter) => counter,
            None if room => self.skipped_blocks.entry(block_type).or_default(),
            None => &mut self.other_skipped_blocks,
        };
        *counter = counter.saturating_add(1);
    }

    pub(super) fn add_interface(&mut self, interface: InterfaceReport) {
        self.interface_count = self.interface_count.saturating_add(1);
        self.snap_len = self.snap_len.max(interface.snap_len);
        if self.interfaces.len() < MAX_DESCRIBED_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    /// Packets that the capture itself says are missing, all causes.
    ///
    /// Interfaces count the same loss again in `epb_dropcount`, so the larger account is taken.
    pub fn capture_losses(&self) -> u64 {
        self.dropped_by_interface
            .saturating_add(self.dropped_by_os)
            .max(self.dropped_before_packets)
    }
}

/// What a pcapng block type is called, for the summary.
pub fn block_type_name(block_type: u32) -> Option<&'static str> {
    Some(match block_type {
        4 => "name resolution",
        7 => "IRIG timestamp",
        8 => "ARINC 429",
        9 => "systemd journal",
        10 => "decryption secrets",
        0x0000_0bad | 0x4000_0bad => "custom",
        0x8000_0001 => "Darwin process event",
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    #[test]
    fn skipped_block_types_are_bounded_and_all_are_counted() {
        let mut report = CaptureReport::default();
        for block_type in 0..200 {
            report.count_skipped_block(block_type);
            report.count_skipped_block(block_type);
        }
        assert_eq!(report.skipped_blocks.len(), MAX_BLOCK_TYPES);
        let named: u64 = report.skipped_blocks.values().sum();
        assert_eq!(named + report.other_skipped_blocks, 400);
    }

    #[test]
    fn resolutions_in_words() {
        assert_eq!(Resolution::Decimal(6).to_string(), "microseconds");
        assert_eq!(Resolution::Decimal(12).to_string(), "10^-12 s");
        assert_eq!(Resolution::Binary(20).to_string(), "2^-20 s");
    }
}
