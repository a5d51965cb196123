//! MPLS (RFC 3032), over anything: IP inside, or a pseudowire with or without a control word
//! (RFC 4385, RFC 4448).

use etherparse::EtherType;

use super::path::{Encapsulation, Ends, Path};
use super::{Gap, Layer, Next, shape};

/// How many labels are walked. Service chains with segment routing have ten or so.
const MAX_LABELS: usize = 32;

/// `ends` are those of the IP header where IP carries the labels; the topmost label bears them.
pub(super) fn decode<'a>(
    mut data: &'a [u8],
    mut ends: Option<Ends>,
    path: &mut Path,
) -> Result<Next<'a>, Gap> {
    for _ in 0..MAX_LABELS {
        let Some((entry, rest)) = data.split_first_chunk::<4>() else {
            return Err(Gap::truncated(Layer::Mpls));
        };
        let entry = u32::from_be_bytes(*entry);
        path.push_between(Encapsulation::Mpls, Some(entry >> 12), ends.take());
        data = rest;
        // The bit that marks the bottom of the stack.
        if entry & 0x100 != 0 {
            return below(data);
        }
    }
    Err(Gap::TooDeep)
}

/// Nothing says what is below the bottom label: it is told by its first nibble (RFC 4928), which an
/// Ethernet address may have as well.
fn below(data: &[u8]) -> Result<Next<'_>, Gap> {
    match data {
        [0x40..=0x4f, ..] if shape::is_ip(data) || !shape::is_ethernet(data) => {
            Ok(Next::EtherType(EtherType::IPV4, data))
        }
        [0x60..=0x6f, ..] if shape::is_ip(data) || !shape::is_ethernet(data) => {
            Ok(Next::EtherType(EtherType::IPV6, data))
        }
        [] => Err(Gap::truncated(Layer::Mpls)),
        _ => {
            // A control word begins with a zero nibble, and so do the addresses of most network
            // cards: the frame's own shape decides.
            let behind_control_word = match data {
                [0x00..=0x0f, _, _, _, rest @ ..] => shape::pseudowire(rest),
                _ => None,
            };
            match behind_control_word.or_else(|| shape::pseudowire(data)) {
                Some(next) => Ok(next),
                None => Err(match data {
                    // The associated channel of RFC 5586: continuity checks, status, loss.
                    [0x10, 0x00, 0x00, 0x00..=0x7f, ..] | [0x10, 0x00, 0x89, 0x02, ..] => {
                        Gap::no_names_in_mpls()
                    }
                    _ => Gap::ether_type(EtherType(0x8847)),
                }),
            }
        }
    }
}
