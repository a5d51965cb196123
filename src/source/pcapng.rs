//! pcapng: sections of typed blocks.
//!
//! Format: <https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>.

use super::block::MAX_RECORD;
use super::decode::{ByteOrder, Found, Step};
use super::error::Fault;
use super::pcapng_interface::{Interface, Options};
use super::report::CaptureReport;
use crate::time::Timestamp;

/// Type of the Section Header Block: the same bytes in both byte orders.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// The byte-order magic of a Section Header Block, as its file's byte order reads it.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Interfaces that one section may describe; each costs some 50 bytes of memory.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// Type, length, length: what every block has.
const FRAMING: usize = 12;
/// Type, length, interface, timestamp, captured length, original length.
const PACKET_HEADER: usize = 28;

/// A block that holds no frame is read into memory up to this length, and passed over beyond it.
const MAX_HELD_BLOCK: usize = 64 * 1024;

/// Decodes blocks; the current section's interfaces are all that it remembers.
#[derive(Debug)]
pub(super) struct PcapNgDecoder {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    /// Interfaces of the section before count for its losses only, which the report has.
    last_timestamp: Timestamp,
    /// The final length of a block that was passed over, still to be compared.
    trailer: Option<u32>,
}

/// The byte order that a Section Header Block states, if `head` begins with one.
pub(super) fn section_order(head: &[u8]) -> Option<ByteOrder> {
    if ByteOrder::Little.u32_at(head, 0)? != SECTION_HEADER {
        return None;
    }
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .find(|order| order.u32_at(head, 8) == Some(BYTE_ORDER_MAGIC))
}

impl PcapNgDecoder {
    pub(super) fn new(order: ByteOrder, report: &mut CaptureReport) -> Self {
        report.format = format!("pcapng, {}", order.name());
        Self {
            order,
            interfaces: Vec::new(),
            last_timestamp: Timestamp::default(),
            trailer: None,
        }
    }

    #[inline]
    pub(super) fn step(&mut self, unread: &[u8], report: &mut CaptureReport) -> Step {
        if self.trailer.is_some() {
            return self.check_trailer(unread);
        }
        let Some(h) = unread.first_chunk::<8>() else {
            return Step::More;
        };
        let block_type = self.order.u32([h[0], h[1], h[2], h[3]]);
        let total = self.order.u32([h[4], h[5], h[6], h[7]]);
        if block_type == ENHANCED_PACKET {
            match whole_block(self.order, unread, total) {
                Ok(Some((block, len))) => self.packet(block, len, false, report),
                Ok(None) => Step::More,
                Err(fault) => Step::Fault(fault),
            }
        } else {
            self.other_block(unread, block_type, total, report)
        }
    }

    /// Everything but the common packet block.
    #[cold]
    fn other_block(
        &mut self,
        unread: &[u8],
        block_type: u32,
        mut total: u32,
        report: &mut CaptureReport,
    ) -> Step {
        let mut order = self.order;
        if block_type == SECTION_HEADER {
            if unread.len() < FRAMING {
                return Step::More;
            }
            match section_order(unread) {
                Some(found) => order = found,
                None => return Step::Fault(Fault::corrupt("a section header without byte order")),
            }
            total = order.u32_at(unread, 4).unwrap_or(0);
        }
        let understood = matches!(
            block_type,
            SECTION_HEADER
                | INTERFACE_DESCRIPTION
                | OLD_PACKET
                | SIMPLE_PACKET
                | INTERFACE_STATISTICS
        );
        if !understood && total as usize > MAX_HELD_BLOCK {
            self.trailer = Some(total);
            report.count_skipped_block(block_type);
            // All but the final length, which the next step compares. Writers that forget to pad
            // write small blocks only, so the length is taken as it stands.
            return Step::Skip(u64::from(total).saturating_sub(4));
        }
        let (block, len) = match whole_block(order, unread, total) {
            Ok(Some(found)) => found,
            Ok(None) => return Step::More,
            Err(fault) => return Step::Fault(fault),
        };
        let done = match block_type {
            SECTION_HEADER => self.section(order, block, report),
            INTERFACE_DESCRIPTION => self.interface(block, report),
            INTERFACE_STATISTICS => {
                self.statistics(block, report);
                Ok(())
            }
            OLD_PACKET => return self.packet(block, len, true, report),
            SIMPLE_PACKET => return self.simple_packet(block, len, report),
            _ => {
                report.count_skipped_block(block_type);
                Ok(())
            }
        };
        match done {
            Ok(()) => Step::Consumed(len),
            Err(fault) => Step::Fault(fault),
        }
    }

    fn check_trailer(&mut self, unread: &[u8]) -> Step {
        let Some(found) = self.order.u32_at(unread, 0) else {
            return Step::More;
        };
        match self.trailer.take() {
            Some(total) if total != found => Step::Fault(lengths_differ(total, found)),
            _ => Step::Consumed(4),
        }
    }

    fn section(
        &mut self,
        order: ByteOrder,
        block: &[u8],
        report: &mut CaptureReport,
    ) -> Result<(), Fault> {
        let (Some(major), Some(minor)) = (order.u16_at(block, 12), order.u16_at(block, 14)) else {
            return Err(Fault::corrupt("a section header that is too short"));
        };
        // 1.2 was written by mistake and means 1.0.
        if major != 1 || !matches!(minor, 0 | 2) {
            return Err(Fault::corrupt(format!(
                "a section of pcapng version {major}.{minor}, which is not known"
            )));
        }
        self.order = order;
        self.interfaces.clear();
        report.sections = report.sections.saturating_add(1);
        Ok(())
    }

    fn interface(&mut self, block: &[u8], report: &mut CaptureReport) -> Result<(), Fault> {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(Fault::corrupt(format!(
                "a section with more than {MAX_INTERFACES} interfaces"
            )));
        }
        let Some((interface, described)) = Interface::read(self.order, block, report) else {
            return Err(Fault::corrupt("an interface description that is too short"));
        };
        self.interfaces.push(interface);
        report.add_interface(described);
        Ok(())
    }

    fn statistics(&mut self, block: &[u8], report: &mut CaptureReport) {
        // Statistics are no reason to give up the packets behind them.
        let number = self.order.u32_at(block, 8).filter(|_| block.len() >= 24);
        match number.and_then(|number| self.interfaces.get_mut(number as usize)) {
            Some(interface) => interface.statistics(self.order, block, report),
            None => report.bad_options = report.bad_options.saturating_add(1),
        }
    }

    /// An Enhanced Packet Block, or the Packet Block that came before it.
    #[inline]
    fn packet(
        &mut self,
        block: &[u8],
        consumed: usize,
        old: bool,
        report: &mut CaptureReport,
    ) -> Step {
        let Some((h, rest)) = block.split_first_chunk::<PACKET_HEADER>() else {
            return Step::Fault(Fault::corrupt("a packet block that is too short"));
        };
        let Some(body) = rest.len().checked_sub(4) else {
            return Step::Fault(Fault::corrupt("a packet block that is too short"));
        };
        let order = self.order;
        let interface_number = if old {
            u32::from(order.u16([h[8], h[9]]))
        } else {
            order.u32([h[8], h[9], h[10], h[11]])
        };
        let high = order.u32([h[12], h[13], h[14], h[15]]);
        let low = order.u32([h[16], h[17], h[18], h[19]]);
        let captured = order.u32([h[20], h[21], h[22], h[23]]);
        let original_len = order.u32([h[24], h[25], h[26], h[27]]);
        let Some(interface) = self.interfaces.get(interface_number as usize) else {
            return Step::Fault(unknown_interface(interface_number, self.interfaces.len()));
        };
        if captured as usize > body {
            return Step::Fault(Fault::corrupt(format!(
                "a packet of {captured} bytes in a block that has room for {body}"
            )));
        }
        if captured > interface.max_captured {
            return Step::Fault(Fault::corrupt(format!(
                "a packet of {captured} bytes; more than {} cannot be from this interface",
                interface.max_captured
            )));
        }
        let timestamp = interface.time.of(u64::from(high) << 32 | u64::from(low));
        let link = interface.link;
        let options_at = (captured as usize).wrapping_add(3) & !3;
        if let Some(options) = rest.get(options_at..body)
            && !options.is_empty()
        {
            packet_options(order, options, report);
        }
        if old {
            let drops = order.u16([h[10], h[11]]);
            if drops != u16::MAX {
                report.dropped_before_packets = report
                    .dropped_before_packets
                    .saturating_add(u64::from(drops));
            }
        }
        self.last_timestamp = timestamp;
        report.count_frame(captured, original_len);
        Step::Frame(Found {
            timestamp,
            link,
            original_len,
            data_at: PACKET_HEADER,
            data_len: captured as usize,
            consumed,
        })
    }

    /// A Simple Packet Block: of interface 0, without a timestamp, cut at its snap length.
    fn simple_packet(&mut self, block: &[u8], consumed: usize, report: &mut CaptureReport) -> Step {
        let Some(interface) = self.interfaces.first() else {
            return Step::Fault(unknown_interface(0, 0));
        };
        let (Some(original_len), Some(body)) = (
            self.order.u32_at(block, 8),
            block.get(12..block.len().saturating_sub(4)),
        ) else {
            return Step::Fault(Fault::corrupt("a simple packet block that is too short"));
        };
        let limit = if interface.snap_len == 0 {
            u32::MAX
        } else {
            interface.snap_len
        };
        let captured = original_len.min(limit);
        if body.len() < captured as usize {
            return Step::Fault(Fault::corrupt(format!(
                "a packet of {captured} bytes in a block that has room for {}",
                body.len()
            )));
        }
        report.untimed_frames = report.untimed_frames.saturating_add(1);
        report.count_frame(captured, original_len);
        Step::Frame(Found {
            timestamp: self.last_timestamp,
            link: interface.link,
            original_len,
            data_at: 12,
            data_len: captured as usize,
            consumed,
        })
    }

    /// Whether a block that was passed over still has its final length to come.
    pub(super) fn owes_trailer(&self) -> bool {
        self.trailer.is_some()
    }

    /// What a block is that the file ends in.
    pub(super) fn truncated(&self, unread: &[u8]) -> Fault {
        let order = section_order(unread).unwrap_or(self.order);
        match order.u32_at(unread, 0).zip(order.u32_at(unread, 4)) {
            Some((block_type, total)) if self.trailer.is_none() => Fault::truncated(format!(
                "the file ends after {} of the {total} bytes of a {}",
                unread.len(),
                block_words(block_type)
            )),
            _ => Fault::truncated(format!(
                "the file ends after {} bytes of a block",
                unread.len()
            )),
        }
    }
}

/// The block at the start of `unread` and what it takes in the file, once it is whole.
///
/// The length must be a multiple of four; writers that forget the padding either leave it out or
/// leave it out of the length. Where the final length then stands tells which.
#[inline]
fn whole_block(
    order: ByteOrder,
    unread: &[u8],
    total: u32,
) -> Result<Option<(&[u8], usize)>, Fault> {
    let len = total as usize;
    if len < FRAMING || len > MAX_RECORD.saturating_add(MAX_HELD_BLOCK) {
        return Err(impossible_length(total));
    }
    if unread.len() < len {
        return Ok(None);
    }
    let block = unread.get(..len).unwrap_or_default();
    let trailer = order.u32_at(block, len.wrapping_sub(4)).unwrap_or(0);
    if trailer == total {
        Ok(Some((block, len)))
    } else {
        unpadded_block(order, unread, total)
    }
}

#[cold]
fn unpadded_block(
    order: ByteOrder,
    unread: &[u8],
    total: u32,
) -> Result<Option<(&[u8], usize)>, Fault> {
    let len = total as usize;
    let stated = order.u32_at(unread, len.saturating_sub(4)).unwrap_or(0);
    let padded = len.next_multiple_of(4);
    if padded == len {
        return Err(lengths_differ(total, stated));
    }
    match unread.get(..padded) {
        None => Ok(None),
        Some(block) if order.u32_at(block, padded.saturating_sub(4)) == Some(total) => {
            Ok(Some((block, padded)))
        }
        Some(_) => Err(lengths_differ(total, stated)),
    }
}

fn packet_options(order: ByteOrder, options: &[u8], report: &mut CaptureReport) {
    const DROP_COUNT: u16 = 4;
    let mut options = Options::new(order, options);
    for (code, value) in options.by_ref() {
        if let (DROP_COUNT, Some(count)) = (code, order.u64_option(value)) {
            report.dropped_before_packets = report.dropped_before_packets.saturating_add(count);
        }
    }
    options.finish(report);
}

#[cold]
fn impossible_length(total: u32) -> Fault {
    Fault::corrupt(format!("a block that says it is {total} bytes long"))
}

#[cold]
fn lengths_differ(first: u32, second: u32) -> Fault {
    Fault::corrupt(format!(
        "a block whose two lengths differ ({first} and {second})"
    ))
}

#[cold]
fn unknown_interface(number: u32, described: usize) -> Fault {
    Fault::corrupt(format!(
        "interface {number} is used, while {described} have been described so far"
    ))
}

fn block_words(block_type: u32) -> String {
    match block_type {
        SECTION_HEADER => "section header".into(),
        INTERFACE_DESCRIPTION => "interface description".into(),
        INTERFACE_STATISTICS => "block of interface statistics".into(),
        OLD_PACKET | SIMPLE_PACKET | ENHANCED_PACKET => "packet block".into(),
        other => match super::report::block_type_name(other) {
            Some(name) => format!("{name} block"),
            None => format!("block of type {other:#x}"),
        },
    }
}

#[cfg(test)]
#[path = "pcapng_tests.rs"]
mod tests;
