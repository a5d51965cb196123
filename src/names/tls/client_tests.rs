#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::tls::{self as make, SniPlace, Version};

use super::*;

fn read(payload: &[u8]) -> (Vec<String>, Hello) {
    let mut names = Vec::new();
    let mut joined = Vec::new();
    let hello = client_hello(payload, &mut joined, &mut |name| {
        names.push(String::from_utf8_lossy(name).into_owned());
    });
    (names, hello)
}

const NAMED: Hello = Hello::Named { ech: false };

#[test]
fn versions_and_places_of_the_name() {
    for version in [
        Version::Tls10,
        Version::Tls11,
        Version::Tls12,
        Version::Tls13,
    ] {
        for place in [SniPlace::First, SniPlace::Middle, SniPlace::Last] {
            let hello = make::client_hello("example.com")
                .version(version)
                .sni(place);
            assert_eq!(
                read(&hello.records()),
                (vec!["example.com".into()], NAMED),
                "{version:?}"
            );
        }
    }
}

/// RFC 8446 section 5.1: the version of a record must be ignored.
#[test]
fn the_version_of_a_record_is_no_matter() {
    for minor in [5, 0x7f, 0xff] {
        let hello = make::client_hello("example.com");
        for mut bytes in [hello.records(), hello.records_of(100)] {
            bytes[2] = minor;
            assert_eq!(read(&bytes), (vec!["example.com".into()], NAMED), "{minor}");
            let alert = [0x15, 3, minor, 0, 2, 1, 112];
            let behind = [&alert[..], &bytes].concat();
            assert_eq!(
                read(&behind),
                (vec!["example.com".into()], NAMED),
                "{minor}"
            );
        }
    }
}

#[test]
fn hellos_without_a_name() {
    assert_eq!(
        read(&make::client_hello_without_name().records()),
        (vec![], Hello::Nameless)
    );
    let old = make::client_hello_without_name().version(Version::Ssl3);
    assert_eq!(read(&old.records()), (vec![], Hello::Nameless));
}

#[test]
fn a_malformed_extension_before_the_name_does_not_hide_it() {
    let hello = make::client_hello("example.com").malformed_extension_before_sni();
    assert_eq!(read(&hello.records()).0, ["example.com"]);
    let hello = make::client_hello("example.com").unknown_name_type_first();
    assert_eq!(read(&hello.records()).0, ["example.com"]);
}

#[test]
fn records_of_any_size_are_joined() {
    let hello = make::client_hello("example.com").post_quantum();
    for size in [1, 2, 3, 4, 5, 16, 100, 1_000] {
        assert_eq!(
            read(&hello.records_of(size)),
            (vec!["example.com".into()], NAMED),
            "{size}"
        );
    }
}

#[test]
fn a_cut_hello_names_its_host_as_soon_as_the_name_is_there() {
    let hello = make::client_hello("example.com").post_quantum();
    let bytes = hello.records();
    let end = hello.end_of_server_name();
    for n in 6..bytes.len() {
        let (names, outcome) = read(&bytes[..n]);
        if n < end {
            assert_eq!(
                (names.len(), outcome),
                (0, Hello::Incomplete),
                "{n} of {end}"
            );
        } else {
            assert_eq!(names, ["example.com"], "{n} of {end}");
        }
    }
}

#[test]
fn an_encrypted_inner_hello_is_noted() {
    // Splice the extension in at the end of the list and mend the four lengths around it.
    let mut bytes = make::client_hello("outer.example")
        .sni(SniPlace::First)
        .records();
    let extension = [0xfe, 0x0d, 0, 2, 0, 0];
    let list_at = {
        let session = usize::from(bytes[43]);
        let ciphers = 44 + session;
        let length = usize::from(u16::from_be_bytes([bytes[ciphers], bytes[ciphers + 1]]));
        let compression = ciphers + 2 + length;
        compression + 1 + usize::from(bytes[compression])
    };
    bytes.extend_from_slice(&extension);
    for at in [3, 7, list_at] {
        let sum = u16::from_be_bytes([bytes[at], bytes[at + 1]]) + 6;
        bytes[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
    assert_eq!(
        read(&bytes),
        (vec!["outer.example".into()], Hello::Named { ech: true })
    );
}

#[test]
fn short_records_before_the_hello_are_passed_over() {
    let hello = make::client_hello("example.com").records();
    for before in [
        &[0x14, 3, 3, 0, 1, 1][..],
        &[0x15, 3, 1, 0, 2, 1, 0],
        &[0x16, 3, 1, 0, 0],
    ] {
        let payload = [&before.repeat(9), &hello[..]].concat();
        assert_eq!(read(&payload).0, ["example.com"], "{before:?}");
    }
}

#[test]
fn other_records_are_no_hello() {
    assert_eq!(read(&make::server_hello()).1, Hello::NotHello);
    assert_eq!(read(&make::application_data(100)).1, Hello::NotHello);
    assert_eq!(read(&make::alert(40)).1, Hello::NotHello);
}

proptest! {
    #[test]
    fn random_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..400), like: bool) {
        if like {
            bytes.splice(0..0, [0x16, 3, 1, 1, 0, 1, 0, 0, 200]);
        }
        read(&bytes);
    }

    #[test]
    fn flipped_bytes_never_invent_a_second_name(at in 0usize..600, value: u8) {
        let mut bytes = make::client_hello("example.com").records();
        if let Some(byte) = bytes.get_mut(at) { *byte = value; }
        prop_assert!(read(&bytes).0.len() <= 2);
    }

    // What an independent parser of whole hellos makes of the same bytes.
    #[test]
    fn agrees_with_tls_parser(host in "[a-z0-9-]{1,30}(\\.[a-z0-9-]{1,20}){0,4}", padding in 0usize..400) {
        let bytes = make::client_hello(&host).padding(padding).records();
        let (_, record) = tls_parser::parse_tls_plaintext(&bytes).unwrap();
        let tls_parser::TlsMessage::Handshake(tls_parser::TlsMessageHandshake::ClientHello(theirs)) =
            &record.msg[0] else { panic!("no hello") };
        let (_, extensions) = tls_parser::parse_tls_client_hello_extensions(theirs.ext.unwrap()).unwrap();
        let want: Vec<String> = extensions.iter().filter_map(|e| match e {
            tls_parser::TlsExtension::SNI(names) => Some(String::from_utf8(names[0].1.to_vec()).unwrap()),
            _ => None,
        }).collect();
        prop_assert_eq!(read(&bytes).0, want);
    }
}

/// All steps over `bytes` up to the hello; each Need is given `more` bytes more than it asks for.
fn stream(bytes: &[u8], more: usize) -> (Vec<String>, Option<Hello>, usize) {
    let mut names = Vec::new();
    let mut joined = vec![b'x'; 50];
    let (mut start, mut end) = (0, 0);
    loop {
        end = end.max(start).min(bytes.len());
        let (step, hello) = client_stream(
            &bytes[start..end],
            end == bytes.len(),
            &mut joined,
            &mut |name| {
                names.push(String::from_utf8_lossy(name).into_owned());
            },
        );
        match step {
            Step::Took(n) => {
                start += usize::try_from(n).unwrap();
                if hello.is_some() {
                    return (names, hello, start);
                }
            }
            Step::Need(n) => {
                assert_eq!((hello, names.len()), (None, 0), "Need pushes nothing");
                assert!(n > end - start, "{n} is there");
                assert!(end < bytes.len(), "asks behind the last byte");
                end = start + n + more;
            }
            Step::End => return (names, hello, start),
        }
    }
}

#[test]
fn a_stream_goes_on_behind_the_hello() {
    let hello = make::client_hello("example.com").post_quantum();
    let alert = [0x15, 3, 1, 0, 2, 1, 0].repeat(3);
    for size in [1, 2, 5, 100, 16_384] {
        let bytes = [&alert[..], &hello.records_of(size)].concat();
        let all = [&bytes[..], &make::application_data(50)].concat();
        for more in [0, 1, 5_000] {
            assert_eq!(
                stream(&all, more),
                (vec!["example.com".into()], Some(NAMED), bytes.len()),
                "{size} {more}"
            );
        }
    }
}

#[test]
fn hellos_in_the_form_of_ssl_2_are_passed_over() {
    let old = testkit::tls_server::sslv2_client_hello([3, 1]);
    let all = [&old[..], &make::application_data(50)].concat();
    assert_eq!(stream(&all, 0), (vec![], Some(Hello::Nameless), old.len()));
    assert_eq!(read(&old).1, Hello::Nameless);
    assert_eq!(read(&old[..20]).1, Hello::Nameless);
    assert_eq!(stream(&[0x80; 60], 0), (vec![], None, 0));
}

#[test]
fn other_streams_end_at_once() {
    let mut joined = Vec::new();
    for bytes in [
        &b"GET / HTTP/1.1"[..],
        b"SSH-2.0",
        &[0x16, 4],
        &[0x16, 4, 1],
        &[0x16, 3, 1, 0xff, 0xff],
        &[0x16, 3, 1, 0, 50, 2],
        &[0x17, 3, 3],
        &[0x81, 0, 2],
    ] {
        let answer = client_stream(bytes, false, &mut joined, &mut |_| panic!("a name"));
        assert_eq!(answer, (Step::End, None), "{bytes:02x?}");
    }
}

#[test]
fn ports_are_no_part_of_a_name() {
    for (sent, name) in [
        ("evil.example:443", "evil.example"),
        ("evil.example:", "evil.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("evil.example:http", "evil.example:http"),
    ] {
        assert_eq!(read(&make::client_hello(sent).records()).0, [name]);
    }
    assert_eq!(
        read(&make::client_hello(":443").records()),
        (vec![], Hello::Nameless)
    );
}

#[test]
fn an_extension_whose_length_lies_does_not_hide_the_name() {
    let hello = make::client_hello("www.example.com")
        .version(Version::Tls12)
        .sni(SniPlace::Last);
    let mut bytes = hello.records();
    // session_ticket, which is empty, claims nearly all that a length can.
    let at = bytes.windows(4).position(|w| w == [0, 35, 0, 0]).unwrap();
    bytes[at + 2] = 0xf0;
    assert_eq!(read(&bytes), (vec!["www.example.com".into()], NAMED));
    // Not where the end is missing: it may really be that long.
    bytes.truncate(bytes.len() - 1);
    assert_eq!(read(&bytes), (vec![], Hello::Incomplete));
}

#[test]
fn bare_messages() {
    let message = make::client_hello("example.com").handshake();
    let mut names = Vec::new();
    let hello = client_hello_message(&message, true, &mut |name| names.push(name.to_vec()));
    assert_eq!((hello, names), (NAMED, vec![b"example.com".to_vec()]));
    let part = &message[..60];
    assert_eq!(
        client_hello_message(part, false, &mut |_| {}),
        Hello::Incomplete
    );
    assert_eq!(
        client_hello_message(&message[..3], true, &mut |_| {}),
        Hello::Incomplete
    );
    assert_eq!(
        client_hello_message(&[2, 0, 0, 0], true, &mut |_| {}),
        Hello::NotHello
    );
}

proptest! {
    #[test]
    fn any_records_and_any_segments_name_the_host(
        host in "[a-z0-9-]{1,30}(\\.[a-z0-9-]{1,20}){0,4}",
        padding in 0usize..3_000,
        size in 1usize..4_000,
        more in 0usize..2_000,
    ) {
        let hello = make::client_hello(&host).padding(padding).records_of(size);
        let end = hello.len();
        let all = [hello, make::application_data(20)].concat();
        prop_assert_eq!(stream(&all, more), (vec![host], Some(NAMED), end));
    }

    #[test]
    fn any_bytes_give_the_same_in_any_segments(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        start in 0usize..300,
        size in 1usize..300,
        more in 0usize..50,
    ) {
        prop_assert_eq!(stream(&bytes, more), stream(&bytes, bytes.len()));
        let hello = make::client_hello("example.com").records_of(size);
        bytes.splice(0..0, hello[..start.min(hello.len())].iter().copied());
        prop_assert_eq!(stream(&bytes, more), stream(&bytes, bytes.len()));
    }
}
