//! A whole file: its settings, and all that is wrong with it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::flags::Flags;
use super::problem::{Complaint, ConfigError, Problem};
use super::setting::{self, Setting};
use super::{read, yaml};

/// A file after its check.
#[derive(Default)]
pub(super) struct Loaded<'a> {
    pub(super) keys: usize,
    pub(super) settings: Vec<Setting<'a>>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// # Errors
/// Where the file cannot be read. Its defects are in the result.
pub(super) fn load<'a>(flags: &'a Flags, path: &Path) -> Result<Loaded<'a>, ConfigError> {
    let bytes = read::bytes(path)?;
    let file = path.display().to_string();
    let entries = match read::text(&bytes).and_then(yaml::entries) {
        Ok(entries) => entries,
        Err(problem) => {
            return Ok(Loaded {
                problems: vec![problem.of(&file)],
                ..Loaded::default()
            });
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let (mut settings, mut problems, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = HashMap::new();
    for entry in &entries {
        if let Some(before) = first.get(&entry.key) {
            let what = match before {
                Some(line) => format!("`{}` stands twice, before in line {line}", entry.key),
                None => format!("`{}` stands twice", entry.key),
            };
            problems.push(Complaint::new(
                entry.at,
                what,
                "remove one, or join them in a list",
            ));
            continue;
        }
        first.insert(&entry.key, entry.at.map(|p| p.line));
        match flags.find(&entry.key) {
            Ok(arg) => {
                let checked = setting::check(arg, entry, folder);
                settings.extend(checked.setting);
                problems.extend(checked.problems);
                warnings.extend(checked.warnings);
            }
            Err(unknown) => problems.push(setting::unknown(entry, unknown)),
        }
    }
    problems.extend(misfits(flags, &settings));
    problems.extend(exclusions(flags, &settings));
    // Where all are known, these come in the order of the file.
    problems.sort_by_key(|p| p.at.map(|p| (p.line, p.column)));
    let of = |list: Vec<Complaint>| list.into_iter().map(|c| c.of(&file)).collect();
    Ok(Loaded {
        keys: entries.len(),
        settings,
        problems: of(problems),
        warnings: of(warnings),
    })
}

/// What the settings need that is not among them.
pub(super) fn missing(flags: &Flags, path: &Path, settings: &[Setting<'_>]) -> Option<Problem> {
    let settings: Vec<&Setting<'_>> = settings.iter().collect();
    let error = parse(flags, &settings).err()?;
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let needed = names(error.get(ContextKind::InvalidArg)).join(", ");
    let what = format!("not in the file but required: {needed}");
    let fix = "add it, or give it on the command line";
    Some(Complaint::new(None, what, fix).of(&path.display().to_string()))
}

/// Settings whose values are good one by one but that clap refuses as a whole.
fn misfits(flags: &Flags, settings: &[Setting<'_>]) -> Vec<Complaint> {
    let mut problems = Vec::new();
    for setting in settings {
        let Err(error) = parse(flags, &[setting]) else {
            continue;
        };
        let said = match error.kind() {
            // What is missing may be given elsewhere. Nothing can be in conflict here.
            ErrorKind::MissingRequiredArgument
            | ErrorKind::ArgumentConflict
            | ErrorKind::MissingSubcommand => continue,
            _ => error.to_string(),
        };
        let said = said.lines().next().unwrap_or_default();
        let said = said.trim_start_matches("error: ").trim_end();
        let what = format!("`{}` is refused: {said}", setting.key);
        let fix = match setting.arg.get_help() {
            Some(help) => format!("`{}` is: {help}", setting.key),
            None => String::new(),
        };
        problems.push(Complaint::new(setting.at, what, fix));
    }
    problems
}

/// Settings that exclude each other.
fn exclusions(flags: &Flags, settings: &[Setting<'_>]) -> Vec<Complaint> {
    let mut settings: Vec<&Setting<'_>> = settings.iter().collect();
    let mut problems = Vec::new();
    // clap names one flag that has conflicts at a time.
    while let Err(error) = parse(flags, &settings) {
        if error.kind() != ErrorKind::ArgumentConflict {
            break;
        }
        let named = names(error.get(ContextKind::InvalidArg));
        let Some(at) = settings
            .iter()
            .position(|s| named.contains(&s.arg.to_string()))
        else {
            break;
        };
        let setting = settings.remove(at);
        let others: Vec<String> = names(error.get(ContextKind::PriorArg))
            .iter()
            .filter_map(|name| settings.iter().find(|s| s.arg.to_string() == *name))
            .map(|s| format!("`{}`", s.key))
            .collect();
        let others = match others.as_slice() {
            [] => "other keys".to_owned(),
            some => some.join(", "),
        };
        let what = format!("`{}` cannot be used with {others}", setting.key);
        problems.push(Complaint::new(setting.at, what, "remove one of them"));
    }
    problems
}

/// What clap says to the settings alone.
fn parse(flags: &Flags, settings: &[&Setting<'_>]) -> Result<(), clap::Error> {
    let names = [flags.program().get_name(), flags.subcommand()];
    let argv = names.into_iter().map(OsString::from);
    let given = settings.iter().flat_map(|s| s.arguments.iter().cloned());
    let argv: Vec<OsString> = argv.chain(given).collect();
    flags.program().clone().try_get_matches_from(argv).map(drop)
}

fn names(value: Option<&ContextValue>) -> Vec<String> {
    match value {
        Some(ContextValue::String(name)) => vec![name.clone()],
        Some(ContextValue::Strings(names)) => names.clone(),
        _ => Vec::new(),
    }
}
