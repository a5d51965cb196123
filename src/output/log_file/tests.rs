#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// Whether this process runs nothing but the test `name`. If not, such a process is started and
/// must succeed. A process that another test starts holds every open pipe for a moment, and then
/// nobody sees that the other end is gone.
pub(super) fn alone(module: &str, name: &str) -> bool {
    const ALONE: &str = "LOG_FILE_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let module = module.split_once("::").unwrap().1;
    let out = Command::new(std::env::current_exe().unwrap())
        .args([&format!("{module}::{name}"), "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "{text}");
    for line in text.lines().filter(|line| line.contains("skipped")) {
        println!("{line}");
    }
    false
}

/// A folder and a path in it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("eve.json");
    (dir, path)
}

fn open(path: &Path) -> LogFile {
    LogFile::open(path, Options::default()).unwrap()
}

fn rotating(path: &Path, max_bytes: u64) -> LogFile {
    let options = Options {
        max_bytes: Some(max_bytes),
        ..Options::default()
    };
    LogFile::open(path, options).unwrap()
}

fn put(log: &mut LogFile, line: &str) {
    log.write_line(line.as_bytes());
    log.flush();
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// A time so late that every back-off is over: it begins with one tick and ends with another.
fn later(log: &mut LogFile) {
    let now = log.looked.unwrap_or_else(Instant::now);
    log.tick(now + Duration::from_secs(10));
    log.tick(now + Duration::from_secs(20));
}

#[test]
fn lines_are_appended_and_counted() {
    let (_dir, path) = folder();
    fs::write(&path, "{\"n\":0}\n").unwrap();
    let mut log = open(&path);
    assert_eq!(log.opened().kind, Kind::File);
    assert_eq!((log.opened().mended_bytes, log.opened().size), (0, 8));
    log.write_line(b"{\"n\":1}");
    log.write_line(b"{\"n\":2}\n");
    assert_eq!(log.stats().backlog_lines, 2);
    assert_eq!(log.stats().backlog_bytes, 16);
    assert_eq!(read(&path), "{\"n\":0}\n");
    log.flush();
    assert_eq!(read(&path), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    log.write_line(b"{\"n\":3}");
    let (stats, news) = log.finish();
    assert_eq!((stats.lines, stats.bytes, stats.failures), (3, 24, 0));
    assert!(news.is_empty());
    assert!(read(&path).ends_with("{\"n\":3}\n"));
}

#[test]
fn a_torn_last_line_is_cut_off_and_told() {
    let (_dir, path) = folder();
    fs::write(&path, "{\"n\":0}\n{\"n\":1,\"na").unwrap();
    let mut log = open(&path);
    assert_eq!((log.opened().mended_bytes, log.opened().size), (10, 8));
    assert_eq!(log.stats().mended_bytes, 10);
    assert!(log.take_news()[0].ends_with("ended in a torn line; 10 bytes cut off"));
    assert!(log.take_news().is_empty());
    put(&mut log, "{\"n\":2}");
    assert_eq!(read(&path), "{\"n\":0}\n{\"n\":2}\n");
}

#[test]
fn a_complete_object_gets_its_line_end() {
    let (_dir, path) = folder();
    fs::write(&path, "{\"n\":0}").unwrap();
    let mut log = open(&path);
    assert!(log.take_news()[0].ends_with("has no end; it gets one"));
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&path), "{\"n\":0}\n{\"n\":1}\n");
}

#[test]
fn a_torn_line_of_an_append_only_file_gets_an_end() {
    let (_dir, path) = folder();
    fs::write(&path, "{}\n{\"a").unwrap();
    let chattr = |flag| Command::new("chattr").arg(flag).arg(&path).output();
    if !chattr("+a").is_ok_and(|out| out.status.success()) {
        println!("skipped: chattr +a does not work here");
        return;
    }
    let mut log = open(&path);
    put(&mut log, "{\"n\":1}");
    drop(log);
    let content = read(&path);
    chattr("-a").unwrap();
    assert_eq!(content, "{}\n{\"a\n{\"n\":1}\n");
}

#[test]
fn a_full_file_is_rotated_before_the_line_that_would_not_fit() {
    let (_dir, path) = folder();
    let options = Options {
        max_bytes: Some(20),
        keep: 2,
        ..Options::default()
    };
    let mut log = LogFile::open(&path, options).unwrap();
    for n in 0..7 {
        log.write_line(format!("{{\"n\":{n}}}").as_bytes());
    }
    log.flush();
    let numbered = |n| read(&shift::number(&path, n));
    assert_eq!(read(&path), "{\"n\":6}\n");
    assert_eq!(numbered(1), "{\"n\":4}\n{\"n\":5}\n");
    assert_eq!(numbered(2), "{\"n\":2}\n{\"n\":3}\n");
    assert!(!shift::number(&path, 3).exists());
    assert_eq!((log.stats().rotations, log.stats().lost_lines), (3, 0));
    // A line that is longer than a file may be stands alone.
    put(&mut log, &"x".repeat(50));
    put(&mut log, "{\"n\":8}");
    assert_eq!(numbered(1).len(), 51);
    assert_eq!(read(&path), "{\"n\":8}\n");
}

#[test]
fn the_size_of_a_file_that_was_there_counts() {
    let (_dir, path) = folder();
    fs::write(&path, "{\"n\":0}\n").unwrap();
    let mut log = rotating(&path, 10);
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&path), "{\"n\":1}\n");
    assert_eq!(read(&shift::number(&path, 1)), "{\"n\":0}\n");
}

#[test]
fn a_signal_rotates_only_where_rotation_is_ours() {
    let (_dir, path) = folder();
    let mut log = open(&path);
    put(&mut log, "{\"n\":0}");
    assert_eq!(log.rotate(), Rotated::Unchanged);
    assert!(!shift::number(&path, 1).exists());
    drop(log);

    let mut log = rotating(&path, 1 << 20);
    assert_eq!(log.rotate(), Rotated::Renamed);
    assert_eq!(read(&path), "");
    assert_eq!(read(&shift::number(&path, 1)), "{\"n\":0}\n");
    // An empty file would only push an older one out.
    assert_eq!(log.rotate(), Rotated::Unchanged);
    assert_eq!(log.stats().rotations, 1);
}

#[test]
fn a_signal_after_logrotate_opens_the_path_anew() {
    for max_bytes in [None, Some(1 << 20)] {
        for create in [false, true] {
            let (dir, path) = folder();
            let options = Options {
                max_bytes,
                ..Options::default()
            };
            let mut log = LogFile::open(&path, options).unwrap();
            put(&mut log, "{\"n\":0}");
            let old = dir.path().join("eve.json-20250101");
            fs::rename(&path, &old).unwrap();
            if create {
                fs::write(&path, "").unwrap();
            }
            log.write_line(b"{\"n\":1}");
            assert_eq!(log.rotate(), Rotated::Reopened);
            log.flush();
            assert_eq!(read(&old), "{\"n\":0}\n");
            assert_eq!(read(&path), "{\"n\":1}\n");
            assert_eq!((log.stats().rotations, log.stats().reopened), (0, 1));
            assert!(!shift::number(&path, 1).exists());
        }
    }
}

#[test]
fn a_rename_without_a_signal_is_noticed() {
    let (dir, path) = folder();
    let mut log = open(&path);
    let now = Instant::now();
    log.tick(now);
    put(&mut log, "{\"n\":0}");
    let old = dir.path().join("old");
    fs::rename(&path, &old).unwrap();
    // Within a second nobody looks, and the lines are in the file that was renamed.
    log.tick(now + Duration::from_millis(999));
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&old), "{\"n\":0}\n{\"n\":1}\n");
    log.tick(now + Duration::from_millis(1_000));
    assert!(log.take_news()[0].contains("was renamed or replaced by another program"));
    put(&mut log, "{\"n\":2}");
    assert_eq!(read(&path), "{\"n\":2}\n");
}

#[test]
fn a_deleted_file_takes_no_more_lines() {
    let (_dir, path) = folder();
    let mut log = open(&path);
    put(&mut log, "{\"n\":0}");
    fs::remove_file(&path).unwrap();
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&path), "{\"n\":1}\n");
    assert!(log.take_news()[0].ends_with("was removed by another program; it is created anew"));
    // Without any line a tick notices.
    fs::remove_file(&path).unwrap();
    later(&mut log);
    assert_eq!(read(&path), "");
    assert_eq!(log.take_news().len(), 1);
    assert_eq!(log.stats().reopened, 2);
}

#[test]
fn lines_wait_while_the_folder_of_a_deleted_file_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("log");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("eve.json");
    let mut log = open(&path);
    fs::remove_dir_all(&inner).unwrap();
    put(&mut log, "{\"n\":0}");
    assert!(log.trouble().unwrap().contains("create the folder"));
    log.take_news();
    fs::create_dir(&inner).unwrap();
    later(&mut log);
    assert_eq!(read(&path), "{\"n\":0}\n");
    let news = log.take_news();
    assert_eq!(
        news,
        [format!(
            "{} can be written again; 1 alert written, 0 lost",
            path.display()
        )]
    );
    assert_eq!(log.trouble(), None);
}

#[test]
fn a_file_that_cannot_be_reopened_is_written_on() {
    let dir = tempfile::tempdir().unwrap();
    let (inner, away) = (dir.path().join("log"), dir.path().join("away"));
    fs::create_dir(&inner).unwrap();
    let path = inner.join("eve.json");
    let mut log = open(&path);
    fs::rename(&inner, &away).unwrap();
    assert_eq!(log.rotate(), Rotated::Failed);
    assert!(log.trouble().unwrap().starts_with("cannot rotate"));
    put(&mut log, "{\"n\":0}");
    assert_eq!(read(&away.join("eve.json")), "{\"n\":0}\n");
    assert_eq!(log.take_news().len(), 1);
    fs::create_dir(&inner).unwrap();
    later(&mut log);
    assert_eq!(log.trouble(), None);
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&path), "{\"n\":1}\n");
    assert!(log.take_news()[0].ends_with("could be rotated"));
}

#[test]
fn a_file_that_cannot_be_renamed_grows_on_until_it_can() {
    let (_dir, path) = folder();
    let mut log = rotating(&path, 10);
    let obstacle = shift::number(&path, 1);
    fs::create_dir(&obstacle).unwrap();
    for n in 0..3 {
        put(&mut log, &format!("{{\"n\":{n}}}"));
    }
    assert_eq!(read(&path), "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    assert!(
        log.trouble()
            .unwrap()
            .contains("eve.json.1 is not a regular file")
    );
    assert_eq!(log.take_news().len(), 1);
    assert_eq!(log.stats().failures, 1);
    fs::remove_dir(&obstacle).unwrap();
    later(&mut log);
    assert_eq!(log.trouble(), None);
    put(&mut log, "{\"n\":3}");
    assert_eq!(read(&path), "{\"n\":3}\n");
    assert_eq!(read(&obstacle).lines().count(), 3);
    assert_eq!(log.stats().lost_lines, 0);
}

#[test]
fn a_file_that_is_replaced_by_another_kind_of_file_is_left_alone() {
    let (dir, path) = folder();
    let mut log = open(&path);
    fs::rename(&path, dir.path().join("old")).unwrap();
    fs::write(&path, "dear diary").unwrap();
    later(&mut log);
    put(&mut log, "{\"n\":0}");
    assert!(
        log.trouble()
            .unwrap()
            .contains("is not a file of JSON lines")
    );
    assert_eq!(read(&path), "dear diary");
    assert_eq!(read(&dir.path().join("old")), "{\"n\":0}\n");
}

#[test]
fn a_link_is_followed_and_rotated_where_it_leads() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let (path, target) = (dir.path().join("eve.json"), data.join("alerts.json"));
    symlink(&target, &path).unwrap();
    let mut log = rotating(&path, 10);
    assert_eq!(log.opened().folder, fs::canonicalize(&data).unwrap());
    put(&mut log, "{\"n\":0}");
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&target), "{\"n\":1}\n");
    assert_eq!(read(&shift::number(&target, 1)), "{\"n\":0}\n");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    // A link that is turned elsewhere is followed there.
    fs::remove_file(&path).unwrap();
    symlink(data.join("other.json"), &path).unwrap();
    later(&mut log);
    put(&mut log, "{\"n\":2}");
    assert_eq!(read(&data.join("other.json")), "{\"n\":2}\n");
}

#[test]
fn a_stream_of_the_program_is_neither_cut_nor_rotated() {
    let (_dir, path) = folder();
    fs::write(&path, "begun by somebody else: {\"a").unwrap();
    let own = File::options().append(true).open(&path).unwrap();
    let link = PathBuf::from(format!("/proc/self/fd/{}", own.as_raw_fd()));
    let mut log = rotating(&link, 10);
    assert_eq!(log.opened().kind, Kind::Device);
    put(&mut log, "{\"n\":0}");
    put(&mut log, "{\"n\":1}");
    assert_eq!(log.rotate(), Rotated::Unchanged);
    assert_eq!(
        read(&path),
        "begun by somebody else: {\"a{\"n\":0}\n{\"n\":1}\n"
    );
}

#[test]
fn a_file_that_another_program_empties_is_noticed() {
    let (_dir, path) = folder();
    let mut log = open(&path);
    put(&mut log, "{\"n\":0}");
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    later(&mut log);
    assert!(log.take_news()[0].ends_with("was cut to 0 bytes by another program"));
    put(&mut log, "{\"n\":1}");
    assert_eq!(read(&path), "{\"n\":1}\n");
}

#[test]
fn a_line_that_is_too_long_is_lost_and_said() {
    let (_dir, path) = folder();
    let mut log = open(&path);
    put(&mut log, &"x".repeat(MAX_LINE));
    put(&mut log, "{}");
    assert_eq!(log.stats().lost_lines, 1);
    assert!(log.take_news()[0].contains("is too long"));
    assert_eq!(read(&path), "{}\n");
}

#[test]
fn a_backlog_that_fills_between_flushes_is_written_early() {
    let (_dir, path) = folder();
    let options = Options {
        backlog_bytes: 100,
        ..Options::default()
    };
    let mut log = LogFile::open(&path, options).unwrap();
    for n in 100..200 {
        log.write_line(format!("{{\"n\":{n}}}").as_bytes());
    }
    assert!(log.sync());
    assert_eq!(log.stats().lost_lines, 0);
    assert_eq!(read(&path).lines().count(), 100);
}
