#![allow(clippy::panic, clippy::indexing_slicing)] // a test may

use super::*;

fn count(reader: &ReaderStats, workers: &WorkerStats, what: &str) -> u64 {
    let all = limits(reader, workers);
    let mut found = all.iter().filter(|(words, _)| words.contains(what));
    let Some(&(_, count)) = found.next() else {
        panic!("no {what}");
    };
    assert!(found.next().is_none(), "several {what}");
    count
}

#[test]
fn datagrams_out_of_fragments_are_each_in_one_line() {
    let mut reader = ReaderStats::default();
    reader.fragments.expired = 3;
    reader.fragments.drained = 2;
    reader.fragments.headless = 1;
    reader.fragments.evicted_datagrams = 40;
    reader.fragments.evicted_bytes = 30;
    reader.fragments.headless_evicted = 60;
    let of = |what| count(&reader, &WorkerStats::default(), what);
    assert_eq!(
        of("IP datagrams and CAPWAP frames with fragments missing"),
        4
    );
    assert_eq!(of("whose datagram's beginning is missing"), 1);
    assert_eq!(of("IP datagrams given up to make room"), 70);
}

#[test]
fn messages_without_an_end_are_each_in_one_line() {
    let mut workers = WorkerStats::default();
    workers.streams.incomplete = 20;
    workers.streams.expired = 4;
    workers.streams.evicted = 5;
    workers.streams.evicted_for_space = 6;
    workers.messages.http_heads_cut = 7;
    let of = |what| count(&ReaderStats::default(), &workers, what);
    assert_eq!(of("TCP messages whose end is missing"), 9);
    assert_eq!(of("TCP messages given up to make room"), 11);
    assert_eq!(of("HTTP heads that break off"), 7);
}

#[test]
fn what_came_too_far_ahead_is_told() {
    let mut reader = ReaderStats::default();
    reader.heads.ahead = 2;
    assert_eq!(
        count(&reader, &WorkerStats::default(), "over 64 KiB ahead"),
        2
    );
}

/// Whether something was missed is told elsewhere: it is no reason by itself.
#[test]
fn what_was_forgotten_is_a_note() {
    let mut reader = ReaderStats::default();
    let mut workers = WorkerStats::default();
    reader.heads.idle_open = 3;
    reader.heads.idle_fresh = 2;
    reader.heads.answers_forgotten = 20;
    workers.streams.roles_forgotten = 30;
    reader.heads.heads_forgotten = 7;
    let notes = super::super::notes(&reader, &workers);
    let counts: Vec<u64> = notes.iter().map(|note| note.count).collect();
    assert_eq!(counts, [5, 50, 7]);
    assert!(limits(&reader, &workers).iter().all(|&(_, n)| n == 0));
}

/// A reason that is told twice could not be told apart.
#[test]
fn no_two_reasons_have_the_same_words() {
    let mut words: Vec<_> = limits(&ReaderStats::default(), &WorkerStats::default())
        .into_iter()
        .map(|(what, _)| what)
        .collect();
    let all = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), all);
}
