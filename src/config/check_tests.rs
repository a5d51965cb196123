//! Tests of [`check`]: what is said, and where.

use clap::error::ErrorKind;
use proptest::prelude::*;

use super::{Report, check, merge, sample};

fn report(text: impl AsRef<[u8]>) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.yaml");
    std::fs::write(&path, text).unwrap();
    let mut report = check(&sample::command(), "watch", &path).unwrap();
    for problem in report.problems.iter_mut().chain(&mut report.warnings) {
        assert_eq!(problem.file, path.to_str().unwrap());
        problem.file = "f".to_owned();
    }
    report
}

fn problems(text: &str) -> Vec<String> {
    report(text)
        .problems
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn each_defect_names_line_key_value_and_what_is_allowed() {
    for (text, wanted) in [
        (
            "wrokers: 3",
            "f:1:1: unknown key `wrokers`: did you mean `workers`?",
        ),
        (
            "\nno_progress: true",
            "f:2:1: unknown key `no_progress`: did you mean `no-progress`?",
        ),
        (
            "colour-of-money: x",
            "f:1:1: unknown key `colour-of-money`: keys are the long flags of the command, without `--`",
        ),
        (
            "paths: [a]",
            "f:1:1: unknown key `paths`: keys are the long flags",
        ),
        (
            "iface: eth0",
            "f:1:1: `iface` is another name of a flag: write `interface`",
        ),
        (
            "output:\n  eve: x",
            "f:1:1: unknown key `output`: the file has no sections",
        ),
        (
            "config: x.yaml",
            "f:1:1: `config` cannot stand in a file: a file cannot name another one",
        ),
        (
            "help: true",
            "f:1:1: `help` cannot stand in a file: it makes sense on the command line only",
        ),
        (
            "many: [a, b]",
            "f:1:1: `many` cannot stand in a file: it takes a varying number",
        ),
        (
            "workers: 3\nring: 1M\nworkers: 4",
            "f:3:1: `workers` stands twice, before in line 1: remove one",
        ),
        (
            "workers: 300",
            "f:1:10: `workers` cannot be `300`: allowed: whole numbers, 1 to 256",
        ),
        (
            "workers: four",
            "f:1:10: `workers` cannot be `four`: allowed: whole numbers, 1 to 256",
        ),
        ("workers: 1.5", "f:1:10: `workers` cannot be `1.5`: allowed"),
        ("workers: \"\"", "f:1:10: `workers` cannot be ``: allowed"),
        (
            "workers: [3]",
            "f:1:1: `workers` takes one value, and no list",
        ),
        (
            "workers: {a: b}",
            "f:1:1: `workers` is a mapping: write a single value",
        ),
        ("workers: !x 3", "f:1:1: `workers` is a value with a tag"),
        (
            "workers:",
            "f:1:9: `workers` has no value: remove it or give one",
        ),
        ("rules: ~", "f:1:8: `rules` has no value"),
        ("rules:\n- a\n-\n", "f:3:2: an item of `rules` has no value"),
        (
            "rules: [a, [b]]",
            "f:1:1: an item of `rules` is a list in a list: items are single values",
        ),
        (
            "rules: [a, true]",
            "f:1:12: `rules` cannot be `true`: it is no switch",
        ),
        (
            "summary: jsn",
            "f:1:10: `summary` cannot be `jsn`: did you mean `json`? allowed: text, json, none",
        ),
        (
            "summary: x",
            "f:1:10: `summary` cannot be `x`: allowed: text, json, none",
        ),
        (
            "ring: big",
            "f:1:7: `ring` cannot be `big`: write for instance 64M or 1000000: `ring` is: Size of the ring",
        ),
        (
            "eve: true",
            "f:1:6: `eve` cannot be `true`: it is no switch but takes a value: give one, or write \"true\" in quotes",
        ),
        ("eve: ''", "f:1:6: `eve` cannot be ``: a value is required"),
        (
            "eve: ~/x",
            "f:1:6: `eve` cannot be `~/x`: `~` stands for nothing in this file: write the whole path",
        ),
        ("eve: \"a\\0\"", "f:1:1: `eve` has a zero byte in its value"),
        (
            "no-progress: yes",
            "f:1:14: `no-progress` cannot be `yes`: write true, without quotes",
        ),
        (
            "no-progress: Off",
            "f:1:14: `no-progress` cannot be `Off`: write false",
        ),
        (
            "no-progress: 1",
            "f:1:14: `no-progress` cannot be `1`: write true",
        ),
        (
            "no-progress: 'true'",
            "f:1:14: `no-progress` cannot be `true`: write true, without quotes",
        ),
        (
            "no-progress: maybe",
            "f:1:14: `no-progress` cannot be `maybe`: allowed: true, false",
        ),
        ("no-progress:", "f:1:13: `no-progress` has no value"),
        (
            "no-progress: [true]",
            "f:1:1: `no-progress` takes one value, and no list",
        ),
        (
            "verbose: 256",
            "f:1:10: `verbose` cannot be `256`: allowed: how many times",
        ),
        (
            "verbose: true",
            "f:1:10: `verbose` cannot be `true`: allowed: how many times",
        ),
        (
            "promiscuous: yes",
            "f:1:14: `promiscuous` cannot be `yes`: allowed: true, false",
        ),
        (
            "rename: [a, b, c]",
            "f:1:1: `rename` has a list of 3: it takes 2 values at once",
        ),
        (
            "rename: [a, -b]",
            "f:1:10: `rename` cannot be `a -b`: a value with `-` in front",
        ),
        (
            "forms: [text, jsn]",
            "f:1:15: `forms` cannot be `jsn`: did you mean `json`?",
        ),
        (
            "pair: [a]",
            "f:1:1: `pair` has a list of 1: it takes 2 values",
        ),
        (
            "dry-run: true\neve: x",
            "f:1:1: `dry-run` cannot be used with `eve`: remove one of them",
        ),
    ] {
        let got = problems(text);
        assert_eq!(got.len(), 1, "{text}: {got:?}");
        assert!(
            got[0].starts_with(wanted),
            "{text:?}\n  gave   {}\n  wanted {wanted}",
            got[0]
        );
    }
}

#[test]
fn all_defects_are_said_at_once_in_order() {
    let report =
        report("ring: x\nwrokers: 3\nrules: [~, true]\nring: y\ndry-run: true\nstats: a\neve: b\n");
    let lines: Vec<Option<usize>> = report.problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [1, 2, 3, 3, 4, 5].map(Some), "{:?}", report.problems);
    assert_eq!(report.keys, 7);
}

#[test]
fn what_is_no_text_or_yaml_is_one_problem() {
    for (bytes, wanted) in [
        (&b"a: \xff"[..], "f:1:4: not UTF-8 at byte offset 3: save"),
        (b"\xff\xfea\0", "f: the file is UTF-16: save it as UTF-8"),
        (b"a: b: c", "f:1:5: not valid YAML: "),
        (b"- a", "f:1:1: the file has no keys: "),
    ] {
        let report = report(bytes);
        assert_eq!(report.problems.len(), 1);
        let got = report.problems[0].to_string();
        assert!(got.starts_with(wanted), "{got}");
    }
}

#[test]
fn what_is_odd_is_a_warning() {
    for (text, wanted) in [
        (
            "ring: 64M",
            "f:1:1: `ring` has its default: it can be left out",
        ),
        ("pack: [pegasus, no]", "f:1:1: `pack` has its default"),
        ("offset: -3", "f:1:1: `offset` has its default"),
        ("no-progress: false", "f:1:1: `no-progress` has its default"),
        ("verbose: 0", "f:1:1: `verbose` has its default"),
        ("rules: []", "f:1:1: `rules` is an empty list"),
        (
            "rules: [/a, /b, /a]",
            "f:1:17: `rules` has `/a` twice: remove one",
        ),
        (
            "rules:\n- /a\n - /b",
            "f:1:1: `rules` has the item `/a - /b`: if two are meant, indent their dashes alike",
        ),
        (
            "stats-key: x",
            "f: not in the file but required: --stats <ADDRESS>: add it, or give it on the command line",
        ),
    ] {
        let report = report(text);
        assert_eq!(report.problems, [], "{text}");
        let got: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(got.len(), 1, "{text}: {got:?}");
        assert!(got[0].starts_with(wanted), "{text}: {}", got[0]);
    }
    // A relative path is another file than the default of the same name.
    for text in ["state: state.json", "workers: 3", "rename: [a, a]", ""] {
        assert_eq!(report(text).warnings, [], "{text}");
    }
}

#[test]
fn what_clap_refuses_for_any_other_reason_is_a_problem_of_the_key() {
    let odd = clap::Arg::new("odd")
        .long("odd")
        .num_args(2)
        .value_terminator("b")
        .help("Odd names");
    let command = clap::Command::new("p").subcommand(clap::Command::new("watch").arg(odd));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.yaml");
    std::fs::write(&path, "odd: [a, b]\n").unwrap();
    let problems = check(&command, "watch", &path).unwrap().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].line, Some(1));
    assert!(problems[0].what.starts_with("`odd` is refused: "));
    assert_eq!(problems[0].fix, "`odd` is: Odd names");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What the check passes, clap takes; only what is required may be missing.
    #[test]
    fn the_check_is_as_strict_as_the_command(
        entries in prop::collection::vec(
            (
                prop::sample::select(&[
                    "interface", "bpf", "ring", "timeout", "workers", "offset", "rules", "pack",
                    "home", "rename", "pair", "many", "forms", "summary", "eve", "state", "color",
                    "promiscuous", "no-progress", "no-names", "dry-run", "stats", "stats-key",
                    "verbose", "quiet", "inside", "config", "x",
                ][..]),
                prop_oneof![
                    prop::sample::select(&[
                        "true", "false", "yes", "1", "07", "-3", "-x", "'-'", "text", "json", "5s",
                        "64M", "~", "''", "[]", "[a, b]", "['-a', --b]", "[text, json]", "a=b",
                        "{a: b}", "!x y", "[[a]]", "'a:b'", "'a,b'", "text+json", "|\n  a\n  b",
                    ][..]).prop_map(str::to_owned),
                    "\\PC{0,8}",
                ],
            ),
            0..5,
        ),
    ) {
        let lines = entries.iter().map(|(key, value)| format!("{key}: {value}\n"));
        let text: String = lines.collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.yaml");
        std::fs::write(&path, &text).unwrap();
        let passed = check(&sample::command(), "watch", &path).unwrap().problems.is_empty();
        let line = ["sample", "watch", "--config", path.to_str().unwrap()];
        let merged = merge(&sample::command(), "watch", sample::args(&line));
        prop_assert_eq!(merged.is_ok(), passed);
        if let Ok(Err(error)) = merged.map(|argv| sample::parsed(&argv)) {
            prop_assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument, "{}", error);
        }
    }
}
