//! `bellerophon replay`: alerts out of captures.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use super::Status;
use super::run::{Extra, Run, same_file};
use crate::cli::{AlertForm, Replay};
use crate::output::Style;
use crate::output::report::Alerts;
use crate::pipeline::Task;
use crate::rules;

/// Runs the command.
///
/// # Errors
/// What keeps it from beginning, or its summary from being printed.
pub fn run(args: &Replay) -> Result<Status, Box<dyn Error>> {
    let loaded = rules::load(&args.rules.options())?;
    let rules = Arc::new(loaded.rules);
    let run = Run::prepare(&args.input, &args.report)?;
    let mut alerts = Alerts::new(
        Arc::clone(&rules),
        run.input_names(),
        args.repeat_window,
        run.bar.clone(),
    );

    let to_stdout = args.eve.as_deref() == Some(Path::new("-"));
    let form = match (args.alerts, to_stdout) {
        (AlertForm::Text | AlertForm::None, true) => {
            return Err("--eve - and --alerts both claim standard output; give only one".into());
        }
        (_, true) => AlertForm::Eve,
        (AlertForm::Auto, _) if args.eve.is_some() || io::stdout().is_terminal() => AlertForm::Text,
        (AlertForm::Auto, _) => AlertForm::Eve,
        (AlertForm::Eve, _) if args.eve.is_some() => {
            return Err("--eve PATH and --alerts eve: EVE goes to one place; give only one".into());
        }
        (form, _) => form,
    };
    if let Some(path) = args.eve.as_deref().filter(|_| !to_stdout) {
        // Making the file anew would destroy the evidence, or the rules.
        let is_rules = rules
            .packs()
            .any(|pack| same_file(Path::new(&pack.file), path));
        if is_rules || run.reads(path) {
            return Err(format!(
                "{}: --eve would overwrite one of the captures or rules to read; name another file",
                path.display()
            )
            .into());
        }
        let file = File::create(path).map_err(|e| format!("--eve {}: {e}", path.display()))?;
        alerts = alerts.with_eve(Box::new(BufWriter::new(file)));
    }
    let stdout: Box<dyn Write> = Box::new(BufWriter::new(io::stdout()));
    alerts = match form {
        AlertForm::Text => alerts.with_console(stdout, Style::for_stream(&io::stdout())),
        AlertForm::Eve => alerts.with_eve(stdout),
        AlertForm::Auto | AlertForm::None => alerts,
    };

    let task = Task::Match(Arc::clone(&rules));
    let finished = run.start(task, !args.matching.no_resolved, &mut alerts)?;
    let status = finished.report(
        args.report.summary,
        Extra {
            tally: Some(alerts.tally()),
            not_folded: alerts.fold_overflow(),
            rules: Some(&rules),
            errors: loaded.problems.iter().map(ToString::to_string).collect(),
        },
    )?;
    Ok(match status {
        Status::Done if args.exit_code && alerts.tally().alerts() != 0 => Status::Found,
        status => status,
    })
}
