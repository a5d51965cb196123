//! Addresses in the head of a rule.

use std::net::IpAddr;

use crate::rules::format::listing::{Facts, Kind, Listing};

use super::rule::Rule;

/// How many ports of a list are taken one by one; with more, the port is left out.
const MAX_PORTS: usize = 16;

/// Takes the addresses of a rule that looks for nothing but them. Returns whether it names any.
pub(super) fn take(number: usize, rule: &Rule<'_>, facts: &Facts, to: &mut dyn Listing) -> bool {
    let literal = |side: (&str, &str)| {
        side.0.contains(|c: char| c.is_ascii_digit()) && !side.0.starts_with(['$', '!'])
    };
    let own = |side: (&str, &str)| list(side.0).all(is_private);
    let (source, target) = (literal(rule.source), literal(rule.target));
    // Of two sides with addresses, one is the own network; where that is not plain, the other is who was called.
    let side = match (source, target) {
        (true, true) if own(rule.target) && !own(rule.source) => rule.source,
        (_, true) => rule.target,
        (true, false) => rule.source,
        (false, false) => return false,
    };
    let (addresses, ports) = side;
    if addresses.contains('!') {
        to.aside(number, "addresses with exceptions", addresses);
        return true;
    }
    let (ports, all) = self::ports(ports);
    let mut facts = facts.clone();
    if !all && ports.is_empty() {
        let note = facts.note.take().unwrap_or_default();
        facts.note = Some(
            format!("{note} (port {} only)", side.1)
                .trim_start()
                .to_string(),
        );
    }
    for address in list(addresses) {
        if address.starts_with('$') || address == "any" {
            to.aside(number, "variables", address);
        } else if is_private(address) {
            to.aside(number, "private addresses", address);
        } else if ports.is_empty() {
            to.entry(number, Kind::Address, address, &facts);
        } else {
            for port in &ports {
                let text = if address.contains(':') {
                    format!("[{address}]:{port}")
                } else {
                    format!("{address}:{port}")
                };
                to.entry(number, Kind::Address, &text, &facts);
            }
        }
    }
    true
}

/// The members of `[a,b,[c,d]]`: lists in lists mean no more than one list.
fn list(text: &str) -> impl Iterator<Item = &str> {
    let members = text.split(['[', ']', ',']).map(str::trim);
    members.filter(|member| !member.is_empty())
}

/// The ports of a side, and whether it has all.
fn ports(text: &str) -> (Vec<u16>, bool) {
    if text.is_empty() || text == "any" {
        return (Vec::new(), true);
    }
    let ports: Option<Vec<u16>> = list(text)
        .take(MAX_PORTS.saturating_add(1))
        .map(|port| port.parse().ok())
        .collect();
    match ports {
        Some(ports) if ports.len() <= MAX_PORTS => (ports, false),
        _ => (Vec::new(), false),
    }
}

/// Whether an address or network is of those that anyone may use at home.
fn is_private(text: &str) -> bool {
    let text = text.split('/').next().unwrap_or_default();
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(a)) => {
            a.is_private()
                || a.is_loopback()
                || a.is_link_local()
                || a.is_multicast()
                || a.is_broadcast()
        }
        Ok(IpAddr::V6(a)) => {
            a.is_loopback() || a.is_unique_local() || a.is_unicast_link_local() || a.is_multicast()
        }
        Err(_) => false,
    }
}
