//! `bellerophon config`: checks and makes configuration files for `watch`.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, Parser};

use super::{Status, watch};
use crate::cli::watch::{ConfigArgs, ConfigCommand};
use crate::cli::{Cli, Command};
use crate::config;
use crate::output::counted;

/// The command that files are for.
pub const WATCH: &str = "watch";

/// Runs the command.
///
/// # Errors
/// The file cannot be read.
pub fn run(args: &ConfigArgs) -> Result<Status, Box<dyn Error>> {
    let cli = Cli::command();
    let mut out = io::stdout().lock();
    match &args.command {
        ConfigCommand::Template => {
            out.write_all(config::template(&cli, WATCH)?.as_bytes())?;
            Ok(Status::Done)
        }
        ConfigCommand::Check { file } => {
            let report = config::check(&cli, WATCH, file)?;
            for problem in &report.problems {
                writeln!(out, "error: {problem}")?;
            }
            for warning in &report.warnings {
                writeln!(out, "warning: {warning}")?;
            }
            if !report.problems.is_empty() {
                return Ok(Status::Failed);
            }
            // What only shows when it begins. An interface may be missing yet; its name is not looked at.
            let mut line: Vec<OsString> = vec!["bellerophon".into(), WATCH.into()];
            line.extend(["--config".into(), file.into(), "-i".into(), "any".into()]);
            let parsed = config::merge(&cli, WATCH, line).map(Cli::try_parse_from);
            if let Ok(Ok(Cli {
                command: Command::Watch(args),
            })) = parsed
            {
                let checked = watch::check(&args);
                for warning in &checked.warnings {
                    writeln!(out, "warning: {}: {warning}", file.display())?;
                }
                for error in &checked.errors {
                    writeln!(out, "error: {}: {error}", file.display())?;
                }
                if !checked.errors.is_empty() {
                    return Ok(Status::Failed);
                }
            }
            let keys = counted(report.keys as u64, "setting", "settings");
            writeln!(out, "{}: {keys}, no error", file.display())?;
            Ok(Status::Done)
        }
    }
}
