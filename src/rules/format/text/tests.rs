use proptest::prelude::*;

use super::*;

fn entry(text: &str) -> (Kind, String) {
    match bare(text) {
        Bare::Entry(kind, found) => (kind, found.into_owned()),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn names_lose_what_only_lists_put_around_them() {
    for text in [
        "evil.example",
        " evil.example\t",
        "\"evil.example\",",
        "'evil.example';",
        "`evil.example`",
        "<evil.example>",
        "\u{201c}evil.example\u{201d}",
        "evil.example.",
        ".evil.example",
        "*.evil.example",
        "evil[.]example",
        "evil[.]example:443",
        "evil.example:8080",
        "http://evil.example",
        "hxxps://evil.example/",
        "http://user:secret@evil.example:80/",
        "https://evil.example/*",
        "evil.example/",
        "//evil.example",
        "evil\u{200b}.example",
    ] {
        assert_eq!(entry(text), (Kind::Domain, "evil.example".into()), "{text}");
    }
    for text in [
        "нехороший.example",
        "xn--e1aybc.example",
        "_dmarc.evil.example",
        "word",
    ] {
        assert_eq!(entry(text), (Kind::Domain, text.into()));
    }
    assert_eq!(entry("Evil.EXAMPLE"), (Kind::Domain, "Evil.EXAMPLE".into()));
}

#[test]
fn urls_keep_their_path() {
    for (text, url) in [
        ("http://evil.example/a", "http://evil.example/a"),
        (
            "hxxp://evil[.]example:8080/a?b=c#d",
            "http://evil.example:8080/a?b=c#d",
        ),
        ("evil.example/a", "evil.example/a"),
        ("//evil.example/a", "evil.example/a"),
        ("192.0.2.1/a.sh", "192.0.2.1/a.sh"),
        ("192.0.2.1:81/a", "192.0.2.1:81/a"),
        ("evil.example:443/a", "evil.example:443/a"),
        ("wss://evil.example/socket", "wss://evil.example/socket"),
        ("https://evil.example?x=1", "https://evil.example?x=1"),
        (
            "https://social.example/@name",
            "https://social.example/@name",
        ),
        ("http://[2001:db8::1]/a", "http://[2001:db8::1]/a"),
    ] {
        assert_eq!(entry(text), (Kind::Url, url.into()), "{text}");
        assert!(is_clear(&bare(text)), "{text}");
    }
}

#[test]
fn addresses_keep_their_port_and_prefix() {
    for (text, address) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192[.]0[.]2[.]1", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/24:443", "192.0.2.0/24:443"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("[2001:db8::/32]:443", "[2001:db8::/32]:443"),
        ("http://192.0.2.1/", "192.0.2.1"),
        ("http://192.0.2.1:8080/", "192.0.2.1:8080"),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ] {
        assert_eq!(entry(text), (Kind::Address, address.into()), "{text}");
        assert!(is_clear(&bare(text)), "{text}");
    }
    // They were meant as addresses: the judge says what is wrong with them.
    for text in ["192.0.2.256", "192.0.2.0/33", "192.0.2", "fe80::1%eth0"] {
        assert_eq!(entry(text), (Kind::Address, text.into()));
        assert!(!is_clear(&bare(text)), "{text}");
    }
}

#[test]
fn fingerprints() {
    let ja4 = "t13d1516h2_8daaf6152771_02713d6af862";
    assert_eq!(entry(ja4), (Kind::Ja4, ja4.into()));
    let sha1 = vec!["AB"; 20].join(":");
    assert_eq!(entry(&sha1), (Kind::Certificate, "AB".repeat(20)));
    for length in [32, 40, 64, 128] {
        assert_eq!(bare(&"0f".repeat(length / 2)), Bare::Aside("file hashes"));
    }
    assert_eq!(entry(&"0f".repeat(17)).0, Kind::Domain);
}

#[test]
fn what_no_network_shows_is_aside() {
    for (text, what) in [
        ("someone@evil.example", "e-mail addresses"),
        ("someone[@]evil[.]example", "e-mail addresses"),
        ("mailto:someone@evil.example", "e-mail addresses"),
        ("name@localhost", "e-mail addresses"),
        ("/private/var/db/x.plist", "file paths"),
        ("~/Library/x", "file paths"),
        ("/Library/Application Support/x", "file paths"),
        (r"C:\Windows\Temp\a b.tmp", "file paths"),
        (r"\\server\share", "file paths"),
        (r"%AppData%\x", "file paths"),
        ("file:///etc/x", "file paths"),
        (r"HKLM\Software\x y", "registry keys"),
        (r"hkey_local_machine\x", "registry keys"),
        ("update.exe", "file names"),
        ("a.b.PLIST", "file names"),
        ("Mozilla/5.0 (X11)", "user agents"),
        ("02:00:5e:00:53:01", "hardware addresses"),
    ] {
        assert_eq!(bare(text), Bare::Aside(what), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for text in [
        "evil.example is bad",
        "192.0.2.1 192.0.2.2",
        "192.0.2.1-192.0.2.9",
        "evil*.example",
        "*",
        "evil.\u{0}example",
    ] {
        assert!(
            matches!(bare(text), Bare::Wrong(..)),
            "{text}: {:?}",
            bare(text)
        );
    }
    for text in ["", " ", "\"\"", "' '", "\u{feff}"] {
        assert_eq!(bare(text), Bare::Empty, "{text:?}");
    }
}

#[test]
fn what_needs_no_change_is_borrowed() {
    for text in [
        "evil.example",
        "*.evil.example",
        "\"192.0.2.1\"",
        "http://evil.example/",
        "http://evil.example/a",
        "нехороший.example",
    ] {
        let Bare::Entry(_, found) = bare(text) else {
            panic!("{text}")
        };
        assert!(matches!(found, Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn long_texts_are_shortened_for_messages() {
    assert_eq!(shortened("abc"), "abc");
    assert_eq!(shortened(&"ü".repeat(100)).chars().count(), 83);
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let found = bare(&text);
        let _ = is_clear(&found);
    }

    #[test]
    fn texts_of_such_characters_do_not_panic(text in "[a-f0-9.:/*@\\[\\]\\\\ hxtp\"é-]{0,40}") {
        let found = bare(&text);
        let _ = is_clear(&found);
    }

    #[test]
    fn names_are_read_back_however_they_are_written(
        name in "[a-z][a-z0-9-]{0,8}(\\.[a-z][a-z0-9]{0,5}){0,2}\\.example",
        dots in 0..5_usize,
        before in prop::sample::select(vec!["", "*.", ".", "http://", "hxxp://", "h**ps://"]),
        quote in prop::sample::select(vec!["", "\"", "'"]),
    ) {
        let dot = [".", "[.]", "(.)", "[dot]", "\\."][dots];
        let written = format!("{quote}{before}{}{quote}", name.replace('.', dot));
        prop_assert_eq!(entry(&written), (Kind::Domain, name));
    }
}
