//! The head of an HTTP request: as much of RFC 9112 as a server of a few pages needs.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::http_response::Status;

/// Bytes of a request's head.
pub(super) const MAX_HEAD: usize = 8 * 1024;

/// What the bytes so far are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    /// The beginning of a head.
    Incomplete,
    /// Nothing that is answered otherwise than by an error.
    Refused(Status, &'static str),
    /// A request for a page.
    Request(Request<'a>),
}

/// A request for a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// HEAD: the answer has no body.
    pub(super) head_only: bool,
    /// Without the query.
    pub(super) path: &'a str,
    /// What the client calls us, with the port; empty where it says nothing.
    pub(super) host: &'a str,
}

struct Refusal(Status, &'static str);

/// Reads a head (RFC 9112, section 2.1). A line may end with LF alone (section 2.2).
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let mut rest = bytes.get(..MAX_HEAD).unwrap_or(bytes);
    // Empty lines before a request are passed over (section 2.2).
    while let Some(after) = rest
        .strip_prefix(b"\r\n")
        .or_else(|| rest.strip_prefix(b"\n"))
    {
        rest = after;
    }
    // What speaks TLS or another language is told at once, not when its time is over.
    if rest.first().is_some_and(|b| !is_token(*b) && *b != b'\r') {
        return Parsed::Refused(Status::BAD_REQUEST, "this is not HTTP\n");
    }
    match read(rest) {
        Some(Ok(request)) => Parsed::Request(request),
        Some(Err(Refusal(status, why))) => Parsed::Refused(status, why),
        None if bytes.len() <= MAX_HEAD => Parsed::Incomplete,
        None if rest.contains(&b'\n') => {
            Parsed::Refused(Status::FIELDS_TOO_LARGE, "the head is above 8 KiB\n")
        }
        None => Parsed::Refused(Status::URI_TOO_LONG, "the address is above 8 KiB\n"),
    }
}

/// None where the head does not end.
fn read(mut rest: &[u8]) -> Option<Result<Request<'_>, Refusal>> {
    let first = line(&mut rest)?;
    let mut host = Ok(None);
    loop {
        let field = line(&mut rest)?;
        if field.is_empty() {
            break;
        }
        // The first mistake is the answer, but the head is read to its end before.
        if let Ok(before) = host {
            host = read_field(field, before);
        }
    }
    Some(host.and_then(|host| read_first(first, host)))
}

fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after.get(1..)?;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// A field line (section 5). Gives the host so far.
fn read_field<'a>(line: &'a [u8], host: Option<&'a str>) -> Result<Option<&'a str>, Refusal> {
    let bad = |why| Err(Refusal(Status::BAD_REQUEST, why));
    let colon = line.iter().position(|b| *b == b':');
    let Some((name, value)) = colon.and_then(|at| line.split_at_checked(at)) else {
        return bad("a field has no colon\n");
    };
    // Also a space before the colon and a folded line end here (sections 5.1 and 5.2).
    if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
        return bad("the name of a field is malformed\n");
    }
    let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
    if value.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return bad("the value of a field is malformed\n");
    }
    if !name.eq_ignore_ascii_case(b"host") {
        return Ok(host);
    }
    match str::from_utf8(value) {
        _ if host.is_some() => bad("there is more than one Host\n"),
        Ok(value) if value.bytes().all(is_authority) => Ok(Some(value)),
        _ => bad("the Host is malformed\n"),
    }
}

/// The request line (section 3).
fn read_first<'a>(line: &'a [u8], host: Option<&'a str>) -> Result<Request<'a>, Refusal> {
    let malformed = Refusal(Status::BAD_REQUEST, "the request line is malformed\n");
    let mut parts = str::from_utf8(line).unwrap_or("").split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed);
    };
    let Some(version) = version.strip_prefix("HTTP/").map(str::as_bytes) else {
        return Err(malformed);
    };
    match version {
        b"1.0" => {}
        [b'1', b'.', minor] if minor.is_ascii_digit() => {
            // Section 3.2: a client of HTTP/1.1 must say it.
            if host.is_none() {
                return Err(Refusal(Status::BAD_REQUEST, "there is no Host\n"));
            }
        }
        [major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            return Err(Refusal(Status::VERSION, "only HTTP/1 is spoken here\n"));
        }
        _ => return Err(malformed),
    }
    if method.is_empty()
        || !method.bytes().all(is_token)
        || !target.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(malformed);
    }
    let head_only = match method {
        "GET" => false,
        "HEAD" => true,
        _ => return Err(Refusal(Status::METHOD, "only GET and HEAD\n")),
    };
    let (host, path) = match split_absolute(target) {
        Some((host, path)) => (host, path),
        None if target.starts_with('/') => (host.unwrap_or(""), target),
        None => return Err(malformed),
    };
    let path = path.split_once(['?', '#']).map_or(path, |(path, _)| path);
    Ok(Request {
        head_only,
        path: if path.is_empty() { "/" } else { path },
        host,
    })
}

/// `http://host/path`, as for a proxy: its host counts, not that of the field (section 3.2.2).
fn split_absolute(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// Whether no stranger can own this name: an address, this machine, or a name without a dot.
///
/// A page on the web can point a name of its own at 127.0.0.1 and then read what is served there to it (DNS
/// rebinding). Names of the public DNS that somebody can register have a dot.
pub(super) fn is_nobodys(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest
            .split_once(']')
            .is_some_and(|(ip, _)| ip.parse::<Ipv6Addr>().is_ok());
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name.parse::<Ipv4Addr>().is_ok() || !name.contains('.') || name.ends_with(".localhost")
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 3986, section 3.2, without user names.
fn is_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> Option<Status> {
        match parse(head.as_bytes()) {
            Parsed::Refused(status, _) => Some(status),
            _ => None,
        }
    }

    fn request(head: &str) -> Request<'_> {
        match parse(head.as_bytes()) {
            Parsed::Request(request) => request,
            other => panic!("{head:?}: {other:?}"),
        }
    }

    #[test]
    fn usual_requests_are_read() {
        let r = request("GET /metrics?x=1 HTTP/1.1\r\nhost:\ta:9 \r\nX: \r\n\r\nbehind");
        assert_eq!((r.head_only, r.path, r.host), (false, "/metrics", "a:9"));
        let r = request("\r\n\r\nHEAD / HTTP/1.0\n\n");
        assert_eq!((r.head_only, r.path, r.host), (true, "/", ""));
        let r = request("GET HTTP://evil.example:1?q HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!((r.path, r.host), ("/", "evil.example:1"));
    }

    #[test]
    fn every_beginning_is_incomplete() {
        let head = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(parse(&head.as_bytes()[..end]), Parsed::Incomplete, "{end}");
        }
        request(head);
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for head in [
            "\u{16}\u{3}\u{1}",
            "GET /\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            "GET / http/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
            "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET metrics HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        ] {
            assert_eq!(status(head), Some(Status::BAD_REQUEST), "{head:?}");
        }
        let head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(status(head), Some(Status::METHOD));
        assert_eq!(status("PRI * HTTP/2.0\r\n\r\n"), Some(Status::VERSION));
    }

    #[test]
    fn a_head_may_have_8_kib_and_no_more() {
        let head = |fill: usize| {
            let fill = "x".repeat(fill);
            format!("GET / HTTP/1.1\r\nHost: a\r\nX: {fill}\r\n\r\n")
        };
        let fill = MAX_HEAD - head(0).len();
        request(&head(fill));
        assert_eq!(status(&head(fill + 1)), Some(Status::FIELDS_TOO_LARGE));
        let long = "/".repeat(MAX_HEAD);
        assert_eq!(
            parse(&long.as_bytes()[..1]),
            Parsed::Refused(Status::BAD_REQUEST, "this is not HTTP\n")
        );
        assert_eq!(status(&format!("GET {long}")), Some(Status::URI_TOO_LONG));
    }

    #[test]
    fn names_that_strangers_may_own_are_told() {
        for host in [
            "",
            ":80",
            "127.0.0.1",
            "192.0.2.1:9",
            "[::1]",
            "[::1]:9",
            "localhost",
            "LocalHost.:9",
            "a.localhost",
            "sensor:9",
        ] {
            assert!(is_nobodys(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:9",
            "[evil.example]",
            "localhost.evil.example",
            "[::1",
            "1.2.3.4.5",
        ] {
            assert!(!is_nobodys(host), "{host}");
        }
    }
}
