#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

//! Faults that need a process of their own: this test program is started again for one test.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use super::*;

/// Set in the processes that are started again: the folder to work in.
const FOLDER: &str = "LOG_FILE_TEST_FOLDER";
/// Set for the writer: longest file in bytes.
const MAX_BYTES: &str = "LOG_FILE_TEST_MAX_BYTES";

/// Arguments that run only the test `name` of this module.
fn only(name: &str) -> [String; 3] {
    let module = module_path!().split_once("::").unwrap().1;
    [
        format!("{module}::{name}"),
        "--exact".into(),
        "--nocapture".into(),
    ]
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

fn line(n: u64) -> String {
    let pad = usize::try_from(n * 7_919 % 300).unwrap();
    format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat(pad))
}

/// The numbers of all lines, each of which must be whole.
fn numbers(content: &str) -> Vec<u64> {
    assert!(content.is_empty() || content.ends_with('\n'), "torn end");
    content
        .lines()
        .map(|text| {
            let n = text
                .strip_prefix("{\"n\":")
                .and_then(|rest| rest.split_once(','));
            let n = n
                .unwrap_or_else(|| panic!("torn: {text}"))
                .0
                .parse()
                .unwrap();
            assert_eq!(format!("{text}\n"), line(n));
            n
        })
        .collect()
}

/// All files of a rotated set, the oldest first.
fn everything(path: &Path) -> String {
    let mut files = vec![path.to_owned()];
    files.extend((1..=1_000).map(|n| shift::number(path, n)));
    let read = |path: &PathBuf| fs::read_to_string(path).ok();
    files.iter().rev().filter_map(read).collect()
}

/// Not a test of its own: writes as fast as it can until it is killed.
#[test]
fn child_writes() {
    let (Some(dir), Ok(max)) = (folder(), std::env::var(MAX_BYTES)) else {
        return;
    };
    let options = Options {
        max_bytes: max.parse().ok(),
        keep: 1_000,
        ..Options::default()
    };
    let path = dir.join("eve.json");
    let said = File::options().write(true).open(dir.join("said")).unwrap();
    let mut log = LogFile::open(&path, options).unwrap();
    let begin = u64::try_from(numbers(&everything(&path)).len()).unwrap();
    // Bounded, should nobody kill it.
    for n in begin..begin + 500_000 {
        log.write_line(line(n).as_bytes());
        if n % 5 == 0 {
            log.flush();
            said.write_all_at(&(n + 1).to_le_bytes(), 0).unwrap();
        }
    }
}

#[test]
fn kill_9_loses_nothing_that_was_flushed_and_tears_nothing() {
    for max_bytes in ["none", "20000"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eve.json");
        fs::write(dir.path().join("said"), [0; 8]).unwrap();
        let said = || {
            let bytes = fs::read(dir.path().join("said")).unwrap();
            u64::from_le_bytes(bytes.try_into().unwrap())
        };
        let mut last = 0;
        for round in 0..5 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(only("child_writes"))
                .env(FOLDER, dir.path())
                .env(MAX_BYTES, max_bytes)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            while said() < last + 500 {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none(), "the writer ended by itself: {ended:?}");
                thread::yield_now();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            // A torn line that no kill can be made to leave on purpose.
            if round == 2 {
                let mut torn = File::options()
                    .append(true)
                    .create(true)
                    .open(&path)
                    .unwrap();
                io::Write::write_all(&mut torn, b"{\"n\":77").unwrap();
            }
            let log = LogFile::open(&path, Options::default()).unwrap();
            assert!(round != 2 || log.opened().mended_bytes >= 7);
            let numbers = numbers(&everything(&path));
            last = u64::try_from(numbers.len()).unwrap();
            assert!(
                numbers.iter().copied().eq(0..last),
                "{max_bytes}: gap or repeat"
            );
            assert!(
                last >= said(),
                "{max_bytes}: {last} lines, but {} flushed",
                said()
            );
        }
        let rotated = shift::number(&path, 1).exists();
        assert_eq!(rotated, max_bytes != "none");
    }
}

/// Not a test of its own: runs where it may mount a small file system.
#[test]
fn child_fills_a_disk() {
    let Some(dir) = folder().filter(|_| std::env::var_os(MAX_BYTES).is_none()) else {
        return;
    };
    let (path, filler) = (dir.join("eve.json"), dir.join("filler"));
    fs::write(&filler, vec![0; 100_000]).unwrap();
    let options = Options {
        backlog_bytes: 20_000,
        ..Options::default()
    };
    let mut log = LogFile::open(&path, options).unwrap();
    let mut now = Instant::now();
    let mut tick = |log: &mut LogFile| {
        now += Duration::from_secs(10);
        log.tick(now);
    };
    let mut n = 0;
    let mut put = |log: &mut LogFile| {
        // Many lines at once, so that a write ends short within them.
        for _ in 0..10 {
            log.write_line(line(n).as_bytes());
            n += 1;
        }
        log.flush();
        numbers(&fs::read_to_string(&path).unwrap());
        n
    };
    while log.trouble().is_none() {
        put(&mut log);
    }
    let trouble = log.trouble().unwrap().to_owned();
    assert!(trouble.ends_with("No space left on device"), "{trouble}");
    let waiting = log.stats().backlog_lines;
    assert!(waiting > 0);
    assert_eq!(log.stats().lost_lines, 0);
    assert!(log.take_news()[0].starts_with(&format!("{trouble}; {waiting} alert")));

    // Trying again in vain tears nothing and reports nothing twice.
    for _ in 0..6 {
        tick(&mut log);
        numbers(&fs::read_to_string(&path).unwrap());
    }
    assert!(log.stats().failures > 2);
    assert!(log.take_news().is_empty());

    // Space again, before the backlog is full: nothing is lost.
    fs::remove_file(&filler).unwrap();
    tick(&mut log);
    tick(&mut log);
    assert_eq!(log.trouble(), None);
    let written = put(&mut log);
    assert_eq!(
        numbers(&fs::read_to_string(&path).unwrap()),
        (0..written).collect::<Vec<_>>()
    );
    assert!(log.take_news()[0].contains("can be written again; "));
    assert_eq!((log.stats().lines, log.stats().lost_lines), (written, 0));

    // Full for longer than the backlog lasts: the last lines are lost and counted.
    fs::write(&filler, vec![0; 1 << 20]).unwrap_err();
    let mut total = written;
    while log.stats().lost_lines < 25 {
        total = put(&mut log);
    }
    fs::remove_file(&filler).unwrap();
    tick(&mut log);
    tick(&mut log);
    let numbers = numbers(&fs::read_to_string(&path).unwrap());
    let kept = u64::try_from(numbers.len()).unwrap();
    assert_eq!(kept + log.stats().lost_lines, total);
    assert_eq!(kept, log.stats().lines);
    assert_eq!(log.stats().torn_lines, 0);
    let lost = log.stats().lost_lines;
    assert!(
        log.take_news()
            .last()
            .unwrap()
            .ends_with(&format!(" written, {lost} lost"))
    );
    fs::write(dir.join("done"), "").unwrap();
}

#[test]
fn a_full_disk_tears_no_line_and_loses_none_while_the_backlog_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=256k none \"$LOG_FILE_TEST_FOLDER\"";
    let unshared = |script: &str, args: &[String]| {
        Command::new("unshare")
            .args(["-m", "sh", "-c", script, "sh"])
            .args(args)
            .env(FOLDER, dir.path())
            .output()
    };
    if !unshared(mount, &[]).is_ok_and(|out| out.status.success()) {
        println!("skipped: no file system can be mounted in a namespace of its own here");
        return;
    }
    let exe = std::env::current_exe().unwrap();
    let mut args = vec![exe.to_str().unwrap().to_owned()];
    args.extend(only("child_fills_a_disk"));
    // The mount is gone with the namespace, so the end of the child is seen from inside.
    let script = format!("{mount} && \"$@\" && test -e \"$LOG_FILE_TEST_FOLDER/done\"");
    let out = unshared(&script, &args).unwrap();
    assert!(
        out.status.success(),
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

/// Not a test of its own: runs as a user without rights.
#[test]
fn child_has_no_rights() {
    let Some(dir) = folder().filter(|_| std::env::var_os(MAX_BYTES).is_none()) else {
        return;
    };
    let path = dir.join("eve.json");
    if !path.exists() {
        return;
    }
    match LogFile::open(&path, Options::default()) {
        Ok(_) => println!("opened"),
        Err(e) => println!("refused: {e}"),
    }
}

#[test]
fn a_user_without_rights_is_told_which() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("eve.json");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let out = Command::new(std::env::current_exe().unwrap())
        .args(only("child_has_no_rights"))
        .env(FOLDER, dir.path())
        .uid(12_345)
        .output();
    let Ok(out) = out else {
        println!("skipped: the user of a process cannot be changed here");
        return;
    };
    let text = String::from_utf8_lossy(&out.stdout);
    let want = format!(
        "refused: cannot open {} for alerts: Permission denied: user 12345 must be able to read and write it, or to create it in {}",
        path.display(),
        dir.path().display()
    );
    assert!(text.contains(&want), "{text}");
}
