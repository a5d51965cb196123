//! What is served over HTTP agrees with what is told elsewhere.

use std::io::{Read, Write};
use std::net::TcpStream;

use bellerophon::serve::lint;

use crate::harness::{Plan, query, wait};
use crate::net::Net;

/// Asks the program in the namespace for a page: status and body.
pub(crate) fn get(net: &Net, path: &str) -> (u16, String) {
    let text = net.enter(|| {
        let mut stream = TcpStream::connect("127.0.0.1:9469").unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// The value of a sample.
#[track_caller]
fn value(page: &str, sample: &str) -> f64 {
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in {page}"))
        .parse()
        .unwrap()
}

#[test]
fn metrics_agree_with_the_status() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net)
        .with("--threads 2 --metrics 127.0.0.1:9469")
        .start();
    let queries: Vec<Vec<u8>> = (0..300)
        .map(|n| match n % 3 {
            0 => query(n, &format!("n{n}.urlpush.net")),
            _ => query(n, &format!("n{n}.example")),
        })
        .collect();
    net.send(&queries);
    // The same again, and so folded.
    net.send(&queries[..30]);
    watch.counts(330);
    watch.alerts(100);
    let mut seen = String::new();
    wait("the page has all", || {
        seen = get(&net, "/metrics").1;
        let all = value(&seen, "bellerophon_names_total{kind=\"dns_query\"}") == 330.0
            && value(&seen, "bellerophon_alert_repeats_total") == 10.0;
        all.then_some(())
    });
    let page = seen;
    assert_eq!(lint::lint(&page), Vec::<String>::new());
    let status = watch.status();
    let told = |pointer: &str| status.pointer(pointer).unwrap().as_f64().unwrap();
    for (sample, pointer) in [
        ("bellerophon_packets_total", "/capture/packets"),
        ("bellerophon_bytes_total", "/capture/bytes"),
        (
            "bellerophon_interface_received_packets_total{interface=\"rx0\"}",
            "/interfaces/0/received",
        ),
        (
            "bellerophon_interface_ring_dropped_packets_total{interface=\"rx0\"}",
            "/interfaces/0/dropped",
        ),
        (
            "bellerophon_interface_seen_packets_total{interface=\"rx0\"}",
            "/interfaces/0/interface_packets",
        ),
        ("bellerophon_alerts_total", "/alerts/total"),
        ("bellerophon_alert_repeats_total", "/alerts/repeats"),
        (
            "bellerophon_rules_indicators{pack=\"pegasus\"}",
            "/rules/indicators",
        ),
    ] {
        assert_eq!(value(&page, sample), told(pointer), "{sample}");
    }
    assert_eq!(told("/capture/packets"), 330.0);
    assert_eq!(told("/alerts/total"), 100.0);
    assert_eq!(
        value(&page, "bellerophon_interface_up{interface=\"rx0\"}"),
        1.0
    );
    assert_eq!(
        value(&page, "bellerophon_alert_latency_seconds_count"),
        100.0
    );
    // The lines of the EVE file are those that are counted.
    let text = std::fs::read_to_string(&watch.eve).unwrap();
    assert!(
        text.lines().count() as f64
            >= value(&page, "bellerophon_output_lines_total{output=\"eve\"}")
    );
    assert_eq!(get(&net, "/healthz").0, 200);
    assert_eq!(get(&net, "/nothing").0, 404);
    watch.stop();
}

#[test]
fn readiness_follows_the_interface() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).with("--metrics 127.0.0.1:9469").start();
    let ready = |wanted: u16| {
        wait(&format!("/readyz is {wanted}"), || {
            let (status, text) = get(&net, "/readyz");
            (status == wanted).then_some(text)
        })
    };
    ready(200);
    net.set("link set rx0 down");
    let why = ready(503);
    assert!(why.contains("rx0 is down"), "{why}");
    // It is alive all the while.
    assert_eq!(get(&net, "/healthz").0, 200);
    net.set("link set rx0 up");
    ready(200);
    net.set("link del rx0");
    let why = ready(503);
    assert!(why.contains("rx0 is gone"), "{why}");
    net.pair("tx0", "rx0").unwrap();
    ready(200);
    watch.stop();
}

/// Readers use new rules within a moment, also where no packet comes.
#[test]
fn the_generation_of_the_rules_is_told() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net)
        .listing(&["a.example"])
        .with("--threads 2 --no-auto-reload --metrics 127.0.0.1:9469")
        .start();
    for generation in 1..=2 {
        let (status, _, stderr) = watch.ctl("reload");
        assert_eq!(status, 0, "{stderr}");
        wait("all threads use the new rules", || {
            let page = get(&net, "/metrics").1;
            let now = value(&page, "bellerophon_rules_generation");
            (now == f64::from(generation)).then_some(())
        });
    }
    watch.stop();
}
