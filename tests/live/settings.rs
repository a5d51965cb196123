//! The same by a configuration file as by flags.

use std::fs;

use bellerophon::cli::Cli;
use clap::CommandFactory;

use crate::harness::{Plan, query, run};
use crate::net::Net;

#[test]
fn a_configuration_file_says_the_same_as_flags() {
    let Some(net) = Net::new() else { return };
    let plan = Plan::new(&net).listing(&["unused.example"]);
    let folder = plan.folder().to_owned();
    fs::write(
        folder.join("names.yaml"),
        crate::harness::rules(&["kept.example"]),
    )
    .unwrap();
    let file = folder.join("watch.yaml");
    fs::write(
        &file,
        "interface: rx0\n\
         rules: names.yaml\n\
         eve: eve.json\n\
         control: control\n\
         alerts: none\n\
         threads: 2\n\
         workers: 3\n\
         stats-interval: 1\n\
         status-interval: 0\n\
         ring-size: 4M\n\
         no-kernel-filter: true\n\
         summary: json\n",
    )
    .unwrap();
    let mut child = std::process::Command::new("ip")
        .args(["netns", "exec", &net.name])
        .args([env!("CARGO_BIN_EXE_bellerophon"), "watch", "--config"])
        .arg(&file)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut number = 0;
    let eve = folder.join("eve.json");
    crate::harness::wait("an alert", || {
        number += 1;
        net.send(&[query(number, "a.kept.example")]);
        std::thread::sleep(std::time::Duration::from_millis(100));
        let text = fs::read_to_string(&eve).ok()?;
        text.contains("a.kept.example").then_some(())
    });
    let control = folder.join("control");
    let stopped = run(&["ctl", "--control", control.to_str().unwrap(), "stop"]);
    assert_eq!(stopped.0, 0, "{}", stopped.2);
    crate::harness::wait("its end", || child.try_wait().unwrap());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("1 name listed"), "{said}");
    assert!(
        said.contains("2 capture threads of 1 interface and 3 workers read rx0"),
        "{said}"
    );
}

#[test]
fn a_wrong_key_is_refused_with_its_line_and_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.yaml");
    fs::write(&file, "interface: rx0\nring-sise: 4M\n").unwrap();
    let (status, stdout, stderr) = run(&["watch", "--config", file.to_str().unwrap()]);
    assert_eq!((status, stdout.as_str()), (2, ""), "{stderr}");
    for piece in ["watch.yaml", "2", "ring-sise", "ring-size"] {
        assert!(stderr.contains(piece), "{piece}: {stderr}");
    }
}

/// Whoever copies the template finds every flag in it.
#[test]
fn every_flag_of_watch_is_in_the_template() {
    let (status, template, stderr) = run(&["config", "template"]);
    assert_eq!(status, 0, "{stderr}");
    let mut cli = Cli::command();
    cli.build();
    let watch = cli.find_subcommand("watch").unwrap();
    let mut flags = 0;
    for flag in watch.get_arguments().filter_map(clap::Arg::get_long) {
        if ["config", "help", "version"].contains(&flag) {
            continue;
        }
        let line = format!("#{flag}:");
        assert!(
            template.lines().any(|l| l.starts_with(&line)),
            "--{flag} is not in the template"
        );
        flags += 1;
    }
    assert!(flags > 20, "{flags}");
}

/// The template as it is says nothing that is wrong: only what has to be said is missing.
#[test]
fn the_template_is_a_right_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.yaml");
    let (_, template, _) = run(&["config", "template"]);
    let text = template.replace("#interface:", "interface: rx0");
    fs::write(&file, text).unwrap();
    let (status, stdout, stderr) = run(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(status, 0, "{stdout}{stderr}");
}

/// The kernel would end other programs to find the memory.
#[test]
fn rings_larger_than_memory_are_refused() {
    let Some(net) = Net::new() else { return };
    let (status, said) = Plan::new(&net).with("--ring-size 4000G").fails();
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains("--ring-size") && said.contains("memory"),
        "{said}"
    );
}

/// All that would keep the program from beginning, and that can be known without an interface.
#[test]
fn a_check_looks_at_more_than_the_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.yaml");
    let text = "interface: [v1]\nuser: nosuchuser\nrules: [/nonexistent.yaml]\npack: [zzz]\nbpf: \"foo bar\"\n\
        metrics: \"9469\"\neve: /nonexistent/eve.json\n";
    std::fs::write(&file, text).unwrap();
    let check = || crate::harness::run(&["config", "check", file.to_str().unwrap()]);
    let (status, said, _) = check();
    assert_eq!(status, 2, "{said}");
    for word in [
        "nosuchuser",
        "/nonexistent.yaml",
        "zzz",
        "foo bar",
        "9469",
        "no folder /nonexistent",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // A ring has two blocks, whoever checks it.
    std::fs::write(&file, "interface: [v1]\nring-size: 64K\nblock-size: 256K\n").unwrap();
    let (status, said, _) = check();
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("two blocks"), "{said}");
    std::fs::write(&file, "interface: [v1]\nbpf: udp\n").unwrap();
    let (status, said, _) = check();
    assert_eq!(status, 0, "{said}");
}
