//! Tests of [`merge`]: the arguments that come out, and which of file and line wins.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use proptest::prelude::*;

use super::{ConfigError, merge, sample};

/// A folder with `watch.yaml` in it, and the file's path.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watch.yaml");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn try_merged(text: &str, line: &[&str]) -> Result<Vec<OsString>, ConfigError> {
    let (_dir, path) = file(text);
    let all = [&["sample", "watch", "--config", &path], line].concat();
    merge(&sample::command(), "watch", sample::args(&all))
}

/// What stands in front of `--config`, and behind the subcommand.
fn from_file(text: &str, line: &[&str]) -> Vec<String> {
    let merged = try_merged(text, line).unwrap();
    let texts: Vec<String> = merged
        .into_iter()
        .map(|a| a.into_string().unwrap())
        .collect();
    let config = texts.iter().position(|t| t == "--config").unwrap();
    let (begin, end) = texts.split_at(config);
    assert_eq!(begin[..2], ["sample", "watch"]);
    assert_eq!(&end[2..], line);
    begin[2..].to_vec()
}

#[test]
fn each_kind_of_value_becomes_arguments() {
    for (text, wanted) in [
        ("", &[] as &[&str]),
        ("no-progress: true", &["--no-progress"]),
        ("no-progress: false", &[]),
        ("no-names: true", &["--no-names"]),
        ("quiet: True", &["--quiet"]),
        ("verbose: 2", &["--verbose", "--verbose"]),
        ("verbose: 0", &[]),
        ("workers: 07", &["--workers=07"]),
        ("interface: 5", &["--interface=5"]),
        ("interface: 'true'", &["--interface=true"]),
        ("interface: -x", &["--interface=-x"]),
        ("offset: -5", &["--offset=-5"]),
        ("ring: 32M", &["--ring=32M"]),
        ("timeout: 5s", &["--timeout=5s"]),
        ("promiscuous: false", &["--promiscuous=false"]),
        ("color: true", &["--color"]),
        (
            "color: never\nno-progress: true",
            &["--no-progress", "--color=never"],
        ),
        (
            "no-progress: true\ncolor: true",
            &["--color", "--no-progress"],
        ),
        ("color: false", &[]),
        ("rules: /a", &["--rules=/a"]),
        ("rules: [/a, /b]", &["--rules=/a", "--rules=/b"]),
        ("rules: []", &[]),
        ("home: 'a,b'", &["--home=a", "--home=b"]),
        ("home: [a, b]", &["--home=a", "--home=b"]),
        ("forms: [text, json]", &["--forms=text+json"]),
        ("pair: [a, b]", &["--pair", "a", "b"]),
        (
            "rename: [a, b, c, d]",
            &["--rename", "a", "b", "--rename", "c", "d"],
        ),
        (
            "bpf: >-\n  tcp and\n  port 443\n",
            &["--bpf=tcp and port 443"],
        ),
        ("bpf: |\n  tcp\n", &["--bpf=tcp"]),
        (
            "bpf: \"ip[0] & 0xf != 5 # x\"",
            &["--bpf=ip[0] & 0xf != 5 # x"],
        ),
        ("\u{feff}bpf: x\r\nring: 1M\r\n", &["--bpf=x", "--ring=1M"]),
    ] {
        assert_eq!(from_file(text, &[]), wanted, "{text}");
        let merged = try_merged(text, &[]).unwrap();
        assert!(sample::parsed(&merged).is_ok(), "{text}");
    }
}

#[test]
fn what_the_line_gives_wins() {
    for (text, line, wanted) in [
        ("workers: 3", &["--workers", "4"][..], &[] as &[&str]),
        ("workers: 3", &["--workers=4"], &[]),
        ("interface: a", &["-i", "b"], &[]),
        ("interface: a", &["-ib"], &[]),
        ("interface: a", &["--iface", "b"], &[]),
        (
            "rules: [/a, /b]\npack: c",
            &["--rules", "/d"],
            &["--pack=c"],
        ),
        ("verbose: 3", &["-v"], &[]),
        ("no-progress: true", &["--no-progress"], &[]),
        ("state: /a", &["--eve", "--", "-"], &["--state=/a"]),
        // The default is not what the user gave.
        ("ring: 1M", &["--workers", "4"], &["--ring=1M"]),
        // One excludes the other.
        (
            "dry-run: true\nworkers: 3",
            &["--eve", "x"],
            &["--workers=3"],
        ),
        (
            "eve: /x\nstats: y\nworkers: 3",
            &["--dry-run"],
            &["--workers=3"],
        ),
        // One needs the other.
        ("stats: y", &["--stats-key", "k"], &["--stats=y"]),
        ("stats-key: k", &["--stats", "y"], &["--stats-key=k"]),
    ] {
        assert_eq!(from_file(text, line), wanted, "{text} {line:?}");
    }
}

#[test]
fn paths_are_taken_from_the_folder_of_the_file() {
    let (dir, path) = file("rules: [a/b, ../c, /d, '']\neve: '-'\nbpf: e\nstate: ./f\n");
    let line = sample::args(&["sample", "watch", "--config", &path]);
    let error = merge(&sample::command(), "watch", line.clone()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("watch.yaml:1:24: `rules` cannot be ``"),
        "{error}"
    );
    std::fs::write(
        &path,
        "rules: [a/b, ../c, /d]\neve: '-'\nbpf: e\nstate: ./f\n",
    )
    .unwrap();
    let merged = merge(&sample::command(), "watch", line).unwrap();
    let (_, watch) = sample::parsed(&merged).unwrap();
    let rules = [
        dir.path().join("a/b"),
        dir.path().join("../c"),
        PathBuf::from("/d"),
    ];
    assert_eq!(watch.rules, rules);
    assert_eq!(watch.eve, Some(PathBuf::from("-")));
    assert_eq!(watch.bpf.as_deref(), Some("e"));
    assert_eq!(PathBuf::from(watch.state), dir.path().join("./f"));
}

#[test]
fn the_subcommand_and_the_flag_are_found_wherever_they_stand() {
    let (_dir, path) = file("workers: 3\n");
    let joined = format!("--config={path}");
    for (line, wanted) in [
        (vec!["sample", "watch", &joined], 2),
        (vec!["sample", "--quiet", "watch", &joined], 3),
        (
            vec!["sample", "--folder", "watch", "watch", "--config", &path],
            4,
        ),
        (
            vec![
                "sample", "watch", "-v", "--eve", "watch", "--config", &path, "-v",
            ],
            2,
        ),
    ] {
        let merged = merge(&sample::command(), "watch", sample::args(&line)).unwrap();
        assert_eq!(
            merged[wanted],
            "--workers=3".to_owned().as_str(),
            "{line:?} {merged:?}"
        )
    }
}

#[test]
fn what_the_command_requires_may_stand_in_the_file() {
    let flag = |name| clap::Arg::new(name).long(name);
    let watch = clap::Command::new("watch")
        .arg(flag("config"))
        .arg(flag("interface").required(true))
        .arg(flag("mode").required(true))
        .group(clap::ArgGroup::new("one").args(["mode", "other"]))
        .arg(flag("other"))
        .arg_required_else_help(true);
    let command = clap::Command::new("p")
        .subcommand(watch)
        .subcommand_required(true);
    let (_dir, path) = file("interface: a\nmode: b\n");
    let merged = |line: &[&str]| {
        let line = [&["p", "watch", "--config", &path], line].concat();
        merge(&command, "watch", sample::args(&line)).unwrap()
    };
    assert_eq!(merged(&[])[2..4], ["--interface=a", "--mode=b"]);
    assert_eq!(merged(&["--interface", "c"])[2], "--mode=b");
    // The group takes one of the two, and the line wins.
    assert_eq!(
        merged(&["--other", "c"])[2..4],
        ["--interface=a", "--config"]
    );
}

#[test]
fn a_global_flag_before_the_subcommand_was_given_too() {
    let (_dir, path) = file("quiet: true\n");
    let line = sample::args(&["sample", "--quiet", "watch", "--config", &path]);
    let merged = merge(&sample::command(), "watch", line.clone()).unwrap();
    assert_eq!(merged, line);
}

#[test]
fn lines_without_the_flag_come_back_as_they_are() {
    let (_dir, path) = file("workers: 3\n");
    for line in [
        vec![],
        vec!["sample"],
        vec!["sample", "watch", "-v"],
        vec!["sample", "watch", "--config"],
        vec!["sample", "replay", "--config", &path],
        vec!["sample", "replay", "watch"],
        vec!["sample", "wacth", "--config", &path],
        vec!["sample", "watch", "--bogus", "--config", &path],
        vec!["sample", "watch", "--help", "--config", "none.yaml"],
        vec!["sample", "watch", "--config", "none.yaml", "--help"],
        vec!["sample", "watch", "--", "--config", &path],
    ] {
        let line = sample::args(&line);
        let merged = merge(&sample::command(), "watch", line.clone()).unwrap();
        assert_eq!(merged, line);
    }
}

#[test]
fn mistakes_of_the_line_stay_for_clap() {
    for line in [
        &["--workers", "0"][..],
        &["--bogus"],
        &["stray"],
        &["--dry-run", "--eve", "x"],
    ] {
        let merged = try_merged("workers: 3\nring: 1M\n", line).unwrap();
        let said = sample::parsed(&merged).unwrap_err();
        let alone = [&["sample", "watch"][..], line].concat();
        let wanted = sample::parsed(&sample::args(&alone)).unwrap_err();
        assert_eq!(said.kind(), wanted.kind(), "{line:?}");
    }
}

#[test]
fn a_defective_or_missing_file_gives_no_arguments() {
    let error = try_merged("workers: 0\nwrokers: 3\n", &["--workers", "4"]).unwrap_err();
    let ConfigError::Refused(problems) = error else {
        panic!("{error}")
    };
    assert_eq!(problems.len(), 2);
    let line = sample::args(&["sample", "watch", "--config", "none/none.yaml"]);
    let error = merge(&sample::command(), "watch", line).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    let error = merge(&sample::command(), "none", Vec::new()).unwrap_err();
    assert!(matches!(error, ConfigError::NoCommand(_)), "{error}");
}

/// Keys with two values each: as YAML, and as arguments.
type Row = (&'static str, [(&'static str, &'static [&'static str]); 2]);

const ROWS: &[Row] = &[
    (
        "interface",
        [("eth0", &["-i", "eth0"]), ("\"1\"", &["--iface=1"])],
    ),
    (
        "bpf",
        [
            ("tcp port 80", &["--bpf", "tcp port 80"]),
            ("'-x'", &["--bpf=-x"]),
        ],
    ),
    ("ring", [("64M", &["--ring", "64M"]), ("5", &["--ring=5"])]),
    (
        "timeout",
        [("2s", &["--timeout", "2s"]), ("0s", &["--timeout=0s"])],
    ),
    (
        "workers",
        [("1", &["--workers", "1"]), ("007", &["--workers=007"])],
    ),
    (
        "offset",
        [("-7", &["--offset", "-7"]), ("0", &["--offset=0"])],
    ),
    (
        "rules",
        [
            ("[/a, /b]", &["--rules", "/a", "--rules=/b"]),
            ("/c", &["--rules=/c"]),
        ],
    ),
    (
        "pack",
        [
            ("[all]", &["--pack", "all"]),
            ("[x, 'y z']", &["--pack=x", "--pack=y z"]),
        ],
    ),
    (
        "home",
        [("[a, b]", &["--home", "a,b"]), ("c", &["--home=c"])],
    ),
    (
        "rename",
        [
            ("[a, b]", &["--rename", "a", "b"]),
            (
                "[c, d, e, f]",
                &["--rename", "c", "d", "--rename", "e", "f"],
            ),
        ],
    ),
    (
        "pair",
        [
            ("[a, b]", &["--pair", "a", "b"]),
            ("c:d", &["--pair", "c", "d"]),
        ],
    ),
    (
        "forms",
        [
            ("[text, none]", &["--forms", "text+none"]),
            ("json", &["--forms=json"]),
        ],
    ),
    (
        "summary",
        [
            ("json", &["--summary", "json"]),
            ("'none'", &["--summary=none"]),
        ],
    ),
    ("eve", [("/x", &["--eve", "/x"]), ("'-'", &["--eve", "-"])]),
    (
        "state",
        [("/s", &["--state=/s"]), ("/t", &["--state", "/t"])],
    ),
    (
        "color",
        [("true", &["--color"]), ("never", &["--color", "never"])],
    ),
    (
        "promiscuous",
        [
            ("false", &["--promiscuous=false"]),
            ("true", &["--promiscuous", "true"]),
        ],
    ),
    (
        "no-progress",
        [("true", &["--no-progress"]), ("true", &["--no-progress"])],
    ),
    (
        "no-names",
        [("true", &["--no-names"]), ("true", &["--no-names"])],
    ),
    ("verbose", [("2", &["-vv"]), ("1", &["--verbose"])]),
    ("quiet", [("true", &["--quiet"]), ("true", &["--quiet"])]),
    (
        "inside",
        [("x", &["--inside", "x"]), ("y", &["--inside=y"])],
    ),
];

#[test]
fn the_rows_have_every_flag() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|(key, _)| *key).collect();
    let flags = super::Flags::new(&sample::command(), "watch").unwrap();
    let left: Vec<&str> = flags
        .args()
        .map(|(key, _)| key)
        .filter(|k| !rows.contains(k))
        .collect();
    // These depend on others, or cannot stand in a file.
    let wanted = ["config", "many", "dry-run", "stats", "stats-key", "help"];
    assert_eq!(left, wanted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// For each flag: given in the file, on the line, in both with other values, or in neither.
    #[test]
    fn file_and_line_are_as_one_line(
        places in prop::collection::vec((0_usize..3, 0_usize..3), ROWS.len()),
        order in any::<prop::sample::Index>(),
        block in any::<bool>(),
    ) {
        let (mut text, mut line, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for ((key, values), (in_file, on_line)) in ROWS.iter().zip(places) {
            let in_file = values.get(in_file);
            let on_line = values.get(on_line);
            text.extend(in_file.map(|(yaml, _)| format!("{key}: {yaml}\n")));
            line.extend(on_line.iter().flat_map(|(_, given)| given.iter().copied()));
            all.extend(on_line.or(in_file).iter().flat_map(|(_, given)| given.iter().copied()));
        }
        let at = order.index(text.len().max(1));
        text.rotate_left(at);
        let mut text = text.concat();
        if block {
            text = format!("# head\r\n---\r\n{}", text.replace('\n', "\r\n"));
        }
        let merged = try_merged(&text, &line).unwrap();
        let wanted = [&["sample", "watch"][..], &all].concat();
        let wanted = sample::parsed(&sample::args(&wanted)).unwrap();
        prop_assert_eq!(sample::parsed(&merged).unwrap(), wanted, "{}\n{:?}", text, line);
    }
}
