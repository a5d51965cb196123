//! Several threads, several programs and several interfaces: nobody gets what is another's, and nothing is lost between them.

use testkit::dns;
use testkit::frame::ethernet;

use crate::harness::{Plan, names, query, rules, sum};
use crate::net::Net;

/// Groups of sockets have numbers that all processes share: in containers programs have the same process number, and must
/// not get into one group.
#[test]
fn two_programs_with_one_process_number_see_all_packets_each() {
    let Some(net) = Net::new() else { return };
    let contained = || {
        Plan::new(&net)
            .with("--threads 2 --sandbox off")
            .run_by("unshare --pid --fork --kill-child=TERM")
    };
    let (mut one, mut other) = (contained().start(), contained().start());
    let queries: Vec<Vec<u8>> = (0..400)
        .map(|n| query(n, &format!("n{n}.urlpush.net")))
        .collect();
    net.send(&queries);
    for watch in [&mut one, &mut other] {
        watch.alerts(400);
        let told = watch.counts(400);
        assert_eq!((sum(&told, "received"), sum(&told, "dropped")), (400, 0));
    }
}

/// The beginning of a datagram whose end never comes is read when it is given up, with any number of threads.
#[test]
fn names_in_fragments_that_stay_incomplete_are_not_lost_among_threads() {
    let Some(net) = Net::new() else { return };
    for threads in [1, 3] {
        let mut watch = Plan::new(&net)
            .with(&format!("--threads {threads}"))
            .start();
        let beginnings: Vec<Vec<u8>> = (0..20u16)
            .map(|n| {
                let question: Vec<u8> =
                    dns::query(n, format!("f{n}.urlpush.net").as_str(), dns::A).into();
                // What follows the question makes the datagram long enough to be cut behind it.
                let long = [question, vec![0; 1_400]].concat();
                let whole = ethernet()
                    .ip(&format!("10.0.0.{n}"), "192.0.2.53")
                    .udp(40_000 + n, 53);
                whole.fragments(long, &[800]).swap_remove(0)
            })
            .collect();
        net.send(&beginnings);
        watch.counts(20);
        let (summary, events) = watch.stop();
        let mut alerted = names(&events);
        alerted.sort();
        alerted.dedup();
        assert_eq!(alerted.len(), 20, "{threads} threads: {summary}");
        let not_read = summary["not_read"].to_string();
        assert!(not_read.contains("fragments missing"), "{not_read}");
    }
}

/// Once the sandbox holds, names of services can no longer be looked up: every thread has its filter by then.
#[test]
fn a_filter_with_a_name_in_it_holds_on_every_interface() {
    let Some(net) = Net::new() else { return };
    net.pair("tx1", "rx1").unwrap();
    let mut watch = Plan::new(&net)
        .on(&["rx0", "rx1"])
        .with("--bpf")
        .word("not port ssh")
        .start();
    net.send(&[query(1, "one.urlpush.net")]);
    net.send_on("tx1", &[query(2, "two.urlpush.net")]);
    watch.alerts(2);
    watch.stop();
}

/// A list that breaks beside a large one is refused as well.
#[test]
fn a_pack_that_lost_its_names_is_refused_beside_a_large_one() {
    let Some(net) = Net::new() else { return };
    let large: Vec<String> = (0..1_000).map(|n| format!("l{n}.example")).collect();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    let small: Vec<String> = (0..100).map(|n| format!("s{n}.example")).collect();
    let small: Vec<&str> = small.iter().map(String::as_str).collect();
    let plan = Plan::new(&net).with("--no-auto-reload");
    let folder = plan.folder().join("rules");
    std::fs::create_dir(&folder).unwrap();
    let write = |file: &str, names: &[&str]| {
        let text = rules(names).replacen("pack: ", &format!("pack: {file}-"), 1);
        std::fs::write(folder.join(format!("{file}.yaml")), text).unwrap();
    };
    write("large", &large);
    write("small", &small);
    let mut watch = plan.with(&format!("--rules {}", folder.display())).start();
    write("small", &small[..1]);
    let (status, _, error) = watch.ctl("reload");
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("the pack small-"), "{error}");
    let (status, said, _) = watch.ctl("reload --force");
    assert_eq!(status, 0, "{said}");
    watch.stop();
}

/// The kernel counts a frame with two tags as dropped at the interface, after it gave it to us: that is no loss, and a real
/// one is not counted twice.
#[test]
fn frames_with_two_tags_are_not_told_as_lost() {
    let Some(net) = Net::new() else { return };
    for options in ["--no-kernel-filter", "--method libpcap"] {
        let mut watch = Plan::new(&net).with(options).start();
        let tagged: Vec<Vec<u8>> = (0..500u16)
            .map(|n| {
                let question: Vec<u8> = dns::query(n, "two.tags.example", dns::A).into();
                ethernet()
                    .qinq(100, 101)
                    .ip("10.0.0.7", "192.0.2.53")
                    .udp(40_000, 53)
                    .payload(question)
            })
            .collect();
        for _ in 0..6 {
            net.send(&tagged);
            std::thread::sleep(std::time::Duration::from_millis(700));
        }
        watch.counts(3_000);
        let (summary, events) = watch.stop();
        let lost = crate::harness::lost(&summary);
        assert_eq!(lost, 0, "{options}: {summary}");
        let told = events
            .iter()
            .filter(|event| event["anomaly"]["event"] == "capture_loss");
        assert_eq!(told.count(), 0, "{options}");
    }
}

/// As a container's configuration is mounted: links into a hidden folder, which is replaced as a whole.
#[test]
fn rules_in_a_mounted_configuration_are_loaded_again() {
    let Some(net) = Net::new() else { return };
    let plan = Plan::new(&net);
    let folder = plan.folder().join("mounted");
    let version = |number: u32, names: &[&str]| {
        let inside = folder.join(format!("..2026_{number}"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(inside.join("r.yaml"), rules(names)).unwrap();
        let link = folder.join("..new");
        std::os::unix::fs::symlink(format!("..2026_{number}"), &link).unwrap();
        std::fs::rename(link, folder.join("..data")).unwrap();
    };
    version(1, &["one.example"]);
    std::os::unix::fs::symlink("..data/r.yaml", folder.join("r.yaml")).unwrap();
    let mut watch = plan.with(&format!("--rules {}", folder.display())).start();
    version(2, &["one.example", "two.example"]);
    watch.waits_for("rules loaded again (the files changed): 2 names listed");
    net.send(&[query(1, "two.example")]);
    watch.alerts(1);
    watch.stop();
}

/// An interface that is down when the program begins is told, as one that goes down later is.
#[test]
fn an_interface_that_is_down_at_the_start_is_told() {
    let Some(net) = Net::new() else { return };
    net.set("link set rx0 down");
    for threads in [1, 2] {
        let mut watch = Plan::new(&net)
            .with(&format!("--threads {threads}"))
            .start();
        watch.waits_for("interface rx0: down; nothing can be seen until it is up");
        assert!(watch.anomaly("interface").contains("rx0"));
        watch.stop();
    }
}
