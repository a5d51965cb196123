use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use super::*;

/// A reader that counts lines and refuses what says `bad`.
fn check(_: &FeedName, bytes: &[u8]) -> Result<Checked, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    if text.contains("bad") {
        return Err("it says bad".into());
    }
    Ok(Checked {
        entries: u64::try_from(text.lines().count()).unwrap(),
        date: None,
    })
}

struct Scene {
    root: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { root }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("feeds")
    }

    fn open_at(&self, secs: i64) -> Folder {
        Folder::open(&self.path(), Timestamp::from_parts(secs, 0)).unwrap()
    }

    fn open(&self) -> Folder {
        self.open_at(0)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn name() -> FeedName {
    FeedName::existing("a.txt").unwrap()
}

fn feed() -> Feed {
    Feed {
        url: "https://a.example/".into(),
        etag: Some("\"1\"".into()),
        ..Feed::default()
    }
}

fn put(folder: &mut Folder, text: &str) -> Result<Put, String> {
    put_by(folder, text, false)
}

fn put_by(folder: &mut Folder, text: &str, force: bool) -> Result<Put, String> {
    folder
        .put(&name(), text.as_bytes(), feed(), &check, force)
        .map_err(|refusal| match refusal {
            Refusal::Refused(why) => why,
            Refusal::Failed(e) => format!("failed: {e}"),
        })
}

#[test]
fn new_then_unchanged_then_updated() {
    let scene = Scene::new();
    let mut folder = scene.open_at(0);
    assert_eq!(put(&mut folder, "1\n2\n"), Ok(Put::New { entries: 2 }));
    drop(folder);
    assert_eq!(scene.names(), [".lock", "a.txt", "feeds.json"]);
    for (name, mode) in [("", 0o755), ("a.txt", 0o644), ("feeds.json", 0o644)] {
        let found = fs::metadata(scene.path().join(name)).unwrap().mode() & 0o777;
        // Less, where the umask says so.
        assert_eq!(found & !mode, 0, "{name}");
    }

    let mut folder = scene.open_at(86_400);
    let inode = || fs::metadata(scene.path().join("a.txt")).unwrap().ino();
    let before = inode();
    assert_eq!(
        put(&mut folder, "1\n2\n"),
        Ok(Put::Unchanged { entries: 2 })
    );
    assert_eq!(inode(), before);
    drop(folder);
    let record = Record::of_folder(&scene.path()).unwrap();
    let noted = &record.feeds[&name()];
    assert_eq!(noted.fetched_at, "1970-01-01T00:00:00Z");
    assert_eq!(noted.checked_at, "1970-01-02T00:00:00Z");
    assert_eq!((noted.size, noted.entries), (4, 2));
    assert_eq!(noted.sha256, sha256(b"1\n2\n"));

    let mut folder = scene.open_at(2 * 86_400);
    let updated = Put::Updated {
        entries: 3,
        before: Some(2),
    };
    assert_eq!(put(&mut folder, "1\n2\n3\n"), Ok(updated));
    assert_ne!(inode(), before);
    folder.confirm(&name()).unwrap();
    assert_eq!(folder.record().feeds[&name()].entries, 3);
}

#[test]
fn a_hash_is_what_others_compute() {
    assert_eq!(
        sha256(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn what_does_not_parse_replaces_nothing() {
    let scene = Scene::new();
    let mut folder = scene.open();
    assert!(put(&mut folder, "bad").unwrap_err().contains("it says bad"));
    assert!(!scene.path().join("a.txt").exists());
    put(&mut folder, "1\n").unwrap();
    for force in [false, true] {
        assert!(put_by(&mut folder, "bad", force).is_err());
    }
    assert_eq!(scene.text("a.txt"), "1\n");
    assert_eq!(folder.record().feeds[&name()].entries, 1);
}

#[test]
fn a_list_that_lost_more_than_half_needs_force() {
    let scene = Scene::new();
    let mut folder = scene.open();
    put(&mut folder, "1\n2\n3\n4\n5\n6\n").unwrap();
    put(&mut folder, "1\n2\n3\n").unwrap();
    let why = put(&mut folder, "1\n").unwrap_err();
    assert!(
        why.contains("has 1 entries and had 3") && why.contains("--force"),
        "{why}"
    );
    assert!(put(&mut folder, "").is_err());
    assert_eq!(scene.text("a.txt"), "1\n2\n3\n");
    let taken = Put::Updated {
        entries: 0,
        before: Some(3),
    };
    assert_eq!(put_by(&mut folder, "", true), Ok(taken));
    assert_eq!(scene.text("a.txt"), "");
}

#[test]
fn an_old_list_that_is_none_may_be_replaced() {
    let scene = Scene::new();
    let mut folder = scene.open();
    fs::write(scene.path().join("a.txt"), "bad\n2\n3\n").unwrap();
    let taken = Put::Updated {
        entries: 1,
        before: None,
    };
    assert_eq!(put(&mut folder, "1\n"), Ok(taken));
}

#[test]
fn validators_are_used_only_for_what_they_are_of() {
    let scene = Scene::new();
    let mut folder = scene.open();
    assert_eq!(folder.known(&name()), None);
    put(&mut folder, "1\n").unwrap();
    assert_eq!(
        folder.known(&name()).unwrap().etag.as_deref(),
        Some("\"1\"")
    );
    // As after a loss of power between the two files, or where somebody edits a list.
    fs::write(scene.path().join("a.txt"), "2\n").unwrap();
    assert_eq!(folder.known(&name()), None);
    fs::remove_file(scene.path().join("a.txt")).unwrap();
    assert_eq!(folder.known(&name()), None);
}

#[test]
fn what_a_killed_update_left_is_cleared_away() {
    let scene = Scene::new();
    drop(scene.open());
    fs::write(scene.path().join(PART), "half").unwrap();
    let mut folder = scene.open();
    put(&mut folder, "1\n").unwrap();
    assert_eq!(scene.names(), [".lock", "a.txt", "feeds.json"]);
}

#[test]
fn what_cannot_be_written_leaves_the_old_list() {
    let scene = Scene::new();
    let mut folder = scene.open();
    put(&mut folder, "1\n").unwrap();
    // Not even root can remove this by `unlink`.
    fs::create_dir(scene.path().join(PART)).unwrap();
    let why = put(&mut folder, "1\n2\n").unwrap_err();
    assert!(
        why.starts_with("failed: ") && why.contains("a.txt"),
        "{why}"
    );
    assert_eq!(scene.text("a.txt"), "1\n");
}

#[test]
fn links_in_the_folder_are_not_followed() {
    let scene = Scene::new();
    let outside = scene.root.path().join("outside");
    fs::write(&outside, "1\n").unwrap();
    let mut folder = scene.open();

    symlink(&outside, scene.path().join("a.txt")).unwrap();
    let why = put(&mut folder, "1\n2\n").unwrap_err();
    assert!(why.contains("symbolic link"), "{why}");
    fs::remove_file(scene.path().join("a.txt")).unwrap();

    // Where the temporary file would be: the link goes, and not what it names.
    symlink(&outside, scene.path().join(PART)).unwrap();
    put(&mut folder, "1\n2\n").unwrap();
    drop(folder);

    fs::remove_file(scene.path().join("feeds.json")).unwrap();
    symlink(&outside, scene.path().join("feeds.json")).unwrap();
    let error = Folder::open(&scene.path(), Timestamp::default()).unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
    fs::remove_file(scene.path().join("feeds.json")).unwrap();

    fs::remove_file(scene.path().join(LOCK)).unwrap();
    symlink(scene.root.path().join("made"), scene.path().join(LOCK)).unwrap();
    assert!(Folder::open(&scene.path(), Timestamp::default()).is_err());
    assert!(!scene.root.path().join("made").exists());
    assert_eq!(fs::read_to_string(&outside).unwrap(), "1\n");
}

#[test]
fn a_folder_that_is_replaced_meanwhile_is_not_followed() {
    let scene = Scene::new();
    let mut folder = scene.open();
    let elsewhere = scene.root.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(scene.path(), scene.root.path().join("moved")).unwrap();
    symlink(&elsewhere, scene.path()).unwrap();
    put(&mut folder, "1\n").unwrap();
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert!(scene.root.path().join("moved/a.txt").exists());
    drop(folder);
    assert!(matches!(
        Folder::open(&scene.path(), Timestamp::default()),
        Err(StoreError::Folder(FolderError::NotFolder(_)))
    ));
}

#[test]
fn a_pipe_does_not_make_wait() {
    let scene = Scene::new();
    let mut folder = scene.open();
    let pipe = scene.path().join("a.txt");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let why = put(&mut folder, "1\n").unwrap_err();
    assert!(why.contains("no regular file"), "{why}");
}

#[test]
fn two_updates_do_not_clash() {
    let scene = Scene::new();
    let folder = scene.open();
    let open = || Folder::open(&scene.path(), Timestamp::default());
    assert!(matches!(open(), Err(StoreError::Locked(_))));
    // Looking takes no lock.
    assert_eq!(Record::of_folder(&scene.path()).unwrap(), Record::default());
    drop(folder);
    assert!(open().is_ok());
}

#[test]
fn folders_that_others_may_write_to() {
    let scene = Scene::new();
    drop(scene.open());
    let mode = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(scene.path(), permissions).unwrap();
    };
    let open = || Folder::open(&scene.path(), Timestamp::default());
    assert_eq!(open().unwrap().warning, None);
    mode(0o1777);
    assert!(matches!(open(), Err(StoreError::Open(_))));
    mode(0o775);
    let warning = open().unwrap().warning.unwrap();
    assert!(warning.contains("chmod g-w"), "{warning}");
    mode(0o755);
    if geteuid().is_root() {
        chown(scene.path(), Some(4_001), Some(4_001)).unwrap();
        assert!(matches!(
            open(),
            Err(StoreError::Foreign { owner: 4_001, .. })
        ));
    } else {
        println!("SKIP: only root can give a folder away");
    }
}

#[test]
fn a_damaged_record_is_said() {
    let scene = Scene::new();
    drop(scene.open());
    fs::write(scene.path().join("feeds.json"), "{").unwrap();
    let error = Folder::open(&scene.path(), Timestamp::default()).unwrap_err();
    assert!(error.to_string().contains("remove it"), "{error}");
}
