//! The fixed header of a message (RFC 1035 section 4.1.1), and what can be told from it alone.

/// Length of the header in bytes; no name stands in it.
pub(crate) const HEADER: usize = 12;

/// The highest opcode that is assigned: DNS Stateful Operations (IANA "DNS OpCodes").
const MAX_OPCODE: u8 = 6;

/// The least that a question takes: the root name, type and class.
const QUESTION: usize = 5;

/// The least that a record takes: the root name, type, class, time to live and data length.
const RECORD: usize = 11;

/// Whether a message begins with the counts and flags of a client's usual question, or of an answer with no more
/// records in each of its sections than `most`. It is asked for datagrams of all kinds: nothing is put together.
#[inline]
pub(crate) fn is_sent(message: &[u8], most: [u16; 3]) -> bool {
    let Some(&[_, _, flags, flags2, q0, q1, a0, a1, n0, n1, x0, x1]) =
        message.first_chunk::<HEADER>()
    else {
        return false;
    };
    if [q0, q1] != [0, 1] || flags & 0x78 != 0 || flags2 & 0x40 != 0 {
        return false;
    }
    let [answers, authorities, additionals] =
        [[a0, a1], [n0, n1], [x0, x1]].map(u16::from_be_bytes);
    if flags & 0x80 == 0 {
        flags2 & 0x0f == 0 && answers == 0 && authorities == 0 && additionals <= 2
    } else {
        let [most_answers, most_authorities, most_additionals] = most;
        answers <= most_answers
            && authorities <= most_authorities
            && additionals <= most_additionals
    }
}

/// The fixed header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::names) struct Header {
    /// QR: a response rather than a query.
    pub(in crate::names) response: bool,
    /// RCODE, 0 to 15.
    pub(in crate::names) rcode: u8,
    pub(in crate::names) opcode: u8,
    /// The one bit that is still reserved is set.
    pub(in crate::names) reserved: bool,
    pub(in crate::names) questions: u16,
    /// Answer, authority and additional records together.
    pub(in crate::names) records: u32,
}

impl Header {
    /// Reads the header.
    pub(in crate::names) fn read(message: &[u8]) -> Option<Self> {
        let &[_, _, flags, flags2, q0, q1, a0, a1, n0, n1, x0, x1] =
            message.first_chunk::<HEADER>()?;
        let count = |high, low| u32::from(u16::from_be_bytes([high, low]));
        Some(Self {
            response: flags & 0x80 != 0,
            rcode: flags2 & 0x0f,
            opcode: flags >> 3 & 0x0f,
            reserved: flags2 & 0x40 != 0,
            questions: u16::from_be_bytes([q0, q1]),
            // Three u16 cannot overflow a u32.
            records: count(a0, a1)
                .saturating_add(count(n0, n1))
                .saturating_add(count(x0, x1)),
        })
    }

    /// True for an opcode that no protocol uses: then only a message that parses to its last byte
    /// is believed to be DNS.
    pub(in crate::names) fn has_unassigned_opcode(&self) -> bool {
        self.opcode > MAX_OPCODE
    }

    /// Nothing but a header.
    pub(in crate::names) fn is_bare(&self) -> bool {
        self.questions == 0 && self.records == 0
    }

    /// False where the counts need more room than the message has. Random bytes fail here nearly
    /// always; a real message that a server cut or that lies about a count fails as well.
    pub(in crate::names) fn has_room(&self, room: usize) -> bool {
        let records = usize::try_from(self.records).unwrap_or(usize::MAX);
        let least = usize::from(self.questions)
            .saturating_mul(QUESTION)
            .saturating_add(records.saturating_mul(RECORD));
        least.saturating_add(HEADER) <= room
    }

    /// What resolvers and their clients send all day, or a further message of a zone transfer, which
    /// repeats no question (RFC 5936 section 2.2).
    pub(in crate::names) fn is_usual(&self) -> bool {
        let transfer = self.response && self.questions == 0 && self.records > 0;
        self.opcode == 0 && !self.reserved && (self.questions == 1 || transfer)
    }
}
