//! Configuration of unbound: `local-zone: "evil.example" always_nxdomain`.
//!
//! A zone covers its name and all names below it ([`Kind::Domain`]); data concern one name ([`Kind::Exact`]), unless a
//! zone that is listed covers it.

use std::collections::HashSet;

use crate::rules::format::blocking;
use crate::rules::format::lines::{self, Line, Lines};
use crate::rules::format::listing::{Facts, Kind, Listing, Refused};

/// How many zones are remembered, to see that data belong to them. Beyond that, data of a zone far above are exact entries
/// besides it, which does no harm.
const MAX_ZONES: usize = 65_536;

/// The longest name that is remembered, in bytes.
const MAX_NAME: usize = 255;

/// The attributes that carry names.
const LISTS: &[&str] = &["local-zone:", "local-data:", "local-data-ptr:"];

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut sure, mut other) = (0_usize, 0_usize);
    for (_, line) in Lines::new(head) {
        let first = match line {
            Line::Text(line) => Tokens(line).next(),
            _ => Some(("", true)),
        };
        let count = match first {
            None => continue,
            Some((word, false)) if LISTS.contains(&word) => &mut sure,
            // Our own format looks alike, and says what it is.
            Some(("bellerophon:", _)) => return false,
            Some((word, false)) if word.ends_with(':') => continue,
            Some(_) => &mut other,
        };
        *count = count.saturating_add(1);
    }
    sure > other.saturating_mul(3)
}

/// # Errors
/// None: what is wrong concerns single lines.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let mut zones = Zones::default();
    for (number, line) in Lines::new(text) {
        let Some(line) = lines::text(number, line, to) else {
            continue;
        };
        if let Some(comment) = line.strip_prefix('#') {
            blocking::remark(number, comment, to);
            continue;
        }
        attributes(number, line, &mut zones, to);
    }
    Ok(())
}

/// Zones that are listed.
#[derive(Debug, Default)]
struct Zones {
    some: HashSet<Box<str>>,
    last: String,
}

impl Zones {
    fn add(&mut self, name: &str) {
        if name.len() <= MAX_NAME {
            self.last = normal(name);
            if self.some.len() < MAX_ZONES {
                self.some.insert(self.last.as_str().into());
            }
        }
    }

    fn cover(&self, name: &str) -> bool {
        if name.len() > MAX_NAME {
            return false;
        }
        let name = normal(name);
        let mut above = Some(name.as_str());
        while let Some(parent) = above {
            if parent == self.last || self.some.contains(parent) {
                return true;
            }
            above = parent.split_once('.').map(|(_, parent)| parent);
        }
        false
    }
}

fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The words of a line, and whether each was in quotes. `#` begins a comment.
struct Tokens<'t>(&'t str);

impl<'t> Iterator for Tokens<'t> {
    type Item = (&'t str, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_start();
        let quote = text.chars().next()?;
        if quote == '#' {
            self.0 = "";
            return None;
        }
        if matches!(quote, '"' | '\'') {
            let inside = text.get(1..)?;
            let (token, rest) = inside.split_once(quote).unwrap_or((inside, ""));
            self.0 = rest;
            return Some((token, true));
        }
        let end = text.find(|c: char| c.is_whitespace()).unwrap_or(text.len());
        let word = text.get(..end)?;
        // `local-zone:"evil.example"` without a space is fine, too.
        let colon = word.find(":\"").or_else(|| word.find(":'"));
        let end = colon.map_or(end, |colon| colon.saturating_add(1));
        let (token, rest) = text.split_at_checked(end)?;
        self.0 = rest;
        Some((token, false))
    }
}

/// A line may hold more than one attribute.
fn attributes(number: usize, line: &str, zones: &mut Zones, to: &mut dyn Listing) {
    let mut tokens = Tokens(line);
    while let Some((key, quoted)) = tokens.next() {
        match key {
            "local-zone:" if !quoted => {
                let (name, kind) = (tokens.next(), tokens.next());
                zone(number, name, kind, zones, to);
            }
            "local-data:" if !quoted => data(number, tokens.next(), zones, to),
            "local-data-ptr:" if !quoted => {
                let value = tokens.next().map_or("", |(value, _)| value);
                to.aside(number, "reverse names", value);
            }
            "include:" | "include-toplevel:" if !quoted => {
                let value = tokens.next().map_or("", |(value, _)| value);
                to.aside(number, "included files", value);
            }
            _ if !quoted && key.len() > 1 && key.ends_with(':') => {
                to.aside(number, "options", line);
                return;
            }
            _ => {
                to.defect(
                    number,
                    format!("`{}` is no attribute of unbound", blocking::short(key)),
                    "write `local-zone: \"NAME\" always_nxdomain` on one line",
                );
                return;
            }
        }
    }
}

type Token<'t> = Option<(&'t str, bool)>;

fn zone(number: usize, name: Token<'_>, kind: Token<'_>, zones: &mut Zones, to: &mut dyn Listing) {
    let (Some((name, _)), Some((kind, _))) = (name, kind) else {
        to.defect(
            number,
            "a local zone without name or type".into(),
            "write `local-zone: \"NAME\" always_nxdomain` on one line",
        );
        return;
    };
    let below = name.strip_prefix("*.");
    match kind {
        // `inform` answers as usual and logs who asked: its writer wants to know.
        "deny" | "refuse" | "static" | "redirect" | "inform" | "inform_deny"
        | "inform_redirect" | "always_refuse" | "always_nxdomain" | "always_nodata"
        | "always_deny" | "always_null" => {
            if matches!(name, "." | "") {
                to.aside(number, "rules for every name", name);
            } else if blocking::is_reverse(name) {
                to.aside(number, "reverse names", name);
            } else if let Some(below) = below {
                // Unbound would take the star for a label; its writer meant what it means elsewhere.
                to.entry(number, Kind::Below, below, &Facts::default());
            } else {
                zones.add(name);
                to.entry(number, Kind::Domain, name, &Facts::default());
            }
        }
        "transparent" | "typetransparent" | "nodefault" | "always_transparent" | "noview"
        | "block_a" => to.aside(number, "zones that are let through", name),
        "ipset" => to.aside(number, "address sets", name),
        _ => to.defect(
            number,
            format!("`{}` is no type of a local zone", blocking::short(kind)),
            "write `always_nxdomain` or another type that unbound knows",
        ),
    }
}

/// `NAME [TTL] [IN] TYPE DATA`.
fn data(number: usize, record: Token<'_>, zones: &Zones, to: &mut dyn Listing) {
    let record = record.map_or("", |(record, _)| record);
    let mut words = record.split_ascii_whitespace();
    let name = words.next().unwrap_or_default();
    let is_class = |word: &str| {
        ["IN", "CH", "HS"]
            .iter()
            .any(|class| class.eq_ignore_ascii_case(word))
    };
    let mut words =
        words.skip_while(|word| word.starts_with(|c: char| c.is_ascii_digit()) || is_class(word));
    let kind = words.next().unwrap_or_default().to_ascii_uppercase();
    let Some(target) = words.next() else {
        to.defect(
            number,
            format!("`{}` is no record", blocking::short(record)),
            "write `local-data: \"NAME A 0.0.0.0\"`",
        );
        return;
    };
    match kind.as_str() {
        "A" | "AAAA" | "CNAME" => {
            if zones.cover(name) {
                to.aside(number, "data of zones that are listed", record);
            } else if blocking::is_safe_search(target) {
                to.aside(number, "rules for safe search", record);
            } else if blocking::is_reverse(name) {
                to.aside(number, "reverse names", record);
            } else if let Some(below) = name.strip_prefix("*.") {
                to.entry(number, Kind::Below, below, &Facts::default());
            } else {
                to.entry(number, Kind::Exact, name, &Facts::default());
            }
        }
        "PTR" => to.aside(number, "reverse names", record),
        _ => to.aside(number, "records of other types", record),
    }
}

#[cfg(test)]
mod tests;
