use testkit::frame::ethernet;
use testkit::{dns, http, tls};

use super::*;
use crate::packet::{self, Path};
use crate::source::LinkType;

fn decode(link: LinkType, frame: &[u8]) -> Option<Packet<'_>> {
    packet::decode(link, frame, &mut Path::default()).ok()
}

fn of_udp(sport: u16, dport: u16, payload: impl Into<Vec<u8>>) -> Verdict {
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .udp(sport, dport)
        .payload(payload);
    triage(&decode(LinkType::ETHERNET, &frame).unwrap())
}

fn of_tcp(sport: u16, dport: u16, payload: impl Into<Vec<u8>>) -> Verdict {
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .tcp(sport, dport)
        .payload(payload);
    triage(&decode(LinkType::ETHERNET, &frame).unwrap())
}

#[test]
fn dns_is_forwarded_in_both_directions() {
    let message: Vec<u8> = dns::query(1, "example.com", dns::A).into();
    assert_eq!(
        of_udp(5_000, 53, message.clone()),
        Verdict::Forward(Reader::Dns)
    );
    assert_eq!(of_udp(53, 5_000, message), Verdict::Forward(Reader::Dns));
    assert_eq!(of_udp(53, 5_000, *b"short"), Verdict::Forget);
}

#[test]
fn dns_on_another_port_is_recognised_by_shape() {
    let query = dns::query(1, "example.com", dns::A).edns(1_232);
    let response = dns::response(1, "example.com", dns::A).a("example.com", "192.0.2.9");
    assert_eq!(
        of_udp(5_000, 5_300, query),
        Verdict::Forward(Reader::DnsShaped)
    );
    assert_eq!(
        of_udp(5_300, 5_000, response),
        Verdict::Forward(Reader::DnsShaped)
    );
    assert_eq!(of_udp(5_000, 5_300, vec![0; 40]), Verdict::Forget);
}

#[test]
fn hellos_are_forwarded_on_any_port() {
    let hello = tls::client_hello("example.com").records();
    for port in [443, 8_443, 30_495, 53, 25] {
        assert_eq!(
            of_tcp(5_000, port, hello.clone()),
            Verdict::Forward(Reader::ClientHello)
        );
    }
}

#[test]
fn bulk_is_forgotten() {
    assert_eq!(
        of_tcp(443, 5_000, tls::application_data(1_200)),
        Verdict::Forget
    );
    assert_eq!(of_tcp(443, 5_000, Vec::new()), Verdict::Forget);
    assert_eq!(of_tcp(443, 5_000, vec![0x41; 1_400]), Verdict::Forget);
    // A QUIC short header.
    assert_eq!(of_udp(443, 5_000, vec![0x41; 1_200]), Verdict::Forget);
}

#[test]
fn what_may_name_a_host_and_is_not_read_is_told_apart() {
    let quic = [&[0xc3, 0, 0, 0, 1, 8][..], &[7; 1_194]].concat();
    let old_quic = [&[0x0d][..], &[7; 8], b"Q039", &[0; 100]].concat();
    let cases = [
        (of_udp(5_000, 443, quic), Unread::Quic),
        (of_udp(5_000, 443, old_quic), Unread::Quic),
        (
            of_udp(5_000, 5_684, tls::dtls_client_hello("example.com")),
            Unread::Dtls,
        ),
        (
            of_udp(5_353, 5_353, dns::query(0, "phone.local", dns::A)),
            Unread::LocalNames,
        ),
        (
            of_udp(5_000, 5_355, dns::query(0, "phone", dns::A)),
            Unread::LocalNames,
        ),
        (
            of_tcp(5_000, 80, http::get("example.com", "/")),
            Unread::Http,
        ),
        (
            of_tcp(5_000, 53, dns::query(1, "example.com", dns::A).over_tcp()),
            Unread::DnsOverTcp,
        ),
        (of_tcp(5_000, 443, *b"\x16\x03\x01"), Unread::SplitHello),
        (
            of_tcp(5_000, 443, *b"\x16\x03\x01\x02\x00"),
            Unread::SplitHello,
        ),
        (
            of_tcp(443, 5_000, tls12_server_hello()),
            Unread::ServerHandshake,
        ),
    ];
    for (verdict, want) in cases {
        assert_eq!(verdict, Verdict::Unread(want));
    }
}

/// The testkit's ServerHello, which selects TLS 1.3, made to select TLS 1.2.
fn tls12_server_hello() -> Vec<u8> {
    let mut hello = tls::server_hello();
    let extension = [0x00, 0x2b, 0x00, 0x02, 0x03, 0x04];
    let at = hello
        .windows(6)
        .position(|bytes| bytes == extension)
        .unwrap();
    hello[at..][5] = 3;
    hello
}

#[test]
fn a_tls13_server_shows_no_certificate() {
    assert_eq!(of_tcp(443, 5_000, tls::server_hello()), Verdict::Forget);
    assert_eq!(
        of_tcp(443, 5_000, tls12_server_hello()),
        Verdict::Unread(Unread::ServerHandshake)
    );
}

#[test]
fn socks_and_dns_over_tcp_are_told_by_shape() {
    let socks5 = [&[5, 1, 0, 3, 11][..], b"example.com", &[1, 187]].concat();
    let socks4a = [&[4, 1, 1, 187, 0, 0, 0, 1, 0][..], b"example.com\0"].concat();
    let message = dns::query(1, "example.com", dns::A).over_tcp();
    assert_eq!(of_tcp(5_000, 1_080, socks5), Verdict::Unread(Unread::Socks));
    assert_eq!(
        of_tcp(5_000, 1_080, socks4a),
        Verdict::Unread(Unread::Socks)
    );
    assert_eq!(
        of_tcp(5_000, 5_354, message),
        Verdict::Unread(Unread::DnsOverTcp)
    );
}

#[test]
fn a_hello_behind_short_records_is_forwarded() {
    let hello = tls::client_hello("example.com").records();
    for before in [
        &[0x14, 3, 3, 0, 1, 1][..],
        &[0x15, 3, 1, 0, 2, 1, 0],
        &[0x16, 3, 1, 0, 0],
    ] {
        let payload = [before, &hello].concat();
        assert_eq!(
            of_tcp(5_000, 443, payload),
            Verdict::Forward(Reader::ClientHello)
        );
    }
    // A client's last flight: ChangeCipherSpec and an encrypted Finished.
    let finished = [&[0x14, 3, 3, 0, 1, 1, 0x16, 3, 3, 0, 40][..], &[0xa5; 40]].concat();
    assert_eq!(of_tcp(5_000, 443, finished), Verdict::Forget);
}

#[test]
fn udp_tunnels_are_not_forgotten() {
    for port in [1_701, 2_152, 3_544, 4_500, 4_789, 6_081, 8_472] {
        assert_eq!(
            of_udp(40_000, port, vec![8; 100]),
            Verdict::Unread(Unread::Tunnel),
            "{port}"
        );
    }
    assert_eq!(
        of_udp(40_000, 51_820, vec![4, 0, 0, 0, 9]),
        Verdict::Unread(Unread::Tunnel)
    );
    // A client's own port may have WireGuard's number.
    assert_eq!(of_udp(443, 51_820, vec![0x41; 100]), Verdict::Forget);
    // DNS is DNS on any port.
    let query = dns::query(1, "example.com", dns::A);
    assert_eq!(
        of_udp(40_000, 4_500, query),
        Verdict::Forward(Reader::DnsShaped)
    );
}

#[test]
fn payloads_cut_before_they_can_be_told_are_not_forgotten() {
    let hello = tls::client_hello("example.com").records();
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .tcp(5_000, 443)
        .payload(hello);
    for bytes in [0, 3, 5] {
        let packet = decode(LinkType::ETHERNET, &frame[..14 + 20 + 20 + bytes]).unwrap();
        assert!(matches!(triage(&packet), Verdict::Unread(_)), "{bytes}");
    }
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .udp(5_000, 53)
        .payload(dns::query(1, "example.com", dns::A));
    let packet = decode(LinkType::ETHERNET, &frame[..14 + 20 + 8 + 4]).unwrap();
    assert_eq!(triage(&packet), Verdict::Unread(Unread::Cut));
    // A whole packet without payload is only an acknowledgement.
    assert_eq!(of_tcp(5_000, 443, Vec::new()), Verdict::Forget);
}

#[test]
fn unread_kinds_are_numbered_in_the_order_of_all() {
    for (index, kind) in Unread::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
    }
}
