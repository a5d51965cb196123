//! Threads and channels. Elsewhere only `source` has a thread, for input that makes wait.
//!
//! A reader takes frames from one input after the other, decodes and triages them, and copies what is forwarded
//! into one batch for each of its workers. All batches of a moment form an epoch. Workers read names and match. A
//! reader and its workers are a crew; several crews read several inputs at once. The collector, on the calling
//! thread, waits for all parts of an epoch and puts them in packet order, and what is found in the inputs in their
//! order, so the output does not depend on the number of threads. Every channel is bounded and blocks: offline,
//! nothing is lost.

mod addresses;
mod batch;
mod bound;
mod collector;
mod contacts;
mod cpu;
mod crew;
mod early;
mod innocent;
mod live;
mod out;
mod parts;
mod progress;
mod reader;
mod worker;

pub use bound::BoundStats;
pub use contacts::Contact;
pub use cpu::{CpuTimes, of_this_thread as cpu_time_of_this_thread};
pub use live::{Live, Seen};
pub use progress::Progress;
pub use reader::{InputError, InputReport};

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use hdrhistogram::Histogram;

use crate::alert::{HeldStats, Sighting};
use crate::live::Tap;
use crate::rules::RuleSet;
use crate::source::filter::Filter;
use crate::source::{self, Input};
use crate::stats::{ReaderStats, WorkerStats};
use collector::Collector;
use crew::{Crew, Inputs, Queue, Shared};

/// What to do with names.
#[derive(Clone)]
pub enum Task {
    /// Match them and give sightings.
    Match(Arc<RuleSet>),
    /// List them all as JSON lines.
    List,
}

/// What to run over which inputs.
pub struct Config {
    /// What to do with names.
    pub task: Task,
    /// Where the frames come from, in this order.
    pub inputs: Vec<Input>,
    /// How inputs are read.
    pub source: source::Options,
    /// How many inputs are read at once, at least 1; no more than there are.
    pub readers: usize,
    /// Number of worker threads, in all; each reader has at least one.
    pub workers: usize,
    /// The user's BPF expression, compiled.
    pub filter: Option<Filter>,
    /// Addresses that listed names are resolved to are looked for, too.
    pub resolves: bool,
}

/// Where results go, in packet order. Called on the thread that called [`run`].
pub trait Sink {
    /// A sighting in input number `input`.
    ///
    /// # Errors
    /// Where it cannot be written; the pipeline then stops.
    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()>;

    /// The rules that the next sightings were matched with. They may be replaced while the pipeline runs.
    fn rules(&mut self, rules: &Arc<RuleSet>) {
        let _ = rules;
    }

    /// JSON lines for [`Task::List`].
    ///
    /// # Errors
    /// Where they cannot be written; the pipeline then stops.
    fn lines(&mut self, lines: &[u8]) -> io::Result<()>;

    /// All results of an epoch were given: write out what is buffered.
    ///
    /// # Errors
    /// Where it cannot be written; the pipeline then stops.
    fn flush(&mut self) -> io::Result<()>;

    /// Called several times a second.
    fn tick(&mut self, progress: &Progress);
}

/// What came of a run.
pub struct Outcome {
    /// The readers' numbers, added up.
    pub reader: ReaderStats,
    /// The workers' numbers, added up.
    pub workers: WorkerStats,
    /// A report for each input that was begun.
    pub inputs: Vec<InputReport>,
    /// From the moment a packet's payload was copied to the moment its alert was written, in
    /// nanoseconds, by the clock of this machine.
    pub latency: Histogram<u64>,
    /// What became of findings that waited for a better explanation.
    pub held: HeldStats,
    /// Processor time of the threads.
    pub cpu: CpuTimes,
    /// The sink failed; nothing after that was read.
    pub sink_error: Option<io::Error>,
}

/// What to do on live links.
pub struct LiveConfig {
    /// Where the frames come from: each has a reader of its own.
    pub taps: Vec<Tap>,
    /// Number of worker threads, in all; each reader has at least one.
    pub workers: usize,
    /// The user's BPF expression, compiled for the link types of all taps: one for each reader, or none.
    pub filters: Vec<Filter>,
    /// Processors that readers are pinned to, in their order and again from the first.
    pub cpus: Option<Vec<u16>>,
    /// Addresses that listed names are resolved to are looked for, too.
    pub resolves: bool,
    /// What is told while it runs, and the rules.
    pub live: Arc<Live>,
}

/// Runs the pipeline to the end of its inputs, or until `stop` is set or the sink fails.
///
/// # Errors
/// Where a thread cannot be started or ended by a panic.
pub fn run(
    config: Config,
    sink: &mut impl Sink,
    progress: &Progress,
    stop: &Arc<AtomicBool>,
) -> io::Result<Outcome> {
    let names: Arc<[String]> = config.inputs.iter().map(Input::machine_name).collect();
    let queue = Queue::new(Inputs::Captures(&config.inputs));
    let shared = Shared {
        task: &config.task,
        queue: &queue,
        names: &names,
        source: &config.source,
        progress,
        stop,
        live: None,
        cpus: &[],
        resolves: config.resolves,
    };
    let readers = config.readers.clamp(1, config.inputs.len().max(1));
    let filters = config.filter.map_or_else(Vec::new, |filter| {
        let others = (1..readers).map(|_| filter.another()).collect::<Vec<_>>();
        std::iter::once(filter).chain(others).collect()
    });
    run_crews(shared, readers, config.workers, filters, sink)
}

/// Runs the pipeline on live links until `stop` is set and what was captured by then is read, or the sink fails. Alerts come in
/// the order in which workers find them.
///
/// # Errors
/// Where a thread cannot be started or ended by a panic.
pub fn watch(
    config: LiveConfig,
    sink: &mut impl Sink,
    progress: &Progress,
    stop: &Arc<AtomicBool>,
) -> io::Result<Outcome> {
    let readers = config.taps.len();
    let mut taps = config.taps;
    let names: Arc<[String]> = taps
        .iter_mut()
        .map(|tap| tap.stats().interface.clone())
        .collect();
    let taps = taps.into_iter().map(|tap| Mutex::new(Some(tap))).collect();
    let queue = Queue::new(Inputs::Taps(taps));
    let shared = Shared {
        // Names are matched with the rules of `live`, which may be replaced.
        task: &Task::List,
        queue: &queue,
        names: &names,
        source: &source::Options::default(),
        progress,
        stop,
        live: Some(&config.live),
        cpus: config.cpus.as_deref().unwrap_or_default(),
        resolves: config.resolves,
    };
    run_crews(shared, readers, config.workers, config.filters, sink)
}

fn run_crews(
    shared: Shared<'_>,
    readers: usize,
    all_workers: usize,
    filters: Vec<Filter>,
    sink: &mut impl Sink,
) -> io::Result<Outcome> {
    let stop = shared.stop;
    thread::scope(|scope| {
        let mut crews = Vec::with_capacity(readers);
        let mut lines = Vec::with_capacity(readers);
        let mut filters = filters.into_iter();
        for number in 0..readers {
            let filter = filters.next();
            let workers = share(all_workers, readers, number);
            match Crew::start(scope, number, workers, filter, shared) {
                Ok((crew, line)) => {
                    crews.push(crew);
                    lines.push(line);
                }
                Err(error) => {
                    // The other crews end, since nobody takes what they find.
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        let mut collector = Collector::new(lines);
        let sink_error = collector.run(sink, shared.progress).err();
        // With the receivers gone the workers end, and then the readers; but they may be waiting for
        // input that never comes.
        if sink_error.is_some() {
            stop.store(true, Ordering::Relaxed);
        }
        let (latency, held) = collector.finish();
        // All of them, before anything is said of one.
        let crews: Vec<_> = crews.into_iter().map(Crew::join).collect();
        let mut outcome = Outcome {
            reader: ReaderStats::default(),
            workers: WorkerStats::default(),
            inputs: Vec::new(),
            latency,
            held,
            cpu: CpuTimes::default(),
            sink_error,
        };
        let mut inputs = Vec::new();
        for crew in crews {
            let Some(crew) = crew else {
                return Err(io::Error::other(
                    "a thread of the pipeline ended by a panic",
                ));
            };
            let (reader, read) = crew.reader;
            outcome.reader.add(&reader);
            outcome.workers.add(&crew.workers);
            outcome.cpu.readers.push(crew.reader_time);
            outcome.cpu.workers.extend(crew.worker_times);
            inputs.extend(read);
        }
        inputs.sort_by_key(|read| read.index);
        for read in inputs {
            // In their order, since the number of different gaps is bounded.
            outcome.reader.gaps.merge(&read.gaps);
            outcome.inputs.push(read.report);
        }
        outcome.workers.add_glanced(&outcome.reader.glanced);
        Ok(outcome)
    })
}

/// How many of all workers serve this reader.
fn share(workers: usize, readers: usize, number: usize) -> usize {
    let each = workers.checked_div(readers).unwrap_or(workers);
    let more = workers
        .checked_rem(readers)
        .is_some_and(|left| number < left);
    each.saturating_add(usize::from(more)).max(1)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn workers_are_shared_out() {
        let all = |workers, readers| -> Vec<usize> {
            (0..readers).map(|n| share(workers, readers, n)).collect()
        };
        assert_eq!(all(1, 1), [1]);
        assert_eq!(all(5, 1), [5]);
        assert_eq!(all(7, 3), [3, 2, 2]);
        assert_eq!(all(1, 3), [1, 1, 1]);
    }
}
