//! The hellos of SSL 2.0, and those in its form that offer a later version (RFC 5246 appendix E.2).
//!
//! Such a ClientHello names no server. It is recognised so that it is counted and what follows it
//! can be read; the server's certificate then names the contact. SSL 2.0 itself sends the
//! certificate within its ServerHello.

/// What stands at the beginning of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A hello of so many bytes, its header included. They may not all be there.
    Hello(usize),
    /// So many bytes have to be there to tell.
    Need(usize),
    /// Something else.
    Other,
}

/// Record header of two bytes (the length, with the uppermost bit set), then the message: type 1,
/// version, lengths of cipher suites, session identifier and challenge.
const CLIENT_HELLO: usize = 11;
/// Type 4, session hit, certificate type, version, lengths of certificate, cipher suites and
/// connection identifier.
const SERVER_HELLO: usize = 13;

/// A ClientHello in SSL 2.0's form, for any version up to TLS 1.2.
pub(crate) fn client_hello(bytes: &[u8]) -> Shape {
    match bytes {
        [0x80..=0xff, _, 1, 0, 2, ..] | [0x80..=0xff, _, 1, 3, 0..=4, ..] => {}
        [0x80..=0xff] | [0x80..=0xff, _] | [0x80..=0xff, _, 1] | [0x80..=0xff, _, 1, 0 | 3] => {
            return Shape::Need(CLIENT_HELLO);
        }
        _ => return Shape::Other,
    }
    let Some(&[h, l, _, _, _, c0, c1, s0, s1, r0, r1]) = bytes.first_chunk::<CLIENT_HELLO>() else {
        return Shape::Need(CLIENT_HELLO);
    };
    let ciphers = u16::from_be_bytes([c0, c1]);
    let session = u16::from_be_bytes([s0, s1]);
    let challenge = u16::from_be_bytes([r0, r1]);
    let possible = ciphers != 0
        && ciphers.is_multiple_of(3)
        && matches!(session, 0 | 16 | 32)
        && (16..=32).contains(&challenge);
    whole(h, l, CLIENT_HELLO, [ciphers, session, challenge], possible)
}

/// A ServerHello of SSL 2.0.
pub(crate) fn server_hello(bytes: &[u8]) -> Shape {
    match bytes {
        [0x80..=0xff, _, 4, 0..=1, 0..=1, 0, 2, ..] => {}
        [0x80..=0xff]
        | [0x80..=0xff, _]
        | [0x80..=0xff, _, 4]
        | [0x80..=0xff, _, 4, 0..=1]
        | [0x80..=0xff, _, 4, 0..=1, 0..=1]
        | [0x80..=0xff, _, 4, 0..=1, 0..=1, 0] => return Shape::Need(SERVER_HELLO),
        _ => return Shape::Other,
    }
    let Some(&[h, l, _, _, _, _, _, c0, c1, s0, s1, i0, i1]) = bytes.first_chunk::<SERVER_HELLO>()
    else {
        return Shape::Need(SERVER_HELLO);
    };
    let lengths = [[c0, c1], [s0, s1], [i0, i1]].map(u16::from_be_bytes);
    whole(h, l, SERVER_HELLO, lengths, true)
}

/// The certificate in what is there of a ServerHello; empty where a session goes on.
pub(crate) fn certificate(hello: &[u8]) -> &[u8] {
    let Some(&[c0, c1]) = hello.get(7..).and_then(<[u8]>::first_chunk::<2>) else {
        return &[];
    };
    let rest = hello.get(SERVER_HELLO..).unwrap_or_default();
    rest.get(..usize::from(u16::from_be_bytes([c0, c1])))
        .unwrap_or(rest)
}

/// The stated length of the record has to be that of its parts.
fn whole(high: u8, low: u8, fixed: usize, parts: [u16; 3], possible: bool) -> Shape {
    let record = usize::from(u16::from_be_bytes([high & 0x7f, low])).saturating_add(2);
    let sum = parts
        .iter()
        .fold(fixed, |sum, &part| sum.saturating_add(usize::from(part)));
    if possible && sum == record {
        Shape::Hello(record)
    } else {
        Shape::Other
    }
}

#[cfg(test)]
#[path = "sslv2_tests.rs"]
mod tests;
