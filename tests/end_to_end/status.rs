//! Exit statuses, and verdicts that claim no more than was seen.

use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::frame::ethernet;

use crate::harness::{Folder, run, run_line};

const ARP: u16 = 0x0806;

/// Who-has requests and nothing else.
fn only_arp() -> Vec<u8> {
    let request = [
        0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0x5e, 0, 0x53, 1, 10, 0, 0, 7, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1,
    ];
    let packets: Vec<Packet> = (0..5)
        .map(|n| Packet::new(n * 1_000_000_000, ethernet().payload(ARP, &request)))
        .collect();
    Pcap::new(1).packets(&packets).bytes()
}

fn verdict(path: &str) -> Value {
    let ran = run(["replay", path, "--summary", "json"]).exits(0);
    ran.summary()["verdict"].clone()
}

#[test]
fn exit_code_tells_scripts_of_alerts() {
    run_line("replay pcaps/raw-ip.pcap --exit-code").exits(1);
    run_line("replay pcaps/raw-ip.pcap").exits(0);
    run_line("replay pcaps/innocents.pcap --exit-code").exits(0);
    // What was not printed was found all the same.
    run_line("replay pcaps/raw-ip.pcap --exit-code --alerts none --summary none").exits(1);
}

#[test]
fn errors_win_over_alerts() {
    let ran = run_line("replay pcaps/raw-ip.pcap absent.pcap --exit-code").exits(2);
    assert!(!ran.stdout.is_empty());
}

#[test]
fn a_wrong_command_line_is_an_error() {
    run_line("replay").exits(2).says(&["PATH"]);
    run_line("replay pcaps/raw-ip.pcap --workers 0")
        .exits(2)
        .says(&["--workers"]);
    run_line("replay pcaps/raw-ip.pcap --sumary none")
        .exits(2)
        .says(&["--summary"]);
    run_line("repaly pcaps").exits(2).says(&["replay"]);
}

#[test]
fn help_and_version_are_no_error() {
    let help = run_line("--help").exits(0).stdout;
    for command in ["replay", "names", "lookup", "Exit status"] {
        assert!(help.contains(command), "{help}");
    }
    let version = run_line("--version").exits(0).stdout;
    assert_eq!(
        version,
        format!("bellerophon {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn alerts_are_a_lead_and_not_a_proof() {
    let verdict = verdict("pcaps/raw-ip.pcap");
    assert_eq!(verdict["status"], "alerts");
    let text = verdict["text"].as_str().unwrap();
    assert!(text.contains("not yet a proof"), "{text}");
}

#[test]
fn nothing_found_says_in_how_much() {
    let verdict = verdict("pcaps/innocents.pcap");
    assert_eq!(verdict["status"], "nothing_found");
    let text = verdict["text"].as_str().unwrap();
    assert!(
        text.contains("No listed name was seen in 240 names"),
        "{text}"
    );
    assert!(!text.to_lowercase().contains("clean"), "{text}");
}

#[test]
fn nothing_seen_is_not_nothing_found() {
    let folder = Folder::new();
    let path = folder.file("arp.pcap", only_arp());
    let verdict = verdict(&path);
    assert_eq!(verdict["status"], "nothing_seen");
    let text = verdict["text"].as_str().unwrap();
    assert!(
        text.contains("5 packets") && text.contains("nothing can be said"),
        "{text}"
    );
}

#[test]
fn a_capture_without_packets_says_nothing() {
    let folder = Folder::new();
    let path = folder.file("none.pcap", Pcap::new(1).bytes());
    let verdict = verdict(&path);
    assert_eq!(verdict["status"], "nothing_seen");
    assert!(
        verdict["text"]
            .as_str()
            .unwrap()
            .contains("No packets were read")
    );
}

#[test]
fn what_was_not_read_limits_the_verdict() {
    let ran = run_line("replay pcaps/hard-to-read.pcap --summary json").exits(0);
    let summary = ran.summary();
    let verdict = &summary["verdict"];
    assert_eq!(verdict["status"], "alerts");
    assert!(!verdict["limits"].as_array().unwrap().is_empty());
    assert!(summary["packets"]["undecoded_share"].as_f64().unwrap() > 0.0);
    let not_read = summary["not_read"].to_string();
    for what in [
        "QUIC",
        "ESP",
        "SCTP",
        "DNS messages malformed",
        "DNS messages cut short",
        "TLS hellos that break off",
    ] {
        assert!(not_read.contains(what), "no {what} in {not_read}");
    }
    // Reasons are told and not added up: what they count differs.
    assert_eq!(
        verdict["limits"],
        serde_json::json!([
            "5.0 % of packets could not be decoded",
            "names may also have passed unseen for 4 other reasons under \"Not read\", above all in \
             QUIC Initial packets cut short by the capture (3)"
        ])
    );
    run_line("replay pcaps/hard-to-read.pcap")
        .exits(0)
        .says(&["Not read: names may have passed unseen in", "But: "]);
}

#[test]
fn a_capture_that_was_read_whole_has_no_limits() {
    let folder = Folder::new();
    let frame = ethernet()
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(53_124, 53)
        .payload(testkit::dns::query(7, "www.example.com", testkit::dns::A));
    let file = Pcap::new(1).packet(&Packet::new(0, frame)).bytes();
    let path = folder.file("one.pcap", file);
    let verdict = verdict(&path);
    assert_eq!(verdict["status"], "nothing_found");
    assert_eq!(verdict["limits"], serde_json::json!([]));
    assert_eq!(verdict["text"], "No listed name was seen in 1 name.");
}
