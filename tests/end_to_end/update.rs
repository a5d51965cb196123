//! `rules update`: from a folder and from a server of this machine, and then a replay with what was fetched.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::{dns, frame};

use crate::harness::{Folder, Ran, run};

/// Whom root becomes: somebody who needs no account.
const UID: u32 = 65_534;

const STIX: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
  {"type": "indicator", "spec_version": "2.1", "id": "indicator--1", "pattern_type": "stix",
   "valid_from": "2021-07-18T00:00:00Z", "pattern": "[domain-name:value='evil-feed-host.com']"}]}"#;

/// A folder for lists whose owner root may become.
struct Feeds(Folder);

impl Feeds {
    fn new() -> Self {
        let feeds = Self(Folder::new());
        let path = feeds.0.path();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(UID), Some(UID)).unwrap();
        }
        feeds
    }

    /// `rules update` into it, or nothing and the reason where rights cannot be given up on this machine.
    fn update(&self, arguments: &[&str]) -> Option<Ran> {
        let to = self.0.text();
        let ran = run(["rules", "update", "--to", &to].iter().chain(arguments));
        if ran.stderr.contains("rights cannot be given up") {
            println!("SKIP: {}", ran.stderr);
            return None;
        }
        Some(ran)
    }

    fn record(&self) -> Value {
        let text = std::fs::read_to_string(self.0.path().join("feeds.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Replays one question for the name, and gives the alerts.
    fn replay(&self) -> Vec<Value> {
        let frame = frame::ethernet()
            .ipv4("10.0.0.7", "192.0.2.53")
            .udp(53_124, 53)
            .payload(dns::query(7, "www.evil-feed-host.com", dns::A));
        let packet = Packet::new(1_700_000_000_000_000_000, frame);
        let folder = Folder::new();
        let capture = folder.file("asks.pcap", Pcap::new(1).packets(&[packet]).bytes());
        let ran = run(["replay", &capture, "--rules", &self.0.text()]).exits(0);
        ran.json()
    }
}

/// A copy of an index and a list, as somebody brings it.
fn copy(list: &str) -> Folder {
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder.file(
        "indicators.yaml",
        "indicators:\n  - type: github\n    name: Lists of people\n    github: {owner: people, repo: lists, branch: main, path: 2021/evil.stix2}\n",
    );
    let below = folder.path().join("2021");
    std::fs::create_dir(&below).unwrap();
    std::fs::write(below.join("evil.stix2"), list).unwrap();
    folder
}

/// The alert says which list it is from, by the title that the index gives it.
#[track_caller]
fn names_the_feed(alerts: &[Value], title: &str, pack: &str) {
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let context = &alerts[0]["alert"]["context"];
    assert_eq!(context["indicator"], "evil-feed-host.com");
    assert_eq!(context["sources"], serde_json::json!([title]));
    assert_eq!(context["pack"], pack);
}

#[test]
fn from_a_folder() {
    let feeds = Feeds::new();
    let copy = copy(STIX);
    let Some(ran) = feeds.update(&["--from", &copy.text()]) else {
        return;
    };
    let ran = ran.exits(0);
    assert!(
        ran.stdout.contains("people-lists-2021-evil.stix2  new") && ran.stdout.contains("--rules"),
        "{}",
        ran.stdout
    );
    let record = feeds.record();
    let feed = &record["feeds"]["people-lists-2021-evil.stix2"];
    assert_eq!(feed["entries"], 1);
    let url = "https://raw.githubusercontent.com/people/lists/main/2021/evil.stix2";
    assert_eq!(feed["url"], url);
    names_the_feed(&feeds.replay(), "Lists of people", "people-lists-2021-evil");

    let again = feeds.update(&["--from", &copy.text(), "--json"]).unwrap();
    let again = again.exits(0).json();
    assert_eq!(again[0]["feeds"][0]["outcome"], "unchanged");
    assert_eq!(again[0]["changed"], false);
}

#[test]
fn a_list_that_is_none_keeps_the_old_one() {
    let feeds = Feeds::new();
    if feeds.update(&["--from", &copy(STIX).text()]).is_none() {
        return;
    }
    for bad in [
        "",
        "<!DOCTYPE html><p>Log in",
        "{\"type\": \"bundle\"",
        "co.uk\n",
    ] {
        let ran = feeds.update(&["--from", &copy(bad).text()]).unwrap();
        let ran = ran.exits(2);
        assert!(ran.stdout.contains("refused"), "{bad}: {}", ran.stdout);
        assert_eq!(feeds.replay().len(), 1, "{bad}");
    }
}

#[test]
fn from_a_server() {
    let server = Server::start();
    let feeds = Feeds::new();
    server.serve(
        "/index.yaml",
        &format!(
            "indicators:\n  - name: Served list\n    type: download\n    download_url: {}/l.txt\n",
            server.url
        ),
    );
    server.serve(
        "/l.txt",
        "# a list\nevil-feed-host.com\nother-feed-host.com\n",
    );
    let index = format!("{}/index.yaml", server.url);
    let Some(ran) = feeds.update(&["--index", &index, "--json"]) else {
        return;
    };
    let ran = ran.exits(0).says(&["asking http://127.0.0.1"]);
    let feed = &ran.json()[0]["feeds"][0];
    assert_eq!(feed["outcome"], "new");
    assert_eq!(feed["entries"], 2);
    let url = format!("{}/l.txt", server.url);
    assert_eq!(feeds.record()["feeds"]["127.0.0.1-l.txt"]["url"], url);
    names_the_feed(&feeds.replay(), "Served list", "127-0-0-1-l");

    // A list that lost too much stays out, unless that is wanted.
    server.serve("/l.txt", "evil-feed-host.com\n");
    let fits = feeds.update(&["--index", &index]).unwrap().exits(0);
    assert!(fits.stdout.contains("before 2"), "{}", fits.stdout);
    server.serve("/l.txt", "a.x-host.com\nb.x-host.com\nc.x-host.com\n");
    feeds.update(&["--index", &index]).unwrap().exits(0);
    server.serve("/l.txt", "evil-feed-host.com\n");
    let shrunk = feeds.update(&["--index", &index]).unwrap().exits(2);
    assert!(shrunk.stdout.contains("--force"), "{}", shrunk.stdout);
    assert_eq!(feeds.replay().len(), 0);
    feeds
        .update(&["--index", &index, "--force"])
        .unwrap()
        .exits(0);
    assert_eq!(feeds.replay().len(), 1);

    // By itself, under a name of its own; and what is not there.
    let named = format!("mine={url}");
    let missing = format!("{}/none", server.url);
    let ran = feeds.update(&["--url", &named, "--url", &missing]).unwrap();
    let ran = ran.exits(2).says(&["404"]);
    assert!(ran.stdout.contains("mine.list"), "{}", ran.stdout);
    assert_eq!(feeds.record()["feeds"]["mine.list"]["title"], "mine");
}

#[test]
fn what_makes_no_sense_is_said() {
    for (arguments, piece) in [
        (&["--from", "x", "--url", "https://a.example/"][..], "--url"),
        (&["--token-env", "X"], "--taxii"),
        (
            &[
                "--taxii",
                "https://a.example/collections/c/",
                "--token-env",
                "NOT_SET_AT_ALL",
            ],
            "NOT_SET_AT_ALL",
        ),
        (&["--pin", "sha256//x"], "--pin"),
        (&["--ca", "/none"], "--ca"),
    ] {
        let ran = run(["rules", "update", "--to", "/none/feeds"]
            .iter()
            .chain(arguments));
        ran.exits(2).says(&[piece]);
    }
}

/// Answers with texts that may be changed.
struct Server {
    url: String,
    files: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let files = Arc::new(Mutex::new(Vec::<(String, String)>::new()));
        let served = Arc::clone(&files);
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = String::new();
                let mut lines = BufReader::new(&stream);
                while lines.read_line(&mut asked).unwrap() > 2 {}
                let target = asked.split(' ').nth(1).unwrap_or_default();
                let files = served.lock().unwrap();
                let found = files.iter().rev().find(|(path, _)| path == target);
                let (status, body) = match found {
                    Some((_, body)) => ("200 OK", body.as_str()),
                    None => ("404 Not Found", ""),
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { url, files }
    }

    fn serve(&self, path: &str, text: &str) {
        self.files.lock().unwrap().push((path.into(), text.into()));
    }
}
