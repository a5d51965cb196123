//! Lists without any format: an entry a line.

use super::csv::role::Role;
use super::lines::{self, Line, Lines};
use super::listing::{Facts, Kind, Listing, Refused};
use super::remark::{give, is_structured, several, split_remark};
use super::text::{Bare, bare, is_clear};
use super::{csv, hosts, maltrail};

/// How many lines tell whether it is a list.
const SAMPLE: usize = 500;

/// Whether a file that begins like this is such a list: at least half of its lines are entries. A file of comments alone is a list
/// without entries.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    if is_structured(head) || maltrail::is(head) || hosts::is(head) || csv::is(head) {
        return false;
    }
    let (mut lines, mut good) = (0_usize, 0_usize);
    for (_, line) in Lines::new(head) {
        let Line::Text(text) = line else {
            lines = lines.saturating_add(1);
            continue;
        };
        if is_comment(text) || heading(text).is_some() {
            continue;
        }
        lines = lines.saturating_add(1);
        let (entry, _) = split_remark(text);
        let found = bare(entry);
        let known = is_clear(&found) || matches!(found, Bare::Aside(_)) || several(entry).is_some();
        good = good.saturating_add(usize::from(known));
        if lines >= SAMPLE {
            break;
        }
    }
    good.saturating_mul(2) >= lines
}

/// # Errors
/// Nearly no line is a name, an address or a URL: the file lists something else, such as processes.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    if let Some(line) = lists_words(text) {
        return Err(Refused {
            line: Some(line),
            what: "no line is a name, address or URL, or hardly any: they are words without a dot"
                .into(),
            fix: "give a list of domains, addresses or URLs".into(),
        });
    }
    let mut fingerprints = None;
    for (number, line) in Lines::new(text) {
        match line {
            Line::Text(text) if is_comment(text) => {}
            Line::Text(text) => match heading(text) {
                Some(role) => {
                    fingerprints = match role {
                        Role::Ja3 => Some(Kind::Ja3),
                        Role::Certificate => Some(Kind::Certificate),
                        _ => None,
                    };
                    to.aside(number, "headings", text);
                }
                None => one(number, text, fingerprints, to),
            },
            other => {
                lines::text(number, other, to);
            }
        }
    }
    Ok(())
}

fn one(number: usize, line: &str, fingerprints: Option<Kind>, to: &mut dyn Listing) {
    let (entry, note) = split_remark(line);
    let facts = Facts {
        note: note.map(str::to_owned),
        ..Facts::default()
    };
    let found = bare(entry);
    if let (Some(kind), Bare::Aside("file hashes")) = (fingerprints, &found) {
        to.entry(number, kind, entry.trim_matches(['"', '\'', ',']), &facts);
        return;
    }
    if !is_clear(&found)
        && let Some(parts) = several(entry)
    {
        for (part, found) in parts {
            give(number, part, found, &facts, to);
        }
        return;
    }
    give(number, entry, found, &facts, to);
}

/// Empty lines are as good as comments. `//host/path` is a URL.
fn is_comment(line: &str) -> bool {
    match line.strip_prefix("//") {
        Some(_) => !matches!(bare(line), Bare::Entry(Kind::Url, _)) || !is_clear(&bare(line)),
        None => line.is_empty() || line.starts_with(['#', ';', '!']),
    }
}

/// What a line says as a heading: `domain`, `IP addresses:`. Since none has a dot, it is never an entry.
fn heading(line: &str) -> Option<Role> {
    let words = line.trim_matches(['"', '\'', ':']);
    (words.len() <= 64 && !words.contains(['.', ':']))
        .then(|| Role::of(words))
        .flatten()
}

/// The first line of a file in which words outnumber what may be on a network ten times.
fn lists_words(text: &[u8]) -> Option<usize> {
    let (mut words, mut entries, mut first) = (0_usize, 0_usize, None);
    for (number, line) in Lines::new(text) {
        let Line::Text(text) = line else { continue };
        if is_comment(text) || heading(text).is_some() {
            continue;
        }
        match bare(split_remark(text).0) {
            Bare::Entry(Kind::Domain, name) if !name.contains('.') => {
                first = first.or(Some(number));
                words = words.saturating_add(1);
            }
            _ => entries = entries.saturating_add(1),
        }
    }
    first.filter(|_| words > entries.saturating_mul(10))
}

#[cfg(test)]
mod tests;
