//! Frames of one flow, a capture out of them, and what the pipeline reads in it.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use bellerophon::alert::Sighting;
use bellerophon::pipeline::{self, Config, Outcome, Progress, Sink, Task};
use bellerophon::rules::{self, LoadOptions, RuleSet};
use bellerophon::source::{self, Input};
use serde_json::Value;
use testkit::capture::{Packet, Pcap};
use testkit::dns::{Message, Place};
use testkit::frame::{Link, ethernet};
use testkit::rng::Rng;
use testkit::transport::Tcp;

/// When captures begin: 2021-07-18.
pub(crate) const START: u64 = 1_626_602_400_000_000_000;

/// Nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// (kind, name)
pub(crate) type Name = (String, String);

/// One direction of a TCP connection.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    link: Link,
    src: (String, u16),
    dst: (String, u16),
    /// Sequence number of the first byte.
    first: u32,
    /// That of the other direction, where this one is its answer.
    answers: u32,
}

/// A client's direction to a server's port.
pub(crate) fn to(port: u16) -> Way {
    Way {
        link: ethernet(),
        src: ("10.0.0.7".to_owned(), 50_123),
        dst: ("192.0.2.80".to_owned(), port),
        first: 0x1000,
        answers: 1,
    }
}

impl Way {
    /// Sets the number of the first byte.
    pub(crate) fn number(mut self, first: u32) -> Self {
        self.first = first;
        self
    }

    /// Sets the client's end.
    pub(crate) fn from(mut self, address: &str, port: u16) -> Self {
        self.src = (address.to_owned(), port);
        self
    }

    /// Sets the server's address.
    pub(crate) fn with_destination(mut self, address: &str) -> Self {
        address.clone_into(&mut self.dst.0);
        self
    }

    /// The server's direction, whose first byte has this number.
    pub(crate) fn back(&self, first: u32) -> Self {
        Self {
            link: self.link.clone().reversed(),
            src: self.dst.clone(),
            dst: self.src.clone(),
            first,
            answers: self.first,
        }
    }

    /// A segment that begins `offset` bytes behind the first byte.
    pub(crate) fn segment(&self, offset: usize) -> Tcp {
        let seq = self.first.wrapping_add(offset as u32);
        self.link
            .clone()
            .ip(&self.src.0, &self.dst.0)
            .tcp(self.src.1, self.dst.1)
            .seq(seq)
    }

    /// A segment with data.
    pub(crate) fn data(&self, offset: usize, bytes: &[u8]) -> Vec<u8> {
        self.segment(offset).ack(1).push().payload(bytes)
    }

    pub(crate) fn syn(&self) -> Vec<u8> {
        let before = self.clone().number(self.first.wrapping_sub(1));
        before.segment(0).syn().syn_options().empty()
    }

    pub(crate) fn syn_ack(&self) -> Vec<u8> {
        let before = self.clone().number(self.first.wrapping_sub(1));
        before
            .segment(0)
            .syn()
            .ack(self.answers)
            .syn_options()
            .empty()
    }

    pub(crate) fn rst(&self, offset: usize) -> Vec<u8> {
        self.segment(offset).rst().empty()
    }

    pub(crate) fn fin(&self, offset: usize) -> Vec<u8> {
        self.segment(offset).ack(1).fin().empty()
    }

    /// All of `bytes` in segments of `len` at most, in order.
    pub(crate) fn cut(&self, bytes: &[u8], len: usize) -> Vec<Vec<u8>> {
        bytes
            .chunks(len)
            .enumerate()
            .map(|(i, piece)| self.data(i * len, piece))
            .collect()
    }

    /// The same, but the first segment has `first` bytes.
    pub(crate) fn cut_after(&self, first: usize, bytes: &[u8], len: usize) -> Vec<Vec<u8>> {
        let (head, rest) = bytes.split_at(first);
        let mut frames = vec![self.data(0, head)];
        let behind = self.clone().number(self.first.wrapping_add(first as u32));
        frames.extend(behind.cut(rest, len));
        frames
    }

    /// The same behind a SYN.
    pub(crate) fn opened(&self, bytes: &[u8], len: usize) -> Vec<Vec<u8>> {
        let mut frames = vec![self.syn()];
        frames.extend(self.cut(bytes, len));
        frames
    }
}

/// Frames a millisecond apart.
pub(crate) fn packets(frames: Vec<Vec<u8>>) -> Vec<Packet> {
    let times = (0..).map(|n| START + n * 1_000_000);
    times
        .zip(frames)
        .map(|(time, frame)| Packet::new(time, frame))
        .collect()
}

/// What is left of `frames` in an order of the seed's choice; the first `kept` stay in front.
pub(crate) fn shuffled(mut frames: Vec<Vec<u8>>, kept: usize, seed: u64) -> Vec<Vec<u8>> {
    Rng::new(seed).shuffle(&mut frames[kept..]);
    frames
}

/// What came of a capture.
pub(crate) struct Read {
    pub(crate) text: Vec<u8>,
    pub(crate) outcome: Outcome,
}

impl Read {
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<Name> {
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        let lines = self.lines();
        let mut names: Vec<Name> = lines
            .iter()
            .map(|line| (text(line, "kind"), text(line, "name")))
            .collect();
        names.sort();
        names
    }

    /// All names, each once.
    pub(crate) fn distinct(&self) -> Vec<Name> {
        let mut names = self.names();
        names.dedup();
        names
    }

    /// Segments that contradict others.
    pub(crate) fn conflicts(&self) -> u64 {
        self.outcome.workers.streams.conflicts
    }

    #[track_caller]
    pub(crate) fn holds(self, wanted: &[(&str, &str)]) -> Self {
        assert_eq!(self.names(), sorted(wanted));
        self
    }
}

/// Names as [`Read::names`] gives them.
pub(crate) fn sorted(names: &[(&str, &str)]) -> Vec<Name> {
    let mut names: Vec<Name> = names
        .iter()
        .map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()))
        .collect();
    names.sort();
    names
}

/// What DNS messages hold, as [`Read::distinct`] gives it.
pub(crate) fn dns_names(messages: &[Message]) -> Vec<Name> {
    let kind = |place: Place| match place {
        Place::Question => "dns_query",
        Place::Record => "dns_answer",
    };
    let mut names: Vec<Name> = messages
        .iter()
        .flat_map(Message::names)
        .map(|(place, name)| (kind(*place).to_owned(), name.clone()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[derive(Default)]
struct Lines(Vec<u8>);

impl Sink for Lines {
    fn sighting(&mut self, _: usize, _: &Sighting) -> io::Result<()> {
        panic!("no name is listed")
    }

    fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(lines);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn tick(&mut self, _: &Progress) {}
}

/// The built-in rules: no test sends a name that they list.
fn no_name_of_ours() -> Arc<RuleSet> {
    static RULES: LazyLock<Arc<RuleSet>> =
        LazyLock::new(|| Arc::new(rules::load(&LoadOptions::default()).unwrap().rules));
    Arc::clone(&RULES)
}

/// Reads captures one after the other, as `names` does, and once more as `replay` does.
pub(crate) fn read_captures(captures: &[Vec<Packet>], workers: usize) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let file = |(number, packets): (usize, &Vec<Packet>)| {
        let path = folder.path().join(format!("{number}.pcap"));
        let link = ethernet().link_type();
        let capture = Pcap::new(link).nanoseconds().packets(packets);
        std::fs::write(&path, capture.bytes()).unwrap();
        Input::File(path)
    };
    let inputs: Vec<Input> = captures.iter().enumerate().map(file).collect();
    let run = |task: Task| {
        let config = Config {
            task,
            inputs: inputs.clone(),
            source: source::Options::default(),
            readers: 1,
            workers,
            filter: None,
            resolves: true,
        };
        let mut sink = Lines::default();
        let stop = Arc::new(AtomicBool::new(false));
        let outcome = pipeline::run(config, &mut sink, &Progress::default(), &stop).unwrap();
        (sink, outcome)
    };
    let (sink, outcome) = run(Task::List);
    // Where names are matched, the reader keeps innocent messages from the workers. It must not show.
    let (_, matched) = run(Task::Match(no_name_of_ours()));
    let counts = |outcome: &Outcome| {
        let workers = &outcome.workers;
        let streams = &workers.streams;
        let kept = (workers.names, workers.dns, workers.messages);
        (kept, streams.content, streams.conflicts, streams.incomplete)
    };
    assert_eq!(counts(&matched), counts(&outcome));
    let mut text = String::from_utf8(sink.0).unwrap();
    // Runs are compared with each other, wherever their files lay.
    text = text.replace(folder.path().to_str().unwrap(), "");
    Read {
        text: text.into_bytes(),
        outcome,
    }
}

/// Reads a capture with two workers.
pub(crate) fn read_packets(packets: &[Packet]) -> Read {
    read_captures(&[packets.to_vec()], 2)
}

/// Reads frames a millisecond apart.
pub(crate) fn read(frames: Vec<Vec<u8>>) -> Read {
    read_packets(&packets(frames))
}
