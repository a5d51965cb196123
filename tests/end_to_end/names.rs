//! `names`: exactly the names that were built into each capture.

use serde_json::Value;
use testkit::scenarios::{self, Scenario};

use crate::harness::{Folder, capture, captures, nanoseconds, run, run_line};

/// (packet, kind, name, src, sport, dst, dport)
type Row = (u64, String, String, String, u64, String, u64);

fn expected(scenario: &Scenario) -> Vec<Row> {
    let mut rows: Vec<Row> = scenario
        .observed
        .iter()
        .map(|row| {
            (
                row.packet as u64,
                row.kind.to_owned(),
                row.name.clone(),
                row.src.ip().to_string(),
                u64::from(row.src.port()),
                row.dst.ip().to_string(),
                u64::from(row.dst.port()),
            )
        })
        .collect();
    rows.sort();
    rows
}

fn row(line: &Value) -> Row {
    let text = |key: &str| line[key].as_str().unwrap().to_owned();
    let number = |key: &str| line[key].as_u64().unwrap();
    (
        number("packet"),
        text("kind"),
        text("name"),
        text("src"),
        number("sport"),
        text("dst"),
        number("dport"),
    )
}

#[track_caller]
fn assert_rows(scenario: &Scenario, lines: &[Value]) {
    let mut found: Vec<Row> = lines.iter().map(row).collect();
    assert!(
        found.windows(2).all(|pair| pair[0].0 <= pair[1].0),
        "{}: not in the order of packets",
        scenario.file
    );
    found.sort();
    let wanted = expected(scenario);
    for row in &wanted {
        assert!(found.contains(row), "{}: missed {row:?}", scenario.file);
    }
    for row in &found {
        assert!(wanted.contains(row), "{}: made up {row:?}", scenario.file);
    }
    assert_eq!(found, wanted, "{}: said twice", scenario.file);
}

#[test]
fn every_name_of_every_capture_and_no_other() {
    for scenario in scenarios::all() {
        let path = capture(scenario.file);
        let ran = run(["names", &path, "--summary", "none"])
            .exits(0)
            .says_nothing();
        let lines = ran.json();
        assert_rows(&scenario, &lines);
        for line in &lines {
            assert_eq!(line["file"], path.as_str());
        }
    }
}

#[test]
fn times_are_those_of_the_packets() {
    for scenario in scenarios::all() {
        let ran = run(["names", &capture(scenario.file), "--summary", "none"]).exits(0);
        for line in ran.json() {
            let packet = line["packet"].as_u64().unwrap();
            let sent = scenario
                .observed
                .iter()
                .find(|row| row.packet as u64 == packet)
                .unwrap();
            // A packet without a time has that of the one before it, whatever that is.
            if let Some(time) = sent.time {
                let told = nanoseconds(line["ts"].as_str().unwrap());
                assert_eq!(told, time, "{}, packet {packet}", scenario.file);
            }
        }
    }
}

/// Scripts read these lines: the fields and their order are a contract.
#[test]
fn a_line_has_these_fields_in_this_order() {
    let mut arguments = vec!["names".to_owned()];
    arguments.extend(captures());
    let ran = run(arguments).exits(0);
    let keys = [
        "ts", "kind", "name", "src", "sport", "dst", "dport", "file", "packet",
    ];
    for line in ran.stdout.lines() {
        let mut at = 1;
        for key in keys {
            let start = format!("\"{key}\":");
            let found = line[at..]
                .find(&start)
                .unwrap_or_else(|| panic!("no {key} in {line}"));
            at += found + start.len();
        }
        // What there is only sometimes stands behind them.
        for key in ["rcode", "outer_name", "path"] {
            if let Some(found) = line[at..].find(&format!("\"{key}\":")) {
                at += found;
            }
        }
        let value: Value = serde_json::from_str(line).unwrap();
        let known = |key: &String| {
            keys.contains(&key.as_str()) || ["rcode", "outer_name", "path"].contains(&key.as_str())
        };
        assert!(value.as_object().unwrap().keys().all(known), "{line}");
    }
}

#[test]
fn files_come_in_the_order_given() {
    let ran = run_line("names pcaps/raw-ip.pcap pcaps/linux-cooked2.pcap --summary none").exits(0);
    let files: Vec<String> = ran
        .json()
        .iter()
        .map(|line| line["file"].as_str().unwrap().to_owned())
        .collect();
    let change = files
        .iter()
        .position(|file| file == "pcaps/linux-cooked2.pcap")
        .unwrap();
    assert_eq!(change, scenarios::named("raw-ip.pcap").observed.len());
    assert!(files[change..].iter().all(|file| file == &files[change]));
}

/// The end of the capture gives the names of hellos that are not complete, in a tunnel too.
#[test]
fn a_name_that_comes_at_the_end_has_its_path() {
    use testkit::capture::{Packet, Pcap};
    use testkit::{frame, quic, tls, tunnel};

    let hello = tls::client_hello("www.example.com")
        .sni(tls::SniPlace::First)
        .post_quantum()
        .handshake();
    let initial = quic::initial(quic::V1, b"8 bytes!").crypto(0, &hello[..700]);
    let inner = frame::ethernet()
        .ipv4("10.0.0.7", "192.0.2.1")
        .udp(50_000, 443)
        .payload(initial.datagram());
    let outer = frame::ethernet()
        .vlan(7)
        .ipv4("198.51.100.1", "198.51.100.2")
        .udp(50_000, 4_789)
        .payload(tunnel::vxlan(42, &inner));
    // What comes last is in no tunnel.
    let last = frame::ethernet()
        .ipv4("10.0.0.9", "192.0.2.1")
        .udp(50_001, 443)
        .payload(initial.datagram());
    let packets = [Packet::new(1, outer), Packet::new(2, last)];
    let folder = Folder::new();
    let file = folder.file("late.pcap", Pcap::new(1).packets(&packets).bytes());
    let lines = run(["names", &file, "--summary", "none"]).exits(0).json();
    let paths: Vec<_> = lines
        .iter()
        .map(|line| (line["name"].as_str().unwrap(), line["path"].to_string()))
        .collect();
    let path = concat!(
        r#"[{"kind":"vlan","id":7},"#,
        r#"{"kind":"vxlan","id":42,"src":"198.51.100.1","dst":"198.51.100.2"}]"#
    );
    let compact = |text: &str| serde_json::from_str::<Value>(text).unwrap().to_string();
    assert_eq!(
        paths,
        [
            ("www.example.com", compact(path)),
            ("www.example.com", "null".to_owned()),
        ]
    );
}
