//! What `lookup` says about a name.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)] // it is a test

use bellerophon::rules::{Explainer, LoadOptions, RuleSet, load};

fn rules(yaml: &str) -> RuleSet {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.yaml");
    std::fs::write(&file, yaml).unwrap();
    load(&LoadOptions {
        rules: vec![file],
        packs: Vec::new(),
        ..LoadOptions::default()
    })
    .unwrap()
    .rules
}

fn small() -> RuleSet {
    rules(
        "bellerophon: 1\npack: t\ngroups:\n  - domains: [evil.com, a.b.example, c.b.example]\n    \
         exact: [host.shared.example]\n    below: [gate.example]\n",
    )
}

#[test]
fn a_match_names_everything_that_is_known() {
    let rules = load(&LoadOptions::default()).unwrap().rules;
    let explained = Explainer::new(&rules).explain("x.Y.Banca-Movil.com.");
    assert!(explained.is_match());
    assert_eq!(
        explained.to_string(),
        "\
x.y.banca-movil.com: match, below banca-movil.com
  pack      pegasus, NSO Group Pegasus (built in)
  generation v2+v3
  published 2016-08-24
  severity  critical, confidence high
  source    The Million Dollar Dissident: NSO Group's iPhone Zero-Days used against a UAE Human \
Rights Defender, Citizen Lab, 2016-08-24, \
https://citizenlab.ca/2016/08/million-dollar-dissident-iphone-zero-day-nso-group-uae/
  source    Amnesty International among targets of NSO-powered campaign, Amnesty International, \
2018-08-01, https://www.amnesty.org/en/latest/research/2018/08/amnesty-international-among-targets-of-nso-powered-campaign/
  source    Forensic Methodology Report: How to catch NSO Group's Pegasus, Amnesty International \
Security Lab, 2021-07-18, https://www.amnesty.org/en/latest/research/2021/07/forensic-methodology-report-how-to-catch-nso-groups-pegasus/
  history   149.255.36.138 on 2018-08-01, never matched"
    );
    let json = explained.to_json();
    for (key, want) in [
        ("asked", "x.Y.Banca-Movil.com."),
        ("name", "x.y.banca-movil.com"),
        ("match", "below"),
        ("indicator", "banca-movil.com"),
        ("scope", "suffix"),
        ("pack", "pegasus"),
        ("generation", "v2+v3"),
        ("first_published", "2016-08-24"),
        ("severity", "critical"),
    ] {
        assert_eq!(json[key], want, "{key}");
    }
    assert_eq!(json["sources"][0]["id"], "citizenlab-2016");
    assert_eq!(json["resolved"][0]["addresses"][0], "149.255.36.138");
}

#[test]
fn a_miss_says_what_came_near() {
    let rules = small();
    let explainer = Explainer::new(&rules);
    for (name, near) in [
        ("innocent.example.org", None),
        (
            "notevil.com",
            Some(
                "look_alike: it ends with the letters of evil.com, but is another registered name",
            ),
        ),
        (
            "x.not-evil.com",
            Some(
                "look_alike: it ends with the letters of evil.com, but is another registered name",
            ),
        ),
        (
            "x\\.evil.com",
            Some(
                "look_alike: it ends with the letters of evil.com, but is another registered name",
            ),
        ),
        (
            "evil.com.au",
            Some("goes_on: it begins like evil.com, but belongs to another domain"),
        ),
        (
            "www.evil.com.au",
            Some("goes_on: it holds evil.com, but belongs to another domain"),
        ),
        (
            "x.host.shared.example",
            Some(
                "out_of_scope: host.shared.example is listed as this one host only, not with the names below it",
            ),
        ),
        (
            "shared.example",
            Some("parent_of_listed: host.shared.example is listed, but this is a parent of it"),
        ),
        (
            "gate.example",
            Some(
                "out_of_scope: gate.example is listed for the names below it only, not for itself",
            ),
        ),
        (
            "b.example",
            Some(
                "parent_of_listed: 2 names below it are listed, for instance a.b.example, but it is not",
            ),
        ),
    ] {
        let json = explainer.explain(name).to_json();
        assert_eq!(json["match"], serde_json::Value::Null, "{name}");
        let got = json["near"].as_array().unwrap().first().map(|n| {
            format!(
                "{}: {}",
                n["kind"].as_str().unwrap(),
                n["why_not"].as_str().unwrap()
            )
        });
        assert_eq!(got.as_deref(), near, "{name}");
    }
    assert_eq!(
        explainer.explain("notevil.com").to_string(),
        "notevil.com: no match: no indicator is this name or a parent of it\n  near      it ends \
         with the letters of evil.com, but is another registered name"
    );
}

#[test]
fn what_is_no_name_is_said_to_be_none() {
    let rules = small();
    let explainer = Explainer::new(&rules);
    for (asked, said) in [
        (
            "https://evil.com/x",
            "https://evil.com/x: not a name: `https://evil.com/x` is a URL: give its host name: `evil.com`",
        ),
        (
            "a\u{1b}[2J b",
            "a\\u{1b}[2J b: not a name: `a\\u{1b}[2J b` holds white space: ask for one name at a time; write a byte of a label as \\DDD",
        ),
        ("", ": not a name: the name is empty: give a domain name"),
        (
            "evil[.]com",
            "evil[.]com: not a name: `evil[.]com` is defanged: write `evil.com`",
        ),
    ] {
        let explained = explainer.explain(asked);
        assert!(!explained.is_match());
        assert_eq!(explained.to_string(), said);
        assert!(explained.to_json()["error"].is_string());
    }
}

#[test]
fn hostile_names_are_answered() {
    let rules = small();
    let explainer = Explainer::new(&rules);
    for name in [
        "a.".repeat(50_000),
        "\\".repeat(100_000),
        ".".repeat(100_000),
        "evil.com".repeat(9_999),
    ] {
        assert!(!explainer.explain(&name).is_match());
    }
}
