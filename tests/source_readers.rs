//! Captures from files, pipes and compressed files, as the rest of the program reads them.
#![allow(missing_docs, clippy::arithmetic_side_effects)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "../src/source/test_support.rs"]
mod test_support;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bellerophon::source::{
    Capture, CaptureReport, Damage, Fill, Input, LinkType, Options, SourceError,
};
use flate2::write::GzEncoder;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tempfile::TempDir;
use test_support::{Order, Pcap, PcapNg};

/// (number, nanoseconds, link, original length, bytes)
type Seen = (u64, i64, LinkType, u32, Vec<u8>);

/// Reads to the end; the caller's loop as the pipeline has it.
fn drain(capture: &mut Capture) -> (Vec<Seen>, Option<SourceError>) {
    let mut seen = Vec::new();
    let end = loop {
        match capture.next_buffered() {
            Ok(Some(f)) => {
                seen.push((
                    f.number,
                    f.timestamp.nanos(),
                    f.link,
                    f.original_len,
                    f.data.to_vec(),
                ));
                continue;
            }
            Ok(None) => {}
            Err(error) => break Some(error),
        }
        match capture.fill() {
            Ok(Fill::More) => {}
            Ok(Fill::End) => break None,
            Ok(Fill::Stopped) => panic!("nobody said stop"),
            Err(error) => break Some(error),
        }
    };
    // Whatever happened, this is the end now.
    for _ in 0..2 {
        assert_eq!(capture.fill().unwrap(), Fill::End);
        assert_eq!(capture.next_buffered().unwrap(), None);
    }
    (seen, end)
}

fn read_with(path: &Path, options: &Options) -> (Vec<Seen>, Option<SourceError>, CaptureReport) {
    match Capture::open(&Input::File(path.to_owned()), options, &Arc::default()) {
        Ok(mut capture) => {
            let (seen, error) = drain(&mut capture);
            (seen, error, capture.report().clone())
        }
        Err(error) => (Vec::new(), Some(error), CaptureReport::default()),
    }
}

/// Writes `bytes` to a file and reads that.
fn read(bytes: &[u8]) -> (Vec<Seen>, Option<SourceError>, CaptureReport) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, bytes).unwrap();
    read_with(&path, &Options::default())
}

fn damage_of(error: Option<SourceError>) -> Damage {
    error
        .as_ref()
        .and_then(SourceError::damage)
        .cloned()
        .expect("damage")
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    compress_to_vec(data, CompressionLevel::Fastest)
}

/// A pcap with frames of many lengths, and where each record begins.
fn many_frames(count: u32) -> (Vec<u8>, Vec<usize>) {
    let mut pcap = Pcap::new(Order::Little);
    let mut begins = Vec::new();
    let mut at = 24;
    for n in 0..count {
        begins.push(at);
        let data = vec![n as u8; (n as usize * 37) % 1500];
        at += 16 + data.len();
        pcap.frame(1_600_000_000 + n, n % 1_000_000, &data);
    }
    (pcap.bytes(), begins)
}

#[test]
fn block_boundaries_do_not_show() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x");
    let (mut file, begins) = many_frames(2_000);
    // One frame larger than the smallest block and the first headroom together.
    let big = vec![0x55; 200_000];
    file.extend(
        Pcap::new(Order::Little)
            .frame(1, 2, &big)
            .bytes()
            .split_off(24),
    );
    std::fs::write(&path, &file).unwrap();
    for block_size in [0, 4096, 10_000, 512 * 1024, usize::MAX] {
        let options = Options {
            block_size,
            ..Options::default()
        };
        let (seen, error, report) = read_with(&path, &options);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(seen.len(), begins.len() + 1);
        for (n, frame) in seen.iter().take(begins.len()).enumerate() {
            assert_eq!(frame.0, n as u64 + 1);
            assert_eq!(
                frame.1,
                (1_600_000_000 + n as i64) * 1_000_000_000 + n as i64 * 1000
            );
            assert!(frame.4 == vec![n as u8; n * 37 % 1500]);
        }
        assert!(seen[begins.len()].4 == big);
        assert_eq!(report.frames, seen.len() as u64);
    }
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let folder = TempDir::new().unwrap();
    let (file, _) = many_frames(500);
    for bytes in [file.clone(), gzip(&file), zstd(&file)] {
        let path = folder.path().join("x");
        std::fs::write(&path, &bytes).unwrap();
        let input = Input::File(path);
        let mut capture = Capture::open(&input, &Options::default(), &Arc::default()).unwrap();
        assert!(!capture.is_stream());
        let (seen, error) = drain(&mut capture);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(seen.len(), 500);
        assert_eq!(capture.progress(), bytes.len() as u64);
    }
}

#[test]
fn compressed_captures_are_the_same_captures() {
    let (file, _) = many_frames(3_000);
    let (plain, _, _) = read(&file);
    let (front, back) = file.split_at(file.len() / 3);
    for (packed, name) in [
        (gzip(&file), "gzip"),
        ([gzip(front), gzip(back)].concat(), "gzip"),
        (zstd(&file), "zstd"),
        ([zstd(front), zstd(back)].concat(), "zstd"),
    ] {
        let (seen, error, report) = read(&packed);
        assert!(error.is_none(), "{error:?}");
        assert!(seen == plain);
        assert_eq!(
            report.format,
            format!("pcap, little-endian, microseconds, {name}")
        );
    }
}

#[test]
fn a_cut_file_gives_all_before_the_cut_and_says_where() {
    let (file, begins) = many_frames(10);
    for cut in 0..file.len() {
        let (seen, error, _) = read(&file[..cut]);
        let whole = begins
            .iter()
            .skip(1)
            .chain([&file.len()])
            .filter(|&&end| end <= cut)
            .count();
        assert_eq!(seen.len(), whole, "cut at {cut}");
        if cut == 24 || begins.contains(&cut) {
            assert!(error.is_none(), "cut at {cut}: {error:?}");
        } else if cut < 4 {
            assert!(
                error.unwrap().damage().is_none(),
                "cut at {cut}: no capture at all"
            );
        } else {
            let damage = damage_of(error);
            assert_eq!(damage.packet, whole as u64 + 1, "cut at {cut}");
            assert_eq!(
                damage.offset,
                if cut < 24 { 0 } else { begins[whole] as u64 }
            );
            assert!(damage.what.contains("ends"), "{damage}");
        }
    }
}

#[test]
fn a_cut_pcapng_gives_all_before_the_cut() {
    let mut file = PcapNg::new(Order::Big);
    file.interface(1, 0, &[]);
    let mut ends = Vec::new();
    for n in 0..8 {
        file.packet(0, n, &vec![1; n as usize * 7]);
        ends.push(file.bytes().len());
        file.block(0xbad, &[1; 20]);
    }
    let file = file.bytes();
    for cut in 12..file.len() {
        let (seen, error, _) = read(&file[..cut]);
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(seen.len(), whole, "cut at {cut}");
        if let Some(error) = error {
            let damage = error.damage().expect("damage");
            assert_eq!(damage.packet, whole as u64 + 1);
            assert!(damage.offset < cut as u64);
        }
    }
}

#[test]
fn a_cut_within_a_long_foreign_block_is_told_from_its_beginning() {
    let mut file = PcapNg::new(Order::Little);
    file.interface(1, 0, &[]).packet(0, 0, b"before");
    let begin = file.bytes().len();
    file.block(10, &vec![1; 3_000_000]);
    let end = file.bytes().len();
    file.packet(0, 0, b"after");
    let (seen, error, report) = read(&file.bytes());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(seen.len(), 2);
    assert_eq!(report.skipped_blocks.get(&10), Some(&1));
    for cut in [begin + 100, end - 700_000, end - 4, end - 1] {
        let (seen, error, _) = read(&file.bytes()[..cut]);
        assert_eq!(seen.len(), 1);
        let damage = damage_of(error);
        assert_eq!(
            (damage.packet, damage.offset),
            (2, begin as u64),
            "cut at {cut}: {damage}"
        );
    }
}

#[test]
fn damage_in_compressed_captures_counts_uncompressed_bytes() {
    let (file, begins) = many_frames(3_000);
    for (packed, name) in [(gzip(&file), "gzip"), (zstd(&file), "zstd")] {
        let (seen, error, _) = read(&packed[..packed.len() * 2 / 3]);
        let damage = damage_of(error);
        assert!(!seen.is_empty());
        assert_eq!(damage.packet, seen.len() as u64 + 1);
        assert_eq!(damage.offset, begins[seen.len()] as u64);
        assert!(
            damage
                .to_string()
                .contains(&format!("of the data inside the {name}"))
        );
        assert!(damage.what.contains("end too early"), "{damage}");
    }
}

#[test]
fn a_bomb_is_refused_and_can_be_allowed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bomb.pcap.gz");
    let mut pcap = Pcap::new(Order::Little);
    for n in 0..1_400 {
        pcap.frame(n, 0, &[0; 65_000]);
    }
    let file = pcap.bytes();
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&file).unwrap();
    std::fs::write(&path, encoder.finish().unwrap()).unwrap();

    let (seen, error, _) = read_with(&path, &Options::default());
    let damage = damage_of(error);
    assert!(
        damage.what.contains("expands more than 200 times"),
        "{damage}"
    );
    assert!(damage.advice.contains("--max-expansion"));
    assert!(
        seen.len() > 900 && seen.len() < 1_400,
        "{} frames before",
        seen.len()
    );

    let options = Options {
        max_expansion: 5_000,
        ..Options::default()
    };
    let (seen, error, _) = read_with(&path, &options);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(seen.len(), 1_400);
}

#[test]
fn what_is_no_capture_is_named_with_what_to_do() {
    let (capture, _) = many_frames(2);
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, what, advice) in [
        (b"".to_vec(), "empty (0 bytes)", "check that it was copied"),
        (b"hello, world\n".to_vec(), "plain text", "give a pcap"),
        (
            b"snoop\0\0\0\0\0\0\x02".to_vec(),
            "snoop",
            "editcap -F pcap",
        ),
        (b"\xfd7zXZ\0\0\x04\0\0\0\0".to_vec(), "xz", "xz -d"),
        (
            gzip(b"hello, world\n"),
            "inside the gzip: plain text",
            "decompress it, then",
        ),
        (gzip(&tar), "inside the gzip: a tar archive", "tar xf"),
        (
            gzip(&gzip(&capture)),
            "compressed once more",
            "decompress it",
        ),
        (
            zstd(&gzip(&capture)),
            "inside the zstd: compressed once more",
            "decompress it",
        ),
        (gzip(b""), "inside the gzip: the file is empty", "check"),
    ] {
        let (seen, error, _) = read(&bytes);
        assert!(seen.is_empty());
        let error = error.expect(what);
        assert!(error.damage().is_none(), "{error}");
        let words = error.to_string();
        assert!(words.contains(what) && words.contains(advice), "{words}");
        assert!(
            words.contains("x.pcap") && error.input().ends_with("x.pcap"),
            "{words}"
        );
    }
    let missing = read_with(Path::new("no/such/file.pcap"), &Options::default())
        .1
        .unwrap();
    assert!(
        missing
            .to_string()
            .contains("cannot open the file: No such file"),
        "{missing}"
    );
    let folder = read_with(Path::new("."), &Options::default()).1.unwrap();
    assert!(folder.to_string().contains("a folder"), "{folder}");
}

/// A named pipe, opened for reading by the capture and for writing by the caller: each of the
/// two waits for the other.
fn pipe(stop: &Arc<AtomicBool>) -> (TempDir, Capture, File) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let capture = Capture::open(&Input::File(path.clone()), &Options::default(), stop).unwrap();
    let writer = File::options().write(true).open(&path).unwrap();
    (folder, capture, writer)
}

#[test]
fn a_pipe_gives_frames_as_they_come() {
    let (file, begins) = many_frames(30);
    for packed in [file.clone(), gzip(&file), zstd(&file)] {
        let plain = packed == file;
        let (_folder, mut capture, mut writer) = pipe(&Arc::default());
        assert!(capture.is_stream());
        let mut seen = 0;
        if plain {
            // Each frame arrives although the next is not written yet.
            writer.write_all(&file[..24]).unwrap();
            for (n, window) in begins.windows(2).enumerate() {
                writer.write_all(&file[window[0]..window[1]]).unwrap();
                while seen == n {
                    match capture.next_buffered().unwrap() {
                        Some(frame) => seen = frame.number as usize,
                        None => assert_eq!(capture.fill().unwrap(), Fill::More),
                    }
                }
            }
            writer.write_all(&file[begins[29]..]).unwrap();
        } else {
            writer.write_all(&packed).unwrap();
        }
        drop(writer);
        let (rest, error) = drain(&mut capture);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(seen + rest.len(), 30);
        assert_eq!(capture.progress(), packed.len() as u64);
    }
}

#[test]
fn a_silent_pipe_is_left_when_told_to_stop() {
    let stop = Arc::new(AtomicBool::new(false));
    let (_folder, mut capture, mut writer) = pipe(&stop);
    let (file, _) = many_frames(3);
    writer.write_all(&file).unwrap();
    let mut seen = 0;
    while seen < 3 {
        match capture.next_buffered().unwrap() {
            Some(_) => seen += 1,
            None => assert_eq!(capture.fill().unwrap(), Fill::More),
        }
    }
    let stopper = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            stop.store(true, Ordering::Relaxed);
        })
    };
    assert_eq!(capture.next_buffered().unwrap(), None);
    assert_eq!(capture.fill().unwrap(), Fill::Stopped); // the writer is still there, and silent
    stopper.join().unwrap();
    assert_eq!(capture.report().frames, 3);
}

#[test]
fn a_pipe_that_nobody_writes_to_is_left_when_told_to_stop() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let stop = Arc::new(AtomicBool::new(false));
    let mut capture = Capture::open(&Input::File(path), &Options::default(), &stop).unwrap();
    let stopper = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || stop.store(true, Ordering::Relaxed))
    };
    assert_eq!(capture.fill().unwrap(), Fill::Stopped);
    stopper.join().unwrap();
}

#[test]
fn a_pipe_that_is_no_capture_or_ends_early_says_so() {
    for (bytes, what) in [
        (&b"hello, world, this is text\n"[..], "plain text"),
        (b"", "empty (0 bytes)"),
        (&many_frames(1).0[..20], "the file ends in its header"),
    ] {
        let (_folder, mut capture, mut writer) = pipe(&Arc::default());
        writer.write_all(bytes).unwrap();
        drop(writer);
        let (seen, error) = drain(&mut capture);
        assert!(seen.is_empty());
        assert!(error.expect(what).to_string().contains(what), "{what}");
    }
}

#[test]
fn a_caller_that_takes_nothing_does_not_make_memory_grow() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x");
    let mut pcap = Pcap::new(Order::Little);
    for n in 0..640 {
        pcap.frame(n, 0, &[7; 65_000]);
    }
    std::fs::write(&path, pcap.bytes()).unwrap();
    let mut capture =
        Capture::open(&Input::File(path), &Options::default(), &Arc::default()).unwrap();
    for _ in 0..200 {
        assert_eq!(capture.fill().unwrap(), Fill::More);
    }
    assert!(
        capture.progress() < 20 << 20,
        "{} bytes are held",
        capture.progress()
    );
    assert_eq!(drain(&mut capture).0.len(), 640, "and nothing is lost");
}

#[test]
fn captures_can_be_read_on_another_thread() {
    fn can_move<T: Send>(_: &T) {}
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, many_frames(3).0).unwrap();
    let mut capture =
        Capture::open(&Input::File(path), &Options::default(), &Arc::default()).unwrap();
    can_move(&capture);
    let seen = std::thread::spawn(move || drain(&mut capture).0.len())
        .join()
        .unwrap();
    assert_eq!(seen, 3);
}

fn any_capture() -> impl Strategy<Value = Vec<u8>> {
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20);
    (frames, 0..5_u8).prop_map(|(frames, kind)| {
        let order = if kind % 2 == 0 {
            Order::Little
        } else {
            Order::Big
        };
        if kind < 2 {
            let mut pcap = Pcap::new(order);
            for (n, data) in frames.iter().enumerate() {
                pcap.frame(n as u32, 0, data);
            }
            return pcap.bytes();
        }
        let mut file = PcapNg::new(order);
        file.interface(1, 0, &[]);
        for (n, data) in frames.iter().enumerate() {
            file.packet(0, n as u64, data)
                .simple_packet(data, data.len() as u32);
        }
        if kind == 4 {
            gzip(&file.bytes())
        } else {
            file.bytes()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn flipped_bits_leave_what_came_before(
        file in any_capture(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let (good, error, _) = read(&file);
        prop_assert!(error.is_none());
        let place = place.index(file.len());
        let mut damaged = file.clone();
        damaged[place] ^= 1 << bit;
        let (seen, _, report) = read(&damaged);
        prop_assert_eq!(seen.len() as u64, report.frames);
        if Some(&0x1f) != file.first() && place > 100 {
            // Frames whose records end before the flip are what they were.
            let mut at = place.saturating_sub(400);
            let untouched = good.iter().take_while(|frame| {
                at = at.saturating_sub(frame.4.len() + 64);
                at > 0
            });
            for (good, seen) in untouched.zip(&seen) {
                prop_assert_eq!(good, seen);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes);
    }
}
