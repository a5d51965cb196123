//! The sandbox as it stands, each time in a process of its own: this test binary, started again for one scenario.
//!
//! The harness has a thread of its own, which `apply` would refuse; so the scenarios call what is behind that look.

mod scenarios;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;

use nix::libc;
use nix::unistd::Uid;
use tempfile::TempDir;

use crate::sandbox::{Mode, Plan, SandboxError};

const SCENARIO: &str = "SANDBOX_TEST_SCENARIO";
const FOLDER: &str = "SANDBOX_TEST_FOLDER";
/// Nobody, who needs no account.
const UID: u32 = 65_534;

fn command(scenario: &str, folder: &Path) -> Command {
    let name = format!("{}::scenarios::child", module_path!());
    let (_crate, name) = name.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(SCENARIO, scenario)
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(scenario: &str, folder: &Path) -> Child {
    command(scenario, folder).spawn().unwrap()
}

/// Waits for a line of the child that begins with `word`, and gives the rest of it. `None` where it skips.
fn await_line(out: &mut impl BufRead, word: &str) -> Option<String> {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "no {word} in {seen}");
        if line.starts_with("SKIP") {
            println!("{line}");
            return None;
        }
        if let Some(rest) = line.strip_prefix(word) {
            return Some(rest.trim().into());
        }
        seen.push_str(&line);
    }
}

fn finish(child: Child) -> (std::process::ExitStatus, String) {
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    for skipped in text.lines().filter(|line| line.starts_with("SKIP")) {
        println!("{skipped}");
    }
    (out.status, text)
}

fn assert_passes(child: Child) {
    let (status, out) = finish(child);
    assert!(status.success(), "{status}: {out}");
}

/// A folder with `rules/` and `out/`, all of it nobody's. `None` where the test is not run by root.
fn folders() -> Option<TempDir> {
    if !Uid::effective().is_root() {
        println!("SKIP: needs root");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "out"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("rules/a.yaml"), "first").unwrap();
    fs::write(folder.path().join("outside"), "secret").unwrap();
    for name in ["", "rules", "rules/a.yaml", "out", "outside"] {
        chown(folder.path().join(name), Some(UID), Some(UID)).unwrap();
    }
    Some(folder)
}

fn plan(mode: Mode, folder: &Path) -> Plan {
    Plan {
        mode,
        user: Some(format!("{UID}:{UID}")),
        keep_raw: true,
        read: vec![folder.join("rules/a.yaml")],
        write: vec![folder.join("out")],
        inet: true,
    }
}

#[test]
fn confined_it_does_its_work_and_nothing_else() {
    let Some(folder) = folders() else { return };
    let notified = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    // What fails in the child is told by the child.
    let mut child = command("strict", folder.path())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let Some(address) = await_line(&mut out, "READY ") else {
        return assert_passes(child);
    };
    let mut message = [0; 16];
    let n = notified.recv(&mut message).unwrap();
    assert_eq!(&message[..n], b"READY=1");

    // As editors and tools for configuration do it: a new file takes the name.
    let rules = folder.path().join("rules");
    fs::write(rules.join("new"), "second").unwrap();
    fs::rename(rules.join("new"), rules.join("a.yaml")).unwrap();
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"reload\n")
        .unwrap();

    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"ping").unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");

    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
}

fn passes_or_skips(scenario: &str) {
    let Some(folder) = folders() else { return };
    let (status, out) = finish(start(scenario, folder.path()));
    assert!(status.success(), "{status}: {out}");
    assert!(out.contains("DONE") || out.contains("SKIP"), "{out}");
}

#[test]
fn without_the_right_to_capture_no_capability_is_left() {
    passes_or_skips("no_raw");
}

#[test]
fn root_without_a_user_is_said_and_has_one_capability() {
    passes_or_skips("still_root");
}

#[test]
fn files_that_the_new_user_may_not_use_are_told() {
    passes_or_skips("not_permitted");
}

#[test]
fn off_changes_nothing() {
    passes_or_skips("off");
}

#[test]
fn executing_another_program_kills() {
    let Some(folder) = folders() else { return };
    let (status, out) = finish(start("exec", folder.path()));
    if !out.contains("SKIP") {
        assert_eq!(status.signal(), Some(libc::SIGSYS), "{status}: {out}");
    }
}

#[test]
fn it_can_still_abort() {
    let Some(folder) = folders() else { return };
    let (status, out) = finish(start("abort", folder.path()));
    if !out.contains("SKIP") {
        assert_eq!(status.signal(), Some(libc::SIGABRT), "{status}: {out}");
        assert!(!status.core_dumped());
    }
}

#[test]
fn without_root_it_does_what_it_can() {
    let Some(folder) = folders() else { return };
    let child = match command("unprivileged", folder.path())
        .uid(UID)
        .gid(UID)
        .spawn()
    {
        Ok(child) => child,
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            println!("SKIP: nobody may not execute this test: {e}");
            return;
        }
        Err(e) => panic!("{e}"),
    };
    let (status, out) = finish(child);
    assert!(status.success() && out.contains("DONE"), "{status}: {out}");
}

#[test]
fn strict_refuses_to_stay_root() {
    let Some(folder) = folders() else { return };
    for user in [None, Some("0:0".to_owned())] {
        let plan = Plan {
            user,
            ..plan(Mode::Strict, folder.path())
        };
        let told = plan.prepare().unwrap_err().to_string();
        assert!(told.contains("give --user NAME"), "{told}");
    }
}

#[test]
fn threads_that_run_already_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan {
        user: None,
        read: Vec::new(),
        write: Vec::new(),
        ..plan(Mode::BestEffort, folder.path())
    };
    // The thread of the test is the second, or this one is.
    let (to, from) = sync_channel::<()>(0);
    let other = thread::spawn(move || from.recv());
    let result = plan.prepare().unwrap().apply();
    assert!(
        matches!(result, Err(SandboxError::Threads { others: 1.. })),
        "{result:?}"
    );
    drop(to);
    assert!(other.join().unwrap().is_err());
}
