//! `bellerophon ctl`: asks a running `watch` for something.

use std::error::Error;
use std::io::{self, Write};

use super::Status;
use crate::cli::watch::{Ctl, CtlCommand};
use crate::serve::control::{Command, client};

/// Runs the command.
///
/// # Errors
/// Nobody answers, or what was asked for was refused.
pub fn run(args: &Ctl) -> Result<Status, Box<dyn Error>> {
    let (command, json) = match &args.command {
        CtlCommand::Reload { force } => (Command::Reload { force: *force }, false),
        CtlCommand::Status { json } => (Command::Status, *json),
        CtlCommand::Rotate => (Command::Rotate, false),
        CtlCommand::Stop => (Command::Stop, false),
    };
    let reply = client(&args.control, &command)?;
    if !reply.ok {
        return Err(reply.message.into());
    }
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", reply.data)?;
    } else {
        writeln!(out, "{}", reply.message)?;
    }
    Ok(Status::Done)
}
