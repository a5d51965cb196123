#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::rng::Rng;
use testkit::{dtls as make, tls, x509 as der};

use super::*;
use crate::flow::Protocol;

fn flow(port: u16) -> Flow {
    Flow {
        src: "192.0.2.1".parse().unwrap(),
        dst: "198.51.100.2".parse().unwrap(),
        sport: port,
        dport: 4_433,
        protocol: Protocol::Udp,
    }
}

#[derive(Default)]
struct Reading {
    dtls: Dtls,
    names: Vec<(Kind, String, bool)>,
}

impl Reading {
    fn at(&mut self, port: u16, second: i64, datagram: &[u8]) {
        let now = Timestamp::from_nanos(second * 1_000_000_000);
        self.dtls
            .datagram(&flow(port), now, datagram, &mut |kind, name, ech| {
                self.names
                    .push((kind, String::from_utf8_lossy(name).into_owned(), ech));
            });
    }

    fn all(datagrams: &[Vec<u8>]) -> Self {
        let mut reading = Self::default();
        for datagram in datagrams {
            reading.at(1, 0, datagram);
        }
        reading.dtls.finish();
        reading
    }

    fn names(&self) -> Vec<(Kind, &str)> {
        self.names
            .iter()
            .map(|(kind, name, _)| (*kind, name.as_str()))
            .collect()
    }
}

const SNI: (Kind, &str) = (Kind::DtlsSni, "www.example.com");

fn chain() -> Vec<Vec<u8>> {
    vec![
        der::certificate("leaf.example").san("*.example.org").der(),
        der::certificate("root.example").der(),
    ]
}

const CHAIN: [(Kind, &str); 3] = [
    (Kind::X509Cn, "leaf.example"),
    (Kind::X509San, "*.example.org"),
    (Kind::X509Cn, "root.example"),
];

#[test]
fn whole_hellos_of_all_versions_with_and_without_a_cookie() {
    for version in [[0xfe, 0xff], [0xfe, 0xfd], [1, 0]] {
        for cookie in [&b""[..], &[7; 20], &[7; 255]] {
            let hello = make::client_hello("www.example.com", cookie).version(version);
            assert!(looks_like(&hello.datagram()));
            let reading = Reading::all(&[hello.datagram()]);
            assert_eq!(reading.names(), [SNI]);
            assert_eq!(reading.dtls.stats().hellos.named, 1);
            assert_eq!(reading.dtls.stats().fragments, 0);
        }
    }
    let reading = Reading::all(&[tls::dtls_client_hello("www.example.com")]);
    assert_eq!(reading.names(), [SNI]);
}

#[test]
fn a_server_that_asks_for_a_cookie() {
    let cookie = [9; 32];
    let datagrams = [
        make::client_hello("www.example.com", b"").datagram(),
        make::hello_verify_request(&cookie).datagram(),
        make::client_hello("www.example.com", &cookie).datagram(),
    ];
    assert!(datagrams.iter().all(|datagram| looks_like(datagram)));
    assert_eq!(Reading::all(&datagrams).names(), [SNI, SNI]);
}

#[test]
fn fragments_in_any_order_over_records_and_datagrams() {
    let hello = make::client_hello("www.example.com", b"");
    for size in [1, 7, 60, 100] {
        let mut datagrams = hello.datagrams(size);
        Rng::new(size as u64).shuffle(&mut datagrams);
        assert_eq!(Reading::all(&datagrams).names(), [SNI], "{size}");
        // Several records in one datagram.
        assert_eq!(Reading::all(&[datagrams.concat()]).names(), [SNI]);
    }
    // Every second byte first: as many holes as there can be.
    let (even, odd): (Vec<_>, Vec<_>) = (0..)
        .zip(hello.datagrams(1))
        .partition(|(at, _)| at % 2 == 0);
    let datagrams: Vec<_> = odd.into_iter().chain(even).map(|(_, one)| one).collect();
    assert!(datagrams.len() > 128);
    assert_eq!(Reading::all(&datagrams).names(), [SNI]);
    let mut backwards = hello.datagrams(10);
    backwards.reverse();
    let reading = Reading::all(&backwards);
    assert_eq!(reading.names(), [SNI]);
    assert_eq!(reading.dtls.stats().unfinished, 0);
}

#[test]
fn certificates_whole_and_in_fragments() {
    let message = make::certificate(&chain());
    for datagrams in [
        vec![message.datagram()],
        message.datagrams(100),
        message.datagrams(1_200),
    ] {
        let reading = Reading::all(&datagrams);
        assert_eq!(reading.names(), CHAIN);
        assert_eq!(reading.dtls.stats().certificates.read, 2);
    }
    // The last fragment never comes: the certificates before it are read.
    let datagrams = message.datagrams(100);
    let reading = Reading::all(&datagrams[..datagrams.len() - 1]);
    assert_eq!(reading.names(), CHAIN[..2]);
    assert_eq!(reading.dtls.stats().unfinished, 1);
}

#[test]
fn a_lost_fragment_hides_nothing_before_it() {
    let hello = make::client_hello("www.example.com", b"");
    let fragments = hello.datagrams(20);
    let name = hello
        .body()
        .windows(15)
        .position(|w| w == b"www.example.com");
    let needed = (name.unwrap() + 15).div_ceil(20);
    let reading = Reading::all(&fragments[..needed]);
    assert_eq!(reading.names(), [SNI]);
    assert_eq!(reading.dtls.stats().unfinished, 0);
    let reading = Reading::all(&fragments[..needed - 1]);
    assert_eq!(reading.names(), []);
    assert_eq!(reading.dtls.stats().unfinished, 1);
}

#[test]
fn what_is_encrypted_or_something_else_is_left_alone() {
    let hello = make::client_hello("www.example.com", b"").datagram();
    let encrypted = make::record(22, [0xfe, 0xfd], 1, &hello[13..]);
    let unified = [&[0x2c, 1, 2, 0, 16][..], &[0x5a; 16]].concat();
    for other in [
        encrypted,
        unified,
        make::record(23, [0xfe, 0xfd], 0, &[0x5a; 40]),
        tls::client_hello("www.example.com").records(),
        vec![],
        vec![0x16; 60],
    ] {
        assert!(!looks_like(&other));
        assert_eq!(Reading::all(std::slice::from_ref(&other)).names(), []);
    }
    // It is read behind another record.
    let both = [make::record(20, [0xfe, 0xfd], 0, &[1]), hello].concat();
    assert_eq!(Reading::all(&[both]).names(), [SNI]);
}

#[test]
fn flows_and_directions_are_kept_apart() {
    let mut reading = Reading::default();
    let hellos: Vec<_> = (0..50u16)
        .map(|n| make::client_hello(&format!("host-{n}.example"), b"").datagrams(70))
        .collect();
    for piece in 0..hellos[0].len() {
        for (port, fragments) in (0u16..).zip(&hellos) {
            if let Some(fragment) = fragments.get(piece) {
                reading.at(port, 0, fragment);
            }
        }
    }
    let names: std::collections::HashSet<_> = reading.names().into_iter().collect();
    assert_eq!((names.len(), reading.names.len()), (50, 50));
}

#[test]
fn the_bounds_hold_and_are_counted() {
    let first =
        |port: u16| make::client_hello(&format!("host-{port}.example"), b"").fragment(0, 20);
    let mut reading = Reading {
        dtls: Dtls::new(Bounds {
            messages: 8,
            bytes: 70_000,
        }),
        names: Vec::new(),
    };
    for port in 0..20 {
        reading.at(port, 0, &first(port));
    }
    assert_eq!(reading.dtls.stats().evicted, 12);
    // The oldest went: those that came last go on.
    let hello = make::client_hello("host-19.example", b"");
    reading.at(19, 0, &hello.fragment(20, hello.body().len() - 20));
    assert_eq!(reading.names(), [(Kind::DtlsSni, "host-19.example")]);

    // A fragment far behind the others makes its message large.
    let large = make::certificate(&[vec![0; 60_000]]);
    reading.at(100, 0, &large.fragment(59_000, 10));
    assert_eq!(reading.dtls.stats().evicted, 12);
    reading.at(101, 0, &large.fragment(59_000, 10));
    assert_eq!(reading.dtls.stats().evicted, 20);
    reading.dtls.finish();
    assert_eq!(reading.dtls.stats().unfinished, 1);

    let huge = make::certificate(&[vec![0; 70_000]]);
    reading.at(102, 0, &huge.fragment(0, 100));
    assert_eq!(reading.dtls.stats().too_large, 1);

    // A hello that says it is as long: what stands in front of it is read.
    let mut huge = make::client_hello("www.example.com", b"").datagram();
    huge[14..17].copy_from_slice(&[2, 0, 0]);
    reading.at(103, 0, &huge);
    assert_eq!(reading.names()[1..], [SNI]);
    assert_eq!(reading.dtls.stats().too_large, 2);
}

#[test]
fn a_long_hello_in_shuffled_bytes() {
    // The longest cookie, and almost the longest name.
    let name = format!("{}.example.com", ["label"; 38].join("."));
    let hello = make::client_hello(&name, &[7; 255]);
    assert!(hello.body().len() > 600);
    let mut datagrams = hello.datagrams(1);
    Rng::new(11).shuffle(&mut datagrams);
    let reading = Reading::all(&datagrams);
    assert_eq!(reading.names(), [(Kind::DtlsSni, name.as_str())]);
    assert_eq!(reading.dtls.stats().unfinished, 0);
}

#[test]
fn a_name_is_found_in_many_fragments_of_which_the_last_are_lost() {
    let hello = make::client_hello("www.example.com", &[7; 100]);
    let needed = hello.body().len();
    let datagrams = hello.padded(500).datagrams(1);
    let reading = Reading::all(&datagrams[..needed]);
    assert_eq!(reading.names(), [SNI]);
    assert_eq!(Reading::all(&datagrams[..needed - 1]).names(), []);
    // Much longer, a sixteenth more is needed.
    let hello = make::client_hello("www.example.com", &[7; 255]).padded(8_000);
    let reading = Reading::all(&hello.datagrams(1)[..7_900]);
    assert_eq!(reading.names(), [SNI]);
}

#[test]
fn a_part_is_counted_when_another_hello_takes_its_place() {
    let part = make::client_hello("longer.example.com", b"").fragment(0, 20);
    let whole = make::client_hello("a.example", b"").datagram();
    let reading = Reading::all(&[part, whole]);
    assert_eq!(reading.names(), [(Kind::DtlsSni, "a.example")]);
    assert_eq!(reading.dtls.stats().unfinished, 1);
}

#[test]
fn leftovers_of_another_connection_are_given_up() {
    let old = make::client_hello("old.example", b"");
    let new = make::client_hello("www.example.com", b"");
    for second in [0, 500] {
        let mut reading = Reading::default();
        reading.at(1, 0, &old.fragment(0, 100));
        for fragment in new.datagrams(50) {
            reading.at(1, second, &fragment);
        }
        assert_eq!(reading.names(), [SNI]);
        assert_eq!(reading.dtls.stats().unfinished, 1);
    }
}

#[test]
fn the_first_copy_of_a_byte_stays() {
    let mut message = Message::default();
    message.put(2, b"cd");
    assert_eq!(message.beginning(), b"");
    message.put(6, b"gh");
    message.put(0, b"abXXefXXij");
    assert_eq!(message.beginning(), b"abcdefghij");
    message.put(3, b"YY");
    message.put(10, b"k");
    assert_eq!(message.beginning(), b"abcdefghijk");
}

#[test]
fn a_hidden_hello_is_noted() {
    let mut bytes = make::client_hello("outer.example", b"").body().to_vec();
    let extensions = bytes.len() - {
        let at = bytes.windows(4).position(|w| w == [0, 23, 0, 0]).unwrap();
        bytes.len() - at + 2
    };
    bytes.extend([0xfe, 0x0d, 0, 2, 0, 0]);
    let sum = u16::from_be_bytes([bytes[extensions], bytes[extensions + 1]]) + 6;
    bytes[extensions..extensions + 2].copy_from_slice(&sum.to_be_bytes());
    let three = (bytes.len() as u32).to_be_bytes();
    let header = [&[1], &three[1..], &[0, 0, 0, 0, 0], &three[1..]].concat();
    let datagram = make::record(22, [0xfe, 0xfd], 0, &[header, bytes].concat());
    let reading = Reading::all(&[datagram]);
    assert_eq!(
        reading.names,
        [(Kind::DtlsSni, "outer.example".into(), true)]
    );
    assert_eq!(reading.dtls.stats().hellos.ech, 1);
}

proptest! {
    #[test]
    fn shuffled_repeated_and_overlapping_fragments_give_the_names_once(
        seed: u64,
        size in 1usize..400,
        certificates: bool,
    ) {
        let mut rng = Rng::new(seed);
        let message = if certificates {
            make::certificate(&chain())
        } else {
            make::client_hello("www.example.com", b"")
        };
        let length = message.body().len();
        let mut fragments: Vec<(usize, usize)> =
            (0..length).step_by(size).map(|at| (at, size.min(length - at))).collect();
        for _ in 0..5 {
            let at = rng.below(length as u64) as usize;
            fragments.push((at, 1 + rng.below((length - at) as u64) as usize));
        }
        rng.shuffle(&mut fragments);
        let mut reading = Reading::default();
        for (at, len) in fragments {
            reading.at(1, 0, &message.fragment(at, len));
            // What comes behind the whole message begins anew.
            if reading.dtls.stats().hellos.named + reading.dtls.stats().certificates.read / 2 == 1 {
                break;
            }
        }
        let want = if certificates { &CHAIN[..] } else { &[SNI] };
        prop_assert_eq!(reading.names(), want);
    }

    #[test]
    fn random_bytes_are_survived(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        like in 0u8..3,
        at in any::<prop::sample::Index>(),
        value: u8,
    ) {
        if like == 1 {
            bytes.splice(0..0, [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 1, 0, 0, 150, 0, 0, 0, 0, 0, 0, 0, 40]);
        } else if like == 2 {
            bytes = make::certificate(&chain()).fragment(0, 500);
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        looks_like(&bytes);
        let mut reading = Reading::default();
        reading.at(1, 0, &bytes);
        reading.at(1, 0, &bytes);
    }
}
