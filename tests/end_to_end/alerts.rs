//! `replay`: exactly the contacts that were planted in each capture.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::scenarios::{self, Scenario};
use testkit::{dns, frame};

use crate::harness::{Folder, capture, captures, run, run_line};

/// (packet, name, indicator, match, device, kind)
type Contact = (u64, String, String, String, String, String);

/// A response's question and its answers of the same name are one alert, of kind `dns_answer`.
fn planted(scenario: &Scenario) -> Vec<Contact> {
    let mut kinds = BTreeMap::new();
    for contact in scenario.contacts() {
        let row = contact.observed;
        let key = (
            row.packet as u64,
            row.name.clone(),
            contact.indicator.to_owned(),
            contact.matched.to_owned(),
            row.device.clone(),
        );
        let kind = kinds.entry(key).or_insert(row.kind);
        if row.kind == "dns_answer" {
            *kind = row.kind;
        }
    }
    kinds
        .into_iter()
        .map(|((a, b, c, d, e), kind)| (a, b, c, d, e, kind.to_owned()))
        .collect()
}

fn told(event: &Value) -> Contact {
    let context = &event["alert"]["context"];
    let text = |key: &str| context[key].as_str().unwrap().to_owned();
    (
        event["pcap_cnt"].as_u64().unwrap(),
        text("name"),
        text("indicator"),
        text("match"),
        text("device"),
        text("kind"),
    )
}

#[test]
fn every_planted_contact_of_every_capture_and_no_other() {
    for scenario in scenarios::all() {
        let path = capture(scenario.file);
        let ran = run(["replay", &path, "--repeat-window", "0", "--summary", "none"])
            .exits(0)
            .says_nothing();
        let mut found: Vec<Contact> = ran.json().iter().map(told).collect();
        found.sort();
        assert_eq!(found, planted(&scenario), "{}", scenario.file);
    }
}

/// An alert's addresses, ports and file are those of the packet that its number names.
#[test]
fn alerts_point_to_their_packet() {
    for scenario in scenarios::all() {
        let path = capture(scenario.file);
        let ran = run(["replay", &path, "--repeat-window", "0"]).exits(0);
        for event in ran.json() {
            let (packet, name, ..) = told(&event);
            let row = scenario
                .observed
                .iter()
                .find(|row| row.packet as u64 == packet && row.name == name)
                .unwrap();
            assert_eq!(event["src_ip"], row.src.ip().to_string());
            assert_eq!(event["src_port"], row.src.port());
            assert_eq!(event["dest_ip"], row.dst.ip().to_string());
            assert_eq!(event["dest_port"], row.dst.port());
            assert_eq!(event["pcap_filename"], path.as_str());
            let context = &event["alert"]["context"];
            let peer = if row.device == row.src.ip().to_string() {
                row.dst
            } else {
                row.src
            };
            assert_eq!(context["peer"], peer.ip().to_string());
            assert_eq!(context["peer_port"], peer.port());
        }
    }
}

#[test]
fn look_alikes_raise_nothing_even_with_all_packs() {
    let ran = run_line("replay pcaps/innocents.pcap --pack all --exit-code").exits(0);
    assert_eq!(ran.stdout, "");
}

const EVIL: &str = "urlpush.net";

/// The same client port asks for an indicator at each of these seconds.
fn asks_at(seconds: &[u64]) -> Vec<u8> {
    let packets: Vec<Packet> = seconds
        .iter()
        .map(|second| {
            let frame = frame::ethernet()
                .ipv4("10.0.0.7", "192.0.2.53")
                .udp(53_124, 53)
                .payload(dns::query(7, EVIL, dns::A));
            Packet::new((1_600_000_000 + second) * 1_000_000_000, frame)
        })
        .collect();
    Pcap::new(1).packets(&packets).bytes()
}

fn packets_alerted(path: &str, window: &str) -> (Vec<u64>, Value) {
    let ran = run([
        "replay",
        path,
        "--repeat-window",
        window,
        "--summary",
        "json",
    ])
    .exits(0);
    let alerts = ran.json().iter().map(|event| told(event).0).collect();
    (alerts, ran.summary()["alerts"].clone())
}

#[test]
fn repeats_in_a_flow_are_folded_and_counted() {
    let folder = Folder::new();
    let path = folder.file("asks.pcap", asks_at(&[0, 1, 2, 299, 300, 301, 700]));
    let (alerts, summary) = packets_alerted(&path, "300");
    assert_eq!(alerts, [1, 5, 7]);
    assert_eq!(
        (&summary["total"], &summary["repeats"]),
        (&3.into(), &4.into())
    );
    let (alerts, summary) = packets_alerted(&path, "2");
    assert_eq!(alerts, [1, 3, 4, 6, 7]);
    assert_eq!(
        (&summary["total"], &summary["repeats"]),
        (&5.into(), &2.into())
    );
    let (alerts, summary) = packets_alerted(&path, "0");
    assert_eq!(alerts, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(
        (&summary["total"], &summary["repeats"]),
        (&7.into(), &0.into())
    );
}

/// Captures have clocks of their own, and each file is evidence on its own.
#[test]
fn folding_does_not_reach_into_the_next_file() {
    let folder = Folder::new();
    let first = folder.file("a.pcap", asks_at(&[0, 1]));
    let second = folder.file("b.pcap", asks_at(&[2, 3]));
    let ran = run(["replay", &first, &second]).exits(0);
    let files: Vec<Value> = ran
        .json()
        .iter()
        .map(|event| event["pcap_filename"].clone())
        .collect();
    assert_eq!(files, [first, second]);
}

/// What folding leaves is a part of what was there, and summary and alerts agree on the rest.
#[test]
fn the_summary_counts_what_was_printed() {
    let mut arguments: Vec<String> = ["replay", "--summary", "json"].map(String::from).to_vec();
    arguments.extend(captures());
    let ran = run(&arguments).exits(0);
    let events = ran.json();
    let summary = ran.summary();
    let planted: usize = scenarios::all().iter().map(|s| planted(s).len()).sum();
    let count = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let alerts = &summary["alerts"];
    assert_eq!(count(&alerts["total"]), events.len());
    assert_eq!(count(&alerts["total"]) + count(&alerts["repeats"]), planted);
    let mut devices: Vec<String> = events.iter().map(|event| told(event).4).collect();
    devices.sort();
    devices.dedup();
    assert_eq!(count(&alerts["devices"]), devices.len());
    let by_contact: usize = alerts["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| count(&c["looked_up"]) + count(&c["was_answered"]) + count(&c["connected_to"]))
        .sum();
    assert_eq!(by_contact, events.len());
    let names: usize = scenarios::all().iter().map(|s| s.observed.len()).sum();
    let counted: usize = summary["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| count(&kind["count"]))
        .sum();
    assert_eq!(counted, names);
    let packets: usize = scenarios::all().iter().map(|s| s.packets).sum();
    assert_eq!(count(&summary["packets"]["total"]), packets);
}
