//! DNS queries and answers (RFC 1035, RFC 9460).

use super::rng::Rng;
use super::words::Host;

/// What an exchange is about. The same for its query and its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange {
    id: u16,
    kind: u16,
    /// Aliases between the question and its addresses.
    pub(super) aliases: u8,
    /// There is no such name.
    pub(super) missing: bool,
    /// With an OPT record (RFC 6891).
    extended: bool,
}

const A: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const AAAA: u16 = 28;
const HTTPS: u16 = 65;

/// A pointer to the question's name.
const QUESTION: [u8; 2] = [0xc0, 12];

/// Size 1232, as resolvers have it since 2020.
const OPT: [u8; 11] = [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0];

impl Exchange {
    #[inline]
    pub(super) fn new(rng: &mut Rng) -> Self {
        let word = rng.word();
        let aliases = match word >> 16 & 15 {
            0 => 2,
            1 => 1,
            _ => 0,
        };
        Self {
            id: word as u16,
            kind: match word >> 20 & 15 {
                0..=8 => A,
                9..=12 => AAAA,
                _ => HTTPS,
            },
            aliases,
            missing: aliases == 0 && word >> 24 & 15 == 0,
            extended: word >> 28 & 1 == 0,
        }
    }

    #[inline]
    pub(super) fn query(&self, out: &mut Vec<u8>, name: &[u8]) {
        out.clear();
        let [high, low] = self.id.to_be_bytes();
        out.extend([
            high,
            low,
            1,
            0,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::from(self.extended),
        ]);
        self.question(out, name);
    }

    #[inline]
    fn question(&self, out: &mut Vec<u8>, name: &[u8]) {
        push_name(out, name);
        let [high, low] = self.kind.to_be_bytes();
        out.extend([high, low, 0, 1]);
        if self.extended {
            out.extend(OPT);
        }
    }

    /// `alias` names the targets of aliases, where there are any.
    #[inline]
    pub(super) fn answer(
        &self,
        out: &mut Vec<u8>,
        name: &[u8],
        alias: impl Fn(u8) -> Host,
        rng: &mut Rng,
    ) {
        out.clear();
        let [high, low] = self.id.to_be_bytes();
        let addresses = if self.kind == A {
            1 + (rng.word() & 1) as u8
        } else {
            1
        };
        let (code, answers, authorities) = match self.missing {
            true => (3, 0, 1),
            false => (0, self.aliases + addresses, 0),
        };
        let more = u8::from(self.extended);
        out.extend([
            high,
            low,
            0x81,
            0x80 | code,
            0,
            1,
            0,
            answers,
            0,
            authorities,
            0,
            more,
        ]);
        push_name(out, name);
        let [high, low] = self.kind.to_be_bytes();
        out.extend([high, low, 0, 1]);
        if self.missing {
            self.authority(out, name);
        } else {
            let mut owner = QUESTION;
            for number in 0..self.aliases {
                let target = alias(number);
                let target = target.as_bytes();
                record(out, owner, CNAME, 300, target.len() as u16 + 2);
                owner = (0xc000 | out.len() as u16).to_be_bytes();
                push_name(out, target);
            }
            for _ in 0..addresses {
                self.address(out, owner, rng.word());
            }
        }
        if self.extended {
            out.extend(OPT);
        }
    }

    /// The zone's SOA record, of the name's last label.
    fn authority(&self, out: &mut Vec<u8>, name: &[u8]) {
        let last = name
            .iter()
            .rposition(|b| *b == b'.')
            .map_or(0, |dot| dot + 1);
        let zone = (0xc000 | (12 + last) as u16).to_be_bytes();
        record(out, zone, SOA, 900, 5 + 5 + 20);
        out.extend([
            2, b'n', b's', zone[0], zone[1], 2, b'h', b'm', zone[0], zone[1],
        ]);
        for number in [2_025_010_100u32, 7_200, 900, 1_209_600, 900] {
            out.extend(number.to_be_bytes());
        }
    }

    #[inline]
    fn address(&self, out: &mut Vec<u8>, owner: [u8; 2], bits: u64) {
        let [a, b, c, d, ..] = bits.to_le_bytes();
        match self.kind {
            A => {
                record(out, owner, A, 60, 4);
                out.extend([198, 18 | a & 1, b, c]);
            }
            AAAA => {
                record(out, owner, AAAA, 60, 16);
                out.extend([0x20, 1, 0x0d, 0xb8, 1, 0x98, 0, 0, 0, 0, 0, 0, a, b, c, d]);
            }
            _ => {
                // Priority 1, the same host, alpn=h3,h2 (RFC 9460 section 2.2).
                record(out, owner, HTTPS, 300, 13);
                out.extend([0, 1, 0, 0, 1, 0, 6, 2, b'h', b'3', 2, b'h', b'2']);
            }
        }
    }
}

#[inline]
fn record(out: &mut Vec<u8>, owner: [u8; 2], kind: u16, ttl: u16, length: u16) {
    let ([k1, k2], [t1, t2]) = (kind.to_be_bytes(), ttl.to_be_bytes());
    let [l1, l2] = length.to_be_bytes();
    out.extend([owner[0], owner[1], k1, k2, 0, 1, 0, 0, t1, t2, l1, l2]);
}

/// A name in wire form: its dots become lengths.
#[inline]
fn push_name(out: &mut Vec<u8>, name: &[u8]) {
    let start = out.len();
    out.push(b'.');
    out.extend_from_slice(name);
    let mut length = 0;
    for byte in out[start..].iter_mut().rev() {
        if *byte == b'.' {
            *byte = length;
            length = 0;
        } else {
            length += 1;
        }
    }
    out.push(0);
}

/// A message that has the header of a query and a name that cannot be read: a label that
/// reaches beyond the end, a pointer to itself, or one forward.
pub(super) fn broken(out: &mut Vec<u8>, rng: &mut Rng) {
    out.clear();
    let [a, b, c, d, e, ..] = rng.word().to_le_bytes();
    out.extend([a, b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    match c & 3 {
        0 => out.extend([63, d, e, d, e]),
        1 => out.extend(QUESTION),
        2 => out.extend([0xc0, 14, 0xc0, 12]),
        _ => out.extend([3, d, e, d, 0x80 | d, e]),
    }
    out.extend([0, 1, 0, 1]);
}
