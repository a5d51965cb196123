//! A capture of any format, as a file in large and small blocks and as a pipe.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bellerophon::source::{Capture, CaptureReport, Fill, Input, Options, SourceError};

use super::scratch;

/// A pipe holds at least this much, so that writing does not wait for a reader.
const PIPE: usize = 48 * 1024;

/// What a capture gave.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    frames: u64,
    /// Of every frame's numbers and bytes.
    digest: u64,
    report: Option<CaptureReport>,
    /// Packet, byte offset, words.
    problem: Option<(u64, u64, String)>,
}

impl Content {
    /// Which layout of records a pcap file was found to have.
    fn variant(&self) -> Option<&str> {
        let format = &self.report.as_ref()?.format;
        [", patched variant", ", Nokia variant"]
            .iter()
            .find_map(|words| Some(&format[format.find(words)?..]))
    }
}

pub fn run(data: &[u8]) {
    let file = scratch::file(data, "");
    let input = Input::File(file.path().to_owned());
    let whole = read(&input, 512 * 1024, data);
    assert_eq!(whole, read(&input, 4 * 1024, data), "block sizes differ");
    if let Some(twin) = big_endian(data) {
        let file = scratch::file(&twin, "");
        let mut read = read(&Input::File(file.path().to_owned()), 64 * 1024, &twin);
        // Variants have more in their records, which here is not turned.
        if whole.variant().is_none() && read.variant().is_none() {
            if let Some(report) = &mut read.report {
                report.format = report.format.replace("big-endian", "little-endian");
            }
            assert_eq!(whole, read, "byte orders differ");
        }
    }
    if data.len() <= PIPE {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(data).unwrap();
        drop(writer);
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        if path.exists() {
            let piped = read(&Input::File(path), 64 * 1024, data);
            // Of variants with one magic number the first records tell, and of a pipe it is not known
            // yet whether they are all.
            if whole.variant() == piped.variant() {
                assert_eq!(whole, piped, "a file and a pipe differ");
            }
        }
    }
}

/// The same pcap in the other byte order: usual records of one of them are read in a shorter way. `None` for
/// anything else.
fn big_endian(data: &[u8]) -> Option<Vec<u8>> {
    let ([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ..] | [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, ..]) =
        data
    else {
        return None;
    };
    let mut twin = data.to_vec();
    let (header, mut records) = twin.split_at_mut_checked(24)?;
    header[4..6].reverse();
    header[6..8].reverse();
    header[..4].reverse();
    header[8..].chunks_exact_mut(4).for_each(<[u8]>::reverse);
    while let Some((record, rest)) = records.split_at_mut_checked(16) {
        let length = u32::from_le_bytes(record[8..12].try_into().unwrap());
        record.chunks_exact_mut(4).for_each(<[u8]>::reverse);
        let next = rest.get_mut(usize::try_from(length).unwrap()..);
        records = next.unwrap_or_default();
    }
    Some(twin)
}

fn read(input: &Input, block_size: usize, data: &[u8]) -> Content {
    let options = Options {
        block_size,
        ..Options::default()
    };
    let mut content = Content {
        frames: 0,
        digest: DefaultHasher::new().finish(),
        report: None,
        problem: None,
    };
    let stop = Arc::new(AtomicBool::new(false));
    let mut capture = match Capture::open(input, &options, &stop) {
        Ok(capture) => capture,
        Err(error) => {
            content.problem = Some(problem(&error, &content, data));
            return content;
        }
    };
    let mut digest = DefaultHasher::new();
    let mut bytes = 0u64;
    let mut wire = 0u64;
    let error = loop {
        match capture.next_buffered() {
            Ok(Some(frame)) => {
                content.frames += 1;
                assert_eq!(frame.number, content.frames);
                bytes += frame.data.len() as u64;
                wire += u64::from(frame.original_len);
                let numbers = (frame.number, frame.link, frame.original_len);
                (numbers, frame.timestamp.to_string(), frame.data).hash(&mut digest);
            }
            Ok(None) => match capture.fill() {
                Ok(Fill::More) => {}
                Ok(Fill::End) => break None,
                Ok(Fill::Stopped) => panic!("nobody said stop"),
                Err(error) => break Some(error),
            },
            Err(error) => break Some(error),
        }
    };
    // The end stays the end.
    assert!(matches!(capture.next_buffered(), Ok(None)));
    assert!(matches!(capture.fill(), Ok(Fill::End)));

    let report = capture.report();
    assert_eq!(report.frames, content.frames);
    assert_eq!(report.captured_bytes, bytes);
    assert_eq!(report.original_bytes, wire);
    assert!(report.cut_frames <= content.frames);
    assert!(report.untimed_frames <= content.frames);
    assert!(capture.progress() <= data.len() as u64);
    content.digest = digest.finish();
    content.problem = error.map(|error| problem(&error, &content, data));
    // Until a first byte has come, a pipe does not know that it is no capture: no report then.
    let known = !capture.report().format.is_empty();
    content.report = known.then(|| capture.report().clone());
    content
}

fn problem(error: &SourceError, content: &Content, data: &[u8]) -> (u64, u64, String) {
    let words = error.to_string();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    match error {
        SourceError::Io { .. } => panic!("{words}"),
        // What else it may be is guessed from as much as was read: words may differ.
        SourceError::NotCapture { what, advice, .. } => {
            assert_eq!(content.frames, 0);
            assert!(!what.is_empty() && !advice.is_empty());
            (0, 0, String::new())
        }
        SourceError::Damaged(damage) => {
            assert_eq!(damage.packet, content.frames + 1);
            assert!(damage.compression.is_some() || damage.offset <= data.len() as u64);
            (damage.packet, damage.offset, damage.what.clone())
        }
        other => panic!("{other}"),
    }
}
