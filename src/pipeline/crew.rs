//! A reader and its workers: what reads one input at a time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::batch::Batch;
use super::collector::Line;
use super::out::Findings;
use super::reader::{InputRead, Lane, Reader};
use super::worker::Worker;
use super::{Progress, Task, cpu};
use crate::source::filter::Filter;
use crate::source::{self, Input};
use crate::stats::{ReaderStats, WorkerStats};

/// Batches on their way to one worker.
const LANE_DEPTH: usize = 4;

/// Inputs, of which each is taken once, in their order.
pub(super) struct Queue<'a> {
    inputs: &'a [Input],
    next: AtomicUsize,
}

impl<'a> Queue<'a> {
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        Self {
            inputs,
            next: AtomicUsize::new(0),
        }
    }

    /// The next input that nobody has taken.
    pub(super) fn take(&self) -> Option<(usize, &'a Input)> {
        // It cannot wrap around: each reader stops at the first number that is too high.
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        Some((index, self.inputs.get(index)?))
    }
}

/// What all crews share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) task: &'a Task,
    pub(super) queue: &'a Queue<'a>,
    /// The inputs' names, as they are printed.
    pub(super) names: &'a Arc<[String]>,
    pub(super) source: &'a source::Options,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Arc<AtomicBool>,
}

/// The threads of a crew.
pub(super) struct Crew<'scope> {
    reader: ScopedJoinHandle<'scope, (Reading, Option<Duration>)>,
    workers: Vec<ScopedJoinHandle<'scope, (WorkerStats, Option<Duration>)>>,
}

type Reading = (ReaderStats, Vec<InputRead>);

/// What came of a crew.
pub(super) struct Done {
    pub(super) reader: Reading,
    pub(super) reader_time: Option<Duration>,
    pub(super) workers: WorkerStats,
    pub(super) worker_times: Vec<Option<Duration>>,
}

impl<'scope> Crew<'scope> {
    /// Starts crew number `number`.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        number: usize,
        workers: usize,
        filter: Option<Filter>,
        shared: Shared<'env>,
    ) -> io::Result<(Self, Line)> {
        let depth = workers.saturating_mul(LANE_DEPTH);
        let (found, findings) = bounded(depth);
        let (spare, spares) = bounded(depth.saturating_mul(2));
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
            let worker = Worker::new(shared.task.clone(), Arc::clone(shared.names));
            let (found, spares) = (found.clone(), spares.clone());
            let run = move || {
                let _guard = StopOnPanic(shared.stop);
                let stats = work(worker, batches, recycle, found, spares);
                (stats, cpu::of_this_thread())
            };
            threads.push(
                thread::Builder::new()
                    .name(format!("worker-{number}.{n}"))
                    .spawn_scoped(scope, run)?,
            );
        }
        let rules = match shared.task {
            Task::Match(rules) => Some(Arc::clone(rules)),
            Task::List => None,
        };
        let reader = Reader::new(lanes, rules, filter, shared.progress, shared.stop);
        let run = move || {
            let _guard = StopOnPanic(shared.stop);
            let read = reader.run(shared.queue, shared.source);
            (read, cpu::of_this_thread())
        };
        let reader = thread::Builder::new()
            .name(format!("reader-{number}"))
            .spawn_scoped(scope, run)?;
        let crew = Self {
            reader,
            workers: threads,
        };
        Ok((crew, Line::new(findings, spare, workers)))
    }

    /// Waits for the threads. `None` where one ended by a panic.
    pub(super) fn join(self) -> Option<Done> {
        let mut workers = WorkerStats::default();
        let mut worker_times = Vec::with_capacity(self.workers.len());
        let mut panicked = false;
        for thread in self.workers {
            match thread.join() {
                Ok((stats, time)) => {
                    workers.add(&stats);
                    worker_times.push(time);
                }
                Err(_) => panicked = true,
            }
        }
        let (reader, reader_time) = self.reader.join().ok()?;
        (!panicked).then_some(Done {
            reader,
            reader_time,
            workers,
            worker_times,
        })
    }
}

/// A thread that ends by a panic ends the run: other threads may be waiting for input that never comes.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
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
