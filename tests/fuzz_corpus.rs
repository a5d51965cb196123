//! Replays the fuzzers' committed corpus (`fuzz/corpus/`) on stable Rust, without libFuzzer.
//!
//! `BELLEROPHON_SEEDS=FOLDER cargo test --test fuzz_corpus` also writes seeds into `FOLDER`, a
//! folder for each target, made of the testkit's captures: `make fuzz` starts from them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test may"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bellerophon::packet::{Transport, decode};
use bellerophon::source::{Capture, Fill, Input, Options};
use bellerophon::triage::{Reader, Verdict, triage};
use testkit::dns::malformed;
use testkit::scenarios;
use testkit::{quic, tls};

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 8] = [
    ("capture", targets::capture::run),
    ("packet", targets::packet::run),
    ("dns", targets::dns::run),
    ("tls", targets::tls::run),
    ("quic", targets::quic::run),
    ("rules", targets::rules::run),
    ("lookup", targets::lookup::run),
    ("pipeline", targets::pipeline::run),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn corpus_holds() {
    let mut failed = Vec::new();
    for (target, run) in TARGETS {
        let files = files(&fuzz().join("corpus").join(target));
        assert!(!files.is_empty(), "{target} has no corpus");
        for file in files {
            let data = fs::read(&file).unwrap();
            if catch_unwind(|| run(&data)).is_err() {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "see the panics above: {failed:?}");
}

/// A target that is not in the list above would never be replayed.
#[test]
fn all_targets_are_replayed() {
    let mut known: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
    known.sort_unstable();
    let found: Vec<String> = files(&fuzz().join("fuzz_targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, known);
}

#[test]
fn seeds_hold() {
    let export = std::env::var_os("BELLEROPHON_SEEDS").map(PathBuf::from);
    for (target, run) in TARGETS {
        for (name, seed) in seeds(target) {
            run(&seed);
            if let Some(folder) = export.as_deref().map(|folder| folder.join(target)) {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(name), seed).unwrap();
            }
        }
    }
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut add = |seed: Vec<u8>| seeds.push((format!("seed-{:03}", seeds.len()), seed));
    match target {
        "capture" | "pipeline" => scenarios::all()
            .iter()
            .map(scenarios::Scenario::file_bytes)
            .filter(|bytes| bytes.len() < 20_000)
            .for_each(add),
        "packet" => frames().into_iter().for_each(add),
        "dns" => {
            malformed::all().into_iter().for_each(|(_, m)| add(m));
            payloads(|r| r != Reader::ClientHello)
                .into_iter()
                .for_each(add);
        }
        "tls" => payloads(|r| r == Reader::ClientHello)
            .into_iter()
            .for_each(add),
        "quic" => quic_flights().into_iter().for_each(add),
        "rules" => {
            for pack in bellerophon::rules::built_in() {
                let lines: Vec<&str> = pack.yaml.lines().take(60).collect();
                add(lines.join("\n").into_bytes());
            }
        }
        "lookup" => {
            for name in [
                "!", "a.b.!.", "A\\.!", "\\032.!", "x!", "!.au", ".!", "..", "é.!",
            ] {
                for choice in [0u16, 7, 300, 1_430, 1_500, 2_000] {
                    let mut seed = choice.to_be_bytes().to_vec();
                    seed.extend(name.bytes());
                    add(seed);
                }
            }
        }
        other => panic!("no seeds for {other}"),
    }
    seeds
}

/// Datagrams as the target reads them: how, length, bytes.
fn quic_flights() -> Vec<Vec<u8>> {
    let message = tls::client_hello("www.example.com")
        .post_quantum()
        .handshake();
    let (a, b) = message.split_at(900);
    let mut flights: Vec<Vec<Vec<u8>>> = quic::versions()
        .map(|version| {
            let part = |number, offset, bytes| {
                let packet = quic::initial(version, b"8 bytes!").number(number);
                packet.crypto(offset, bytes).datagram()
            };
            vec![part(1, 900, b), part(0, 0, a)]
        })
        .collect();
    let chlo = quic::chlo("www.example.com", 20);
    for version in [b"Q024", b"Q043", b"Q046"] {
        flights.push(vec![quic::google(version, b"12345678", 0, &chlo)]);
    }
    flights.push(vec![quic::version_negotiation(b"client", b"server")]);
    let seed = |datagrams: Vec<Vec<u8>>| {
        let mut seed = Vec::new();
        for datagram in datagrams {
            seed.push(0);
            seed.extend((datagram.len() as u16).to_be_bytes());
            seed.extend(datagram);
        }
        seed
    };
    flights.into_iter().map(seed).collect()
}

/// Frames of all scenarios with their link types, some of each verdict.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for scenario in scenarios::all() {
        let file = targets::scratch::file(&scenario.bytes, "");
        let stop = Arc::new(AtomicBool::new(false));
        let input = Input::File(file.path().to_owned());
        let mut capture = Capture::open(&input, &Options::default(), &stop).unwrap();
        let mut seen: Vec<(String, usize)> = Vec::new();
        loop {
            let Some(frame) = capture.next_buffered().unwrap() else {
                if capture.fill().unwrap() == Fill::More {
                    continue;
                }
                break;
            };
            let kind = match decode(frame.link, frame.data) {
                Ok(packet) => format!("{:?} {}", triage(&packet), packet.vlans.ids().len()),
                Err(gap) => gap.describe(),
            };
            let count = match seen.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => count,
                None => {
                    seen.push((kind, 0));
                    &mut seen.last_mut().unwrap().1
                }
            };
            *count += 1;
            if *count <= 8 && frame.data.len() < 2_500 {
                let mut seed = frame.link.0.to_be_bytes().to_vec();
                seed.extend(frame.data);
                frames.push(seed);
            }
        }
    }
    frames
}

/// Payloads among [`frames`] that go to a reader.
fn payloads(wanted: impl Fn(Reader) -> bool) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    for frame in frames() {
        let (link, data) = frame.split_first_chunk::<2>().unwrap();
        let link = bellerophon::source::LinkType(u16::from_be_bytes(*link));
        if let Ok(packet) = decode(link, data)
            && let Verdict::Forward(reader) = triage(&packet)
            && wanted(reader)
        {
            payloads.push(match packet.transport {
                Transport::Tcp(segment) => segment.payload.to_vec(),
                Transport::Udp(datagram) => datagram.payload.to_vec(),
            });
        }
    }
    payloads
}
