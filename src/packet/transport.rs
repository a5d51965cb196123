//! TCP (RFC 9293) and UDP (RFC 768) headers.

use etherparse::err::tcp::HeaderSliceError;
use etherparse::{TcpHeaderSlice, UdpHeaderSlice};

use super::{Gap, Layer, number};

/// The flag bits of a TCP header's byte 13 (RFC 9293 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// SYN, FIN or RST: not only data.
    #[inline]
    pub const fn moves(self) -> bool {
        self.0 & 0x07 != 0
    }

    /// FIN or RST: the sender sends nothing after this segment.
    #[inline]
    pub const fn ends(self) -> bool {
        self.0 & 0x05 != 0
    }

    /// URG: some of the data is out of line. Whatever the pointer says, also 0, a byte is taken out of the stream.
    #[inline]
    pub const fn is_urgent(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// SYN: the sequence number is that before the first byte.
    #[inline]
    pub const fn opens(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// ACK.
    #[inline]
    pub const fn acknowledges(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A TCP segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// Number of the payload's first byte, or of the SYN flag where that is set.
    pub sequence: u32,
    /// Number of the next byte that the sender expects, where the ACK flag is set.
    pub acknowledgment: u32,
    /// The control bits.
    pub flags: Flags,
    /// What follows the header and its options.
    pub payload: &'a [u8],
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
    /// What follows the 8-byte header.
    pub payload: &'a [u8],
}

/// TCP or UDP.
#[derive(Debug, Clone, Copy)]
pub enum Transport<'a> {
    /// RFC 9293.
    Tcp(Segment<'a>),
    /// RFC 768.
    Udp(Datagram<'a>),
}

impl<'a> Transport<'a> {
    /// What follows the TCP or UDP header.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        match self {
            Self::Tcp(segment) => segment.payload,
            Self::Udp(datagram) => datagram.payload,
        }
    }
}

/// Gives the segment and whether its payload is cut short.
#[inline]
pub(super) fn tcp(data: &[u8], cut: bool) -> Result<(Transport<'_>, bool), Gap> {
    match TcpHeaderSlice::from_slice(data) {
        Ok(tcp) => Ok((
            Transport::Tcp(Segment {
                sport: tcp.source_port(),
                dport: tcp.destination_port(),
                sequence: tcp.sequence_number(),
                acknowledgment: tcp.acknowledgment_number(),
                flags: Flags(data.get(13).copied().unwrap_or(0)),
                payload: data.get(tcp.slice().len()..).unwrap_or_default(),
            }),
            cut,
        )),
        Err(HeaderSliceError::Len(_)) if cut => without_options(data),
        Err(HeaderSliceError::Len(_)) => Err(Gap::truncated(Layer::Tcp)),
        Err(HeaderSliceError::Content(_)) => Err(Gap::malformed(Layer::Tcp)),
    }
}

/// A segment with a whole header, without etherparse's checks of what is known already.
#[inline(always)]
pub(super) fn plain_tcp(data: &[u8]) -> Option<Segment<'_>> {
    let header = data.first_chunk::<20>()?;
    let &[s0, s1, d0, d1, _, _, _, _, _, _, _, _, length, flags, ..] = header;
    let header_len = usize::from(length >> 4).wrapping_mul(4);
    if header_len < 20 {
        return None;
    }
    Some(Segment {
        sport: u16::from_be_bytes([s0, s1]),
        dport: u16::from_be_bytes([d0, d1]),
        sequence: number(header, 4)?,
        acknowledgment: number(header, 8)?,
        flags: Flags(flags),
        payload: data.get(header_len..)?,
    })
}

/// A datagram that is whole.
#[inline(always)]
pub(super) fn plain_udp(data: &[u8]) -> Option<Datagram<'_>> {
    let &[s0, s1, d0, d1, l0, l1, _, _] = data.first_chunk::<8>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    Some(Datagram {
        sport: u16::from_be_bytes([s0, s1]),
        dport: u16::from_be_bytes([d0, d1]),
        payload: data.get(8..length)?,
    })
}

/// A segment that the snap length cut within its options: what is fixed in the header is there.
#[cold]
fn without_options(data: &[u8]) -> Result<(Transport<'_>, bool), Gap> {
    let Some(header) = data.first_chunk::<20>() else {
        return Err(Gap::truncated(Layer::Tcp));
    };
    let [s0, s1, d0, d1, n0, n1, n2, n3, a0, a1, a2, a3, _, flags, ..] = *header;
    let segment = Segment {
        sport: u16::from_be_bytes([s0, s1]),
        dport: u16::from_be_bytes([d0, d1]),
        sequence: u32::from_be_bytes([n0, n1, n2, n3]),
        acknowledgment: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: Flags(flags),
        payload: &[],
    };
    Ok((Transport::Tcp(segment), true))
}

/// Gives the datagram and whether its payload is cut short.
#[inline]
pub(super) fn udp(data: &[u8], cut: bool) -> Result<(Transport<'_>, bool), Gap> {
    let Ok(udp) = UdpHeaderSlice::from_slice(data) else {
        return Err(Gap::truncated(Layer::Udp));
    };
    let stated = usize::from(udp.length());
    // 0 is a jumbogram (RFC 2675) or offload; 1 to 7 cannot be.
    let end = match stated {
        0 => data.len(),
        1..8 => return Err(Gap::malformed(Layer::Udp)),
        n => n.min(data.len()),
    };
    Ok((
        Transport::Udp(Datagram {
            sport: udp.source_port(),
            dport: udp.destination_port(),
            payload: data.get(8..end).unwrap_or_default(),
        }),
        cut || stated > data.len(),
    ))
}
