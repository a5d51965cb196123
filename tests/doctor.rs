//! `bellerophon doctor` on a pair of interfaces in a network namespace of its own.
//!
//! A test runs itself again behind `unshare --net`, makes the pair, sends packets into one end and has the program look at
//! the other. Where that may not be done (no root, no `ip`), tests say so and pass.

#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout
)] // a test may

use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use testkit::conversation::tcp;
use testkit::frame::ethernet;
use testkit::{dns, tls};

/// Set where a test runs in a namespace of its own.
const INSIDE: &str = "BELLEROPHON_TEST_NAMESPACE";

/// The end that is looked at, and the other one.
const MIRROR: &str = "mir0";
const SENDER: &str = "gen0";

/// Whether the test of this name is in a namespace. Where it is not, it is run there, and has nothing left to do here.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    // What a test needs, tried in a namespace that goes away with it.
    let pair = "ip link add a0 type veth peer name b0";
    let tried = Command::new("unshare")
        .args(["--net", "sh", "-c", pair])
        .output();
    match tried {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            println!(
                "skipped: no interfaces in a network namespace: {}",
                why.trim()
            );
            return false;
        }
        Err(error) => {
            println!("skipped: cannot run unshare: {error}");
            return false;
        }
    }
    let output = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}");
    false
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    assert!(status.unwrap().success(), "ip {arguments}");
}

/// A pair that is up, and sends nothing by itself.
fn pair() {
    ip(&format!("link add {MIRROR} type veth peer name {SENDER}"));
    for name in [MIRROR, SENDER] {
        ip(&format!("link set dev {name} addrgenmode none"));
        ip(&format!("link set dev {name} up"));
    }
}

fn run(arguments: &str) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_bellerophon"))
        .arg("doctor")
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    output
}

/// What `doctor --json` says, and its exit status.
fn doctor(arguments: &str) -> (Value, i32) {
    let output = run(&format!("{arguments} --json"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let report = serde_json::from_str(&text).unwrap();
    (report, output.status.code().unwrap())
}

#[track_caller]
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["check"] == name)
        .unwrap_or_else(|| panic!("no {name} in {report:#}"))
}

#[track_caller]
fn is(report: &Value, name: &str, status: &str) {
    let check = check(report, name);
    assert_eq!(check["status"], status, "{check:#}");
}

/// What is sent over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Traffic {
    Both,
    /// Only what clients send.
    Clients,
}

/// Connections and lookups of a client, every second of them in a VLAN, with other ports each time.
fn frames(traffic: Traffic, round: u16) -> Vec<Vec<u8>> {
    let client = "10.0.0.7";
    let port = 20_000 + round % 40_000;
    let link = match round % 2 {
        0 => ethernet(),
        _ => ethernet().vlan(7),
    };
    let mut frames: Vec<Vec<u8>> = tcp(link.clone(), &format!("{client}:{port}"), "192.0.2.80:443")
        .opens()
        .client_sends(tls::client_hello("news.example").records())
        .server_sends(tls::application_data(600))
        .closes()
        .packets()
        .into_iter()
        .map(|packet| packet.data)
        .collect();
    let query = dns::query(round, "news.example", dns::A);
    frames.push(link.ipv4(client, "192.0.2.53").udp(port, 53).payload(query));
    if traffic == Traffic::Clients {
        let from_client = |frame: &Vec<u8>| {
            let ip = if round.is_multiple_of(2) { 14 } else { 18 };
            frame[ip + 12..ip + 16] == [10, 0, 0, 7]
        };
        frames.retain(from_client);
    }
    frames
}

/// Does something while traffic is sent.
fn during<T>(traffic: Traffic, what: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let device = pcap::Capture::from_device(SENDER).unwrap();
            let mut device = device.open().unwrap();
            let mut round = 0u16;
            while !over.load(Ordering::Relaxed) {
                for frame in frames(traffic, round) {
                    device.sendpacket(frame).unwrap();
                }
                round = round.wrapping_add(1);
                thread::sleep(Duration::from_millis(5));
            }
        });
        // Also where it panics, or the sender would never end.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
        over.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[test]
fn healthy_traffic() {
    if !is_inside("healthy_traffic") {
        return;
    }
    pair();
    let (report, status) = during(Traffic::Both, || doctor("-i mir0 --seconds 3"));
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(report["errors"], 0, "{report:#}");
    for name in [
        "rights.capability",
        "kernel.ring",
        "kernel.filter",
        "kernel.fanout",
        "interface.link",
        "interface.address",
        "interface.promiscuous",
        "traffic.packets",
        "traffic.loss",
        "traffic.size",
        "traffic.tags",
        "traffic.decoded",
        "traffic.directions",
        "traffic.names",
        "traffic.time",
        "rules.names",
    ] {
        is(&report, name, "ok");
    }
    let values = |name: &str| &check(&report, name)["values"];
    assert_eq!(values("interface.link")["driver"], "veth");
    assert_eq!(values("interface.link")["mtu"], 1_500);
    assert!(values("traffic.packets")["packets"].as_u64().unwrap() > 100);
    assert!(values("traffic.tags")["put_back"].as_u64().unwrap() > 0);
    let directions = values("traffic.directions");
    let (opened, accepted) = (&directions["opened"], &directions["accepted"]);
    // The look may begin and end inside of a connection.
    assert!(
        opened
            .as_u64()
            .unwrap()
            .abs_diff(accepted.as_u64().unwrap())
            <= 1
    );
    let kinds = &values("traffic.names")["kinds"];
    assert!(kinds["tls_sni"].as_u64().unwrap() > 0, "{kinds}");
    assert!(kinds["dns_query"].as_u64().unwrap() > 0, "{kinds}");
    assert!(
        report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["check"] != "traffic.contacts")
    );
}

#[test]
fn one_sided_traffic() {
    if !is_inside("one_sided_traffic") {
        return;
    }
    pair();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    let text = "bellerophon: 1\npack: mine\ngroups:\n  - domains: [news.example]\n";
    std::fs::write(&rules, text).unwrap();
    let arguments = format!("-i mir0 --seconds 3 --rules {}", rules.display());
    let (report, status) = during(Traffic::Clients, || doctor(&arguments));
    assert_eq!(status, 0, "{report:#}");
    assert_eq!(report["status"], "warning");
    is(&report, "traffic.directions", "warning");
    let directions = check(&report, "traffic.directions");
    assert_eq!(directions["values"]["accepted"], 0);
    assert!(
        directions["step"]
            .as_str()
            .unwrap()
            .contains("both directions")
    );
    assert!(directions["command"].is_null());
    is(&report, "traffic.names", "ok");
    // What was listed is told as well.
    is(&report, "traffic.contacts", "warning");
    assert_eq!(check(&report, "rules.names")["values"]["names"], 1);
    is(&report, "rules.age", "skipped");
    is(&report, "rules.fetched", "skipped");
}

#[test]
fn an_interface_that_is_down() {
    if !is_inside("an_interface_that_is_down") {
        return;
    }
    pair();
    ip("link set dev mir0 down");
    let (report, status) = doctor("-i mir0 --seconds 3");
    assert_eq!(status, 2);
    let link = check(&report, "interface.link");
    assert_eq!(
        (&link["status"], &link["interface"]),
        (&"error".into(), &MIRROR.into())
    );
    assert_eq!(link["command"], "ip link set dev mir0 up");
    is(&report, "traffic.packets", "skipped");

    // The cable is out.
    ip("link set dev mir0 up");
    ip("link set dev gen0 down");
    let (report, status) = doctor("-i mir0 --seconds 3");
    assert_eq!(status, 2);
    assert_eq!(
        check(&report, "interface.link")["values"]["state"],
        "no carrier"
    );
    is(&report, "traffic.packets", "skipped");
}

#[test]
fn an_unknown_interface() {
    if !is_inside("an_unknown_interface") {
        return;
    }
    pair();
    let (report, status) = doctor("-i nope0 -i mir0 --seconds 0");
    assert_eq!(status, 2);
    let link = check(&report, "interface.link");
    assert_eq!(
        (&link["status"], &link["interface"]),
        (&"error".into(), &"nope0".into())
    );
    assert_eq!(link["step"], "name one of these: gen0, lo, mir0");
    // The other one is examined all the same.
    assert_eq!(report["errors"], 1, "{report:#}");
    assert_eq!(check(&report, "interface.promiscuous")["interface"], MIRROR);
}

#[test]
fn no_traffic() {
    if !is_inside("no_traffic") {
        return;
    }
    pair();
    let (report, status) = doctor("-i mir0 --seconds 1");
    assert_eq!(status, 2);
    is(&report, "traffic.packets", "error");
    is(&report, "interface.link", "ok");
    assert_eq!(report["errors"], 1, "{report:#}");
}

#[test]
fn people_get_lines_that_fit() {
    if !is_inside("people_get_lines_that_fit") {
        return;
    }
    pair();
    ip("address add 192.0.2.7/24 dev mir0");
    let output = run("-i mir0 --seconds 1");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    for wanted in [
        "This machine\n",
        "\nInterface mir0\n  ok       link          up, with carrier",
        "\n  warning  address       192.0.2.7: a mirror port should have none",
        "\n  error    packets       no packet in 1.",
        "-> switch on the mirror for this port",
        "\n1 error, ",
    ] {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "{text}");
}

#[test]
fn an_interface_is_given_once() {
    let output = run("-i lo -i lo");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "error: interface lo is given twice\n");
}
