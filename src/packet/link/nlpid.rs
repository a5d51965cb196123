//! The ISO network layer protocol identifier (RFC 2427, RFC 2684): what follows it.

use crate::packet::{Carried, Gap, Layer, Next, ethernet};

pub(in crate::packet) fn decode(data: &[u8]) -> Result<Next<'_>, Gap> {
    // A zero pads what follows to an even place.
    let data = match data {
        [0x00, rest @ ..] => rest,
        _ => data,
    };
    match data {
        [0xcc | 0x8e, rest @ ..] => Ok(Next::Ip(rest)),
        [0xcf, rest @ ..] => Ok(Next::Ppp(rest)),
        [0x80, a, b, c, high, low, rest @ ..] => {
            ethernet::snap([*a, *b, *c], u16::from_be_bytes([*high, *low]), rest, 0)
        }
        [0x80, ..] | [] => Err(Gap::truncated(Layer::Llc)),
        // Signalling and status of the line (Q.933, Cisco's and the Gang of Four's), and the routing
        // protocols of OSI.
        [number @ (0x08 | 0x09 | 0x81..=0x83), ..] => Err(Gap::NoNames(Carried::Nlpid(*number))),
        [number, ..] => Err(Gap::Unread(Carried::Nlpid(*number))),
    }
}
