//! The captures in `pcaps/` are exactly what the testkit makes.
//!
//! `BELLEROPHON_BLESS=1 cargo test --test captures` writes them anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test may

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use testkit::scenarios;

const HOW: &str = "to write the captures anew: BELLEROPHON_BLESS=1 cargo test --test captures";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pcaps")
}

fn blessing() -> bool {
    std::env::var_os("BELLEROPHON_BLESS").is_some_and(|value| value == "1")
}

/// Compares by the content that `read` makes of the bytes, and writes only where that differs.
fn check(path: &Path, wanted: &[u8], read: impl Fn(&[u8]) -> Vec<u8>) {
    let found = fs::read(path);
    let same = found
        .as_ref()
        .is_ok_and(|found| read(found) == read(wanted));
    if blessing() && !same {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wanted).unwrap();
        return;
    }
    match found {
        Err(error) => panic!("{}: {error}; {HOW}", path.display()),
        Ok(_) if !same => panic!(
            "{} differs from what the testkit makes; {HOW}",
            path.display()
        ),
        Ok(_) => {}
    }
}

#[test]
fn committed_captures_are_what_the_testkit_makes() {
    for scenario in scenarios::all() {
        let path = folder().join(scenario.file);
        check(&path, &scenario.file_bytes(), |bytes| {
            scenario.unpack(bytes)
        });
        let path = folder()
            .join("expected")
            .join(format!("{}.json", scenario.file));
        check(&path, scenario.expected_json().as_bytes(), <[u8]>::to_vec);
    }
    check(
        &folder().join("MANIFEST.md"),
        scenarios::manifest().as_bytes(),
        <[u8]>::to_vec,
    );
}

#[test]
fn nothing_else_lies_in_the_folder() {
    let files: Vec<&str> = scenarios::all()
        .iter()
        .map(|scenario| scenario.file)
        .collect();
    // What is in `golden` belongs to tests/end_to_end/golden.rs.
    let mut captures = BTreeSet::from(["MANIFEST.md", "expected", "golden"].map(String::from));
    captures.extend(files.iter().map(|file| file.to_string()));
    let expected = files.iter().map(|file| format!("{file}.json")).collect();
    for (folder, wanted) in [(folder(), captures), (folder().join("expected"), expected)] {
        let names = fs::read_dir(folder).unwrap();
        let found: BTreeSet<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let strangers: Vec<&String> = found.difference(&wanted).collect();
        assert!(
            strangers.is_empty(),
            "not made by the testkit: {strangers:?}"
        );
    }
}

#[test]
fn expectations_are_valid_json() {
    for scenario in scenarios::all() {
        let value: serde_json::Value = serde_json::from_str(&scenario.expected_json()).unwrap();
        assert_eq!(
            value["names"].as_array().unwrap().len(),
            scenario.observed.len()
        );
        assert_eq!(
            value["contacts"].as_array().unwrap().len(),
            scenario.contacts().len()
        );
    }
}
