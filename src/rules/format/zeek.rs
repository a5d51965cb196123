//! Files of Zeek's intelligence framework: a line `#fields indicator indicator_type meta.source ..`, then a line for each
//! indicator, with TAB between its fields.

use std::borrow::Cow;
use std::collections::HashMap;

use super::lines::{self, Line, Lines};
use super::listing::{Facts, Kind, Listing, Refused};
use super::place::{clip, clipped, iso_day};
use crate::rules::date::of_unix;
use crate::rules::indicator::{Confidence, Severity};

/// The most columns that are looked at.
const MAX_COLUMNS: usize = 64;
/// The longest text that is kept or shown, in bytes.
const MAX_TEXT: usize = 1000;
/// The most labels that an entry keeps.
const MAX_TAGS: usize = 64;

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    for (_, line) in Lines::new(head) {
        match line {
            Line::Text(text) if header(text).is_some() => {
                let columns = header(text).unwrap_or_default();
                return columns.contains_key("indicator") && columns.contains_key("indicator_type");
            }
            Line::Text(text) if text.is_empty() || text.starts_with('#') => {}
            _ => return false,
        }
    }
    false
}

/// # Errors
/// Where it has no line `#fields` with the columns that are needed.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    if !is(text) {
        return Err(Refused {
            line: None,
            what: "no line `#fields` with `indicator` and `indicator_type` before the first entry"
                .into(),
            fix: "begin the file with `#fields`, TAB, `indicator`, TAB, `indicator_type`".into(),
        });
    }
    let mut columns = HashMap::new();
    for (number, line) in Lines::new(text) {
        match line {
            Line::Text("") => {}
            Line::Text(line) => match header(line) {
                Some(found) => columns = found,
                None if line.starts_with('#') => {}
                None => entry(number, line, &columns, to),
            },
            other => {
                lines::text(number, other, to);
            }
        }
    }
    Ok(())
}

/// Which column is which, if a line is a header.
fn header(line: &str) -> Option<HashMap<&str, usize>> {
    let names = line.strip_prefix("#fields")?;
    let names = names
        .starts_with(char::is_whitespace)
        .then(|| names.split_whitespace())?;
    let numbered = names.take(MAX_COLUMNS).enumerate();
    Some(numbered.map(|(number, name)| (name, number)).collect())
}

fn entry(number: usize, line: &str, columns: &HashMap<&str, usize>, to: &mut dyn Listing) {
    let fields: Vec<&str> = line.split('\t').take(MAX_COLUMNS).collect();
    let get = |name: &str| {
        let field = fields.get(*columns.get(name)?)?.trim();
        (!matches!(field, "" | "-" | "(empty)")).then(|| unescape(field))?
    };
    let shown = clip(line, 200);
    let tabs = "write the fields in the order of `#fields`, with TAB between; `-` is no value";
    let Some(kind) = get("indicator_type") else {
        return to.defect(number, format!("no type of indicator in {shown:?}"), tabs);
    };
    let Some((_, kind)) = kind.split_once("::") else {
        let what = format!("{:?} is no type of indicator", clip(&kind, 80));
        return to.defect(number, what, tabs);
    };
    let Some(text) = get("indicator") else {
        return to.defect(number, format!("no indicator in {shown:?}"), tabs);
    };
    let is_set = |name: &str| get(name).is_some_and(|value| matches!(&*value, "T" | "true" | "1"));
    // The policy scripts `whitelist` and `removal` of Zeek.
    if is_set("meta.whitelist") {
        return to.aside(number, "allowed entries", &text);
    }
    if is_set("meta.remove") {
        return to.aside(number, "removed entries", &text);
    }
    // `meta.do_notice` is no reason to leave an entry out: Zeek logs every match, and F is what it has unless told.
    let aside = match kind {
        // Zeek compares host names as they are, and misses `x.evil.example` where `evil.example` is listed. Nearly all
        // files come from lists of domains, and their authors mean the domain; so names below it count.
        "DOMAIN" => return to.entry(number, Kind::Domain, &text, &facts(&get)),
        "ADDR" | "SUBNET" => return to.entry(number, Kind::Address, &text, &facts(&get)),
        // Without a scheme: that is how Zeek wants it. A host alone is its front page.
        "URL" => {
            let text: Cow<'_, str> = if text.contains('/') {
                text
            } else {
                format!("{text}/").into()
            };
            return to.entry(number, Kind::Url, &text, &facts(&get));
        }
        "CERT_HASH" => return to.entry(number, Kind::Certificate, &text, &facts(&get)),
        // From packages that add types.
        "JA3" => return to.entry(number, Kind::Ja3, &text, &facts(&get)),
        "JA4" => return to.entry(number, Kind::Ja4, &text, &facts(&get)),
        "PUBKEY_HASH" => "hashes of public keys",
        "FILE_HASH" => "file hashes",
        "FILE_NAME" => "file names",
        "EMAIL" => "e-mail addresses",
        "SOFTWARE" => "names of software",
        "USER_NAME" => "names of users",
        _ => "entries of types that packages for Zeek add",
    };
    to.aside(number, aside, clip(&text, 200));
}

/// What the columns say. `meta.cif_..` are those of the script `collective-intel` of Zeek.
fn facts<'l>(get: &dyn Fn(&str) -> Option<Cow<'l, str>>) -> Facts {
    let kept = |name: &str| get(name).and_then(|text| clipped(&text, MAX_TEXT));
    let said = kept("meta.desc").or_else(|| kept("meta.cif_description"));
    let only = kept("meta.if_in").map(|place| format!("Zeek looks for it in {place} only"));
    let mut facts = Facts {
        source: kept("meta.source").or_else(|| kept("meta.cif_source")),
        references: kept("meta.url").into_iter().collect(),
        note: match (said, only) {
            (Some(said), Some(only)) => Some(format!("{said} ({only})")),
            (said, only) => said.or(only),
        },
        first_seen: kept("meta.cif_firstseen").and_then(|time| {
            let seconds = time.parse().ok().and_then(of_unix);
            seconds.or_else(|| iso_day(&time))
        }),
        severity: match kept("meta.cif_severity").as_deref() {
            Some("low") => Some(Severity::Low),
            Some("medium") => Some(Severity::Medium),
            Some("high") => Some(Severity::High),
            _ => None,
        },
        confidence: kept("meta.cif_confidence")
            .and_then(|percent| percent.parse::<f64>().ok())
            .filter(|percent| (0.0..=100.0).contains(percent))
            .map(|percent| match percent {
                85.0.. => Confidence::High,
                50.0.. => Confidence::Medium,
                _ => Confidence::Low,
            }),
        ..Facts::default()
    };
    for tag in kept("meta.cif_tags")
        .iter()
        .flat_map(|tags| tags.split(','))
    {
        let tag = tag.trim();
        let new = !tag.is_empty() && !facts.tags.iter().any(|known| known == tag);
        if new && facts.tags.len() < MAX_TAGS {
            facts.tags.push(tag.to_owned());
        }
    }
    facts
}

/// `\xHH` is a byte. Nothing where the bytes are no text.
fn unescape(field: &str) -> Option<Cow<'_, str>> {
    if !field.contains("\\x") {
        return Some(field.into());
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find("\\x") {
        let (before, escape) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(before.as_bytes());
        let digits = escape.get(2..4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = escape.get(4..)?;
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = escape.get(2..)?;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests;
