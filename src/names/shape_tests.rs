use proptest::prelude::*;
use testkit::{
    http as make_http, http2 as make_http2, socks as make_socks, starttls, tls as make_tls,
};

use super::*;

#[test]
fn what_begins() {
    for (bytes, wanted) in [
        (
            make_tls::client_hello("a.example").records(),
            Shape::ClientHello,
        ),
        (make_tls::server_hello(), Shape::ServerHello),
        (make_http::get("a.example", "/"), Shape::Http),
        (make_http::connect("a.example:443"), Shape::Http),
        (b"GET http://a.example/ HTTP/1.1\r\n".to_vec(), Shape::Http),
        (b"OPTIONS * HTTP/1.1\r\n".to_vec(), Shape::Http),
        (b"ANY-METHOD /x HTTP/1.1\r\n".to_vec(), Shape::Http),
        (b"\r\nGET / HTTP/1.1\r\n".to_vec(), Shape::Http),
        (make_http2::connection("a.example"), Shape::Http2),
        (make_http2::settings(), Shape::Http2),
        (make_socks::v4a("a.example", 80, ""), Shape::Socks),
        (make_socks::v5("a.example", 80), Shape::Socks),
        (make_socks::greeting(&[0]), Shape::Socks),
        (make_socks::greeting(&[0, 1, 2]), Shape::Socks),
        (b"EHLO a.example\r\n".to_vec(), Shape::Text),
        // The lengths of greetings are not only letters.
        (b"[\0\0\0\x0a8.0.36\0".to_vec(), Shape::MySql),
        (b"* OK ready\r\n".to_vec(), Shape::Text),
        (b"+OK\r\n".to_vec(), Shape::Text),
        (b"220 a.example\r\n".to_vec(), Shape::Text),
        (b"a STARTTLS\r\n".to_vec(), Shape::Text),
        (b"a1 STARTTLS\r\n".to_vec(), Shape::Text),
        (b"STLS\r\n".to_vec(), Shape::Text),
        (b"AUTH TLS\r\n".to_vec(), Shape::Text),
        (vec![0x80, 0x2e, 1, 3, 1, 0, 0x15], Shape::Sslv2),
    ] {
        assert_eq!(shape(&bytes), wanted, "{}", bytes.escape_ascii());
    }
}

#[test]
fn every_prelude_has_a_shape() {
    for (protocol, bytes) in starttls::clients() {
        assert!(
            !matches!(shape(&bytes), Shape::Nothing | Shape::Short),
            "{protocol}"
        );
    }
}

#[test]
fn bulk_is_nothing() {
    for bytes in [
        make_tls::application_data(100),
        make_http::page("<p>hello</p>"),
        vec![0; 100],
        vec![0xff; 100],
        vec![b'x'; 100],
        b"The quick brown fox jumps over it".to_vec(),
        b"<html><body>".to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"AAAA BBBB CCCC".to_vec(),
        vec![],
    ] {
        assert_eq!(shape(&bytes), Shape::Nothing, "{}", bytes.escape_ascii());
    }
}

#[test]
fn beginnings_that_are_too_short() {
    let whole = [
        make_tls::client_hello("a.example").records(),
        make_http::get("a.example", "/"),
        make_http2::connection("a.example"),
        b"EHLO a.example\r\n".to_vec(),
        b"<?xml version='1.0'?>".to_vec(),
        make_socks::v4a("a.example", 80, ""),
        starttls::clients()[12].1.clone(),
    ];
    for bytes in whole {
        for n in 1..4 {
            assert_ne!(
                shape(&bytes[..n]),
                Shape::Nothing,
                "{n} of {}",
                bytes.escape_ascii()
            );
        }
    }
}

/// Servers pass over any number of blank lines (RFC 9112 section 2.2) and of spaces (section 3), and so does the reader.
#[test]
fn requests_whose_first_line_is_unusual() {
    let line = "/ HTTP/1.1\r\n";
    for bytes in [
        format!("{}GET {line}", "\r\n".repeat(5)),
        format!("{}GET {line}", "\n".repeat(1_000)),
        format!("\r\n\r\nget {line}"),
        format!("GET\t{line}"),
        format!("G\t{line}"),
        format!("GET{}{line}", " ".repeat(100)),
        format!("{} {line}", "M".repeat(32)),
        format!("X {line}"),
        format!("!#$ {line}"),
        "any-method evil HTTP/1.1\n".to_owned(),
        "EHLO / HTTP/1.1\r\n".to_owned(),
    ] {
        assert_eq!(shape(bytes.as_bytes()), Shape::Http, "{bytes:?}");
    }
    // What has not come yet may be one.
    for bytes in ["DELETE ", "DELETE\t\t", "\r\n\r\nOPTIONS  "] {
        assert_eq!(shape(bytes.as_bytes()), Shape::Http, "{bytes:?}");
    }
    assert_eq!(shape(&b"\r\n".repeat(500)), Shape::Short);
    for bytes in [
        "two words\r\n",
        "two words HTTP/1\r\n",
        "\r\n\r\n<html>",
        "\r\n\r\nThe text",
    ] {
        assert_eq!(shape(bytes.as_bytes()), Shape::Nothing, "{bytes:?}");
    }
}

proptest! {
    /// Triage may not forget what a reader would take.
    #[test]
    fn whatever_is_read_as_a_request_has_a_shape(
        blank in "[\r\n]{0,40}",
        method in "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}",
        gap in "[ \t]{1,20}",
        target in "[!-~]{1,20}( [!-~]{1,20}){0,2}",
        gap2 in "[ \t]{1,20}",
        end in "\r?\n",
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut request = format!("{method}{gap}{target}{gap2}HTTP/1.1{end}").into_bytes();
        prop_assert_eq!(shape(&[blank.as_bytes(), &request].concat()), Shape::Http);
        for (at, value) in flips {
            let at = at.index(request.len());
            request[at] = value;
        }
        let line = http::line(&request).map_or(&request[..], |(line, _)| line);
        if http::first_line(line) == http::FirstLine::Request && line.len() < request.len() {
            prop_assert_ne!(shape(&request), Shape::Nothing);
        }
    }

    #[test]
    fn random_bulk_is_seldom_anything(bytes in prop::collection::vec(any::<u8>(), 20..60)) {
        // Nothing but a check that no byte panics; and what is not text is no text.
        let shape = shape(&bytes);
        if bytes[..12].iter().any(|b| *b >= 0x80) {
            prop_assert!(!matches!(shape, Shape::Http2 | Shape::Xmpp | Shape::ProxyProtocol), "{shape:?}");
        }
    }
}

/// The version in a record's header says nothing (RFC 8446 section 5.1): servers look at its first byte only.
#[test]
fn hellos_in_records_of_any_version() {
    for minor in [0, 4, 5, 0x7f, 0xff] {
        let hello = make_tls::client_hello("a.example");
        for mut bytes in [hello.records(), hello.records_of(2), hello.records_of(60)] {
            bytes[2] = minor;
            assert_eq!(shape(&bytes), Shape::ClientHello, "{minor}");
            for n in 3..9 {
                assert_ne!(shape(&bytes[..n]), Shape::Nothing, "{minor} {n}");
            }
        }
        let mut answer = make_tls::server_hello();
        answer[2] = minor;
        assert_eq!(shape(&answer), Shape::ServerHello, "{minor}");
    }
    // A version that nobody sends takes lengths that fit.
    for bytes in [
        [0x16, 3, 9, 0xff, 0xff, 1, 0, 0x10, 0],
        [0x16, 3, 9, 2, 0, 1, 0x77, 1, 0xfc],
        [0x16, 3, 9, 2, 0, 1, 0, 0, 20],
        [0x16, 3, 9, 2, 0, 11, 0, 1, 0xfc],
        [0x16, 4, 1, 2, 0, 1, 0, 1, 0xfc],
    ] {
        let bytes = [&bytes[..], &[0; 100]].concat();
        assert_eq!(shape(&bytes), Shape::Nothing, "{bytes:02x?}");
    }
}

/// What the first three bytes sort out is nothing for the whole judgement, too.
#[test]
fn sorting_out_agrees_with_the_judgement() {
    // Tails that go on as one of the messages would.
    let tails: [&[u8]; 12] = [
        b"\x00\x00\x00",
        b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00",
        b"\x00\x0a8.0.36\x00",
        b"\x01\x85\xae\x7f\x00\x00",
        b"\x08\x04\xd2\x16\x2f",
        b"\x04\x00\x00\x00\x00\x00",
        b"\x31\x01\x00\x00\x2d\x03\x03",
        b"\x01\x00\x02\x00\x00\x00",
        b"T / HTTP/1.1\r\n",
        b" / HTTP/1.1\r\n",
        b" STARTTLS\r\n",
        b"\x01\x60\x07\x02\x01\x03",
    ];
    let mut payload = Vec::new();
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            for third in 0..=u8::MAX {
                for tail in tails {
                    payload.clear();
                    payload.extend_from_slice(&[first, second, third]);
                    payload.extend_from_slice(tail);
                    if is_nothing(&payload) {
                        assert_eq!(judge(&payload), Shape::Nothing, "{payload:02x?}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn sorting_out_agrees_with_the_judgement_of_any_bytes(
        payload in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        if is_nothing(&payload) {
            prop_assert_eq!(judge(&payload), Shape::Nothing);
        }
    }
}
