//! `bellerophon config`: checks and makes configuration files for `watch`.

use std::error::Error;
use std::io::{self, Write};

use clap::CommandFactory;

use super::Status;
use crate::cli::Cli;
use crate::cli::watch::{ConfigArgs, ConfigCommand};
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
            let keys = counted(report.keys as u64, "setting", "settings");
            writeln!(out, "{}: {keys}, no error", file.display())?;
            Ok(Status::Done)
        }
    }
}
