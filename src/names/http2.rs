//! Cleartext HTTP/2 (RFC 9113): the `:authority` of requests, and DNS messages in DATA frames.
//!
//! Frames are walked by their lengths. Only a client's header blocks are decoded.

use super::dns::HEADER as DNS_HEADER;
use super::hpack::{Decoder, Field};
use super::http::host_of;
use super::{Kind, Step};

/// What a client sends first (section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest header block that is read, over all its frames, in bytes.
const MAX_BLOCK: usize = 65_536;

/// DNS messages over HTTP are short; a longer DATA frame is passed over unread.
const MAX_DNS: usize = 4_096;

const FRAME_HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 0x04;
const PADDED: u8 = 0x08;
const PRIORITY: u8 = 0x20;

/// What is remembered of one direction of a connection.
#[derive(Debug, Default)]
pub struct Connection {
    decoder: Decoder,
    /// A header block whose end has not come.
    block: Vec<u8>,
    open: bool,
    /// The client's preface is still to be passed over.
    preface: bool,
    /// A first frame was seen.
    started: bool,
    /// The server's direction: its fields name no host.
    server: bool,
    /// Header blocks cannot be followed any more.
    lost: bool,
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'b> {
    /// The host of a request, from `:authority` or a Host field.
    Host(Kind, &'b [u8]),
    /// The data of a frame that is short enough to be a DNS message.
    Data(&'b [u8]),
    /// From here on header blocks cannot be followed.
    Lost,
}

/// Whether `bytes` begin as a server's first frame does: SETTINGS on stream 0, with at most 16
/// settings. `None` where that cannot be told yet.
pub fn server_begins(bytes: &[u8]) -> Option<bool> {
    let known = |at: usize, wanted: &dyn Fn(u8) -> bool| bytes.get(at).is_none_or(|&b| wanted(b));
    let plausible = known(0, &|b| b == 0)
        && known(1, &|b| b == 0)
        && known(2, &|b| b <= 96 && b % 6 == 0)
        && known(3, &|b| b == SETTINGS)
        && (4..9).all(|at| known(at, &|b| b == 0));
    match (plausible, bytes.len() >= FRAME_HEADER) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    }
}

impl Connection {
    /// A client's direction, from its preface on.
    pub fn client() -> Self {
        Self {
            preface: true,
            ..Self::default()
        }
    }

    /// A server's direction.
    pub fn server() -> Self {
        Self {
            server: true,
            ..Self::default()
        }
    }

    /// Bytes of memory that it takes.
    pub fn held(&self) -> usize {
        size_of::<Self>()
            .saturating_add(self.block.capacity())
            .saturating_add(self.decoder.held())
    }

    /// Reads the frame at the beginning of `bytes`.
    pub fn read(&mut self, bytes: &[u8], last: bool, visit: &mut impl FnMut(Content<'_>)) -> Step {
        if std::mem::take(&mut self.preface) {
            return Step::Took(24);
        }
        let Some((&[l0, l1, l2, kind, flags, _, _, _, _], rest)) =
            bytes.split_first_chunk::<FRAME_HEADER>()
        else {
            if last && self.open {
                // The rest of the block will not come.
                let block = std::mem::take(&mut self.block);
                self.decode(&block, true, visit);
            }
            return need(FRAME_HEADER, last);
        };
        if !std::mem::replace(&mut self.started, true) && kind != SETTINGS {
            return Step::End;
        }
        let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
        let all = length.saturating_add(FRAME_HEADER);
        let took = Step::Took(u64::try_from(all).unwrap_or(u64::MAX));
        let wanted = match kind {
            DATA => (DNS_HEADER..=MAX_DNS).contains(&length),
            HEADERS | CONTINUATION => !self.server && !self.lost,
            _ => false,
        };
        if !wanted {
            return took;
        }
        if kind != DATA && length > MAX_BLOCK {
            self.lose(visit);
            return took;
        }
        let whole = rest.len() >= length;
        if !whole && !last {
            return Step::Need(all);
        }
        let payload = rest.get(..length).unwrap_or(rest);
        let priority = if kind == HEADERS && flags & PRIORITY != 0 {
            5
        } else {
            0
        };
        let padded = kind != CONTINUATION && flags & PADDED != 0;
        let Some(content) = unpadded(payload, padded, priority, length) else {
            // Padding that is longer than its frame is an error of the connection (section 6.1).
            if kind != DATA {
                self.lose(visit);
            }
            return took;
        };
        match kind {
            DATA if whole => visit(Content::Data(content)),
            DATA => {}
            _ => self.headers(content, kind, flags, whole, visit),
        }
        if whole { took } else { Step::End }
    }

    fn headers(
        &mut self,
        fragment: &[u8],
        kind: u8,
        flags: u8,
        whole: bool,
        visit: &mut impl FnMut(Content<'_>),
    ) {
        let end = flags & END_HEADERS != 0 || !whole;
        if (kind == CONTINUATION) != self.open {
            return self.lose(visit);
        }
        if kind == HEADERS && end {
            return self.decode(fragment, !whole, visit);
        }
        if self.block.len().saturating_add(fragment.len()) > MAX_BLOCK {
            return self.lose(visit);
        }
        self.block.extend_from_slice(fragment);
        self.open = !end;
        if end {
            let mut block = std::mem::take(&mut self.block);
            self.decode(&block, !whole, visit);
            block.clear();
            self.block = block;
        }
    }

    /// Decodes a whole block, or what there is of one that is `cut`.
    fn decode(&mut self, block: &[u8], cut: bool, visit: &mut impl FnMut(Content<'_>)) {
        let mut authority = Value::default();
        let mut host = Value::default();
        let result = self
            .decoder
            .read(block, cut, &mut |field, value| match field {
                Field::Authority => authority.set(value),
                Field::Host => host.set(value),
            });
        // A Host field stands in for an authority that is not there (section 8.3.1).
        let (authority, host) = (host_of(authority.get()), host_of(host.get()));
        if let Some(name) = authority.or(host) {
            visit(Content::Host(Kind::Http2Authority, name));
        }
        if let (Some(authority), Some(host)) = (authority, host)
            && !authority.eq_ignore_ascii_case(host)
        {
            visit(Content::Host(Kind::HttpHost, host));
        }
        if result.is_err() {
            self.lose(visit);
        }
    }

    fn lose(&mut self, visit: &mut impl FnMut(Content<'_>)) {
        self.lost = true;
        self.block = Vec::new();
        self.decoder = Decoder::default();
        visit(Content::Lost);
    }
}

fn need(length: usize, last: bool) -> Step {
    if last { Step::End } else { Step::Need(length) }
}

/// The payload without padding (section 6.1) and without `skip` bytes before the fragment.
/// `length` is what the frame's header says; the payload may be cut.
fn unpadded(payload: &[u8], padded: bool, skip: usize, length: usize) -> Option<&[u8]> {
    let padding = if padded {
        usize::from(*payload.first()?)
    } else {
        0
    };
    let start = usize::from(padded).saturating_add(skip);
    let end = length.checked_sub(padding)?.min(payload.len());
    payload.get(start..end)
}

/// A field's value, copied out of the decoder.
struct Value {
    bytes: [u8; 512],
    length: usize,
}

impl Default for Value {
    fn default() -> Self {
        Self {
            bytes: [0; 512],
            length: 0,
        }
    }
}

impl Value {
    fn set(&mut self, value: &[u8]) {
        if let Some(place) = self.bytes.get_mut(..value.len()) {
            place.copy_from_slice(value);
            self.length = value.len();
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "http2_tests.rs"]
mod tests;
