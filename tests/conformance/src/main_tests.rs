use std::fs;

use super::*;

fn cli(folder: &Path, more: &[&str]) -> Cli {
    let folder = folder.to_str().unwrap();
    Cli::parse_from(["conformance", folder].iter().chain(more))
}

fn write(folder: &Path, name: &str, lines: &[&str]) -> String {
    let path = folder.join(name);
    fs::write(&path, lines.join("\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

const ORACLE: [&str; 2] = [
    r#"{"file":"set/a.pcap","proto":"dns_query","name":"one.example","first_frame":7}"#,
    r#"{"file":"set/a.pcap","proto":"tls_sni","name":"two.example"}"#,
];
const NAMES: [&str; 3] = [
    r#"{"file":"./set/a.pcap","kind":"dns_answer","name":"one.example"}"#,
    r#"{"file":"./set/a.pcap","kind":"dns_query","name":"two.example"}"#,
    r#"{"file":"./set/a.pcap","kind":"http_host","name":"none.example"}"#,
];

#[test]
fn the_command_line_is_consistent() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

#[test]
fn lists_of_misses_and_of_wrong_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "oracle.jsonl", &ORACLE);
    let names = write(folder.path(), "names", &NAMES);
    let [misses, wrong, numbers] = ["m", "w", "n"].map(|name| write(folder.path(), name, &[]));
    let cli = cli(
        folder.path(),
        &[
            "--names",
            &names,
            "--misses",
            &misses,
            "--spurious",
            &wrong,
            "--json",
            &numbers,
        ],
    );
    assert_eq!(run(&cli), Ok(ExitCode::SUCCESS));
    let rows = |path| -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let missed = rows(misses);
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0]["name"], "two.example");
    let wrong: Vec<String> = rows(wrong)
        .iter()
        .map(|row| format!("{} {} {}", row["verdict"], row["file"], row["name"]))
        .collect();
    assert_eq!(
        wrong,
        [
            r#""mislabelled" "set/a.pcap" "two.example""#,
            r#""spurious" "set/a.pcap" "none.example""#
        ]
    );
    assert_eq!(rows(numbers)[0]["total"]["want"], 2);
}

#[test]
fn the_status_says_whether_it_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "oracle.jsonl", &ORACLE);
    let names = write(folder.path(), "names", &NAMES);
    for (asked, enough) in [
        (&["--min-recall", "50"][..], true),
        (&["--min-recall", "50.1"], false),
        (&["--min-recall", "dns=100"], true),
        (&["--min-recall", "tls_sni=1"], false),
        (&["--min-recall", "x509=0"], false),
        (&["--min-precision", "33"], true),
        (&["--min-precision", "34"], false),
        (&["--min-recall", "50", "--min-precision", "34"], false),
        (
            &[
                "--match",
                "any",
                "--min-recall",
                "100",
                "--min-precision",
                "66",
            ],
            true,
        ),
        (&["--families", "dns", "--min-recall", "100"], true),
    ] {
        let cli = cli(
            folder.path(),
            &[&["--names", names.as_str()], asked].concat(),
        );
        let want = if enough {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        };
        assert_eq!(run(&cli), Ok(want), "{asked:?}");
    }
}

#[test]
fn least_values() {
    let parse = str::parse::<Least>;
    assert_eq!(
        parse("99.5"),
        Ok(Least {
            family: None,
            percent: 99.5
        })
    );
    assert_eq!(parse("dns=99").unwrap().family.as_deref(), Some("dns"));
    for bad in ["", "dns", "101", "-1", "dns=", "NaN"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(&cli(folder.path(), &[])).unwrap_err();
    assert!(
        error.contains("oracle.jsonl") && error.contains("--make-oracle"),
        "{error}"
    );
    write(folder.path(), "oracle.jsonl", &ORACLE);
    let error = run(&cli(folder.path(), &["--program", "/nowhere/x"])).unwrap_err();
    assert!(error.starts_with("/nowhere/x: "), "{error}");
    let error = run(&cli(folder.path(), &["--make-oracle"])).unwrap_err();
    assert!(
        error.contains("oracle.jsonl") || error.contains("tshark"),
        "{error}"
    );
}

/// A program in the place of ours: it prints rows as `bellerophon names .` does in that folder.
#[cfg(unix)]
#[test]
fn the_program_runs_in_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "oracle.jsonl", &ORACLE);
    let program = |status: u8| {
        let script = format!(
            "#!/bin/sh\n[ -f oracle.jsonl ] && [ \"$1\" = names ] || exit 9\ncat <<'EOF'\n{}\nEOF\nexit {status}\n",
            NAMES.join("\n")
        );
        let text = write(folder.path(), "script", &[&script]);
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by another process: while this one has a file open for writing, another test may
        // start a program that inherits it, and Linux runs no file that is open for writing.
        let path = format!("{text}{status}");
        let copied = std::process::Command::new("cp")
            .args([&text, &path])
            .status();
        assert!(copied.unwrap().success());
        path
    };
    for status in [0, 2] {
        let path = program(status);
        let cli = cli(folder.path(), &["--program", &path, "--min-recall", "50"]);
        assert_eq!(run(&cli), Ok(ExitCode::SUCCESS));
    }
    let path = program(101);
    let error = run(&cli(folder.path(), &["--program", &path])).unwrap_err();
    assert!(error.contains("101"), "{error}");
}
