//! Hosts files (hosts(5)), as block lists use them: `0.0.0.0 evil.example`.
//!
//! A line maps one host and none below it. Whoever blocks a threat so means its name, and cannot say more in that format, so the names
//! are taken as domains: `www.evil.example` is as bad when only `evil.example` is listed. A line that maps
//! a name to a real address helps someone to reach it, and lists nothing.

use std::net::IpAddr;

use super::lines::{self, Line, Lines};
use super::listing::{Facts, Kind, Listing, Refused};
use super::text::{Bare, bare};

/// How many lines tell the format.
const SAMPLE: usize = 100;

/// Whether a file that begins like this is a hosts file: nearly every line is an address and names, and one leads nowhere.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut lines, mut mappings, mut sinks) = (0_usize, 0_usize, 0_usize);
    for (_, line) in Lines::new(head) {
        let Line::Text(text) = line else { continue };
        let text = entry_of(text);
        if text.is_empty() {
            continue;
        }
        lines = lines.saturating_add(1);
        if let Some((address, mut names)) = mapping(text) {
            let is_name = |name: &str| {
                let good = |c: char| c.is_alphanumeric() || "-_.:".contains(c);
                name.chars().all(good) && name.chars().any(char::is_alphabetic)
            };
            if names.all(|name| is_name(name) || name.parse::<IpAddr>().is_ok()) {
                mappings = mappings.saturating_add(1);
                sinks = sinks.saturating_add(usize::from(is_sink(address)));
            }
        }
        if lines >= SAMPLE {
            break;
        }
    }
    sinks > 0 && mappings.saturating_mul(10) >= lines.saturating_mul(9)
}

/// # Errors
/// None: what is wrong is wrong with single lines.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    for (number, line) in Lines::new(text) {
        match line {
            Line::Text(text) => one(number, text, to),
            other => {
                lines::text(number, other, to);
            }
        }
    }
    Ok(())
}

fn one(number: usize, line: &str, to: &mut dyn Listing) {
    let text = entry_of(line);
    if text.is_empty() {
        return;
    }
    let Some((address, names)) = mapping(text) else {
        let fix = "write an address and names: `0.0.0.0 evil.example`";
        to.defect(
            number,
            format!("`{}` maps no name", super::text::shortened(text)),
            fix,
        );
        return;
    };
    let note = line.split_once('#').map(|(_, note)| note.trim().to_owned());
    let facts = Facts {
        note: note.filter(|note| !note.is_empty()),
        ..Facts::default()
    };
    for name in names {
        if is_own(address, name) {
            to.aside(number, "entries for the machine itself", name);
        } else if !is_sink(address) {
            to.aside(number, "address mappings", name);
        } else {
            match bare(name) {
                Bare::Entry(Kind::Domain, name) => to.entry(number, Kind::Domain, &name, &facts),
                Bare::Aside(what) => to.aside(number, what, name),
                _ => to.defect(
                    number,
                    format!("`{}` is no host name", super::text::shortened(name)),
                    "write a name behind the address",
                ),
            }
        }
    }
}

/// A line without its comment. In this format `#` begins one wherever it stands.
fn entry_of(line: &str) -> &str {
    line.split_once('#').map_or(line, |(entry, _)| entry).trim()
}

/// The address and the names of a line: one at least.
fn mapping(text: &str) -> Option<(IpAddr, impl Iterator<Item = &str>)> {
    let (address, names) = text.split_once(char::is_whitespace)?;
    // `fe80::1%lo0` stands in the hosts file of macOS.
    let address = address
        .split_once('%')
        .map_or(address, |(address, _)| address);
    let address = if address == "0" { "0.0.0.0" } else { address };
    Some((address.parse().ok()?, names.split_whitespace()))
}

fn is_sink(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback()
}

/// Whether a mapping belongs to every machine's own hosts file.
fn is_own(address: IpAddr, name: &str) -> bool {
    let is = |own: &str| name.eq_ignore_ascii_case(own);
    let ends = |own: &str| {
        let end = name.len().checked_sub(own.len());
        end.and_then(|end| name.get(end..))
            .is_some_and(|end| end.eq_ignore_ascii_case(own))
    };
    let starts = |own: &str| {
        let start = name.get(..own.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(own))
    };
    let special = is("localhost")
        || is("local")
        || is("broadcasthost")
        || starts("localhost.localdomain")
        || starts("localhost4")
        || starts("localhost6")
        || starts("ip6-")
        || ends(".localhost")
        || ends(".localdomain");
    // Debian gives the name of the machine itself 127.0.1.1. A word without a dot can be no threat of the Internet.
    let named = address == IpAddr::from([127, 0, 1, 1]);
    special || named || name.parse::<IpAddr>().is_ok() || !name.contains('.')
}

#[cfg(test)]
mod tests;
