//! A glance at a usual DNS message: how many names it holds, and that none of them may be listed.
//!
//! Most messages on a resolver's port are innocent. To say so takes no spelling and no copy: names are hashed label by
//! label where they lie ([`label`]), and what a compression pointer leads to was hashed before. Whatever
//! is not usual, or may be listed, is left to [`datagram`](super::datagram), which reads all there is.

use super::header::{HEADER, Header};
use crate::names::label;
use crate::names::text::MAX_WIRE;

/// The most places at which a name or the rest of one begins.
const PLACES: usize = 32;

/// The most different names.
const NAMES: usize = 16;

/// The most octets on the wire of all different names: the reader of whole messages keeps what they spell, which may
/// be four times as much, to tell what it gave before.
const OCTETS: u16 = 512;

/// The most labels of one name before a pointer.
const LABELS: usize = 12;

/// What a message holds: the names that [`datagram`](super::datagram) would push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glanced {
    /// Names in the question section.
    pub questions: u8,
    /// Names in the other sections.
    pub records: u8,
}

/// Where a name, or the rest of one, begins.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: u16,
    /// Its length on the wire, the root included, pointers followed.
    wire: u16,
    labels: u8,
    hash: u64,
}

/// A name that was counted.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    hash: u64,
    in_record: bool,
}

/// Reused space for looking at one message.
#[derive(Debug, Default)]
pub struct Glance {
    places: [Place; PLACES],
    placed: usize,
    names: [Counted; NAMES],
    named: usize,
    octets: u16,
}

/// Which names of record data are hashed: bytes before the first, and how many.
#[inline]
fn targets(rr_type: u16) -> Option<(usize, u8)> {
    match rr_type {
        // A TXT AAAA OPT DS DNSKEY NSEC3 CAA
        1 | 16 | 28 | 41 | 43 | 48 | 50 | 257 => Some((0, 0)),
        // NS CNAME PTR DNAME
        2 | 5 | 12 | 39 => Some((0, 1)),
        // SOA
        6 => Some((0, 2)),
        // MX SVCB HTTPS
        15 | 64 | 65 => Some((2, 1)),
        // SRV
        33 => Some((6, 1)),
        // RRSIG
        46 => Some((18, 1)),
        _ => None,
    }
}

impl Glance {
    /// Looks at a message that the capture holds whole, on DNS's own port. `None` where it is not
    /// usual, or a name in it ends in two labels that `may_list` takes: then all of it has to be read.
    #[inline]
    pub fn datagram(
        &mut self,
        message: &[u8],
        mut may_list: impl FnMut(u64) -> bool,
    ) -> Option<Glanced> {
        let header = Header::read(message)?;
        if header.questions != 1
            || header.has_unassigned_opcode()
            || !header.has_room(message.len())
        {
            return None;
        }
        self.placed = 0;
        self.named = 0;
        self.octets = 0;
        let mut glanced = Glanced {
            questions: 0,
            records: 0,
        };
        let (after, name) = self.name(message, HEADER, &mut may_list)?;
        if let Some((hash, octets)) = name {
            glanced.questions = 1;
            *self.names.first_mut()? = Counted {
                hash,
                in_record: false,
            };
            self.named = 1;
            self.octets = octets;
        }
        // QTYPE and QCLASS.
        let mut at = after.wrapping_add(4);
        for _ in 0..header.records {
            let (after, name) = self.name(message, at, &mut may_list)?;
            self.count(name, &mut glanced)?;
            let &[t0, t1, _, _, _, _, _, _, l0, l1] = message.get(after..)?.first_chunk::<10>()?;
            let data = after.wrapping_add(10);
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let end = data.wrapping_add(length);
            if end > message.len() {
                return None;
            }
            let (skip, names) = targets(u16::from_be_bytes([t0, t1]))?;
            // Updates delete with empty data (RFC 2136).
            if length != 0 {
                let mut target = data.wrapping_add(skip);
                for _ in 0..names {
                    let (after, name) = self.name(message, target, &mut may_list)?;
                    if after > end {
                        return None;
                    }
                    self.count(name, &mut glanced)?;
                    target = after;
                }
            }
            at = end;
        }
        (at == message.len()).then_some(glanced)
    }

    /// The position behind the name at `start`, its hash and its octets on the wire; the root has none. `None` where the name is
    /// not usual or may be listed.
    #[inline]
    fn name(
        &mut self,
        message: &[u8],
        start: usize,
        may_list: &mut impl FnMut(u64) -> bool,
    ) -> Option<(usize, Option<(u64, u16)>)> {
        let mut starts = [0_usize; LABELS];
        let mut count = 0_usize;
        let mut at = start;
        let (mut place, after) = loop {
            match *message.get(at)? {
                0 => {
                    let root = Place {
                        at: 0,
                        wire: 1,
                        labels: 0,
                        hash: label::ROOT,
                    };
                    break (root, at.wrapping_add(1));
                }
                length @ 1..=63 => {
                    *starts.get_mut(count)? = at;
                    count = count.wrapping_add(1);
                    at = at.wrapping_add(usize::from(length)).wrapping_add(1);
                }
                high @ 0xc0.. => {
                    let low = *message.get(at.wrapping_add(1))?;
                    let target = u16::from_be_bytes([high & 0x3f, low]);
                    let known = self.places.get(..self.placed)?;
                    let known = known.iter().find(|place| place.at == target)?;
                    break (*known, at.wrapping_add(2));
                }
                // 0x40 and 0x80 were never put to use (RFC 6891 section 5).
                _ => return None,
            }
        };
        for &at in starts.get(..count)?.iter().rev() {
            let length = usize::from(*message.get(at)?);
            let hash = label::hash(place.hash, message, at.wrapping_add(1), length)?;
            place = Place {
                at: u16::try_from(at).ok()?,
                // A message of DNS has less than 64 KiB, and what is over 255 ends here.
                wire: place.wire.wrapping_add(length as u16).wrapping_add(1),
                labels: place.labels.wrapping_add(1),
                hash,
            };
            if place.wire > MAX_WIRE as u16 || place.labels == 2 && may_list(hash) {
                return None;
            }
            *self.places.get_mut(self.placed)? = place;
            self.placed = self.placed.wrapping_add(1);
        }
        Some((
            after,
            (place.labels != 0).then_some((place.hash, place.wire)),
        ))
    }

    /// Counts a name of a record, once.
    #[inline]
    fn count(&mut self, name: Option<(u64, u16)>, glanced: &mut Glanced) -> Option<()> {
        let Some((hash, octets)) = name else {
            return Some(());
        };
        let known = self.names.get_mut(..self.named)?;
        if let Some(known) = known.iter_mut().find(|known| known.hash == hash) {
            if !known.in_record {
                known.in_record = true;
                glanced.records = glanced.records.wrapping_add(1);
            }
            return Some(());
        }
        *self.names.get_mut(self.named)? = Counted {
            hash,
            in_record: true,
        };
        self.named = self.named.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets);
        if self.octets > OCTETS {
            return None;
        }
        glanced.records = glanced.records.wrapping_add(1);
        Some(())
    }
}

#[cfg(test)]
#[path = "glance_tests.rs"]
mod tests;
