//! What paths on the command line become.
#![allow(missing_docs, clippy::arithmetic_side_effects)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../src/source/test_support.rs"]
mod test_support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use bellerophon::source::{Expansion, Input, expand};
use tempfile::TempDir;
use test_support::{Order, Pcap, PcapNg};

fn pcap() -> Vec<u8> {
    Pcap::new(Order::Little).frame(1, 1, b"frame").bytes()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Inputs relative to `folder`.
fn names(found: &Expansion, folder: &Path) -> Vec<String> {
    let relative = |input: &Input| match input {
        Input::Stdin => "-".to_owned(),
        Input::Memory(_) => unreachable!("no path stands for memory"),
        Input::File(path) => path
            .strip_prefix(folder)
            .unwrap_or(path)
            .display()
            .to_string(),
    };
    found.inputs.iter().map(relative).collect()
}

#[test]
fn paths_stay_in_order_and_may_repeat() {
    let folder = TempDir::new().unwrap();
    let a = write(folder.path(), "a.bin", &pcap());
    let b = write(folder.path(), "b.txt", b"not even a capture");
    let found = expand(&[b.clone(), "-".into(), a.clone(), a.clone()]);
    assert_eq!(
        names(&found, folder.path()),
        ["b.txt", "-", "a.bin", "a.bin"]
    );
    assert_eq!(found.total_bytes, None, "standard input has no size");
    assert!(found.skipped.is_empty() && found.errors.is_empty());

    let found = expand(&[a.clone(), folder.path().join("missing.pcap"), b.clone()]);
    assert_eq!(
        names(&found, folder.path()),
        ["a.bin", "b.txt"],
        "the others go on"
    );
    assert_eq!(found.errors.len(), 1);
    assert!(
        found.errors[0]
            .to_string()
            .contains("missing.pcap: cannot find the path")
    );
    let size = |path| fs::metadata(path).unwrap().len();
    assert_eq!(found.total_bytes, Some(size(&a) + size(&b)));
}

#[test]
fn folders_are_walked_by_name_and_content() {
    let folder = TempDir::new().unwrap();
    let top = folder.path();
    let ng = PcapNg::new(Order::Big).interface(1, 0, &[]).bytes();
    for (name, bytes) in [
        ("b/2.pcap", &pcap()),
        ("b/10.pcap", &pcap()),
        ("b-more", &pcap()),
        ("a.pcapng", &ng),
        ("Z", &gzip(&pcap())),
        ("c/d/e.weird", &ng),
    ] {
        write(top, name, bytes);
    }
    let found = expand(&[top.to_owned()]);
    assert_eq!(
        names(&found, top),
        [
            "Z",
            "a.pcapng",
            "b/10.pcap",
            "b/2.pcap",
            "b-more",
            "c/d/e.weird"
        ]
    );
    assert!(
        found.skipped.is_empty() && found.errors.is_empty(),
        "{found:?}"
    );
    assert!(found.total_bytes.is_some());
}

#[test]
fn what_is_not_read_is_listed_and_false_captures_are_errors() {
    let folder = TempDir::new().unwrap();
    let top = folder.path();
    write(top, "good.pcap", &pcap());
    write(top, "README.md", b"# Evidence\n");
    write(top, "notes.txt.gz", &gzip(b"some notes, in text\n"));
    write(top, "old.snoop", b"snoop\0\0\0\0\0\0\x02\0\0\0\x04");
    write(top, "broken.gz", &gzip(&pcap())[..12]);
    write(top, "empty.pcap", b"");
    write(top, "renamed.CAP.gz", &gzip(b"a text, after all\n"));
    symlink("/no/such/place", top.join("gone.pcap")).unwrap();
    symlink("/no/such/place", top.join("gone")).unwrap();
    // Damaged inside: opening it will say more.
    write(top, "torn.pcap.gz", &gzip(&pcap())[..12]);

    let found = expand(&[top.to_owned()]);
    assert_eq!(names(&found, top), ["good.pcap", "torn.pcap.gz"]);
    let skipped: Vec<String> = found
        .skipped
        .iter()
        .map(|(path, why)| format!("{}: {why}", path.file_name().unwrap().to_string_lossy()))
        .collect();
    assert_eq!(skipped[0], "README.md: plain text");
    assert_eq!(skipped[1], "broken.gz: the gzip data end too early");
    assert!(
        skipped[2].starts_with("gone: a link that leads nowhere"),
        "{}",
        skipped[2]
    );
    assert_eq!(skipped[3], "notes.txt.gz: inside the gzip: plain text");
    assert_eq!(skipped[4], "old.snoop: a snoop capture");
    assert_eq!(skipped.len(), 5);
    let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    assert!(
        errors[0].contains("empty.pcap: the file is empty"),
        "{}",
        errors[0]
    );
    assert!(
        errors[1].contains("gone.pcap: a link that leads nowhere"),
        "{}",
        errors[1]
    );
    assert!(
        errors[2].contains("renamed.CAP.gz: inside the gzip: plain text"),
        "{}",
        errors[2]
    );
    assert_eq!(errors.len(), 3);
}

#[test]
fn links_are_followed_and_loops_survived() {
    let folder = TempDir::new().unwrap();
    let top = folder.path();
    let elsewhere = TempDir::new().unwrap();
    let outside = write(elsewhere.path(), "outside.pcap", &pcap());
    write(top, "a/one.pcap", &pcap());
    symlink(top, top.join("a/up")).unwrap();
    symlink("../a", top.join("a/self")).unwrap();
    symlink("a/one.pcap", top.join("two.pcap")).unwrap();
    symlink(&outside, top.join("three")).unwrap();
    symlink("loop", top.join("loop")).unwrap();

    let found = expand(&[top.to_owned()]);
    assert_eq!(names(&found, top), ["a/one.pcap", "three"]);
    assert!(found.errors.is_empty(), "{:?}", found.errors);
    let skipped: Vec<_> = found
        .skipped
        .iter()
        .map(|(path, _)| path.strip_prefix(top).unwrap())
        .collect();
    let want = ["a/self", "a/up", "loop", "two.pcap"].map(Path::new);
    assert_eq!(skipped, want);

    let twice = expand(&[top.to_owned(), top.join("two.pcap")]);
    assert_eq!(twice.inputs.len(), 3, "two paths are two wishes");
}

#[test]
fn a_folder_without_captures_is_an_error() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "notes.txt", b"nothing here\n");
    let found = expand(&[folder.path().to_owned()]);
    assert!(found.inputs.is_empty());
    assert_eq!(found.skipped.len(), 1);
    assert!(
        found.errors[0]
            .to_string()
            .contains("no capture in this folder")
    );
}

#[test]
fn a_pipe_in_a_folder_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let top = folder.path();
    write(top, "good.pcap", &pcap());
    let made = std::process::Command::new("mkfifo")
        .arg(top.join("fifo"))
        .status()
        .unwrap();
    assert!(made.success());
    let found = expand(&[top.to_owned()]);
    assert_eq!(names(&found, top), ["good.pcap"]);
    assert!(
        found.skipped[0].1.contains("named pipe"),
        "{:?}",
        found.skipped
    );
    let named = expand(&[top.join("fifo")]);
    assert_eq!((named.inputs.len(), named.total_bytes), (1, None));
}
