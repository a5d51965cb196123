//! The flags of a command as keys of its configuration file.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, ValueHint};

use super::problem::ConfigError;

/// The flag that names the file.
pub(super) const CONFIG: &str = "config";

/// A command of the program with all that clap adds to it.
pub(super) struct Flags {
    program: Command,
    subcommand: String,
}

/// How a flag is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Without a value.
    Switch,
    /// Without a value, several times.
    Count,
    /// With a value, or also without where it is optional.
    One { optional: bool },
    /// Several times with a value.
    Each,
    /// Once with several values that are joined by this character.
    Joined(char),
    /// With so many values, as arguments of their own.
    Group(usize),
    /// Not from a file, for this reason.
    Unfit(&'static str),
}

/// A key that is no flag.
pub(super) struct Unknown {
    /// What was meant, where that can be told.
    pub(super) near: Option<String>,
    /// Whether `near` has this as another name.
    pub(super) alias: bool,
}

impl Flags {
    /// # Errors
    /// [`ConfigError::NoCommand`].
    pub(super) fn new(program: &Command, subcommand: &str) -> Result<Self, ConfigError> {
        let mut program = program.clone();
        program.build();
        if program.find_subcommand(subcommand).is_none() {
            return Err(ConfigError::NoCommand(subcommand.to_owned()));
        }
        Ok(Self {
            program,
            subcommand: subcommand.to_owned(),
        })
    }

    pub(super) fn program(&self) -> &Command {
        &self.program
    }

    pub(super) fn subcommand(&self) -> &str {
        &self.subcommand
    }

    /// The flags with a long name, also those that a file cannot give.
    pub(super) fn args(&self) -> impl Iterator<Item = (&str, &Arg)> {
        self.program
            .find_subcommand(&self.subcommand)
            .into_iter()
            .flat_map(Command::get_arguments)
            .filter_map(|arg| Some((arg.get_long()?, arg)))
    }

    /// # Errors
    /// What the key may have been meant to be.
    pub(super) fn find(&self, key: &str) -> Result<&Arg, Unknown> {
        if let Some((_, arg)) = self.args().find(|(long, _)| *long == key) {
            return Ok(arg);
        }
        let alias = self.args().find(|(_, arg)| {
            let aliases = arg.get_all_aliases().unwrap_or_default();
            aliases.contains(&key)
        });
        let fit = |arg: &Arg| !arg.is_hide_set() && !matches!(form(arg), Form::Unfit(_));
        let near = match alias {
            Some((long, _)) => Some(long),
            None => nearest(
                key,
                self.args().filter(|(_, a)| fit(a)).map(|(long, _)| long),
            ),
        };
        Err(Unknown {
            near: near.map(str::to_owned),
            alias: alias.is_some(),
        })
    }
}

/// How a flag stands on the command line.
pub(super) fn form(arg: &Arg) -> Form {
    if arg.get_long() == Some(CONFIG) {
        return Form::Unfit("a file cannot name another one");
    }
    let (min, max) = arg
        .get_num_args()
        .map_or((1, 1), |n| (n.min_values(), n.max_values()));
    const VARYING: &str =
        "it takes a varying number of values, so that only the command line can give it";
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => Form::Switch,
        ArgAction::Count => Form::Count,
        ArgAction::Set if max == 0 => Form::Switch,
        ArgAction::Set if max == 1 => Form::One { optional: min == 0 },
        ArgAction::Append if min <= 1 && max >= 1 => Form::Each,
        ArgAction::Set | ArgAction::Append if min == max => Form::Group(max),
        ArgAction::Set | ArgAction::Append => match arg.get_value_delimiter() {
            // clap counts before it divides.
            Some(delimiter) if min <= 1 => Form::Joined(delimiter),
            _ => Form::Unfit(VARYING),
        },
        _ => Form::Unfit("it makes sense on the command line only"),
    }
}

/// Whether a flag takes a path, which may be relative.
pub(super) fn is_path(arg: &Arg) -> bool {
    matches!(
        arg.get_value_hint(),
        ValueHint::FilePath | ValueHint::DirPath | ValueHint::AnyPath
    )
}

/// Whether this text given to a flag means another file in another folder. `-` is none: it stands
/// for standard input or output.
pub(super) fn is_relative(arg: &Arg, text: &str) -> bool {
    is_path(arg) && !text.is_empty() && text != "-" && !std::path::Path::new(text).is_absolute()
}

/// What a flag has where it is not given.
pub(super) fn defaults(arg: &Arg) -> Vec<String> {
    if matches!(form(arg), Form::Switch | Form::Count | Form::Unfit(_)) {
        return Vec::new();
    }
    let defaults = arg.get_default_values().iter();
    defaults.map(|d| d.to_string_lossy().into_owned()).collect()
}

/// The values that may be said aloud, with what they mean.
pub(super) fn possible(arg: &Arg) -> Vec<(String, Option<String>)> {
    // Switches have `true` and `false`, which the command line does not take.
    if matches!(form(arg), Form::Switch | Form::Count) {
        return Vec::new();
    }
    let values = arg.get_possible_values();
    values
        .iter()
        .filter(|v| !v.is_hide_set())
        .map(|v| {
            let help = v.get_help().map(ToString::to_string);
            (v.get_name().to_owned(), help)
        })
        .collect()
}

/// The numbers that a flag takes, where it takes whole numbers of a range.
pub(super) fn range(arg: &Arg) -> Option<String> {
    // clap does not tell a parser's range but in its error for a number outside of it.
    [u64::MAX.to_string(), i64::MAX.to_string()]
        .iter()
        .find_map(|large| {
            let error = try_value(arg, OsStr::new(large)).err()?;
            let said = std::error::Error::source(&error)?.to_string();
            let range = said.strip_prefix(large)?.strip_prefix(" is not in ")?;
            let (low, high) = range.split_once("..=")?;
            (!low.is_empty() && !high.is_empty()).then(|| format!("{low} to {high}"))
        })
}

/// Whether clap takes this value for the flag.
///
/// # Errors
/// What clap says to it.
pub(super) fn try_value(arg: &Arg, value: &OsStr) -> Result<(), clap::Error> {
    let mut given = OsString::from("--value=");
    given.push(value);
    probe(arg, 1, vec![given])
}

/// Whether clap takes these values for a flag that takes so many at once.
///
/// # Errors
/// What clap says to them.
pub(super) fn try_group(arg: &Arg, values: &[OsString]) -> Result<(), clap::Error> {
    let name = OsString::from("--value");
    let given = std::iter::once(name).chain(values.iter().cloned());
    probe(arg, values.len(), given.collect())
}

/// Parses with a flag that has the parser of `arg` but none of its relations to other flags.
fn probe(arg: &Arg, values: usize, given: Vec<OsString>) -> Result<(), clap::Error> {
    let probe = Arg::new("value")
        .long("value")
        .action(ArgAction::Set)
        .num_args(values)
        .value_parser(arg.get_value_parser().clone())
        .ignore_case(arg.is_ignore_case_set())
        .allow_hyphen_values(arg.is_allow_hyphen_values_set())
        .allow_negative_numbers(arg.is_allow_negative_numbers_set());
    Command::new("probe")
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(probe)
        .try_get_matches_from(given)
        .map(drop)
}

/// What clap found wrong with a value, and what is allowed: without the names of the probe.
pub(super) fn explain(arg: &Arg, error: &clap::Error) -> (Option<String>, String) {
    let said = std::error::Error::source(error).map(ToString::to_string);
    let allowed: Vec<String> = possible(arg).into_iter().map(|(name, _)| name).collect();
    if !allowed.is_empty() {
        let list = format!("allowed: {}", allowed.join(", "));
        let wrong = match error.get(ContextKind::InvalidValue) {
            Some(ContextValue::String(wrong)) => wrong.as_str(),
            _ => "",
        };
        return match nearest(wrong, allowed.iter().map(String::as_str)) {
            Some(near) => (said, format!("did you mean `{near}`? {list}")),
            None => (said, list),
        };
    }
    if let Some(range) = range(arg) {
        return (None, format!("allowed: whole numbers, {range}"));
    }
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let said = "a value with `-` in front is not taken here".to_owned();
            (Some(said), "give it on the command line".to_owned())
        }
        ErrorKind::InvalidValue if said.is_none() => (None, "a value is required".to_owned()),
        // A parser's own words usually say what is allowed; the help does in any case.
        _ => {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let help = help.lines().next().unwrap_or_default();
            let name = arg.get_long().unwrap_or_default();
            (said, format!("`{name}` is: {help}"))
        }
    }
}

/// The candidate that `wrong` is most likely a misspelling of, if any is close enough.
fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long keys get pasted, not typed: distances over them cost time and help nobody.
    if wrong.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace([' ', '_'], "-");
    let wrong = plain(wrong);
    let wrong = wrong.trim_start_matches('-');
    let bound = (wrong.len() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(wrong, &plain(c)), c))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

#[cfg(test)]
#[path = "flags_tests.rs"]
mod tests;
