//! Capture files: classic pcap in its variants, and pcapng (draft-ietf-opsawg-pcapng).
//!
//! ```
//! use testkit::capture::{Packet, Pcap};
//! use testkit::frame::{ethernet, link_type};
//!
//! let frame = ethernet().ipv4("10.0.0.7", "192.0.2.1").udp(1, 2).payload("x");
//! let file = Pcap::new(link_type::ETHERNET)
//!     .big_endian()
//!     .nanoseconds()
//!     .packet(&Packet::new(1_570_000_000_123_456_789, frame))
//!     .bytes();
//! assert_eq!(file[..4], [0xa1, 0xb2, 0x3c, 0x4d]);
//! ```

/// One captured frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Nanoseconds since 1970.
    pub time: u64,
    /// The captured bytes.
    pub data: Vec<u8>,
    /// Bytes the frame had on the wire; more than `data` when the capture cut it.
    pub original_len: u32,
}

impl Packet {
    /// A frame captured whole.
    pub fn new(time: u64, data: Vec<u8>) -> Self {
        let original_len = data.len() as u32;
        Packet {
            time,
            data,
            original_len,
        }
    }

    /// The same as a capture with a snapshot length of `len` would have kept it.
    pub fn snapped(mut self, len: usize) -> Self {
        self.data.truncate(len);
        self
    }
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }

    fn u64(self, value: u64) -> [u8; 8] {
        match self {
            Order::Little => value.to_le_bytes(),
            Order::Big => value.to_be_bytes(),
        }
    }
}

/// A classic pcap file under construction.
#[derive(Clone, Debug)]
pub struct Pcap {
    order: Order,
    nanoseconds: bool,
    modified: bool,
    link_type: u32,
    snap_len: u32,
    records: Vec<Packet>,
}

impl Pcap {
    /// Little-endian with microseconds, as tcpdump writes it on most machines.
    pub fn new(link_type: u32) -> Self {
        Pcap {
            order: Order::Little,
            nanoseconds: false,
            modified: false,
            link_type,
            snap_len: 262_144,
            records: Vec::new(),
        }
    }

    /// The byte order of SPARC, POWER and other big-endian machines.
    pub fn big_endian(mut self) -> Self {
        self.order = Order::Big;
        self
    }

    /// Magic 0xa1b23c4d: fractions of a second are nanoseconds.
    pub fn nanoseconds(mut self) -> Self {
        self.nanoseconds = true;
        self
    }

    /// Magic 0xa1b2cd34, Alexey Kuznetzov's patched format: eight more bytes a record (interface
    /// index, protocol, packet type).
    pub fn modified(mut self) -> Self {
        self.modified = true;
        self
    }

    /// The snapshot length that the header announces. It cuts nothing.
    pub fn snap_len(mut self, len: u32) -> Self {
        self.snap_len = len;
        self
    }

    /// Adds a frame.
    pub fn packet(mut self, packet: &Packet) -> Self {
        self.records.push(packet.clone());
        self
    }

    /// Adds frames.
    pub fn packets(mut self, packets: &[Packet]) -> Self {
        self.records.extend_from_slice(packets);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        assert!(
            !(self.modified && self.nanoseconds),
            "the patched format has microseconds"
        );
        let order = self.order;
        let magic = match (self.nanoseconds, self.modified) {
            (true, _) => 0xa1b2_3c4d,
            (_, true) => 0xa1b2_cd34,
            _ => 0xa1b2_c3d4,
        };
        let mut out = Vec::new();
        out.extend_from_slice(&order.u32(magic));
        out.extend_from_slice(&order.u16(2));
        out.extend_from_slice(&order.u16(4));
        out.extend_from_slice(&[0; 8]); // time zone, accuracy: always zero
        out.extend_from_slice(&order.u32(self.snap_len));
        out.extend_from_slice(&order.u32(self.link_type));
        for packet in &self.records {
            let divisor = if self.nanoseconds { 1 } else { 1000 };
            let fraction = packet.time % 1_000_000_000 / divisor;
            out.extend_from_slice(&order.u32((packet.time / 1_000_000_000) as u32));
            out.extend_from_slice(&order.u32(fraction as u32));
            out.extend_from_slice(&order.u32(packet.data.len() as u32));
            out.extend_from_slice(&order.u32(packet.original_len));
            if self.modified {
                out.extend_from_slice(&order.u32(2)); // interface index
                out.extend_from_slice(&order.u16(0x0800)); // protocol
                out.extend_from_slice(&[0, 0]); // packet type, padding
            }
            out.extend_from_slice(&packet.data);
        }
        out
    }
}

/// Block types of pcapng.
pub mod block {
    /// Section header, the same in both byte orders.
    pub const SECTION: u32 = 0x0a0d_0d0a;
    /// Interface description.
    pub const INTERFACE: u32 = 1;
    /// Packet block, obsolete since 2004 and still written.
    pub const OLD_PACKET: u32 = 2;
    /// Simple packet.
    pub const SIMPLE_PACKET: u32 = 3;
    /// Name resolution.
    pub const NAME_RESOLUTION: u32 = 4;
    /// Interface statistics.
    pub const STATISTICS: u32 = 5;
    /// Enhanced packet.
    pub const ENHANCED_PACKET: u32 = 6;
    /// Custom block that may be copied.
    pub const CUSTOM: u32 = 0x0bad;
}

/// Units of an interface's timestamps.
#[derive(Clone, Copy, Debug)]
pub enum Resolution {
    /// No option, which means microseconds.
    Unstated,
    /// 10 to the power of minus this.
    Decimal(u8),
    /// 2 to the power of minus this.
    Binary(u8),
}

impl Resolution {
    fn units(self, nanoseconds: u64) -> u64 {
        let per_second: u128 = match self {
            Resolution::Unstated => 1_000_000,
            Resolution::Decimal(power) => 10u128.pow(u32::from(power)),
            Resolution::Binary(power) => 1u128 << power,
        };
        (u128::from(nanoseconds) * per_second / 1_000_000_000) as u64
    }
}

/// A pcapng file under construction. It begins with a little-endian section.
#[derive(Clone, Debug)]
pub struct PcapNg {
    order: Order,
    /// Of the current section: resolution, offset in seconds.
    interfaces: Vec<(Resolution, i64)>,
    out: Vec<u8>,
}

impl PcapNg {
    /// A file with one little-endian section and no interface yet.
    pub fn new() -> Self {
        let file = PcapNg {
            order: Order::Little,
            interfaces: Vec::new(),
            out: Vec::new(),
        };
        file.little_endian_section()
    }

    /// A file whose first section is big-endian.
    pub fn new_big_endian() -> Self {
        let file = PcapNg {
            order: Order::Big,
            interfaces: Vec::new(),
            out: Vec::new(),
        };
        file.big_endian_section()
    }

    /// Begins another little-endian section. Interfaces count from zero again.
    pub fn little_endian_section(mut self) -> Self {
        self.order = Order::Little;
        self.section()
    }

    /// Begins another big-endian section.
    pub fn big_endian_section(mut self) -> Self {
        self.order = Order::Big;
        self.section()
    }

    fn section(mut self) -> Self {
        self.interfaces.clear();
        let order = self.order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend_from_slice(&order.u16(1));
        body.extend_from_slice(&order.u16(0));
        body.extend_from_slice(&order.u64(u64::MAX)); // section length: not told
        body.extend_from_slice(&self.option(4, b"testkit")); // shb_userappl
        body.extend_from_slice(&self.option(0, b""));
        self.block(block::SECTION, &body)
    }

    /// Describes an interface. The first one of a section has index 0.
    pub fn interface(self, link_type: u32, resolution: Resolution) -> Self {
        self.interface_with_offset(link_type, resolution, 0)
    }

    /// Describes an interface whose timestamps are `offset` seconds behind the true ones.
    pub fn interface_with_offset(
        mut self,
        link_type: u32,
        resolution: Resolution,
        offset: i64,
    ) -> Self {
        let mut body = self.order.u16(link_type as u16).to_vec();
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(&self.order.u32(262_144));
        body.extend_from_slice(&self.option(2, format!("if{}", self.interfaces.len()).as_bytes()));
        match resolution {
            Resolution::Unstated => {}
            Resolution::Decimal(power) => body.extend_from_slice(&self.option(9, &[power])),
            Resolution::Binary(power) => body.extend_from_slice(&self.option(9, &[power | 0x80])),
        }
        if offset != 0 {
            let value = self.order.u64(offset as u64);
            body.extend_from_slice(&self.option(14, &value));
        }
        body.extend_from_slice(&self.option(0, b""));
        self.interfaces.push((resolution, offset));
        self.block(block::INTERFACE, &body)
    }

    /// Adds an enhanced packet block.
    pub fn packet(self, interface: u32, packet: &Packet) -> Self {
        let order = self.order;
        let mut body = order.u32(interface).to_vec();
        body.extend_from_slice(&self.time(interface, packet));
        body.extend_from_slice(&order.u32(packet.data.len() as u32));
        body.extend_from_slice(&order.u32(packet.original_len));
        body.extend_from_slice(&padded(&packet.data));
        self.block(block::ENHANCED_PACKET, &body)
    }

    /// Adds an enhanced packet block with a comment option behind the data.
    pub fn packet_with_comment(self, interface: u32, packet: &Packet, comment: &str) -> Self {
        let order = self.order;
        let mut body = order.u32(interface).to_vec();
        body.extend_from_slice(&self.time(interface, packet));
        body.extend_from_slice(&order.u32(packet.data.len() as u32));
        body.extend_from_slice(&order.u32(packet.original_len));
        body.extend_from_slice(&padded(&packet.data));
        body.extend_from_slice(&self.option(1, comment.as_bytes()));
        body.extend_from_slice(&self.option(0, b""));
        self.block(block::ENHANCED_PACKET, &body)
    }

    /// Adds a simple packet block, which has no time and belongs to interface 0.
    pub fn simple_packet(self, packet: &Packet) -> Self {
        let mut body = self.order.u32(packet.original_len).to_vec();
        body.extend_from_slice(&padded(&packet.data));
        self.block(block::SIMPLE_PACKET, &body)
    }

    /// Adds an obsolete packet block, which has the interface in 16 bits and a drop count.
    pub fn old_packet(self, interface: u16, packet: &Packet) -> Self {
        let order = self.order;
        let mut body = order.u16(interface).to_vec();
        body.extend_from_slice(&order.u16(0xffff)); // drops: unknown
        body.extend_from_slice(&self.time(u32::from(interface), packet));
        body.extend_from_slice(&order.u32(packet.data.len() as u32));
        body.extend_from_slice(&order.u32(packet.original_len));
        body.extend_from_slice(&padded(&packet.data));
        self.block(block::OLD_PACKET, &body)
    }

    /// Adds interface statistics: packets received and packets dropped by the interface.
    pub fn statistics(self, interface: u32, time: u64, received: u64, dropped: u64) -> Self {
        let mut body = self.order.u32(interface).to_vec();
        body.extend_from_slice(&self.time(interface, &Packet::new(time, Vec::new())));
        body.extend_from_slice(&self.option(4, &self.order.u64(received)));
        body.extend_from_slice(&self.option(5, &self.order.u64(dropped)));
        body.extend_from_slice(&self.option(0, b""));
        self.block(block::STATISTICS, &body)
    }

    /// Adds any block. `body` is padded to four bytes.
    pub fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let body = padded(body);
        let length = self.order.u32(body.len() as u32 + 12);
        self.out.extend_from_slice(&self.order.u32(kind));
        self.out.extend_from_slice(&length);
        self.out.extend_from_slice(&body);
        self.out.extend_from_slice(&length);
        self
    }

    /// The file.
    pub fn bytes(self) -> Vec<u8> {
        self.out
    }

    fn time(&self, interface: u32, packet: &Packet) -> Vec<u8> {
        let (resolution, offset) = self.interfaces[interface as usize];
        let shifted = packet.time as i128 - i128::from(offset) * 1_000_000_000;
        let units = resolution.units(u64::try_from(shifted).expect("a time after 1970"));
        let mut out = self.order.u32((units >> 32) as u32).to_vec();
        out.extend_from_slice(&self.order.u32(units as u32));
        out
    }

    fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut out = self.order.u16(code).to_vec();
        out.extend_from_slice(&self.order.u16(value.len() as u16));
        out.extend_from_slice(&padded(value));
        out
    }
}

impl Default for PcapNg {
    fn default() -> Self {
        PcapNg::new()
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(bytes.len().next_multiple_of(4), 0);
    out
}

/// The file compressed with gzip, without a time or a name in its header.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// The bytes a gzip file holds.
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .read_to_end(&mut out)
        .expect("a gzip file");
    out
}

/// The file compressed with Zstandard.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The bytes a Zstandard file holds.
pub fn unzstd(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes).expect("a Zstandard file");
    decoder.read_to_end(&mut out).expect("a Zstandard file");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> Packet {
        Packet::new(1_570_000_000_123_456_789, vec![1, 2, 3])
    }

    #[test]
    fn classic_records_have_the_units_and_order_they_announce() {
        let micro = Pcap::new(1).packet(&packet()).bytes();
        assert_eq!(micro[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(micro[28..32], 123_456u32.to_le_bytes());
        let nano = Pcap::new(1)
            .big_endian()
            .nanoseconds()
            .packet(&packet())
            .bytes();
        assert_eq!(nano[24..28], 1_570_000_000u32.to_be_bytes());
        assert_eq!(nano[28..32], 123_456_789u32.to_be_bytes());
        assert_eq!(nano.len(), 24 + 16 + 3);
        assert_eq!(
            Pcap::new(1).modified().packet(&packet()).bytes().len(),
            24 + 24 + 3
        );
    }

    #[test]
    fn every_pcapng_block_repeats_its_length() {
        let bytes = PcapNg::new()
            .interface(1, Resolution::Decimal(9))
            .packet(0, &packet())
            .packet_with_comment(0, &packet(), "why")
            .simple_packet(&packet())
            .old_packet(0, &packet())
            .statistics(0, 1, 2, 3)
            .block(0x7fff_0001, b"unknown")
            .bytes();
        let mut rest = &bytes[..];
        let mut kinds = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            assert_eq!(length % 4, 0);
            assert_eq!(rest[4..8], rest[length - 4..length]);
            kinds.push(u32::from_le_bytes(rest[..4].try_into().unwrap()));
            rest = &rest[length..];
        }
        assert_eq!(kinds, [block::SECTION, 1, 6, 6, 3, 2, 5, 0x7fff_0001]);
    }

    #[test]
    fn resolutions_count_in_their_own_units() {
        let half_past = 1_500_000_000;
        assert_eq!(Resolution::Unstated.units(half_past), 1_500_000);
        assert_eq!(Resolution::Decimal(3).units(half_past), 1500);
        assert_eq!(Resolution::Binary(10).units(half_past), 1536);
    }

    #[test]
    fn compression_loses_nothing() {
        let bytes = Pcap::new(1).packets(&vec![packet(); 300]).bytes();
        assert!(gzip(&bytes).len() < bytes.len() / 2);
        assert!(zstd(&bytes).len() < bytes.len() / 2);
        assert_eq!(gunzip(&gzip(&bytes)), bytes);
        assert_eq!(unzstd(&zstd(&bytes)), bytes);
    }
}
