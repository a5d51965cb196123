//! The fields of a ClientHello (RFC 8446 section 4.1.2) that fingerprints are made of.
//!
//! Server names are looked for around damage; a fingerprint of a damaged hello would say nothing. So here every length
//! has to agree with all others.

use super::hello::Bytes;

/// Ciphers, extensions, groups or signature algorithms in one hello. A browser sends about 20 of each; a hello of 64 KiB
/// has room for 32,000, and to sort them takes space.
pub(super) const MAX_VALUES: usize = 512;

/// server_name (RFC 6066 section 3).
pub(super) const SERVER_NAME: u16 = 0;
/// supported_groups (RFC 8422 section 5.1.1, RFC 8446 section 4.2.7).
const GROUPS: u16 = 10;
/// ec_point_formats (RFC 8422 section 5.1.2).
const POINT_FORMATS: u16 = 11;
/// signature_algorithms (RFC 8446 section 4.2.3).
const ALGORITHMS: u16 = 13;
/// application_layer_protocol_negotiation (RFC 7301 section 3.1).
pub(super) const PROTOCOLS: u16 = 16;
/// supported_versions (RFC 8446 section 4.2.1).
const VERSIONS: u16 = 43;

/// Numbers of 16 bits, one after another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values<'a>(&'a [[u8; 2]]);

impl<'a> Values<'a> {
    /// `None` where a number is cut in half, or there are more than [`MAX_VALUES`].
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes.as_chunks::<2>() {
            (values, []) if values.len() <= MAX_VALUES => Some(Self(values)),
            _ => None,
        }
    }

    /// They without those that mean nothing (GREASE, RFC 8701).
    pub(super) fn iter(self) -> impl Iterator<Item = u16> {
        let values = self.0.iter().map(|value| u16::from_be_bytes(*value));
        values.filter(|value| !is_grease(*value))
    }
}

/// A reserved value that clients send so that servers stay tolerant (RFC 8701 section 2): 0x0a0a, 0x1a1a and so on.
const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// A hello all lengths of which agree. Lists that are not there are empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'a> {
    /// The version that stands in front: 0x0303 in all hellos of TLS 1.3.
    pub(super) version: u16,
    pub(super) ciphers: Values<'a>,
    extensions: &'a [u8],
    pub(super) groups: Values<'a>,
    pub(super) point_formats: &'a [u8],
    pub(super) algorithms: Values<'a>,
    pub(super) versions: Values<'a>,
    /// The first application protocol.
    pub(super) protocol: &'a [u8],
    pub(super) has_server_name: bool,
}

impl<'a> Fields<'a> {
    /// Reads the whole body of a hello. `cookie` says that it is one of DTLS, which has a field more (RFC 6347
    /// section 4.2.1). `None` where it contradicts itself or has too many values of a kind.
    pub(super) fn read(body: &'a [u8], cookie: bool) -> Option<Self> {
        let mut reader = Bytes(body);
        let mut fields = Self {
            version: reader.take_u16()?,
            ..Self::default()
        };
        // Random, session ID, cookie.
        reader.take(32)?;
        reader.take_u8_prefixed()?;
        if cookie {
            reader.take_u8_prefixed()?;
        }
        fields.ciphers = Values::new(reader.take_u16_prefixed()?)?;
        // Compression methods.
        reader.take_u8_prefixed()?;
        // SSL 3.0 and TLS 1.0 know hellos without extensions.
        if !reader.0.is_empty() {
            fields.extensions = reader.take_u16_prefixed()?;
            if !reader.0.is_empty() {
                return None;
            }
            fields.read_extensions()?;
        }
        Some(fields)
    }

    fn read_extensions(&mut self) -> Option<()> {
        let mut list = Bytes(self.extensions);
        let mut count = 0_usize;
        let mut seen = [false; 5];
        while !list.0.is_empty() {
            let kind = list.take_u16()?;
            let content = list.take_u16_prefixed()?;
            count = count.saturating_add(1);
            if count > MAX_VALUES {
                return None;
            }
            let [groups, formats, algorithms, protocols, versions] = &mut seen;
            let known = match kind {
                GROUPS => {
                    self.groups = Values::new(list16(content)?)?;
                    groups
                }
                POINT_FORMATS => {
                    self.point_formats = list8(content)?;
                    formats
                }
                ALGORITHMS => {
                    self.algorithms = Values::new(list16(content)?)?;
                    algorithms
                }
                PROTOCOLS => {
                    let mut all = Bytes(list16(content)?);
                    if !all.0.is_empty() {
                        self.protocol = all.take_u8_prefixed()?;
                    }
                    protocols
                }
                VERSIONS => {
                    self.versions = Values::new(list8(content)?)?;
                    versions
                }
                SERVER_NAME => {
                    self.has_server_name = true;
                    continue;
                }
                _ => continue,
            };
            // Two of a type are forbidden (RFC 8446 section 4.2), and which one counts is anybody's guess.
            if std::mem::replace(known, true) {
                return None;
            }
        }
        Some(())
    }

    /// The types of all extensions, in their order, without those that mean nothing.
    pub(super) fn extensions(&self) -> impl Iterator<Item = u16> {
        let mut list = Bytes(self.extensions);
        std::iter::from_fn(move || {
            let kind = list.take_u16()?;
            list.take_u16_prefixed()?;
            Some(kind)
        })
        .filter(|kind| !is_grease(*kind))
    }
}

/// The content of an extension that is one list behind its length in 16 bits. Some clients leave out the length of an
/// empty one.
fn list16(content: &[u8]) -> Option<&[u8]> {
    let mut reader = Bytes(content);
    if content.is_empty() {
        return Some(content);
    }
    reader.take_u16_prefixed().filter(|_| reader.0.is_empty())
}

/// The same behind a length in 8 bits.
fn list8(content: &[u8]) -> Option<&[u8]> {
    let mut reader = Bytes(content);
    if content.is_empty() {
        return Some(content);
    }
    reader.take_u8_prefixed().filter(|_| reader.0.is_empty())
}
