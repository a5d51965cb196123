//! What tells one certificate from all others: its digests and its serial number.

use std::fmt;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::{Kind, x509};

/// The longest serial number, in bytes (RFC 5280 section 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// A serial number: big-endian, without zeros in front, at most 20 bytes. Zero is one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serial {
    bytes: [u8; MAX_SERIAL],
    length: u8,
}

impl Serial {
    /// The serial number of a DER certificate, where all of that is there. `None` where it cannot be read or is too long.
    /// A negative one, which is forbidden, has the bytes that it is written with.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let mut number = x509::serial(certificate)?;
        while let [0, rest @ ..] = number
            && !rest.is_empty()
        {
            number = rest;
        }
        let mut bytes = [0; MAX_SERIAL];
        bytes.get_mut(..number.len())?.copy_from_slice(number);
        let length = u8::try_from(number.len()).ok()?;
        Some(Self { bytes, length })
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// Two hexadecimal digits for each byte.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.as_bytes().iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What tells a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-1 of all its bytes. It only finds what is listed by it; nothing is trusted because of it.
    pub sha1: [u8; 20],
    /// SHA-256 of all its bytes.
    pub sha256: [u8; 32],
    /// Where it can be read.
    pub serial: Option<Serial>,
}

impl Fingerprint {
    /// Pushes what tells a whole certificate.
    pub(super) fn push(certificate: &[u8], visit: &mut impl FnMut(Kind, &[u8])) {
        if let Some(fingerprint) = Self::of(certificate) {
            visit(Kind::X509Sha1, &fingerprint.sha1);
            visit(Kind::X509Sha256, &fingerprint.sha256);
            if let Some(serial) = &fingerprint.serial {
                visit(Kind::X509Serial, serial.as_bytes());
            }
        }
    }

    /// Of a whole certificate in DER, as it stood in its message. `None` where nothing stood there.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        if certificate.is_empty() {
            return None;
        }
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate);
        let sha256 = digest(&SHA256, certificate);
        Some(Self {
            sha1: sha1.as_ref().try_into().ok()?,
            sha256: sha256.as_ref().try_into().ok()?,
            serial: Serial::of(certificate),
        })
    }
}

#[cfg(test)]
#[path = "x509_fingerprint_tests.rs"]
mod tests;
