//! What is captured live is alerted as `replay` alerts it out of a file.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::{dns, frame, scenarios, tls};

use crate::harness::{Plan, essences, frames, generated, names, replayed, sum};
use crate::net::{Net, TX};

/// Sends the frames so slowly that a debug build on a busy machine reads them all.
fn send_slowly(net: &Net, frames: &[Vec<u8>]) {
    net.enter(|| {
        let mut sender = crate::net::Sender::open(TX);
        for some in frames.chunks(200) {
            for frame in some {
                sender.send(frame);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    });
    net.settle();
}

/// Captures the frames with these options: the summary and all events.
fn captured(net: &std::sync::Arc<Net>, options: &str, frames: &[Vec<u8>]) -> (Value, Vec<Value>) {
    let mut watch = Plan::new(net)
        .with("--repeat-window 0")
        .with(options)
        .start();
    send_slowly(net, frames);
    let (summary, events) = watch.stop();
    // Where packets are lost the comparison means nothing.
    assert_eq!(crate::harness::lost(&summary), 0, "{summary}");
    (summary, events)
}

/// Every capture of Ethernet in `pcaps/`, one after the other.
fn scenarios_alike(options: &str) {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for scenario in scenarios::all() {
        let file = folder.path().join("capture");
        std::fs::write(&file, &scenario.bytes).unwrap();
        let Some(frames) = frames(&file) else {
            continue;
        };
        let wanted = essences(&replayed(&file));
        let (_, events) = captured(&net, options, &frames);
        assert_eq!(essences(&events), wanted, "{} {options}", scenario.file);
        let alerted: BTreeSet<String> = names(&events).into_iter().collect();
        for contact in scenario.contacts() {
            assert!(alerted.contains(&contact.observed.name), "{contact:?}");
        }
        compared += wanted.len();
    }
    assert!(compared > 50, "only {compared} alerts were compared");
}

#[test]
fn planted_contacts_are_alerted_as_replay_does_with_one_thread() {
    scenarios_alike("--threads 1");
}

#[test]
fn planted_contacts_are_alerted_as_replay_does_with_three_threads() {
    scenarios_alike("--threads 3 --fanout hash");
}

#[test]
fn planted_contacts_are_alerted_as_replay_does_shared_by_addresses() {
    scenarios_alike("--threads 3 --fanout addresses");
}

/// The same alerts with and without the kernel's filter, and less work with it.
fn filter_loses_nothing(workload: &str, options: &[&str]) {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (file, planted) = generated(folder.path(), workload, options);
    let frames = frames(&file).unwrap();
    let wanted = essences(&replayed(&file));
    assert_eq!(wanted.len(), planted.len());
    assert!(wanted.len() >= 10, "{}", wanted.len());
    let (with, events) = captured(&net, "", &frames);
    assert_eq!(essences(&events), wanted);
    let (without, events) = captured(&net, "--no-kernel-filter", &frames);
    assert_eq!(essences(&events), wanted);
    let (with, without) = (sum(&with, "received"), sum(&without, "received"));
    assert_eq!(without, frames.len() as u64);
    // The kernel took the program, and it leaves acknowledgements and bulk out.
    assert!(with < without, "{with} of {without}");
}

#[test]
fn the_kernels_filter_loses_no_name_of_mixed_traffic() {
    filter_loses_nothing(
        "mix",
        &["--size", "5M", "--flows", "500", "--plant-every", "250"],
    );
}

#[test]
fn the_kernels_filter_loses_no_name_of_tls() {
    filter_loses_nothing("tls", &["--size", "3M", "--plant-every", "200"]);
}

fn capture_of(frames: &[Vec<u8>], file: &Path) {
    let packets: Vec<Packet> = frames
        .iter()
        .zip(1_700_000_000..)
        .map(|(frame, second)| Packet::new(second * 1_000_000_000, frame.clone()))
        .collect();
    std::fs::write(file, Pcap::new(1).packets(&packets).bytes()).unwrap();
}

/// What stands in an alert of the tags around its packet.
fn tags(events: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = events
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .map(|event| {
            let context = &event["alert"]["context"];
            format!(
                "{} vlan {} path {}",
                context["name"], event["vlan"], context["path"]
            )
        })
        .collect();
    all.sort();
    all
}

/// The kernel takes the outer tag out of a frame before it gives it to a socket, and tells it beside.
#[test]
fn tags_that_the_kernel_takes_out_come_back() {
    let Some(net) = Net::new() else { return };
    let links = [
        ("a", frame::ethernet().vlan(7)),
        // Priority bits belong to the tag.
        ("b", frame::ethernet().tag(0x8100, 0xe00a)),
        ("c", frame::ethernet().qinq(100, 4_000)),
        ("d", frame::ethernet().vlan(20).vlan(30)),
        ("e", frame::ethernet().tag(0x9100, 40).vlan(50)),
        ("f", frame::ethernet().vlan(0)),
        ("g", frame::ethernet()),
    ];
    let mut sent = Vec::new();
    for (label, link) in links {
        let name = format!("{label}.urlpush.net");
        let ip = link.clone().ipv4("10.0.0.7", "192.0.2.53");
        sent.push(ip.udp(5_000, 53).payload(dns::query(1, &*name, dns::A)));
        let hello = tls::client_hello(&name).records();
        let ip = link.ipv6("2001:db8::7", "2001:db8::53");
        sent.push(ip.tcp(5_000, 443).seq(1).push().payload(hello));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tags.pcap");
    capture_of(&sent, &file);
    let wanted = tags(&replayed(&file));
    assert_eq!(wanted.len(), sent.len());
    for options in ["", "--no-kernel-filter", "--threads 3"] {
        let (_, events) = captured(&net, options, &sent);
        assert_eq!(tags(&events), wanted, "{options:?}");
    }
}

/// A card that takes tags out itself: they reach the kernel beside the frame, as a veth takes them from a VLAN device.
#[test]
fn tags_of_a_vlan_device_come_back() {
    let Some(net) = Net::new() else { return };
    if let Err(why) = net.ip("link add link tx0 name tx0.7 type vlan id 7") {
        return skip!("no VLAN devices: {why}");
    }
    net.set("link set tx0.7 up");
    net.set("link add link tx0.7 name tx0.7.9 type vlan id 9");
    net.set("link set tx0.7.9 up");
    let query = |name: &str| crate::harness::query(1, name);
    let mut watch = Plan::new(&net).start();
    net.send_on("tx0.7", &[query("one.urlpush.net")]);
    net.send_on("tx0.7.9", &[query("two.urlpush.net")]);
    watch.alerts(2);
    let (_, events) = watch.stop();
    assert_eq!(
        tags(&events),
        [
            r#""one.urlpush.net" vlan [7] path [{"id":7,"kind":"vlan"}]"#,
            r#""two.urlpush.net" vlan [7,9] path [{"id":7,"kind":"vlan"},{"id":9,"kind":"vlan"}]"#,
        ]
    );
}

#[test]
fn alerts_name_the_interface_they_came_from() {
    let Some(net) = Net::new() else { return };
    net.pair("tx1", "rx1").unwrap();
    for options in ["", "--threads 2"] {
        let mut watch = Plan::new(&net).on(&["rx0", "rx1"]).with(options).start();
        let queries = |label: &str| -> Vec<Vec<u8>> {
            (0..50)
                .map(|n| crate::harness::query(n, &format!("{label}{n}.urlpush.net")))
                .collect()
        };
        net.send_on("tx0", &queries("zero-"));
        net.send_on("tx1", &queries("one-"));
        watch.alerts(100);
        let (summary, events) = watch.stop();
        let alerts = events.iter().filter(|e| e["event_type"] == "alert");
        for alert in alerts {
            let name = alert["alert"]["context"]["name"].as_str().unwrap();
            let wanted = if name.starts_with("zero-") {
                "rx0"
            } else {
                "rx1"
            };
            assert_eq!(alert["in_iface"], wanted, "{alert}");
        }
        let received = |at: usize| summary["interfaces"][at]["received"].as_u64();
        assert_eq!([received(0), received(1)], [Some(50), Some(50)]);
    }
}
