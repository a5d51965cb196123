#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose

use std::io::{BufReader, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    compress_to_vec(data, CompressionLevel::Fastest)
}

/// What is inside, and how it ends. The source gives few bytes at a time.
fn inside(file: &[u8]) -> (Vec<u8>, Option<String>) {
    let compression = Compression::of(file).expect("a known compression");
    let mut decompressor = Decompressor::new(compression, BufReader::with_capacity(7, file));
    let mut out = Vec::new();
    let mut piece = [0; 1000];
    loop {
        match decompressor.read(&mut piece) {
            Ok(0) => return (out, None),
            Ok(n) => out.extend_from_slice(&piece[..n]),
            Err(fault) => return (out, Some(fault.what)),
        }
    }
}

fn some_data() -> Vec<u8> {
    (0..600_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect()
}

#[test]
fn members_and_frames_follow_each_other() {
    let data = some_data();
    let twice = [data.clone(), data.clone()].concat();
    for pack in [gzip, zstd] {
        let one = pack(&data);
        assert!(inside(&one) == (data.clone(), None));
        let empty = pack(b"");
        let two = [one.clone(), empty, one].concat();
        assert!(inside(&two) == (twice.clone(), None));
    }
}

#[test]
fn skippable_frames_are_skipped_wherever_they_are() {
    let mut skippable = 0x184d_2a57_u32.to_le_bytes().to_vec();
    skippable.extend(5_u32.to_le_bytes());
    skippable.extend(b"notes");
    let one = zstd(b"frames");
    let file = [
        skippable.clone(),
        one.clone(),
        skippable.clone(),
        one,
        skippable.clone(),
    ]
    .concat();
    assert_eq!(inside(&file), (b"framesframes".to_vec(), None));
    let cut = &skippable[..skippable.len() - 1];
    assert_eq!(inside(cut).1.unwrap(), "the zstd data end too early");
}

#[test]
fn zeros_after_gzip_are_padding_and_anything_else_is_not() {
    let one = gzip(b"frames");
    assert_eq!(
        inside(&[&one[..], &[0; 600]].concat()),
        (b"frames".to_vec(), None)
    );
    for (pack, words) in [
        (
            gzip as fn(&[u8]) -> Vec<u8>,
            "bytes that are not gzip follow the gzip data",
        ),
        (zstd, "bytes that are not zstd follow the zstd data"),
    ] {
        let (data, fault) = inside(&[&pack(b"frames")[..], b"more"].concat());
        assert_eq!(data, b"frames");
        assert_eq!(fault.unwrap(), words);
    }
}

#[test]
fn what_lies_before_a_cut_or_a_flipped_bit_is_given() {
    let data = some_data();
    for (pack, name) in [(gzip as fn(&[u8]) -> Vec<u8>, "gzip"), (zstd, "zstd")] {
        let whole = pack(&data);
        for cut in [5, 11, whole.len() / 2, whole.len() - 1] {
            let (found, fault) = inside(&whole[..cut]);
            assert!(data.starts_with(&found), "{name} cut at {cut}");
            assert_eq!(
                fault.unwrap(),
                format!("the {name} data end too early"),
                "cut at {cut}"
            );
        }
        let (half, _) = inside(&whole[..whole.len() / 2]);
        assert!(!half.is_empty(), "{name}");
        let mut flipped = whole.clone();
        let last = flipped.len() - 2; // in the checksum
        flipped[last] ^= 1;
        let (_, fault) = inside(&flipped);
        assert_eq!(
            fault.unwrap(),
            format!("the {name} data are damaged (checksum differs)")
        );
    }
}

#[test]
fn damage_in_gzip_costs_nothing_before_it_however_much_is_read_at_once() {
    // What compresses well: a flipped byte in a stored block is only a wrong checksum.
    let data: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| format!("packet {}\n", n.wrapping_mul(n)).into_bytes())
        .collect();
    let mut damaged = gzip(&data);
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    let byte_by_byte = {
        let mut decompressor = Decompressor::new(Compression::Gzip, &damaged[..]);
        let mut out = Vec::new();
        let mut byte = [0];
        while let Ok(1) = decompressor.read(&mut byte) {
            out.extend(byte);
        }
        out
    };
    assert!(byte_by_byte.len() > data.len() / 4);
    let mut decompressor = Decompressor::new(Compression::Gzip, &damaged[..]);
    let mut room = vec![0; 2 * data.len()];
    let mut len = 0;
    let fault = loop {
        match decompressor.read(&mut room[len..]) {
            Ok(n) => len += n,
            Err(fault) => break fault,
        }
    };
    assert!(room[..len] == byte_by_byte, "{len} bytes");
    assert_eq!(fault.what, "the gzip data are damaged");
}

#[test]
fn the_limit_lets_honest_files_pass() {
    let limit = ExpansionLimit { max_expansion: 200 };
    assert!(
        limit.check(1, FREE_OUTPUT).is_ok(),
        "small output is never refused"
    );
    assert!(limit.check(1 << 20, 200 << 20).is_ok());
    let fault = limit.check(1 << 20, (200 << 20) + 1).unwrap_err();
    assert!(fault.what.contains("200 times") && fault.advice.contains("--max-expansion"));
    assert!(limit.check(0, u64::MAX).is_err());
    assert!(
        ExpansionLimit {
            max_expansion: u32::MAX
        }
        .check(u64::MAX, u64::MAX)
        .is_ok()
    );
}

proptest::proptest! {
    #[test]
    fn any_bytes_end(mut bytes: Vec<u8>, gz: bool) {
        let magic = if gz { [0x1f, 0x8b, 8, 0] } else { [0x28, 0xb5, 0x2f, 0xfd] };
        bytes.splice(0..0, magic);
        inside(&bytes);
    }
}
