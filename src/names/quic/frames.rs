//! The frames of an Initial packet (RFC 9000 section 19), of which CRYPTO is wanted.

use super::header::Reader;

/// Gives offset and content of every CRYPTO frame to `each`. False where the walk ended at a frame
/// that may not stand in an Initial packet or is not whole.
pub(super) fn crypto_frames(frames: &[u8], mut each: impl FnMut(u64, &[u8])) -> bool {
    let mut reader = Reader(frames);
    while !reader.0.is_empty() {
        // Every turn takes at least the type.
        if frame(&mut reader, &mut each).is_none() {
            return false;
        }
    }
    true
}

fn frame(reader: &mut Reader<'_>, each: &mut impl FnMut(u64, &[u8])) -> Option<()> {
    let kind = reader.varint()?;
    match kind {
        // PADDING, PING.
        0x00 | 0x01 => {}
        // ACK: largest, delay, count of ranges, first range, ranges of two numbers, counts of ECN.
        0x02 | 0x03 => {
            reader.varint()?;
            reader.varint()?;
            let ranges = reader.varint()?;
            reader.varint()?;
            for _ in 0..ranges {
                reader.varint()?;
                reader.varint()?;
            }
            if kind == 0x03 {
                reader.varint()?;
                reader.varint()?;
                reader.varint()?;
            }
        }
        0x06 => {
            let offset = reader.varint()?;
            let length = reader.varint()?;
            each(offset, reader.take(length)?);
        }
        // CONNECTION_CLOSE: error, type of the frame at fault, reason.
        0x1c | 0x1d => {
            reader.varint()?;
            if kind == 0x1c {
                reader.varint()?;
            }
            let length = reader.varint()?;
            reader.take(length)?;
        }
        _ => return None,
    }
    Some(())
}
