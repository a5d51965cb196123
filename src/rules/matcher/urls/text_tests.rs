use super::*;
use proptest::prelude::*;

#[test]
fn urls_are_read_and_written_in_one_form() {
    for (text, want) in [
        ("https://evil.example/a?b#c", "https://evil.example/a?b"),
        ("HTTP://Evil.Example.:80", "http://evil.example/"),
        ("http://evil.example:443/", "http://evil.example:443/"),
        ("https://evil.example:443/", "https://evil.example/"),
        ("https://evil.example:/", "https://evil.example/"),
        (
            "http://user:pass@word@evil.example:81/A",
            "http://evil.example:81/A",
        ),
        ("http://evil.example?q=/x", "http://evil.example/?q=/x"),
        ("http://evil.example#x", "http://evil.example/"),
        ("evil.example/a", "evil.example/a"),
        ("evil.example:8080/a", "evil.example:8080/a"),
        ("evil.example", "evil.example/"),
        (
            "evil.example/a?u=http://b.example/",
            "evil.example/a?u=http://b.example/",
        ),
        ("http://192.0.2.1:8080/a", "http://192.0.2.1:8080/a"),
        (
            "http://[2001:DB8:0::1]:8080/a",
            "http://[2001:db8::1]:8080/a",
        ),
        ("http://[::ffff:192.0.2.1]/a", "http://192.0.2.1/a"),
        (
            "http://evil.example/%7Ea%2f\u{e4}",
            "http://evil.example/~a%2F%C3%A4",
        ),
        ("ftp://evil.example:21/x", "ftp://evil.example/x"),
        ("tcp://evil.example:4444", "tcp://evil.example:4444/"),
        ("http://a.example//b/../c", "http://a.example//b/../c"),
    ] {
        let url = parse_url(text).unwrap();
        assert_eq!(url.to_string(), want, "{text}");
        assert_eq!(parse_url(want), Ok(url));
    }
    let url = parse_url("https://[2001:db8::1]:8443/a?b").unwrap();
    assert_eq!(url.scheme(), Some("https"));
    assert_eq!(url.host(), "2001:db8::1");
    assert_eq!(url.address(), "2001:db8::1".parse().ok());
    assert_eq!((url.port(), url.path()), (Some(8443), "/a?b"));
}

#[test]
fn refusals_say_what_to_write_instead() {
    let long = format!("http://evil.example/{}", "\u{e4}".repeat(700));
    let long_host = format!("http://{}/", "a.".repeat(100_000));
    for (text, what, fix) in [
        ("", "empty", "URL"),
        ("http://", "no host", "https://"),
        ("http:///path", "no host", "https://"),
        ("/path", "no host", "https://"),
        ("//evil.example/path", "no host", "https://"),
        ("http://evil.example/a b", "white space", "%20"),
        ("http://evil.example/a\n", "white space", "%20"),
        ("hxxps://evil[.]example/", "defanged", "`https://`"),
        ("http://evil[.]example/", "defanged", "`evil.example`"),
        ("evil(.)example:80/a", "defanged", "`evil.example:80`"),
        ("a@evil.example", "mail", "http://"),
        ("mailto:a@evil.example", "mail", "http://"),
        ("1http://evil.example/", "no scheme", "http://"),
        ("://evil.example/", "no scheme", "http://"),
        ("http://localhost/", "no dot", "registered"),
        ("http://3221226219/", "no dot", "registered"),
        ("http://*.evil.example/", "wildcard", "`evil.example`"),
        ("http://192.0.2.256/", "neither", "0 to 255"),
        ("http://evil.example:0/", "for a port", "1 to 65535"),
        ("http://evil.example:+1/", "for a port", "1 to 65535"),
        ("http://evil.example:65536/", "for a port", "1 to 65535"),
        ("http://2001:db8::1/", "no dot", ""),
        ("http://[2001:db8::x]/", "IPv6", "correct"),
        ("http://[2001:db8::1]x/", "bracket", "PORT"),
        (&long, "4096 bytes", "cut"),
        (&long_host, "over 253", "correct"),
    ] {
        let Err((got_what, got_fix)) = parse_url(text) else {
            panic!("{text}");
        };
        assert!(got_what.contains(what), "{text}: {got_what}");
        assert!(got_fix.contains(fix), "{text}: {got_fix}");
        assert!(got_what.len() < 600, "{got_what}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        scheme in prop::option::of("http|https|gopher"),
        host in "[a-z0-9]{1,5}(\\.[a-z]{2,4}){1,3}|192\\.0\\.2\\.[1-9]",
        port in prop::option::of(1..=u16::MAX),
        path in "(/[a-zA-Z0-9~%\u{e4} ?&=\"<-]{0,6}){0,4}",
    ) {
        let path = path.replace(' ', "%20").replace('%', "%2541");
        let mut text = scheme.as_ref().map(|s| format!("{s}://")).unwrap_or_default();
        text.push_str(&host);
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        let url = parse_url(&(text + &path)).unwrap();
        prop_assert_eq!(url.host(), host);
        prop_assert_eq!(url.scheme(), scheme.as_deref());
        prop_assert_eq!(parse_url(&url.to_string()), Ok(url));
    }

    #[test]
    fn any_text_is_survived(text in "([a-z0-9:/?#@%.\\[\\]]|\u{e4}){0,30}|.{0,40}") {
        let _ = parse_url(&text);
    }
}
