//! Frames that a tunnel divided, put together and read like others.

use testkit::capture::{Packet, Pcap};
use testkit::{dns, frame, tls, tunnel, wifi};

use crate::harness::{Folder, run};

/// What an access point sends its controller: this packet of a client, in fragments.
fn divided(id: u16, packet: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let inner = wifi::swap_control(wifi::data().qos().msdu(0x0800, packet));
    tunnel::capwap_fragments(id, &inner, cuts)
        .into_iter()
        .map(|part| {
            frame::ethernet()
                .ipv4("198.51.100.1", "198.51.100.2")
                .udp(50_001, 5_247)
                .payload(part)
        })
        .collect()
}

#[test]
fn frames_that_an_access_point_divided() {
    let query = frame::raw()
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(5_000, 53)
        .payload(dns::query(1, "asked.example.com", dns::A));
    let hello = |name: &str| {
        let records = tls::client_hello(name).records();
        frame::raw()
            .ipv4("10.0.0.7", "192.0.2.1")
            .tcp(5_001, 443)
            .payload(records)
    };
    let mut frames = divided(7, &query, &[40, 64]);
    frames.reverse();
    // Another frame under the same number, later.
    frames.extend(divided(7, &hello("hello.example.com"), &[96]));
    // Of this one the end never comes, and of the next the beginning.
    let unfinished = hello("unfinished.example.com");
    let cut = unfinished.len() / 8 * 8;
    frames.push(divided(8, &unfinished, &[cut]).swap_remove(0));
    frames.push(divided(9, &query, &[40]).swap_remove(1));

    let packets: Vec<Packet> = (1_600_000_000_000_000_000_u64..)
        .zip(frames)
        .map(|(time, frame)| Packet::new(time, frame))
        .collect();
    let folder = Folder::new();
    folder.file("a.pcap", Pcap::new(1).packets(&packets).bytes());
    let ran = run(["names", &folder.text(), "--summary", "json"]).exits(0);
    let mut found: Vec<(u64, String, String)> = ran
        .json()
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            assert_eq!(line["path"].as_array().unwrap().len(), 1);
            assert_eq!(line["path"][0]["kind"], "capwap");
            (line["packet"].as_u64().unwrap(), text("name"), text("src"))
        })
        .collect();
    found.sort();
    let row = |packet, name: &str| (packet, name.to_owned(), "10.0.0.7".to_owned());
    let wanted = [
        row(3, "asked.example.com"),
        row(5, "hello.example.com"),
        row(6, "unfinished.example.com"),
    ];
    assert_eq!(found, wanted);
    // What is missing of the last two is said.
    let not_read = ran.summary()["not_read"].to_string();
    assert!(not_read.contains("fragments missing"), "{not_read}");
    assert!(not_read.contains("beginning is missing"), "{not_read}");
}
