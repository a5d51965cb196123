//! Rule files as users write them: what is refused, what is left out, what is said about it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // it is a test

use std::path::PathBuf;

use bellerophon::names::Kind;
use bellerophon::rules::{Hit, How, IndicatorKind, LoadOptions, Loaded, RulesError, Scope, load};
use tempfile::TempDir;

/// A folder of rule files.
struct Rules(TempDir);

impl Rules {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self
    }

    /// Loads the whole folder.
    fn load(&self) -> Result<Loaded, RulesError> {
        load(&LoadOptions {
            rules: vec![self.0.path().to_owned()],
            packs: Vec::new(),
            ..LoadOptions::default()
        })
    }

    /// Loads single files in this order, with built-in packs.
    fn load_files(&self, files: &[&str], packs: &[&str]) -> Result<Loaded, RulesError> {
        load(&LoadOptions {
            rules: files.iter().map(|f| self.0.path().join(f)).collect(),
            packs: packs.iter().map(ToString::to_string).collect(),
            ..LoadOptions::default()
        })
    }

    /// What was said, with the folder's path cut away.
    fn said(&self, what: impl ToString) -> String {
        what.to_string()
            .replace(&format!("{}/", self.0.path().display()), "")
    }

    fn problems(&self, loaded: &Loaded) -> Vec<String> {
        loaded.problems.iter().map(|p| self.said(p)).collect()
    }
}

fn pack(name: &str, groups: &str) -> String {
    format!("bellerophon: 1\npack: {name}\ngroups:\n{groups}")
}

#[test]
fn defective_entries_are_named_and_the_others_count() {
    let rules = Rules::new().file(
        "a.yaml",
        "\
bellerophon: 1
pack: mine
updated: 18.07.2021
sources:
  report: {title: A report, published: 2021-02-30}
groups:
  - first_published: 2021-13-01
    sources: [reprot]
    domains:
      - good.example
      - bad
      - evil[.]example
      - good.example
      - Good.Example.
      - {name: other.example, expires: soon}
      - 123
      - true
    exact: [host.good.example]
    addresses: [192.0.2.1, 192.0.2.256]
    networks: [192.0.2.0/40]
",
    );
    let loaded = rules.load().unwrap();
    // Three names and an address.
    assert_eq!((loaded.rules.name_count(), loaded.rules.len()), (3, 4));
    let said = rules.problems(&loaded);
    let starts: Vec<&str> = said.iter().map(|s| s.split(": ").next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "a.yaml:3",
            "a.yaml:5",
            "a.yaml:7",
            "a.yaml:8",
            "a.yaml:11",
            "a.yaml:12",
            "a.yaml:13",
            "a.yaml:14",
            "a.yaml:15",
            "a.yaml:16",
            "a.yaml:17",
            "a.yaml:19",
            "a.yaml:20"
        ],
        "{said:#?}"
    );
    for (line, wanted) in [
        (
            0,
            "`18.07.2021` is not a date, so `updated` is ignored: write YYYY-MM-DD",
        ),
        (3, "unknown source `reprot`: did you mean `report`?"),
        (
            4,
            "`bad` has no dot: it would match everything below a top-level domain: left out",
        ),
        (5, "defanged: left out: write `evil.example`"),
        (6, "`good.example` is listed twice"),
        (8, "`soon` is not a date, so `expires` is ignored"),
        (11, "`192.0.2.256` is no IPv4 address"),
        (12, "`192.0.2.0/40`"),
    ] {
        assert!(said[line].contains(wanted), "{line}: {}", said[line]);
    }
}

#[test]
fn all_refused_files_and_all_problems_are_reported() {
    let rules = Rules::new()
        .file("a.yaml", pack("a", "  - domians: [a.example]\n"))
        .file("b.yaml", pack("b", "  - domains: [b.example, nodot]\n"))
        .file("c.yml", "bellerophon: 7\n")
        .file("d.yaml", b"bellerophon: 1\npack: \xff\n")
        .file("e.yaml", "")
        .file("f.yaml", pack("f", "  []\n"))
        .file("g.yaml", pack("Not A Name", "  - domains: [g.example]\n"));
    let error = rules.load().unwrap_err();
    let said = rules.said(&error);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 7, "{said}");
    for (line, wanted) in lines.iter().zip([
        "a.yaml:4:5: groups[0]: unknown key `domians`: did you mean `domains`? allowed: ",
        "c.yml:1: integer `7`, expected schema version 1",
        "d.yaml:2: not UTF-8 at byte offset 21: ",
        "e.yaml: the file is empty: ",
        "f.yaml: the file lists nothing: ",
        "g.yaml:2: `Not A Name` is not a pack name: ",
        "b.yaml:4: `nodot` has no dot",
    ]) {
        assert!(line.starts_with(wanted), "{line}\n  wanted {wanted}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let rules = Rules::new().file("list.bin", [0x1f, 0x8b, 8, 0]);
    let said = rules.said(
        rules
            .load_files(&["none.yaml", "list.bin"], &[])
            .unwrap_err(),
    );
    assert!(
        said.starts_with("none.yaml: cannot read it: No such file"),
        "{said}"
    );
    assert!(said.contains("list.bin: the file is compressed: unpack it first"));
    let said = rules.load().unwrap_err().to_string();
    assert!(said.contains("no rule file in this folder"), "{said}");
}

#[test]
fn only_defects_left_is_an_error() {
    let rules = Rules::new().file("a.yaml", pack("a", "  - domains: [nodot]\n"));
    let said = rules.said(rules.load().unwrap_err());
    assert!(
        said.contains("no rule is left") && said.contains("a.yaml:4: `nodot`"),
        "{said}"
    );
}

#[test]
fn unknown_packs_get_a_suggestion_and_the_list() {
    let said = Rules::new()
        .load_files(&[], &["preditor", "x"])
        .unwrap_err()
        .to_string();
    assert!(said.contains("unknown pack `preditor`: did you mean `predator`? built-in packs: "));
    assert!(said.contains("unknown pack `x`: built-in packs: pegasus, android-campaign-2023, "));
}

#[test]
fn folders_are_read_by_name_and_say_what_they_skip() {
    let rules = Rules::new()
        .file("b.yml", pack("b", "  - domains: [b.example]\n"))
        .file("a.YAML", pack("a", "  - domains: [a.example]\n"))
        .file("README.md", "about")
        .file(".hidden", "")
        .file("iocs.txt", "evil.example\n")
        .file("notes.doc", "evil.example\n");
    std::fs::create_dir(rules.0.path().join("more")).unwrap();
    let loaded = rules.load().unwrap();
    let names: Vec<&str> = loaded.rules.packs().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "iocs"]);
    let said = rules.problems(&loaded);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("more: folders in a folder"), "{said:?}");
    assert!(said[1].starts_with("notes.doc: not a list"), "{said:?}");
}

#[test]
fn rules_replace_the_default_and_packs_are_still_added() {
    let rules = Rules::new().file("a.yaml", pack("a", "  - domains: [a.example]\n"));
    let loaded = rules.load_files(&["a.yaml"], &[]).unwrap();
    assert_eq!(loaded.rules.len(), 1);
    let loaded = rules.load_files(&["a.yaml"], &["candiru"]).unwrap();
    let names: Vec<&str> = loaded.rules.packs().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "candiru"]);
    assert_eq!(loaded.problems, []);
}

#[test]
fn a_name_in_several_packs_is_one_indicator_with_all_sources() {
    let with = |name: &str, source: &str, key: &str| {
        format!(
            "bellerophon: 1\npack: {name}\nsources: {{{source}: {{title: {source}}}}}\n\
             groups:\n  - generation: {name}\n    sources: [{source}]\n    {key}: [evil.example]\n"
        )
    };
    let rules = Rules::new()
        .file("a.yaml", with("first", "s1", "exact"))
        .file("b.yaml", with("second", "s2", "domains"))
        .file("c.yaml", with("third", "s2", "below"));
    let loaded = rules
        .load_files(&["a.yaml", "b.yaml", "c.yaml"], &[])
        .unwrap();
    assert_eq!((loaded.rules.len(), loaded.problems.len()), (1, 0));
    let hit = loaded.rules.match_name(b"x.evil.example").unwrap();
    assert_eq!(hit.how, How::Below);
    let i = loaded.rules.indicator(hit.indicator).unwrap();
    assert_eq!(
        (i.generation.as_deref(), i.scope),
        (Some("first"), Scope::Suffix)
    );
    let sources: Vec<&str> = i.sources.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(sources, ["s1", "s2"]);
    let packs: Vec<usize> = i.also_in.iter().map(|p| p.index()).collect();
    assert_eq!(packs, [1, 2]);
    // A pack that is loaded twice is said, since its attributes count once only.
    let twice = rules.load_files(&["a.yaml", "a.yaml"], &[]).unwrap();
    let said = rules.problems(&twice);
    assert!(
        said[0].starts_with("a.yaml:2: pack `first` is already loaded"),
        "{said:?}"
    );
}

#[test]
fn the_long_form_overrides_the_group() {
    let rules = Rules::new().file(
        "a.yaml",
        "\
bellerophon: 1
pack: a
severity: low
tags: [t]
sources: {one: {title: One}, two: {title: Two}}
groups:
  - generation: g1
    first_published: 2020-01-01
    sources: [one]
    confidence: high
    note: of the group
    below:
      - plain.example
      - name: own.example
        generation: g2
        first_published: 2021-01-01
        sources: [two]
        severity: critical
        confidence: low
        tags: []
        note: its own
        expires: 2030-01-01
",
    );
    let loaded = rules.load().unwrap();
    let hit = |name: &str| {
        let hit = loaded.rules.match_name(name.as_bytes()).unwrap();
        loaded.rules.indicator(hit.indicator).unwrap()
    };
    let seen = |name: &str| {
        let i = hit(name);
        format!(
            "{:?} {:?} {} {} {} {:?} {:?} {:?}",
            i.generation,
            i.first_published,
            i.sources[0].id,
            i.severity.as_str(),
            i.confidence.as_str(),
            i.tags,
            i.note,
            i.expires
        )
    };
    assert_eq!(
        seen("x.plain.example"),
        r#"Some("g1") Some("2020-01-01") one low high ["t"] Some("of the group") None"#
    );
    assert_eq!(
        seen("x.own.example"),
        r#"Some("g2") Some("2021-01-01") two critical low [] Some("its own") Some("2030-01-01")"#
    );
    assert_eq!(loaded.rules.match_name(b"plain.example"), None);
}

#[test]
fn every_kind_of_indicator_is_found() {
    let ja3 = "e7d705a3286e19ea42f587b344ee6865";
    let ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
    let sha1 = "01".repeat(20);
    let sha256 = "AB:".repeat(31) + "AB";
    let rules = Rules::new().file(
        "a.yaml",
        pack(
            "a",
            &format!(
                "  - addresses: [203.0.113.1, '2001:db8::1', '203.0.113.2:443', {{name: 203.0.113.3, \
                 ports: [80, 8080]}}]\n    networks: [198.51.100.0/24]\n    keywords: [evilware]\n    \
                 urls: ['http://shop.example/x?y=1']\n    ja3: [{ja3}]\n    ja4: [{ja4}]\n    \
                 certificates: [{sha1}, '{sha256}', 'serial:00:c0:ff:ee']\n"
            ),
        ),
    );
    let loaded = rules.load().unwrap();
    assert_eq!(rules.problems(&loaded), [""; 0]);
    let rules = loaded.rules;
    let counts = IndicatorKind::ALL.map(|kind| rules.count(kind));
    assert_eq!(counts, [1, 1, 6, 1, 1, 1, 3]);
    let listed = |hit: Option<Hit>| {
        let hit = hit?;
        let indicator = rules.indicator(hit.indicator).unwrap();
        Some(format!("{} {}", hit.how.as_str(), indicator.name))
    };
    let address = |text: &str, port| listed(rules.match_address(text.parse().unwrap(), port));
    assert_eq!(address("203.0.113.1", 7).unwrap(), "address 203.0.113.1");
    assert_eq!(address("2001:db8::1", 7).unwrap(), "address 2001:db8::1");
    assert_eq!(
        address("203.0.113.2", 443).unwrap(),
        "address 203.0.113.2:443"
    );
    assert_eq!(address("203.0.113.2", 80), None);
    assert_eq!(
        address("203.0.113.3", 8080).unwrap(),
        "address 203.0.113.3:8080"
    );
    assert_eq!(
        address("198.51.100.77", 1).unwrap(),
        "address 198.51.100.0/24"
    );
    let name = |text: &str| listed(rules.match_name(text.as_bytes()));
    assert_eq!(name("my-evilware.example").unwrap(), "holds evilware");
    assert_eq!(name("shop.example").unwrap(), "exact shop.example");
    assert_eq!(name("www.shop.example"), None);
    assert_eq!(
        listed(rules.match_url(b"SHOP.example", b"/x?y=1")).unwrap(),
        "url http://shop.example/x?y=1"
    );
    assert_eq!(rules.match_url(b"shop.example", b"/other"), None);
    let hex = |text: &str| -> Vec<u8> {
        let digits = text.replace(':', "");
        let pairs = digits.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let taken = <[u8; 16]>::try_from(&hex(ja3)[..]).unwrap();
    assert_eq!(
        listed(rules.match_fingerprint(Kind::Ja3, &taken)).unwrap(),
        format!("fingerprint {ja3}")
    );
    let taken = <[u8; 36]>::try_from(ja4.as_bytes()).unwrap();
    assert_eq!(
        listed(rules.match_fingerprint(Kind::Ja4, &taken)).unwrap(),
        format!("fingerprint {ja4}")
    );
    let print = |kind, bytes: &[u8]| listed(rules.match_fingerprint(kind, bytes));
    assert_eq!(
        print(Kind::X509Sha1, &[1; 20]).unwrap(),
        format!("fingerprint {sha1}")
    );
    assert!(
        print(Kind::X509Sha256, &[0xab; 32])
            .unwrap()
            .ends_with(&"ab".repeat(32))
    );
    assert_eq!(
        print(Kind::X509Serial, &[0xc0, 0xff, 0xee]).unwrap(),
        "fingerprint serial:c0ffee"
    );
    assert_eq!(print(Kind::X509Serial, &[0xc0]), None);
}

#[test]
fn order_of_options_is_order_of_packs_and_nothing_else_changes() {
    let rules = Rules::new()
        .file("a.yaml", pack("a", "  - domains: [b.example, a.example]\n"))
        .file("b.yaml", pack("b", "  - exact: [x.a.example]\n"));
    for files in [["a.yaml", "b.yaml"], ["b.yaml", "a.yaml"]] {
        let loaded = rules.load_files(&files, &[]).unwrap();
        let name = |asked: &[u8]| {
            let hit = loaded.rules.match_name(asked).unwrap();
            loaded.rules.indicator(hit.indicator).unwrap().name
        };
        assert_eq!(name(b"x.a.example"), "x.a.example");
        assert_eq!(name(b"y.x.a.example"), "a.example");
        assert_eq!(name(b"b.example"), "b.example");
    }
}

#[test]
fn a_pipe_without_an_extension_is_yaml() {
    let rules = Rules::new().file("rules", pack("a", "  - domains: [a.example]\n"));
    assert_eq!(rules.load_files(&["rules"], &[]).unwrap().rules.len(), 1);
    let none = LoadOptions {
        rules: vec![PathBuf::from("/dev/null")],
        packs: Vec::new(),
        ..LoadOptions::default()
    };
    assert!(
        load(&none)
            .unwrap_err()
            .to_string()
            .contains("the file is empty")
    );
}
