//! Whatever format a set of indicators is written in, the same contacts are found.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "it is a test"
)]

mod alerts;
mod entries;
mod probes;
mod writers;

use std::collections::BTreeSet;

use bellerophon::rules::{IndicatorKind, LoadOptions, Loaded, load};
use proptest::prelude::*;

use entries::{Entry, entry};
use probes::Probe;
use writers::{Writer, all};

/// Loads a list from a file whose name says nothing.
fn loaded(writer: &Writer, entries: &[Entry]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list");
    let bytes = writer.write(entries);
    std::fs::write(&file, &bytes).unwrap();
    let options = LoadOptions {
        rules: vec![file],
        detail: true,
        ..LoadOptions::default()
    };
    let text = String::from_utf8_lossy(&bytes);
    let loaded = load(&options).unwrap_or_else(|e| panic!("{}: {e}\n{text}", writer.name));
    // Only our own format says so: what several tools put together has most things twice.
    let twice = |what: &str| what.ends_with("is listed twice");
    let wrong = loaded
        .problems
        .iter()
        .filter(|problem| !twice(&problem.what));
    assert_eq!(
        wrong.count(),
        0,
        "{}: {:#?}\n{text}",
        writer.name,
        loaded.problems
    );
    let pack = loaded.rules.packs().next().unwrap();
    assert_eq!(pack.format, writer.format, "{}\n{text}", writer.name);
    assert_eq!(pack.refused, 0);
    loaded
}

/// Each format against our own, and that against a plain and slow answer.
fn check(entries: &[Entry]) {
    let mut probes = BTreeSet::new();
    entries
        .iter()
        .for_each(|entry| Probe::about(entry, &mut probes));
    let writers = all();
    let own = &writers[0];
    for writer in &writers {
        let entries = writer.can(entries);
        if entries.is_empty() {
            continue;
        }
        let ours = loaded(own, &entries).rules;
        let theirs = loaded(writer, &entries).rules;
        for probe in &probes {
            let (our, their) = (probe.ask(&ours), probe.ask(&theirs));
            assert_eq!(our, their, "{}: {probe:?}: {entries:#?}", writer.name);
            assert_eq!(
                their.is_some(),
                probe.expect(&entries),
                "{}: {probe:?} {their:?}: {entries:#?}",
                writer.name
            );
        }
        for kind in IndicatorKind::ALL {
            assert_eq!(
                ours.count(kind),
                theirs.count(kind),
                "{}: {kind:?}",
                writer.name
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_formats_say_the_same(entries in prop::collection::vec(entry(), 1..25)) {
        check(&entries);
    }
}
