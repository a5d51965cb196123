//! Threads and channels. Elsewhere only `source` has a thread, for input that makes wait.
//!
//! One reader thread takes frames from the inputs, decodes and triages them, and copies what is
//! forwarded into one batch for each worker. All batches of a moment form an epoch. Workers read
//! names and match; the collector, on the calling thread, waits for all parts of an epoch and puts
//! them in packet order, so the output does not depend on the number of workers. Every channel is
//! bounded and blocks: offline, nothing is lost.

mod batch;
mod cpu;
mod out;
mod reader;
mod worker;

pub use cpu::{CpuTimes, of_this_thread as cpu_time_of_this_thread};
pub use reader::{InputError, InputReport};

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use hdrhistogram::Histogram;

use crate::alert::Sighting;
use crate::rules::RuleSet;
use crate::source::filter::Filter;
use crate::source::{self, Input};
use crate::stats::{ReaderStats, WorkerStats};
use batch::Batch;
use out::{Findings, Order};
use reader::{Lane, Reader};
use worker::Worker;

/// Batches on their way to one worker.
const LANE_DEPTH: usize = 4;

/// How often the sink is told to show progress.
const TICK: Duration = Duration::from_millis(100);

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
    /// Number of worker threads, at least 1.
    pub workers: usize,
    /// The user's BPF expression, compiled.
    pub filter: Option<Filter>,
}

/// Where results go, in packet order. Called on the thread that called [`run`].
pub trait Sink {
    /// A sighting in input number `input`.
    ///
    /// # Errors
    /// Where it cannot be written; the pipeline then stops.
    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()>;

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

/// How far the reader is. Updated once a block.
#[derive(Debug, Default)]
pub struct Progress {
    before: AtomicU64,
    bytes: AtomicU64,
    packets: AtomicU64,
    first: OnceLock<Instant>,
}

impl Progress {
    /// Bytes of the inputs consumed so far, as they lie on disk.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets.load(Ordering::Relaxed)
    }

    /// When the first packets had been read.
    pub fn first_packets(&self) -> Option<Instant> {
        self.first.get().copied()
    }

    fn update(&self, bytes: u64, packets: u64) {
        if packets != 0 {
            self.first.get_or_init(Instant::now);
        }
        let before = self.before.load(Ordering::Relaxed);
        self.bytes
            .store(before.saturating_add(bytes), Ordering::Relaxed);
        self.packets.store(packets, Ordering::Relaxed);
    }

    fn finished_input(&self, bytes: u64) {
        let before = self.before.load(Ordering::Relaxed).saturating_add(bytes);
        self.before.store(before, Ordering::Relaxed);
        self.bytes.store(before, Ordering::Relaxed);
    }
}

/// What came of a run.
pub struct Outcome {
    /// The reader's numbers.
    pub reader: ReaderStats,
    /// The workers' numbers, added up.
    pub workers: WorkerStats,
    /// A report for each input that was begun.
    pub inputs: Vec<InputReport>,
    /// From the moment a packet's payload was copied to the moment its alert was written, in
    /// nanoseconds, by the clock of this machine.
    pub latency: Histogram<u64>,
    /// Processor time of the threads.
    pub cpu: CpuTimes,
    /// The sink failed; nothing after that was read.
    pub sink_error: Option<io::Error>,
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
    let workers = config.workers.max(1);
    let (found, findings) = bounded(workers.saturating_mul(LANE_DEPTH));
    let (spare, spares) = bounded(workers.saturating_mul(LANE_DEPTH).saturating_mul(2));
    thread::scope(|scope| {
        let mut lanes = Vec::with_capacity(workers);
        let mut threads = Vec::with_capacity(workers);
        for n in 0..workers {
            let (full, batches) = bounded(LANE_DEPTH);
            // One more than can be on the way: the reader always finds an empty one in the end.
            let (recycle, empty) = bounded(LANE_DEPTH.saturating_add(2));
            for _ in 0..LANE_DEPTH.saturating_add(1) {
                // There is room for all of them.
                let _ = recycle.try_send(Batch::new());
            }
            lanes.push(Lane { full, empty });
            let worker = Worker::new(config.task.clone(), Arc::clone(&names));
            let (found, spares) = (found.clone(), spares.clone());
            threads.push(
                thread::Builder::new()
                    .name(format!("worker-{n}"))
                    .spawn_scoped(scope, move || {
                        let stats = work(worker, batches, recycle, found, spares);
                        (stats, cpu::of_this_thread())
                    })?,
            );
        }
        drop((found, spares));
        let rules = match &config.task {
            Task::Match(rules) => Some(Arc::clone(rules)),
            Task::List => None,
        };
        let reader = Reader::new(lanes, rules, config.filter, progress, stop);
        let reading = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || {
                let read = reader.run(&config.inputs, &config.source);
                (read, cpu::of_this_thread())
            })?;

        let mut collector = Collector::new(workers);
        let sink_error = collector.run(findings, &spare, sink, progress).err();
        // With the receiver gone the workers end, and then the reader; but it may be waiting for
        // input that never comes.
        if sink_error.is_some() {
            stop.store(true, Ordering::Relaxed);
        }
        let mut sum = WorkerStats::default();
        let mut cpu = CpuTimes::default();
        let mut panicked = false;
        for thread in threads {
            match thread.join() {
                Ok((stats, time)) => {
                    sum.add(&stats);
                    cpu.workers.push(time);
                }
                Err(_) => panicked = true,
            }
        }
        if panicked {
            stop.store(true, Ordering::Relaxed);
        }
        let read = reading.join();
        let (Ok(((reader, inputs), time)), false) = (read, panicked) else {
            return Err(io::Error::other(
                "a thread of the pipeline ended by a panic",
            ));
        };
        sum.add_glanced(&reader.glanced);
        cpu.reader = time;
        Ok(Outcome {
            reader,
            workers: sum,
            inputs,
            latency: collector.latency,
            cpu,
            sink_error,
        })
    })
}

fn work(
    mut worker: Worker,
    batches: Receiver<Batch>,
    recycle: Sender<Batch>,
    found: Sender<Findings>,
    spares: Receiver<Findings>,
) -> WorkerStats {
    for batch in batches {
        let mut findings = spares.try_recv().unwrap_or_else(|_| Findings::new());
        findings.clear();
        worker.read(&batch, &mut findings);
        // The reader may be gone already; then nobody needs the batch.
        let _ = recycle.try_send(batch);
        if found.send(findings).is_err() {
            break;
        }
    }
    worker.stats()
}

/// Puts the workers' findings into packet order.
struct Collector {
    workers: usize,
    /// Epochs that are not complete, from `next` on.
    waiting: VecDeque<Vec<Findings>>,
    next: u64,
    latency: Histogram<u64>,
}

impl Collector {
    fn new(workers: usize) -> Self {
        // One minute is the longest latency that is told apart; three significant digits.
        let mut latency = Histogram::new_with_bounds(1, 60_000_000_000, 3)
            .unwrap_or_else(|_| unreachable!("the bounds are constants"));
        latency.auto(false);
        Self {
            workers,
            waiting: VecDeque::new(),
            next: 0,
            latency,
        }
    }

    fn run(
        &mut self,
        findings: Receiver<Findings>,
        spare: &Sender<Findings>,
        sink: &mut impl Sink,
        progress: &Progress,
    ) -> io::Result<()> {
        loop {
            match findings.recv_timeout(TICK) {
                Ok(part) => {
                    self.accept(part);
                    while self
                        .waiting
                        .front()
                        .is_some_and(|e| e.len() == self.workers)
                    {
                        let epoch = self.waiting.pop_front().unwrap_or_default();
                        self.next = self.next.wrapping_add(1);
                        self.give(&epoch, sink)?;
                        for part in epoch {
                            // Where there is no room, it is freed.
                            let _ = spare.try_send(part);
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            sink.tick(progress);
        }
    }

    /// A worker may be ahead of another by what its channel holds, so `waiting` stays short.
    fn accept(&mut self, part: Findings) {
        let index = usize::try_from(part.epoch.wrapping_sub(self.next)).unwrap_or(usize::MAX);
        while self.waiting.len() <= index {
            self.waiting.push_back(Vec::with_capacity(self.workers));
        }
        if let Some(epoch) = self.waiting.get_mut(index) {
            epoch.push(part);
        }
    }

    fn give(&mut self, epoch: &[Findings], sink: &mut impl Sink) -> io::Result<()> {
        let mut sightings: Vec<(Order, usize, &Sighting)> = epoch
            .iter()
            .flat_map(|part| {
                let input = part.input;
                part.sightings
                    .iter()
                    .map(move |(order, s)| (*order, input, s))
            })
            .collect();
        // No two workers share a place, and a stable sort keeps the order inside it.
        sightings.sort_by_key(|(order, ..)| *order);
        for (_, input, sighting) in &sightings {
            sink.sighting(*input, sighting)?;
        }
        let mut lines: Vec<(Order, &[u8])> = Vec::new();
        for part in epoch {
            let mut start = 0;
            for &(order, end) in &part.marks {
                lines.push((order, part.lines.get(start..end).unwrap_or_default()));
                start = end;
            }
        }
        lines.sort_by_key(|(order, _)| *order);
        for (_, line) in &lines {
            sink.lines(line)?;
        }
        if !sightings.is_empty() || !lines.is_empty() {
            sink.flush()?;
        }
        if !sightings.is_empty()
            && let Some(born) = epoch.first().map(|part| part.born)
        {
            let nanos = u64::try_from(born.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.latency
                .saturating_record_n(nanos, sightings.len() as u64);
        }
        Ok(())
    }
}
