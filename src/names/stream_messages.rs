//! The message readers that a [`super::stream::Direction`] hands TLS and DNS to.

use super::dns::{self, Header};
use super::tls::{self, Hello, skip_short_records};
use super::{Kind, Step};
use crate::stats::bump;

impl Step {
    /// Counts a message that was read.
    pub(super) fn counted(self, counter: &mut u64) -> Self {
        if matches!(self, Self::Took(_)) {
            bump(counter);
        }
        self
    }
}

/// What TLS stands at the beginning of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    /// A ClientHello.
    Client,
    /// A ServerHello.
    Server,
    /// So many bytes are needed to tell.
    Need(usize),
    /// Neither.
    Other,
}

/// Recognises hellos, also behind short records, and those of SSL 2.
pub(super) fn tls_begins(bytes: &[u8]) -> Tls {
    match bytes {
        [0x14..=0x16] | [0x14..=0x16, 3] => Tls::Need(6),
        [0x14..=0x16, 3, 0..=4, ..] => {
            let Some(rest) = skip_short_records(bytes) else {
                return Tls::Need(bytes.len().saturating_add(1));
            };
            match rest {
                [0x16, 3, 0..=4, _, _, 1, ..] => Tls::Client,
                [0x16, 3, 0..=4, _, _, 2, ..] => Tls::Server,
                [0x14..=0x16, ..] if rest.len() < 6 => {
                    Tls::Need(bytes.len().saturating_add(6).saturating_sub(rest.len()))
                }
                _ => Tls::Other,
            }
        }
        // A two-byte record header, then the message's type and the version.
        [0x80..=0xff, _, 1, 0, 2, ..] | [0x80..=0xff, _, 1, 3, 0..=4, ..] => Tls::Client,
        [0x80..=0xff, _, 4, 0 | 1, 0 | 1, 0, 2, ..] => Tls::Server,
        [0x80..=0xff] | [0x80..=0xff, _] | [0x80..=0xff, _, 1] | [0x80..=0xff, _, 1, 0 | 3] => {
            Tls::Need(5)
        }
        [0x80..=0xff, _, 4] | [0x80..=0xff, _, 4, 0 | 1] | [0x80..=0xff, _, 4, 0 | 1, 0 | 1] => {
            Tls::Need(7)
        }
        [0x80..=0xff, _, 4, 0 | 1, 0 | 1, 0] => Tls::Need(7),
        _ => Tls::Other,
    }
}

/// Reads the ClientHello at the beginning of a client's bytes.
pub(super) fn client_stream(
    bytes: &[u8],
    last: bool,
    joined: &mut Vec<u8>,
    visit: &mut impl FnMut(&[u8]),
) -> (Step, Option<Hello>) {
    if matches!(bytes, [0x80..=0xff, ..]) {
        return (Step::End, Some(Hello::Nameless));
    }
    let records = skip_short_records(bytes).unwrap_or(bytes);
    if let [_, _, _, l0, l1, rest @ ..] = records
        && !last
    {
        let missing = usize::from(u16::from_be_bytes([*l0, *l1])).saturating_sub(rest.len());
        if missing > 0 {
            return (Step::Need(bytes.len().saturating_add(missing)), None);
        }
    }
    let hello = tls::client_hello(bytes, joined, visit);
    if hello == Hello::Incomplete && !last {
        return (Step::Need(bytes.len().saturating_add(1)), None);
    }
    (Step::End, Some(hello))
}

/// Reads a TLS server's handshake.
pub(super) fn server_flight(
    _bytes: &[u8],
    _last: bool,
    _scratch: &mut Vec<u8>,
    _visit: &mut impl FnMut(Kind, &[u8]),
) -> Step {
    Step::End
}

/// Whether a DNS message with its length before it begins here, on a port that is not DNS's own.
/// `Err` is the number of bytes that are needed to tell.
pub(super) fn dns_begins(bytes: &[u8]) -> Result<bool, usize> {
    // A length of two bytes, below 8,192: larger ones begin like text.
    let Some(start) = bytes.first_chunk::<14>() else {
        let plausible = bytes.first().is_none_or(|high| *high < 0x20)
            && bytes.get(4).is_none_or(|flags| flags & 0x78 == 0)
            && bytes.get(6).is_none_or(|high| *high == 0)
            && bytes.get(7).is_none_or(|low| *low == 1);
        return if plausible { Err(14) } else { Ok(false) };
    };
    let &[l0, l1, _, _, flags, flags2, q0, q1, a0, a1, n0, n1, x0, x1] = start;
    let length = u16::from_be_bytes([l0, l1]);
    let counts = [[a0, a1], [n0, n1], [x0, x1]].map(u16::from_be_bytes);
    let few = if flags & 0x80 == 0 {
        flags2 & 0x0f == 0 && counts <= [0, 0, 2]
    } else {
        counts.iter().all(|n| *n <= 256)
    };
    Ok(l0 < 0x20
        && length >= 17
        && flags & 0x78 == 0
        && flags2 & 0x40 == 0
        && [q0, q1] == [0, 1]
        && few)
}

/// Reads a DNS message behind its length (RFC 1035 section 4.2.2). `strict`: all of it must be DNS.
pub(super) fn tcp_message(
    bytes: &[u8],
    last: bool,
    scratch: &mut dns::Scratch,
    strict: bool,
    visit: &mut impl FnMut(Kind, &[u8], bool, u8),
) -> Step {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else {
        return Step::Need(2);
    };
    let length = usize::from(u16::from_be_bytes(*length));
    let all = length.saturating_add(2);
    if !last && rest.len() < length {
        return Step::Need(all);
    }
    let cut = rest.len() < length;
    let message = rest.get(..length).unwrap_or(rest);
    let Some(header) = Header::read(message) else {
        return Step::End;
    };
    let whole = |scratch: &mut dns::Scratch| {
        dns::read_names(&header, message, scratch, &mut |_, _| {}) == dns::End::Whole
    };
    let believed = if strict || header.has_unassigned_opcode() {
        whole(scratch)
    } else {
        header.is_bare()
            || header.has_room(message, cut)
            || header.begins_with_question(message, scratch)
    };
    if !believed {
        return Step::End;
    }
    dns::read_names(&header, message, scratch, &mut |kind, name| {
        visit(kind, name, header.response, header.rcode);
    });
    if cut {
        Step::End
    } else {
        Step::Took(u64::try_from(all).unwrap_or(u64::MAX))
    }
}

/// Reads `data` where all of it is one DNS message (RFC 8484).
pub(super) fn dns_data(
    data: &[u8],
    scratch: &mut dns::Scratch,
    visit: &mut impl FnMut(Kind, &[u8], bool, u8),
) {
    let Some(header) = Header::read(data).filter(|h| h.has_room(data, false)) else {
        return;
    };
    if header.has_unassigned_opcode() || header.is_bare() {
        return;
    }
    if dns::read_names(&header, data, scratch, &mut |_, _| {}) == dns::End::Whole {
        dns::read_names(&header, data, scratch, &mut |kind, name| {
            visit(kind, name, header.response, header.rcode);
        });
    }
}
