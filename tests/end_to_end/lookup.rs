//! `lookup`: listed or not, and why.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{Folder, captures, run, run_line, run_with};

const LISTED: &str = "free247downloads.com";

fn looked_up(name: &str) -> Value {
    let lines = run(["lookup", "--json", name])
        .exits(0)
        .says_nothing()
        .json();
    assert_eq!(lines.len(), 1);
    lines[0].clone()
}

#[test]
fn a_listed_name_matches_and_so_do_names_below_it() {
    for (name, how) in [
        (LISTED, "exact"),
        ("bun54l2b67.get1tn0w.free247downloads.com", "below"),
        ("FREE247Downloads.COM", "exact"),
        ("free247downloads.com.", "exact"),
        ("WWW.Free247Downloads.com.", "below"),
    ] {
        let found = looked_up(name);
        assert_eq!(found["match"], how, "{name}");
        assert_eq!(found["indicator"], LISTED);
        assert_eq!(found["pack"], "pegasus");
    }
    let text = run(["lookup", "x.free247downloads.com"]).exits(0).stdout;
    for piece in [
        "match, below free247downloads.com",
        "pegasus",
        "v4",
        "Amnesty",
    ] {
        assert!(text.contains(piece), "no {piece:?} in {text}");
    }
}

#[test]
fn look_alikes_do_not_match_and_are_told_apart() {
    for name in [
        "notfree247downloads.com",
        "free247downloads.com.au",
        "free247downloads.com.example.org",
        "free247downloads.org",
        "com",
        "example.com",
    ] {
        assert_eq!(looked_up(name)["match"], Value::Null, "{name}");
        let text = run(["lookup", name]).exits(0).stdout;
        assert!(text.starts_with(&format!("{name}: no match")), "{text}");
    }
    let text = run(["lookup", "notfree247downloads.com"]).exits(0).stdout;
    assert!(text.contains("free247downloads.com, but"), "{text}");
}

#[test]
fn names_come_from_standard_input_too() {
    let input = format!("example.com\n\n  {LISTED}\r\na.{LISTED}");
    let ran = run_with(["lookup", "--json", "-"], input.as_bytes()).exits(0);
    let asked: Vec<Value> = ran
        .json()
        .iter()
        .map(|line| line["asked"].clone())
        .collect();
    assert_eq!(asked, ["example.com", LISTED, &format!("a.{LISTED}")]);
}

#[test]
fn matches_only_leaves_the_others_out() {
    let input = format!("example.com\n{LISTED}\nexample.org\n");
    let ran = run_with(
        ["lookup", "--matches-only", "--json", "-"],
        input.as_bytes(),
    )
    .exits(0);
    assert_eq!(ran.json().len(), 1);
    assert_eq!(ran.json()[0]["asked"], LISTED);
    assert_eq!(
        run_line("lookup --matches-only example.com")
            .exits(0)
            .stdout,
        ""
    );
}

#[test]
fn exit_code_tells_scripts_of_matches() {
    run(["lookup", "--exit-code", "example.com"]).exits(0);
    run(["lookup", "--exit-code", "example.com", LISTED]).exits(1);
    run(["lookup", "--exit-code", LISTED, "not a name"]).exits(2);
}

#[test]
fn what_is_nothing_is_refused_by_its_line_and_the_others_are_answered() {
    let input = format!("example.com\na@{LISTED}\n{LISTED}\na b\n");
    let ran = run_with(["lookup", "-"], input.as_bytes()).exits(2);
    assert!(ran.stdout.contains("example.com: no match"));
    assert!(ran.stdout.contains(&format!("{LISTED}: match, exact")));
    let ran = ran.says(&["line 2: ", "is a mail address", "line 4: ", "white space"]);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[test]
fn urls_addresses_and_fingerprints_are_looked_up_however_they_are_written() {
    let folder = Folder::new();
    let rules = folder.file(
        "mine.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domains: [evil.example.org, xn--bcher-kva.example]\n    \
         networks: [192.0.2.0/24]\n    urls: [\"https://shared.example.org/bad\"]\n    \
         ja3: [e7d705a3286e19ea42f587b344ee6865]\n",
    );
    let asked = [
        ("hxxps://x[.]evil[.]example[.]org/y", "below"),
        ("https://shared.example.org/bad/x", "url"),
        ("b\u{fc}cher.example", "exact"),
        ("192.0.2.7:443", "address"),
        ("e7d705a3286e19ea42f587b344ee6865", "fingerprint"),
    ];
    let list: String = asked
        .iter()
        .map(|(text, _)| format!("{text}\nexample.net\n"))
        .collect();
    let arguments = ["lookup", "--rules", &rules, "--json", "--matches-only", "-"];
    let lines = run_with(arguments, list.as_bytes())
        .exits(0)
        .says_nothing()
        .json();
    let found: Vec<(&str, &str)> = lines
        .iter()
        .map(|line| {
            (
                line["asked"].as_str().unwrap(),
                line["match"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(found, asked);
}

#[test]
fn lines_that_cannot_be_names_do_not_end_the_list() {
    let mut input = vec![b'a'; 1 << 20];
    input.extend(b"\n\xff\xfe\n");
    input.extend(LISTED.as_bytes());
    let ran = run_with(["lookup", "--json", "-"], &input).exits(2);
    assert_eq!(ran.json().len(), 1);
    ran.says(&["line 1: longer than any name", "line 2: not UTF-8"]);
}

#[test]
fn a_rule_file_replaces_the_built_in_pack() {
    let folder = Folder::new();
    let rules = folder.file(
        "mine.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domains: [evil.example.org]\n",
    );
    let lines = run([
        "lookup",
        "--json",
        "--rules",
        &rules,
        "x.evil.example.org",
        LISTED,
    ])
    .exits(0)
    .says_nothing()
    .json();
    assert_eq!(
        (&lines[0]["match"], &lines[0]["pack"]),
        (&"below".into(), &"mine".into())
    );
    assert_eq!(lines[1]["match"], Value::Null);
    // The same flags mean the same to `replay`.
    let capture = "pcaps/infection-redirect.pcap";
    let ran = run(["replay", capture, "--rules", &rules, "--exit-code"]).exits(0);
    assert_eq!(ran.stdout, "");
    run([
        "replay",
        capture,
        "--rules",
        &rules,
        "--pack",
        "pegasus",
        "--exit-code",
    ])
    .exits(1);
}

#[test]
fn a_misspelt_key_is_refused_with_its_place_and_the_right_word() {
    let folder = Folder::new();
    let rules = folder.file(
        "mine.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domians: [evil.example.org]\n",
    );
    for arguments in [["lookup", "example.com"], ["replay", "pcaps/raw-ip.pcap"]] {
        let ran = run(arguments.iter().copied().chain(["--rules", &rules])).exits(2);
        assert_eq!(ran.stdout, "");
        ran.says(&[&format!("{rules}:4"), "domians", "`domains`"]);
    }
}

#[test]
fn a_defective_entry_is_said_and_the_others_count() {
    let folder = Folder::new();
    let rules = folder.file(
        "mine.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domains:\n      - evil.example.org\n      \
         - https://bad.example.net/x\n",
    );
    let ran = run(["lookup", "--rules", &rules, "evil.example.org"]).exits(2);
    assert!(ran.stdout.contains("match, exact"));
    ran.says(&[&format!("{rules}:6"), "is a URL", "bad.example.net"]);
}

#[test]
fn an_absent_rule_file_is_an_error() {
    run_line("lookup --rules absent.yaml example.com")
        .exits(2)
        .says(&["absent.yaml"]);
}

#[test]
fn other_packs_come_on_request() {
    // From rules/predator.yaml and rules/candiru.yaml.
    let names = ["2y4nothing.xyz", "ambiguouscommerce.com", LISTED];
    let matches = |flags: &[&str]| -> Vec<bool> {
        let arguments = ["lookup", "--json"]
            .into_iter()
            .chain(flags.iter().copied());
        let lines = run(arguments.chain(names)).exits(0).json();
        lines.iter().map(|line| line["match"] == "exact").collect()
    };
    assert_eq!(matches(&[]), [false, false, true]);
    assert_eq!(matches(&["--pack", "predator"]), [true, false, true]);
    assert_eq!(
        matches(&["--pack", "predator", "--pack", "candiru"]),
        [true, true, true]
    );
    assert_eq!(matches(&["--pack", "all"]), [true, true, true]);
}

#[test]
fn an_unknown_pack_is_refused_with_those_there_are() {
    run_line("lookup --pack nope example.com")
        .exits(2)
        .says(&["`nope`", "pegasus", "predator", "candiru", "or all"]);
    run_line("replay --pack predater pcaps/raw-ip.pcap")
        .exits(2)
        .says(&["did you mean `predator`?"]);
}

/// `names ... | lookup -` and `replay` are two ways to one answer.
#[test]
fn lookup_and_replay_agree_on_every_name_of_the_captures() {
    let arguments = |command: &str| [vec![command.to_owned()], captures()].concat();
    let observed = run(arguments("names")).exits(0).json();
    let names: BTreeSet<&str> = observed
        .iter()
        .map(|l| l["name"].as_str().unwrap())
        .collect();
    let list: String = names.iter().map(|name| format!("{name}\n")).collect();
    let answer = |value: &Value| {
        ["name", "indicator", "match", "pack"].map(|key| value[key].as_str().unwrap().to_owned())
    };
    let found: BTreeSet<_> = run_with(["lookup", "--json", "--matches-only", "-"], list.as_bytes())
        .exits(0)
        .says_nothing()
        .json()
        .iter()
        .map(answer)
        .collect();
    let alerted: BTreeSet<_> = run(arguments("replay"))
        .exits(0)
        .json()
        .iter()
        .map(|event| answer(&event["alert"]["context"]))
        .collect();
    assert!(found.len() > 50);
    assert_eq!(found, alerted);
}
