//! First segments of every length: whatever a connection begins with, where its first segment ends is no matter.

use testkit::tls::Version;
use testkit::{dns, http, http2, socks, starttls, tls, tls_server, x509};

use crate::harness::{Way, dns_names, read, to};

fn hello() -> Vec<u8> {
    tls::client_hello("in.example.com").records()
}

fn flight() -> Vec<u8> {
    let chain = [x509::certificate("leaf.example").san("san.example").der()];
    tls_server::flight(Version::Tls12, &chain).records()
}

fn clients() -> Vec<(&'static str, Vec<u8>)> {
    let alone = vec![
        ("hello", Vec::new()),
        ("alert", tls::alert(112)),
        ("change cipher spec", tls::record(20, [3, 1], &[1])),
        (
            "socks 5",
            [socks::greeting(&[0]), socks::v5("s5.example", 443)].concat(),
        ),
        ("socks 4a", socks::v4a("s4.example", 443, "user")),
        ("connect", http::connect("target.example:443")),
    ];
    let mut all: Vec<_> = alone
        .into_iter()
        .chain(starttls::clients())
        .map(|(name, before)| (name, [before, hello()].concat()))
        .collect();
    all.extend([
        ("http", http::get("a.example", "/").repeat(2)),
        ("http/2", http2::connection("h2.example")),
        (
            "dns",
            dns::query(7, "d.example", dns::A).over_tcp().repeat(2),
        ),
    ]);
    all
}

fn servers() -> Vec<(&'static str, Vec<u8>)> {
    // Two answers of a proxy and a flight share a segment only in tests.
    let mut all: Vec<_> = starttls::servers()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("http proxy") && !name.starts_with("socks"))
        .map(|(name, before)| (name, [before, flight()].concat()))
        .collect();
    let answer: Vec<u8> = dns::response(7, "d.example", dns::A)
        .cname("d.example", "alias.example")
        .into();
    all.extend([
        ("flight", flight()),
        (
            "http/2",
            [
                http2::settings(),
                http2::frame(1, 4, &[0x88]),
                http2::frame(0, 1, &answer),
            ]
            .concat(),
        ),
    ]);
    all
}

/// Cut in two behind each of the first bytes, in both orders, and with one byte between.
fn is_read_however_it_is_cut(name: &str, before: &[Vec<u8>], way: &Way, bytes: &[u8]) {
    let frames = |pieces: &[(usize, usize)]| {
        let mut frames = before.to_vec();
        for &(from, to) in pieces {
            frames.push(way.data(from, &bytes[from..to]));
        }
        frames
    };
    let end = bytes.len();
    let whole = read(frames(&[(0, end)])).names();
    assert!(!whole.is_empty(), "{name}");
    for cut in 1..end.min(48) {
        for pieces in [
            vec![(0, cut), (cut, end)],
            vec![(cut, end), (0, cut)],
            vec![(0, cut), (cut, cut + 1), (cut + 1, end)],
        ] {
            assert_eq!(read(frames(&pieces)).names(), whole, "{name}: {pieces:?}");
        }
    }
}

#[test]
fn of_clients() {
    for (name, bytes) in clients() {
        let way = to(7_007);
        is_read_however_it_is_cut(name, &[way.syn()], &way, &bytes);
    }
}

#[test]
fn of_servers() {
    for (name, bytes) in servers() {
        let client = to(7_007);
        let way = client.back(77);
        let before = [client.syn(), way.syn_ack()];
        is_read_however_it_is_cut(name, &before, &way, &bytes);
    }
}

/// The length of a DNS message may look like blank lines, or like the beginning of SOCKS.
#[test]
fn lengths_of_dns_that_look_like_something_else() {
    for length in [
        0x0401, 0x0500, 0x0a00, 0x0a0a, 0x0aff, 0x0d0a, 0x0d20, 0x0dff, 0x0e00,
    ] {
        let mut answer = dns::response(7, "long.example", dns::A);
        let mut number = 0;
        while answer.clone().over_tcp().len() + 60 < length + 2 {
            answer = answer.a(format!("n{number}.example"), "192.0.2.1");
            number += 1;
        }
        // A record of no known type takes what is left.
        let filler = |bytes: &[u8]| answer.clone().record("fill.example", 65_280, 60, bytes);
        let left = length + 2 - filler(&[]).over_tcp().len();
        let answer = filler(&vec![7; left]);
        let wanted = dns_names(std::slice::from_ref(&answer));
        let bytes = answer.over_tcp();
        assert_eq!(bytes.len(), length + 2);
        for port in [5_300, 53] {
            for len in [9_000, 1_400, 7] {
                assert_eq!(
                    read(to(port).opened(&bytes, len)).distinct(),
                    wanted,
                    "{length:x}"
                );
            }
        }
    }
}

/// What is held since it may become a message, and is none, hides nothing that begins behind it.
#[test]
fn a_message_behind_a_few_bytes_of_something_else() {
    let request = http::get("behind.example", "/");
    let hello = tls::client_hello("behind.example").records();
    let prefixes: [&[u8]; 11] = [
        &[1],
        &[2],
        &[0xb2],
        &[5, 0],
        &[0x10, 0x80],
        &[0, 0, 0, 1],
        &[5, 0, 0, 0],
        &[0x0d, 0x9a, 0x05, 0xba],
        &[0x0a, 0, 0, 0, 1, 0, 0, 1],
        &[4, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        &[5, 2, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ];
    for prefix in prefixes {
        for (bytes, kind) in [(&request, "http_host"), (&hello, "tls_sni")] {
            for len in [9_000, 40] {
                let way = to(8_443);
                let stream = [prefix, &bytes[..]].concat();
                let mut frames = vec![way.syn(), way.back(77).syn_ack()];
                frames.extend(way.cut_after(prefix.len(), &stream, len));
                frames.push(way.data(stream.len(), &[7; 9_000]));
                let found = read(frames).names();
                let wanted = [(kind.to_owned(), "behind.example".to_owned())];
                assert_eq!(found, wanted, "{prefix:x?} {len}");
            }
        }
    }
}

/// What looks like a beginning and is none stands before one.
#[test]
fn a_message_behind_several_things_that_are_none() {
    let hello = tls::client_hello("behind.example").records();
    let cases: [&[&[u8]]; 5] = [
        &[b"SPT", &[0x16]],
        &[b"abcd", &[0x16, 3]],
        &[b"HEL", &[0x16], &[0x80], &[0x16, 3]],
        &[&[0x16]],
        &[&[5, 1, 0, 3, 0, 13, 0, 1, 0, 0x80, 13, 8]],
    ];
    for before in cases {
        let way = to(5_555);
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        let mut at = 0;
        for piece in before.iter().copied().chain([&hello[..]]) {
            frames.push(way.data(at, piece));
            at += piece.len();
        }
        frames.push(way.data(at, &[7; 9_000]));
        let found = read(frames).distinct();
        let wanted = [("tls_sni".to_owned(), "behind.example".to_owned())];
        assert_eq!(found, wanted, "{before:x?}");
    }
}

/// A few places are tried. What stands behind more of them that are none is not found, and that is counted.
#[test]
fn places_that_are_not_tried_are_counted() {
    let hello = tls::client_hello("behind.example").records();
    for (count, found) in [(3, true), (9, false)] {
        let way = to(5_555);
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        // What comes first tells last that it is no message.
        frames.extend((0..count).map(|n| way.data(20 + n, &[0x16])));
        frames.push(way.data(20 + count, &hello));
        frames.push(way.data(0, &[0xff; 20]));
        let read = read(frames);
        assert_eq!(read.names().len(), usize::from(found));
        assert_eq!(read.outcome.workers.streams.holes, u64::from(!found));
    }
}

/// A server of SOCKS 5 that asks who it is, and whose reply has no address.
#[test]
fn certificates_behind_socks_with_a_log_in() {
    let own = x509::certificate("behind-socks.example").der();
    let flight = tls_server::flight(Version::Tls12, &[own]).records();
    for method in [1, 2] {
        let client = to(1_080);
        let way = client.back(77);
        let reply = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let mut frames = vec![client.syn(), way.syn_ack()];
        let mut at = 0;
        for piece in [&[5, method][..], &[1, 0], &reply, &flight] {
            frames.push(way.data(at, piece));
            at += piece.len();
        }
        read(frames).holds(&[("x509_cn", "behind-socks.example")]);
    }
}
