//! Rules are replaced while packets are read.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bellerophon::serve::control::Command;

use crate::harness::{Plan, Watch, names, query, replace, rules, wait, while_sending};
use crate::net::{Net, Sender, TX};

const RELOAD: Command = Command::Reload { force: false };

fn start(net: &std::sync::Arc<Net>, options: &str, listed: &[&str]) -> Watch {
    Plan::new(net).listing(listed).with(options).start()
}

/// One more query each, and both are known to be read: what was alerted of them.
#[track_caller]
fn seen_now(watch: &Watch, number: usize, listed: &[&str], not_listed: &[&str]) {
    let mut expected: Vec<String> = Vec::new();
    let before = names(&watch.events());
    for (at, name) in not_listed.iter().chain(listed).enumerate() {
        let name = format!("q{number}.{name}");
        watch.net.send(&[query(number * 10 + at, &name)]);
        if at >= not_listed.len() {
            expected.push(name);
        }
    }
    // Packets are read in their order, by one thread: what is listed comes last.
    let after = names(&watch.alerts(before.len() + expected.len()));
    assert_eq!(after[before.len()..], expected, "{}", watch.said());
}

#[test]
fn sighup_loads_rules_again() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(
        &net,
        "--threads 1 --workers 1 --no-auto-reload",
        &["kept.example", "old.example"],
    );
    seen_now(
        &watch,
        1,
        &["old.example", "kept.example"],
        &["new.example"],
    );
    fs::write(watch.list(), rules(&["kept.example", "new.example"])).unwrap();
    seen_now(
        &watch,
        2,
        &["old.example", "kept.example"],
        &["new.example"],
    );
    watch.signal("-HUP");
    watch.waits_for("rules loaded again (SIGHUP): 2 names listed, before 2");
    generation(&watch, 1);
    seen_now(
        &watch,
        3,
        &["new.example", "kept.example"],
        &["old.example"],
    );
    watch.stop();
}

/// The readers take new rules between two blocks: waits until they had the occasion.
fn generation(watch: &Watch, reloads: u64) {
    wait("the reload is counted", || {
        (watch.status()["rules"]["reloads"] == reloads).then_some(())
    });
    // An idle reader looks ten times a second.
    std::thread::sleep(Duration::from_millis(300));
}

#[test]
fn ctl_loads_rules_again_and_says_what_came_of_it() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(
        &net,
        "--threads 1 --workers 1 --no-auto-reload",
        &["kept.example", "old.example"],
    );
    fs::write(
        watch.list(),
        rules(&["kept.example", "new.example", "b.example"]),
    )
    .unwrap();
    let (status, stdout, stderr) = watch.ctl("reload");
    assert_eq!(
        (status, stdout.as_str()),
        (0, "3 names listed, before 2\n"),
        "{stderr}"
    );
    generation(&watch, 1);
    seen_now(
        &watch,
        1,
        &["new.example", "kept.example"],
        &["old.example"],
    );
    watch.stop();
}

#[test]
fn a_file_that_is_replaced_is_loaded_by_itself() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(&net, "--threads 1 --workers 1", &["kept.example"]);
    replace(&watch.list(), &rules(&["kept.example", "new.example"]));
    watch.waits_for("rules loaded again (the files changed): 2 names listed, before 1");
    generation(&watch, 1);
    seen_now(
        &watch,
        1,
        &["new.example", "kept.example"],
        &["old.example"],
    );
    watch.stop();
}

#[test]
fn rules_that_are_worse_are_refused() {
    let Some(net) = Net::new() else { return };
    let listed = ["a.example", "b.example", "c.example", "kept.example"];
    let mut watch = start(&net, "--threads 1 --workers 1 --no-auto-reload", &listed);
    let half = rules(&listed);
    let half = half[..half.len() / 2].to_owned() + "\n  : [";
    for (text, why) in [
        (half.as_str(), "list.yaml"),
        ("", "list.yaml"),
        (&rules(&["kept.example", "not a name"]), "defect"),
        (&rules(&["kept.example"]), "less than half"),
    ] {
        fs::write(watch.list(), text).unwrap();
        let (status, _, stderr) = watch.ctl("reload");
        assert_eq!(status, 2, "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
    fs::remove_file(watch.list()).unwrap();
    let (status, _, stderr) = watch.ctl("reload");
    assert_eq!(status, 2);
    assert!(stderr.contains("cannot read it"), "{stderr}");
    seen_now(&watch, 1, &listed, &["z.example"]);
    assert_eq!(watch.status()["rules"]["refused"], 5);
    // With force a short list counts, and so do the good lines of a bad one.
    fs::write(watch.list(), rules(&["kept.example", "not a name"])).unwrap();
    let (status, stdout, stderr) = watch.ctl("reload --force");
    assert_eq!(status, 0, "{stderr}");
    assert!(stdout.contains("left out: 1 defect"), "{stdout}");
    generation(&watch, 1);
    seen_now(&watch, 2, &["kept.example"], &["a.example"]);
    watch.stop();
}

/// A file that is written bit by bit, and one that goes away: nothing changes until there is a whole one.
#[test]
fn a_file_that_is_gone_or_half_written_changes_nothing() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(&net, "--threads 1 --workers 1", &["kept.example"]);
    fs::remove_file(watch.list()).unwrap();
    watch.waits_for("rules not loaded again (the files changed)");
    seen_now(&watch, 1, &["kept.example"], &[]);
    let whole = rules(&["kept.example", "new.example"]);
    fs::write(watch.list(), "bellerophon: 1\npack: test\ngroups: [").unwrap();
    wait("the second refusal", || {
        (watch.says("rules not loaded again (the files changed)") == 2).then_some(())
    });
    seen_now(&watch, 2, &["kept.example"], &[]);
    fs::write(watch.list(), whole).unwrap();
    watch.waits_for("rules loaded again (the files changed): 2 names listed, before 1");
    generation(&watch, 1);
    seen_now(&watch, 3, &["new.example", "kept.example"], &[]);
    watch.stop();
}

/// Each packet has a name of its own below a domain that both lists have: each is alerted once.
#[test]
fn no_alert_is_lost_or_doubled_by_reloads_under_traffic() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(
        &net,
        "--threads 2 --workers 2",
        &["kept.example", "a.example"],
    );
    let over = AtomicBool::new(false);
    let sent = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            net.enter(|| {
                let mut sender = Sender::open(TX);
                let mut sent = 0;
                while !over.load(Ordering::Relaxed) {
                    for _ in 0..5 {
                        sender.send(&query(sent, &format!("n{sent}.kept.example")));
                        sent += 1;
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
                sent
            })
        });
        let reload = || {
            for turn in 0..25 {
                // The indicator of the name has another number each time.
                let text = match turn % 3 {
                    0 => rules(&["0.example", "b.example", "kept.example"]),
                    1 => rules(&["kept.example", "z.example"]),
                    _ => rules(&["a.example", "kept.example", "c.example", "d.example"]),
                };
                replace(&watch.list(), &text);
                if turn % 2 == 0 {
                    watch.signal("-HUP");
                } else {
                    let reply = watch.ask(&RELOAD).unwrap();
                    assert!(reply.ok, "{}", reply.message);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        let reloaded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(reload));
        over.store(true, Ordering::Relaxed);
        let sent = sending.join().unwrap();
        reloaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sent
    });
    net.settle();
    let (summary, events) = watch.stop();
    assert_eq!(crate::harness::lost(&summary), 0, "{summary}");
    let mut alerted: BTreeMap<String, u32> = BTreeMap::new();
    for event in events.iter().filter(|e| e["event_type"] == "alert") {
        let context = &event["alert"]["context"];
        assert_eq!(context["indicator"], "kept.example");
        *alerted
            .entry(context["name"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let wrong: Vec<String> = (0..sent)
        .map(|n| format!("n{n}.kept.example"))
        .filter(|name| alerted.get(name) != Some(&1))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {sent} lost or doubled, such as {:?}; {summary}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
    assert_eq!(alerted.len(), sent);
}

/// A thousand times the same mistake: it costs no memory, and alerts go on.
#[test]
fn a_thousand_bad_reloads_do_no_harm() {
    const MIB: u64 = 1 << 10;
    let Some(net) = Net::new() else { return };
    let mut watch = start(&net, "--no-auto-reload", &["kept.example", "a.example"]);
    let many: Vec<String> = (0..500).map(|n| format!("n{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    // A list that is long, and bad in its last line.
    fs::write(watch.list(), rules(&many) + "      - not a name\n").unwrap();
    // Side by side, and with alerts, since the program looks for requests only so many times a second.
    let ask = |times: usize| {
        while_sending(&net, "kept.example", || {
            std::thread::scope(|scope| {
                for _ in 0..7 {
                    scope.spawn(|| {
                        for _ in 0..times / 7 {
                            let reply = wait("room for a request", || {
                                let reply = watch.ask(&RELOAD).unwrap();
                                (!reply.message.contains("try again")).then_some(reply)
                            });
                            assert!(!reply.ok, "{}", reply.message);
                            assert!(reply.message.contains("1 defect"), "{}", reply.message);
                        }
                    });
                }
            });
        });
    };
    ask(105);
    let before = watch.memory();
    ask(903);
    let after = watch.memory();
    assert!(
        after < before + 16 * MIB,
        "memory grew from {before} to {after} KiB"
    );
    assert!(watch.status()["rules"]["refused"].as_u64().unwrap() >= 100);
    watch.is_alive("x.kept.example");
    watch.stop();
}

/// Whoever asks while rules are built is told of the rules that are built afterwards, not of those before.
#[test]
fn who_asks_while_rules_are_built_hears_of_the_next_ones() {
    let Some(net) = Net::new() else { return };
    let mut watch = start(&net, "--no-auto-reload", &["kept.example", "a.example"]);
    // So many that they take a while in a debug build.
    let many: Vec<String> = (0..200_000).map(|n| format!("n{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for turn in 0..3 {
        fs::write(watch.list(), rules(&many)).unwrap();
        watch.signal("-HUP");
        // By now it has begun to build, or begins with the bad file, which is as well.
        std::thread::sleep(Duration::from_millis(120));
        replace(&watch.list(), "no rules at all");
        let reply = watch.ask(&RELOAD).unwrap();
        assert!(!reply.ok, "turn {turn}: {}", reply.message);
    }
    watch.stop();
}
