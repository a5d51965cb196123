//! What the commands of the command line do.

mod age;
pub mod bench;
pub mod config;
pub mod ctl;
pub mod doctor;
pub mod generate;
pub mod lookup;
pub mod names;
pub mod replay;
pub mod rules;
mod run;
pub mod update;
pub mod watch;

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All went well.
    Done,
    /// Alerts or matches were found, and the user asked to be told by the exit status.
    Found,
    /// What was found is not what had to be found.
    Wrong,
    /// Something could not be read or written.
    Failed,
    /// A signal ended it.
    Stopped,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Found | Status::Wrong => 1,
            Status::Failed => 2,
            Status::Stopped => 130,
        })
    }
}

/// Runs the command. Errors that end it are printed to standard error.
pub fn run(cli: Cli) -> Status {
    let result = match cli.command {
        Command::Replay(args) => replay::run(&args),
        Command::Names(args) => names::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Ctl(args) => ctl::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Lookup(args) => lookup::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    result.unwrap_or_else(|error| {
        complain(&error.to_string());
        Status::Failed
    })
}

/// Prints an error line to standard error. There is nowhere left to say that this failed.
pub fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}
