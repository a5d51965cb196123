//! Where packets come from: pipes, compressed files, folders. The same packets give the same output.

use std::process::Stdio;

use testkit::capture::{Packet, Pcap, gzip, zstd};
use testkit::scenarios;
use testkit::{dns, frame};

use crate::harness::{Folder, Ran, capture, command, repository, run, run_with};

const FILES: [&str; 3] = [
    "infection-redirect.pcap",
    "multi-interface.pcapng",
    "raw-ip.pcap",
];

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(repository().join(capture(file))).unwrap()
}

/// The output with the input's name made the same; it must stand in every line.
#[track_caller]
fn but_for_the_name(ran: Ran, name: &str) -> String {
    let ran = ran.exits(0).says_nothing();
    let quoted = format!(":\"{name}\"");
    assert!(ran.stdout.lines().all(|line| line.contains(&quoted)));
    assert!(!ran.stdout.is_empty());
    ran.stdout.replace(&quoted, ":\"*\"")
}

/// `names` and `replay` of one input, and of the committed file itself.
fn assert_same(file: &str, path: &str, name: &str, input: Option<&[u8]>) {
    for what in ["names", "replay"] {
        let plain = capture(file);
        let wanted = but_for_the_name(run([what, &plain, "--summary", "none"]), &plain);
        let arguments = [what, path, "--summary", "none"];
        let ran = match input {
            Some(input) => run_with(arguments, input),
            None => run(arguments),
        };
        assert!(
            but_for_the_name(ran, name) == wanted,
            "{what} {file} as {path}"
        );
    }
}

#[test]
fn a_pipe_equals_the_file() {
    for file in FILES {
        assert_same(file, "-", "standard input", Some(&bytes(file)));
        assert_same(file, "-", "standard input", Some(&gzip(&bytes(file))));
        assert_same(file, "-", "standard input", Some(&zstd(&bytes(file))));
    }
}

#[test]
fn standard_input_may_be_a_file() {
    let file = std::fs::File::open(repository().join(capture("raw-ip.pcap"))).unwrap();
    let child = command(["names", "-", "--summary", "none"])
        .stdin(Stdio::from(file))
        .spawn()
        .unwrap();
    let ran = Ran::wait(child).exits(0);
    let wanted = scenarios::named("raw-ip.pcap").observed.len();
    assert_eq!(ran.stdout.lines().count(), wanted);
}

#[test]
fn compression_does_not_show_whatever_the_file_is_called() {
    let folder = Folder::new();
    for file in FILES {
        for (packed, name) in [
            (gzip(&bytes(file)), "packed.gz"),
            (zstd(&bytes(file)), "packed.zst"),
            (gzip(&bytes(file)), "packed.pcap"),
        ] {
            let path = folder.file(name, packed);
            assert_same(file, &path, &path, None);
        }
    }
}

#[test]
fn several_gzip_members_are_one_file() {
    let folder = Folder::new();
    let whole = bytes("raw-ip.pcap");
    let (first, second) = whole.split_at(whole.len() / 3);
    let path = folder.file("parts.pcap.gz", [gzip(first), gzip(second)].concat());
    assert_same("raw-ip.pcap", &path, &path, None);
}

#[test]
fn a_cut_pipe_is_damage_too() {
    let whole = bytes("raw-ip.pcap");
    let ran = run_with(
        ["names", "-", "--summary", "none"],
        &whole[..whole.len() - 5],
    )
    .exits(2);
    assert!(!ran.stdout.is_empty());
    let last = scenarios::named("raw-ip.pcap").packets;
    ran.says(&[&format!("standard input: damaged at packet {last}, byte ")]);
}

#[test]
fn an_empty_pipe_is_an_error() {
    run_with(["names", "-", "--summary", "none"], b"")
        .exits(2)
        .says(&["standard input"]);
}

#[test]
fn folders_are_read_in_the_order_of_names_and_below() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("b")).unwrap();
    for name in ["c.pcap", "b/z.pcap", "b/a.pcap", "a.pcap"] {
        folder.file(name, bytes("linux-cooked2.pcap"));
    }
    let lines = run(["names", &folder.text(), "--summary", "none"])
        .exits(0)
        .json();
    let mut files: Vec<String> = lines
        .iter()
        .map(|line| line["file"].as_str().unwrap().to_owned())
        .collect();
    files.dedup();
    let wanted = ["a.pcap", "b/a.pcap", "b/z.pcap", "c.pcap"];
    assert_eq!(
        files,
        wanted.map(|name| format!("{}/{name}", folder.text()))
    );
}

/// 90 MB of frames that hold nothing, behind one contact, in some 90 kB.
fn bomb() -> Vec<u8> {
    let contact = frame::ethernet()
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(53_124, 53)
        .payload(dns::query(7, "urlpush.net", dns::A));
    let nothing = Packet::new(1_000_000_000, vec![0; 60_000]);
    let mut packets = vec![Packet::new(0, contact)];
    packets.resize(1_500, nothing);
    gzip(&Pcap::new(1).packets(&packets).bytes())
}

#[test]
fn a_bomb_is_refused_and_what_came_before_counts() {
    let folder = Folder::new();
    let packed = bomb();
    assert!(packed.len() < 200_000, "{}", packed.len());
    let path = folder.file("bomb.pcap.gz", packed);
    let ran = run(["replay", &path, "--summary", "none"]).exits(2);
    assert_eq!(ran.json().len(), 1);
    ran.says(&[&path, "200 times", "--max-expansion"]);
    let allowed = [
        "replay",
        &path,
        "--summary",
        "none",
        "--max-expansion",
        "100000",
    ];
    assert_eq!(run(allowed).exits(0).json().len(), 1);
}

/// What is read of a stream is gone: two readers would each get a part of it.
#[test]
fn standard_input_is_given_once() {
    run_with(["names", "-", "-", "--summary", "none"], &bytes(FILES[0]))
        .exits(2)
        .says(&["it was given before", "give it once"]);
}
