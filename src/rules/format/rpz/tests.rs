use proptest::prelude::*;

use super::*;
use crate::rules::format::lines::{Line, Lines};
use crate::rules::format::listing::Kept;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

fn asides(kept: &Kept) -> Vec<(usize, &str)> {
    kept.asides
        .iter()
        .map(|(line, what, _)| (*line, *what))
        .collect()
}

#[test]
fn a_zone_with_all_that_a_zone_file_may_have() {
    let kept = kept(
        b"; Title: Bad names\n\
        $TTL 1h\n\
        $ORIGIN rpz.local.\n\
        @ 300 IN SOA localhost. root.localhost. (\n\
        \t2021071801 ; serial (of the day)\n\
        \t1h 15m 30d 2h )\n\
        \tIN NS localhost.\n\
        a.example CNAME . ; nothing there\n\
        *.a.example IN CNAME .\n\
        b.example 60 IN CNAME *.\n\
        c.example IN 60 cname rpz-drop.\n\
        D.example.RPZ.local. CNAME .\n\
        e.example A 192.0.2.1\n\
        \tAAAA 2001:db8::1\n\
        f.example TXT \"why; (because)\"\n\
        g.example CNAME garden.example.\n\
        $ORIGIN example.rpz.local.\n\
        h CNAME .\n\
        *.h CNAME .\n\
        $ORIGIN sub\n\
        i CNAME .\n",
    );
    assert_eq!(
        kept.listed(),
        [
            (Kind::Exact, "a.example"),
            (Kind::Below, "a.example"),
            (Kind::Exact, "b.example"),
            (Kind::Exact, "c.example"),
            (Kind::Exact, "D.example"),
            (Kind::Exact, "e.example"),
            (Kind::Exact, "f.example"),
            (Kind::Exact, "g.example"),
            (Kind::Exact, "h.example"),
            (Kind::Below, "h.example"),
            (Kind::Exact, "i.sub.example")
        ]
    );
    assert_eq!(kept.entries[0].0, 8);
    assert_eq!(kept.about.title.as_deref(), Some("Bad names"));
    assert_eq!((kept.asides.len(), &kept.defects[..]), (0, &[][..]));
}

#[test]
fn a_zone_without_origin_and_one_that_was_dumped() {
    let bare = kept(b"$TTL 60\n@ SOA localhost. x. 1 2 3 4 5\n NS localhost.\nevil.example CNAME .\nbad.example. CNAME .\nx.example.rpz.local. CNAME .\n");
    assert_eq!(
        bare.listed(),
        [(Kind::Exact, "evil.example"), (Kind::Exact, "bad.example")]
    );
    assert_eq!((bare.defects.len(), bare.defects[0].0), (1, 6));
    assert_eq!(bare.asides, []);
    let dumped = kept(b"$ORIGIN .\nrpz.local IN SOA localhost. x. 1 2 3 4 5\n\tNS localhost.\n$ORIGIN rpz.local.\nevil.example CNAME .\n  bad.example CNAME .\n");
    assert_eq!(
        dumped.listed(),
        [(Kind::Exact, "evil.example"), (Kind::Exact, "bad.example")]
    );
    let fragment = kept(b"evil.example CNAME .\n");
    assert_eq!(fragment.listed(), [(Kind::Exact, "evil.example")]);
}

#[test]
fn addresses_stand_backwards() {
    let kept = kept(
        b"24.0.2.0.192.rpz-ip CNAME .\n\
        32.1.2.0.192.rpz-ip CNAME rpz-drop.\n\
        128.1.zz.db8.2001.rpz-ip CNAME .\n\
        32.zz.db8.2001.RPZ-IP CNAME .\n\
        128.8.7.6.5.4.3.db8.2001.rpz-ip CNAME .\n\
        128.1.zz.rpz-ip CNAME .\n",
    );
    let address = |text| (Kind::Address, text);
    assert_eq!(
        kept.listed(),
        [
            address("192.0.2.0/24"),
            address("192.0.2.1"),
            address("2001:db8::1"),
            address("2001:db8::/32"),
            address("2001:db8:3:4:5:6:7:8"),
            address("::1")
        ]
    );
    for bad in [
        "33.1.2.0.192",
        "0.0.0.0.0",
        "1.2.0.192",
        "x.1.2.0.192",
        "128.zz.1.zz.2001",
        "128.zzz",
        "",
    ] {
        assert_eq!(network(bad), None, "{bad}");
    }
}

#[test]
fn what_is_no_indicator_is_aside() {
    let kept = kept(
        b"good.example CNAME rpz-passthru.\n\
        old.example CNAME old.example.\n\
        slow.example CNAME rpz-tcp-only.\n\
        new.example CNAME rpz-new.\n\
        32.1.2.0.192.rpz-client-ip CNAME rpz-drop.\n\
        32.1.2.0.192.rpz-nsip CNAME .\n\
        ns.example.rpz-nsdname CNAME .\n\
        www.search.example CNAME forcesafesearch.google.com.\n\
        www.search.example A 216.239.38.120\n\
        * CNAME .\n\
        a.example MX 0 .\n\
        1.2.0.192.in-addr.arpa CNAME .\n\
        32.1.2.0.192.rpz-ip CNAME rpz-passthru.\n\
        $INCLUDE other.zone\n\
        $GENERATE 1-9 a$ CNAME .\n\
        @ TXT \"version 1\"\n\
        sub.example NS ns.example.\n",
    );
    assert!(kept.entries.is_empty());
    assert_eq!(kept.defects, []);
    assert_eq!(
        asides(&kept),
        [
            (1, "entries that are let through"),
            (2, "entries that are let through"),
            (3, "entries that are answered over TCP only"),
            (4, "entries with an unknown action"),
            (5, "addresses of clients"),
            (6, "addresses of name servers"),
            (7, "names of name servers"),
            (8, "rules for safe search"),
            (9, "rules for safe search"),
            (10, "rules for every name"),
            (11, "records of other types"),
            (12, "reverse names"),
            (13, "entries that are let through"),
            (14, "included files"),
            (15, "generated names"),
            (16, "records of the zone itself"),
            (17, "delegations")
        ]
    );
}

#[test]
fn one_bad_record_does_no_harm_to_the_others() {
    let kept = kept(
        b"\tCNAME .\nevil.example\na.example CNAME\nb.example TXT \"open\nc.example ) CNAME .\n\
        d.example ( ( CNAME . ))\n\xff\n$FOO x\n$ORIGIN\n\"e.example\" CNAME .\nx.rpz-ip CNAME .\n\
        f\\;.example CNAME .\ng.example CNAME .\nh.example CNAME ( .\n",
    );
    assert_eq!(
        kept.listed(),
        [(Kind::Exact, "f\\;.example"), (Kind::Exact, "g.example")]
    );
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14]);
}

#[test]
fn a_parenthesis_that_is_not_closed_swallows_little() {
    let mut text = String::from("a.example CNAME ( .\n");
    for i in 0..100 {
        text.push_str(&format!("n{i}.example CNAME .\n"));
    }
    let kept = kept(text.as_bytes());
    assert!(
        kept.defects[0].1.starts_with("lines 1 to 65 "),
        "{:?}",
        kept.defects
    );
    assert_eq!(kept.entries.len(), 36);
}

#[test]
fn an_origin_does_not_grow_without_end() {
    let kept = kept(&b"$ORIGIN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n".repeat(1000));
    assert!(!kept.defects.is_empty());
    assert!(!is(b"$ORIGINAL x\nevil.example\n"));
}

fn calls_of(kept: &Kept) -> usize {
    [kept.entries.len(), kept.asides.len(), kept.defects.len()]
        .iter()
        .sum()
}

/// Directives that say how to read the file and are no entries.
fn is_quiet(item: &Item<'_>) -> bool {
    matches!(item, Item::Directive(_, "$TTL" | "$ORIGIN", _))
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        entries in prop::collection::vec(("[b-z][a-z0-9-]{1,9}\\.example", 0..5_usize), 1..40),
        origin in any::<bool>(),
    ) {
        let mut text = String::from("$TTL 60\n");
        if origin {
            text.push_str("$ORIGIN policy.local.\n");
        }
        text.push_str("@ IN SOA localhost. root.localhost. ( 1 2\n 3 4 5 )\n");
        let mut expected = Vec::new();
        for (i, (name, form)) in entries.iter().enumerate() {
            let name = format!("n{i}-{name}");
            let line = match form {
                0 => format!("{name} CNAME .\n"),
                1 => format!("*.{name} IN CNAME .\r\n"),
                2 => format!("{name} 60 A ( 192.0.2.1\n) ; remark\n"),
                3 => format!("{name} TXT \"a ; b\"\n  AAAA ::\n"),
                _ => format!("{name}.policy.local. CNAME *.\n"),
            };
            if *form == 4 && !origin {
                continue;
            }
            text.push_str(&line);
            expected.push((if *form == 1 { Kind::Below } else { Kind::Exact }, name));
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        let listed: Vec<_> = kept.listed().into_iter().map(|(kind, name)| (kind, name.to_string())).collect();
        prop_assert_eq!(listed, expected);
        prop_assert!(kept.asides.is_empty() && kept.defects.is_empty());
    }

    /// Without parentheses a line is a record. It is called once, unless it repeats the name before it or makes the zone.
    #[test]
    fn every_line_is_accounted_for(
        text in "([a-c*@]{1,2}(\\.rpz-ip)? (CNAME|A|TXT|MX|X)? ?[.*a\"0]{0,4}|[ a$\"\\\\;é\0]{0,8}|\n){0,30}",
    ) {
        let kept = kept(text.as_bytes());
        let mut apex = Name::default();
        let mut before = None;
        let (mut expected, mut seen) = (0_usize, Vec::new());
        zone::walk(text.as_bytes(), &mut |item| match item {
            Item::Record(record) => {
                apex = if record.kind == "SOA" { record.owner.clone() } else { std::mem::take(&mut apex) };
                let mut one = Kept::default();
                let trigger = trigger(&record, &apex).unwrap();
                policy(&record, trigger, &mut before, &mut one);
                let calls = calls_of(&one);
                let repeated = before.is_some() && before.as_deref() == trigger;
                assert!(calls == 1 || (calls == 0 && (repeated || trigger.is_none())), "{record:?}");
                expected = expected.saturating_add(calls);
                seen.push(record.line);
            }
            Item::Directive(line, ..) | Item::Bad(line, ..) => {
                expected = expected.saturating_add(usize::from(!is_quiet(&item)));
                seen.push(line);
            }
            Item::Comment(..) => (),
        });
        prop_assert_eq!(calls_of(&kept), expected);
        // Each line begins a record, a directive or a defect.
        for (number, line) in Lines::new(text.as_bytes()) {
            let remark = match line {
                Line::Text(line) => line.is_empty() || line.starts_with(';'),
                _ => false,
            };
            prop_assert!(remark != seen.contains(&number), "line {number}: {line:?}");
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is(&bytes);
        kept(&bytes);
    }

    #[test]
    fn no_zone_panics(text in "([$()\";\\\\ \n.@a0é]|CNAME|SOA|ORIGIN|rpz-ip|zz){0,80}") {
        is(text.as_bytes());
        kept(text.as_bytes());
    }
}
