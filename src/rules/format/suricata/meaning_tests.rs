use crate::rules::format::listing::{Kept, Kind};
use crate::rules::format::suricata::read;

fn kept(text: &[u8]) -> Kept {
    let mut kept = Kept::default();
    read(text, &mut kept).unwrap();
    kept
}

/// What becomes of a rule with these options: kind and text, or why it is aside.
fn one(options: &str) -> (Option<Kind>, String) {
    whole(&format!(
        "alert dns $HOME_NET any -> any any (msg:\"x\"; {options} sid:1;)"
    ))
}

fn whole(rule: &str) -> (Option<Kind>, String) {
    let kept = kept(rule.as_bytes());
    assert_eq!(kept.defects, [], "{rule}");
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
fn names_with_their_anchors() {
    use Kind::{Below, Domain, Exact, Keyword};
    for (options, kind, name) in [
        (
            "dns.query; dotprefix; content:\".evil.example\"; nocase; endswith;",
            Domain,
            "evil.example",
        ),
        (
            "tls.sni; dotprefix; content:\".evil.example\"; endswith; fast_pattern;",
            Domain,
            "evil.example",
        ),
        (
            "dns_query; content:\"evil.example\"; bsize:12;",
            Exact,
            "evil.example",
        ),
        (
            "tls_sni; bsize:12; content:\"evil.example\";",
            Exact,
            "evil.example",
        ),
        (
            "dns.query; dotprefix; bsize:13; content:\".evil.example\";",
            Exact,
            "evil.example",
        ),
        (
            "dns.query; content:\"evil.example\"; startswith; endswith;",
            Exact,
            "evil.example",
        ),
        (
            "dns.query; content:\"evil.example\"; depth:12; isdataat:!1,relative;",
            Exact,
            "evil.example",
        ),
        (
            "dns_query; content:\"evil|2e|example\"; depth:12; isdataat: ! 1 , relative;",
            Exact,
            "evil.example",
        ),
        (
            "dns.query; content:\"evil.example\"; endswith;",
            Domain,
            "evil.example",
        ),
        (
            "dns.query; content:\"evil.example\"; isdataat:!1,relative;",
            Domain,
            "evil.example",
        ),
        (
            "dns.query; content:\".evil.example\"; endswith;",
            Below,
            "evil.example",
        ),
        (
            "dns.query; content:\".evil.example\";",
            Below,
            "evil.example",
        ),
        (
            "dns.query; dotprefix; content:\".evil.example\";",
            Domain,
            "evil.example",
        ),
        (
            "dns.query; dotprefix; content:\".onion\"; endswith;",
            Domain,
            "onion",
        ),
        (
            "dns.query; content:\"evil.example\"; depth:12;",
            Exact,
            "evil.example",
        ),
        (
            "tls.sni; content:\"evil.example\"; nocase;",
            Domain,
            "evil.example",
        ),
        ("tls.sni; content:\"evilcorp\";", Keyword, "evilcorp"),
        (
            "tls.sni; content:\"evil.example.\";",
            Keyword,
            "evil.example.",
        ),
        (
            "http.method; content:\"GET\"; http.host; content:\"evil.example\"; bsize:12;",
            Exact,
            "evil.example",
        ),
        (
            "content:\"evil.example\"; nocase; http_host; depth:12; isdataat:!1,relative;",
            Exact,
            "evil.example",
        ),
        (
            "http_host; content:\"evil.example\"; endswith;",
            Domain,
            "evil.example",
        ),
        (
            "http_header:field host; content:\"evil.example\",nocase,depth 12;",
            Exact,
            "evil.example",
        ),
        (
            "content:\"Host|3a 20|evil.example|0d 0a|\"; http_header;",
            Exact,
            "evil.example",
        ),
        (
            "http.header; content:\"Host: evil.example\";",
            Exact,
            "evil.example",
        ),
        (
            "flow:established,to_server; flowbits:set,x; dns.query; content:\"evil.example\";",
            Domain,
            "evil.example",
        ),
    ] {
        assert_eq!(one(options), entry(kind, name), "{options}");
    }
}

#[test]
fn regular_expressions_that_only_anchor_a_name() {
    for (options, kind) in [
        (
            r#"dns_query; content:"evil.example"; nocase; pcre:"/(^|[^A-Za-z0-9-])evil\.example$/i";"#,
            Kind::Domain,
        ),
        (
            r#"tls_sni; content:"evil.example"; nocase; pcre: "/(^|[^A-Za-z0-9-\.])evil\.example$/i";"#,
            Kind::Exact,
        ),
        (
            r#"dns.query; content:"evil.example"; pcre:"/(^|\.)evil\.example$/";"#,
            Kind::Domain,
        ),
        (
            r#"dns.query; content:"evil.example"; pcre:"/^evil\.example$/";"#,
            Kind::Exact,
        ),
        (
            r#"content:"Host|3a| evil.example"; fast_pattern:only; nocase; http_header; pcre:"/(^|[^A-Za-z0-9-])evil\.example[\r\n$]/Hi";"#,
            Kind::Domain,
        ),
    ] {
        assert_eq!(one(options), entry(kind, "evil.example"), "{options}");
    }
    for options in [
        r#"dns.query; content:"evil.example"; pcre:"/[a-z]{8}\.evil\.example$/";"#,
        r#"dns.query; content:"evil.example"; pcre:"/^evil\.example/";"#,
        r#"dns.query; content:"evil"; pcre:"/^evil$/";"#,
        r#"dns.query; content:"evil.example"; pcre:"/^evil\.example$/"; pcre:"/x/";"#,
    ] {
        assert_eq!(one(options), aside("regular expressions"), "{options}");
    }
}

#[test]
fn questions_of_dns_in_packets() {
    let old = |content: &str, port: &str| {
        whole(&format!(
            "alert udp $HOME_NET any -> any {port} (msg:\"x\"; content:\"|01 00 00 01 00 00 00 00 00 00|\"; \
            depth:10; offset:2; content:\"{content}\"; nocase; distance:0; sid:1;)"
        ))
    };
    let name = "|04|evil|07|example|00|";
    assert_eq!(old(name, "53"), entry(Kind::Domain, "evil.example"));
    assert_eq!(
        old("|04|evil|07|example|00 00 01 00 01|", "[53,5353]"),
        entry(Kind::Domain, "evil.example")
    );
    assert_eq!(
        old("|04|evil|07|example", "53"),
        entry(Kind::Domain, "evil.example")
    );
    assert_eq!(
        old("|04|evil|08|example|00|", "53"),
        aside("rules that look into traffic")
    );
    assert_eq!(
        old("|07|example|00|", "53"),
        aside("rules that look into traffic")
    );
    assert_eq!(old(name, "80"), aside("rules that look into traffic"));
}

#[test]
fn urls_fingerprints_and_serials() {
    let ja3 = "d41d8cd98f00b204e9800998ecf8427e";
    let ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
    let colons = ["ab"; 20].join(":");
    for (options, kind, text) in [
        (
            "http.host; content:\"evil.example\"; http.uri; content:\"/gate.php\"; startswith;",
            Kind::Url,
            "evil.example/gate.php",
        ),
        (
            "content:\"/gate.php\"; http_uri; content:\"evil.example\"; http_host;",
            Kind::Url,
            "evil.example/gate.php",
        ),
        (
            "uricontent:\"/x\"; content:\"Host: evil.example|0d 0a|\"; http_header;",
            Kind::Url,
            "evil.example/x",
        ),
        (
            "http.host; content:\"192.0.2.1\"; bsize:9;",
            Kind::Address,
            "192.0.2.1",
        ),
        (
            "http.host.raw; content:\"192.0.2.1:81\";",
            Kind::Address,
            "192.0.2.1:81",
        ),
        (
            "http.host.raw; content:\"evil.example:81\"; startswith; endswith;",
            Kind::Url,
            "evil.example:81/",
        ),
        (&format!("ja3.hash; content:\"{ja3}\";"), Kind::Ja3, ja3),
        (&format!("ja3_hash; content:\"{ja3}\";"), Kind::Ja3, ja3),
        (&format!("ja4.hash; content:\"{ja4}\";"), Kind::Ja4, ja4),
        (
            &format!("tls.cert_fingerprint; content:\"{colons}\";"),
            Kind::Certificate,
            &"ab".repeat(20),
        ),
        (
            &format!("tls.fingerprint:\"{}\";", colons.to_uppercase()),
            Kind::Certificate,
            &"ab".repeat(20),
        ),
        (
            "tls.cert_serial; content:\"5C:19:B7:B1\";",
            Kind::Certificate,
            "serial:5c19b7b1",
        ),
    ] {
        assert_eq!(one(options), entry(kind, text), "{options}");
    }
}

#[test]
fn what_is_no_indicator_is_aside() {
    let more = "rules that look for more than a name";
    let traffic = "rules that look into traffic";
    for (options, why) in [
        (
            "dns.query; pcre:\"/^[a-z]{16}\\.example$/\";",
            "regular expressions",
        ),
        (
            "dns.query; content:\"shared.example\"; pcre:\"/^x;[a-z]/\";",
            "regular expressions",
        ),
        (
            "dns.query; content:!\"good.example\";",
            "rules with negated contents",
        ),
        (
            "dns.query; content:\"evil.example\"; content:!\"www.\";",
            "rules with negated contents",
        ),
        (
            "dns.query; dataset:isset,names,type string,load f.lst;",
            "rules that use data sets",
        ),
        (
            "dns.query; datarep:names,>,5,load f.lst,type string;",
            "rules that use data sets",
        ),
        (
            "dns.query; content:\"evil.example\"; noalert;",
            "rules that do not alert",
        ),
        (
            "dns.query; content:\"evil.example\"; flowbits:set,x; flowbits:noalert;",
            "rules that do not alert",
        ),
        (
            "dns.query; content:\"evil.example\"; flowbits:isset,x;",
            more,
        ),
        ("dns.query; content:\"evil\"; content:\".example\";", more),
        ("dns.query; to_sha256; content:\"evil.example\";", more),
        (
            "http.host; content:\"api.example\"; http.user_agent; content:\"evil\";",
            more,
        ),
        (
            "http.host; content:\"api.example\"; http.uri; content:\"/a\"; content:\"b\";",
            more,
        ),
        (
            "http.host; content:\"api.example\"; http.uri; content:\"bot\";",
            more,
        ),
        (
            "tls.sni; content:\"api.example\"; ja3.hash; content:\"x\";",
            more,
        ),
        (
            "tls.cert_subject; content:\"CN=evil.example\";",
            "certificate names",
        ),
        ("tls.issuerdn:\"CN=evil\";", "certificate names"),
        (
            "tls.cert_subject; content:\"CN=x\"; tls.cert_serial; content:\"01\";",
            "certificate names",
        ),
        (
            "ja3s.hash; content:\"d41d8cd98f00b204e9800998ecf8427e\";",
            traffic,
        ),
        ("ja3.hash; content:\"d41d8\";", "parts of fingerprints"),
        ("dns.query; content:\"ev\";", "rules for parts of names"),
        (
            "dns.query; content:\"evil\"; startswith;",
            "rules for parts of names",
        ),
        ("http.uri; content:\"/gate.php\";", traffic),
        ("content:\"evil.example\";", traffic),
        ("http.user_agent; content:\"evil.example\";", traffic),
        ("dns.query; content:\"evil.example\"; bsize:>12;", more),
        ("dns.query; content:\"evil.example\"; bsize:20;", more),
        ("dsize:10;", traffic),
        ("", traffic),
    ] {
        assert_eq!(one(options), aside(why), "{options}");
    }
    assert_eq!(
        whole("pass dns any any -> any any (dns.query; content:\"a.example\"; sid:1;)"),
        aside("pass rules")
    );
    assert_eq!(
        whole("#alert dns any any -> any any (dns.query; content:\"a.example\"; sid:1;)"),
        aside("disabled rules")
    );
    assert_eq!(
        whole("## drop dns any any -> any any (sid:1;)"),
        aside("disabled rules")
    );
}

#[test]
fn addresses_of_the_head() {
    let rule = |head: &str| {
        let kept = kept(format!("{head} (msg:\"x\"; classtype:y; sid:1; rev:2;)").as_bytes());
        assert_eq!(kept.defects, []);
        let listed: Vec<_> = kept
            .entries
            .into_iter()
            .map(|(_, kind, text, _)| {
                assert_eq!(kind, Kind::Address);
                text
            })
            .collect();
        (
            listed.join(" "),
            kept.asides
                .into_iter()
                .map(|(_, what, _)| what)
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    for (head, listed, aside) in [
        (
            "alert ip any any -> [192.0.2.1, 198.51.100.0/24] 443",
            "192.0.2.1:443 198.51.100.0/24:443",
            "",
        ),
        (
            "alert tcp [192.0.2.1,2001:db8::1] any -> $HOME_NET any",
            "192.0.2.1 2001:db8::1",
            "",
        ),
        (
            "alert tcp $HOME_NET any -> 2001:db8::/32 [80,443]",
            "[2001:db8::/32]:80 [2001:db8::/32]:443",
            "",
        ),
        (
            "alert tcp $HOME_NET any <> 192.0.2.1 1024:",
            "192.0.2.1",
            "",
        ),
        ("drop ip 10.0.0.0/8 any -> 192.0.2.1 any", "192.0.2.1", ""),
        (
            "drop ip 192.0.2.1 any -> [10.0.0.0/8,192.168.0.0/16] any",
            "192.0.2.1",
            "",
        ),
        ("alert ip 192.0.2.1 any -> !10.0.0.0/8 any", "192.0.2.1", ""),
        (
            "alert ip any any -> [192.0.2.0/24,!192.0.2.5] any",
            "",
            "addresses with exceptions",
        ),
        ("alert ip any any -> 10.0.0.1 any", "", "private addresses"),
        (
            "alert ip any any -> [$X,192.0.2.1] any",
            "192.0.2.1",
            "variables",
        ),
        (
            "alert ip any any -> $EXTERNAL_NET any",
            "",
            "rules that look into traffic",
        ),
        ("alert http", "", "rules that look into traffic"),
    ] {
        assert_eq!(
            rule(head),
            (listed.to_string(), aside.to_string()),
            "{head}"
        );
    }
    let ranged = kept(b"alert tcp any any -> 192.0.2.1 1024: (msg:\"x\"; sid:1;)");
    assert_eq!(
        ranged.entries[0].3.note.as_deref(),
        Some("x (port 1024: only)")
    );
}
