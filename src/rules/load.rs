//! From options to a rule set: which files and built-in packs are read, in which order.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::build::Builder;
use super::builtin::{BuiltIn, DEFAULT_PACK, built_in};
use super::problem::{Problem, RulesError};
use super::suggest::nearest;
use super::{RuleSet, format};

/// Longest rule file that is read, in bytes: a million names need about 25 million.
const MAX_FILE: u64 = 64 << 20;

/// Which rules to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Files and folders that replace the default pack (`--rules`).
    pub rules: Vec<PathBuf>,
    /// Built-in packs to add by name, or `all` (`--pack`).
    pub packs: Vec<String>,
}

/// A rule set and what is to be said about it.
#[derive(Debug)]
pub struct Loaded {
    /// The rules.
    pub rules: RuleSet,
    /// Every defect of every file; what they stand on was left out, the rest counts.
    pub problems: Vec<Problem>,
    /// What is in the packs but not used by this version of the program.
    pub unused: Vec<Unused>,
}

/// Entries that are accepted but not used by this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The pack.
    pub pack: String,
    /// What kind of entry, in the plural.
    pub kind: &'static str,
    /// How many.
    pub count: usize,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pack, kind, count } = self;
        write!(
            f,
            "pack {pack}: {count} {kind} are not used by this version"
        )
    }
}

/// Loads rules: the default pack or the files given instead, then the packs that were asked
/// for. Where two list the same name, the first one's attributes count and the sources of both.
///
/// # Errors
/// All files that could not be read or are not rule files, unknown pack names, and a rule set
/// without any rule.
pub fn load(options: &LoadOptions) -> Result<Loaded, RulesError> {
    let mut builder = Builder::default();
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
    for pack in asked_packs(options, &mut errors) {
        errors.extend(add_built_in(&mut builder, pack).err());
    }
    if errors.is_empty() {
        match builder.finish() {
            Ok((rules, problems)) => {
                let unused = unused(&rules);
                if !rules.is_empty() || !unused.is_empty() {
                    skipped.extend(problems);
                    return Ok(Loaded {
                        rules,
                        problems: skipped,
                        unused,
                    });
                }
                errors.push(Problem::new(
                    "rules",
                    "no rule is left",
                    "correct the files",
                ));
                skipped.extend(problems);
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

fn unused(rules: &RuleSet) -> Vec<Unused> {
    rules
        .packs()
        .flat_map(|p| {
            p.unused
                .iter()
                .map(|(kind, count)| (p.name.clone(), *kind, *count))
        })
        .map(|(pack, kind, count)| Unused { pack, kind, count })
        .collect()
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
    let raw = format::Raw::read(file, MAX_FILE, names).map_err(unreadable)?;
    if u64::try_from(raw.len()).is_ok_and(|len| len > MAX_FILE) {
        let what = format!("the file is longer than {} MiB", MAX_FILE >> 20);
        return Err(Problem::new(&label, what, "split it"));
    }
    let parsed = format::read(path, raw, names)?;
    builder.add(&label, &label, parsed)
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
        if file.is_dir() && is_beside_rules(&file) {
            // Such as the history of a repository, or the versions of a mounted configuration.
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
            let what = "not a rule file (.yaml, .yml): not read";
            skipped.push(Problem::new(
                &file.display().to_string(),
                what,
                "convert or move it",
            ));
        }
    }
    if rules.is_empty() {
        let fix = "give a folder with .yaml or .yml files";
        return Err(Problem::new(&label, "no rule file in this folder", fix));
    }
    Ok(rules)
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
