//! Tests of the guard with the lists of the program.

use super::*;

const ALL: [Scope; 3] = [Scope::Suffix, Scope::Exact, Scope::Below];

fn name(name: &str, scope: Scope) -> Option<&'static str> {
    Guard::built_in()
        .judge_name(name, scope)
        .map(|reason| reason.id())
}

#[test]
fn names_of_many_are_refused_in_every_scope() {
    for (text, want) in [
        ("co.uk", "public-suffix"),
        ("com.au", "public-suffix"),
        ("co.ck", "public-suffix"),
        ("github.io", "public-suffix"),
        ("blogspot.com", "public-suffix"),
        ("herokuapp.com", "public-suffix"),
        ("azurewebsites.net", "public-suffix"),
        ("cloudfront.net", "public-suffix"),
        ("duckdns.org", "dynamic-dns"),
        ("ddns.net", "dynamic-dns"),
        ("imwork.net", "dynamic-dns"),
        ("bit.ly", "shortener"),
        ("google.com", "popular"),
        ("www.google.com", "popular"),
        ("www.bit.ly", "shortener"),
        ("wordpress.com", "popular"),
        ("drive.google.com", "shared-host"),
    ] {
        for scope in ALL {
            assert_eq!(name(text, scope), Some(want), "{text} {scope:?}");
        }
    }
}

#[test]
fn hosts_of_single_owners_are_good_in_every_scope() {
    for text in [
        "evil.duckdns.org",
        "evil.github.io",
        "a.b.evil.ddns.net",
        "evil.com.au",
        "evil.example",
        "www.evil.example",
        "goog1e.example",
        "notgoogle.example",
        "x.example",
        "host.google.com",
    ] {
        for scope in ALL {
            assert_eq!(name(text, scope), None, "{text} {scope:?}");
        }
    }
}

#[test]
fn a_rule_above_a_listed_name_is_refused_unless_exact() {
    let guard = Guard::built_in();
    // Listed: a name of three labels below a parent that is on no list.
    let names = Names::built_in();
    let parent = names
        .lines()
        .filter(|line| line.reverse.split('.').count() == 3)
        .find_map(|line| {
            let parent = names::reverse(line.reverse.rsplit_once('.')?.0);
            let free = names.get(&parent).is_none() && !is_second_level(&parent);
            free.then_some(parent)
        })
        .unwrap();
    assert_eq!(guard.judge_name(&parent, Scope::Exact), None);
    for scope in [Scope::Suffix, Scope::Below] {
        let reason = guard.judge_name(&parent, scope).unwrap();
        assert_eq!(reason.id(), "parent");
        let words = reason.to_string();
        assert!(words.starts_with("would cover `"), "{words}");
        assert!(words.contains(&format!(".{parent}`")), "{words}");
    }
}

#[test]
fn networks_of_many_are_refused() {
    for (text, want) in [
        ("10.1.2.3", Some("private")),
        ("10.0.0.0/8", Some("private")),
        ("172.31.255.255", Some("private")),
        ("172.32.0.0", None),
        ("192.168.0.0/16", Some("private")),
        ("192.168.0.0/15", Some("private")),
        ("fd12::/64", Some("private")),
        ("100.64.0.1", Some("shared")),
        ("127.0.0.1", Some("loopback")),
        ("::1", Some("loopback")),
        ("::ffff:127.0.0.1", Some("loopback")),
        ("169.254.1.1", Some("link-local")),
        ("fe80::1", Some("link-local")),
        ("239.1.2.3", Some("multicast")),
        ("ff02::fb", Some("multicast")),
        ("0.0.0.0", Some("unspecified")),
        ("::", Some("unspecified")),
        ("255.255.255.255", Some("reserved")),
        ("240.0.0.1", Some("reserved")),
        ("64:ff9b::/96", Some("reserved")),
        ("::ffff:0:0/96", Some("too-wide")),
        ("0.0.0.0/0", Some("too-wide")),
        ("52.0.0.0/11", Some("too-wide")),
        ("52.16.0.0/12", None),
        ("::/0", Some("too-wide")),
        ("2a00::/23", Some("too-wide")),
        ("2a00::/24", None),
        ("8.8.8.8", Some("resolver")),
        ("8.8.8.0/24", Some("resolver")),
        ("8.0.0.0/12", Some("resolver")),
        ("1.1.1.1", Some("resolver")),
        ("2620:fe::fe", Some("resolver")),
        ("2606:4700:4700::/48", Some("resolver")),
        ("202.12.27.33", Some("resolver")),
        ("8.8.8.9", None),
        ("192.0.2.0/24", None),
        ("192.0.2.1", None),
        ("198.51.100.7", None),
        ("203.0.113.0/25", None),
        ("2001:db8::/32", None),
        ("3fff::/20", None),
        ("::ffff:203.0.113.1", None),
    ] {
        let network = Network::parse(text).unwrap();
        let got = Guard::built_in().judge_network(network);
        assert_eq!(got.as_ref().map(Reason::id), want, "{text}");
    }
}

#[test]
fn keywords_that_innocents_have_are_refused() {
    for (text, want) in [
        ("appl", Some("keyword-short")),
        ("", Some("keyword-short")),
        ("éé", Some("keyword-short")),
        ("12345", Some("keyword-digits")),
        ("1-2.3-4", Some("keyword-digits")),
        ("google", Some("keyword-common")),
        ("GOOGL", Some("keyword-common")),
        ("oogle.com", Some("keyword-common")),
        ("google.co", Some("keyword-common")),
        ("www.goog", Some("keyword-common")),
        ("ww.google.com", Some("keyword-common")),
        ("duckdns", Some("keyword-common")),
        ("museum", Some("keyword-common")),
        ("addr.arpa", Some("keyword-common")),
        ("localhost", Some("keyword-common")),
        ("p\ncom", None),
        ("zq-zq-zq", None),
        ("zqx.google.com", None),
        ("www.zqxzq", None),
        ("..zqx..", None),
        (".....", Some("keyword-digits")),
    ] {
        let got = Guard::built_in().judge_keyword(text);
        assert_eq!(got.as_ref().map(Reason::id), want, "{text:?}");
    }
}

#[test]
fn unknown_top_level_domains_are_named() {
    let guard = Guard::built_in();
    for (name, want) in [
        ("xn--mxamya0a.ccn", Some("ccn")),
        ("evil.com", None),
        ("evil.example", None),
        ("host.home.arpa", None),
        ("evil.xn--p1ai", None),
        ("evil.bit", Some("bit")),
    ] {
        assert_eq!(guard.unknown_tld(name), want, "{name}");
    }
}

#[test]
fn reasons_read_as_sentences() {
    let guard = Guard::built_in();
    let said = |name| guard.judge_name(name, Scope::Suffix).unwrap().to_string();
    assert_eq!(
        said("co.uk"),
        "is a public suffix, below which names have owners of their own"
    );
    assert_eq!(
        said("google.com"),
        "is among the 100,000 domains most asked for (Cloudflare Radar, 2026-08-10)"
    );
    let resolver = guard.judge_network(Network::parse("9.9.9.0/24").unwrap());
    assert_eq!(
        resolver.unwrap().to_string(),
        "has 9.9.9.9, a public name server of Quad9 that millions ask"
    );
    let keyword = guard.judge_keyword("google.de").unwrap();
    assert_eq!(
        keyword.to_string(),
        "stands in widely used names such as `google.de`"
    );
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in ".{0,80}", at in 0_usize..3) {
        let guard = Guard::built_in();
        let _ = guard.judge_keyword(&text);
        let _ = guard.judge_name(&text, ALL[at]);
        let _ = guard.unknown_tld(&text);
    }

    /// Any keyword cut out of a popular name is found in one.
    #[test]
    fn parts_of_innocent_names_are_refused(nth in 0_usize..100_000, from in 0_usize..40, len in 5_usize..20) {
        let line = Names::built_in().lines().filter(|l| l.lists.ends_with('p')).nth(nth % 90_000).unwrap();
        let site = format!("www.{}", names::reverse(line.reverse));
        let part: String = site.chars().skip(from).take(len).collect();
        proptest::prop_assert!(Guard::built_in().judge_keyword(&part).is_some(), "{}", part);
    }
}
