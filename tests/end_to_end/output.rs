//! Where alerts go: `--alerts`, `--eve`, and which of them claims standard output.

use crate::harness::{Folder, Ran, command, repository, run, run_line};

const CAPTURE: &str = "pcaps/infection-redirect.pcap";

#[test]
fn standard_output_that_is_no_terminal_gets_eve() {
    let auto = run(["replay", CAPTURE]).exits(0);
    assert!(!auto.json().is_empty());
    for arguments in [
        ["replay", CAPTURE, "--alerts", "eve"],
        ["replay", CAPTURE, "--eve", "-"],
        ["replay", CAPTURE, "--alerts", "auto"],
    ] {
        assert_eq!(run(arguments).exits(0).stdout, auto.stdout, "{arguments:?}");
    }
}

#[test]
fn eve_to_a_file_leaves_standard_output_to_people() {
    let folder = Folder::new();
    let path = folder.file("eve.json", "what was here before\n");
    let ran = run(["replay", CAPTURE, "--eve", &path]).exits(0);
    let text = run(["replay", CAPTURE, "--alerts", "text"]).exits(0).stdout;
    assert_eq!(ran.stdout, text);
    let eve = run(["replay", CAPTURE]).exits(0).stdout;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), eve);
    assert_eq!(text.lines().count(), eve.lines().count());

    let ran = run(["replay", CAPTURE, "--eve", &path, "--alerts", "none"]).exits(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), eve);
}

#[test]
fn a_line_for_people_says_who_did_what() {
    let text = run(["replay", CAPTURE, "--alerts", "text"]).exits(0).stdout;
    let line = text
        .lines()
        .find(|line| line.contains("connected to") && line.contains("free247downloads"))
        .unwrap();
    for piece in [
        "2019-07-15 12:00:1",
        "10.0.0.7",
        "bun54l2b67.get1tn0w.free247downloads.com at ",
        ":30495",
        "[below free247downloads.com]",
        "pegasus v4",
    ] {
        assert!(line.contains(piece), "no {piece:?} in {line:?}");
    }
    assert!(!text.contains('\x1b'), "colours only on a terminal");
}

#[test]
fn no_alerts_asked_for_none_given_but_counted() {
    let ran = run(["replay", CAPTURE, "--alerts", "none", "--summary", "json"]).exits(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.summary()["verdict"]["status"], "alerts");
}

#[test]
fn two_claims_to_one_place_are_refused() {
    run(["replay", CAPTURE, "--eve", "-", "--alerts", "text"])
        .exits(2)
        .says(&["--eve -", "--alerts", "give only one"]);
    let folder = Folder::new();
    let path = folder.file("eve.json", "alerts of yesterday\n");
    run(["replay", CAPTURE, "--eve", &path, "--alerts", "eve"])
        .exits(2)
        .says(&["EVE goes to one place"]);
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        kept, "alerts of yesterday\n",
        "refused, and emptied all the same"
    );
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    let path = folder.path().join("absent/eve.json");
    let path = path.to_str().unwrap();
    run(["replay", CAPTURE, "--eve", path])
        .exits(2)
        .says(&[path]);
}

#[test]
fn a_full_disk_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        return; // only some systems have this device
    }
    run(["replay", CAPTURE, "--eve", "/dev/full", "--summary", "none"])
        .exits(2)
        .says(&["cannot write the output"]);
}

#[test]
fn the_summary_goes_to_standard_error_in_the_form_asked_for() {
    let text = run(["replay", CAPTURE]).exits(0);
    let text = text.says(&["Read ", "Names ", "Rules ", "Verdict: "]);
    assert!(!text.stdout.contains("Verdict"));
    run(["replay", CAPTURE, "--summary", "none"])
        .exits(0)
        .says_nothing();
    let summary = run_line("names pcaps/raw-ip.pcap --summary json")
        .exits(0)
        .summary();
    assert_eq!(summary["alerts"]["total"], 0);
    assert_eq!(summary["rules"], serde_json::json!([]));
}

/// A slip of the hand must not destroy evidence: the file is made anew before anything is read.
#[test]
fn eve_never_overwrites_what_is_read() {
    let folder = Folder::new();
    let evidence = std::fs::read(repository().join(CAPTURE)).unwrap();
    let path = folder.file("a.pcap", &evidence);
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let link = link.to_str().unwrap();
    for (input, eve) in [(&path, path.as_str()), (&folder.text(), link)] {
        let ran = run(["replay", input, "--eve", eve]).exits(2);
        let unharmed = std::fs::read(&path).unwrap() == evidence;
        assert!(unharmed, "{input} {eve}");
        ran.says(&[eve, "one of the captures", "another file"]);
    }
    let child = command(["replay", "-", "--eve", &path])
        .stdin(std::fs::File::open(&path).unwrap())
        .spawn()
        .unwrap();
    Ran::wait(child).exits(2).says(&["one of the captures"]);
    assert!(std::fs::read(&path).unwrap() == evidence);
}

#[test]
fn eve_never_overwrites_a_rule_file_of_a_folder() {
    let folder = Folder::new();
    let rules = std::fs::read(repository().join("rules/pegasus.yaml")).unwrap();
    let path = folder.file("mine.yaml", &rules);
    run(["replay", CAPTURE, "--rules", &folder.text(), "--eve", &path])
        .exits(2)
        .says(&["captures or rules", "another file"]);
    assert!(std::fs::read(&path).unwrap() == rules);
}

#[test]
fn standard_output_is_never_appended_to_an_input() {
    let folder = Folder::new();
    let evidence = std::fs::read(repository().join(CAPTURE)).unwrap();
    let path = folder.file("a.pcap", &evidence);
    for what in ["replay", "names"] {
        let out = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        let child = command([what, &path]).stdout(out).spawn().unwrap();
        Ran::wait(child)
            .exits(2)
            .says(&["standard output goes to this input"]);
        assert!(std::fs::read(&path).unwrap() == evidence, "{what}");
    }
}

#[test]
fn closed_files_in_a_folder_limit_the_verdict() {
    let folder = Folder::new();
    folder.file("a.pcap", std::fs::read(repository().join(CAPTURE)).unwrap());
    folder.file("b.pcap.1", *b"\xfd7zXZ\0\0\x04 and what is inside");
    folder.file("README", "words");
    let summary = run(["replay", &folder.text(), "--summary", "json"])
        .exits(0)
        .summary();
    let limits = summary["verdict"]["limits"].to_string();
    assert!(
        limits.contains("1 skipped file may hold packets"),
        "{limits}"
    );
}
