//! A reader and its workers: what reads one input at a time.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::batch::Batch;
use super::collector::Line;
use super::live::Live;
use super::out::Findings;
use super::reader::{InputRead, Lane, Reader};
use super::worker::Worker;
use super::{Progress, Task, cpu};
use crate::live::Tap;
use crate::source::filter::Filter;
use crate::source::{self, Input};
use crate::stats::{ReaderStats, WorkerStats};

/// Batches on their way to one worker.
const LANE_DEPTH: usize = 4;

/// Inputs, of which each is taken once, in their order.
pub(super) struct Queue<'a> {
    inputs: Inputs<'a>,
    next: AtomicUsize,
}

/// What frames come from.
pub(super) enum Inputs<'a> {
    Captures(&'a [Input]),
    Taps(Vec<Mutex<Option<Tap>>>),
}

/// An input that was taken.
pub(super) enum Taken<'a> {
    Capture(&'a Input),
    Tap(Tap),
}

impl<'a> Queue<'a> {
    pub(super) fn new(inputs: Inputs<'a>) -> Self {
        Self {
            inputs,
            next: AtomicUsize::new(0),
        }
    }

    /// The next input that nobody has taken.
    pub(super) fn take(&self) -> Option<(usize, Taken<'a>)> {
        // It cannot wrap around: each reader stops at the first number that is too high.
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let taken = match &self.inputs {
            Inputs::Captures(inputs) => Taken::Capture(inputs.get(index)?),
            Inputs::Taps(taps) => {
                let tap = taps.get(index)?.lock();
                Taken::Tap(tap.unwrap_or_else(PoisonError::into_inner).take()?)
            }
        };
        Some((index, taken))
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
    /// What a live link needs beside.
    pub(super) live: Option<&'a Live>,
    /// Processors that readers are pinned to, if they are.
    pub(super) cpus: &'a [u16],
    /// Addresses that listed names are resolved to are looked for, too.
    pub(super) resolves: bool,
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
            // Every batch that there is has room: sending never waits but for an empty one.
            let (full, batches) = bounded(LANE_DEPTH.saturating_add(1));
            // One more than can be on the way: the reader always finds an empty one in the end.
            let (recycle, empty) = bounded(LANE_DEPTH.saturating_add(2));
            for _ in 0..LANE_DEPTH.saturating_add(1) {
                // There is room for all of them.
                let _ = recycle.try_send(Batch::new());
            }
            lanes.push(Lane { full, empty });
            let worker = Worker::new(Arc::clone(shared.names));
            let (found, spares) = (found.clone(), spares.clone());
            let live = shared.live.map(Live::worker_slot);
            let run = move || {
                let _guard = StopOnPanic(shared.stop);
                let stats = work(worker, batches, recycle, found, spares, live);
                (stats, cpu::of_this_thread())
            };
            threads.push(
                thread::Builder::new()
                    .name(format!("worker-{number}.{n}"))
                    .spawn_scoped(scope, run)?,
            );
        }
        let rules = match (shared.live, shared.task) {
            (Some(live), _) => Some(live.rules.get()),
            (None, Task::Match(rules)) => Some(Arc::clone(rules)),
            (None, Task::List) => None,
        };
        let reader = Reader::new(lanes, rules, filter, shared);
        let pinned = number
            .checked_rem(shared.cpus.len())
            .and_then(|n| shared.cpus.get(n).copied());
        let run = move || {
            let _guard = StopOnPanic(shared.stop);
            if let Some(cpu) = pinned {
                cpu::pin(cpu);
            }
            let read = reader.run(shared.queue, shared.source);
            // A live link has no end: where its reader has one, because of an error, all end, and it is told. Better to
            // be started again than to look alive and see nothing.
            if shared.live.is_some() {
                shared.stop.store(true, Ordering::Relaxed);
            }
            (read, cpu::of_this_thread())
        };
        let reader = thread::Builder::new()
            .name(format!("reader-{number}"))
            .spawn_scoped(scope, run)?;
        let crew = Self {
            reader,
            workers: threads,
        };
        let live = shared.live.is_some();
        Ok((crew, Line::new(findings, spare, workers, live)))
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
    live: Option<Option<&Mutex<WorkerStats>>>,
) -> WorkerStats {
    let mut kept = None;
    for mut batch in batches {
        let mut findings = kept
            .take()
            .or_else(|| spares.try_recv().ok())
            .unwrap_or_else(Findings::new);
        findings.clear();
        worker.read(&mut batch, &mut findings);
        // Once a second.
        if batch.now.is_some()
            && let Some(Some(slot)) = live
        {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = worker.stats();
        }
        // The reader may be gone already; then nobody needs the batch.
        let _ = recycle.try_send(batch);
        // On a live link nobody waits for what is empty.
        if live.is_some() && findings.is_empty() {
            findings.clear();
            kept = Some(findings);
        } else if found.send(findings).is_err() {
            break;
        }
    }
    worker.stats()
}
