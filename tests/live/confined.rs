//! Rights: what is missing is told, and what is not needed is given up.

use std::fs;

use crate::harness::{Plan, Watch, names, open_to_all, query, replace, rules, wait};
use crate::net::{Net, RX, TX};

/// The number of the user that owns nothing.
const NOBODY: &str = "65534";

fn as_nobody(net: &std::sync::Arc<Net>) -> Plan {
    Plan::new(net).run_by(&format!(
        "setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups"
    ))
}

#[test]
fn without_rights_one_command_is_named_that_grants_them() {
    let Some(net) = Net::new() else { return };
    let (status, said) = as_nobody(&net).fails();
    if said.contains("setpriv") {
        return skip!("no other user can run the program: {said}");
    }
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("no right to capture (CAP_NET_RAW)"), "{said}");
    assert_eq!(
        said.matches("sudo setcap cap_net_raw=eip").count(),
        1,
        "{said}"
    );
}

#[test]
fn an_unknown_interface_is_told_with_those_that_there_are() {
    let Some(net) = Net::new() else { return };
    for plan in [Plan::new(&net), as_nobody(&net)] {
        let (status, said) = plan.on(&["rx1"]).fails();
        if said.contains("setpriv") {
            return skip!("no other user can run the program: {said}");
        }
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("\"rx1\""), "{said}");
        assert!(said.contains("lo, rx0, tx0"), "{said}");
    }
}

#[test]
fn the_same_interface_twice_is_an_error() {
    let Some(net) = Net::new() else { return };
    let (status, said) = Plan::new(&net).on(&["rx0", "rx0"]).fails();
    assert_eq!(status, 2);
    assert!(said.contains("given twice"), "{said}");
}

/// Runs it with all that can be given up, or says why that cannot be tested here.
fn confined(plan: Plan) -> Option<Watch> {
    let plan = plan.with("--sandbox strict --user nobody");
    if !fs::read_to_string("/sys/kernel/security/lsm")
        .map_or(true, |modules| modules.contains("landlock"))
    {
        skip!("this kernel has no Landlock");
        return None;
    }
    Some(plan.start())
}

#[test]
fn a_confined_program_has_one_right_left() {
    let Some(net) = Net::new() else { return };
    let Some(mut watch) = confined(Plan::new(&net).with("--metrics 127.0.0.1:9469")) else {
        return;
    };
    let said = watch.said();
    let sandbox = said
        .lines()
        .find(|line| line.contains("sandbox: "))
        .unwrap();
    for layer in ["user nobody", "capabilities", "landlock", "seccomp"] {
        assert!(sandbox.contains(layer), "{sandbox}");
    }
    assert!(
        !sandbox.contains("partly") && !sandbox.contains("no "),
        "{sandbox}"
    );
    for key in ["Uid:", "Gid:"] {
        let numbers = watch.proc_status(key);
        assert!(
            numbers.split_whitespace().all(|id| id == NOBODY),
            "{numbers}"
        );
    }
    let net_raw = "0000000000002000";
    assert_eq!(watch.proc_status("CapEff:"), net_raw);
    assert_eq!(watch.proc_status("CapPrm:"), net_raw);
    assert_eq!(watch.proc_status("CapInh:"), "0000000000000000");
    assert_eq!(watch.proc_status("CapAmb:"), "0000000000000000");
    assert_eq!(watch.proc_status("NoNewPrivs:"), "1");
    // Of every thread.
    for task in fs::read_dir(format!("/proc/{}/task", watch.id())).unwrap() {
        let text = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        assert!(text.contains("Seccomp:\t2"), "{text}");
        assert!(text.contains(&format!("CapEff:\t{net_raw}")), "{text}");
    }
    let page = wait("metrics", || {
        let page = crate::metrics::get(&net, "/metrics").1;
        page.contains("bellerophon_sandbox_enforced")
            .then_some(page)
    });
    for layer in [
        "user",
        "capabilities",
        "no_new_privs",
        "landlock",
        "seccomp",
    ] {
        let line = format!("bellerophon_sandbox_enforced{{layer=\"{layer}\"}} 1");
        assert!(page.contains(&line), "{layer}: {page}");
    }
    watch.is_alive("one.urlpush.net");
    watch.stop();
}

#[test]
fn a_confined_program_captures_an_interface_that_comes_back() {
    let Some(net) = Net::new() else { return };
    let Some(mut watch) = confined(Plan::new(&net).with("--threads 2")) else {
        return;
    };
    watch.is_alive("one.urlpush.net");
    net.set("link set rx0 down");
    watch.waits_for("interface rx0 is down");
    net.set("link set rx0 up");
    watch.is_alive("two.urlpush.net");
    net.set("link del rx0");
    watch.waits_for("interface rx0 is gone");
    net.pair(TX, RX).unwrap();
    watch.is_alive("three.urlpush.net");
    watch.stop();
}

#[test]
fn a_confined_program_loads_rules_again_and_rotates() {
    let Some(net) = Net::new() else { return };
    let plan = Plan::new(&net)
        .listing(&["kept.example"])
        .with("--eve-max-size 32K --eve-keep 40 --stats-interval 0");
    let Some(mut watch) = confined(plan) else {
        return;
    };
    replace(&watch.list(), &rules(&["kept.example", "new.example"]));
    watch.waits_for("rules loaded again (the files changed): 2 names listed, before 1");
    fs::write(
        watch.list(),
        rules(&["kept.example", "new.example", "x.example"]),
    )
    .unwrap();
    let (status, stdout, stderr) = watch.ctl("reload");
    assert_eq!(
        (status, stdout.as_str()),
        (0, "3 names listed, before 2\n"),
        "{stderr}"
    );
    watch.is_alive("a.new.example");
    let queries: Vec<Vec<u8>> = (0..200)
        .map(|n| query(n, &format!("n{n}.kept.example")))
        .collect();
    net.send(&queries);
    wait("all alerts", || {
        (watch.status()["alerts"]["total"].as_u64() >= Some(201)).then_some(())
    });
    let (status, _, stderr) = watch.ctl("rotate");
    assert_eq!(status, 0, "{stderr}");
    watch.is_alive("b.new.example");
    watch.stop();
    let mut found: Vec<String> = Vec::new();
    for entry in fs::read_dir(watch.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("eve.json") {
            let text = fs::read_to_string(path).unwrap();
            found.extend(names(&crate::harness::json_lines(&text)));
        }
    }
    found.retain(|name| name.ends_with("kept.example"));
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 200);
}

/// It may write into the folder of its EVE file and no other, and run no program: a file elsewhere stays as it is.
#[test]
fn a_confined_program_keeps_to_its_folders() {
    let Some(net) = Net::new() else { return };
    let plan = Plan::new(&net);
    let folder = plan.folder().join("out");
    fs::create_dir(&folder).unwrap();
    open_to_all(&folder);
    let elsewhere = plan.folder().join("elsewhere");
    fs::write(&elsewhere, "untouched").unwrap();
    open_to_all(&elsewhere);
    let Some(mut watch) = confined(plan.eve(&folder.join("eve.json"))) else {
        return;
    };
    watch.is_alive("one.urlpush.net");
    // Somebody who owns the folder turns the path into a link that leads elsewhere, and asks for a new file.
    fs::rename(&watch.eve, folder.join("eve.json.1")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &watch.eve).unwrap();
    let _ = watch.ctl("rotate");
    net.send(&[query(1, "two.urlpush.net")]);
    watch.waits_for("cannot");
    watch.signal("-TERM");
    watch.end();
    let text = fs::read_to_string(&elsewhere).unwrap();
    assert!(text.starts_with("untouched"), "{text}");
}
