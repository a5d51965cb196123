//! The output for all of `pcaps/`, to the byte, for any number of threads.

use std::fs;

use crate::harness::{captures, repository, run};

const HOW: &str = "to write it anew: BELLEROPHON_BLESS=1 cargo test --test end_to_end golden; then read the \
     difference";

const FILES: [(&str, &[&str]); 3] = [
    ("alerts.txt", &["replay", "--alerts", "text"]),
    ("alerts.eve.jsonl", &["replay"]),
    ("names.jsonl", &["names"]),
];

/// Readers and workers.
type Threads = (&'static str, &'static str);

const ONE: Threads = ("1", "1");
const MORE: [Threads; 6] = [
    ("1", "2"),
    ("1", "3"),
    ("1", "8"),
    ("2", "2"),
    ("3", "8"),
    ("64", "1"),
];

fn arguments(first: &[&str], (readers, workers): Threads, summary: &str) -> Vec<String> {
    let mut all: Vec<String> = first.iter().map(ToString::to_string).collect();
    let threads = ["--readers", readers, "--workers", workers];
    all.extend(threads.map(String::from));
    all.extend(["--summary", summary].map(String::from));
    all.extend(captures());
    all
}

fn output(first: &[&str], threads: Threads) -> String {
    let all = arguments(first, threads, "none");
    run(all).exits(0).says_nothing().stdout
}

/// The summary without what this machine's clock says.
fn summary(first: &[&str], threads: Threads) -> serde_json::Value {
    let all = arguments(first, threads, "json");
    let mut summary: serde_json::Value = serde_json::from_str(&run(all).exits(0).stderr).unwrap();
    let speed = summary.as_object_mut().unwrap().remove("speed").unwrap();
    assert!(speed["readers"].as_u64().unwrap() >= 1);
    summary
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
        let found = output(arguments, ONE);
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
fn the_number_of_threads_does_not_show() {
    for (file, arguments) in FILES {
        let one = output(arguments, ONE);
        let counted = summary(arguments, ONE);
        for threads in MORE {
            let more = output(arguments, threads);
            assert!(
                one == more,
                "{file}, {threads:?}: {}",
                first_difference(&more, &one)
            );
            assert_eq!(counted, summary(arguments, threads), "{file}, {threads:?}");
        }
    }
}

/// What is found in later inputs is held, and bounded; none of it is lost or out of order.
#[test]
fn inputs_that_give_much_come_out_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (seed, packets) in [("1", "60000"), ("2", "100"), ("3", "40000"), ("4", "30000")] {
        let path = folder.path().join(format!("{seed}.pcap"));
        let path = path.to_str().unwrap().to_owned();
        run([
            "generate",
            "dns",
            "--packets",
            packets,
            "--seed",
            seed,
            "-o",
            &path,
        ])
        .exits(0);
        paths.push(path);
    }
    let names = |readers: &str, workers: &str| {
        let mut all = vec!["names", "--summary", "none", "--readers", readers];
        all.extend(["--workers", workers]);
        all.extend(paths.iter().map(String::as_str));
        run(all).exits(0).says_nothing().stdout
    };
    let one = names("1", "1");
    assert!(one.len() > 16 << 20, "{} bytes", one.len());
    for (readers, workers) in [("2", "2"), ("3", "5"), ("4", "4")] {
        assert!(names(readers, workers) == one, "{readers} readers");
    }
}
