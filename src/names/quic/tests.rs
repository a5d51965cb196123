#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::quic::{self as kit, V1, V2, initial};
use testkit::rng::Rng;
use testkit::tls::{client_hello, client_hello_without_name};

use super::*;
use crate::flow::Protocol;
use crate::packet::path::Encapsulation;

#[path = "connections_tests.rs"]
mod connections;
#[path = "junk_tests.rs"]
mod junk;

const NAME: &str = "www.example.com";
const SECOND: i64 = 1_000_000_000;

/// A reader with the names it gave.
struct Reader {
    quic: Quic,
    now: Timestamp,
    number: u64,
    names: Vec<(Kind, String)>,
}

impl Reader {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self {
            quic: Quic::new(limits),
            now: Timestamp::default(),
            number: 0,
            names: Vec::new(),
        }
    }

    fn send(&mut self, flow: Flow, payload: &[u8]) {
        self.number += 1;
        let (names, now, number) = (&mut self.names, self.now, self.number);
        let mut visit = |found: Found<'_>| {
            assert!(found.number > 0 && found.number <= number && found.time <= now);
            names.push((found.kind, String::from_utf8(found.name.to_vec()).unwrap()));
        };
        self.quic
            .datagram(&flow, now, number, &[], payload, &mut visit);
    }

    fn up(&mut self, payload: &[u8]) {
        self.send(flow(50_000), payload);
    }

    fn down(&mut self, payload: &[u8]) {
        self.send(back(50_000), payload);
    }

    fn finish(&mut self) {
        let names = &mut self.names;
        self.quic.finish(&mut |found| {
            names.push((found.kind, String::from_utf8(found.name.to_vec()).unwrap()));
        });
    }

    fn quic_names(&self) -> Vec<&str> {
        assert!(self.names.iter().all(|(kind, _)| *kind == Kind::QuicSni));
        self.names.iter().map(|(_, name)| name.as_str()).collect()
    }
}

fn flow(port: u16) -> Flow {
    Flow {
        src: "10.0.0.7".parse().unwrap(),
        dst: "192.0.2.1".parse().unwrap(),
        sport: port,
        dport: 8443,
        protocol: Protocol::Udp,
    }
}

fn back(port: u16) -> Flow {
    let flow = flow(port);
    Flow {
        src: flow.dst,
        dst: flow.src,
        sport: flow.dport,
        dport: flow.sport,
        protocol: Protocol::Udp,
    }
}

fn hello() -> Vec<u8> {
    client_hello(NAME).handshake()
}

#[test]
fn every_version_is_recognised_in_short_packets() {
    for version in kit::versions() {
        let packet = initial(version, b"12345678").crypto(0, &[1; 60]).packet();
        assert!(packet.len() < 1_200);
        assert_eq!(looks_like(&packet), Some(Shape::Initial), "{version:08x}");
    }
    // RTP of G.711: version 2, payload type 0.
    assert_eq!(
        looks_like(&[[0x80, 0].as_slice(), &[0x55; 170]].concat()),
        None
    );
    assert_eq!(
        looks_like(&[[0x80, 0x60].as_slice(), &[0x55; 170]].concat()),
        None
    );
}

#[test]
fn every_version() {
    for version in kit::versions() {
        let chlo = version == 0x5130_3530;
        let message = if chlo { kit::chlo(NAME, 700) } else { hello() };
        let datagram = initial(version, b"8 bytes!")
            .source(b"mine")
            .crypto(0, &message)
            .datagram();
        assert_eq!(looks_like(&datagram), Some(Shape::Initial), "{version:x}");
        let mut reader = Reader::new();
        reader.up(&datagram);
        let kind = if chlo { Kind::GquicSni } else { Kind::QuicSni };
        assert_eq!(reader.names, [(kind, NAME.to_string())], "{version:x}");
        // Sent again, it is not decrypted again.
        reader.up(&datagram);
        assert_eq!(reader.names.len(), 1);
        assert_eq!(reader.quic.stats().repeated, 1);
    }
}

#[test]
fn other_frames_and_coalesced_packets() {
    let message = hello();
    let first = initial(V1, b"8 bytes!")
        .frame(&[1, 0, 0]) // PING, PADDING
        .frame(&[2, 5, 0, 1, 1, 0, 2]) // ACK with a second range
        .frame(&[3, 5, 0, 0, 1, 9, 9, 9]) // ACK with ECN
        .crypto(100, &message[100..])
        .frame(&[0x1c, 0, 0, 2, b'o', b'k']); // CONNECTION_CLOSE
    let second = initial(V1, b"8 bytes!")
        .number(1)
        .crypto(0, &message[..100]);
    let zero_rtt = kit::opaque(1, b"8 bytes!", b"", 40);
    let datagram = [zero_rtt, first.packet(), second.packet(), vec![0; 300]].concat();
    assert_eq!(looks_like(&datagram), Some(Shape::Initial));
    let mut reader = Reader::new();
    reader.up(&datagram);
    assert_eq!(reader.quic_names(), [NAME]);
    assert_eq!(reader.quic.stats().odd_frames, 0);
}

#[test]
fn the_second_datagram_first_and_the_servers_id() {
    let message = client_hello(NAME).post_quantum().handshake();
    let (a, rest) = message.split_at(600);
    let (b, c) = rest.split_at(600);
    let mut reader = Reader::new();
    reader.up(&initial(V1, b"original")
        .source(b"me")
        .number(1)
        .crypto(600, b)
        .datagram());
    // The server has answered: its ID stands in the header, the keys stay.
    let moved = initial(V1, b"server").keys_of(b"original").source(b"me");
    reader.up(&moved.clone().number(2).crypto(0, a).datagram());
    assert_eq!(reader.quic_names(), [""; 0]);
    let answer = initial(V1, b"me")
        .keys_of(b"original")
        .source(b"server")
        .from_server();
    reader.down(&answer.crypto(0, b"\x02\0\0\x10 a ServerHello").datagram());
    reader.up(&moved.clone().number(3).crypto(1200, c).datagram());
    assert_eq!(reader.quic_names(), [NAME]);
    reader.up(&moved.number(4).frame(&[2, 0, 0, 0, 0]).datagram());
    let stats = reader.quic.stats();
    let counts = (
        stats.initials,
        stats.failed,
        stats.from_server,
        stats.repeated,
    );
    assert_eq!(counts, (3, 0, 1, 1));
}

#[test]
fn a_server_seen_first_breaks_nothing() {
    let mut reader = Reader::new();
    let answer = initial(V1, b"me")
        .keys_of(b"original")
        .source(b"server")
        .from_server();
    reader.down(&answer.crypto(0, b"\x02\0\0\x10 a ServerHello").datagram());
    assert_eq!(reader.quic.stats().failed, 1);
    reader.up(&initial(V1, b"original")
        .source(b"me")
        .crypto(0, &hello())
        .datagram());
    assert_eq!(reader.quic_names(), [NAME]);
}

#[test]
fn retry_makes_new_keys() {
    let message = client_hello(NAME).post_quantum().handshake();
    let (a, b) = message.split_at(900);
    let mut reader = Reader::new();
    reader.up(&initial(V1, b"original")
        .source(b"me")
        .crypto(0, a)
        .datagram());
    reader.down(&kit::retry(b"me", b"retried", b"token"));
    let again = initial(V1, b"retried").source(b"me").token(b"token");
    reader.up(&again.clone().number(1).crypto(900, b).datagram());
    reader.up(&again.number(2).crypto(0, a).datagram());
    assert_eq!(reader.quic_names(), [NAME]);
    assert_eq!(reader.quic.stats().incomplete, 0);
}

#[test]
fn a_compatible_version_keeps_the_first_id() {
    let message = client_hello(NAME).post_quantum().handshake();
    let (a, b) = message.split_at(900);
    let mut reader = Reader::new();
    reader.up(&initial(V1, b"original").crypto(0, a).datagram());
    let moved = initial(V2, b"server").keys_of(b"original");
    reader.up(&moved.number(1).crypto(900, b).datagram());
    assert_eq!(reader.quic_names(), [NAME]);
}

#[test]
fn a_hello_in_shuffled_frames_of_one_byte() {
    let message = hello();
    assert!(message.len() > 200);
    let padded = client_hello(NAME).post_quantum().handshake();
    // All of the one, and what is left of a longer one behind its first 900 bytes.
    for (message, together) in [(&message, 0), (&padded, 900)] {
        let mut random = Rng::new(5);
        let mut order: Vec<usize> = (together..message.len()).collect();
        random.shuffle(&mut order);
        let mut reader = Reader::new();
        for (number, places) in order.chunks(100).enumerate() {
            let mut packet = initial(V1, b"8 bytes!").number(number as u32);
            for &at in places {
                packet = packet.crypto(at as u64, &message[at..=at]);
            }
            reader.up(&packet.datagram());
        }
        let last = initial(V1, b"8 bytes!").number(1_000);
        reader.up(&last.crypto(0, &message[..together]).datagram());
        assert_eq!(reader.quic_names(), [NAME]);
        assert_eq!(reader.quic.stats().frames_refused, 0);
        assert_eq!(reader.quic.rest.held, 0);
    }
}

#[test]
fn a_name_that_is_given_late_has_the_path_of_its_hello() {
    let path = [Hop {
        kind: Encapsulation::Vxlan,
        id: Some(42),
        ends: None,
    }];
    let place = testkit::tls::SniPlace::First;
    let message = client_hello(NAME).sni(place).post_quantum().handshake();
    let part = initial(V1, b"8 bytes!")
        .crypto(0, &message[..700])
        .datagram();
    let mut quic = Quic::new(Limits {
        flows: 8,
        ..Limits::default()
    });
    let mut found = Vec::new();
    let mut visit = |one: Found<'_>| found.push((one.flow.sport, one.number, one.path.to_vec()));
    let now = Timestamp::default();
    // The ninth flow drives the first one out, the end gives the others.
    for (port, number) in (1..=9).zip(100..) {
        let path = if port <= 2 { &path[..] } else { &[] };
        quic.datagram(&flow(port), now, number, path, &part, &mut visit);
    }
    quic.finish(&mut visit);
    found.sort_by_key(|&(port, ..)| port);
    let paths: Vec<_> = found.iter().map(|(.., path)| path.as_slice()).collect();
    let none: &[Hop] = &[];
    assert_eq!(paths, [&[&path[..]; 2][..], &[none; 7]].concat());
    assert_eq!(found[0].1, 100);
}

#[test]
fn what_is_not_complete_at_the_end() {
    let place = testkit::tls::SniPlace::First;
    let message = client_hello(NAME).sni(place).post_quantum().handshake();
    let mut reader = Reader::new();
    reader.send(
        flow(1),
        &initial(V1, b"8 bytes!")
            .crypto(0, &message[..700])
            .datagram(),
    );
    reader.send(
        flow(2),
        &initial(V1, b"8 bytes!")
            .crypto(0, &message[..60])
            .datagram(),
    );
    reader.send(
        flow(3),
        &initial(V1, b"8 bytes!")
            .crypto(700, &message[700..])
            .datagram(),
    );
    assert_eq!(reader.quic_names(), [""; 0]);
    reader.finish();
    assert_eq!(reader.quic_names(), [NAME]);
    let stats = reader.quic.stats();
    assert_eq!((stats.incomplete_named, stats.incomplete), (1, 2));
}

#[test]
fn hellos_without_a_name_and_other_messages() {
    let mut reader = Reader::new();
    let nameless = client_hello_without_name().handshake();
    reader.send(
        flow(1),
        &initial(V1, b"8 bytes!").crypto(0, &nameless).datagram(),
    );
    reader.send(
        flow(2),
        &initial(V1, b"8 bytes!")
            .crypto(0, b"\x02\0\0\x01a")
            .datagram(),
    );
    reader.send(
        flow(3),
        &initial(V1, b"8 bytes!").frame(&[0x08, 1, 2]).datagram(),
    );
    reader.finish();
    assert!(reader.names.is_empty());
    let stats = reader.quic.stats();
    assert_eq!(
        (stats.nameless, stats.malformed, stats.odd_frames),
        (1, 1, 1)
    );
}

#[test]
fn negotiation_and_unknown_versions_are_counted() {
    let mut reader = Reader::new();
    reader.down(&kit::version_negotiation(b"me", b"server"));
    for version in [0x1a2a_3a4au32, 0xff00_0001, 0x1234_5678] {
        let mut datagram = initial(V1, b"8 bytes!").crypto(0, &hello()).datagram();
        datagram[1..5].copy_from_slice(&version.to_be_bytes());
        assert_eq!(
            looks_like(&datagram),
            Some(Shape::UnknownVersion),
            "{version:x}"
        );
        reader.up(&datagram);
    }
    let stats = reader.quic.stats();
    assert_eq!((stats.negotiations, stats.unknown_versions), (1, 3));
    assert!(reader.names.is_empty());
}

#[test]
fn other_datagrams_are_not_taken_for_quic() {
    let mut random = Rng::new(7);
    let handshake = kit::opaque(2, b"8 bytes!", b"", 60);
    assert_eq!(looks_like(&handshake), None);
    assert_eq!(looks_like(&kit::retry(b"me", b"server", b"token")), None);
    assert_eq!(
        looks_like(&Vec::from(testkit::dns::query(
            0xc0de,
            NAME,
            testkit::dns::A
        ))),
        None
    );
    let taken = (0..100_000).filter(|_| looks_like(&random.bytes(1_250)).is_some());
    assert!(taken.count() <= 5);
}

#[test]
fn the_table_is_bounded_and_unproven_flows_leave_first() {
    let mut reader = Reader::with(Limits {
        flows: 8,
        ..Limits::default()
    });
    let message = client_hello(NAME).post_quantum().handshake();
    reader.up(&initial(V1, b"8 bytes!")
        .crypto(0, &message[..500])
        .datagram());
    let junk = initial(V1, b"8 bytes!")
        .keys_of(b"nobody's")
        .crypto(0, b"x")
        .datagram();
    for port in 0..500 {
        reader.send(flow(port), &junk);
    }
    reader.up(&initial(V1, b"8 bytes!")
        .number(1)
        .crypto(500, &message[500..])
        .datagram());
    assert_eq!(reader.quic_names(), [NAME]);
    assert_eq!(reader.quic.stats().evicted, 0);
    // Eight unfinished hellos: the ninth drives one out, and that is counted.
    for port in 0..9 {
        reader.send(
            flow(port),
            &initial(V1, b"8 bytes!")
                .crypto(0, &message[..500])
                .datagram(),
        );
    }
    assert_eq!(reader.quic.stats().evicted, 1);
}

#[test]
fn memory_is_bounded_and_ordinary_hellos_go_through() {
    let mut reader = Reader::with(Limits {
        flows: 64,
        bytes: 10_000,
    });
    // A hello that says it is 60,000 bytes long.
    let endless = [&[1, 0, 0xea, 0x60][..], &[0; 20_000]].concat();
    for (index, piece) in endless.chunks(1_000).enumerate() {
        let packet = initial(V1, b"8 bytes!").number(index as u32);
        reader.up(&packet.crypto(index as u64 * 1_000, piece).datagram());
    }
    let held = reader.quic.rest.held;
    assert!((10_000..11_000 + 100).contains(&held), "{held}");
    assert!(reader.quic.stats().frames_refused > 0);
    let message = client_hello(NAME).post_quantum().handshake();
    let (a, b) = message.split_at(900);
    reader.send(flow(7), &initial(V1, b"8 bytes!").crypto(0, a).datagram());
    reader.send(
        flow(7),
        &initial(V1, b"8 bytes!").number(1).crypto(900, b).datagram(),
    );
    assert_eq!(reader.quic_names(), [NAME]);
    reader.finish();
    assert_eq!(reader.quic.rest.held, 0);
}

#[test]
fn google_in_the_clear() {
    for version in [b"Q024", b"Q035", b"Q043", b"Q046"] {
        let message = kit::chlo(NAME, 1_100);
        let (a, b) = message.split_at(700);
        let mut reader = Reader::new();
        reader.up(&kit::google(version, b"12345678", 700, b));
        assert!(reader.names.is_empty());
        reader.up(&kit::google(version, b"12345678", 0, a));
        assert_eq!(reader.names, [(Kind::GquicSni, NAME.to_string())]);
        reader.up(&kit::google(version, b"12345678", 0, a));
        assert_eq!(reader.quic.stats().repeated, 1);
        // The capture begins with the second CHLO of a connection; on other ports, another ID.
        reader.up(&kit::google(version, b"87654321", 1_024, &message));
        assert_eq!(reader.names.len(), 2);
    }
}

#[test]
fn ech_is_told() {
    let mut message = hello();
    // An extension 0xfe0d at the end of the list, and the three lengths around it.
    message.extend([0xfe, 0x0d, 0, 1, 0]);
    let body = (message.len() - 4) as u32;
    message[1..4].copy_from_slice(&body.to_be_bytes()[1..]);
    let suites_at = 4 + 34 + 1 + 32;
    let suites = usize::from(u16::from_be_bytes([
        message[suites_at],
        message[suites_at + 1],
    ]));
    let list_at = suites_at + 2 + suites + 2;
    let list = (message.len() - list_at - 2) as u16;
    message[list_at..list_at + 2].copy_from_slice(&list.to_be_bytes());
    let mut found = Vec::new();
    let datagram = initial(V1, b"8 bytes!").crypto(0, &message).datagram();
    Quic::new(Limits::default()).datagram(
        &flow(1),
        Timestamp::default(),
        1,
        &[],
        &datagram,
        &mut |one| found.push((one.name.to_vec(), one.ech, *one.flow)),
    );
    assert_eq!(found, [(NAME.as_bytes().to_vec(), true, flow(1))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_gives_the_name(seed in any::<u64>(), pieces in 1usize..40, datagrams in 1usize..6) {
        let mut random = Rng::new(seed);
        let message = client_hello(NAME).post_quantum().handshake();
        let mut cuts: Vec<usize> = (1..pieces)
            .map(|_| random.below(message.len() as u64) as usize)
            .chain([0, message.len()])
            .collect();
        cuts.sort_unstable();
        let mut frames: Vec<(usize, usize)> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
        // Some overlap, some come twice.
        for _ in 0..random.below(8) {
            let from = random.below(message.len() as u64) as usize;
            let to = from + random.below((message.len() - from) as u64 + 1) as usize;
            frames.push((from, to));
        }
        random.shuffle(&mut frames);
        let each = frames.len().div_ceil(datagrams);
        let mut reader = Reader::new();
        for (number, frames) in frames.chunks(each).enumerate() {
            let mut packet = initial(V1, b"8 bytes!").number(number as u32);
            for &(from, to) in frames {
                packet = packet.frame(&[0, 1]).crypto(from as u64, &message[from..to]);
            }
            reader.up(&packet.datagram());
        }
        prop_assert_eq!(reader.quic_names(), [NAME]);
    }

    #[test]
    fn any_bytes(
        mut bytes in prop::collection::vec(any::<u8>(), 0..1300),
        frames in prop::collection::vec(any::<u8>(), 0..200),
        version in prop::sample::select(kit::versions().collect::<Vec<_>>()),
    ) {
        let mut reader = Reader::new();
        if bytes.len() > 6 {
            bytes[0] |= 0xc0;
            bytes[1..5].copy_from_slice(&version.to_be_bytes());
        }
        reader.up(&bytes);
        reader.up(&initial(version, b"8 bytes!").frame(&frames).datagram());
        reader.down(&bytes);
        prop_assert!(reader.quic.stats().initials >= 1);
    }
}
