//! Google QUIC before it became QUIC: versions Q024 to Q049, which send the client hello (CHLO) in
//! the clear, and the frames and the CHLO that Q050 still has.
//!
//! Sources: Google's "QUIC Wire Layout Specification" and "QUIC Crypto", and the open source code
//! of Chromium.

/// What a packet in the clear holds ahead of its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clear<'a> {
    /// The connection ID that the client chose; empty where it left it out.
    pub(crate) id: &'a [u8],
    /// How offsets and lengths in frames are written.
    pub(crate) layout: Layout,
    pub(crate) frames: &'a [u8],
}

/// What differs between the versions' frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Numbers are big-endian: since Q039.
    big_endian: bool,
    /// ACK and STOP_WAITING carry entropy, which this reader does not walk: up to Q033.
    entropy: bool,
    /// Bytes of a packet number.
    number: usize,
}

impl Layout {
    /// Of the frames inside protected packets (Q050, T050, T051).
    pub(crate) const PROTECTED: Self = Self {
        big_endian: true,
        entropy: false,
        number: 4,
    };
}

/// The authentication hash of a packet that is not encrypted.
const HASH: usize = 12;

/// Tags that a CHLO may have. Chromium sends about twenty-five and refuses more than this.
const MAX_TAGS: usize = 128;

/// The decimal number of a version "Q0dd".
fn number(version: [u8; 4]) -> Option<u8> {
    match version {
        [b'Q', b'0', tens @ b'2'..=b'4', ones @ b'0'..=b'9'] => Some(
            tens.wrapping_sub(b'0')
                .wrapping_mul(10)
                .wrapping_add(ones.wrapping_sub(b'0')),
        ),
        _ => None,
    }
}

/// Whether a long header of this version is Google's, in the clear: Q044 to Q049.
pub(crate) fn is_long(version: u32) -> bool {
    number(version.to_be_bytes()).is_some_and(|number| number >= 44)
}

/// Whether a payload begins with a public header that states a version.
pub(crate) fn looks_like(payload: &[u8]) -> bool {
    // Bits: 0 version, 1 reset, 7 is unused. The version stands behind the connection ID.
    payload.first().is_some_and(|flags| flags & 0x83 == 0x01)
        && [9, 1, 5, 2]
            .into_iter()
            .any(|at| version_at(payload, at).is_some())
}

fn version_at(payload: &[u8], at: usize) -> Option<u8> {
    number(*payload.get(at..)?.first_chunk::<4>()?)
}

/// Reads the header of a packet in the clear. `None` where it is none.
pub(crate) fn clear(payload: &[u8]) -> Option<Clear<'_>> {
    let &flags = payload.first()?;
    let (id, version, number_length, after) = if flags & 0x80 == 0 {
        if flags & 0x03 != 0x01 {
            return None;
        }
        // Old versions have four lengths of connection IDs, new ones only 0 and 8.
        let lengths: &[usize] = match flags & 0x0c {
            0x00 => &[0],
            0x04 => &[1, 0],
            0x08 => &[8, 4],
            _ => &[8],
        };
        let (length, version) = lengths.iter().find_map(|&length| {
            let version = version_at(payload, length.checked_add(1)?)?;
            Some((length, version))
        })?;
        let number_length = match flags & 0x30 {
            0x00 => 1,
            0x10 => 2,
            0x20 => 4,
            _ => 6,
        };
        let (id, after) = payload.get(1..)?.split_at_checked(length)?;
        (id, version, number_length, after.get(4..)?)
    } else {
        let version = version_at(payload, 1).filter(|&number| number >= 44)?;
        let &lengths = payload.get(5)?;
        // Four bits each; 0 is none and the others count from 4.
        let length = |bits: u8| {
            if bits == 0 {
                0
            } else {
                usize::from(bits).saturating_add(3)
            }
        };
        let (id, after) = payload.get(6..)?.split_at_checked(length(lengths >> 4))?;
        let after = after.get(length(lengths & 0x0f)..)?;
        let number_length = match version {
            44 | 45 => 4,
            _ => usize::from(flags & 0x03).saturating_add(1),
        };
        (id, version, number_length, after)
    };
    // Up to Q033 a byte of private flags follows the hash.
    let private = usize::from(version <= 33);
    let skip = number_length.checked_add(HASH)?.checked_add(private)?;
    Some(Clear {
        id,
        layout: Layout {
            big_endian: version >= 39,
            entropy: version <= 33,
            number: number_length,
        },
        frames: after.get(skip..)?,
    })
}

/// Gives offset and content of the crypto stream's frames to `each`, and says whether there was one.
///
/// Where a frame comes that this reader does not know, the CHLO is looked for behind it.
pub(crate) fn crypto_frames(
    layout: Layout,
    frames: &[u8],
    mut each: impl FnMut(u64, &[u8]),
) -> bool {
    let mut rest = frames;
    let mut found = false;
    while !rest.is_empty() {
        // Every turn takes at least the type.
        match frame(layout, rest) {
            Some((crypto, after)) => {
                if let Some((offset, data)) = crypto {
                    found = true;
                    each(offset, data);
                }
                rest = after;
            }
            None => {
                let start = rest.windows(4).position(|window| window == b"CHLO");
                if let Some(message) = start.and_then(|at| rest.get(at..)) {
                    found = true;
                    each(0, message);
                }
                break;
            }
        }
    }
    found
}

/// Offset and content where the frame is of the crypto stream, and what follows the frame.
type Framed<'a> = (Option<(u64, &'a [u8])>, &'a [u8]);

fn frame(layout: Layout, frames: &[u8]) -> Option<Framed<'_>> {
    let (&kind, mut rest) = frames.split_first()?;
    let mut take = |length: usize| -> Option<&[u8]> {
        let (taken, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(taken)
    };
    let crypto = match kind {
        // PADDING, PING.
        0x00 | 0x07 => None,
        // STOP_WAITING.
        0x06 if !layout.entropy => {
            take(layout.number)?;
            None
        }
        // CRYPTO: offset and length as in RFC 9000 section 16.
        0x08 => {
            let mut varint = || {
                let first = *take(1)?.first()?;
                let more = take((1usize << (first >> 6)).wrapping_sub(1))?;
                let value = more.iter().fold(u64::from(first & 0x3f), |value, &byte| {
                    value << 8 | u64::from(byte)
                });
                Some(value)
            };
            let offset = varint()?;
            let length = usize::try_from(varint()?).ok()?;
            Some((offset, take(length)?))
        }
        // ACK: largest, delay, blocks, time stamps.
        0x40..=0x7f if !layout.entropy => {
            let size = |bits: u8| match bits & 0x03 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => 6usize,
            };
            take(size(kind >> 2))?;
            take(2)?;
            let blocks = if kind & 0x20 == 0 {
                0
            } else {
                *take(1)?.first()?
            };
            take(size(kind))?;
            for _ in 0..blocks {
                take(size(kind).saturating_add(1))?;
            }
            let stamps = usize::from(*take(1)?.first()?);
            if stamps > 0 {
                // The first has five bytes, the others three.
                take(stamps.saturating_mul(3).saturating_add(2))?;
            }
            None
        }
        // STREAM: final bit, length present, size of the offset, size of the stream's number.
        0x80..=0xff => {
            let stream = number_of(layout, take(usize::from(kind & 0x03).saturating_add(1))?);
            let offset = match kind >> 2 & 0x07 {
                0 => 0,
                size => number_of(layout, take(usize::from(size).saturating_add(1))?),
            };
            let data = if kind & 0x20 == 0 {
                std::mem::take(&mut rest)
            } else {
                let length = number_of(layout, take(2)?);
                take(usize::try_from(length).ok()?)?
            };
            return Some(((stream == 1).then_some((offset, data)), rest));
        }
        _ => return None,
    };
    Some((crypto, rest))
}

fn number_of(layout: Layout, bytes: &[u8]) -> u64 {
    let add = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
    if layout.big_endian {
        bytes.iter().fold(0, add)
    } else {
        bytes.iter().rev().fold(0, add)
    }
}

/// What the beginning of a crypto stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chlo<'a> {
    /// A CHLO of so many bytes; its server name where those that are there hold it.
    Message {
        length: usize,
        name: Option<&'a [u8]>,
    },
    /// The table of tags is not there yet.
    Short,
    /// It is no CHLO.
    Other,
}

/// Reads a CHLO: tag, count of entries, and a table of tags with the end of each value; all
/// numbers are little-endian.
pub(crate) fn chlo(message: &[u8]) -> Chlo<'_> {
    let magic = message.get(..4).unwrap_or(message);
    if !b"CHLO".starts_with(magic) {
        return Chlo::Other;
    }
    let Some(&[_, _, _, _, low, high, pad0, pad1]) = message.first_chunk::<8>() else {
        return Chlo::Short;
    };
    let count = usize::from(u16::from_le_bytes([low, high]));
    if count == 0 || count > MAX_TAGS || (pad0, pad1) != (0, 0) {
        return Chlo::Other;
    }
    let values_at = count.saturating_mul(8).saturating_add(8);
    let Some(table) = message.get(8..values_at) else {
        return Chlo::Short;
    };
    let values = message.get(values_at..).unwrap_or_default();
    let mut from = 0;
    let mut name = None;
    for entry in table.as_chunks::<8>().0 {
        let &[t0, t1, t2, t3, e0, e1, e2, e3] = entry;
        let to = usize::try_from(u32::from_le_bytes([e0, e1, e2, e3])).unwrap_or(usize::MAX);
        if to < from {
            return Chlo::Other;
        }
        if [t0, t1, t2, t3] == *b"SNI\0" {
            name = values.get(from..to).filter(|name| !name.is_empty());
        }
        from = to;
    }
    Chlo::Message {
        length: values_at.saturating_add(from),
        name,
    }
}

/// Where the table of tags ends, or the fixed part where that is not there.
pub(crate) fn table_end(message: &[u8]) -> usize {
    match message.first_chunk::<6>() {
        Some(&[.., low, high]) => usize::from(u16::from_le_bytes([low, high]))
            .saturating_mul(8)
            .saturating_add(8),
        None => 8,
    }
}

#[cfg(test)]
#[path = "gquic_tests.rs"]
mod tests;
