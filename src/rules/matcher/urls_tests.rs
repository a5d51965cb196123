use super::*;
use proptest::prelude::*;

fn urls(texts: &[&str]) -> Urls {
    let listed: Vec<Url> = texts.iter().map(|t| parse_url(t).unwrap()).collect();
    Urls::new(&listed).unwrap()
}

#[test]
fn the_longest_path_that_applies_wins() {
    let listed = urls(&[
        "http://evil.example/a",
        "http://evil.example/a/b/",
        "https://EVIL.example:8443/a",
        "http://evil.example/a.",
        "http://evil.example/q?x=1",
        "http://evil.example/%7Eme/\u{e4}",
        "http://whole.example",
        "http://192.0.2.1/x",
        "http://[2001:db8::1]/x",
        "http://evil.example/a-b",
        "http://evil.example/gate?",
    ]);
    assert_eq!(listed.len(), 10);
    for (host, target, want) in [
        ("evil.example", "/a", Some(0)),
        ("EVIL.example.", "/a", Some(0)),
        ("evil.example", "/a/", Some(0)),
        ("evil.example", "/a?x", Some(0)),
        ("evil.example", "/a#x", Some(0)),
        ("evil.example", "/a/b", Some(0)),
        ("evil.example", "/a/b/", Some(1)),
        ("evil.example", "/a/b/c?d", Some(1)),
        ("evil.example", "/A", None),
        ("evil.example", "/ab", None),
        ("evil.example", "/", None),
        ("evil.example", "/a.", Some(3)),
        ("evil.example", "/a.b", None),
        // Behind `/a-b` and `/a.` in the order, and below neither.
        ("evil.example", "/a/c", Some(0)),
        ("evil.example", "/a-b/c", Some(9)),
        ("evil.example", "/%61", Some(0)),
        ("evil.example", "/q?x=1", Some(4)),
        ("evil.example", "/q?x=1&y=2", Some(4)),
        ("evil.example", "/q?x=1/2", None),
        ("evil.example", "/q?x=12", None),
        ("evil.example", "/q?x=1?y", None),
        ("evil.example", "/q", None),
        ("evil.example", "/gate?", Some(10)),
        ("evil.example", "/gate?id=1", Some(10)),
        ("evil.example", "/gate", None),
        ("evil.example", "/~me/%c3%A4", Some(5)),
        ("evil.example", "/~me/\u{e4}", Some(5)),
        ("evil.example", "http://evil.example:80/a", Some(0)),
        ("evil.example", "*", None),
        ("evil.example", "evil.example:443", None),
        ("evil.example", "", None),
        ("whole.example", "/any/thing?x", Some(6)),
        ("whole.example", "/", Some(6)),
        ("whole.example", "http://whole.example", Some(6)),
        ("whole.example", "http://whole.example?x", Some(6)),
        ("whole.example", "*", None),
        ("a.whole.example", "/", None),
        ("192.0.2.1", "/x", Some(7)),
        ("2001:db8::1", "/x", Some(8)),
        ("[2001:0DB8::0:1]", "/x", Some(8)),
        ("::ffff:192.0.2.1", "/x", Some(7)),
        ("2001:db8::2", "/x", None),
        ("2001:db8::1::", "/x", None),
        ("", "/a", None),
    ] {
        let found = listed.find(host.as_bytes(), target.as_bytes());
        assert_eq!(found, want, "{host} {target}");
        assert!(want.is_none() || listed.may_have_host(host.as_bytes()));
    }
    let hosts: Vec<_> = listed.hosts().collect();
    let want = [
        ("192.0.2.1", 7),
        ("2001:db8::1", 8),
        ("evil.example", 0),
        ("whole.example", 6),
    ];
    assert_eq!(hosts, want);
}

#[test]
fn without_urls_nothing_is_found() {
    let none = urls(&[]);
    assert!(none.is_empty() && none.hosts().next().is_none());
    assert!(!none.may_have_host(b"evil.example"));
    assert_eq!(none.find(b"evil.example", b"/"), None);
}

#[test]
fn few_strange_hosts_pass_for_listed() {
    let listed: Vec<Url> = (0..10_000)
        .map(|n| parse_url(&format!("http://host{n}.example/{n}")).unwrap())
        .collect();
    let urls = Urls::new(&listed).unwrap();
    assert!((0..10_000).all(|n| urls.may_have_host(format!("HOST{n}.example").as_bytes())));
    let strange =
        (0..10_000).filter(|n| urls.may_have_host(format!("guest{n}.example").as_bytes()));
    let strange = strange.count();
    assert!(strange == 0, "{strange}");
}

/// The rule of the documentation, without any cleverness.
fn naive(listed: &[Url], host: &str, target: &str) -> Option<u32> {
    let target: String = Normal::new(target.as_bytes()).map(char::from).collect();
    let mut best: Option<(usize, u32)> = None;
    for (number, url) in (0..).zip(listed) {
        let path = url.path();
        let behind = target.strip_prefix(path);
        let ends: &[char] = if path.contains('?') {
            &['#', '&']
        } else {
            &['#', '?', '/']
        };
        let at_boundary = behind.is_some_and(|rest| {
            let ended: &[char] = if path.contains('?') {
                &['&', '?']
            } else {
                &['/']
            };
            rest.is_empty()
                || rest.starts_with(ends)
                || rest.starts_with('#')
                || path.ends_with(ended)
        });
        let longer = best.is_none_or(|(length, _)| path.len() > length);
        if url.host() == host.to_ascii_lowercase() && at_boundary && longer {
            best = Some((path.len(), number));
        }
    }
    best.map(|(_, number)| number)
}

const PATH: &str = "/(a|b|/|%61|%2f|\\.|\\?|&|#|\u{e4}|%C3%A4){0,5}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn equals_a_scan_of_all(
        listed in prop::collection::vec(("[ab]\\.(ex|ey)", PATH), 0..30),
        asked in prop::collection::vec(("[aAb]\\.(ex|ey)", PATH, any::<bool>()), 1..40),
    ) {
        let listed: Vec<Url> = listed.iter().map(|(host, path)| parse_url(&format!("{host}{path}")).unwrap()).collect();
        let urls = Urls::new(&listed).unwrap();
        for (host, target, whole) in asked {
            let want = naive(&listed, &host, &target);
            let target = if whole { format!("http://{host}{target}") } else { target };
            prop_assert_eq!(urls.find(host.as_bytes(), target.as_bytes()), want, "{} {}", host, target);
        }
    }

    #[test]
    fn any_bytes_are_survived(
        host in prop::collection::vec(any::<u8>(), 0..20),
        target in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let listed = urls(&["a.example/", "a.example/b"]);
        listed.find(&host, &target);
        listed.find(b"a.example", &target);
    }
}
