use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(names: usize) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(names);
        folder
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("list.yaml")
    }

    /// As careful programs do: beside it, then in its place.
    fn write(&self, names: usize) {
        let new = self.0.path().join(".new");
        fs::write(&new, list(names)).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn reloader(&self, automatic: bool) -> Reloader {
        let options = LoadOptions {
            rules: vec![self.path()],
            packs: Vec::new(),
            ..LoadOptions::default()
        };
        let watched = Watched::new(&options.rules).filter(|_| automatic);
        let rules = rules::load(&options).unwrap().rules;
        Reloader::new(
            options,
            Arc::new(Current::new(Arc::new(rules))),
            watched,
            &[],
        )
    }
}

const HEAD: &str = "bellerophon: 1\npack: test\ngroups:\n  - domains:\n";

fn list(names: usize) -> String {
    let mut text = String::from(HEAD);
    for n in 0..names {
        text.push_str(&format!("      - n{n}.example\n"));
    }
    text
}

/// Until something comes of it. `later` is how far the clock has gone on since the beginning.
fn wait(reloader: &mut Reloader, later: u64) -> Done {
    let begun = Instant::now();
    loop {
        let now = begun + Duration::from_secs(later);
        if let Some(done) = reloader.tick(now) {
            return done;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn good_rules_take_the_place_of_the_old_ones() {
    let folder = Folder::new(10);
    let mut reloader = folder.reloader(false);
    folder.write(12);
    reloader.begin(Cause::Signal, false).unwrap();
    let done = wait(&mut reloader, 0);
    assert_eq!(done.cause, Cause::Signal);
    assert_eq!(done.result.unwrap(), "12 names listed, before 10");
    assert_eq!(reloader.current.get().len(), 12);
    assert_eq!(reloader.current.generation(), 1);
    // Nobody uses the old ones.
    assert!(reloader.tick(Instant::now()).is_none() && reloader.old.is_empty());
}

#[test]
fn bad_rules_are_refused_and_the_old_ones_stay() {
    let folder = Folder::new(10);
    let mut reloader = folder.reloader(false);
    for (text, why) in [
        ("bellerophon: 1\ngroups: [\n", "list.yaml"),
        (
            "bellerophon: 1\npack: test\ngroups:\n  - domains:\n      - a.example\n      - not a name\n",
            "defect",
        ),
        (
            "bellerophon: 1\npack: test\ngroups:\n  - domains:\n      - a.example\n",
            "less than half",
        ),
        ("", "list.yaml"),
    ] {
        fs::write(folder.path(), text).unwrap();
        reloader.begin(Cause::Control, false).unwrap();
        let error = wait(&mut reloader, 0).result.unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    fs::remove_file(folder.path()).unwrap();
    reloader.begin(Cause::Control, false).unwrap();
    let error = wait(&mut reloader, 0).result.unwrap_err();
    assert!(error.contains("cannot read it"), "{error}");
    assert_eq!((reloader.current.get().len(), reloader.refused), (10, 5));
}

#[test]
fn force_takes_what_is_right() {
    let folder = Folder::new(10);
    let mut reloader = folder.reloader(false);
    let text = "bellerophon: 1\npack: test\ngroups:\n  - domains:\n      - a.example\n      - not a name\n";
    fs::write(folder.path(), text).unwrap();
    reloader.begin(Cause::Control, true).unwrap();
    let text = wait(&mut reloader, 0).result.unwrap();
    assert!(
        text.starts_with("1 name listed, before 10; left out: 1 defect"),
        "{text}"
    );
}

#[test]
fn a_change_is_noticed_once_it_stays_the_same() {
    let folder = Folder::new(10);
    let mut reloader = folder.reloader(true);
    let begun = Instant::now();
    let at = |secs| begun + Duration::from_secs(secs);
    assert!(reloader.tick(at(2)).is_none() && reloader.building.is_none());
    folder.write(11);
    // Seen to differ, then to be the same.
    assert!(reloader.tick(at(4)).is_none() && reloader.building.is_none());
    folder.write(12);
    assert!(reloader.tick(at(6)).is_none() && reloader.building.is_none());
    let done = wait(&mut reloader, 8);
    assert_eq!(done.cause, Cause::Change);
    assert_eq!(done.result.unwrap(), "12 names listed, before 10");
    // A file that is gone for a moment is no news, and one that stays away is refused.
    fs::remove_file(folder.path()).unwrap();
    assert!(reloader.tick(at(100)).is_none() && reloader.building.is_none());
    let done = wait(&mut reloader, 110);
    assert!(done.result.is_err());
    assert_eq!(reloader.current.get().len(), 12);
    // It is not tried again and again.
    assert!(reloader.tick(at(200)).is_none() && reloader.building.is_none());
    assert!(reloader.tick(at(210)).is_none() && reloader.building.is_none());
}

/// Until the program runs, and while a list is read, the next one may be put in its place.
#[test]
fn a_change_while_files_are_read_is_noticed() {
    let folder = Folder::new(10);
    let options = LoadOptions {
        rules: vec![folder.path()],
        packs: Vec::new(),
        ..LoadOptions::default()
    };
    let watched = Watched::new(&options.rules);
    let rules = rules::load(&options).unwrap().rules;
    folder.write(11);
    let current = Arc::new(Current::new(Arc::new(rules)));
    let mut reloader = Reloader::new(options, current, watched, &[]);
    let begun = Instant::now();
    assert!(reloader.tick(begun + Duration::from_secs(2)).is_none());
    let done = wait(&mut reloader, 4);
    assert_eq!(done.result.unwrap(), "11 names listed, before 10");
}

#[test]
fn who_asks_while_rules_are_built_gets_them_built_again() {
    let folder = Folder::new(10);
    let mut reloader = folder.reloader(false);
    reloader.begin(Cause::Signal, false).unwrap();
    reloader.begin(Cause::Control, false).unwrap();
    assert_eq!(wait(&mut reloader, 0).cause, Cause::Signal);
    assert_eq!(wait(&mut reloader, 0).cause, Cause::Control);
}

/// A list as `rules update` leaves it.
fn fetched(folder: &Path, text: &str) {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let hash: String = hash.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let record = format!(r#"{{"version": 1, "feeds": {{"a.txt": {{"sha256": "{hash}"}}}}}}"#);
    fs::write(folder.join("a.txt"), text).unwrap();
    fs::write(folder.join("feeds.json"), record).unwrap();
}

/// Nobody here can correct them, and one of them must not keep all that is new out.
#[test]
fn defects_of_fetched_lists_are_no_reason_to_refuse() {
    let folder = tempfile::tempdir().unwrap();
    fetched(folder.path(), "a.evil-host.example\n");
    let options = LoadOptions {
        rules: vec![folder.path().into()],
        ..LoadOptions::default()
    };
    let rules = rules::load(&options).unwrap().rules;
    let current = Arc::new(Current::new(Arc::new(rules)));
    let mut reloader = Reloader::new(options, current, None, &[]);
    let worse = "a.evil-host.example\nb.evil-host.example\nco.uk\n";
    fetched(folder.path(), worse);
    reloader.begin(Cause::Change, false).unwrap();
    let said = wait(&mut reloader, 0).result.unwrap();
    assert!(said.contains("1 defect"), "{said}");
    assert_eq!(reloader.current.get().len(), 2);
    // Somebody here changed it.
    fs::write(folder.path().join("a.txt"), format!("{worse}com.au\n")).unwrap();
    reloader.begin(Cause::Change, false).unwrap();
    let error = wait(&mut reloader, 0).result.unwrap_err();
    assert!(error.contains("feeds.json"), "{error}");
}
