//! Rules that are loaded again while the old ones count: built on a thread of its own, refused where they are worse.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::output::{counted, grouped};
use crate::rules::{self, Current, LoadOptions, Loaded, PackInfo, Problem, RuleSet};
use crate::serve::control::{Reply, ReplyTo};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why rules were loaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Signal,
    Control,
    Change,
}

impl Cause {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Signal => "SIGHUP",
            Self::Control => "ctl reload",
            Self::Change => "the files changed",
        }
    }
}

/// What came of a reload: what to say of it.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) cause: Cause,
    /// In words: what counts now, or why the old rules stay.
    pub(super) result: Result<String, String>,
    /// Who waits for the answer.
    pub(super) waiting: Vec<ReplyTo>,
}

/// Loads rules again.
pub(super) struct Reloader {
    options: LoadOptions,
    /// Defects of the rules in use, which somebody accepted.
    known: BTreeSet<String>,
    current: Arc<Current>,
    building: Option<Building>,
    /// Somebody asked while rules were built.
    again: Option<Again>,
    watch: Option<Watched>,
    /// Rules that nobody should use any more: freed here once nobody does, and not by a thread that reads packets.
    old: Vec<Arc<RuleSet>>,
    pub(super) loaded: SystemTime,
    pub(super) refused: u64,
}

struct Building {
    cause: Cause,
    force: bool,
    result: Receiver<Result<Loaded, rules::RulesError>>,
    waiting: Vec<ReplyTo>,
}

/// Rules that are built after those that are built now.
struct Again {
    cause: Cause,
    force: bool,
    waiting: Vec<ReplyTo>,
}

impl Reloader {
    /// With `watch`, files that have changed since then are loaded by themselves.
    pub(super) fn new(
        options: LoadOptions,
        current: Arc<Current>,
        watch: Option<Watched>,
        problems: &[Problem],
    ) -> Self {
        Self {
            options,
            known: all_defects(problems),
            current,
            building: None,
            again: None,
            watch,
            old: Vec::new(),
            loaded: SystemTime::now(),
            refused: 0,
        }
    }

    /// Begins to load. `force` takes rules with defects, and much fewer than before.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn begin(&mut self, cause: Cause, force: bool) -> io::Result<()> {
        if self.building.is_some() {
            // What changed after the files were read counts as well.
            let again = self.again.get_or_insert(Again {
                cause,
                force: false,
                waiting: Vec::new(),
            });
            again.cause = cause;
            again.force |= force;
            return Ok(());
        }
        let (send, result) = bounded(1);
        let options = self.options.clone();
        // Before they are read: what changes meanwhile is a change.
        let marks = self.watch.as_ref().map(|_| marks(&options.files()));
        thread::Builder::new()
            .name("rules".to_owned())
            .spawn(move || {
                // Where the program ends meanwhile nobody listens.
                let _ = send.send(rules::load(&options));
            })?;
        self.building = Some(Building {
            cause,
            force,
            result,
            waiting: Vec::new(),
        });
        if let (Some(watch), Some(marks)) = (&mut self.watch, marks) {
            watch.now_loaded(marks);
        }
        Ok(())
    }

    /// Has somebody wait for what [`Self::begin`] has just begun.
    pub(super) fn wait(&mut self, reply: ReplyTo) {
        match (&mut self.again, &mut self.building) {
            // What is built now may have been read before they asked.
            (Some(again), _) => again.waiting.push(reply),
            (None, Some(building)) => building.waiting.push(reply),
            (None, None) => reply.send(Reply::error("nothing is loaded")),
        }
    }

    /// Whether rules are being built.
    pub(super) fn is_building(&self) -> bool {
        self.building.is_some()
    }

    /// To be called again and again: looks for changed files, and whether rules are built.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Done> {
        self.old.retain(|rules| Arc::strong_count(rules) > 1);
        if self.building.is_none()
            && let Some(watch) = &mut self.watch
            && watch.changed(now, &self.options.files())
            && let Err(error) = self.begin(Cause::Change, false)
        {
            return Some(Done {
                cause: Cause::Change,
                result: Err(format!("cannot start a thread: {error}")),
                waiting: Vec::new(),
            });
        }
        let loaded = match self.building.as_ref()?.result.try_recv() {
            Ok(loaded) => Some(loaded),
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => None,
        };
        let building = self.building.take()?;
        let result = match loaded {
            Some(loaded) => self.judge(loaded, building.force),
            None => Err("the thread that loads them ended by a panic".to_owned()),
        };
        if result.is_err() {
            self.refused = self.refused.saturating_add(1);
        }
        if let Some(again) = self.again.take() {
            match self.begin(again.cause, again.force) {
                Ok(()) => again.waiting.into_iter().for_each(|reply| self.wait(reply)),
                // The files are seen to differ, or are asked for again.
                Err(error) => {
                    for reply in again.waiting {
                        reply.send(Reply::error(format!("cannot start a thread: {error}")));
                    }
                }
            }
        }
        Some(Done {
            cause: building.cause,
            result,
            waiting: building.waiting,
        })
    }

    fn judge(
        &mut self,
        loaded: Result<Loaded, rules::RulesError>,
        force: bool,
    ) -> Result<String, String> {
        let loaded = loaded.map_err(|error| error.to_string())?;
        let before = self.current.get().len();
        let now = loaded.rules.len();
        let defects = loaded.problems.len();
        // What was accepted before is no reason now. Of a fetched list `rules update` accepted the rest: nobody here can
        // correct it, and one bad entry must not keep all new ones out.
        let new = loaded.problems.iter().find(|problem| {
            !self.known.contains(&defect(problem)) && !is_fetched(&loaded.rules, problem)
        });
        if !force && let Some(first) = new {
            return Err(format!(
                "{}, first: {first}; correct them, or `ctl reload --force` to use the rest",
                counted(defects as u64, "defect", "defects")
            ));
        }
        if !force && now < before.div_ceil(2) {
            return Err(format!(
                "{} indicators are listed now and only {} would be: less than half; `ctl reload --force` if that is right",
                grouped(before as u64),
                grouped(now as u64)
            ));
        }
        if !force && let Some(why) = shrunk(&self.current.get(), &loaded.rules) {
            return Err(format!("{why}; `ctl reload --force` if that is right"));
        }
        self.known = all_defects(&loaded.problems);
        let only_names = loaded.rules.len() == loaded.rules.name_count();
        self.old.push(self.current.replace(Arc::new(loaded.rules)));
        self.loaded = SystemTime::now();
        let what = if only_names {
            ("name", "names")
        } else {
            ("indicator", "indicators")
        };
        let mut text = format!(
            "{} listed, before {}",
            counted(now as u64, what.0, what.1),
            grouped(before as u64)
        );
        if defects != 0 {
            text.push_str(&format!(
                "; left out: {}",
                counted(defects as u64, "defect", "defects")
            ));
        }
        Ok(text)
    }
}

/// A defect, wherever in its file it stands: lists grow at their beginnings, too.
fn defect(problem: &Problem) -> String {
    format!("{}: {}", problem.file, problem.what)
}

/// Whether a defect is one of a list that `rules update` fetched.
fn is_fetched(rules: &RuleSet, problem: &Problem) -> bool {
    rules
        .packs()
        .any(|pack| pack.fetched.is_some() && pack.file == problem.file)
}

fn all_defects(problems: &[Problem]) -> BTreeSet<String> {
    problems.iter().map(defect).collect()
}

/// A pack that is gone, or lost more than half of its indicators: a broken list beside large ones would not show in the sum.
fn shrunk(before: &RuleSet, now: &RuleSet) -> Option<String> {
    before.packs().find_map(|old| {
        let new = now.packs().find(|new| new.name == old.name);
        let (had, has) = (old.indicators(), new.map_or(0, PackInfo::indicators));
        let few = has < had.div_ceil(2);
        few.then(|| {
            format!(
                "the pack {} lists {} indicators now and would list {}: less than half",
                old.name,
                grouped(had as u64),
                grouped(has as u64)
            )
        })
    })
}

/// Looks for changes of files by what the file system says of them: that works with every one of them, and with files
/// that are replaced as well as with those that are written to.
pub(super) struct Watched {
    looked: Instant,
    loaded: BTreeMap<PathBuf, Mark>,
    /// What was seen to differ last time: it has to be the same once more, or somebody is still writing.
    differed: Option<BTreeMap<PathBuf, Mark>>,
}

/// What changes when a file does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    identity: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

impl Watched {
    /// The files as they are now, before they are read; `None` where there are none.
    pub(super) fn new(paths: &[PathBuf]) -> Option<Self> {
        (!paths.is_empty()).then(|| Self::of(paths))
    }

    fn of(paths: &[PathBuf]) -> Self {
        Self {
            looked: Instant::now(),
            loaded: marks(paths),
            differed: None,
        }
    }

    fn now_loaded(&mut self, marks: BTreeMap<PathBuf, Mark>) {
        self.loaded = marks;
        self.differed = None;
    }

    fn changed(&mut self, now: Instant, paths: &[PathBuf]) -> bool {
        if now.saturating_duration_since(self.looked) < LOOK {
            return false;
        }
        self.looked = now;
        let marks = marks(paths);
        if marks == self.loaded {
            self.differed = None;
            return false;
        }
        if self.differed.as_ref() == Some(&marks) {
            return true;
        }
        self.differed = Some(marks);
        false
    }
}

fn marks(paths: &[PathBuf]) -> BTreeMap<PathBuf, Mark> {
    let mut all = BTreeMap::new();
    let mut add = |path: &Path| {
        if let Some(mark) = mark(path) {
            all.insert(path.to_owned(), mark);
        }
    };
    for path in paths {
        add(path);
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(&entry.path());
        }
    }
    all
}

fn mark(path: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).ok()?;
    Some(Mark {
        identity: (file.dev(), file.ino()),
        length: file.len(),
        modified: file.modified().ok(),
        changed: (file.ctime(), file.ctime_nsec()),
    })
}

#[cfg(test)]
#[path = "reload_tests.rs"]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests;
