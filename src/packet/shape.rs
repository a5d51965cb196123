//! What a payload looks like, where no header says what it is.

use super::Next;

/// How many tags are looked behind.
const MAX_TAGS: usize = 4;

/// True for bytes that look like an Ethernet frame: after the addresses and tags there is a type,
/// and what follows begins as that type must.
pub(super) fn is_ethernet(frame: &[u8]) -> bool {
    let mut data = frame.get(12..).unwrap_or_default();
    for _ in 0..MAX_TAGS {
        match data {
            [0x81, 0x00, _, _, rest @ ..]
            | [0x88, 0xa8, _, _, rest @ ..]
            | [0x91 | 0x92, 0x00, _, _, rest @ ..] => data = rest,
            _ => break,
        }
    }
    match data {
        [0x08, 0x00, first, ..] => matches!(first, 0x45..=0x4f),
        [0x86, 0xdd, first, ..] => first >> 4 == 6,
        // ARP between Ethernet stations about IPv4.
        [0x08, 0x06, rest @ ..] => rest.starts_with(&[0, 1, 8, 0]),
        // PPPoE, version 1 and type 1.
        [0x88, 0x63 | 0x64, first, ..] => *first == 0x11,
        // MPLS, slow protocols, LLDP, MACsec, backbone bridging, PTP, CFM, FabricPath, Cisco
        // metadata, VN-Tag, HSR, E-Tag, NSH, TRILL, configuration test.
        [0x88, 0x47 | 0x48 | 0x09 | 0xcc | 0xe5 | 0xe7 | 0xf7, _, ..]
        | [0x89, 0x02 | 0x03 | 0x09 | 0x26 | 0x2f | 0x3f | 0x4f, _, ..]
        | [0x22, 0xf3, _, ..]
        | [0x90, 0x00, _, ..] => true,
        // IEEE 802.3: a length and the LLC header of SNAP or of spanning tree.
        [high, low, rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            length <= 1500 && matches!(rest, [0xaa, 0xaa, 0x03, ..] | [0x42, 0x42, 0x03, ..])
        }
        _ => false,
    }
}

/// Ethernet, PPP or Cisco HDLC with IP in it: what a pseudowire may carry without saying which.
pub(super) fn pseudowire(data: &[u8]) -> Option<Next<'_>> {
    if is_ethernet(data) {
        return Some(Next::Ethernet(data));
    }
    let behind_address = data.strip_prefix(&[0xff, 0x03]).unwrap_or(data);
    match (behind_address, data) {
        ([0x00, 0x21, 0x45..=0x4f, ..] | [0x00, 0x57, 0x60..=0x6f, ..], _) => Some(Next::Ppp(data)),
        (
            _,
            [0x0f | 0x8f, 0x00, 0x08, 0x00, rest @ ..] | [0x0f | 0x8f, 0x00, 0x86, 0xdd, rest @ ..],
        ) => Some(Next::Ip(rest)),
        _ => None,
    }
}

/// True for an IPv4 header with a right checksum, or an IPv6 header with a well-known protocol behind
/// it. Only the header is looked at: a snap length must not change the answer.
pub(super) fn is_ip(data: &[u8]) -> bool {
    match data {
        [first @ 0x45..=0x4f, ..] => {
            let length = usize::from(first & 0x0f).saturating_mul(4);
            data.get(..length)
                .is_some_and(|header| sum(header) == 0xffff)
        }
        // Without hop-by-hop options: their 0 is what Ethernet addresses and DNS headers have there.
        [0x60..=0x6f, _, _, _, _, _, next, ..] => matches!(
            next,
            4 | 6 | 17 | 41 | 43 | 44 | 47 | 50 | 51 | 58 | 59 | 60 | 89 | 103 | 132 | 135
        ),
        _ => false,
    }
}

/// The one's complement sum of 16-bit words (RFC 1071).
fn sum(header: &[u8]) -> u32 {
    let words = header.chunks_exact(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    });
    // At most 30 words: 16 bits more than one word are enough.
    let sum = words.fold(0_u32, u32::wrapping_add);
    let once = (sum & 0xffff).wrapping_add(sum >> 16);
    (once & 0xffff).wrapping_add(once >> 16)
}
