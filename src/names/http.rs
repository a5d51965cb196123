//! HTTP/1 message heads (RFC 9112): the hosts that a request names, and where its body ends.
//!
//! A line walker rather than a parser of whole heads: one malformed field line must not hide the
//! Host field beside it. What may start a request is judged strictly ([`first_line`]), since the
//! bytes of a stranger's protocol must not name a host.

use memchr::memchr;

use super::Kind;

/// The longest head that is read, in bytes. Servers accept 8 to 64 KiB.
pub const MAX_HEAD: usize = 65_536;

/// The longest method that is believed. The longest registered one has 17 letters.
pub(super) const MAX_METHOD: usize = 32;

/// The longest line inside a chunked body: a chunk size with its extensions, or a trailer field.
const MAX_CHUNK_LINE: usize = 4_096;

/// How far the search for the end of a head has come, so that a head in one-byte segments is
/// searched once and not once for each segment. To be reset when bytes are taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scan {
    /// Start of the line that is not complete yet.
    line: usize,
    /// Up to here there is no line end.
    searched: usize,
}

impl Scan {
    /// The complete first line of `bytes` without its end, and its length with it.
    pub(super) fn first_line<'b>(&mut self, bytes: &'b [u8]) -> Option<(&'b [u8], usize)> {
        match memchr(b'\n', bytes.get(self.searched..).unwrap_or_default()) {
            None => {
                self.searched = bytes.len();
                None
            }
            Some(at) => {
                let end = self.searched.saturating_add(at);
                self.searched = end;
                Some((without_cr(bytes.get(..end)?), end.saturating_add(1)))
            }
        }
    }
}

/// What a first line begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLine {
    /// `METHOD target HTTP/1.1`.
    Request,
    /// A well-known method without a version behind its target: a request only if a field line
    /// follows.
    Loose,
    /// `HTTP/1.1 200 OK`.
    Response,
    /// Something else.
    Other,
}

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing, or so many bytes; then another message.
    Length(u64),
    /// So many bytes, unless the server does not want them (`Expect: 100-continue`, RFC 9110 section
    /// 10.1.1); then another message.
    Expected(u64),
    /// Chunks (RFC 9112 section 7.1); then another message.
    Chunked,
    /// Another protocol: CONNECT, Upgrade, or a response that agrees to one of them.
    Other,
    /// What is of no interest here.
    Unread,
}

/// A head that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// All of it: its length in bytes, and what follows.
    Whole(usize, Body),
    /// Its end is missing and will not come; the names of the complete lines were pushed.
    Cut,
    /// It is longer than [`MAX_HEAD`]; the names of the complete lines were pushed.
    TooLong,
    /// More is needed: so many bytes in all.
    Need(usize),
}

/// The line at the beginning of `bytes` without its end, and where the next one begins. A bare LF
/// ends a line as well (RFC 9112 section 2.2).
pub(super) fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr(b'\n', bytes)?;
    Some((without_cr(bytes.get(..end)?), end.saturating_add(1)))
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r', rest @ ..] | [rest @ .., b' ' | b'\t' | b'\r'] = bytes {
        bytes = rest;
    }
    bytes
}

/// What stands between the words of a request line: one space should, but others do no harm (RFC 9112
/// section 3).
pub(super) const fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// How many bytes the blank lines at the beginning of `bytes` have. Any number may stand before a request
/// (RFC 9112 section 2.2).
pub(super) fn blank_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count()
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

const KNOWN_METHODS: [&[u8]; 7] = [
    b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT",
];

/// Whether a request line's method is one that everybody knows.
pub(super) fn has_known_method(line: &[u8]) -> bool {
    request_line(line).is_some_and(|(method, ..)| KNOWN_METHODS.contains(&method))
}

/// The target of the request that `bytes` begin with.
pub(super) fn target(bytes: &[u8]) -> Option<&[u8]> {
    let (first, _) = line(bytes.get(blank_lines(bytes)..)?)?;
    match first_line(first) {
        FirstLine::Response => None,
        _ => request_line(first).map(|(_, target, _)| target),
    }
}

/// What the complete line `line` begins.
pub fn first_line(line: &[u8]) -> FirstLine {
    if is_version(line.get(..8).unwrap_or_default())
        && matches!(
            line.get(8..12),
            Some([b' ', b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'])
        )
    {
        return FirstLine::Response;
    }
    let Some((method, target, version)) = request_line(line) else {
        return FirstLine::Other;
    };
    if version {
        return FirstLine::Request;
    }
    if KNOWN_METHODS.contains(&method) && !target.is_empty() && !target.contains(&b' ') {
        FirstLine::Loose
    } else {
        FirstLine::Other
    }
}

/// Whether `bytes` begin with a whole request line. Text that is none is told by its first word, or by its line's
/// last one.
pub(super) fn begins_request(bytes: &[u8]) -> bool {
    // Random bytes are asked for often, and end here at one of the first.
    let start = bytes.get(..=MAX_METHOD).unwrap_or(bytes);
    let gap = start.iter().find(|b| !b.is_ascii_graphic());
    gap.is_some_and(|b| is_gap(*b))
        && line(bytes).is_some_and(|(line, _)| {
            let version = trim(line).last_chunk::<8>();
            version.is_some_and(|version| is_version(version))
                && first_line(line) == FirstLine::Request
        })
}

/// Whether `bytes`, which hold no line end yet, may grow into a request or status line.
pub fn may_begin(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|b| is_token(**b)).count();
    match bytes.get(method) {
        None => method <= MAX_METHOD,
        Some(b' ' | b'\t') => {
            (1..=MAX_METHOD).contains(&method)
                // Only the head of a long target is looked at: this is asked for each segment.
                && bytes.iter().take(256).all(|&b| is_text(b))
        }
        Some(b'/') => bytes
            .get(..5)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"HTTP/")),
        Some(_) => false,
    }
}

fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || matches!(byte, b'\t' | b'\r')
}

/// `HTTP/` and two digits.
pub(super) fn is_version(bytes: &[u8]) -> bool {
    match bytes.split_at_checked(5) {
        Some((name, [major, b'.', minor])) => {
            name.eq_ignore_ascii_case(b"HTTP/") && major.is_ascii_digit() && minor.is_ascii_digit()
        }
        _ => false,
    }
}

/// Method, target, and whether a version stands behind them. Spaces inside the target are let
/// pass: clients do not always encode them.
fn request_line(line: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let method_end = line.iter().position(|b| !is_token(*b))?;
    let (method, rest) = line.split_at_checked(method_end)?;
    if !(1..=MAX_METHOD).contains(&method_end)
        || !rest.first().is_some_and(|b| is_gap(*b))
        || !rest.iter().all(|&b| is_text(b))
    {
        return None;
    }
    if let Some((before, version)) = trim(rest).split_last_chunk::<8>()
        && is_version(version)
        && (before.is_empty() || matches!(before, [.., b' ' | b'\t']))
    {
        let target = trim(before);
        return (!target.is_empty()).then_some((method, target, true));
    }
    Some((method, trim(rest), false))
}

/// Whether `line` has the form of a field: a token and a colon.
pub fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| is_token(**b)).count();
    name > 0 && line.get(name) == Some(&b':')
}

/// Reads the head at the beginning of `bytes`, whose first line was found to begin one, and pushes
/// the hosts of a request.
pub fn read_head(
    bytes: &[u8],
    last: bool,
    scan: &mut Scan,
    visit: &mut impl FnMut(Kind, &[u8]),
) -> Head {
    if let Some(end) = head_end(bytes, scan) {
        let body = parse(bytes.get(..end).unwrap_or_default(), visit);
        return Head::Whole(end, body);
    }
    let too_long = bytes.len() >= MAX_HEAD;
    if !last && !too_long {
        return Head::Need(bytes.len().saturating_add(1));
    }
    parse(bytes.get(..scan.line).unwrap_or_default(), visit);
    if too_long { Head::TooLong } else { Head::Cut }
}

/// What stands behind requests that are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Nothing, or a part of the last one's body.
    Nothing,
    /// The beginning of a head.
    Head,
    /// What one of them asked for: another protocol.
    Tunnel,
    /// A request of which nobody says how long it is, or none.
    Unknown,
}

/// How far the requests at the beginning of `bytes` reach whose heads are whole and whose bodies' lengths are
/// announced: that may be farther than `bytes`. What stands there.
pub fn requests(bytes: &[u8]) -> (u64, Behind) {
    let mut at = 0u64;
    // A head has more than one byte, so this ends.
    loop {
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return (at, Behind::Nothing);
        };
        let blank = blank_lines(rest);
        let rest = rest.get(blank..).unwrap_or_default();
        match line(rest) {
            None if may_begin(rest) => return (at, Behind::Head),
            Some((line, _))
                if matches!(first_line(line), FirstLine::Request | FirstLine::Loose) => {}
            _ => return (at, Behind::Unknown),
        }
        let (head, body) = match read_head(rest, false, &mut Scan::default(), &mut |_, _| {}) {
            Head::Whole(head, Body::Length(body)) => (head, body),
            Head::Whole(_, Body::Other) => return (at, Behind::Tunnel),
            Head::Need(_) => return (at, Behind::Head),
            _ => return (at, Behind::Unknown),
        };
        let head = u64::try_from(blank.saturating_add(head)).unwrap_or(u64::MAX);
        at = at.saturating_add(head).saturating_add(body);
    }
}

/// The position after the blank line.
fn head_end(bytes: &[u8], scan: &mut Scan) -> Option<usize> {
    let bytes = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    loop {
        let from = scan.searched.max(scan.line);
        let Some(found) = memchr(b'\n', bytes.get(from..).unwrap_or_default()) else {
            scan.searched = bytes.len();
            return None;
        };
        let end = from.saturating_add(found);
        let blank = without_cr(bytes.get(scan.line..end).unwrap_or_default()).is_empty();
        scan.line = end.saturating_add(1);
        if blank {
            return Some(scan.line);
        }
    }
}

/// The fields of a head that matter here.
#[derive(Default)]
struct Fields<'h> {
    /// A Host field whose value may go on in the next line.
    host: Option<&'h [u8]>,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
    expect: bool,
}

/// Reads the complete lines of a head.
fn parse(head: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Body {
    let Some((first, mut next)) = line(head) else {
        return Body::Unread;
    };
    let request = match first_line(first) {
        FirstLine::Response => None,
        _ => request_line(first).map(|(method, target, _)| (method, target)),
    };
    let mut connect = false;
    if let Some((method, target)) = request {
        connect = method == b"CONNECT";
        let kind = match (connect, is_whole_uri(target)) {
            (true, _) => Some(Kind::HttpConnect),
            (false, true) => Some(Kind::HttpUriHost),
            (false, false) => None,
        };
        if let (Some(kind), Some(host)) = (kind, host_of(target)) {
            visit(kind, host);
        }
    }
    let mut fields = Fields::default();
    let mut named = |fields: &mut Fields<'_>| {
        let host = fields.host.take();
        if let (Some(_), Some(host)) = (request, host.and_then(host_of)) {
            visit(Kind::HttpHost, host);
        }
    };
    let mut any = false;
    while let Some((text, width)) = line(head.get(next..).unwrap_or_default()) {
        next = next.saturating_add(width);
        if any && let [b' ' | b'\t', ..] = text {
            // Obsolete folding (RFC 9112 section 5.2). What follows a space is no part of a host,
            // so it matters only where the value began with the fold.
            if let Some(host) = &mut fields.host
                && host.is_empty()
            {
                *host = trim(text);
            }
            continue;
        }
        named(&mut fields);
        any = true;
        let Some(colon) = memchr(b':', text) else {
            continue;
        };
        let name = trim(text.get(..colon).unwrap_or_default());
        let value = trim(text.get(colon.saturating_add(1)..).unwrap_or_default());
        if name.eq_ignore_ascii_case(b"host") {
            fields.host = Some(value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            fields.length = fields.length.or_else(|| decimal(value));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            fields.chunked |= value
                .windows(7)
                .any(|word| word.eq_ignore_ascii_case(b"chunked"));
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            fields.upgrade = true;
        } else if name.eq_ignore_ascii_case(b"expect") {
            fields.expect = true;
        }
    }
    named(&mut fields);
    match (request, fields.length) {
        (None, length) => response_body(first, length, &fields),
        (Some(_), _) if connect => Body::Other,
        (Some(_), _) if fields.chunked => Body::Chunked,
        (Some(_), Some(length)) if length > 0 && fields.expect => Body::Expected(length),
        (Some(_), Some(length)) if length > 0 => Body::Length(length),
        (Some(_), _) if fields.upgrade => Body::Other,
        (Some(_), _) => Body::Length(0),
    }
}

/// A response names no host. What it is read for is the tunnel behind it, whose TLS server shows
/// certificates: 2xx to CONNECT has no body, 101 switches, and a proxy that wants a password is
/// asked again on the same connection.
fn response_body(first: &[u8], length: Option<u64>, fields: &Fields<'_>) -> Body {
    match (first.get(9..12), length) {
        (Some(b"101"), _) => Body::Other,
        (Some([b'1', ..]), _) => Body::Length(0),
        (Some([b'2', ..]), None | Some(0)) if !fields.chunked => Body::Other,
        (Some(b"401" | b"407"), _) if fields.chunked => Body::Chunked,
        (Some(b"401" | b"407"), Some(length)) => Body::Length(length),
        _ => Body::Unread,
    }
}

fn decimal(value: &[u8]) -> Option<u64> {
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(value.get(..digits)?).ok()?.parse().ok()
}

/// A scheme and `://` (RFC 9112 section 3.2.2).
fn is_whole_uri(target: &[u8]) -> bool {
    let scheme = target
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
        .count();
    scheme > 0
        && target
            .get(scheme..)
            .is_some_and(|rest| rest.starts_with(b"://"))
}

/// The host of an authority, of a URI, or of what clients write in its place: without scheme, user,
/// port, brackets and path. `None` where nothing is left that could be a host.
pub fn host_of(value: &[u8]) -> Option<&[u8]> {
    let mut host = value;
    if is_whole_uri(host) {
        let colon = memchr(b':', host)?;
        host = host.get(colon.saturating_add(3)..)?;
    }
    let end = host
        .iter()
        .position(|&b| b <= b' ' || b == 0x7f || b"/?#\\,;\"<>".contains(&b));
    let (before, after) = host.split_at_checked(end.unwrap_or(host.len()))?;
    // What has spaces is no host, unless a name stands before them.
    if matches!(after, [b' ' | b'\t', ..]) && !before.contains(&b'.') {
        return None;
    }
    host = before;
    if let Some(at) = host.iter().rposition(|&b| b == b'@') {
        host = host.get(at.saturating_add(1)..)?;
    }
    if let Some(inner) = host.strip_prefix(b"[") {
        host = inner.get(..memchr(b']', inner).unwrap_or(inner.len()))?;
    } else if let Some(colon) = memchr(b':', host) {
        let rest = host.get(colon.saturating_add(1)..)?;
        let ipv6 = rest.contains(&b':')
            && host
                .iter()
                .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
        if !ipv6 {
            host = host.get(..colon)?;
        }
    }
    host.iter()
        .any(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
        .then_some(host)
}

/// A line inside a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// A chunk, or the line end behind one: so many bytes with its data.
    Data(u64),
    /// The last chunk's line: so many bytes. Trailer fields follow.
    Last(usize),
    /// More is needed: so many bytes in all.
    Need(usize),
    /// It is no chunk.
    Wrong,
}

/// Reads the chunk at the beginning of `bytes` (RFC 9112 section 7.1).
pub fn chunk(bytes: &[u8]) -> Chunk {
    let Some((line, width)) = line(bytes.get(..MAX_CHUNK_LINE).unwrap_or(bytes)) else {
        return if bytes.len() >= MAX_CHUNK_LINE {
            Chunk::Wrong
        } else {
            Chunk::Need(bytes.len().saturating_add(1))
        };
    };
    let line = trim(line);
    let width64 = u64::try_from(width).unwrap_or(u64::MAX);
    if line.is_empty() {
        return Chunk::Data(width64);
    }
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let size = line
        .get(..digits)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match (size, line.get(digits)) {
        (Some(0), None | Some(b';' | b' ' | b'\t')) => Chunk::Last(width),
        (Some(size), None | Some(b';' | b' ' | b'\t')) => Chunk::Data(width64.saturating_add(size)),
        _ => Chunk::Wrong,
    }
}

/// Reads the trailer section's line at the beginning of `bytes`: its length, and whether it is the
/// blank one that ends the message. `Err` is the number of bytes that are needed, or `None` for a
/// line that is no trailer field.
pub fn trailer(bytes: &[u8]) -> Result<(usize, bool), Option<usize>> {
    match line(bytes.get(..MAX_CHUNK_LINE).unwrap_or(bytes)) {
        Some((text, width)) if text.is_empty() || is_field(text) => Ok((width, text.is_empty())),
        Some(_) => Err(None),
        None if bytes.len() >= MAX_CHUNK_LINE => Err(None),
        None => Err(Some(bytes.len().saturating_add(1))),
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
