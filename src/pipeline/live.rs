//! What the pipeline does on a live link and not with captures: rules are replaced while it runs, numbers are told while
//! they grow, what is silent is given up though no packet says how late it is, and where workers cannot keep up their
//! payloads are dropped before the kernel has to drop packets.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, TryRecvError};

use super::bound::Binding;
use super::early::Early;
use super::reader::{At, Closed, Ended, Reader};
use crate::live::TapStats;
use crate::rules::{Current, RuleSet};
use crate::source::Frames;
use crate::stats::{Fill, ReaderStats, WorkerStats};
use crate::stream::defrag::Limits;

/// How often numbers are told and silent flows are given up.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often workers are given what there is, where it is less than a batch. A thread that is woken for each block of the
/// ring costs more than the block.
const FLUSH: Duration = Duration::from_millis(10);

/// How long a reader waits for its workers within one block at the most: in that time its ring must not run full.
const PATIENCE: Duration = Duration::from_millis(10);

/// How long new rules wait for workers to take what was read before them.
const RENEWAL: Duration = Duration::from_secs(1);

/// What all crews on live links share with whoever watches them.
#[derive(Debug)]
pub struct Live {
    /// The rules that count.
    pub rules: Arc<Current>,
    readers: Vec<Mutex<Seen>>,
    workers: Vec<Mutex<WorkerStats>>,
    next_reader: AtomicUsize,
    next_worker: AtomicUsize,
    /// Addresses that one reader learned, for the others.
    learned: Mutex<VecDeque<Learned>>,
    /// How many were learned in all.
    count: AtomicUsize,
}

/// An address that a listed name was resolved to.
#[derive(Debug, Clone)]
struct Learned {
    reader: usize,
    address: IpAddr,
    ttl: u32,
    binding: Binding,
    generation: u64,
}

/// How many addresses wait for readers that have not heard of them yet.
const MAX_LEARNED: usize = 4_096;

/// What a reader told last.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When.
    pub told: Instant,
    /// Its numbers.
    pub reader: ReaderStats,
    /// The numbers of its tap.
    pub tap: TapStats,
    /// Generation of the rules that it uses.
    pub generation: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            told: Instant::now(),
            reader: ReaderStats::default(),
            tap: TapStats::default(),
            generation: 0,
        }
    }
}

impl Live {
    /// For so many readers and workers in all.
    pub fn new(rules: Arc<Current>, readers: usize, workers: usize) -> Self {
        Self {
            rules,
            readers: (0..readers).map(|_| Mutex::default()).collect(),
            workers: (0..workers).map(|_| Mutex::default()).collect(),
            next_reader: AtomicUsize::new(0),
            next_worker: AtomicUsize::new(0),
            learned: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }

    /// What the readers told last.
    pub fn readers(&self) -> Vec<Seen> {
        self.readers.iter().map(read).collect()
    }

    /// What the workers told last, added up. Messages of which a glance was enough are not among them.
    pub fn workers(&self) -> WorkerStats {
        let mut sum = WorkerStats::default();
        for slot in &self.workers {
            sum.add(&read(slot));
        }
        sum
    }

    pub(super) fn worker_slot(&self) -> Option<&Mutex<WorkerStats>> {
        self.workers
            .get(self.next_worker.fetch_add(1, Ordering::Relaxed))
    }

    fn next_reader(&self) -> usize {
        self.next_reader.fetch_add(1, Ordering::Relaxed)
    }
}

fn read<T: Clone>(slot: &Mutex<T>) -> T {
    // A thread that panicked ends the run; its last numbers stay.
    slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a reader on a live link keeps beside its work.
pub(super) struct House<'a> {
    live: &'a Live,
    slot: Option<&'a Mutex<Seen>>,
    /// Which reader it is.
    number: usize,
    /// How many addresses it has heard of.
    heard: usize,
    generation: u64,
    told: Option<Instant>,
    flushed: Instant,
    /// How long it may still wait for workers within this block.
    patience: Duration,
    /// Since when new rules wait for batches to be sent.
    renewing: Option<Instant>,
    /// They have waited for long enough: each batch goes now.
    pressing: bool,
}

impl<'a> House<'a> {
    pub(super) fn new(live: &'a Live) -> Self {
        let number = live.next_reader();
        Self {
            live,
            slot: live.readers.get(number),
            number,
            heard: 0,
            generation: 0,
            told: None,
            flushed: Instant::now(),
            patience: PATIENCE,
            renewing: None,
            pressing: false,
        }
    }
}

impl House<'_> {
    /// Tells the other readers of an address: the flows with it may come to them.
    pub(super) fn tell(&mut self, address: IpAddr, ttl: u32, binding: &Binding, at: At) {
        if self.live.readers.len() < 2 {
            return;
        }
        let mut binding = binding.clone();
        (binding.answered, binding.packet) = (at.timestamp, at.number);
        let learned = self.live.learned.lock();
        let mut learned = learned.unwrap_or_else(PoisonError::into_inner);
        if learned.len() >= MAX_LEARNED {
            // Readers look for news at each block: they have heard of it, or count that they have not.
            learned.pop_front();
        }
        learned.push_back(Learned {
            reader: self.number,
            address,
            ttl,
            binding,
            generation: self.generation,
        });
        let before = self.live.count.fetch_add(1, Ordering::Release);
        if before == self.heard {
            // Of its own it need not hear.
            self.heard = before.wrapping_add(1);
        }
    }
}

impl Reader<'_> {
    /// Hears of addresses that other readers learned.
    fn hear(&mut self) {
        let Some(house) = &mut self.live else { return };
        let count = house.live.count.load(Ordering::Acquire);
        if count == house.heard {
            return;
        }
        let learned = house.live.learned.lock();
        let learned = learned.unwrap_or_else(PoisonError::into_inner);
        // Under the lock, where it does not grow.
        let count = house.live.count.load(Ordering::Acquire);
        let all = count.wrapping_sub(house.heard);
        let new = all.min(learned.len());
        self.contacts.missed(all.saturating_sub(new) as u64);
        let skip = learned.len().saturating_sub(new);
        house.heard = count;
        for one in learned.iter().skip(skip) {
            if one.reader == house.number {
                continue;
            }
            let address = (one.address, one.ttl);
            if one.generation == house.generation {
                self.contacts
                    .told_by_others(address.0, address.1, &one.binding);
            } else if let Some(rules) = self.rules.as_deref() {
                self.contacts.told_of_others(address, &one.binding, rules);
            }
        }
    }

    /// Takes new rules, if there are some, before a block of packets is read: what is captured after they were loaded is
    /// matched with them.
    pub(super) fn renew_rules(&mut self) -> Result<(), Ended> {
        let Some(house) = &mut self.live else {
            return Ok(());
        };
        let generation = house.live.rules.generation();
        if generation != house.generation {
            // What was read so far is matched with the rules of its time.
            // Where a worker is busy, what waits for it must not meet the new ones. They wait for a second; then what the
            // worker has no room for is dropped, as it is where a batch is full.
            let time = Instant::now();
            let since = *house.renewing.get_or_insert(time);
            house.pressing = time.saturating_duration_since(since) >= RENEWAL;
            self.flush()?;
            let sent = self.batches.iter().all(|batch| batch.len() == 0);
            let Some(house) = &mut self.live else {
                return Ok(());
            };
            house.pressing = false;
            if !sent {
                // Nor is anything learned that was learned with the new ones.
                return Ok(());
            }
            house.renewing = None;
            house.generation = generation;
            let rules = house.live.rules.get();
            self.contacts.renew(&rules);
            self.far_rules = self.filter.is_none() && Early::suits(&rules);
            self.rules = Some(rules);
        }
        self.hear();
        Ok(())
    }

    /// Between two blocks of packets.
    pub(super) fn keep_house(&mut self, frames: &mut impl Frames) -> Result<(), Ended> {
        let Some(house) = &mut self.live else {
            return Ok(());
        };
        let Some(link) = frames.link() else {
            return Ok(());
        };
        if self.rules.as_deref().is_some_and(RuleSet::lists_addresses) {
            link.take_bulk();
        }
        house.patience = if link.is_pressed() {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let time = Instant::now();
        if time.saturating_duration_since(house.flushed) >= FLUSH {
            house.flushed = time;
            self.flush()?;
        }
        let Some(house) = &mut self.live else {
            return Ok(());
        };
        let recently = |told| time.saturating_duration_since(told) < INTERVAL;
        // At once at the beginning, so that no tap is missing.
        if house.told.is_some_and(recently) {
            return Ok(());
        }
        house.told = Some(time);
        if let Some(now) = frames.link().and_then(|link| link.now()) {
            self.contacts.expire(now);
        }
        let Some(house) = &mut self.live else {
            return Ok(());
        };
        if let Some(slot) = house.slot {
            let mut reader = self.stats.clone();
            reader.gaps.settle();
            reader.fragments = *self.defragmenter.stats();
            reader.heads = self.triage.stats();
            reader.heads_fill = self.triage.fill();
            reader.bound = self.contacts.stats();
            let (known, most) = self.contacts.fill();
            reader.bound_fill = Fill::new(known, most);
            let datagrams = Limits::default().datagrams;
            reader.fragments_fill = Fill::new(self.defragmenter.datagrams(), datagrams);
            reader.add_input(frames.report());
            let tap = frames.link().map(|link| link.stats().clone());
            let tap = tap.unwrap_or_default();
            reader.ring_dropped = reader.ring_dropped.saturating_add(tap.dropped);
            let seen = Seen {
                told: time,
                reader,
                tap,
                generation: house.generation,
            };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        }
        let now = frames.link().and_then(|link| link.now());
        if let Some(now) = now {
            self.expire_fragments(now)?;
        }
        // Also where no packet came yet: the workers tell their numbers then.
        self.mark_pending();
        for batch in &mut self.batches {
            batch.now = Some(now.unwrap_or_default());
        }
        Ok(self.flush()?)
    }

    /// Sends every worker what there is for it. Where a worker has as much to do as it may have, its batch grows until it is full;
    /// then the reader waits for a little, and drops the batch if that does not help.
    pub(super) fn flush_live(&mut self) -> Result<(), Closed> {
        let Some(house) = &mut self.live else {
            return Ok(());
        };
        let mut left = false;
        for (lane, batch) in self.lanes.iter().zip(&mut self.batches) {
            if batch.len() == 0 && !batch.last && batch.now.is_none() {
                continue;
            }
            let mut next = match lane.empty.try_recv() {
                Ok(next) => next,
                Err(TryRecvError::Disconnected) => return Err(Closed),
                // The end has to arrive, whatever it takes.
                Err(TryRecvError::Empty) if batch.last => lane.empty.recv().map_err(|_| Closed)?,
                Err(TryRecvError::Empty) if batch.is_full() || house.pressing => {
                    let begun = Instant::now();
                    let waited = lane.empty.recv_timeout(house.patience);
                    house.patience = house.patience.saturating_sub(begun.elapsed());
                    match waited {
                        Ok(next) => next,
                        Err(RecvTimeoutError::Disconnected) => return Err(Closed),
                        Err(RecvTimeoutError::Timeout) => {
                            let lost = batch.len() as u64;
                            self.stats.dropped = self.stats.dropped.saturating_add(lost);
                            let now = batch.now;
                            batch.clear();
                            batch.now = now;
                            left |= now.is_some();
                            continue;
                        }
                    }
                }
                Err(TryRecvError::Empty) => {
                    left = true;
                    continue;
                }
            };
            next.clear();
            batch.epoch = self.epoch;
            batch.input = self.input;
            if batch.rules.is_none() {
                batch.rules.clone_from(&self.rules);
            }
            let full = std::mem::replace(batch, next);
            lane.full.send(full).map_err(|_| Closed)?;
        }
        self.epoch = self.epoch.wrapping_add(1);
        self.pending = left;
        Ok(())
    }
}
