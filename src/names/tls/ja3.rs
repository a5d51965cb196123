//! JA3: a digest of what a ClientHello offers, in its order.
//!
//! Specification: <https://github.com/salesforce/ja3>. Five fields with commas between them, each a list of decimal
//! numbers with hyphens between them: version, ciphers, extensions, groups, point formats. The fingerprint is the MD5 digest
//! of that text (RFC 1321); nothing depends on it being hard to forge.

use std::fmt;

use md5::{Digest, Md5};

use super::fields::Fields;

/// A JA3 fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ja3(pub [u8; 16]);

impl Ja3 {
    pub(super) fn new(hello: &Fields<'_>) -> Self {
        let mut text = Md5::new();
        add(&mut text, hello.version);
        list(&mut text, hello.ciphers.iter());
        list(&mut text, hello.extensions());
        list(&mut text, hello.groups.iter());
        list(&mut text, hello.point_formats.iter().copied());
        Self(text.finalize().into())
    }
}

/// As lists of fingerprints write it: 32 hexadecimal digits.
impl fmt::Display for Ja3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Another field.
fn list(text: &mut Md5, values: impl Iterator<Item = impl Into<u16>>) {
    text.update(b",");
    for (index, value) in values.enumerate() {
        if index != 0 {
            text.update(b"-");
        }
        add(text, value.into());
    }
}

/// Adds a number in decimal digits.
fn add(text: &mut Md5, number: u16) {
    let mut digits = [0; 5];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (rest % 10) as u8;
        rest /= 10;
    }
    // The last digit stays, also where it is 0.
    let zeros = digits.iter().take(4).take_while(|digit| **digit == b'0');
    text.update(digits.get(zeros.count()..).unwrap_or_default());
}
