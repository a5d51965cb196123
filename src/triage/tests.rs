use testkit::frame::ethernet;
use testkit::{dns, http, nbns, quic, tls, tls_server, x509};

use super::*;
use crate::packet::{self, Path};
use crate::source::LinkType;

const CLIENT: &str = "10.0.0.7";
const SERVER: &str = "192.0.2.1";

fn verdict(triage: &mut Triage, frame: &[u8]) -> Verdict {
    verdict_at(triage, 0, frame)
}

/// So many seconds later.
fn verdict_at(triage: &mut Triage, secs: i64, frame: &[u8]) -> Verdict {
    let mut path = Path::default();
    let packet = packet::decode(LinkType::ETHERNET, frame, &mut path).unwrap();
    triage.packet(
        &packet,
        Timestamp::from_parts(1_700_000_000_i64.saturating_add(secs), 0),
    )
}

fn of_udp(sport: u16, dport: u16, payload: impl Into<Vec<u8>>) -> Verdict {
    let frame = ethernet()
        .ipv4(CLIENT, SERVER)
        .udp(sport, dport)
        .payload(payload);
    verdict(&mut Triage::default(), &frame)
}

fn of_tcp(sport: u16, dport: u16, payload: impl Into<Vec<u8>>) -> Verdict {
    let frame = ethernet()
        .ipv4(CLIENT, SERVER)
        .tcp(sport, dport)
        .payload(payload);
    verdict(&mut Triage::default(), &frame)
}

/// The part that is forwarded.
fn part(verdict: Verdict) -> Part {
    match verdict {
        Verdict::Forward(Reader::Stream(part, _)) => part,
        other => panic!("{other:?}"),
    }
}

fn is_stream(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Forward(Reader::Stream(..)))
}

/// A client's side of one connection.
struct Client {
    triage: Triage,
}

impl Client {
    /// After the SYN with this number.
    fn new(syn: u32) -> Self {
        let mut client = Self {
            triage: Triage::default(),
        };
        let syn = ethernet()
            .ipv4(CLIENT, SERVER)
            .tcp(5_000, 443)
            .syn()
            .seq(syn)
            .payload(Vec::new());
        assert_eq!(verdict(&mut client.triage, &syn), Verdict::Forget);
        client
    }

    fn sends(&mut self, seq: u32, payload: &[u8]) -> Verdict {
        let frame = ethernet()
            .ipv4(CLIENT, SERVER)
            .tcp(5_000, 443)
            .seq(seq)
            .payload(payload);
        verdict(&mut self.triage, &frame)
    }
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
        let part = part(of_tcp(5_000, port, hello.clone()));
        assert!(part.begins && part.last, "{port}");
    }
}

#[test]
fn what_a_syn_opened_is_followed_in_any_order() {
    let hello = tls::client_hello("example.com").post_quantum().records();
    let (first, second) = hello.split_at(1_300);
    // The second segment first, with numbers that wrap around.
    let mut client = Client::new(u32::MAX - 100);
    let late = part(client.sends(1_300 - 100, second));
    assert!(!late.begins && !late.last);
    let early = part(client.sends(u32::MAX - 99, first));
    assert!(early.begins && early.origin == late.origin);
    // In order: with the last byte of the hello the direction is of no more interest.
    let mut client = Client::new(0);
    assert!(!part(client.sends(1, first)).last);
    assert!(part(client.sends(1_301, second)).last);
    let data = tls::application_data(900);
    assert_eq!(
        client.sends(1 + u32::try_from(hello.len()).unwrap(), &data),
        Verdict::Forget
    );
}

/// Data that come far ahead of the first byte are not kept: once a direction, that is counted.
#[test]
fn directions_with_data_too_far_ahead_are_counted() {
    let bulk = [0xa5; 1_000];
    let quiet = HeadStats {
        opened: 1,
        ..HeadStats::default()
    };
    let mut client = Client::new(0);
    assert!(is_stream(client.sends(1 + 65_535, &bulk)));
    assert_eq!(client.triage.stats(), quiet);
    for ahead in [65_536, 70_000, 4 << 20] {
        assert_eq!(client.sends(1 + ahead, &bulk), Verdict::Forget);
        assert_eq!(client.triage.stats().ahead, 1);
    }
    // Neither what is of another time, nor what stands before, nor bulk behind a beginning.
    for (first, other) in [
        (200 << 20, false),
        (0u32.wrapping_sub(5_000), false),
        (1, true),
    ] {
        let mut client = Client::new(0);
        client.sends(first, &bulk);
        if other {
            client.sends(100_000, &bulk);
        }
        assert_eq!(client.triage.stats(), quiet);
    }
}

/// Those of which a message had begun, and no others.
#[test]
fn directions_that_fell_silent_are_counted() {
    let mut triage = Triage::default();
    let from = |port: u16| ethernet().ipv4(CLIENT, SERVER).tcp(port, 443);
    let hello = tls::client_hello("example.com").records();
    // A hello without its end, a whole one, a connection that sent nothing.
    verdict(&mut triage, &from(1).payload(&hello[..50]));
    verdict(&mut triage, &from(2).payload(hello.clone()));
    verdict(&mut triage, &from(3).syn().seq(0).payload(Vec::new()));
    for (secs, idle) in [(120, 0), (121, 1), (121, 1)] {
        // Each that comes looks after a part of the table.
        for port in 10_000..20_000 {
            let syn = from(port).syn().seq(secs).payload(Vec::new());
            verdict_at(&mut triage, i64::from(secs), &syn);
        }
        assert_eq!(triage.stats().idle_open, idle, "{secs}");
        assert_eq!(triage.stats().evicted_open, 0);
    }
}

#[test]
fn what_begins_as_something_else_is_not_followed() {
    let mut client = Client::new(0);
    assert_eq!(client.sends(1, &[0; 500]), Verdict::Forget);
    assert_eq!(client.sends(501, &[0; 500]), Verdict::Forget);
    // Dialogues that may lead to TLS are.
    let mut client = Client::new(0);
    assert!(is_stream(client.sends(1, b"EHLO client.example\r\n")));
    assert!(is_stream(client.sends(22, b"STARTTLS\r\n")));
    // Without its SYN, a greeting is any text.
    assert_eq!(
        of_tcp(5_000, 25, *b"MAIL FROM:<a@b.example>\r\n"),
        Verdict::Forget
    );
}

#[test]
fn the_end_of_a_connection_ends_what_waits() {
    let mut client = Client::new(0);
    let request = b"GET / HTTP/1.1\r\nHost: exam";
    assert!(!part(client.sends(1, request)).last);
    let reset = ethernet()
        .ipv4(CLIENT, SERVER)
        .tcp(5_000, 443)
        .rst()
        .seq(27)
        .payload(Vec::new());
    assert!(part(verdict(&mut client.triage, &reset)).last);
    assert_eq!(verdict(&mut client.triage, &reset), Verdict::Forget);
}

#[test]
fn a_servers_flight_is_followed_to_its_end() {
    let certificate = x509::certificate("example.com").key(2_000).der();
    let flight = tls_server::flight(tls::Version::Tls12, &[certificate]).records();
    let (first, second) = flight.split_at(900);
    let mut server = Client::new(0);
    assert!(!part(server.sends(1, first)).last);
    let rest = [second, &[0x14, 3, 3, 0, 1, 1], &[0x16, 3, 3, 0, 40]].concat();
    assert!(part(server.sends(901, &rest)).last);
    assert_eq!(server.sends(5_000, &[0x17; 500]), Verdict::Forget);
}

#[test]
fn a_tls13_server_shows_no_certificate() {
    assert_eq!(of_tcp(443, 5_000, tls::server_hello()), Verdict::Forget);
    let mut server = Client::new(0);
    assert_eq!(server.sends(1, &tls::server_hello()), Verdict::Forget);
    // Cut in its extensions, it may be of any version.
    let hello = tls::server_hello();
    let cut = &hello[..60];
    assert!(is_stream(of_tcp(443, 5_000, cut)));
}

#[test]
fn a_flood_of_syns_is_bounded_and_counted() {
    let mut triage = Triage::default();
    for n in 0..100_000u32 {
        let [a, b, c, d] = n.wrapping_mul(2_654_435_761).to_be_bytes();
        let frame = ethernet()
            .ipv4(&format!("10.{a}.{b}.{c}"), SERVER)
            .tcp(1_024 + u16::from(d), 443)
            .syn()
            .seq(n)
            .payload(Vec::new());
        assert_eq!(verdict(&mut triage, &frame), Verdict::Forget);
    }
    let stats = triage.stats();
    assert!(
        stats.evicted_fresh > 60_000 && stats.evicted_open == 0,
        "{stats:?}"
    );
    let hello = tls::client_hello("example.com").records();
    let frame = ethernet()
        .ipv4(CLIENT, SERVER)
        .tcp(5_000, 443)
        .payload(hello);
    assert!(part(verdict(&mut triage, &frame)).last);
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
fn every_bearer_of_names_has_its_reader() {
    let quic = quic::initial(1, &[7; 8]).crypto(0, &[1; 40]).datagram();
    let old_quic = quic::google(b"Q039", &[7; 8], 0, &quic::chlo("example.com", 0));
    let datagrams = [
        (of_udp(5_000, 443, quic), Reader::Quic),
        (of_udp(5_000, 443, old_quic), Reader::Quic),
        (
            of_udp(5_000, 5_684, tls::dtls_client_hello("example.com")),
            Reader::Dtls,
        ),
        (
            of_udp(5_353, 5_353, dns::query(0, "phone.local", dns::A)),
            Reader::Mdns,
        ),
        (
            of_udp(5_000, 5_355, dns::query(0, "phone", dns::A)),
            Reader::Llmnr,
        ),
    ];
    for (verdict, reader) in datagrams {
        assert_eq!(verdict, Verdict::Forward(reader));
    }
    let socks5 = [&[5, 1, 0, 3, 11][..], b"example.com", &[1, 187]].concat();
    let socks4a = [&[4, 1, 1, 187, 0, 0, 0, 1, 0][..], b"example.com\0"].concat();
    let message = dns::query(1, "example.com", dns::A).over_tcp();
    let flight = tls_server::flight(tls::Version::Tls12, &[]).records();
    for (port, payload) in [
        (80, http::get("example.com", "/")),
        (53, message.clone()),
        (5_354, message),
        (443, b"\x16\x03\x01".to_vec()),
        (443, b"\x16\x03\x01\x02\x00".to_vec()),
        (443, flight),
        (1_080, socks5),
        (1_080, socks4a),
    ] {
        assert!(
            is_stream(of_tcp(5_000, port, payload.clone())),
            "{payload:?}"
        );
    }
}

/// Answers of the NetBIOS name service go to the port that asked.
#[test]
fn answers_from_the_netbios_port_are_read() {
    let phone = [192, 0, 2, 7];
    let answer = || nbns::response(3).answer("FILESERVER", 0x20, phone);
    let status = nbns::response(1).status(&[(b"DESKTOP", 0)]);
    for (sport, dport) in [(137, 50_000), (137, 137), (50_000, 137)] {
        let nbns = Verdict::Forward(Reader::Nbns);
        assert_eq!(of_udp(sport, dport, answer()), nbns, "{sport} {dport}");
    }
    assert_eq!(of_udp(137, 50_000, status), Verdict::Forward(Reader::Nbns));
    // Anything else from that port is what it is on any other.
    let query = dns::query(1, "example.com", dns::A);
    assert_eq!(
        of_udp(137, 50_000, query),
        Verdict::Forward(Reader::DnsShaped)
    );
    assert_eq!(of_udp(137, 50_000, vec![0x41; 200]), Verdict::Forget);
    let mut text: Vec<u8> = answer().into();
    text[20] = b'x';
    assert_eq!(of_udp(137, 50_000, text), Verdict::Forget);
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
        assert!(part(of_tcp(5_000, 443, payload)).begins);
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
    // What keeps a NAT's state alive carries nothing.
    assert_eq!(of_udp(4_500, 4_500, vec![0xff]), Verdict::Forget);
    // A client's own port may have the number of TZSP.
    for ports in [(37_008, 443), (443, 37_008)] {
        assert_eq!(of_udp(ports.0, ports.1, vec![8; 100]), Verdict::Forget);
    }
    // A mirrored frame of which too little is there.
    assert_eq!(
        of_udp(40_000, 37_008, vec![1, 0, 0, 18, 1]),
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
        let verdict = verdict(&mut Triage::default(), &frame[..14 + 20 + 20 + bytes]);
        assert!(verdict != Verdict::Forget, "{bytes}");
    }
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .udp(5_000, 53)
        .payload(dns::query(1, "example.com", dns::A));
    let verdict = verdict(&mut Triage::default(), &frame[..14 + 20 + 8 + 4]);
    assert_eq!(verdict, Verdict::Unread(Unread::Cut));
    // A whole packet without payload is only an acknowledgement.
    assert_eq!(of_tcp(5_000, 443, Vec::new()), Verdict::Forget);
}

#[test]
fn unread_kinds_are_numbered_in_the_order_of_all() {
    for (index, kind) in Unread::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index);
    }
}

/// As the reader asks: the short answers first.
fn quickly(triage: &mut Triage, frame: &[u8], now: Timestamp) -> Verdict {
    let (ip, transport) = packet::plainest(LinkType::ETHERNET, frame).unwrap();
    triage.touch(std::iter::once((ip, transport)));
    if triage.forgets(&ip, &transport) || triage.notes(&ip, &transport, now) {
        return Verdict::Forget;
    }
    let cut = false;
    triage.packet(&Packet { ip, transport, cut }, now)
}

proptest::proptest! {
    /// What is sorted out by its first bytes is nothing that a reader would take.
    #[test]
    fn no_handshake_is_sorted_out_by_its_first_bytes(
        first in proptest::prelude::any::<u8>(),
        version in proptest::sample::select(vec![
            0u32, 1, 0x6b33_43cf, 0x709a_50c4, 0xff00_001d, 0xff02_0001, 0xface_b002, 0x5130_3530,
            0x5430_3531, 0x5130_3433, 0x1a2a_3a4a, 0xbabe_cafe, 0xfefd_0000, 0x0100_0000,
        ]),
        rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..1_400),
    ) {
        let payload = [&[first][..], &version.to_be_bytes(), &rest].concat();
        let taken = crate::names::quic::looks_like(&payload).is_some()
            || crate::names::dtls::looks_like(&payload);
        proptest::prop_assert!(!taken || super::may_shake_hands(&payload));
    }

    // The short answers are those of the long way, packet for packet.
    #[test]
    fn short_answers_are_no_others(
        packets in proptest::collection::vec(
            (0_u8..4, 0_u8..10, 0_u32..4, 0_u16..3, proptest::prelude::any::<bool>()),
            1..60,
        ),
    ) {
        let hello = tls::client_hello("www.example.com").records();
        let query: Vec<u8> = dns::query(1, "www.example.com", dns::A).into();
        let (mut slow, mut quick) = (Triage::default(), Triage::default());
        for (secs, (flow, what, sequence, length, back)) in (0_i64..).zip(packets) {
            let link = if back { ethernet().reversed() } else { ethernet() };
            let (from, to) = if back { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
            let port = 40_000_u16.wrapping_add(flow.into());
            let (sport, dport) = if back { (443, port) } else { (port, 443) };
            let ip = link.ipv4(from, to);
            let number = sequence.wrapping_mul(500);
            let tcp = || ip.clone().tcp(sport, dport).seq(number);
            let frame = match what {
                0 => tcp().syn().empty(),
                1 => tcp().syn().ack(1).empty(),
                2 => tcp().ack(501).syn().payload(hello.clone()),
                3 => tcp().ack(1).payload(hello.clone()),
                4 => tcp().ack(1).payload(vec![0x17; length.into()]),
                5 => tcp().ack(1).fin().empty(),
                6 => tcp().rst().empty(),
                7 => tcp().ack(1).payload(http::get("www.example.com", "/")),
                8 => ip.udp(sport, 53).payload(query.clone()),
                _ => ip.udp(sport, dport).payload(vec![0x40; length.into()]),
            };
            let now = Timestamp::from_parts(1_700_000_000_i64.saturating_add(secs), 0);
            let wanted = verdict_at(&mut slow, secs, &frame);
            proptest::prop_assert_eq!(quickly(&mut quick, &frame, now), wanted);
        }
        proptest::prop_assert_eq!(quick.stats(), slow.stats());
    }
}
