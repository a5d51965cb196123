//! Addresses that listed names were resolved to: the weaker alert, and what takes its place.

use serde_json::json;
use testkit::capture::Packet;
use testkit::conversation::tcp;
use testkit::dns;
use testkit::frame::ethernet;
use testkit::quic;
use testkit::tls;

use crate::harness::{
    DEVICE, EVIL, OTHER, START, answer, at, binds, capture, connection, replay, replay_all, udp,
};

const LISTED: &str = "domains: [evil.example]";

/// What the answer itself is alerted as.
const ANSWER: (&str, &str) = ("dns_answer", "was_answered");
const USED: (&str, &str) = ("resolved_address", "used_address_of");
const SNI: (&str, &str) = ("tls_sni", "connected_to");

fn bound() -> Packet {
    answer(0, binds("x.evil.example", EVIL, 600))
}

/// The beginning of a connection by another device.
fn syn(port: u16, seconds: u64) -> Packet {
    connection(OTHER, port, seconds).opens().packets()[0].clone()
}

fn with(mut packets: Vec<Packet>, more: impl IntoIterator<Item = Packet>) -> Vec<Packet> {
    packets.extend(more);
    packets
}

fn hello(port: u16, seconds: u64, hello: &tls::ClientHello) -> Vec<Packet> {
    let connection = connection(OTHER, port, seconds).opens();
    connection.client_sends(hello.records()).packets()
}

fn quic_to(address: &str, port: u16, seconds: u64, hello: &tls::ClientHello) -> Packet {
    let initial = quic::initial(1, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let datagram = initial.crypto(0, &hello.handshake()).datagram();
    udp((OTHER, port), (address, 443), seconds, datagram)
}

#[test]
fn a_contact_without_a_name_is_a_weaker_alert_with_all_that_led_to_it() {
    let alias = dns::response(7, "www.shop.example", dns::A)
        .cname("www.shop.example", "x.evil.example")
        .a("x.evil.example", EVIL);
    let query = udp(
        (DEVICE, 5_000),
        ("192.0.2.53", 53),
        0,
        dns::query(7, "a.example", dns::A),
    );
    let ran = replay(LISTED, &[query, answer(0, alias), syn(50_000, 10)]);
    assert_eq!(ran.essence(), [ANSWER, USED]);
    let event = &ran.events[1];
    let context = &event["alert"]["context"];
    assert_eq!(context["device"], OTHER);
    assert_eq!(context["name"], "x.evil.example");
    assert_eq!(context["indicator"], "evil.example");
    assert_eq!(context["indicator_kind"], "name");
    assert_eq!(context["match"], "resolved");
    assert_eq!(context["confidence"], "low");
    let resolved = json!({
        "asked": "www.shop.example",
        "answered": "2021-07-18T10:00:00.000000+0000",
        "packet": 2,
        "other_names": 0,
    });
    assert_eq!(context["resolved"], resolved);
    assert_eq!(event["dest_ip"], EVIL);
    assert_eq!(event["dest_port"], 443);
    assert_eq!(event["pcap_cnt"], 3);
    // The name itself is of the first rank.
    assert_eq!(ran.events[0]["alert"]["severity"], 1);
    assert_eq!(event["alert"]["severity"], 2);
    assert_eq!(
        ran.lines[1],
        "2021-07-18 10:00:10  10.0.0.8         used an address of  x.evil.example: 203.0.113.66:443, \
         answered 2021-07-18 10:00:00 for www.shop.example  [resolved]  p"
    );
    // However many connections it opens.
    let many = (0..30).map(|n| syn(50_000 + n, 10));
    let ran = replay(LISTED, &with(vec![bound()], many));
    assert_eq!(ran.essence(), [ANSWER, USED]);
    assert_eq!(
        ran.events[1]["alert"]["context"]["resolved"].get("asked"),
        None
    );
}

#[test]
fn an_answer_holds_for_its_time_with_a_least_and_a_most() {
    for (ttl, within, after) in [(600, 600, 601), (0, 300, 301), (u32::MAX, 86_400, 86_401)] {
        let packets = |secs| {
            [
                answer(0, binds("x.evil.example", EVIL, ttl)),
                syn(50_000, secs),
            ]
        };
        assert_eq!(
            replay(LISTED, &packets(within)).essence(),
            [ANSWER, USED],
            "{ttl}"
        );
        assert_eq!(replay(LISTED, &packets(after)).essence(), [ANSWER], "{ttl}");
    }
}

#[test]
fn a_clock_that_jumps_back_does_not_hide_it() {
    let mut early = syn(50_000, 0);
    early.time = START - 3_600_000_000_000;
    let ran = replay(LISTED, &[bound(), early]);
    assert_eq!(ran.essence(), [ANSWER, USED]);
}

#[test]
fn a_name_in_the_flow_is_the_better_explanation() {
    let listed = hello(50_000, 10, &tls::client_hello("x.evil.example"));
    let ran = replay(LISTED, &with(vec![bound()], listed));
    assert_eq!(ran.essence(), [ANSWER, SNI]);
    assert_eq!(ran.counted("named a listed host"), 1);
    let innocent = hello(50_000, 10, &tls::client_hello("www.innocent.example"));
    let ran = replay(LISTED, &with(vec![bound()], innocent));
    assert_eq!(ran.essence(), [ANSWER]);
    assert_eq!(ran.counted("named another host"), 1);
    // Also where rules want each hello to be seen whole.
    let both = "domains: [evil.example]\nja3: [00000000000000000000000000000000]";
    let innocent = hello(50_000, 10, &tls::client_hello("www.innocent.example"));
    assert_eq!(
        replay(both, &with(vec![bound()], innocent)).essence(),
        [ANSWER]
    );
    // That the host is called by its address says no more than the packets.
    let get = testkit::http::get(EVIL, "/");
    let plain = tcp(ethernet(), &format!("{OTHER}:50000"), &format!("{EVIL}:80"));
    let plain = plain.at(at(10)).opens().client_sends(get).packets();
    assert_eq!(
        replay(LISTED, &with(vec![bound()], plain)).essence(),
        [ANSWER, USED]
    );
}

#[test]
fn a_hello_that_hides_its_name_explains_nothing() {
    let hidden = tls::client_hello("public.innocent.example").encrypted_client_hello();
    let ran = replay(LISTED, &with(vec![bound()], hello(50_000, 10, &hidden)));
    assert_eq!(ran.essence(), [ANSWER, USED]);
    // Its outer name is one that the address serves.
    assert_eq!(
        ran.events[1]["alert"]["context"]["resolved"]["other_names"],
        1
    );
    assert!(
        ran.lines[1].contains("which serves another name as well"),
        "{}",
        ran.lines[1]
    );
    let none = tls::client_hello_without_name();
    let ran = replay(LISTED, &with(vec![bound()], hello(50_000, 10, &none)));
    assert_eq!(ran.essence(), [ANSWER, USED]);
}

#[test]
fn a_long_flow_that_was_explained_stays_explained() {
    let mut flow = connection(OTHER, 50_000, 10)
        .opens()
        .client_sends(tls::client_hello("www.innocent.example").records())
        .step(30_000_000_000);
    for _ in 0..10 {
        flow = flow.client_sends("data").server_sends("data");
    }
    let packets = flow.packets();
    let ran = replay(
        LISTED,
        &with(
            vec![answer(0, binds("x.evil.example", EVIL, 86_400))],
            packets,
        ),
    );
    assert_eq!(ran.essence(), [ANSWER]);
    // QUIC as well: told again every minute.
    let first = quic_to(EVIL, 50_000, 10, &tls::client_hello("www.innocent.example"));
    let later = (1..30).map(|n| udp((OTHER, 50_000), (EVIL, 443), 10 + n * 30, vec![0xc0; 40]));
    let day = answer(0, binds("x.evil.example", EVIL, 86_400));
    let ran = replay(LISTED, &with(vec![day, first], later));
    assert_eq!(ran.essence(), [ANSWER]);
}

/// A program that has been at a shared address for long is not to blame for what somebody asks now.
#[test]
fn a_flow_that_began_before_the_answer_has_nothing_to_do_with_it() {
    let old = connection(OTHER, 50_000, 0).opens();
    let old = old
        .client_sends("data")
        .step(100_000_000_000)
        .client_sends("more")
        .packets();
    let last = old.len() - 2;
    let mut packets = old;
    packets.insert(last, answer(50, binds("x.evil.example", EVIL, 600)));
    assert_eq!(replay(LISTED, &packets).essence(), [ANSWER]);
    let quic = udp((OTHER, 50_000), (EVIL, 443), 10, vec![0x45; 40]);
    assert_eq!(replay(LISTED, &[bound(), quic]).essence(), [ANSWER]);
}

#[test]
fn quic_and_other_datagrams_to_the_address() {
    let none = tls::client_hello_without_name();
    let ran = replay(LISTED, &[bound(), quic_to(EVIL, 50_000, 10, &none)]);
    assert_eq!(ran.essence(), [ANSWER, USED]);
    assert_eq!(ran.events[1]["proto"], "UDP");
    let innocent = tls::client_hello("www.innocent.example");
    let ran = replay(LISTED, &[bound(), quic_to(EVIL, 50_000, 10, &innocent)]);
    assert_eq!(ran.essence(), [ANSWER]);
    let vpn = udp((OTHER, 51_820), (EVIL, 51_820), 10, vec![1; 148]);
    assert_eq!(replay(LISTED, &[bound(), vpn]).essence(), [ANSWER, USED]);
    // What comes from the address is not the device's doing, nor is its answer.
    let from = udp((EVIL, 6_000), (OTHER, 53), 10, vec![1; 40]);
    let back = udp((OTHER, 123), (EVIL, 6_000), 11, vec![1; 40]);
    assert_eq!(replay(LISTED, &[bound(), from, back]).essence(), [ANSWER]);
}

/// An answer is made by whoever owns the name: the resolver of a whole network must not come under suspicion.
#[test]
fn whom_a_resolver_is_asked_for_is_in_the_question() {
    let ask = |name: &str, n: u16| {
        udp(
            (OTHER, 40_000 + n),
            (EVIL, 53),
            10,
            dns::query(7, name, dns::A),
        )
    };
    let many = (0..50).map(|n| ask("www.innocent.example", n));
    assert_eq!(
        replay(LISTED, &with(vec![bound()], many)).essence(),
        [ANSWER]
    );
    let over_tcp = tcp(ethernet(), &format!("{OTHER}:50000"), &format!("{EVIL}:53")).at(at(10));
    let query = dns::query(7, "www.innocent.example", dns::A).over_tcp();
    let over_tcp = over_tcp.opens().client_sends(query).packets();
    assert_eq!(
        replay(LISTED, &with(vec![bound()], over_tcp)).essence(),
        [ANSWER]
    );
    let listed = replay(LISTED, &[bound(), ask("x.evil.example", 0)]);
    assert_eq!(listed.essence(), [ANSWER, ("dns_query", "looked_up")]);
    // Not everything on that port is a question.
    let junk = udp((OTHER, 40_000), (EVIL, 53), 10, vec![0xff; 40]);
    assert_eq!(replay(LISTED, &[bound(), junk]).essence(), [ANSWER, USED]);
}

#[test]
fn answers_that_name_no_server_bind_nothing() {
    for address in [
        "0.0.0.0",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "8.8.8.8",
        "1.1.1.1",
        "9.9.9.9",
    ] {
        let to = tcp(
            ethernet(),
            &format!("{OTHER}:50000"),
            &format!("{address}:443"),
        );
        let to = to.at(at(10)).opens().packets();
        let answer = answer(0, binds("x.evil.example", address, 600));
        let ran = replay(LISTED, &with(vec![answer], to));
        assert_eq!(ran.essence(), [ANSWER], "{address}");
    }
    for address in [
        "::",
        "::1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "2001:4860:4860::8888",
        "64:ff9b::a01:203",
    ] {
        let message = dns::response(7, "x.evil.example", dns::AAAA).aaaa("x.evil.example", address);
        let to = udp(("2001:db8::8", 5_000), (address, 6_000), 10, vec![0; 20]);
        let ran = replay(LISTED, &[answer(0, message), to]);
        assert_eq!(ran.essence(), [ANSWER], "{address}");
    }
}

#[test]
fn answers_are_read_wherever_they_stand() {
    let used = |packet: Vec<Packet>| {
        let ran = replay(LISTED, &with(packet, [syn(50_000, 10)]));
        ran.essence().last().copied() == Some(USED)
    };
    let message = || binds("x.evil.example", EVIL, 600);
    let over_tcp = tcp(ethernet(), &format!("{DEVICE}:50000"), "192.0.2.53:53")
        .at(at(0))
        .opens();
    let query = dns::query(7, "x.evil.example", dns::A).over_tcp();
    let over_tcp = over_tcp
        .client_sends(query)
        .server_sends(message().over_tcp());
    assert!(used(over_tcp.packets()), "TCP");
    let tagged = ethernet()
        .vlan(7)
        .ip("192.0.2.53", DEVICE)
        .udp(53, 5_000)
        .payload(message());
    assert!(used(vec![Packet::new(at(0), tagged)]), "VLAN");
    let parts = ethernet()
        .ipv4("192.0.2.53", DEVICE)
        .id(3)
        .udp(53, 5_000)
        .fragments(message(), &[24]);
    let parts = parts.into_iter().map(|f| Packet::new(at(0), f)).collect();
    assert!(used(parts), "fragments");
    let hints: &[(u16, &[u8])] = &[(1, b"\x02h2"), (4, &[203, 0, 113, 66])];
    let https =
        dns::response(7, "x.evil.example", dns::HTTPS).https("x.evil.example", 1, ".", hints);
    assert!(used(vec![answer(0, https)]), "HTTPS");
    // A question binds nothing, nor do errors, nor addresses of another name in the answer.
    let query = udp(
        (DEVICE, 5_000),
        ("192.0.2.53", 53),
        0,
        dns::query(7, "x.evil.example", dns::A),
    );
    assert!(!used(vec![query]));
    assert!(!used(vec![answer(0, message().rcode(3))]));
    let stray = dns::response(7, "x.evil.example", dns::A).a("other.example", EVIL);
    assert!(!used(vec![answer(0, stray)]));
}

#[test]
fn ipv6() {
    let address = "2001:db8::66";
    let message = dns::response(7, "x.evil.example", dns::AAAA).aaaa("x.evil.example", address);
    let to = tcp(
        ethernet(),
        "[2001:db8::8]:50000",
        &format!("[{address}]:443"),
    )
    .at(at(10))
    .opens();
    let ran = replay(LISTED, &with(vec![answer(0, message)], to.packets()));
    assert_eq!(ran.essence(), [ANSWER, USED]);
    assert!(
        ran.lines[1].contains("x.evil.example: [2001:db8::66]:443"),
        "{}",
        ran.lines[1]
    );
}

#[test]
fn guesses_and_keywords_lead_nowhere() {
    for list in [
        "domains: [evil.example]\nconfidence: low",
        "keywords: [evilword]",
    ] {
        let message = binds("x.evilword.evil.example", EVIL, 600);
        let ran = replay(list, &[answer(0, message), syn(50_000, 10)]);
        assert_eq!(ran.essence(), [ANSWER], "{list}");
    }
}

#[test]
fn it_can_be_turned_off() {
    let packets = capture(&[bound(), syn(50_000, 10)]);
    let ran = replay_all(LISTED, &[packets], &["--no-resolved"]);
    assert_eq!(ran.essence(), [ANSWER]);
}

#[test]
fn captures_share_nothing_and_the_end_of_one_ends_the_wait() {
    let first = capture(&[bound()]);
    let second = capture(&[syn(50_000, 10)]);
    assert_eq!(
        replay_all(LISTED, &[first, second], &[]).essence(),
        [ANSWER]
    );
    // It ends with the contact itself, and others come behind it.
    let first = capture(&[bound(), syn(50_000, 1)]);
    let query = udp(
        (DEVICE, 5_000),
        ("192.0.2.53", 53),
        0,
        dns::query(7, "evil.example", dns::A),
    );
    let others = capture(&[query]);
    let ran = replay_all(LISTED, &[others.clone(), first, others], &[]);
    let asked = ("dns_query", "looked_up");
    assert_eq!(ran.essence(), [asked, ANSWER, USED, asked]);
}

/// Where a device both uses a listed address and one of a listed name, the list comes first.
#[test]
fn a_listed_address_is_the_stronger_finding() {
    let list = "domains: [evil.example]\naddresses: [203.0.113.66]";
    let ran = replay(list, &[bound(), syn(50_000, 10)]);
    assert_eq!(ran.essence(), [ANSWER, ("address", "tried_to_connect_to")]);
}
