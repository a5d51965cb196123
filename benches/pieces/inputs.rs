//! Frames, messages and captures to measure with, from the testkit's builders.
//!
//! They live as long as the program: that keeps lifetimes out of the pieces.

use testkit::capture::{Packet, Pcap};
use testkit::frame::{ethernet, link_type};
use testkit::rng::Rng;
use testkit::{dns, http, quic, tls, tls_server, x509};

const PHONE: &str = "10.0.0.7";
const SERVER: &str = "203.0.113.10";

/// A name as they are seen most: three labels, twenty-odd bytes.
pub(crate) const COMMON_NAME: &str = "graph.metrics.example.com";

/// A full segment of a download: nothing in it names a host.
pub(crate) fn bulk_tcp() -> &'static [u8] {
    ethernet()
        .ipv4(SERVER, PHONE)
        .tcp(443, 53_124)
        .seq(1_000_000)
        .ack(2_000_000)
        .timestamps(7, 5)
        .payload(Rng::new(1).bytes(1_448))
        .leak()
}

/// Full segments from inside encrypted records: four of each first byte.
pub(crate) fn bulk_tcp_of_any_first_byte() -> impl Iterator<Item = &'static [u8]> {
    let mut random = Rng::new(3);
    (0..4 * 256).map(move |n: usize| {
        let mut payload = random.bytes(1_448);
        if let Some(first) = payload.first_mut() {
            *first = n.to_le_bytes()[0];
        }
        let frame = ethernet()
            .ipv4(SERVER, PHONE)
            .tcp(443, 53_124)
            .seq(1_000_000)
            .ack(2_000_000)
            .timestamps(7, 5)
            .payload(payload);
        &*frame.leak()
    })
}

/// A phone opens a connection.
pub(crate) fn syn_frame() -> &'static [u8] {
    ethernet()
        .ipv4(PHONE, SERVER)
        .tcp(53_124, 443)
        .seq(1_000_000)
        .syn_options()
        .syn()
        .empty()
        .leak()
}

/// A datagram of a call: IPv6 in a VLAN.
pub(crate) fn vlan_ipv6_udp() -> &'static [u8] {
    ethernet()
        .vlan(100)
        .ipv6("2001:db8::7", "2001:db8:1::10")
        .udp(40_000, 50_000)
        // A version 2 RTP header.
        .payload([&[0x80, 0x60, 0, 1][..], &Rng::new(2).bytes(1_196)].concat())
        .leak()
}

/// A query in its frame.
pub(crate) fn dns_query_frame() -> &'static [u8] {
    ethernet()
        .ipv4(PHONE, "192.0.2.53")
        .udp(53_124, 53)
        .payload(dns_query())
        .leak()
}

/// A ClientHello in its frame.
pub(crate) fn client_hello_frame() -> &'static [u8] {
    ethernet()
        .ipv4(PHONE, SERVER)
        .tcp(53_124, 443)
        .push()
        .payload(client_hello())
        .leak()
}

/// A query with EDNS, as a stub resolver sends it.
pub(crate) fn dns_query() -> &'static [u8] {
    let query: Vec<u8> = dns::query(0x1a2b, COMMON_NAME, dns::A).edns(1_232).into();
    query.leak()
}

/// An answer of usual length, compressed: the question, and three names in the answers.
pub(crate) fn dns_response() -> &'static [u8] {
    let (first, second) = ("metrics.cdn.example.net", "edge-7.fra.cdn.example.net");
    let mut response = dns::response(0x1a2b, COMMON_NAME, dns::A)
        .cname(COMMON_NAME, first)
        .cname(first, second);
    for address in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"] {
        response = response.a(second, address);
    }
    let response: Vec<u8> = response.edns(1_232).into();
    response.leak()
}

/// The hello of a browser without post-quantum key exchange.
pub(crate) fn client_hello() -> &'static [u8] {
    tls::client_hello(COMMON_NAME).records().leak()
}

/// The hello of a current browser. In one piece, as a reassembled stream would give it.
pub(crate) fn client_hello_post_quantum() -> &'static [u8] {
    tls::client_hello(COMMON_NAME)
        .post_quantum()
        .records()
        .leak()
}

/// A datagram with a client's whole hello, which RFC 9001 encrypts with keys that anyone can make.
pub(crate) fn quic_initial() -> &'static [u8] {
    quic::initial(1, &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08])
        .crypto(0, &tls::client_hello(COMMON_NAME).handshake())
        .datagram()
        .leak()
}

/// A request in the clear.
pub(crate) fn http_request() -> &'static [u8] {
    http::get(COMMON_NAME, "/v2/collect").leak()
}

/// A TLS 1.2 server's first flight: its certificate, with one name as the subject and
/// two as alternatives, and that of its issuer.
pub(crate) fn server_flight() -> &'static [u8] {
    let leaf = x509::certificate(COMMON_NAME)
        .san(COMMON_NAME)
        .san("*.metrics.example.com")
        .der();
    let issuer = x509::certificate("Example Issuing CA 3").der();
    tls_server::flight(tls::Version::Tls12, &[leaf, issuer])
        .records()
        .leak()
}

/// A capture file of a download.
pub(crate) fn bulk_capture(packets: usize) -> Vec<u8> {
    let frame = bulk_tcp();
    let packets: Vec<Packet> = (0..packets as u64)
        .map(|n| Packet::new(n * 12_000, frame.to_vec()))
        .collect();
    Pcap::new(link_type::ETHERNET).packets(&packets).bytes()
}
