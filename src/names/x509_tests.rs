#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::x509::{self as make, Text, certificate, nameless, tlv};

use super::*;

fn read(der: &[u8]) -> (Vec<(Kind, String)>, Outcome) {
    let mut found = Vec::new();
    let outcome = names(der, &mut |kind, name| {
        found.push((kind, String::from_utf8_lossy(name).into_owned()));
    });
    (found, outcome)
}

fn san(name: &str) -> (Kind, String) {
    (Kind::X509San, name.to_string())
}

fn cn(name: &str) -> (Kind, String) {
    (Kind::X509Cn, name.to_string())
}

#[test]
fn both_places_are_read_and_the_issuer_is_not() {
    let der = certificate("www.example.com")
        .san("www.example.com")
        .san("*.example.org")
        .der();
    let want = vec![
        cn("www.example.com"),
        san("www.example.com"),
        san("*.example.org"),
    ];
    assert_eq!(read(&der), (want, Outcome::Whole));
}

#[test]
fn the_names_of_addresses_mailboxes_and_documents_are_no_hosts() {
    let der = nameless()
        .other_san(0x81, b"someone@mail.example")
        .other_san(0x86, b"https://uri.example/")
        .san("host.example")
        .other_san(0x87, &[192, 0, 2, 1])
        .critical()
        .der();
    assert_eq!(read(&der), (vec![san("host.example")], Outcome::Whole));
}

#[test]
fn common_names_in_every_alphabet() {
    for text in [
        Text::Utf8,
        Text::Printable,
        Text::Teletex,
        Text::Bmp,
        Text::Universal,
    ] {
        let der = certificate("www.example.com").text(text).der();
        assert_eq!(
            read(&der),
            (vec![cn("www.example.com")], Outcome::Whole),
            "{text:?}"
        );
    }
}

#[test]
fn only_host_names_count_as_common_names() {
    for (name, counts) in [
        ("*.example.com", true),
        ("mysql_server_5.7.12_auto_generated", true),
        ("xn--j1ahhq.xn--p1ai", true),
        ("example.com.", true),
        ("localhost", false),
        ("Example Root CA", false),
        ("example.com CA", false),
        ("someone@example.com", false),
        ("https://example.com", false),
        ("192.0.2.1", false),
        ("a..example", false),
        (".example", false),
        ("", false),
        ("b\u{fc}cher.example", false),
    ] {
        let names = read(&certificate(name).der()).0;
        assert_eq!(names, Vec::from_iter(counts.then(|| cn(name))), "{name}");
    }
    let long = format!("{}.example", "a".repeat(64));
    assert_eq!(read(&certificate(&long).der()).0, []);
}

#[test]
fn version_1_and_several_common_names() {
    let der = certificate("one.example")
        .common_name("two.example")
        .version1()
        .der();
    assert_eq!(
        read(&der),
        (vec![cn("one.example"), cn("two.example")], Outcome::Whole)
    );
}

#[test]
fn malformed_neighbours_do_not_hide_names() {
    let extension = tlv(0x30, &[6, 3, 0x55, 0x1d, 19, 4, 0x20, 1]); // a length that lies
    for broken in [
        extension,
        tlv(0x30, &[]),
        tlv(0x30, &[6, 9]),
        tlv(0x31, &[1, 2, 3]),
        vec![5, 0],
    ] {
        let der = certificate("www.example.com")
            .raw_extension_before(&broken)
            .san("host.example")
            .der();
        let want = vec![cn("www.example.com"), san("host.example")];
        assert_eq!(read(&der).0, want, "{broken:02x?}");
    }
    let good = certificate("www.example.com").san("host.example").der();
    let mut serial = good.clone();
    // The validity says what is no date.
    let at = serial.windows(5).position(|w| w == b"25010").unwrap();
    serial[at..at + 5].copy_from_slice(&[0xff; 5]);
    assert_eq!(read(&serial).0, read(&good).0);
}

#[test]
fn a_certificate_that_is_cut_names_what_is_there() {
    let der = certificate("www.example.com")
        .san("first.example")
        .san("second.example")
        .der();
    let ends = |name: &[u8]| der.windows(name.len()).rposition(|w| w == name).unwrap() + name.len();
    let first = ends(b"first.example");
    let second = ends(b"second.example");
    for n in 0..der.len() {
        let (names, outcome) = read(&der[..n]);
        assert_eq!(outcome, Outcome::Malformed);
        let found = names.iter().filter(|(kind, _)| *kind == Kind::X509San);
        assert_eq!(
            found.count(),
            usize::from(n >= first) + usize::from(n >= second),
            "{n}"
        );
    }
}

#[test]
fn a_dns_name_is_ascii() {
    let der = nameless()
        .other_san(0x82, b"\xff\x01binary.example")
        .other_san(0x82, b"")
        .other_san(0x82, b"null.example\0.example.com")
        .san("host.example")
        .der();
    let want = vec![san("null.example\0.example.com"), san("host.example")];
    assert_eq!(read(&der), (want, Outcome::Malformed));
}

#[test]
fn indefinite_lengths_and_long_tags_are_malformed() {
    for bytes in [
        &[0x30, 0x80, 0, 0][..],
        &[0x3f, 0x81, 1, 0],
        &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
    ] {
        assert_eq!(read(bytes), (vec![], Outcome::Malformed));
    }
}

fn host() -> impl Strategy<Value = String> {
    "[a-z0-9-]{1,20}(\\.[a-z0-9-]{1,20}){0,2}\\.[a-z]{2,10}"
}

/// What an independent reader makes of the same certificate, if it accepts it.
fn by_x509_parser(der: &[u8]) -> Option<Vec<(Kind, Vec<u8>)>> {
    use x509_parser::prelude::*;
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut names = Vec::new();
    for name in certificate.subject().iter_common_name() {
        if let Ok(text) = name.as_str()
            && is_host_name(text.as_bytes())
        {
            names.push((Kind::X509Cn, text.as_bytes().to_vec()));
        }
    }
    for extension in certificate.extensions() {
        if let ParsedExtension::SubjectAlternativeName(list) = extension.parsed_extension() {
            for name in &list.general_names {
                if let GeneralName::DNSName(text) = name
                    && !text.is_empty()
                    && text.is_ascii()
                {
                    names.push((Kind::X509San, text.as_bytes().to_vec()));
                }
            }
        }
    }
    Some(names)
}

proptest! {
    #[test]
    fn agrees_with_x509_parser(
        subject in host(),
        names in prop::collection::vec(host(), 0..20),
        key in 0usize..600,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut builder = certificate(&subject).key(key);
        for name in &names {
            builder = builder.san(name);
        }
        let mut der = builder.der();
        if flips.is_empty() {
            prop_assert_eq!(read(&der).1, Outcome::Whole);
            prop_assert!(by_x509_parser(&der).is_some());
        }
        let mut flipped = Vec::new();
        for (at, value) in flips {
            let at = at.index(der.len());
            flipped.push((at, der[at], value));
            der[at] = value;
        }
        let mut ours = Vec::new();
        names_of(&der, &mut ours);
        // With a byte changed x509-parser forgives other things than we do: tags of another class,
        // lengths that say less. Then it is enough that both survive.
        let theirs = by_x509_parser(&der).unwrap_or_default();
        if flipped.is_empty() {
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        read(&bytes);
        let mut der = make::certificate("www.example.com").san("host.example").der();
        let at = at.index(der.len());
        let end = der.len().min(at + bytes.len());
        der[at..end].copy_from_slice(&bytes[..end - at]);
        read(&der);
    }
}

fn names_of(der: &[u8], into: &mut Vec<(Kind, Vec<u8>)>) {
    names(der, &mut |kind, name| into.push((kind, name.to_vec())));
}
