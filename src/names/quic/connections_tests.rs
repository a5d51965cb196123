//! Several connections between the same ports.
#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use super::*;
use crate::names::quic::table::CONNECTIONS;

#[test]
fn a_new_connection_on_the_same_ports_is_read() {
    let mut reader = Reader::new();
    for (id, name) in [(b"first ID", "a.example"), (b"other ID", "b.example")] {
        let message = client_hello(name).handshake();
        reader.up(&initial(V1, id).crypto(0, &message).datagram());
    }
    // And where the one before was not finished, its certain name is given at the end.
    let long = client_hello("c.example")
        .sni(testkit::tls::SniPlace::First)
        .post_quantum();
    reader.up(&initial(V1, b"third ID")
        .crypto(0, &long.handshake()[..600])
        .datagram());
    let message = client_hello("d.example").handshake();
    reader.up(&initial(V1, b"last ID!").crypto(0, &message).datagram());
    reader.finish();
    assert_eq!(
        reader.quic_names(),
        ["a.example", "b.example", "d.example", "c.example"]
    );
    assert_eq!(reader.quic.stats().incomplete_named, 1);
}

/// Both halves of a hello, in packets of a connection of its own.
fn halves(id: &[u8], name: &str) -> [Vec<u8>; 2] {
    let message = client_hello(name).post_quantum().handshake();
    let (a, b) = message.split_at(900);
    [
        initial(V1, id).crypto(0, a).datagram(),
        initial(V1, id).number(1).crypto(900, b).datagram(),
    ]
}

#[test]
fn connections_that_share_their_ports_are_not_mixed() {
    let [a1, a2] = halves(b"first ID", "a.example");
    let [b1, b2] = halves(b"other ID", "b.example");
    for (order, names) in [
        ([&a1, &b1, &a2, &b2], ["a.example", "b.example"]),
        ([&a1, &b1, &b2, &a2], ["b.example", "a.example"]),
        ([&a2, &b2, &b1, &a1], ["b.example", "a.example"]),
        ([&a2, &b1, &a1, &b2], ["a.example", "b.example"]),
    ] {
        let mut reader = Reader::new();
        for datagram in order {
            reader.up(datagram);
        }
        assert_eq!(reader.quic_names(), names);
        // What is repeated of the one is no part of the other.
        let [c1, c2] = halves(b"third ID", "c.example");
        for datagram in [&c1, &a2, &b2, &c2] {
            reader.up(datagram);
        }
        assert_eq!(reader.quic_names()[2..], ["c.example"]);
        assert_eq!(reader.quic.stats().repeated, 2);
        assert_eq!(reader.quic.stats().incomplete, 0);
    }
}

#[test]
fn a_flow_has_room_for_some_connections() {
    let mut reader = Reader::new();
    let ids: Vec<[u8; 8]> = (0..=CONNECTIONS as u8).map(|n| [n; 8]).collect();
    let all: Vec<_> = ids.iter().map(|id| halves(id, NAME)).collect();
    for half in 0..2 {
        for halves in &all[1..] {
            reader.up(&halves[half]);
        }
    }
    assert_eq!(reader.quic.stats().named, CONNECTIONS as u64);
    // One more than there is room for: the first of them goes, and is counted.
    let mut reader = Reader::new();
    for [first, _] in &all {
        reader.up(first);
    }
    let lost = |stats: &QuicStats| stats.incomplete + stats.incomplete_named;
    assert_eq!(lost(reader.quic.stats()), 1);
    for [_, second] in &all[1..] {
        reader.up(second);
    }
    assert_eq!(reader.quic.stats().named, CONNECTIONS as u64);
    assert_eq!(reader.quic.stats().evicted, 0);
}
