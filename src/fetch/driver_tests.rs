use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::http::Limits;
use super::super::store::{Checked, StoreError};
use super::super::test_server::{Server, answer};
use super::super::tls::Trust;
use super::*;
use crate::feeds::Record;

/// A reader that counts lines and refuses what says `bad`.
fn check(_: &FeedName, bytes: &[u8]) -> Result<Checked, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    if text.contains("bad") {
        return Err("it says bad".into());
    }
    Ok(Checked {
        entries: u64::try_from(text.lines().count()).unwrap(),
        date: Some("2024-01-02".into()),
    })
}

fn single(url: &str) -> Single {
    Single {
        name: None,
        url: url.into(),
    }
}

/// A server of files with entity tags, and a folder.
struct Scene {
    server: Server,
    files: Arc<Mutex<BTreeMap<String, String>>>,
    root: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<_, _> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        let files = Arc::new(Mutex::new(files));
        let served = Arc::clone(&files);
        let server = Server::answering(move |asked| {
            let served = served.lock().unwrap();
            let Some(text) = served.get(&asked.target) else {
                return answer("404 Not Found", "", "");
            };
            if text.starts_with("HTTP/") {
                return text.clone();
            }
            let etag = format!("\"{}\"", text.len());
            if asked.field("if-none-match") == Some(&etag) {
                return answer("304 Not Modified", "", "");
            }
            answer("200 OK", &format!("ETag: {etag}\r\n"), text)
        });
        let root = tempfile::tempdir().unwrap();
        Self {
            server,
            files,
            root,
        }
    }

    fn set(&self, path: &str, text: &str) {
        self.files.lock().unwrap().insert(path.into(), text.into());
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("feeds")
    }

    fn options(&self) -> UpdateOptions {
        let trust = Trust::new(None, &[]).unwrap();
        UpdateOptions {
            index: Some(self.server.url("/index.yaml")),
            github_raw: self.server.url(""),
            limits: Limits {
                bytes: 10_000,
                time: Duration::from_secs(20),
                redirects: 5,
            },
            ..UpdateOptions::new(self.folder(), trust)
        }
    }

    fn update(&self) -> UpdateReport {
        self.update_as(&self.options()).0
    }

    fn update_as(&self, options: &UpdateOptions) -> (UpdateReport, Vec<String>) {
        let mut said = Vec::new();
        let mut say = |progress: Progress<'_>| said.push(format!("{progress:?}"));
        let report = run(&Surrendered::pretended(), options, &check, &mut say).unwrap();
        (report, said)
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder().join(name)).ok()
    }
}

fn index(paths: &[&str]) -> String {
    let mut text = "indicators:\n".to_owned();
    for path in paths {
        text.push_str(&format!(
            "- {{type: github, name: T, github: {{owner: o, repo: r, path: {path}}}}}\n"
        ));
    }
    text
}

fn outcomes(report: &UpdateReport) -> Vec<String> {
    report.feeds.iter().map(|f| f.to_string()).collect()
}

#[test]
fn from_new_to_unchanged_to_updated_to_gone() {
    let scene = Scene::new(&[
        ("/index.yaml", &index(&["a.txt", "b.txt"])),
        ("/o/r/main/a.txt", "1\n2\n"),
        ("/o/r/main/b.txt", "1\n"),
    ]);
    let (report, said) = scene.update_as(&scene.options());
    assert_eq!(
        outcomes(&report),
        ["o-r-a.txt: new, 2 entries", "o-r-b.txt: new, 1 entry"]
    );
    assert!(report.changed() && report.bad() == 0);
    assert_eq!(scene.text("o-r-a.txt").unwrap(), "1\n2\n");
    assert!(
        said.iter()
            .any(|s| s == r#"Index { lists: 2, hosts: ["127.0.0.1"] }"#),
        "{said:?}"
    );

    let record = Record::of_folder(&scene.folder()).unwrap();
    let feed = &record.feeds[&FeedName::existing("o-r-a.txt").unwrap()];
    assert_eq!(feed.title, "T");
    assert_eq!(feed.url, scene.server.url("/o/r/main/a.txt"));
    assert_eq!(feed.index, Some(scene.server.url("/index.yaml")));
    assert_eq!(feed.etag.as_deref(), Some("\"4\""));
    assert_eq!(feed.date.as_deref(), Some("2024-01-02"));

    let report = scene.update();
    assert_eq!(
        outcomes(&report),
        [
            "o-r-a.txt: unchanged, 2 entries",
            "o-r-b.txt: unchanged, 1 entry"
        ]
    );
    assert!(!report.changed());
    let last = scene.server.asked().pop().unwrap();
    assert_eq!(last.field("if-none-match"), Some("\"2\""));

    scene.set("/o/r/main/a.txt", "1\n2\n3\n");
    scene.set("/index.yaml", &index(&["a.txt"]));
    let report = scene.update();
    assert_eq!(
        outcomes(&report),
        ["o-r-a.txt: updated, 3 entries (2 before)"]
    );
    assert_eq!(report.gone, [FeedName::existing("o-r-b.txt").unwrap()]);
    assert_eq!(scene.text("o-r-b.txt").unwrap(), "1\n");
}

#[test]
fn a_file_that_was_changed_here_is_fetched_anew() {
    let scene = Scene::new(&[
        ("/index.yaml", &index(&["a.txt"])),
        ("/o/r/main/a.txt", "1\n2\n"),
    ]);
    scene.update();
    fs::write(scene.folder().join("o-r-a.txt"), "9\n9\n").unwrap();
    assert_eq!(
        outcomes(&scene.update()),
        ["o-r-a.txt: updated, 2 entries (2 before)"]
    );
    assert_eq!(scene.text("o-r-a.txt").unwrap(), "1\n2\n");
}

#[test]
fn none_stops_the_others() {
    let scene = Scene::new(&[
        (
            "/index.yaml",
            &index(&[
                "gone.txt",
                "bad.txt",
                "../up.txt",
                "big.txt",
                "page.txt",
                "good.txt",
            ]),
        ),
        ("/o/r/main/bad.txt", "bad"),
        ("/o/r/main/big.txt", &"x".repeat(10_001)),
        ("/o/r/main/page.txt", "\u{feff}\n <!DOCTYPE HTML><p>Log in"),
        ("/o/r/main/good.txt", "1\n"),
        ("/o/r/main/good.txt?v=1", "1\n"),
    ]);
    let mut options = scene.options();
    options.urls = vec![
        single(&scene.server.url("/o/r/main/good.txt?v=1")),
        single("http://lists.example/x"),
        single(&scene.server.url("/none")),
    ];
    options.taxii = vec![Collection {
        url: scene.server.url("/collections/c/"),
        secret: None,
    }];
    let (report, _) = scene.update_as(&options);
    let told = outcomes(&report);
    for (i, want) in [
        "o-r-gone.txt: failed: http",
        "o-r-bad.txt: refused: what came is no list that can be read (it says bad)",
        "T: refused: github.path is \"../up.txt\"",
        "o-r-big.txt: failed: http",
        "o-r-page.txt: refused: it is a web page",
        "o-r-good.txt: new, 1 entry",
        "127.0.0.1-o-r-main-good.txt-v_1.list: new, 1 entry",
        "(an entry without a name): refused: http://lists.example/x: http lets",
        "127.0.0.1-none.list: failed: http",
        "taxii-127.0.0.1-c.json: failed: http",
    ]
    .iter()
    .enumerate()
    {
        assert!(told[i].starts_with(want), "{}", told[i]);
    }
    assert_eq!((told.len(), report.bad()), (10, 8));
    let mut names: Vec<_> = fs::read_dir(scene.folder())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            ".lock",
            "127.0.0.1-o-r-main-good.txt-v_1.list",
            "feeds.json",
            "o-r-good.txt"
        ]
    );
}

#[test]
fn without_an_index_the_rest_goes_on() {
    for index in ["words", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"] {
        let scene = Scene::new(&[("/index.yaml", index), ("/x.txt", "1\n")]);
        let mut options = scene.options();
        options.urls = vec![single(&scene.server.url("/x.txt"))];
        let (report, _) = scene.update_as(&options);
        let told = outcomes(&report);
        assert!(told[0].starts_with("index: failed: http"), "{}", told[0]);
        assert_eq!(told[1], "127.0.0.1-x.txt: new, 1 entry");
    }
}

#[test]
fn a_list_that_shrank_is_refused_until_forced() {
    let scene = Scene::new(&[
        ("/index.yaml", &index(&["a.txt"])),
        ("/o/r/main/a.txt", "1\n2\n3\n"),
    ]);
    scene.update();
    scene.set("/o/r/main/a.txt", "1\n");
    let told = outcomes(&scene.update());
    assert!(
        told[0].starts_with("o-r-a.txt: refused: it has 1 entries"),
        "{}",
        told[0]
    );
    // And again: what was refused has not become what is known.
    assert!(!scene.update().feeds[0].outcome.is_good());
    assert_eq!(scene.text("o-r-a.txt").unwrap(), "1\n2\n3\n");
    let mut options = scene.options();
    options.force = true;
    let (report, _) = scene.update_as(&options);
    assert_eq!(
        outcomes(&report),
        ["o-r-a.txt: updated, 1 entry (3 before)"]
    );
}

#[test]
fn two_addresses_do_not_take_turns_in_one_file() {
    let scene = Scene::new(&[("/a-b.txt", "1\n"), ("/a/b.txt", "1\n2\n")]);
    let mut options = scene.options();
    options.index = None;
    options.urls = vec![
        single(&scene.server.url("/a-b.txt")),
        single(&scene.server.url("/a/b.txt")),
        Single {
            name: Some("Own.txt".into()),
            url: scene.server.url("/a/b.txt"),
        },
    ];
    let (report, _) = scene.update_as(&options);
    let told = outcomes(&report);
    assert_eq!(told[0], "127.0.0.1-a-b.txt: new, 1 entry");
    assert!(
        told[1].contains("kept as 127.0.0.1-a-b.txt already"),
        "{}",
        told[1]
    );
    assert_eq!(told[2], "own.txt: new, 2 entries");
    let record = Record::of_folder(&scene.folder()).unwrap();
    let own = &record.feeds[&FeedName::existing("own.txt").unwrap()];
    assert_eq!(
        (own.title.as_str(), own.publisher.as_str()),
        ("Own.txt", "127.0.0.1")
    );
}

#[test]
fn another_address_does_not_get_the_tag_of_the_first() {
    let scene = Scene::new(&[
        ("/index.yaml", &index(&["a.txt"])),
        ("/o/r/main/a.txt", "1\n"),
        ("/o/r/new/a.txt", "2\n"),
    ]);
    scene.update();
    let moved = index(&["a.txt"]).replace("repo: r", "repo: r, branch: new");
    scene.set("/index.yaml", &moved);
    assert_eq!(
        outcomes(&scene.update()),
        ["o-r-a.txt: updated, 1 entry (1 before)"]
    );
    assert_eq!(scene.text("o-r-a.txt").unwrap(), "2\n");
}

#[test]
fn a_collection_becomes_a_list() {
    let scene = Scene::new(&[(
        "/r/collections/c/objects/?limit=1000",
        r#"{"objects": [{"id": "x"}]}"#,
    )]);
    let mut options = scene.options();
    options.index = None;
    options.taxii = vec![Collection {
        url: scene.server.url("/r/collections/c/"),
        secret: None,
    }];
    let (report, said) = scene.update_as(&options);
    assert_eq!(
        outcomes(&report),
        ["taxii-127.0.0.1-c.json: new, 3 entries"]
    );
    assert!(
        said.iter()
            .any(|s| s == "Collected { objects: 1, pages: 1 }"),
        "{said:?}"
    );
    let (report, _) = scene.update_as(&options);
    assert_eq!(
        outcomes(&report),
        ["taxii-127.0.0.1-c.json: unchanged, 3 entries"]
    );
}

#[test]
fn a_copy_on_disk_connects_to_nobody() {
    let scene = Scene::new(&[]);
    let copy = scene.root.path().join("copy");
    fs::create_dir_all(copy.join("one")).unwrap();
    fs::create_dir_all(copy.join("two/d")).unwrap();
    let text = index(&["a.txt", "d/b.txt", "missing.txt"]);
    fs::write(copy.join("one/indicators.yaml"), text).unwrap();
    fs::write(copy.join("one/a.txt"), "1\n").unwrap();
    fs::write(copy.join("two/d/b.txt"), "1\n2\n").unwrap();
    let mut options = scene.options();
    options.from = Some(copy);
    let (report, _) = scene.update_as(&options);
    let told = outcomes(&report);
    assert_eq!(
        told[..2],
        ["o-r-a.txt: new, 1 entry", "o-r-d-b.txt: new, 2 entries"]
    );
    assert!(
        told[2].contains("no file in it ends in missing.txt"),
        "{}",
        told[2]
    );
    assert!(scene.server.asked().is_empty());
    let record = Record::of_folder(&scene.folder()).unwrap();
    let feed = &record.feeds[&FeedName::existing("o-r-d-b.txt").unwrap()];
    assert_eq!(feed.url, scene.server.url("/o/r/main/d/b.txt"));
    assert!(
        feed.copied_from
            .as_deref()
            .unwrap()
            .ends_with("two/d/b.txt")
    );
    assert_eq!(feed.etag, None);

    options.urls = vec![single(&scene.server.url("/"))];
    let error = run(&Surrendered::pretended(), &options, &check, &mut |_| {}).unwrap_err();
    assert!(matches!(error, UpdateError::FromAndUrls));
}

#[test]
fn a_folder_in_use_is_no_update() {
    let scene = Scene::new(&[]);
    let folder = Folder::open(&scene.folder(), Timestamp::default()).unwrap();
    let error = run(
        &Surrendered::pretended(),
        &scene.options(),
        &check,
        &mut |_| {},
    )
    .unwrap_err();
    assert!(
        matches!(error, UpdateError::Store(StoreError::Locked(_))),
        "{error}"
    );
    drop(folder);
    assert!(scene.server.asked().is_empty());
}

/// Text from outside must not reach a terminal as it is.
#[test]
fn what_is_shown_is_harmless() {
    let report = FeedReport {
        title: "a\u{1b}[2J".into(),
        name: None,
        from: String::new(),
        outcome: Outcome::Failed("b\u{9b}\n".into()),
    };
    assert_eq!(report.to_string(), "a\\u{1b}[2J: failed: b\\u{9b}\\n");
}
