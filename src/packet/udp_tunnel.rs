//! Tunnels in UDP: told by a port and by a header that is right.
//!
//! Ports prove nothing: a resolver may ask from port 4789. So the inside is taken only where it
//! decodes; otherwise the datagram itself is what the frame holds.

use super::path::Path;
use super::ports::Ports;
use super::{Carried, Datagram, Gap, Next, Packet, Stop, walk};
use super::{capwap, geneve, gtp, gue, l2tp, lisp, mirror, mpls, teredo, vxlan};

const L2TP: u16 = 1_701;
const GTP_U: u16 = 2_152;
const TEREDO: u16 = 3_544;
const LISP: u16 = 4_341;
const VXLAN: u16 = 4_789;
const VXLAN_GPE: u16 = 4_790;
const CAPWAP: u16 = 5_247;
const GUE: u16 = 6_080;
const GENEVE: u16 = 6_081;
const MPLS: u16 = 6_635;
const HP_ERM: u16 = 7_932;
/// Linux before the port was assigned, and Cisco OTV.
const VXLAN_OLD: u16 = 8_472;
const TZSP: u16 = 37_008;

/// Those that tunnels have at either end. They lie below the range that clients take their ports from.
pub(super) const PORTS: [u16; 12] = [
    L2TP, GTP_U, TEREDO, LISP, VXLAN, VXLAN_GPE, CAPWAP, GUE, GENEVE, MPLS, HP_ERM, VXLAN_OLD,
];
/// That of a receiver only, since it lies within that range.
const RECEIVER: u16 = TZSP;

/// All of them.
pub(crate) const ALL: [u16; 13] = [
    L2TP, GTP_U, TEREDO, LISP, VXLAN, VXLAN_GPE, CAPWAP, GUE, GENEVE, MPLS, HP_ERM, VXLAN_OLD,
    RECEIVER,
];

static FILTER: Ports = Ports::new(&ALL);

/// False where no port is that of a tunnel, nearly always at the cost of a few instructions.
#[inline]
pub(super) fn may_be(sport: u16, dport: u16) -> bool {
    FILTER.may_have(sport, dport) && is(sport, dport)
}

#[inline(never)]
fn is(sport: u16, dport: u16) -> bool {
    PORTS.contains(&dport) || PORTS.contains(&sport) || dport == RECEIVER
}

/// True where [`decode`](super::decode) tries to open the datagram as a tunnel. One that it gives
/// all the same is a tunnel that could not be opened, or something else on the port.
#[inline]
pub fn is_on_port(datagram: &Datagram<'_>) -> bool {
    may_be(datagram.sport, datagram.dport) && port(datagram).is_some()
}

/// The port that says which tunnel it may be. Most tunnels use it at the receiving end only, but some
/// answer from it or use it at both ends.
fn port(datagram: &Datagram<'_>) -> Option<u16> {
    let Datagram {
        sport,
        dport,
        payload,
    } = *datagram;
    if PORTS.contains(&dport) || dport == RECEIVER && mirror::is_tzsp(payload) {
        return Some(dport);
    }
    PORTS.contains(&sport).then_some(sport)
}

/// What is inside `outer`, or `outer` where it is no tunnel.
#[cold]
#[inline(never)]
pub(super) fn inside<'a>(
    outer: Packet<'a>,
    datagram: Datagram<'a>,
    path: &mut Path,
    depth: usize,
) -> Result<Packet<'a>, Stop<'a>> {
    let mark = path.mark();
    // Each datagram is tried once and its inside is walked once, so the work grows with the number
    // of headers, of which there is a limit.
    let found = match open(&outer, &datagram, path) {
        Some(Ok(next)) => walk(next, path, depth),
        Some(Err(stop)) => Err(stop),
        None => return Ok(outer),
    };
    match found {
        // An LLC header is anything behind a small number: no proof of a tunnel.
        Err(Stop::Gap(
            Gap::Truncated(_) | Gap::Malformed(_) | Gap::Unread(_) | Gap::NoNames(Carried::Llc),
        )) => {
            path.back_to(mark);
            Ok(outer)
        }
        inner => inner,
    }
}

/// `None` where no port is that of a tunnel.
fn open<'a>(
    outer: &Packet<'a>,
    datagram: &Datagram<'a>,
    path: &mut Path,
) -> Option<Result<Next<'a>, Stop<'a>>> {
    let payload = datagram.payload;
    let ends = (outer.ip.source(), outer.ip.destination());
    let next = match port(datagram)? {
        L2TP => l2tp::decode_udp(payload, ends, path),
        GTP_U => gtp::decode(payload, ends, path),
        TEREDO => teredo::decode(payload, ends, path),
        LISP => lisp::decode(payload, ends, path),
        VXLAN | VXLAN_GPE | VXLAN_OLD => vxlan::decode(payload, ends, path),
        CAPWAP => return Some(capwap::decode(outer, datagram, path)),
        GUE => gue::decode(payload, ends, path),
        GENEVE => geneve::decode(payload, ends, path),
        MPLS => mpls::decode(payload, Some(ends), path),
        HP_ERM => mirror::decode_hp_erm(payload, ends, path),
        TZSP => return Some(mirror::decode_tzsp(payload, ends, path)),
        _ => return None,
    };
    Some(next.map_err(Stop::from))
}
