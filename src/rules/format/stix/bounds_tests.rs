//! Tests of the STIX reader with what is wrong, hostile, or arbitrary.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::rules::format::stix::indicator::MAX_PATTERN;

#[test]
fn lines_are_those_of_the_patterns() {
    let text = "{\r\n \"type\": \"bundle\",\r\n \"objects\": [\r\n  {\"type\": \"indicator\",\r\n   \"name\": \"x\",\r\n\
                \"pattern\": \"[url:value = 'http://a.example']\"},\r\n  5,\r\n  {\"type\": \"indicator\"},\r\n\
                {\"type\": \"indicator\",\r\n \"type\": \"indicator\"},\r\n  {\"type\": \"file\", \"id\": \"é\"}]}";
    let kept = kept(text);
    assert_eq!(kept.entries[0].0, 6);
    let defects: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(defects, [7, 8, 10]);
    assert_eq!(kept.asides[0].0, 11);
}

#[test]
fn a_bad_object_is_a_defect_and_the_others_count() {
    let text = r#"{"objects": [
        {"type": "indicator", "pattern": "[domain-name:value = 'a.example'"},
        {"type": "indicator", "pattern": 5},
        {"type": "indicator", "pattern": "\ud800"},
        {"type": "indicator", "pattern": null},
        {"pattern": "[domain-name:value = 'a.example']"},
        {"type": 5},
        ["indicator", "indicator--1"],
        "indicator",
        null,
        {"type": "indicator", "id": 5, "name": [], "labels": 7, "valid_from": {}, "external_references": "x",
         "created_by_ref": [], "pattern": "[domain-name:value = 'b.example']"}
    ]}"#;
    let kept = kept(text);
    assert_eq!(kept.listed(), [(Kind::Domain, "b.example")]);
    assert_eq!(kept.entries[0].3, Facts::default());
    let lines: Vec<_> = kept.defects.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(
        kept.defects[0].1,
        "the pattern `[domain-name:value = 'a.example'` cannot be read: it ends where `]` is expected: \
         write it in the pattern language of STIX 2.1"
    );
}

#[test]
fn what_is_no_bundle_is_refused_as_a_whole() {
    for (text, line, said) in [
        (&b""[..], Some(1), "EOF while parsing a value"),
        (b"[]", Some(1), "invalid type: sequence, expected an object with `objects`"),
        (b"{}", Some(1), "missing field `objects`"),
        (b"{\"objects\": 5}", Some(1), "invalid type: integer `5`, expected a list of objects"),
        (
            b"{\"objects\": [\n{\"type\": \"indicator\", \"pattern\": \"[url:value = 'a']\"},\n{\"type\": \"ind",
            Some(3),
            "EOF while parsing a string",
        ),
        (b"{\"objects\": []}\n{\"objects\": []}", Some(2), "trailing characters"),
        (b"{\"objects\": [\"\x00\"]}", Some(1), "control character"),
    ] {
        let refused = refused(text);
        assert_eq!(refused.line, line, "{refused:?}");
        assert!(refused.what.contains(said), "{refused:?}");
        assert!(!refused.fix.is_empty());
    }
    let refused = refused(b"{\"objects\": [\n\"\xff\"]}");
    assert_eq!(refused.line, Some(2));
    assert_eq!(refused.what, "it is not UTF-8, which JSON must be");
}

#[test]
fn hostile_text_is_bounded() {
    // Nothing that is nested is gone into.
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    let text = format!(
        r#"{{"x": {deep}, "objects": [{deep}, {{"type": "indicator", "labels": {deep}, "name": {deep},
        "external_references": [{{"url": {deep}}}], "pattern": "[url:value = 'http://a.example']"}}]}}"#
    );
    let deep = kept(&text);
    assert_eq!((deep.entries.len(), deep.defects.len()), (1, 1));
    let long = "x".repeat(2 * MAX_PATTERN);
    let kept = bundle(&json!([
        indicator(&json!({"pattern": format!("[domain-name:value = '{long}']")})),
        indicator(
            &json!({"name": long, "labels": [long, long, "y"], "external_references": [{"url": long}]})
        ),
    ]));
    assert_eq!(kept.defects.len(), 1);
    assert!(
        kept.defects[0]
            .1
            .starts_with("a pattern is longer than 1048576 bytes")
    );
    let facts = &kept.entries[0].3;
    assert_eq!(facts.tags, ["x".repeat(500) + "...", "y".into()]);
    assert_eq!(facts.references, ["x".repeat(500) + "..."]);
    assert_eq!(facts.note, Some("x".repeat(300) + "..."));
    let labels: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
    assert_eq!(self::facts(&json!({"labels": labels})).tags.len(), 64);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        entries in proptest::collection::vec((0..6_usize, "[a-z]{1,12}", any::<bool>()), 0..30),
        pretty in any::<bool>(),
        envelope in any::<bool>(),
    ) {
        let mut expected = Kept::default();
        let mut objects = Vec::new();
        for (kind, word, revoked) in &entries {
            let (path, kind, value) = match kind {
                0 => ("domain-name:value", Ok(Kind::Domain), format!("{word}.example")),
                1 => ("hostname:value", Ok(Kind::Exact), format!("www.{word}.example")),
                2 => ("url:value", Ok(Kind::Url), format!("http://{word}.example/it's\\here")),
                3 => ("ipv4-addr:value", Ok(Kind::Address), format!("192.0.2.{}", word.len())),
                4 => ("file:name", Err("file names"), format!("{word}.exe")),
                _ => ("process:name", Err("process names"), word.clone()),
            };
            let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
            let pattern = format!("[{path} = '{escaped}']");
            objects.push(json!({"type": "indicator", "pattern": pattern, "revoked": revoked}));
            match kind {
                _ if *revoked => expected.asides.push((1, "revoked entries", pattern)),
                Ok(kind) => expected.entries.push((1, kind, value, Facts::default())),
                Err(what) => expected.asides.push((1, what, value)),
            }
        }
        let whole = if envelope {
            json!({"more": false, "objects": objects})
        } else {
            json!({"type": "bundle", "id": "bundle--1", "objects": objects})
        };
        let text = if pretty { format!("{whole:#}") } else { whole.to_string() };
        let mut read = kept(&text);
        if pretty {
            let lines: Vec<usize> = (1..).zip(text.lines())
                .filter(|(_, line)| line.trim_start().starts_with("\"pattern\""))
                .map(|(number, _)| number)
                .collect();
            let mut read_lines: Vec<usize> = read.entries.iter().map(|(line, ..)| *line).collect();
            read_lines.extend(read.asides.iter().map(|(line, ..)| *line));
            read_lines.sort_unstable();
            prop_assert_eq!(read_lines, lines);
            read.entries.iter_mut().for_each(|entry| entry.0 = 1);
            read.asides.iter_mut().for_each(|aside| aside.0 = 1);
        }
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        is(&bytes);
        let _ = read(&bytes, &mut Kept::default());
        let mut wrapped = b"{\"objects\":[".to_vec();
        wrapped.extend_from_slice(&bytes);
        wrapped.extend_from_slice(b"]}");
        is(&wrapped);
        let _ = read(&wrapped, &mut Kept::default());
    }

    /// Each object that is no context comes to something.
    #[test]
    fn every_object_is_accounted_for(objects in proptest::collection::vec(
        (prop::sample::select(vec!["indicator", "file", "x-own", "", "5"]), "\\PC{0,30}", any::<bool>()), 0..20,
    )) {
        let mut text = String::from("{\"objects\":[");
        for (at, (kind, pattern, raw)) in objects.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let value = if *raw { json!(pattern) } else { json!({"type": kind, "pattern": pattern}) };
            write!(text, "{comma}\n{value}").unwrap();
        }
        text.push_str("]}");
        let kept = kept(&text);
        let mut lines: Vec<usize> = kept.entries.iter().map(|(line, ..)| *line).collect();
        lines.extend(kept.asides.iter().map(|(line, ..)| *line));
        lines.extend(kept.defects.iter().map(|(line, _)| *line));
        lines.sort_unstable();
        lines.dedup();
        prop_assert_eq!(lines, (2..).take(objects.len()).collect::<Vec<_>>());
    }
}
