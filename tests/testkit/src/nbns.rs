//! Messages of the NetBIOS name service (RFC 1002).
//!
//! ```
//! use testkit::nbns;
//!
//! let bytes: Vec<u8> = nbns::message(1).question("FILESERVER", 0x20).into();
//! assert_eq!(bytes.len(), 12 + 34 + 4);
//! ```

const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
const IN: u16 = 1;

/// A message under construction.
#[derive(Clone, Debug)]
pub struct Message {
    id: u16,
    flags: u16,
    questions: u16,
    answers: u16,
    additional: u16,
    body: Vec<u8>,
}

/// A query without any section yet.
pub fn message(id: u16) -> Message {
    Message {
        id,
        flags: 0x0110, // recursion desired, broadcast
        questions: 0,
        answers: 0,
        additional: 0,
        body: Vec::new(),
    }
}

/// A positive response, authoritative.
pub fn response(id: u16) -> Message {
    let mut message = message(id);
    message.flags = 0x8500;
    message
}

/// A name of up to 15 bytes, blank-padded, with its service byte, in first-level encoding
/// (RFC 1001 section 14.1), and its scope behind it.
pub fn encode(name: &[u8], service: u8, scope: &str) -> Vec<u8> {
    assert!(name.len() <= 15, "a NetBIOS name of at most 15 bytes");
    let mut padded = [b' '; 16];
    padded[..name.len()].copy_from_slice(name);
    padded[15] = service;
    // The wildcard is padded with zeros.
    if name == b"*" {
        padded[1..].fill(0);
    }
    let mut out = vec![32];
    for byte in padded {
        out.push(b'A' + (byte >> 4));
        out.push(b'A' + (byte & 15));
    }
    for label in scope.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).expect("a label of at most 63 bytes"));
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

impl Message {
    /// Asks for a name in no scope.
    pub fn question(self, name: impl AsRef<[u8]>, service: u8) -> Self {
        let name = encode(name.as_ref(), service, "");
        self.question_raw(&name, NB)
    }

    /// Asks for a node's status by the wildcard.
    pub fn status_question(self) -> Self {
        let name = encode(b"*", 0, "");
        self.question_raw(&name, NBSTAT)
    }

    /// Asks for a name that is given as on the wire.
    pub fn question_raw(mut self, name: &[u8], kind: u16) -> Self {
        self.questions += 1;
        self.body.extend_from_slice(name);
        self.body.extend_from_slice(&kind.to_be_bytes());
        self.body.extend_from_slice(&IN.to_be_bytes());
        self
    }

    /// Sets the operation code (5 is a registration).
    pub fn opcode(mut self, opcode: u8) -> Self {
        self.flags = (self.flags & !0x7800) | u16::from(opcode & 0xf) << 11;
        self
    }

    /// Sets the response code (3 is a name that nobody has).
    pub fn rcode(mut self, rcode: u8) -> Self {
        self.flags = (self.flags & !0xf) | u16::from(rcode & 0xf);
        self
    }

    /// Answers with an address.
    pub fn answer(mut self, name: impl AsRef<[u8]>, service: u8, address: [u8; 4]) -> Self {
        self.answers += 1;
        let name = encode(name.as_ref(), service, "");
        self.record(&name, NB, &[&[0, 0][..], &address].concat())
    }

    /// The additional record of a registration, which points to the question's name.
    pub fn registers(mut self, address: [u8; 4]) -> Self {
        self.additional += 1;
        self.record(&[0xc0, 12], NB, &[&[0, 0][..], &address].concat())
    }

    /// A node's status: its names, each with its service byte.
    pub fn status(mut self, names: &[(&[u8], u8)]) -> Self {
        self.answers += 1;
        let mut data = vec![u8::try_from(names.len()).expect("at most 255 names")];
        for (name, service) in names {
            let mut padded = [b' '; 15];
            padded[..name.len()].copy_from_slice(name);
            data.extend_from_slice(&padded);
            data.extend_from_slice(&[*service, 0x04, 0]);
        }
        data.extend_from_slice(&[0; 46]); // statistics
        let name = encode(b"*", 0, "");
        self.record(&name, NBSTAT, &data)
    }

    fn record(mut self, name: &[u8], kind: u16, data: &[u8]) -> Self {
        self.body.extend_from_slice(name);
        self.body.extend_from_slice(&kind.to_be_bytes());
        self.body.extend_from_slice(&IN.to_be_bytes());
        self.body.extend_from_slice(&300u32.to_be_bytes());
        let length = u16::try_from(data.len()).expect("record data below 64 KiB");
        self.body.extend_from_slice(&length.to_be_bytes());
        self.body.extend_from_slice(data);
        self
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        let mut out = Vec::with_capacity(12 + message.body.len());
        for number in [
            message.id,
            message.flags,
            message.questions,
            message.answers,
            0,
            message.additional,
        ] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&message.body);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_bytes_become_letters() {
        // The example of RFC 1001 section 14.1, in its scope.
        let want = b"\x20EGFCEFEECACACACACACACACACACACACA\x07NETBIOS\x03COM\0";
        assert_eq!(encode(b"FRED", b' ', "NETBIOS.COM"), want);
    }
}
