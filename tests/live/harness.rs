//! Runs `watch` in a namespace, and waits for what it does.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bellerophon::serve::control;
use serde_json::Value;
use testkit::{dns, frame::ethernet};

use crate::net::{Net, RX, Sender, TX};

/// So long that only a program that hangs meets it. No test asserts a duration.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const PROGRAM: &str = env!("CARGO_BIN_EXE_bellerophon");

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The program, outside of a namespace.
pub(crate) fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code().expect("not killed by a signal"),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// JSON lines, each whole and with its line end.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "a torn last line");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}")))
        .collect()
}

/// What has to be the same of an alert, wherever its packet came from.
pub(crate) fn essence(alert: &Value) -> String {
    let context = &alert["alert"]["context"];
    let field = |name: &str| context[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{} {} {} {} {} {}",
        field("kind"),
        field("name"),
        field("device"),
        field("peer"),
        field("action"),
        field("indicator")
    )
}

/// The alerts among EVE events, sorted.
pub(crate) fn essences(events: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = events
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .map(essence)
        .collect();
    all.sort();
    all
}

/// The names of the alerts among EVE events, in their order.
pub(crate) fn names(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["event_type"] == "alert")
        .map(|event| {
            event["alert"]["context"]["name"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// The alerts of `replay`, one for each packet.
pub(crate) fn replayed(file: &Path) -> Vec<Value> {
    let (status, stdout, stderr) = run(&[
        "replay",
        "--alerts",
        "eve",
        "--repeat-window",
        "0",
        file.to_str().unwrap(),
    ]);
    assert_eq!(status, 0, "{stderr}");
    json_lines(&stdout)
}

/// The frames of a capture of Ethernet; `None` of another kind, or of several.
pub(crate) fn frames(file: &Path) -> Option<Vec<Vec<u8>>> {
    let mut capture = pcap::Capture::from_file(file).ok()?;
    if capture.get_datalink() != pcap::Linktype::ETHERNET {
        return None;
    }
    let mut frames = Vec::new();
    loop {
        match capture.next_packet() {
            Ok(packet) => frames.push(packet.data.to_vec()),
            Err(pcap::Error::NoMorePackets) => return Some(frames),
            Err(_) => return None,
        }
    }
}

/// A generated capture in `folder`: its path and what is planted in it.
pub(crate) fn generated(folder: &Path, workload: &str, options: &[&str]) -> (PathBuf, Vec<Value>) {
    let file = folder.join(format!("{workload}.pcap"));
    let planted = folder.join(format!("{workload}.json"));
    let mut arguments = vec!["generate", workload, "-o", file.to_str().unwrap()];
    arguments.extend(["--planted", planted.to_str().unwrap()]);
    arguments.extend(options);
    let (status, _, stderr) = run(&arguments);
    assert_eq!(status, 0, "{stderr}");
    (file, json_lines(&fs::read_to_string(planted).unwrap()))
}

/// A DNS query for `name`, from a port of its own.
pub(crate) fn query(number: usize, name: &str) -> Vec<u8> {
    let port = 1_024 + (number % 60_000) as u16;
    ethernet()
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(port, 53)
        .payload(dns::query(number as u16, name, dns::A))
}

/// Sends names below `below` without end, as fast as they can be alerted, while `work` is done.
pub(crate) fn while_sending<T>(net: &Net, below: &str, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            net.enter(|| {
                let mut sender = Sender::open(TX);
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    sender.send(&query(number, &format!("n{number}.{below}")));
                    number += 1;
                    if number.is_multiple_of(20) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                }
            });
        });
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        over.store(true, Ordering::Relaxed);
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A rule file with these names, as `text` for it.
pub(crate) fn rules(names: &[&str]) -> String {
    let mut text = String::from("bellerophon: 1\npack: test\ngroups:\n  - domains:\n");
    for name in names {
        text.push_str(&format!("      - {name}\n"));
    }
    text
}

/// Replaces a file as careful programs do: all at once.
pub(crate) fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// Some tests run the program as another user.
pub(crate) fn open_to_all(path: &Path) {
    let mode = if path.is_dir() { 0o777 } else { 0o666 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// How `watch` is to be run.
pub(crate) struct Plan {
    net: Arc<Net>,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
    interfaces: Vec<String>,
    eve: PathBuf,
    keep_stdout: bool,
    before: Vec<String>,
}

impl Plan {
    pub(crate) fn new(net: &Arc<Net>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        Self {
            net: Arc::clone(net),
            eve: folder.path().join("eve.json"),
            folder,
            arguments: Vec::new(),
            interfaces: vec![RX.to_owned()],
            keep_stdout: false,
            before: Vec::new(),
        }
    }

    /// The test's folder, which goes away with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// More of the command line: words without blanks in them.
    pub(crate) fn with(mut self, words: &str) -> Self {
        self.arguments
            .extend(words.split_whitespace().map(str::to_owned));
        self
    }

    /// One more word, which may have blanks in it.
    pub(crate) fn word(mut self, word: &str) -> Self {
        self.arguments.push(word.to_owned());
        self
    }

    pub(crate) fn on(mut self, interfaces: &[&str]) -> Self {
        self.interfaces = interfaces.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Writes a rule file `list.yaml` with these names, and uses it.
    pub(crate) fn listing(self, names: &[&str]) -> Self {
        let path = self.folder().join("list.yaml");
        fs::write(&path, rules(names)).unwrap();
        self.with(&format!("--rules {}", path.display()))
    }

    pub(crate) fn eve(mut self, path: &Path) -> Self {
        self.eve = path.to_owned();
        self
    }

    /// A command that runs the program, before it.
    pub(crate) fn run_by(mut self, words: &str) -> Self {
        self.before = words.split_whitespace().map(str::to_owned).collect();
        self
    }

    /// The test reads standard output itself.
    pub(crate) fn keep_stdout(mut self) -> Self {
        self.keep_stdout = true;
        self
    }

    fn spawn(self) -> Watch {
        let control = self.folder().join("control");
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.net.name])
            .args(&self.before)
            .arg(PROGRAM)
            .arg("watch");
        for name in &self.interfaces {
            command.args(["-i", name]);
        }
        command.arg("--eve").arg(&self.eve);
        command.arg("--control").arg(&control);
        let has = |flag: &str| self.arguments.iter().any(|argument| argument == flag);
        for (flag, value) in [
            ("--alerts", "none"),
            ("--stats-interval", "1"),
            ("--status-interval", "0"),
            ("--summary", "json"),
            // Rings of 64 MiB would be much for tests that run side by side.
            ("--ring-size", "16M"),
        ] {
            if !has(flag) {
                command.args([flag, value]);
            }
        }
        let mut child = command
            .args(&self.arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::null())
            .stdout(if self.keep_stdout {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let mut pipe = child.stderr.take().unwrap();
        let listener = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]);
                heard.lock().unwrap().push_str(&text);
            }
        });
        Watch {
            child,
            said,
            listener: Some(listener),
            control,
            eve: self.eve,
            net: self.net,
            folder: self.folder,
            ended: None,
        }
    }

    /// Starts it, and waits until it captures.
    #[track_caller]
    pub(crate) fn start(self) -> Watch {
        let mut watch = self.spawn();
        watch.waits_for("capture thread");
        watch
    }

    /// Runs what ends by itself: status and standard error.
    #[track_caller]
    pub(crate) fn fails(self) -> (i32, String) {
        let mut watch = self.spawn();
        let status = watch.end();
        (status.code().unwrap(), watch.said())
    }
}

/// A running `watch`.
pub(crate) struct Watch {
    child: Child,
    said: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    pub(crate) control: PathBuf,
    pub(crate) eve: PathBuf,
    pub(crate) net: Arc<Net>,
    folder: tempfile::TempDir,
    ended: Option<ExitStatus>,
}

impl Watch {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn list(&self) -> PathBuf {
        self.folder().join("list.yaml")
    }

    pub(crate) fn stdout(&mut self) -> std::process::ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// All of standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for something on standard error.
    #[track_caller]
    pub(crate) fn waits_for(&mut self, text: &str) {
        let begun = Instant::now();
        while !self.said().contains(text) {
            let gone = self.child.try_wait().unwrap();
            // The listener may be behind.
            if begun.elapsed() > PATIENCE || gone.is_some() && begun.elapsed().as_secs() > 1 {
                panic!("{text:?} is not said ({gone:?}):\n{}", self.said());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How often something was said.
    pub(crate) fn says(&self, text: &str) -> usize {
        self.said().matches(text).count()
    }

    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "{}", self.said());
    }

    /// Sends a command as `ctl` does.
    pub(crate) fn ask(&self, command: &control::Command) -> Result<control::Reply, String> {
        control::client(&self.control, command).map_err(|error| error.to_string())
    }

    /// `ctl` itself: status, standard output and standard error.
    pub(crate) fn ctl(&self, words: &str) -> (i32, String, String) {
        let mut arguments = vec!["ctl", "--control", self.control.to_str().unwrap()];
        arguments.extend(words.split_whitespace());
        run(&arguments)
    }

    /// What `ctl status --json` prints.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        match self.ask(&control::Command::Status) {
            Ok(reply) => reply.data,
            Err(error) => panic!("{error}; {}", self.said()),
        }
    }

    /// Waits until so many packets were received or lost, and gives the status of then.
    #[track_caller]
    pub(crate) fn counts(&self, packets: u64) -> Value {
        let mut last = Value::Null;
        let begun = Instant::now();
        loop {
            let status = self.status();
            if all_packets(&status) >= packets {
                return status;
            }
            last.clone_from(&status);
            assert!(
                begun.elapsed() < PATIENCE,
                "waited in vain for {packets} packets: {last}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The events in the EVE file: whole lines, of which the last may be on its way.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.eve).unwrap_or_default();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        json_lines(&text[..whole])
    }

    /// Waits until so many alerts are in the EVE file.
    #[track_caller]
    pub(crate) fn alerts(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let mut events = self.events();
            events.retain(|event| event["event_type"] == "alert");
            if events.len() >= count {
                return events;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} of {count} alerts; {}",
                events.len(),
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for an anomaly, and gives its text.
    #[track_caller]
    pub(crate) fn anomaly(&self, event: &str) -> String {
        wait(event, || {
            self.events()
                .iter()
                .find(|e| e["anomaly"]["event"] == event)
                .map(|e| e["anomaly"]["message"].as_str().unwrap().to_owned())
        })
    }

    /// Sends a query for a name that is listed, until it is alerted: the capture goes on.
    #[track_caller]
    pub(crate) fn is_alive(&self, name: &str) {
        let mut number = 60_000;
        wait(&format!("an alert of {name}"), || {
            number += 1;
            let frame = query(number, name);
            // The interface may not be up yet.
            self.net
                .enter(|| crate::net::Sender::open(crate::net::TX).try_send(&frame));
            std::thread::sleep(Duration::from_millis(100));
            names(&self.events())
                .iter()
                .any(|n| n == name)
                .then_some(())
        });
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                panic!("still running: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.ended = Some(status);
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        assert!(!self.said().contains("panicked"), "{}", self.said());
        status
    }

    /// Ends it by SIGTERM: its summary, and all events.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> (Value, Vec<Value>) {
        self.signal("-TERM");
        let status = self.end();
        assert_eq!(status.code(), Some(0), "{status:?} {}", self.said());
        let said = self.said();
        let summary = said.lines().rfind(|line| line.starts_with('{'));
        let summary = summary.unwrap_or_else(|| panic!("no summary: {said}"));
        let text = fs::read_to_string(&self.eve).unwrap_or_default();
        (serde_json::from_str(summary).unwrap(), json_lines(&text))
    }

    /// Memory in use, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        self.proc_status("VmRSS:")
            .trim_end_matches("kB")
            .trim()
            .parse()
            .unwrap()
    }

    /// A line of `/proc/PID/status`.
    pub(crate) fn proc_status(&self, key: &str) -> String {
        let text = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_else(|| panic!("no {key} in {text}"))
            .trim()
            .to_owned()
    }

    pub(crate) fn was_killed_by(&self) -> Option<i32> {
        self.ended.and_then(|status| status.signal())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Packets that were received, and those that are known to be lost, of all interfaces: in a status or a summary.
pub(crate) fn all_packets(told: &Value) -> u64 {
    sum(told, "received") + lost(told)
}

/// Packets that are known to be lost.
pub(crate) fn lost(told: &Value) -> u64 {
    sum(told, "dropped") + sum(told, "interface_dropped")
}

/// The sum of a number of all interfaces.
pub(crate) fn sum(told: &Value, field: &str) -> u64 {
    let interfaces = told["interfaces"].as_array().unwrap();
    interfaces
        .iter()
        .map(|interface| interface[field].as_u64().unwrap_or(0))
        .sum()
}
