//! JA4: what a ClientHello offers, in a form that does not depend on its order.
//!
//! Specification: <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>. The first part tells the
//! transport, the version, whether there is a server name, how many ciphers and extensions there are, and the first
//! application protocol. The second is a digest of the sorted ciphers; the third, of the sorted extensions and
//! of the signature algorithms in their order.

use std::fmt;

use ring::digest::{Context, SHA256};

use super::Over;
use super::fields::{Fields, MAX_VALUES, PROTOCOLS, SERVER_NAME};

/// Length of the fingerprint in characters.
const LENGTH: usize = 36;

/// Hexadecimal digits of a digest that are kept.
const SHORT: usize = 12;

/// A JA4 fingerprint: 36 ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ja4(pub [u8; LENGTH]);

impl Ja4 {
    pub(super) fn new(hello: &Fields<'_>, over: Over) -> Self {
        let mut values = [0; MAX_VALUES];
        let ciphers = sorted(hello.ciphers.iter(), &mut values);
        let cipher_count = count(ciphers.len());
        let cipher_digest = match ciphers {
            [] => [b'0'; SHORT],
            ciphers => {
                let mut text = Context::new(&SHA256);
                list(&mut text, ciphers.iter().copied());
                short(text)
            }
        };
        let extension_count = count(hello.extensions().count());
        let others = |kind: &u16| !matches!(*kind, SERVER_NAME | PROTOCOLS);
        let extensions = sorted(hello.extensions().filter(others), &mut values);
        let extension_digest = match extensions {
            [] => [b'0'; SHORT],
            extensions => {
                let mut text = Context::new(&SHA256);
                list(&mut text, extensions.iter().copied());
                if hello.algorithms.iter().next().is_some() {
                    text.update(b"_");
                    list(&mut text, hello.algorithms.iter());
                }
                short(text)
            }
        };
        let transport = match over {
            Over::Tcp => b't',
            Over::Quic => b'q',
            Over::Dtls => b'd',
        };
        let characters = [transport]
            .into_iter()
            .chain(*version(hello))
            .chain([if hello.has_server_name { b'd' } else { b'i' }])
            .chain(cipher_count)
            .chain(extension_count)
            .chain(protocol(hello.protocol))
            .chain(*b"_")
            .chain(cipher_digest)
            .chain(*b"_")
            .chain(extension_digest);
        let mut text = [0; LENGTH];
        for (place, character) in text.iter_mut().zip(characters) {
            *place = character;
        }
        Self(text)
    }

    /// As lists of fingerprints write it.
    pub fn as_str(&self) -> &str {
        // It is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Ja4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The highest supported version, or else the one in front. The highest is that with the highest number: of DTLS, whose
/// numbers go down, the eldest. So the specification says and so other programs do.
fn version(hello: &Fields<'_>) -> &'static [u8; 2] {
    match hello.versions.iter().max().unwrap_or(hello.version) {
        0x0304 => b"13",
        0x0303 => b"12",
        0x0302 => b"11",
        0x0301 => b"10",
        0x0300 => b"s3",
        0x0002 => b"s2",
        0xfeff => b"d1",
        0xfefd => b"d2",
        0xfefc => b"d3",
        _ => b"00",
    }
}

/// Two decimal digits; more than 99 are 99.
fn count(number: usize) -> [u8; 2] {
    let number = u8::try_from(number.min(99)).unwrap_or(99);
    [b'0' | (number / 10), b'0' | (number % 10)]
}

/// The first and the last character of an application protocol. Where one of them is no letter or digit: the first and the
/// last digit of its bytes in hexadecimal.
fn protocol(name: &[u8]) -> [u8; 2] {
    match (name.first(), name.last()) {
        (Some(first), Some(last))
            if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() =>
        {
            [*first, *last]
        }
        (Some(first), Some(last)) => [digit(first >> 4), digit(*last)],
        _ => *b"00",
    }
}

/// The values in ascending order. There are never more than places.
fn sorted(values: impl Iterator<Item = u16>, places: &mut [u16; MAX_VALUES]) -> &[u16] {
    let mut length = 0_usize;
    for (place, value) in places.iter_mut().zip(values) {
        *place = value;
        length = length.saturating_add(1);
    }
    let values = places.get_mut(..length).unwrap_or_default();
    values.sort_unstable();
    values
}

/// Adds numbers in four hexadecimal digits each, with commas between them.
fn list(text: &mut Context, values: impl Iterator<Item = u16>) {
    for (index, value) in values.enumerate() {
        if index != 0 {
            text.update(b",");
        }
        let [high, low] = value.to_be_bytes();
        text.update(&[digit(high >> 4), digit(high), digit(low >> 4), digit(low)]);
    }
}

/// The beginning of a digest, in hexadecimal.
fn short(text: Context) -> [u8; SHORT] {
    let digest = text.finish();
    let digits = digest.as_ref().iter().flat_map(|byte| [byte >> 4, *byte]);
    let mut short = [0; SHORT];
    for (place, value) in short.iter_mut().zip(digits) {
        *place = digit(value);
    }
    short
}

/// The low four bits as a digit.
const fn digit(value: u8) -> u8 {
    match value & 0x0f {
        value @ 0..=9 => b'0' | value,
        value => value.wrapping_add(b'a' - 10),
    }
}
