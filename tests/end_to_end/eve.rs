//! Alerts as EVE JSON: only keys that the published schema knows, of the types that it wants.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::harness::{captures, run};

const REQUIRED: [&str; 13] = [
    "timestamp",
    "flow_id",
    "pcap_cnt",
    "event_type",
    "src_ip",
    "src_port",
    "dest_ip",
    "dest_port",
    "proto",
    "ip_v",
    "community_id",
    "alert",
    "pcap_filename",
];
const OPTIONAL: [&str; 3] = ["vlan", "pkt_src", "app_proto"];

const ALERT: [&str; 9] = [
    "action",
    "gid",
    "signature_id",
    "rev",
    "signature",
    "category",
    "severity",
    "references",
    "context",
];

const CONTEXT: [&str; 7] = [
    "kind",
    "name",
    "indicator",
    "indicator_kind",
    "match",
    "pack",
    "device",
];
const CONTEXT_OPTIONAL: [&str; 16] = [
    "threat",
    "expires",
    "resolved",
    "tags",
    "references",
    "generation",
    "first_published",
    "action",
    "peer",
    "peer_port",
    "path",
    "rcode",
    "outer_name",
    "confidence",
    "sources",
    "note",
];

fn events() -> Vec<Value> {
    let mut arguments = vec!["replay".to_owned()];
    arguments.extend(captures());
    let events = run(arguments).exits(0).json();
    assert!(events.len() > 100);
    events
}

#[track_caller]
fn object<'v>(value: &'v Value, required: &[&str], optional: &[&str]) -> &'v Map<String, Value> {
    let object = value.as_object().unwrap();
    for key in required {
        assert!(object.contains_key(*key), "no {key} in {value}");
    }
    let known: BTreeSet<&str> = required.iter().chain(optional).copied().collect();
    for key in object.keys() {
        assert!(known.contains(key.as_str()), "{key} is not known: {value}");
    }
    object
}

/// `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+$`, as the schema has it.
fn is_eve_time(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked("2021-07-18T10:00:00.".len()) else {
        return false;
    };
    let shape: String = clock
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    shape == "9999-99-99T99:99:99."
        && rest
            .split_once(['+', '-'])
            .is_some_and(|(fraction, zone)| digits(fraction) && digits(zone))
}

#[test]
fn the_time_check_checks() {
    assert!(is_eve_time("2021-07-18T10:00:00.123456+0000"));
    assert!(!is_eve_time("2021-07-18T10:00:00+0000"));
    assert!(!is_eve_time("2021-07-18T10:00:00.123456Z"));
    assert!(!is_eve_time("2021-07-18 10:00:00.123456+0000"));
}

#[test]
fn events_have_the_keys_of_the_schema_and_no_other() {
    for event in events() {
        let event = object(&event, &REQUIRED, &OPTIONAL);
        object(&event["alert"], &ALERT, &[]);
        object(&event["alert"]["context"], &CONTEXT, &CONTEXT_OPTIONAL);
    }
}

#[test]
fn values_are_of_the_types_of_the_schema() {
    for event in events() {
        assert_eq!(event["event_type"], "alert");
        let time = event["timestamp"].as_str().unwrap();
        assert!(is_eve_time(time), "{time}");
        for key in ["src_ip", "dest_ip"] {
            let address: std::net::IpAddr = event[key].as_str().unwrap().parse().unwrap();
            assert_eq!(event["ip_v"] == 4, address.is_ipv4());
        }
        for key in ["src_port", "dest_port"] {
            assert!(event[key].as_u64().is_some_and(|port| port <= 0xffff));
        }
        assert!(event["pcap_cnt"].as_u64().is_some_and(|packet| packet > 0));
        assert!(event["flow_id"].is_u64());
        assert!(["UDP", "TCP"].contains(&event["proto"].as_str().unwrap()));
        let community = event["community_id"].as_str().unwrap();
        assert!(
            community.starts_with("1:") && community.len() == 30,
            "{community}"
        );
        if let Some(vlans) = event.get("vlan") {
            let vlans = vlans.as_array().unwrap();
            assert!(!vlans.is_empty() && vlans.iter().all(Value::is_u64));
        }
        let alert = &event["alert"];
        assert_eq!(alert["action"], "allowed");
        for key in ["gid", "signature_id", "rev", "severity"] {
            assert!(alert[key].is_u64(), "{key}");
        }
        for key in ["signature", "category"] {
            assert!(alert[key].as_str().is_some_and(|text| !text.is_empty()));
        }
        let references = alert["references"].as_array().unwrap();
        assert!(!references.is_empty() && references.iter().all(Value::is_string));
        let context = &alert["context"];
        assert!(["exact", "below"].contains(&context["match"].as_str().unwrap()));
        assert_eq!(context["pack"], "pegasus");
    }
}

/// Tags are shown from the outside in, and a signature number belongs to one indicator.
#[test]
fn values_tell_alerts_apart() {
    let events = events();
    assert!(
        events
            .iter()
            .any(|event| event["vlan"] == serde_json::json!([200, 17]))
    );
    let mut numbers = std::collections::BTreeMap::new();
    for event in &events {
        let number = event["alert"]["signature_id"].as_u64().unwrap();
        let indicator = &event["alert"]["context"]["indicator"];
        assert_eq!(numbers.entry(number).or_insert(indicator), &indicator);
    }
}

/// Both directions of an exchange are one flow to whoever reads the log.
#[test]
fn both_directions_have_one_community_id_and_one_flow_id() {
    let ids = |events: &[Value], action: &str| -> BTreeSet<(String, u64)> {
        events
            .iter()
            .filter(|event| event["alert"]["context"]["action"] == action)
            .map(|event| {
                let community = event["community_id"].as_str().unwrap().to_owned();
                (community, event["flow_id"].as_u64().unwrap())
            })
            .collect()
    };
    let events = run(["replay", "pcaps/phone-backup.pcap.gz"])
        .exits(0)
        .json();
    let asked = ids(&events, "looked_up");
    assert_eq!(asked.len(), 4);
    assert_eq!(asked, ids(&events, "was_answered"));
    assert!(asked.is_disjoint(&ids(&events, "connected_to")));
}
