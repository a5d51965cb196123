use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

fn set(texts: &[&str]) -> String {
    texts
        .iter()
        .map(|text| BASE64.encode(text) + "\n")
        .collect()
}

#[test]
fn texts_become_what_they_look_like() {
    let kept = kept(
        set(&[
            "evil.example",
            ".bad.example",
            "192.0.2.1",
            "2001:db8::1",
            "http://evil.example/x",
            "evil.example/y",
            "evil.example:8080",
            "Mozilla/5.0 (X11)",
            "e.",
            "d41d8cd98f00b204e9800998ecf8427e",
        ])
        .as_bytes(),
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Exact, "evil.example"),
            (Kind::Domain, "bad.example"),
            (Kind::Address, "192.0.2.1"),
            (Kind::Address, "2001:db8::1"),
            (Kind::Url, "http://evil.example/x"),
            (Kind::Url, "evil.example/y"),
            (Kind::Url, "evil.example:8080/")
        ]
    );
    let other = "texts that are no names";
    let asides: Vec<_> = kept
        .asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect();
    assert_eq!(asides, [(8, other), (9, other), (10, other)]);
}

#[test]
fn hashes_and_defects() {
    let kept = kept(
        b"d41d8cd98f00b204e9800998ecf8427e\n\
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,3\n\
        ***\nZXZpbC5leGFtcGxl,x\n\xff\nZXZpbC5leGFtcGxl,70000\nZXZpbC5leGFtcGxl, 7\n",
    );
    assert_eq!(kept.listed(), [(Kind::Exact, "evil.example")]);
    assert_eq!(
        kept.entries[0].3.note.as_deref(),
        Some("Reputation 7 in the data set.")
    );
    let asides: Vec<_> = kept
        .asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect();
    assert_eq!(asides, [(1, "file hashes"), (2, "file hashes")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
}

#[test]
fn hashes_and_addresses_alone_are_no_data_set_of_texts() {
    assert!(!is(b"d41d8cd98f00b204e9800998ecf8427e\n"));
    assert!(!is(b"192.0.2.1\n2001:db8::1\n"));
    assert!(!is(b"ZXZpbC5leGFtcGxl\nevil.example\n"));
    assert!(!is(b""));
}

fn calls_of(kept: &Kept) -> usize {
    [kept.entries.len(), kept.asides.len(), kept.defects.len()]
        .iter()
        .sum()
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        names in prop::collection::vec("\\.?[a-z][a-z0-9-]{0,9}\\.example", 1..40),
        padded in any::<bool>(),
        value in prop::option::of(any::<u16>()),
    ) {
        let mut text = String::new();
        for name in &names {
            let line = BASE64.encode(name);
            text.push_str(if padded { &line } else { line.trim_end_matches('=') });
            if let Some(value) = value {
                text.push_str(&format!(",{value}"));
            }
            text.push('\n');
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        let expected: Vec<_> = names.iter().map(|name| match name.strip_prefix('.') {
            Some(name) => (Kind::Domain, name),
            None => (Kind::Exact, name.as_str()),
        }).collect();
        prop_assert_eq!(kept.listed(), expected);
    }

    #[test]
    fn every_line_is_accounted_for(text in "([a-zA-Z0-9+/=,*é\0]{0,40}|[a-f0-9]{32}|\n){0,30}") {
        accounted(text.as_bytes())?;
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is(&bytes);
        accounted(&bytes)?;
    }
}

fn accounted(text: &[u8]) -> Result<(), TestCaseError> {
    let kept = kept(text);
    let calls = calls_of(&kept);
    let lines = Lines::new(text)
        .filter(|(_, line)| *line != Line::Text(""))
        .count();
    prop_assert_eq!(calls, lines);
    Ok(())
}
