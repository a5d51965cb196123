//! Domain names (RFC 1035, section 3.1), well-formed or not.

/// How a domain name ends on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Root,
    Pointer(u16),
    Nothing,
}

/// A domain name as a list of raw labels.
///
/// From a text, `\DDD` is one byte and `\x` is the character x, so `a\.b` is one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub(super) labels: Vec<Vec<u8>>,
    pub(super) end: End,
}

impl Name {
    /// A name of raw label bytes, which may hold anything, dots and zeros too.
    pub fn from_labels(labels: &[&[u8]]) -> Self {
        Name {
            labels: labels.iter().map(|label| label.to_vec()).collect(),
            end: End::Root,
        }
    }

    /// Ends in a compression pointer to a message offset instead of the root.
    pub fn then_pointer_to(mut self, offset: u16) -> Self {
        self.end = End::Pointer(offset);
        self
    }

    /// Ends after the last label with nothing, as in a cut message.
    pub fn unterminated(mut self) -> Self {
        self.end = End::Nothing;
        self
    }

    /// The bytes on the wire, not compressed.
    pub fn wire(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for label in &self.labels {
            out.push(u8::try_from(label.len()).expect("a label length that fits a byte"));
            out.extend_from_slice(label);
        }
        match self.end {
            End::Root => out.push(0),
            End::Pointer(offset) => out.extend_from_slice(&(0xc000 | offset).to_be_bytes()),
            End::Nothing => {}
        }
        out
    }

    /// As an observation prints it: lower case, no final dot, bytes that do not print and dots
    /// inside a label as `\DDD` (RFC 4343, section 2.1).
    pub fn observed(&self) -> String {
        let mut out = String::new();
        for (i, label) in self.labels.iter().enumerate() {
            if i > 0 {
                out.push('.');
            }
            for byte in label {
                match byte {
                    b'.' | b'\\' => out.push_str(&format!("\\{byte:03}")),
                    0x21..=0x7e => out.push(char::from(byte.to_ascii_lowercase())),
                    _ => out.push_str(&format!("\\{byte:03}")),
                }
            }
        }
        out
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        let mut labels = Vec::new();
        let mut label = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => {
                    let first = bytes.next().expect("something after a backslash");
                    if first.is_ascii_digit() {
                        let mut digit = || u16::from(bytes.next().expect("three digits") - b'0');
                        let value = u16::from(first - b'0') * 100 + digit() * 10 + digit();
                        label.push(u8::try_from(value).expect("a byte after the backslash"));
                    } else {
                        label.push(first);
                    }
                }
                b'.' if label.is_empty() => assert_eq!(text, ".", "an empty label inside a name"),
                b'.' => labels.push(std::mem::take(&mut label)),
                _ => label.push(byte),
            }
        }
        if !label.is_empty() {
            labels.push(label);
        }
        Name {
            labels,
            end: End::Root,
        }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Name::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_escapes_become_bytes_and_back() {
        let name = Name::from("WWW.a\\.b.caf\\195\\169.example.");
        assert_eq!(name.wire(), b"\x03WWW\x03a.b\x05caf\xc3\xa9\x07example\0");
        assert_eq!(name.observed(), "www.a\\046b.caf\\195\\169.example");
        assert_eq!(Name::from(".").wire(), [0]);
    }

    #[test]
    fn endings_are_as_asked() {
        let name = Name::from_labels(&[b"a"]);
        assert_eq!(name.clone().then_pointer_to(12).wire(), [1, b'a', 0xc0, 12]);
        assert_eq!(name.unterminated().wire(), [1, b'a']);
    }
}
