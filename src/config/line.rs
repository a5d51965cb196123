//! The command line around the file: where `--config` is, and which flags the user gave.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::flags::{self, CONFIG, Flags, Form};
use super::setting::Setting;

/// A command line with `--config`.
pub(super) struct Line {
    pub(super) config: PathBuf,
    /// How many arguments stand before the place for those of the file.
    at: usize,
    /// The identifiers of the flags that the user gave.
    given: Vec<clap::Id>,
}

impl Line {
    /// Nothing where the line has no `--config` of the subcommand, or asks for help.
    pub(super) fn read(command: &Command, flags: &Flags, argv: &[OsString]) -> Option<Self> {
        // What the file gives is missing here, and other mistakes are for clap to tell later.
        let lenient = command.clone().ignore_errors(true);
        let matches = lenient.clone().try_get_matches_from(argv).ok()?;
        let matches = of_subcommand(&matches, flags.subcommand())?;
        let id = |arg: &clap::Arg| arg.get_id().clone();
        let (_, config) = flags.args().find(|(long, _)| *long == CONFIG)?;
        let given = |id: &clap::Id| {
            matches.try_contains_id(id.as_str()).unwrap_or(false)
                && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine)
        };
        let path = matches
            .try_get_raw(config.get_id().as_str())
            .ok()??
            .next_back()?;
        if asks_for_help(command, argv) {
            return None;
        }
        // The subcommand's name may also be a value of a flag before it.
        let at = (1..=argv.len()).find(|end| {
            let begin = argv.get(..*end).unwrap_or_default();
            let matches = lenient.clone().try_get_matches_from(begin);
            matches.is_ok_and(|m| of_subcommand(&m, flags.subcommand()).is_some())
        })?;
        Some(Self {
            config: PathBuf::from(path),
            at,
            given: flags.args().map(|(_, arg)| id(arg)).filter(given).collect(),
        })
    }

    /// The line with those of the file's settings that it leaves a place for.
    pub(super) fn with(
        &self,
        command: &Command,
        settings: &[Setting<'_>],
        argv: Vec<OsString>,
    ) -> Vec<OsString> {
        let mut left: Vec<&Setting<'_>> = settings
            .iter()
            .filter(|s| !self.given.contains(s.arg.get_id()))
            .collect();
        let conflicts = |argv: Vec<OsString>| {
            let error = command.clone().try_get_matches_from(argv).err();
            error.is_some_and(|e| e.kind() == ErrorKind::ArgumentConflict)
        };
        if conflicts(self.put(&left, &argv)) && !conflicts(argv.clone()) {
            left.retain(|setting| !conflicts(self.put(&[setting], &argv)));
        }
        self.put(&left, &argv)
    }

    fn put(&self, settings: &[&Setting<'_>], argv: &[OsString]) -> Vec<OsString> {
        let (begin, end) = argv.split_at_checked(self.at).unwrap_or((argv, &[]));
        // What can take the argument behind it for a value goes first, so that others end it.
        let mut settings = settings.to_vec();
        settings.sort_by_key(|setting| {
            let bare = !setting.arguments.iter().all(has_value);
            match flags::form(setting.arg) {
                Form::Switch | Form::Count => 1,
                _ if bare => 0,
                _ => 2,
            }
        });
        let arguments = settings.iter().flat_map(|s| s.arguments.iter());
        begin.iter().chain(arguments).chain(end).cloned().collect()
    }
}

/// `--key=value`, other than `--key` and a value behind it.
fn has_value(argument: &OsString) -> bool {
    argument.as_encoded_bytes().contains(&b'=')
}

fn of_subcommand<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a ArgMatches> {
    matches
        .subcommand()
        .filter(|(given, _)| *given == name)
        .map(|(_, matches)| matches)
}

/// Whether clap answers with help or the version, for which no file is needed.
fn asks_for_help(command: &Command, argv: &[OsString]) -> bool {
    let error = command.clone().try_get_matches_from(argv).err();
    error.is_some_and(|e| !e.use_stderr())
}
