//! Contacts with addresses: those that are listed, and those that listed names were resolved to.

use std::fs;
use std::time::Duration;

use testkit::dns;
use testkit::frame::ethernet;

use crate::harness::{Plan, names, wait};
use crate::net::Net;

const EVIL: &str = "203.0.113.66";
const LISTED: &str = "198.51.100.9";

fn syn(device: u8, address: &str) -> Vec<u8> {
    let device = format!("10.0.0.{device}");
    ethernet()
        .ip(&device, address)
        .tcp(50_000, 443)
        .syn()
        .empty()
}

fn answer() -> Vec<u8> {
    ethernet()
        .ip("192.0.2.53", "10.0.0.7")
        .udp(53, 50_000)
        .payload(dns::response(7, "x.evil.example", dns::A).a("x.evil.example", EVIL))
}

fn list(addresses: &str) -> String {
    let domains = "bellerophon: 1\npack: test\ngroups:\n  - domains: [evil.example]\n";
    format!("{domains}{addresses}")
}

/// The thread that sees the answer tells the others: flows of twelve devices are shared out among all.
#[test]
fn contacts_are_alerted_whichever_thread_saw_the_answer() {
    let Some(net) = Net::new() else { return };
    for threads in [1, 3] {
        let plan = Plan::new(&net).listing(&[]);
        let path = plan.folder().join("list.yaml");
        fs::write(path, list(&format!("    addresses: [{LISTED}]\n"))).unwrap();
        let mut watch = plan.with(&format!("--threads {threads}")).start();
        net.send(&[answer()]);
        watch.alerts(1);
        // An idle reader looks ten times a second.
        std::thread::sleep(Duration::from_millis(300));
        let packets: Vec<Vec<u8>> = (1..=12).map(|n| syn(n, EVIL)).collect();
        net.send(&packets);
        net.send(&[syn(20, LISTED)]);
        // Nothing more comes: the wait for a better explanation ends by itself.
        watch.alerts(14);
        let (_, events) = watch.stop();
        let of = |kind: &str| {
            let kinds = events
                .iter()
                .filter(|e| e["alert"]["context"]["kind"] == kind);
            kinds.count()
        };
        assert_eq!(of("resolved_address"), 12, "{threads} threads");
        assert_eq!(of("address"), 1, "{threads} threads");
        let weak = events
            .iter()
            .find(|e| e["alert"]["context"]["kind"] == "resolved_address");
        let context = &weak.unwrap()["alert"]["context"];
        assert_eq!(context["name"], "x.evil.example");
        // Threads count packets for themselves: such numbers mean nothing.
        assert_eq!(context["resolved"].get("packet"), None);
    }
}

#[test]
fn rules_that_had_no_addresses_are_replaced_by_some_that_have() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net)
        .listing(&["evil.example"])
        .with("--threads 1 --no-auto-reload")
        .start();
    net.send(&[syn(1, LISTED), answer()]);
    watch.alerts(1);
    let with = list(&format!("    addresses: [{LISTED}]\n"));
    fs::write(watch.list(), with).unwrap();
    watch.signal("-HUP");
    wait("the reload is counted", || {
        (watch.status()["rules"]["reloads"] == 1).then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    // What was learned with the old rules holds.
    net.send(&[syn(2, LISTED), syn(3, EVIL)]);
    let alerted = names(&watch.alerts(3));
    assert_eq!(alerted, ["x.evil.example", LISTED, "x.evil.example"]);
    watch.stop();
}
