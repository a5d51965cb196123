#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::tls::{self as make, Version};
use testkit::{tls_server, x509 as der};

use super::*;

type Names = Vec<(Kind, String)>;

/// All steps over `bytes`; `more` says how many more bytes each Need is given at least.
fn read(bytes: &[u8], more: usize) -> (Names, x509::Stats) {
    let mut names = Vec::new();
    let mut stats = x509::Stats::default();
    let mut joined = vec![b'x'; 50];
    let mut state = Flight::default();
    let (mut start, mut end) = (0, 0);
    loop {
        end = end.max(start).min(bytes.len());
        let before = (state, stats, names.len());
        let step = flight(
            &mut state,
            &bytes[start..end],
            end == bytes.len(),
            &mut joined,
            &mut stats,
            &mut |kind, name| names.push((kind, String::from_utf8_lossy(name).into_owned())),
        );
        match step {
            Step::Took(n) => {
                assert!(n > 0);
                start += usize::try_from(n).unwrap();
                if start > bytes.len() {
                    return (names, stats);
                }
            }
            Step::Need(n) => {
                assert!(n > end - start, "{n} is there");
                assert!(end < bytes.len(), "asks behind the last byte");
                assert_eq!(before, (state, stats, names.len()), "Need leaves no trace");
                end = (start + n).max(end + more);
            }
            Step::End => return (names, stats),
        }
    }
}

fn chain() -> Vec<Vec<u8>> {
    vec![
        der::certificate("leaf.example")
            .san("leaf.example")
            .san("*.example.org")
            .der(),
        der::certificate("Intermediate Authority").der(),
        der::certificate("root.example").der(),
    ]
}

fn expected() -> Names {
    [
        (Kind::X509Cn, "leaf.example"),
        (Kind::X509San, "leaf.example"),
        (Kind::X509San, "*.example.org"),
        (Kind::X509Cn, "root.example"),
    ]
    .map(|(kind, name)| (kind, name.to_string()))
    .to_vec()
}

const THREE: x509::Stats = x509::Stats {
    read: 3,
    malformed: 0,
    cut: 0,
    too_large: 0,
};

#[test]
fn versions_and_records() {
    for version in [
        Version::Ssl3,
        Version::Tls10,
        Version::Tls11,
        Version::Tls12,
    ] {
        let flight = tls_server::flight(version, &chain());
        for bytes in [
            flight.records(),
            flight.records_of(&[16_384]),
            flight.records_of(&[1]),
            flight.records_of(&[100, 1, 3]),
            flight.clone().warning_first().records(),
            flight.clone().without_hello().records(),
        ] {
            assert_eq!(read(&bytes, 0), (expected(), THREE), "{version:?}");
            assert_eq!(read(&bytes, bytes.len()), (expected(), THREE));
        }
    }
}

#[test]
fn tls_1_3_ends_it() {
    let flight = tls_server::flight(Version::Tls12, &chain()).without_hello();
    let bytes = [make::server_hello(), flight.records()].concat();
    assert_eq!(read(&bytes, 0).0, []);
    for draft in [[0x7f, 18], [0x7f, 28], [0xfb, 26]] {
        let mut hello = make::server_hello();
        let at = hello
            .windows(6)
            .position(|w| w == [0, 43, 0, 2, 3, 4])
            .unwrap();
        hello[at + 4..at + 6].copy_from_slice(&draft);
        assert_eq!(read(&[hello, flight.records()].concat(), 0).0, []);
    }
}

#[test]
fn a_malformed_certificate_does_not_hide_the_others() {
    let mut chain = chain();
    chain.insert(1, vec![0x30, 0x82, 0xff, 0xff, 1, 2, 3]);
    chain.insert(0, Vec::new());
    let bytes = tls_server::flight(Version::Tls12, &chain).records();
    let stats = x509::Stats {
        malformed: 2,
        ..THREE
    };
    assert_eq!(read(&bytes, 0), (expected(), stats));
}

#[test]
fn a_chain_that_breaks_off_names_what_is_there() {
    let bytes = tls_server::flight(Version::Tls12, &chain()).records();
    let at = bytes
        .windows(12)
        .rposition(|w| w == b"root.example")
        .unwrap();
    let (names, stats) = read(&bytes[..at], 0);
    assert_eq!(names, expected()[..3]);
    assert_eq!((stats.read, stats.cut), (2, 1));
    // Its name alone is not enough: only what is whole is certain.
    assert_eq!(read(&bytes[..at + 12], 0), (names, stats));
}

#[test]
fn long_chains_and_huge_certificates() {
    let mut huge = der::certificate("huge.example");
    for n in 0..20_000 {
        huge = huge.san(&format!("name-{n}.example"));
    }
    let mut chain = chain();
    chain.extend((0..300).map(|n| der::certificate(&format!("c{n}.example")).der()));
    chain.insert(0, huge.der());
    let bytes = tls_server::flight(Version::Tls12, &chain).records();
    assert!(bytes.len() > 500_000);
    let (names, stats) = read(&bytes, 1_000);
    assert_eq!((stats.read, stats.too_large), (303, 1));
    assert!(names.contains(&(Kind::X509San, "name-9000.example".into())));
    assert_eq!(names.last().unwrap().1, "c299.example");
    assert_eq!(
        names
            .iter()
            .filter(|(_, name)| name == "leaf.example")
            .count(),
        2
    );
}

#[test]
fn a_client_s_certificate_and_second_hello() {
    let bytes = tls_server::client_certificate(&chain());
    assert_eq!(read(&bytes, 0), (expected(), THREE));
    let hello = make::client_hello("again.example").records();
    assert_eq!(read(&hello, 0).0, [(Kind::TlsSni, "again.example".into())]);
}

#[test]
fn ssl_2_server_hellos_hold_a_certificate() {
    let hello = tls_server::sslv2_server_hello(&chain()[0]);
    assert_eq!(read(&hello, 0).0, expected()[..3]);
    let (names, stats) = read(&hello[..hello.len() - 200], 0);
    assert_eq!((names.len(), stats.cut), (0, 1));
}

#[test]
fn what_is_encrypted_or_no_tls_ends_it() {
    let flight = tls_server::flight(Version::Tls12, &chain()).without_hello();
    for first in [
        make::application_data(100),
        make::alert(40),
        make::record(20, [3, 3], &[1]),
        make::record(22, [3, 3], &[0x5a; 40]),
        make::record(21, [3, 3], &[1, 0]),
        b"220 mail.example ESMTP\r\n".to_vec(),
    ] {
        let (names, stats) = read(&[first, flight.records()].concat(), 0);
        assert_eq!((names, stats), (vec![], x509::Stats::default()));
    }
}

#[test]
fn empty_records_do_not_stop_it_and_do_not_keep_it() {
    let flight = tls_server::flight(Version::Tls12, &chain());
    let empty = make::record(22, [3, 3], &[]);
    let before = [empty.repeat(40), flight.records()].concat();
    assert_eq!(read(&before, 0).0, expected());
    let inside = flight.records_of(&[700, 0, 0, 1]);
    assert_eq!(read(&inside, 0).0, expected());
    let without_end = [make::record(22, [3, 3], &[11, 0]), empty.repeat(1_000)].concat();
    assert_eq!(read(&without_end, 0).0, []);
}

proptest! {
    #[test]
    fn any_records_and_any_segments_give_the_same(
        lengths in prop::collection::vec(1usize..2_000, 1..6),
        more in 0usize..3_000,
        cut in any::<prop::sample::Index>(),
    ) {
        let flight = tls_server::flight(Version::Tls12, &chain());
        let bytes = flight.records_of(&lengths);
        prop_assert_eq!(read(&bytes, more), (expected(), THREE));
        // However much of it there is, names come in order and in full.
        let cut = &bytes[..cut.index(bytes.len())];
        let names = read(cut, more);
        prop_assert_eq!(&names.0[..], &expected()[..names.0.len()]);
        prop_assert_eq!(names, read(cut, cut.len()));
    }

    #[test]
    fn random_bytes_give_the_same_in_any_segments(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        start in any::<prop::sample::Index>(),
        more in 0usize..50,
    ) {
        read(&bytes, more);
        let flight = tls_server::flight(Version::Tls12, &chain()).records_of(&[400]);
        let start = start.index(flight.len());
        bytes.splice(0..0, flight[..start].iter().copied());
        prop_assert_eq!(read(&bytes, more), read(&bytes, bytes.len()));
    }
}
