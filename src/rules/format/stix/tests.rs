//! Tests of the STIX reader.

use serde_json::{Value, json};

use super::*;
use crate::rules::format::listing::{About, Facts, Kept, Kind};
use crate::rules::indicator::Confidence;

fn kept(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &mut kept).unwrap();
    kept
}

fn bundle(objects: &Value) -> Kept {
    kept(&json!({"type": "bundle", "id": "bundle--1", "objects": objects}).to_string())
}

fn refused(text: &[u8]) -> Refused {
    let mut kept = Kept::default();
    let refused = read(text, &mut kept).unwrap_err();
    assert_eq!(
        kept,
        Kept::default(),
        "nothing is taken from what is refused"
    );
    refused
}

/// The indicator with more properties.
fn indicator(more: &Value) -> Value {
    let mut object = json!({
        "type": "indicator",
        "id": "indicator--1",
        "pattern": "[domain-name:value = 'evil.example']",
    });
    let properties = object.as_object_mut().unwrap();
    properties.extend(more.as_object().unwrap().clone());
    object
}

fn facts(more: &Value) -> Facts {
    let kept = bundle(&json!([indicator(more)]));
    let [(_, Kind::Domain, name, facts)] = kept.entries.as_slice() else {
        panic!("{kept:?}");
    };
    assert_eq!(name, "evil.example");
    facts.clone()
}

fn aside(more: &Value) -> &'static str {
    let kept = bundle(&json!([indicator(more)]));
    assert!(
        kept.entries.is_empty() && kept.defects.is_empty(),
        "{kept:?}"
    );
    assert_eq!(kept.asides.len(), 1);
    kept.asides[0].1
}

#[test]
fn bundles_and_envelopes_are_told_from_other_json() {
    for text in [
        r#"{"type": "bundle", "id": "bundle--1", "objects": []}"#,
        r#"{"type": "bundle", "id": "bundle--1"}"#,
        "\u{feff}\n {\"id\":\"bundle--1\",\"objects\":[{\"created\":",
        r#"{"type": "bundle", "spec_version": "2.0", "objects": [{"type": "ind"#,
        r#"{"more": false, "objects": []}"#,
        r#"{"more": true, "next": "2", "objects": [{"type": "indicator", "id": "indicator--1", "patt"#,
        r#"{"objects": [{"id": "malware--1", "name": "x", "type": "malware"}], "more": fal"#,
    ] {
        assert!(is(text.as_bytes()), "{text}");
    }
    for text in [
        "",
        "{",
        "{}",
        "[]",
        "null",
        "[{\"type\": \"indicator\", \"id\": \"indicator--1\"}]",
        r#"{"type": "bundle", "values": ["#,
        r#"{"objects": {"type": "bundle"}}"#,
        r#"{"objects": [{"type": "indicator", "id": "5"}]}"#,
        r#"{"objects": [{"id": "indicator--1", "date_added": "2020-01-01T00:00:00Z"}]}"#,
        r#"{"Event": {"info": "x", "Object": [{"type": "bundle"}]}}"#,
        r#"{"response": [{"Event": {"id": "1"}}]}"#,
        r#"{"5a0b1c2d-0000-4000-8000-000000000000": {"info": "x", "Orgc": {"name": "y"}}}"#,
        r#"{"name": "x", "type": "hostname", "version": 1, "list": ["a.example"]}"#,
        "bellerophon: 1\npack: x\n",
        "{bellerophon: 1, groups: []}",
        "type,value\nbundle,objects\n",
        "evil.example\n",
        "0.0.0.0 evil.example\n",
        "address=/evil.example/\n",
        "local-zone: \"evil.example\" always_nxdomain\n",
        "$TTL 60\n@ SOA localhost. root.localhost. 1 2 3 4 5\n",
        "||evil.example^\n",
        "alert dns any any -> any any (msg:\"x\"; dns.query; content:\"evil.example\"; sid:1;)\n",
        "#fields\tindicator\tindicator_type\n",
        "<?xml version=\"1.0\"?><ioc></ioc>",
    ] {
        assert!(!is(text.as_bytes()), "{text}");
    }
    assert!(!is("{\"a\":".repeat(10_000).as_bytes()));
    assert!(!is(&[b'['; 65536]));
    assert!(!is(&[0, 0xff, 0xfe]));
}

#[test]
fn an_indicator_is_an_entry_with_its_facts() {
    assert_eq!(facts(&json!({})), Facts::default());
    assert_eq!(
        facts(&json!({
            "created": "2023-01-01T00:00:00Z",
            "valid_from": "2024-02-03T04:05:06.789Z",
            "valid_until": "2030-01-01T00:00:00Z",
            "confidence": 85,
            "labels": ["c2", "spyware"],
            "indicator_types": ["malicious-activity", "c2"],
            "name": "Relay of the third stage",
            "description": "Seen\n in\t2024.",
            "external_references": [
                {"source_name": "x", "url": "https://lab.example/report"},
                {"source_name": "y", "external_id": "Y-1"},
                "z",
            ],
        })),
        Facts {
            threat: None,
            first_seen: Some("2024-02-03".into()),
            expires: Some("2030-01-01".into()),
            severity: None,
            confidence: Some(Confidence::High),
            tags: ["c2", "spyware", "malicious-activity"]
                .map(String::from)
                .into(),
            references: vec!["https://lab.example/report".into()],
            note: Some("Relay of the third stage; Seen in 2024.".into()),
            source: None,
        }
    );
    let created = facts(&json!({"created": "2023-01-02T00:00:00Z", "valid_from": "soon"}));
    assert_eq!(created.first_seen.as_deref(), Some("2023-01-02"));
}

#[test]
fn confidence_is_by_the_scale_of_the_specification() {
    for (number, expected) in [
        (json!(0), Some(Confidence::Low)),
        (json!(29), Some(Confidence::Low)),
        (json!(30), Some(Confidence::Medium)),
        (json!(69), Some(Confidence::Medium)),
        (json!("70"), Some(Confidence::High)),
        (json!(100), Some(Confidence::High)),
        (json!(101), None),
        (json!(-1), None),
        (json!("high"), None),
        (json!([50]), None),
        (json!(null), None),
    ] {
        let of = facts(&json!({"confidence": number})).confidence;
        assert_eq!(of, expected, "{number}");
    }
}

#[test]
fn a_name_is_a_note_where_it_says_more() {
    let note = |name: &str| facts(&json!({ "name": name })).note;
    for plain in [
        "evil.example",
        "EVIL.example",
        "evil[.]example",
        "Malicious domain: evil.example",
        "domain-name:value evil.example",
        "[domain-name:value = 'evil.example']",
        " ",
    ] {
        assert_eq!(note(plain), None, "{plain}");
    }
    assert_eq!(
        note("C2: evil.example").as_deref(),
        Some("C2: evil.example")
    );
    assert_eq!(note(&"é".repeat(1000)), Some("é".repeat(300) + "..."));
    let same = facts(&json!({"name": "Relay", "description": "Relay"}));
    assert_eq!(same.note.as_deref(), Some("Relay"));
}

#[test]
fn what_a_pattern_demands_besides_is_a_note_and_makes_doubt() {
    let of = facts(&json!({
        "name": "Relay",
        "confidence": 90,
        "pattern": "[domain-name:value = 'evil.example' AND process:name = 'x']",
    }));
    let note = "Relay; the list also demands process:name = 'x'";
    assert_eq!(of.note.as_deref(), Some(note));
    assert_eq!(of.confidence, Some(Confidence::Low));
    let kept = bundle(&json!([indicator(&json!({
        "confidence": 90,
        "valid_until": "2030-01-01T00:00:00Z",
        "pattern": "([domain-name:value = 'a.example'] REPEATS 2 TIMES) OR ([ipv4-addr:value = '192.0.2.1'] \
                    START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z') OR [file:name = 'x']",
    }))]));
    let facts: Vec<_> = kept.entries.iter().map(|(_, _, _, facts)| facts).collect();
    assert_eq!(facts[0].confidence, Some(Confidence::Low));
    assert_eq!(facts[0].expires.as_deref(), Some("2030-01-01"));
    assert_eq!(facts[1].confidence, Some(Confidence::High));
    assert_eq!(facts[1].expires.as_deref(), Some("2021-01-01"));
    assert_eq!(facts[1].note, None);
    assert_eq!(kept.asides, [(1, "file names", "x".into())]);
}

#[test]
fn what_is_not_meant_for_detection_is_aside() {
    assert_eq!(aside(&json!({"revoked": true})), "revoked entries");
    assert_eq!(aside(&json!({"revoked": "True"})), "revoked entries");
    let language = "patterns in another language (yara, snort, ...)";
    let yara = json!({"pattern_type": "yara", "pattern": "rule x { condition: true }"});
    assert_eq!(aside(&yara), language);
    let benign = "entries marked benign";
    assert_eq!(aside(&json!({"indicator_types": ["benign"]})), benign);
    assert_eq!(aside(&json!({"labels": ["Benign"]})), benign);
    assert_eq!(
        aside(&json!({"indicator_types": ["benign"], "labels": ["x"]})),
        benign
    );
    assert_eq!(
        aside(&json!({"pattern": "[file:name = 'x']"})),
        "file names"
    );
    for taken in [
        json!({"revoked": false}),
        json!({"revoked": "False"}),
        json!({"pattern_type": "STIX"}),
        json!({"indicator_types": ["benign", "malicious-activity"]}),
        json!({"indicator_types": ["malicious-activity"], "labels": ["benign"]}),
        json!({"indicator_types": []}),
    ] {
        facts(&taken);
    }
}

#[test]
fn relations_and_identities_may_stand_behind() {
    let relation = |source: &str, target: &str| {
        json!({
            "type": "relationship", "id": "relationship--1", "relationship_type": "indicates",
            "source_ref": source, "target_ref": target,
        })
    };
    let named = |id: &str, name: &str| {
        let (kind, _) = id.split_once("--").unwrap();
        json!({"type": kind, "id": id, "name": name})
    };
    let mut withdrawn = relation("indicator--4", "malware--1");
    withdrawn["revoked"] = json!(true);
    let mut uses = relation("indicator--4", "malware--1");
    uses["relationship_type"] = json!("related-to");
    let kept = bundle(&json!([
        indicator(&json!({"created_by_ref": "identity--1"})),
        indicator(&json!({"id": "indicator--2", "created_by_ref": "identity--9"})),
        indicator(&json!({"id": "indicator--3"})),
        indicator(&json!({"id": "indicator--4"})),
        relation("indicator--1", "intrusion-set--1"),
        relation("indicator--1", "malware--1"),
        relation("indicator--1", "malware--2"),
        relation("indicator--2", "campaign--1"),
        relation("indicator--2", "vulnerability--1"),
        relation("indicator--3", "tool--9"),
        withdrawn,
        uses,
        named("intrusion-set--1", "Some Group"),
        named("malware--1", "Some Spyware"),
        named("malware--2", "Other Spyware"),
        named("campaign--1", "Some Campaign"),
        named("vulnerability--1", "CVE-2020-0001"),
        named("identity--1", "Some Lab"),
    ]));
    let facts = kept.entries.iter().map(|(_, _, _, facts)| facts);
    let said: Vec<_> = facts
        .map(|facts| (facts.threat.as_deref(), facts.source.as_deref()))
        .collect();
    assert_eq!(
        said,
        [
            (Some("Some Spyware"), Some("Some Lab")),
            (Some("Some Campaign"), None),
            (None, None),
            (None, None),
        ]
    );
    assert!(kept.asides.is_empty() && kept.defects.is_empty());
    assert_eq!(
        kept.about.title.as_deref(),
        Some("Some Spyware, Other Spyware")
    );
}

#[test]
fn the_only_malware_is_the_threat_where_there_are_no_relations() {
    let malware =
        |name: &str| json!({"type": "malware", "id": format!("malware--{name}"), "name": name});
    let threat = |objects: Value| bundle(&objects).entries[0].3.threat.clone();
    let plain = || indicator(&json!({}));
    assert_eq!(threat(json!([plain(), malware("a")])).as_deref(), Some("a"));
    assert_eq!(threat(json!([plain(), malware("a"), malware("b")])), None);
    let relation = json!({
        "type": "relationship", "relationship_type": "indicates",
        "source_ref": "indicator--9", "target_ref": "malware--a",
    });
    assert_eq!(threat(json!([plain(), malware("a"), relation])), None);
}

#[test]
fn only_the_newest_version_of_an_indicator_counts() {
    let version = |modified: &str, name: &str| {
        let pattern = format!("[domain-name:value = '{name}']");
        indicator(&json!({"modified": modified, "pattern": pattern}))
    };
    let mut withdrawn = version("2024-06-01T00:00:00.001Z", "c.example");
    withdrawn["revoked"] = json!(true);
    let kept = bundle(&json!([
        version("2024-06-01T00:00:00.000Z", "b.example"),
        withdrawn,
        version("2023-06-01T00:00:00Z", "a.example"),
        indicator(&json!({"id": "indicator--2", "modified": "2020-01-01T00:00:00Z"})),
    ]));
    assert_eq!(kept.listed(), [(Kind::Domain, "evil.example")]);
    let asides: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    let older = "older versions of entries";
    assert_eq!(asides, [older, "revoked entries", older]);
    // The same version twice is for others to judge.
    let twice = bundle(&json!([indicator(&json!({})), indicator(&json!({}))]));
    assert_eq!(twice.entries.len(), 2);
}

#[test]
fn what_the_bundle_says_about_itself() {
    let lab = json!({"type": "identity", "id": "identity--1", "name": "Some Lab"});
    let target = json!({"type": "identity", "id": "identity--2", "name": "Some Target"});
    let malware = json!({
        "type": "malware", "id": "malware--1", "name": "Some Spyware", "description": "What it does.",
        "modified": "2024-05-06T00:00:00Z", "created_by_ref": "identity--1",
    });
    let report = json!({
        "type": "report", "id": "report--1", "name": "How we found it", "description": "A report.",
        "modified": "2024-03-04T00:00:00Z", "created_by_ref": "identity--1",
        "external_references": [{"source_name": "x", "url": "https://lab.example/report"}],
    });
    let some = |text: &str| Some(text.to_owned());
    let full = About {
        title: some("How we found it"),
        description: some("A report."),
        publisher: some("Some Lab"),
        licence: None,
        updated: some("2024-05-06"),
        url: some("https://lab.example/report"),
    };
    assert_eq!(bundle(&json!([target, malware, report, lab])).about, full);
    let of_malware = About {
        title: some("Some Spyware"),
        description: some("What it does."),
        url: None,
        ..full
    };
    assert_eq!(bundle(&json!([malware, lab, target])).about, of_malware);
    assert_eq!(bundle(&json!([lab])).about.publisher, some("Some Lab"));
    assert_eq!(bundle(&json!([lab, target])).about, About::default());
    let names = ["a", "b", "c", "d"].map(|name| json!({"type": "malware", "name": name}));
    let title = bundle(&json!(names)).about.title;
    assert_eq!(title.as_deref(), Some("a, b, c and others"));
}

#[test]
fn other_objects_are_context_or_aside() {
    let kept = bundle(&json!([
        {"type": "marking-definition", "id": "marking-definition--1"},
        {"type": "sighting", "id": "sighting--1"},
        {"type": "domain-name", "id": "domain-name--1", "value": "a.example"},
        {"type": "observed-data", "id": "observed-data--1", "objects": {"0": {"type": "file"}}},
        {"type": "x-own-thing", "id": "x-own-thing--1", "name": "Thing"},
    ]));
    assert_eq!(
        kept.asides,
        [
            (1, "observed data", "a.example".into()),
            (1, "observed data", "observed-data--1".into()),
            (1, "objects of unknown types", "Thing".into()),
        ]
    );
    assert!(kept.entries.is_empty() && kept.defects.is_empty());
}

#[test]
fn envelopes_and_version_2_0_are_read() {
    let text = json!({"more": true, "next": "2", "objects": [indicator(&json!({}))]}).to_string();
    assert_eq!(kept(&text).listed(), [(Kind::Domain, "evil.example")]);
    let text = json!({
        "objects": [{
            "type": "indicator", "id": "indicator--1", "labels": ["malicious-activity"],
            "pattern": "[file:hashes.'SHA-256' = 'aa'] OR [url:value = 'http://evil.example/']",
        }],
        "type": "bundle", "id": "bundle--1", "spec_version": "2.0",
    });
    let kept = kept(&format!("\u{feff}{text}"));
    assert_eq!(kept.listed(), [(Kind::Url, "http://evil.example/")]);
    assert_eq!(kept.asides, [(1, "file hashes", "aa".into())]);
}

#[path = "bounds_tests.rs"]
mod bounds;
