//! A ClientHello in QUIC over several datagrams.

use testkit::frame::ethernet;
use testkit::rng::Rng;
use testkit::{quic, tls};

use crate::harness::{read, shuffled};

const SNI: (&str, &str) = ("quic_sni", "quic.example");

fn datagrams(version: u32, cuts: &[usize]) -> Vec<Vec<u8>> {
    let hello = tls::client_hello("quic.example").post_quantum().handshake();
    let mut starts = vec![0];
    starts.extend(cuts);
    let ends: Vec<usize> = starts[1..].iter().copied().chain([hello.len()]).collect();
    let pieces = starts.into_iter().zip(ends).enumerate();
    pieces
        .map(|(n, (from, to))| {
            let initial = quic::initial(version, b"8 bytes!").number(n as u32);
            let datagram = initial.crypto(from as u64, &hello[from..to]).datagram();
            ethernet()
                .ipv4("10.0.0.7", "192.0.2.44")
                .udp(50_000, 443)
                .payload(datagram)
        })
        .collect()
}

#[test]
fn two_datagrams_swapped() {
    for version in [quic::V1, quic::V2, 0xff00_001d] {
        let mut frames = datagrams(version, &[900]);
        read(frames.clone()).holds(&[SNI]);
        frames.swap(0, 1);
        read(frames).holds(&[SNI]);
    }
}

#[test]
fn five_datagrams_in_any_order_and_twice() {
    for seed in 0..10 {
        let frames = shuffled(datagrams(quic::V1, &[40, 300, 700, 1_000]), 0, seed);
        read(frames.clone()).holds(&[SNI]);
        let twice = frames.iter().flat_map(|f| [f.clone(), f.clone()]);
        assert_eq!(
            read(twice.collect()).distinct(),
            crate::harness::sorted(&[SNI])
        );
    }
}

/// As browsers send it: small frames of one datagram in any order.
#[test]
fn frames_in_any_order() {
    let hello = tls::client_hello("quic.example").handshake();
    for seed in 0..10 {
        let mut pieces: Vec<(usize, &[u8])> = hello
            .chunks(37)
            .enumerate()
            .map(|(n, piece)| (n * 37, piece))
            .collect();
        Rng::new(seed).shuffle(&mut pieces);
        let mut initial = quic::initial(quic::V1, b"8 bytes!");
        for (at, piece) in pieces {
            initial = initial.crypto(at as u64, piece).frame(&[1]);
        }
        let frame = ethernet()
            .ipv6("2001:db8::7", "2001:db8::44")
            .udp(50_000, 8_443)
            .payload(initial.datagram());
        read(vec![frame]).holds(&[SNI]);
    }
}

/// A datagram that IP cut into fragments.
#[test]
fn in_ip_fragments() {
    let hello = tls::client_hello("quic.example").handshake();
    let datagram = quic::initial(quic::V1, b"8 bytes!")
        .crypto(0, &hello)
        .datagram();
    let frames = ethernet()
        .ipv4("10.0.0.7", "192.0.2.44")
        .id(3)
        .udp(50_000, 443)
        .fragments(datagram, &[400, 800]);
    for seed in 0..6 {
        read(shuffled(frames.clone(), 0, seed)).holds(&[SNI]);
    }
}
