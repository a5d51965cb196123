use proptest::prelude::*;

use super::*;

const RAW: &str = "https://raw.example";

fn lists(text: &str) -> Vec<Entry> {
    parse(text.as_bytes(), RAW).unwrap()
}

fn list(text: &str) -> Listed {
    match lists(text).remove(0) {
        Entry::List(listed) => *listed,
        Entry::Refused { why, .. } => panic!("{why}"),
    }
}

fn why(entry: &str) -> String {
    match lists(&format!("indicators:\n  - {entry}\n")).remove(0) {
        Entry::List(listed) => panic!("{listed:?}"),
        Entry::Refused { why, .. } => why,
    }
}

#[test]
fn both_kinds_of_entries() {
    let text = "
some_new_key: {a: [1, 2]}
indicators:
  -
    type: github
    name: Wing & Hoof Indicators
    sources:
      - Somebody
    github:
      owner: Some
      repo: investigations
      branch: master
      path: 2021-01-02_wing/Wing.stix2
      since: 2020
  - type: download
    name: \"*stars*\"
    download_url: https://lists.example:8443/a/b.json
";
    let entries = lists(text);
    assert_eq!(entries.len(), 2);
    let Entry::List(first) = &entries[0] else {
        panic!("{entries:?}");
    };
    assert_eq!(first.title, "Wing & Hoof Indicators");
    assert_eq!(
        first.name.as_str(),
        "some-investigations-2021-01-02_wing-wing.stix2"
    );
    assert_eq!(
        first.address.to_string(),
        "https://raw.example/Some/investigations/master/2021-01-02_wing/Wing.stix2"
    );
    assert_eq!(first.path, ["2021-01-02_wing", "Wing.stix2"]);
    assert_eq!(first.before, ["Some", "investigations"]);
    let Entry::List(second) = &entries[1] else {
        panic!("{entries:?}");
    };
    assert_eq!(second.name.as_str(), "lists.example-a-b.json");
    assert_eq!(second.path, ["a", "b.json"]);
    assert_eq!(second.before, ["lists.example"]);
}

#[test]
fn the_branch_may_be_left_out_and_renamed() {
    let with = |branch| {
        list(&format!(
            "indicators: [{{type: github, github: {{owner: o, repo: r, {branch}path: a/b.txt}}}}]"
        ))
    };
    let (main, other) = (with(""), with("branch: dev/x, "));
    assert_eq!(
        main.address.to_string(),
        "https://raw.example/o/r/main/a/b.txt"
    );
    assert_eq!(
        other.address.to_string(),
        "https://raw.example/o/r/dev/x/a/b.txt"
    );
    assert_eq!(main.name, other.name);
}

#[test]
fn entries_that_lead_elsewhere_are_refused_alone() {
    for entry in [
        "{type: github, github: {owner: o, repo: r, path: ../../../etc/passwd}}",
        "{type: github, github: {owner: .., repo: r, path: a}}",
        "{type: github, github: {owner: o/p, repo: r, path: a}}",
        "{type: github, github: {owner: o, repo: r, branch: .., path: a}}",
        "{type: github, github: {owner: o, repo: r, path: a//b}}",
        "{type: github, github: {owner: o, repo: r, path: 'a?b'}}",
        "{type: github, github: {owner: o, repo: r, path: 'a#b'}}",
        "{type: github, github: {owner: o, repo: r, path: 'a%2e%2e/b'}}",
        "{type: github, github: {owner: o, repo: r, path: \"a\\nb\"}}",
        "{type: github, github: {owner: '', repo: r, path: a}}",
        "{download_url: 'http://lists.example/a'}",
        "{download_url: 'file:///etc/passwd'}",
        "{download_url: 'https://me:pw@lists.example/a'}",
        "{download_url: 'https://lists.example/a/../../b'}",
        "{download_url: 'https://lists.example/'}",
        "{type: github}",
        "{type: torrent, name: x}",
        "words",
        "{github: words}",
        "[]",
    ] {
        let text =
            format!("indicators:\n  - {entry}\n  - download_url: https://lists.example/good.txt\n");
        let entries = lists(&text);
        assert!(matches!(entries[0], Entry::Refused { .. }), "{entry}");
        assert!(matches!(entries[1], Entry::List(_)), "{entry}");
    }
    assert!(why("{download_url: 'http://lists.example/a'}").contains("use https"));
    assert!(why("{type: torrent, name: x}").contains("torrent"));
}

#[test]
fn the_first_of_two_with_one_file_counts() {
    let text = "indicators:
- download_url: https://a.example/x-y.txt
- download_url: https://a.example/x/y.txt
";
    let entries = lists(text);
    assert!(matches!(entries[0], Entry::List(_)));
    assert!(matches!(&entries[1], Entry::Refused { why, .. } if why.contains("a.example-x-y.txt")));
}

#[test]
fn what_is_no_index_is_refused_as_a_whole() {
    for text in [
        "",
        "indicators: []",
        "indicators: 7",
        "a: b",
        "<html>",
        "\u{0}",
        "indicators: [a: b: c]",
        "x: &anchor [1]\nindicators: [*anchor]\n",
        "indicators:\n- &a {name: b}\n- *a\n",
    ] {
        assert!(parse(text.as_bytes(), RAW).is_err(), "{text:?}");
    }
    assert!(parse(b"\xff\xfe", RAW).is_err());
    let deep = format!("indicators: {}", "[".repeat(100_000));
    assert!(
        parse(deep.as_bytes(), RAW)
            .unwrap_err()
            .contains("brackets")
    );
    let long = format!("indicators:\n{}", "- name: x\n".repeat(300));
    assert!(
        parse(long.as_bytes(), RAW)
            .unwrap_err()
            .contains("more than 256")
    );
    let large = "#".repeat(300_000);
    assert!(parse(large.as_bytes(), RAW).unwrap_err().contains("larger"));
}

#[test]
fn titles_are_made_harmless() {
    let listed = list("indicators:\n- name: \"a\\e[2Jb\"\n  download_url: https://a.example/x\n");
    assert_eq!(listed.title, "a\\u{1b}[2Jb");
}

proptest! {
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes, RAW);
    }

    #[test]
    fn every_name_stays_in_the_folder(path in "[ -~]{1,60}", owner in "[ -~]{1,20}") {
        let text = serde_json::json!({
            "indicators": [{"type": "github", "github": {"owner": owner, "repo": "r", "path": path}}]
        });
        // JSON is YAML.
        if let Ok(entries) = parse(text.to_string().as_bytes(), RAW) {
            for entry in entries {
                if let Entry::List(listed) = entry {
                    let name = listed.name.as_str();
                    prop_assert!(!name.contains('/') && !name.starts_with('.'));
                    prop_assert!(listed.address.to_string().starts_with("https://raw.example/"));
                    prop_assert!(!listed.address.to_string().contains(".."), "{}", listed.address);
                }
            }
        }
    }
}
