//! No allocation per packet: what the pipeline takes from the heap does not grow with the capture, but for large
//! messages that wait.
//!
//! An allocator that counts is the only way to know. It passes everything on to the system's, and is the one
//! place in the project where `unsafe` stands: the trait asks for it.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing
)] // it is a test

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bellerophon::alert::Sighting;
use bellerophon::generate::{self, Limit, Names, Options, Workload};
use bellerophon::pipeline::{self, Config, Progress, Sink, Task};
use bellerophon::rules::{self, LoadOptions, RuleSet};
use bellerophon::source::{self, Input};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call is passed on as it came; counting touches no memory that was allocated.
#[allow(unsafe_code)] // the trait is unsafe, and nothing but an allocator sees every allocation
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above; all memory comes from `System`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The counter is one for all tests of this file.
static ALONE: Mutex<()> = Mutex::new(());

struct Nothing;

impl Sink for Nothing {
    fn sighting(&mut self, _: usize, _: &Sighting) -> io::Result<()> {
        Ok(())
    }

    fn lines(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Progress) {}
}

fn capture(workload: Workload, rules: &RuleSet, packets: u64) -> Vec<u8> {
    let options = Options {
        workload,
        limit: Limit::Packets(packets),
        seed: 7,
        flows: 50,
        // A sighting is owned data, and rare.
        every: 0,
        nanoseconds: true,
    };
    let mut bytes = Vec::new();
    generate::capture(&options, &Names::new(rules).unwrap(), &mut bytes, None).unwrap();
    bytes
}

/// Puts in front of a capture an answer that binds a listed name to an address: from then on all addresses are looked at.
fn with_binding(capture: &[u8]) -> Vec<u8> {
    let answer = testkit::dns::response(7, "evil.example", testkit::dns::A)
        .a("evil.example", "203.0.113.66");
    let frame = testkit::frame::ethernet()
        .ip("192.0.2.53", "10.0.0.7")
        .udp(53, 50_000)
        .payload(answer);
    let first = testkit::capture::Pcap::new(1)
        .nanoseconds()
        .packet(&testkit::capture::Packet::new(
            1_626_602_400_000_000_000,
            frame,
        ))
        .bytes();
    // The generated one has the same header of 24 bytes.
    assert_eq!(first[..4], capture[..4]);
    [&first, &capture[24..]].concat()
}

/// And how many addresses were learned.
fn allocations(rules: &Arc<RuleSet>, bytes: Vec<u8>, workers: usize) -> (u64, u64) {
    let config = Config {
        task: Task::Match(Arc::clone(rules)),
        inputs: vec![Input::Memory(bytes.into())],
        source: source::Options::default(),
        readers: 1,
        workers,
        filter: None,
        resolves: true,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let outcome = pipeline::run(config, &mut Nothing, &Progress::default(), &stop).unwrap();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    (allocations, outcome.reader.bound.learned)
}

/// What a packet more takes, in thousandths of an allocation, once everything has its size.
fn per_thousand(workload: Workload, workers: usize) -> u64 {
    let _alone = ALONE.lock();
    let rules = Arc::new(rules::load(&LoadOptions::default()).unwrap().rules);
    let packets = 40_000;
    let [few, many] = [packets, 3 * packets].map(|packets| {
        let bytes = capture(workload, &rules, packets);
        allocations(&rules, bytes, workers).0
    });
    many.saturating_sub(few) * 1_000 / (2 * packets)
}

#[test]
fn small_queries_and_answers() {
    assert_eq!(per_thousand(Workload::Dns, 1), 0);
    assert_eq!(per_thousand(Workload::Dns, 2), 0);
}

/// Listed addresses, one that a listed name was resolved to, and traffic with neither.
#[test]
fn addresses_that_are_looked_at() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    let text = "bellerophon: 1\npack: p\ngroups:\n  - domains: [evil.example]\n    networks: [203.0.113.64/28, 198.18.7.0/30]\n";
    std::fs::write(&path, text).unwrap();
    let options = LoadOptions {
        rules: vec![path],
        ..LoadOptions::default()
    };
    let rules = Arc::new(rules::load(&options).unwrap().rules);
    let names = rules::load(&LoadOptions::default()).unwrap().rules;
    for (workload, most) in [(Workload::Dns, 0), (Workload::Syn, 0), (Workload::Mix, 10)] {
        let packets = 40_000;
        let [few, many] = [packets, 3 * packets].map(|packets| {
            let bytes = with_binding(&capture(workload, &names, packets));
            let (allocations, bound) = allocations(&rules, bytes, 1);
            assert_eq!(bound, 1);
            allocations
        });
        let found = many.saturating_sub(few) * 1_000 / (2 * packets);
        assert!(found <= most, "{workload:?}: {found} in a thousand packets");
    }
}

#[test]
fn a_flood_of_syns() {
    assert_eq!(per_thousand(Workload::Syn, 1), 0);
}

/// A message that waits for more packets has memory of its own where it is large, as a chain of certificates
/// is, or a hello over two datagrams of QUIC. That is one in some hundred packets here, whatever the others are.
#[test]
fn messages_that_wait() {
    for (workload, workers) in [(Workload::Mix, 1), (Workload::Tls, 2)] {
        let found = per_thousand(workload, workers);
        assert!(found < 10, "{found} in a thousand packets");
    }
}
