//! Certificates in handshakes of TLS 1.2 and its elders, in either direction.
//!
//! A server's direction is read from its first byte; a client's from behind its hello, since a
//! client may send a certificate of its own. The two look alike and one reader serves both. It
//! takes one message, and of a chain one certificate, at a time: so a chain may be longer than
//! what a caller holds of a stream.

use super::MAX_HELLO;
use super::fingerprint::{Over, push_fingerprints};
use super::hello::{Bytes, read_body};
use super::records::{Cursor, HEADER, Short};
use crate::names::x509_fingerprint::Fingerprint;
use crate::names::{Kind, Step, Wanted, sslv2, x509};
use crate::stats::bump;

/// How much of one certificate is put together, in bytes. With a hundred names it has about 5,000,
/// with ten thousand about 270,000.
const MAX_CERTIFICATE: usize = 256 * 1_024;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;

/// Where a reader stands between two calls: the bytes it is given may begin inside a record and
/// inside a chain of certificates. The default is the beginning of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flight {
    /// Handshake bytes left in the open record.
    left: u16,
    /// Handshake bytes of no interest to come.
    pass: u32,
    /// Bytes of the certificate list to come behind those; 0 outside of it.
    chain: u32,
}

impl Flight {
    /// Whether certificates are to come.
    pub fn is_in_chain(&self) -> bool {
        self.chain > 0
    }
}

/// Reads one step of a direction's handshake: a message, or a certificate of a chain. Pushes the
/// names of certificates, and the server name where a ClientHello comes (a second one, after
/// HelloRetryRequest).
///
/// `bytes` begin where the step before ended and `state` holds what has to be known of it.
/// Where the bytes break off, a certificate that is not all there is counted and gives no names.
/// [`Step::End`] comes after the chain, where the handshake turns encrypted or to TLS 1.3, which
/// encrypts its certificates, and where it is no TLS.
pub fn flight(
    state: &mut Flight,
    bytes: &[u8],
    last: bool,
    joined: &mut Vec<u8>,
    stats: &mut x509::Stats,
    visit: &mut impl FnMut(Kind, &[u8]),
) -> Step {
    let space = Space {
        joined,
        certificates: stats,
        without_fingerprint: &mut 0,
        wanted: Wanted::default(),
    };
    flight_with(state, bytes, last, space, visit)
}

/// What reading takes beside the bytes.
pub(crate) struct Space<'a> {
    /// For messages that are spread over records.
    pub(crate) joined: &'a mut Vec<u8>,
    pub(crate) certificates: &'a mut x509::Stats,
    /// Hellos without a wanted fingerprint.
    pub(crate) without_fingerprint: &'a mut u64,
    pub(crate) wanted: Wanted,
}

/// The same, and pushes the fingerprints that are wanted: of certificates that are all there, and of a hello.
pub(crate) fn flight_with(
    state: &mut Flight,
    bytes: &[u8],
    last: bool,
    space: Space<'_>,
    visit: &mut impl FnMut(Kind, &[u8]),
) -> Step {
    let mut reader = Reader {
        state,
        bytes,
        last,
        joined: space.joined,
        stats: space.certificates,
        without_fingerprint: space.without_fingerprint,
        wanted: space.wanted,
        visit,
    };
    let result = if reader.state.pass > 0 {
        reader.pass_over()
    } else if reader.state.chain > 0 {
        reader.certificate()
    } else if reader.state.left > 0 {
        reader.message(reader.cursor())
    } else {
        reader.record()
    };
    match result {
        Ok(step) => step,
        Err(Short::Need(n)) if !last => Step::Need(n),
        Err(_) => Step::End,
    }
}

struct Reader<'a, V> {
    state: &'a mut Flight,
    bytes: &'a [u8],
    last: bool,
    joined: &'a mut Vec<u8>,
    stats: &'a mut x509::Stats,
    without_fingerprint: &'a mut u64,
    wanted: Wanted,
    visit: &'a mut V,
}

impl<V: FnMut(Kind, &[u8])> Reader<'_, V> {
    fn cursor(&self) -> Cursor {
        Cursor {
            at: 0,
            left: usize::from(self.state.left),
        }
    }

    /// Ends the step at `end`.
    fn took(&mut self, end: Cursor, pass: usize, chain: usize) -> Step {
        *self.state = Flight {
            // A record's length has 16 bits, the other two 24.
            left: u16::try_from(end.left).unwrap_or(u16::MAX),
            pass: u32::try_from(pass).unwrap_or(u32::MAX),
            chain: u32::try_from(chain).unwrap_or(u32::MAX),
        };
        Step::Took(end.at as u64)
    }

    /// At the beginning of a record.
    fn record(&mut self) -> Result<Step, Short> {
        match self.bytes {
            [] => Err(Short::Need(1)),
            [0x80..=0xff, ..] => self.sslv2(),
            // A warning, such as unrecognized_name, may come before the ServerHello. Number 0
            // (close_notify) is one too and is the last.
            [0x15, 3, _, 0, 2, 1, description, ..] if *description != 0 => {
                Ok(Step::Took(HEADER.saturating_add(2) as u64))
            }
            [0x15, 3, _, 0, 2] | [0x15, 3, _, 0, 2, 1] => {
                Err(Short::Need(HEADER.saturating_add(2)))
            }
            [0x15 | 0x16] | [0x15 | 0x16, 3] | [0x15 | 0x16, 3, _] | [0x15 | 0x16, 3, _, _] => {
                Err(Short::Need(HEADER))
            }
            _ => {
                let inside = self.cursor().open(self.bytes)?;
                if inside.left == 0 {
                    Ok(Step::Took(inside.at as u64))
                } else {
                    self.message(inside)
                }
            }
        }
    }

    /// At the beginning of a handshake message.
    fn message(&mut self, start: Cursor) -> Result<Step, Short> {
        let behind_header = start.after(self.bytes, 4)?;
        let header = start.read(self.bytes, 4, self.joined);
        let Some(&[kind, l0, l1, l2]) = header.first_chunk::<4>() else {
            return Ok(Step::End);
        };
        let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
        match kind {
            CLIENT_HELLO | SERVER_HELLO if length <= MAX_HELLO => {
                let end = behind_header.after(self.bytes, length)?;
                let body = behind_header.read(self.bytes, length, self.joined);
                if kind == CLIENT_HELLO {
                    let visit = &mut *self.visit;
                    read_body(body, true, false, &mut |name| visit(Kind::TlsSni, name));
                    let without = &mut *self.without_fingerprint;
                    push_fingerprints(body, Over::Tcp, self.wanted, without, visit);
                } else if selects_tls13(body) {
                    return Ok(Step::End);
                }
                Ok(self.took(end, 0, 0))
            }
            CERTIFICATE => self.chain(behind_header, length),
            // HelloRequest, NewSessionTicket, CertificateURL, CertificateStatus,
            // SupplementalData: they may stand before the certificates.
            0 | 4 | 21 | 22 | 23 => Ok(self.took(behind_header, length, 0)),
            // Anything else comes behind them, or is random: an encrypted message.
            _ => Ok(Step::End),
        }
    }

    /// At the beginning of a certificate list (RFC 5246 section 7.4.2).
    fn chain(&mut self, start: Cursor, message: usize) -> Result<Step, Short> {
        let end = start.after(self.bytes, 3)?;
        let header = start.read(self.bytes, 3, self.joined);
        let (Some(stated), Some(room)) = (number24(header), message.checked_sub(3)) else {
            self.malformed();
            return Ok(Step::End);
        };
        if stated > room {
            self.malformed();
        }
        match stated.min(room) {
            0 => Ok(Step::End),
            chain => Ok(self.took(end, 0, chain)),
        }
    }

    /// At the beginning of a certificate, its length first.
    fn certificate(&mut self) -> Result<Step, Short> {
        let start = self.cursor();
        let chain = usize::try_from(self.state.chain).unwrap_or(usize::MAX);
        let Some(room) = chain.checked_sub(3) else {
            self.malformed();
            return Ok(Step::End);
        };
        let behind_length = start.after(self.bytes, 3)?;
        let header = start.read(self.bytes, 3, self.joined);
        let stated = number24(header).unwrap_or(0);
        let length = stated.min(room);
        let wanted = length.min(MAX_CERTIFICATE);
        let end = match behind_length.after(self.bytes, wanted) {
            Err(Short::Need(n)) if !self.last => return Err(Short::Need(n)),
            Err(_) => {
                // What is lost may be the middle of it: names next to a gap are not certain.
                bump(&mut self.stats.cut);
                return Ok(Step::End);
            }
            Ok(end) => end,
        };
        let der = behind_length.read(self.bytes, wanted, self.joined);
        let outcome = x509::names(der, self.visit);
        if wanted == stated && self.wanted.certificates {
            Fingerprint::push(der, self.visit);
        }
        if wanted < length {
            bump(&mut self.stats.too_large);
        } else {
            self.stats.count(outcome);
        }
        match room.saturating_sub(length) {
            0 => Ok(Step::End),
            chain => Ok(self.took(end, length.saturating_sub(wanted), chain)),
        }
    }

    /// Inside bytes of no interest.
    fn pass_over(&mut self) -> Result<Step, Short> {
        let mut at = self.cursor();
        if at.left == 0 {
            at = at.open(self.bytes)?;
        }
        let pass = usize::try_from(self.state.pass).unwrap_or(usize::MAX);
        let step = at.left.min(pass);
        let end = Cursor {
            at: at.at.saturating_add(step),
            left: at.left.saturating_sub(step),
        };
        let chain = usize::try_from(self.state.chain).unwrap_or(usize::MAX);
        Ok(self.took(end, pass.saturating_sub(step), chain))
    }

    fn sslv2(&mut self) -> Result<Step, Short> {
        match sslv2::server_hello(self.bytes) {
            sslv2::Shape::Need(n) => Err(Short::Need(n)),
            sslv2::Shape::Hello(length) if length > self.bytes.len() && !self.last => {
                Err(Short::Need(length))
            }
            sslv2::Shape::Hello(length) => {
                let certificate = sslv2::certificate(self.bytes);
                if length > self.bytes.len() {
                    bump(&mut self.stats.cut);
                } else if !certificate.is_empty() {
                    let outcome = x509::names(certificate, self.visit);
                    self.stats.count(outcome);
                    if self.wanted.certificates {
                        Fingerprint::push(certificate, self.visit);
                    }
                }
                Ok(Step::End)
            }
            sslv2::Shape::Other => Ok(Step::End),
        }
    }

    fn malformed(&mut self) {
        bump(&mut self.stats.malformed);
    }
}

pub(crate) fn number24(bytes: &[u8]) -> Option<usize> {
    let &[a, b, c] = bytes.first_chunk::<3>()?;
    usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
}

/// Whether a ServerHello agrees to TLS 1.3 or a draft of it: by supported_versions (RFC 8446
/// section 4.2.1), or as drafts up to 21 did by its version field.
pub(super) fn selects_tls13(body: &[u8]) -> bool {
    let mut reader = Bytes(body);
    let Some([major, _]) = reader.take(34).and_then(<[u8]>::first_chunk::<2>) else {
        return false;
    };
    if *major == 0x7f {
        return true;
    }
    // Session ID, cipher suite, compression method, length of the extensions.
    if reader.take_u8_prefixed().is_none() || reader.take(5).is_none() {
        return false;
    }
    while let (Some(kind), Some(content)) = (reader.take_u16(), reader.take_u16_prefixed()) {
        if kind == 43 {
            // 0x7f: drafts of the IETF; 0xfa to 0xfc: experiments of one company.
            return matches!(content, [3, 4] | [0x7f | 0xfa..=0xfc, _]);
        }
    }
    false
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
