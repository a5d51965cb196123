use proptest::prelude::*;
use testkit::frame::ethernet;
use testkit::{dns, quic};

use super::*;
use crate::packet::{self, Transport};
use crate::source::LinkType;
use crate::triage::Triage;

/// Runs a program as the kernel does (`bpf_prog_run`): a load beyond the frame ends it with 0.
fn run(program: &[Instruction], frame: &[u8]) -> u32 {
    let (mut a, mut x, mut memory) = (0u32, 0u32, [0u32; 16]);
    let mut at = 0;
    loop {
        let i = program[at];
        at += 1;
        let load = |length: usize| -> Option<u32> {
            let start = match i.k {
                PROTOCOL => 12,
                NETWORK.. => (i.k - NETWORK) as usize + 14,
                LINK.. => (i.k - LINK) as usize,
                k => k as usize,
            };
            let bytes = frame.get(start..start + length)?;
            Some(bytes.iter().fold(0, |sum, &b| sum << 8 | u32::from(b)))
        };
        let jump = |yes: bool| usize::from(if yes { i.jt } else { i.jf });
        match i.code {
            LOAD_WORD | LOAD_HALF | LOAD_BYTE => {
                let length = match i.code {
                    LOAD_WORD => 4,
                    LOAD_HALF => 2,
                    _ => 1,
                };
                match load(length) {
                    Some(value) => a = value,
                    None => return 0,
                }
            }
            LOAD_LENGTH => a = u32::try_from(frame.len()).unwrap(),
            LOAD_MEMORY => a = memory[i.k as usize],
            STORE => memory[i.k as usize] = a,
            TO_X => x = a,
            SUB => a = a.wrapping_sub(i.k),
            AND => a &= i.k,
            LEFT => a <<= i.k,
            RIGHT => a >>= i.k,
            JUMP_EQUAL => at += jump(a == i.k),
            JUMP_EQUAL_X => at += jump(a == x),
            JUMP_GREATER_X => at += jump(a > x),
            JUMP_AT_LEAST => at += jump(a >= i.k),
            JUMP_SET => at += jump(a & i.k != 0),
            XOR_X => a ^= x,
            RETURN => return i.k,
            RETURN_A => return a,
            other => panic!("instruction {other:#x}"),
        }
    }
}

fn is_dropped(frame: &[u8]) -> bool {
    run(&no_bulk(), frame) == 0
}

/// Triage forgets it, whatever it knows: it has only to be asked with what it knows least, since what is noted of a
/// direction makes it keep more of it, and an acknowledgement is not looked up at all.
fn is_forgotten(frame: &[u8]) -> bool {
    let Some((ip, transport)) = packet::plainest(LinkType::ETHERNET, frame) else {
        return false;
    };
    if let Transport::Tcp(segment) = &transport {
        return segment.payload.is_empty() && !segment.flags.moves();
    }
    Triage::default().forgets(&ip, &transport)
}

#[test]
fn jumps_reach_their_targets() {
    for program in [no_bulk(), by_addresses(), everything(), nothing()] {
        for (at, i) in program.iter().enumerate() {
            let last = at + 1 + usize::from(i.jt.max(i.jf));
            assert!(i.code & 7 != 5 || last < program.len(), "{at}: {i:?}");
            assert!(i.jt < u8::MAX && i.jf < u8::MAX);
        }
        assert!(program.len() < 256);
    }
}

#[test]
fn bulk_stays_in_the_kernel() {
    let v4 = || ethernet().ip("10.0.0.7", "192.0.2.1");
    let v6 = || ethernet().ip("2001:db8::7", "2001:db8::1");
    let quic = [&[0x47u8, 9, 8, 7, 6, 5, 4, 3][..], &[0xa5; 1_200]].concat();
    for frames in [
        [
            v4().tcp(50_000, 443).ack(7).empty(),
            v6().tcp(50_000, 443).ack(7).empty(),
        ],
        [
            v4().udp(50_000, 443).payload(&quic[..]),
            v6().udp(443, 50_000).payload(&quic[..]),
        ],
    ] {
        for frame in frames {
            assert!(is_dropped(&frame) && is_forgotten(&frame));
        }
    }
}

#[test]
fn what_may_name_a_host_is_handed_over() {
    let v4 = || ethernet().ip("10.0.0.7", "192.0.2.1");
    let question: Vec<u8> = dns::query(0x4711, "www.example", dns::A).into();
    let frames = [
        v4().tcp(50_000, 443).syn().empty(),
        v4().tcp(50_000, 443).ack(7).fin().empty(),
        v4().tcp(50_000, 443).ack(7).payload(b"x"),
        v4().udp(50_000, 53).payload(&question[..]),
        // DNS on other ports, and whose identifier looks like a short header.
        v4().udp(50_000, 443).payload(&question[..]),
        v4().udp(443, 4_789).payload(&[0x47; 100][..]),
        v4().udp(53, 443).payload(&[0x47; 100][..]),
        v4().udp(50_000, 443)
            .payload(&quic::initial(1, b"12345678").crypto(0, b"hello").datagram()[..]),
        v4().udp(50_000, 8_443).payload(&[0x47; 100][..]),
        // A public header of Google's QUIC.
        v4().udp(50_000, 443).payload(&[0x4d; 100][..]),
    ];
    for (number, frame) in frames.iter().enumerate() {
        assert!(!is_dropped(frame), "{number}");
    }
    for length in 0..60 {
        assert!(!is_dropped(&vec![0; length]), "{length} bytes");
    }
}

#[test]
fn frames_are_shared_out_by_their_ends() {
    let share = |frame: &[u8]| run(&by_addresses(), frame) % 4;
    let frames = |turn: &dyn Fn(&str, &str) -> Vec<u8>| {
        let mut shares = Vec::new();
        for n in 0..16 {
            let (client, server) = (format!("10.0.0.{n}"), "192.0.2.1");
            let (client6, server6) = (format!("2001:db8::{n:x}"), "2001:db8::ffff");
            let there = share(&turn(&client, server));
            assert_eq!(there, share(&turn(server, &client)));
            let there6 = share(&turn(&client6, server6));
            assert_eq!(there6, share(&turn(server6, &client6)));
            shares.extend([there, there6]);
        }
        shares.sort_unstable();
        shares.dedup();
        shares.len()
    };
    // Plain, and behind the second of two tags: the kernel has taken the first one out.
    let plain = |from: &str, to: &str| ethernet().ip(from, to).udp(5_000, 53).payload(&b"x"[..]);
    let tagged = |from: &str, to: &str| {
        ethernet()
            .vlan(7)
            .ip(from, to)
            .udp(5_000, 53)
            .payload(&b"x"[..])
    };
    assert_eq!((frames(&plain), frames(&tagged)), (4, 4));
    // What has no addresses that are known goes one way both ways.
    let mut other = ethernet().payload(0x9999, &[0; 50]);
    let there = share(&other);
    let (to, from) = other[..12].split_at_mut(6);
    to.swap_with_slice(from);
    assert_eq!(there, share(&other));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn nothing_is_dropped_that_triage_would_keep(
        udp in any::<bool>(),
        v6 in any::<bool>(),
        ports in (any::<bool>(), prop_oneof![Just(443u16), Just(53), Just(4_789), any::<u16>()],
            prop_oneof![Just(443u16), any::<u16>()]),
        first in any::<[u8; 14]>(),
        length in 0usize..80,
        changes in prop::collection::vec((0usize..90, any::<u8>()), 0..3),
        cut in 0usize..120,
    ) {
        let ends = if v6 { ("2001:db8::7", "2001:db8::1") } else { ("10.0.0.7", "192.0.2.1") };
        let (sport, dport) = if ports.0 { (ports.1, ports.2) } else { (ports.2, ports.1) };
        let ip = ethernet().ip(ends.0, ends.1);
        let mut payload = first.to_vec();
        // Nearly all begin as bulk does.
        if first[13] & 7 != 0 {
            payload[0] = 0x40 | first[0] & 0x3f;
        }
        payload.resize(length, 0x5a);
        let mut frame = if udp {
            ip.udp(sport, dport).payload(&payload[..])
        } else if length < 40 {
            ip.tcp(sport, dport).ack(9).empty()
        } else {
            ip.tcp(sport, dport).ack(9).payload(&payload[..])
        };
        for (at, byte) in changes {
            if let Some(place) = frame.get_mut(at) {
                *place = byte;
            }
        }
        if cut < 100 && cut < frame.len() && first[12] & 3 == 0 {
            frame.truncate(cut);
        }
        if is_dropped(&frame) {
            prop_assert!(is_forgotten(&frame), "{frame:02x?}");
        }
    }
}
