//! Response policy zones: zone files whose names say what is to be answered otherwise.
//!
//! The policy is that of draft-vixie-dnsop-dns-rpz: the owner, less the name of the zone, is what triggers; a name is exact
//! ([`Kind::Exact`]), and `*.evil.example` covers what is below and not the name itself ([`Kind::Below`]).

mod zone;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::rules::format::blocking;
use crate::rules::format::listing::{Facts, Kind, Listing, Refused};

use zone::{Item, Name, Record};

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut sure, mut like, mut other) = (false, 0_usize, 0_usize);
    zone::walk(head, &mut |item| match item {
        Item::Record(record) => {
            like = like.saturating_add(1);
            sure |= match record.kind.as_str() {
                "SOA" => true,
                "CNAME" => action(record.first) != Action::Rewrite,
                _ => false,
            };
        }
        Item::Directive(_, word, _) => {
            like = like.saturating_add(1);
            sure |= matches!(word, "$TTL" | "$ORIGIN");
        }
        Item::Bad(..) => other = other.saturating_add(1),
        Item::Comment(..) => (),
    });
    sure && like > other
}

/// # Errors
/// None: what is wrong concerns single records.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let mut apex = None;
    let mut before = None;
    zone::walk(text, &mut |item| match item {
        Item::Comment(line, comment) => blocking::remark(line, comment, to),
        Item::Directive(_, "$TTL" | "$ORIGIN", _) => (),
        Item::Directive(line, "$INCLUDE", all) => to.aside(line, "included files", all),
        Item::Directive(line, "$GENERATE", all) => to.aside(line, "generated names", all),
        Item::Directive(line, word, _) => to.defect(
            line,
            format!("`{}` is no directive of a zone file", blocking::short(word)),
            "take it out",
        ),
        Item::Bad(line, what, fix) => to.defect(line, what, fix),
        Item::Record(record) => {
            if record.kind == "SOA" {
                apex = Some(record.owner.clone());
            }
            // Where no SOA says it, the first origin is the name of the zone.
            let apex = apex.get_or_insert_with(|| record.origin.clone());
            match trigger(&record, apex) {
                Ok(trigger) => policy(&record, trigger, &mut before, to),
                Err(name) => to.defect(
                    record.line,
                    format!(
                        "`{}` is not below the name of the zone",
                        blocking::short(name)
                    ),
                    "begin the file with `$ORIGIN` and the name of the zone",
                ),
            }
        }
    });
    Ok(())
}

/// The owner of a record without the name of the zone; `None` for the zone itself.
///
/// # Errors
/// A name that is most likely below a zone whose name is not given here.
fn trigger<'r>(record: &'r Record<'_>, apex: &Name) -> Result<Option<&'r str>, &'r str> {
    if let Some(inside) = record.owner.below(apex) {
        return Ok((!inside.is_empty()).then_some(inside));
    }
    // A final dot where none belongs. Servers skip such a record, but it is clear what was meant, unless the zone has a
    // name that is not given here.
    let name = record.owner.text.as_str();
    if name
        .split('.')
        .any(|label| label.eq_ignore_ascii_case("rpz"))
    {
        return Err(name);
    }
    Ok((!name.is_empty()).then_some(name))
}

/// What a CNAME asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Block,
    LetThrough,
    TcpOnly,
    Unknown,
    /// Its target is answered.
    Rewrite,
}

fn action(target: &str) -> Action {
    let target = target.trim_end_matches('.').to_ascii_lowercase();
    match target.as_str() {
        "" | "*" | "rpz-drop" => Action::Block,
        "rpz-passthru" => Action::LetThrough,
        "rpz-tcp-only" => Action::TcpOnly,
        target if target.starts_with("rpz-") && !target.contains('.') => Action::Unknown,
        _ => Action::Rewrite,
    }
}

/// What becomes of a record. `before`: the entry of the record before; the records of one name are one entry.
fn policy(
    record: &Record<'_>,
    trigger: Option<&str>,
    before: &mut Option<String>,
    to: &mut dyn Listing,
) {
    let line = record.line;
    let Some(trigger) = trigger else {
        // SOA and NS make the zone; other data at its top are no policy.
        if !matches!(record.kind.as_str(), "SOA" | "NS") {
            to.aside(line, "records of the zone itself", record.first);
        }
        return;
    };
    let why = match record.kind.as_str() {
        "CNAME" => match action(record.first) {
            Action::Block => None,
            Action::LetThrough => Some("entries that are let through"),
            Action::TcpOnly => Some("entries that are answered over TCP only"),
            Action::Unknown => Some("entries with an unknown action"),
            Action::Rewrite => {
                let target = record.first.trim_end_matches('.');
                if target.eq_ignore_ascii_case(trigger) {
                    // How passing was written before `rpz-passthru`.
                    Some("entries that are let through")
                } else {
                    blocking::is_safe_search(target).then_some("rules for safe search")
                }
            }
        },
        "A" | "AAAA" if blocking::is_safe_search(record.first) => Some("rules for safe search"),
        "A" | "AAAA" | "TXT" => None,
        // A name of the zone may have data of its own besides: they block nothing.
        "SOA" | "NS" => Some("delegations"),
        _ => Some("records of other types"),
    };
    if let Some(why) = why {
        to.aside(line, why, trigger);
        return;
    }
    if before.as_deref() == Some(trigger) {
        return;
    }
    *before = Some(trigger.to_string());
    let facts = Facts::default();
    let (name, last) = trigger.rsplit_once('.').unwrap_or(("", trigger));
    match last.to_ascii_lowercase().as_str() {
        "rpz-ip" => match network(name) {
            Some(network) => to.entry(line, Kind::Address, &network, &facts),
            None => to.defect(
                line,
                format!("`{}` is no address", blocking::short(trigger)),
                "write the prefix and the address backwards: `24.0.2.0.192.rpz-ip`",
            ),
        },
        "rpz-client-ip" => to.aside(line, "addresses of clients", trigger),
        "rpz-nsip" => to.aside(line, "addresses of name servers", trigger),
        "rpz-nsdname" => to.aside(line, "names of name servers", trigger),
        _ if matches!(trigger, "*" | "*.") => to.aside(line, "rules for every name", trigger),
        _ if blocking::is_reverse(trigger) => to.aside(line, "reverse names", trigger),
        _ => match trigger.strip_prefix("*.") {
            Some(below) => to.entry(line, Kind::Below, below, &facts),
            None => to.entry(line, Kind::Exact, trigger, &facts),
        },
    }
}

/// `24.0.2.0.192` as `192.0.2.0/24`, `128.1.zz.db8.2001` as `2001:db8::1`.
fn network(reversed: &str) -> Option<String> {
    let (prefix, address) = reversed.split_once('.')?;
    let prefix: u8 = prefix.parse().ok()?;
    let address = match address.parse::<Ipv4Addr>() {
        Ok(address) => {
            let [a, b, c, d] = address.octets();
            IpAddr::from([d, c, b, a])
        }
        Err(_) => {
            if address.len() > 40 {
                return None;
            }
            let words: Vec<&str> = address.rsplit('.').collect();
            let joined = words.join(":").to_ascii_lowercase();
            // `zz` is `::`: between two colons it leaves too many, at an end too few.
            let text = match joined.split_once("zz") {
                Some((left, right)) => {
                    let (left, right) = (left.trim_end_matches(':'), right.trim_start_matches(':'));
                    format!("{left}::{right}")
                }
                None => joined,
            };
            IpAddr::V6(text.parse::<Ipv6Addr>().ok()?)
        }
    };
    let all = if address.is_ipv4() { 32 } else { 128 };
    match prefix {
        prefix if prefix > all || prefix == 0 => None,
        prefix if prefix == all => Some(address.to_string()),
        prefix => Some(format!("{address}/{prefix}")),
    }
}

#[cfg(test)]
mod tests;
