//! UDP (RFC 768) and TCP (RFC 9293) with right checksums.

use crate::ip::{Ip, protocol};

/// A UDP header that waits for its payload.
#[derive(Clone, Debug)]
pub struct Udp {
    ip: Ip,
    src: u16,
    dst: u16,
    checksum: bool,
}

impl Udp {
    pub(crate) fn new(ip: Ip, src: u16, dst: u16) -> Self {
        Udp {
            ip,
            src,
            dst,
            checksum: true,
        }
    }

    /// Leaves the checksum zero, as IPv4 permits.
    pub fn without_checksum(mut self) -> Self {
        self.checksum = false;
        self
    }

    /// The finished frame.
    pub fn payload(&self, payload: impl Into<Vec<u8>>) -> Vec<u8> {
        self.ip
            .payload(protocol::UDP, &self.datagram(&payload.into()))
    }

    /// The frames of one datagram fragmented by IP at the given offsets. The 8 bytes of the UDP
    /// header count, so a first cut at 8 leaves nothing but the header in the first fragment.
    pub fn fragments(&self, payload: impl Into<Vec<u8>>, cuts: &[usize]) -> Vec<Vec<u8>> {
        self.ip
            .fragments(protocol::UDP, &self.datagram(&payload.into()), cuts)
    }

    fn datagram(&self, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).expect("a UDP payload below 64 KiB");
        let mut out = Vec::with_capacity(8 + payload.len());
        out.extend_from_slice(&self.src.to_be_bytes());
        out.extend_from_slice(&self.dst.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(payload);
        if self.checksum {
            // Zero means "none", so a sum of zero is sent as all ones.
            let sum = match self.ip.transport_checksum(protocol::UDP, &out) {
                0 => 0xffff,
                sum => sum,
            };
            out[6..8].copy_from_slice(&sum.to_be_bytes());
        }
        out
    }
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
const URG: u8 = 0x20;

/// A TCP header that waits for its payload.
#[derive(Clone, Debug)]
pub struct Tcp {
    ip: Ip,
    src: u16,
    dst: u16,
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    options: Vec<u8>,
}

impl Tcp {
    pub(crate) fn new(ip: Ip, src: u16, dst: u16) -> Self {
        Tcp {
            ip,
            src,
            dst,
            seq: 0,
            ack: 0,
            flags: 0,
            window: 0xffff,
            options: Vec::new(),
        }
    }

    /// Sets the sequence number.
    pub fn seq(mut self, seq: u32) -> Self {
        self.seq = seq;
        self
    }

    /// Sets the acknowledgement number and the ACK flag.
    pub fn ack(mut self, ack: u32) -> Self {
        self.ack = ack;
        self.flags |= ACK;
        self
    }

    /// Sets the SYN flag.
    pub fn syn(mut self) -> Self {
        self.flags |= SYN;
        self
    }

    /// Sets the FIN flag.
    pub fn fin(mut self) -> Self {
        self.flags |= FIN;
        self
    }

    /// Sets the RST flag.
    pub fn rst(mut self) -> Self {
        self.flags |= RST;
        self
    }

    /// Sets the PSH flag.
    pub fn push(mut self) -> Self {
        self.flags |= PSH;
        self
    }

    /// Sets the URG flag.
    pub fn urgent(mut self) -> Self {
        self.flags |= URG;
        self
    }

    /// Sets the receive window, unscaled.
    pub fn window(mut self, window: u16) -> Self {
        self.window = window;
        self
    }

    /// Adds options, padded with No-Operation to a multiple of four bytes.
    pub fn options(mut self, options: &[u8]) -> Self {
        self.options.extend_from_slice(options);
        while !self.options.len().is_multiple_of(4) {
            self.options.push(1);
        }
        assert!(
            self.options.len() <= 40,
            "a TCP header has room for 40 bytes of options"
        );
        self
    }

    /// The options a phone puts on its SYN: segment size, SACK permitted, window scale.
    pub fn syn_options(self) -> Self {
        self.options(&[2, 4, 0x05, 0xb4, 1, 3, 3, 6, 4, 2])
    }

    /// The timestamp option (RFC 7323) that most data segments carry.
    pub fn timestamps(self, value: u32, echo: u32) -> Self {
        let mut option = vec![1, 1, 8, 10];
        option.extend_from_slice(&value.to_be_bytes());
        option.extend_from_slice(&echo.to_be_bytes());
        self.options(&option)
    }

    /// The finished frame.
    pub fn payload(&self, payload: impl Into<Vec<u8>>) -> Vec<u8> {
        self.ip
            .payload(protocol::TCP, &self.segment(&payload.into()))
    }

    /// The finished frame of a segment without data.
    pub fn empty(&self) -> Vec<u8> {
        self.payload(Vec::new())
    }

    /// The frames of one segment fragmented by IP at the given offsets (the header counts).
    pub fn fragments(&self, payload: impl Into<Vec<u8>>, cuts: &[usize]) -> Vec<Vec<u8>> {
        self.ip
            .fragments(protocol::TCP, &self.segment(&payload.into()), cuts)
    }

    fn segment(&self, payload: &[u8]) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let mut out = Vec::with_capacity(header_len + payload.len());
        out.extend_from_slice(&self.src.to_be_bytes());
        out.extend_from_slice(&self.dst.to_be_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.ack.to_be_bytes());
        out.push(((header_len / 4) << 4) as u8);
        out.push(self.flags);
        out.extend_from_slice(&self.window.to_be_bytes());
        out.extend_from_slice(&[0, 0, 0, 0]); // checksum, urgent pointer
        out.extend_from_slice(&self.options);
        out.extend_from_slice(payload);
        let sum = self.ip.transport_checksum(protocol::TCP, &out);
        out[16..18].copy_from_slice(&sum.to_be_bytes());
        out
    }
}

#[cfg(test)]
mod tests {
    use crate::frame::raw;
    use etherparse::{SlicedPacket, TransportSlice};

    const PAIRS: [(&str, &str); 2] = [("10.0.0.7", "192.0.2.1"), ("2001:db8::7", "2001:db8::1")];

    /// A segment with its checksum and the pseudo header sums to zero, whatever the version.
    fn sums_to_zero(frame: &[u8], address_at: std::ops::Range<usize>, header: usize, number: u8) {
        let segment = &frame[header..];
        let length = (segment.len() as u32).to_be_bytes();
        let sum = crate::ip::checksum(&[&frame[address_at], &[0, number], &length, segment]);
        assert_eq!(sum, 0);
    }

    #[test]
    fn udp_checksum_agrees_with_etherparse() {
        for (src, dst) in PAIRS {
            let frame = raw().ip(src, dst).udp(53124, 53).payload("odd");
            let parsed = SlicedPacket::from_ip(&frame).unwrap();
            let Some(TransportSlice::Udp(udp)) = parsed.transport else {
                panic!("UDP expected")
            };
            let header = udp.to_header();
            let expected = match parsed.net.unwrap() {
                etherparse::NetSlice::Ipv4(ip) => {
                    header.calc_checksum_ipv4(&ip.header().to_header(), udp.payload())
                }
                etherparse::NetSlice::Ipv6(ip) => {
                    header.calc_checksum_ipv6(&ip.header().to_header(), udp.payload())
                }
                _ => panic!("IP expected"),
            };
            assert_eq!(header.checksum, expected.unwrap());
            assert_eq!((header.source_port, header.destination_port), (53124, 53));
        }
    }

    #[test]
    fn tcp_checksum_flags_and_options_are_right() {
        for (src, dst) in PAIRS {
            let tcp = raw()
                .ip(src, dst)
                .tcp(50000, 443)
                .seq(7)
                .ack(9)
                .push()
                .timestamps(1, 2);
            let frame = tcp.payload("hello");
            if src.contains(':') {
                sums_to_zero(&frame, 8..40, 40, 6);
            } else {
                sums_to_zero(&frame, 12..20, 20, 6);
            }
            let parsed = SlicedPacket::from_ip(&frame).unwrap();
            let Some(TransportSlice::Tcp(tcp)) = parsed.transport else {
                panic!("TCP expected")
            };
            assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (7, 9));
            assert!(tcp.ack() && tcp.psh() && !tcp.syn());
            assert_eq!(tcp.payload(), b"hello");
            assert_eq!(tcp.options_iterator().filter(Result::is_ok).count(), 3);
        }
    }
}
