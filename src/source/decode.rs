//! What the decoders of file formats have in common: bytes in, one step out, no I/O.

use super::error::Fault;
use super::{CaptureReport, LinkType};
use crate::time::Timestamp;

/// A packet record of up to this many bytes is believed whatever the file says of its snap
/// length: libpcap and Wireshark have the same limit for ordinary link types.
pub(super) const USUAL_MAX_CAPTURED: u32 = 262_144;
/// The most that is believed of a file that announces more (D-Bus, USB, reassembled packets).
pub(super) const MAX_CAPTURED: u32 = 16 * 1024 * 1024;

/// The largest captured length that is believed, from the snap length of the file or interface.
///
/// 0 says "unknown". A smaller snap length is no bound: some writers state one and do not keep
/// it.
pub(super) fn max_captured(snap_len: u32, link: LinkType) -> u32 {
    let messages_not_packets = matches!(
        link,
        LinkType::DBUS
            | LinkType::USB_LINUX
            | LinkType::USB_LINUX_MMAPPED
            | LinkType::USBPCAP
            | LinkType::USB_DARWIN
            | LinkType::EBHSCR
    );
    match snap_len {
        0 => MAX_CAPTURED,
        _ if messages_not_packets => MAX_CAPTURED,
        n => n.clamp(USUAL_MAX_CAPTURED, MAX_CAPTURED),
    }
}

/// What a decoder found at the beginning of the unread bytes.
///
/// Places are relative to there. No borrow: the caller must be free to go on where this is no frame.
pub(super) enum Step {
    /// A frame, whose record is `consumed` bytes long and whole.
    Frame(Found),
    /// Something that is no frame, this many bytes long.
    Consumed(usize),
    /// Something that is no frame and may be longer than any buffer.
    Skip(u64),
    /// A record that is not whole yet.
    More,
    /// What follows cannot be decoded.
    Fault(Fault),
}

/// A frame as it lies in the unread bytes.
pub(super) struct Found {
    pub(super) timestamp: Timestamp,
    pub(super) link: LinkType,
    pub(super) original_len: u32,
    /// Where the frame's bytes begin, and how many there are.
    pub(super) data_at: usize,
    pub(super) data_len: usize,
    /// Length of the whole record.
    pub(super) consumed: usize,
}

/// Byte order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Little => "little-endian",
            Self::Big => "big-endian",
        }
    }

    #[inline]
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The 32-bit number at `at`, if `bytes` reaches so far.
    #[inline]
    pub(super) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.u32(*bytes.get(at..)?.first_chunk()?))
    }

    /// The 16-bit number at `at`, if `bytes` reaches so far.
    #[inline]
    pub(super) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        Some(self.u16(*bytes.get(at..)?.first_chunk()?))
    }
}

/// The decoder of the format that the input turned out to have.
pub(super) enum Decoder {
    /// Too little has been read to say.
    Unknown,
    Pcap(super::pcap::PcapDecoder),
    PcapNg(super::pcapng::PcapNgDecoder),
    /// The end, clean or after damage.
    Ended,
}

impl Decoder {
    #[inline]
    pub(super) fn step(&mut self, unread: &[u8], report: &mut CaptureReport) -> Step {
        match self {
            Self::Pcap(pcap) => pcap.step(unread, report),
            Self::PcapNg(pcapng) => pcapng.step(unread, report),
            Self::Unknown | Self::Ended => Step::More,
        }
    }
}
