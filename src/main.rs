//! The program `bellerophon`.

use std::process::ExitCode;

use bellerophon::{cli::Cli, commands};
use clap::Parser;

fn main() -> ExitCode {
    commands::run(Cli::parse()).into()
}
