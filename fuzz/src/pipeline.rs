//! A whole capture through all threads: the output does not depend on their number.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use bellerophon::alert::{Evidence, Sighting};
use bellerophon::names::Kind;
use bellerophon::pipeline::{self, Config, Outcome, Progress, Sink, Task};
use bellerophon::rules::{LoadOptions, RuleSet, load};
use bellerophon::source::{self, Input};

use super::{names, scratch};

static RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(load(&LoadOptions::default()).unwrap().rules));

#[derive(Debug, Default, PartialEq, Eq)]
struct Collected {
    sightings: Vec<(usize, Sighting)>,
    lines: Vec<u8>,
}

impl Sink for Collected {
    fn sighting(&mut self, input: usize, sighting: &Sighting) -> io::Result<()> {
        self.sightings.push((input, sighting.clone()));
        Ok(())
    }

    fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.lines.extend_from_slice(lines);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Progress) {}
}

pub fn run(data: &[u8]) {
    let file = scratch::file(data, ".pcap");
    // The file twice: results of one input must not leak into the next.
    let inputs = vec![Input::File(file.path().to_owned()); 2];
    let listed = same_for_any_threads(&Task::List, &inputs);
    let (matched, outcome) = run_with((1, 1), &Task::Match(Arc::clone(&RULES)), &inputs);
    let more = run_with((2, 3), &Task::Match(Arc::clone(&RULES)), &inputs);
    assert_eq!(matched, more.0);
    assert_eq!(numbers(&outcome), numbers(&more.1));

    let lines = listed.lines.split_inclusive(|&b| b == b'\n');
    assert_eq!(lines.clone().count() as u64, outcome.workers.names_total());
    assert!(lines.clone().all(|line| line.ends_with(b"}\n")));
    assert!(matched.lines.is_empty() && listed.sightings.is_empty());
    let mut last = 0;
    for (input, sighting) in &matched.sightings {
        // What waited for more packets is found later than it was seen.
        assert!(last <= *input, "one input after the other");
        last = *input;
        assert!((1..=outcome.reader.packets / 2).contains(&sighting.packet));
        match sighting.evidence {
            Evidence::Name(Kind::MdnsQuery | Kind::MdnsAnswer) => {
                names::check_mdns(sighting.name.as_bytes());
            }
            Evidence::Name(_) => names::check_text(sighting.name.as_bytes()),
            // The name is that of an answer seen before.
            Evidence::Resolved(_) => {
                assert!(RULES.match_name(sighting.name.as_bytes()).is_some());
                assert!(sighting.resolution.is_some());
                continue;
            }
            Evidence::Address(_) => panic!("no address is listed"),
        }
        let hit = RULES.match_name(sighting.name.as_bytes());
        assert_eq!(hit, Some(sighting.hit));
    }
    let (first, second): (Vec<_>, Vec<_>) =
        matched.sightings.iter().partition(|(input, _)| *input == 0);
    let bare = |(_, sighting): &&(usize, Sighting)| (*sighting).clone();
    assert!(first.iter().map(bare).eq(second.iter().map(bare)));
}

fn same_for_any_threads(task: &Task, inputs: &[Input]) -> Collected {
    let (one, outcome) = run_with((1, 1), task, inputs);
    for threads in [(1, 3), (2, 2)] {
        let (more, other) = run_with(threads, task, inputs);
        assert_eq!(
            String::from_utf8_lossy(&one.lines),
            String::from_utf8_lossy(&more.lines)
        );
        assert_eq!(numbers(&outcome), numbers(&other));
    }
    one
}

/// All that is counted, except for times.
fn numbers(outcome: &Outcome) -> String {
    let Outcome {
        reader,
        workers,
        inputs,
        latency,
        held,
        cpu: _,
        sink_error,
    } = outcome;
    assert!(sink_error.is_none());
    // A map prints in any order.
    let mut reader = reader.clone();
    let gaps = std::mem::take(&mut reader.gaps);
    format!(
        "{reader:?} {:?} {} {workers:?} {inputs:?} {held:?} {}",
        gaps.sorted(),
        gaps.others(),
        latency.len()
    )
}

fn run_with(
    (readers, workers): (usize, usize),
    task: &Task,
    inputs: &[Input],
) -> (Collected, Outcome) {
    let config = Config {
        task: task.clone(),
        inputs: inputs.to_vec(),
        source: source::Options::default(),
        readers,
        workers,
        filter: None,
        resolves: true,
    };
    let mut sink = Collected::default();
    let stop = Arc::new(AtomicBool::new(false));
    let outcome = pipeline::run(config, &mut sink, &Progress::default(), &stop).unwrap();
    let read: u64 = outcome.reader.packets;
    let known = outcome.inputs.iter().filter_map(|i| i.report.as_ref());
    assert_eq!(read, known.map(|report| report.frames).sum::<u64>());
    (sink, outcome)
}
