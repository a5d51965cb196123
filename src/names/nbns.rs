//! The NetBIOS name service (RFC 1001, RFC 1002): UDP port 137.
//!
//! Its messages have DNS's header and sections, but a NetBIOS name of 16 bytes stands in one label of
//! 32 letters, half a byte each (RFC 1001 section 14.1). The sixteenth byte is the kind of service,
//! not part of the name; a scope, written as further labels, is.

use super::Kind;
use super::dns::{DnsNote, End, HEADER, Header, Place, Scratch, room};
use super::text::{MAX_WIRE, NameText};

/// Length of a NetBIOS name without its service byte.
const NAME: usize = 15;

/// Letters of an encoded name.
const ENCODED: u8 = 32;

/// A status response (RFC 1002 section 4.2.18), which lists a node's names.
const NBSTAT: u16 = 0x21;

/// A listed name: [`NAME`] bytes, the service byte, flags.
const LISTED: usize = NAME + 3;

/// Reads a message that fills a datagram from or to port 137, and pushes every name to `visit`
/// once: lower case, without padding and service byte, with its scope behind a dot.
///
/// Names that hold control characters, such as the master browsers' `__MSBROWSE__`, and the wildcard
/// `*` name no host and are not pushed. `cut` says that the capture does not hold all of the datagram.
///
/// `None` where it is not the name service.
pub fn datagram(
    message: &[u8],
    cut: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<End> {
    let header = Header::read(message)?;
    if header.is_bare() {
        return Some(End::Whole);
    }
    if !header.has_room(room(message, cut)) {
        return None;
    }
    let note = DnsNote {
        response: header.response,
        rcode: header.rcode,
    };
    scratch.seen.clear();
    let mut visit = |name: &[u8]| visit(Kind::Nbns, name, note);
    let mut walk = Walk {
        message,
        position: HEADER,
        scratch,
        visit: &mut visit,
    };
    match walk.sections(&header) {
        // Not even the first name is one.
        Err(End::Malformed) if walk.position == HEADER => None,
        Err(end) => Some(end),
        Ok(()) => Some(match message.len().saturating_sub(walk.position) {
            0 => End::Whole,
            n => End::Trailing(n),
        }),
    }
}

/// Whether a datagram begins as an answer of the name service does: no question, and an encoded name.
pub fn answers(message: &[u8]) -> bool {
    let Some(header) = Header::read(message) else {
        return false;
    };
    let name = message.get(HEADER..).unwrap_or_default();
    header.response
        && header.questions == 0
        && header.records > 0
        && name
            .split_first_chunk::<{ ENCODED as usize + 1 }>()
            .is_some_and(|([length, encoded @ ..], _)| {
                *length == ENCODED && decode(encoded).is_some()
            })
}

struct Walk<'m, 's, V> {
    message: &'m [u8],
    position: usize,
    scratch: &'s mut Scratch,
    visit: &'s mut V,
}

impl<V: FnMut(&[u8])> Walk<'_, '_, V> {
    fn sections(&mut self, header: &Header) -> Result<(), End> {
        for _ in 0..header.questions {
            let after = self.name()?;
            self.position = self.within(after, 4)?;
        }
        for _ in 0..header.records {
            self.record()?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), End> {
        let after = self.name()?;
        let fixed = self
            .message
            .get(after..)
            .and_then(|m| m.first_chunk::<10>());
        let Some(&[t0, t1, _, _, _, _, _, _, l0, l1]) = fixed else {
            return Err(End::Short);
        };
        let data = after.saturating_add(10);
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        if u16::from_be_bytes([t0, t1]) == NBSTAT {
            let end = data.saturating_add(length).min(self.message.len());
            self.listed_names(self.message.get(data..end).unwrap_or_default());
        }
        self.position = self.within(data, length)?;
        Ok(())
    }

    /// The names of a status response: a count, then names that are not encoded.
    fn listed_names(&mut self, data: &[u8]) {
        let Some((&count, list)) = data.split_first() else {
            return;
        };
        for listed in list.chunks_exact(LISTED).take(usize::from(count)) {
            let text = &mut self.scratch.text;
            text.clear();
            if let Some(name) = listed.get(..NAME)
                && push(text, name)
                && (self.scratch.seen).insert(usize::MAX, Place::Record, text.as_bytes())
            {
                (self.visit)(text.as_bytes());
            }
        }
    }

    fn within(&self, at: usize, length: usize) -> Result<usize, End> {
        let end = at.saturating_add(length);
        if end <= self.message.len() {
            Ok(end)
        } else {
            Err(End::Short)
        }
    }

    /// Reads the name at the current position, pushes it, and gives the position after it.
    ///
    /// A record may point to the name of the question or of an earlier record; such a name was pushed.
    fn name(&mut self) -> Result<usize, End> {
        let start = self.position;
        let &length = self.message.get(start).ok_or(End::Short)?;
        if length >= 0xc0 {
            return if start == HEADER {
                Err(End::Malformed)
            } else {
                self.within(start, 2)
            };
        }
        if length != ENCODED {
            return Err(End::Malformed);
        }
        let first = start.saturating_add(1);
        let mut position = first.saturating_add(usize::from(ENCODED));
        let encoded = self.message.get(first..position).ok_or(End::Short)?;
        let name = decode(encoded).ok_or(End::Malformed)?;
        let text = &mut self.scratch.text;
        text.clear();
        let shown = push(text, &name);
        loop {
            let &length = self.message.get(position).ok_or(End::Short)?;
            let next = position.saturating_add(1);
            match length {
                0 => {
                    position = next;
                    break;
                }
                1..=63 => {
                    position = next.saturating_add(usize::from(length));
                    let label = self.message.get(next..position).ok_or(End::Short)?;
                    if position.saturating_sub(start) >= MAX_WIRE || text.push_label(label).is_err()
                    {
                        return Err(End::Malformed);
                    }
                }
                _ => return Err(End::Malformed),
            }
        }
        if shown
            && self
                .scratch
                .seen
                .insert(start, Place::Record, text.as_bytes())
        {
            (self.visit)(text.as_bytes());
        }
        Ok(position)
    }
}

/// First-level encoding: each half byte is a letter from A to P. Gives the name without its
/// service byte.
fn decode(encoded: &[u8]) -> Option<[u8; NAME]> {
    let mut name = [0; NAME];
    let (pairs, _) = encoded.as_chunks::<2>();
    let half = |letter: u8| letter.checked_sub(b'A').filter(|&half| half < 16);
    // The service byte has to be in order as well.
    let mut room = name.iter_mut();
    for &[high, low] in pairs {
        let byte = half(high)? << 4 | half(low)?;
        if let Some(to) = room.next() {
            *to = byte;
        }
    }
    Some(name)
}

/// Puts a name without its padding into `text`; false where it names no host.
fn push(text: &mut NameText, name: &[u8]) -> bool {
    let end = name
        .iter()
        .rposition(|&byte| byte != b' ' && byte != 0)
        .map_or(0, |last| last.saturating_add(1));
    let name = name.get(..end).unwrap_or_default();
    let is_host = !name.is_empty() && name != b"*" && name.iter().all(|&byte| byte >= b' ');
    is_host && text.push_label(name).is_ok()
}

#[cfg(test)]
#[path = "nbns_tests.rs"]
mod tests;
