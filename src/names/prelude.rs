//! What may stand before a TLS hello in a connection: the cleartext beginnings of protocols that
//! switch to TLS (RFC 3207, 2595, 4217, 4642, 5804, 6120, 4511; PostgreSQL, MySQL, RDP, TDS, Android's
//! debug bridge), and the PROXY protocol.
//!
//! None of it is read for names: a mail server's greeting names no contact. It is passed over, line
//! by line or message by message, up to where a hello may stand. Both directions are known.

use memchr::memchr;

use super::http::line;

/// The longest line that is passed over, in bytes.
pub const MAX_LINE: usize = 4_096;

/// The protocol of a prelude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Prelude {
    /// Lines of text: SMTP, LMTP, IMAP, POP3, FTP, NNTP, ManageSieve, IRC.
    Lines,
    /// XMPP.
    Xmpp,
    /// LDAP.
    Ldap,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// RDP's X.224 connection request and confirmation.
    Rdp,
    /// TDS (Microsoft SQL Server).
    Tds,
    /// The Android Debug Bridge over TCP.
    Adb,
    /// PROXY protocol, version 1 or 2.
    Proxy,
    /// SOCKS 4, 4a or 5.
    Socks,
}

impl Prelude {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 10] = [
        Self::Lines,
        Self::Xmpp,
        Self::Ldap,
        Self::Postgres,
        Self::MySql,
        Self::Rdp,
        Self::Tds,
        Self::Adb,
        Self::Proxy,
        Self::Socks,
    ];

    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "text lines",
            Self::Xmpp => "XMPP",
            Self::Ldap => "LDAP",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::Rdp => "RDP",
            Self::Tds => "TDS",
            Self::Adb => "ADB",
            Self::Proxy => "PROXY",
            Self::Socks => "SOCKS",
        }
    }
}

/// What stands at the beginning of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A message of so many bytes, which may be more than there are.
    Pass(Prelude, usize),
    /// It may be one; so many bytes are needed to tell.
    Need(usize),
    /// It is none.
    Other,
}

/// The signature of a PROXY protocol header, version 2.
const PROXY2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Recognises the binary messages.
pub fn message(bytes: &[u8]) -> Part {
    let Some(&first) = bytes.first() else {
        return Part::Need(1);
    };
    match first {
        b'\r' => proxy2(bytes),
        0x00 => postgres_client(bytes),
        b'C' | b'S' | b'A' if begins_adb(bytes) => adb(bytes),
        b'S' | b'N' => match postgres_server(bytes) {
            Part::Other => mysql_server(bytes),
            part => part,
        },
        0x03 => rdp(bytes),
        0x12 => tds(bytes),
        0x04 => tds_response(bytes),
        0x30 => match ldap(bytes) {
            Part::Other => mysql_server(bytes),
            part => part,
        },
        0x20 | 0x05 => match mysql_client(bytes) {
            Part::Other => mysql_server(bytes),
            part => part,
        },
        _ => mysql_server(bytes),
    }
}

/// Whether `bytes` agree with `wanted` as far as they go; `None` where more are needed.
fn begins(bytes: &[u8], wanted: &[u8]) -> Option<bool> {
    let length = bytes.len().min(wanted.len());
    match bytes.get(..length) == wanted.get(..length) {
        true if length < wanted.len() => None,
        same => Some(same),
    }
}

fn proxy2(bytes: &[u8]) -> Part {
    match begins(bytes, PROXY2) {
        Some(false) => Part::Other,
        None => Part::Need(16),
        Some(true) => match bytes.get(12..16) {
            None => Part::Need(16),
            Some(&[0x20 | 0x21, _, l0, l1]) => {
                let length = usize::from(u16::from_be_bytes([l0, l1]));
                Part::Pass(Prelude::Proxy, length.saturating_add(16))
            }
            Some(_) => Part::Other,
        },
    }
}

/// SSLRequest or GSSENCRequest.
fn postgres_client(bytes: &[u8]) -> Part {
    match begins(bytes, &[0, 0, 0, 8, 0x04, 0xd2, 0x16]) {
        Some(false) => Part::Other,
        None => Part::Need(8),
        Some(true) => match bytes.get(7) {
            None => Part::Need(8),
            Some(0x2f | 0x30) => Part::Pass(Prelude::Postgres, 8),
            Some(_) => Part::Other,
        },
    }
}

/// The server's answer is one letter; only a hello behind it shows what it is.
fn postgres_server(bytes: &[u8]) -> Part {
    match bytes {
        [b'S', 0x16, 3, ..] => Part::Pass(Prelude::Postgres, 1),
        [b'N', b'S', 0x16, 3, ..] => Part::Pass(Prelude::Postgres, 2),
        [b'S'] | [b'S', 0x16] => Part::Need(3),
        [b'N'] | [b'N', b'S'] | [b'N', b'S', 0x16] => Part::Need(bytes.len().saturating_add(1)),
        _ => Part::Other,
    }
}

fn begins_adb(bytes: &[u8]) -> bool {
    // The version that stands behind the command ends in a zero; no text does.
    let below = |at, limit| bytes.get(at).is_none_or(|b: &u8| *b < limit);
    bytes.len() >= 5
        && [b"CNXN", b"STLS", b"AUTH"]
            .iter()
            .any(|word| bytes.starts_with(*word))
        && below(4, 4)
        && below(6, 2)
        && below(7, 2)
}

/// A message header of the debug bridge: command, two arguments, length, checksum, and the command
/// again with all bits turned, all little-endian.
fn adb(bytes: &[u8]) -> Part {
    let Some(header) = bytes.first_chunk::<24>() else {
        return Part::Need(24);
    };
    let word = |at: usize| {
        header
            .get(at..)
            .and_then(|h| h.first_chunk())
            .map_or(0, |w| u32::from_le_bytes(*w))
    };
    if word(0) == !word(20) {
        let length = usize::try_from(word(12)).unwrap_or(usize::MAX);
        Part::Pass(Prelude::Adb, length.saturating_add(24))
    } else {
        Part::Other
    }
}

/// TPKT with an X.224 connection request or confirmation (MS-RDPBCGR section 2.2.1).
fn rdp(bytes: &[u8]) -> Part {
    if bytes.len() < 6 {
        return match bytes {
            [3] | [3, 0, ..] => Part::Need(6),
            _ => Part::Other,
        };
    }
    match *bytes {
        [3, 0, l0, l1, indicator, 0xe0 | 0xd0, ..] => {
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let fits = usize::from(indicator).saturating_add(5) == length;
            if fits && (11..=260).contains(&length) {
                Part::Pass(Prelude::Rdp, length)
            } else {
                Part::Other
            }
        }
        _ => Part::Other,
    }
}

/// PRELOGIN, and the packets of the same type that TLS records are put into (MS-TDS sections 2.2.6.5
/// and 3.2.5.2): of these only the header is passed over.
fn tds(bytes: &[u8]) -> Part {
    if bytes.len() < 9 {
        return match bytes {
            [_] | [_, 0 | 1, ..] => Part::Need(9),
            _ => Part::Other,
        };
    }
    match *bytes {
        [_, 0 | 1, _, _, 0, 0, _, 0, 0x16, ..] => Part::Pass(Prelude::Tds, 8),
        [_, 1, l0, l1, 0, 0, _, 0, 0, ..] => {
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            if length > 8 {
                Part::Pass(Prelude::Tds, length)
            } else {
                Part::Other
            }
        }
        _ => Part::Other,
    }
}

/// The server's answer to PRELOGIN: its first option is the version, six bytes long.
fn tds_response(bytes: &[u8]) -> Part {
    match *bytes {
        [4, 1, 0, length @ 15..=255, _, _, 1, 0, 0, 0, _, 0, 6, ..] => {
            Part::Pass(Prelude::Tds, usize::from(length))
        }
        // Also the beginning of a SOCKS 4 request: hence as far as it is the rarer of the two.
        [4, 1, 0, 15..=255, _, _, 1, 0, ..] if bytes.len() < 13 => Part::Need(13),
        _ => Part::Other,
    }
}

/// The client's answer to the server's greeting, where it asks for TLS: capabilities, packet size,
/// character set and filler, or of old servers the first two alone.
fn mysql_client(bytes: &[u8]) -> Part {
    let long = match bytes {
        [0x20, ..] => true,
        [0x05, ..] => false,
        _ => return Part::Other,
    };
    if bytes.len() < 6 {
        return match begins(bytes, &[if long { 0x20 } else { 5 }, 0, 0, 1]) {
            Some(false) => Part::Other,
            _ => Part::Need(6),
        };
    }
    match *bytes {
        // CLIENT_SSL is 0x0800 of the capabilities, which are little-endian.
        [length, 0, 0, 1, _, capabilities, ..] if capabilities & 0x08 != 0 => {
            Part::Pass(Prelude::MySql, usize::from(length).saturating_add(4))
        }
        _ => Part::Other,
    }
}

/// The server's greeting: packet 0, protocol 10, and its version as text.
fn mysql_server(bytes: &[u8]) -> Part {
    if bytes.len() < 6 {
        return match bytes {
            [40..=255] => Part::Need(2),
            [40..=255, 0] | [40..=255, 0, 0] | [40..=255, 0, 0, 0] => Part::Need(6),
            [40..=255, 0, 0, 0, 10] => Part::Need(6),
            _ => Part::Other,
        };
    }
    match *bytes {
        [length @ 40..=255, 0, 0, 0, 10, b'0'..=b'9', ..] => {
            Part::Pass(Prelude::MySql, usize::from(length).saturating_add(4))
        }
        _ => Part::Other,
    }
}

/// An LDAPMessage: a sequence of a message number and an operation (RFC 4511 section 4.1.1).
fn ldap(bytes: &[u8]) -> Part {
    let Some(&[_, form]) = bytes.first_chunk::<2>() else {
        return Part::Need(2);
    };
    let (header, length) = match form {
        0..=0x7f => (2usize, usize::from(form)),
        0x81..=0x84 => {
            let width = usize::from(form & 0x7f);
            let Some(digits) = bytes.get(2..width.saturating_add(2)) else {
                return Part::Need(width.saturating_add(2));
            };
            let length = digits.iter().fold(0usize, |sum, d| {
                sum.saturating_mul(256).saturating_add(usize::from(*d))
            });
            (width.saturating_add(2), length)
        }
        _ => return Part::Other,
    };
    // The message number, and its length in bytes; then the operation.
    let rest = bytes.get(header..).unwrap_or_default();
    let operation = match rest {
        [] => None,
        [2] => None,
        [2, width @ 1..=4, ..] => rest.get(usize::from(*width).saturating_add(2)),
        _ => return Part::Other,
    };
    match operation {
        None => Part::Need(header.saturating_add(7).max(bytes.len().saturating_add(1))),
        Some(0x42 | 0x4a | 0x50 | 0x60..=0x6e | 0x73 | 0x77..=0x79) if length >= 5 => {
            Part::Pass(Prelude::Ldap, header.saturating_add(length))
        }
        Some(_) => Part::Other,
    }
}

/// Whether the complete line `line` is a PROXY header, version 1.
pub fn is_proxy1(line: &[u8]) -> bool {
    line.starts_with(b"PROXY TCP") || line.starts_with(b"PROXY UNKNOWN")
}

/// Whether the complete line `line` begins a dialogue in lines that may turn to TLS.
pub fn is_greeting(line: &[u8]) -> bool {
    let (word, rest) = match line.iter().position(|b| *b == b' ') {
        Some(at) => line.split_at(at),
        None => (line, &[][..]),
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    match word {
        // Servers.
        [b'2', b'0' | b'2' | b'3', b'0' | b'1' | b'4'] => true,
        [b'2', b'2', b'0', b'-', ..] => true,
        b"+OK" | b"OK" | b"NOTICE" => true,
        b"*" => {
            let rest: &[u8] = rest.strip_prefix(b"OK").unwrap_or(rest);
            rest.first().is_none_or(|b| *b == b' ') || rest.starts_with(b"PREAUTH")
        }
        [b'"', ..] => word.starts_with(b"\"IMPLEMENTATION\""),
        [b':', ..] => rest.starts_with(b"NOTICE ") || rest.starts_with(b"CAP "),
        // Clients: a command, or an IMAP command behind its tag.
        _ => is_command(word) || is_tag(word) && is_imap_command(first_word(rest)),
    }
}

fn first_word(line: &[u8]) -> &[u8] {
    line.split(|b| *b == b' ').next().unwrap_or_default()
}

fn is_one_of(word: &[u8], known: &[&[u8]]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Commands that clients of SMTP, LMTP, POP3, FTP, NNTP, ManageSieve and IRC begin with.
fn is_command(word: &[u8]) -> bool {
    is_one_of(
        word,
        &[
            b"EHLO",
            b"HELO",
            b"LHLO",
            b"STARTTLS",
            b"STLS",
            b"CAPA",
            b"CAPABILITIES",
            b"CAPABILITY",
            b"AUTH",
            b"USER",
            b"FEAT",
            b"HOST",
            b"SYST",
            b"CLNT",
            b"MODE",
            b"NOOP",
            b"CAP",
            b"NICK",
            b"PASS",
        ],
    )
}

fn is_tag(word: &[u8]) -> bool {
    (1..=16).contains(&word.len())
        && word
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'$'))
}

fn is_imap_command(word: &[u8]) -> bool {
    is_one_of(
        word,
        &[
            b"CAPABILITY",
            b"STARTTLS",
            b"LOGIN",
            b"NOOP",
            b"ID",
            b"AUTHENTICATE",
            b"LOGOUT",
        ],
    )
}

/// How far complete pieces of text go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// So many pieces, and their length in bytes.
    Pass(usize, usize),
    /// More is needed: so many bytes in all.
    Need(usize),
    /// It is not text, or a line is too long.
    Other,
}

/// Passes over complete lines, up to a byte that may begin a TLS record.
pub fn lines(bytes: &[u8], most: usize) -> Text {
    let mut length = 0usize;
    let mut count = 0usize;
    while count < most {
        let rest = bytes.get(length..).unwrap_or_default();
        if rest.first().is_none_or(|b| begins_record(*b)) {
            break;
        }
        let Some((text, width)) = line(rest.get(..MAX_LINE).unwrap_or(rest)) else {
            if count == 0 {
                return need(rest, MAX_LINE);
            }
            break;
        };
        if !text.iter().all(|b| is_text(*b)) {
            return if count == 0 {
                Text::Other
            } else {
                Text::Pass(count, length)
            };
        }
        length = length.saturating_add(width);
        count = count.saturating_add(1);
    }
    Text::Pass(count, length)
}

/// Whether `bytes` begin an XMPP stream; `None` where they are too short to tell.
pub fn is_xmpp(bytes: &[u8]) -> Option<bool> {
    match (begins(bytes, b"<?xml"), begins(bytes, b"<stream:stream")) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

/// Passes over XML up to the last tag's end before a byte that may begin a TLS record.
pub fn xml(bytes: &[u8]) -> Text {
    let text = memchr(0x16, bytes)
        .and_then(|end| bytes.get(..end))
        .unwrap_or(bytes);
    if !text.iter().all(|b| is_text(*b) || *b == b'\n') {
        return Text::Other;
    }
    let blank = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
    match text.iter().rposition(|b| *b == b'>') {
        Some(at) => Text::Pass(1, at.saturating_add(1)),
        None if blank == text.len() && blank > 0 => Text::Pass(0, blank),
        None if text.len() < bytes.len() => Text::Other,
        None => need(text, MAX_LINE),
    }
}

/// What is not whole yet.
fn need(rest: &[u8], longest: usize) -> Text {
    if rest.len() < longest && rest.iter().all(|b| is_text(*b) || *b == b'\n') {
        Text::Need(rest.len().saturating_add(1))
    } else {
        Text::Other
    }
}

/// Whether `bytes` are text as far as they go, of a kind that [`is_greeting`] may accept.
pub fn may_be_text(bytes: &[u8]) -> bool {
    bytes
        .first()
        .is_some_and(|b| b.is_ascii_alphanumeric() || b"*+\":.".contains(b))
        && bytes.iter().all(|b| is_text(*b))
}

/// A handshake or alert record, or the two-byte header of an SSLv2 hello; no text begins so.
pub(super) fn begins_record(byte: u8) -> bool {
    matches!(byte, 0x14..=0x16 | 0x80)
}

fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || matches!(byte, b'\t' | b'\r')
}

#[cfg(test)]
#[path = "prelude_tests.rs"]
mod tests;
