//! What is answered about anything that may be listed.

use std::path::Path;

use super::*;
use crate::rules::{LoadOptions, load};

const OWN: &str = "\
bellerophon: 1
pack: t
groups:
  - domains: [evil.example, x.deep.evil.example, google.com, nodot, xn--bcher-kva.example]
    exact: [host.shared.example]
    below: [gate.example]
    keywords: [evilkeyword]
    addresses: [192.0.2.1, {name: 192.0.2.9, ports: [443]}]
    networks: [198.51.100.0/24, \"2001:db8::/32\"]
    urls: [\"https://shared.example/bad\", \"http://evil.example/worse\", \"https://www.google.com/bad\"]
    ja3: [e7d705a3286e19ea42f587b344ee6865]
    ja4: [t13d1516h2_8daaf6152771_02713d6af862]
    certificates: [\"serial:0a0b\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]
  - expires: 2026-01-31
    domains: [old.example]
  - expires: 2026-02-01
    domains: [last.example]
history:
  - seen: 2018-08-01
    addresses: {evil.example: [203.0.113.7]}
";

const ALLOW: &str = "\
bellerophon-allow: 1
entries:
  - {name: last.example, reason: our sinkhole}
  - {name: evil.example, client: 10.0.0.0/8, reason: our lab}
  - {name: old.example, expires: 2025-01-01, reason: once}
  - {address: 192.0.2.1, reason: ours}
";

fn loaded(folder: &Path) -> Loaded {
    let (own, allow) = (folder.join("t.yaml"), folder.join("allow.yaml"));
    let list = folder.join("list.json");
    std::fs::write(&own, OWN).unwrap();
    std::fs::write(&allow, ALLOW).unwrap();
    let event = r#"{"Event":{"info":"E","Orgc":{"name":"Lab"},"Attribute":[
        {"type":"domain","value":"seen.example","to_ids":false},
        {"type":"domain","value":"listed.example","to_ids":true}]}}"#;
    std::fs::write(&list, event).unwrap();
    load(&LoadOptions {
        rules: vec![own, list],
        allow: vec![allow],
        detail: true,
        ..LoadOptions::default()
    })
    .unwrap()
}

fn ask(text: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let loaded = loaded(folder.path());
    let today = Timestamp::from_date("2026-02-01").unwrap();
    let answer = Inquiry::new(&loaded, today).ask(text);
    (answer.to_json(), answer.to_string())
}

use serde_json::Value;

#[test]
fn everything_that_is_listed_is_found() {
    for (text, how, indicator) in [
        ("EVIL.example.", "exact", "evil.example"),
        ("a.b.evil.example", "below", "evil.example"),
        ("y.x.deep.evil.example", "below", "x.deep.evil.example"),
        ("evil[.]example", "exact", "evil.example"),
        ("evil.example:8443", "exact", "evil.example"),
        ("bücher.example", "exact", "xn--bcher-kva.example"),
        ("host.shared.example", "exact", "host.shared.example"),
        ("my-evilkeyword.test", "holds", "evilkeyword"),
        ("192.0.2.1", "address", "192.0.2.1"),
        ("192.0.2.1:80", "address", "192.0.2.1"),
        ("192.0.2.9", "address", "192.0.2.9:443"),
        ("192.0.2.9:443", "address", "192.0.2.9:443"),
        ("198.51.100.77", "address", "198.51.100.0/24"),
        ("198.51.100.128/25", "address", "198.51.100.0/24"),
        ("[2001:db8::7]:443", "address", "2001:db8::/32"),
        (
            "hxxp://shared[.]example/bad/x",
            "url",
            "https://shared.example/bad",
        ),
        ("http://www.evil.example/any", "below", "evil.example"),
        ("http://198.51.100.3/x", "address", "198.51.100.0/24"),
        (
            "E7:D7:05:A3:28:6E:19:EA:42:F5:87:B3:44:EE:68:65",
            "fingerprint",
            "e7d705a3286e19ea42f587b344ee6865",
        ),
        (
            "t13d1516h2_8daaf6152771_02713d6af862",
            "fingerprint",
            "t13d1516h2_8daaf6152771_02713d6af862",
        ),
        ("serial:0A:0B", "fingerprint", "serial:0a0b"),
    ] {
        let (json, said) = ask(text);
        assert_eq!(json["match"], how, "{text}: {said}");
        assert_eq!(json["indicator"], indicator, "{text}");
        assert_eq!(json["pack"], "t", "{text}");
        assert!(said.contains(": match, "), "{said}");
    }
}

#[test]
fn what_is_not_listed_says_why() {
    for (text, near) in [
        (
            "192.0.2.9:80",
            "192.0.2.9:443 is listed, but for these ports only",
        ),
        (
            "192.0.2.0/24",
            "2 addresses and networks in it are listed: 192.0.2.9:443",
        ),
        (
            "203.0.113.7",
            "evil.example, which is listed, had this address on 2018-08-01: history is never matched",
        ),
        (
            "http://www.google.com/good",
            "https://www.google.com/bad is listed, but not this path",
        ),
        (
            "x.host.shared.example",
            "host.shared.example is listed as this one host only, not with the names below it",
        ),
        (
            "gate.example",
            "gate.example is listed for the names below it only, not for itself",
        ),
    ] {
        let (json, said) = ask(text);
        assert_eq!(json["match"], Value::Null, "{text}: {said}");
        let near_json = json["near"].as_array().unwrap();
        assert!(
            near_json.iter().any(|n| n["why_not"] == near),
            "{text}: {json}"
        );
        assert!(said.contains(&format!("\n  near      {near}")), "{said}");
    }
    // The host of a listed URL is listed by itself, where that harms nobody.
    assert_eq!(ask("shared.example").0["match"], "exact");
}

#[test]
fn a_url_says_which_part_of_it_matched() {
    for (text, part, also) in [
        (
            "http://evil.example/worse?x=1",
            "both its host and its path",
            1,
        ),
        ("http://evil.example/", "its host, whatever the path", 0),
        ("http://other.example/", "neither its host nor its path", 0),
    ] {
        let (json, said) = ask(text);
        assert!(said.contains(&format!("  matched   {part}")), "{said}");
        assert_eq!(json["also"].as_array().map_or(0, Vec::len), also, "{json}");
    }
}

#[test]
fn expiry_and_exceptions_are_part_of_the_answer() {
    let (json, said) = ask("old.example");
    assert_eq!(json["expired"], true);
    assert!(
        said.contains("it does not count: its last day was 2026-01-31"),
        "{said}"
    );
    assert!(said.contains("allowed   no longer, by entry 3"), "{said}");
    let (json, said) = ask("last.example");
    assert_eq!(
        (&json["expired"], &json["allowed"]["always"]),
        (&false.into(), &true.into())
    );
    assert!(said.contains("it counts, until 2026-02-01"), "{said}");
    assert!(
        said.contains("no alert, by entry 1") && said.contains("our sinkhole"),
        "{said}"
    );
    let (json, said) = ask("evil.example");
    assert_eq!(json["allowed"]["always"], false);
    assert!(
        said.contains("no alert for some contacts, by entry 2"),
        "{said}"
    );
    assert_eq!(ask("192.0.2.1").0["allowed"]["always"], true);
    assert_eq!(ask("198.51.100.1").0["allowed"], Value::Null);
}

#[test]
fn entries_that_were_left_out_are_told() {
    let (json, said) = ask("www.google.com");
    assert_eq!(json["match"], Value::Null);
    assert!(said.contains("t.yaml:4: `google.com` is among"), "{said}");
    assert!(said.contains("  guarded   www.google.com "), "{said}");
    let (json, said) = ask("seen.example");
    assert_eq!(json["left_out"][0]["line"], 2, "{said}");
    assert!(
        said.contains("list.json:2: `seen.example` is among the "),
        "{said}"
    );
    let (_, said) = ask("10.0.0.1");
    assert!(said.contains("[private]"), "{said}");
}

#[test]
fn what_was_done_to_the_question_is_said() {
    let (json, said) = ask("bücher.example");
    assert_eq!(json["unicode"], "bücher.example");
    assert_eq!(json["name"], "xn--bcher-kva.example");
    for piece in [
        "xn--bcher-kva.example: match, exact\n  asked     bücher.example\n",
        "on the wire it is xn--bcher-kva.example",
        "  says      bücher.example",
        "searched  xn--bcher-kva.example (listed, suffix), example; then 1 keyword in it",
    ] {
        assert!(said.contains(piece), "no {piece:?} in {said}");
    }
    assert!(ask("hxxp://evil[.]example/").1.contains("it was defanged"));
    let (json, said) = ask("a\u{1b}[2J b");
    assert!(json["error"].is_string());
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn hostile_questions_are_answered() {
    for text in [
        "a.".repeat(50_000),
        ".".repeat(100_000),
        "[.]".repeat(30_000),
        "a/".repeat(50_000),
        "0".repeat(100_000),
        format!("http://{}", "a.".repeat(50_000)),
    ] {
        let (json, _) = ask(&text);
        assert_ne!(json["match"], "exact");
    }
}
