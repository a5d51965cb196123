//! Packets of devices, a capture out of them, rules, and what `replay` says.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::conversation::{Conversation, tcp};
use testkit::dns;
use testkit::frame::ethernet;

/// When captures begin: 2021-07-18 10:00:00.
pub(crate) const START: u64 = 1_626_602_400_000_000_000;

pub(crate) const SECOND: u64 = 1_000_000_000;

/// A server that is listed, or that a listed name is resolved to.
pub(crate) const EVIL: &str = "203.0.113.66";

/// The device, and another one.
pub(crate) const DEVICE: &str = "10.0.0.7";
pub(crate) const OTHER: &str = "10.0.0.8";

/// Nanoseconds since 1970, so many seconds behind [`START`].
pub(crate) fn at(seconds: u64) -> u64 {
    START + seconds * SECOND
}

/// A connection from a device to port 443 of [`EVIL`], which begins so many seconds behind [`START`].
pub(crate) fn connection(device: &str, port: u16, seconds: u64) -> Conversation {
    let client = format!("{device}:{port}");
    tcp(ethernet(), &client, &format!("{EVIL}:443")).at(at(seconds))
}

/// Datagrams between two ends.
pub(crate) fn udp(
    from: (&str, u16),
    to: (&str, u16),
    seconds: u64,
    payload: impl Into<Vec<u8>>,
) -> Packet {
    let frame = ethernet()
        .ip(from.0, to.0)
        .udp(from.1, to.1)
        .payload(payload);
    Packet::new(at(seconds), frame)
}

/// A resolver's answer to [`DEVICE`].
pub(crate) fn answer(seconds: u64, message: dns::Message) -> Packet {
    udp(("192.0.2.53", 53), (DEVICE, 50_053), seconds, message)
}

/// A name and its address, for so many seconds.
pub(crate) fn binds(name: &str, address: &str, ttl: u32) -> dns::Message {
    let v4: std::net::Ipv4Addr = address.parse().unwrap();
    dns::response(7, name, dns::A).record(name, dns::A, ttl, &v4.octets())
}

/// A pack of one group.
pub(crate) fn rules(group: &str) -> String {
    let lines: String = group
        .lines()
        .enumerate()
        .map(|(n, line)| format!("  {} {line}\n", if n == 0 { "-" } else { " " }))
        .collect();
    format!("bellerophon: 1\npack: p\ntitle: Pack\ngroups:\n{lines}")
}

/// What a run says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ran {
    /// EVE.
    pub(crate) events: Vec<Value>,
    /// The readable lines.
    pub(crate) lines: Vec<String>,
    pub(crate) summary: Value,
}

/// Runs `replay` over captures in their order with rules, with one worker and with four.
#[track_caller]
pub(crate) fn replay_all(group: &str, captures: &[Vec<u8>], options: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("rules.yaml");
    std::fs::write(&list, rules(group)).unwrap();
    let files: Vec<String> = captures
        .iter()
        .enumerate()
        .map(|(n, bytes)| {
            let name = format!("{n}.pcap");
            std::fs::write(folder.path().join(&name), bytes).unwrap();
            name
        })
        .collect();
    let run = |workers: &str, readers: &str| {
        let mut words = vec!["replay", "--rules", "rules.yaml", "--summary", "json"];
        words.extend([
            "--alerts",
            "text",
            "--eve",
            "eve.json",
            "--workers",
            workers,
        ]);
        words.extend(["--readers", readers]);
        words.extend(options);
        words.extend(files.iter().map(String::as_str));
        one(folder.path(), &words)
    };
    let (eve, lines, summary) = run("1", "1");
    let many = run("4", "1");
    assert_eq!((&eve, &lines), (&many.0, &many.1), "4 workers");
    let many = run("4", "2");
    assert_eq!((&eve, &lines), (&many.0, &many.1), "2 readers");
    let json = |line: &str| serde_json::from_str(line).unwrap();
    Ran {
        events: eve.lines().map(json).collect(),
        lines: lines.lines().map(str::to_owned).collect(),
        summary: serde_json::from_str(&summary).unwrap_or_else(|e| panic!("{e}: {summary}")),
    }
}

fn one(folder: &Path, words: &[&str]) -> (String, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let eve = std::fs::read_to_string(folder.join("eve.json")).unwrap();
    (eve, String::from_utf8(output.stdout).unwrap(), said)
}

/// A capture on Ethernet.
pub(crate) fn capture(packets: &[Packet]) -> Vec<u8> {
    let link = ethernet().link_type();
    Pcap::new(link).nanoseconds().packets(packets).bytes()
}

/// The same of one capture.
#[track_caller]
pub(crate) fn replay(group: &str, packets: &[Packet]) -> Ran {
    replay_all(group, &[capture(packets)], &[])
}

impl Ran {
    /// Kind and action of each alert.
    pub(crate) fn essence(&self) -> Vec<(&str, &str)> {
        let context = |field: &str, n: usize| {
            self.events[n]["alert"]["context"][field]
                .as_str()
                .unwrap_or_default()
        };
        (0..self.events.len())
            .map(|n| (context("kind", n), context("action", n)))
            .collect()
    }

    /// What is said of the only alert.
    #[track_caller]
    pub(crate) fn context(&self) -> &Value {
        assert_eq!(self.events.len(), 1, "{:#?}", self.lines);
        &self.events[0]["alert"]["context"]
    }

    /// The only readable line, from the device on.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        assert_eq!(self.lines.len(), 1, "{:#?}", self.lines);
        &self.lines[0]["2021-07-18 10:00:00  ".len()..]
    }

    #[track_caller]
    pub(crate) fn is_silent(&self) {
        assert!(
            self.events.is_empty() && self.lines.is_empty(),
            "{:#?}",
            self.lines
        );
    }

    /// The number that the summary gives of something about resolved addresses.
    pub(crate) fn counted(&self, what: &str) -> u64 {
        let counts = self.summary["resolved"].as_array().cloned();
        counts
            .unwrap_or_default()
            .iter()
            .find(|count| count["what"].as_str().unwrap().contains(what))
            .map_or(0, |count| count["count"].as_u64().unwrap())
    }
}
