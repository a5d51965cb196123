use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

#[test]
fn zones_that_are_blocked_are_domains() {
    let types = [
        "deny",
        "refuse",
        "static",
        "redirect",
        "inform",
        "inform_deny",
        "inform_redirect",
        "always_refuse",
        "always_nxdomain",
        "always_nodata",
        "always_deny",
        "always_null",
    ];
    let mut text = String::from("# Title: Bad names\nserver:\n");
    for kind in types {
        text.push_str(&format!("\tlocal-zone: \"{kind}.example.\" {kind} # why\n"));
    }
    let kept = kept(text.as_bytes());
    let names: Vec<_> = types
        .iter()
        .map(|kind| format!("{kind}.example."))
        .collect();
    let expected: Vec<_> = names
        .iter()
        .map(|name| (Kind::Domain, name.as_str()))
        .collect();
    assert_eq!(kept.listed(), expected);
    assert_eq!(kept.entries[0].0, 3);
    assert_eq!(kept.asides, [(2, "options", "server:".into())]);
    assert_eq!(kept.about.title.as_deref(), Some("Bad names"));
}

#[test]
fn the_ways_to_write_a_zone() {
    let kept = kept(
        b"local-zone: a.example refuse\n\
        local-zone: 'b.example' \"refuse\"\n\
        local-zone:\"c.example\" refuse\n\
        local-zone: \"*.d.example\" refuse\n\
        local-zone: \"e.example\" redirect local-data: \"e.example A 0.0.0.0\" local-zone: f.example deny\n",
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Domain, "a.example"),
            (Kind::Domain, "b.example"),
            (Kind::Domain, "c.example"),
            (Kind::Below, "d.example"),
            (Kind::Domain, "e.example"),
            (Kind::Domain, "f.example")
        ]
    );
    assert_eq!(
        kept.asides,
        [(
            5,
            "data of zones that are listed",
            "e.example A 0.0.0.0".into()
        )]
    );
}

#[test]
fn data_are_exact_unless_a_zone_covers_them() {
    let kept = kept(
        b"local-zone: \"evil.example\" redirect\n\
        local-data: \"EVIL.example. 3600 IN A 0.0.0.0\"\n\
        local-data: \"x.evil.example AAAA ::\"\n\
        local-data: \"notevil.example A 0.0.0.0\"\n\
        local-data: \"bad.example IN 60 A 192.0.2.1\"\n\
        local-data: 'c.example CNAME block.example.'\n\
        local-zone: \"d.example\" transparent\n\
        local-data: \"d.example A 0.0.0.0\"\n",
    );
    assert_eq!(
        kept.listed()[1..],
        [
            (Kind::Exact, "notevil.example"),
            (Kind::Exact, "bad.example"),
            (Kind::Exact, "c.example"),
            (Kind::Exact, "d.example")
        ]
    );
    let asides: Vec<_> = kept
        .asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect();
    let covered = "data of zones that are listed";
    assert_eq!(
        asides,
        [
            (2, covered),
            (3, covered),
            (7, "zones that are let through")
        ]
    );
}

#[test]
fn what_is_no_indicator_is_aside() {
    let kept = kept(
        b"include: \"/etc/x.conf\"\n\
        do-ip6: no\n\
        local-zone: \"10.in-addr.arpa.\" static\n\
        local-zone: \".\" refuse\n\
        local-zone: \"a.example\" nodefault\n\
        local-zone: \"a.example\" typetransparent\n\
        local-zone: \"a.example\" always_transparent\n\
        local-data-ptr: \"192.0.2.1 a.example\"\n\
        local-data: \"1.2.0.192.in-addr.arpa PTR a.example\"\n\
        local-data: 'a.example TXT \"x\"'\n\
        local-data: \"www.search.example CNAME forcesafesearch.google.com\"\n",
    );
    assert!(kept.entries.is_empty() && kept.defects.is_empty());
    let asides: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    assert_eq!(
        asides,
        [
            "included files",
            "options",
            "reverse names",
            "rules for every name",
            "zones that are let through",
            "zones that are let through",
            "zones that are let through",
            "reverse names",
            "reverse names",
            "records of other types",
            "rules for safe search"
        ]
    );
}

#[test]
fn one_bad_line_does_no_harm_to_the_others() {
    let kept = kept(
        b"local-zone: \"a.example\"\nlocal-zone: \"a.example\" allways\nlocal-data: \"a.example\"\n\
        local-data:\nevil.example\n\xff\nlocal-zone: b.example deny\n",
    );
    assert_eq!(kept.listed(), [(Kind::Domain, "b.example")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec(
        ("[a-z][a-z0-9-]{0,9}\\.example", 0..3_usize), 1..40)
    ) {
        let mut text = String::from("server:\n");
        let mut expected = Vec::new();
        let mut zones: Vec<&str> = Vec::new();
        for (name, form) in &entries {
            if *form == 2 {
                text.push_str(&format!("  local-data: \"{name} A 0.0.0.0\"\n"));
                if !zones.contains(&name.as_str()) {
                    expected.push((Kind::Exact, name.as_str()));
                }
            } else {
                let quote = if *form == 0 { "\"" } else { "" };
                text.push_str(&format!("  local-zone: {quote}{name}{quote} always_null\r\n"));
                expected.push((Kind::Domain, name.as_str()));
                zones.push(name);
            }
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        prop_assert_eq!(kept.listed(), expected);
    }

    #[test]
    fn every_line_is_accounted_for(
        text in "(local-zone: ?\"?[a.*]{0,5}\"? (deny|x|transparent)?|local-data: ?'?[a. 0A]{0,9}'?|[a: #\"'é\0]{0,8}|\n){0,30}",
    ) {
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
    let named = |number| {
        kept.entries.iter().any(|(line, ..)| *line == number)
            || kept.asides.iter().any(|(line, ..)| *line == number)
            || kept.defects.iter().any(|(line, _)| *line == number)
    };
    for (number, line) in Lines::new(text) {
        let empty = matches!(line, Line::Text(line) if line.is_empty() || line.starts_with('#'));
        prop_assert!(empty != named(number), "line {number}: {line:?}");
    }
    Ok(())
}
