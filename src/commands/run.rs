//! What `replay` and `names` share: inputs, signals, progress, summary.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Status;
use crate::cli::{InputArgs, ReportArgs, SummaryForm};
use crate::output::Style;
use crate::output::summary::{Facts, Summary};
use crate::output::tally::Tally;
use crate::pipeline::{self, Config, Outcome, Progress, Sink, Task};
use crate::rules::RuleSet;
use crate::source::filter::Filter;
use crate::source::{self, Expansion, Input};

/// A prepared run over inputs.
pub(super) struct Run {
    expansion: Expansion,
    filter: Option<Filter>,
    source: source::Options,
    threads: Threads,
    stop: Arc<AtomicBool>,
    /// Hidden where there is no terminal to draw it on.
    pub(super) bar: ProgressBar,
}

/// A run that ended.
pub(super) struct Finished {
    pub(super) outcome: Outcome,
    expansion: Expansion,
    stopped: bool,
    elapsed: Duration,
    threads: Threads,
}

impl Run {
    pub(super) fn prepare(input: &InputArgs, report: &ReportArgs) -> Result<Self, Box<dyn Error>> {
        let filter = input.bpf.as_deref().map(Filter::new).transpose()?;
        let expansion = source::expand(&input.paths);
        let inputs = &expansion.inputs;
        if let Some(input) = inputs
            .iter()
            .find(|i| is_file_of(i, Path::new("/dev/stdout")))
        {
            return Err(
                format!("{input}: standard output goes to this input; write elsewhere").into(),
            );
        }
        let stop = stop_flag()?;
        let threads = Threads::new(input.readers, input.workers, inputs.len(), processors());
        let bar = progress_bar(expansion.total_bytes, report.no_progress);
        let source = source::Options {
            max_expansion: input.max_expansion,
            ..Default::default()
        };
        Ok(Self {
            expansion,
            filter,
            source,
            threads,
            stop,
            bar,
        })
    }

    /// The inputs' names, as sinks number them.
    pub(super) fn input_names(&self) -> Vec<String> {
        self.expansion
            .inputs
            .iter()
            .map(Input::machine_name)
            .collect()
    }

    /// Whether `path` is one of the inputs.
    pub(super) fn reads(&self, path: &Path) -> bool {
        self.expansion
            .inputs
            .iter()
            .any(|input| is_file_of(input, path))
    }

    /// With `resolves`, addresses that listed names are resolved to are looked for.
    pub(super) fn start(
        self,
        task: Task,
        resolves: bool,
        sink: &mut impl Sink,
    ) -> io::Result<Finished> {
        let begun = Instant::now();
        let config = Config {
            task,
            inputs: self.expansion.inputs.clone(),
            source: self.source,
            readers: self.threads.readers,
            workers: self.threads.workers,
            filter: self.filter,
            resolves,
        };
        let outcome = pipeline::run(config, sink, &Progress::default(), &self.stop)?;
        self.bar.finish_and_clear();
        Ok(Finished {
            // A sink that failed sets the flag as well; that is not a signal.
            stopped: self.stop.load(Ordering::Relaxed) && outcome.sink_error.is_none(),
            outcome,
            expansion: self.expansion,
            elapsed: begun.elapsed(),
            threads: self.threads,
        })
    }
}

/// A flag that signals set.
pub(super) fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    // Not the same: it may be asked to finish in other ways, and the first signal after that is no second one.
    let signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second signal ends the program at once; the first asks it to finish.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&signalled))?;
        signal_hook::flag::register(signal, Arc::clone(&signalled))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How many threads a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Threads {
    pub(super) readers: usize,
    pub(super) workers: usize,
}

impl Threads {
    /// More files than this are not read at once unless that is asked for: each reader has tables of its own.
    const MAX_READERS: usize = 8;

    const MAX_WORKERS: usize = 64;

    /// As asked for, or what suits so many inputs on so many processors. Of both kinds each needs a processor of its
    /// own where the traffic is hard; but where there is little to read, workers sleep.
    fn new(readers: Option<u16>, workers: Option<u16>, inputs: usize, processors: usize) -> Self {
        let asked = workers.map(usize::from);
        let readers = match readers {
            Some(n) => usize::from(n),
            None => processors
                .min(Self::MAX_READERS)
                .min(asked.unwrap_or(usize::MAX)),
        };
        let readers = readers.clamp(1, inputs.max(1));
        let workers =
            asked.unwrap_or_else(|| processors.saturating_sub(readers).min(Self::MAX_WORKERS));
        Self {
            readers,
            workers: workers.max(readers),
        }
    }
}

/// How many worker threads one reader has.
pub(super) fn worker_threads(asked: Option<u16>) -> usize {
    Threads::new(Some(1), asked, 1, processors()).workers
}

/// Whether `path` leads to the file of `input`.
fn is_file_of(input: &Input, path: &Path) -> bool {
    let input = match input {
        Input::File(input) => input,
        Input::Stdin => Path::new("/dev/stdin"),
        Input::Memory(_) => return false,
    };
    same_file(input, path)
}

/// Whether two paths lead to one regular file, by whatever names.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    // Only a file can lose its content: `--eve /dev/null` harms nothing.
    if !a.is_file() || !b.is_file() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) {
            return (a.dev(), a.ino()) == (b.dev(), b.ino());
        }
    }
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// What a command adds to the summary.
#[derive(Default)]
pub(super) struct Extra<'a> {
    pub(super) tally: Option<&'a Tally>,
    pub(super) not_folded: u64,
    pub(super) rules: Option<&'a RuleSet>,
    pub(super) errors: Vec<String>,
}

impl Finished {
    /// How a run ended whose output nobody read to its end: errors of the inputs still count.
    pub(super) fn after_broken_pipe(&self) -> Status {
        let inputs = self
            .outcome
            .inputs
            .iter()
            .filter_map(|i| i.error.as_ref())
            .map(ToString::to_string);
        let errors: Vec<String> = self
            .expansion
            .errors
            .iter()
            .map(ToString::to_string)
            .chain(inputs)
            .collect();
        for error in &errors {
            super::complain(error);
        }
        if errors.is_empty() {
            Status::Done
        } else {
            Status::Failed
        }
    }

    /// Prints the summary and says how the run ended.
    pub(super) fn report(self, form: SummaryForm, extra: Extra<'_>) -> io::Result<Status> {
        let mut errors = extra.errors;
        if let Some(error) = &self.outcome.sink_error {
            errors.push(match error.kind() {
                io::ErrorKind::BrokenPipe => "the reader of the output went away".to_owned(),
                _ => format!("cannot write the output: {error}"),
            });
        }
        let summary = Summary::new(Facts {
            outcome: &self.outcome,
            tally: extra.tally,
            not_folded: extra.not_folded,
            rules: extra.rules,
            unread: self
                .expansion
                .errors
                .iter()
                .map(ToString::to_string)
                .collect(),
            errors,
            skipped: self
                .expansion
                .skipped
                .iter()
                .map(|(path, why)| format!("{}: {why}", path.display()))
                .collect(),
            interfaces: Vec::new(),
            stopped: self.stopped,
            elapsed: self.elapsed,
            readers: self.threads.readers,
            workers: self.threads.workers,
        });
        print(&summary, form)?;
        Ok(if !summary.inputs.errors.is_empty() {
            Status::Failed
        } else if self.stopped {
            Status::Stopped
        } else {
            Status::Done
        })
    }
}

/// Prints a summary to standard error.
pub(super) fn print(summary: &Summary, form: SummaryForm) -> io::Result<()> {
    let stderr = io::stderr();
    let style = Style::for_stream(&stderr);
    let mut stderr = io::BufWriter::new(stderr.lock());
    match form {
        SummaryForm::Text => {
            writeln!(stderr)?;
            summary.write_text(&mut stderr, style)?;
        }
        SummaryForm::Json => summary.write_json(&mut stderr)?,
        SummaryForm::None => {
            for error in &summary.inputs.errors {
                writeln!(stderr, "error: {error}")?;
            }
        }
    }
    stderr.flush()
}

fn progress_bar(total: Option<u64>, refused: bool) -> ProgressBar {
    if refused || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:16} {percent:>3} %  {bytes_per_sec}  {eta} left  {wide_msg}",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {bytes}  {bytes_per_sec}  {elapsed}  {wide_msg}",
        ),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::Threads;

    #[test]
    fn threads_suit_inputs_and_processors() {
        let cases = [
            // readers, workers, inputs, processors
            ((None, None, 1, 1), (1, 1)),
            ((None, None, 1, 2), (1, 1)),
            ((None, None, 1, 16), (1, 15)),
            ((None, None, 9, 1), (1, 1)),
            ((None, None, 9, 2), (2, 2)),
            ((None, None, 3, 16), (3, 13)),
            ((None, None, 99, 16), (8, 8)),
            ((None, None, 99, 128), (8, 64)),
            // One worker has one reader.
            ((None, Some(1), 9, 8), (1, 1)),
            ((None, Some(4), 9, 8), (4, 4)),
            ((Some(4), Some(1), 9, 2), (4, 4)),
            ((Some(4), None, 2, 2), (2, 2)),
            ((None, None, 0, 4), (1, 3)),
        ];
        for ((readers, workers, inputs, processors), (r, w)) in cases {
            let threads = Threads::new(readers, workers, inputs, processors);
            assert_eq!(
                (threads.readers, threads.workers),
                (r, w),
                "{inputs} on {processors}"
            );
        }
    }
}
