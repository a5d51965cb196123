//! Broken capture files, made from whole ones. They are not in `pcaps/`, where every file is
//! meant to be read to its end.

/// The first `len` bytes, as after a full disk or a broken copy.
pub fn truncate(file: &[u8], len: usize) -> Vec<u8> {
    file[..len].to_vec()
}

/// Cuts a little-endian classic pcap in the middle of its record `number` (counted from 1).
pub fn cut_in_record(file: &[u8], number: usize) -> Vec<u8> {
    let at = record_offset(file, number);
    truncate(file, at + 16 + captured_len(file, at) / 2)
}

/// Replaces the captured length of record `number` of a little-endian classic pcap.
pub fn corrupt_record_length(file: &[u8], number: usize, length: u32) -> Vec<u8> {
    let at = record_offset(file, number);
    let mut out = file.to_vec();
    out[at + 8..at + 12].copy_from_slice(&length.to_le_bytes());
    out
}

/// Replaces the first length of block `number` (from 1, the section header counts) of a pcapng
/// file that is little-endian throughout.
pub fn corrupt_block_length(file: &[u8], number: usize, length: u32) -> Vec<u8> {
    let at = block_offset(file, number);
    let mut out = file.to_vec();
    out[at + 4..at + 8].copy_from_slice(&length.to_le_bytes());
    out
}

/// Byte offset of record `number` (from 1) of a little-endian classic pcap.
pub fn record_offset(file: &[u8], number: usize) -> usize {
    assert_eq!(
        file[..4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        "a little-endian classic pcap"
    );
    (1..number).fold(24, |at, _| at + 16 + captured_len(file, at))
}

/// Byte offset of block `number` (from 1) of a little-endian pcapng file.
pub fn block_offset(file: &[u8], number: usize) -> usize {
    (1..number).fold(0, |at, _| {
        at + u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize
    })
}

fn captured_len(file: &[u8], at: usize) -> usize {
    u32::from_le_bytes(file[at + 8..at + 12].try_into().unwrap()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Packet, Pcap, PcapNg, Resolution};

    #[test]
    fn damage_lands_in_the_record_that_was_named() {
        let packets: Vec<Packet> = (1..=3)
            .map(|i| Packet::new(i * 1_000_000_000, vec![0; 10 * i as usize]))
            .collect();
        let file = Pcap::new(1).packets(&packets).bytes();
        assert_eq!(record_offset(&file, 3), 24 + 26 + 36);
        assert_eq!(cut_in_record(&file, 2).len(), 24 + 26 + 16 + 10);
        let broken = corrupt_record_length(&file, 3, 0xffff_ffff);
        assert_eq!(broken[24 + 26 + 36 + 8..24 + 26 + 36 + 12], [0xff; 4]);

        let file = PcapNg::new()
            .interface(1, Resolution::Unstated)
            .packet(0, &packets[0])
            .packet(0, &packets[1])
            .bytes();
        let at = block_offset(&file, 4);
        assert_eq!(file[at..at + 4], [6, 0, 0, 0]);
        assert_eq!(
            corrupt_block_length(&file, 4, 13)[at + 4..at + 8],
            [13, 0, 0, 0]
        );
    }
}
