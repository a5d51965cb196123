//! The flow that is told is the innermost one; the way to it stands beside it.

use serde_json::{Value, json};
use testkit::frame::ethernet;
use testkit::ip::protocol;
use testkit::{dns, tls, tunnel};

use crate::harness::{read, to};

fn only(read: &crate::harness::Read) -> Value {
    let lines = read.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

#[test]
fn without_tags_there_is_none() {
    let line = only(&read(
        to(443).opened(&tls::client_hello("a.example").records(), 100),
    ));
    assert!(line.get("path").is_none());
}

#[test]
fn vlans_and_a_tunnel() {
    let inner = ethernet()
        .vlan(30)
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(40_000, 53)
        .payload(dns::query(1, "a.example", dns::A));
    let outer = ethernet()
        .qinq(100, 200)
        .ipv4("198.51.100.1", "198.51.100.2")
        .udp(50_000, 4_789)
        .payload(tunnel::vxlan(42, &inner));
    let line = only(&read(vec![outer]));
    assert_eq!(line["src"], "10.0.0.7");
    assert_eq!(line["dport"], 53);
    assert_eq!(
        line["path"],
        json!([
            {"kind": "vlan", "id": 100},
            {"kind": "vlan", "id": 200},
            {"kind": "vxlan", "id": 42, "src": "198.51.100.1", "dst": "198.51.100.2"},
            {"kind": "vlan", "id": 30},
        ])
    );
}

/// The name of a message over many segments has the path of the segment that made it whole.
#[test]
fn of_a_hello_in_segments() {
    let hello = tls::client_hello("a.example").post_quantum().records();
    let frames = to(443)
        .opened(&hello, 300)
        .iter()
        .map(|frame| {
            ethernet()
                .vlan(7)
                .ipv4("198.51.100.1", "198.51.100.2")
                .payload(
                    protocol::GRE,
                    &tunnel::gre(0x0800).key(9).carry(&frame[14..]),
                )
        })
        .collect();
    let line = only(&read(frames));
    assert_eq!(line["packet"], hello.len().div_ceil(300) + 1);
    assert_eq!(
        line["path"],
        json!([
            {"kind": "vlan", "id": 7},
            {"kind": "gre", "id": 9, "src": "198.51.100.1", "dst": "198.51.100.2"},
        ])
    );
}

#[test]
fn of_a_datagram_in_fragments() {
    let frames = ethernet()
        .vlan(12)
        .ipv4("10.0.0.7", "192.0.2.53")
        .id(4)
        .udp(40_000, 53)
        .fragments(dns::query(1, "a.example", dns::A), &[16, 24]);
    let line = only(&read(vec![
        frames[2].clone(),
        frames[0].clone(),
        frames[1].clone(),
    ]));
    assert_eq!(line["path"], json!([{"kind": "vlan", "id": 12}]));
    assert_eq!(
        (&line["sport"], &line["packet"]),
        (&json!(40_000), &json!(3))
    );
}
