#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::{dtls as make_dtls, quic as make_quic, tls, tls_server, x509};

use super::super::dtls::Dtls;
use super::super::quic::{Limits, Quic};
use super::super::stream::{Direction, Hint, Scratch};
use super::super::tls::{Over, fingerprints};
use super::super::x509_fingerprint::Fingerprint;
use super::super::{Kind, Step};
use super::Wanted;
use crate::flow::{Flow, Protocol};
use crate::time::Timestamp;

const ALL: Wanted = Wanted {
    ja3: true,
    ja4: true,
    certificates: true,
    urls: true,
};

type Pushed = Vec<(Kind, Vec<u8>)>;

fn flow() -> Flow {
    Flow {
        src: "192.0.2.1".parse().unwrap(),
        dst: "198.51.100.2".parse().unwrap(),
        sport: 50_000,
        dport: 443,
        protocol: Protocol::Udp,
    }
}

/// Reads a direction of TCP whose bytes come in two pieces.
fn stream(bytes: &[u8], cut: usize, wanted: Wanted) -> (Pushed, Scratch) {
    let mut scratch = Scratch::default();
    scratch.wanted = wanted;
    let mut pushed = Vec::new();
    let mut direction = Direction::new(Hint::Any);
    let mut at = 0;
    for (end, last) in [(cut, false), (bytes.len(), true)] {
        while at <= end {
            let step = direction.read(&bytes[at..end], last, &mut scratch, &mut |kind, name, _| {
                pushed.push((kind, name.to_vec()));
            });
            match step {
                Step::Took(n) => at += usize::try_from(n).unwrap(),
                Step::Need(_) => break,
                Step::End => return (pushed, scratch),
            }
        }
    }
    (pushed, scratch)
}

fn quic(datagrams: &[Vec<u8>], wanted: Wanted) -> (Pushed, Quic) {
    let mut pushed = Vec::new();
    let mut quic = Quic::new(Limits::default());
    quic.want(wanted);
    for datagram in datagrams {
        let now = Timestamp::default();
        quic.datagram(&flow(), now, 1, &[], datagram, &mut |found| {
            pushed.push((found.kind, found.name.to_vec()));
        });
    }
    (pushed, quic)
}

fn dtls(datagrams: &[Vec<u8>], wanted: Wanted) -> (Pushed, Dtls) {
    let mut pushed = Vec::new();
    let mut dtls = Dtls::default();
    dtls.want(wanted);
    for datagram in datagrams {
        let now = Timestamp::default();
        dtls.datagram(&flow(), now, datagram, &mut |kind, name, _| {
            pushed.push((kind, name.to_vec()));
        });
    }
    (pushed, dtls)
}

/// What a hello gives beside its name.
fn of_hello(body: &[u8], over: Over) -> Pushed {
    let read = fingerprints(body, over, ALL).unwrap();
    vec![
        (Kind::Ja3, read.ja3.unwrap().0.to_vec()),
        (Kind::Ja4, read.ja4.unwrap().0.to_vec()),
    ]
}

fn of_certificate(der: &[u8]) -> Pushed {
    let read = Fingerprint::of(der).unwrap();
    vec![
        (Kind::X509Sha1, read.sha1.to_vec()),
        (Kind::X509Sha256, read.sha256.to_vec()),
        (Kind::X509Serial, read.serial.unwrap().as_bytes().to_vec()),
    ]
}

fn name(kind: Kind, name: &str) -> Pushed {
    vec![(kind, name.as_bytes().to_vec())]
}

fn leaf() -> Vec<u8> {
    x509::certificate("leaf.example").der()
}

fn root() -> Vec<u8> {
    x509::certificate("root.example").der()
}

/// All that a chain of two certificates gives.
fn of_chain() -> Pushed {
    [
        name(Kind::X509Cn, "leaf.example"),
        of_certificate(&leaf()),
        name(Kind::X509Cn, "root.example"),
        of_certificate(&root()),
    ]
    .concat()
}

#[test]
fn nothing_is_pushed_that_is_not_wanted() {
    let none = Wanted::default();
    let hello = tls::client_hello("www.example.com");
    let (pushed, _) = stream(&hello.records(), 0, none);
    assert_eq!(pushed, name(Kind::TlsSni, "www.example.com"));
    let datagram = make_quic::initial(make_quic::V1, &[8; 8])
        .crypto(0, &hello.handshake())
        .datagram();
    let (pushed, _) = quic(&[datagram], none);
    assert_eq!(pushed, name(Kind::QuicSni, "www.example.com"));
    let hello = make_dtls::client_hello("www.example.com", b"");
    let chain = make_dtls::certificate(&[leaf()]);
    let (pushed, _) = dtls(&[hello.datagram(), chain.datagram()], none);
    let names = [
        name(Kind::DtlsSni, "www.example.com"),
        name(Kind::X509Cn, "leaf.example"),
    ];
    assert_eq!(pushed, names.concat());
    let flight = tls_server::flight(tls::Version::Tls12, &[leaf()]).records();
    assert_eq!(
        stream(&flight, 0, none).0,
        name(Kind::X509Cn, "leaf.example")
    );
    // Each kind by itself.
    let ja4 = Wanted { ja4: true, ..none };
    let (pushed, _) = stream(&flight, 0, ja4);
    assert_eq!(pushed, name(Kind::X509Cn, "leaf.example"));
    let hello = tls::client_hello_without_name();
    let (pushed, scratch) = stream(&hello.records(), 0, ja4);
    assert_eq!(pushed, of_hello(&hello.handshake()[4..], Over::Tcp)[1..]);
    assert_eq!(scratch.stats.hellos.without_fingerprint, 0);
}

#[test]
fn hellos_with_several_names_or_none_have_one_of_each() {
    let hello = tls::client_hello_without_name();
    let (pushed, _) = stream(&hello.records(), 0, ALL);
    assert_eq!(pushed, of_hello(&hello.handshake()[4..], Over::Tcp));
    let datagram = make_quic::initial(make_quic::V1, &[8; 8])
        .crypto(0, &hello.handshake())
        .datagram();
    let (pushed, _) = quic(&[datagram], ALL);
    assert_eq!(pushed, of_hello(&hello.handshake()[4..], Over::Quic));
}

#[test]
fn what_is_not_whole_has_none_and_is_counted() {
    let hello = tls::client_hello("www.example.com").sni(tls::SniPlace::First);
    let whole = hello.records();
    let (pushed, scratch) = stream(&whole[..whole.len() - 1], 0, ALL);
    assert_eq!(pushed, name(Kind::TlsSni, "www.example.com"));
    assert_eq!(scratch.stats.hellos.without_fingerprint, 1);
    let damaged = tls::client_hello("www.example.com").malformed_extension_before_sni();
    let (pushed, scratch) = stream(&damaged.records(), 0, ALL);
    assert_eq!(pushed, name(Kind::TlsSni, "www.example.com"));
    assert_eq!(scratch.stats.hellos.without_fingerprint, 1);
    let datagram = make_quic::initial(make_quic::V1, &[8; 8])
        .crypto(0, &damaged.handshake())
        .datagram();
    let (pushed, quic) = quic(&[datagram], ALL);
    assert_eq!(pushed, name(Kind::QuicSni, "www.example.com"));
    assert_eq!(quic.stats().without_fingerprint, 1);
    // The first certificate is whole, the second breaks off.
    let flight = tls_server::flight(tls::Version::Tls12, &[leaf(), root()]).records();
    let der = root();
    let start = flight.windows(der.len()).position(|bytes| bytes == der);
    let end = start.unwrap() + der.len() - 1;
    let (pushed, scratch) = stream(&flight[..end], 0, ALL);
    let first = [name(Kind::X509Cn, "leaf.example"), of_certificate(&leaf())];
    assert_eq!(pushed, first.concat());
    assert_eq!(scratch.stats.certificates.cut, 1);
}

#[test]
fn a_certificate_in_the_form_of_ssl_2_has_them_too() {
    let flight = tls_server::sslv2_server_hello(&leaf());
    let (pushed, _) = stream(&flight, 0, ALL);
    let all = [name(Kind::X509Cn, "leaf.example"), of_certificate(&leaf())];
    assert_eq!(pushed, all.concat());
}

#[test]
fn fragments_of_dtls_in_any_order() {
    let hello = make_dtls::client_hello("www.example.com", &[7; 20]);
    let chain = make_dtls::certificate(&[leaf(), root()]);
    for reversed in [false, true] {
        let mut datagrams = hello.datagrams(60);
        let mut certificates = chain.datagrams(200);
        if reversed {
            datagrams.reverse();
            certificates.reverse();
        }
        datagrams.append(&mut certificates);
        let (pushed, dtls) = dtls(&datagrams, ALL);
        let all = [
            name(Kind::DtlsSni, "www.example.com"),
            of_hello(hello.body(), Over::Dtls),
            of_chain(),
        ];
        assert_eq!(pushed, all.concat());
        assert_eq!(dtls.stats().hellos.without_fingerprint, 0);
    }
}

#[test]
fn a_second_hello_of_a_client_counts_as_well() {
    let first = tls::client_hello("www.example.com");
    let second = tls::client_hello("www.example.com").without_grease();
    let second = second.alpn(&["h3"]);
    let bytes = [first.records(), second.records()].concat();
    let (pushed, _) = stream(&bytes, 0, ALL);
    let hellos = [first, second].map(|hello| {
        let body = hello.handshake().split_off(4);
        let name = name(Kind::TlsSni, "www.example.com");
        [name, of_hello(&body, Over::Tcp)].concat()
    });
    assert_eq!(pushed, hellos.concat());
}

proptest! {
    #[test]
    fn segments_and_records_may_end_anywhere(
        cut in any::<prop::sample::Index>(),
        record in 20_usize..600,
    ) {
        let hello = tls::client_hello("www.example.com").post_quantum();
        let bytes = hello.records_of(record);
        let (pushed, _) = stream(&bytes, cut.index(bytes.len() + 1), ALL);
        let body = hello.handshake().split_off(4);
        let all = [name(Kind::TlsSni, "www.example.com"), of_hello(&body, Over::Tcp)];
        prop_assert_eq!(pushed, all.concat());

        let flight = tls_server::flight(tls::Version::Tls12, &[leaf(), root()]);
        let bytes = flight.records_of(&[record]);
        let (pushed, _) = stream(&bytes, cut.index(bytes.len() + 1), ALL);
        prop_assert_eq!(pushed, of_chain());

        let message = hello.handshake();
        let (front, back) = message.split_at(message.len() / 2);
        let packet = |offset: usize, data: &[u8]| {
            make_quic::initial(make_quic::V1, &[8; 8])
                .number(u32::from(offset != 0))
                .crypto(offset as u64, data)
                .datagram()
        };
        let (pushed, _) = quic(&[packet(front.len(), back), packet(0, front)], ALL);
        let all = [name(Kind::QuicSni, "www.example.com"), of_hello(&body, Over::Quic)];
        prop_assert_eq!(pushed, all.concat());
    }
}
