//! Segments of TCP connections in any order, from triage on: what it says of each of them, and what a table
//! of directions reads of those that it forwards. The first byte chooses, the second counts orders of four
//! bytes each (where, how long, flags, of whom), and what follows them is the message that they cut.

use std::cell::RefCell;
use std::collections::HashSet;

use bellerophon::flow::Flow;
use bellerophon::names::Kind;
use bellerophon::names::stream::{Hint, Scratch, Shape, shape};
use bellerophon::packet::{Flags, Ip, Packet, Segment, Transport};
use bellerophon::stream::roles::Start;
use bellerophon::stream::table::{self, Limits, Seen, Table};
use bellerophon::time::Timestamp;
use bellerophon::triage::{Reader, Triage, Verdict};

use super::assembly::{Collected, Order, SMALL, check_bytes, cut, parts, whole};

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

thread_local! {
    static TRIAGE: RefCell<Triage> = RefCell::default();
}

/// A segment, and which direction of which connection it belongs to.
struct Sent {
    connection: u8,
    back: bool,
    sequence: u32,
    acknowledgment: u32,
    flags: Flags,
    payload: Vec<u8>,
    cut: bool,
    secs: i64,
}

impl Sent {
    fn packet(&self, port: u16) -> Packet<'_> {
        let near = u32::from_be_bytes([10, 0, 0, self.connection]);
        let far = u32::from_be_bytes([192, 0, 2, 1]);
        let (src, dst) = if self.back { (far, near) } else { (near, far) };
        let (sport, dport) = if self.back {
            (port, 50_000)
        } else {
            (50_000, port)
        };
        Packet {
            ip: Ip::V4(src, dst),
            transport: Transport::Tcp(Segment {
                sport,
                dport,
                sequence: self.sequence,
                acknowledgment: self.acknowledgment,
                flags: self.flags,
                payload: &self.payload,
            }),
            cut: self.cut,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_parts(self.secs, 0)
    }
}

pub fn run(data: &[u8]) {
    let Some((choice, orders, message)) = parts(data) else {
        return;
    };
    let port = if choice & 0x80 == 0 { 443 } else { 53 };
    // New tables for every input would take most of the time.
    TRIAGE.with_borrow_mut(|triage| {
        triage.clear();
        promises_are_kept(triage, port, &segments(orders, message));
        if !message.is_empty() {
            for answered in [false, true] {
                triage.clear();
                nothing_is_lost(triage, choice, port, answered, orders, message);
            }
        }
    });
}

fn segments(orders: &[Order], message: &[u8]) -> Vec<Sent> {
    let mut secs = 0;
    let sent = orders.iter().map(|order| {
        let [_, _, flags, who] = *order;
        let (at, length) = match cut(order, message) {
            // What opens or ends a connection is mostly empty.
            (at, _) if flags & 0x80 != 0 => (at, 0),
            place => place,
        };
        let at = if flags & SYN == 0 { at } else { 0 };
        let back = who & 4 != 0;
        // One 5-tuple may be used for several connections.
        let origin = |back: bool| {
            u32::from(who >> 3 & 3).wrapping_mul(0x1fff_ff00) + if back { 777 } else { 0 }
        };
        // So that nothing is silent for so long that it is forgotten.
        secs = (secs + i64::from(who >> 6)).min(100);
        let mut payload = message[at..at + length].to_vec();
        if flags & 0x40 != 0
            && let Some(byte) = payload.get_mut(length / 2)
        {
            *byte ^= 0x20;
        }
        let first = origin(back).wrapping_add(u32::try_from(at).unwrap());
        Sent {
            connection: who & 3,
            back,
            sequence: first.wrapping_sub(u32::from(flags & SYN != 0)),
            acknowledgment: origin(!back),
            flags: Flags(flags & 0x17),
            payload,
            cut: who & 0x20 != 0,
            secs,
        }
    });
    sent.collect()
}

fn promises_are_kept(triage: &mut Triage, port: u16, segments: &[Sent]) {
    let mut verdicts = Vec::new();
    let mut table = Table::new(SMALL);
    let mut scratch = Scratch::default();
    let mut found = Collected::default();
    let mut opened = HashSet::new();
    let mut known = HashSet::new();
    let mut over = HashSet::new();
    for sent in segments {
        let packet = sent.packet(port);
        let flow = packet.flow();
        let verdict = triage.packet(&packet, sent.now());
        verdicts.push(verdict);
        found.newest += 1;
        let first = sent.sequence.wrapping_add(u32::from(sent.flags.opens()));
        if sent.flags.opens() {
            opened.insert(flow);
            known.insert(flow);
            over.remove(&(flow, first));
        }
        let (part, hint) = match verdict {
            Verdict::Forward(Reader::Stream(part, hint)) => (part, hint),
            Verdict::Forward(reader) => panic!("{reader:?} of TCP"),
            Verdict::Unread(_) => {
                assert!(sent.cut);
                continue;
            }
            Verdict::Forget => continue,
        };
        assert_eq!(part.sequence, first);
        assert_eq!(hint == Hint::Any, port == 443);
        assert!(!part.begins || !sent.payload.is_empty());
        // Bulk is forwarded only where something was noted before.
        if !known.contains(&flow) && port == 443 && !has_length(&sent.payload) {
            assert_ne!(shape(&sent.payload), Shape::Nothing);
        }
        known.insert(flow);
        if part.start != Start::Unknown {
            // It takes both SYNs to tell.
            let mut back = flow;
            (back.src, back.dst) = (flow.dst, flow.src);
            (back.sport, back.dport) = (flow.dport, flow.sport);
            assert!(opened.contains(&flow) && opened.contains(&back));
        }
        // What is over stays over, unless something begins.
        if part.begins {
            over.remove(&(flow, part.origin));
        }
        assert!(!over.contains(&(flow, part.origin)), "it was the last");
        if part.last {
            over.insert((flow, part.origin));
        }
        let segment = table::Segment {
            part,
            hint,
            cut: sent.cut,
            payload: &sent.payload,
        };
        table.segment(
            &seen(found.newest, flow, sent),
            &segment,
            &mut scratch,
            &mut found,
        );
        assert!(table.directions() <= SMALL.directions);
        check_bytes(&table);
    }
    table.drain(&mut scratch, &mut found);
    assert_eq!((table.directions(), table.bytes()), (0, 0));

    // Other connections change nothing, and what was cleared is as new.
    for connection in 0..4 {
        if segments.iter().all(|sent| sent.connection == connection) {
            continue;
        }
        triage.clear();
        for (sent, verdict) in segments.iter().zip(&verdicts) {
            if sent.connection == connection {
                let alone = triage.packet(&sent.packet(port), sent.now());
                assert_eq!(alone, *verdict);
            }
        }
    }
}

/// A length that is right stands before the rest, as in DNS over TCP.
fn has_length(payload: &[u8]) -> bool {
    payload
        .split_first_chunk::<2>()
        .is_some_and(|(length, rest)| usize::from(u16::from_be_bytes(*length)) == rest.len())
}

fn seen(packet: u64, flow: Flow, sent: &Sent) -> Seen<'static> {
    Seen {
        packet,
        timestamp: sent.now(),
        flow,
        path: &[],
    }
}

/// Behind a SYN, whatever segments come first: the names of a message that is recognised when it comes at
/// once are found.
fn nothing_is_lost(
    triage: &mut Triage,
    choice: u8,
    port: u16,
    answered: bool,
    orders: &[Order],
    message: &[u8],
) {
    let origin: u32 = if choice & 0x40 == 0 {
        1_000
    } else {
        // The numbers wrap around in the message.
        0u32.wrapping_sub(u32::try_from(message.len() / 2).unwrap())
    };
    let sent = |at: usize, length: usize| Sent {
        connection: 0,
        back: false,
        sequence: origin.wrapping_add(u32::try_from(at).unwrap()),
        acknowledgment: 5_001,
        flags: Flags(ACK),
        payload: message[at..at + length].to_vec(),
        cut: false,
        secs: 1,
    };
    let syn = Sent {
        sequence: origin.wrapping_sub(1),
        flags: Flags(SYN),
        ..sent(0, 0)
    };
    let answer = Sent {
        back: true,
        sequence: 5_000,
        acknowledgment: origin,
        flags: Flags(SYN | ACK),
        ..sent(0, 0)
    };
    let end = Sent {
        flags: Flags(FIN | ACK),
        ..sent(message.len(), 0)
    };
    for sent in [&syn, &sent(0, message.len())] {
        let verdict = triage.packet(&sent.packet(port), sent.now());
        if verdict == Verdict::Forget && !sent.payload.is_empty() {
            return;
        }
    }
    triage.clear();
    let piece = usize::from(choice & 0x3f).max(message.len() / 500 + 1);
    let rest = (0..message.len()).step_by(piece);
    let rest = rest.map(|at| (at, piece.min(message.len() - at)));
    let cuts = orders.iter().map(|order| cut(order, message)).chain(rest);
    let segments = std::iter::once(syn)
        .chain(answered.then_some(answer))
        .chain(cuts.map(|(at, length)| sent(at, length)))
        .chain(std::iter::once(end));

    let mut table = Table::new(Limits::default());
    let mut scratch = Scratch::default();
    let mut found = Collected::default();
    for sent in segments {
        found.newest += 1;
        let packet = sent.packet(port);
        let verdict = triage.packet(&packet, sent.now());
        if let Verdict::Forward(Reader::Stream(part, hint)) = verdict {
            let segment = table::Segment {
                part,
                hint,
                cut: sent.cut,
                payload: &sent.payload,
            };
            let seen = seen(found.newest, packet.flow(), &sent);
            table.segment(&seen, &segment, &mut scratch, &mut found);
        }
    }
    table.drain(&mut scratch, &mut found);
    // On port 53 the first bytes decide. Where the next request has to be searched for, a segment may begin
    // with what is none, or with one whose body holds what follows.
    if table.stats().beyond != 0 || port == 53 || scratch.stats.http_resyncs != 0 {
        return;
    }
    let begins = shape(message);
    for (kind, name, note) in whole(message) {
        let is_certificate = matches!(kind, Kind::X509San | Kind::X509Cn);
        // A client sends its certificate when the server asked for it, in segments of their own.
        if is_certificate && begins == Shape::ClientHello {
            continue;
        }
        let shown = name.escape_ascii().to_string();
        assert!(
            found.names.contains(&(kind, name, note)),
            "{shown} is lost: {kind:?}, SYN answered: {answered}"
        );
    }
}
