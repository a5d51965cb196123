//! A frame: two bytes of link type (big-endian), then its bytes.

use std::cell::RefCell;

use bellerophon::names::stream::{Shape, shape};
use bellerophon::packet::{Packet, Path, Stop, Transport, decode, plainest};
use bellerophon::source::LinkType;
use bellerophon::time::Timestamp;
use bellerophon::triage::{Reader, Triage, Verdict};

use super::{dns, dtls, nbns, quic, stream, tls};

thread_local! {
    /// Its tables are large: new ones for every input take most of the time, and pieces of libFuzzer's own
    /// data between them make the heap grow without end.
    static TRIAGE: RefCell<Triage> = RefCell::default();
}

pub fn run(data: &[u8]) {
    let Some((link, frame)) = data.split_first_chunk::<2>() else {
        return;
    };
    let link = LinkType(u16::from_be_bytes(*link));
    let mut path = Path::default();
    let decoded = decode(link, frame, &mut path);
    if let Some((ip, transport)) = plainest(link, frame) {
        let cut = false;
        let plainest = Packet { ip, transport, cut };
        let packet = decoded.as_ref().ok().copied().expect("the long way");
        assert_eq!(format!("{plainest:?}"), format!("{packet:?}"));
        assert!(path.hops().is_empty());
    }
    let packet = match decoded {
        Ok(packet) => packet,
        Err(Stop::Gap(gap)) => {
            let words = gap.describe();
            assert!(!words.is_empty() && !words.chars().any(char::is_control));
            return;
        }
        Err(Stop::Fragment(fragment)) => {
            lies_in(frame, fragment.data);
            return;
        }
        Err(Stop::Subframes(mut subframes)) => {
            let mut found = 0;
            while let Some(result) = subframes.next(&mut path) {
                assert!(
                    !matches!(result, Err(Stop::Subframes(_))),
                    "they do not nest"
                );
                if let Ok(packet) = result {
                    lies_in(frame, payload(&packet));
                }
                found += 1;
            }
            assert!(found <= frame.len() / 14, "each has a header");
            return;
        }
    };
    for hop in path.hops() {
        assert!(!hop.to_string().is_empty());
    }
    let payload = payload(&packet);
    lies_in(frame, payload);
    let flow = packet.flow();
    let mut back = flow;
    (back.src, back.dst) = (flow.dst, flow.src);
    (back.sport, back.dport) = (flow.dport, flow.sport);
    assert_eq!(flow.hash(), back.hash(), "both directions, one worker");
    assert_eq!(flow.id(), back.id());
    assert_eq!(flow.community_id(), back.community_id());

    let verdict = TRIAGE.with_borrow_mut(|triage| {
        triage.clear();
        triage.packet(&packet, Timestamp::from_parts(0, 0))
    });
    match verdict {
        Verdict::Forward(reader) => read(reader, &packet),
        Verdict::Unread(unread) => assert!(!unread.describe().is_empty()),
        Verdict::Forget => {}
    }

    // A snap length may hide a packet, but never makes another one of it. What it leaves of a
    // tunnel in UDP is the datagram around it, so fewer hops may be seen, never others.
    let mut snapped_path = Path::default();
    for keep in [
        frame.len() / 2,
        frame.len() - 1,
        frame.len() - payload.len(),
    ] {
        if let Ok(snapped) = decode(link, &frame[..keep], &mut snapped_path) {
            // Or more: what showed that this is no tunnel may be gone as well.
            assert!(
                path.hops().starts_with(snapped_path.hops())
                    || snapped.cut && snapped_path.hops().starts_with(path.hops()),
                "cut to {keep} bytes"
            );
            // A path that is cut does not tell how many hops there were.
            if snapped_path == path && !path.is_cut() && !snapped_path.is_cut() {
                assert_eq!(snapped.flow(), flow, "cut to {keep} bytes");
                assert!(payload.starts_with(self::payload(&snapped)));
            }
        }
    }
}

/// Gives the payload to the target of its reader.
fn read(reader: Reader, packet: &Packet) {
    let payload = payload(packet);
    // Behind its length, as the targets of several datagrams want it.
    let framed = |first: u8| {
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        [&[first], &length.to_be_bytes()[..], payload].concat()
    };
    match reader {
        Reader::Dns | Reader::DnsShaped => {
            assert!(payload.len() >= 12);
            dns::run(payload);
        }
        Reader::Mdns | Reader::Llmnr => dns::run(payload),
        Reader::Nbns => nbns::run(payload),
        Reader::Contact(_) => panic!("triage knows of no addresses"),
        Reader::Quic => quic::run(&framed(0)),
        Reader::Dtls => {
            assert_eq!(payload[0], 22);
            dtls::run(&framed(50));
        }
        Reader::Stream(part, hint) => {
            let Transport::Tcp(segment) = packet.transport else {
                panic!("not TCP");
            };
            // Data may come with the SYN, which has a number itself.
            let opens = u32::from(segment.flags.opens());
            assert_eq!(part.sequence, segment.sequence.wrapping_add(opens));
            stream::check(hint, payload, 40);
            if shape(payload) == Shape::ClientHello {
                tls::run(payload);
            }
        }
    }
}

fn payload<'a>(packet: &Packet<'a>) -> &'a [u8] {
    match packet.transport {
        Transport::Tcp(segment) => segment.payload,
        Transport::Udp(datagram) => datagram.payload,
    }
}

/// What was decoded is borrowed from the frame. Of nothing, the address means nothing.
fn lies_in(frame: &[u8], part: &[u8]) {
    let (all, at) = (frame.as_ptr_range(), part.as_ptr_range());
    assert!(part.is_empty() || all.start <= at.start && at.end <= all.end);
}
