//! From a frame to a verdict: [`packet::decode`] and [`Triage`].

use std::hint::black_box;

use bellerophon::names::stream::Hint;
use bellerophon::packet::{self, Packet, Path, Transport};
use bellerophon::source::LinkType;
use bellerophon::time::Timestamp;
use bellerophon::triage::{Reader, Triage, Verdict};
use etherparse::SlicedPacket;

use super::{Failure, Piece, check, inputs, repeat};

/// The packets of a capture come at some time.
const NOW: Timestamp = Timestamp::from_parts(1_700_000_000, 0);

pub(crate) fn pieces() -> Result<Vec<Piece>, Failure> {
    let bulk = inputs::bulk_tcp();
    let voice = inputs::vlan_ipv6_udp();
    let query = inputs::dns_query_frame();
    let hello = inputs::client_hello_frame();
    Ok(vec![
        decoding("TCP bulk", bulk)?,
        Piece::new(
            // Not ours: what a general decoder takes for the same packet.
            ("decode", "TCP bulk, etherparse's SlicedPacket"),
            "packet",
            bulk.len(),
            repeat(move || SlicedPacket::from_ethernet(black_box(bulk))),
        ),
        decoding("UDP in IPv6 in a VLAN", voice)?,
        triaging("TCP bulk", bulk, is_forgotten)?,
        any_first_byte()?,
        syn()?,
        triaging("UDP bulk", voice, is_forgotten)?,
        triaging("DNS query", query, |verdict| {
            verdict == Verdict::Forward(Reader::Dns)
        })?,
        triaging(
            "ClientHello",
            hello,
            |verdict| matches!(verdict, Verdict::Forward(Reader::Stream(part, Hint::Any)) if part.begins),
        )?,
        both("TCP bulk", bulk)?,
        both("UDP in IPv6 in a VLAN", voice)?,
    ])
}

fn is_forgotten(verdict: Verdict) -> bool {
    verdict == Verdict::Forget
}

fn decode(frame: &'static [u8]) -> Result<Packet<'static>, Failure> {
    packet::decode(LinkType::ETHERNET, frame, &mut Path::default())
        .map_err(|stop| format!("the benchmark is wrong: its frame gives {stop:?}").into())
}

fn decoding(name: &'static str, frame: &'static [u8]) -> Result<Piece, Failure> {
    decode(frame)?;
    let mut path = Path::default();
    let run =
        repeat(move || packet::decode(LinkType::ETHERNET, black_box(frame), &mut path).is_ok());
    Ok(Piece::new(("decode", name), "packet", frame.len(), run))
}

fn triaging(
    name: &'static str,
    frame: &'static [u8],
    wanted: fn(Verdict) -> bool,
) -> Result<Piece, Failure> {
    let packet = decode(frame)?;
    let mut triage = Triage::default();
    check(wanted(triage.packet(&packet, NOW)), name)?;
    let run = repeat(move || triage.packet(black_box(&packet), NOW));
    Ok(Piece::new(("triage", name), "packet", frame.len(), run))
}

/// Segments in the middle of encrypted records begin with any byte: one a round, taking turns.
fn any_first_byte() -> Result<Piece, Failure> {
    let name = "TCP bulk, random bytes";
    let packets: Vec<Packet<'static>> = inputs::bulk_tcp_of_any_first_byte()
        .map(decode)
        .collect::<Result<_, _>>()?;
    let mut triage = Triage::default();
    let bytes = packets.first().map_or(0, |p| p.transport.payload().len());
    check(packets.len().is_multiple_of(256), name)?;
    for packet in &packets {
        check(is_forgotten(triage.packet(packet, NOW)), name)?;
    }
    let count_rounds = Some(packets.len() as u64);
    let packets: &'static [Packet<'static>] = packets.leak();
    let mut turns = packets.iter().cycle();
    let run = repeat(move || {
        turns
            .next()
            .map(|packet| triage.packet(black_box(packet), NOW))
    });
    Ok(Piece {
        count_rounds,
        ..Piece::new(("triage", name), "packet", bytes, run)
    })
}

/// Each opens another connection, so each is noted.
fn syn() -> Result<Piece, Failure> {
    let frame = inputs::syn_frame();
    let mut packet = decode(frame)?;
    let mut triage = Triage::default();
    let opens = |packet: &Packet<'_>| matches!(&packet.transport, Transport::Tcp(segment) if segment.flags.opens());
    check(opens(&packet), "SYN")?;
    check(is_forgotten(triage.packet(&packet, NOW)), "SYN")?;
    let run = repeat(move || {
        if let Transport::Tcp(segment) = &mut packet.transport {
            segment.sport = segment.sport.wrapping_add(1);
            segment.sequence = segment.sequence.wrapping_add(1_000_003);
        }
        triage.packet(black_box(&packet), NOW)
    });
    Ok(Piece::new(("triage", "SYN"), "packet", frame.len(), run))
}

/// As the reader does it: inlined into each other, no view of the packet is stored.
fn both(name: &'static str, frame: &'static [u8]) -> Result<Piece, Failure> {
    let mut triage = Triage::default();
    check(is_forgotten(triage.packet(&decode(frame)?, NOW)), name)?;
    let mut path = Path::default();
    let run = repeat(move || {
        packet::decode(LinkType::ETHERNET, black_box(frame), &mut path)
            .map(|packet| triage.packet(&packet, NOW))
            .ok()
    });
    Ok(Piece::new(
        ("decode and triage", name),
        "packet",
        frame.len(),
        run,
    ))
}
