//! The configuration file of a command: YAML whose keys are the command's long flags.
//!
//! The file is turned into arguments that are put before the user's own, so that clap judges both
//! alike, and a flag that the command gets some day can stand in the file without a line here.
//! What the user gives on the command line wins: a flag given there, a list too, takes the place
//! of the file's, and so does a flag that excludes one of the file's.
//!
//! * `key: true` gives a switch, `key: false` does not. A switch that the file gives cannot be
//!   taken back on the command line, unless another flag excludes or overrides it.
//! * A counted flag (`-vv`) takes a number, flags that may be repeated take a list or one value.
//! * A relative path is taken from the folder of the file, as far as clap knows that the flag
//!   takes a path (`PathBuf`, or a `value_hint`). `-` stays as it is.
//! * A file has at most 1 MiB and 10,000 keys and items; more is refused, never cut.

mod flags;
mod guard;
mod line;
mod load;
mod problem;
mod read;
mod setting;
mod template;
mod yaml;

#[cfg(test)]
mod sample;

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

pub use problem::{ConfigError, Problem};
pub use template::template;

use flags::Flags;
use line::Line;

/// What is wrong with a file, all of it, and what is odd.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many keys the file has, right or wrong; 0 also where it is no YAML.
    pub keys: usize,
    /// For what [`merge`] refuses the file, in the order of the file.
    pub problems: Vec<Problem>,
    /// What is allowed but hardly meant, or can be left out.
    pub warnings: Vec<Problem>,
}

/// Puts the flags of the file that `--config` names into the arguments, behind the name of the
/// subcommand. `command` is the whole program; `argv` begins with the program's name.
///
/// Arguments without this subcommand or without `--config`, and such as clap cannot read, come
/// back as they are: it is for clap to say what is wrong with them.
///
/// # Errors
/// [`ConfigError::Unreadable`] or [`ConfigError::Refused`], with every defect of the file.
pub fn merge(
    command: &Command,
    subcommand: &str,
    argv: Vec<OsString>,
) -> Result<Vec<OsString>, ConfigError> {
    let flags = Flags::new(command, subcommand)?;
    let Some(line) = Line::read(command, &flags, &argv) else {
        return Ok(argv);
    };
    let loaded = load::load(&flags, &line.config)?;
    if !loaded.problems.is_empty() {
        return Err(ConfigError::Refused(loaded.problems));
    }
    Ok(line.with(command, &loaded.settings, argv))
}

/// Checks a file as [`merge`] does, without a command line.
///
/// # Errors
/// [`ConfigError::Unreadable`]. Every defect of the file itself is in the report.
pub fn check(command: &Command, subcommand: &str, path: &Path) -> Result<Report, ConfigError> {
    let flags = Flags::new(command, subcommand)?;
    let mut loaded = load::load(&flags, path)?;
    if loaded.problems.is_empty() {
        loaded
            .warnings
            .extend(load::missing(&flags, path, &loaded.settings));
    }
    Ok(Report {
        keys: loaded.keys,
        problems: loaded.problems,
        warnings: loaded.warnings,
    })
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod merge_tests;

#[cfg(test)]
#[path = "check_tests.rs"]
mod check_tests;
