//! Addresses that serve many: a name that is resolved to one must not bring everybody under suspicion.

use testkit::capture::Packet;
use testkit::tls;

use crate::harness::{DEVICE, EVIL, answer, binds, connection, replay};

const LISTED: &str = "domains: [evil.example]";

fn bound() -> Packet {
    answer(0, binds("x.evil.example", EVIL, 86_400))
}

fn used(ran: &crate::harness::Ran) -> Vec<&serde_json::Value> {
    ran.events
        .iter()
        .map(|event| &event["alert"]["context"])
        .filter(|context| context["kind"] == "resolved_address")
        .collect()
}

fn syn(device: &str, seconds: u64) -> Packet {
    connection(device, 50_000, seconds).opens().packets()[0].clone()
}

/// By names in DNS, or in hellos.
fn others(count: u16, in_dns: bool) -> Vec<Packet> {
    (0..count)
        .flat_map(|n| {
            let name = format!("www.site-{n}.example");
            if in_dns {
                return vec![answer(1, binds(&name, EVIL, 60)); 2];
            }
            let connection = connection(DEVICE, 40_000 + n, 1).opens();
            connection
                .client_sends(tls::client_hello(&name).records())
                .packets()
        })
        .collect()
}

#[test]
fn other_names_are_said_and_five_silence_it() {
    for in_dns in [true, false] {
        for count in [0, 1, 4, 5, 9] {
            let packets = [
                vec![bound()],
                others(count, in_dns),
                vec![syn("10.0.0.8", 10)],
            ];
            let ran = replay(LISTED, &packets.concat());
            let used = used(&ran);
            if count >= 5 {
                assert!(used.is_empty(), "{count} {in_dns}");
                // Those of the innocents behind the fifth as well.
                let innocents = if in_dns { 0 } else { u64::from(count) - 5 };
                assert_eq!(ran.counted("serve many names"), 1 + innocents);
                continue;
            }
            assert_eq!(used.len(), 1, "{count} {in_dns}");
            assert_eq!(used[0]["resolved"]["other_names"], count, "{in_dns}");
            let line = ran.lines.last().unwrap();
            let words = match count {
                0 => ":443, answered 2021-07-18 10:00:00  [resolved]",
                1 => ", which serves another name as well  [resolved]",
                _ => ", which serves 4 other names as well  [resolved]",
            };
            assert!(line.contains(words), "{line}");
        }
    }
}

#[test]
fn names_that_are_seen_while_a_finding_waits_count() {
    let packets = [vec![bound(), syn("10.0.0.8", 1)], others(5, false)].concat();
    let ran = replay(LISTED, &packets);
    assert!(used(&ran).is_empty(), "{:#?}", ran.lines);
}

#[test]
fn a_crowd_that_says_nothing_is_reported_up_to_a_bound() {
    let many = (1..=60).map(|n| syn(&format!("10.0.1.{n}"), 10));
    let ran = replay(
        LISTED,
        &[bound()].into_iter().chain(many).collect::<Vec<_>>(),
    );
    assert_eq!(used(&ran).len(), 20);
    assert_eq!(ran.counted("many devices use"), 40);
}
