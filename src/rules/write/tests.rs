//! Whatever is loaded and written loads again to the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::rules::{LoadOptions, Loaded, load};

fn loaded(texts: &[(&str, &[u8])], force: &[&str]) -> Option<(Loaded, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let rules: Vec<PathBuf> = texts
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    let force = force.iter().map(|entry| (*entry).to_owned()).collect();
    let options = LoadOptions {
        rules,
        force,
        ..LoadOptions::default()
    };
    Some((load(&options).ok()?, folder))
}

fn heading() -> Heading {
    Heading {
        pack: "imported".into(),
        title: Some("A \"title\": with & *signs [and { brackets".into()),
        remarks: vec!["a & *b [c".into(), "\u{1b}[2Jx\ny".into()],
        ..Heading::default()
    }
}

fn written(rules: &RuleSet) -> String {
    let mut out = Vec::new();
    write_pack(rules, &heading(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Everything but packs and the keys of sources.
fn told(rules: &RuleSet) -> BTreeMap<(IndicatorKind, String), String> {
    rules
        .indicators()
        .map(|(_, i)| {
            let sources: Vec<Source> = i
                .sources
                .iter()
                .map(|source| Source {
                    id: String::new(),
                    ..(**source).clone()
                })
                .collect();
            let told = format!(
                "{:?}",
                (
                    (
                        i.scope,
                        i.resolved,
                        &i.threat,
                        &i.generation,
                        &i.first_published
                    ),
                    (sources, i.severity, i.confidence, &i.tags, &i.references),
                    (&i.note, &i.expires),
                )
            );
            ((i.kind, i.name.to_owned()), told)
        })
        .collect()
}

#[track_caller]
fn comes_back(rules: &RuleSet) -> String {
    let text = written(rules);
    let (again, _folder) = loaded(&[("again.yaml", text.as_bytes())], &[]).expect(&text);
    assert_eq!(again.problems, [], "{text}");
    assert_eq!(told(&again.rules), told(rules), "{text}");
    assert_eq!(
        written(&again.rules),
        text,
        "not the same bytes the second time"
    );
    text
}

const OWN: &str = r#"
bellerophon: 1
pack: own
sources:
  a: {title: "One: [x", publisher: P, published: 2024-01-02, url: "https://lab.example/?a=1&b=*c", list: l}
  b: {title: Two}
groups:
  - generation: v4
    severity: low
    confidence: high
    threat: T
    sources: [b, a]
    tags: [one, "two, three"]
    references: ["https://a.example/x"]
    note: "line\nbreak \x26x \x2ay {{{{{{{{{{{{"
    expires: 2030-01-02
    domains: [evil.example, "1e5.e3", "-a.example", {name: o.example, note: own}, {name: google.com, force: true}]
    exact: [host.example]
    below: [gate.example]
    keywords: [evilkeyword]
    addresses: [192.0.2.1, {name: 192.0.2.7, ports: [443, 80]}, {name: 10.0.0.1, force: true}]
    networks: [198.51.100.0/24, "2001:db8::/32"]
    urls: ["https://evil.example/x?y=1", "http://192.0.2.9/z"]
    ja3: [e7d705a3286e19ea42f587b344ee6865]
    ja4: [t13d1516h2_8daaf6152771_02713d6af862]
    certificates: ["serial:0a0b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
  - severity: critical
    domains: [x.evil.example]
    exact: [shared.example]
  - urls: ["http://shared.example/bad", "http://www.google.com/bad"]
    sources: [a]
history:
  - seen: 2018-08-01
    addresses: {evil.example: [192.0.2.5, "2001:db8::5"], host.example: [192.0.2.6]}
  - addresses: {evil.example: [192.0.2.8]}
"#;

#[test]
fn everything_that_the_schema_has_comes_back() {
    let (own, _folder) = loaded(&[("own.yaml", OWN.as_bytes())], &[]).unwrap();
    assert_eq!(own.problems, []);
    let text = comes_back(&own.rules);
    for piece in [
        "      - evil.example\n",
        "      - \"1e5.e3\"\n",
        "{name: \"google.com\", force: true}",
        "{name: \"10.0.0.1\", force: true}",
        "pack: \"imported\"",
    ] {
        assert!(text.contains(piece), "no {piece:?} in {text}");
    }
}

#[test]
fn several_lists_come_back_as_one() {
    let stix = br#"{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1","spec_version":"2.1",
        "name":"n","description":"d","pattern":"[domain-name:value='a.example'] OR [ipv4-addr:value='192.0.2.1']",
        "pattern_type":"stix","valid_from":"2024-01-01T00:00:00Z","valid_until":"2030-01-01T00:00:00Z","labels":["x"]}]}"#;
    let csv = b"domain,description,date\nb.example,first,2024-01-02\na.example,second,2024-01-03\n";
    let files: [(&str, &[u8]); 4] = [
        ("a.stix2", stix),
        ("b.csv", csv),
        (
            "c.txt",
            b"a.example\nc.example\nhttp://d.example/x\ngoogle.com\n",
        ),
        ("c.yaml", OWN.as_bytes()),
    ];
    let (many, _folder) = loaded(&files, &["google.com"]).unwrap();
    assert!(many.rules.named("google.com").is_some());
    comes_back(&many.rules);
}

#[test]
fn the_packs_of_the_program_come_back() {
    let options = LoadOptions {
        packs: vec!["all".into()],
        ..LoadOptions::default()
    };
    comes_back(&load(&options).unwrap().rules);
}

#[test]
fn the_heading_is_read_as_it_was_given() {
    let (own, _folder) = loaded(&[("own.txt", b"a.example\n")], &[]).unwrap();
    let text = written(&own.rules);
    let (again, _folder) = loaded(&[("again.dat", text.as_bytes())], &[]).unwrap();
    let pack = again.rules.packs().next().unwrap();
    assert_eq!(
        (pack.name.as_str(), pack.format),
        ("imported", "bellerophon")
    );
    assert_eq!(Some(&pack.title), heading().title.as_ref());
    assert!(
        text.starts_with("# a + +b (c\n# ?(2Jx?y\n\nbellerophon: 1\n"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back(text in "\\PC{0,30}|[ \\[\\]{}&*a\\n\"'\\\\:#-]{0,40}|.{0,30}") {
        let yaml = format!("x: {}\n", quoted(&text));
        let map: BTreeMap<String, String> = serde_yaml::from_str(&yaml).expect(&yaml);
        prop_assert_eq!(map.get("x"), Some(&text), "{}", yaml);
    }

    #[test]
    fn any_list_comes_back(
        lines in proptest::collection::vec(prop_oneof![
            4 => "[a-e0-9]{1,4}(\\.[a-e0-9]{1,4}){0,2}",
            2 => "(192|8|10)\\.0\\.[0-9]\\.[0-9](:80)?",
            2 => "https?://[a-c]\\.example/[a-c]{0,2}",
            1 => "google.com|co.uk|# [a-z]",
        ], 1..20),
        force in any::<bool>(),
    ) {
        let forced: Vec<&str> = if force { lines.iter().map(String::as_str).collect() } else { Vec::new() };
        let text = lines.join("\n");
        if let Some((list, _folder)) = loaded(&[("list.txt", text.as_bytes())], &forced)
            && !list.rules.is_empty()
        {
            comes_back(&list.rules);
        }
    }
}
