//! The pcap file and the headers of its packets.

use std::io::{self, Write};

use super::ends::Ends;
use super::pool::Pool;

/// Written to the file when it is full: small enough to stay in the L2 cache.
const BUFFER: usize = 256 * 1024;

/// No frame with its record header is longer.
pub(super) const MAX_RECORD: usize = 16 + 14 + 40 + 28 + 1_500;

/// 2025-01-01T00:00:00Z, in nanoseconds.
const BEGIN: u64 = 1_735_689_600_000_000_000;

/// Of TCP.
pub(super) mod flag {
    pub(in super::super) const FIN: u8 = 1;
    pub(in super::super) const SYN: u8 = 2;
    pub(in super::super) const PUSH: u8 = 8;
    pub(in super::super) const ACK: u8 = 16;
}

/// Options of a SYN: maximum segment size 1460, window scale 7.
const SYN_OPTIONS: [u8; 8] = [2, 4, 5, 0xb4, 1, 3, 3, 7];

/// What a packet carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Bytes(&'a [u8]),
    /// A piece of the pool behind a few bytes of its own.
    Bulk {
        head: &'a [u8],
        at: usize,
        len: usize,
    },
}

impl Payload<'_> {
    pub(super) const EMPTY: Self = Payload::Bytes(&[]);

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Payload::Bytes(bytes) => bytes.len(),
            Payload::Bulk { head, len, .. } => head.len() + len,
        }
    }
}

/// What a TCP segment says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tcp {
    pub(super) from_client: bool,
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
}

/// A capture being written.
pub(super) struct Capture<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
    pub(super) pool: Pool,
    /// Packet time in nanoseconds.
    clock: u64,
    /// How many nanoseconds a tick of the file is.
    tick: u64,
    /// The IPv4 identification of the last packet.
    identification: u16,
    pub(super) packets: u64,
    /// Of the file, headers included.
    pub(super) bytes: u64,
}

impl<'a> Capture<'a> {
    pub(super) fn new(out: &'a mut dyn Write, pool: Pool, nanoseconds: bool) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER + MAX_RECORD);
        let magic: u32 = if nanoseconds {
            0xa1b2_3c4d
        } else {
            0xa1b2_c3d4
        };
        buffer.extend(magic.to_le_bytes());
        buffer.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // version 2.4, time zone, accuracy
        buffer.extend(262_144u32.to_le_bytes()); // snap length
        buffer.extend(1u32.to_le_bytes()); // Ethernet
        Self {
            out,
            bytes: buffer.len() as u64,
            buffer,
            pool,
            clock: BEGIN,
            tick: if nanoseconds { 1 } else { 1_000 },
            identification: 0,
            packets: 0,
        }
    }

    /// Lets time pass before the next packet.
    #[inline]
    pub(super) fn wait(&mut self, nanoseconds: u64) {
        self.clock += nanoseconds;
    }

    /// Packet time from the beginning, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        self.clock - BEGIN
    }

    /// Writes a TCP segment; a SYN has the usual options.
    #[inline]
    pub(super) fn tcp(&mut self, ends: &Ends, tcp: Tcp, payload: Payload<'_>) -> io::Result<()> {
        let mut frame = [0; 16 + 14 + 40 + 28];
        let options = if tcp.flags & flag::SYN == 0 { 0 } else { 8 };
        let header = 20 + options;
        let length = header + payload.len();
        let at = self.ip(&mut frame, ends, tcp.from_client, 6, length);
        let (from, to) = ends.ports(tcp.from_client);
        // That of a SYN is not scaled, so it has to hold the first flight: who is strict about windows
        // passes over what exceeds them.
        let window: u16 = match (tcp.flags & flag::SYN, tcp.from_client) {
            (0, true) => 2_058,
            (0, false) => 501,
            (_, true) => 64_240,
            (_, false) => 65_160,
        };
        let offset_flags = ((header as u16 / 4) << 12) | u16::from(tcp.flags);
        let field = &mut frame[at..at + 28];
        field[..2].copy_from_slice(&from.to_be_bytes());
        field[2..4].copy_from_slice(&to.to_be_bytes());
        field[4..8].copy_from_slice(&tcp.sequence.to_be_bytes());
        field[8..12].copy_from_slice(&tcp.acknowledged.to_be_bytes());
        field[12..14].copy_from_slice(&offset_flags.to_be_bytes());
        field[14..16].copy_from_slice(&window.to_be_bytes());
        field[20..].copy_from_slice(&SYN_OPTIONS);
        let mut words = u64::from(from)
            + u64::from(to)
            + u64::from(tcp.sequence)
            + u64::from(tcp.acknowledged)
            + u64::from(offset_flags)
            + u64::from(window);
        if options != 0 {
            words += const { sum_of_options() };
        }
        let pseudo = ends.sum + 6 + length as u64;
        let checksum = !fold(words + pseudo + self.sum_of(payload));
        field[16..18].copy_from_slice(&checksum.to_be_bytes());
        self.record(&mut frame, at + header, payload)
    }

    /// Writes a UDP datagram.
    #[inline]
    pub(super) fn udp(
        &mut self,
        ends: &Ends,
        from_client: bool,
        payload: Payload<'_>,
    ) -> io::Result<()> {
        let mut frame = [0; 16 + 14 + 40 + 28];
        let length = 8 + payload.len();
        let at = self.ip(&mut frame, ends, from_client, 17, length);
        let (from, to) = ends.ports(from_client);
        let field = &mut frame[at..at + 8];
        field[..2].copy_from_slice(&from.to_be_bytes());
        field[2..4].copy_from_slice(&to.to_be_bytes());
        field[4..6].copy_from_slice(&(length as u16).to_be_bytes());
        let words = u64::from(from) + u64::from(to) + length as u64;
        let pseudo = ends.sum + 17 + length as u64;
        let checksum = match !fold(words + pseudo + self.sum_of(payload)) {
            0 => 0xffff, // 0 says that there is none (RFC 768)
            sum => sum,
        };
        field[6..8].copy_from_slice(&checksum.to_be_bytes());
        self.record(&mut frame, at + 8, payload)
    }

    /// Ethernet and IP headers for `length` bytes of transport. Gives the offset behind them.
    #[inline]
    fn ip(
        &mut self,
        frame: &mut [u8; 16 + 14 + 40 + 28],
        ends: &Ends,
        from_client: bool,
        protocol: u8,
        length: usize,
    ) -> usize {
        // Locally administered addresses: a router and the network behind it.
        let (to, from) = if from_client { (1, 2) } else { (2, 1) };
        frame[16..28].copy_from_slice(&[2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from]);
        let (source, destination) = if from_client {
            (&ends.client, &ends.server)
        } else {
            (&ends.server, &ends.client)
        };
        if ends.v6 {
            frame[28..30].copy_from_slice(&[0x86, 0xdd]);
            frame[30] = 0x60;
            frame[34..36].copy_from_slice(&(length as u16).to_be_bytes());
            frame[36] = protocol;
            frame[37] = 64;
            frame[38..54].copy_from_slice(source);
            frame[54..70].copy_from_slice(destination);
            return 70;
        }
        frame[28..30].copy_from_slice(&[8, 0]);
        self.identification = self.identification.wrapping_add(1);
        let total = length as u16 + 20;
        frame[30] = 0x45;
        frame[32..34].copy_from_slice(&total.to_be_bytes());
        frame[34..36].copy_from_slice(&self.identification.to_be_bytes());
        frame[36] = 0x40; // do not fragment
        frame[38] = 64;
        frame[39] = protocol;
        frame[42..46].copy_from_slice(&source[..4]);
        frame[46..50].copy_from_slice(&destination[..4]);
        let words = 0x4500 + 0x4000 + (64 << 8);
        let words = words + u64::from(protocol) + u64::from(total) + ends.sum;
        let checksum = !fold(words + u64::from(self.identification));
        frame[40..42].copy_from_slice(&checksum.to_be_bytes());
        50
    }

    #[inline]
    fn sum_of(&self, payload: Payload<'_>) -> u64 {
        match payload {
            Payload::Bytes(bytes) => sum(bytes),
            Payload::Bulk { head, at, len } => {
                let pool = self.pool.sum(at, len);
                // At an odd place high bytes become low ones (RFC 1071 section 2).
                let odd = head.len() % 2 == 1;
                let pool = if odd {
                    u64::from(fold(pool).swap_bytes())
                } else {
                    pool
                };
                sum(head) + pool
            }
        }
    }

    /// Writes the record: `frame[..end]` with the pcap header filled in, and the payload.
    #[inline]
    fn record(
        &mut self,
        frame: &mut [u8; 16 + 14 + 40 + 28],
        end: usize,
        payload: Payload<'_>,
    ) -> io::Result<()> {
        let length = (end - 16 + payload.len()) as u32;
        let seconds = (self.clock / 1_000_000_000) as u32;
        let ticks = (self.clock % 1_000_000_000 / self.tick) as u32;
        frame[..4].copy_from_slice(&seconds.to_le_bytes());
        frame[4..8].copy_from_slice(&ticks.to_le_bytes());
        frame[8..12].copy_from_slice(&length.to_le_bytes());
        frame[12..16].copy_from_slice(&length.to_le_bytes());
        // Ahead of the packet, so that the last one is always there to be padded.
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        self.buffer.extend_from_slice(&frame[..end]);
        match payload {
            Payload::Bytes(bytes) => self.buffer.extend_from_slice(bytes),
            Payload::Bulk { head, at, len } => {
                self.buffer.extend_from_slice(head);
                self.buffer.extend_from_slice(self.pool.piece(at, len));
            }
        }
        self.packets += 1;
        self.bytes += u64::from(length) + 16;
        Ok(())
    }

    /// Pads the packet just written, which has `frame` bytes, with zeros behind its IP datagram, as
    /// Ethernet does.
    pub(super) fn pad(&mut self, frame: usize, length: usize) {
        let pad = length.saturating_sub(frame);
        let at = self.buffer.len() - frame - 16;
        self.buffer.resize(self.buffer.len() + pad, 0);
        let length = (frame + pad) as u32;
        self.buffer[at + 8..at + 12].copy_from_slice(&length.to_le_bytes());
        self.buffer[at + 12..at + 16].copy_from_slice(&length.to_le_bytes());
        self.bytes += pad as u64;
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

const fn sum_of_options() -> u64 {
    let mut at = 0;
    let mut sum = 0;
    while at < SYN_OPTIONS.len() {
        sum += (SYN_OPTIONS[at] as u64) << 8 | SYN_OPTIONS[at + 1] as u64;
        at += 2;
    }
    sum
}

/// The sum of big-endian 16-bit words, an odd last byte being a high one, up to carries (RFC 1071).
#[inline]
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut sum = 0u64;
    for word in words {
        sum += u64::from(u32::from_be_bytes(*word));
    }
    match *rest {
        [a] => sum + (u64::from(a) << 8),
        [a, b] => sum + u64::from(u16::from_be_bytes([a, b])),
        [a, b, c] => sum + u64::from(u32::from_be_bytes([a, b, c, 0])),
        _ => sum,
    }
}

/// Adds the carries.
#[inline]
pub(super) fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(&bytes)), 0xddf2);
        for cut in 0..bytes.len() {
            let mut padded = bytes[..cut].to_vec();
            padded.resize(8, 0);
            assert_eq!(fold(sum(&bytes[..cut])), fold(sum(&padded)));
        }
    }
}
