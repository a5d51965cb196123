//! What a segment begins with, from its first bytes and without state.
//!
//! This is asked for every TCP segment, so bulk has to be recognised by one table look-up. It says
//! only that a [`super::stream::Direction`] is worth beginning here; that judges by itself.

use super::begins::{Tls, tls_begins};
use super::prelude::{self, Part, Prelude};
use super::socks;
use super::{http, http2};

/// What may begin at the first byte of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// Nothing that is known here: bulk.
    Nothing,
    /// A TLS ClientHello.
    ClientHello,
    /// A TLS ServerHello.
    ServerHello,
    /// An HTTP/1 request.
    Http,
    /// The preface of HTTP/2, or a server's first frame.
    Http2,
    /// SOCKS 4 or 5.
    Socks,
    /// A line of a dialogue that may turn to TLS.
    Text,
    /// XMPP.
    Xmpp,
    /// LDAP.
    Ldap,
    /// PostgreSQL's request for encryption.
    Postgres,
    /// MySQL's greeting, or the client's request for TLS.
    MySql,
    /// RDP's X.224 connection request or confirmation.
    Rdp,
    /// TDS PRELOGIN.
    Tds,
    /// The Android Debug Bridge.
    Adb,
    /// A PROXY protocol header.
    ProxyProtocol,
    /// An SSLv2 record with a hello, possibly of a TLS client.
    Sslv2,
    /// Too short to tell, but it may be the beginning of one of these.
    Short,
}

/// Below this length a payload may be [`Shape::Short`].
const SHORT: usize = 6;

/// A set of beginnings, one bit each. The bits of the first three bytes of a payload have one in
/// common where it may be more than [`Shape::Nothing`].
mod beginning {
    /// TLS records.
    const TLS: u8 = 1;
    /// SSLv2 records, and MySQL's greeting.
    const HIGH: u8 = 1 << 1;
    /// A word.
    const WORD: u8 = 1 << 2;
    /// A tag of one letter, and a word behind it.
    const TAG: u8 = 1 << 3;
    /// Messages of databases whose length has two zeros.
    const ZEROS: u8 = 1 << 4;
    /// Messages with a small number in the second byte.
    const SMALL: u8 = 1 << 5;
    /// Two bytes tell nothing.
    const ANY: u8 = 1 << 6;

    const fn first(byte: u8) -> u8 {
        match byte {
            0x14..=0x16 => TLS,
            0x80.. => HIGH | ZEROS,
            0x00 | 0x03 | 0x12 => SMALL,
            0x04 | 0x05 | b'\r' | b'\n' | b'"' | b'*' | b'+' | b'.' | b':' | b'<' => ANY,
            // LDAP and PostgreSQL beside words.
            b'0' | b'S' | b'N' => ANY,
            b'1'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => WORD | TAG | ZEROS,
            // Methods may begin with these.
            b'-' | b'^' | b'_' | b'`' | b'|' | b'~' => WORD | TAG | ZEROS,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' => WORD | TAG,
            // Any length of MySQL's greeting.
            b' ' | 40..=0x7f => ZEROS,
            _ => 0,
        }
    }

    const fn second(byte: u8) -> u8 {
        HIGH | ANY
            | match byte {
                0 => ZEROS | SMALL,
                1 => SMALL,
                3 => TLS,
                b' ' | b'\t' => TAG,
                b'!'..=b'~' => WORD,
                _ => 0,
            }
    }

    const fn third(byte: u8) -> u8 {
        // Records of TLS may have any second byte of a version.
        TAG | SMALL
            | ANY
            | TLS
            | match byte {
                0 => HIGH | ZEROS,
                1 | 4 => HIGH,
                b' '..=b'~' | b'\t' => WORD,
                _ => 0,
            }
    }

    /// The bits of each byte in the first three places.
    pub(super) static BITS: [[u8; 256]; 3] = {
        let mut bits = [[0; 256]; 3];
        let mut byte = 0u8;
        loop {
            #[allow(clippy::indexing_slicing)] // a u8 indexes 256 entries; `get_mut` is not const
            {
                bits[0][byte as usize] = first(byte);
                bits[1][byte as usize] = second(byte);
                bits[2][byte as usize] = third(byte);
            }
            if byte == u8::MAX {
                break bits;
            }
            byte = byte.wrapping_add(1);
        }
    };
}

/// Sorts out bulk, also where it is encrypted and begins with any byte: a few look-ups.
#[inline]
fn is_nothing(payload: &[u8]) -> bool {
    let Some(&[first, second, third, _, _, _]) = payload.first_chunk::<SHORT>() else {
        return payload.is_empty();
    };
    let [bits1, bits2, bits3] = &beginning::BITS;
    let of = |bits: &[u8; 256], byte: u8| bits.get(usize::from(byte)).copied().unwrap_or(u8::MAX);
    of(bits1, first) & of(bits2, second) & of(bits3, third) == 0
}

/// What `payload` begins with.
#[inline]
pub fn shape(payload: &[u8]) -> Shape {
    if is_nothing(payload) {
        Shape::Nothing
    } else {
        judge(payload)
    }
}

/// The judgement of everything that [`is_nothing`] does not sort out.
#[inline(never)]
fn judge(payload: &[u8]) -> Shape {
    match by_beginning(payload) {
        // Greetings are commands in some dialogue; the reader of streams asks for requests before it does for those.
        Shape::Nothing | Shape::Text if http::begins_request(payload) => Shape::Http,
        shape => shape,
    }
}

/// What is told from the first bytes, also where a line is not whole.
fn by_beginning(payload: &[u8]) -> Shape {
    let Some(&first) = payload.first() else {
        return Shape::Nothing;
    };
    match first {
        0x80.. => match payload.get(2) {
            None => short(payload),
            Some(1 | 4) => tls(payload, Shape::Sslv2, Shape::Sslv2),
            // MySQL's greeting has zeros where most lengths have something else.
            Some(0) => message(payload),
            Some(_) => Shape::Nothing,
        },
        0x14..=0x16 => tls(payload, Shape::ClientHello, Shape::ServerHello),
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => letters(payload),
        _ => rest(payload),
    }
}

fn tls(payload: &[u8], client: Shape, server: Shape) -> Shape {
    match tls_begins(payload) {
        Tls::Client => client,
        Tls::Server => server,
        Tls::Need(_) => Shape::Short,
        Tls::Other => Shape::Nothing,
    }
}

fn short(payload: &[u8]) -> Shape {
    if payload.len() < SHORT {
        Shape::Short
    } else {
        Shape::Nothing
    }
}

fn message(payload: &[u8]) -> Shape {
    match prelude::message(payload) {
        Part::Pass(prelude, _) => of(prelude),
        Part::Need(_) => short(payload),
        Part::Other => Shape::Nothing,
    }
}

const fn of(prelude: Prelude) -> Shape {
    match prelude {
        Prelude::Lines => Shape::Text,
        Prelude::Xmpp => Shape::Xmpp,
        Prelude::Ldap => Shape::Ldap,
        Prelude::Postgres => Shape::Postgres,
        Prelude::MySql => Shape::MySql,
        Prelude::Rdp => Shape::Rdp,
        Prelude::Tds => Shape::Tds,
        Prelude::Adb => Shape::Adb,
        Prelude::Proxy => Shape::ProxyProtocol,
        Prelude::Socks => Shape::Socks,
    }
}

/// A payload that begins with a letter or digit: a request, a command, or any text.
fn letters(payload: &[u8]) -> Shape {
    let Some(&[_, second, third, fourth]) = payload.first_chunk::<4>() else {
        // A fragment of a word; or MySQL's or LDAP's length.
        let text = payload
            .iter()
            .all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\r' | b'\n'));
        return if text || matches!(payload, [_, 0] | [_, 0, 0] | [b'0', ..] | [b'S', 0x16, ..]) {
            Shape::Short
        } else {
            Shape::Nothing
        };
    };
    if !second.is_ascii_graphic() || !third.is_ascii_graphic() && third != b' ' {
        if let [_, b' ', ..] = payload {
            return imap(payload);
        }
        return message(payload);
    }
    // The first word of a text, of which no control character is a part.
    let start = payload.get(..=http::MAX_METHOD).unwrap_or(payload);
    let end = start.iter().position(|b| *b <= b' ' || *b == 0x7f);
    if let Some(end) = end
        && matches!(payload.get(end), Some(b' ' | b'\t' | b'\r' | b'\n'))
    {
        if payload.starts_with(http2::PREFACE.get(..16).unwrap_or_default()) {
            return Shape::Http2;
        }
        if prelude::is_proxy1(payload) {
            return Shape::ProxyProtocol;
        }
        let line = payload.get(..payload.len().min(64)).unwrap_or_default();
        let line = http::line(line).map_or(line, |(line, _)| line);
        if prelude::is_greeting(line) {
            return Shape::Text;
        }
        if is_request(payload, end) {
            return Shape::Http;
        }
    }
    if payload.len() < SHORT && fourth.is_ascii_graphic() | matches!(fourth, b' ' | b'\r' | b'\n') {
        Shape::Short
    } else if matches!(payload, [b'S' | b'N' | b'0' | b'A' | b'C', ..]) {
        message(payload)
    } else {
        Shape::Nothing
    }
}

/// A one-letter tag and a command.
fn imap(payload: &[u8]) -> Shape {
    let line = payload.get(..payload.len().min(32)).unwrap_or_default();
    let line = http::line(line).map_or(line, |(line, _)| line);
    if prelude::is_greeting(line) {
        Shape::Text
    } else {
        short(payload)
    }
}

/// A method in capitals whose target begins like one: no list, since anyone may define a method. Those
/// that everybody knows are taken in small letters, too.
fn is_request(payload: &[u8], end: usize) -> bool {
    let Some((method, rest)) = payload.split_at_checked(end) else {
        return false;
    };
    let known: [&[u8]; 6] = [b"get", b"post", b"head", b"put", b"delete", b"options"];
    let upper = |b: &u8| b.is_ascii_uppercase() || matches!(b, b'-' | b'_');
    let Some(target) = rest.iter().find(|b| !http::is_gap(**b)) else {
        // It may come in the next segment.
        return method.len() >= 2 && method.iter().all(upper);
    };
    let like_one = matches!(target, b'/' | b'*' | b'h' | b'H');
    if method.len() < 2 || !method.iter().all(upper) {
        return like_one && known.iter().any(|known| known.eq_ignore_ascii_case(method));
    }
    like_one
        || method == b"CONNECT"
        // Targets that no client should send, but some do.
        || matches!(method, b"GET" | b"POST" | b"HEAD" | b"PUT") && target.is_ascii_graphic()
}

/// All of the blank lines are passed over, however many: so does the reader of streams, and so do servers.
fn behind_blank_lines(payload: &[u8]) -> Shape {
    match payload {
        [] => Shape::Short,
        [first, ..] if first.is_ascii_alphanumeric() => match letters(payload) {
            shape @ (Shape::Http | Shape::Short) => shape,
            _ if http::begins_request(payload) => Shape::Http,
            _ => Shape::Nothing,
        },
        _ if http::begins_request(payload) => Shape::Http,
        _ => Shape::Nothing,
    }
}

/// Payloads that begin with neither a letter nor a digit.
fn rest(payload: &[u8]) -> Shape {
    match payload {
        [b'\r' | b'\n', ..] => match prelude::message(payload) {
            Part::Pass(..) => Shape::ProxyProtocol,
            _ => behind_blank_lines(
                payload
                    .get(http::blank_lines(payload)..)
                    .unwrap_or_default(),
            ),
        },
        [b'<', ..] => match prelude::is_xmpp(payload) {
            Some(true) => Shape::Xmpp,
            None => Shape::Short,
            Some(false) => Shape::Nothing,
        },
        [b'"' | b'*' | b'+' | b'.' | b':', ..] => imap(payload),
        // A whole greeting of SOCKS 5, also where a request may begin in the same way.
        [5, count @ 1..=9, methods @ ..]
            if usize::from(*count) == methods.len() && methods.iter().all(|m| *m <= 9) =>
        {
            Shape::Socks
        }
        [4 | 5, ..] => match message(payload) {
            Shape::Nothing | Shape::Short => match socks::begin(payload, &mut |_, _| {}) {
                socks::Part::Request(_) => Shape::Socks,
                // A greeting stands alone in its segment.
                socks::Part::Opening(length) if length == payload.len() || length > 2 => {
                    Shape::Socks
                }
                socks::Part::Opening(_) | socks::Part::Other => Shape::Nothing,
                socks::Part::Need(_) => short(payload),
            },
            shape => shape,
        },
        [0, ..] => match http2::server_begins(payload) {
            Some(true) => Shape::Http2,
            // Eight bytes of a frame's header are more than other protocols need to be told.
            None => Shape::Short,
            Some(false) => message(payload),
        },
        _ => message(payload),
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
