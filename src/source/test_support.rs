//! Builders of captures for this room's own tests; the integration tests include this file.
#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    missing_docs,
    unreachable_pub
)]

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub fn u16(self, n: u16) -> [u8; 2] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    pub fn u32(self, n: u32) -> [u8; 4] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }

    pub fn u64(self, n: u64) -> [u8; 8] {
        if self == Self::Little {
            n.to_le_bytes()
        } else {
            n.to_be_bytes()
        }
    }
}

/// A classic pcap file under construction.
#[derive(Debug, Clone)]
pub struct Pcap {
    pub order: Order,
    pub magic: u32,
    pub version: (u16, u16),
    pub snap_len: u32,
    pub network: u32,
    /// Bytes after the standard file header (Ixia).
    pub header_extra: Vec<u8>,
    /// Bytes after each standard record header.
    pub record_extra: Vec<u8>,
    pub lengths_swapped: bool,
    records: Vec<u8>,
}

impl Pcap {
    /// Version 2.4, microseconds, Ethernet.
    pub fn new(order: Order) -> Self {
        Self {
            order,
            magic: 0xa1b2_c3d4,
            version: (2, 4),
            snap_len: 65_535,
            network: 1,
            header_extra: Vec::new(),
            record_extra: Vec::new(),
            lengths_swapped: false,
            records: Vec::new(),
        }
    }

    /// Adds a whole frame.
    pub fn frame(&mut self, secs: u32, fraction: u32, data: &[u8]) -> &mut Self {
        self.cut_frame(secs, fraction, data, data.len() as u32)
    }

    /// Adds a frame that was longer on the wire.
    pub fn cut_frame(&mut self, secs: u32, fraction: u32, data: &[u8], original: u32) -> &mut Self {
        let lengths = (data.len() as u32, original);
        let (first, second) = if self.lengths_swapped {
            (lengths.1, lengths.0)
        } else {
            lengths
        };
        for n in [secs, fraction, first, second] {
            self.records.extend(self.order.u32(n));
        }
        self.records.extend(&self.record_extra);
        self.records.extend(data);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut file = self.order.u32(self.magic).to_vec();
        file.extend(self.order.u16(self.version.0));
        file.extend(self.order.u16(self.version.1));
        for n in [0, 0, self.snap_len, self.network] {
            file.extend(self.order.u32(n));
        }
        file.extend(&self.header_extra);
        file.extend(&self.records);
        file
    }
}

/// A pcapng file under construction.
#[derive(Debug, Clone)]
pub struct PcapNg {
    order: Order,
    bytes: Vec<u8>,
}

impl PcapNg {
    /// A file that begins with a section.
    pub fn new(order: Order) -> Self {
        let mut file = Self {
            order,
            bytes: Vec::new(),
        };
        file.section(order);
        file
    }

    pub fn section(&mut self, order: Order) -> &mut Self {
        self.order = order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend(order.u64(u64::MAX)); // section length: not told
        self.block(0x0a0d_0d0a, &body)
    }

    /// Any block; `body` is padded.
    pub fn block(&mut self, block_type: u32, body: &[u8]) -> &mut Self {
        let padded = body.len().next_multiple_of(4);
        let total = self.order.u32(padded as u32 + 12);
        self.bytes.extend(self.order.u32(block_type));
        self.bytes.extend(total);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + padded - body.len(), 0);
        self.bytes.extend(total);
        self
    }

    /// One option, padded.
    pub fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut option = self.order.u16(code).to_vec();
        option.extend(self.order.u16(value.len() as u16));
        option.extend(value);
        option.resize(option.len().next_multiple_of(4), 0);
        option
    }

    pub fn interface(&mut self, link: u16, snap_len: u32, options: &[u8]) -> &mut Self {
        let mut body = self.order.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.order.u32(snap_len));
        body.extend(options);
        self.block(1, &body)
    }

    fn packet_body(&self, interface: [u8; 4], units: u64, data: &[u8], original: u32) -> Vec<u8> {
        let mut body = interface.to_vec();
        body.extend(self.order.u32((units >> 32) as u32));
        body.extend(self.order.u32(units as u32));
        body.extend(self.order.u32(data.len() as u32));
        body.extend(self.order.u32(original));
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body
    }

    /// An Enhanced Packet Block.
    pub fn packet(&mut self, interface: u32, units: u64, data: &[u8]) -> &mut Self {
        self.packet_with(interface, units, data, data.len() as u32, &[])
    }

    pub fn packet_with(
        &mut self,
        interface: u32,
        units: u64,
        data: &[u8],
        original: u32,
        options: &[u8],
    ) -> &mut Self {
        let mut body = self.packet_body(self.order.u32(interface), units, data, original);
        body.extend(options);
        self.block(6, &body)
    }

    /// A Packet Block of old.
    pub fn old_packet(&mut self, interface: u16, drops: u16, units: u64, data: &[u8]) -> &mut Self {
        let [a, b] = self.order.u16(interface);
        let [c, d] = self.order.u16(drops);
        let body = self.packet_body([a, b, c, d], units, data, data.len() as u32);
        self.block(2, &body)
    }

    pub fn simple_packet(&mut self, data: &[u8], original: u32) -> &mut Self {
        let mut body = self.order.u32(original).to_vec();
        body.extend(data);
        self.block(3, &body)
    }

    pub fn statistics(&mut self, interface: u32, options: &[u8]) -> &mut Self {
        let mut body = self.order.u32(interface).to_vec();
        body.extend([0; 8]);
        body.extend(options);
        self.block(5, &body)
    }

    pub fn order(&self) -> Order {
        self.order
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }
}
