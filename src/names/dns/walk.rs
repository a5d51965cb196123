//! The walk through a message's sections, and the reading of one name.

use super::header::{HEADER, Header};
use super::seen::Place;
use super::{End, Flavour, Scratch};
use crate::names::Kind;
use crate::names::text::MAX_WIRE;

/// A chain of compression pointers longer than this is a loop: a name of 255 octets has at most
/// 127 labels, and no writer needs more pointers than labels.
const MAX_POINTERS: usize = 127;

/// The most octets that the names of one message may spell, pointers followed. A message of 65,535
/// bytes could spell a long name ten thousand times by pointers; a zone transfer of that length, which
/// is the most that is real, stays below half of this.
pub(super) const MAX_SPELLED: usize = 1_024 * MAX_WIRE;

pub(super) struct Walk<'m, 's, V> {
    pub(super) message: &'m [u8],
    flavour: Flavour,
    position: usize,
    /// Octets that may still be spelled.
    budget: usize,
    /// A class that is not in use makes the message malformed.
    known_classes: bool,
    /// A name could not be read, but where it ends was clear.
    damaged: bool,
    /// Offset and place of a new name that is still in the scratch text. It is noted only when another
    /// name comes: most queries have one.
    fresh: Option<(usize, Place)>,
    scratch: &'s mut Scratch,
    visit: &'s mut V,
}

impl<'m, 's, V: FnMut(Kind, &[u8])> Walk<'m, 's, V> {
    pub(super) fn new(
        flavour: Flavour,
        message: &'m [u8],
        scratch: &'s mut Scratch,
        visit: &'s mut V,
    ) -> Self {
        scratch.seen.clear();
        Self {
            message,
            flavour,
            position: HEADER,
            budget: MAX_SPELLED,
            known_classes: false,
            damaged: false,
            fresh: None,
            scratch,
            visit,
        }
    }

    /// For messages of which every byte has to be DNS.
    pub(super) fn with_known_classes(mut self) -> Self {
        self.known_classes = true;
        self
    }

    /// Walks all sections.
    pub(super) fn read(&mut self, header: &Header) -> End {
        match self.sections(header) {
            Err(end) => end,
            Ok(()) if self.damaged => End::Malformed,
            Ok(()) => match self.message.len().saturating_sub(self.position) {
                0 => End::Whole,
                n => End::Trailing(n),
            },
        }
    }

    fn sections(&mut self, header: &Header) -> Result<(), End> {
        for _ in 0..header.questions {
            let class = self.question()?;
            self.check_class(class)?;
        }
        for _ in 0..header.records {
            // One record whose data is wrong does not hide the records behind it.
            match self.record()? {
                Ok(()) => {}
                Err(End::TooMany) => return Err(End::TooMany),
                Err(_) => self.damaged = true,
            }
        }
        Ok(())
    }

    /// The class of the first question, if its name is in order.
    pub(super) fn first_question(&mut self) -> Result<u16, End> {
        let class = self.question()?;
        if self.damaged {
            Err(End::Malformed)
        } else {
            Ok(class)
        }
    }

    /// Reads one question and gives its class.
    fn question(&mut self) -> Result<u16, End> {
        let after = self.name(self.position, Place::Question)?;
        // QTYPE and QCLASS.
        let fixed = self.message.get(after..).and_then(|m| m.first_chunk::<4>());
        let Some(&[_, _, c0, c1]) = fixed else {
            return Err(End::Short);
        };
        self.position = after.saturating_add(4);
        Ok(u16::from_be_bytes([c0, c1]))
    }

    /// The outer error ends the message; the inner one is of this record's data only.
    fn record(&mut self) -> Result<Result<(), End>, End> {
        let after = self.name(self.position, Place::Record)?;
        let fixed = self
            .message
            .get(after..)
            .and_then(|m| m.first_chunk::<10>());
        let Some(&[t0, t1, c0, c1, _, _, _, _, l0, l1]) = fixed else {
            return Err(End::Short);
        };
        let rr_type = u16::from_be_bytes([t0, t1]);
        // The class of OPT is a payload size (RFC 6891 section 6.1.2).
        if rr_type != 41 {
            self.check_class(u16::from_be_bytes([c0, c1]))?;
        }
        let data = after.saturating_add(10);
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let result = self.targets(rr_type, data, length);
        let end = data.saturating_add(length);
        if end > self.message.len() {
            return match result {
                Err(End::TooMany) => Err(End::TooMany),
                _ => Err(End::Short),
            };
        }
        self.position = end;
        Ok(result)
    }

    /// IN, CHAOS, HESIOD, and NONE and ANY of dynamic updates (IANA "DNS CLASSes").
    fn check_class(&self, class: u16) -> Result<(), End> {
        if self.known_classes && !matches!(class & self.flavour.class_mask, 1 | 3 | 4 | 254 | 255) {
            return Err(End::Malformed);
        }
        Ok(())
    }

    /// The position after the name at `at`, which must not go beyond `end`, without following
    /// pointers.
    pub(super) fn skip_name(&self, mut at: usize, end: usize) -> Result<usize, End> {
        while at < end {
            let &length = self.message.get(at).ok_or(End::Short)?;
            let (width, last) = match length {
                0 => (1, true),
                1..=63 => (usize::from(length).saturating_add(1), false),
                0xc0.. => (2, true),
                _ => return Err(End::Malformed),
            };
            at = at.saturating_add(width);
            if last && at <= end {
                return Ok(at);
            }
        }
        Err(End::Malformed)
    }

    /// Reads the name at `start`, pushes it, and gives the position after it.
    #[inline]
    pub(super) fn name(&mut self, start: usize, place: Place) -> Result<usize, End> {
        let &first = self.message.get(start).ok_or(End::Short)?;
        let next = start.saturating_add(1);
        if first == 0 {
            return Ok(next);
        }
        if first < 0xc0 {
            return self.spell_and_push(start, None, place);
        }
        let &low = self.message.get(next).ok_or(End::Short)?;
        let target = usize::from(u16::from_be_bytes([first & 0x3f, low]));
        self.note_fresh();
        let after = next.saturating_add(1);
        match self.scratch.seen.again(target, place) {
            Some(Some(name)) => (self.visit)(kind(self.flavour, place), name),
            Some(None) => {}
            None => return self.spell_and_push(target, Some(after), place),
        }
        Ok(after)
    }

    /// `after` is the position behind the pointer that led to `start`, if one did.
    fn spell_and_push(
        &mut self,
        start: usize,
        after: Option<usize>,
        place: Place,
    ) -> Result<usize, End> {
        self.note_fresh();
        let spelled = match self.spell(start, after) {
            Ok(spelled) => spelled,
            Err((End::TooMany, _)) => return Err(End::TooMany),
            // The name is lost, but where it ends is known behind a pointer or can be found out
            // without following one.
            Err((_, Some(after))) => {
                self.damaged = true;
                return Ok(after);
            }
            Err((End::Malformed, None)) => {
                let after = self.skip_name(start, self.message.len())?;
                self.damaged = true;
                return Ok(after);
            }
            Err((end, None)) => return Err(end),
        };
        let name = self.scratch.text.as_bytes();
        if !name.is_empty() {
            let due = self.scratch.seen.is_due(start, place, name);
            if due.is_none() {
                self.fresh = Some((start, place));
            }
            if due != Some(false) {
                (self.visit)(kind(self.flavour, place), name);
            }
        }
        Ok(spelled)
    }

    fn note_fresh(&mut self) {
        if let Some((offset, place)) = self.fresh.take() {
            let name = self.scratch.text.as_bytes();
            self.scratch.seen.add(offset, place, name);
        }
    }

    /// Spells the name at `start` into the scratch text and gives the position after it. An error has
    /// that position too where a pointer has shown it.
    fn spell(
        &mut self,
        start: usize,
        mut after: Option<usize>,
    ) -> Result<usize, (End, Option<usize>)> {
        let text = &mut self.scratch.text;
        if !self.flavour.text
            && start >= HEADER
            && let Some(length) = self
                .message
                .get(start..)
                .and_then(|wire| text.set_wire(wire))
        {
            let Some(left) = self.budget.checked_sub(length) else {
                return Err((End::TooMany, None));
            };
            self.budget = left;
            return Ok(after.unwrap_or_else(|| start.saturating_add(length)));
        }
        text.clear();
        let mut position = start;
        let mut wire = 1usize; // the root's length octet
        let mut pointers = usize::from(after.is_some());
        if position < HEADER {
            return Err((End::Malformed, after));
        }
        let after = loop {
            let Some(&length) = self.message.get(position) else {
                return Err((End::Short, after));
            };
            let next = position.saturating_add(1);
            match length {
                0 => break after.unwrap_or(next),
                1..=63 => {
                    let end = next.saturating_add(usize::from(length));
                    let Some(label) = self.message.get(next..end) else {
                        return Err((End::Short, after));
                    };
                    wire = wire.saturating_add(usize::from(length)).saturating_add(1);
                    let pushed = if self.flavour.text {
                        text.push_text_label(label)
                    } else {
                        text.push_label(label)
                    };
                    if wire > MAX_WIRE || pushed.is_err() {
                        return Err((End::Malformed, after));
                    }
                    position = end;
                }
                0xc0.. => {
                    let Some(&low) = self.message.get(next) else {
                        return Err((End::Short, after));
                    };
                    after.get_or_insert(next.saturating_add(1));
                    pointers = pointers.saturating_add(1);
                    position = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    if pointers > MAX_POINTERS || position < HEADER {
                        return Err((End::Malformed, after));
                    }
                }
                // 0x40 and 0x80 were never put to use (RFC 6891 section 5).
                _ => return Err((End::Malformed, after)),
            }
        };
        match self.budget.checked_sub(wire.saturating_add(pointers)) {
            Some(left) => self.budget = left,
            None => return Err((End::TooMany, None)),
        }
        Ok(after)
    }
}

fn kind(flavour: Flavour, place: Place) -> Kind {
    match place {
        Place::Question => flavour.question,
        Place::Record => flavour.record,
    }
}
