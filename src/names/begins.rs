//! How TLS and DNS begin.

use super::dns::{HEADER, Header, is_sent};
use super::tls::skip_short_records;

/// The most that a record holds which is not encrypted (RFC 8446 section 5.1).
const MAX_PLAIN: u16 = 16_384;

/// The shortest hello: version, random, an empty session ID, a cipher suite and a compression method.
const MIN_HELLO: u16 = 38;

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
        // Whatever the second byte of a record's version is, it must be ignored (RFC 8446 section 5.1).
        [0x14..=0x16, 3, _, ..] => {
            let Some(rest) = skip_short_records(bytes) else {
                return Tls::Need(bytes.len().saturating_add(1));
            };
            match rest {
                [0x16, 3, 0..=4, _, _, 1, ..] => Tls::Client,
                [0x16, 3, 0..=4, _, _, 2, ..] => Tls::Server,
                [0x16, 3, _, _, _, 1 | 2, ..] => odd_version(bytes, rest),
                // A chain of certificates: its hello is lost, or it is a client's.
                [
                    0x16,
                    3,
                    0..=4,
                    _,
                    _,
                    11,
                    0,
                    _,
                    _,
                    0,
                    _,
                    _,
                    0,
                    _,
                    _,
                    0x30,
                    ..,
                ] => Tls::Server,
                [0x16, 3, 0..=4, _, _, 11, chain @ ..] if may_be_chain(chain) => {
                    Tls::Need(bytes.len().saturating_add(10).saturating_sub(chain.len()))
                }
                // An alert or a ChangeCipherSpec that is not whole.
                [0x14 | 0x15, 3, _, 0, 1 | 2, _] => Tls::Need(bytes.len().saturating_add(1)),
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

/// A record that holds a hello as it seems, and of a version that no known program sends: its lengths have to fit, or bulk
/// would be taken for one.
fn odd_version(bytes: &[u8], record: &[u8]) -> Tls {
    let &[_, _, _, r0, r1, kind, ref header @ ..] = record else {
        return Tls::Other;
    };
    let fits = match (u16::from_be_bytes([r0, r1]), header) {
        // The message's header goes on in another record.
        (1..=3, _) => true,
        (4..=MAX_PLAIN, [0, h0, h1, ..]) => u16::from_be_bytes([*h0, *h1]) >= MIN_HELLO,
        (4..=MAX_PLAIN, [] | [0] | [0, _]) => {
            let missing = 9_usize.saturating_sub(record.len());
            return Tls::Need(bytes.len().saturating_add(missing));
        }
        _ => false,
    };
    match (fits, kind) {
        (false, _) => Tls::Other,
        (true, 1) => Tls::Client,
        (true, _) => Tls::Server,
    }
}

/// Whether so few bytes behind the type of a Certificate message may become a chain: three lengths below 64 KiB, and
/// then a certificate.
fn may_be_chain(bytes: &[u8]) -> bool {
    bytes.len() < 10 && bytes.iter().step_by(3).all(|high| *high == 0)
}

/// Whether a DNS message with its length before it begins here, on a port that is not DNS's own.
/// `Err` is the number of bytes that are needed to tell.
pub(super) fn dns_begins(bytes: &[u8]) -> Result<bool, usize> {
    // Nobody asks as an authority; the reply of a SOCKS server behind its choice of a method looks like that.
    let socks = matches!(bytes, [4 | 5, _, _, _, flags, ..] if flags & 0x84 == 4);
    // A length of two bytes, below 8,192: larger ones begin like text.
    let Some(start) = bytes.first_chunk::<DNS_START>() else {
        let plausible = !socks
            && bytes.first().is_none_or(|high| *high < 0x20)
            && bytes.get(4).is_none_or(|flags| flags & 0x78 == 0)
            && bytes.get(6).is_none_or(|high| *high == 0)
            && bytes.get(7).is_none_or(|low| *low == 1);
        return if plausible { Err(DNS_START) } else { Ok(false) };
    };
    let [l0, l1, message @ ..] = start;
    Ok(!socks && *l0 < 0x20 && u16::from_be_bytes([*l0, *l1]) >= 17 && is_sent(message, [256; 3]))
}

/// Whether a message of DNS over TCP begins here for certain, on a port of its own: its length and its
/// header agree, and the first name can be one. Inside a stream of messages any byte may come next, so
/// what is only likely would give names that nobody sent.
pub(super) fn dns_certain(bytes: &[u8]) -> bool {
    let Some((length, header)) = dns_header(bytes) else {
        return false;
    };
    let sensible = if header.response {
        header.questions <= 1 && !header.is_bare()
    } else {
        header.questions == 1 && header.records <= 2 && header.rcode == 0
    };
    sensible
        && header.opcode == 0
        && !header.reserved
        && header.has_room(length)
        && name_begins(bytes.get(DNS_START..).unwrap_or_default())
}

/// A message of DNS over TCP has at least its length and its header.
pub(super) const DNS_START: usize = HEADER + 2;

/// Whether a message of DNS over TCP begins here, on its own port: the length holds what the header counts, in any
/// opcode. No text and no header of a proxy is so.
pub(super) fn dns_likely(bytes: &[u8]) -> bool {
    dns_header(bytes).is_some_and(|(length, header)| {
        !header.is_bare()
            && !header.has_unassigned_opcode()
            && !header.reserved
            && header.has_room(length)
    })
}

/// The length before a message of DNS over TCP, and its header.
fn dns_header(bytes: &[u8]) -> Option<(usize, Header)> {
    let (length, message) = bytes.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    Some((length, Header::read(message)?))
}

/// Labels up to a root or a pointer, of letters, digits, hyphens and the like.
fn name_begins(mut bytes: &[u8]) -> bool {
    for _ in 0..128 {
        match bytes {
            [] | [0 | 0xc0..=0xff, ..] => return true,
            [length @ 1..=63, rest @ ..] => {
                let label = rest.get(..usize::from(*length)).unwrap_or(rest);
                if !label.iter().all(u8::is_ascii_graphic) {
                    return false;
                }
                bytes = rest.get(label.len()..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}
