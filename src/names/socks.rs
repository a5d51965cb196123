//! SOCKS 4, 4a (the OpenSSH "SOCKS4A" note) and 5 (RFC 1928, RFC 1929), both directions.
//!
//! A request with a host name names it; one with an address names nothing. Either way what is
//! inside the tunnel begins behind it.

use super::Kind;

/// The longest user name of a SOCKS 4 request that is read. The protocol sets no bound.
const MAX_USER: usize = 255;

/// Longest host name of a SOCKS 4a request, as long as SOCKS 5 can express.
const MAX_HOST: usize = 255;

/// What stands at the beginning of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A greeting, a choice of method or a log-in of so many bytes: more of SOCKS follows.
    Opening(usize),
    /// A request or reply of so many bytes: the tunnel follows.
    Request(usize),
    /// More is needed: so many bytes in all.
    Need(usize),
    /// It is not SOCKS.
    Other,
}

/// Reads what may begin a connection; `visit` is given the host name of a request.
pub fn begin(bytes: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Part {
    match bytes {
        [4, ..] => request4(bytes, visit),
        [5, ..] => begin5(bytes, visit),
        _ => Part::Other,
    }
}

/// Reads what follows a SOCKS 5 greeting or choice of method.
pub fn go_on(bytes: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Part {
    match *bytes {
        [] => Part::Need(1),
        // The server's answer to a log-in, followed by its reply. A log-in with a user name of one
        // byte or none looks the same up to its third byte.
        [1, 0] | [1] => Part::Need(3),
        [1, 0, 5, ..] => Part::Opening(2),
        [1, user, ..] => {
            let at = usize::from(user).saturating_add(2);
            match bytes.get(at) {
                None => Part::Need(at.saturating_add(1)),
                Some(&password) => {
                    let length = at.saturating_add(1).saturating_add(usize::from(password));
                    if bytes.len() < length {
                        Part::Need(length)
                    } else {
                        Part::Opening(length)
                    }
                }
            }
        }
        [5, ..] => request5(bytes, visit),
        _ => Part::Other,
    }
}

/// A SOCKS 5 greeting, the server's choice of method, or a request whose greeting was not seen.
fn begin5(bytes: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Part {
    let Some(&[_, count]) = bytes.first_chunk::<2>() else {
        return Part::Need(2);
    };
    match count {
        // A greeting offers at least one method: this is a server that chose "no authentication".
        0 => return Part::Opening(2),
        1..=3 | 0xf0 | 0xf1 => match bytes {
            [_, _] | [_, _, 0] => return Part::Need(4),
            // Behind a greeting with one method stands a 5 or, never here, a log-in.
            [_, 1 | 0xf0 | 0xf1, 0, 1 | 3 | 4, ..] => return request5(bytes, visit),
            // BIND or UDP ASSOCIATE of a host name rather than an offer of method 3.
            [_, 2 | 3, 0, 3, next, ..] if !matches!(next, 1 | 2 | 5) => {
                return request5(bytes, visit);
            }
            [_, 2 | 3, 0, 3] => return Part::Need(5),
            _ => {}
        },
        4..=32 => {}
        _ => return Part::Other,
    }
    let length = usize::from(count).saturating_add(2);
    // Assigned methods are 0 to 9; 0x80 to 0xfe are private (RFC 1928 section 3).
    let methods = bytes.get(2..length.min(bytes.len())).unwrap_or_default();
    let plausible = methods.iter().all(|m| matches!(m, 0..=9 | 0x80..=0xfe));
    if !plausible {
        Part::Other
    } else if bytes.len() < length {
        Part::Need(length)
    } else {
        Part::Opening(length)
    }
}

/// A SOCKS 5 request or reply (RFC 1928 sections 4 and 6).
fn request5(bytes: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Part {
    let Some(&[_, command, reserved, kind, first]) = bytes.first_chunk::<5>() else {
        return Part::Need(5);
    };
    // CONNECT, BIND, UDP ASSOCIATE, Tor's RESOLVE and RESOLVE_PTR; replies have codes 0 to 8.
    if reserved != 0 || !matches!(command, 0..=8 | 0xf0 | 0xf1) {
        return Part::Other;
    }
    let length = match kind {
        1 => 10,
        // No one asks for a host without a name.
        3 if first == 0 && matches!(command, 1..=3 | 0xf0) => return Part::Other,
        3 => usize::from(first).saturating_add(7),
        4 => 22,
        _ => return Part::Other,
    };
    let Some(request) = bytes.get(..length) else {
        return Part::Need(length);
    };
    if kind == 3
        && matches!(command, 1..=3 | 0xf0)
        && let Some(host) = request.get(5..length.saturating_sub(2))
        && is_host(host)
    {
        visit(Kind::SocksHost, host);
    }
    Part::Request(length)
}

fn request4(bytes: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Part {
    if bytes.len() < 9 {
        return match bytes {
            [_, 1 | 2, ..] | [_] => Part::Need(9),
            _ => Part::Other,
        };
    }
    let Some((&[_, command, p0, p1, a, b, c, d], rest)) = bytes.split_first_chunk::<8>() else {
        return Part::Need(9);
    };
    if !matches!(command, 1 | 2) || (p0, p1) == (0, 0) {
        return Part::Other;
    }
    let Some(user) = terminated(rest, MAX_USER) else {
        return need_or_other(bytes, rest, MAX_USER);
    };
    let end = user.saturating_add(9);
    let by_name = matches!([a, b, c, d], [0, 0, 0, 1..=255]);
    if !by_name {
        // An address of network 0 belongs to no host.
        return if a == 0 {
            Part::Other
        } else {
            Part::Request(end)
        };
    }
    let rest = bytes.get(end..).unwrap_or_default();
    let Some(length) = terminated(rest, MAX_HOST) else {
        return need_or_other(bytes, rest, MAX_HOST);
    };
    match rest.get(..length) {
        Some(host) if is_host(host) => visit(Kind::SocksHost, host),
        _ => return Part::Other,
    }
    Part::Request(end.saturating_add(length).saturating_add(1))
}

/// The length of the text before a NUL, of printable bytes only.
fn terminated(bytes: &[u8], longest: usize) -> Option<usize> {
    let length = bytes
        .iter()
        .take(longest.saturating_add(1))
        .position(|b| *b == 0)?;
    bytes
        .get(..length)?
        .iter()
        .all(|b| *b > b' ')
        .then_some(length)
}

fn need_or_other(bytes: &[u8], text: &[u8], longest: usize) -> Part {
    if text.len() <= longest && text.iter().all(|b| *b > b' ') {
        Part::Need(bytes.len().saturating_add(1))
    } else {
        Part::Other
    }
}

/// Labels with a dot between them, or an address. Underscores are let pass, and letters of any language, as some
/// clients send them; other bytes show that this is something else.
fn is_host(host: &[u8]) -> bool {
    if host.contains(&b':') {
        return host
            .iter()
            .all(|b| b.is_ascii_hexdigit() || b"[]:.%".contains(b));
    }
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(label)
        && host.bytes().any(|b| b.is_ascii_alphanumeric() || b >= 0x80)
}

#[cfg(test)]
#[path = "socks_tests.rs"]
mod tests;
