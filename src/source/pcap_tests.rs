#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use super::super::decode::Step;
use super::super::test_support::{Order, Pcap};
use super::super::{CaptureReport, LinkType};
use super::*;

/// (timestamp in nanoseconds, link, original length, bytes)
type Seen = (i64, LinkType, u32, Vec<u8>);

/// All frames of a whole file, and the report.
fn decode(file: &[u8]) -> (Vec<Seen>, CaptureReport) {
    let mut report = CaptureReport::default();
    let (mut pcap, mut at) = PcapDecoder::new(file, true, &mut report).unwrap().unwrap();
    let mut seen = Vec::new();
    while let Step::Frame(f) = pcap.step(&file[at..], &mut report) {
        let data_at = at + f.data_at;
        let data = file[data_at..data_at + f.data_len].to_vec();
        seen.push((f.timestamp.nanos(), f.link, f.original_len, data));
        at += f.consumed;
    }
    assert_eq!(at, file.len(), "everything is decoded");
    (seen, report)
}

/// Three frames like a capture's first ones.
fn three_frames(pcap: &mut Pcap) -> Vec<u8> {
    pcap.frame(1_626_602_400, 1, &[0xaa; 60])
        .cut_frame(1_626_602_400, 999_999, &[0xbb; 96], 1514)
        .frame(1_626_602_401, 0, &[])
        .bytes()
}

fn expect_three(file: &[u8], unit: i64, words: &str) {
    let (seen, report) = decode(file);
    let s = 1_626_602_400_000_000_000;
    let ethernet = LinkType::ETHERNET;
    assert_eq!(
        seen,
        [
            (s + unit, ethernet, 60, vec![0xaa; 60]),
            (s + 999_999 * unit, ethernet, 1514, vec![0xbb; 96]),
            (s + 1_000_000_000, ethernet, 0, vec![]),
        ],
        "{words}"
    );
    assert_eq!(report.format, words);
    assert_eq!(
        (report.frames, report.captured_bytes, report.cut_frames),
        (3, 156, 1)
    );
    assert_eq!(report.original_bytes, 60 + 1514);
}

#[test]
fn both_byte_orders_and_both_resolutions() {
    for (order, name) in [(Order::Little, "little-endian"), (Order::Big, "big-endian")] {
        let mut pcap = Pcap::new(order);
        expect_three(
            &three_frames(&mut pcap),
            1_000,
            &format!("pcap, {name}, microseconds"),
        );
        let mut pcap = Pcap::new(order);
        pcap.magic = 0xa1b2_3c4d;
        expect_three(
            &three_frames(&mut pcap),
            1,
            &format!("pcap, {name}, nanoseconds"),
        );
    }
}

#[test]
fn ixia_files_have_a_longer_header() {
    for (magic, unit, resolution, ware) in [
        (0x1c00_01ac, 1, "nanoseconds", "hardware"),
        (0x1c00_01ab, 1_000, "microseconds", "software"),
    ] {
        let mut pcap = Pcap::new(Order::Big);
        pcap.magic = magic;
        pcap.header_extra = vec![0, 0, 1, 0];
        let words = format!("pcap, big-endian, {resolution}, Ixia {ware} variant");
        expect_three(&three_frames(&mut pcap), unit, &words);
    }
}

/// What the variants of 1999 put after the standard header of a record.
fn patched_extra(order: Order, smp: bool) -> Vec<u8> {
    let mut extra = order.u32(3).to_vec(); // interface
    extra.extend(order.u16(0x800)); // protocol
    extra.push(0); // packet type
    extra.resize(if smp { 12 } else { 8 }, 0x5a);
    extra
}

#[test]
fn patched_records_are_told_by_what_they_hold() {
    for order in [Order::Little, Order::Big] {
        let name = if order == Order::Little {
            "little"
        } else {
            "big"
        };
        for (magic, smp, bytes) in [
            (0xa1b2_cd34, false, 24),
            (0xa1b2_cd34, true, 28),
            (0xa1b2_c3d4, false, 24),
        ] {
            let mut pcap = Pcap::new(order);
            pcap.magic = magic;
            pcap.record_extra = patched_extra(order, smp);
            let words = format!(
                "pcap, {name}-endian, microseconds, patched variant ({bytes}-byte records)"
            );
            expect_three(&three_frames(&mut pcap), 1_000, &words);
        }
        let mut nokia = Pcap::new(order);
        nokia.record_extra = order.u32(0x9fbf_b601).to_vec();
        let words = format!("pcap, {name}-endian, microseconds, Nokia variant");
        expect_three(&three_frames(&mut nokia), 1_000, &words);
    }
}

#[test]
fn a_damaged_plain_file_stays_a_plain_file() {
    let mut pcap = Pcap::new(Order::Little);
    let mut file = three_frames(&mut pcap);
    file[FILE_HEADER + 16 + 60 + 8..][..4].fill(0xff); // captured length of the second record
    let mut report = CaptureReport::default();
    let (mut pcap, at) = PcapDecoder::new(&file, true, &mut report).unwrap().unwrap();
    let Step::Frame(first) = pcap.step(&file[at..], &mut report) else {
        panic!("the first frame is good");
    };
    assert_eq!(first.data_len, 60);
    let Step::Fault(fault) = pcap.step(&file[at + first.consumed..], &mut report) else {
        panic!("the second is not");
    };
    assert!(fault.what.contains("4294967295"), "{}", fault.what);
}

#[test]
fn old_versions_swap_the_lengths() {
    for (version, swapped) in [
        ((2, 2), true),
        ((2, 3), true),
        ((2, 3), false),
        ((543, 0), true),
    ] {
        let mut pcap = Pcap::new(Order::Big);
        pcap.version = version;
        pcap.lengths_swapped = swapped;
        let words = format!(
            "pcap, big-endian, microseconds, version {}.{}",
            version.0, version.1
        );
        expect_three(&three_frames(&mut pcap), 1_000, &words);
    }
}

#[test]
fn aix_numbers_its_link_types_itself_and_pads_fddi() {
    for (network, link) in [
        (6, LinkType::ETHERNET),
        (9, LinkType::IEEE802_5),
        (24, LinkType::NULL),
    ] {
        let mut pcap = Pcap::new(Order::Big);
        pcap.version = (2, 2);
        pcap.network = network;
        pcap.lengths_swapped = true;
        let (seen, report) = decode(&pcap.frame(7, 123_456_789, b"frame").bytes());
        assert_eq!(seen, [(7_123_456_789, link, 5, b"frame".to_vec())]);
        assert_eq!(
            report.format,
            "pcap, big-endian, nanoseconds, version 2.2, AIX variant"
        );
    }
    let mut fddi = Pcap::new(Order::Big);
    fddi.version = (2, 2);
    fddi.network = 15;
    fddi.lengths_swapped = true;
    let (seen, _) = decode(&fddi.frame(7, 1, b"padframe").frame(8, 0, b"x").bytes());
    let fddi = LinkType::FDDI;
    assert_eq!(seen[0], (7_000_000_001, fddi, 5, b"frame".to_vec()));
    assert_eq!(seen[1], (8_000_000_000, fddi, 0, vec![]));
}

#[test]
fn the_upper_half_of_the_link_type_is_something_else() {
    let mut pcap = Pcap::new(Order::Little);
    pcap.network = 0x2400_0001; // FCS of 2 x 16 bits
    let (seen, report) = decode(&pcap.frame(0, 0, b"x").bytes());
    assert_eq!(seen[0].1, LinkType::ETHERNET);
    assert_eq!(report.interfaces[0].fcs_len, Some(4));
    pcap.network = 0x3000_0084; // bits without the flag that makes them count
    let (seen, report) = decode(&pcap.bytes());
    assert_eq!(seen[0].1, LinkType(0x84));
    assert_eq!(report.interfaces[0].fcs_len, None);
}

#[test]
fn a_large_frame_is_believed_where_the_file_announces_it() {
    let large = vec![1; 300_000];
    for (snap_len, believed) in [
        (65_535, false),
        (262_144, false),
        (1 << 20, true),
        (0, true),
    ] {
        let mut pcap = Pcap::new(Order::Little);
        pcap.snap_len = snap_len;
        let file = pcap.frame(0, 0, &large).bytes();
        let mut report = CaptureReport::default();
        let (mut pcap, at) = PcapDecoder::new(&file, true, &mut report).unwrap().unwrap();
        let step = pcap.step(&file[at..], &mut report);
        assert_eq!(
            matches!(step, Step::Frame(_)),
            believed,
            "snap length {snap_len}"
        );
        assert_eq!(
            matches!(step, Step::Fault(_)),
            !believed,
            "snap length {snap_len}"
        );
    }
    // A snap length that its own writer ignores is no reason to lose a frame.
    let mut pcap = Pcap::new(Order::Little);
    pcap.snap_len = 96;
    assert_eq!(
        decode(&pcap.frame(0, 0, &[1; 1514]).bytes()).0[0].3.len(),
        1514
    );
}

#[test]
fn the_year_2106_is_reached() {
    let file = Pcap::new(Order::Little)
        .frame(u32::MAX, 999_999, b"x")
        .bytes();
    assert_eq!(decode(&file).0[0].0, 4_294_967_295_999_999_000);
}

proptest::proptest! {
    #[test]
    fn any_bytes_end(mut file: Vec<u8>, magic in 0_usize..6) {
        let magics = [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34, 0x1c00_01ac, 0x1c00_01ab, 0_u32];
        for (at, byte) in magics[magic].to_le_bytes().into_iter().enumerate() {
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
        }
        let mut report = CaptureReport::default();
        if let Ok(Some((mut pcap, mut at))) = PcapDecoder::new(&file, true, &mut report) {
            while let Step::Frame(f) = pcap.step(&file[at..], &mut report) {
                assert!(f.consumed >= 16 && f.data_at + f.data_len <= f.consumed);
                at += f.consumed;
            }
            pcap.truncated(&file[at..]);
        }
    }
}
