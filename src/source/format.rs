//! Tells by content what a file is.

use super::compressed::Compression;
use super::decode::ByteOrder;
use super::pcap::Magic;
use super::pcapng;

/// How much of a file [`identify`] likes to see.
pub(super) const IDENTIFYING_BYTES: usize = 4096;

/// What a file begins like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Pcap,
    PcapNg(ByteOrder),
    Compressed(Compression),
    /// No capture that is read here: what it is, and what to do.
    Other(&'static str, &'static str),
    /// Too little has been seen.
    TooShort,
}

const CONVERT: &str = "convert it with `editcap -F pcap IN OUT`";
const NO_CAPTURE: &str = "give a pcap or pcapng file, plain or compressed with gzip or zstd";

/// Formats that are recognised to be named: first bytes, name, what to do.
const OTHERS: &[(&[u8], &str, &str)] = &[
    (b"snoop\0\0\0", "a snoop capture", CONVERT),
    (b"RTSS", "a Microsoft Network Monitor 1 capture", CONVERT),
    (b"GMBU", "a Microsoft Network Monitor 2 capture", CONVERT),
    (b"TRSNIFF data    \x1a", "a Sniffer capture", CONVERT),
    (b"XCP\0", "a NetXRay or Windows Sniffer capture", CONVERT),
    (b"iptrace ", "an AIX iptrace capture", CONVERT),
    (
        b"btsnoop\0",
        "a Bluetooth HCI log",
        "it holds no network traffic",
    ),
    (
        b"\xfd7zXZ\0",
        "compressed with xz",
        "decompress it with `xz -d`",
    ),
    (
        b"BZh",
        "compressed with bzip2",
        "decompress it with `bzip2 -d`",
    ),
    (
        b"\x04\x22\x4d\x18",
        "compressed with lz4",
        "decompress it with `lz4 -d`",
    ),
    (
        b"\x02\x21\x4c\x18",
        "compressed with lz4 (old format)",
        "decompress it with `lz4 -d`",
    ),
    (
        b"LZIP",
        "compressed with lzip",
        "decompress it with `lzip -d`",
    ),
    (
        b"\x1f\x9d",
        "compressed with compress",
        "decompress it with `gzip -d`",
    ),
    (b"PK\x03\x04", "a zip archive", "unpack it with `unzip`"),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it with `7z x`",
    ),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it with `unrar x`"),
    (b"ElfFile\0", "a Windows event log", NO_CAPTURE),
    (b"\x7fELF", "a program", NO_CAPTURE),
];

/// Identifies a file by its first bytes; `complete` says that `head` is the whole file.
pub(super) fn identify(head: &[u8], complete: bool) -> Identity {
    if head.is_empty() && complete {
        return Identity::Other(
            "the file is empty (0 bytes)",
            "check that it was copied and that its capture wrote anything",
        );
    }
    // The section header, whose byte order stands last, is the longest beginning to tell.
    if head.len() < 12 && !complete {
        return if Magic::of(head).is_some() {
            Identity::Pcap
        } else {
            Identity::TooShort
        };
    }
    if Magic::of(head).is_some() {
        return Identity::Pcap;
    }
    if let Some(order) = pcapng::section_order(head) {
        return Identity::PcapNg(order);
    }
    if let Some(compression) = Compression::of(head) {
        return Identity::Compressed(compression);
    }
    if ByteOrder::Little.u32_at(head, 0) == Some(pcapng::SECTION_HEADER) {
        return Identity::Other(
            "a pcapng file whose first block states no byte order",
            "get a clean copy of the file",
        );
    }
    for &(magic, what, advice) in OTHERS {
        if head.starts_with(magic) {
            return Identity::Other(what, advice);
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return Identity::Other(
            "a tar archive",
            "unpack it with `tar xf` and give the folder",
        );
    }
    if begins_with_pcapng_block(head) {
        return Identity::Other(
            "a pcapng file without its first block, the section header",
            "join it with the part that came before",
        );
    }
    if looks_like_text(head, complete) {
        return Identity::Other("plain text", NO_CAPTURE);
    }
    if looks_like_erf(head, complete) {
        return Identity::Other("an ERF capture", CONVERT);
    }
    if head.iter().all(|&byte| byte == 0) {
        return Identity::Other("it begins with zeros only", "get a clean copy of the file");
    }
    Identity::Other("no known capture format", NO_CAPTURE)
}

/// A block of a known type with the same length at both ends.
fn begins_with_pcapng_block(head: &[u8]) -> bool {
    [ByteOrder::Little, ByteOrder::Big]
        .into_iter()
        .any(|order| {
            let Some(total) = order.u32_at(head, 4) else {
                return false;
            };
            let trailer_at = (total as usize).saturating_sub(4);
            matches!(order.u32_at(head, 0), Some(1..=6))
                && total >= 12
                && order.u32_at(head, trailer_at) == Some(total)
        })
}

fn looks_like_text(head: &[u8], complete: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character that the end of what was read cuts.
        Err(error) if error.error_len().is_none() && !complete => {
            let valid = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b'))
}

/// ERF has no magic number: a record is a timestamp (8 bytes, little-endian, seconds in the upper
/// half), a type, flags, and a record length (big-endian).
fn looks_like_erf(mut head: &[u8], complete: bool) -> bool {
    let mut records = 0_u32;
    let mut last_seconds = 0;
    while records < 4 {
        let (Some(seconds), Some(&kind), Some(len)) = (
            ByteOrder::Little.u32_at(head, 4),
            head.get(8),
            ByteOrder::Big.u16_at(head, 10),
        ) else {
            return records > 0 && (!complete || head.is_empty());
        };
        let plausible = matches!(kind & 0x7f, 1..=48)
            && len >= 16
            && (631_152_000..4_102_444_800).contains(&seconds)
            && seconds >= last_seconds;
        if !plausible {
            return false;
        }
        last_seconds = seconds;
        records = records.saturating_add(1);
        match head.get(usize::from(len)..) {
            Some(rest) => head = rest,
            None => return !complete,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> &'static str {
        match identify(head, true) {
            Identity::Other(what, _) => what,
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn what_is_read_is_known_by_its_first_bytes() {
        for magic in [
            0xa1b2_c3d4,
            0xa1b2_3c4d,
            0xa1b2_cd34,
            0x1c00_01ac,
            0x1c00_01ab_u32,
        ] {
            for bytes in [magic.to_le_bytes(), magic.to_be_bytes()] {
                assert_eq!(identify(&bytes, false), Identity::Pcap);
            }
        }
        let section = [0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d];
        assert_eq!(identify(&section, false), Identity::PcapNg(ByteOrder::Big));
        assert_eq!(identify(&section[..11], false), Identity::TooShort);
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\0\0";
        assert_eq!(
            identify(gzip, false),
            Identity::Compressed(Compression::Gzip)
        );
        let zstd = b"\x28\xb5\x2f\xfd\0\0\0\0\0\0\0\0";
        assert_eq!(
            identify(zstd, false),
            Identity::Compressed(Compression::Zstd)
        );
    }

    #[test]
    fn what_is_not_read_is_named() {
        assert_eq!(what(b""), "the file is empty (0 bytes)");
        assert_eq!(what(b"snoop\0\0\0\0\0\0\x02\0\0\0\x04"), "a snoop capture");
        assert_eq!(what(b"\xfd7zXZ\0\0\x04"), "compressed with xz");
        assert_eq!(what("# Notizen für später\n".as_bytes()), "plain text");
        assert_eq!(
            what(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\0\0\0\0"),
            "a pcapng file whose first block states no byte order"
        );
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(what(&tar), "a tar archive");
        let mut block = 1_u32.to_le_bytes().to_vec();
        block.extend([20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 20, 0, 0, 0]);
        assert_eq!(
            what(&block),
            "a pcapng file without its first block, the section header"
        );
        assert_eq!(what(&[0; 40]), "it begins with zeros only");
        assert_eq!(what(&[7; 40]), "no known capture format");
    }

    #[test]
    fn erf_is_known_by_its_structure() {
        let mut record = [0_u8; 40];
        record[4..8].copy_from_slice(&1_626_602_400_u32.to_le_bytes());
        record[8] = 2; // Ethernet
        record[10..12].copy_from_slice(&40_u16.to_be_bytes());
        assert_eq!(what(&[record, record].concat()), "an ERF capture");
        assert_eq!(
            what(&[&record[..], &[7; 30]].concat()),
            "no known capture format"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_identified(head: Vec<u8>, complete: bool) {
            identify(&head, complete);
        }
    }
}
