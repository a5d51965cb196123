#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use super::super::test_support::{Order, PcapNg};
use super::super::{CaptureReport, LinkType, Resolution};
use super::*;

/// (timestamp in nanoseconds, link, original length, bytes)
type Seen = (i64, LinkType, u32, Vec<u8>);

/// Frames up to the end or the first fault, the fault, and the report.
fn decode(file: &[u8]) -> (Vec<Seen>, Option<Fault>, CaptureReport) {
    let mut report = CaptureReport::default();
    let order = section_order(file).unwrap();
    let mut pcapng = PcapNgDecoder::new(order, &mut report);
    let mut at = 0;
    let mut seen = Vec::new();
    let fault = loop {
        match pcapng.step(&file[at..], &mut report) {
            Step::Frame(f) => {
                let data_at = at + f.data_at;
                let data = file[data_at..data_at + f.data_len].to_vec();
                seen.push((f.timestamp.nanos(), f.link, f.original_len, data));
                at += f.consumed;
            }
            Step::Consumed(n) => at += n,
            Step::Skip(n) => at += n as usize,
            Step::More if at == file.len() => break None,
            Step::More => break Some(pcapng.truncated(&file[at..])),
            Step::Fault(fault) => break Some(fault),
        }
    };
    (seen, fault, report)
}

fn decode_all(file: &PcapNg) -> (Vec<Seen>, CaptureReport) {
    let (seen, fault, report) = decode(&file.bytes());
    assert_eq!(fault, None);
    (seen, report)
}

fn fault_of(file: &PcapNg) -> String {
    decode(&file.bytes()).1.expect("a fault").what
}

#[test]
fn interfaces_have_their_own_link_type_resolution_and_offset() {
    for order in [Order::Little, Order::Big] {
        let mut file = PcapNg::new(order);
        let nano = [file.option(2, b"wlan0"), file.option(9, &[9])].concat();
        let binary = [
            file.option(9, &[0x80 | 10]),
            file.option(14, &order.u64(100)),
        ]
        .concat();
        file.interface(1, 262_144, &[])
            .interface(105, 0, &nano)
            .interface(276, 96, &binary);
        file.packet(0, 1_626_602_400_000_001, b"micro")
            .packet(1, 1_626_602_400_000_000_001, b"nano")
            .packet_with(2, 1536, b"binary", 1514, &[]);
        let (seen, report) = decode_all(&file);
        assert_eq!(
            seen,
            [
                (
                    1_626_602_400_000_001_000,
                    LinkType::ETHERNET,
                    5,
                    b"micro".to_vec()
                ),
                (
                    1_626_602_400_000_000_001,
                    LinkType::IEEE802_11,
                    4,
                    b"nano".to_vec()
                ),
                (
                    101_500_000_000,
                    LinkType::LINUX_SLL2,
                    1514,
                    b"binary".to_vec()
                ),
            ]
        );
        assert_eq!(report.interface_count, 3);
        assert_eq!(report.interfaces[1].name.as_deref(), Some("wlan0"));
        assert_eq!(report.interfaces[2].resolution, Resolution::Binary(10));
        assert_eq!((report.snap_len, report.cut_frames), (262_144, 1));
    }
}

#[test]
fn sections_may_change_the_byte_order_and_begin_without_interfaces() {
    let mut file = PcapNg::new(Order::Big);
    file.interface(101, 0, &[]).packet(0, 1, b"big");
    file.section(Order::Little)
        .interface(1, 0, &[])
        .packet(0, 2, b"little");
    let (seen, report) = decode_all(&file);
    assert_eq!(seen[0], (1_000, LinkType::RAW, 3, b"big".to_vec()));
    assert_eq!(seen[1], (2_000, LinkType::ETHERNET, 6, b"little".to_vec()));
    assert_eq!((report.sections, report.interface_count), (2, 2));
    assert_eq!(report.format, "pcapng, big-endian");

    file.section(Order::Little).packet(0, 3, b"nobody's");
    assert!(fault_of(&file).contains("interface 0 is used, while 0 have been described"));
    assert_eq!(decode(&file.bytes()).0.len(), 2, "what came before counts");
}

#[test]
fn simple_packets_are_cut_at_the_snap_length_and_have_the_time_of_the_one_before() {
    let mut file = PcapNg::new(Order::Little);
    file.interface(1, 6, &[])
        .simple_packet(b"early", 5)
        .packet(0, 7, b"timed");
    file.simple_packet(b"longer", 900);
    let (seen, report) = decode_all(&file);
    let ethernet = LinkType::ETHERNET;
    assert_eq!(seen[0], (0, ethernet, 5, b"early".to_vec()));
    assert_eq!(seen[2], (7_000, ethernet, 900, b"longer".to_vec()));
    assert_eq!((report.untimed_frames, report.cut_frames), (2, 1));
}

#[test]
fn losses_that_the_file_tells_are_summed() {
    let mut file = PcapNg::new(Order::Big);
    let order = file.order();
    let drops = |n: u64| file.option(4, &order.u64(n));
    let stats = |i: u64, os: u64| {
        [
            file.option(5, &order.u64(i)),
            file.option(7, &order.u64(os)),
        ]
        .concat()
    };
    let (first, second, third) = (drops(3), stats(10, 1), stats(15, 2));
    let other = stats(100, 0);
    file.interface(1, 0, &[]).interface(1, 0, &[]);
    file.packet_with(0, 1, b"a", 1, &first);
    file.old_packet(1, 2, 2, b"b")
        .old_packet(1, u16::MAX, 3, b"c");
    file.statistics(0, &second)
        .statistics(1, &other)
        .statistics(0, &third);
    let (seen, report) = decode_all(&file);
    assert_eq!(seen.len(), 3);
    assert_eq!(report.dropped_before_packets, 5);
    assert_eq!(
        report.dropped_by_interface, 115,
        "running totals: the last of each interface"
    );
    assert_eq!(report.dropped_by_os, 2);
    assert_eq!(report.capture_losses(), 117);
}

#[test]
fn other_blocks_are_passed_over_and_counted() {
    let mut file = PcapNg::new(Order::Little);
    file.interface(1, 0, &[]);
    file.block(4, &[0; 4])
        .block(0xbad, b"custom")
        .block(0xbad, &[1; 100_000]);
    file.packet(0, 0, b"after").block(0x7777_7777, &[]);
    let (seen, report) = decode_all(&file);
    assert_eq!(seen.len(), 1);
    assert_eq!(
        report.skipped_blocks.into_iter().collect::<Vec<_>>(),
        [(4, 1), (0xbad, 2), (0x7777_7777, 1)]
    );
}

#[test]
fn lengths_that_forget_the_padding_are_understood() {
    let mut file = PcapNg::new(Order::Little);
    file.interface(1, 0, &[]);
    let mut bytes = file.bytes();
    let mut body = 5_u32.to_le_bytes().to_vec();
    body.extend(b"frame");
    for padding in [0, 3] {
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(21_u32.to_le_bytes());
        bytes.extend(&body);
        bytes.resize(bytes.len() + padding, 0);
        bytes.extend(21_u32.to_le_bytes());
    }
    let (seen, fault, _) = decode(&bytes);
    assert_eq!(fault, None);
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|frame| frame.3 == b"frame"));
}

#[test]
fn damage_is_named() {
    let mut good = PcapNg::new(Order::Little);
    good.interface(1, 262_144, &[]).packet(0, 0, b"good");

    let mut file = good.clone();
    file.packet(9, 0, b"x");
    assert!(fault_of(&file).contains("interface 9 is used, while 1"));

    let mut file = good.clone();
    let mut body = [0; 20];
    body[12..16].copy_from_slice(&999_u32.to_le_bytes());
    file.block(6, &body);
    assert!(fault_of(&file).contains("999 bytes in a block that has room for 0"));

    let mut file = good.clone();
    file.block(6, &[0; 16]);
    assert!(fault_of(&file).contains("too short"));

    // Either length of the packet block, which is the last 36 bytes.
    for from_end in [32, 4] {
        let mut bytes = good.bytes();
        let place = bytes.len() - from_end;
        bytes[place] = 32;
        let (_, fault, _) = decode(&bytes);
        assert!(
            fault.unwrap().what.contains("differ"),
            "{from_end} bytes before the end"
        );
    }

    let mut bytes = good.bytes();
    bytes.extend([6, 0, 0, 0, 8, 0, 0, 0]);
    assert!(
        decode(&bytes)
            .1
            .unwrap()
            .what
            .contains("says it is 8 bytes long")
    );

    let mut bytes = good.bytes();
    let mut future = PcapNg::new(Order::Big).bytes();
    future[13] = 2;
    bytes.extend(future);
    assert!(decode(&bytes).1.unwrap().what.contains("version 2.0"));

    let (seen, fault, report) = decode(&good.bytes()[..good.bytes().len() - 1]);
    assert!(seen.is_empty());
    assert_eq!(report.frames, 0);
    assert_eq!(
        fault.unwrap().what,
        "the file ends after 35 of the 36 bytes of a packet block"
    );
}

#[test]
fn broken_options_do_not_lose_their_packet() {
    let mut file = PcapNg::new(Order::Little);
    file.interface(1, 0, &[])
        .packet_with(0, 0, b"data", 4, &[4, 0, 200, 0]);
    let (seen, report) = decode_all(&file);
    assert_eq!(seen.len(), 1);
    assert_eq!(report.bad_options, 1);
}

#[test]
fn interfaces_are_bounded() {
    let mut file = PcapNg::new(Order::Little);
    for _ in 0..=MAX_INTERFACES {
        file.interface(1, 0, &[]);
    }
    let (_, fault, report) = decode(&file.bytes());
    assert!(fault.unwrap().what.contains("more than 65536 interfaces"));
    assert_eq!(report.interface_count, 65_536);
    assert_eq!(
        report.interfaces.len(),
        crate::source::MAX_DESCRIBED_INTERFACES
    );
}

proptest::proptest! {
    #[test]
    fn any_blocks_end(blocks: Vec<(u8, Vec<u8>)>, big: bool) {
        let mut file = PcapNg::new(if big { Order::Big } else { Order::Little });
        file.interface(1, 0, &[]);
        for (block_type, body) in blocks {
            file.block(u32::from(block_type % 9), &body);
        }
        decode(&file.bytes());
    }

    #[test]
    fn any_bytes_after_the_header_end(bytes: Vec<u8>) {
        let mut file = PcapNg::new(Order::Little).interface(1, 0, &[]).bytes();
        file.extend(bytes);
        let mut report = CaptureReport::default();
        let mut pcapng = PcapNgDecoder::new(ByteOrder::Little, &mut report);
        let mut at = 0;
        loop {
            let n = match pcapng.step(&file[at..], &mut report) {
                Step::Frame(f) => f.consumed,
                Step::Consumed(n) => n,
                Step::Skip(n) => n as usize,
                Step::More | Step::Fault(_) => break,
            };
            assert!(n > 0, "progress");
            at += n;
            if at > file.len() {
                break;
            }
        }
    }
}
