#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use super::tests::alone;
use super::*;

/// A FIFO in a folder of its own; none where there is no `mkfifo`.
fn fifo() -> Option<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status();
    if made.is_ok_and(|status| status.success()) {
        return Some((dir, path));
    }
    println!("skipped: there is no mkfifo");
    None
}

fn reader(path: &Path) -> File {
    File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .unwrap()
}

/// What is in the pipe now.
fn drain(reader: &mut File) -> String {
    let mut bytes = Vec::new();
    match reader.read_to_end(&mut bytes) {
        Err(e) if e.kind() != io::ErrorKind::WouldBlock => panic!("{e}"),
        _ => String::from_utf8(bytes).unwrap(),
    }
}

struct Clock(Instant);

impl Clock {
    /// Lets every back-off end.
    fn tick(&mut self, log: &mut LogFile) {
        for _ in 0..2 {
            self.0 += Duration::from_secs(10);
            log.tick(self.0);
        }
    }
}

#[test]
fn a_reader_may_come_late_go_and_come_back() {
    if !alone(module_path!(), "a_reader_may_come_late_go_and_come_back") {
        return;
    }
    let Some((_dir, path)) = fifo() else { return };
    let mut clock = Clock(Instant::now());
    let mut log = LogFile::open(&path, Options::default()).unwrap();
    let name = path.display();
    assert_eq!(log.opened().kind, Kind::Pipe);
    assert_eq!(
        log.trouble(),
        Some(&*format!("nobody reads the FIFO {name}"))
    );
    log.write_line(b"{\"n\":0}");
    clock.tick(&mut log);
    assert_eq!(log.stats().backlog_lines, 1);
    assert_eq!(log.take_news().len(), 1);

    let mut first = reader(&path);
    clock.tick(&mut log);
    assert_eq!(drain(&mut first), "{\"n\":0}\n");
    assert_eq!(
        log.take_news(),
        [format!(
            "{name} can be written again; 1 alert written, 0 lost"
        )]
    );

    drop(first);
    log.write_line(b"{\"n\":1}");
    log.flush();
    assert_eq!(
        log.take_news(),
        [format!(
            "cannot write {name}: its reader has gone; 1 alert waits"
        )]
    );
    clock.tick(&mut log);
    assert!(log.trouble().unwrap().starts_with("nobody reads"));
    let mut second = reader(&path);
    clock.tick(&mut log);
    assert_eq!(drain(&mut second), "{\"n\":1}\n");
    assert_eq!(log.trouble(), None);
    assert_eq!((log.stats().lines, log.stats().lost_lines), (2, 0));
    assert_eq!(log.rotate(), Rotated::Unchanged);
}

#[test]
fn a_slow_reader_gets_every_line_once() {
    if !alone(module_path!(), "a_slow_reader_gets_every_line_once") {
        return;
    }
    let Some((_dir, path)) = fifo() else { return };
    let mut clock = Clock(Instant::now());
    let mut reader = reader(&path);
    let mut log = LogFile::open(&path, Options::default()).unwrap();
    let mut want = String::new();
    for n in 0..300 {
        // Some lines are longer than what a pipe takes at once, one longer than the pipe.
        let pad = if n == 150 { 200_000 } else { n * 20 };
        let line = format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat(pad));
        log.write_line(line.as_bytes());
        want.push_str(&line);
    }
    log.flush();
    assert!(log.stats().backlog_lines > 0);
    // It is only called trouble when it lasts.
    assert_eq!(log.trouble(), None);
    for _ in 0..20 {
        clock.tick(&mut log);
    }
    assert!(log.trouble().unwrap().ends_with("its reader is too slow"));
    let mut got = String::new();
    for _ in 0..200 {
        got.push_str(&drain(&mut reader));
        clock.tick(&mut log);
    }
    got.push_str(&drain(&mut reader));
    assert!(got == want);
    assert_eq!((log.stats().lines, log.stats().lost_lines), (300, 0));
    assert_eq!(log.trouble(), None);
}

#[test]
fn a_reader_that_leaves_within_a_line_does_not_tear_it_for_the_next() {
    if !alone(
        module_path!(),
        "a_reader_that_leaves_within_a_line_does_not_tear_it_for_the_next",
    ) {
        return;
    }
    let Some((_dir, path)) = fifo() else { return };
    let mut clock = Clock(Instant::now());
    let first = reader(&path);
    let mut log = LogFile::open(&path, Options::default()).unwrap();
    let line = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(500_000));
    log.write_line(line.as_bytes());
    log.flush();
    assert_eq!(log.stats().backlog_lines, 1);
    drop(first);
    clock.tick(&mut log);
    let mut second = reader(&path);
    let mut got = String::new();
    for _ in 0..50 {
        clock.tick(&mut log);
        got.push_str(&drain(&mut second));
    }
    assert!(got == line);
}

#[test]
fn a_fifo_that_is_made_anew_is_noticed() {
    if !alone(module_path!(), "a_fifo_that_is_made_anew_is_noticed") {
        return;
    }
    let Some((_dir, path)) = fifo() else { return };
    let mut clock = Clock(Instant::now());
    let _old = reader(&path);
    let mut log = LogFile::open(&path, Options::default()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let mut new = reader(&path);
    clock.tick(&mut log);
    log.write_line(b"{}");
    log.flush();
    assert_eq!(drain(&mut new), "{}\n");
}

#[test]
fn a_device_is_written_and_otherwise_left_alone() {
    let options = Options {
        max_bytes: Some(10),
        ..Options::default()
    };
    let mut log = LogFile::open(Path::new("/dev/null"), options).unwrap();
    assert_eq!(log.opened().kind, Kind::Device);
    for _ in 0..5 {
        log.write_line(b"{\"n\":0}");
        log.flush();
    }
    assert_eq!(log.rotate(), Rotated::Unchanged);
    let (stats, news) = log.finish();
    assert_eq!((stats.lines, stats.rotations, stats.failures), (5, 0, 0));
    assert!(news.is_empty());
}

#[test]
fn a_full_device_keeps_lines_and_counts_those_without_room() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let mut clock = Clock(Instant::now());
    let options = Options {
        backlog_bytes: 80,
        ..Options::default()
    };
    let mut log = LogFile::open(Path::new("/dev/full"), options).unwrap();
    for n in 0..12 {
        log.write_line(format!("{{\"n\":{n}}}").as_bytes());
        log.flush();
    }
    assert_eq!((log.stats().backlog_lines, log.stats().lost_lines), (10, 2));
    // The back-off keeps flushes from trying.
    assert_eq!(log.stats().failures, 1);
    assert_eq!(
        log.trouble(),
        Some("cannot write /dev/full: No space left on device")
    );
    assert_eq!(
        log.take_news(),
        [
            "cannot write /dev/full: No space left on device; 1 alert waits",
            "the backlog of /dev/full is full (80 bytes): further alerts are lost until it can be written",
        ]
    );
    clock.tick(&mut log);
    assert_eq!(log.stats().failures, 2);
    let (stats, news) = log.finish();
    assert_eq!((stats.lines, stats.lost_lines), (0, 12));
    assert_eq!(
        news,
        ["10 alerts could not be written to /dev/full before the end"]
    );
}
