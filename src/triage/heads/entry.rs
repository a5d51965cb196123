//! How far a direction has come, and how far what is forwarded of it reaches.

use super::requests::is_before;
use super::splits::Splits;
use super::table::{Entry, Key};
use super::{FAR, Message, Window};
use crate::stream::part::Part;

/// A chain of certificates is followed so far from its direction's first byte.
const MAX_FLIGHT: u32 = 1 << 20;

/// Room for the next record behind the last whose header was seen.
const RECORD: u32 = 18 * 1024;

impl Entry {
    /// How far behind the first byte a sequence number is.
    fn offset(&self, sequence: u32) -> u32 {
        sequence.wrapping_sub(self.origin)
    }

    /// What is said of any segment.
    pub(super) fn part(&self, sequence: u32) -> Part {
        Part {
            origin: self.origin,
            sequence,
            ..Part::default()
        }
    }

    /// Something of a segment is inside the window. A retransmission may begin before the first byte.
    #[inline]
    pub(super) fn reaches(&self, sequence: u32, length: u32) -> bool {
        let offset = self.offset(sequence);
        offset < self.offset(self.detail.end)
            || (offset.wrapping_neg() < length && offset != 0)
            || self.detail.is_near(sequence)
            || self.detail.is_in_body(sequence, length)
    }

    /// Behind the window, but not so far that it must be of another time.
    pub(super) fn is_ahead(&self, sequence: u32) -> bool {
        let behind = self
            .offset(sequence)
            .wrapping_sub(self.offset(self.detail.end));
        behind <= FAR
    }

    /// The first segment of a message.
    pub(super) fn begin(
        &mut self,
        sequence: u32,
        payload: &[u8],
        message: Message,
        heads: (Key, &mut Splits),
    ) -> Part {
        self.forwarded = true;
        self.records = false;
        self.detail.end = sequence;
        if let Message::Begins(window) = message {
            self.reach(sequence, window);
        }
        let mut part = self.advance(sequence, payload, heads);
        part.begins = true;
        part.looks = true;
        part
    }

    /// Moves the end of the window so that the message at `sequence` fits.
    pub(super) fn reach(&mut self, sequence: u32, window: Window) {
        let (Window::Bytes(n) | Window::Sliding(n) | Window::Requests(n) | Window::Records(n)) =
            window;
        let end = sequence.wrapping_add(n);
        let before = self.detail.end;
        if self.offset(end) > self.offset(before) {
            self.detail.end = end;
        }
        match window {
            Window::Bytes(_) => {}
            Window::Sliding(n) => {
                self.detail.slides = n;
                self.detail.requests = false;
            }
            Window::Requests(n) => {
                let detail = &mut self.detail;
                // In messages of another protocol it is content, and in a body whose end is known.
                let other = detail.slides != 0 && !detail.requests;
                let known = detail.requests && is_before(sequence, detail.request);
                if !other && !known {
                    detail.slides = n;
                    detail.requests = true;
                    detail.request = sequence;
                }
            }
            Window::Records(_) => {
                if !self.records && !self.detail.requests {
                    self.records = true;
                    self.detail.record = sequence;
                    self.detail.floor = before;
                    self.detail.header_bytes = 0;
                }
            }
        }
    }

    /// Another segment inside the window.
    pub(super) fn advance(
        &mut self,
        sequence: u32,
        payload: &[u8],
        heads: (Key, &mut Splits),
    ) -> Part {
        self.forwarded = true;
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let end = sequence.wrapping_add(length);
        if self.detail.next.wrapping_sub(sequence) <= length {
            self.detail.next = end;
        } else if self.detail.ahead.0 == self.detail.ahead.1 {
            self.detail.ahead = (sequence, end);
        } else if sequence == self.detail.ahead.1 {
            self.detail.ahead.1 = end;
        } else if end == self.detail.ahead.0 {
            self.detail.ahead.0 = sequence;
        }
        // What came too early counts when the hole is filled. One such range is kept: with more,
        // the direction is only followed longer than it need be.
        let (from, to) = self.detail.ahead;
        if from != to && self.detail.next.wrapping_sub(from) <= to.wrapping_sub(from) {
            self.detail.next = to;
            self.detail.ahead = (0, 0);
        }
        if self.detail.requests {
            self.follow_requests(sequence, payload, heads);
        }
        let mut over = self.records && self.follow_records(sequence, payload);
        if self.records && !over && is_before(self.detail.record, self.detail.next) {
            // A header came late, and those behind it had passed already.
            self.follow_blindly();
        }
        if over && self.offset(end) < self.offset(self.detail.floor) {
            // What looked like a flight was content of the message before: that goes on.
            over = false;
            self.records = false;
            self.detail.end = self.detail.floor;
        }
        let mut last = if self.detail.slides != 0 {
            self.detail.end = self.detail.next.wrapping_add(self.detail.slides);
            self.detail.requests && self.is_request_lost()
        } else {
            self.offset(self.detail.next) >= self.offset(self.detail.end)
        };
        let left = last && !over;
        if over {
            // Bytes before it may still be on their way.
            last |= self.detail.next == end;
            self.detail.end = if last { self.detail.end } else { end };
        }
        Part {
            last,
            left,
            ..self.part(sequence)
        }
    }

    /// Of a flight whose records cannot be told apart any more, as much is forwarded as there may be of it.
    fn follow_blindly(&mut self) {
        let end = self.detail.next.wrapping_add(RECORD);
        if self.offset(end) > self.offset(self.detail.end) && self.offset(end) <= MAX_FLIGHT {
            self.detail.end = end;
        }
    }

    /// Goes from record header to record header. True where the handshake in the clear is over: what
    /// follows are ChangeCipherSpec or encrypted data, or no records at all.
    fn follow_records(&mut self, sequence: u32, payload: &[u8]) -> bool {
        let detail = &mut self.detail;
        loop {
            // Before or behind this segment it is not to be seen.
            let wanted = detail.record.wrapping_add(u32::from(detail.header_bytes));
            let at = wanted.wrapping_sub(sequence) as usize;
            let Some(&byte) = payload.get(at) else {
                return false;
            };
            // Segments may end inside a header.
            let place = detail.header.get_mut(usize::from(detail.header_bytes));
            detail.header_bytes = detail.header_bytes.wrapping_add(1);
            if let Some(place) = place {
                *place = byte;
                continue;
            }
            detail.header_bytes = 0;
            let [kind, 3, _, high] = detail.header else {
                return true;
            };
            if !matches!(kind, 0x15 | 0x16) {
                return true;
            }
            let length = u32::from(u16::from_be_bytes([high, byte]));
            detail.record = detail.record.wrapping_add(length).wrapping_add(5);
            let end = detail.record.wrapping_add(RECORD);
            if end.wrapping_sub(self.origin) > detail.end.wrapping_sub(self.origin)
                && detail.record.wrapping_sub(self.origin) <= MAX_FLIGHT
            {
                detail.end = end;
            }
        }
    }
}
