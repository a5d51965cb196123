use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::{Kept, Kind};

const HEAD: &str = "# Copyright (c) 2014-2026 Maltrail developers (https://maltrail.example/)\n# See the file 'LICENSE' for copying permission\n\n";

fn read_all(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(format!("{HEAD}{text}").as_bytes(), &mut kept).unwrap();
    kept
}

#[test]
fn trails_of_all_kinds() {
    let kept = read_all(
        "evil.example\nevil.example/gate.php\nhttp://192.0.2.1/x.sh\n192.0.2.1\n192.0.2.1:8080\n192.0.2.0/24\n/panel/admin.php\n?id=1\n(?i)bot\nAgent 1.0\nSpider\n[0-9]{2,3}\\.ru\nme@evil.example\n",
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "evil.example"),
            (Kind::Url, "evil.example/gate.php"),
            (Kind::Url, "http://192.0.2.1/x.sh"),
            (Kind::Address, "192.0.2.1"),
            (Kind::Address, "192.0.2.1:8080"),
            (Kind::Address, "192.0.2.0/24"),
        ]
    );
    let asides: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    assert_eq!(
        asides,
        [
            "URL paths without a host",
            "URL queries without a host",
            "user agents",
            "user agents",
            "user agents",
            "patterns of names",
            "e-mail addresses",
        ]
    );
    assert!(kept.defects.is_empty());
}

#[test]
fn comments_apply_to_the_entries_below() {
    let kept = read_all(
        "# Aliases: one, two\n\n# Reference: https://lab.example/a (Korean)\n# Reference: https://lab.example/b\n\na.example\nb.example # sinkholed\n# 192.0.2.9:443\nc.example\n\n# Refecerence: https://lab.example/c\n# Aliases: three\n\nd.example\n\n# Generic\n\ne.example\n",
    );
    let facts: Vec<_> = kept
        .entries
        .iter()
        .map(|(_, _, name, facts)| {
            (
                name.as_str(),
                facts.references.len(),
                facts.tags.join(" "),
                facts.note.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("a.example", 2, "one two".into(), None),
            ("b.example", 2, "one two".into(), Some("sinkholed")),
            ("c.example", 2, "one two".into(), None),
            ("d.example", 1, "one two three".into(), None),
            ("e.example", 0, "one two".into(), None),
        ]
    );
    assert_eq!(kept.entries[0].3.references[0], "https://lab.example/a");
    assert_eq!(
        kept.asides,
        [(11, "entries that are commented out", "192.0.2.9:443".into())]
    );
}

#[test]
fn only_files_that_say_so_are_trails() {
    assert!(is(HEAD.as_bytes()));
    assert!(is(format!("{HEAD}evil.example\n").as_bytes()));
    for text in [
        "",
        "# Reference: https://maltrail.example\nevil.example",
        "evil.example # copyright maltrail",
        "{\"#\": \"copyright maltrail\"}",
    ] {
        assert!(!is(text.as_bytes()), "{text}");
    }
}

#[test]
fn the_list_of_trusted_names_is_refused() {
    let mut kept = Kept::default();
    let text = format!("{HEAD}localhost\n127.0.0.1\nsearch.example\n");
    assert_eq!(read(text.as_bytes(), &mut kept).unwrap_err().line, Some(4));
    assert_eq!(kept, Kept::default());
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        groups in prop::collection::vec((1..100_u32, prop::collection::vec("[a-z]{1,8}\\.example", 1..6)), 1..8),
    ) {
        let text: String = groups
            .iter()
            .map(|(n, names)| format!("# Reference: https://lab.example/{n}\n\n{}\n\n", names.join("\n")))
            .collect();
        let kept = read_all(&text);
        let written: Vec<_> = groups
            .iter()
            .flat_map(|(n, names)| names.iter().map(move |name| (name.clone(), format!("https://lab.example/{n}"))))
            .collect();
        let read: Vec<_> = kept
            .entries
            .iter()
            .map(|(_, _, name, facts)| (name.clone(), facts.references[0].clone()))
            .collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn every_line_is_accounted_for(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = is(&text);
        let mut kept = Kept::default();
        read(&text, &mut kept).unwrap();
        for (number, line) in Lines::new(&text) {
            if matches!(line, Line::Text(text) if text.is_empty() || text.starts_with('#')) {
                continue;
            }
            let entries = kept.entries.iter().map(|(line, ..)| *line);
            let asides = kept.asides.iter().map(|(line, ..)| *line);
            let defects = kept.defects.iter().map(|(line, _)| *line);
            let all = entries.chain(asides).chain(defects);
            let sum = all.filter(|line| *line == number).count();
            prop_assert_eq!(sum, 1);
        }
    }
}
