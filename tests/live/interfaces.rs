//! What happens to interfaces while they are captured.

use std::time::Duration;

use crate::harness::{Plan, all_packets, frames, generated, query, sum, wait};
use crate::net::{Net, RX, TX};

#[test]
fn an_interface_that_goes_down_is_told_and_captured_again_when_it_is_up() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).start();
    watch.is_alive("one.urlpush.net");
    net.set("link set rx0 down");
    watch.waits_for("interface rx0 is down");
    assert!(watch.anomaly("interface").contains("rx0 is down"));
    wait("the status", || {
        (watch.status()["interfaces"][0]["state"] == "down").then_some(())
    });
    net.set("link set rx0 up");
    watch.waits_for("interface rx0 is up");
    watch.is_alive("two.urlpush.net");
    // The other end goes: there is no carrier.
    net.set("link set tx0 down");
    watch.waits_for("interface rx0 has no carrier");
    net.set("link set tx0 up");
    watch.is_alive("three.urlpush.net");
    let (summary, _) = watch.stop();
    assert_eq!(summary["interfaces"][0]["outages"], 2, "{summary}");
}

#[test]
fn an_interface_that_is_down_at_the_start_is_captured_once_it_is_up() {
    let Some(net) = Net::new() else { return };
    net.set("link set rx0 down");
    let mut watch = Plan::new(&net).start();
    wait("the status", || {
        (watch.status()["interfaces"][0]["state"] == "down").then_some(())
    });
    net.set("link set rx0 up");
    watch.is_alive("one.urlpush.net");
    watch.stop();
}

#[test]
fn an_interface_that_is_removed_and_made_again_is_captured_again() {
    let Some(net) = Net::new() else { return };
    for options in ["--threads 1", "--threads 2"] {
        let mut watch = Plan::new(&net).with(options).start();
        watch.is_alive("one.urlpush.net");
        for turn in ["two", "three"] {
            net.set("link del rx0");
            wait("it is gone", || {
                (watch.status()["interfaces"][0]["state"] == "gone").then_some(())
            });
            net.pair(TX, RX).unwrap();
            watch.is_alive(&format!("{turn}.urlpush.net"));
        }
        assert_eq!(watch.says("interface rx0 is gone"), 2);
        assert_eq!(watch.says("interface rx0 is back"), 2, "{}", watch.said());
        let (summary, _) = watch.stop();
        assert_eq!(summary["interfaces"][0]["outages"], 2, "{summary}");
        assert_eq!(summary["interfaces"][0]["state"], "up");
    }
}

/// What an interface gave before it went away waits in the ring, and is read.
#[test]
fn what_came_before_an_interface_went_away_is_read() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net)
        .with("--no-kernel-filter --block-size 64K")
        .start();
    let options = ["--packets", "8000", "--flows", "200", "--plant-every", "0"];
    let frames = frames(&generated(watch.folder(), "mix", &options).0).unwrap();
    watch.signal("-STOP");
    net.send(&frames);
    net.send(&[query(1, "last.urlpush.net")]);
    net.settle();
    net.set("link del rx0");
    // Longer than it takes to look at interfaces again.
    std::thread::sleep(Duration::from_secs(1));
    watch.signal("-CONT");
    watch.waits_for("interface rx0 is gone");
    let (summary, events) = watch.stop();
    assert_eq!(all_packets(&summary), frames.len() as u64 + 1, "{summary}");
    assert_eq!(crate::harness::names(&events), ["last.urlpush.net"]);
}

#[test]
fn an_interface_that_gets_another_name_is_still_captured() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).start();
    watch.is_alive("one.urlpush.net");
    // A link that is up may be renamed since Linux 6.2 or so.
    if let Err(why) = net.ip("link set rx0 name mirror") {
        net.set("link set rx0 down");
        watch.waits_for("interface rx0 is down");
        net.set("link set rx0 name mirror");
        net.set("link set mirror up");
        eprintln!("renamed while it was down: {why}");
    }
    watch.waits_for("interface rx0 is now called mirror");
    watch.is_alive("two.urlpush.net");
    // Under its new name it goes down and up as under the old one.
    net.set("link set mirror down");
    watch.waits_for("interface mirror is down");
    net.set("link set mirror up");
    watch.is_alive("three.urlpush.net");
    // And where it goes away, it is looked for under the name that was asked for.
    net.set("link del mirror");
    watch.waits_for("interface mirror is gone");
    net.pair(TX, RX).unwrap();
    watch.is_alive("four.urlpush.net");
    let (_, events) = watch.stop();
    // Alerts keep the name of the command line, whatever it is called meanwhile.
    for event in events.iter().filter(|e| e["event_type"] == "alert") {
        assert_eq!(event["in_iface"], "rx0");
    }
}

/// What comes while the program does not run waits in the ring.
#[test]
fn a_program_that_was_stopped_goes_on_where_it_was() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).start();
    watch.signal("-STOP");
    let queries: Vec<Vec<u8>> = (0..500)
        .map(|n| query(n, &format!("n{n}.urlpush.net")))
        .collect();
    net.send(&queries);
    std::thread::sleep(Duration::from_secs(3));
    watch.signal("-CONT");
    watch.alerts(500);
    let (summary, _) = watch.stop();
    assert_eq!(sum(&summary, "received"), 500);
}
