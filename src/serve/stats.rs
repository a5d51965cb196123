//! What becomes of connections, counted: the same for both servers.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counters of one server, shared between its thread and whoever shows them.
#[derive(Debug, Default)]
pub struct Stats {
    pub(super) accepted: Counter,
    pub(super) answered: Counter,
    pub(super) rejected: Counter,
    pub(super) busy: Counter,
    pub(super) timed_out: Counter,
    pub(super) broken: Counter,
    pub(super) wait_errors: Counter,
    pub(super) queue_full: Counter,
    pub(super) unanswered: Counter,
}

/// The counters of [`Stats`] at one moment. All only grow.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Requests that were understood and got the page or reply that they asked for.
    pub answered: u64,
    /// Requests that were refused: malformed, too long, an unknown page or command, a wrong method or
    /// host; also a page or reply that could not be made.
    pub rejected: u64,
    /// Connections refused because too many were open.
    pub busy: u64,
    /// Clients that did not send their request in time.
    pub timed_out: u64,
    /// Connections that ended before the request or the answer was complete.
    pub broken: u64,
    /// Failures of the system to accept a connection or to wait for one, such as no free descriptor.
    pub wait_errors: u64,
    /// Control: requests refused because those before them were still waiting.
    pub queue_full: u64,
    /// Control: requests to which no reply came in time.
    pub unanswered: u64,
}

impl Stats {
    /// Reads all counters. They are read one after the other, so sums may be off by what happens meanwhile.
    pub fn counts(&self) -> Counts {
        Counts {
            accepted: self.accepted.get(),
            answered: self.answered.get(),
            rejected: self.rejected.get(),
            busy: self.busy.get(),
            timed_out: self.timed_out.get(),
            broken: self.broken.get(),
            wait_errors: self.wait_errors.get(),
            queue_full: self.queue_full.get(),
            unanswered: self.unanswered.get(),
        }
    }
}

/// A count that wraps after 2^64, which is never.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
