//! DNS messages (RFC 1035): question names, owner names and name-valued targets.
//!
//! A hand-written walker, since this is the hot path of a resolver's mirror port. It reads what is
//! there: a message that breaks off or contradicts itself still gives the names before that place.

use super::Kind;
use super::text::{MAX_WIRE, NameText};

/// A chain of compression pointers longer than this is a loop: a name of 255 octets has at most
/// 127 labels, and no writer needs more pointers than labels.
const MAX_POINTERS: usize = 127;

/// Length of the header in bytes; no name stands in it.
const HEADER: usize = 12;

/// The highest opcode that is assigned: DNS Stateful Operations (IANA "DNS OpCodes").
const MAX_OPCODE: u8 = 6;

/// The most names that are read of one message. A message of 65,535 bytes could spell a long name ten
/// thousand times by pointers; real ones hold a few dozen.
const MAX_NAMES: usize = 1_024;

/// The fixed header (RFC 1035 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// QR: a response rather than a query.
    pub response: bool,
    /// RCODE of the header, 0 to 15 (3 is NXDOMAIN).
    pub rcode: u8,
    opcode: u8,
    questions: u16,
    /// Answer, authority and additional records together.
    records: u32,
}

/// How far a message could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To its last record, and nothing follows.
    Whole,
    /// To its last record; this many bytes follow.
    Trailing(usize),
    /// It ends inside a record.
    Short,
    /// A name or record contradicts itself.
    Malformed,
    /// More names than are read of one message.
    TooMany,
}

impl Header {
    /// Reads the header.
    pub fn read(message: &[u8]) -> Option<Self> {
        let &[_, _, flags, flags2, q0, q1, a0, a1, n0, n1, x0, x1] = message.first_chunk::<12>()?;
        let count = |high, low| u32::from(u16::from_be_bytes([high, low]));
        Some(Self {
            response: flags & 0x80 != 0,
            rcode: flags2 & 0x0f,
            opcode: flags >> 3 & 0x0f,
            questions: u16::from_be_bytes([q0, q1]),
            // Three u16 cannot overflow a u32.
            records: count(a0, a1)
                .saturating_add(count(n0, n1))
                .saturating_add(count(x0, x1)),
        })
    }

    /// True for an opcode that no protocol uses: then only a message that parses to its last byte
    /// is believed to be DNS.
    pub fn has_unassigned_opcode(&self) -> bool {
        self.opcode > MAX_OPCODE
    }

    /// Nothing but a header: what servers send back with some errors.
    pub fn is_bare(&self) -> bool {
        self.questions == 0 && self.records == 0
    }

    /// False where the counts need more room than the message has: a question takes at least 5
    /// bytes and a record 11. Random bytes fail here nearly always; a real message that a server
    /// cut or that lies about a count fails as well.
    pub fn has_room(&self, message: &[u8], cut: bool) -> bool {
        let room = if cut {
            usize::from(u16::MAX)
        } else {
            message.len()
        };
        let least = usize::from(self.questions)
            .saturating_mul(5)
            .saturating_add(
                usize::try_from(self.records)
                    .unwrap_or(usize::MAX)
                    .saturating_mul(11),
            );
        least.saturating_add(HEADER) <= room
    }

    /// Whether a message without room for its counts still begins as DNS does: one question, whose
    /// name, type and class are whole and of the Internet class.
    pub fn begins_with_question(&self, message: &[u8], scratch: &mut Scratch) -> bool {
        if self.questions != 1 || self.has_unassigned_opcode() {
            return false;
        }
        scratch.seen.clear();
        let mut visit = |_: Kind, _: &[u8]| {};
        let mut walk = Walk {
            message,
            position: HEADER,
            budget: MAX_NAMES,
            scratch,
            visit: &mut visit,
        };
        let Ok(after) = walk.name(HEADER, Kind::DnsQuery) else {
            return false;
        };
        // QTYPE, then QCLASS: 1 is the Internet.
        matches!(
            message.get(after..).and_then(|m| m.first_chunk()),
            Some(&[_, _, 0, 1])
        )
    }
}

/// The usual name of an RCODE (IANA "DNS RCODEs"), or its number.
pub fn rcode_name(rcode: u8) -> std::borrow::Cow<'static, str> {
    match rcode {
        0 => "NOERROR".into(),
        1 => "FORMERR".into(),
        2 => "SERVFAIL".into(),
        3 => "NXDOMAIN".into(),
        4 => "NOTIMP".into(),
        5 => "REFUSED".into(),
        n => format!("RCODE{n}").into(),
    }
}

/// Walks `message` and pushes every name to `visit`, each (kind, name) once.
///
/// The root name is not pushed.
pub fn read_names(
    header: &Header,
    message: &[u8],
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8]),
) -> End {
    scratch.seen.clear();
    let mut walk = Walk {
        message,
        position: HEADER,
        budget: MAX_NAMES,
        scratch,
        visit,
    };
    match walk.sections(header) {
        Err(end) => end,
        Ok(()) => match message.len().saturating_sub(walk.position) {
            0 => End::Whole,
            n => End::Trailing(n),
        },
    }
}

/// Reused space for reading one message.
#[derive(Debug, Default)]
pub struct Scratch {
    text: NameText,
    seen: Seen,
}

struct Walk<'m, 's, V> {
    message: &'m [u8],
    position: usize,
    /// Names that may still be read.
    budget: usize,
    scratch: &'s mut Scratch,
    visit: &'s mut V,
}

impl<V: FnMut(Kind, &[u8])> Walk<'_, '_, V> {
    fn sections(&mut self, header: &Header) -> Result<(), End> {
        for _ in 0..header.questions {
            let after = self.name(self.position, Kind::DnsQuery)?;
            // QTYPE and QCLASS.
            self.position = self.within(after, 4)?;
        }
        // One record whose data is wrong does not hide the records behind it.
        let mut result = Ok(());
        for _ in 0..header.records {
            match self.record()? {
                Ok(()) => {}
                Err(End::TooMany) => return Err(End::TooMany),
                wrong => result = wrong,
            }
        }
        result
    }

    /// The outer error ends the message; the inner one is of this record's data only.
    fn record(&mut self) -> Result<Result<(), End>, End> {
        let after = self.name(self.position, Kind::DnsAnswer)?;
        let fixed = self
            .message
            .get(after..)
            .and_then(|m| m.first_chunk::<10>());
        let Some(&[t0, t1, _, _, _, _, _, _, l0, l1]) = fixed else {
            return Err(End::Short);
        };
        let data = after.saturating_add(10);
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let result = self.targets(u16::from_be_bytes([t0, t1]), data, length);
        self.position = self.within(data, length)?;
        Ok(result)
    }

    /// Name-valued fields of record data, by type (IANA "Resource Record TYPEs").
    fn targets(&mut self, rr_type: u16, data: usize, length: usize) -> Result<(), End> {
        // Bytes before the first name, and how many names follow one another.
        let (skip, names) = match rr_type {
            // NS MD MF CNAME MB MG MR PTR NSAP-PTR NXT DNAME NSEC
            2 | 3 | 4 | 5 | 7 | 8 | 9 | 12 | 23 | 30 | 39 | 47 => (0, 1),
            // SOA MINFO RP TALINK
            6 | 14 | 17 | 58 => (0, 2),
            // MX AFSDB RT KX SVCB HTTPS LP
            15 | 18 | 21 | 36 | 64 | 65 | 107 => (2, 1),
            // PX
            26 => (2, 2),
            // SRV
            33 => (6, 1),
            // SIG RRSIG
            24 | 46 => (18, 1),
            // NAPTR: order, preference, three character-strings
            35 => (self.naptr_prefix(data)?, 1),
            _ => return Ok(()),
        };
        // An update message (RFC 2136) deletes with empty record data.
        if length == 0 {
            return Ok(());
        }
        let end = data.saturating_add(length);
        let first = data.saturating_add(skip);
        let mut at = first;
        for _ in 0..names {
            // A name that leaves its record is made of other records' bytes: look before pushing.
            self.skip_name(at, end)?;
            at = self.name(at, Kind::DnsAnswer)?;
        }
        Ok(())
    }

    /// The position after the name at `at`, which must not go beyond `end`, without following
    /// pointers.
    fn skip_name(&self, mut at: usize, end: usize) -> Result<usize, End> {
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

    fn naptr_prefix(&self, data: usize) -> Result<usize, End> {
        let mut skip = 4usize;
        for _ in 0..3 {
            let length = self
                .message
                .get(data.saturating_add(skip))
                .ok_or(End::Short)?;
            skip = skip.saturating_add(1).saturating_add(usize::from(*length));
        }
        Ok(skip)
    }

    fn within(&self, at: usize, length: usize) -> Result<usize, End> {
        let end = at.saturating_add(length);
        if end <= self.message.len() {
            Ok(end)
        } else {
            Err(End::Short)
        }
    }

    /// Reads the name at `start`, pushes it, and gives the position after it.
    fn name(&mut self, start: usize, kind: Kind) -> Result<usize, End> {
        self.budget = self.budget.checked_sub(1).ok_or(End::TooMany)?;
        let text = &mut self.scratch.text;
        text.clear();
        let mut position = start;
        let mut after = None;
        let mut wire = 1usize; // the root's length octet
        let mut pointers = 0usize;
        loop {
            let &length = self.message.get(position).ok_or(End::Short)?;
            let next = position.saturating_add(1);
            match length {
                0 => {
                    after.get_or_insert(next);
                    break;
                }
                1..=63 => {
                    let end = next.saturating_add(usize::from(length));
                    let label = self.message.get(next..end).ok_or(End::Short)?;
                    wire = wire.saturating_add(usize::from(length)).saturating_add(1);
                    if wire > MAX_WIRE || text.push_label(label).is_err() {
                        return Err(End::Malformed);
                    }
                    position = end;
                }
                0xc0.. => {
                    let &low = self.message.get(next).ok_or(End::Short)?;
                    after.get_or_insert(next.saturating_add(1));
                    pointers = pointers.saturating_add(1);
                    if pointers > MAX_POINTERS {
                        return Err(End::Malformed);
                    }
                    position = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    if position < HEADER {
                        return Err(End::Malformed);
                    }
                }
                // 0x40 and 0x80 were never put to use (RFC 6891 section 5).
                _ => return Err(End::Malformed),
            }
        }
        if !text.is_empty() && self.scratch.seen.insert(kind, text.as_bytes()) {
            (self.visit)(kind, text.as_bytes());
        }
        after.ok_or(End::Malformed)
    }
}

/// The names of one message that were pushed already. Bounded: where it is full, a name may be
/// pushed twice, never left out.
#[derive(Debug)]
struct Seen {
    bytes: [u8; 2048],
    used: usize,
    entries: [(Kind, u16, u16); 32],
    count: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            bytes: [0; 2048],
            used: 0,
            entries: [(Kind::DnsQuery, 0, 0); 32],
            count: 0,
        }
    }
}

impl Seen {
    fn clear(&mut self) {
        self.used = 0;
        self.count = 0;
    }

    /// True where `name` was not there yet.
    fn insert(&mut self, kind: Kind, name: &[u8]) -> bool {
        let known = self
            .entries
            .iter()
            .take(self.count)
            .any(|&(k, start, end)| {
                k == kind && self.bytes.get(usize::from(start)..usize::from(end)) == Some(name)
            });
        if known {
            return false;
        }
        let end = self.used.saturating_add(name.len());
        if let (Some(room), Some(entry)) = (
            self.bytes.get_mut(self.used..end),
            self.entries.get_mut(self.count),
        ) {
            room.copy_from_slice(name);
            // `bytes` is far shorter than 64 KiB.
            *entry = (
                kind,
                u16::try_from(self.used).unwrap_or(u16::MAX),
                u16::try_from(end).unwrap_or(u16::MAX),
            );
            self.used = end;
            self.count = self.count.saturating_add(1);
        }
        true
    }
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
