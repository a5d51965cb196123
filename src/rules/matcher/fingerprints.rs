//! Exact sets of things of one size: fingerprints of TLS clients, and certificates.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::super::domain::Refusal;
use super::refuse::{Shown, refuse};

/// A JA3 fingerprint: an MD5 digest.
pub(in crate::rules) type Ja3 = [u8; 16];
/// A JA4 fingerprint: its text, in lower case.
pub(in crate::rules) type Ja4 = [u8; 36];
/// The SHA-1 digest of a certificate.
pub(in crate::rules) type Sha1 = [u8; 20];
/// The SHA-256 digest of a certificate.
pub(in crate::rules) type Sha256 = [u8; 32];

/// The serial number of a certificate (RFC 5280, section 4.1.2.2), with zeros before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) struct Serial([u8; Serial::MAX]);

impl Serial {
    /// The longest serial number, in bytes.
    pub(in crate::rules) const MAX: usize = 20;

    /// From the content of a DER integer, or any big-endian number. `None` where it is longer than a
    /// serial number may be.
    #[inline]
    pub(in crate::rules) fn new(bytes: &[u8]) -> Option<Self> {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let bytes = bytes.get(zeros..)?;
        let mut serial = [0; Self::MAX];
        let start = Self::MAX.checked_sub(bytes.len())?;
        serial.get_mut(start..)?.copy_from_slice(bytes);
        Some(Self(serial))
    }

    /// Its bytes without leading zeros.
    pub(in crate::rules) fn bytes(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..).unwrap_or_default()
    }
}

/// What a certificate is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) enum Certificate {
    /// The digest of the whole certificate.
    Sha1(Sha1),
    /// The digest of the whole certificate.
    Sha256(Sha256),
    /// The number that its issuer gave it.
    Serial(Serial),
}

/// Reads a JA3 fingerprint: 32 hexadecimal digits; case, colons and spaces do not matter.
///
/// # Errors
/// When the text is something else.
pub(in crate::rules) fn ja3(text: &str) -> Result<Ja3, Refusal> {
    digest(text, "a JA3 fingerprint")
}

/// Reads a JA4 fingerprint, `t13d1516h2_8daaf6152771_02713d6af862`; case does not matter.
///
/// # Errors
/// When the text has another shape.
pub(in crate::rules) fn ja4(text: &str) -> Result<Ja4, Refusal> {
    let bad = |fix: &str| {
        Err(refuse(
            format!("{} is no JA4 fingerprint", Shown(text)),
            fix,
        ))
    };
    let lower = text.to_ascii_lowercase();
    let Ok(ja4) = Ja4::try_from(lower.as_bytes()) else {
        return bad(
            "give its 36 characters, as `t13d1516h2_8daaf6152771_02713d6af862`; \
             the raw form (JA4_r) is not matched",
        );
    };
    let mut parts = ja4.split(|byte| *byte == b'_');
    let (Some(first), Some(ciphers), Some(extensions), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return bad("give three parts with `_` between them");
    };
    let [protocol, v1, v2, sni, c1, c2, e1, e2, a1, a2] = first else {
        return bad("give a first part of ten characters");
    };
    let known = [
        b"13", b"12", b"11", b"10", b"s3", b"s2", b"d1", b"d2", b"d3", b"00",
    ];
    if !b"tqd".contains(protocol) || !known.contains(&&[*v1, *v2]) {
        return bad("begin with `t`, `q` or `d` and the version, for instance `t13`");
    }
    if !b"di".contains(sni) || ![c1, c2, e1, e2].iter().all(|byte| byte.is_ascii_digit()) {
        return bad("behind the version give `d` or `i`, and two numbers of two digits");
    }
    if ![a1, a2].iter().all(|byte| byte.is_ascii_alphanumeric()) {
        return bad("end the first part with two characters of the ALPN, for instance `h2`");
    }
    let hash = |part: &[u8]| part.len() == 12 && part.iter().all(u8::is_ascii_hexdigit);
    if !hash(ciphers) || !hash(extensions) {
        return bad("give second and third parts of 12 hexadecimal digits");
    }
    Ok(ja4)
}

/// Reads what a certificate is known by: 40 hexadecimal digits (SHA-1), 64 (SHA-256), or `serial:` with the
/// serial number in hexadecimal digits. Case, colons and spaces do not matter.
///
/// # Errors
/// When the text is something else.
pub(in crate::rules) fn certificate(text: &str) -> Result<Certificate, Refusal> {
    if let Some((kind, number)) = text.split_at_checked(7)
        && kind.eq_ignore_ascii_case("serial:")
    {
        return serial(number).map(Certificate::Serial);
    }
    match digits(text) {
        40 => digest(text, "a SHA-1 digest").map(Certificate::Sha1),
        _ => digest(text, "the SHA-256 digest of a certificate").map(Certificate::Sha256),
    }
}

/// Reads a serial number: up to 40 hexadecimal digits, with or without `0x` and leading zeros; case, colons and
/// spaces do not matter.
///
/// # Errors
/// When the text is something else, or nothing but zeros.
pub(in crate::rules) fn serial(text: &str) -> Result<Serial, Refusal> {
    let trimmed = text.trim_start();
    let number = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"))
        .unwrap_or(trimmed);
    let mut serial = [0_u8; Serial::MAX];
    let mut seen = 0_usize;
    for nibble in nibbles(number) {
        let nibble = nibble.map_err(|other| not_hexadecimal(text, other, "a serial number"))?;
        if seen > 0 || nibble > 0 {
            seen = seen.saturating_add(1);
            shift_in(&mut serial, nibble);
        }
    }
    if seen > Serial::MAX.saturating_mul(2) {
        return Err(refuse(
            format!(
                "{} has {seen} digits, and a serial number 40 at most",
                Shown(text)
            ),
            "correct it",
        ));
    }
    if seen == 0 {
        return Err(refuse(
            format!(
                "{} is no serial number: it has no digit but zeros",
                Shown(text)
            ),
            "give its hexadecimal digits, or list the digest of the certificate",
        ));
    }
    Ok(Serial(serial))
}

/// So many bytes, written in hexadecimal digits.
fn digest<const N: usize>(text: &str, what: &str) -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    let mut count = 0_usize;
    for nibble in nibbles(text) {
        let nibble = nibble.map_err(|other| not_hexadecimal(text, other, what))?;
        count = count.saturating_add(1);
        if let Some(byte) = bytes.get_mut(count.saturating_sub(1) / 2) {
            *byte = *byte << 4 | nibble;
        }
    }
    let want = N.saturating_mul(2);
    if count == want {
        return Ok(bytes);
    }
    Err(refuse(
        format!("{} has {count} digits, and {what} {want}", Shown(text)),
        match count {
            32 => {
                "a digest of 32 digits is MD5 (JA3 for a client): give SHA-1 or SHA-256 for a certificate"
            }
            40 | 64 => "it is the digest of a certificate or of a file: list it as that",
            _ => "give all of its hexadecimal digits",
        },
    ))
}

/// The digits' values, or the first character that is none. Colons and spaces are left out.
fn nibbles(text: &str) -> impl Iterator<Item = Result<u8, char>> {
    text.chars()
        .filter(|c| !matches!(c, ':' | ' '))
        .map(|c| c.to_digit(16).map(|digit| digit as u8).ok_or(c))
}

/// How many characters there are besides colons and spaces.
fn digits(text: &str) -> usize {
    nibbles(text).count()
}

fn not_hexadecimal(text: &str, other: char, what: &str) -> Refusal {
    refuse(
        format!(
            "{} holds `{}`, and {what} hexadecimal digits only",
            Shown(text),
            other.escape_debug()
        ),
        "give the digits 0 to 9 and a to f, with or without colons between bytes",
    )
}

/// Moves all digits up by one, and this one in.
fn shift_in(bytes: &mut [u8], nibble: u8) {
    let mut carried = nibble;
    for byte in bytes.iter_mut().rev() {
        let upper = *byte >> 4;
        *byte = *byte << 4 | carried;
        carried = upper;
    }
}

/// Listed things of one kind with their numbers. Lookups allocate nothing.
#[derive(Debug)]
struct Exact<K>(HashMap<K, u32, RandomState>);

impl<K> Default for Exact<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + std::hash::Hash> Exact<K> {
    /// The first number counts.
    fn add(&mut self, key: K, number: u32) {
        self.0.entry(key).or_insert(number);
    }

    #[inline]
    fn find(&self, key: &K) -> Option<u32> {
        self.0.get(key).copied()
    }

    /// Bytes of heap, as far as it is known: one byte beside each place.
    fn memory(&self) -> usize {
        let place = size_of::<(K, u32)>().saturating_add(1);
        // Of eight places seven may be taken.
        (self.0.capacity() / 7)
            .saturating_mul(8)
            .saturating_mul(place)
    }
}

/// The listed fingerprints and certificates.
#[derive(Debug, Default)]
pub(in crate::rules) struct Fingerprints {
    ja3: Exact<Ja3>,
    ja4: Exact<Ja4>,
    sha1: Exact<Sha1>,
    sha256: Exact<Sha256>,
    serial: Exact<Serial>,
}

impl Fingerprints {
    /// Lists a JA3 fingerprint. Of equal ones the first counts, here and below.
    pub(in crate::rules) fn add_ja3(&mut self, ja3: Ja3, number: u32) {
        self.ja3.add(ja3, number);
    }

    /// Lists a JA4 fingerprint.
    pub(in crate::rules) fn add_ja4(&mut self, ja4: Ja4, number: u32) {
        self.ja4.add(ja4, number);
    }

    /// Lists a certificate.
    pub(in crate::rules) fn add_certificate(&mut self, certificate: Certificate, number: u32) {
        match certificate {
            Certificate::Sha1(digest) => self.sha1.add(digest, number),
            Certificate::Sha256(digest) => self.sha256.add(digest, number),
            Certificate::Serial(serial) => self.serial.add(serial, number),
        }
    }

    /// The number of a JA3 fingerprint.
    #[inline]
    pub(in crate::rules) fn find_ja3(&self, ja3: &Ja3) -> Option<u32> {
        self.ja3.find(ja3)
    }

    /// The number of a JA4 fingerprint. Case does not matter.
    #[inline]
    pub(in crate::rules) fn find_ja4(&self, ja4: &Ja4) -> Option<u32> {
        self.ja4.find(&ja4.map(|byte| byte.to_ascii_lowercase()))
    }

    /// The number of a certificate by its SHA-1 digest.
    #[inline]
    pub(in crate::rules) fn find_sha1(&self, digest: &Sha1) -> Option<u32> {
        self.sha1.find(digest)
    }

    /// The number of a certificate by its SHA-256 digest.
    #[inline]
    pub(in crate::rules) fn find_sha256(&self, digest: &Sha256) -> Option<u32> {
        self.sha256.find(digest)
    }

    /// The number of a certificate by its serial number: the content of the DER integer.
    #[inline]
    pub(in crate::rules) fn find_serial(&self, serial: &[u8]) -> Option<u32> {
        if self.has_serial() {
            self.serial.find(&Serial::new(serial)?)
        } else {
            None
        }
    }

    /// Whether a JA3 fingerprint is listed: otherwise none need be computed. So are the others.
    #[inline]
    pub(in crate::rules) fn has_ja3(&self) -> bool {
        !self.ja3.0.is_empty()
    }

    /// Whether a JA4 fingerprint is listed.
    #[inline]
    pub(in crate::rules) fn has_ja4(&self) -> bool {
        !self.ja4.0.is_empty()
    }

    /// Whether a certificate is listed by its SHA-1 digest.
    #[cfg(test)]
    #[inline]
    pub(in crate::rules) fn has_sha1(&self) -> bool {
        !self.sha1.0.is_empty()
    }

    /// Whether a certificate is listed by its SHA-256 digest.
    #[cfg(test)]
    #[inline]
    pub(in crate::rules) fn has_sha256(&self) -> bool {
        !self.sha256.0.is_empty()
    }

    /// Whether a certificate is listed by its serial number.
    #[inline]
    pub(in crate::rules) fn has_serial(&self) -> bool {
        !self.serial.0.is_empty()
    }

    /// Whether nothing is listed.
    #[cfg(test)]
    pub(in crate::rules) fn is_empty(&self) -> bool {
        let certificates = self.has_sha1() || self.has_sha256() || self.has_serial();
        !(self.has_ja3() || self.has_ja4() || certificates)
    }

    /// Bytes of heap, roughly.
    pub(in crate::rules) fn memory(&self) -> usize {
        self.ja3
            .memory()
            .saturating_add(self.ja4.memory())
            .saturating_add(self.sha1.memory())
            .saturating_add(self.sha256.memory())
            .saturating_add(self.serial.memory())
    }
}

#[cfg(test)]
#[path = "fingerprints_tests.rs"]
mod tests;
