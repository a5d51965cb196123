//! Tests of allow lists.

use std::net::IpAddr;

use super::*;

const DAY: i64 = 20_785; // 2026-11-28

fn read(entries: &str) -> Result<Allow, Vec<String>> {
    let text = format!("bellerophon-allow: 1\nentries:\n{entries}");
    let read = Allow::read("f.yaml", text.as_bytes());
    read.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn name(name: &str) -> Asked<'_> {
    Asked {
        seen: Seen::Name { name, server: None },
        indicator: "evil.example",
        client: None,
        packs: &["pegasus"],
        day: DAY,
    }
}

fn address(text: &str) -> Asked<'_> {
    Asked {
        seen: Seen::Address(ip(text)),
        indicator: text,
        ..name("")
    }
}

#[test]
fn names_are_allowed_by_scope() {
    let allow = |key: &str| read(&format!("- {{{key}: Evil.Example., reason: r}}\n")).unwrap();
    for (key, seen, want) in [
        ("name", "evil.example", true),
        ("name", "EVIL.example.", true),
        ("name", "x.y.evil.example", true),
        ("name", "notevil.example", false),
        ("name", "evil.example.org", false),
        ("name", "example", false),
        ("name", r"x\.evil.example", false),
        ("name", r"x\\.evil.example", true),
        ("name", ".evil.example", false),
        ("exact", "evil.example", true),
        ("exact", "x.evil.example", false),
        ("below", "evil.example", false),
        ("below", "x.evil.example", true),
    ] {
        let found = allow(key).find(&name(seen)).is_some();
        assert_eq!(found, want, "{key} {seen}");
    }
}

#[test]
fn names_may_be_written_in_any_script() {
    let allow = read("- {name: bücher。example, reason: r}\n").unwrap();
    assert!(allow.find(&name("www.xn--bcher-kva.example")).is_some());
}

#[test]
fn addresses_are_allowed_and_never_silence_a_name() {
    let allow = read("- {address: 192.0.2.0/24, reason: r}\n").unwrap();
    assert!(allow.find(&address("192.0.2.9")).is_some());
    assert!(allow.find(&address("::ffff:192.0.2.9")).is_some());
    assert!(allow.find(&address("192.0.3.9")).is_none());
    let seen = Seen::Name {
        name: "evil.example",
        server: Some(ip("192.0.2.9")),
    };
    assert!(allow.find(&Asked { seen, ..name("") }).is_none());
}

#[test]
fn a_name_at_an_address_needs_both() {
    let allow = read("- {name: evil.example, address: 2001:db8::/64, reason: r}\n").unwrap();
    for (server, want) in [
        (Some("2001:db8::1"), true),
        (Some("2001:db8:1::1"), false),
        (None, false),
    ] {
        let seen = Seen::Name {
            name: "evil.example",
            server: server.map(ip),
        };
        let found = allow.find(&Asked { seen, ..name("") });
        assert_eq!(found.is_some(), want, "{server:?}");
    }
    assert!(allow.find(&address("2001:db8::1")).is_none());
}

#[test]
fn clients_packs_and_indicators_narrow_it() {
    let allow = read(
        "- name: evil.example\n  client: [10.0.0.0/8, '2001:db8::7']\n  pack: [pegasus, mine]\n  indicator: EVIL.example\n  reason: r\n",
    )
    .unwrap();
    let good = Asked {
        client: Some(ip("10.1.2.3")),
        ..name("evil.example")
    };
    assert!(allow.find(&good).is_some());
    for (what, asked, want) in [
        (
            "no client",
            Asked {
                client: None,
                ..good
            },
            false,
        ),
        (
            "other",
            Asked {
                client: Some(ip("192.0.2.1")),
                ..good
            },
            false,
        ),
        (
            "IPv6",
            Asked {
                client: Some(ip("2001:db8::7")),
                ..good
            },
            true,
        ),
        (
            "both packs",
            Asked {
                packs: &["mine", "pegasus"],
                ..good
            },
            true,
        ),
        (
            "another too",
            Asked {
                packs: &["pegasus", "predator"],
                ..good
            },
            false,
        ),
        ("no pack", Asked { packs: &[], ..good }, false),
        (
            "indicator",
            Asked {
                indicator: "x.evil.example",
                ..good
            },
            false,
        ),
    ] {
        assert_eq!(allow.find(&asked).is_some(), want, "{what}");
    }
}

#[test]
fn all_clients_is_no_restriction() {
    let allow = read("- {name: evil.example, client: 0.0.0.0/0, reason: r}\n").unwrap();
    let client = Some(ip("10.0.0.1"));
    let asked = Asked {
        client,
        ..name("evil.example")
    };
    assert!(allow.find(&asked).is_some());
}

#[test]
fn expired_entries_allow_nothing_and_are_listed() {
    let allow = read(
        "- {name: a.example, reason: r, expires: 2026-11-27}\n- {name: a.example, reason: s, expires: 2026-11-28}\n- {name: b.example, reason: t}\n",
    )
    .unwrap();
    assert_eq!(allow.find(&name("a.example")).map(Entry::number), Some(2));
    let later = Asked {
        day: DAY + 1,
        ..name("a.example")
    };
    assert!(allow.find(&later).is_none());
    let expired = |day| allow.expired(day).map(Entry::number).collect::<Vec<_>>();
    assert_eq!(expired(DAY - 1), [0; 0]);
    assert_eq!(expired(DAY), [1]);
    assert_eq!(expired(DAY + 1), [1, 2]);
    assert_eq!(allow.entries().len(), 3);
}

#[test]
fn entries_are_shown_on_one_line() {
    let allow = read(
        "- reason: |\n    our\n    own\n  name: x.example\n  address: 192.0.2.0/24\n  client: 10.0.0.0/8\n  pack: pegasus\n  expires: 2027-01-31\n  added: 2026-11-28\n  by: \"n\\e\"\n- exact: y.example\n  reason: r\n",
    )
    .unwrap();
    let shown: Vec<String> = allow.entries().iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "entry 1 (line 6): x.example and below, address 192.0.2.0/24, clients 10.0.0.0/8, packs pegasus, until 2027-01-31, by n\\u{1b}: our\\nown",
            "entry 2 (line 13): exactly y.example: r",
        ]
    );
    let first = &allow.entries()[0];
    assert_eq!(first.expires(), Some("2027-01-31"));
    assert_eq!(first.added(), Some("2026-11-28"));
    assert_eq!(first.packs(), ["pegasus"]);
}

#[test]
fn defects_name_line_and_remedy() {
    for (entries, wanted) in [
        (
            "- {name: example, reason: r}",
            "f.yaml:3: `example` has no dot",
        ),
        (
            "- {name: 'http://a.example/', reason: r}",
            "give its host name: `a.example`",
        ),
        (
            "- {name: 'a b.example', reason: r}",
            "f.yaml:3: `a b.example` holds ` `",
        ),
        (
            "- {name: 'ü/x.example', reason: r}",
            "f.yaml:3: `ü/x.example` is no domain name",
        ),
        (
            "- name: a.example\n",
            "f.yaml:3: entry 1 has no reason: add `reason:`",
        ),
        (
            "- {name: a.example, reason: '  '}",
            "f.yaml:3: entry 1 has no reason",
        ),
        (
            "- {name: a.b, reason: r}\n- reason: q\n",
            "f.yaml:4: entry 2 has neither a name nor an address",
        ),
        (
            "- {name: a.b, exact: c.d, reason: r}",
            "entry 1 has more than one of `name`",
        ),
        (
            "- {address: 192.0.2.1/24, reason: r}",
            "f.yaml:3: `192.0.2.1/24` has bits behind its prefix: write `192.0.2.0/24`",
        ),
        (
            "- {address: 0.0.0.0/0, reason: r}",
            "f.yaml:3: `0.0.0.0/0` would silence",
        ),
        (
            "- {address: '::/0', reason: r}",
            "write a network of /16 or smaller",
        ),
        (
            "- {name: a.b, reason: r, client: me}",
            "f.yaml:3: `me` is neither an address nor a network",
        ),
        (
            "- {name: a.b, reason: r, client: []}",
            "`client` of entry 1 is an empty list",
        ),
        (
            "- {name: a.b, reason: r, pack: []}",
            "`pack` of entry 1 is an empty list: remove the key",
        ),
        (
            "- name: a.b\n  reason: r\n  expires: soon",
            "f.yaml:5: `soon` is not a date, as `expires` is: write YYYY-MM-DD",
        ),
        (
            "- name: a.b\n  reason: r\n  added: 2026-02-30",
            "f.yaml:5: `2026-02-30` is not a date",
        ),
        (
            "- {nmae: a.b}",
            "f.yaml:3:4: entries[0]: unknown key `nmae`: did you mean `name`? allowed: name, exact",
        ),
        (
            "- {name: a.b, name: c.d}",
            "entries[0]: the key `name` stands twice: remove one",
        ),
        ("- {name: a.b, reason: }", "entry 1 has no reason"),
        (
            "- {name: a.b, client: 7}",
            "expected a text, or a list of texts: put the value in quotes",
        ),
        (
            "- a.example",
            "f.yaml:3:3: entries[0]: invalid type: string",
        ),
        (
            "  name: a.example",
            "f.yaml:3:3: entries: invalid type: map, expected a list of entries",
        ),
        ("\t- x", "f.yaml:3"),
        ("- {name: a.b, reason: a: b}", "not valid YAML"),
    ] {
        let got = read(entries).unwrap_err();
        assert!(
            got.iter().any(|p| p.contains(wanted)),
            "{entries}\n  gave   {got:?}\n  wanted {wanted}"
        );
    }
}

#[test]
fn all_defects_are_said_at_once() {
    let got =
        read("- {name: example, client: me, expires: soon}\n- name: b.example\n  reason: ''\n");
    assert_eq!(got.unwrap_err().len(), 5);
}

#[test]
fn files_that_are_no_allow_list_are_refused() {
    for (text, wanted) in [
        (
            &b""[..],
            "f.yaml: the file is empty: begin it with `bellerophon-allow: 1`",
        ),
        (b"# x\n\n", "the file is empty"),
        (
            b"entries: []\n",
            "the key `bellerophon-allow` is missing: begin the file with",
        ),
        (
            b"bellerophon-allow: 1\n",
            "the key `entries` is missing: add it",
        ),
        (
            b"# x\nbellerophon-allow: 2\nentries: []\n",
            "f.yaml:2: integer `2`, expected schema version 1",
        ),
        (
            b"bellerophon: 1\npack: p\n",
            "f.yaml:1:1: unknown key `bellerophon`",
        ),
        (
            b"bellerophon-allow: 1\nentries: # \xff\n",
            "f.yaml:2: the file is not UTF-8",
        ),
        (
            b"bellerophon-allow: 1\nentries: []\n---\n",
            "not valid YAML",
        ),
    ] {
        let got = Allow::read("f.yaml", text).unwrap_err();
        assert_eq!(got.len(), 1);
        let got = got[0].to_string();
        assert!(got.contains(wanted), "{got}\n  wanted {wanted}");
    }
    assert!(Allow::read("f", b"\xef\xbb\xbfbellerophon-allow: 1\nentries: []\n").is_ok());
}

#[test]
fn hostile_files_are_refused() {
    let big = vec![b' '; (1 << 20) + 1];
    assert!(
        Allow::read("f", &big).unwrap_err()[0]
            .what
            .contains("over 1048576")
    );
    let many = "- {name: a.b, reason: r}\n".repeat(10_001);
    assert!(read(&many).unwrap_err()[0].contains("more than 10000"));
    assert!(read(&"[".repeat(1_000_000)).unwrap_err()[0].contains("brackets"));
    assert!(read(&"- ".repeat(400_000)).unwrap_err()[0].contains("items"));
    let long = "x".repeat(3_000);
    assert!(
        read(&format!("- {{name: a.b, reason: {long}}}")).unwrap_err()[0].contains("3000 bytes")
    );
    // A hundred million texts by alias.
    let list = vec!["10.0.0.1"; 10_000].join(", ");
    let mut aliases = format!("- {{name: a.b, reason: r, client: &c [{list}]}}\n");
    aliases.push_str(&"- {name: a.b, reason: r, client: *c}\n".repeat(9_000));
    assert!(read(&aliases).unwrap_err()[0].contains("more than 100 items"));
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in ".{0,200}", entries in "([-{}\\[\\]:,a-z. \n]|name: |reason: |client: ){0,60}") {
        let _ = Allow::read("f", text.as_bytes());
        let _ = read(&entries);
    }

    #[test]
    fn what_is_listed_is_found(
        entries in proptest::collection::vec(("[a-z]{1,8}\\.example", 0_usize..3, proptest::option::of(20_000_i64..21_000)), 1..20),
        asked in "([a-z]\\.)?[a-z]{1,8}\\.example",
    ) {
        let mut text = String::new();
        for (name, scope, _) in &entries {
            text.push_str(&format!("- {}: {name}\n  reason: r\n", ["name", "exact", "below"][*scope]));
        }
        let allow = read(&text).unwrap();
        for asked in entries.iter().map(|e| e.0.clone()).chain([asked]) {
            let want = entries.iter().position(|(name, scope, _)| {
                let same = *name == asked;
                let below = asked.ends_with(&format!(".{name}"));
                match scope { 0 => same || below, 1 => same, _ => below }
            });
            let found = allow.find(&name(&asked)).map(Entry::number);
            proptest::prop_assert_eq!(found, want.map(|at| at.saturating_add(1)));
        }
    }
}
