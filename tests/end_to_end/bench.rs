//! `bench`: what it measures is there, and what it finds is compared with what was planted. How long
//! anything took is nothing that a test can know.

use serde_json::Value;

use crate::harness::{Folder, Ran, run, run_line};

/// The one line of `--json`.
#[track_caller]
fn figures(ran: &Ran) -> Value {
    let mut lines = ran.json();
    assert_eq!(lines.len(), 1, "{}", ran.stdout);
    lines.remove(0)
}

/// Small, with enough planted.
const SMALL: &str = "--packets 6000 --plant-every 100 --flows 50 --runs 2";

#[test]
fn every_workload_is_measured_and_all_that_is_planted_is_found() {
    let folder = Folder::new();
    let line = format!("bench {SMALL} --json --dir {}", folder.text());
    let ran = run_line(&line).exits(0).says_nothing();
    let report = figures(&ran);
    assert_eq!(report["runs"], 2);
    assert!(report["workers"].as_u64().unwrap() >= 1);
    let captures = report["captures"].as_array().unwrap();
    let names: Vec<&str> = captures
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["mix", "dns", "tls", "syn", "junk"]);
    for capture in captures {
        let name = &capture["name"];
        assert_eq!(capture["packets"], 6_000, "{name}");
        assert_eq!(capture["hits"]["missed"], 0, "{name}");
        assert_eq!(capture["hits"]["wrong"], 0, "{name}");
        assert_eq!(
            capture["hits"]["planted"], capture["hits"]["found"],
            "{name}"
        );
        let planted = capture["hits"]["planted"].as_u64().unwrap();
        assert_eq!(planted > 20, name != "syn" && name != "junk", "{name}");
        // Alerts have a latency.
        assert_eq!(capture["latency"].is_null(), planted == 0, "{name}");
        for figure in ["from_file", "from_memory"] {
            assert!(capture[figure]["packets_per_second"].as_f64().unwrap() > 0.0);
            assert!(capture[figure]["ns_per_packet"]["wall"].as_f64().unwrap() > 0.0);
        }
        for stage in ["read", "walk", "decode", "triage"] {
            assert!(
                capture["stages"][stage].as_f64().unwrap() >= 0.0,
                "{name} {stage}"
            );
        }
        let counted = &capture["instructions"];
        assert_ne!(
            counted["per_packet"].is_null(),
            counted["why_not"].is_null()
        );
    }
    // The captures are gone.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_table_has_a_column_for_each_workload_and_fits_a_terminal() {
    let ran = run_line(&format!("bench tls dns tls {SMALL} --workers 3"))
        .exits(0)
        .says_nothing();
    let heading = ran
        .stdout
        .lines()
        .find(|line| line.contains("dns"))
        .unwrap();
    assert_eq!(
        heading.split_whitespace().collect::<Vec<_>>(),
        ["tls", "dns"]
    );
    for row in [
        "3 workers, 1,444 indicators; medians of 2 runs",
        "  packets                           6,000      6,000",
        "From memory",
        "+ triage",
        "99.9 %",
        "peak memory, MB",
        "found",
    ] {
        assert!(ran.stdout.contains(row), "{row}: {}", ran.stdout);
    }
    let all = run_line("bench --packets 500 --runs 1").exits(0);
    let longest = all.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(120), "{}", all.stdout);
}

/// As a capture that was made before, and with a record that does not fit it.
#[test]
fn a_given_capture_is_compared_with_its_record() {
    let folder = Folder::new();
    let at = |name: &str| format!("{}/{name}", folder.text());
    for (name, every) in [("a", 200), ("b", 400)] {
        run_line(&format!(
            "generate dns --packets 4000 --plant-every {every} -o {} --planted {}",
            at(&format!("{name}.pcap")),
            at(&format!("{name}.json")),
        ))
        .exits(0);
    }
    let bench = |more: &str| run_line(&format!("bench --runs 1 --json {more}"));
    let ran = bench(&format!(
        "--capture {} --planted {}",
        at("a.pcap"),
        at("a.json")
    ));
    let capture = figures(&ran.exits(0).says_nothing())["captures"][0].clone();
    assert_eq!(capture["name"], at("a.pcap"));
    assert_eq!(capture["packets"], 4_000);
    assert_eq!(capture["hits"]["planted"], capture["hits"]["found"]);
    let bytes = std::fs::metadata(at("a.pcap")).unwrap().len();
    assert_eq!(capture["bytes"], bytes);

    // Nobody says what has to be found.
    let ran = bench(&format!("--capture {}", at("a.pcap")))
        .exits(0)
        .says_nothing();
    let hits = figures(&ran)["captures"][0]["hits"].clone();
    assert_eq!(hits["planted"], Value::Null);
    assert_eq!(hits["found"], capture["hits"]["found"]);

    // The figures come all the same.
    let ran = bench(&format!(
        "--capture {} --planted {}",
        at("a.pcap"),
        at("b.json")
    ))
    .exits(1)
    .says(&[
        "error: ",
        "planted contacts were not found: ",
        "alerts are for what was not planted: ",
        "(dns_",
    ]);
    let hits = figures(&ran)["captures"][0]["hits"].clone();
    assert!(hits["missed"].as_u64().unwrap() > 0);
    assert!(hits["wrong"].as_u64().unwrap() > 0);
}

#[test]
fn other_rules_are_planted_and_matched() {
    let folder = Folder::new();
    let rules = folder.file(
        "rules.yaml",
        "bellerophon: 1\npack: mine\ngroups:\n  - domains: [evil.example]\n",
    );
    let ran = run_line(&format!("bench tls {SMALL} --json --rules {rules}")).exits(0);
    let report = figures(&ran);
    assert_eq!(report["indicators"], 1);
    let hits = &report["captures"][0]["hits"];
    assert!(hits["found"].as_u64().unwrap() > 0);
    assert_eq!(hits["found"], hits["planted"]);
}

#[test]
fn captures_can_be_kept() {
    let folder = Folder::new();
    let ran = run_line(&format!(
        "bench dns syn --packets 900 --runs 1 --keep --dir {}",
        folder.text()
    ))
    .exits(0)
    .says(&["The captures are in "]);
    let (_, kept) = ran.stderr.trim().split_once(" are in ").unwrap();
    for name in ["dns", "syn"] {
        let capture = format!("{kept}/{name}.pcap");
        run(["replay", &capture, "--summary", "none"])
            .exits(0)
            .says_nothing();
    }
}

#[test]
fn bad_options_are_refused_with_a_reason() {
    let folder = Folder::new();
    let text = folder.file("text", "not a capture");
    let broken = folder.file("broken.json", "{}\n");
    let capture = "pcaps/infection-redirect.pcap";
    for (line, reason) in [
        ("bench flood".to_owned(), "flood"),
        ("bench mix --packets 0".to_owned(), "0 is not in"),
        ("bench mix --size 5Q".to_owned(), "no size"),
        (
            "bench mix --size 1M --packets 5".to_owned(),
            "cannot be used with",
        ),
        (
            format!("bench mix --capture {capture}"),
            "cannot be used with",
        ),
        (
            format!("bench --capture {capture} --seed 7"),
            "cannot be used with",
        ),
        (format!("bench --planted {broken}"), "--capture"),
        (
            format!("bench --capture {capture} --planted {broken}"),
            "line 1 is no contact",
        ),
        ("bench --runs 0".to_owned(), "0 is not in"),
        ("bench --workers 0".to_owned(), "0 is not in"),
        ("bench --pack pegasos".to_owned(), "did you mean"),
        (
            "bench --capture none.pcap".to_owned(),
            "none.pcap: No such file",
        ),
        ("bench --capture /dev/null".to_owned(), "not a regular file"),
        ("bench --capture pcaps".to_owned(), "not a regular file"),
        (format!("bench --capture {text}"), "text"),
        (format!("bench mix --dir {text}"), "cannot make a folder"),
    ] {
        let ran = run_line(&line).exits(2).says(&[reason]);
        assert_eq!(ran.stdout, "", "{line}");
    }
}

#[test]
fn what_would_not_be_measured_right_is_refused() {
    let folder = Folder::new();
    let capture = std::fs::read("pcaps/infection-redirect.pcap").unwrap();
    let cut = folder.file("cut.pcap", &capture[..capture.len() - 1]);
    run_line(&format!("bench --runs 1 --capture {cut}"))
        .exits(2)
        .says(&["cut.pcap: "]);
    for compressed in ["pcaps/phone-backup.pcap.gz", "pcaps/office.pcapng.zst"] {
        run_line(&format!("bench --capture {compressed}"))
            .exits(2)
            .says(&["compressed; decompress it"]);
    }
}
