//! Listed addresses and networks, whatever a packet carries.

use serde_json::json;
use testkit::capture::Packet;
use testkit::frame::{ethernet, raw};
use testkit::ip::protocol;
use testkit::tunnel::{gre, vxlan};

use crate::harness::{DEVICE, EVIL, at, connection, replay, udp};

const LISTED: &str = "addresses: [203.0.113.66]";

fn first(n: usize, packets: Vec<Packet>) -> Vec<Packet> {
    packets.into_iter().take(n).collect()
}

#[test]
fn a_connection_is_one_alert_and_says_how_far_it_got() {
    let opened = || connection(DEVICE, 50_000, 0).opens();
    let whole = opened().client_sends("hello").server_sends("hello");
    let whole = whole.closes().packets();
    let middle = whole[3..].to_vec();
    let tried = first(1, opened().packets());
    let again: Vec<Packet> = [0, 1, 3]
        .map(|secs| first(1, connection(DEVICE, 50_000, secs).opens().packets()))
        .concat();
    let refused = [tried.clone(), opened().is_reset().packets()[3..].to_vec()].concat();
    for (name, packets, action) in [
        ("tried", tried, "tried_to_connect_to"),
        ("tried again and again", again, "tried_to_connect_to"),
        ("refused", refused, "tried_to_connect_to"),
        ("opened", first(2, opened().packets()), "connected_to"),
        ("from end to end", whole.clone(), "connected_to"),
        ("from the middle on", middle, "connected_to"),
        ("the answer alone", whole[1..2].to_vec(), "connected_to"),
    ] {
        let ran = replay(LISTED, &packets);
        assert_eq!(ran.essence(), [("address", action)], "{name}");
        let context = ran.context();
        assert_eq!(context["device"], DEVICE, "{name}");
        assert_eq!(context["peer"], EVIL, "{name}");
        assert_eq!(context["peer_port"], 443, "{name}");
    }
    let ran = replay(LISTED, &whole);
    assert_eq!(
        ran.line(),
        "10.0.0.7         connected to  203.0.113.66, TCP port 443  [listed]  p"
    );
    let event = &ran.events[0];
    assert_eq!(event["src_ip"], DEVICE);
    assert_eq!(event["app_proto"], "unknown");
    assert_eq!(event["alert"]["severity"], 1);
    assert_eq!(
        event["alert"]["signature"],
        "Bellerophon: device connected to 203.0.113.66 (Pack)"
    );
}

#[test]
fn what_says_nothing_of_a_contact_is_no_alert() {
    let opened = || connection(DEVICE, 50_000, 0).opens();
    // A reset and an acknowledgement by themselves.
    replay(LISTED, &opened().is_reset().packets()[3..]).is_silent();
    replay(LISTED, &opened().packets()[2..]).is_silent();
    let near = udp((DEVICE, 5_000), ("203.0.113.67", 6_000), 0, vec![0; 20]);
    replay(LISTED, &[near]).is_silent();
}

#[test]
fn datagrams() {
    let out = |secs| udp((DEVICE, 5_000), (EVIL, 6_000), secs, vec![0; 20]);
    let back = |secs| udp((EVIL, 6_000), (DEVICE, 5_000), secs, vec![0; 20]);
    let ran = replay(LISTED, &[out(0), back(0), out(1), back(2)]);
    assert_eq!(ran.essence(), [("address", "sent_to")]);
    assert_eq!(
        ran.line(),
        "10.0.0.7         sent packets to  203.0.113.66, UDP port 6000  [listed]  p"
    );
    let ran = replay(LISTED, &[back(0), back(1)]);
    assert_eq!(ran.essence(), [("address", "was_contacted_by")]);
    assert_eq!(ran.context()["device"], DEVICE);
    assert_eq!(ran.context()["peer"], EVIL);
    // The device answers.
    let ran = replay(LISTED, &[back(0), out(1)]);
    let (contacted, sent) = (("address", "was_contacted_by"), ("address", "sent_to"));
    assert_eq!(ran.essence(), [contacted, sent]);
    // A long flow is told again every window, and never as the address's.
    let long: Vec<Packet> = (0..1_000)
        .flat_map(|s| [back(s * 2 + 1), out(s * 2 + 1)])
        .collect();
    let ran = replay(LISTED, &[vec![out(0)], long].concat());
    assert_eq!(ran.essence(), vec![("address", "sent_to"); 7]);
}

#[test]
fn an_address_that_opens_a_connection() {
    let inbound = testkit::conversation::tcp(
        ethernet().reversed(),
        &format!("{EVIL}:40000"),
        &format!("{DEVICE}:8080"),
    );
    let inbound = inbound
        .at(at(0))
        .opens()
        .client_sends("x")
        .server_sends("y");
    for count in [1, 2, 3, 20] {
        let ran = replay(LISTED, &first(count, inbound.clone().packets()));
        assert_eq!(ran.essence(), [("address", "was_contacted_by")], "{count}");
        assert_eq!(ran.context()["device"], DEVICE);
        assert_eq!(
            ran.line(),
            "10.0.0.7         was contacted by  203.0.113.66, TCP port 40000  [listed]  p"
        );
    }
}

#[test]
fn ports_networks_and_ipv6() {
    let to = |address: &str, port| udp((DEVICE, 5_000), (address, port), 0, vec![0; 20]);
    let v6 = |address: &str| udp(("2001:db8::7", 5_000), (address, 6_000), 0, vec![0; 20]);
    for (list, packet, indicator, tail) in [
        (
            "addresses: ['203.0.113.66:6000']",
            to(EVIL, 6_000),
            "203.0.113.66:6000",
            "[listed as 203.0.113.66:6000]",
        ),
        (
            "addresses: [{name: 203.0.113.66, ports: [1, 6000]}]",
            to(EVIL, 6_000),
            "203.0.113.66:6000",
            "[listed as 203.0.113.66:6000]",
        ),
        (
            "networks: [203.0.113.0/24]",
            to(EVIL, 1),
            "203.0.113.0/24",
            "[in 203.0.113.0/24]",
        ),
        (
            "addresses: ['2001:db8::66']",
            v6("2001:db8::66"),
            "2001:db8::66",
            "[listed]",
        ),
        (
            "networks: ['2001:db8:6::/48']",
            v6("2001:db8:6::1"),
            "2001:db8:6::/48",
            "[in 2001:db8:6::/48]",
        ),
    ] {
        let ran = replay(list, &[packet]);
        let context = ran.context();
        assert_eq!(context["indicator"], indicator);
        assert_eq!(context["indicator_kind"], "address");
        assert_eq!(context["match"], "address");
        assert!(ran.line().contains(tail), "{}", ran.line());
    }
    for (list, packet) in [
        ("addresses: ['203.0.113.66:6000']", to(EVIL, 6_001)),
        ("networks: [203.0.113.0/26]", to(EVIL, 1)),
        ("networks: ['2001:db8:6::/48']", v6("2001:db8:7::1")),
    ] {
        replay(list, &[packet]).is_silent();
    }
    // The longest one counts.
    let both = "networks: [203.0.113.0/24, 203.0.113.64/26]";
    assert_eq!(
        replay(both, &[to(EVIL, 1)]).context()["indicator"],
        "203.0.113.64/26"
    );
}

#[test]
fn inside_of_tags_and_tunnels() {
    let inner = |link: testkit::frame::Link| {
        link.ipv4(DEVICE, EVIL)
            .udp(5_000, 6_000)
            .payload(vec![0; 20])
    };
    let outer = || ethernet().ipv4("198.51.100.1", "198.51.100.2");
    let packet = |frame| [Packet::new(at(0), frame)];
    let tagged = replay(LISTED, &packet(inner(ethernet().vlan(100))));
    assert_eq!(tagged.events[0]["vlan"], json!([100]));
    let frame = outer().payload(protocol::GRE, &gre(0x0800).carry(&inner(raw())));
    let in_gre = replay(LISTED, &packet(frame));
    let frame = outer()
        .udp(50_000, 4_789)
        .payload(vxlan(42, &inner(ethernet())));
    let in_vxlan = replay(LISTED, &packet(frame));
    for ran in [&tagged, &in_gre, &in_vxlan] {
        assert_eq!(ran.essence(), [("address", "sent_to")]);
        assert!(!ran.context()["path"].as_array().unwrap().is_empty());
    }
    // The tunnel's own end is listed: what it carries hides it.
    let frame = ethernet().ipv4(DEVICE, EVIL).udp(50_000, 4_789);
    let carried = ethernet()
        .ipv4("10.9.9.9", "10.8.8.8")
        .udp(5_000, 6_000)
        .payload(vec![0; 20]);
    let ran = replay(LISTED, &packet(frame.payload(vxlan(42, &carried))));
    assert_eq!(ran.essence(), [("address", "sent_to")]);
}

#[test]
fn in_fragments() {
    let datagram = ethernet().ipv4(DEVICE, EVIL).id(9).udp(5_000, 6_000);
    let parts = datagram.fragments(vec![7; 3_000], &[1_000, 2_000]);
    let packets: Vec<Packet> = parts.into_iter().map(|f| Packet::new(at(0), f)).collect();
    let ran = replay(LISTED, &packets);
    assert_eq!(ran.essence(), [("address", "sent_to")]);
    // Its beginning is enough.
    assert_eq!(
        replay(LISTED, &packets[..1]).essence(),
        [("address", "sent_to")]
    );
}

#[test]
fn alerts_carry_what_is_known() {
    let list = "addresses: [203.0.113.66]\n\
        threat: Hermit\ngeneration: v4\nfirst_published: 2021-07-01\nexpires: 2031-01-01\n\
        severity: medium\nconfidence: high\ntags: [a, b]\nreferences: ['https://lab.example/x']\n\
        note: Look again.";
    let packet = udp((DEVICE, 5_000), (EVIL, 6_000), 0, vec![0; 20]);
    let ran = replay(list, &[packet]);
    let mut known = ran.context().clone();
    let known = known.as_object_mut().unwrap();
    known.retain(|key, _| {
        [
            "threat",
            "generation",
            "first_published",
            "expires",
            "confidence",
            "tags",
            "references",
            "note",
        ]
        .contains(&key.as_str())
    });
    let wanted = json!({
        "threat": "Hermit", "generation": "v4", "first_published": "2021-07-01", "expires": "2031-01-01",
        "confidence": "high", "tags": ["a", "b"], "references": ["https://lab.example/x"], "note": "Look again."
    });
    assert_eq!(json!(known), wanted);
    assert_eq!(ran.events[0]["alert"]["severity"], 2);
    assert_eq!(
        ran.events[0]["alert"]["references"],
        json!(["https://lab.example/x"])
    );
}
