//! Texts that are looked for anywhere in a name.

use memchr::memmem::Finder;

use super::names::{Line, Names, reverse};
use super::reason::Reason;

/// The shortest good keyword, in characters. Of the texts with four letters, most stand in some innocent name.
const LEAST: usize = 5;

/// What the names of services and of reverse lookups have in them.
const STRUCTURE: [&str; 5] = [
    "in-addr.arpa",
    "ip6.arpa",
    "localdomain",
    "localhost",
    "_services._dns-sd._udp.local",
];

/// What many sites have before their names.
const WWW: &str = "www.";

pub(super) fn judge(names: &Names, text: &str) -> Option<Reason> {
    let text = text.trim().to_ascii_lowercase();
    if text.chars().count() < LEAST {
        return Some(Reason::KeywordShort(LEAST));
    }
    if !text.bytes().any(|b| b.is_ascii_alphabetic() || b >= 0x80) {
        return Some(Reason::KeywordDigits);
    }
    if let Some(name) = STRUCTURE.iter().find(|name| name.contains(&text)) {
        return Some(Reason::KeywordCommon((*name).to_owned()));
    }
    common(*names, &text).map(Reason::KeywordCommon)
}

/// An innocent name that has the text in it.
fn common(names: Names, text: &str) -> Option<String> {
    // Labels stand in reverse, each whole: the longest one finds the lines to look at. What may be the end of `www` is on
    // no line.
    let longest = text
        .split('.')
        .enumerate()
        .filter(|(nth, label)| *nth > 0 || !(text.contains('.') && "www".ends_with(label)))
        .map(|(_, label)| label)
        .max_by_key(|label| label.len())?;
    let finder = Finder::new(longest);
    names.having(&finder).filter(is_innocent).find_map(|line| {
        if !text.contains('.') {
            return Some(reverse(line.reverse));
        }
        let name = reverse(line.reverse);
        let site = format!("{WWW}{name}");
        if name.contains(text) {
            Some(name)
        } else {
            site.contains(text).then_some(site)
        }
    })
}

/// All lists but the one of dynamic DNS alone, most of whose names nobody knows.
fn is_innocent(line: &Line<'_>) -> bool {
    line.lists != "d"
}
