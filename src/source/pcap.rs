//! Classic pcap: a file header, then records of a header and a frame each.
//!
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html>. The variants that
//! share a magic number and how to tell them apart are known from the sources of libpcap
//! (`sf-pcap.c`) and Wireshark (`wiretap/libpcap.c`).

use super::LinkType;
use super::decode::{ByteOrder, Found, Step, max_captured};
use super::error::Fault;
use super::pcap_variant::{self, RecordKind};
use super::report::{CaptureReport, InterfaceReport, Resolution};
use crate::time::Timestamp;

/// File header of all but the Ixia variants, in bytes.
pub(super) const FILE_HEADER: usize = 24;

/// Which numbers of a record header is the captured length and which the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    AsToday,
    /// Before version 2.3.
    Swapped,
    /// Version 2.3, which was written both ways: the smaller number is the captured length.
    SmallerFirst,
}

/// What the first four bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Magic {
    pub(super) order: ByteOrder,
    family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// 0xa1b2c3d4: microseconds, standard records or one of the variants with more in them.
    Standard,
    /// 0xa1b23c4d.
    Nanoseconds,
    /// 0xa1b2cd34: Kuznetzov's patches to libpcap of 1999.
    Modified,
    /// 0x1c0001ac and 0x1c0001ab: Ixia, four more bytes in the file header.
    IxiaHardware,
    IxiaSoftware,
}

impl Magic {
    /// From the first bytes of a file; `None` if this is no pcap.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let first = *head.first_chunk::<4>()?;
        [ByteOrder::Little, ByteOrder::Big]
            .into_iter()
            .find_map(|order| {
                let family = match order.u32(first) {
                    0xa1b2_c3d4 => Family::Standard,
                    0xa1b2_3c4d => Family::Nanoseconds,
                    0xa1b2_cd34 => Family::Modified,
                    0x1c00_01ac => Family::IxiaHardware,
                    0x1c00_01ab => Family::IxiaSoftware,
                    _ => return None,
                };
                Some(Self { order, family })
            })
    }

    /// Bytes of the file header.
    pub(super) fn header_len(self) -> usize {
        match self.family {
            Family::IxiaHardware | Family::IxiaSoftware => FILE_HEADER.saturating_add(4),
            Family::Standard | Family::Nanoseconds | Family::Modified => FILE_HEADER,
        }
    }
}

/// Decodes records; everything that does not change within a file is worked out beforehand.
#[derive(Debug)]
pub(super) struct PcapDecoder {
    order: ByteOrder,
    /// Nanoseconds in a unit of the timestamp's fraction.
    fraction: i64,
    /// Bytes of a record header after the standard 16.
    extra: usize,
    /// Bytes of padding before each frame that the lengths count (AIX, FDDI).
    padding: u32,
    lengths: Lengths,
    max_captured: u32,
    link: LinkType,
    /// Records are as nearly everybody writes them: little-endian, 16 bytes of header, lengths in order.
    usual: bool,
}

impl PcapDecoder {
    /// From the beginning of a file; also gives the length of the file header.
    ///
    /// `head` should hold the first few records, which tell variants with the same magic number
    /// apart; `complete` says that it is the whole file. `Ok(None)`: the header is not whole.
    pub(super) fn new(
        head: &[u8],
        complete: bool,
        report: &mut CaptureReport,
    ) -> Result<Option<(Self, usize)>, Fault> {
        let Some(magic) = Magic::of(head) else {
            return Err(Fault::corrupt("this is not a pcap file header"));
        };
        let order = magic.order;
        let header_len = magic.header_len();
        let fields = (|| {
            let (header, records) = head.split_at_checked(header_len)?;
            Some((
                order.u16_at(header, 4)?,
                order.u16_at(header, 6)?,
                order.u32_at(header, 16)?,
                order.u32_at(header, 20)?,
                records,
            ))
        })();
        let Some((major, minor, snap_len, network, records)) = fields else {
            return Ok(None);
        };
        if major < 2 {
            return Err(Fault::corrupt(format!(
                "pcap version {major}.{minor} is not known"
            )));
        }
        let (lengths, modern) = match (major, minor) {
            (2, 0..=2) | (543, _) => (Lengths::Swapped, false), // 543: DG/UX
            (2, 3) => (Lengths::SmallerFirst, false),
            _ => (Lengths::AsToday, true),
        };
        let aix_link = match (magic.family, major, minor, network) {
            // AIX writes version 2.2, interface types of RFC 1573 and nanoseconds.
            (Family::Standard, 2, 2, 6) => Some(LinkType::ETHERNET),
            (Family::Standard, 2, 2, 9) => Some(LinkType::IEEE802_5),
            (Family::Standard, 2, 2, 15) => Some(LinkType::FDDI),
            (Family::Standard, 2, 2, 24) => Some(LinkType::NULL),
            _ => None,
        };
        let kind = match magic.family {
            Family::Standard if modern => {
                pcap_variant::standard(order, snap_len, records, complete)
            }
            Family::Modified if modern => {
                pcap_variant::modified(order, snap_len, records, complete)
            }
            Family::Modified => RecordKind::Patched,
            _ => RecordKind::Plain,
        };
        let nanoseconds = matches!(magic.family, Family::Nanoseconds | Family::IxiaHardware)
            || aix_link.is_some();
        let link = aix_link.unwrap_or(LinkType((network & 0xffff) as u16));

        report.format = format!(
            "pcap, {}, {}",
            order.name(),
            if nanoseconds {
                "nanoseconds"
            } else {
                "microseconds"
            }
        );
        if (major, minor) != (2, 4) {
            report
                .format
                .push_str(&format!(", version {major}.{minor}"));
        }
        report.format.push_str(match (magic.family, aix_link) {
            (_, Some(_)) => ", AIX variant",
            (Family::IxiaHardware, _) => ", Ixia hardware variant",
            (Family::IxiaSoftware, _) => ", Ixia software variant",
            _ => kind.words(),
        });
        report.add_interface(InterfaceReport {
            link,
            snap_len,
            name: None,
            resolution: Resolution::Decimal(if nanoseconds { 9 } else { 6 }),
            // Bit 26 says that the top four bits hold the length, in units of 16 bits.
            fcs_len: (network & 0x0400_0000 != 0).then_some((network >> 27 & 0x1e) as u8),
        });
        let mut decoder = Self {
            usual: false,
            order,
            fraction: if nanoseconds { 1 } else { 1_000 },
            extra: kind.extra(),
            padding: if aix_link == Some(LinkType::FDDI) {
                3
            } else {
                0
            },
            lengths,
            max_captured: max_captured(snap_len, link),
            link,
        };
        decoder.usual = decoder.order == ByteOrder::Little
            && decoder.lengths == Lengths::AsToday
            && decoder.extra == 0
            && decoder.padding == 0;
        Ok(Some((decoder, header_len)))
    }

    #[inline]
    pub(super) fn step(&mut self, unread: &[u8], report: &mut CaptureReport) -> Step {
        if self.usual
            && let Some((header, rest)) = unread.split_first_chunk::<16>()
        {
            let [
                s0,
                s1,
                s2,
                s3,
                f0,
                f1,
                f2,
                f3,
                c0,
                c1,
                c2,
                c3,
                o0,
                o1,
                o2,
                o3,
            ] = *header;
            let captured = u32::from_le_bytes([c0, c1, c2, c3]);
            if captured <= self.max_captured && captured as usize <= rest.len() {
                let original = u32::from_le_bytes([o0, o1, o2, o3]);
                let seconds = u32::from_le_bytes([s0, s1, s2, s3]);
                let fraction = u32::from_le_bytes([f0, f1, f2, f3]);
                report.count_frame(captured, original);
                return Step::Frame(Found {
                    timestamp: self.timestamp(seconds, fraction),
                    link: self.link,
                    original_len: original,
                    data_at: 16,
                    data_len: captured as usize,
                    consumed: (captured as usize).wrapping_add(16),
                });
            }
        }
        self.any_step(unread, report)
    }

    /// The frame of the record at the beginning of `unread`, and the length of the record: to look ahead, so only
    /// where it is as most are and whole.
    #[inline]
    pub(super) fn peek<'a>(&self, unread: &'a [u8]) -> Option<(LinkType, &'a [u8], usize)> {
        let (header, rest) = unread.split_first_chunk::<16>()?;
        let &[_, _, _, _, _, _, _, _, c0, c1, c2, c3, ..] = header;
        let captured = u32::from_le_bytes([c0, c1, c2, c3]);
        if !self.usual || captured > self.max_captured {
            return None;
        }
        let frame = rest.get(..captured as usize)?;
        Some((self.link, frame, frame.len().wrapping_add(16)))
    }

    #[inline]
    fn timestamp(&self, seconds: u32, fraction: u32) -> Timestamp {
        // 2^32 seconds in nanoseconds and 2^32 fractions of 1,000 ns fit into an i64 together.
        let nanos = i64::from(seconds)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(i64::from(fraction).wrapping_mul(self.fraction));
        Timestamp::from_nanos(nanos)
    }

    /// A record of any variant, or why there is none.
    #[inline(never)]
    fn any_step(&mut self, unread: &[u8], report: &mut CaptureReport) -> Step {
        let Some((h, rest)) = unread.split_first_chunk::<16>() else {
            return Step::More;
        };
        let seconds = self.order.u32([h[0], h[1], h[2], h[3]]);
        let fraction = self.order.u32([h[4], h[5], h[6], h[7]]);
        let mut captured = self.order.u32([h[8], h[9], h[10], h[11]]);
        let mut original = self.order.u32([h[12], h[13], h[14], h[15]]);
        match self.lengths {
            Lengths::AsToday => {}
            Lengths::SmallerFirst if captured <= original => {}
            Lengths::Swapped | Lengths::SmallerFirst => {
                std::mem::swap(&mut captured, &mut original);
            }
        }
        if captured > self.max_captured {
            return self.too_long(captured);
        }
        // At most 16 MiB and some bytes: no sum here can wrap.
        let record_rest = self.extra.wrapping_add(captured as usize);
        if rest.len() < record_rest {
            return Step::More;
        }
        let padding = self.padding.min(captured);
        captured = captured.wrapping_sub(padding);
        original = original.saturating_sub(padding);
        report.count_frame(captured, original);
        Step::Frame(Found {
            timestamp: self.timestamp(seconds, fraction),
            link: self.link,
            original_len: original,
            data_at: self.extra.wrapping_add(padding as usize).wrapping_add(16),
            data_len: captured as usize,
            consumed: record_rest.wrapping_add(16),
        })
    }

    #[cold]
    fn too_long(&self, captured: u32) -> Step {
        Step::Fault(Fault::corrupt(format!(
            "the record says that it holds {captured} bytes; more than {} cannot be in this file",
            self.max_captured
        )))
    }

    /// What a record is that the file ends in.
    pub(super) fn truncated(&self, unread: &[u8]) -> Fault {
        let header = self.extra.saturating_add(16);
        let lengths = self
            .order
            .u32_at(unread, 8)
            .zip(self.order.u32_at(unread, 12));
        match lengths {
            Some((first, second)) if unread.len() >= header => {
                let captured = match self.lengths {
                    Lengths::AsToday => first,
                    Lengths::Swapped => second,
                    Lengths::SmallerFirst => first.min(second),
                };
                Fault::truncated(format!(
                    "the file ends after {} of the packet's {captured} bytes",
                    unread.len().saturating_sub(header)
                ))
            }
            _ => Fault::truncated(format!(
                "the file ends after {} of the {header} bytes of a packet header",
                unread.len()
            )),
        }
    }
}

#[cfg(test)]
#[path = "pcap_tests.rs"]
mod tests;
