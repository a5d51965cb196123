//! From a message to its names, and from a name to a hit: `names` and `rules`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::net::IpAddr;

use bellerophon::flow::{Flow, Protocol};
use bellerophon::names::quic::{self, Quic};
use bellerophon::names::stream::{Direction, Hint, Note, Scratch};
use bellerophon::names::text::NameText;
use bellerophon::names::{Kind, Step, dns, tls};
use bellerophon::rules::{self, LoadOptions, RuleSet};
use bellerophon::stream::part::Part;
use bellerophon::stream::roles::Start;
use bellerophon::stream::table::{Limits, Seen, Segment, Table, Visit};
use bellerophon::time::Timestamp;
use testkit::rng::Rng;

use super::{Failure, Piece, check, inputs, repeat};

pub(crate) fn pieces() -> Result<Vec<Piece>, Failure> {
    Ok(vec![
        dns("DNS query", inputs::dns_query(), 1)?,
        dns(
            "DNS response, 2 aliases and 4 addresses",
            inputs::dns_response(),
            4,
        )?,
        hello("ClientHello", inputs::client_hello())?,
        hello(
            "ClientHello, post-quantum",
            inputs::client_hello_post_quantum(),
        )?,
        quic("QUIC Initial", inputs::quic_initial())?,
        stream("HTTP request", inputs::http_request(), 1)?,
        stream("server flight with certificate", inputs::server_flight(), 3)?,
        two_segments()?,
    ])
}

fn read_dns(message: &[u8], scratch: &mut dns::Scratch, visit: &mut impl FnMut(Kind, &[u8])) {
    let end = dns::datagram(message, false, false, scratch, &mut |kind, name, _| {
        visit(kind, name);
    });
    black_box(end);
}

fn dns(name: &'static str, message: &'static [u8], wanted: usize) -> Result<Piece, Failure> {
    let mut scratch = dns::Scratch::default();
    let mut found = 0;
    read_dns(message, &mut scratch, &mut |_, _| found += 1);
    check(found == wanted, &format!("{name}: {found} names are read"))?;
    let run = repeat(move || {
        read_dns(black_box(message), &mut scratch, &mut |kind, name| {
            black_box((kind, name));
        });
    });
    Ok(Piece::new(("names", name), "message", message.len(), run))
}

fn hello(name: &'static str, payload: &'static [u8]) -> Result<Piece, Failure> {
    let (mut joined, mut host) = (Vec::new(), NameText::default());
    let mut read = move |payload: &[u8]| {
        tls::client_hello(payload, &mut joined, &mut |name| {
            // As a worker does: the host in presentation form, lower case.
            let _ = black_box(host.set_host(name));
            black_box(host.as_bytes());
        })
    };
    check(matches!(read(payload), tls::Hello::Named { .. }), name)?;
    let run = repeat(move || read(black_box(payload)));
    Ok(Piece::new(("names", name), "hello", payload.len(), run))
}

fn flow(protocol: Protocol) -> Flow {
    Flow {
        src: IpAddr::from([10, 0, 0, 7]),
        dst: IpAddr::from([203, 0, 113, 10]),
        sport: 53_124,
        dport: 443,
        protocol,
    }
}

/// Every round is another flow: keys are made, the packet is decrypted, and its hello read. Once the
/// table is full, an earlier flow makes room.
fn quic(name: &'static str, datagram: &'static [u8]) -> Result<Piece, Failure> {
    // As one of the workers' shards.
    let mut state = Quic::new(quic::Limits {
        flows: 512,
        bytes: 512 * 1024,
    });
    let mut flow = flow(Protocol::Udp);
    let mut number = 0u64;
    let mut read = move |datagram: &[u8]| {
        number += 1;
        flow.sport = flow.sport.wrapping_add(1);
        let now = Timestamp::from_parts(1_700_000_000, 0);
        let mut names = 0;
        state.datagram(&flow, now, number, &[], datagram, &mut |found| {
            black_box(found);
            names += 1;
        });
        names
    };
    check((0..1_000).all(|_| read(datagram) == 1), name)?;
    let run = repeat(move || read(black_box(datagram)));
    Ok(Piece::new(("names", name), "datagram", datagram.len(), run))
}

/// The first bytes of one direction of a connection, all there.
fn stream(name: &'static str, bytes: &'static [u8], wanted: usize) -> Result<Piece, Failure> {
    let mut scratch = Scratch::default();
    let mut read = move |mut bytes: &[u8]| {
        let mut direction = Direction::new(Hint::Any);
        let mut names = 0;
        while !bytes.is_empty() {
            let mut visit = |kind: Kind, name: &[u8], note: Note| {
                black_box((kind, name, note));
                names += 1;
            };
            match direction.read(bytes, false, &mut scratch, &mut visit) {
                Step::Took(n) => {
                    let n = usize::try_from(n).unwrap_or(usize::MAX);
                    bytes = bytes.get(n..).unwrap_or_default();
                }
                Step::Need(_) | Step::End => break,
            }
        }
        names
    };
    let found = read(bytes);
    check(found == wanted, &format!("{name}: {found} names are read"))?;
    let run = repeat(move || read(black_box(bytes)));
    Ok(Piece::new(("names", name), "message", bytes.len(), run))
}

/// Counts names.
#[derive(Default)]
struct Count(u64);

impl Visit for Count {
    fn name(&mut self, seen: &Seen<'_>, kind: Kind, name: &[u8], note: Note) {
        black_box((seen, kind, name, note));
        self.0 += 1;
    }
}

/// A hello that waits for its second segment. Every round is another connection.
fn two_segments() -> Result<Piece, Failure> {
    let name = "ClientHello in two segments";
    let hello = inputs::client_hello_post_quantum();
    let (first, second) = hello
        .split_at_checked(1_400)
        .ok_or("the benchmark is wrong: a short hello")?;
    let mut table = Table::new(Limits::default());
    let mut scratch = Scratch::default();
    let mut count = Count::default();
    let mut origin = 0u32;
    let mut seen = Seen {
        packet: 0,
        timestamp: Timestamp::from_parts(1_700_000_000, 0),
        flow: flow(Protocol::Tcp),
        path: &[],
    };
    let mut read = move |first: &[u8], second: &[u8]| {
        count.0 = 0;
        origin = origin.wrapping_add(100_003);
        let mut sequence = origin;
        for (payload, last) in [(first, false), (second, true)] {
            seen.packet += 1;
            let part = Part {
                origin,
                sequence,
                last,
                begins: !last,
                start: if last { Start::Unknown } else { Start::Opener },
                ..Part::default()
            };
            let segment = Segment {
                part,
                hint: Hint::Any,
                cut: false,
                payload,
            };
            table.segment(&seen, &segment, &mut scratch, &mut count);
            sequence = sequence.wrapping_add(payload.len() as u32);
        }
        count.0
    };
    check(read(first, second) == 1 && read(first, second) == 1, name)?;
    let run = repeat(move || read(black_box(first), black_box(second)));
    Ok(Piece::new(("stream", name), "hello", hello.len(), run))
}

/// What a phone looks up all day, with two that only look like an indicator.
const INNOCENT: [&str; 16] = [
    "www.example.com",
    "graph.facebook.com",
    "a1931.dscgi3.akamai.net",
    "e673.dsce9.akamaiedge.net",
    "mobile.events.data.microsoft.com",
    "firebaselogging-pa.googleapis.com",
    "gateway.fe2.apple-dns.net",
    "mask.icloud.com",
    "34-courier.push.apple.com",
    "d2vywhkz6wvcdq.cloudfront.net",
    "media.fams1-2.fna.whatsapp.net",
    "api.weatherapi.com",
    "www.tribunnews.com",
    "time.android.com",
    "7.113.0.203.in-addr.arpa",
    "ocsp.digicert.com",
];

/// Matching with the built-in Pegasus pack.
pub(crate) fn matching() -> Result<Vec<Piece>, Failure> {
    let rules = rules::load(&LoadOptions::default())?.rules;
    let rules: &'static RuleSet = Box::leak(Box::new(rules));
    // Sixteen from all over the list, so that no branch is always right.
    let step = rules.len() / 16;
    let listed = || rules.indicators().step_by(step.max(1)).take(16);
    let exact: Vec<String> = listed()
        .map(|(_, indicator)| indicator.name.to_owned())
        .collect();
    let below = exact
        .iter()
        .map(|name| format!("bun54l2b67.get1tn0w.{name}"))
        .collect();
    let innocent = INNOCENT.map(str::to_owned).to_vec();
    Ok(vec![
        matching_all("hit, a listed name", rules, exact, true)?,
        matching_all("hit, two labels below a listed name", rules, below, true)?,
        matching_all("miss", rules, innocent, false)?,
        matching_many("16,384 names, 1,444 listed", || Ok(rules), true),
        matching_many("16,384 names, 100,000 listed", || list_of(100_000), true),
        matching_many(
            "16,384 names, 1,000,000 listed",
            || list_of(1_000_000),
            false,
        ),
    ])
}

/// Names as lists have them: 20.5 bytes on the average, one in four with three labels.
fn list_of(count: usize) -> Result<&'static RuleSet, Failure> {
    let mut random = Rng::new(7);
    let mut text = String::from("bellerophon: 1\npack: long\ngroups:\n  - domains:\n");
    for _ in 0..count {
        let name = registered(&mut random);
        let _ = match random.below(4) {
            0 => writeln!(text, "      - {}.{name}", label(&mut random, 4)),
            _ => writeln!(text, "      - {name}"),
        };
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("long.yaml");
    std::fs::write(&file, text)?;
    let rules = rules::load(&LoadOptions {
        rules: vec![file],
        packs: Vec::new(),
        ..LoadOptions::default()
    })?
    .rules;
    // A few names come out twice.
    check(rules.len() > count - count / 1_000, "a list is short")?;
    Ok(Box::leak(Box::new(rules)))
}

fn registered(random: &mut Rng) -> String {
    let ending = *random.pick(&["com", "com", "com", "net", "org", "info", "online", "co.uk"]);
    format!("{}.{ending}", label(random, 13))
}

/// Of about this length.
fn label(random: &mut Rng, about: u64) -> String {
    let length = about - about / 4 + random.below(about / 2 + 1);
    (0..length)
        .map(|_| char::from(*random.pick(b"abcdefghijklmnopqrstuvwxyz0123456789-")))
        .collect()
}

/// So many names that neither the branches nor the places in the index are known from the last time:
/// hosts of innocent domains, and one in 64 below a listed name. The list is built by the first
/// round. Where that takes long under callgrind, `count` is false.
fn matching_many(
    name: &'static str,
    list: impl Fn() -> Result<&'static RuleSet, Failure> + 'static,
    count: bool,
) -> Piece {
    const NAMES: usize = 16_384;
    let build = move || -> Result<_, Failure> {
        let rules = list()?;
        let mut random = Rng::new(11);
        let mut listed = rules.indicators().step_by(rules.len() / 256);
        let names: Vec<String> = (0..NAMES)
            .map(|n| match (n % 64 == 0).then(|| listed.next()).flatten() {
                Some((_, indicator)) => format!("x9.{}", indicator.name),
                None => format!("{}.{}", label(&mut random, 6), registered(&mut random)),
            })
            .collect();
        let is_hit = |name: &&String| rules.match_name(name.as_bytes()).is_some();
        let hits = names.iter().filter(is_hit).count();
        check((250..300).contains(&hits), &format!("{name}: {hits} hits"))?;
        let names: &'static [String] = names.leak();
        Ok((rules, names.iter().cycle()))
    };
    let mut ready = None;
    let run = Box::new(move |rounds| {
        let (rules, names) = ready.get_or_insert_with(|| build().unwrap_or_else(|e| give_up(&e)));
        for name in names.take(rounds as usize) {
            black_box(rules.match_name(black_box(name).as_bytes()));
        }
    });
    Piece {
        count_rounds: count.then_some(NAMES as u64),
        ..Piece::new(("match", name), "name", 23, run)
    }
}

/// A round has nobody to return an error to.
fn give_up(error: &Failure) -> ! {
    let _ = writeln!(io::stderr(), "{error}");
    std::process::exit(1)
}

/// One name a round, taking turns.
fn matching_all(
    name: &'static str,
    rules: &'static RuleSet,
    names: Vec<String>,
    wanted: bool,
) -> Result<Piece, Failure> {
    check(names.len() == 16, name)?;
    for tried in &names {
        check(
            rules.match_name(tried.as_bytes()).is_some() == wanted,
            tried,
        )?;
    }
    let mean_bytes = names.iter().map(String::len).sum::<usize>() / names.len();
    let names: &'static [String] = names.leak();
    let mut turns = names.iter().cycle();
    let run = repeat(move || {
        turns
            .next()
            .map(|name| rules.match_name(black_box(name).as_bytes()))
    });
    // Every name as often as every other.
    let count_rounds = Some(100 * names.len() as u64);
    Ok(Piece {
        count_rounds,
        ..Piece::new(("match", name), "name", mean_bytes, run)
    })
}
