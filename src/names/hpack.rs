//! HPACK (RFC 7541), as far as it takes to know one field of each request: `:authority`, or `host`.
//!
//! The dynamic table has to be followed exactly, since an index into it means nothing without its
//! history. But of most entries only the size matters, so only the values of the two fields are
//! kept. The crates for HPACK were not kept up when this was written, and they allocate each field.

use std::collections::VecDeque;

/// The largest dynamic table that is followed, in bytes as RFC 7541 section 4.1 counts them. The
/// default is 4,096; the peer may allow more.
const MAX_TABLE: usize = 65_536;

/// How much of a decoded string is kept. A host name and its port have fewer bytes.
const MAX_KEPT: usize = 512;

/// The fields that are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// `:authority`.
    Authority,
    /// `host`.
    Host,
}

/// The block cannot be followed, and with it all later ones of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost;

/// An entry of the dynamic table.
#[derive(Debug, Clone, Copy)]
struct Entry {
    size: usize,
    name_length: usize,
    field: Option<Field>,
    /// Bytes that are kept of its value.
    kept: usize,
}

/// The decoder of one direction of a connection.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Newest last.
    entries: VecDeque<Entry>,
    /// The kept values, in the order of the entries.
    values: VecDeque<u8>,
    size: usize,
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            values: VecDeque::new(),
            size: 0,
            limit: 4_096,
        }
    }
}

/// A decoded string: its beginning and its whole length.
#[derive(Clone, Copy)]
struct Text {
    bytes: [u8; MAX_KEPT],
    kept: usize,
    length: usize,
}

impl Text {
    const EMPTY: Self = Self {
        bytes: [0; MAX_KEPT],
        kept: 0,
        length: 0,
    };

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.kept) {
            *place = byte;
            self.kept = self.kept.saturating_add(1);
        }
        self.length = self.length.saturating_add(1);
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.kept).unwrap_or_default()
    }
}

/// Why a representation was not read.
enum Stop {
    /// The block ends inside it.
    Short,
    Lost,
}

impl Decoder {
    /// Bytes of memory that the table takes.
    pub(super) fn held(&self) -> usize {
        let entries = self.entries.capacity().saturating_mul(size_of::<Entry>());
        self.values.capacity().saturating_add(entries)
    }

    /// Reads a header block and pushes the two fields, the first of each.
    ///
    /// `cut` is for a block whose end is missing: what was complete is told.
    ///
    /// # Errors
    /// [`Lost`] where the block contradicts RFC 7541 or needs a larger table than is followed.
    pub(super) fn read(
        &mut self,
        block: &[u8],
        cut: bool,
        visit: &mut impl FnMut(Field, &[u8]),
    ) -> Result<(), Lost> {
        let mut reader = Reader(block);
        // A request has one of each; a block that repeats them by index must not be dear.
        let (mut authority, mut host) = (false, false);
        let mut once = |field: Field, value: &[u8]| {
            let told = match field {
                Field::Authority => &mut authority,
                Field::Host => &mut host,
            };
            if !std::mem::replace(told, true) {
                visit(field, value);
            }
        };
        while !reader.0.is_empty() {
            match self.representation(&mut reader, &mut once) {
                Ok(()) => {}
                Err(Stop::Short) if cut => return Ok(()),
                Err(_) => return Err(Lost),
            }
        }
        Ok(())
    }

    fn representation(
        &mut self,
        reader: &mut Reader<'_>,
        visit: &mut impl FnMut(Field, &[u8]),
    ) -> Result<(), Stop> {
        let &first = reader.0.first().ok_or(Stop::Short)?;
        if first & 0x80 != 0 {
            // Indexed field (section 6.1).
            let index = reader.integer(7)?;
            if index > STATIC.len() {
                let mut value = Text::EMPTY;
                let field = self.entry(index, &mut value)?.field;
                if let Some(field) = field {
                    visit(field, value.as_bytes());
                }
            } else if index == 0 {
                return Err(Stop::Lost);
            }
            return Ok(());
        }
        if first & 0xe0 == 0x20 {
            // Dynamic table size update (section 6.3).
            let limit = reader.integer(5)?;
            if limit > MAX_TABLE {
                return Err(Stop::Lost);
            }
            self.limit = limit;
            self.evict(0);
            return Ok(());
        }
        let insert = first & 0x40 != 0;
        let (field, name_length) = match reader.integer(if insert { 6 } else { 4 })? {
            0 => {
                let name = reader.string()?;
                let field = match name.as_bytes() {
                    b":authority" => Some(Field::Authority),
                    b"host" => Some(Field::Host),
                    _ => None,
                };
                (field, name.length)
            }
            index => self.name(index)?,
        };
        let value = reader.string()?;
        if let Some(field) = field {
            visit(field, value.as_bytes());
        }
        if insert {
            self.insert(field, name_length, &value);
        }
        Ok(())
    }

    /// The field and the length of an indexed name.
    fn name(&self, index: usize) -> Result<(Option<Field>, usize), Stop> {
        match index.checked_sub(1).and_then(|at| STATIC.get(at)) {
            Some(name) => {
                let field = match *name {
                    ":authority" => Some(Field::Authority),
                    "host" => Some(Field::Host),
                    _ => None,
                };
                Ok((field, name.len()))
            }
            None => {
                let (_, entry) = self.at(index).ok_or(Stop::Lost)?;
                Ok((entry.field, entry.name_length))
            }
        }
    }

    /// Position and entry of a dynamic index.
    fn at(&self, index: usize) -> Option<(usize, &Entry)> {
        let back = index.checked_sub(STATIC.len())?;
        let position = self.entries.len().checked_sub(back)?;
        Some((position, self.entries.get(position)?))
    }

    /// The entry of a dynamic index; its value is put into `value` where it is kept.
    fn entry(&self, index: usize, value: &mut Text) -> Result<Entry, Stop> {
        let (position, &entry) = self.at(index).ok_or(Stop::Lost)?;
        if entry.field.is_some() {
            let start = self
                .entries
                .iter()
                .take(position)
                .fold(0usize, |sum, e| sum.saturating_add(e.kept));
            for &byte in self.values.iter().skip(start).take(entry.kept) {
                value.push(byte);
            }
        }
        Ok(entry)
    }

    fn insert(&mut self, field: Option<Field>, name_length: usize, value: &Text) {
        let size = name_length.saturating_add(value.length).saturating_add(32);
        self.evict(size);
        if size > self.limit {
            // An entry larger than the table empties it (section 4.4).
            return;
        }
        let kept = if field.is_some() { value.kept } else { 0 };
        self.values.extend(value.as_bytes().iter().take(kept));
        self.size = self.size.saturating_add(size);
        self.entries.push_back(Entry {
            size,
            name_length,
            field,
            kept,
        });
    }

    /// Makes room for an entry of `size`.
    fn evict(&mut self, size: usize) {
        while self.size.saturating_add(size) > self.limit {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.values.drain(..oldest.kept.min(self.values.len()));
            self.size = self.size.saturating_sub(oldest.size);
        }
    }
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        let (&byte, rest) = self.0.split_first().ok_or(Stop::Short)?;
        self.0 = rest;
        Ok(byte)
    }

    /// An integer with a prefix of `bits` bits (section 5.1).
    fn integer(&mut self, bits: u32) -> Result<usize, Stop> {
        let mask = 0xffu8 >> 8u32.saturating_sub(bits);
        let prefix = self.byte()? & mask;
        let mut value = usize::from(prefix);
        if prefix < mask {
            return Ok(value);
        }
        // Nothing here is longer than a block: four more bytes are enough.
        for shift in [0u32, 7, 14, 21] {
            let byte = self.byte()?;
            value = value.saturating_add(usize::from(byte & 0x7f) << shift);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Stop::Lost)
    }

    /// A string literal (section 5.2).
    fn string(&mut self) -> Result<Text, Stop> {
        let huffman = self.0.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)?;
        let (coded, rest) = self.0.split_at_checked(length).ok_or(Stop::Short)?;
        self.0 = rest;
        let mut text = Text::EMPTY;
        if huffman {
            super::huffman::decode(coded, &mut |byte| text.push(byte)).ok_or(Stop::Lost)?;
        } else {
            let kept = coded.len().min(MAX_KEPT);
            if let (Some(place), Some(from)) = (text.bytes.get_mut(..kept), coded.get(..kept)) {
                place.copy_from_slice(from);
            }
            text.kept = kept;
            text.length = coded.len();
        }
        Ok(text)
    }
}

/// The names of the static table (RFC 7541 appendix A), from index 1. The values do not matter: no
/// entry with a value has one of the two names.
const STATIC: [&str; 61] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

#[cfg(test)]
#[path = "hpack_tests.rs"]
mod tests;
