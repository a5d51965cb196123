//! `generate`: what it makes is found again by `replay`, to the last contact, and nothing else is.

use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Folder, Ran, command, json_lines, run, run_line};

/// (packet, kind, name, indicator, match, addresses and ports)
type Contact = (u64, [String; 4], [Value; 4]);

fn planted(line: &Value) -> Contact {
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    (
        line["packet"].as_u64().unwrap(),
        ["kind", "name", "indicator", "match"].map(text),
        ["src", "sport", "dst", "dport"].map(|key| line[key].clone()),
    )
}

fn alerted(event: &Value) -> Contact {
    let context = &event["alert"]["context"];
    let text = |key: &str| context[key].as_str().unwrap().to_owned();
    (
        event["pcap_cnt"].as_u64().unwrap(),
        ["kind", "name", "indicator", "match"].map(text),
        ["src_ip", "src_port", "dest_ip", "dest_port"].map(|key| event[key].clone()),
    )
}

struct Made {
    /// The capture is there as long as this is.
    _folder: Folder,
    capture: String,
    contacts: Vec<Contact>,
    statement: Value,
}

/// Makes a capture and its record of planted contacts.
fn make(workload: &str, more: &[&str]) -> Made {
    let folder = Folder::new();
    let capture = format!("{}/{workload}.pcap", folder.text());
    let record = format!("{}/planted.json", folder.text());
    let mut arguments = vec![
        "generate",
        workload,
        "-o",
        &capture,
        "--planted",
        &record,
        "--json",
    ];
    arguments.extend(more);
    let ran = run(&arguments).exits(0).says_nothing();
    let lines = json_lines(&std::fs::read_to_string(&record).unwrap());
    Made {
        contacts: lines.iter().map(planted).collect(),
        statement: ran.json()[0].clone(),
        capture,
        _folder: folder,
    }
}

/// Asserts that `replay` finds what was planted and nothing else, with one worker and with three.
#[track_caller]
fn finds_all(made: &Made, more: &[&str]) {
    let mut expected = made.contacts.clone();
    expected.sort_by_key(|contact| contact.0);
    for workers in ["1", "3"] {
        let mut arguments = vec![
            "replay",
            &made.capture,
            "--workers",
            workers,
            "--summary",
            "none",
        ];
        arguments.extend(more);
        let ran = run(&arguments).exits(0).says_nothing();
        // Addresses of answers and of servers are of one range: that they meet is chance.
        let by_chance = |alert: &&Value| alert["alert"]["context"]["kind"] == "resolved_address";
        let alerts = ran.json();
        let found: Vec<Contact> = alerts
            .iter()
            .filter(|a| !by_chance(a))
            .map(alerted)
            .collect();
        // All of it at once would be too much to read.
        let other = found.iter().zip(&expected).find(|(a, b)| a != b);
        assert_eq!(other, None, "{workers} workers");
        assert_eq!(found.len(), expected.len(), "{workers} workers");
    }
}

#[test]
fn replay_finds_every_planted_contact_of_every_workload_and_no_other() {
    for (workload, kinds) in [
        (
            "mix",
            &[
                "dns_query",
                "dns_answer",
                "tls_sni",
                "quic_sni",
                "http_host",
                "x509_san",
            ][..],
        ),
        ("dns", &["dns_query", "dns_answer"]),
        ("tls", &["tls_sni", "x509_san"]),
    ] {
        let made = make(workload, &["--packets", "40000", "--plant-every", "100"]);
        assert!(made.contacts.len() > 300, "{workload}");
        assert_eq!(made.statement["contacts"], made.contacts.len());
        for kind in kinds {
            let count = made
                .contacts
                .iter()
                .filter(|contact| contact.1[0] == *kind)
                .count();
            assert!(count > 0, "{workload} {kind}");
            assert_eq!(made.statement["planted"][kind], count, "{workload} {kind}");
        }
        finds_all(&made, &[]);
    }
}

/// Also where the capture breaks off in the middle of everything.
#[test]
fn what_is_planted_is_whole_wherever_the_capture_ends() {
    for seed in 1..12 {
        let (seed, packets) = (seed.to_string(), (300 + seed * 7).to_string());
        for workload in ["mix", "dns", "tls"] {
            let made = make(
                workload,
                &[
                    "--packets",
                    &packets,
                    "--seed",
                    &seed,
                    "--plant-every",
                    "2",
                    "--flows",
                    "40",
                ][..if workload == "dns" { 6 } else { 8 }],
            );
            finds_all(&made, &[]);
        }
    }
}

#[test]
fn floods_and_junk_raise_nothing() {
    for workload in ["syn", "junk"] {
        let made = make(workload, &["--packets", "20000"]);
        assert_eq!(made.statement["contacts"], 0);
        finds_all(&made, &["--pack", "all"]);
        let ran = run(["names", &made.capture, "--summary", "none"]).exits(0);
        let names = ran.json();
        assert!(
            names.iter().all(|name| name["kind"] != "tls_sni"),
            "{workload}"
        );
        assert!(
            names.iter().all(|name| name["kind"] != "quic_sni"),
            "{workload}"
        );
        assert!(
            names.iter().all(|name| name["kind"] != "http_host"),
            "{workload}"
        );
    }
}

/// Innocent names match no list, and a list of any size can be planted.
#[test]
fn a_generated_list_is_a_rule_pack_whose_names_can_be_planted() {
    let folder = Folder::new();
    let list = format!("{}/list.yaml", folder.text());
    let line = format!("generate list --names 3000 --seed 5 -o {list} --json");
    let statement = run_line(&line).exits(0).says_nothing().json()[0].clone();
    assert_eq!(statement["names"], 3_000);
    assert_eq!(statement["bytes"], std::fs::metadata(&list).unwrap().len());
    let rules = [
        "--packets",
        "20000",
        "--plant-every",
        "200",
        "--rules",
        &list,
    ];
    let made = make("mix", &rules);
    assert!(made.contacts.len() > 50);
    finds_all(&made, &["--rules", &list]);
    // Of other rules there is nothing in it.
    let ran = run(["replay", &made.capture, "--pack", "all"]).exits(0);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_capture_on_standard_output_is_that_of_the_file_and_the_statement_goes_elsewhere() {
    let made = make("dns", &["--packets", "500", "--micros"]);
    let output = command([
        "generate",
        "dns",
        "-o",
        "-",
        "--packets",
        "500",
        "--micros",
        "--json",
    ])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, std::fs::read(&made.capture).unwrap());
    let statement = String::from_utf8(output.stderr).unwrap();
    assert_eq!(json_lines(&statement), [made.statement]);
}

#[test]
fn the_statement_for_people_has_the_numbers() {
    let folder = Folder::new();
    let line = format!(
        "generate tls --size 3M --plant-every 500 -o {}/x",
        folder.text()
    );
    let ran = run_line(&line).exits(0).says_nothing();
    for piece in [
        "tls: ",
        " packets of 2",
        " flows, ",
        " contacts planted: tls_sni ",
        " GB/s)",
    ] {
        assert!(ran.stdout.contains(piece), "{piece}: {}", ran.stdout);
    }
    let size = std::fs::metadata(folder.path().join("x")).unwrap().len();
    assert!(size <= 3_000_000 && size > 2_900_000, "{size}");
    assert!(ran.stdout.contains(&format!(" {size} bytes")));
}

#[test]
fn bad_options_are_refused_with_a_reason() {
    let folder = Folder::new();
    let to = format!("-o {}/x", folder.text());
    let rules = folder.file(
        "rules.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domains: [xqbarado.com]\n",
    );
    for (line, reason) in [
        (format!("generate mix {to}"), "--packets"),
        ("generate mix --packets 5".to_owned(), "--output"),
        (format!("generate mix {to} --packets 0"), "0 is not in"),
        (
            format!("generate mix {to} --packets 5 --size 1M"),
            "cannot be used with",
        ),
        (format!("generate mix {to} --size 5Q"), "no size"),
        (format!("generate mix {to} --size 1K"), "no room"),
        (
            format!("generate mix {to} --packets 5 --flows 0"),
            "0 is not in",
        ),
        (
            format!("generate dns {to} --packets 5 --flows 9"),
            "dns has no flows",
        ),
        (
            format!("generate syn {to} --packets 5 --plant-every 9"),
            "syn has no names",
        ),
        (
            format!("generate mix {to} --packets 5 --pack pegasos"),
            "did you mean",
        ),
        (
            format!("generate mix {to} --packets 5 --rules {rules}"),
            "xqbarado.com",
        ),
        (
            format!("generate mix -o {rules} --packets 5 --rules {rules}"),
            "",
        ),
        (
            format!("generate mix {to} --packets 5 --planted -"),
            "--planted",
        ),
        (
            format!("generate mix -o {} --packets 5", folder.text()),
            "cannot make",
        ),
        (format!("generate list {to}"), "--names"),
        (format!("generate list {to} --names 0"), "0 is not in"),
        (format!("generate flood {to} --packets 5"), "flood"),
    ] {
        let ran = run_line(&line).exits(2).says(&[reason]);
        assert_eq!(ran.stdout, "", "{line}");
        assert!(!folder.path().join("x").exists(), "{line}");
    }
}

#[test]
fn nothing_is_written_over_the_rules_or_over_the_capture() {
    let folder = Folder::new();
    let yaml = "bellerophon: 1\npack: mine\ngroups:\n  - domains: [evil.example]\n";
    let rules = folder.file("rules.yaml", yaml);
    for line in [
        format!("generate dns --packets 5 --rules {rules} -o {rules}"),
        format!("generate dns --packets 5 --rules {rules} -o /dev/null --planted {rules}"),
    ] {
        run_line(&line).exits(2).says(&["overwrite the rules"]);
        assert_eq!(std::fs::read_to_string(&rules).unwrap(), yaml);
    }
    let old = folder.file("old.pcap", "precious");
    let line = format!("generate dns --packets 5 -o {old} --planted {old}");
    run_line(&line).exits(2).says(&["same file"]);
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "precious");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    for line in [
        "generate mix --packets 5 -o /dev/full",
        "generate list --names 5 -o /dev/full",
        "generate dns --packets 500 --plant-every 10 -o /dev/null --planted /dev/full",
    ] {
        let ran = run_line(line)
            .exits(2)
            .says(&["/dev/full: cannot write", "No space left"]);
        assert_eq!(ran.stdout, "", "{line}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_an_error() {
    for line in [
        "generate mix --size 100M -o -",
        "generate list --names 1000000 -o -",
    ] {
        let mut child = command(line.split(' '))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        Ran::wait(child)
            .exits(2)
            .says(&["standard output went away"]);
    }
}

/// A list so long that DNS messages are looked at before their turn.
#[test]
fn contacts_of_a_long_list_are_found() {
    let folder = Folder::new();
    let list = format!("{}/list.yaml", folder.text());
    run(["generate", "list", "--names", "200000", "-o", &list]).exits(0);
    for workload in ["dns", "mix", "tls"] {
        let more = [
            "--packets",
            "20000",
            "--plant-every",
            "100",
            "--rules",
            &list,
        ];
        let made = make(workload, &more);
        assert!(made.contacts.len() > 20, "{workload}");
        finds_all(&made, &["--rules", &list]);
    }
}
