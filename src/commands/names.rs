//! `bellerophon names`: every name as a JSON line.

use std::error::Error;
use std::io::{self, BufWriter, ErrorKind};

use super::Status;
use super::run::{Extra, Run};
use crate::cli::Names;
use crate::output::report::Lines;
use crate::pipeline::Task;

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its summary from being printed.
pub fn run(args: &Names) -> Result<Status, Box<dyn Error>> {
    let run = Run::prepare(&args.input, &args.report)?;
    let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut sink = Lines::new(out, run.bar.clone());
    let finished = run.start(Task::List, false, &mut sink)?;
    if finished
        .outcome
        .sink_error
        .as_ref()
        .is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
    {
        // `bellerophon names x.pcap | head` is no error of its own.
        return Ok(finished.after_broken_pipe());
    }
    Ok(finished.report(args.report.summary, Extra::default())?)
}
