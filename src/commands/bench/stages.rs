//! The parts of the reader by themselves, on one thread: each does what the one before does, and
//! one thing more.
//!
//! Fragments and frames with several packets in them are decoded only so far, usual DNS messages are not
//! read, and what is forwarded is not copied. That part of the reader's time is in the time of its thread.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::figures::Cost;
use super::source_options;
use crate::packet::{self, Packet};
use crate::pipeline::cpu_time_of_this_thread;
use crate::source::{Capture, Fill, Frame, Input};
use crate::triage::{Triage, Verdict};

/// What each took, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    pub(super) read: Cost,
    pub(super) walk: Cost,
    pub(super) decode: Cost,
    pub(super) triage: Cost,
}

/// Measures all of them.
pub(super) fn measure(capture: &Path) -> Result<Costs, Box<dyn Error>> {
    Ok(Costs {
        read: timed(|| read(capture))?,
        walk: timed(|| walk(capture))?,
        decode: timed(|| decode(capture))?,
        triage: timed(|| triage(capture))?,
    })
}

fn timed(work: impl FnOnce() -> Result<u64, Box<dyn Error>>) -> Result<Cost, Box<dyn Error>> {
    let (cpu, begun) = (cpu_time_of_this_thread(), Instant::now());
    black_box(work()?);
    let wall = begun.elapsed();
    Ok(Cost {
        wall: wall.as_secs_f64(),
        cpu: cpu_time_of_this_thread()
            .zip(cpu)
            .map(|(after, before)| after.saturating_sub(before).as_secs_f64()),
    })
}

/// The floor: the same blocks, into a buffer of the same size, to nowhere.
pub(super) fn read(capture: &Path) -> Result<u64, Box<dyn Error>> {
    let mut file = File::open(capture)?;
    let mut block = vec![0; source_options().block_size];
    let mut bytes = 0u64;
    loop {
        match file.read(black_box(&mut block))? {
            0 => return Ok(bytes),
            n => bytes = bytes.saturating_add(n as u64),
        }
    }
}

fn walk(capture: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0u64;
    frames(capture, |frame| {
        sum = sum.wrapping_add(frame.data.len() as u64);
    })?;
    Ok(sum)
}

fn decode(capture: &Path) -> Result<u64, Box<dyn Error>> {
    let (mut path, mut sum) = (packet::Path::default(), 0u64);
    frames(capture, |frame| {
        // As the pipeline's reader does it.
        let payload = match packet::plainest(frame.link, frame.data) {
            Some((_, transport)) => transport.payload().len(),
            None => packet::decode(frame.link, frame.data, &mut path)
                .map_or(0, |packet| packet.transport.payload().len()),
        };
        sum = sum.wrapping_add(payload as u64);
    })?;
    Ok(sum)
}

fn triage(capture: &Path) -> Result<u64, Box<dyn Error>> {
    let (mut path, mut triage) = (packet::Path::default(), Triage::default());
    let mut forgotten = 0u64;
    frames(capture, |frame| {
        let verdict = match packet::plainest(frame.link, frame.data) {
            Some((ip, transport)) if triage.forgets(&ip, &transport) => Some(Verdict::Forget),
            Some((ip, transport)) => {
                let cut = false;
                Some(triage.packet(&Packet { ip, transport, cut }, frame.timestamp))
            }
            None => packet::decode(frame.link, frame.data, &mut path)
                .ok()
                .map(|packet| triage.packet(&packet, frame.timestamp)),
        };
        if verdict == Some(Verdict::Forget) {
            forgotten = forgotten.wrapping_add(1);
        }
    })?;
    Ok(forgotten)
}

fn frames(capture: &Path, mut each: impl FnMut(&Frame<'_>)) -> Result<(), Box<dyn Error>> {
    let input = Input::File(capture.to_owned());
    let mut capture = Capture::open(&input, &source_options(), &Arc::default())?;
    loop {
        while let Some(frame) = capture.next_buffered()? {
            each(&frame);
        }
        if capture.fill()? != Fill::More {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_sees_the_whole_capture() {
        let capture = Path::new("pcaps/infection-redirect.pcap");
        let size = std::fs::metadata(capture).unwrap().len();
        assert_eq!(read(capture).unwrap(), size);
        // 24 bytes at the beginning and 16 before each packet.
        let mut packets = 0;
        frames(capture, |_| packets += 1).unwrap();
        assert_eq!(walk(capture).unwrap(), size - 24 - 16 * packets);
        let payloads = decode(capture).unwrap();
        assert!(payloads > 0 && payloads < size);
        let forgotten = triage(capture).unwrap();
        assert!(forgotten > 0 && forgotten < packets);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for capture in ["pcaps/none.pcap", "Cargo.toml"] {
            assert!(measure(Path::new(capture)).is_err(), "{capture}");
        }
    }
}
