#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::starttls;

use super::*;

#[test]
fn kinds_are_numbered_in_the_order_of_all() {
    for (index, prelude) in Prelude::ALL.into_iter().enumerate() {
        assert_eq!(prelude as usize, index);
        assert!(!prelude.as_str().is_empty());
    }
}

#[test]
fn greetings_of_both_sides() {
    for line in [
        "220 mx.example",
        "220-welcome",
        "200 news",
        "+OK",
        "+OK ready",
        "* OK ready",
        "* PREAUTH",
        "\"IMPLEMENTATION\" \"x\"",
        ":irc.example NOTICE * :hi",
        "ehlo a.example",
        "LHLO x",
        "STARTTLS",
        "stls",
        "CAPA",
        "USER me",
        "AUTH TLS",
        "1 CAPABILITY",
        ". LOGIN me pw",
        "CAP LS 302",
    ] {
        assert!(is_greeting(line.as_bytes()), "{line}");
    }
    for line in [
        "",
        " ",
        "hello there",
        "220x",
        "GET / HTTP/1.1",
        "a b",
        "* 1 FETCH",
        "250x OK",
    ] {
        assert!(!is_greeting(line.as_bytes()), "{line}");
    }
    assert!(is_proxy1(b"PROXY TCP6 ::1 ::1 1 2"));
    assert!(!is_proxy1(b"PROXY me"));
}

#[test]
fn lines_end_where_a_record_may_begin() {
    assert_eq!(lines(b"A\r\nB\nC\r\n\x16\x03\x01", 9), Text::Pass(3, 8));
    assert_eq!(lines(b"A\r\nB\nC", 9), Text::Pass(2, 5));
    assert_eq!(lines(b"A\r\nB\n", 1), Text::Pass(1, 3));
    assert_eq!(lines(b"A", 9), Text::Need(2));
    assert_eq!(lines(b"A\0\n", 9), Text::Other);
    assert_eq!(lines(b"A\0", 9), Text::Other);
    assert_eq!(lines(b"A\nB\0\n", 9), Text::Pass(1, 2));
    assert_eq!(lines(&[b'x'; MAX_LINE], 9), Text::Other);
}

#[test]
fn xml_ends_behind_a_tag() {
    assert_eq!(xml(b"<a><b c='d'/>\x16"), Text::Pass(1, 13));
    assert_eq!(xml(b"<a>text <b"), Text::Pass(1, 3));
    assert_eq!(xml(b"\r\n\x16"), Text::Pass(0, 2));
    assert_eq!(xml(b"<a"), Text::Need(3));
    assert_eq!(xml(b"text\x16"), Text::Other);
    assert_eq!(xml(b"<a>\x01"), Text::Other);
}

#[test]
fn what_only_looks_like_a_message() {
    for bytes in [
        &b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"[..],
        &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x31],
        &[3, 0, 0, 19, 13, 0xe0],
        &[3, 0, 0, 4, 255, 0xe0],
        &[0x12, 1, 0, 7, 0, 0, 1, 0, 0],
        &[0x20, 0, 0, 1, 0, 0],
        &[20, 0, 0, 0, 10, b'8'],
        &[0x30, 0x0c, 2, 1, 1, 0x61 + 0x40, 0],
        &[0x30, 0x80, 2, 1, 1],
        b"CNXN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"SSH-2.0",
        b"NS\r\n",
    ] {
        assert_eq!(message(bytes), Part::Other, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_cut_message_is_needed_or_already_known() {
    let binary = [
        "ldap",
        "postgresql",
        "mysql",
        "rdp",
        "tds",
        "adb",
        "proxy 2",
    ];
    for (protocol, bytes) in starttls::clients() {
        if !binary.contains(&protocol) {
            continue;
        }
        let Part::Pass(_, length) = message(&bytes) else {
            panic!("{protocol}")
        };
        assert!(length <= bytes.len());
        for n in 1..length {
            match message(&bytes[..n]) {
                Part::Need(m) => assert!(m > n && m <= length.max(24), "{protocol} {n}"),
                Part::Pass(_, m) => assert_eq!(m, length, "{protocol} {n}"),
                // A word that may be a command of text as well.
                Part::Other => assert!(protocol == "adb" && n < 5, "{protocol} {n}"),
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        match message(&bytes) {
            Part::Need(n) => prop_assert!(n > bytes.len()),
            Part::Pass(_, n) => prop_assert!(n > 0),
            Part::Other => {}
        }
        for text in [lines(&bytes, 9), xml(&bytes)] {
            match text {
                Text::Need(n) => prop_assert!(n > bytes.len()),
                Text::Pass(_, n) => prop_assert!(n <= bytes.len()),
                Text::Other => {}
            }
        }
    }
}
