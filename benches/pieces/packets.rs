//! From a frame to a verdict: [`packet::decode`] and [`triage`].

use std::hint::black_box;

use bellerophon::packet::{self, Packet};
use bellerophon::source::LinkType;
use bellerophon::triage::{Reader, Verdict, triage};
use etherparse::SlicedPacket;

use super::{Failure, Piece, check, inputs, repeat};

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
        triaging("TCP bulk", bulk, Verdict::Forget)?,
        triaging("UDP bulk", voice, Verdict::Forget)?,
        triaging("DNS query", query, Verdict::Forward(Reader::Dns))?,
        triaging("ClientHello", hello, Verdict::Forward(Reader::ClientHello))?,
        both("TCP bulk", bulk)?,
        both("UDP in IPv6 in a VLAN", voice)?,
    ])
}

fn decode(frame: &'static [u8]) -> Result<Packet<'static>, Failure> {
    packet::decode(LinkType::ETHERNET, frame, &mut Path::default())
        .map_err(|gap| format!("the benchmark is wrong: its frame gives {gap:?}").into())
}

fn decoding(name: &'static str, frame: &'static [u8]) -> Result<Piece, Failure> {
    decode(frame)?;
    let mut path = Path::default();
    let run =
        repeat(move || packet::decode(LinkType::ETHERNET, black_box(frame), &mut path).is_ok());
    Ok(Piece::new(("decode", name), "packet", frame.len(), run))
}

fn triaging(name: &'static str, frame: &'static [u8], wanted: Verdict) -> Result<Piece, Failure> {
    let packet = decode(frame)?;
    check(triage(&packet) == wanted, name)?;
    let run = repeat(move || triage(black_box(&packet)));
    Ok(Piece::new(("triage", name), "packet", frame.len(), run))
}

/// As the reader does it: inlined into each other, no view of the packet is stored.
fn both(name: &'static str, frame: &'static [u8]) -> Result<Piece, Failure> {
    check(triage(&decode(frame)?) == Verdict::Forget, name)?;
    let mut path = Path::default();
    let run = repeat(move || {
        packet::decode(LinkType::ETHERNET, black_box(frame), &mut path)
            .map(|packet| triage(&packet))
            .ok()
    });
    Ok(Piece::new(
        ("decode and triage", name),
        "packet",
        frame.len(),
        run,
    ))
}
