use std::net::Ipv4Addr;

use proptest::prelude::*;
use testkit::socks as make;

use super::*;

fn from(
    reader: impl Fn(&[u8], &mut dyn FnMut(Kind, &[u8])) -> Part,
    bytes: &[u8],
) -> (Part, Vec<String>) {
    let mut names = Vec::new();
    let part = reader(bytes, &mut |kind, name| {
        assert_eq!(kind, Kind::SocksHost);
        names.push(String::from_utf8_lossy(name).into_owned());
    });
    (part, names)
}

fn first(bytes: &[u8]) -> (Part, Vec<String>) {
    from(|bytes, visit| begin(bytes, &mut |k, n| visit(k, n)), bytes)
}

fn then(bytes: &[u8]) -> (Part, Vec<String>) {
    from(|bytes, visit| go_on(bytes, &mut |k, n| visit(k, n)), bytes)
}

#[test]
fn requests_by_name() {
    for (bytes, length) in [
        (make::v4a("a.example", 443, "me"), 21),
        (make::v4a("a.example", 443, ""), 19),
        (make::v5("a.example", 443), 16),
    ] {
        assert_eq!(bytes.len(), length);
        assert_eq!(
            first(&bytes),
            (Part::Request(length), vec!["a.example".into()])
        );
        for n in 0..length {
            let (part, names) = first(&bytes[..n]);
            assert!(
                n == 0 || matches!(part, Part::Need(m) if m > n),
                "{n}: {part:?}"
            );
            assert!(names.is_empty());
        }
    }
    assert_eq!(then(&make::v5("a.example", 443)).1, ["a.example"]);
    // Tor's RESOLVE.
    let mut resolve = make::v5("a.example", 0);
    resolve[1] = 0xf0;
    assert_eq!(first(&resolve).1, ["a.example"]);
}

/// What only looks like a request names nothing.
#[test]
fn a_host_has_the_form_of_one() {
    let names = |host: &[u8]| {
        let length = u8::try_from(host.len()).unwrap();
        let request = [&[5, 1, 0, 3, length], host, &[1, 187]].concat();
        then(&request).1
    };
    for host in [
        "a.example",
        "_srv.a_b.example",
        "localhost",
        "a.example.",
        "b\u{fc}cher.example",
        "192.0.2.1",
        "2001:db8::1",
    ] {
        assert_eq!(names(host.as_bytes()), [host]);
    }
    let junk: [&[u8]; 7] = [
        b"\x86",
        b"a b",
        b"a..b",
        b"{}",
        b"a.\xff.example",
        b"?x=1",
        b"-",
    ];
    for host in junk {
        assert!(names(host).is_empty(), "{host:?}");
    }
}

#[test]
fn requests_by_address() {
    let address = Ipv4Addr::new(192, 0, 2, 1);
    assert_eq!(
        first(&make::v4(address, 80, "me")),
        (Part::Request(11), vec![])
    );
    assert_eq!(
        then(&make::v5_address(address, 80)),
        (Part::Request(10), vec![])
    );
    assert_eq!(
        then(&[&[5, 1, 0, 4][..], &[0; 18]].concat()).0,
        Part::Request(22)
    );
}

#[test]
fn greetings_and_log_ins() {
    for methods in [&[0][..], &[0, 2], &[0, 1, 2], &[2], &[0, 0x80]] {
        let greeting = make::greeting(methods);
        let all = [&greeting[..], &make::v5("a.example", 80)].concat();
        assert_eq!(
            first(&all),
            (Part::Opening(greeting.len()), vec![]),
            "{methods:?}"
        );
    }
    assert_eq!(first(&[5, 0]).0, Part::Opening(2));
    assert_eq!(then(&make::log_in("me", "secret")).0, Part::Opening(11));
    assert_eq!(then(&make::log_in("me", "secret")[..4]).0, Part::Need(5));
    assert_eq!(then(&[1, 0, 5, 0, 0, 1]).0, Part::Opening(2));
}

#[test]
fn what_only_looks_like_socks() {
    for bytes in [
        &[5, 200, 1][..],
        &[5, 4, 0x20, 0x33],
        &[4, 3, 0, 80, 1, 2, 3, 4, 0],
        &[4, 1, 0, 0, 1, 2, 3, 4, 0],
        &[4, 1, 0, 80, 0, 0, 0, 1, 0, b'a', 7, 0],
        &[4, 1, 0, 80, 0, 0, 0, 1, 0, 0],
        &[4, 1, 0, 80, 0, 2, 3, 4, 0],
        b"\x04\x01hello t here\0",
    ] {
        assert_eq!(first(bytes), (Part::Other, vec![]), "{bytes:?}");
    }
    assert_eq!(then(b"GET /").0, Part::Other);
    assert_eq!(then(&[5, 1, 0, 2, 0, 0]).0, Part::Other);
    // A name of other bytes is passed over unnamed.
    assert_eq!(
        then(&[5, 1, 0, 3, 2, 1, 2, 0, 80]),
        (Part::Request(9), vec![])
    );
}

proptest! {
    #[test]
    fn lengths_and_needs_hold(kind in 4u8..6, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [&[kind], &bytes[..]].concat();
        for (part, names) in [first(&bytes), then(&bytes)] {
            match part {
                Part::Need(n) => prop_assert!(n > bytes.len() && names.is_empty()),
                Part::Opening(n) => prop_assert!(n > 0 && n <= bytes.len() && names.is_empty()),
                Part::Request(n) => prop_assert!(n > 0 && n <= bytes.len()),
                Part::Other => prop_assert!(names.is_empty()),
            }
        }
    }
}
