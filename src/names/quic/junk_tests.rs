//! Packets that no key opens: they hide nothing and cost a bounded amount.
#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use super::*;
use crate::names::quic::opening::{OF_FLOW, POOL};

/// `count` Initial packets that no key opens, each with a new connection ID.
fn junk(reader: &mut Reader, random: &mut Rng, count: usize) {
    let mut junk = initial(V1, b"8 bytes!")
        .keys_of(b"nobody's")
        .crypto(0, &hello())
        .datagram();
    for _ in 0..count {
        junk[6..14].copy_from_slice(&random.bytes(8));
        reader.up(&junk);
    }
}

#[test]
fn junk_hides_no_hello_behind_it() {
    for count in [127, 128, 129, 1_000, 10_000] {
        let mut reader = Reader::new();
        junk(&mut reader, &mut Rng::new(1), count);
        reader.up(&initial(V1, b"the real").crypto(0, &hello()).datagram());
        assert_eq!(reader.quic_names(), [NAME], "{count}");
        let stats = reader.quic.stats();
        assert_eq!((stats.failed, stats.over_limit), (count as u64, 0));
    }
}

#[test]
fn junk_costs_a_bounded_number_of_tries_and_time_forgives() {
    let mut reader = Reader::new();
    let mut random = Rng::new(1);
    junk(&mut reader, &mut random, 20_000);
    let all = u64::from(OF_FLOW.most + POOL.most);
    let stats = *reader.quic.stats();
    assert_eq!((stats.in_vain, stats.failed), (all, all));
    assert_eq!(stats.over_limit, 20_000 - all);
    let message = client_hello(NAME).post_quantum().handshake();
    let (a, b) = message.split_at(900);
    let first = initial(V1, b"the real").crypto(0, a).datagram();
    let second = initial(V1, b"the real").number(1).crypto(900, b).datagram();
    reader.up(&first);
    assert_eq!(reader.quic.stats().over_limit, 20_001 - all);

    // Another flow does not feel it.
    let other = client_hello("other.example").handshake();
    let other = initial(V1, b"another!").crypto(0, &other).datagram();
    reader.send(flow(1), &other);
    assert_eq!(reader.quic_names(), ["other.example"]);

    // Ten seconds of a flood cost what comes back in that time, two tries and a thousand a second.
    for _ in 0..100 {
        reader.now = Timestamp::from_nanos(reader.now.nanos() + SECOND / 10);
        junk(&mut reader, &mut random, 200);
    }
    let back = 10 * (2 + 1_000);
    assert_eq!(reader.quic.stats().in_vain, all + back);

    // The client repeats its hello, and what has begun goes on however much junk comes between.
    reader.now = Timestamp::from_nanos(reader.now.nanos() + SECOND / 10);
    reader.up(&first);
    junk(&mut reader, &mut random, 500);
    assert!(reader.quic.stats().in_vain <= all + back + 110);
    let over = reader.quic.stats().over_limit;
    junk(&mut reader, &mut random, 1);
    assert_eq!(reader.quic.stats().over_limit, over + 1);
    reader.up(&second);
    assert_eq!(reader.quic_names(), ["other.example", NAME]);
}

#[test]
fn a_packet_costs_three_tries_at_most() {
    let mut reader = Reader::new();
    // Two connection IDs are proven, so that there are keys to try.
    reader.up(&initial(V1, b"original")
        .source(b"me")
        .crypto(0, b"\x01")
        .datagram());
    let retried = initial(V1, b"retried!").source(b"me").token(b"token");
    reader.up(&retried.number(1).frame(&[1]).datagram());
    let before = reader.quic.stats().in_vain;
    junk(&mut reader, &mut Rng::new(3), 1);
    let each = reader.quic.stats().in_vain - before;
    assert_eq!(each, 3);
    junk(&mut reader, &mut Rng::new(3), 99);
    assert_eq!(reader.quic.stats().in_vain - before, 100 * each);
}

/// They open with the right keys, and the hello never comes.
#[test]
fn packets_without_anything_of_a_hello_cost_a_bounded_number_of_decryptions() {
    let most = u64::from(OF_FLOW.most + POOL.most);
    let piece = client_hello(NAME).handshake();
    for empty in [
        initial(V1, b"the real").frame(&[1]),
        initial(V1, b"the real").crypto(0, &piece[..20]),
    ] {
        let mut reader = Reader::new();
        reader.up(&initial(V1, b"the real").crypto(0, &piece[..20]).datagram());
        for number in 1..=20_000 {
            reader.up(&empty.clone().number(number).datagram());
        }
        let stats = *reader.quic.stats();
        assert_eq!(
            (stats.initials, stats.over_limit),
            (1 + most, 20_000 - most)
        );
        assert_eq!(stats.failed, 0);
        // More each second, of which the client's hello needs one.
        reader.now = Timestamp::from_nanos(reader.now.nanos() + SECOND);
        reader.up(&initial(V1, b"the real")
            .number(30_000)
            .crypto(0, &piece)
            .datagram());
        assert_eq!(reader.quic_names(), [NAME]);
    }
}

/// Nor does it help to begin a connection with each packet, or to call one by other names.
#[test]
fn connections_without_a_hello_cost_a_bounded_number_of_decryptions() {
    let most = u64::from(OF_FLOW.most + POOL.most);
    let mut reader = Reader::new();
    for number in 0..20_000_u32 {
        let id = [&number.to_be_bytes()[..], b"same"].concat();
        reader.up(&initial(V1, &id).frame(&[1]).datagram());
    }
    let stats = *reader.quic.stats();
    // The keys of the connection before are tried first, which costs as much.
    assert!(stats.initials <= most);
    assert_eq!(stats.initials + stats.over_limit, 20_000);
    let mut reader = Reader::new();
    reader.up(&initial(V1, b"the real").crypto(0, &hello()).datagram());
    for number in 1..=20_000_u32 {
        let id = [&number.to_be_bytes()[..], b"same"].concat();
        let renamed = initial(V1, &id).keys_of(b"the real").number(number);
        reader.up(&renamed.frame(&[1]).datagram());
    }
    let stats = *reader.quic.stats();
    assert_eq!(
        (stats.initials, stats.over_limit),
        (1 + most, 20_000 - most)
    );
}
