use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

#[test]
fn names_that_are_answered_or_refused_are_listed() {
    let kept = kept(
        b"# Title: Bad names\n# Last modified: 18 Jul 2021\n\n\
        address=/a.example/b.example/0.0.0.0\n\
        address=/c.example/::  # why\n\
        address=/d.example/#\n\
        address=/e.example/\n\
        address = /f.example/203.0.113.9\n\
        server=/g.example/\n\
        local=/h.example/\n\
        server=/i.example/0.0.0.0\n\
        address=/*.j.example/127.0.0.1\n\
        address=/.k.example/\n\
        host-record=l.example,m.example,0.0.0.0,::,300\n",
    );
    let names = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
    ];
    let names = names.map(|name| format!("{name}.example"));
    let kinds = |name: &str| match name {
        "j.example" => Kind::Below,
        "l.example" | "m.example" => Kind::Exact,
        _ => Kind::Domain,
    };
    let expected: Vec<_> = names
        .iter()
        .map(|name| (kinds(name), name.as_str()))
        .collect();
    assert_eq!(kept.listed(), expected);
    assert_eq!(kept.entries[0].0, 4);
    assert_eq!(kept.about.title.as_deref(), Some("Bad names"));
    assert_eq!(kept.about.updated.as_deref(), Some("2021-07-18"));
    assert!(kept.asides.is_empty() && kept.defects.is_empty());
}

#[test]
fn a_star_without_a_dot_is_taken_narrower_and_says_so() {
    let kept = kept(b"address=/*evil.example/#\n");
    assert_eq!(kept.listed(), [(Kind::Domain, "evil.example")]);
    assert!(
        kept.entries[0]
            .3
            .note
            .as_ref()
            .unwrap()
            .contains("`evil.example`")
    );
}

#[test]
fn what_is_no_indicator_is_aside() {
    let kept = kept(
        b"server=/corp.example/192.0.2.53\n\
        server=192.0.2.53\n\
        server=/good.example/#\n\
        cname=a.example,b.example\n\
        host-record=nas.example,192.168.0.2\n\
        host-record=nas.example\n\
        bogus-nxdomain=192.0.2.1\n\
        ipset=/evil.example/set\n\
        conf-dir=/etc/dnsmasq.d\n\
        cache-size=1000\n\
        no-resolv\n\
        address=/#/192.0.2.1\n\
        local=//\n\
        local=/168.192.in-addr.arpa/\n\
        address=/e*l.example/\n\
        address=/www.search.example/216.239.38.120\n",
    );
    assert!(kept.entries.is_empty() && kept.defects.is_empty());
    let asides: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    assert_eq!(
        asides,
        [
            "forwarders",
            "forwarders",
            "exceptions",
            "aliases",
            "host records",
            "host records",
            "addresses of false answers",
            "address sets",
            "included files",
            "options",
            "options",
            "rules for every name",
            "rules for names without a dot",
            "reverse names",
            "wildcards",
            "rules for safe search"
        ]
    );
}

#[test]
fn one_bad_line_does_no_harm_to_the_others() {
    let kept = kept(
        b"address=/a.example\naddress=/b.example/x\nevil.example\n\xff\naddress=/c.example/\nhost-record=::,300\n",
    );
    assert_eq!(kept.listed(), [(Kind::Domain, "c.example")]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 6]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec(
        ("[a-z][a-z0-9-]{0,9}\\.example", 0..4_usize), 1..40)
    ) {
        let mut text = String::new();
        for (name, form) in &entries {
            let line = match form {
                0 => format!("address=/{name}/0.0.0.0\n"),
                1 => format!("server=/{name}/\r\n"),
                2 => format!("local=/{name}/ # remark\n"),
                _ => format!("address=/*.{name}/#\n"),
            };
            text.push_str(&line);
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        let kind = |form| if form == 3 { Kind::Below } else { Kind::Domain };
        let expected: Vec<_> = entries.iter().map(|(name, form)| (kind(*form), name.as_str())).collect();
        prop_assert_eq!(kept.listed(), expected);
    }

    #[test]
    fn every_line_is_accounted_for(
        text in "([ac/*#=.:,\"é\0-]{0,12}|address=/?[a*#./]{0,8}|server=[/a#.0:]{0,9}|host-record=[a,0.:]{0,9}|\n){0,30}",
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
        let empty = matches!(line, Line::Text(line) if uncommented(line).is_empty());
        prop_assert!(empty != named(number), "line {number}: {line:?}");
    }
    Ok(())
}
