//! Tests of what STIX patterns come to.

use super::super::pattern::parse;
use super::*;

/// What a pattern comes to, in words: `Domain evil.example`, with `?` where there is doubt, and what is demanded besides.
fn of(pattern: &str) -> Vec<String> {
    let mut all = Vec::new();
    walk(&parse(pattern).unwrap(), &mut |found| {
        all.push(match found {
            Found::Aside(what, text) => format!("aside {what}: {text}"),
            Found::Entry {
                kind,
                text,
                demands,
                doubtful,
                until,
            } => {
                let mut said = format!("{kind:?} {text}");
                said.push_str(if doubtful { " ?" } else { "" });
                let demands = demands.map(|demands| format!(" with {demands}"));
                said.push_str(&demands.unwrap_or_default());
                let until = until.map(|until| format!(" until {until}"));
                said.push_str(&until.unwrap_or_default());
                said
            }
        });
    });
    all
}

#[track_caller]
fn check(cases: &[(&str, &[&str])]) {
    for (pattern, expected) in cases {
        assert_eq!(of(pattern), *expected, "{pattern}");
    }
}

#[test]
fn single_values() {
    check(&[
        (
            "[domain-name:value='evil.example']",
            &["Domain evil.example"],
        ),
        (
            "[domain-name:value='*.evil.example']",
            &["Below evil.example"],
        ),
        ("[domain-name:value='192.0.2.1']", &["Domain 192.0.2.1"]),
        (
            "[hostname:value='www.evil.example']",
            &["Exact www.evil.example"],
        ),
        (
            "[url:value='https://evil.example/a?b=c']",
            &["Url https://evil.example/a?b=c"],
        ),
        ("[ipv4-addr:value='192.0.2.1']", &["Address 192.0.2.1"]),
        (
            "[ipv4-addr:value='198.51.100.0/24']",
            &["Address 198.51.100.0/24"],
        ),
        (
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
            &["Address 198.51.100.0/24"],
        ),
        ("[ipv6-addr:value='2001:db8::1']", &["Address 2001:db8::1"]),
        (
            "[network-traffic:dst_ref.value='192.0.2.1']",
            &["Address 192.0.2.1"],
        ),
        (
            "[network-traffic:dst_ref.value='evil.example']",
            &["Domain evil.example"],
        ),
        (
            "[network-traffic:dst_ref.value='7a.example']",
            &["Domain 7a.example"],
        ),
        (
            "[network-traffic:dst_ref.value ISSUBSET '2001:db8::/32']",
            &["Address 2001:db8::/32"],
        ),
        (
            "[network-traffic:src_ref.value='192.0.2.1']",
            &["Address 192.0.2.1"],
        ),
    ]);
}

#[test]
fn certificates_and_fingerprints() {
    let ja3 = "0123456789abcdef0123456789abcdef";
    let ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
    for path in [
        "hashes.'SHA-1'",
        "hashes.sha1",
        "hashes.SHA1",
        "hashes.'SHA-256'",
        "hashes.\"sha256\"",
    ] {
        let pattern = format!("[x509-certificate:{path} = 'aa:BB']");
        assert_eq!(of(&pattern), ["Certificate aaBB"], "{path}");
    }
    check(&[
        (
            "[x509-certificate:serial_number='36:f7:d4']",
            &["Certificate serial:36f7d4"],
        ),
        (
            "[x509-certificate:serial_number='0x36f7']",
            &["Certificate serial:36f7"],
        ),
        (
            "[x509-certificate:hashes.MD5='aa']",
            &["aside certificate details: aa"],
        ),
        (
            "[x509-certificate:issuer='CN=x']",
            &["aside certificate details: CN=x"],
        ),
    ]);
    for path in [
        "network-traffic:extensions.'ja3-ext'.hash",
        "network-traffic:extensions.'tls-ext'.ja3_hash",
        "network-traffic:x_ja3",
        "x-tls-fingerprint:ja3",
        "x-ja3:value",
    ] {
        assert_eq!(of(&format!("[{path} = '{ja3}']")), [format!("Ja3 {ja3}")]);
        let path = path.replace("ja3", "ja4");
        assert_eq!(of(&format!("[{path} = '{ja4}']")), [format!("Ja4 {ja4}")]);
        for other in ["ja3s", "jarm", "ja4h"] {
            let path = path.replace("ja4", other);
            let said = format!("aside fingerprints of other kinds: {ja3}");
            assert_eq!(of(&format!("[{path} = '{ja3}']")), [said]);
        }
    }
    check(&[(
        "[x-tls:ja3 = '771,4865-4866,0']",
        &["aside fingerprints of other kinds: 771,4865-4866,0"],
    )]);
}

#[test]
fn http_requests() {
    let http = |text: &str| text.replace('@', "network-traffic:extensions.'http-request-ext'.");
    let cases: &[(&str, &[&str])] = &[
        (
            "[@request_header.Host='evil.example']",
            &["Exact evil.example"],
        ),
        (
            "[@request_header.'Host'='evil.example:8080']",
            &["Exact evil.example"],
        ),
        (
            "[@request_header.Host='192.0.2.1:8080']",
            &["Address 192.0.2.1:8080"],
        ),
        (
            "[@request_header.Host='[2001:db8::1]']",
            &["Address 2001:db8::1"],
        ),
        (
            "[@request_value='/gate.php']",
            &["aside paths without a host: /gate.php"],
        ),
        (
            "[@request_value='http://evil.example/x']",
            &["Url http://evil.example/x"],
        ),
        (
            "[@request_method='POST' AND @request_header.Host='evil.example' AND @request_value IN ('/a', '/b')]",
            &["Url evil.example/a", "Url evil.example/b"],
        ),
        (
            "[domain-name:value='evil.example' AND @request_value='/a']",
            &["Url evil.example/a"],
        ),
        (
            "[network-traffic:dst_ref.value='192.0.2.1' AND network-traffic:dst_port=8080 AND @request_value='/a']",
            &["Url 192.0.2.1:8080/a"],
        ),
        (
            "[ipv6-addr:value='2001:db8::1' AND @request_value='/a']",
            &["Url [2001:db8::1]/a"],
        ),
        (
            "[@request_header.Host='evil.example' AND @request_value LIKE '/a%']",
            &["Exact evil.example ? with @request_value LIKE '/a%'"],
        ),
        (
            "[@request_header.'User-Agent'='x']",
            &["aside user agents: x"],
        ),
        ("[@request_header.Cookie='x']", &["aside HTTP headers: x"]),
        (
            "[network-traffic:extensions.'tls-ext'.server_name='evil.example']",
            &["Exact evil.example"],
        ),
    ];
    for (pattern, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|said| http(said)).collect();
        assert_eq!(of(&http(pattern)), expected, "{pattern}");
    }
}

#[test]
fn wildcards() {
    check(&[
        (
            "[domain-name:value LIKE '%.evil.example']",
            &["Below evil.example"],
        ),
        (
            "[domain-name:value LIKE '%evil.example']",
            &["Domain evil.example"],
        ),
        (
            "[domain-name:value LIKE 'evil.example']",
            &["Domain evil.example"],
        ),
        ("[domain-name:value LIKE '%evil%']", &["Keyword evil"]),
        (
            "[hostname:value LIKE '%.evil.example']",
            &["Below evil.example"],
        ),
        (
            "[url:value LIKE 'https://evil.example/%']",
            &["Exact evil.example"],
        ),
        (
            "[url:value LIKE '%://evil.example:8080/%']",
            &["Exact evil.example"],
        ),
        (
            "[url:value LIKE 'http%://192.0.2.1%']",
            &["Address 192.0.2.1"],
        ),
        (
            "[url:value LIKE 'http://evil.example/a_b']",
            &["Url http://evil.example/a_b"],
        ),
        (
            "[ipv4-addr:value LIKE '192.0.2.%']",
            &["Address 192.0.2.0/24"],
        ),
        (
            "[ipv4-addr:value LIKE '192.0.%']",
            &["Address 192.0.0.0/16"],
        ),
        (
            "[network-traffic:dst_ref.value LIKE '192.0.2.%']",
            &["Address 192.0.2.0/24"],
        ),
        (
            "[network-traffic:dst_ref.value LIKE '%.evil.example']",
            &["Below evil.example"],
        ),
    ]);
    for aside in [
        "domain-name:value LIKE 'evil.%'",
        "domain-name:value LIKE '%.my_host.example'",
        "domain-name:value LIKE 'evil_.example'",
        "domain-name:value LIKE '%'",
        "domain-name:value LIKE '%%'",
        "domain-name:value LIKE '%evil'",
        "url:value LIKE '%/gate.php?id=%'",
        "url:value LIKE 'https://evil.example/path/%'",
        "url:value LIKE 'https://%.evil.example/%'",
        "ipv4-addr:value LIKE '192.%.2.%'",
        "ipv4-addr:value LIKE '%'",
    ] {
        let (_, value) = aside.split_once("LIKE '").unwrap();
        let said = format!(
            "aside values with wildcards: {}",
            value.trim_end_matches('\'')
        );
        assert_eq!(of(&format!("[{aside}]")), [said]);
    }
}

#[test]
fn what_no_entry_says_is_aside() {
    for (path, what) in [
        ("file:hashes.MD5", "file hashes"),
        ("file:hashes.'SHA-256'", "file hashes"),
        ("file:hashes.sha256", "file hashes"),
        ("file:name", "file names"),
        ("file:path", "file paths"),
        ("file:parent_directory_ref.path", "file paths"),
        ("directory:path", "file paths"),
        ("file:size", "file properties"),
        ("process:name", "process names"),
        ("process:command_line", "command lines"),
        ("process:pid", "process properties"),
        ("email-addr:value", "e-mail addresses"),
        ("email-message:from_ref.value", "e-mail addresses"),
        ("email-message:subject", "e-mail messages"),
        ("app:id", "app ids"),
        ("app:cert.sha256", "app certificates"),
        ("android-property:name", "Android properties"),
        ("configuration-profile:id", "configuration profiles"),
        ("windows-registry-key:key", "registry keys"),
        ("mutex:name", "mutexes"),
        ("user-account:account_login", "user accounts"),
        ("software:name", "software names"),
        ("autonomous-system:number", "autonomous systems"),
        ("mac-addr:value", "MAC addresses"),
        ("cryptocurrency-wallet:value", "cryptocurrency wallets"),
        ("phone-number:value", "phone numbers"),
        ("x-thing:value", "custom objects"),
        ("network-traffic:dst_port", "ports without an address"),
        ("network-traffic:src_port", "other properties of traffic"),
        (
            "network-traffic:protocols[*]",
            "other properties of traffic",
        ),
        ("network-traffic:x_own", "other properties of traffic"),
        (
            "domain-name:resolves_to_refs[*].value",
            "addresses that names point to",
        ),
    ] {
        let said = [format!("aside {what}: x"), format!("aside {what}: y")];
        assert_eq!(of(&format!("[{path} IN ('x', 'y')]")), said);
    }
    check(&[
        (
            "[domain-name:value MATCHES '^evil']",
            &["aside regular expressions: ^evil"],
        ),
        (
            "[domain-name:value != 'a.example']",
            &["aside negated comparisons: a.example"],
        ),
        (
            "[domain-name:value NOT LIKE '%x%']",
            &["aside negated comparisons: %x%"],
        ),
        (
            "[network-traffic:dst_port > 1024]",
            &["aside ranges of values: 1024"],
        ),
        (
            "[ipv4-addr:value ISSUPERSET '192.0.2.0/24']",
            &["aside ranges of values: 192.0.2.0/24"],
        ),
        (
            "[EXISTS domain-name:value]",
            &["aside ranges of values: EXISTS domain-name:value"],
        ),
    ]);
}

#[test]
fn or_is_several() {
    check(&[
        (
            "[domain-name:value='a.example' OR ipv4-addr:value='192.0.2.1' OR file:name='x']",
            &[
                "Domain a.example",
                "Address 192.0.2.1",
                "aside file names: x",
            ],
        ),
        (
            "[url:value IN ('http://a.example', 'http://b.example')]",
            &["Url http://a.example", "Url http://b.example"],
        ),
        (
            "[domain-name:value='a.example'] OR [domain-name:value='b.example']",
            &["Domain a.example", "Domain b.example"],
        ),
    ]);
}

#[test]
fn and_is_joined_where_an_entry_can_say_it() {
    check(&[
        (
            "[network-traffic:dst_ref.type='ipv4-addr' AND network-traffic:dst_ref.value='192.0.2.1' \
             AND network-traffic:dst_port=443 AND network-traffic:protocols[*]='tcp']",
            &["Address 192.0.2.1:443"],
        ),
        (
            "[ipv4-addr:value='192.0.2.0/24' AND network-traffic:dst_port IN (80, 443)]",
            &["Address 192.0.2.0/24:80", "Address 192.0.2.0/24:443"],
        ),
        (
            "[ipv6-addr:value='2001:db8::1' AND network-traffic:dst_port='443']",
            &["Address [2001:db8::1]:443"],
        ),
        (
            "[(ipv4-addr:value='192.0.2.1' OR domain-name:value='a.example') AND network-traffic:dst_port=443]",
            &[
                "Address 192.0.2.1:443",
                "Domain a.example with network-traffic:dst_port=443",
            ],
        ),
        (
            "[url:value='http://A.example/x' AND domain-name:value='a.example']",
            &["Url http://A.example/x"],
        ),
        (
            "[url:value='http://a.example/x' AND domain-name:value='b.example']",
            &["Url http://a.example/x with domain-name:value='b.example'"],
        ),
        (
            "[domain-name:value='a.example' AND domain-name:resolves_to_refs[*].value='192.0.2.1']",
            &["Domain a.example with domain-name:resolves_to_refs[*].value='192.0.2.1'"],
        ),
        (
            "[x509-certificate:hashes.'SHA-1'='aa' AND x509-certificate:hashes.'SHA-256'='bb' \
             AND x509-certificate:serial_number='01' AND x509-certificate:issuer='CN=x']",
            &["Certificate bb"],
        ),
        (
            "[x509-certificate:serial_number='01' AND x509-certificate:issuer='CN=x']",
            &["Certificate serial:01 ? with x509-certificate:issuer='CN=x'"],
        ),
        (
            "[ipv4-addr:value='192.0.2.1' AND network-traffic:dst_ref.value='192.0.2.1']",
            &["Address 192.0.2.1"],
        ),
    ]);
}

#[test]
fn what_else_is_demanded_makes_doubt() {
    check(&[
        (
            "[domain-name:value='a.example' AND process:name='x' AND file:name='y']",
            &["Domain a.example ? with process:name='x', file:name='y'"],
        ),
        (
            "[domain-name:value LIKE '%.a.example' AND domain-name:value != 'www.a.example']",
            &["Below a.example ? with domain-name:value != 'www.a.example'"],
        ),
        (
            "[network-traffic:src_ref.value='198.51.100.1' AND network-traffic:dst_ref.value='192.0.2.1']",
            &["Address 192.0.2.1 ? with network-traffic:src_ref.value='198.51.100.1'"],
        ),
        (
            "[domain-name:value='a.example' AND domain-name:value='b.example' AND domain-name:value='b.example']",
            &[
                "Domain a.example ? with domain-name:value='b.example'",
                "Domain b.example ? with domain-name:value='a.example'",
            ],
        ),
        (
            "[domain-name:value='a.example'] FOLLOWEDBY [file:name='x'] WITHIN 5 SECONDS",
            &[
                "Domain a.example ? with [file:name='x'] WITHIN 5 SECONDS",
                "aside file names: x",
            ],
        ),
        (
            "[ipv4-addr:value='192.0.2.1'] REPEATS 5 TIMES WITHIN 60 SECONDS",
            &["Address 192.0.2.1 ? with REPEATS 5 TIMES"],
        ),
        (
            "[ipv4-addr:value='192.0.2.1'] WITHIN 60 SECONDS",
            &["Address 192.0.2.1"],
        ),
        (
            "[ipv4-addr:value='192.0.2.1'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
            &["Address 192.0.2.1 until 2021-01-01T00:00:00Z"],
        ),
        ("[file:name='x' AND file:size=5]", &["aside file names: x"]),
        (
            "[network-traffic:protocols[*]='tcp' AND network-traffic:dst_port=5]",
            &["aside ports without an address: 5"],
        ),
    ]);
}

#[path = "terms_bounds_tests.rs"]
mod bounds;
