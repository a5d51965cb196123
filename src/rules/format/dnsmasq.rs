//! Configuration of dnsmasq: `address=/evil.example/0.0.0.0`.
//!
//! A name there covers itself and all names below it, by whole labels, as [`Kind::Domain`] does. A `*` may stand at its
//! beginning: `*.evil.example` leaves out the name itself, `*evil.example` covers `notevil.example` as well.

use std::net::IpAddr;

use crate::rules::format::blocking;
use crate::rules::format::lines::{self, Line, Lines};
use crate::rules::format::listing::{Facts, Kind, Listing, Refused};

/// The options that carry names or addresses.
const LISTS: &[&str] = &[
    "address",
    "server",
    "local",
    "host-record",
    "cname",
    "bogus-nxdomain",
    "ignore-address",
    "ipset",
    "nftset",
];

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut sure, mut like, mut other) = (0_usize, 0_usize, 0_usize);
    for (_, line) in Lines::new(head) {
        let Line::Text(line) = line else {
            other = other.saturating_add(1);
            continue;
        };
        let line = uncommented(line);
        if line.is_empty() {
            continue;
        }
        let count = match line.split_once('=') {
            Some((key, _)) if LISTS.contains(&key.trim_end()) => &mut sure,
            _ if is_option(line) => &mut like,
            _ => &mut other,
        };
        *count = count.saturating_add(1);
    }
    // Lines of one word may be anything, so they prove nothing.
    sure > other && sure.saturating_add(like) > other.saturating_mul(3)
}

/// # Errors
/// None: what is wrong concerns single lines.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    for (number, line) in Lines::new(text) {
        let Some(line) = lines::text(number, line, to) else {
            continue;
        };
        if let Some(comment) = line.strip_prefix('#') {
            blocking::remark(number, comment, to);
            continue;
        }
        let line = uncommented(line);
        if !line.is_empty() {
            option(number, line, to);
        }
    }
    Ok(())
}

/// A line without its comment. `#` begins one at the beginning and behind white space only: `/evil.example/#` has none.
fn uncommented(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..at).unwrap_or(line).trim_end();
        }
        before = c;
    }
    line
}

/// Whether a line is `word` or `word=value`, as options are.
fn is_option(line: &str) -> bool {
    let key = line.split_once('=').map_or(line, |(key, _)| key).trim_end();
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn option(number: usize, line: &str, to: &mut dyn Listing) {
    let Some((key, value)) = line.split_once('=').filter(|_| is_option(line)) else {
        if is_option(line) {
            to.aside(number, "options", line);
        } else {
            to.defect(
                number,
                format!("`{}` is no option of dnsmasq", blocking::short(line)),
                "write `address=/NAME/`, or one name a line in a file of names alone",
            );
        }
        return;
    };
    let value = value.trim_matches([' ', '\t', '"']);
    match key.trim_end() {
        "address" => address(number, value, to),
        "server" | "local" => server(number, value, to),
        "host-record" => host_record(number, value, to),
        // Aliases serve safe search and names of the own network; a target says nothing about the name.
        "cname" => to.aside(number, "aliases", value),
        // What a provider answers for names that do not exist: a nuisance, and often a shared server.
        "bogus-nxdomain" | "ignore-address" => {
            to.aside(number, "addresses of false answers", value);
        }
        "ipset" | "nftset" => to.aside(number, "address sets", value),
        "conf-file" | "conf-dir" | "servers-file" | "addn-hosts" | "hostsdir" => {
            to.aside(number, "included files", value);
        }
        _ => to.aside(number, "options", line),
    }
}

/// `/NAME/NAME/TARGET` as names, still with `/` between them, and target.
fn split<'v>(number: usize, value: &'v str, to: &mut dyn Listing) -> Option<(&'v str, &'v str)> {
    let halves = value
        .strip_prefix('/')
        .and_then(|value| value.rsplit_once('/'));
    if halves.is_none() {
        to.defect(
            number,
            format!("`{}` is no name between `/`", blocking::short(value)),
            "write `/NAME/` and what to answer behind it",
        );
    }
    halves
}

fn address(number: usize, value: &str, to: &mut dyn Listing) {
    let Some((names, target)) = split(number, value, to) else {
        return;
    };
    let target = target.trim();
    if blocking::is_safe_search(target) {
        to.aside(number, "rules for safe search", names);
    } else if matches!(target, "" | "#") || target.parse::<IpAddr>().is_ok() {
        // A real address counts too: it is that of a page that says why, or of a sinkhole.
        for pattern in names.split('/') {
            name(number, pattern.trim(), to);
        }
    } else {
        to.defect(
            number,
            format!("`{}` is no address", blocking::short(target)),
            "write an address, `#` or nothing behind the last `/`",
        );
    }
}

fn server(number: usize, value: &str, to: &mut dyn Listing) {
    // Without a name it is the server for all names.
    if !value.starts_with('/') {
        to.aside(number, "forwarders", value);
        return;
    }
    let Some((names, target)) = split(number, value, to) else {
        return;
    };
    match target.trim() {
        // `#` asks the usual servers: it takes a name out of a wider rule.
        "#" => to.aside(number, "exceptions", names),
        target if target.is_empty() || blocking::is_null(target) => {
            for pattern in names.split('/') {
                name(number, pattern.trim(), to);
            }
        }
        _ => to.aside(number, "forwarders", value),
    }
}

fn name(number: usize, pattern: &str, to: &mut dyn Listing) {
    let dotted = pattern.strip_prefix("*.");
    let starred = pattern.strip_prefix('*');
    let bare = dotted.or(starred).unwrap_or(pattern);
    let bare = bare.strip_prefix('.').unwrap_or(bare);
    let mut facts = Facts::default();
    if pattern.is_empty() {
        to.aside(number, "rules for names without a dot", "//");
    } else if bare.is_empty() || bare == "#" {
        to.aside(number, "rules for every name", pattern);
    } else if bare.contains('*') {
        to.aside(number, "wildcards", pattern);
    } else if blocking::is_reverse(bare) {
        to.aside(number, "reverse names", pattern);
    } else if dotted.is_some() {
        to.entry(number, Kind::Below, bare, &facts);
    } else {
        if starred.is_some() {
            facts.note = Some(format!(
                "The list means all names that end in `{bare}`, on a label boundary or not."
            ));
        }
        to.entry(number, Kind::Domain, bare, &facts);
    }
}

/// `host-record=NAME,NAME,ADDRESS,TTL`. It is exact. Only the null address says that the name is blocked: all others are
/// most likely hosts of the own network.
fn host_record(number: usize, value: &str, to: &mut dyn Listing) {
    let parts = || value.split(',').map(str::trim);
    let mut addresses = parts()
        .filter(|part| part.parse::<IpAddr>().is_ok())
        .peekable();
    if addresses.peek().is_none() || !addresses.all(blocking::is_null) {
        to.aside(number, "host records", value);
        return;
    }
    let mut named = false;
    for part in parts() {
        let is_ttl = part.bytes().all(|b| b.is_ascii_digit());
        if !is_ttl && part.parse::<IpAddr>().is_err() {
            named = true;
            to.entry(number, Kind::Exact, part, &Facts::default());
        }
    }
    if !named {
        to.defect(
            number,
            format!("`{}` names no host", blocking::short(value)),
            "write the name before its addresses",
        );
    }
}

#[cfg(test)]
mod tests;
