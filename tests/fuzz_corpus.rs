//! Replays the fuzzers' committed corpus (`fuzz/corpus/`) on stable Rust, without libFuzzer.
//!
//! `BELLEROPHON_SEEDS=FOLDER cargo test --test fuzz_corpus` also writes seeds into `FOLDER`, a
//! folder for each target, made of the testkit's captures: `make fuzz` starts from them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may"
)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

#[path = "fuzz_corpus/packets.rs"]
mod packets;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bellerophon::cli::Cli;
use bellerophon::config;
use bellerophon::names::stream::{Hint, Shape, shape};
use bellerophon::packet::{Packet, Stop, decode};
use bellerophon::source::{Capture, Fill, Input, LinkType, Options};
use bellerophon::time::Timestamp;
use bellerophon::triage::{Reader, Triage, Verdict};
use clap::CommandFactory;
use testkit::dns::{self, malformed};
use testkit::{http, http2, nbns, quic, scenarios, socks, starttls, tls};

type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("capture", targets::capture::run),
    ("packet", targets::packet::run),
    ("dns", targets::dns::run),
    ("nbns", targets::nbns::run),
    ("tls", targets::tls::run),
    ("tls_server", targets::tls_server::run),
    ("x509", targets::x509::run),
    ("dtls", targets::dtls::run),
    ("http", targets::http::run),
    ("stream", targets::stream::run),
    ("assembly", targets::assembly::run),
    ("triage", targets::triage::run),
    ("quic", targets::quic::run),
    ("defrag", targets::defrag::run),
    ("rules", targets::rules::run),
    ("lookup", targets::lookup::run),
    ("config", targets::config::run),
    ("request", targets::request::run),
    ("pipeline", targets::pipeline::run),
    ("allow", targets::allow::run),
    ("pattern", targets::pattern::run),
    ("list_adblock", targets::lists::adblock),
    ("list_csv", targets::lists::csv),
    ("list_dataset", targets::lists::dataset),
    ("list_dnsmasq", targets::lists::dnsmasq),
    ("list_hosts", targets::lists::hosts),
    ("list_maltrail", targets::lists::maltrail),
    ("list_misp", targets::lists::misp),
    ("list_openioc", targets::lists::openioc),
    ("list_plain", targets::lists::plain),
    ("list_rpz", targets::lists::rpz),
    ("list_stix", targets::lists::stix),
    ("list_suricata", targets::lists::suricata),
    ("list_unbound", targets::lists::unbound),
    ("list_warninglist", targets::lists::warninglist),
    ("list_zeek", targets::lists::zeek),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn corpus_holds() {
    let mut failed = Vec::new();
    for &(target, run) in TARGETS {
        let files = files(&fuzz().join("corpus").join(target));
        assert!(!files.is_empty(), "{target} has no corpus");
        for file in files {
            let data = fs::read(&file).unwrap();
            if catch_unwind(|| run(&data)).is_err() {
                failed.push(file);
            }
        }
    }
    assert!(failed.is_empty(), "see the panics above: {failed:?}");
}

/// A target that is not in the list above would never be replayed.
#[test]
fn all_targets_are_replayed() {
    let mut known: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
    known.sort_unstable();
    let found: Vec<String> = files(&fuzz().join("fuzz_targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, known);
}

#[test]
fn seeds_hold() {
    let export = std::env::var_os("BELLEROPHON_SEEDS").map(PathBuf::from);
    for &(target, run) in TARGETS {
        for (name, seed) in seeds(target) {
            run(&seed);
            if let Some(folder) = export.as_deref().map(|folder| folder.join(target)) {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(name), seed).unwrap();
            }
        }
    }
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut add = |seed: Vec<u8>| seeds.push((format!("seed-{:03}", seeds.len()), seed));
    match target {
        "capture" | "pipeline" => {
            scenarios::all()
                .iter()
                .map(scenarios::Scenario::file_bytes)
                .filter(|bytes| bytes.len() < 20_000)
                .for_each(&mut add);
            // What is in a capture is nothing to its reader.
            if target == "pipeline" {
                let quic = quic_datagrams().into_iter().flatten();
                let dtls = handshakes::datagrams_of_all().into_iter().flatten();
                let datagrams: Vec<Vec<u8>> = quic.chain(dtls).collect();
                let cut = dialogues().into_iter().chain(handshakes::flights());
                let streams: Vec<Vec<u8>> = cut.map(|seed| seed[1..].to_vec()).collect();
                packets::captures(&datagrams, &streams)
                    .into_iter()
                    .for_each(add);
            }
        }
        "packet" => frames().into_iter().chain(packets::frames()).for_each(add),
        "dns" => {
            malformed::all().into_iter().for_each(|(_, m)| add(m));
            for message in [
                dns::query(1, "a.example", dns::A).edns(1_232),
                dns::response(2, "a.example", dns::A).cname("a.example", "b.example"),
            ] {
                add(message.over_tcp());
            }
            payloads(|reader, _| {
                matches!(
                    reader,
                    Reader::Dns
                        | Reader::DnsShaped
                        | Reader::Mdns
                        | Reader::Llmnr
                        | Reader::Stream(_, Hint::Dns)
                )
            })
            .into_iter()
            .for_each(add);
        }
        "nbns" => {
            let phone = [192, 0, 2, 7];
            for message in [
                nbns::message(1).question("FILESERVER", 0x20),
                nbns::message(2).status_question(),
                nbns::message(3)
                    .opcode(5)
                    .question("WORKGROUP", 0x1e)
                    .registers(phone),
                nbns::message(4).question_raw(&nbns::encode(b"HOST", 0, "office.example"), 0x20),
                nbns::response(5).answer("FILESERVER", 0x20, phone),
                nbns::response(6).status(&[(b"DESKTOP", 0), (b"\x01\x02__MSBROWSE__\x02", 1)]),
            ] {
                add(message.into());
            }
        }
        "tls" => payloads(|_, payload| shape(payload) == Shape::ClientHello)
            .into_iter()
            .for_each(add),
        "http" => http_heads().into_iter().for_each(add),
        "stream" => dialogues().into_iter().for_each(add),
        "assembly" => shuffled().into_iter().for_each(add),
        "triage" => opened().into_iter().for_each(add),
        "dtls" => handshakes::datagrams().into_iter().for_each(add),
        "tls_server" => handshakes::flights().into_iter().for_each(add),
        "x509" => handshakes::certificates().into_iter().for_each(add),
        "quic" => quic_flights().into_iter().for_each(add),
        "rules" => {
            for pack in bellerophon::rules::built_in() {
                let lines: Vec<&str> = pack.yaml.lines().take(60).collect();
                add(lines.join("\n").into_bytes());
            }
        }
        "lookup" => {
            for name in [
                "!", "a.b.!.", "A\\.!", "\\032.!", "x!", "!.au", ".!", "..", "é.!",
            ] {
                for choice in [0u16, 7, 300, 1_430, 1_500, 2_000] {
                    let mut seed = choice.to_be_bytes().to_vec();
                    seed.extend(name.bytes());
                    add(seed);
                }
            }
        }
        "config" => {
            let template = config::template(&Cli::command(), "watch").unwrap();
            for line in template.lines().filter(|line| line.starts_with('#')) {
                add(line.trim_start_matches('#').as_bytes().to_vec());
            }
            add(include_bytes!("../packaging/bellerophon.yaml").to_vec());
        }
        "request" => {
            for head in [
                "GET /metrics HTTP/1.1\r\nHost: localhost:9469\r\n\r\n",
                "HEAD / HTTP/1.0\n\n",
                "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
                "GET http://[::1]/healthz?x HTTP/1.1\r\nHost: [::1]\r\n\r\n",
                "\x16\x03\x01",
            ] {
                for cut in [0, 5, 40, 255] {
                    add([&[cut], head.as_bytes()].concat());
                }
            }
        }
        "defrag" => defrag_orders().into_iter().for_each(add),
        // Their corpus was written by hand.
        lists if lists == "allow" || lists == "pattern" || lists.starts_with("list_") => {
            for file in files(&fuzz().join("corpus").join(lists)) {
                add(fs::read(file).unwrap());
            }
        }
        other => panic!("no seeds for {other}"),
    }
    seeds
}

/// Fragments for the target's orders: identification, flags (1 more, 2 cut), offset, bytes of
/// data, seconds since the one before, repeats of the data.
fn defrag_orders() -> Vec<Vec<u8>> {
    type Order = (u8, u8, u16, u16, u8, u8);
    let streams: [&[Order]; 9] = [
        &[
            (1, 1, 0, 16, 0, 0),
            (1, 1, 16, 8, 0, 0),
            (1, 0, 24, 5, 0, 0),
        ],
        &[
            (1, 0, 24, 5, 0, 0),
            (1, 1, 16, 8, 0, 0),
            (1, 1, 0, 16, 0, 0),
        ],
        // Overlaps, repeats, two ends.
        &[
            (1, 1, 0, 16, 0, 0),
            (1, 1, 8, 16, 0, 0),
            (1, 1, 0, 16, 0, 0),
            (1, 0, 24, 9, 0, 0),
        ],
        &[
            (1, 0, 24, 8, 0, 0),
            (1, 0, 16, 8, 0, 0),
            (1, 1, 24, 16, 0, 0),
            (1, 1, 0, 24, 0, 0),
        ],
        // Cut, empty, no multiple of eight, too long, alone.
        &[
            (1, 3, 0, 13, 0, 0),
            (1, 2, 16, 3, 0, 0),
            (1, 1, 0, 16, 0, 0),
            (1, 0, 16, 3, 0, 0),
        ],
        &[
            (1, 1, 0, 0, 0, 0),
            (1, 1, 8, 7, 0, 0),
            (1, 0, 65_528, 8, 0, 0),
            (1, 0, 0, 20, 0, 0),
        ],
        // Lifetime, with and without a first fragment.
        &[
            (1, 1, 0, 8, 0, 0),
            (2, 1, 8, 8, 0, 0),
            (3, 1, 0, 8, 15, 0),
            (4, 1, 0, 8, 15, 0),
            (5, 1, 0, 8, 15, 0),
            (1, 0, 8, 8, 15, 0),
        ],
        // More datagrams, more bytes and more parts than the bounds allow.
        &[
            (1, 1, 0, 8, 0, 0),
            (2, 1, 8, 8, 0, 0),
            (3, 1, 0, 8, 0, 0),
            (4, 1, 0, 8, 0, 0),
            (5, 1, 0, 8, 0, 0),
            (6, 1, 0, 8, 0, 0),
            (7, 1, 0, 8, 0, 0),
        ],
        &[
            (1, 1, 0, 800, 0, 31),
            (2, 1, 25_600, 800, 0, 31),
            (3, 1, 0, 800, 0, 31),
            (1, 0, 25_600, 9, 0, 31),
        ],
    ];
    let mut seeds: Vec<Vec<u8>> = streams.iter().map(|s| encode_orders(s)).collect();
    let holes: Vec<Order> = (0..16).map(|n| (1, 1, n * 16, 8, 0, 0)).collect();
    seeds.push(encode_orders(&holes));
    seeds
}

fn encode_orders(orders: &[(u8, u8, u16, u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for &(id, flags, offset, length, seconds, repeat) in orders {
        let ([o0, o1], [l0, l1]) = (offset.to_be_bytes(), length.to_be_bytes());
        bytes.extend([id, flags, o0, o1, l0, l1, seconds, repeat]);
        bytes.extend((0..length).map(|at| (at % 251) as u8));
    }
    bytes
}

/// Requests, and what follows them in a connection.
fn http_heads() -> Vec<Vec<u8>> {
    vec![
        http::get("a.example:8080", "/"),
        http::connect("[2001:db8::1]:443"),
        http::post("a.example", "/", b"body"),
        http::post_chunked("a.example", "/", &[b"one", b"two"]),
        http::redirect(307, "https://a.example/"),
        b"GET http://u@a.example/ HTTP/1.0\nHOST :\n a.example \nHost: b.example\n\n".to_vec(),
        b"GET /\r\nHost: a.example\r\n\r\n".to_vec(),
    ]
}

/// One side of connections of every kind. The first byte says how they are cut.
fn dialogues() -> Vec<Vec<u8>> {
    let hello = tls::client_hello("a.example").records();
    let behind = |start: Vec<u8>| [&[40], &start[..], &hello].concat();
    let clients = starttls::clients().into_iter();
    let mut dialogues: Vec<Vec<u8>> = clients.map(|(_, start)| behind(start)).collect();
    for (_, start) in starttls::servers() {
        dialogues.push([&[40], &start[..], &tls::server_hello()].concat());
    }
    let next = http::get("b.example", "/");
    for head in http_heads() {
        dialogues.push([&[40], &head[..], &next].concat());
        dialogues.push(behind(head));
    }
    dialogues.push([&[9], &http2::connection("a.example")[..]].concat());
    dialogues.push(behind(socks::v4a("a.example", 80, "me")));
    dialogues.push(behind(
        [
            socks::greeting(&[0, 2]),
            socks::log_in("u", "p"),
            socks::v5("a.example", 80),
        ]
        .concat(),
    ));
    dialogues.push([&[9], &dns::query(7, "a.example", dns::A).over_tcp()[..]].concat());
    dialogues
}

/// Messages with orders for the target that puts segments together: where, how long, how, of whom.
fn shuffled() -> Vec<Vec<u8>> {
    type Orders = &'static [[u8; 4]];
    let forwards: Orders = &[[0, 0, 0, 0], [100, 0, 0, 0], [200, 0, 0, 0]];
    let backwards: Orders = &[[200, 30, 0, 0], [100, 30, 0, 0], [50, 30, 0, 0]];
    let overlaps: Orders = &[[0, 9, 0, 0], [10, 200, 0, 0], [5, 100, 1, 0], [0, 3, 8, 0]];
    // Other connections, conflicts, the end of one, silences.
    let many: Orders = &[
        [0, 20, 8, 0],
        [0, 20, 0, 1],
        [90, 20, 0x81, 2],
        [0, 60, 4, 3],
        [0, 60, 8, 3],
        [0, 20, 2, 1],
        [0, 20, 0xe0, 9],
        [120, 20, 0xe0, 4],
        [0, 20, 0xe8, 5],
    ];
    let hello = tls::client_hello("a.example").post_quantum().records();
    let requests = [
        http::post("a.example", "/", b"body"),
        http::get("b.example", "/"),
    ]
    .concat();
    let dialogue = http2::connection("a.example");
    let query: Vec<u8> = dns::query(7, "a.example", dns::A).over_tcp();
    let seed = |choice: u8, orders: Orders, message: &[u8]| {
        let count = u8::try_from(orders.len()).unwrap();
        [&[choice, count], orders.as_flattened(), message].concat()
    };
    vec![
        seed(7, forwards, &hello),
        seed(0x45, backwards, &hello),
        seed(0x41, overlaps, &requests),
        seed(9, many, &requests),
        seed(0x7f, many, &hello),
        seed(3, backwards, &dialogue),
        seed(0x8b, overlaps, &query),
    ]
}

/// Connections from their SYNs on: where, how long, flags, of whom.
fn opened() -> Vec<Vec<u8>> {
    type Orders = &'static [[u8; 4]];
    // Both SYNs, data in order, a FIN.
    let both_ends: Orders = &[
        [0, 0, 0x82, 0],
        [0, 0, 0x92, 4],
        [0, 60, 0x10, 0],
        [100, 200, 0x10, 0],
        [0, 200, 0x10, 4],
        [255, 0, 0x91, 0],
    ];
    // No SYN, one end of two connections, a RST, a changed byte, the ports used again.
    let several: Orders = &[
        [0, 20, 0x10, 0],
        [0, 0, 0x82, 1],
        [120, 40, 0x10, 1],
        [0, 40, 0x50, 1],
        [60, 40, 0x50, 0x40],
        [0, 0, 0x84, 0],
        [0, 0, 0x82, 8],
        [0, 250, 0x10, 8],
    ];
    let mut seeds = Vec::new();
    for dialogue in dialogues() {
        for orders in [both_ends, several] {
            let count = u8::try_from(orders.len()).unwrap();
            seeds.push([&[dialogue[0], count], orders.as_flattened(), &dialogue[1..]].concat());
        }
    }
    seeds.extend(shuffled());
    seeds
}

fn quic_datagrams() -> Vec<Vec<Vec<u8>>> {
    let message = tls::client_hello("www.example.com")
        .post_quantum()
        .handshake();
    let (a, b) = message.split_at(900);
    let mut flights: Vec<Vec<Vec<u8>>> = quic::versions()
        .map(|version| {
            let part = |number, offset, bytes| {
                let packet = quic::initial(version, b"8 bytes!").number(number);
                packet.crypto(offset, bytes).datagram()
            };
            vec![part(1, 900, b), part(0, 0, a)]
        })
        .collect();
    let chlo = quic::chlo("www.example.com", 20);
    for version in [b"Q024", b"Q043", b"Q046"] {
        flights.push(vec![quic::google(version, b"12345678", 0, &chlo)]);
    }
    flights.push(vec![quic::version_negotiation(b"client", b"server")]);
    flights
}

/// Datagrams as the target reads them: how, length, bytes.
fn quic_flights() -> Vec<Vec<u8>> {
    let seed = |datagrams: Vec<Vec<u8>>| {
        let mut seed = Vec::new();
        for datagram in datagrams {
            seed.push(0);
            seed.extend((datagram.len() as u16).to_be_bytes());
            seed.extend(datagram);
        }
        seed
    };
    quic_datagrams().into_iter().map(seed).collect()
}

/// Frames of all scenarios with their link types, some of each verdict.
fn frames() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for scenario in scenarios::all() {
        let file = targets::scratch::file(&scenario.bytes, "");
        let stop = Arc::new(AtomicBool::new(false));
        let input = Input::File(file.path().to_owned());
        let mut capture = Capture::open(&input, &Options::default(), &stop).unwrap();
        let mut triage = Triage::default();
        let mut path = bellerophon::packet::Path::default();
        let mut seen: Vec<(String, usize)> = Vec::new();
        loop {
            let Some(frame) = capture.next_buffered().unwrap() else {
                if capture.fill().unwrap() == Fill::More {
                    continue;
                }
                break;
            };
            let kind = match decode(frame.link, frame.data, &mut path) {
                Ok(packet) => {
                    let verdict = triage.packet(&packet, frame.timestamp);
                    format!("{} {}", describe(verdict, &packet), path.hops().len())
                }
                Err(Stop::Gap(gap)) => gap.describe(),
                Err(Stop::Fragment(_)) => "fragment".to_owned(),
                Err(Stop::Subframes(_)) => "subframes".to_owned(),
            };
            let count = match seen.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => count,
                None => {
                    seen.push((kind, 0));
                    &mut seen.last_mut().unwrap().1
                }
            };
            *count += 1;
            if *count <= 8 && frame.data.len() < 2_500 {
                let mut seed = frame.link.0.to_be_bytes().to_vec();
                seed.extend(frame.data);
                frames.push(seed);
            }
        }
    }
    frames
}

/// A verdict without the numbers that every segment has of its own.
fn describe(verdict: Verdict, packet: &Packet) -> String {
    match verdict {
        Verdict::Forward(Reader::Stream(_, hint)) => {
            format!("{hint:?} {:?}", shape(packet.transport.payload()))
        }
        other => format!("{other:?}"),
    }
}

/// Payloads among [`frames`] that go to a reader.
fn payloads(wanted: impl Fn(Reader, &[u8]) -> bool) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut triage = Triage::default();
    let mut path = bellerophon::packet::Path::default();
    for frame in frames() {
        let (link, data) = frame.split_first_chunk::<2>().unwrap();
        let link = LinkType(u16::from_be_bytes(*link));
        if let Ok(packet) = decode(link, data, &mut path)
            && let Verdict::Forward(reader) = triage.packet(&packet, Timestamp::from_parts(0, 0))
            && wanted(reader, packet.transport.payload())
        {
            payloads.push(packet.transport.payload().to_vec());
        }
    }
    payloads
}

/// Seeds of the readers of handshakes.
mod handshakes {
    use testkit::tls::{Version, client_hello};
    use testkit::x509::{Text, certificate};
    use testkit::{dtls, tls_server};

    pub(super) fn certificates() -> Vec<Vec<u8>> {
        vec![
            certificate("www.example.com")
                .san("a.example")
                .san("*.b.example")
                .key(30)
                .der(),
            certificate("wide.example")
                .text(Text::Bmp)
                .version1()
                .key(30)
                .der(),
            certificate("An Authority")
                .critical()
                .san("c.example")
                .key(30)
                .der(),
        ]
    }

    /// The first byte says how the target cuts what follows.
    pub(super) fn flights() -> Vec<Vec<u8>> {
        let chain = certificates();
        let flight = tls_server::flight(Version::Tls10, &chain);
        [
            flight.records(),
            flight.records_of(&[300, 7]),
            flight.warning_first().without_hello().records_of(&[900]),
            tls_server::client_certificate(&chain[..1]),
            tls_server::sslv2_server_hello(&chain[0]),
            client_hello("www.example.com").records(),
            tls_server::certificate(&chain)[4..].to_vec(),
        ]
        .map(|bytes| [&[100], &bytes[..]].concat())
        .to_vec()
    }

    pub(super) fn datagrams_of_all() -> Vec<Vec<Vec<u8>>> {
        let hello = dtls::client_hello("www.example.com", &[7; 20]);
        let chain = dtls::certificate(&certificates());
        vec![
            vec![
                hello.datagram(),
                dtls::hello_verify_request(&[7; 20]).datagram(),
            ],
            hello.datagrams(40),
            chain.datagrams(400),
            vec![dtls::record(20, [0xfe, 0xfd], 0, &[1]), chain.datagram()],
        ]
    }

    /// Each datagram stands behind its length.
    pub(super) fn datagrams() -> Vec<Vec<u8>> {
        let hello = dtls::client_hello("www.example.com", &[7; 20]);
        let chain = dtls::certificate(&certificates());
        let mut seeds: Vec<Vec<u8>> = datagrams_of_all()
            .iter()
            .map(|datagrams| {
                let framed = datagrams.iter().flat_map(|datagram| {
                    let length = u16::try_from(datagram.len()).unwrap().to_be_bytes();
                    [&length, &datagram[..]].concat()
                });
                std::iter::once(50).chain(framed).collect()
            })
            .collect();
        seeds.push([&[50], hello.body()].concat());
        seeds.push([&[50], chain.body()].concat());
        seeds
    }
}
