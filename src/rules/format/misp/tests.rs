use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::super::listing::{Kept, Kind};
use super::super::{openioc, zeek};
use super::*;
use crate::rules::indicator::Confidence;

fn kept(text: &str) -> Kept {
    let mut kept = Kept::default();
    read(text.as_bytes(), &mut kept).unwrap();
    kept
}

/// An event with attributes of these types and values.
fn event(attributes: &[(&str, &str)]) -> String {
    let attributes = attributes.iter();
    let attributes: Vec<_> = attributes
        .map(|(kind, value)| json!({"type": kind, "value": value, "to_ids": true}))
        .collect();
    json!({"Event": {"info": "Night Heron", "Attribute": attributes}}).to_string()
}

const WHOLE: &str = r##"{"Event": {
  "Attribute": [
    {"type": "domain", "category": "Network activity", "value": "evil.example", "to_ids": true,
     "timestamp": "1472541011", "comment": "first stage", "deleted": false,
     "Tag": [{"name": "misp:confidence-level=\"rarely-confident\""}, {"name": "tlp:white"}]},
    {"type": "hostname", "value": "a.b.example", "to_ids": "1", "first_seen": "2016-01-02T03:04:05.000000+00:00"},
    {"type": "link", "value": "https:\/\/lab.example\/report", "to_ids": false},
    {"type": "link", "value": "https://www.virustotal.com/x", "to_ids": false},
    {"type": "domain", "value": "innocent.example", "to_ids": false},
    {"type": "domain", "value": "old.example", "to_ids": true, "deleted": "1"},
    {"type": "domain", "value": "fp.example", "to_ids": 1,
     "Tag": [{"name": "false-positive:confirmed=\"true\""}]},
    {"type": "ip-dst", "value": "192.0.2.1", "to_ids": true,
     "ShadowAttribute": [{"type": "ip-dst", "value": "192.0.2.9"}]}
  ],
  "ShadowAttribute": [{"type": "domain", "value": "proposed.example", "to_ids": true}],
  "Object": [
    {"name": "domain-ip", "comment": "from the sandbox", "Attribute": [
      {"type": "domain", "object_relation": "domain", "value": "o.example", "to_ids": true, "comment": ""}]},
    {"name": "file", "deleted": true, "Attribute": [
      {"type": "url", "value": "http://gone.example/", "to_ids": true}]}
  ],
  "info": "Careful Heron targets activists", "date": "2016-08-29", "threat_level_id": "1",
  "publish_timestamp": "1735689600", "Orgc": {"name": "Lab", "uuid": "x"},
  "Tag": [{"name": "tlp:white", "colour": "#fff"}, {"name": "type:OSINT"}],
  "Galaxy": [{"type": "threat-actor", "GalaxyCluster": [{"value": "Careful Heron"}]}]
}}"##;

#[test]
fn an_event_is_read_in_the_order_of_the_file() {
    let kept = kept(WHOLE);
    assert_eq!(
        kept.about.title.as_deref(),
        Some("Careful Heron targets activists")
    );
    assert_eq!(kept.about.publisher.as_deref(), Some("Lab"));
    assert_eq!(kept.about.updated.as_deref(), Some("2025-01-01"));
    let want = [
        (Kind::Domain, "evil.example"),
        (Kind::Domain, "a.b.example"),
        (Kind::Address, "192.0.2.1"),
        (Kind::Domain, "o.example"),
    ];
    assert_eq!(kept.listed(), want);
    let asides: Vec<_> = kept
        .asides
        .iter()
        .map(|(line, what, text)| (*line, *what, text.as_str()))
        .collect();
    let want = [
        (7, "references", "https://lab.example/report"),
        (8, "references", "https://www.virustotal.com/x"),
        (9, "entries not meant for detection", "innocent.example"),
        (10, "deleted entries", "old.example"),
        (11, "entries marked as false positives", "fp.example"),
        (14, "proposed entries", "192.0.2.9"),
        (16, "proposed entries", "proposed.example"),
        (21, "deleted entries", "http://gone.example/"),
    ];
    assert_eq!(asides, want);
    assert_eq!(kept.defects, []);
}

#[test]
fn facts_come_from_the_event_and_the_attribute() {
    let kept = kept(WHOLE);
    let (line, _, _, facts) = &kept.entries[0];
    assert_eq!(*line, 3);
    assert_eq!(facts.threat.as_deref(), Some("Careful Heron"));
    assert_eq!(facts.first_seen.as_deref(), Some("2016-08-30"));
    assert_eq!(facts.severity, Some(Severity::High));
    assert_eq!(facts.confidence, Some(Confidence::Low));
    assert_eq!(
        facts.tags,
        [
            "tlp:white",
            "type:OSINT",
            "misp:confidence-level=\"rarely-confident\""
        ]
    );
    assert_eq!(facts.references, ["https://lab.example/report"]);
    assert_eq!(facts.note.as_deref(), Some("first stage"));
    assert_eq!(facts.source.as_deref(), Some("Lab"));
    let second = &kept.entries[1].3;
    assert_eq!(second.first_seen.as_deref(), Some("2016-01-02"));
    assert_eq!(second.confidence, None);
    let of_object = &kept.entries[3].3;
    assert_eq!(of_object.note.as_deref(), Some("from the sandbox"));
    assert_eq!(of_object.first_seen.as_deref(), Some("2016-08-29"));
}

#[test]
fn types_are_mapped() {
    let sha1 = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67";
    let kept = kept(&event(&[
        ("domain|ip", "evil.example|192.0.2.1"),
        ("hostname|port", "c2.example|8443"),
        ("ip-src|port", "2001:db8::1|443"),
        ("ip-dst|port", "192.0.2.1|80"),
        ("url", "http://evil.example/a"),
        ("url", "front.example"),
        ("uri", "https://evil.example/b"),
        ("link", "https://evil.example/c"),
        ("x509-fingerprint-sha1", sha1),
        ("ja3-fingerprint-md5", "00112233445566778899aabbccddeeff"),
        ("ja4-plus", "t13d1516h2_8daaf6152771_02713d6af862"),
    ]));
    let want = [
        (Kind::Domain, "evil.example"),
        (Kind::Address, "192.0.2.1"),
        (Kind::Domain, "c2.example"),
        (Kind::Address, "[2001:db8::1]:443"),
        (Kind::Address, "192.0.2.1:80"),
        (Kind::Url, "http://evil.example/a"),
        (Kind::Url, "front.example/"),
        (Kind::Url, "https://evil.example/b"),
        (Kind::Url, "https://evil.example/c"),
        (
            Kind::Certificate,
            "0123456789ABCDEF0123456789ABCDEF01234567",
        ),
        (Kind::Ja3, "00112233445566778899aabbccddeeff"),
        (Kind::Ja4, "t13d1516h2_8daaf6152771_02713d6af862"),
    ];
    assert_eq!(kept.listed(), want);
    assert_eq!(kept.entries[0].3.threat.as_deref(), Some("Night Heron"));
    assert_eq!(kept.entries[0].3.confidence, None);
    assert_eq!(kept.entries[1].3.confidence, Some(Confidence::Low));
    assert_eq!(
        kept.entries[2].3.note.as_deref(),
        Some("listed with port 8443")
    );
}

#[test]
fn what_is_not_looked_for_is_aside() {
    let kept = kept(&event(&[
        ("uri", "/gate.php"),
        ("md5", "x"),
        ("ja4-plus", "a0d_x"),
        ("jarm-fingerprint", "x"),
        ("new-type", "x"),
    ]));
    let what: Vec<_> = kept.asides.iter().map(|(_, what, _)| *what).collect();
    assert_eq!(
        what,
        [
            "paths of URLs without a host",
            "file hashes",
            "JA4+ fingerprints other than JA4",
            "JARM fingerprints",
            "attributes of other types"
        ]
    );
    assert!(kept.entries.is_empty() && kept.defects.is_empty());
}

#[test]
fn bad_attributes_are_defects_and_the_others_count() {
    let text = r#"{"Event":{"info":"x","Attribute":[
        {"type":"domain","value":"a.example"},
        7,
        ["type"],
        {"value":"b.example"},
        {"type":"domain"},
        {"type":"domain","value":"c.example","value":"d.example"},
        {"type":"domain","value":"\ud800"},
        {"type":"domain|ip","value":"e.example"},
        {"type":"ip-dst|port","value":"192.0.2.1|0"},
        {"type":"hostname|port","value":"f.example|"},
        {"type":{"a":[1,{}]},"value":[["x"]]},
        {"type":"domain","value":"z.example"}
    ],"Object":"none","ShadowAttribute":null}}"#;
    let kept = kept(text);
    let want = [(Kind::Domain, "a.example"), (Kind::Domain, "z.example")];
    assert_eq!(kept.listed(), want);
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]);
}

#[test]
fn events_are_found_in_all_their_wrappings() {
    let bare = r#"{"info":"x","analysis":"2","Attribute":[{"type":"domain","value":"a.example"}]}"#;
    let one = format!("{{\"Event\":{bare}}}");
    for (text, count) in [
        (bare.to_owned(), 1),
        (one.clone(), 1),
        (format!("\u{feff}{one}"), 1),
        (format!("{{\"response\":[{one},{one}]}}"), 2),
        (format!("{{\"response\":{one}}}"), 1),
        (format!("[{one},{one}]"), 2),
        (format!("[{bare},{bare}]"), 2),
        (format!("{one}\n{one}\n"), 2),
        ("{\"response\":[]}".into(), 0),
        (
            r#"{"Object":[{"Attribute":[{"type":"domain","value":"a.example"}]}]}"#.into(),
            1,
        ),
        (
            r#"{"response":{"Attribute":[{"type":"domain","value":"a.example","Event":{"info":"y"}}]}}"#
                .into(),
            1,
        ),
        (
            r#"{"Event":{"info":"x","Attribute":{"type":"domain","value":"a.example"}}}"#.into(),
            1,
        ),
    ] {
        assert!(is(text.as_bytes()), "{text}");
        let kept = kept(&text);
        assert_eq!(kept.listed(), vec![(Kind::Domain, "a.example"); count], "{text}");
        assert_eq!(kept.defects, [], "{text}");
    }
}

#[test]
fn what_is_no_event_is_refused() {
    let deep = format!("{{\"Event\":{}", "[".repeat(5_000_000));
    for (text, line, what) in [
        ("", None, "no JSON"),
        ("7", None, "no MISP event"),
        ("{\"a\":1}", None, "no MISP event"),
        ("{\"Event\":{\n\"info\":", Some(2), "ends in the middle"),
        ("{\"Event\":{\n\"info\":}", Some(2), "not JSON"),
        ("{\"info\":\"\u{0}\"}", Some(1), "not JSON"),
        (&deep, Some(1), "64 deep"),
    ] {
        let refused = read(text.as_bytes(), &mut Kept::default()).unwrap_err();
        assert_eq!(refused.line, line, "{refused:?}");
        assert!(refused.what.contains(what), "{refused:?}");
    }
    assert!(read(b"{\"info\":\"\xff\"}", &mut Kept::default()).is_err());
}

#[test]
fn tags_over_the_bound_are_told() {
    let tags: Vec<_> = (0..50).map(|i| json!({"name": format!("t{i}")})).collect();
    let text = json!({"Event": {"info": "x", "Tag": tags, "Attribute": [{"type": "domain", "value": "a.example"}]}});
    let kept = kept(&text.to_string());
    assert_eq!(kept.entries[0].3.tags.len(), MAX_TAGS);
    assert!(
        kept.defects[0].1.starts_with("18 tags left out"),
        "{:?}",
        kept.defects
    );
}

/// A beginning of a file in every other format.
const OTHERS: [&str; 22] = [
    "bellerophon: 1\npack: x\ngroups:\n  - domains:\n      - evil.example\n",
    "{\"type\":\"bundle\",\"id\":\"bundle--5c1b3f0e-0000-4000-8000-00000000000a\",\"objects\":[{\"type\":\"indicator\"}]}",
    "{\"spec_version\":\"2.0\",\"type\":\"bundle\",\"objects\":[",
    "{\"more\":false,\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[domain-name:value='evil.example']\"}]}",
    "domain,comment\nevil.example,info\n",
    "indicator\ttype\nevil.example\tdomain\n",
    "evil.example\n# info\n",
    "0.0.0.0 evil.example\n",
    "address=/evil.example/\n",
    "local-zone: \"evil.example\" always_nxdomain\n",
    "$TTL 60\n@ SOA ns.example. root.example. (1 60 60 60 60)\nevil.example CNAME .\n",
    "[Adblock Plus]\n||evil.example^\n",
    "alert dns any any -> any any (msg:\"x\"; dns.query; content:\"evil.example\"; sid:1;)\n",
    "ZXZpbC5leGFtcGxl\n",
    "# Maltrail\n\n# Reference: https://lab.example\n\nevil.example\n",
    "<?xml version=\"1.0\"?><stix:STIX_Package xmlns:stix=\"x\"/>",
    "[\"evil.example\"]",
    "[{\"ioc\":\"evil.example\",\"type\":\"domain\"}]",
    "{\"Event\":{\"System\":{\"EventID\":1}}}",
    "{\"domains\":[\"evil.example\"],\"name\":\"x\"}",
    "{}",
    "",
];

#[test]
fn formats_are_told_apart() {
    let manifest = "{\"5c1b3f0e-0000-4000-8000-00000000000a\":{\"info\":\"x\",\"analysis\":\"2\",\"Orgc\":{}}}";
    let warning = "{\"list\":[\"a.example\"],\"name\":\"x\",\"type\":\"hostname\",\"version\":1}";
    let zeeks = "#fields\tindicator\tindicator_type\nevil.example\tIntel::DOMAIN\n";
    let ioc = "<?xml version=\"1.0\"?>\n<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\">";
    let all: [fn(&[u8]) -> bool; 5] = [is, feed::is, warninglist::is, zeek::is, openioc::is];
    for (number, text) in [WHOLE, manifest, warning, zeeks, ioc].iter().enumerate() {
        let told: Vec<bool> = all.iter().map(|is| is(text.as_bytes())).collect();
        let want: Vec<bool> = (0..5).map(|other| other == number).collect();
        assert_eq!(told, want, "{text}");
    }
    for text in OTHERS {
        assert!(!all.iter().any(|is| is(text.as_bytes())), "{text}");
    }
    // A head is cut anywhere where the file is one line.
    for cut in 200..WHOLE.len() {
        assert!(is(&WHOLE.as_bytes()[..cut]), "{cut}");
    }
}

#[test]
fn a_large_event_takes_linear_time() {
    let mut text = String::from("{\"Event\":{\"info\":\"x\",\"Attribute\":[");
    for number in 0..20_000 {
        let comma = if number > 0 { "," } else { "" };
        write!(
            text,
            "{comma}\n{{\"type\":\"domain\",\"value\":\"a{number}.example\"}}"
        )
        .unwrap();
    }
    text.push_str("]}}");
    let kept = kept(&text);
    assert_eq!(kept.entries.len(), 20_000);
    assert_eq!(kept.entries.last().unwrap().0, 20_001);
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(
        entries in proptest::collection::vec(("[a-z]{1,8}\\.example", 0..6_usize, any::<bool>(), any::<bool>()), 0..30),
        pretty in any::<bool>(),
    ) {
        let kinds = [("domain", Some(Kind::Domain)), ("hostname", Some(Kind::Domain)), ("url", Some(Kind::Url)),
            ("uri", None), ("filename", None), ("text", None)];
        let (mut top, mut objects, mut want, mut asides) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (name, kind, meant, object) in &entries {
            let (kind, taken) = kinds[*kind];
            let value = if kind == "url" { format!("http://{name}/\u{e9}") } else { name.clone() };
            let attribute = json!({"type": kind, "value": value, "to_ids": meant, "comment": "\"[{"});
            match taken.filter(|_| *meant) {
                Some(kind) => want.push((kind, value)),
                None => asides.push(value),
            }
            if *object { objects.push(json!({"name": "x", "Attribute": [attribute]})) } else { top.push(attribute) }
        }
        let event = json!({"Event": {"info": "x", "Attribute": top, "Object": objects}});
        let text = if pretty { serde_json::to_string_pretty(&event).unwrap() } else { event.to_string() };
        let kept = kept(&text);
        let mut got: Vec<_> = kept.listed().into_iter().map(|(kind, text)| (kind, text.to_owned())).collect();
        got.sort();
        want.sort();
        prop_assert_eq!(got, want);
        prop_assert_eq!(kept.asides.len(), asides.len());
        prop_assert_eq!(kept.defects, []);
    }

    #[test]
    fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = is(&bytes);
        let _ = read(&bytes, &mut Kept::default());
    }

    #[test]
    fn damaged_events_do(at in 0..WHOLE.len(), byte in any::<u8>(), cut in 0..WHOLE.len()) {
        let mut text = WHOLE.as_bytes().to_vec();
        text[at] = byte;
        let _ = is(&text[..cut]);
        let _ = read(&text, &mut Kept::default());
        prop_assert!(read(&text[..cut], &mut Kept::default()).is_err());
    }
}
