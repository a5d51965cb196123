//! Handshake bytes inside records (RFC 8446 section 5.1): a message may begin and end anywhere in
//! them, and be spread over many.

use tls_parser::{TlsRecordType, parse_tls_record_header};

/// Length of a record's header: type, version, length.
pub(super) const HEADER: usize = 5;

/// TLS ciphertext records may be this long (RFC 5246 section 6.2.3); a longer one is no TLS.
const MAX_RECORD: u16 = 16_384 + 2_048;

/// Handshake records without content that may stand inside one message. They are forbidden
/// (RFC 5246 section 6.2.1), and without a bound they would make work without end.
const MAX_EMPTY: u8 = 4;

/// A place between two handshake bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Offset in the stream.
    pub(super) at: usize,
    /// How many handshake bytes the open record still holds.
    pub(super) left: usize,
}

/// Why some handshake bytes cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Short {
    /// Not before the stream has so many bytes.
    Need(usize),
    /// Something else than handshake records stands before them.
    Broken,
}

impl Cursor {
    /// Enters the record at this place. Its content may not be there yet. Of its version the first byte counts: the
    /// other must be ignored (RFC 8446 section 5.1), and servers do so.
    pub(super) fn open(self, bytes: &[u8]) -> Result<Self, Short> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let inside = self.at.saturating_add(HEADER);
        let Ok((_, record)) = parse_tls_record_header(rest) else {
            return Err(Short::Need(inside));
        };
        if record.record_type != TlsRecordType::Handshake
            || record.version.0 >> 8 != 3
            || record.len > MAX_RECORD
        {
            return Err(Short::Broken);
        }
        Ok(Self {
            at: inside,
            left: usize::from(record.len),
        })
    }

    /// The place behind `length` handshake bytes, all of which are there.
    pub(super) fn after(self, bytes: &[u8], length: usize) -> Result<Self, Short> {
        self.walk(bytes, length, |_| {})
    }

    /// Up to `length` handshake bytes: where [`Cursor::after`] gives a place all of them, else what
    /// is there. Bytes of several records are put together in `joined`.
    pub(super) fn read<'a>(
        self,
        bytes: &'a [u8],
        length: usize,
        joined: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        if length <= self.left {
            return self.piece(bytes, length);
        }
        joined.clear();
        // What breaks off is not an error here.
        let _ = self.walk(bytes, length, |piece| joined.extend_from_slice(piece));
        joined
    }

    fn piece(self, bytes: &[u8], length: usize) -> &[u8] {
        let rest = bytes.get(self.at..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    fn walk<'a>(
        mut self,
        bytes: &'a [u8],
        length: usize,
        mut piece: impl FnMut(&'a [u8]),
    ) -> Result<Self, Short> {
        let mut wanted = length;
        let mut empty = 0u8;
        loop {
            let step = self.left.min(wanted);
            piece(self.piece(bytes, step));
            self.at = self.at.saturating_add(step);
            self.left = self.left.saturating_sub(step);
            wanted = wanted.saturating_sub(step);
            if wanted == 0 {
                return if self.at <= bytes.len() {
                    Ok(self)
                } else {
                    Err(Short::Need(self.at))
                };
            }
            self = match self.open(bytes) {
                // At best, one more record holds all the rest.
                Err(Short::Need(header)) => {
                    return Err(Short::Need(header.saturating_add(wanted)));
                }
                opened => opened?,
            };
            if self.left == 0 {
                empty = empty.saturating_add(1);
                if empty > MAX_EMPTY {
                    return Err(Short::Broken);
                }
            }
        }
    }
}

/// How many bytes of whole records that may stand before a hello are at the start: alerts,
/// ChangeCipherSpec, empty handshake records.
pub(super) fn short_records(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    // Every turn takes at least a record header.
    loop {
        let after = match rest {
            [0x14 | 0x15, 3, _, 0, length @ 1..=2, content @ ..] => {
                content.get(usize::from(*length)..)
            }
            [0x16, 3, _, 0, 0, after @ ..] => Some(after),
            _ => None,
        };
        match after {
            Some(after) => rest = after,
            None => return bytes.len().saturating_sub(rest.len()),
        }
    }
}
