//! Ends that the program does not choose: Ctrl-C, and readers that go away.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Folder, Ran, capture, captures, command, repository};

/// So long that only a program that hangs meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for the end; a program that does not come to one fails the test instead of hanging it.
fn wait(mut child: Child) -> Ran {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("still running: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ran::wait(child)
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(status.success());
}

/// A pipe that stays open, as of a running tcpdump: alerts so far, summary, status 130.
fn stops_at(name: &str) {
    let mut child = command(["replay", "-", "--alerts", "text"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&std::fs::read(repository().join(capture("raw-ip.pcap"))).unwrap())
        .unwrap();
    pipe.flush().unwrap();
    // The alerts come while the pipe is open: nothing waits for the end of a stream.
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in stdout.lines() {
            send.send(line.unwrap()).unwrap();
        }
    });
    for wanted in [
        "looked up     working-online.net",
        "was answered  working-online.net",
        "connected to  s1.working-online.net",
    ] {
        let line = receive
            .recv_timeout(PATIENCE)
            .expect("an alert while the pipe is open");
        assert!(line.contains(wanted), "{line}");
    }
    signal(&child, name);
    let ran = wait(child).exits(130);
    ran.says(&[
        "3 alerts, 2 devices",
        "But: the run was stopped before its end",
    ]);
    drop(pipe); // open until here
}

#[test]
fn ctrl_c_ends_a_stream_with_its_summary() {
    stops_at("-INT");
}

#[test]
fn a_service_manager_ends_it_the_same_way() {
    stops_at("-TERM");
}

/// Before the first byte there is no format yet, but there is a way out.
#[test]
fn ctrl_c_ends_a_stream_that_has_not_begun() {
    let folder = Folder::new();
    let path = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let child = command(["replay", path.to_str().unwrap(), "--summary", "json"])
        .spawn()
        .unwrap();
    // Opening for writing waits until the program has opened for reading, with signals caught.
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        send.send(std::fs::OpenOptions::new().write(true).open(path))
            .unwrap();
    });
    let pipe = receive.recv_timeout(PATIENCE).expect("opened").unwrap();
    signal(&child, "-INT");
    let ran = wait(child).exits(130);
    assert_eq!(ran.summary()["inputs"]["stopped"], true);
    drop(pipe); // open until here
}

/// `bellerophon names x.pcap | head -1`: the reader has what it wants, and nobody panics.
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    for what in ["names", "replay"] {
        let mut arguments = vec![what.to_owned()];
        // Often enough that the output does not fit a pipe.
        for _ in 0..20 {
            arguments.extend(captures());
        }
        let mut child = command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = child.stderr.take().unwrap();
        let drain = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let ran = wait(child);
        let stderr = drain.join().unwrap();
        assert!(!stderr.contains("panicked"), "{stderr}");
        // A list may end early; alerts that nobody got must not pass for delivered.
        assert_eq!(
            ran.status,
            if what == "names" { 0 } else { 2 },
            "{what}: {stderr}"
        );
    }
}

#[test]
fn a_lookup_whose_reader_goes_away_is_no_panic() {
    let names = vec!["urlpush.net"; 2_000];
    let mut child = command(["lookup"].into_iter().chain(names))
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    wait(child).exits(0).says_nothing();
}
