//! DNS over TCP, and the certificates of servers.

use testkit::dns::{self, Message};
use testkit::tls::Version;
use testkit::{tls, tls_server, x509};

use crate::harness::{Name, Way, dns_names, read, shuffled, sorted, to};

/// Responses of different sizes: about 100 to 2,000 bytes.
fn responses(count: u16) -> Vec<Message> {
    (0..count)
        .map(|n| {
            let name = format!("zone-{n}.example");
            let mut message = dns::response(n, name.as_str(), dns::A);
            for record in 0..(n % 7) * 8 + 1 {
                let target = format!("t{record}.hosting-{n}.example.net");
                message = message.cname(name.as_str(), target.as_str());
            }
            message
        })
        .collect()
}

/// From the server, behind both SYNs.
fn answered(port: u16, stream: &[u8], len: usize) -> Vec<Vec<u8>> {
    let client = to(port);
    let way = client.back(0x7000);
    let mut frames = vec![client.syn(), way.syn_ack()];
    frames.extend(way.cut(stream, len));
    frames
}

fn stream(messages: &[Message]) -> Vec<u8> {
    messages
        .iter()
        .cloned()
        .flat_map(Message::over_tcp)
        .collect()
}

#[test]
fn several_messages_a_segment() {
    let messages = responses(5);
    let stream = stream(&messages[..2]);
    assert!(stream.len() < 1_400);
    let read = read(answered(53, &stream, 1_400));
    assert_eq!(read.distinct(), dns_names(&messages[..2]));
}

#[test]
fn a_message_over_many_segments() {
    let messages = responses(14);
    let stream = stream(&messages);
    for port in [53, 5_300] {
        for len in [1_400, 500, 99, 13] {
            let read = read(answered(port, &stream, len));
            assert_eq!(read.distinct(), dns_names(&messages), "{port}, {len}");
        }
    }
}

#[test]
fn one_byte_each() {
    let messages = responses(3);
    for port in [53, 5_300] {
        let read = read(answered(port, &stream(&messages), 1));
        assert_eq!(read.distinct(), dns_names(&messages), "{port}");
    }
}

#[test]
fn the_length_alone() {
    let messages = responses(3);
    let way = to(53);
    let mut frames = vec![way.syn()];
    let mut at = 0;
    for message in &messages {
        let bytes = message.clone().over_tcp();
        frames.push(way.data(at, &bytes[..2]));
        frames.push(way.data(at + 2, &bytes[2..]));
        at += bytes.len();
    }
    assert_eq!(read(frames).distinct(), dns_names(&messages));
}

#[test]
fn messages_in_any_order() {
    let messages = responses(8);
    let stream = stream(&messages);
    for port in [53, 5_300] {
        for seed in 0..20 {
            for len in [700, 99] {
                let frames = shuffled(answered(port, &stream, len), 2, seed);
                assert_eq!(
                    read(frames).distinct(),
                    dns_names(&messages),
                    "{port} {len} {seed}"
                );
            }
        }
    }
}

/// A zone transfer: far more than is kept of one message.
#[test]
fn a_zone_transfer() {
    let messages = responses(2_000);
    let stream = stream(&messages);
    assert!(stream.len() > 600_000);
    let read = read(answered(53, &stream, 1_400));
    assert_eq!(read.distinct(), dns_names(&messages));
}

fn chain() -> (Vec<Vec<u8>>, Vec<Name>) {
    let mut leaf = x509::certificate("leaf.example");
    for n in 0..120 {
        leaf = leaf.san(&format!("san-{n}.example"));
    }
    let chain = vec![
        leaf.der(),
        x509::certificate("issuer.example").key(2_000).der(),
        x509::nameless().key(3_000).der(),
    ];
    let sans: Vec<String> = (0..120).map(|n| format!("san-{n}.example")).collect();
    let mut wanted = vec![("x509_cn", "leaf.example"), ("x509_cn", "issuer.example")];
    wanted.extend(sans.iter().map(|san| ("x509_san", san.as_str())));
    (chain, sorted(&wanted))
}

fn shown(flight: &[u8], len: usize) -> (Way, Vec<Vec<u8>>) {
    let client = to(443);
    let way = client.back(0xffff_f000);
    let mut frames = vec![client.syn(), way.syn_ack()];
    frames.extend(way.cut(flight, len));
    (way, frames)
}

#[test]
fn certificates_over_many_segments() {
    let (chain, wanted) = chain();
    let flight = tls_server::flight(Version::Tls12, &chain);
    for bytes in [
        flight.records(),
        flight.records_of(&[1_000]),
        flight.records_of(&[3, 700, 5]),
    ] {
        assert!(bytes.len() > 8_000 && bytes.len() < 16_384);
        for len in [1_400, 333, 50] {
            assert_eq!(read(shown(&bytes, len).1).names(), wanted);
            for seed in 0..5 {
                let frames = shuffled(shown(&bytes, len).1, 2, seed);
                assert_eq!(read(frames).names(), wanted, "{len} {seed}");
            }
        }
    }
}

/// The first segment tells how far to look: more than the window of a SYN.
#[test]
fn a_long_chain() {
    let (mut chain, wanted) = chain();
    chain.extend((0..20).map(|_| x509::nameless().key(5_000).der()));
    let flight = tls_server::flight(Version::Tls12, &chain).records_of(&[4_096]);
    assert!(flight.len() > 100_000);
    assert_eq!(read(shown(&flight, 1_400).1).names(), wanted);
    let frames = shuffled(shown(&flight, 1_400).1, 3, 7);
    assert_eq!(read(frames).names(), wanted);
}

#[test]
fn encrypted_data_behind_the_handshake() {
    let (chain, wanted) = chain();
    let flight = tls_server::flight(Version::Tls12, &chain).records();
    let (way, mut frames) = shown(&flight, 1_400);
    for n in 0..50 {
        let data = testkit::tls::application_data(1_300);
        frames.push(way.data(flight.len() + n * data.len(), &data));
    }
    assert_eq!(read(frames).names(), wanted);
}

/// A client's certificate follows its hello in a flight of its own.
#[test]
fn a_clients_certificate_in_short_segments() {
    let own = x509::certificate("client.example").der();
    let hello = tls::client_hello("server.example").records();
    let flight = tls_server::client_certificate(&[own]);
    let way = to(443);
    for first in [1, 2, 5, 6, 8, 12, 15, 16, 400] {
        for rest in [1, 700] {
            let behind = way.clone().number(0x1000 + hello.len() as u32);
            let mut frames = vec![way.syn(), way.back(77).syn_ack(), way.data(0, &hello)];
            frames.extend(behind.cut_after(first, &flight, rest));
            read(frames).holds(&[("tls_sni", "server.example"), ("x509_cn", "client.example")]);
        }
    }
}
