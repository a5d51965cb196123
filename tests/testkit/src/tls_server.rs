//! The server's side of handshakes up to TLS 1.2, and the hellos of SSL 2.0.
//!
//! ```
//! use testkit::{tls::Version, tls_server, x509};
//!
//! let leaf = x509::certificate("www.example.com").der();
//! let flight = tls_server::flight(Version::Tls12, &[leaf]);
//! assert_eq!(flight.records()[0], 22);
//! ```

use crate::rng::Rng;
use crate::tls::{self, Version, content, handshake_message, with_length16};

/// A server's first flight under construction: ServerHello, Certificate, CertificateStatus,
/// ServerKeyExchange, CertificateRequest, ServerHelloDone.
#[derive(Clone, Debug)]
pub struct Flight {
    version: Version,
    messages: Vec<Vec<u8>>,
    warning_first: bool,
}

/// The flight of a server with this chain of certificates, leaf first.
pub fn flight(version: Version, chain: &[Vec<u8>]) -> Flight {
    let random = Rng::new(0x5e4f).bytes(333);
    let messages = vec![
        server_hello(version),
        certificate(chain),
        handshake_message(22, &[&[1, 0, 1, 40][..], &random[..296]].concat()),
        handshake_message(12, &random),
        handshake_message(13, &[1, 1, 0, 2, 4, 1, 0, 0]),
        handshake_message(14, &[]),
    ];
    Flight {
        version,
        messages,
        warning_first: false,
    }
}

impl Flight {
    /// Sends the warning unrecognized_name in front.
    pub fn warning_first(mut self) -> Self {
        self.warning_first = true;
        self
    }

    /// Leaves out the ServerHello, as a capture that begins too late does.
    pub fn without_hello(mut self) -> Self {
        self.messages.remove(0);
        self
    }

    /// The handshake messages in a row.
    pub fn handshake(&self) -> Vec<u8> {
        self.messages.concat()
    }

    /// One record for each message, or as many as it takes.
    pub fn records(&self) -> Vec<u8> {
        let record = |message: &Vec<u8>| self.cut(message, &[1 << 14]);
        let records = self.messages.iter().flat_map(record);
        self.warning().into_iter().chain(records).collect()
    }

    /// Records whose content has these lengths, in turn, wherever a message ends.
    pub fn records_of(&self, lengths: &[usize]) -> Vec<u8> {
        let records = self.cut(&self.handshake(), lengths);
        self.warning().into_iter().chain(records).collect()
    }

    fn warning(&self) -> Vec<u8> {
        match self.warning_first {
            true => tls::record(content::ALERT, self.version.legacy(), &[1, 112]),
            false => Vec::new(),
        }
    }

    fn cut(&self, mut bytes: &[u8], lengths: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        for &length in lengths.iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            let (piece, rest) = bytes.split_at(length.min(bytes.len()));
            out.extend(tls::record(
                content::HANDSHAKE,
                self.version.legacy(),
                piece,
            ));
            bytes = rest;
        }
        out
    }
}

/// A ServerHello below TLS 1.3, as a handshake message.
pub fn server_hello(version: Version) -> Vec<u8> {
    let mut random = Rng::new(0x5e50);
    let mut body = version.legacy().to_vec();
    body.extend(random.bytes(32));
    body.push(32);
    body.extend(random.bytes(32));
    body.extend([0, 0x2f, 0]); // TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    if version > Version::Ssl3 {
        body.extend(with_length16(&[0xff, 1, 0, 1, 0, 0, 0, 0, 0])); // renegotiation, server name
    }
    handshake_message(2, &body)
}

/// A Certificate message (RFC 5246, section 7.4.2).
pub fn certificate(chain: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<u8> = chain.iter().flat_map(|der| with_length24(der)).collect();
    handshake_message(11, &with_length24(&list))
}

/// What a client with a certificate sends after its hello: Certificate, ClientKeyExchange,
/// ChangeCipherSpec, and a Finished that looks encrypted.
pub fn client_certificate(chain: &[Vec<u8>]) -> Vec<u8> {
    let mut random = Rng::new(0xc11e);
    [
        tls::record(content::HANDSHAKE, [3, 3], &certificate(chain)),
        tls::record(
            content::HANDSHAKE,
            [3, 3],
            &handshake_message(16, &random.bytes(130)),
        ),
        tls::record(20, [3, 3], &[1]),
        tls::record(content::HANDSHAKE, [3, 3], &random.bytes(40)),
    ]
    .concat()
}

/// A ClientHello in SSL 2.0's form that offers the given version (RFC 5246, appendix E.2).
pub fn sslv2_client_hello(version: [u8; 2]) -> Vec<u8> {
    let ciphers = [1, 0, 0x80, 0, 0, 0x2f, 0, 0, 0x35];
    let challenge = Rng::new(0x55).bytes(16);
    let mut message = vec![1, version[0], version[1]];
    message.extend([0, ciphers.len() as u8, 0, 0, 0, challenge.len() as u8]);
    message.extend(ciphers);
    message.extend(challenge);
    [&[0x80, message.len() as u8], &message[..]].concat()
}

/// A ServerHello of SSL 2.0 with a certificate.
pub fn sslv2_server_hello(der: &[u8]) -> Vec<u8> {
    let certificate = with_length16(der);
    let mut message = vec![4, 0, 1, 0, 2];
    message.extend(&certificate[..2]);
    message.extend([0, 3, 0, 16]);
    message.extend(der);
    message.extend([1, 0, 0x80]);
    message.extend(Rng::new(0x56).bytes(16));
    let mut record = with_length16(&message);
    record[0] |= 0x80;
    record
}

fn with_length24(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a body below 16 MiB");
    [&length.to_be_bytes()[1..], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::{TlsMessage, TlsMessageHandshake};

    #[test]
    fn tls_parser_reads_the_chain() {
        let chain = vec![vec![1; 300], vec![2; 9_000], vec![3; 70]];
        for version in [Version::Ssl3, Version::Tls10, Version::Tls12] {
            let bytes = flight(version, &chain).records_of(&[16_000]);
            let (rest, record) = tls_parser::parse_tls_plaintext(&bytes).unwrap();
            assert!(rest.is_empty());
            let found = record.msg.iter().find_map(|message| match message {
                TlsMessage::Handshake(TlsMessageHandshake::Certificate(c)) => Some(c),
                _ => None,
            });
            let found: Vec<&[u8]> = found.unwrap().cert_chain.iter().map(|c| c.data).collect();
            assert_eq!(found, chain);
        }
    }
}
