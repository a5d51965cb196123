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

proptest! {
    #[test]
    fn random_bulk_is_seldom_anything(bytes in prop::collection::vec(any::<u8>(), 20..60)) {
        // Nothing but a check that no byte panics; and what is not text is no text.
        let shape = shape(&bytes);
        if bytes[..12].iter().any(|b| *b >= 0x80) {
            prop_assert!(!matches!(shape, Shape::Http2 | Shape::Xmpp | Shape::ProxyProtocol), "{shape:?}");
        }
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
