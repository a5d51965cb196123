//! DTLS handshakes (RFC 6347): messages in fragments, fragments in records, records in datagrams.
//!
//! ```
//! use testkit::dtls;
//!
//! let hello = dtls::client_hello("www.example.com", b"");
//! assert_eq!(hello.datagrams(50).len(), hello.body().len().div_ceil(50));
//! ```

use crate::tls::{SniPlace, Version, client_hello as tls_client_hello, content};
use crate::tls_server;

/// A handshake message.
#[derive(Clone, Debug)]
pub struct Message {
    kind: u8,
    number: u16,
    version: [u8; 2],
    body: Vec<u8>,
}

/// A ClientHello with a cookie, which is empty in the first one.
pub fn client_hello(server_name: &str, cookie: &[u8]) -> Message {
    let stream = tls_client_hello(server_name)
        .version(Version::Tls12)
        .without_grease()
        .sni(SniPlace::Last)
        .session_id(0)
        .handshake();
    let mut body = vec![0xfe, 0xfd];
    body.extend_from_slice(&stream[6..39]); // random, empty session identifier
    body.push(u8::try_from(cookie.len()).expect("a cookie of at most 255 bytes"));
    body.extend_from_slice(cookie);
    body.extend_from_slice(&stream[39..]);
    Message {
        kind: 1,
        number: u16::from(!cookie.is_empty()),
        version: [0xfe, 0xff],
        body,
    }
}

/// What a server answers to a hello without a cookie.
pub fn hello_verify_request(cookie: &[u8]) -> Message {
    Message {
        kind: 3,
        number: 0,
        version: [0xfe, 0xff],
        body: [&[0xfe, 0xff, cookie.len() as u8], cookie].concat(),
    }
}

/// A server's Certificate message.
pub fn certificate(chain: &[Vec<u8>]) -> Message {
    Message {
        kind: 11,
        number: 2,
        version: [0xfe, 0xfd],
        body: tls_server::certificate(chain)[4..].to_vec(),
    }
}

impl Message {
    /// Sets the version of the record layer.
    pub fn version(mut self, version: [u8; 2]) -> Self {
        self.version = version;
        self
    }

    /// Appends a padding extension (RFC 7685) of `len` bytes to a ClientHello.
    pub fn padded(mut self, len: u16) -> Self {
        assert_eq!(self.kind, 1);
        // Behind version, random, session identifier and cookie: cipher suites, compressions.
        let cookie = 34 + 1 + usize::from(self.body[34]);
        let suites = cookie + 1 + usize::from(self.body[cookie]);
        let two = |body: &[u8], at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let compressions = suites + 2 + usize::from(two(&self.body, suites));
        let extensions = compressions + 1 + usize::from(self.body[compressions]);
        let sum = two(&self.body, extensions) + 4 + len;
        self.body[extensions..extensions + 2].copy_from_slice(&sum.to_be_bytes());
        self.body.extend([0, 21]);
        self.body.extend(len.to_be_bytes());
        self.body.extend(vec![0; usize::from(len)]);
        self
    }

    /// The message without its header.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The whole message in one record.
    pub fn datagram(&self) -> Vec<u8> {
        self.fragment(0, self.body.len())
    }

    /// Datagrams with one fragment of at most `len` bytes each.
    pub fn datagrams(&self, len: usize) -> Vec<Vec<u8>> {
        (0..self.body.len())
            .step_by(len)
            .map(|at| self.fragment(at, len.min(self.body.len() - at)))
            .collect()
    }

    /// A record around the `len` bytes at `offset`.
    pub fn fragment(&self, offset: usize, len: usize) -> Vec<u8> {
        let three = |n: usize| (n as u32).to_be_bytes()[1..].to_vec();
        let handshake = [
            vec![self.kind],
            three(self.body.len()),
            self.number.to_be_bytes().to_vec(),
            three(offset),
            three(len),
            self.body[offset..offset + len].to_vec(),
        ]
        .concat();
        record(content::HANDSHAKE, self.version, 0, &handshake)
    }
}

/// A record of an epoch.
pub fn record(kind: u8, version: [u8; 2], epoch: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, version[0], version[1]];
    out.extend(epoch.to_be_bytes());
    out.extend([0, 0, 0, 0, 0, 7]); // sequence number
    out.extend((body.len() as u16).to_be_bytes());
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_parser_reads_messages_and_fragments() {
        for message in [
            client_hello("www.example.com", b""),
            client_hello("www.example.com", &[7; 20]),
            client_hello("www.example.com", &[7; 20]).padded(40),
            hello_verify_request(&[7; 20]),
            certificate(&[vec![1; 100]]),
        ] {
            let bytes = message.datagram();
            let (rest, record) = tls_parser::parse_dtls_plaintext_record(&bytes).unwrap();
            assert!(rest.is_empty());
            assert_eq!(record.messages.len(), 1);
            for bytes in message.datagrams(16) {
                let (_, record) = tls_parser::parse_dtls_plaintext_record(&bytes).unwrap();
                assert!(record.messages.iter().all(|m| m.is_fragment()));
            }
        }
    }
}
