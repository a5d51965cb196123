//! The same alerts come out of a capture, whatever format its indicators are listed in.

use std::path::Path;
use std::process::Command;

use ring::digest;
use serde_json::{Value, json};
use testkit::capture::{Packet, Pcap};
use testkit::conversation::tcp;
use testkit::tls::Version;
use testkit::{dns, frame::ethernet, http, tls, tls_server, x509};

use crate::entries::Entry;
use crate::writers::all;

const PHONE: &str = "10.0.0.7";
const SECOND: u64 = 1_000_000_000;

/// What is listed: something of each kind that the capture shows, and that it does not.
fn listed(certificate: &[u8]) -> Vec<Entry> {
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    let sha256 = digest::digest(&digest::SHA256, certificate);
    let address = |text: &str| text.parse().unwrap();
    vec![
        Entry::Domain("evil-zq.example".into()),
        Entry::Domain("never-seen-zq.example".into()),
        Entry::Exact("host-zq.example".into()),
        Entry::Below("gate-zq.example".into()),
        Entry::Address(address("203.0.113.7")),
        Entry::Port(address("203.0.113.9"), 8443),
        Entry::Network(address("198.51.100.16"), 28),
        Entry::Url("shop-zq.example".into(), "/a/b".into()),
        Entry::Print(hex(sha1.as_ref())),
        Entry::Print(hex(sha256.as_ref())),
    ]
}

/// Contacts with what is listed, with names around it, and with innocents.
fn capture(certificate: &[u8]) -> Vec<u8> {
    let mut packets = Vec::new();
    let mut at = 1_700_000_000 * SECOND;
    let mut next = || {
        at += SECOND;
        at
    };
    for name in [
        "evil-zq.example",
        "www.EVIL-zq.example",
        "notevil-zq.example",
        "evil-zq.example.org",
        "host-zq.example",
        "www.host-zq.example",
        "gate-zq.example",
        "www.gate-zq.example",
        "innocent.example",
    ] {
        let query = dns::query(7, name, dns::A);
        let frame = ethernet()
            .ipv4(PHONE, "192.0.2.53")
            .udp(50_000, 53)
            .payload(query);
        packets.push(Packet::new(next(), frame));
    }
    for (port, server, name) in [
        (50_001, "192.0.2.80:443", "a.evil-zq.example"),
        (50_002, "203.0.113.7:443", "innocent.example"),
        (50_003, "203.0.113.8:443", "innocent.example"),
        (50_004, "203.0.113.9:8443", "innocent.example"),
        (50_005, "203.0.113.9:443", "innocent.example"),
        (50_006, "198.51.100.31:443", "innocent.example"),
        (50_007, "198.51.100.32:443", "host-zq.example"),
    ] {
        let connection = tcp(ethernet(), &format!("{PHONE}:{port}"), server).at(next());
        packets.extend(
            connection
                .opens()
                .client_sends(tls::client_hello(name).records())
                .packets(),
        );
    }
    for (port, host, path) in [
        (50_011, "shop-zq.example", "/a/b?c=1"),
        (50_012, "shop-zq.example", "/a/bc"),
        (50_013, "innocent.example", "/a/b"),
    ] {
        let connection = tcp(ethernet(), &format!("{PHONE}:{port}"), "192.0.2.81:80").at(next());
        packets.extend(
            connection
                .opens()
                .client_sends(http::get(host, path))
                .packets(),
        );
    }
    let connection = tcp(ethernet(), &format!("{PHONE}:50021"), "192.0.2.82:443").at(next());
    let flight = tls_server::flight(Version::Tls12, &[certificate.to_vec()]).records();
    let hello = tls::client_hello("innocent.example").records();
    packets.extend(
        connection
            .opens()
            .client_sends(hello)
            .server_sends(flight)
            .packets(),
    );
    Pcap::new(ethernet().link_type()).packets(&packets).bytes()
}

/// The alerts, less what a list says about itself and its entries.
fn alerts(rules: &Path, capture: &Path) -> Vec<Value> {
    let ran = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
        .args([
            "replay",
            "--alerts",
            "eve",
            "--repeat-window",
            "0",
            "--rules",
        ])
        .args([rules, capture])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    let bare = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let context = &event["alert"]["context"];
        let of = |from: &Value, keys: &[&str]| {
            keys.iter()
                .map(|key| from[*key].clone())
                .collect::<Vec<_>>()
        };
        // Of a URL each tool keeps what it needs; the scheme does not matter.
        let indicator = context["indicator"].as_str().unwrap();
        let indicator = indicator.rsplit("://").next();
        json!([
            of(
                &event,
                &[
                    "timestamp",
                    "pcap_cnt",
                    "src_ip",
                    "src_port",
                    "dest_ip",
                    "dest_port",
                    "app_proto"
                ]
            ),
            of(
                context,
                &[
                    "kind",
                    "name",
                    "match",
                    "device",
                    "action",
                    "peer",
                    "peer_port"
                ]
            ),
            indicator,
            event["alert"]["severity"],
        ])
    };
    lines.lines().map(bare).collect()
}

#[test]
fn all_formats_give_the_same_alerts() {
    let certificate = x509::certificate("www.innocent.example").der();
    let folder = tempfile::tempdir().unwrap();
    let (pcap, list) = (folder.path().join("c.pcap"), folder.path().join("list"));
    std::fs::write(&pcap, capture(&certificate)).unwrap();
    let listed = listed(&certificate);
    let writers = all();
    let mut seen = Vec::new();
    for writer in &writers {
        let entries = writer.can(&listed);
        let mut found = Vec::new();
        for writer in [&writers[0], writer] {
            std::fs::write(&list, writer.write(&entries)).unwrap();
            found.push(alerts(&list, &pcap));
        }
        assert_eq!(found[0], found[1], "{}", writer.name);
        assert!(!found[0].is_empty(), "{}", writer.name);
        seen.push((writer.name, found[0].len()));
    }
    // Four names that are asked for and one that is connected to, an address, a port and a network, a host, two requests to
    // the host of a URL and one for the URL, a certificate by two digests.
    assert_eq!(seen[0], ("own", 14), "{seen:?}");
}
