//! What lists without a grammar of their own share: remarks behind entries, several entries on a line, other formats.

use std::net::IpAddr;

use super::listing::{Facts, Listing};
use super::text::{Bare, bare, is_clear};

/// An entry, and the remark behind it: ` # ...`, ` ; ...` or ` // ...`. A mark without white space before it is part of the entry.
pub(super) fn split_remark(line: &str) -> (&str, Option<&str>) {
    let marks = |c: char| matches!(c, '#' | ';' | '/');
    for (at, mark) in line.match_indices(marks) {
        let (before, after) = line.split_at_checked(at).unwrap_or((line, ""));
        let single = mark == "/" && !after.starts_with("//");
        if single || !before.ends_with(char::is_whitespace) {
            continue;
        }
        let remark = after.trim_start_matches(marks).trim();
        return (before.trim_end(), (!remark.is_empty()).then_some(remark));
    }
    (line, None)
}

/// The entries of a text that holds several, each as written and what it is, apart by white space, `,`, `;` or `|`. None where one of them is not good by itself:
/// then it may be a sentence, in which names are only spoken of.
pub(super) fn several(text: &str) -> Option<Vec<(&str, Bare<'_>)>> {
    let apart = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    let parts = text.split(apart).filter(|part| !part.is_empty());
    let found: Option<Vec<_>> = parts
        .map(|part| {
            let found = bare(part);
            (is_clear(&found) || matches!(found, Bare::Aside(_))).then_some((part, found))
        })
        .collect();
    found.filter(|found| found.len() > 1 && found.iter().any(|(_, found)| is_clear(found)))
}

/// Hands on what a text is.
pub(super) fn give(line: usize, text: &str, found: Bare<'_>, facts: &Facts, to: &mut dyn Listing) {
    match found {
        Bare::Entry(kind, text) => to.entry(line, kind, &text, facts),
        Bare::Aside(what) => to.aside(line, what, text),
        Bare::Wrong(what, fix) => to.defect(line, what, fix),
        Bare::Empty => to.aside(line, "empty entries", text),
    }
}

/// Whether a file is JSON, XML, a log of Zeek, rules of this program, or no text: none that has an entry a line or in columns.
pub(super) fn is_structured(head: &[u8]) -> bool {
    if head.contains(&0) {
        return true;
    }
    let head = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
    match head.first() {
        Some(b'{') => true,
        Some(b'<') => !first.contains(&b':') || first.contains(&b' '),
        // An IPv6 address begins like a list in JSON.
        Some(b'[') => {
            let inner = first.get(1..).unwrap_or_default();
            let address = inner
                .split(|b| *b == b']')
                .next()
                .and_then(|inner| std::str::from_utf8(inner).ok()?.parse::<IpAddr>().ok());
            address.is_none()
        }
        _ => {
            let starts = |with: &[u8]| head.starts_with(with) || contains_line(head, with);
            starts(b"#fields\t") || starts(b"bellerophon:")
        }
    }
}

fn contains_line(text: &[u8], start: &[u8]) -> bool {
    text.split(|b| *b == b'\n')
        .any(|line| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_need_white_space_before_them() {
        for (line, entry, remark) in [
            ("a.example # seen twice", "a.example", Some("seen twice")),
            ("a.example\t;x", "a.example", Some("x")),
            ("a.example // x", "a.example", Some("x")),
            ("http://a.example/#x", "http://a.example/#x", None),
            ("http://a.example/;x / y", "http://a.example/;x / y", None),
            ("a.example #", "a.example", None),
        ] {
            assert_eq!(split_remark(line), (entry, remark));
        }
    }

    #[test]
    fn several_entries_must_all_be_good() {
        assert_eq!(several("a.example, 192.0.2.1|b.example").unwrap().len(), 3);
        assert_eq!(several("a.example me@b.example").unwrap().len(), 2);
        assert_eq!(several("a.example is bad"), None);
        assert_eq!(several("a.example"), None);
        assert_eq!(several("me@a.example me@b.example"), None);
    }

    #[test]
    fn other_formats_are_known_by_their_beginning() {
        for text in [
            "{\"type\":1}",
            "\u{feff} [\n\"a.example\"]",
            "<ioc>",
            "<?xml version=\"1.0\" ns=\"a:b\"?>",
            "#separator \\x09\n#fields\tindicator",
            "# x\nbellerophon: 1",
            "a\0b",
        ] {
            assert!(is_structured(text.as_bytes()), "{text}");
        }
        for text in ["a.example", "[2001:db8::1]:443", "<http://a.example/x>", ""] {
            assert!(!is_structured(text.as_bytes()), "{text}");
        }
    }
}
