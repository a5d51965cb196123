//! Alerts reach their file whatever happens to it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::harness::{Plan, Watch, json_lines, names, query, wait, while_sending};
use crate::net::Net;

/// A small disk of its own.
struct Disk(PathBuf);

impl Disk {
    /// Mounted before the program starts: `ip netns exec` gives it a view of its own of what is mounted then.
    fn new(path: &Path) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "none"])
            .arg(path)
            .output()
            .unwrap();
        if !mounted.status.success() {
            let why = String::from_utf8_lossy(&mounted.stderr).trim().to_owned();
            skip!("no disk of its own: {why}");
            return None;
        }
        Some(Self(path.to_owned()))
    }

    /// Leaves room for so many bytes.
    fn fill(&self, room: u64) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length - room).unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The program that uses it may not be gone yet.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn send_names(net: &Net, from: usize, to: usize) {
    let queries: Vec<Vec<u8>> = (from..to)
        .map(|n| query(n, &format!("n{n}.urlpush.net")))
        .collect();
    net.send(&queries);
}

/// The names from 0 on, each once and in its order.
#[track_caller]
fn all_names(found: &[String], count: usize) {
    let wanted: Vec<String> = (0..count).map(|n| format!("n{n}.urlpush.net")).collect();
    assert_eq!(found, wanted);
}

fn plan(net: &Arc<Net>) -> Plan {
    Plan::new(net).with("--threads 1 --workers 1 --stats-interval 0")
}

#[test]
fn a_full_disk_tears_no_line_and_loses_no_alert() {
    let Some(net) = Net::new() else { return };
    let plan = plan(&net);
    let Some(disk) = Disk::new(&plan.folder().join("disk")) else {
        return;
    };
    let filler = disk.fill(16 << 10);
    let eve = disk.0.join("eve.json");
    let mut watch = plan.eve(&eve).start();
    for turn in 0..5 {
        send_names(&net, turn * 40, turn * 40 + 40);
        net.settle();
        std::thread::sleep(Duration::from_millis(50));
        watch.events();
    }
    watch.waits_for("cannot write");
    let written = names(&watch.events());
    assert!(
        !written.is_empty() && written.len() < 100,
        "{}",
        written.len()
    );
    // Nobody who follows the file meets half a line.
    json_lines(&fs::read_to_string(&eve).unwrap());
    fs::remove_file(filler).unwrap();
    watch.waits_for("can be written again");
    watch.alerts(200);
    let (_, events) = watch.stop();
    all_names(&names(&events), 200);
    drop(watch);
}

#[test]
fn a_reader_of_standard_output_that_goes_away_is_no_harm_to_the_file() {
    let Some(net) = Net::new() else { return };
    let mut watch = plan(&net).with("--alerts eve").keep_stdout().start();
    let mut stdout = BufReader::new(watch.stdout());
    send_names(&net, 0, 1);
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    all_names(&names(&json_lines(&line)), 1);
    drop(stdout);
    send_names(&net, 1, 100);
    watch.alerts(100);
    watch.waits_for("standard output");
    watch.signal("-TERM");
    // Somebody was to read these alerts and did not.
    assert_eq!(watch.end().code(), Some(2), "{}", watch.said());
    all_names(&names(&watch.events()), 100);
}

/// A reader of standard output that does not read: alerts for it are lost in the end, and nothing waits for it.
#[test]
fn a_reader_of_standard_output_that_sleeps_holds_nothing_up() {
    let Some(net) = Net::new() else { return };
    let mut watch = plan(&net).with("--alerts eve").keep_stdout().start();
    let stdout = watch.stdout();
    for turn in 0..10 {
        send_names(&net, turn * 100, turn * 100 + 100);
        std::thread::sleep(Duration::from_millis(10));
    }
    watch.alerts(1_000);
    watch.signal("-TERM");
    watch.end();
    drop(stdout);
    all_names(&names(&watch.events()), 1_000);
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Reads so many lines of a named pipe, and closes it.
fn read_some(path: &Path, lines: usize) -> String {
    let mut reader = BufReader::new(File::open(path).unwrap());
    let mut text = String::new();
    for _ in 0..lines {
        reader.read_line(&mut text).unwrap();
    }
    text
}

#[test]
fn what_a_reader_of_a_named_pipe_missed_waits_for_the_next_one() {
    let Some(net) = Net::new() else { return };
    let plan = plan(&net);
    let path = plan.folder().join("fifo");
    fifo(&path);
    // Nobody reads it yet.
    let mut watch = plan.eve(&path).start();
    send_names(&net, 0, 10);
    let first = read_some(&path, 10);
    all_names(&names(&json_lines(&first)), 10);
    // A pipe cannot tell what a reader left in it when it went: that is why these come after it is known to be gone.
    send_names(&net, 10, 11);
    watch.waits_for("its reader has gone");
    send_names(&net, 11, 30);
    net.settle();
    let second = read_some(&path, 20);
    all_names(&names(&json_lines(&(first + &second))), 30);
    watch.signal("-TERM");
    watch.end();
}

/// Linux looks for SIGKILL after each page that it takes of a write, so the very last line may be torn (about one time in
/// twenty here, where the file is written all the time). No program can prevent that; the next start cuts it off.
#[test]
fn kill_leaves_whole_lines_but_the_last_and_the_next_start_goes_on_behind_them() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let mut alerts = 0;
    let mut torn = false;
    for _ in 0..5 {
        let mut watch = Plan::new(&net).eve(&eve).start();
        if torn {
            watch.waits_for("ended in a torn line");
        }
        while_sending(&net, "urlpush.net", || {
            watch.alerts(alerts + 50);
            watch.signal("-KILL");
            watch.end();
        });
        assert_eq!(watch.was_killed_by(), Some(9));
        torn = !fs::read_to_string(&eve).unwrap().ends_with('\n');
        let now = names(&watch.events()).len();
        assert!(now >= alerts + 50);
        alerts = now;
    }
    let mut watch = Plan::new(&net).eve(&eve).start();
    let (_, events) = watch.stop();
    assert_eq!(names(&events).len(), alerts);
}

/// As a crash of the machine may leave it.
#[test]
fn a_torn_line_of_an_earlier_run_is_mended() {
    let Some(net) = Net::new() else { return };
    let plan = plan(&net);
    let eve = plan.folder().join("eve.json");
    fs::write(&eve, "{\"event_type\":\"stats\"}\n{\"event_ty").unwrap();
    let mut watch = plan.start();
    send_names(&net, 0, 1);
    watch.alerts(1);
    watch.waits_for("ended in a torn line; 10 bytes cut off");
    let (_, events) = watch.stop();
    assert_eq!(events[0]["event_type"], "stats");
    all_names(&names(&events), 1);
}

/// The events of the file and of those it was renamed to, oldest first.
fn with_older(watch: &Watch, keep: u32) -> Vec<serde_json::Value> {
    let mut events = Vec::new();
    for number in (1..=keep).rev() {
        let path = format!("{}.{number}", watch.eve.display());
        if let Ok(text) = fs::read_to_string(path) {
            events.extend(json_lines(&text));
        }
    }
    events.extend(json_lines(&fs::read_to_string(&watch.eve).unwrap()));
    events
}

#[test]
fn a_file_that_is_full_is_renamed_and_no_alert_is_lost() {
    let Some(net) = Net::new() else { return };
    let mut watch = plan(&net).with("--eve-max-size 32K --eve-keep 50").start();
    for turn in 0..10 {
        send_names(&net, turn * 50, turn * 50 + 50);
        std::thread::sleep(Duration::from_millis(20));
    }
    wait("all alerts", || {
        (watch.status()["alerts"]["total"] == 500).then_some(())
    });
    watch.stop();
    all_names(&names(&with_older(&watch, 50)), 500);
    let length = |path: PathBuf| fs::metadata(path).unwrap().len();
    assert!(length(watch.folder().join("eve.json.1")) <= 32 << 10);
}

/// What logrotate does: it renames the file, and then sends a signal, or `ctl rotate`.
#[test]
fn a_file_that_another_program_renames_is_made_anew() {
    let Some(net) = Net::new() else { return };
    let mut watch = plan(&net).start();
    send_names(&net, 0, 10);
    watch.alerts(10);
    let older = watch.folder().join("eve.json.1");
    let oldest = watch.folder().join("eve.json.2");
    fs::rename(&watch.eve, &oldest).unwrap();
    let (status, stdout, stderr) = watch.ctl("rotate");
    assert_eq!(status, 0, "{stdout} {stderr}");
    send_names(&net, 10, 20);
    watch.alerts(10);
    fs::rename(&watch.eve, &older).unwrap();
    watch.signal("-USR1");
    wait("the file is made anew", || watch.eve.exists().then_some(()));
    send_names(&net, 20, 30);
    watch.alerts(10);
    // And where it is removed.
    fs::remove_file(&watch.eve).unwrap();
    send_names(&net, 30, 40);
    watch.alerts(10);
    watch.stop();
    for (path, from) in [(&oldest, 0), (&older, 10), (&watch.eve, 30)] {
        let found = names(&json_lines(&fs::read_to_string(path).unwrap()));
        let wanted: Vec<String> = (from..from + 10)
            .map(|n| format!("n{n}.urlpush.net"))
            .collect();
        assert_eq!(found, wanted, "{}", path.display());
    }
}

#[test]
fn a_file_that_cannot_be_written_at_the_start_is_an_error() {
    let Some(net) = Net::new() else { return };
    let plan = plan(&net);
    let nowhere = plan.folder().join("no/such/folder/eve.json");
    let (status, said) = plan.eve(&nowhere).fails();
    assert_eq!(status, 2);
    assert!(said.contains("no/such/folder"), "{said}");
    assert_eq!(said.matches("no/such/folder").count(), 1, "{said}");
}

/// A file on standard error's place that is full is no reason to stop.
#[test]
fn standard_error_on_a_full_device_is_no_harm() {
    let Some(net) = Net::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = Command::new("ip")
        .args(["netns", "exec", &net.name])
        .args([env!("CARGO_BIN_EXE_bellerophon"), "watch", "-i", "rx0"])
        .args(["--alerts", "none", "--status-interval", "1", "--eve"])
        .arg(&eve)
        .stderr(full)
        .spawn()
        .unwrap();
    let mut number = 0;
    wait("an alert", || {
        number += 1;
        net.send(&[query(number, "a.urlpush.net")]);
        std::thread::sleep(Duration::from_millis(100));
        let mut text = String::new();
        File::open(&eve).ok()?.read_to_string(&mut text).ok()?;
        text.contains("a.urlpush.net").then_some(())
    });
    let status = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(status.success());
    wait("its end", || child.try_wait().unwrap());
}
