//! Broken input: what comes before the damage counts, the damage is named, the rest goes on.

use testkit::damage;
use testkit::scenarios;

use crate::harness::{Folder, Ran, capture, repository, run, run_line};

/// The packet whose record is damaged; the scenario has names before and behind it.
const BROKEN: usize = 30;

fn good() -> Vec<u8> {
    std::fs::read(repository().join(capture("infection-redirect.pcap"))).unwrap()
}

/// Reads a folder with `broken` between two good captures; the good ones must be read whole.
fn names_of_what_is_left(broken: &[u8], name: &str) -> (Ran, Folder) {
    let folder = Folder::new();
    let whole = scenarios::named("raw-ip.pcap");
    folder.file("a-good.pcap", &whole.bytes);
    folder.file(name, broken);
    folder.file("z-good.pcap", &whole.bytes);
    let ran = run(["names", &folder.text(), "--summary", "none"]).exits(2);
    let lines = ran.json();
    let count = |file: &str| {
        let path = folder.path().join(file);
        lines
            .iter()
            .filter(|line| line["file"].as_str() == path.to_str())
            .count()
    };
    assert_eq!(count("a-good.pcap"), whole.observed.len());
    assert_eq!(count("z-good.pcap"), whole.observed.len());
    let before = scenarios::named("infection-redirect.pcap")
        .observed
        .iter()
        .filter(|row| row.packet < BROKEN)
        .count();
    assert!(before > 0);
    assert_eq!(count(name), before, "names before the damage");
    (ran, folder)
}

#[test]
fn a_truncated_capture_counts_up_to_its_end() {
    let file = damage::cut_in_record(&good(), BROKEN);
    let at = damage::record_offset(&good(), BROKEN);
    let (ran, folder) = names_of_what_is_left(&file, "m-cut.pcap");
    let place = format!(
        "{}/m-cut.pcap: damaged at packet {BROKEN}, byte {at}: ",
        folder.text()
    );
    let ran = ran.says(&[&place, "copy the file again"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn a_corrupt_capture_counts_up_to_the_damage() {
    let file = damage::corrupt_record_length(&good(), BROKEN, 0x7fff_fff0);
    let at = damage::record_offset(&good(), BROKEN);
    let (ran, folder) = names_of_what_is_left(&file, "m-corrupt.pcap");
    let place = format!(
        "{}/m-corrupt.pcap: damaged at packet {BROKEN}, byte {at}: ",
        folder.text()
    );
    ran.says(&[&place, "get a clean copy"]);
}

#[test]
fn a_truncated_compressed_capture_counts_too() {
    let folder = Folder::new();
    let packed = testkit::capture::gzip(&good());
    let path = folder.file("cut.pcap.gz", &packed[..packed.len() / 2]);
    let ran = run(["names", &path, "--summary", "none"]).exits(2);
    ran.says(&[&path, "damaged at packet ", "of the data inside the gzip"]);
}

/// The summary and its verdict know that something is missing.
#[test]
fn the_verdict_admits_the_damage() {
    let folder = Folder::new();
    let file = damage::cut_in_record(&good(), 40);
    let path = folder.file("cut.pcap", file);
    let ran = run(["replay", &path, "--summary", "json"]).exits(2);
    let summary = ran.summary();
    assert_eq!(summary["verdict"]["status"], "nothing_found");
    let limits = summary["verdict"]["limits"].to_string();
    assert!(
        limits.contains("1 error has hidden part of the input"),
        "{limits}"
    );
    let errors = summary["inputs"]["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].as_str().unwrap().contains("damaged at packet 40"));
    assert_eq!(summary["packets"]["total"], 39);
    // The same for people.
    run(["replay", &path]).exits(2).says(&[
        "damaged at packet 40",
        "But: 1 error has hidden part of the input",
    ]);
}

#[test]
fn a_missing_path_is_named_and_the_others_are_read() {
    let ran = run_line("names pcaps/absent.pcap pcaps/raw-ip.pcap --summary none").exits(2);
    let whole = scenarios::named("raw-ip.pcap").observed.len();
    assert_eq!(ran.stdout.lines().count(), whole);
    ran.says(&["error: pcaps/absent.pcap: cannot find the path"]);
}

#[test]
fn an_empty_file_is_named() {
    let folder = Folder::new();
    let path = folder.file("empty.pcap", "");
    let place = format!("error: {path}: the file is empty");
    run(["replay", &path, "--summary", "none"])
        .exits(2)
        .says(&[&place]);
}

#[test]
fn a_text_file_that_was_asked_for_is_an_error() {
    run_line("replay pcaps/MANIFEST.md --summary none")
        .exits(2)
        .says(&[
            "error: pcaps/MANIFEST.md: ",
            "text",
            "give a pcap or pcapng file",
        ]);
}

#[test]
fn a_readme_beside_captures_is_listed_and_no_error() {
    let folder = Folder::new();
    folder.file("a.pcap", good());
    let readme = folder.file("README", "Captures of July, by the office's router.\n");
    let ran = run(["replay", &folder.text(), "--summary", "json"]).exits(0);
    let summary = ran.summary();
    let skipped = summary["inputs"]["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(skipped[0].as_str().unwrap().starts_with(&readme));
    assert_eq!(summary["inputs"]["read"], 1);
    run(["replay", &folder.text()])
        .exits(0)
        .says(&["Not captures, skipped", &readme]);
}

#[test]
fn a_folder_without_captures_is_an_error() {
    let folder = Folder::new();
    folder.file("README", "Nothing here yet.\n");
    run(["replay", &folder.text(), "--summary", "none"])
        .exits(2)
        .says(&[&folder.text(), "no capture in this folder"]);
}

#[test]
fn a_text_that_calls_itself_a_capture_is_an_error() {
    let folder = Folder::new();
    folder.file("a.pcap", good());
    let path = folder.file("b.pcap", "<html>404 Not Found</html>\n");
    let place = format!("error: {path}: ");
    let ran = run(["replay", &folder.text(), "--summary", "none"]).exits(2);
    assert!(!ran.stdout.is_empty(), "the good one was read");
    ran.says(&[&place]);
}

#[test]
fn a_corrupt_pcapng_block_is_named_for_any_number_of_workers() {
    let scenario = scenarios::named("office.pcapng.zst");
    // Section header and interface come first, then each packet is a block.
    let (packet, block) = (200, 202);
    let file = damage::corrupt_block_length(&scenario.bytes, block, 13);
    let at = damage::block_offset(&scenario.bytes, block);
    let folder = Folder::new();
    let path = folder.file("office.pcapng", file);
    let place = format!("error: {path}: damaged at packet {packet}, byte {at}: ");
    let before = scenario
        .observed
        .iter()
        .filter(|row| row.packet < packet)
        .count();
    for workers in ["1", "4"] {
        let ran = run(["names", &path, "--summary", "none", "--workers", workers]).exits(2);
        assert_eq!(ran.stdout.lines().count(), before);
        ran.says(&[&place]);
    }
}
