//! Single URLs as lists write them, and as the program does.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::super::super::domain::{Refusal, rule_name};
use super::super::refuse::{Shown, refuse, without_defanging};
use super::normal::Normal;

/// The longest path with its query, in bytes.
pub(in crate::rules) const MAX_PATH: usize = 4_096;
/// The longest scheme. The longest registered one has some thirty characters.
const MAX_SCHEME: usize = 40;

/// A listed URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::rules) struct Url {
    scheme: Option<String>,
    host: String,
    address: Option<IpAddr>,
    port: Option<u16>,
    path: String,
}

impl Url {
    /// The scheme, in lower case, where one is given.
    #[cfg(test)]
    pub(in crate::rules) fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// The host: a name in lower case without a final dot, or an address without brackets.
    pub(in crate::rules) fn host(&self) -> &str {
        &self.host
    }

    /// The host where it is an address.
    pub(in crate::rules) const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port where one is given that is not its scheme's own.
    pub(in crate::rules) const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path with its query, percent-encoded in one form; `/` where none is given.
    pub(in crate::rules) fn path(&self) -> &str {
        &self.path
    }
}

/// `scheme://host:port/path?query`, or without what is not given.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        match self.address {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            _ => f.write_str(&self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

/// Reads `scheme://[user@]host[:port][/path][?query][#fragment]`, or the same without a scheme and a user
/// (RFC 3986, section 3). User and fragment are left out: no request shows them.
///
/// # Errors
/// When the host is none that could be listed, or the path is longer than [`MAX_PATH`].
pub(in crate::rules) fn parse_url(text: &str) -> Result<Url, Refusal> {
    let space = |c: char| c.is_whitespace() || c.is_control();
    if text.is_empty() {
        return Err(refuse("the URL is empty", "give a URL"));
    }
    if text.chars().any(space) {
        return Err(refuse(
            format!("{} holds white space", Shown(text)),
            "write a space in a URL as `%20`",
        ));
    }
    let (scheme, rest) = match text.split_once("://") {
        // Otherwise it is part of the path or the query.
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (Some(scheme), rest),
        _ => (None, text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let scheme = scheme.map(|scheme| read_scheme(text, scheme)).transpose()?;
    refuse_defanged(text, authority)?;
    let (host, port) = read_authority(text, authority, scheme.is_some())?;
    let path = path.split('#').next().unwrap_or_default();
    // The one form may be longer: three bytes for one.
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = slash.bytes().chain(Normal::new(path.as_bytes()));
    let path: String = path
        .take(MAX_PATH.saturating_add(1))
        .map(char::from)
        .collect();
    if path.len() > MAX_PATH {
        return Err(refuse(
            format!("{} has a path of more than {MAX_PATH} bytes", Shown(text)),
            "cut it behind a `/` or before a `&`: what follows there is matched, too",
        ));
    }
    let own = match scheme.as_deref() {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        Some("ftp") => Some(21),
        _ => None,
    };
    let (host, address) = host;
    Ok(Url {
        scheme,
        host,
        address,
        port: port.filter(|port| Some(*port) != own),
        path,
    })
}

/// In lower case (RFC 3986, section 3.1).
fn read_scheme(text: &str, scheme: &str) -> Result<String, Refusal> {
    let good = scheme.len() <= MAX_SCHEME
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let scheme = scheme.to_ascii_lowercase();
    let real = match scheme.as_str() {
        "hxxp" | "hxtp" | "htxp" | "meow" => "http",
        "hxxps" | "hxtps" | "htxps" => "https",
        "fxp" => "ftp",
        _ if good => return Ok(scheme),
        _ => {
            return Err(refuse(
                format!("{} has no scheme before `://`", Shown(text)),
                "begin with `http://` or `https://`, or with the host",
            ));
        }
    };
    Err(refuse(
        format!("{} is defanged", Shown(text)),
        format!("begin with `{real}://`, and write dots without brackets"),
    ))
}

fn refuse_defanged(text: &str, authority: &str) -> Result<(), Refusal> {
    // `[:]` would be found in no address, and `[.]` in no name.
    match without_defanging(authority) {
        None => Ok(()),
        Some(plain) => Err(refuse(
            format!("{} is defanged", Shown(text)),
            format!("write its host as {}", Shown(&plain)),
        )),
    }
}

type Host = (String, Option<IpAddr>);

/// The host and the port.
fn read_authority(
    text: &str,
    authority: &str,
    scheme: bool,
) -> Result<(Host, Option<u16>), Refusal> {
    let place = match authority.rsplit_once('@') {
        None => authority,
        Some((_, place)) if scheme => place,
        Some(_) => {
            return Err(refuse(
                format!("{} is a mail address, or lacks its scheme", Shown(text)),
                "begin with `http://` or `https://`",
            ));
        }
    };
    let (host, port) = match place.strip_prefix('[').and_then(|p| p.split_once(']')) {
        Some((address, rest)) => {
            let Ok(address) = address.parse::<Ipv6Addr>() else {
                return Err(refuse(
                    format!("{} has no IPv6 address in its brackets", Shown(text)),
                    "correct the address",
                ));
            };
            let address = address.to_canonical();
            if !(rest.is_empty() || rest.starts_with(':')) {
                return Err(refuse(
                    format!("{} goes on behind its bracket", Shown(text)),
                    "write `[ADDRESS]:PORT`",
                ));
            }
            ((address.to_string(), Some(address)), rest.strip_prefix(':'))
        }
        None => {
            let (host, port) = match place.split_once(':') {
                None => (place, None),
                Some((host, port)) => (host, Some(port)),
            };
            (read_host(text, host)?, port)
        }
    };
    // An empty port is none (RFC 3986, section 3.2.3).
    let port = port.filter(|port| !port.is_empty());
    let port = port.map(|digits| {
        let only = digits.bytes().all(|b| b.is_ascii_digit());
        let port = digits.parse().ok().filter(|port: &u16| only && *port > 0);
        port.ok_or_else(|| {
            refuse(
                format!("{} has {} for a port", Shown(text), Shown(digits)),
                "give a port from 1 to 65535; put an IPv6 address in brackets",
            )
        })
    });
    Ok((host, port.transpose()?))
}

/// A name or an IPv4 address.
fn read_host(text: &str, host: &str) -> Result<Host, Refusal> {
    if host.is_empty() || host == "." {
        return Err(refuse(
            format!("{} has no host", Shown(text)),
            "give a URL with a host, for instance `https://evil.example/path`",
        ));
    }
    let plain = host.strip_suffix('.').unwrap_or(host);
    if let Ok(address @ IpAddr::V4(_)) = plain.parse() {
        return Ok((address.to_string(), Some(address)));
    }
    let name = rule_name(host).map_err(|(what, fix)| {
        let what = Shown(&what).to_string();
        let what = what.trim_matches('`').to_owned();
        (format!("the host of {}: {what}", Shown(text)), fix)
    })?;
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refuse(
            format!(
                "{} has a host that is neither a name nor an address",
                Shown(text)
            ),
            "give an address as four numbers from 0 to 255",
        ));
    }
    Ok((name, None))
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
