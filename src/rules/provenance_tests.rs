use std::fs;

use super::super::{LoadOptions, Loaded, load};
use super::*;

const LIST: &str = "a.evil-host.example\nb.evil-host.example\n";
/// Of `LIST`.
fn sha256(text: &str) -> String {
    let hash = ring::digest::digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

fn record(sha256: &str) -> String {
    format!(
        r#"{{"version": 1, "feeds": {{"a.txt": {{"title": "The list\u001b", "publisher": "People", "url": "https://a.example/l",
            "fetched_at": "2026-01-02T03:04:05Z", "checked_at": "2026-02-03T00:00:00Z", "sha256": "{sha256}"}}}}}}"#
    )
}

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    load(&LoadOptions {
        rules: vec![folder.path().into()],
        ..LoadOptions::default()
    })
    .unwrap()
}

#[test]
fn a_fetched_list_says_where_it_is_from() {
    let loaded = loaded(&[
        ("a.txt", LIST),
        ("feeds.json", &record(&sha256(LIST))),
        (".lock", ""),
        (".part", "half a li"),
        (".hidden.txt", "c.evil-host.example\n"),
    ]);
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.rules.len(), 2);
    let pack = loaded.rules.packs().next().unwrap();
    assert_eq!(
        (pack.title.as_str(), pack.updated.as_deref()),
        ("The list\\u{1b}", Some("2026-01-02"))
    );
    let fetched = pack.fetched.as_ref().unwrap();
    assert_eq!(fetched.checked, moment("2026-02-03T00:00:00Z"));
    let (_, indicator) = loaded.rules.indicators().next().unwrap();
    let source = &indicator.sources[0];
    assert_eq!(source.publisher.as_deref(), Some("People"));
    assert_eq!(source.url.as_deref(), Some("https://a.example/l"));
    assert_eq!(source.list.as_deref(), Some("https://a.example/l"));
}

#[test]
fn the_date_of_the_list_itself_counts_more() {
    let own = "bellerophon: 1\npack: own\nupdated: 2024-01-02\ngroups:\n  - domains: [a.evil-host.example]\n";
    let loaded = loaded(&[("a.txt", own), ("feeds.json", &record(&sha256(own)))]);
    let pack = loaded.rules.packs().next().unwrap();
    assert_eq!(pack.updated.as_deref(), Some("2024-01-02"));
    assert!(pack.fetched.is_some());
}

#[test]
fn what_was_changed_is_not_what_was_fetched() {
    let loaded = loaded(&[("a.txt", LIST), ("feeds.json", &record(&sha256("other")))]);
    assert_eq!(loaded.rules.len(), 2);
    assert_eq!(loaded.rules.packs().next().unwrap().fetched, None);
    let said = loaded.problems[0].to_string();
    assert!(said.contains("a.txt: it is not the list"), "{said}");
}

#[test]
fn a_record_that_is_none_is_told_and_keeps_nothing_out() {
    for text in ["{", "[\"d.evil-host.example\"]", r#"{"version": 9}"#] {
        let loaded = loaded(&[("a.txt", LIST), ("feeds.json", text)]);
        assert_eq!(loaded.rules.len(), 2);
        let said = loaded.problems[0].to_string();
        assert!(said.contains("feeds.json"), "{said}");
    }
}
