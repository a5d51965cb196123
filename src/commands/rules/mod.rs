//! `bellerophon rules`: what lists hold, and what becomes of it.

mod check;
mod diff;
mod import;
mod list;
mod show;

use std::error::Error;
use std::io::{self, ErrorKind, Write};

use super::Status;
use super::age::Age;
use crate::cli::rules::{Rules, RulesCommand};
use crate::output::counted;
use crate::rules::{IndicatorKind, PackInfo};
use crate::time::Timestamp;

/// Runs the command.
///
/// # Errors
/// What keeps it from doing what it is asked for.
pub fn run(args: &Rules) -> Result<Status, Box<dyn Error>> {
    match &args.command {
        RulesCommand::Check(args) => check::run(args),
        RulesCommand::List(args) => list::run(args),
        RulesCommand::Show(args) => show::run(args),
        RulesCommand::Diff(args) => diff::run(args),
        RulesCommand::Import(args) => import::run(args),
        RulesCommand::Update(args) => super::update::run(args),
    }
}

/// `status`, also where the reader of standard output went away: `bellerophon rules list | head` is no error.
fn unless_closed(written: io::Result<()>, status: Status) -> Result<Status, Box<dyn Error>> {
    match written.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(status),
    }
}

/// How many indicators of each kind a pack brought, without kinds that it has none of.
fn kinds(pack: &PackInfo) -> impl Iterator<Item = (IndicatorKind, usize)> {
    let names = (pack.domains != 0).then_some((IndicatorKind::Name, pack.domains));
    names.into_iter().chain(pack.others.iter().copied())
}

/// `1,438 names, 3 addresses`, or `nothing`.
fn holdings(pack: &PackInfo) -> String {
    let said: Vec<String> = kinds(pack)
        .map(|(kind, count)| of_kind(kind, count))
        .collect();
    if said.is_empty() {
        return "nothing".to_owned();
    }
    said.join(", ")
}

fn of_kind(kind: IndicatorKind, count: usize) -> String {
    let (one, many) = kind.words();
    counted(count as u64, one, many)
}

/// The age of a pack, where it has a date.
fn age(pack: &PackInfo, now: Timestamp) -> Option<Age> {
    Age::since(pack.updated.as_deref()?, now)
}

/// `2024-12-16, 712 days ago`.
fn when(age: &Age) -> String {
    match age.days {
        0 => format!("{}, today", age.newest),
        1 => format!("{}, yesterday", age.newest),
        days => format!("{}, {days} days ago", age.newest),
    }
}
