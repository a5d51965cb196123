//! `bellerophon bench`: what the pipeline costs and finds, on captures whose contents are known.
//!
//! | file | does |
//! | --- | --- |
//! | [`subject`] | the capture to measure with, generated or given, and what is planted in it |
//! | [`stages`] | the parts of the reader, one more each time; reading alone is the floor |
//! | [`inside`] | one run of the pipeline, in a process of its own: so memory and start are those of a run |
//! | [`rounds`] | takes all of these in turn, and the medians |
//! | [`instructions`] | counts instructions with perf or valgrind |
//! | [`figures`] | what is measured, as JSON has it |
//! | [`table`] | the same for people |

mod figures;
mod inside;
mod instructions;
mod rounds;
mod stages;
mod subject;
mod table;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;

use super::run::{stop_flag, worker_threads};
use super::{Status, complain};
use crate::cli::bench::{Bench, WorkloadName};
use crate::rules;
use crate::source;
use figures::Report;
use rounds::Program;
use subject::Maker;

/// Runs the command.
///
/// # Errors
/// What keeps it from measuring.
pub fn run(args: &Bench) -> Result<Status, Box<dyn Error>> {
    let loaded = rules::load(&args.rules.options())?;
    let workers = worker_threads(args.workers);
    if let (Some(mode), Some(capture)) = (args.inside, &args.capture) {
        return inside::run(mode, capture, loaded.rules, workers);
    }
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
    let stop = stop_flag()?;
    let program = Program::new(args, workers)?;
    let mut report = Report::new(workers, args.runs, loaded.rules.len());
    let maker = Maker::new(args, &loaded.rules)?;
    for name in maker.wanted() {
        say(name.map_or("the capture", WorkloadName::as_str))?;
        let measured = maker
            .make(name)
            .and_then(|subject| rounds::measure(&subject, &maker, &program, args.runs, &stop));
        // A step that a signal ended has not failed.
        if stop.load(Ordering::Relaxed) {
            return Ok(Status::Stopped);
        }
        report.captures.push(measured?);
    }
    if let Some(folder) = maker.kept() {
        writeln!(io::stderr(), "The captures are in {}", folder.display())?;
    }
    let out = io::stdout();
    let mut out = io::BufWriter::new(out.lock());
    if args.json {
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        table::write(&report, &mut out)?;
    }
    out.flush()?;
    let mut wrong = false;
    for capture in &report.captures {
        for complaint in capture.hits.complaints(&capture.name) {
            complain(&complaint);
            wrong = true;
        }
    }
    Ok(match (loaded.problems.is_empty(), wrong) {
        (false, _) => Status::Failed,
        (true, true) => Status::Wrong,
        (true, false) => Status::Done,
    })
}

/// Somebody who waits is told for what.
fn say(subject: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        writeln!(stderr, "Measuring {subject} ...")?;
    }
    Ok(())
}

/// Inputs are read as `replay` reads them.
fn source_options() -> source::Options {
    source::Options::default()
}
