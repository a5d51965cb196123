//! UDP payloads of one flow and another: a byte says which, from whom and how long after the last
//! one, two give the length.

use std::net::IpAddr;

use bellerophon::flow::{Flow, Protocol};
use bellerophon::names::quic::{Found, Limits, Quic, QuicStats, looks_like};
use bellerophon::time::Timestamp;

use super::names::check_text;

pub fn run(data: &[u8]) {
    let small = Limits {
        flows: 8,
        bytes: 2_000,
    };
    let all = read(data, small, false);
    // What looks like nothing changes nothing.
    assert_eq!(all, read(data, small, true));
    // With room for all flows none is driven out.
    let large = read(data, Limits::default(), true);
    assert_eq!(large.0.evicted, 0);
}

type Names = Vec<(Flow, u64, Vec<u8>)>;

fn read(mut data: &[u8], limits: Limits, triage: bool) -> (QuicStats, Names) {
    let mut quic = Quic::new(limits);
    let mut names = Names::new();
    let mut now = 0i64;
    let mut number = 0;
    let mut visit = |found: Found<'_>| {
        assert!(!found.name.is_empty());
        names.push((*found.flow, found.number, found.name.to_vec()));
    };
    while let [how, high, low, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (payload, after) = rest.split_at(length);
        data = after;
        number += 1;
        now += i64::from(how >> 4) * 5_000_000_000;
        let mut flow = Flow {
            src: IpAddr::from([10, 0, 0, 7]),
            dst: IpAddr::from([192, 0, 2, 1]),
            sport: 50_000 + u16::from(how >> 1 & 0x07),
            dport: 443,
            protocol: Protocol::Udp,
        };
        if how & 1 != 0 {
            (flow.src, flow.dst) = (flow.dst, flow.src);
            (flow.sport, flow.dport) = (flow.dport, flow.sport);
        }
        if !triage || looks_like(payload).is_some() {
            quic.datagram(
                &flow,
                Timestamp::from_nanos(now),
                number,
                &[],
                payload,
                &mut visit,
            );
        }
    }
    quic.finish(&mut visit);
    let stats = *quic.stats();
    let mut text = bellerophon::names::text::NameText::default();
    for (_, _, name) in &names {
        if text.set_host(name).is_ok() && !text.is_empty() {
            check_text(text.as_bytes());
        }
    }
    (stats, names)
}
