//! What a pcapng section says of its interfaces, and the options that say it.

use super::LinkType;
use super::decode::{ByteOrder, max_captured};
use super::report::{CaptureReport, InterfaceReport, Resolution};
use crate::time::Timestamp;

/// One interface of the current section.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    pub(super) snap_len: u32,
    pub(super) max_captured: u32,
    pub(super) time: TimeUnit,
    /// Last values of its statistics, which are running totals.
    dropped_by_interface: u64,
    dropped_by_os: u64,
}

impl Interface {
    /// From a whole Interface Description Block; `None` if it is too short.
    pub(super) fn read(
        order: ByteOrder,
        block: &[u8],
        report: &mut CaptureReport,
    ) -> Option<(Self, InterfaceReport)> {
        const NAME: u16 = 2;
        const RESOLUTION: u16 = 9;
        const FCS_LEN: u16 = 13;
        const OFFSET: u16 = 14;
        let link = LinkType(order.u16_at(block, 8)?);
        let snap_len = order.u32_at(block, 12)?;
        let mut described = InterfaceReport {
            link,
            snap_len,
            name: None,
            resolution: Resolution::Decimal(6),
            fcs_len: None,
        };
        let mut offset_secs = 0;
        let mut options = Options::new(order, block.get(16..block.len().checked_sub(4)?)?);
        for (code, value) in options.by_ref() {
            match (code, value) {
                (NAME, name) => {
                    let name = String::from_utf8_lossy(name.get(..256).unwrap_or(name));
                    described.name = Some(name.trim_end_matches('\0').chars().take(64).collect());
                }
                (RESOLUTION, &[n, ..]) => described.resolution = resolution(n),
                (FCS_LEN, &[n, ..]) => described.fcs_len = Some(n),
                (OFFSET, value) => {
                    // Two's complement: bits are all that u64_option reads.
                    offset_secs = order.u64_option(value).unwrap_or(0).cast_signed();
                }
                _ => {}
            }
        }
        options.finish(report);
        let interface = Self {
            link,
            snap_len,
            max_captured: max_captured(snap_len, link),
            time: TimeUnit::new(described.resolution, offset_secs),
            dropped_by_interface: 0,
            dropped_by_os: 0,
        };
        Some((interface, described))
    }

    /// Takes over the running totals of an Interface Statistics Block.
    pub(super) fn statistics(
        &mut self,
        order: ByteOrder,
        block: &[u8],
        report: &mut CaptureReport,
    ) {
        const INTERFACE_DROPS: u16 = 5;
        const SYSTEM_DROPS: u16 = 7;
        let body = block
            .get(20..block.len().saturating_sub(4))
            .unwrap_or_default();
        let mut options = Options::new(order, body);
        for (code, value) in options.by_ref() {
            let (last, sum) = match code {
                INTERFACE_DROPS => (
                    &mut self.dropped_by_interface,
                    &mut report.dropped_by_interface,
                ),
                SYSTEM_DROPS => (&mut self.dropped_by_os, &mut report.dropped_by_os),
                _ => continue,
            };
            if let Some(total) = order.u64_option(value) {
                *sum = sum.saturating_sub(*last).saturating_add(total);
                *last = total;
            }
        }
        options.finish(report);
    }
}

/// `if_tsresol`: the top bit says whether the rest is a power of two or of ten.
fn resolution(value: u8) -> Resolution {
    if value & 0x80 == 0 {
        Resolution::Decimal(value)
    } else {
        Resolution::Binary(value & 0x7f)
    }
}

/// Turns an interface's 64-bit timestamps into nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeUnit {
    scale: Scale,
    /// `if_tsoffset` in nanoseconds.
    offset: i64,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    Multiply(u64),
    Divide(u64),
    /// Times 10^9, then shifted right.
    Binary(u8),
}

impl TimeUnit {
    fn new(resolution: Resolution, offset_secs: i64) -> Self {
        let ten_to = |n: u8| 10_u64.checked_pow(u32::from(n));
        let scale = match resolution {
            Resolution::Binary(n) => Scale::Binary(n),
            Resolution::Decimal(n @ 0..=9) => {
                Scale::Multiply(ten_to(9_u8.saturating_sub(n)).unwrap_or(1))
            }
            Resolution::Decimal(n) => match ten_to(n.saturating_sub(9)) {
                Some(divisor) => Scale::Divide(divisor),
                // So fine that 64 bits do not reach a nanosecond.
                None => Scale::Binary(127),
            },
        };
        Self {
            scale,
            offset: offset_secs.saturating_mul(1_000_000_000),
        }
    }

    /// Saturates where 64 bits of nanoseconds (the year 2262) do not reach.
    #[inline]
    pub(super) fn of(self, units: u64) -> Timestamp {
        let nanos = match self.scale {
            Scale::Multiply(factor) => units.saturating_mul(factor),
            Scale::Divide(divisor) => units.checked_div(divisor).unwrap_or(0),
            Scale::Binary(shift) => {
                let scaled = u128::from(units).wrapping_mul(1_000_000_000) >> shift;
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Timestamp::from_nanos(nanos.saturating_add(self.offset))
    }
}

impl ByteOrder {
    /// A 64-bit option, which is in the section's byte order.
    pub(super) fn u64_option(self, value: &[u8]) -> Option<u64> {
        let bytes = *value.first_chunk::<8>()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// Walks (code, value) pairs up to `opt_endofopt` or the end.
pub(super) struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
    broken: bool,
}

impl<'a> Options<'a> {
    pub(super) fn new(order: ByteOrder, options: &'a [u8]) -> Self {
        Self {
            order,
            rest: options,
            broken: false,
        }
    }

    /// Counts options that did not fit their block.
    pub(super) fn finish(self, report: &mut CaptureReport) {
        report.bad_options = report.bad_options.saturating_add(u64::from(self.broken));
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = || {
            let (header, rest) = self.rest.split_first_chunk::<4>()?;
            let code = self.order.u16([header[0], header[1]]);
            let len = usize::from(self.order.u16([header[2], header[3]]));
            // The padding of the last option may be missing.
            let padded = len.next_multiple_of(4).min(rest.len());
            Some((code, rest.get(..len)?, rest.get(padded..)?))
        };
        match read() {
            Some((0, _, _)) => {
                self.rest = &[];
                None
            }
            Some((code, value, rest)) => {
                self.rest = rest;
                Some((code, value))
            }
            None => {
                self.broken = true;
                self.rest = &[];
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_gives_nanoseconds() {
        for (byte, units, nanos) in [
            (0, 3, 3_000_000_000),
            (3, 1_626_602_400_123, 1_626_602_400_123_000_000),
            (6, 1_626_602_400_123_456, 1_626_602_400_123_456_000),
            (9, 1_626_602_400_123_456_789, 1_626_602_400_123_456_789),
            (12, 1_626_602_400_123, 1_626_602_400),
            (40, u64::MAX, 0),
            (0x80, 7, 7_000_000_000),
            (0x80 | 20, 3 << 19, 1_500_000_000),
            (0x80 | 32, 1 << 31, 500_000_000),
            (0xff, u64::MAX, 0),
            (0, u64::MAX, i64::MAX),
        ] {
            let unit = TimeUnit::new(resolution(byte), 0);
            assert_eq!(unit.of(units).nanos(), nanos, "if_tsresol {byte:#x}");
        }
        assert_eq!(
            TimeUnit::new(resolution(6), -2).of(5_000_000).nanos(),
            3_000_000_000
        );
        assert_eq!(
            TimeUnit::new(resolution(6), i64::MIN).of(0).nanos(),
            i64::MIN
        );
    }

    #[test]
    fn options_end_at_the_mark_at_the_end_or_where_they_break() {
        let walk = |bytes: &[u8]| {
            let mut options = Options::new(ByteOrder::Little, bytes);
            let found: Vec<_> = options
                .by_ref()
                .map(|(code, v)| (code, v.to_vec()))
                .collect();
            (found, options.broken)
        };
        let two = [2, 0, 1, 0, b'a', 0, 0, 0, 9, 0, 1, 0, 6, 0, 0, 0];
        let found = vec![(2, b"a".to_vec()), (9, vec![6])];
        assert_eq!(walk(&two), (found.clone(), false));
        assert_eq!(
            walk(&two[..13]),
            (found.clone(), false),
            "padding of the last one missing"
        );
        let mut marked = two.to_vec();
        marked.extend([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(walk(&marked), (found.clone(), false));
        assert_eq!(walk(&two[..12]), (found[..1].to_vec(), true));
        assert_eq!(walk(&two[..10]), (found[..1].to_vec(), true));
    }
}
