//! Long headers (RFC 8999, RFC 9000 section 17.2) and what a datagram looks like.

use super::version::{Profile, is_registered};
use crate::names::gquic;

/// The longest connection ID (RFC 9000 section 17.2).
pub(super) const MAX_ID: usize = 20;

/// A client pads a datagram with an Initial packet to this size (RFC 9000 section 14.1).
pub(crate) const PADDED: usize = 1_200;

/// Packets of one datagram that are looked at. Four encryption levels exist.
pub(super) const MAX_COALESCED: usize = 8;

/// What a UDP payload may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It holds an Initial packet of a version whose keys are known.
    Initial,
    /// A Google QUIC packet in the clear that may hold a CHLO.
    Google,
    /// Version negotiation, which names nobody.
    Negotiation,
    /// A long header of a version whose keys are not known.
    UnknownVersion,
}

/// Tells by form and without state whether a datagram has to go to [`super::Quic::datagram`].
///
/// Datagrams of Handshake, 0-RTT and 1-RTT packets alone are `None`. The port does not count.
pub fn looks_like(payload: &[u8]) -> Option<Shape> {
    let &[first, v0, v1, v2, v3, lengths, ..] = payload else {
        return None;
    };
    if first & 0x80 == 0 {
        return gquic::looks_like(payload).then_some(Shape::Google);
    }
    // Voice and video (RTP) have the first bit too: their packets are short, and of no version.
    if payload.len() < PADDED && !matches!(v0, 0 | b'Q' | b'T' | 0x6b | 0x70 | 0xfa | 0xff) {
        return None;
    }
    let version = u32::from_be_bytes([v0, v1, v2, v3]);
    if Profile::of(version).is_some() {
        let mut rest = payload;
        for _ in 0..MAX_COALESCED {
            let (packet, after) = next_packet(rest)?;
            if packet.initial {
                return Some(Shape::Initial);
            }
            rest = after;
        }
        return None;
    }
    if gquic::is_long(version) {
        return Some(Shape::Google);
    }
    if usize::from(lengths) > MAX_ID {
        return None;
    }
    let (_, after) = ids(payload, false)?;
    if version == 0 {
        // A list of at least one version, and nothing behind it.
        let whole = after.len() >= 4 && after.len().is_multiple_of(4);
        return whole.then_some(Shape::Negotiation);
    }
    let likely = first & 0x40 != 0
        && lengths >= 8
        && payload.len() >= PADDED
        && (is_registered(version) || has_length(after));
    likely.then_some(Shape::UnknownVersion)
}

/// Whether a token and a length follow that fit, as in version 1.
fn has_length(after: &[u8]) -> bool {
    let mut reader = Reader(after);
    reader
        .varint()
        .and_then(|length| reader.take(length))
        .and_then(|_| reader.varint())
        .is_some_and(|length| length > 20 && length <= reader.0.len() as u64)
}

/// A packet with a long header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) version: u32,
    pub(super) profile: &'static Profile,
    pub(super) initial: bool,
    pub(super) destination: &'a [u8],
    pub(super) source: &'a [u8],
    pub(super) has_token: bool,
    /// Header and payload.
    pub(super) bytes: &'a [u8],
    /// Where in `bytes` the packet number stands.
    pub(super) number_at: usize,
    /// The packet says that it is longer than the datagram.
    pub(super) cut: bool,
}

/// The first packet of `datagram` and what follows it. `None` where it is no packet with a length
/// of a version that is known: a Retry, a short header, padding.
pub(super) fn next_packet(datagram: &[u8]) -> Option<(Packet<'_>, &[u8])> {
    let &[first, v0, v1, v2, v3, ..] = datagram else {
        return None;
    };
    if first & 0x80 == 0 {
        return None;
    }
    let version = u32::from_be_bytes([v0, v1, v2, v3]);
    let profile = Profile::of(version)?;
    let kind = first & 0x30;
    if kind == profile.retry {
        return None;
    }
    let ((destination, source), after) = ids(datagram, profile.short_lengths)?;
    let initial = kind == profile.initial;
    let mut reader = Reader(after);
    let mut has_token = false;
    if initial {
        let length = reader.varint()?;
        reader.take(length)?;
        has_token = length > 0;
    }
    let length = reader.varint()?;
    let number_at = datagram.len().checked_sub(reader.0.len())?;
    let cut = reader.take(length).is_none();
    let rest = if cut { &[] } else { reader.0 };
    let end = datagram.len().checked_sub(rest.len())?;
    let packet = Packet {
        version,
        profile,
        initial,
        destination,
        source,
        has_token,
        bytes: datagram.get(..end)?,
        number_at,
        cut,
    };
    Some((packet, rest))
}

/// The destination and the source connection ID, and what follows them.
type Ids<'a> = ((&'a [u8], &'a [u8]), &'a [u8]);

fn ids(packet: &[u8], short_lengths: bool) -> Option<Ids<'_>> {
    let mut reader = Reader(packet.get(5..)?);
    let (to, from) = if short_lengths {
        // Four bits each; 0 is none and the others count from 4.
        let both = reader.byte()?;
        let length = |bits: u8| {
            if bits == 0 {
                0
            } else {
                u64::from(bits).saturating_add(3)
            }
        };
        let to = reader.take(length(both >> 4))?;
        (to, reader.take(length(both & 0x0f))?)
    } else {
        let length = reader.byte()?;
        let to = reader.take(u64::from(length))?;
        let length = reader.byte()?;
        (to, reader.take(u64::from(length))?)
    };
    (to.len() <= MAX_ID && from.len() <= MAX_ID).then_some(((to, from), reader.0))
}

/// Reads fields one after another; what was not whole is not taken.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(super) fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// A variable-length integer (RFC 9000 section 16).
    pub(super) fn varint(&mut self) -> Option<u64> {
        let first = *self.0.first()?;
        let bytes = self.take(1 << (first >> 6))?;
        let value = bytes
            .iter()
            .fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        let mask = match first >> 6 {
            0 => 0x3f,
            1 => 0x3fff,
            2 => 0x3fff_ffff,
            _ => 0x3fff_ffff_ffff_ffff,
        };
        Some(value & mask)
    }
}
