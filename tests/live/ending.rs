//! How a capture ends.

use bellerophon::serve::control::Command;

use crate::harness::{Plan, all_packets, frames, generated, names, query, wait};
use crate::net::Net;

/// Whatever is in the ring when it is told to end is read first.
#[test]
fn what_was_captured_before_sigterm_is_read() {
    let Some(net) = Net::new() else { return };
    for options in [
        "--threads 1",
        "--threads 3 --block-size 64K --block-timeout 200",
    ] {
        let mut watch = Plan::new(&net)
            .with("--no-kernel-filter")
            .with(options)
            .start();
        let generate = ["--packets", "20000", "--flows", "500", "--plant-every", "0"];
        let mut frames = frames(&generated(watch.folder(), "mix", &generate).0).unwrap();
        frames.extend((0..100).map(|n| query(n, &format!("n{n}.urlpush.net"))));
        // All of it is in the ring, or lost, before the program runs again.
        watch.signal("-STOP");
        net.send(&frames);
        net.settle();
        watch.signal("-TERM");
        watch.signal("-CONT");
        let status = watch.end();
        assert_eq!(status.code(), Some(0), "{}", watch.said());
        let summary = watch.said();
        let summary = summary.lines().rfind(|line| line.starts_with('{')).unwrap();
        let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
        assert_eq!(all_packets(&summary), frames.len() as u64, "{summary}");
        if crate::harness::lost(&summary) == 0 {
            assert_eq!(names(&watch.events()).len(), 100);
        }
        // The last event of EVE tells the same as the summary.
        let events = watch.events();
        let last = events.iter().rfind(|e| e["event_type"] == "stats").unwrap();
        assert_eq!(
            last["stats"]["capture"]["packets"], summary["packets"]["total"],
            "{last}"
        );
    }
}

/// Rings are open before the threads run that read them: all of them are read, however early the signal comes.
#[test]
fn a_signal_right_after_the_start_loses_nothing() {
    let Some(net) = Net::new() else { return };
    let queries: Vec<Vec<u8>> = (0..100)
        .map(|n| query(n, &format!("n{n}.urlpush.net")))
        .collect();
    for _ in 0..5 {
        let mut watch = Plan::new(&net)
            .with("--threads 16 --ring-size 1M --block-size 64K")
            .start();
        net.send(&queries);
        net.settle();
        let (summary, events) = watch.stop();
        assert_eq!(all_packets(&summary), 100, "{summary}");
        assert_eq!(summary["inputs"]["read"], 16);
        assert_eq!(names(&events).len(), 100);
    }
}

/// The kernel may hold the last block for a second: so long it waits for it after the first signal.
#[test]
fn a_second_signal_ends_it_at_once() {
    let Some(net) = Net::new() else { return };
    for second in ["-TERM", "-INT"] {
        let mut watch = Plan::new(&net).with("--block-timeout 1000").start();
        watch.signal("-TERM");
        // Two that come at the same time may both be taken for the first one.
        wait("the first signal was taken", || {
            let pending = watch.proc_status("ShdPnd:");
            pending.bytes().all(|digit| digit == b'0').then_some(())
        });
        watch.signal(second);
        assert_eq!(watch.end().code(), Some(130), "{}", watch.said());
    }
}

#[test]
fn ctl_ends_it_as_a_signal_does() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).start();
    net.send(&[query(1, "last.urlpush.net")]);
    net.settle();
    let (status, stdout, _) = watch.ctl("stop");
    assert_eq!((status, stdout.as_str()), (0, "ending\n"));
    assert_eq!(watch.end().code(), Some(0), "{}", watch.said());
    assert_eq!(names(&watch.events()), ["last.urlpush.net"]);
    assert!(!watch.control.exists());
}

/// A service manager that asks by `ctl stop` sends SIGTERM right after: that is the first signal, and no reason to
/// hurry.
#[test]
fn sigterm_after_ctl_stop_is_no_second_signal() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).with("--block-timeout 1000").start();
    net.send(&[query(1, "last.urlpush.net")]);
    net.settle();
    assert!(watch.ask(&Command::Stop).unwrap().ok);
    watch.signal("-TERM");
    assert_eq!(watch.end().code(), Some(0), "{}", watch.said());
    assert_eq!(names(&watch.events()), ["last.urlpush.net"]);
}

#[test]
fn it_ends_by_itself_after_a_time() {
    let Some(net) = Net::new() else { return };
    let mut watch = Plan::new(&net).with("--stop-after 1").start();
    net.send(&[query(1, "last.urlpush.net")]);
    assert_eq!(watch.end().code(), Some(0), "{}", watch.said());
    assert_eq!(names(&watch.events()), ["last.urlpush.net"]);
}
