//! Files that are made to take a program's memory or time, given to the program as a whole in a bounded address space.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "it is a test"
)]
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// All of the address space that the program gets, in KiB.
const MOST: u64 = 512 << 10;
const OWN: &str = "bellerophon: 1\npack: p\ngroups:\n";
const DEEP: usize = 100_000;

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The only line that was said, without the path.
    #[track_caller]
    fn line(&self) -> &str {
        let line = self.stderr.trim_end();
        assert!(!line.contains('\n'), "{line}");
        line.rsplit_once("/list").map_or(line, |(_, said)| said)
    }
}

/// `lookup NAME` with a list, in a bounded address space.
fn lookup(list: &Path, name: &str, stdin: Stdio) -> std::process::Child {
    Command::new("sh")
        .args(["-c", &format!("ulimit -v {MOST} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_bellerophon"))
        .args(["lookup", name, "--rules"])
        .arg(list)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait(child: std::process::Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), None);
    let ran = Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        !ran.stderr.contains("panicked") && !ran.stderr.contains("memory allocation"),
        "{}",
        ran.stderr
    );
    ran
}

/// A list of some name in a folder of its own.
fn list(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Looks up `x.evil-zq.example`.
fn ran(bytes: impl AsRef<[u8]>) -> Ran {
    let (_folder, path) = list("list", bytes);
    wait(lookup(&path, "x.evil-zq.example", Stdio::null()))
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, said: &str) {
    let ran = ran(bytes);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.line().contains(said), "{}", ran.stderr);
}

#[test]
fn a_line_of_two_gigabytes_is_refused_by_its_length() {
    for name in ["list", "list.yaml"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        File::create(&path).unwrap().set_len(2 << 30).unwrap();
        let ran = wait(lookup(&path, "x.example", Stdio::null()));
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr
                .contains("the file is longer than 64 MiB: split it"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_pipe_without_end_is_left_after_the_limit() {
    let mut child = lookup(Path::new("/dev/stdin"), "x.example", Stdio::piped());
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let block = vec![b'a'; 1 << 20];
        // Ends when nobody reads any more.
        (0..2048)
            .take_while(|_| pipe.write_all(&block).is_ok())
            .count()
    });
    let ran = wait(child);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("the file is longer than 64 MiB: split it"),
        "{}",
        ran.stderr
    );
    assert!(writer.join().unwrap() < 100, "it was read on");
}

#[test]
fn a_fifo_is_read_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let child = lookup(&path, "x.evil-zq.example", Stdio::null());
    std::fs::write(&path, "evil-zq.example\n").unwrap();
    let ran = wait(child);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.contains("match, below evil-zq.example"),
        "{}",
        ran.stdout
    );
}

#[test]
fn little_text_that_stands_for_much_is_refused() {
    let aliases: String = (1..12)
        .map(|n| {
            format!(
                "a{n}: &a{n} [{}]\n",
                vec![format!("*a{}", n - 1); 9].join(",")
            )
        })
        .collect();
    refused(
        format!("a0: &a0 [x,x,x,x,x,x,x,x,x]\n{aliases}{OWN}"),
        ":2: anchors and aliases (`&x`, `*x`) are not supported",
    );
    let entities: String = (1..12)
        .map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)))
        .collect();
    refused(
        format!(
            "<?xml version=\"1.0\"?><!DOCTYPE ioc [<!ENTITY a0 \"aaaaaaaaaa\">{entities}]>\n\
             <ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"x\"><short_description>&a11;</short_description></ioc>"
        ),
        ":1: it defines a document type (DOCTYPE)",
    );
}

#[test]
fn what_stands_deep_in_each_other_is_refused() {
    let (open, close) = ("[".repeat(DEEP), "]".repeat(DEEP));
    let (map, end) = ("{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    refused(format!("{open}{close}"), "in no format that is known");
    let bundle = |objects: &str| {
        format!("{{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[\n{objects}]}}")
    };
    let good = "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[domain-name:value = 'evil-zq.example']\"}";
    // An object that is too deep is left out; the next one counts.
    for (object, said) in [
        (format!("{open}{close}"), "an object cannot be read"),
        (
            format!("{{\"type\":\"indicator\",\"pattern\":{map}1{end}}}"),
            "a pattern is no text",
        ),
        (
            format!(
                "{{\"type\":\"indicator\",\"pattern\":\"{}{}\"}}",
                "(".repeat(DEEP),
                ")".repeat(DEEP)
            ),
            "its parentheses are more than 64 deep",
        ),
    ] {
        let ran = ran(bundle(&format!("{object},\n{good}")));
        assert!(
            ran.line().starts_with(":2: ") && ran.line().contains(said),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stdout.contains("match, below evil-zq.example"),
            "{}",
            ran.stdout
        );
    }
    refused(
        format!(
            "{{\"Event\":{{\"info\":\"x\",\"threat_level_id\":\"1\",\n\"Attribute\":{open}{close}}}}}"
        ),
        ":2: arrays and objects stand in each other more than 64 deep",
    );
    refused(
        format!("{OWN}  - domains: {open}{close}"),
        ":4: more than 32 brackets are open",
    );
    let steps: String = (0..2_000)
        .map(|depth| format!("{}-\n", " ".repeat(depth)))
        .collect();
    refused(format!("{OWN}{steps}"), ":5:2: groups[0]: invalid type");
    refused(
        format!(
            "<ioc xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"x\"><definition>\n{}{}</definition></ioc>",
            "<Indicator operator=\"OR\">".repeat(DEEP),
            "</Indicator>".repeat(DEEP)
        ),
        ":2: elements stand in each other more than 64 deep",
    );
}

/// One line of each format that has lines, with bytes in the middle that are no text.
#[test]
fn a_line_that_is_no_text_is_left_out_and_the_others_count() {
    const MALTRAIL: &str = "# Copyright (c) 2014-2024 Maltrail developers\n";
    for (head, one) in [
        ("", "NAME"),
        ("domain,seen\n", "NAME,2024-01-02"),
        ("", "0.0.0.0 NAME"),
        ("", "address=/NAME/"),
        ("", "local-zone: \"NAME\" always_nxdomain"),
        ("$TTL 300\n", "*.NAME CNAME ."),
        ("[Adblock Plus]\n", "||NAME^"),
        (
            "",
            "alert dns any any -> any any (dns.query; dotprefix; content:\".NAME\"; endswith; sid:1;)",
        ),
        (
            "#fields\tindicator\tindicator_type\n",
            "NAME\tIntel::DOMAIN",
        ),
        (MALTRAIL, "NAME"),
    ] {
        let line = |name: &[u8]| {
            let (before, after) = one.split_once("NAME").unwrap();
            [before.as_bytes(), name, after.as_bytes(), b"\n"].concat()
        };
        let bytes = [
            head.as_bytes(),
            &line(b"good-zq.example"),
            &line(b"good2-zq.example"),
            &line(b"bad\xff\xfe-zq.example"),
            &line(b"evil-zq.example"),
            &line(b"good3-zq.example"),
        ]
        .concat();
        let at = head.lines().count() + 3;
        let ran = ran(&bytes);
        assert!(
            ran.stdout.contains("match, below evil-zq.example"),
            "{one}: {}{}",
            ran.stdout,
            ran.stderr
        );
        assert!(
            ran.line().starts_with(&format!(":{at}: ")) && ran.line().contains("UTF-8"),
            "{one}: {}",
            ran.stderr
        );
    }
}

#[test]
fn what_is_no_text_as_a_whole_is_refused_with_its_place() {
    for (bytes, said) in [
        (&b"{\"type\":\"bundle\",\"id\":\"bundle--1\",\n\"objects\":[{\"type\":\"indicator\",\"name\":\"\xff\"}]}"[..], ":2: it is not UTF-8"),
        (b"{\"Event\":{\"info\":\"x\",\"threat_level_id\":\"1\",\n\"Attribute\":[{\"value\":\"\xff\"}]}}", ":2: not JSON"),
        (b"bellerophon: 1\npack: p\ngroups:\n  - domains:\n    - a-zq.example\n    - \xff.example\n", ":6: not UTF-8 at byte offset 69"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "the file is compressed: unpack it first"),
        (b"PK\x03\x04\0\0\0\0", "the file is compressed: unpack it first"),
        (b"\x28\xb5\x2f\xfd\0\0\0\0", "the file is compressed: unpack it first"),
        (b"\xff\xfea\0.\0b\0c\0\n\0", "the file is UTF-16: save it as UTF-8"),
        (b"\xfe\xff\0a\0.\0b\0c\0\n", "the file is UTF-16: save it as UTF-8"),
        (b"a-zq.example\nb\0-zq.example\n", ":2: the file is not text: it has a NUL byte"),
        (b"{\"a\": 1}", "in no format that is known"),
        (b"<html><body>404</body></html>", "in no format that is known"),
    ] {
        refused(bytes, said);
    }
}

/// Alone it is an error, since no rule is left; beside others it is told.
#[test]
fn lists_without_entries_are_told() {
    for (text, said) in [
        ("", "the file is empty"),
        ("\u{feff}", "the file is empty"),
        ("\n# nothing\n\n", "the list (plain) holds no entry"),
    ] {
        let ran = ran(text);
        assert_eq!(ran.status, 2);
        assert!(
            ran.stderr.contains("no rule is left") && ran.stderr.contains(said),
            "{}",
            ran.stderr
        );
        let (folder, _) = list("a.txt", text);
        std::fs::write(folder.path().join("b.txt"), "evil-zq.example\n").unwrap();
        let ran = wait(lookup(folder.path(), "x.evil-zq.example", Stdio::null()));
        assert_eq!(ran.status, 2);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(
            ran.stdout.contains("match, below evil-zq.example"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_folder_and_what_cannot_be_opened_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let ran = wait(lookup(folder.path(), "x.example", Stdio::null()));
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("no rule file in this folder"),
        "{}",
        ran.stderr
    );
    std::fs::create_dir(folder.path().join("deep.yaml")).unwrap();
    std::fs::write(folder.path().join("a.txt"), "evil-zq.example\n").unwrap();
    let ran = wait(lookup(folder.path(), "x.evil-zq.example", Stdio::null()));
    assert!(
        ran.stderr
            .contains("folders in a folder of rules are not searched"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout.contains("match, below evil-zq.example"),
        "{}",
        ran.stdout
    );
    let ran = wait(lookup(
        &folder.path().join("none"),
        "x.example",
        Stdio::null(),
    ));
    assert!(
        ran.stderr.contains("cannot read it: No such file"),
        "{}",
        ran.stderr
    );
}

#[test]
fn of_a_million_bad_lines_a_thousand_are_told() {
    let good: String = (0..600).map(|n| format!("good{n}-zq.example\n")).collect();
    let own = format!("{OWN}  - domains:\n");
    let hosts: String = (0..600)
        .map(|n| format!("0.0.0.0 good{n}-zq.example\n"))
        .collect();
    for (head, bad, tail) in [
        (good.as_str(), "a b c\n", "evil-zq.example\n"),
        (&own, "    - b_d\n", "    - evil-zq.example\n"),
        (&hosts, "nothing\n", "0.0.0.0 evil-zq.example\n"),
    ] {
        let ran = ran(format!("{head}{}{tail}", bad.repeat(1_000_000)));
        assert_eq!(ran.status, 2);
        assert_eq!(ran.stderr.lines().count(), 1_001);
        let last = ran.stderr.lines().last().unwrap();
        assert!(last.contains("999000 more defects of entries"), "{last}");
        assert!(
            ran.stdout.contains("match, below evil-zq.example"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn one_line_of_sixty_megabytes_is_read_where_it_makes_sense() {
    let remark = "x".repeat(1_000);
    let object = |n: usize, name: &str| {
        format!(
            "{{\"type\":\"indicator\",\"id\":\"indicator--{n}\",\"description\":\"{remark}\",\
             \"pattern\":\"[domain-name:value = '{name}']\"}}"
        )
    };
    let mut bundle = String::from("{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[");
    for n in 0..56_000 {
        bundle += &object(n, &format!("n{n}-zq.example"));
        bundle.push(',');
    }
    bundle += &object(0, "evil-zq.example");
    bundle += "]}";
    assert!(bundle.len() > 58 << 20);
    let ran = ran(bundle);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.stdout.contains("match, below evil-zq.example"),
        "{}",
        ran.stdout
    );
    // In a list it is no entry.
    for start in [
        "evil-zq.example\n",
        "0.0.0.0 evil-zq.example\n",
        "domain,note\nevil-zq.example,x\n",
    ] {
        let ran = self::ran(format!("{start}{}", "a.".repeat(30 << 20)));
        assert!(ran.line().contains("64 KiB"), "{}", ran.stderr);
        assert!(
            ran.stdout.contains("match, below evil-zq.example"),
            "{}",
            ran.stdout
        );
    }
}
