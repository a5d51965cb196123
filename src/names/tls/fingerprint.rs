//! Fingerprints of ClientHellos: what a client's TLS library offers tells the program, whatever host it names.
//!
//! Nothing is put together for them: digests take the text piece by piece, and what has to be sorted is sorted in an
//! array of fixed size.

use super::fields::Fields;
use super::{Ja3, Ja4};
use crate::names::{Kind, Wanted};
use crate::stats::bump;

/// What carries a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Records over TCP.
    Tcp,
    /// CRYPTO frames of QUIC.
    Quic,
    /// Records in datagrams. Its hellos have a field more, the cookie.
    Dtls,
}

/// Those of one hello that were wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprints {
    /// Where JA3 was wanted.
    pub ja3: Option<Ja3>,
    /// Where JA4 was wanted.
    pub ja4: Option<Ja4>,
}

/// The wanted fingerprints of a hello, of which `body` is all that stands behind the header of its handshake message.
///
/// `None` where the hello is cut off or contradicts itself, or has more than 512 ciphers, extensions, groups or signature
/// algorithms.
pub fn fingerprints(body: &[u8], over: Over, wanted: Wanted) -> Option<Fingerprints> {
    let hello = Fields::read(body, over == Over::Dtls)?;
    Some(Fingerprints {
        ja3: wanted.ja3.then(|| Ja3::new(&hello)),
        ja4: wanted.ja4.then(|| Ja4::new(&hello, over)),
    })
}

impl Fingerprints {
    /// Pushes those that were wanted: JA3 as its 16 bytes, JA4 as text.
    pub(crate) fn push(&self, visit: &mut impl FnMut(Kind, &[u8])) {
        if let Some(ja3) = &self.ja3 {
            visit(Kind::Ja3, &ja3.0);
        }
        if let Some(ja4) = &self.ja4 {
            visit(Kind::Ja4, &ja4.0);
        }
    }
}

/// Pushes the wanted fingerprints of a hello, or counts that it has none. Without any wanted it does nothing.
pub(crate) fn push_fingerprints(
    body: &[u8],
    over: Over,
    wanted: Wanted,
    without: &mut u64,
    visit: &mut impl FnMut(Kind, &[u8]),
) {
    if !wanted.hellos() {
        return;
    }
    match fingerprints(body, over, wanted) {
        Some(fingerprints) => fingerprints.push(visit),
        None => bump(without),
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
