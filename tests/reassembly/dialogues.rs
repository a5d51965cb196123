//! What stands before a ClientHello: STARTTLS, CONNECT, SOCKS, PROXY.

use testkit::tls::Version;
use testkit::{http, socks, starttls, tls, tls_server, x509};

use crate::harness::{read, shuffled, to};

const HOST: &str = "inside.example";

fn hello() -> Vec<u8> {
    tls::client_hello(HOST).post_quantum().records()
}

#[test]
fn a_hello_behind_a_dialogue() {
    for (protocol, dialogue) in starttls::clients() {
        let stream = [dialogue.clone(), hello()].concat();
        let way = to(2_525);
        // As it is sent: the hello has segments of its own.
        let mut frames = way.opened(&dialogue, 1_400);
        for (i, piece) in hello().chunks(1_200).enumerate() {
            frames.push(way.data(dialogue.len() + i * 1_200, piece));
        }
        for frames in [
            frames,
            way.opened(&stream, 1_400),
            way.opened(&stream, 16),
            way.opened(&stream, 3),
            way.opened(&stream, 1),
            shuffled(way.opened(&stream, 30), 1, 1),
            shuffled(way.opened(&stream, 3), 1, 2),
        ] {
            let names = read(frames).names();
            assert!(
                names == crate::harness::sorted(&[("tls_sni", HOST)]),
                "{protocol}: {names:?}"
            );
        }
    }
}

#[test]
fn certificates_behind_a_dialogue() {
    let leaf = x509::certificate("leaf.example").san("san.example").der();
    let flight = tls_server::flight(Version::Tls12, &[leaf]).records();
    let wanted =
        crate::harness::sorted(&[("x509_cn", "leaf.example"), ("x509_san", "san.example")]);
    for (protocol, dialogue) in starttls::servers() {
        let client = to(2_525);
        let way = client.back(0x7000);
        let mut opened = vec![client.syn(), way.syn_ack()];
        let mut byte_by_byte = opened.clone();
        byte_by_byte.extend(way.cut(&[dialogue.clone(), flight.clone()].concat(), 1));
        assert_eq!(read(byte_by_byte).names(), wanted, "{protocol}");
        // The server hears of the client's hello before it sends its own.
        opened.push(way.data(0, &dialogue));
        for len in [1_400, 100] {
            let mut frames = opened.clone();
            for (i, piece) in flight.chunks(len).enumerate() {
                frames.push(way.data(dialogue.len() + i * len, piece));
            }
            assert_eq!(read(frames).names(), wanted, "{protocol} in {len}");
        }
    }
}

#[test]
fn a_hello_behind_connect() {
    let stream = [http::connect("target.example:443"), hello()].concat();
    let wanted = [
        ("http_connect", "target.example"),
        ("http_host", "target.example"),
        ("tls_sni", HOST),
    ];
    for len in [1_400, 100, 5, 1] {
        read(to(3_128).opened(&stream, len)).holds(&wanted);
        read(shuffled(to(3_128).opened(&stream, len), 1, 8)).holds(&wanted);
    }
}

#[test]
fn a_hello_behind_socks() {
    let v5 = [socks::greeting(&[0]), socks::v5("target.example", 443)].concat();
    let with_password = [
        socks::greeting(&[0, 2]),
        socks::log_in("user", "secret"),
        socks::v5("target.example", 443),
    ]
    .concat();
    for before in [v5, with_password, socks::v4a("target.example", 443, "user")] {
        let stream = [before, hello()].concat();
        let wanted = [("socks_host", "target.example"), ("tls_sni", HOST)];
        for len in [100, 5, 1] {
            read(to(1_080).opened(&stream, len)).holds(&wanted);
            read(shuffled(to(1_080).opened(&stream, len), 1, 8)).holds(&wanted);
        }
    }
}

/// Every dialogue, cut once, anywhere in front of its hello.
#[test]
fn a_dialogue_in_two_segments() {
    let hello = hello();
    for (name, before) in starttls::clients() {
        let bytes = [&before[..], &hello].concat();
        for cut in 1..before.len() + 12 {
            let way = to(2_525);
            let frames = vec![
                way.syn(),
                way.data(0, &bytes[..cut]),
                way.data(cut, &bytes[cut..]),
            ];
            let found = read(frames).names();
            assert!(
                found.iter().any(|(kind, _)| kind == "tls_sni"),
                "{name} cut at {cut}: {found:?}"
            );
        }
    }
}
