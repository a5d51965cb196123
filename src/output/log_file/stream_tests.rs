#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use super::super::tests::alone;
use super::*;

fn small(queue_bytes: usize) -> StreamOptions {
    StreamOptions {
        queue_bytes,
        ..StreamOptions::default()
    }
}

/// A deadline that no test waits for.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        thread::yield_now();
    }
}

#[test]
fn everything_is_out_after_shutdown() {
    let (mut reader, writer) = io::pipe().unwrap();
    let mut out = StreamOut::new(writer, "the pipe", StreamOptions::default()).unwrap();
    let reading = thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    let mut want = String::new();
    for n in 0..20_000 {
        let line = format!("{{\"n\":{n}}}\n");
        out.write_line(line.as_bytes());
        want.push_str(&line);
    }
    let (stats, news) = out.shutdown(far());
    assert_eq!((stats.lines, stats.lost_lines), (20_000, 0));
    assert!(news.is_empty());
    assert!(reading.join().unwrap() == want);
}

#[test]
fn a_reader_that_has_gone_is_told_once_and_its_lines_are_counted() {
    let name = "a_reader_that_has_gone_is_told_once_and_its_lines_are_counted";
    if !alone(module_path!(), name) {
        return;
    }
    let (reader, writer) = io::pipe().unwrap();
    let mut out = StreamOut::new(writer, "the pipe", StreamOptions::default()).unwrap();
    drop(reader);
    out.write_line(b"{}");
    until(|| out.stats().lost_lines == 1);
    for _ in 0..9 {
        out.write_line(b"{}");
    }
    let words = "nobody reads the pipe any more; alerts are no longer written there";
    assert_eq!(out.trouble().as_deref(), Some(words));
    assert_eq!(out.take_news(), [words]);
    let (stats, news) = out.shutdown(far());
    assert_eq!((stats.lines, stats.lost_lines, stats.failures), (0, 10, 1));
    assert!(news.is_empty());
}

/// Says when a write has begun, and is stuck in it until the other end of the channel is gone.
struct Stuck(mpsc::Sender<Vec<u8>>, mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(bytes.to_vec());
        let _ = self.1.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_is_stuck_stops_nobody() {
    let (begun, writes) = mpsc::channel();
    let (release, stuck) = mpsc::channel();
    let mut out = StreamOut::new(Stuck(begun, stuck), "the pipe", small(10_000)).unwrap();
    let line = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(100));
    out.write_line(line.as_bytes());
    assert_eq!(writes.recv().unwrap(), line.as_bytes());
    for _ in 1..1_000 {
        out.write_line(line.as_bytes());
    }
    let waiting = 10_000 / u64::try_from(line.len()).unwrap();
    let stats = out.stats();
    assert_eq!(
        (stats.queued_lines, stats.lost_lines),
        (waiting, 1_000 - waiting)
    );
    let full = "the pipe takes no more (10000 bytes wait): further alerts are lost there";
    assert_eq!(out.trouble().as_deref(), Some(full));
    assert_eq!(out.take_news(), [full]);
    let (stats, news) = out.shutdown(Instant::now() + Duration::from_millis(20));
    assert_eq!((stats.lines, stats.lost_lines), (0, 1_000));
    let lost = format!("{waiting} alerts could not be written to the pipe before the end");
    assert_eq!(news, [lost]);
    // When it is released, the thread ends without another write.
    drop(release);
    assert!(writes.recv().is_err());
}

#[test]
fn every_write_to_a_pipe_is_whole_lines_that_it_takes_at_once() {
    let (begun, writes) = mpsc::channel();
    let (release, stuck) = mpsc::channel();
    let mut out = StreamOut::new(Stuck(begun, stuck), "the pipe", small(1 << 20)).unwrap();
    for n in 0..500 {
        out.write_line("x".repeat(n).as_bytes());
    }
    drop(release);
    let (stats, _) = out.shutdown(far());
    assert_eq!((stats.lines, stats.lost_lines), (500, 0));
    for write in writes {
        assert!(write.ends_with(b"\n") && write.len() <= PIPE_CHUNK);
    }
}

#[test]
fn a_slow_reader_that_wakes_up_heals_it() {
    let (reader, writer) = io::pipe().unwrap();
    let mut out = StreamOut::new(writer, "the pipe", small(10_000)).unwrap();
    let line = format!("{{\"pad\":\"{}\"}}\n", "x".repeat(100));
    while out.stats().lost_lines == 0 {
        out.write_line(line.as_bytes());
    }
    let reading = thread::spawn(move || BufReader::new(reader).lines().count());
    until(|| out.trouble().is_none());
    assert!(
        out.take_news()
            .last()
            .unwrap()
            .starts_with("the pipe can be written again")
    );
    let (stats, _) = out.shutdown(far());
    assert_eq!(u64::try_from(reading.join().unwrap()).unwrap(), stats.lines);
}

/// Fails as told, once for each entry, and then takes everything.
struct Failing(Vec<io::ErrorKind>, Arc<Mutex<Vec<u8>>>);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = self.0.pop() {
            return Err(kind.into());
        }
        // A short write.
        let n = bytes.len().div_ceil(2);
        self.1.lock().unwrap().extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_heals_loses_nothing() {
    let stored = Arc::new(Mutex::new(Vec::new()));
    let failing = Failing(
        vec![
            io::ErrorKind::StorageFull,
            io::ErrorKind::Interrupted,
            io::ErrorKind::WouldBlock,
        ],
        Arc::clone(&stored),
    );
    let mut out = StreamOut::new(failing, "the pipe", StreamOptions::default()).unwrap();
    out.write_line(b"{\"n\":0}");
    out.write_line(b"{\"n\":1}");
    until(|| out.trouble().is_some());
    // The end cuts the wait for the next try short.
    let (stats, news) = out.shutdown(far());
    assert_eq!((stats.lines, stats.lost_lines, stats.failures), (2, 0, 1));
    assert!(news[0].starts_with("cannot write the pipe: "), "{news:?}");
    assert!(
        news[1].starts_with("the pipe can be written again"),
        "{news:?}"
    );
    assert_eq!(*stored.lock().unwrap(), b"{\"n\":0}\n{\"n\":1}\n");
}

#[test]
fn a_writer_that_panics_ends_nothing_else() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("on purpose");
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut out = StreamOut::new(Panics, "the pipe", StreamOptions::default()).unwrap();
    out.write_line(b"{}");
    until(|| out.trouble().is_some());
    assert_eq!(
        out.trouble().as_deref(),
        Some("the writer of the pipe has failed")
    );
    out.write_line(b"{}");
    let (stats, _) = out.shutdown(far());
    assert_eq!(stats.lost_lines, 2);
}

/// Not a test of its own: writes to the standard output of a process.
#[test]
fn child_writes_to_standard_output() {
    let Ok(lines) = std::env::var("LOG_FILE_TEST_LINES") else {
        return;
    };
    let mut out = StreamOut::stdout(StreamOptions::default()).unwrap();
    for n in 0..lines.parse().unwrap() {
        out.write_line(format!("{{\"n\":{n}}}").as_bytes());
    }
    let (stats, _) = out.shutdown(far());
    // Standard output may be gone.
    std::process::exit(if stats.lost_lines == 0 { 10 } else { 20 });
}

#[test]
fn standard_output_takes_lines_and_may_go() {
    let module = module_path!().split_once("::").unwrap().1;
    let child = || {
        Command::new(std::env::current_exe().unwrap())
            .arg(format!("{module}::child_writes_to_standard_output"))
            .args(["--exact", "--nocapture"])
            .env("LOG_FILE_TEST_LINES", "100000")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let out = child().wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    // The test harness writes there as well.
    assert_eq!(text.matches("{\"n\":").count(), 100_000);
    assert_eq!(out.status.code(), Some(10));

    let mut child = child();
    let mut stdout = child.stdout.take().unwrap();
    let mut some = [0; 1_000];
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(20));
}
