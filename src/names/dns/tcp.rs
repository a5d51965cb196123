//! DNS over TCP (RFC 7766): messages behind a two-byte length, one after the other.

use super::header::{HEADER, Header};
use super::{DNS, DnsNote, End, Flavour, Scratch, question_begins, read};
use crate::names::{Kind, Step};

/// Reads the message at the start of one direction's bytes; see [`Step`] for how to go on.
///
/// Pushes its names to `visit` as [`datagram`](super::datagram) does, and says how far the message
/// could be read; `None` where none was. `last`: no more bytes will come. On DNS's own port a message
/// that breaks off then gives the names that are there. `strict` is for other ports: the message has
/// to be whole and DNS to its last byte.
///
/// On DNS's own port a message is also known where a capture that begins in the middle lacks
/// its length.
pub fn tcp_message(
    bytes: &[u8],
    last: bool,
    strict: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> (Step, Option<End>) {
    framed_message(DNS, bytes, Framing { last, strict }, scratch, visit)
}

/// How a stream is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::names) struct Framing {
    /// No more bytes will come.
    pub(in crate::names) last: bool,
    /// On a port that is not the protocol's own.
    pub(in crate::names) strict: bool,
}

pub(in crate::names) fn framed_message(
    flavour: Flavour,
    bytes: &[u8],
    Framing { last, strict }: Framing,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> (Step, Option<End>) {
    let Some((&length, rest)) = bytes.split_first_chunk::<2>() else {
        return (if last { Step::End } else { Step::Need(2) }, None);
    };
    let length = usize::from(u16::from_be_bytes(length));
    let whole = length.saturating_add(2);
    if let Some(message) = rest.get(..length) {
        let end = read(flavour, message, length, strict, scratch, visit);
        if end.is_some() {
            return (took(whole), end);
        }
    }
    if !strict
        && is_message(bytes)
        && let Some(end) = read(flavour, bytes, bytes.len(), true, scratch, visit)
    {
        return (took(bytes.len()), Some(end));
    }
    if rest.len() >= length || !may_become(flavour, rest, length, strict, scratch) {
        return (Step::End, None);
    }
    if !last {
        return (Step::Need(whole), None);
    }
    let end = if strict {
        None
    } else {
        read(flavour, rest, length, false, scratch, visit)
    };
    (Step::End, end)
}

fn took(length: usize) -> Step {
    Step::Took(u64::try_from(length).unwrap_or(u64::MAX))
}

/// Whether the bytes could themselves be a message: a sender may write the length by itself, and a
/// capture that begins between the two writes has only the message.
fn is_message(bytes: &[u8]) -> bool {
    Header::read(bytes).is_some_and(|header| {
        header.is_usual() && header.has_room(bytes.len()) && header.questions == 1
    })
}

/// Whether bytes that are not all there yet may become a message of `length` bytes.
fn may_become(
    flavour: Flavour,
    rest: &[u8],
    length: usize,
    strict: bool,
    scratch: &mut Scratch,
) -> bool {
    if length < HEADER {
        return false;
    }
    let Some(header) = Header::read(rest) else {
        return true;
    };
    if strict {
        header.is_usual() && header.has_room(length)
    } else {
        header.has_room(length) || question_begins(flavour, &header, rest, scratch).unwrap_or(true)
    }
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
