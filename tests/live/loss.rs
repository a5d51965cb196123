//! What cannot be read is counted, to the packet.

use std::time::Duration;

use crate::harness::{Plan, all_packets, frames, generated, lost, sum};
use crate::net::{Net, Sender, TX};

/// A capture of many kinds of packets, sent again and again.
fn traffic(folder: &std::path::Path, packets: &str) -> Vec<Vec<u8>> {
    let options = ["--packets", packets, "--flows", "500", "--plant-every", "0"];
    frames(&generated(folder, "mix", &options).0).unwrap()
}

/// Sends everything so often.
fn flood(net: &Net, frames: &[Vec<u8>], rounds: usize) -> u64 {
    net.enter(|| {
        let mut sender = Sender::open(TX);
        for _ in 0..rounds {
            for frame in frames {
                sender.send(frame);
            }
        }
    });
    net.settle();
    (frames.len() * rounds) as u64
}

#[test]
fn every_packet_is_received_or_counted_as_lost() {
    let Some(net) = Net::new() else { return };
    for options in [
        "--threads 1",
        "--threads 3",
        "--threads 1 --ring-size 512K --block-size 64K",
        "--threads 2 --ring-size 128K --block-size 64K --block-timeout 1",
    ] {
        let mut watch = Plan::new(&net)
            .with("--no-kernel-filter")
            .with(options)
            .start();
        let frames = traffic(watch.folder(), "10000");
        let sent = flood(&net, &frames, 6);
        watch.counts(sent);
        let (summary, _) = watch.stop();
        assert_eq!(all_packets(&summary), sent, "{options}: {summary}");
        assert_eq!(summary["packets"]["total"], sum(&summary, "received"));
        let seen = sum(&summary, "interface_packets");
        assert_eq!(seen, sent, "the interface itself counted {seen}");
    }
}

/// A reader that is stopped for a while cannot but lose packets: they are counted, told, and it goes on.
#[test]
fn a_loss_is_counted_and_told_and_its_end_as_well() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net)
        .with("--no-kernel-filter --ring-size 512K --block-size 64K")
        .start();
    let frames = traffic(watch.folder(), "10000");
    watch.signal("-STOP");
    let mut sent = flood(&net, &frames, 1);
    std::thread::sleep(Duration::from_secs(2));
    watch.signal("-CONT");
    let told = watch.counts(sent);
    assert!(lost(&told) > 0, "{told}");
    let text = watch.anomaly("capture_loss");
    assert!(text.contains("packets are lost"), "{text}");
    watch.waits_for("packets are lost");
    // Some that can be read follow, and after a while it is over.
    let few: Vec<Vec<u8>> = frames[..100].to_vec();
    sent += flood(&net, &few, 1);
    let text = watch.anomaly("capture_loss_over");
    assert!(text.contains("no more packets are lost"), "{text}");
    watch.is_alive("after.urlpush.net");
    let (summary, events) = watch.stop();
    let queries = events
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .count() as u64;
    assert!(queries >= 1);
    // Queries may have been sent more often than one was alerted.
    assert!(all_packets(&summary) >= sent + queries, "{summary}");
    let freezes = sum(&summary, "freezes");
    assert!(freezes > 0, "{summary}");
    // It is told once.
    let losses = events
        .iter()
        .filter(|event| event["anomaly"]["event"] == "capture_loss");
    assert_eq!(losses.count(), 1);
}
