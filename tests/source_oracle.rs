//! libpcap reads the same frames, wherever it reads the file at all.
#![allow(missing_docs, clippy::arithmetic_side_effects)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../src/source/test_support.rs"]
mod test_support;

use std::path::Path;
use std::sync::Arc;

use bellerophon::source::{Capture, Fill, Input, Options};
use proptest::prelude::*;
use tempfile::TempDir;
use test_support::{Order, Pcap, PcapNg};

/// (seconds, fraction in nanoseconds, original length, bytes)
type Seen = (i64, i64, u32, Vec<u8>);

fn ours(path: &Path) -> Vec<Seen> {
    let input = Input::File(path.to_owned());
    let Ok(mut capture) = Capture::open(&input, &Options::default(), &Arc::default()) else {
        return Vec::new();
    };
    let mut seen = Vec::new();
    loop {
        while let Ok(Some(f)) = capture.next_buffered() {
            let nanos = f.timestamp.nanos();
            let (secs, fraction) = (
                nanos.div_euclid(1_000_000_000),
                nanos.rem_euclid(1_000_000_000),
            );
            seen.push((secs, fraction, f.original_len, f.data.to_vec()));
        }
        if !matches!(capture.fill(), Ok(Fill::More)) {
            return seen;
        }
    }
}

/// `None` if libpcap does not open the file; frames up to its first error.
fn libpcap(path: &Path) -> Option<Vec<Seen>> {
    let mut capture = pcap::Capture::from_file_with_precision(path, pcap::Precision::Nano).ok()?;
    let mut seen = Vec::new();
    while let Ok(packet) = capture.next_packet() {
        let time = packet.header.ts;
        seen.push((
            time.tv_sec,
            time.tv_usec,
            packet.header.len,
            packet.data.to_vec(),
        ));
    }
    Some(seen)
}

fn both(bytes: &[u8]) -> (Vec<Seen>, Option<Vec<Seen>>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, bytes).unwrap();
    (ours(&path), libpcap(&path))
}

fn agree(bytes: &[u8], frames: usize) {
    let (ours, theirs) = both(bytes);
    assert_eq!(ours.len(), frames);
    assert_eq!(Some(ours), theirs);
}

fn orders() -> [Order; 2] {
    [Order::Little, Order::Big]
}

#[test]
fn pcap_in_all_the_ways_that_libpcap_knows() {
    for order in orders() {
        for magic in [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34] {
            for (version, swapped) in [((2, 4), false), ((2, 3), true), ((2, 1), true)] {
                let mut file = Pcap::new(order);
                (file.magic, file.version, file.lengths_swapped) = (magic, version, swapped);
                if magic == 0xa1b2_cd34 {
                    file.record_extra = vec![0; 8];
                }
                for n in 0..50 {
                    let data = vec![n as u8; n as usize * 29];
                    file.cut_frame(1_600_000_000 + n, n * 1000, &data, n * 29 + n % 3);
                }
                agree(&file.bytes(), 50);
            }
        }
    }
}

#[test]
fn pcapng_in_all_the_ways_that_libpcap_knows() {
    for order in orders() {
        for resolution in [0, 3, 6, 7, 9, 0x80 | 10] {
            let mut file = PcapNg::new(order);
            let options = [
                file.option(9, &[resolution]),
                file.option(14, &order.u64(1_000)),
                file.option(2, b"eth0"),
            ]
            .concat();
            file.interface(1, 262_144, &options)
                .interface(1, 262_144, &options);
            for n in 0..50_u64 {
                let data = vec![n as u8; n as usize * 13];
                file.packet((n % 2) as u32, 1_000_000 + n * 7, &data);
                file.block(4, &[0; 4]);
            }
            agree(&file.bytes(), 50);
        }
        let mut file = PcapNg::new(order);
        file.interface(1, 100, &[])
            .simple_packet(&[1; 60], 60)
            .simple_packet(&[2; 100], 1500);
        file.old_packet(0, 0, 77, b"old");
        let (ours, theirs) = both(&file.bytes());
        let data = |seen: Vec<Seen>| seen.into_iter().map(|f| (f.2, f.3)).collect::<Vec<_>>();
        assert_eq!(data(ours), data(theirs.unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever libpcap reads from a damaged file, we read at least that.
    #[test]
    fn nothing_that_libpcap_reads_is_lost(
        ng: bool,
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..8),
        place in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut bytes = if ng {
            let mut file = PcapNg::new(Order::Little);
            file.interface(1, 262_144, &[]);
            for data in &frames {
                file.packet(0, 1_600_000_000_000_000, data);
            }
            file.bytes()
        } else {
            let mut file = Pcap::new(Order::Little);
            file.snap_len = 262_144;
            for data in &frames {
                file.frame(1_600_000_000, 5, data);
            }
            file.bytes()
        };
        // Behind the file header: a damaged header makes another kind of file.
        let header = if ng { 48 } else { 24 };
        let place = header + place.index(bytes.len() - header);
        bytes[place] = byte;
        let (ours, theirs) = both(&bytes);
        if let Some(theirs) = theirs {
            prop_assert!(ours.len() >= theirs.len(), "{} < {}", ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                prop_assert_eq!(&ours.3, &theirs.3);
                prop_assert_eq!(ours.2, theirs.2);
            }
        }
    }
}
