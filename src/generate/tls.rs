//! TLS handshakes (RFC 8446, RFC 5246) from templates: one for each form and length of name, made
//! when it is first needed. To use one is a copy, with name and random values put in.

use super::pool::{MAX_PIECE, Pool};
use super::words::MAX_PLANTED;
use super::x509;

/// Stands in templates where a random value goes. Runs of it mark the place.
pub(super) const RANDOM: u8 = 0xfd;

/// Stands for the name's letters.
const NAME: u8 = 0xfe;

/// Shorter runs may be there by chance.
const RUN: usize = 4;

/// The forms of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A browser's hello with the server name in front, or behind the key share.
    Classic { late: bool },
    /// Of a library that knows nothing newer than TLS 1.2.
    Old,
    /// With a post-quantum key share: over 1,700 bytes.
    Quantum { late: bool },
    /// The message for QUIC, without a record around it.
    Quic { quantum: bool },
    /// The server's first flight up to TLS 1.2: two certificates, the first for the name.
    Certificates,
}

impl Form {
    const COUNT: usize = 8;

    fn index(self) -> usize {
        match self {
            Form::Classic { late } => usize::from(late),
            Form::Old => 2,
            Form::Quantum { late } => 3 + usize::from(late),
            Form::Quic { quantum } => 5 + usize::from(quantum),
            Form::Certificates => 7,
        }
    }

    fn bytes(self, name: &[u8]) -> Vec<u8> {
        match self {
            Form::Certificates => flight(name),
            Form::Quic { .. } => self.hello(name),
            _ => record(22, [3, 1], &self.hello(name)),
        }
    }

    fn hello(self, name: &[u8]) -> Vec<u8> {
        let quic = matches!(self, Form::Quic { .. });
        let mut body = vec![3, 3];
        body.extend([RANDOM; 32]);
        let session = if quic || self == Form::Old { 0 } else { 32 };
        body.extend(length8(&vec![RANDOM; session]));
        let mut suites = vec![
            0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8,
        ];
        if self != Form::Old {
            // GREASE (RFC 8701) and those of 1.3.
            suites = [&[0x3a, 0x3a, 0x13, 1, 0x13, 2, 0x13, 3][..], &suites].concat();
        }
        body.extend(length16(&suites));
        body.extend([1, 0]); // no compression
        let fixed = body.len() + 4;
        body.extend(length16(&self.extensions(name, fixed).concat()));
        message(1, &body)
    }

    fn extensions(self, name: &[u8], fixed: usize) -> Vec<Vec<u8>> {
        let server_name = extension(0, &length16(&[&[0][..], &length16(name)].concat()));
        let (quantum, late, quic) = match self {
            Form::Quantum { late } => (true, late, false),
            Form::Classic { late } => (false, late, false),
            Form::Quic { quantum } => (quantum, true, true),
            Form::Old | Form::Certificates => (false, false, false),
        };
        let mut list = Vec::new();
        let new = self != Form::Old;
        if new {
            list.push(extension(0x8a8a, &[]));
        }
        if !late {
            list.push(server_name.clone());
        }
        list.push(extension(23, &[])); // extended_master_secret
        list.push(extension(0xff01, &[0])); // renegotiation_info
        let groups: &[u8] = match quantum {
            true => &[0x11, 0xec, 0, 0x1d, 0, 0x17, 0, 0x18],
            false => &[0, 0x1d, 0, 0x17, 0, 0x18],
        };
        list.push(extension(10, &length16(groups)));
        list.push(extension(11, &[1, 0]));
        list.push(extension(35, &[]));
        let protocols: &[u8] = match quic {
            true => b"\x02h3",
            false => b"\x02h2\x08http/1.1",
        };
        list.push(extension(16, &length16(protocols)));
        list.push(extension(5, &[1, 0, 0, 0, 0]));
        let signatures = [4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1];
        list.push(extension(13, &length16(&signatures)));
        if new {
            let mut shares = Vec::new();
            if quantum {
                // X25519MLKEM768: 1,184 bytes and 32.
                shares.extend([0x11, 0xec]);
                shares.extend(length16(&[RANDOM; 1_216]));
            }
            shares.extend([0, 0x1d]);
            shares.extend(length16(&[RANDOM; 32]));
            list.push(extension(51, &length16(&shares)));
            list.push(extension(45, &[1, 1]));
            list.push(extension(43, &[4, 3, 4, 3, 3]));
            list.push(extension(27, &[2, 0, 2])); // compress_certificate
        }
        if quic {
            // Idle time-out, and how much may be sent (RFC 9000 section 18).
            list.push(extension(
                57,
                &[
                    1, 4, 0x80, 0, 0x75, 0x30, 4, 4, 0x80, 0xf0, 0, 0, 8, 2, 0x40, 0x64,
                ],
            ));
        }
        if late {
            list.push(server_name);
        }
        let length = fixed + 2 + list.iter().map(Vec::len).sum::<usize>();
        if quantum && !quic {
            // As long as with the extensions that browsers add and that change nothing here.
            list.push(extension(21, &vec![0; 1_724usize.saturating_sub(length)]));
        } else if matches!(self, Form::Classic { .. }) {
            // Servers choked on hellos of 256 to 511 bytes (RFC 7685).
            list.push(extension(21, &vec![0; 508usize.saturating_sub(length)]));
        }
        list
    }
}

/// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone of TLS 1.2.
fn flight(name: &[u8]) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([RANDOM; 32]);
    hello.extend(length8(&[RANDOM; 32]));
    hello.extend([0xc0, 0x2b, 0]);
    hello.extend(length16(
        &[extension(0xff01, &[0]), extension(23, &[])].concat(),
    ));
    let chain = [x509::leaf(name), x509::intermediate()];
    let chain: Vec<u8> = chain.iter().flat_map(|der| length24(der)).collect();
    let mut exchange = vec![3, 0, 0x1d];
    exchange.extend(length8(&[RANDOM; 32]));
    exchange.extend([4, 3]);
    exchange.extend(length16(&[RANDOM; 71]));
    [
        record(22, [3, 3], &message(2, &hello)),
        record(22, [3, 3], &message(11, &length24(&chain))),
        record(22, [3, 3], &message(12, &exchange)),
        record(22, [3, 3], &message(14, &[])),
    ]
    .concat()
}

/// The ServerHello of TLS 1.3 as a message.
fn server_hello(session: usize) -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([RANDOM; 32]);
    hello.extend(length8(&vec![RANDOM; session]));
    hello.extend([0x13, 1, 0]);
    let share = [&[0, 0x1d][..], &length16(&[RANDOM; 32])].concat();
    hello.extend(length16(
        &[extension(43, &[3, 4]), extension(51, &share)].concat(),
    ));
    message(2, &hello)
}

/// ChangeCipherSpec, which TLS 1.3 sends for the sake of old middleboxes.
pub(super) const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];

/// The header of a record of encrypted data.
pub(super) fn data_header(length: u16) -> [u8; 5] {
    let [high, low] = length.to_be_bytes();
    [23, 3, 3, high, low]
}

pub(super) fn record(content: u8, version: [u8; 2], bytes: &[u8]) -> Vec<u8> {
    [&[content, version[0], version[1]][..], &length16(bytes)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length24(body)].concat()
}

fn extension(number: u16, body: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &length16(body)].concat()
}

fn length8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8][..], bytes].concat()
}

fn length16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn length24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

/// A message whose name and random values are to be put in.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    name_at: usize,
    /// (offset, length)
    random: Vec<(usize, usize)>,
}

impl Template {
    fn new(bytes: Vec<u8>) -> Self {
        let (mut random, mut name_at, mut at) = (Vec::new(), 0, 0);
        while at < bytes.len() {
            let run = bytes[at..].iter().take_while(|b| **b == bytes[at]).count();
            match bytes[at] {
                RANDOM if run >= RUN => random.push((at, run)),
                NAME if run >= RUN => name_at = at,
                _ => {}
            }
            at += run;
        }
        Self {
            bytes,
            name_at,
            random,
        }
    }

    /// The random values are those that the pool has from `place` on.
    #[inline]
    fn fill(&self, out: &mut Vec<u8>, name: &[u8], pool: &Pool, place: usize) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        let out = &mut out[start..];
        let mut used = 0;
        for &(at, len) in &self.random {
            out[at..at + len].copy_from_slice(pool.piece(place + used, len));
            used = (used + len) % (MAX_PIECE - 1_216);
        }
        out[self.name_at..self.name_at + name.len()].copy_from_slice(name);
    }
}

/// All templates.
#[derive(Debug)]
pub(super) struct Templates {
    /// By form and length of the name.
    named: Vec<Vec<Option<Template>>>,
    server_hello: Template,
    quic_server_hello: Template,
}

impl Templates {
    pub(super) fn new() -> Self {
        let lengths = || (0..MAX_PLANTED + 32).map(|_| None).collect();
        Self {
            named: (0..Form::COUNT).map(|_| lengths()).collect(),
            server_hello: Template::new(record(22, [3, 3], &server_hello(32))),
            quic_server_hello: Template::new(server_hello(0)),
        }
    }

    /// The message with `name` in it. The same `place` gives the same bytes.
    #[inline]
    pub(super) fn fill(
        &mut self,
        out: &mut Vec<u8>,
        form: Form,
        name: &[u8],
        pool: &Pool,
        place: usize,
    ) {
        out.clear();
        self.named[form.index()][name.len()]
            .get_or_insert_with(|| Template::new(form.bytes(&vec![NAME; name.len()])))
            .fill(out, name, pool, place);
    }

    /// The server's first flight of TLS 1.3 as far as the header of a record of `encrypted` bytes.
    #[inline]
    pub(super) fn flight(&self, out: &mut Vec<u8>, encrypted: u16, pool: &Pool, place: usize) {
        out.clear();
        self.server_hello.fill(out, &[], pool, place);
        out.extend(CHANGE_CIPHER_SPEC);
        out.extend(data_header(encrypted));
    }

    /// The ServerHello for QUIC, without a record.
    pub(super) fn quic_flight(&self, out: &mut Vec<u8>, pool: &Pool, place: usize) {
        out.clear();
        self.quic_server_hello.fill(out, &[], pool, place);
    }
}
