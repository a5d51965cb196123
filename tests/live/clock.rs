//! Time that jumps.
//!
//! The clock of a running machine cannot be set for one program alone: time namespaces do not hold the clock that
//! packets are stamped with. So this is shown with captures, which go through the same readers and workers; and what
//! lives between captures (folding) has its own tests in `src/alert/fold.rs`.

use std::path::Path;

use testkit::capture::{Packet, Pcap};
use testkit::conversation::tcp;
use testkit::{dns, frame::ethernet, tls};

use crate::harness::{essences, json_lines, run};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_700_000_000 * SECOND;

/// Connections and fragments that are all open at one time.
fn packets() -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut later = Vec::new();
    for n in 0..20u16 {
        let hello = tls::client_hello(&format!("n{n}.urlpush.net")).records();
        let client = format!("10.0.0.{}:5{n:04}", n + 1);
        let mut all = tcp(ethernet(), &client, "192.0.2.80:443")
            .at(START)
            .opens()
            .client_sends_cut(hello, &[100, 200])
            .packets();
        later.extend(all.split_off(all.len() / 2));
        packets.extend(all);
        let mut fragments = ethernet()
            .ipv4("10.0.0.7", "192.0.2.53")
            .id(u32::from(n) + 1)
            .udp(5_000 + n, 53)
            .fragments(
                dns::query(n, format!("f{n}.urlpush.net").as_str(), dns::A).edns(1_232),
                &[24],
            );
        later.push(Packet::new(START, fragments.pop().unwrap()));
        packets.extend(fragments.into_iter().map(|data| Packet::new(START, data)));
    }
    packets.extend(later);
    for (n, packet) in packets.iter_mut().enumerate() {
        packet.time = START + n as u64 * 1_000;
    }
    packets
}

fn alerts(folder: &Path, packets: &[Packet]) -> Vec<String> {
    let file = folder.join("jump.pcap");
    std::fs::write(&file, Pcap::new(1).nanoseconds().packets(packets).bytes()).unwrap();
    let (status, stdout, stderr) = run(&["replay", "--alerts", "eve", file.to_str().unwrap()]);
    assert_eq!(status, 0, "{stderr}");
    essences(&json_lines(&stdout))
}

#[test]
fn a_clock_that_is_set_back_hides_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let straight = packets();
    let wanted = alerts(folder.path(), &straight);
    assert_eq!(wanted.len(), 40);
    for seconds in [1, 60, 3_600, 86_400, 1_000_000_000] {
        let mut jumped = straight.clone();
        let half = jumped.len() / 2;
        for packet in &mut jumped[half..] {
            packet.time -= seconds * SECOND;
        }
        let mut found = alerts(folder.path(), &jumped);
        let mut wanted = wanted.clone();
        if seconds > 30 {
            // Fragments whose times are so far apart are not of one datagram: those that were on their way are given up.
            found.retain(|alert| alert.starts_with("tls_sni"));
            wanted.retain(|alert| alert.starts_with("tls_sni"));
            assert_eq!(wanted.len(), 20);
        }
        assert_eq!(found, wanted, "{seconds} s back");
    }
}

/// And after it was set back, what is silent is still given up, and new connections are read.
#[test]
fn what_comes_after_a_jump_is_read_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = packets();
    let mut again = packets();
    for packet in &mut again {
        packet.time -= 86_400 * SECOND;
    }
    all.extend(again.clone());
    for packet in &mut again {
        packet.time += 90_000 * SECOND;
    }
    all.extend(again);
    // The window of folding is passed each time, in either direction.
    assert_eq!(alerts(folder.path(), &all).len(), 120);
}
