//! IP fragments, bare and in tunnels.

use bellerophon::packet::Gap;
use testkit::frame::ethernet;
use testkit::ip::protocol;
use testkit::rng::Rng;
use testkit::{dns, tls, tunnel};

use crate::harness::{dns_names, read, shuffled, to};

const ENDS: [(&str, &str); 2] = [("10.0.0.7", "192.0.2.53"), ("2001:db8::7", "2001:db8::53")];

fn response() -> dns::Message {
    let mut message = dns::response(7, "big.example", dns::A);
    for n in 0..60 {
        message = message.cname("big.example", format!("target-{n}.example.net").as_str());
    }
    message
}

fn cuts(len: usize, step: usize) -> Vec<usize> {
    (1..).map(|n| n * step).take_while(|at| *at < len).collect()
}

/// The fragments of a datagram from port 53.
fn dns_fragments(ends: (&str, &str), step: usize) -> Vec<Vec<u8>> {
    let bytes: Vec<u8> = response().into();
    let cuts = cuts(bytes.len() + 8, step);
    ethernet()
        .ip(ends.1, ends.0)
        .id(99)
        .udp(53, 40_000)
        .fragments(bytes, &cuts)
}

fn wanted() -> Vec<(String, String)> {
    dns_names(&[response()])
}

#[test]
fn datagrams_in_fragments() {
    for ends in ENDS {
        for step in [8, 16, 256, 1_000] {
            let frames = dns_fragments(ends, step);
            assert!(frames.len() > 1);
            assert_eq!(read(frames.clone()).distinct(), wanted());
            for seed in 0..10 {
                let read = read(shuffled(frames.clone(), 0, seed));
                assert_eq!(read.distinct(), wanted(), "{ends:?} {step} {seed}");
            }
        }
    }
}

#[test]
fn fragments_twice() {
    for ends in ENDS {
        let frames = dns_fragments(ends, 64);
        let last = frames.last().unwrap().clone();
        let mut twice: Vec<_> = frames[..frames.len() - 1]
            .iter()
            .flat_map(|frame| [frame.clone(), frame.clone()])
            .collect();
        twice.push(last);
        let read = read(twice);
        assert_eq!(read.distinct(), wanted());
        assert_eq!(read.outcome.reader.fragments.conflicts, 0);
    }
}

#[test]
fn fragments_that_overlap() {
    let bytes: Vec<u8> = response().into();
    let whole = ethernet()
        .ipv4(ENDS[0].1, ENDS[0].0)
        .udp(53, 40_000)
        .payload(bytes);
    let datagram = &whole[34..];
    for ends in ENDS {
        let ip = ethernet().ip(ends.1, ends.0).id(5);
        let mut frames = Vec::new();
        for at in (0..datagram.len()).step_by(128) {
            let from = at.saturating_sub(64);
            let end = (at + 200).min(datagram.len());
            let piece = ip.clone().fragment(from, end < datagram.len());
            frames.push(piece.payload(protocol::UDP, &datagram[from..end]));
        }
        let count = frames.len();
        for seed in 0..10 {
            let mut order = frames.clone();
            Rng::new(seed).shuffle(&mut order[..count - 1]);
            let read = read(order);
            assert_eq!(read.distinct(), wanted());
            assert_eq!(read.outcome.reader.fragments.conflicts, 0);
        }
    }
}

#[test]
fn the_first_copy_of_a_fragment_wins() {
    let bytes: Vec<u8> = dns::query(1, "first-copy.example", dns::A).into();
    for ends in ENDS {
        let udp = ethernet().ip(ends.0, ends.1).id(5).udp(40_000, 53);
        let frames = udp.fragments(bytes.clone(), &[16, 32]);
        let mut other = bytes.clone();
        other[12..18].copy_from_slice(b"\x0dother");
        let others = udp.fragments(other, &[16, 32]);
        let order = vec![
            frames[1].clone(),
            others[1].clone(),
            frames[0].clone(),
            frames[2].clone(),
        ];
        let read = read(order);
        assert_eq!(read.outcome.reader.fragments.conflicts, 1);
        read.holds(&[("dns_query", "first-copy.example")]);
    }
}

/// The smallest fragments that there are, of a segment whose TCP header is cut as well.
#[test]
fn a_hello_in_segments_in_tiny_fragments() {
    let hello = tls::client_hello("landing.example")
        .post_quantum()
        .records();
    let way = to(443);
    let mut frames = vec![way.syn()];
    for (n, piece) in hello.chunks(400).enumerate() {
        let ip = ethernet().ipv4("10.0.0.7", "192.0.2.80").id(n as u32);
        let tcp = ip.tcp(50_123, 443).seq(0x1000 + n as u32 * 400).ack(1);
        frames.extend(tcp.fragments(piece, &cuts(20 + piece.len(), 8)));
    }
    for seed in 0..5 {
        read(shuffled(frames.clone(), 1, seed)).holds(&[("tls_sni", "landing.example")]);
    }
}

/// An IP packet without its Ethernet header.
fn bare(frame: &[u8]) -> Vec<u8> {
    frame[14..].to_vec()
}

#[test]
fn fragments_in_a_tunnel() {
    for ends in ENDS {
        let frames = dns_fragments(ends, 200);
        let ether_type = if ends.0.contains(':') { 0x86dd } else { 0x0800 };
        let vxlan: Vec<_> = frames
            .iter()
            .map(|frame| {
                ethernet()
                    .ipv4("198.51.100.1", "198.51.100.2")
                    .udp(50_000, 4_789)
                    .payload(tunnel::vxlan(42, frame))
            })
            .collect();
        let gre: Vec<_> = frames
            .iter()
            .map(|frame| {
                ethernet().ipv4("198.51.100.1", "198.51.100.2").payload(
                    protocol::GRE,
                    &tunnel::gre(ether_type).key(7).carry(&bare(frame)),
                )
            })
            .collect();
        for seed in 0..5 {
            assert_eq!(read(shuffled(vxlan.clone(), 0, seed)).distinct(), wanted());
            assert_eq!(read(shuffled(gre.clone(), 0, seed)).distinct(), wanted());
        }
    }
}

/// The tunnel's own packets are fragmented, and what they carry is a fragment again.
#[test]
fn fragments_in_a_fragmented_tunnel() {
    let mut frames = Vec::new();
    for (n, inner) in dns_fragments(ENDS[0], 800).iter().enumerate() {
        let udp = ethernet()
            .ipv4("198.51.100.1", "198.51.100.2")
            .id(n as u32)
            .udp(50_000, 4_789);
        let payload = tunnel::vxlan(42, inner);
        let cuts = cuts(payload.len() + 8, 304);
        frames.extend(udp.fragments(payload, &cuts));
    }
    for seed in 0..5 {
        let read = read(shuffled(frames.clone(), 0, seed));
        assert_eq!(read.distinct(), wanted());
        let path = &read.lines()[0]["path"];
        assert_eq!(path[0]["kind"], "vxlan");
    }
}

/// The beginning is there, the rest is not.
#[test]
fn a_datagram_without_its_end() {
    let bytes: Vec<u8> = response().into();
    let frames = ethernet()
        .ipv4("192.0.2.53", "10.0.0.7")
        .udp(53, 40_000)
        .fragments(bytes, &[80, 160]);
    let names = read(frames[..1].to_vec()).names();
    assert!(names.contains(&("dns_query".to_owned(), "big.example".to_owned())));
}

/// The beginning of a datagram again and again inside itself: each level costs work, and has to be counted.
#[test]
fn fragments_in_beginnings_of_datagrams_have_a_bound() {
    const LEVELS: u32 = 40;
    let bytes: Vec<u8> = dns::query(1, "deep.example", dns::A).into();
    let mut inner = bare(
        &ethernet()
            .ipv4("10.0.0.7", "192.0.2.53")
            .udp(40_000, 53)
            .payload(bytes),
    );
    inner.resize(inner.len().next_multiple_of(8), 0);
    for level in 0..LEVELS {
        // A header of 24 bytes keeps lengths at multiples of eight.
        let ip = ethernet().ipv4("198.51.100.1", "198.51.100.2");
        let ip = ip.id(level).options(&[1; 4]).fragment(0, true);
        inner = bare(&ip.payload(4, &inner));
    }
    let frame = ethernet()
        .ipv4("198.51.100.1", "198.51.100.2")
        .payload(4, &inner);
    let read = read(vec![frame]);
    let reader = &read.outcome.reader;
    // One in the packet itself, and three in one another.
    assert_eq!(reader.fragments.datagrams, 4);
    assert_eq!(reader.gaps.sorted(), [(Gap::TooDeep, 1)]);
    // A few levels are read.
    let bytes: Vec<u8> = response().into();
    let ip = ethernet().ipv4("192.0.2.53", "10.0.0.7");
    let udp = ip.id(9).options(&[1; 4]).udp(53, 40_000);
    let first = &udp.fragments(bytes, &[800])[0];
    let outer = ethernet()
        .ipv4("198.51.100.1", "198.51.100.2")
        .options(&[1; 4])
        .fragment(0, true);
    let names = crate::harness::read(vec![outer.payload(4, &bare(first))]).distinct();
    assert!(names.contains(&("dns_query".to_owned(), "big.example".to_owned())));
}
