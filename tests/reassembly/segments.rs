//! One ClientHello in segments that come in every way they can.

use testkit::capture::{Packet, Pcap};
use testkit::frame::ethernet;
use testkit::{http, tls};

use crate::harness::{packets, read, shuffled, to};

const HOST: &str = "landing.example.org";
const SNI: (&str, &str) = ("tls_sni", HOST);

/// Of post-quantum size: no segment of an ordinary network holds it.
fn hello() -> Vec<u8> {
    let hello = tls::client_hello(HOST).post_quantum().records();
    assert!(hello.len() > 1_460);
    hello
}

#[test]
fn in_order() {
    for len in [1_400, 500, 64, 7] {
        read(to(443).opened(&hello(), len)).holds(&[SNI]);
    }
}

#[test]
fn one_byte_each() {
    read(to(443).opened(&hello(), 1)).holds(&[SNI]);
    read(shuffled(to(443).opened(&hello(), 1), 1, 9)).holds(&[SNI]);
}

#[test]
fn in_any_order_behind_the_syn() {
    for seed in 0..30 {
        for len in [700, 300, 40] {
            let frames = shuffled(to(30_495).opened(&hello(), len), 1, seed);
            read(frames).holds(&[SNI]);
        }
    }
    let mut backwards = to(443).opened(&hello(), 100);
    backwards[1..].reverse();
    read(backwards).holds(&[SNI]);
}

/// What looks like a server's hello at the start of a segment, in random bytes of a client's, and is followed
/// by no records, does not end the hello.
#[test]
fn bytes_of_a_hello_that_look_like_another() {
    let mut hello = tls::client_hello(HOST)
        .sni(tls::SniPlace::Last)
        .post_quantum()
        .records();
    let found = tls::server_hello();
    hello[400..406].copy_from_slice(&found[..6]);
    // Before the SYN's window is left, and where only the first bytes came behind it.
    for first in [400, 1] {
        let way = to(443);
        let mut frames = vec![way.syn(), way.data(0, &hello[..first])];
        if first == 1 {
            frames.push(way.data(1, &hello[1..400]));
        }
        for at in (400..hello.len()).step_by(300) {
            let end = hello.len().min(at + 300);
            frames.push(way.data(at, &hello[at..end]));
        }
        read(frames.clone()).holds(&[SNI]);
        let mut backwards = frames.clone();
        backwards[1..].reverse();
        read(backwards).holds(&[SNI]);
        // Later segments first.
        frames.swap(1, 3);
        read(frames).holds(&[SNI]);
    }
}

#[test]
fn the_second_segment_first_and_all_before_the_syn_ack() {
    let way = to(443);
    let frames = way.opened(&hello(), 1_400);
    let syn_ack = way.back(77).syn_ack();
    let order = [
        frames[0].clone(),
        frames[2].clone(),
        frames[1].clone(),
        syn_ack.clone(),
    ];
    read(order.to_vec()).holds(&[SNI]);
    let order = [
        frames[0].clone(),
        frames[2].clone(),
        syn_ack,
        frames[1].clone(),
    ];
    read(order.to_vec()).holds(&[SNI]);
}

#[test]
fn overlapping() {
    let (way, hello) = (to(443), hello());
    let mut frames = vec![way.syn()];
    for at in (0..hello.len()).step_by(100) {
        let from = at.saturating_sub(60);
        let end = (at + 130).min(hello.len());
        frames.push(way.data(from, &hello[from..end]));
    }
    for seed in 0..20 {
        let read = read(shuffled(frames.clone(), 1, seed));
        assert_eq!(read.conflicts(), 0);
        assert_eq!(read.distinct(), read.holds(&[SNI]).names());
    }
}

#[test]
fn every_segment_twice() {
    let (way, hello) = (to(443), hello());
    let mut frames = vec![way.syn()];
    for frame in way.cut(&hello, 300) {
        frames.extend([frame.clone(), frame]);
    }
    let read = read(frames);
    assert_eq!(read.conflicts(), 0);
    read.holds(&[SNI]);
}

/// A probe of TCP's keep-alive repeats the byte before the next one (RFC 1122 section 4.2.3.6).
#[test]
fn a_keep_alive_probe_in_the_middle() {
    let (way, hello) = (to(443), hello());
    let mut frames = vec![way.syn(), way.data(0, &hello[..900])];
    frames.push(way.data(899, &[0]));
    frames.push(way.data(900, &hello[900..]));
    read(frames).holds(&[SNI]);
}

#[test]
fn the_first_copy_wins_and_a_second_that_differs_is_told() {
    let (way, hello) = (to(443), hello());
    let at = position(&hello, HOST);
    let mut other = hello.clone();
    other[at..at + 7].copy_from_slice(b"another");
    let (a, b) = (at - 10, at + HOST.len());
    let frames = vec![
        way.syn(),
        way.data(a, &hello[a..b]),
        way.data(a, &other[a..b]),
        way.data(b, &hello[b..]),
        way.data(0, &hello[..at]),
    ];
    let read = read(frames).holds(&[SNI]);
    assert_eq!(read.conflicts(), 1);
}

/// Nobody here knows which copy the server took: a whole hello is told though it came second.
#[test]
fn a_second_hello_in_the_place_of_the_first_is_told_as_well() {
    let other = tls::client_hello("another.example.org").records();
    let (way, hello) = (to(443), hello());
    let frames = vec![
        way.syn(),
        way.data(0, &hello[..1_000]),
        way.data(0, &other),
        way.data(1_000, &hello[1_000..]),
    ];
    let read = read(frames).holds(&[SNI, ("tls_sni", "another.example.org")]);
    assert_eq!(read.conflicts(), 1);
}

/// The segment that differs has new bytes as well: those count.
#[test]
fn a_segment_that_differs_still_fills_the_hole() {
    let (way, hello) = (to(443), hello());
    let at = position(&hello, HOST);
    let mut other = hello.clone();
    other[at - 5..at].fill(0xee);
    let frames = vec![
        way.syn(),
        way.data(0, &hello[..at]),
        way.data(at - 5, &other[at - 5..]),
    ];
    let read = read(frames).holds(&[SNI]);
    assert_eq!(read.conflicts(), 1);
}

#[test]
fn the_summary_tells_of_contradictions() {
    let (way, hello) = (to(443), hello());
    let mut other = hello.clone();
    other[500] ^= 1;
    let frames = vec![
        way.syn(),
        way.data(400, &hello[400..600]),
        way.data(400, &other[400..600]),
        way.data(0, &hello[..400]),
        way.data(600, &hello[600..]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contradiction.pcap");
    let capture = Pcap::new(ethernet().link_type()).packets(&packets(frames));
    std::fs::write(&path, capture.bytes()).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bellerophon"))
        .args(["names", "--summary", "json"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains(HOST));
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    let not_read = summary["not_read"].as_array().unwrap();
    let told: Vec<_> = not_read
        .iter()
        .filter(|row| row["what"].as_str().unwrap().contains("suspicious"))
        .collect();
    assert_eq!(told.len(), 1, "{not_read:?}");
    assert_eq!(told[0]["count"], 1);
}

#[test]
fn sequence_numbers_wrap_around() {
    let hello = hello();
    for before in [0, 1, 5, 6, 100, 1_399, 1_400, 1_500] {
        let way = to(443).number(0u32.wrapping_sub(before));
        read(way.opened(&hello, 1_400)).holds(&[SNI]);
        read(shuffled(way.opened(&hello, 50), 1, u64::from(before))).holds(&[SNI]);
        read(way.cut(&hello, 1_400)).holds(&[SNI]);
    }
    for middle in [0x7fff_ff00, 0x8000_0000] {
        let way = to(443).number(middle);
        read(shuffled(way.opened(&hello, 50), 1, 3)).holds(&[SNI]);
    }
}

#[test]
fn data_in_the_syn() {
    let (way, hello) = (to(443), hello());
    let before = way.clone().number(0x0fff);
    for length in [hello.len(), 1_000, 6, 3] {
        // TCP Fast Open's cookie (RFC 7413).
        let syn = before
            .segment(0)
            .syn()
            .options(&[34, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
        let first = syn.payload(&hello[..length]);
        let mut frames = vec![first];
        if length < hello.len() {
            frames.push(way.data(length, &hello[length..]));
        }
        read(frames).holds(&[SNI]);
    }
}

#[test]
fn data_in_the_syn_that_the_server_does_not_take() {
    let (way, hello) = (to(443), tls::client_hello(HOST).records());
    let before = way.clone().number(0x0fff);
    let first = before.segment(0).syn().payload(&hello[..200]);
    // It is sent again, behind the handshake.
    let frames = vec![first, way.back(5).syn_ack(), way.data(0, &hello)];
    read(frames).holds(&[SNI]);
}

#[test]
fn without_a_syn() {
    for len in [1_400, 700, 100] {
        read(to(30_495).cut(&hello(), len)).holds(&[SNI]);
    }
    let mut frames = to(443).cut(&hello(), 300);
    // The first tells what it is; behind it any order will do.
    frames[1..].reverse();
    read(frames).holds(&[SNI]);
}

#[test]
fn behind_other_bytes_of_the_same_connection() {
    let (way, hello) = (to(443), tls::client_hello(HOST).post_quantum().records());
    let mut frames = vec![way.data(0, &[0xa5; 1_000]), way.data(1_000, &[0x5a; 300])];
    frames.push(way.data(1_300, &hello[..1_000]));
    frames.push(way.data(2_300, &hello[1_000..]));
    read(frames).holds(&[SNI]);
}

#[test]
fn odd_flags() {
    let hello = tls::client_hello(HOST).records();
    let request = http::get(HOST, "/");
    for (bytes, name) in [(&hello, SNI), (&request, ("http_host", HOST))] {
        for flags in 0..=0xffu8 {
            // What opens or ends a connection has its own tests.
            if flags & 0x07 != 0 {
                continue;
            }
            let way = to(443);
            let mut frames = vec![way.syn()];
            for (i, piece) in bytes.chunks(100).enumerate() {
                let mut frame = way.data(i * 100, piece);
                frame[14 + 20 + 13] = flags;
                frames.push(frame);
            }
            read(frames).holds(&[name]);
        }
    }
}

/// A SYN that asks for congestion notification (RFC 3168), or accurate one (RFC 9768).
#[test]
fn a_syn_with_ecn() {
    for bits in [0xc2u8, 0x42] {
        let way = to(443);
        let mut frames = way.opened(&hello(), 200);
        frames[0][14 + 20 + 13] = bits;
        read(shuffled(frames, 1, 5)).holds(&[SNI]);
    }
    let mut frames = to(443).opened(&hello(), 200);
    frames[0][14 + 20 + 12] |= 1;
    read(shuffled(frames, 1, 5)).holds(&[SNI]);
}

#[test]
fn urgent_data() {
    let (way, hello) = (to(443), hello());
    let frames = vec![
        way.syn(),
        way.segment(0).ack(1).urgent().payload(&hello[..900]),
        way.data(900, &hello[900..]),
    ];
    read(frames).holds(&[SNI]);
}

#[test]
fn over_ipv6() {
    let mut way = to(443).from("2001:db8::7", 50_000);
    way = way.with_destination("2001:db8::443");
    for seed in 0..5 {
        read(shuffled(way.opened(&hello(), 100), 1, seed)).holds(&[SNI]);
    }
}

/// Segments that were acknowledged a minute ago are still those of this hello.
#[test]
fn slowly() {
    let frames = to(443).opened(&hello(), 300);
    let slow: Vec<Packet> = packets(frames)
        .into_iter()
        .enumerate()
        .map(|(i, packet)| Packet::new(packet.time + i as u64 * 60_000_000_000, packet.data))
        .collect();
    crate::harness::read_packets(&slow).holds(&[SNI]);
}

fn position(bytes: &[u8], text: &str) -> usize {
    bytes
        .windows(text.len())
        .position(|window| window == text.as_bytes())
        .unwrap()
}

/// A receiver takes a byte out of the stream where the urgent pointer leads, and may so read another name than we do.
#[test]
fn urgent_data_is_counted() {
    let way = to(80);
    let request = http::get("evXil.example", "/");
    let frames = |urgent: bool| {
        let segment = way.segment(0).ack(1).push();
        let segment = if urgent { segment.urgent() } else { segment };
        let bulk = to(443).segment(0).ack(1).urgent().payload(vec![0xa5; 500]);
        vec![way.syn(), segment.payload(request.clone()), bulk]
    };
    for urgent in [false, true] {
        let read = read(frames(urgent));
        assert_eq!(read.outcome.reader.urgent, u64::from(urgent));
        read.holds(&[("http_host", "evxil.example")]);
    }
    // Nor is a hello passed by at a glance.
    let hello = tls::client_hello("evXil.example").records();
    let frames = vec![way.syn(), way.segment(0).ack(1).urgent().payload(hello)];
    assert_eq!(read(frames).outcome.reader.urgent, 1);
}
