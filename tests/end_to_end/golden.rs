//! The output for all of `pcaps/`, to the byte, for any number of workers.

use std::fs;

use crate::harness::{captures, repository, run};

const HOW: &str = "to write it anew: BELLEROPHON_BLESS=1 cargo test --test end_to_end golden; then read the \
     difference";

const FILES: [(&str, &[&str]); 3] = [
    ("alerts.txt", &["replay", "--alerts", "text"]),
    ("alerts.eve.jsonl", &["replay"]),
    ("names.jsonl", &["names"]),
];

fn output(arguments: &[&str], workers: &str) -> String {
    let mut all: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    all.extend(["--workers", workers, "--summary", "none"].map(String::from));
    all.extend(captures());
    run(all).exits(0).says_nothing().stdout
}

/// A few lines of difference say more than two whole files.
fn first_difference(found: &str, wanted: &str) -> String {
    let line = found
        .lines()
        .zip(wanted.lines())
        .position(|(found, wanted)| found != wanted)
        .unwrap_or_else(|| found.lines().count().min(wanted.lines().count()));
    let show = |text: &str| {
        text.lines()
            .nth(line)
            .unwrap_or("(no more lines)")
            .to_owned()
    };
    format!("line {}:\n- {}\n+ {}", line + 1, show(wanted), show(found))
}

#[test]
fn golden_output() {
    let bless = std::env::var_os("BELLEROPHON_BLESS").is_some_and(|value| value == "1");
    for (file, arguments) in FILES {
        let path = repository().join("pcaps/golden").join(file);
        let found = output(arguments, "1");
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &found).unwrap();
        }
        let wanted =
            fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}; {HOW}", path.display()));
        assert!(
            found == wanted,
            "{} differs at {}\n{HOW}",
            path.display(),
            first_difference(&found, &wanted)
        );
    }
}

#[test]
fn the_number_of_workers_does_not_show() {
    for (file, arguments) in FILES {
        let one = output(arguments, "1");
        for workers in ["2", "3", "8"] {
            let more = output(arguments, workers);
            assert!(
                one == more,
                "{file}, {workers} workers: {}",
                first_difference(&more, &one)
            );
        }
    }
}
