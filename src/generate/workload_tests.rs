use std::collections::HashSet;

use serde_json::Value;

use super::super::tls::Form;
use super::*;
use crate::rules::Scope;

fn names() -> Names {
    Names::of(&[
        ("evil.example", Scope::Suffix),
        ("spy.example.net", Scope::Suffix),
        ("gate.example.org", Scope::Below),
        ("host.shared.example", Scope::Exact),
    ])
}

const ALL: [Workload; 5] = [
    Workload::Mix,
    Workload::Dns,
    Workload::Tls,
    Workload::Syn,
    Workload::Junk,
];

fn options(workload: Workload, packets: u64) -> Options {
    Options {
        workload,
        limit: Limit::Packets(packets),
        seed: 1,
        flows: workload.default_flows().unwrap_or_default(),
        every: if workload.default_every() == 0 {
            0
        } else {
            100
        },
        nanoseconds: true,
    }
}

struct Made {
    bytes: Vec<u8>,
    planted: Vec<Value>,
    report: Report,
}

fn make(options: &Options) -> Made {
    let (mut bytes, mut planted) = (Vec::new(), Vec::new());
    let names = names();
    let report = capture(options, &names, &mut bytes, Some(&mut planted)).unwrap();
    let planted = String::from_utf8(planted).unwrap();
    Made {
        bytes,
        planted: planted
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        report,
    }
}

/// (seconds, ticks, frame)
fn packets(mut bytes: &[u8]) -> Vec<(u32, u32, &[u8])> {
    bytes = &bytes[24..];
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!(field(8), field(12), "whole packets");
        let end = 16 + field(8) as usize;
        out.push((field(0), field(4), &bytes[16..end]));
        bytes = &bytes[end..];
    }
    out
}

/// Whoever changes them on purpose says so in the changelog: recorded figures end there.
#[test]
fn the_bytes_of_a_seed_never_change() {
    let sums = ALL.map(|workload| {
        let options = options(workload, 3_000);
        let made = make(&options);
        assert_eq!(made.bytes, make(&options).bytes, "{workload:?}");
        let other = Options { seed: 2, ..options };
        assert_ne!(made.bytes, make(&other).bytes, "{workload:?}");
        sha1_smol::Sha1::from(&made.bytes).digest().to_string()
    });
    assert_eq!(
        sums,
        [
            "1d903457d172bdc8698c809bff1fec0580230a16",
            "b76dda77f1813050b10f374530c9668649e21e96",
            "d488ff5bea389c806ceb2b79a4c2434c71e4be38",
            "b38215ef123e722b688fe9e4314e88db39876382",
            "b041b405c85ace4761dcff0078b973ad8ba690d9",
        ]
    );
}

#[test]
fn packets_have_the_promised_size() {
    for (workload, sizes) in [
        (Workload::Mix, 800.0..1_000.0),
        (Workload::Dns, 80.0..120.0),
        (Workload::Tls, 231.0..241.0),
        (Workload::Syn, 64.0..64.1),
        (Workload::Junk, 400.0..1_000.0),
    ] {
        let report = make(&options(workload, 100_000)).report;
        let average = (report.bytes - 24) as f64 / report.packets as f64 - 16.0;
        assert!(sizes.contains(&average), "{workload:?}: {average}");
    }
}

#[test]
fn a_capture_has_exactly_as_many_packets_as_asked_for_and_its_contacts_are_whole() {
    for workload in ALL {
        for count in [1, 2, 3, 7, 50, 5_000] {
            let mut options = options(workload, count);
            options.every = options.every.min(3);
            let made = make(&options);
            assert_eq!(made.report.packets, count, "{workload:?}");
            assert_eq!(packets(&made.bytes).len() as u64, count);
            assert_eq!(made.report.bytes, made.bytes.len() as u64);
            assert_eq!(made.report.contacts(), made.planted.len() as u64);
            let numbers: Vec<u64> = made
                .planted
                .iter()
                .map(|line| line["packet"].as_u64().unwrap())
                .collect();
            assert!(numbers.is_sorted(), "{workload:?}");
            assert!(numbers.iter().all(|number| (1..=count).contains(number)));
        }
    }
}

#[test]
fn a_size_is_filled_and_not_exceeded() {
    for workload in ALL {
        for size in [2_000, 100_000, 3_000_000] {
            let options = Options {
                limit: Limit::Bytes(size),
                every: 10 * options(workload, 1).every,
                ..options(workload, 1)
            };
            let made = make(&options);
            assert_eq!(made.report.bytes, made.bytes.len() as u64);
            assert!(made.report.bytes <= size, "{workload:?} {size}");
            // The room for what is owed is reckoned with the largest packets.
            let least = size.saturating_sub(30_000);
            assert!(
                made.report.bytes >= least,
                "{workload:?} {size}: {}",
                made.report.bytes
            );
        }
    }
}

#[test]
fn contacts_come_as_often_as_asked_for() {
    for workload in [Workload::Mix, Workload::Dns, Workload::Tls] {
        let made = make(&options(workload, 100_000));
        let planted = made.planted.len();
        assert!((800..1_200).contains(&planted), "{workload:?}: {planted}");
        let below = made.planted.iter().filter(|line| line["match"] == "below");
        let share = below.count() as f64 / planted as f64;
        // A quarter of the rules is for names below only, a quarter for the name itself.
        assert!((0.42..0.58).contains(&share), "{workload:?}: {share}");
        let none = Options {
            every: 0,
            ..options(workload, 10_000)
        };
        assert_eq!(make(&none).report.contacts(), 0);
    }
}

#[test]
fn short_connections_are_as_long_as_their_default_distance_of_contacts_assumes() {
    let report = make(&options(Workload::Tls, 200_000)).report;
    let average = 200_000.0 / (report.flows - 500) as f64; // half of those that are open
    assert!((10.2..10.6).contains(&average), "{average}");
}

/// The sum over all 16-bit words with carries is all ones (RFC 1071).
fn sums_up(pieces: &[&[u8]]) -> bool {
    let mut bytes = pieces.concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let mut sum = 0u32;
    for word in bytes.chunks_exact(2) {
        sum += u32::from(u16::from_be_bytes([word[0], word[1]]));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

#[test]
fn checksums_and_lengths_are_right() {
    for workload in ALL {
        for (_, _, frame) in packets(&make(&options(workload, 20_000)).bytes) {
            let (addresses, protocol, segment) = match frame[12..14] {
                [8, 0] => {
                    let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
                    assert!(sums_up(&[&frame[14..34]]));
                    (&frame[26..34], frame[23], &frame[34..14 + total])
                }
                [0x86, 0xdd] => {
                    let length = usize::from(u16::from_be_bytes([frame[18], frame[19]]));
                    assert_eq!(frame.len(), 54 + length);
                    (&frame[22..54], frame[20], &frame[54..])
                }
                _ => panic!("neither IPv4 nor IPv6"),
            };
            // What the first flight may hold: nobody scales the window of a SYN.
            if protocol == 6 && segment[13] & 2 != 0 {
                assert!(u16::from_be_bytes([segment[14], segment[15]]) > 60_000);
            }
            if protocol == 17 {
                let length = usize::from(u16::from_be_bytes([segment[4], segment[5]]));
                assert_eq!(length, segment.len());
                assert_ne!(segment[6..8], [0, 0]);
            }
            let length = (segment.len() as u16).to_be_bytes();
            let pseudo = [addresses, &[0, protocol], &length].concat();
            assert!(sums_up(&[&pseudo, segment]), "{workload:?} {frame:x?}");
            assert!(frame.len() <= 1_514 + 20 && frame.len() >= 54);
        }
    }
}

#[test]
fn time_goes_on_and_is_the_same_in_microseconds() {
    for workload in ALL {
        let fine = options(workload, 2_000);
        let coarse = Options {
            nanoseconds: false,
            ..fine
        };
        let (fine, coarse) = (make(&fine).bytes, make(&coarse).bytes);
        assert_eq!(fine[..4], 0xa1b2_3c4du32.to_le_bytes());
        assert_eq!(coarse[..4], 0xa1b2_c3d4u32.to_le_bytes());
        let (fine, coarse) = (packets(&fine), packets(&coarse));
        assert!(fine.is_sorted_by_key(|packet| (packet.0, packet.1)));
        for (a, b) in fine.iter().zip(&coarse) {
            assert_eq!((a.0, a.1 / 1_000, a.2), *b);
        }
    }
}

/// Ten million flows are so many words of zeros until a packet of them is written.
#[test]
fn open_flows_that_are_not_seen_cost_nothing() {
    let options = Options {
        flows: 10_000_000,
        ..options(Workload::Mix, 5_000)
    };
    let report = make(&options).report;
    assert!((500..2_000).contains(&report.flows), "{}", report.flows);
}

#[test]
fn two_in_five_hellos_take_two_segments_and_some_of_them_come_in_the_wrong_order() {
    let mut rng = Rng::new(1);
    let scripts: Vec<Script> = (0..10_000).map(|_| Script::of_tls(&mut rng)).collect();
    let swapped = scripts
        .iter()
        .filter(|s| matches!(s, Script::Swapped(_)))
        .count();
    let quantum = |s: &&Script| matches!(s, Script::Tls(Form::Quantum { .. }));
    let quantum = scripts.iter().filter(quantum).count();
    assert!((400..600).contains(&swapped), "{swapped}");
    assert!((3_800..4_200).contains(&(swapped + quantum)));

    let made = make(&options(Workload::Tls, 50_000));
    let (mut flows, mut other_port) = (HashSet::new(), HashSet::new());
    for (_, _, frame) in packets(&made.bytes) {
        let at = if frame[12] == 8 { 34 } else { 54 };
        if frame[at + 13] == flag::SYN {
            flows.insert(&frame[26..at + 4]);
            if frame[at + 2..at + 4] == 8_443u16.to_be_bytes() {
                other_port.insert(&frame[26..at + 4]);
            }
        }
    }
    let share = other_port.len() as f64 / flows.len() as f64;
    assert!((0.08..0.12).contains(&share), "{share}");
}
