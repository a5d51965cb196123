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
