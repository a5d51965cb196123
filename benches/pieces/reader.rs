//! From a capture file to verdicts, as the pipeline's reader does it for bulk traffic.
//!
//! The file lies in the page cache. Beside it stands its floor: what `read()` alone takes.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bellerophon::packet::{self, Path};
use bellerophon::source::{Capture, Fill, Input, Options};
use bellerophon::triage::{Triage, Verdict};
use tempfile::NamedTempFile;

use super::{Failure, Piece, check, inputs, repeat};

/// 30 MB: far more than a cache holds, as real captures are.
const PACKETS: usize = 20_000;

pub(crate) fn pieces() -> Result<Vec<Piece>, Failure> {
    let capture = inputs::bulk_capture(PACKETS);
    let mut file = NamedTempFile::new()?;
    file.write_all(&capture)?;
    let input = Input::File(file.path().to_owned());
    check(
        read(&input)? == PACKETS,
        "packets of the bulk capture are not forgotten",
    )?;

    let path = file.path().to_owned();
    let mut buffer = vec![0; Options::default().block_size];
    let floor = repeat(move || -> Result<(), std::io::Error> {
        let mut file = File::open(&path)?;
        while file.read(black_box(&mut buffer))? != 0 {}
        Ok(())
    });
    let whole = repeat(move || {
        // The file goes with the piece that was made last.
        black_box(&file);
        read(black_box(&input)).map_err(|error| error.to_string())
    });
    let piece = |name, run| Piece {
        units: PACKETS as u64,
        ..Piece::new(("reader", name), "packet", capture.len(), run)
    };
    Ok(vec![
        Piece {
            count_rounds: None,
            ..piece("floor: read() of the same file", floor)
        },
        Piece {
            count_rounds: Some(2),
            ..piece("TCP bulk from a pcap file", whole)
        },
    ])
}

/// Packets that were decoded and forgotten.
fn read(input: &Input) -> Result<usize, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut capture = Capture::open(input, &Options::default(), &stop)?;
    let mut forgotten = 0;
    let mut path = Path::default();
    let mut triage = Triage::default();
    loop {
        while let Some(frame) = capture.next_buffered()? {
            if let Ok(packet) = packet::decode(frame.link, frame.data, &mut path)
                && triage.packet(&packet, frame.timestamp) == Verdict::Forget
            {
                forgotten += 1;
            }
        }
        if capture.fill()? != Fill::More {
            return Ok(forgotten);
        }
    }
}
