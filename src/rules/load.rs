//! From options to a rule set: which files and built-in packs are read, in which order.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::allow::Allow;
use super::build::{Aside, Builder, Options};
use super::builtin::{BuiltIn, DEFAULT_PACK, built_in};
use super::format::Raw;
use super::pack::PackInfo;
use super::problem::{Problem, RulesError};
use super::suggest::nearest;
use super::{RuleSet, format};

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
/// All files that could not be read or are not rule files, unknown pack names, and a rule set
/// without any rule.
pub fn load(options: &LoadOptions) -> Result<Loaded, RulesError> {
    let mut builder = Builder::default();
    builder.set(Options {
        forced: options.force.iter().map(|e| e.to_lowercase()).collect(),
        trusted: false,
        detail: options.detail,
    });
    let mut errors = Vec::new();
    let mut skipped = Vec::new();
    for path in &options.rules {
        match files(path, &mut skipped) {
            Ok(files) => {
                for file in files {
                    errors.extend(add_file(&mut builder, &file).err());
                }
            }
            Err(problem) => errors.push(problem),
        }
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
        match read_allow(path) {
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
                    return Ok(Loaded {
                        rules,
                        problems: skipped,
                        asides,
                    });
                }
                errors.push(Problem::new(
                    "rules",
                    "no rule is left",
                    "correct the files",
                ));
            }
            Err(problem) => errors.push(problem),
        }
    } else {
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
fn read_allow(path: &Path) -> Result<Allow, Vec<Problem>> {
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
            Allow::of_known(&label, &reason, &known)
                .map(|(allow, _)| allow)
                .map_err(|problem| vec![problem])
        }
        Ok(bytes) => Allow::read(&label, &bytes),
        Err(e) => {
            let what = format!("cannot read it: {e}");
            let fix = "check the path and its permissions";
            Err(vec![Problem::new(&label, what, fix)])
        }
    }
}

fn add_file(builder: &mut Builder, path: &Path) -> Result<(), Problem> {
    let label = path.display().to_string();
    let unreadable = |e: std::io::Error| {
        Problem::new(
            &label,
            format!("cannot read it: {e}"),
            "check the path and its permissions",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let names = builder.names();
    let raw = format::Raw::read(path, file, MAX_FILE, names).map_err(unreadable)?;
    if u64::try_from(raw.len()).is_ok_and(|len| len > MAX_FILE) {
        let what = format!("the file is longer than {} MiB", MAX_FILE >> 20);
        return Err(Problem::new(&label, what, "split it"));
    }
    match raw {
        Raw::Own(lifted) => {
            let parsed = format::read_own(&label, lifted, names)?;
            builder.add(&label, &label, parsed)
        }
        Raw::Other(text) if matches!(&*text, b"" | b"\xef\xbb\xbf") => {
            builder.lists_nothing(&label, "the file is empty");
            Ok(())
        }
        Raw::Other(text) => {
            let format = format::of(&label, &text)?;
            builder.add_list(&label, format.name, |to| {
                format::read_other(format, &text, to)
            })
        }
    }
}

/// The rule files that a path stands for: itself, or those in the folder, by name.
fn files(path: &Path, skipped: &mut Vec<Problem>) -> Result<Vec<PathBuf>, Problem> {
    let label = path.display().to_string();
    let unreadable = |e: std::io::Error| {
        Problem::new(
            &label,
            format!("cannot read it: {e}"),
            "check the path and its permissions",
        )
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut all = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        all.push(entry.map_err(unreadable)?.path());
    }
    all.sort();
    let mut rules = Vec::new();
    for file in all {
        if is_hidden(&file) || (file.is_dir() && is_beside_rules(&file)) {
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
    if rules.is_empty() {
        let fix = "give a folder with lists, for instance .yaml files";
        return Err(Problem::new(&label, "no rule file in this folder", fix));
    }
    Ok(rules)
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
