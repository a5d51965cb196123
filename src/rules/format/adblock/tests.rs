use proptest::prelude::*;

use super::*;
use crate::rules::format::listing::Kept;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

/// What becomes of one rule: kind and text, or why it is aside.
fn one(rule: &str) -> (Option<Kind>, String) {
    let kept = kept(rule.as_bytes());
    assert_eq!(kept.defects, []);
    match (&kept.entries[..], &kept.asides[..]) {
        ([(1, kind, text, _)], []) => (Some(*kind), text.clone()),
        ([], [(1, what, _)]) => (None, (*what).into()),
        other => panic!("{rule}: {other:?}"),
    }
}

fn entry(kind: Kind, text: &str) -> (Option<Kind>, String) {
    (Some(kind), text.into())
}

fn aside(what: &str) -> (Option<Kind>, String) {
    (None, what.into())
}

#[test]
fn hosts_are_domains() {
    for rule in [
        "||evil.example^",
        "||evil.example",
        "||evil.example^|",
        "||evil.example/",
        "||evil.example/*",
        "||evil.example^*",
        "||evil.example^$third-party,important",
        "||evil.example^$all",
        "||evil.example^$script,redirect=noopjs",
        "||evil.example^$dnsrewrite=0.0.0.0",
        "||evil.example^$dnsrewrite=NOERROR;A;203.0.113.9",
        "||evil.example^$dnsrewrite",
        "evil.example",
        "evil.example^",
        "evil.example$third-party",
    ] {
        assert_eq!(one(rule), entry(Kind::Domain, "evil.example"), "{rule}");
    }
    assert_eq!(one("||*.evil.example^"), entry(Kind::Below, "evil.example"));
    assert_eq!(one("||onion^"), entry(Kind::Domain, "onion"));
    for rule in [
        "|evil.example^",
        "://evil.example^",
        "|http://evil.example/",
        "|https://evil.example^$doc",
        "https://evil.example",
    ] {
        assert_eq!(one(rule), entry(Kind::Exact, "evil.example"), "{rule}");
    }
}

#[test]
fn addresses_and_urls() {
    assert_eq!(one("||192.0.2.1^"), entry(Kind::Address, "192.0.2.1"));
    assert_eq!(one("192.0.2.1"), entry(Kind::Address, "192.0.2.1"));
    assert_eq!(
        one("||192.0.2.1:8080^"),
        entry(Kind::Address, "192.0.2.1:8080")
    );
    assert_eq!(one("||[2001:db8::1]^"), entry(Kind::Address, "2001:db8::1"));
    assert_eq!(
        one("|http://evil.example/x|"),
        entry(Kind::Url, "http://evil.example/x")
    );
    assert_eq!(
        one("|http://evil.example/|"),
        entry(Kind::Url, "http://evil.example/")
    );
    assert_eq!(
        one("http://evil.example/x?y=1"),
        entry(Kind::Url, "http://evil.example/x?y=1")
    );
    assert_eq!(
        one("||evil.example/path"),
        entry(Kind::Url, "evil.example/path")
    );
    assert_eq!(
        one("||evil.example/a$b/c^$image"),
        entry(Kind::Url, "evil.example/a$b/c")
    );
    assert_eq!(
        one("||evil.example:8080^"),
        entry(Kind::Url, "evil.example:8080/")
    );
}

#[test]
fn what_is_no_indicator_is_aside() {
    for (rule, why) in [
        ("@@||good.example^", "exceptions"),
        ("@@/x/", "exceptions"),
        ("##.banner", "page rules"),
        ("evil.example##.banner", "page rules"),
        ("a.example,~b.example#@#.banner", "page rules"),
        ("evil.example#?#div:has(.x)", "page rules"),
        ("evil.example#$#hide", "page rules"),
        ("evil.example#@$?#div", "page rules"),
        ("evil.example#%#//scriptlet('x')", "page rules"),
        ("evil.example$$script[tag-content=\"x\"]", "page rules"),
        ("*#@#.banner", "page rules"),
        ("/banner[0-9]+/", "regular expressions"),
        ("/a.example$/", "regular expressions"),
        ("/banner[0-9]+/$script", "regular expressions"),
        ("||evil*.example^", "wildcards"),
        ("||evil.*^", "wildcards"),
        ("||evil.example/*/x", "wildcards"),
        ("||evil.example^path^", "address patterns"),
        ("|http://*.evil.example/x", "wildcards"),
        ("evil*.example", "wildcards"),
        ("||ads.", "address patterns"),
        ("||ads", "address patterns"),
        ("||192.0.2.^", "address patterns"),
        ("|http://ads.", "address patterns"),
        ("/banner/*/x.", "wildcards"),
        ("-banner-", "address patterns"),
        ("-ads.min", "address patterns"),
        ("_ads.min.", "address patterns"),
        ("||com/banners/", "address patterns"),
        ("tracker.js", "address patterns"),
        (
            "||evil.example^$domain=a.example",
            "rules for some pages only",
        ),
        (
            "||evil.example^$script,domain=~a.example",
            "rules for some pages only",
        ),
        (
            "||evil.example^$denyallow=x.evil.example",
            "rules for some pages only",
        ),
        ("||evil.example^$~third-party", "rules for some pages only"),
        ("||evil.example^$1p", "rules for some pages only"),
        (
            "[$domain=a.example]||evil.example^",
            "rules for some pages only",
        ),
        ("||evil.example^$removeparam=x", "rules that change pages"),
        (
            "||evil.example^$csp=script-src 'none'",
            "rules that change pages",
        ),
        ("||evil.example^$badfilter", "disabled rules"),
        (
            "||evil.example^$dnstype=AAAA",
            "rules for some clients or types only",
        ),
        (
            "|www.search.example^$dnsrewrite=NOERROR;CNAME;forcesafesearch.google.com",
            "rules for safe search",
        ),
        (
            "|www.search.example^$dnsrewrite=forcesafesearch.google.com",
            "rules for safe search",
        ),
    ] {
        assert_eq!(one(rule), aside(why), "{rule}");
    }
}

#[test]
fn remarks_header_and_lines_of_hosts_files() {
    let kept = kept(
        b"[Adblock Plus 2.0]\n! Title: Bad names\n! Homepage: https://lab.example/\n! Expires: 1 day\n\
        !#if env\n# remark: x\n#\n## heading\n####\n! Licence: CC0\n! Last modified: 2021-07-18T10:00Z\n\
        0.0.0.0 evil.example bad.example # why\n127.0.0.1 localhost\nfoo bar\n\xff\n",
    );
    assert_eq!(kept.about.title.as_deref(), Some("Bad names"));
    assert_eq!(kept.about.url.as_deref(), Some("https://lab.example/"));
    assert_eq!(kept.about.licence.as_deref(), Some("CC0"));
    assert_eq!(kept.about.updated.as_deref(), Some("2021-07-18"));
    assert_eq!(
        kept.listed(),
        [(Kind::Exact, "evil.example"), (Kind::Exact, "bad.example")]
    );
    assert_eq!(kept.asides, [(13, "local names", "localhost".into())]);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [14, 15]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(entries in prop::collection::vec(
        ("[a-z][a-z0-9-]{0,9}\\.example", 0..6_usize), 1..40)
    ) {
        let mut text = String::from("[Adblock Plus 2.0]\r\n");
        let mut expected = Vec::new();
        for (name, form) in &entries {
            let (line, kind, entry) = match form {
                0 => (format!("||{name}^"), Kind::Domain, name.clone()),
                1 => (format!("||{name}^$third-party"), Kind::Domain, name.clone()),
                2 => (name.clone(), Kind::Domain, name.clone()),
                3 => (format!("||*.{name}^"), Kind::Below, name.clone()),
                4 => (format!("||{name}/x"), Kind::Url, format!("{name}/x")),
                _ => (format!("|http://{name}/x|"), Kind::Url, format!("http://{name}/x")),
            };
            text.push_str(&line);
            text.push('\n');
            expected.push((kind, entry));
        }
        prop_assert!(is(text.as_bytes()));
        let kept = kept(text.as_bytes());
        let listed: Vec<_> = kept.listed().into_iter().map(|(kind, name)| (kind, name.to_string())).collect();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn every_line_is_accounted_for(
        text in "(\\|{0,2}[a.*/^|$#@?!:é\0 =,\\[-]{0,12}|@@|##|\\$domain=|\n){0,30}",
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
        let empty = match line {
            Line::Text(line) => {
                line.is_empty() || line.starts_with('!') || is_comment(line) || is_header(line)
            }
            _ => false,
        };
        prop_assert!(empty != named(number), "line {number}: {line:?}");
    }
    Ok(())
}
