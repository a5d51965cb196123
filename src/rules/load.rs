//! From options to a rule set: which files and built-in packs are read, in which order.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RuleSet;
use super::allow::Allow;
use super::build::{Aside, Builder, Options};
use super::builtin::{BuiltIn, DEFAULT_PACK, built_in};
use super::format::misp::feed;
use super::format::{self, Choice, Raw};
use super::pack::PackInfo;
use super::problem::{Problem, RulesError};
use super::provenance::{Hashing, Origin, Origins};
use super::suggest::nearest;
use crate::feeds;

/// Longest rule file that is read, in bytes: a million names need about 25 million.
const MAX_FILE: u64 = 64 << 20;

/// More of a file of exceptions is not read: it is refused anyway.
const MAX_ALLOW: u64 = 2 << 20;

/// Which rules to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Files and folders that replace the default pack (`--rules`).
    pub rules: Vec<PathBuf>,
    /// Built-in packs to add by name, or `all` (`--pack`).
    pub packs: Vec<String>,
    /// Entries that count although they look harmful (`--force-entry`).
    pub force: Vec<String>,
    /// Files of contacts that need no alert (`--allow`).
    pub allow: Vec<PathBuf>,
    /// What is left aside is told line by line.
    pub detail: bool,
    /// The format of all files, where their content is not to decide (`--format`).
    pub format: Option<String>,
    /// The column of tables that holds the indicators, by its heading or its number from 1 (`--column`).
    pub column: Option<String>,
}

impl LoadOptions {
    /// The files and folders that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        [&self.rules[..], &self.allow].concat()
    }
}

/// A rule set and what is to be said about it.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: RuleSet,
    /// Every defect of every file; what they stand on was left out, the rest counts.
    pub problems: Vec<Problem>,
    /// What the files hold that is not looked for, line by line, where that was asked for.
    pub asides: Vec<Aside>,
}

/// Loads rules: the default pack or the files given instead, then the packs that were asked
/// for. Where two list the same name, the first one's attributes count and the sources of both.
///
/// # Errors
/// All files that could not be read, our own rule files with errors, unknown pack names, and a rule set
/// without any rule. A list of somebody else that cannot be used is a problem: the others count.
pub fn load(options: &LoadOptions) -> Result<Loaded, RulesError> {
    let mut builder = Builder::default();
    builder.set(Options {
        forced: options.force.iter().map(|e| e.to_lowercase()).collect(),
        trusted: false,
        detail: options.detail,
    });
    let mut errors = Vec::new();
    let mut skipped = Vec::new();
    // Lists of which nothing can be used.
    let mut bad = Vec::new();
    let choice = match (&options.format, &options.column) {
        (Some(name), _) => Choice::named(name),
        (None, Some(_)) => Ok(Choice::table()),
        (None, None) => Ok(Choice::Detect),
    };
    match choice {
        Ok(choice) => {
            let column = options.column.as_deref();
            for path in &options.rules {
                match files(path, &mut skipped) {
                    Ok(files) => {
                        for (file, origin) in files {
                            let how = (choice, column);
                            let added = add_file(&mut builder, &file, how, origin, &mut skipped);
                            match added {
                                // One bad list does not take the others away.
                                Err(problem) if is_foreign(&file) => bad.push(problem),
                                added => errors.extend(added.err()),
                            }
                        }
                    }
                    Err(problem) => errors.push(problem),
                }
            }
        }
        Err(problem) => errors.push(problem),
    }
    builder.set(Options {
        trusted: true,
        ..Options::default()
    });
    for pack in asked_packs(options, &mut errors) {
        errors.extend(add_built_in(&mut builder, pack).err());
    }
    let mut allow = Vec::new();
    for path in &options.allow {
        match read_allow(path, &mut skipped) {
            Ok(list) => allow.push(Arc::new(list)),
            Err(problems) => errors.extend(problems),
        }
    }
    if errors.is_empty() {
        let asides = builder.take_asides();
        match builder.finish() {
            Ok((mut rules, problems)) => {
                rules.allow = allow;
                skipped.extend(problems);
                let holds = |pack: &PackInfo| !pack.aside.is_empty();
                // A list of what no network shows is a good list all the same.
                if !rules.is_empty() || rules.packs().any(holds) {
                    skipped.append(&mut bad);
                    return Ok(Loaded {
                        rules,
                        problems: skipped,
                        asides,
                    });
                }
                errors.append(&mut bad);
                if errors.is_empty() {
                    let fix = "correct the files";
                    errors.push(Problem::new("rules", "no rule is left", fix));
                }
            }
            Err(problem) => errors.push(problem),
        }
    } else {
        errors.append(&mut bad);
        skipped.extend_from_slice(builder.problems());
    }
    Err(RulesError {
        errors,
        problems: skipped,
    })
}

/// The built-in packs to load, each once, in the order of [`built_in`].
fn asked_packs(options: &LoadOptions, errors: &mut Vec<Problem>) -> Vec<&'static BuiltIn> {
    let all = built_in();
    for name in &options.packs {
        if name != "all" && !all.iter().any(|p| p.name == name) {
            let names: Vec<&str> = all.iter().map(|p| p.name).collect();
            let list = format!("built-in packs: {}, or all", names.join(", "));
            let fix = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {list}"),
                None => list,
            };
            errors.push(Problem::new(
                "--pack",
                format!("unknown pack `{name}`"),
                fix,
            ));
        }
    }
    all.iter()
        .filter(|pack| {
            let default = options.rules.is_empty() && pack.name == DEFAULT_PACK;
            default
                || options
                    .packs
                    .iter()
                    .any(|name| name == "all" || name == pack.name)
        })
        .collect()
}

fn add_built_in(builder: &mut Builder, pack: &BuiltIn) -> Result<(), Problem> {
    let label = format!("built-in pack {}", pack.name);
    let parsed = format::read_built_in(&label, pack.yaml, builder.names())?;
    builder.add(&label, "built in", parsed)
}

/// Reads a file of exceptions.
fn read_allow(path: &Path, problems: &mut Vec<Problem>) -> Result<Allow, Vec<Problem>> {
    let label = path.display().to_string();
    let read = File::open(path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(MAX_ALLOW).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) if format::misp::warninglist::is(&bytes) => {
            let (name, known) = format::misp::warninglist::entries(&bytes).map_err(|refused| {
                let problem = Problem::new(&label, refused.what, refused.fix);
                vec![problem.at(refused.line, None)]
            })?;
            let reason = format!("on the MISP warning list {name:?}");
            let (allow, left) =
                Allow::of_known(&label, &reason, &known).map_err(|problem| vec![problem])?;
            if left != 0 {
                let what = format!("{left} entries are no names, or networks too wide: left out");
                let fix = "give the networks that you mean in an allow list of our own";
                problems.push(Problem::new(&label, what, fix));
            }
            Ok(allow)
        }
        Ok(bytes) => Allow::read(&label, &bytes),
        Err(e) => {
            let what = format!("cannot read it: {e}");
            let fix = "check the path and its permissions";
            Err(vec![Problem::new(&label, what, fix)])
        }
    }
}

/// Whether a file that could be read is a list of somebody else: our own files are to be right as a whole.
fn is_foreign(path: &Path) -> bool {
    let mut head = Vec::new();
    path.is_file()
        && File::open(path)
            .and_then(|file| file.take(format::HEAD).read_to_end(&mut head))
            .is_ok()
        && !format::is_own(path, &head)
}

fn add_file(
    builder: &mut Builder,
    path: &Path,
    how: (Choice, Option<&str>),
    origin: Option<Origin>,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    add_reader(builder, path, file, how, origin, problems)
}

/// Takes in what a file has in it.
///
/// # Errors
/// When it as a whole is of no use.
pub(super) fn add_reader(
    builder: &mut Builder,
    path: &Path,
    from: impl Read,
    (choice, column): (Choice, Option<&str>),
    origin: Option<Origin>,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let label = path.display().to_string();
    let names = builder.names();
    let mut from = Hashing::new(from, origin);
    let raw =
        Raw::read(path, &mut from, MAX_FILE, choice, names).map_err(|e| unreadable(path, &e))?;
    if u64::try_from(raw.len()).is_ok_and(|len| len > MAX_FILE) {
        let what = format!("the file is longer than {} MiB", MAX_FILE >> 20);
        return Err(Problem::new(&label, what, "split it"));
    }
    let origin = from.origin(&label).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    match raw {
        Raw::Own(lifted) => {
            let parsed = format::read_own(&label, lifted, names)?;
            builder.comes_from(origin);
            builder.add(&label, &label, parsed)
        }
        Raw::Other(text) if matches!(&*text, b"" | b"\xef\xbb\xbf") => {
            builder.lists_nothing(&label, "the file is empty");
            Ok(())
        }
        Raw::Other(text) => {
            let format = match choice {
                Choice::Feed => None,
                Choice::Other(format) => Some(format),
                _ if feed::is(format::head(&text)) => None,
                _ => Some(format::of(&label, &text)?),
            };
            builder.comes_from(origin);
            match format {
                Some(format) => builder.add_list(&label, format.name, |to| {
                    format::read_other(format, &text, column, to)
                }),
                None => builder.add_list(&label, format::FEED, |to| {
                    super::feed::read(path, &text, to)
                }),
            }
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        &path.display().to_string(),
        format!("cannot read it: {error}"),
        "check the path and its permissions",
    )
}

/// The rule files that a path stands for: itself, or those in the folder, by name; and what in the folder is none.
///
/// # Errors
/// The path cannot be read, or is a folder without rule files.
pub fn rule_files(path: &Path) -> Result<(Vec<PathBuf>, Vec<Problem>), Problem> {
    let mut skipped = Vec::new();
    let files = files(path, &mut skipped)?;
    Ok((files.into_iter().map(|(file, _)| file).collect(), skipped))
}

/// The rule files that a path stands for: itself, or those in the folder, by name. Of those that `rules update` put into it
/// the folder's record says where they are from.
fn files(
    path: &Path,
    skipped: &mut Vec<Problem>,
) -> Result<Vec<(PathBuf, Option<Origin>)>, Problem> {
    let label = path.display().to_string();
    let unreadable = |e: std::io::Error| unreadable(path, &e);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![(path.to_owned(), None)]);
    }
    let mut all = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        all.push(entry.map_err(unreadable)?.path());
    }
    all.sort();
    let origins = Origins::of_folder(path, skipped);
    let mut rules = Vec::new();
    for file in all {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if feeds::is_own(&name) {
            // The record itself, what is being written, hidden files.
        } else if is_hidden(&file) || (file.is_dir() && is_beside_rules(&file)) {
            // Such as what an editor keeps, the history of a repository, or the versions of a mounted configuration.
        } else if file.is_dir() {
            let what = "folders in a folder of rules are not searched";
            skipped.push(Problem::new(
                &file.display().to_string(),
                what,
                "name it with --rules",
            ));
        } else if format::is_rule_file(&file) {
            rules.push(file);
        } else if !is_beside_rules(&file) {
            let what = "not a list by the ending of its name: not read";
            skipped.push(Problem::new(
                &file.display().to_string(),
                what,
                "name it with --rules, or move it",
            ));
        }
    }
    super::feed::without_events(&mut rules);
    if rules.is_empty() {
        let fix = "give a folder with lists, for instance .yaml files";
        return Err(Problem::new(&label, "no rule file in this folder", fix));
    }
    let with_origin = |file: PathBuf| {
        let origin = origins.of(&file);
        (file, origin)
    };
    Ok(rules.into_iter().map(with_origin).collect())
}

/// Hidden files, copies that editors keep, and texts for readers, whatever their names end in.
fn is_hidden(path: &Path) -> bool {
    let lower = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().to_lowercase())
            .unwrap_or_default()
    };
    let name = lower(path.file_name());
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || matches!(
            lower(path.file_stem()).as_str(),
            "readme" | "licence" | "license"
        )
}

/// Files that belong in a folder of rules without being rules: texts about them, hidden files.
fn is_beside_rules(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    name.starts_with(['.', '#'])
        || name.ends_with(['~'])
        || name.ends_with(".md")
        || name.starts_with("readme")
        || name.starts_with("licen")
}
