//! `--bpf`: what it leaves out is left out everywhere and said.

use testkit::scenarios;

use crate::harness::{run, run_line};

const FILE: &str = "infection-redirect.pcap";
const PATH: &str = "pcaps/infection-redirect.pcap";

#[test]
fn dns_only_leaves_tls_out_and_says_how_much() {
    let scenario = scenarios::named(FILE);
    let dns: Vec<u64> = scenario
        .observed
        .iter()
        .filter(|row| row.kind.starts_with("dns_"))
        .map(|row| row.packet as u64)
        .collect();
    assert!(dns.len() < scenario.observed.len());
    let ran = run(["names", PATH, "--bpf", "udp port 53", "--summary", "json"]).exits(0);
    let found: Vec<u64> = ran
        .json()
        .iter()
        .map(|line| line["packet"].as_u64().unwrap())
        .collect();
    // Packets keep the numbers that they have in the file.
    assert_eq!(found, dns);

    let mut dns_packets = dns;
    dns_packets.dedup();
    let left_out = scenario.packets - dns_packets.len();
    let summary = ran.summary();
    assert_eq!(summary["packets"]["total"], scenario.packets);
    assert_eq!(summary["packets"]["filtered"], left_out);
    let said = format!("{left_out} packets were left out by --bpf");
    assert!(summary["verdict"]["limits"].to_string().contains(&said));
    run(["replay", PATH, "--bpf", "udp port 53"])
        .exits(0)
        .says(&[&said]);
}

#[test]
fn a_filter_works_on_every_link_type() {
    for scenario in scenarios::all() {
        // libpcap does not look behind VLAN tags, nor into links as other systems write them.
        if !["raw-ip.pcap", "linux-cooked2.pcap", "big-endian-nano.pcap"].contains(&scenario.file) {
            continue;
        }
        let path = crate::harness::capture(scenario.file);
        let ran = run(["names", &path, "--bpf", "tcp", "--summary", "none"]).exits(0);
        let hellos = scenario
            .observed
            .iter()
            .filter(|row| row.kind == "tls_sni")
            .count();
        assert_eq!(ran.stdout.lines().count(), hellos, "{}", scenario.file);
    }
}

#[test]
fn a_bad_expression_is_refused_before_anything_is_read() {
    let ran = run(["replay", PATH, "--bpf", "udp prt 53"]).exits(2);
    assert_eq!(ran.stdout, "");
    ran.says(&["--bpf \"udp prt 53\"", "syntax error", "man pcap-filter"]);
    run_line("replay pcaps --bpf").exits(2).says(&["--bpf"]);
}
