#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use std::net::IpAddr;

use testkit::{http, http2, tls};

use super::*;
use crate::flow::Protocol;

const LIMITS: Limits = Limits {
    directions: 4,
    per_direction: 4_096,
    total: 64 * 1024,
    idle_secs: 120,
};

#[derive(Default)]
struct Names(Vec<(u64, String)>);

impl Visit for Names {
    fn name(&mut self, seen: &Seen<'_>, _: Kind, name: &[u8], _: Note) {
        let name = String::from_utf8(name.to_vec()).unwrap();
        self.0.push((seen.packet, name));
    }
}

/// A table that is fed segments of clients who differ in their port.
struct Feed {
    table: Table,
    scratch: Scratch,
    names: Names,
    packet: u64,
    now: i64,
}

impl Feed {
    fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(limits),
            scratch: Scratch::default(),
            names: Names::default(),
            packet: 0,
            now: 1_000,
        }
    }

    /// A segment whose payload stands `at` bytes behind the first.
    fn sends(&mut self, client: u16, at: usize, payload: &[u8]) {
        self.part(client, at, payload, |_| {});
    }

    /// The same, the last that triage forwards.
    fn ends(&mut self, client: u16, at: usize, payload: &[u8]) {
        self.part(client, at, payload, |segment| segment.part.last = true);
    }

    fn part(&mut self, client: u16, at: usize, payload: &[u8], change: impl Fn(&mut Segment<'_>)) {
        self.packet += 1;
        let seen = Seen {
            packet: self.packet,
            timestamp: Timestamp::from_parts(self.now, 0),
            flow: Flow {
                src: IpAddr::from([10, 0, 0, 7]),
                dst: IpAddr::from([192, 0, 2, 80]),
                sport: client,
                dport: 443,
                protocol: Protocol::Tcp,
            },
            path: &[],
        };
        let mut segment = Segment {
            part: Part {
                origin: 7,
                sequence: 7 + u32::try_from(at).unwrap(),
                begins: at == 0,
                ..Part::default()
            },
            hint: Hint::Any,
            cut: false,
            payload,
        };
        change(&mut segment);
        self.table
            .segment(&seen, &segment, &mut self.scratch, &mut self.names);
        assert!(self.table.directions() <= self.table.limits.directions);
        assert!(self.table.order.len() <= 2 * self.table.limits.directions.max(1));
    }

    fn end(mut self) -> (Vec<String>, StreamStats) {
        self.table.drain(&mut self.scratch, &mut self.names);
        assert_eq!((self.table.directions(), self.table.bytes()), (0, 0));
        let names = self.names.0.into_iter().map(|(_, name)| name).collect();
        (names, self.table.stats())
    }
}

fn hello(host: &str) -> Vec<u8> {
    tls::client_hello(host).records()
}

/// A hello that comes slowly, while others begin theirs and say nothing more.
#[test]
fn who_was_silent_longest_makes_room() {
    let mut feed = Feed::new(LIMITS);
    let (slow, idle) = (hello("slow.example"), hello("idle.example"));
    for (at, byte) in slow.iter().enumerate() {
        feed.sends(1, at, &[*byte]);
        feed.sends(100 + u16::try_from(at).unwrap(), 0, &idle[..30]);
    }
    let others = slow.len() as u64;
    let (names, stats) = feed.end();
    assert_eq!(names, ["slow.example"]);
    // All but the last four, of which one had to go for the fourth.
    assert_eq!(stats.evicted, others - 3);
    assert_eq!(stats.incomplete, others);
}

/// They leave in the order of their last segments, whatever order they began in.
#[test]
fn the_order_is_that_of_the_last_segments() {
    let mut feed = Feed::new(LIMITS);
    let message = hello("a.example");
    for client in [1, 2, 3, 4] {
        feed.sends(client, 0, &message[..20]);
    }
    for client in [3, 1, 4] {
        feed.sends(client, 20, &message[20..30]);
    }
    let known = |feed: &Feed| {
        let mut ports: Vec<u16> = feed.table.index.keys().map(|flow| flow.sport).collect();
        ports.sort_unstable();
        ports
    };
    for (client, left) in [
        (11, [1, 3, 4, 11]),
        (12, [1, 4, 11, 12]),
        (13, [4, 11, 12, 13]),
        (14, [11, 12, 13, 14]),
    ] {
        feed.sends(client, 0, &message[..20]);
        assert_eq!(known(&feed), left);
    }
    assert_eq!(feed.end().1.evicted, 4);
}

/// Space is taken from the silent, too.
#[test]
fn bytes_of_the_silent_make_room() {
    let mut feed = Feed::new(Limits {
        directions: 16,
        total: 8 * 1024,
        ..LIMITS
    });
    let live = tls::client_hello("live.example").padding(3_000).records();
    let idle = tls::client_hello("idle.example").padding(3_000).records();
    let mut at = 0;
    for (client, piece) in (2..).zip(live.chunks(500)) {
        feed.sends(1, at, piece);
        feed.sends(client, 0, &idle[..1_900]);
        at += piece.len();
    }
    // Its name belongs to the packet that made it whole: it was never given up.
    let whole = (feed.packet - 1, "live.example".to_owned());
    assert!(feed.names.0.contains(&whole), "{:?}", feed.names.0);
    assert!(feed.table.stats().evicted_for_space > 0);
    assert_eq!(feed.table.stats().evicted, 0);
}

/// A direction that goes on hides none behind it that is over.
#[test]
fn the_silent_expire_behind_one_that_goes_on() {
    let mut feed = Feed::new(LIMITS);
    let message = hello("a.example");
    feed.sends(1, 0, &message[..20]);
    feed.sends(2, 0, &message[..20]);
    feed.now += 100;
    feed.sends(1, 20, &message[20..30]);
    feed.now += 100;
    feed.sends(3, 0, &message[..20]);
    assert_eq!(feed.table.directions(), 2);
    let (_, stats) = feed.end();
    assert_eq!((stats.expired, stats.evicted), (1, 0));
    assert_eq!((stats.incomplete, stats.without_end()), (3, 3));
}

/// Wherever the last segment ends: a message without its end is counted once.
#[test]
fn a_message_without_its_end_is_counted_once() {
    let request = http::get("half.example", "/");
    for message in [hello("half.example"), request] {
        let half = &message[..message.len() - 2];
        for (pieces, last) in [(1, true), (2, true), (1, false), (2, false)] {
            let mut feed = Feed::new(LIMITS);
            let (front, back) = half.split_at(if pieces == 1 { 0 } else { 25 });
            if pieces == 2 {
                feed.sends(1, 0, front);
            }
            feed.part(1, front.len(), back, |segment| segment.part.last = last);
            // The connection's end, after which nothing is known of it.
            feed.ends(1, half.len(), b"");
            feed.ends(1, half.len(), b"");
            let (names, stats) = feed.end();
            assert_eq!(names, ["half.example"], "{pieces} {last}");
            assert_eq!(stats.incomplete, 1, "{pieces} {last}");
        }
        // A whole one is none, nor one of which the capture kept only the beginning: that was said.
        for (payload, cut) in [(&message[..], false), (half, true)] {
            let mut feed = Feed::new(LIMITS);
            feed.part(1, 0, payload, |segment| {
                (segment.part.last, segment.cut) = (true, cut);
            });
            let (names, stats) = feed.end();
            assert_eq!((names.len(), stats.incomplete), (1, 0), "{cut}");
        }
    }
}

/// The end of a direction that was forgotten is no message.
#[test]
fn an_end_alone_is_not_counted() {
    let mut feed = Feed::new(LIMITS);
    feed.ends(1, 500, b"");
    assert_eq!(feed.end().1, StreamStats::default());
    // Data are.
    let mut feed = Feed::new(LIMITS);
    feed.ends(1, 500, b"the rest of something");
    assert_eq!(feed.end().1.incomplete, 1);
}

/// An integer of HPACK that does not fit its prefix of so many ones (RFC 7541 section 5.1).
fn integer(first: u8, prefix: u8, value: usize) -> Vec<u8> {
    let mut bytes = vec![first | prefix];
    let mut left = value - usize::from(prefix);
    while left >= 0x80 {
        bytes.push(0x80 | (left % 0x80) as u8);
        left /= 0x80;
    }
    bytes.push(left as u8);
    bytes
}

/// A client that fills the largest table of HPACK, and leaves a long header block open.
fn greedy_http2() -> Vec<u8> {
    let table = integer(0x20, 0x1f, 65_536);
    let entries =
        (0..120).flat_map(|_| [&[0x41][..], &integer(0, 0x7f, 500), &[b'a'; 500]].concat());
    let block: Vec<u8> = table.into_iter().chain(entries).collect();
    let open = [&[0x00][..], &integer(0, 0x7f, 60_000), &[b'x'; 60_000]].concat();
    [
        http2::PREFACE,
        &http2::settings(),
        &http2::frame(1, 0x04, &block),
        &http2::frame(1, 0, &open),
    ]
    .concat()
}

/// What HTTP/2 remembers beside the bytes that wait is a part of the bound.
#[test]
fn the_memory_of_http2_makes_room() {
    const TOTAL: usize = 400 * 1_024;
    let mut feed = Feed::new(Limits {
        directions: 64,
        per_direction: 272 * 1_024,
        total: TOTAL,
        idle_secs: 120,
    });
    let connection = greedy_http2();
    for client in 1..=20 {
        let mut at = 0;
        for piece in connection.chunks(1_400) {
            feed.sends(client, at, piece);
            at += piece.len();
            assert!(
                feed.table.bytes() <= TOTAL,
                "{client}: {}",
                feed.table.bytes()
            );
        }
        // Its values and its open block have more than 120,000 bytes.
        assert!(
            feed.table.bytes() >= 110_000,
            "{client}: {}",
            feed.table.bytes()
        );
    }
    let gone = 20 - feed.table.directions() as u64;
    assert!(gone >= 15, "{gone} made room");
    assert_eq!(feed.scratch.stats.http2_left, gone);
    feed.end();
}
