//! Certificates in plain DER (RFC 5280) with the names one chooses. The key and the signature are
//! only long enough to look like some: nobody here verifies them.
//!
//! ```
//! use testkit::x509;
//!
//! let der = x509::certificate("www.example.com").san("www.example.com").san("example.com").der();
//! assert_eq!(der[0], 0x30);
//! ```

use crate::rng::Rng;

/// How a common name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// One byte for each character.
    Utf8,
    /// The same, of a smaller alphabet.
    Printable,
    /// The same, of a larger one that nobody agrees on.
    Teletex,
    /// Two bytes for each character.
    Bmp,
    /// Four.
    Universal,
}

/// A certificate under construction.
#[derive(Clone, Debug)]
pub struct Certificate {
    common_names: Vec<(Text, String)>,
    issuer: String,
    names: Vec<Vec<u8>>,
    before: Vec<Vec<u8>>,
    key: usize,
    version1: bool,
    critical: bool,
}

/// A certificate whose subject has this common name.
pub fn certificate(common_name: &str) -> Certificate {
    let mut certificate = nameless();
    certificate
        .common_names
        .push((Text::Utf8, common_name.to_string()));
    certificate
}

/// A certificate with an empty subject.
pub fn nameless() -> Certificate {
    Certificate {
        common_names: Vec::new(),
        issuer: "ca.issuer.example".to_string(),
        names: Vec::new(),
        before: Vec::new(),
        key: 270,
        version1: false,
        critical: false,
    }
}

impl Certificate {
    /// Says how the common names are written.
    pub fn text(mut self, text: Text) -> Self {
        for name in &mut self.common_names {
            name.0 = text;
        }
        self
    }

    /// Adds a common name.
    pub fn common_name(mut self, name: &str) -> Self {
        self.common_names.push((Text::Printable, name.to_string()));
        self
    }

    /// Adds a DNS name to the subjectAltName.
    pub fn san(mut self, name: &str) -> Self {
        self.names.push(tlv(0x82, name.as_bytes()));
        self
    }

    /// Adds another GeneralName by its tag: 0x81 an e-mail address, 0x86 a URI, 0x87 an address.
    pub fn other_san(mut self, tag: u8, content: &[u8]) -> Self {
        self.names.push(tlv(tag, content));
        self
    }

    /// Puts an extension before the subjectAltName, its bytes as given.
    pub fn raw_extension_before(mut self, bytes: &[u8]) -> Self {
        self.before.push(bytes.to_vec());
        self
    }

    /// Length of the subject's public key, in bytes.
    pub fn key(mut self, len: usize) -> Self {
        self.key = len;
        self
    }

    /// Version 1: no version field and no extensions.
    pub fn version1(mut self) -> Self {
        self.version1 = true;
        self
    }

    /// Marks the subjectAltName critical.
    pub fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    /// The certificate.
    pub fn der(&self) -> Vec<u8> {
        let algorithm = seq(&[
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11]),
            tlv(5, &[]),
        ]);
        let mut random = Rng::new(0x509);
        let mut fields = Vec::new();
        if !self.version1 {
            fields.push(tlv(0xa0, &tlv(2, &[2])));
        }
        fields.push(tlv(2, &[0x12, 0x34, 0x56])); // serial number
        fields.push(algorithm.clone());
        fields.push(name(&[(Text::Utf8, self.issuer.clone())]));
        fields.push(seq(&[
            tlv(0x17, b"250101000000Z"),
            tlv(0x17, b"350101000000Z"),
        ]));
        fields.push(name(&self.common_names));
        let key = [&[0][..], &random.bytes(self.key)].concat();
        let rsa = seq(&[
            oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1]),
            tlv(5, &[]),
        ]);
        fields.push(seq(&[rsa, tlv(3, &key)]));
        if !self.version1 {
            fields.push(tlv(0xa3, &seq(&self.extensions())));
        }
        let signature = [&[0][..], &random.bytes(256)].concat();
        seq(&[seq(&fields), algorithm, tlv(3, &signature)])
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let usage = [
            oid(&[0x55, 0x1d, 15]),
            tlv(1, &[0xff]),
            tlv(4, &tlv(3, &[5, 0xa0])),
        ];
        let mut list = vec![seq(&usage)];
        list.extend(self.before.iter().cloned());
        if !self.names.is_empty() {
            let mut parts = vec![oid(&[0x55, 0x1d, 17])];
            if self.critical {
                parts.push(tlv(1, &[0xff]));
            }
            parts.push(tlv(4, &seq(&self.names)));
            list.push(seq(&parts));
        }
        list
    }
}

/// An element: tag, length in the shortest form, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![tag];
    if len < 0x80 {
        out.push(len as u8);
    } else {
        let bytes = (len as u32).to_be_bytes();
        let bytes = &bytes[bytes.iter().position(|&b| b != 0).unwrap()..];
        out.push(0x80 | bytes.len() as u8);
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(content);
    out
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn oid(content: &[u8]) -> Vec<u8> {
    tlv(6, content)
}

/// A country, an organization, then the common names.
fn name(common_names: &[(Text, String)]) -> Vec<u8> {
    let attribute = |kind: u8, value: Vec<u8>| tlv(0x31, &seq(&[oid(&[0x55, 4, kind]), value]));
    let mut parts = vec![attribute(6, tlv(0x13, b"FR"))];
    parts.push(attribute(10, tlv(0x0c, b"organization.example")));
    for (text, name) in common_names {
        let wide = |zeros: usize| -> Vec<u8> {
            let one = |byte: u8| [vec![0; zeros], vec![byte]].concat();
            name.bytes().flat_map(one).collect()
        };
        let value = match text {
            Text::Utf8 => tlv(0x0c, name.as_bytes()),
            Text::Printable => tlv(0x13, name.as_bytes()),
            Text::Teletex => tlv(0x14, name.as_bytes()),
            Text::Bmp => tlv(0x1e, &wide(1)),
            Text::Universal => tlv(0x1c, &wide(3)),
        };
        parts.push(attribute(3, value));
    }
    seq(&parts)
}
