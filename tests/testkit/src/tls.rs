//! TLS records (RFC 8446, RFC 5246) up to what names a server: ClientHellos as browsers send
//! them, and enough of the other messages to make a conversation look like one.
//!
//! ```
//! use testkit::tls;
//!
//! let hello = tls::client_hello("www.example.com").post_quantum().alpn(&["h2", "http/1.1"]);
//! assert_eq!(hello.server_name(), Some("www.example.com"));
//! assert!(hello.records().len() > 1400); // more than one segment
//! ```

use crate::rng::Rng;

/// Protocol versions as they stand on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 3.0: no extensions, so no server name.
    Ssl3,
    /// 3.1.
    Tls10,
    /// 3.2.
    Tls11,
    /// 3.3.
    Tls12,
    /// 3.4, which calls itself 3.3 in the old fields.
    Tls13,
}

impl Version {
    pub(crate) fn legacy(self) -> [u8; 2] {
        match self {
            Version::Ssl3 => [3, 0],
            Version::Tls10 => [3, 1],
            Version::Tls11 => [3, 2],
            Version::Tls12 | Version::Tls13 => [3, 3],
        }
    }
}

/// Where the server name stands among the extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SniPlace {
    /// In front, as OpenSSL and most libraries have it.
    First,
    /// Among the others, as in browsers that shuffle.
    Middle,
    /// Behind everything but padding and pre-shared keys.
    Last,
}

/// Content types of records.
pub mod content {
    /// Alerts.
    pub const ALERT: u8 = 21;
    /// Handshake messages.
    pub const HANDSHAKE: u8 = 22;
    /// Everything after the handshake.
    pub const APPLICATION_DATA: u8 = 23;
}

/// RFC 8701 values that browsers mix in so that servers stay tolerant.
const GREASE: [u16; 4] = [0x0a0a, 0x3a3a, 0x8a8a, 0xfafa];

/// X25519MLKEM768: an ML-KEM-768 encapsulation key (1,184 bytes) and an X25519 key (32).
const POST_QUANTUM_GROUP: u16 = 0x11ec;
const POST_QUANTUM_SHARE: usize = 1216;

/// A ClientHello under construction.
#[derive(Clone, Debug)]
pub struct ClientHello {
    server_name: Option<String>,
    version: Version,
    place: SniPlace,
    session_id: usize,
    alpn: Vec<String>,
    grease: bool,
    post_quantum: bool,
    malformed_before_sni: bool,
    extra_name_types: bool,
    padding: usize,
    encrypted: bool,
    random: Rng,
}

/// A TLS 1.3 ClientHello like a current browser's, for one host.
pub fn client_hello(server_name: &str) -> ClientHello {
    ClientHello {
        server_name: Some(server_name.to_string()),
        version: Version::Tls13,
        place: SniPlace::Middle,
        session_id: 32,
        alpn: vec!["h2".into(), "http/1.1".into()],
        grease: true,
        post_quantum: false,
        malformed_before_sni: false,
        extra_name_types: false,
        padding: 0,
        encrypted: false,
        random: Rng::from_text(server_name),
    }
}

/// The same without a server name.
pub fn client_hello_without_name() -> ClientHello {
    let mut hello = client_hello("");
    hello.server_name = None;
    hello
}

impl ClientHello {
    /// Sets the version. Below 1.3 there are no key shares, and SSL 3.0 has no extensions.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self.grease &= version >= Version::Tls12;
        self
    }

    /// Says where the server name stands.
    pub fn sni(mut self, place: SniPlace) -> Self {
        self.place = place;
        self
    }

    /// Length of the session identifier, 0 to 32 bytes.
    pub fn session_id(mut self, len: usize) -> Self {
        assert!(len <= 32, "a session identifier has at most 32 bytes");
        self.session_id = len;
        self
    }

    /// Protocols offered. None leaves the extension out.
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols
            .iter()
            .map(|protocol| protocol.to_string())
            .collect();
        self
    }

    /// Leaves out the reserved values, as programs that are no browsers do.
    pub fn without_grease(mut self) -> Self {
        self.grease = false;
        self
    }

    /// Adds an X25519MLKEM768 key share of 1,216 bytes, so that the hello outgrows a segment.
    pub fn post_quantum(mut self) -> Self {
        self.post_quantum = true;
        self
    }

    /// Puts a supported_groups extension in front whose inner length contradicts its outer one.
    /// The outer lengths are right, so whoever walks them still reaches the server name.
    pub fn malformed_extension_before_sni(mut self) -> Self {
        self.malformed_before_sni = true;
        self.place = SniPlace::Last;
        self
    }

    /// Puts an entry of an unknown name type in front of the host name in the list.
    pub fn unknown_name_type_first(mut self) -> Self {
        self.extra_name_types = true;
        self
    }

    /// Adds a padding extension of `len` zero bytes (RFC 7685).
    pub fn padding(mut self, len: usize) -> Self {
        self.padding = len;
        self
    }

    /// Adds an encrypted_client_hello extension (RFC 9849), as browsers also send it empty of meaning.
    pub fn encrypted_client_hello(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// The name put in, if the message carries it: SSL 3.0 cannot.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name
            .as_deref()
            .filter(|_| self.version > Version::Ssl3)
    }

    /// The handshake message, without a record around it.
    pub fn handshake(&self) -> Vec<u8> {
        let mut random = self.random.clone();
        let mut body = self.version.legacy().to_vec();
        body.extend_from_slice(&random.bytes(32));
        body.push(self.session_id as u8);
        body.extend_from_slice(&random.bytes(self.session_id));
        body.extend_from_slice(&with_length16(&self.cipher_suites()));
        body.extend_from_slice(&[1, 0]); // no compression
        if self.version > Version::Ssl3 {
            body.extend_from_slice(&with_length16(&self.extensions(&mut random)));
        }
        handshake_message(1, &body)
    }

    /// One record around the whole message.
    pub fn records(&self) -> Vec<u8> {
        self.records_of(1 << 14)
    }

    /// Records of at most `len` bytes of the message each (RFC 8446, section 5.1).
    pub fn records_of(&self, len: usize) -> Vec<u8> {
        // The first hello says 3.1 in the record layer, for servers that choke on more.
        let version = if self.version == Version::Ssl3 {
            [3, 0]
        } else {
            [3, 1]
        };
        self.handshake()
            .chunks(len)
            .flat_map(|piece| record(content::HANDSHAKE, version, piece))
            .collect()
    }

    /// Offset in [`ClientHello::records`] of the first byte behind the server name.
    pub fn end_of_server_name(&self) -> usize {
        let name = self
            .server_name()
            .expect("a hello with a server name")
            .as_bytes();
        let bytes = self.records();
        let at = bytes.windows(name.len()).position(|window| window == name);
        at.expect("the server name stands in the message") + name.len()
    }

    fn cipher_suites(&self) -> Vec<u8> {
        let mut suites: Vec<u16> = Vec::new();
        if self.grease {
            suites.push(GREASE[0]);
        }
        if self.version == Version::Tls13 {
            suites.extend([0x1301, 0x1302, 0x1303]);
        }
        if self.version >= Version::Tls12 {
            suites.extend([0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8]);
        }
        suites.extend([0xc013, 0xc014, 0x009c, 0x002f, 0x0035, 0x000a]);
        suites
            .iter()
            .flat_map(|suite| suite.to_be_bytes())
            .collect()
    }

    fn extensions(&self, random: &mut Rng) -> Vec<u8> {
        let mut list: Vec<(u16, Vec<u8>)> = Vec::new();
        if self.grease {
            list.push((GREASE[1], Vec::new()));
        }
        if self.malformed_before_sni {
            list.push((10, vec![0x40, 0x00, 0x00, 0x1d])); // claims 16,384 bytes of groups
        }
        list.push((23, Vec::new())); // extended_master_secret
        list.push((0xff01, vec![0])); // renegotiation_info
        if !self.malformed_before_sni {
            list.push((10, self.groups()));
        }
        list.push((11, vec![1, 0])); // ec_point_formats: uncompressed
        list.push((35, Vec::new())); // session_ticket
        if !self.alpn.is_empty() {
            let names: Vec<u8> = self
                .alpn
                .iter()
                .flat_map(|name| with_length8(name))
                .collect();
            list.push((16, with_length16(&names)));
        }
        list.push((5, vec![1, 0, 0, 0, 0])); // status_request: OCSP
        if self.version >= Version::Tls12 {
            let algorithms = [4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1];
            list.push((13, with_length16(&algorithms)));
        }
        if self.version == Version::Tls13 {
            list.push((51, self.key_shares(random)));
            list.push((45, vec![1, 1])); // psk_key_exchange_modes: with ECDHE
            let grease = GREASE[2].to_be_bytes();
            let mut versions = if self.grease {
                grease.to_vec()
            } else {
                Vec::new()
            };
            versions.extend_from_slice(&[3, 4, 3, 3]);
            list.push((43, [vec![versions.len() as u8], versions].concat()));
        }
        if self.encrypted {
            list.push((0xfe0d, random.bytes(200)));
        }
        if let Some(name) = &self.server_name {
            let at = match self.place {
                SniPlace::First => 0,
                SniPlace::Middle => list.len() / 2,
                SniPlace::Last => list.len(),
            };
            list.insert(at, (0, self.server_name_list(name)));
        }
        if self.grease {
            list.push((GREASE[3], vec![0]));
        }
        if self.padding > 0 {
            list.push((21, vec![0; self.padding]));
        }
        let mut out = Vec::new();
        for (number, body) in list {
            out.extend_from_slice(&number.to_be_bytes());
            out.extend_from_slice(&with_length16(&body));
        }
        out
    }

    fn server_name_list(&self, name: &str) -> Vec<u8> {
        let mut list = Vec::new();
        if self.extra_name_types {
            list.push(0xee);
            list.extend_from_slice(&with_length16(b"not a host name"));
        }
        list.push(0); // host_name (RFC 6066, section 3)
        list.extend_from_slice(&with_length16(name.as_bytes()));
        with_length16(&list)
    }

    fn groups(&self) -> Vec<u8> {
        let mut groups: Vec<u16> = Vec::new();
        if self.grease {
            groups.push(GREASE[2]);
        }
        if self.post_quantum {
            groups.push(POST_QUANTUM_GROUP);
        }
        groups.extend([0x001d, 0x0017, 0x0018]);
        with_length16(
            &groups
                .iter()
                .flat_map(|group| group.to_be_bytes())
                .collect::<Vec<u8>>(),
        )
    }

    fn key_shares(&self, random: &mut Rng) -> Vec<u8> {
        let mut shares: Vec<(u16, usize)> = Vec::new();
        if self.grease {
            shares.push((GREASE[2], 1));
        }
        if self.post_quantum {
            shares.push((POST_QUANTUM_GROUP, POST_QUANTUM_SHARE));
        }
        shares.push((0x001d, 32));
        let mut out = Vec::new();
        for (group, len) in shares {
            out.extend_from_slice(&group.to_be_bytes());
            out.extend_from_slice(&with_length16(&random.bytes(len)));
        }
        with_length16(&out)
    }
}

impl From<ClientHello> for Vec<u8> {
    fn from(hello: ClientHello) -> Self {
        hello.records()
    }
}

/// A TLS 1.3 ServerHello with the change_cipher_spec that middleboxes want to see behind it.
pub fn server_hello() -> Vec<u8> {
    let mut random = Rng::new(0x5e4e);
    let mut body = vec![3, 3];
    body.extend_from_slice(&random.bytes(32));
    body.push(32);
    body.extend_from_slice(&random.bytes(32));
    body.extend_from_slice(&[0x13, 0x01, 0]); // TLS_AES_128_GCM_SHA256, no compression
    let mut extensions = vec![0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 0x1d, 0, 32];
    extensions.extend_from_slice(&random.bytes(32));
    body.extend_from_slice(&with_length16(&extensions));
    let mut out = record(content::HANDSHAKE, [3, 3], &handshake_message(2, &body));
    out.extend_from_slice(&record(20, [3, 3], &[1]));
    out
}

/// A record of `len` bytes that look encrypted.
pub fn application_data(len: usize) -> Vec<u8> {
    let bytes = Rng::new(len as u64).bytes(len);
    record(content::APPLICATION_DATA, [3, 3], &bytes)
}

/// A fatal alert in the clear.
pub fn alert(description: u8) -> Vec<u8> {
    record(content::ALERT, [3, 3], &[2, description])
}

/// One record around `body`.
pub fn record(content_type: u8, version: [u8; 2], body: &[u8]) -> Vec<u8> {
    let mut out = vec![content_type, version[0], version[1]];
    out.extend_from_slice(&with_length16(body));
    out
}

/// A DTLS 1.2 ClientHello (RFC 6347) in one unfragmented record, with the server name first.
pub fn dtls_client_hello(server_name: &str) -> Vec<u8> {
    let stream = client_hello(server_name)
        .version(Version::Tls12)
        .without_grease()
        .sni(SniPlace::First)
        .session_id(0)
        .handshake();
    let mut body = vec![0xfe, 0xfd];
    body.extend_from_slice(&stream[6..39]); // random, empty session identifier
    body.push(0); // empty cookie
    body.extend_from_slice(&stream[39..]);
    let length = &(body.len() as u32).to_be_bytes()[1..];
    let handshake = [&[1], length, &[0, 0], &[0, 0, 0], length, &body].concat();
    let mut out = vec![content::HANDSHAKE, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
    out.extend_from_slice(&with_length16(&handshake));
    out
}

pub(crate) fn handshake_message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len())
        .expect("a body below 16 MiB")
        .to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

pub(crate) fn with_length16(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len())
        .expect("a body below 64 KiB")
        .to_be_bytes();
    [&length, body].concat()
}

fn with_length8(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a text of at most 255 bytes");
    [&[length], text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_parser::{SNIType, TlsExtension, TlsMessage, TlsMessageHandshake};

    /// The server name, session id length and version as tls-parser sees them.
    fn read(bytes: &[u8]) -> (Option<String>, Option<usize>, u16) {
        let (rest, record) = tls_parser::parse_tls_plaintext(bytes).unwrap();
        assert!(rest.is_empty());
        let [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello))] = &record.msg[..]
        else {
            panic!("one ClientHello expected")
        };
        let mut name = None;
        if let Some(extensions) = hello.ext {
            let (rest, list) = tls_parser::parse_tls_client_hello_extensions(extensions).unwrap();
            assert!(rest.is_empty(), "no malformed extension");
            for extension in list {
                if let TlsExtension::SNI(names) = extension {
                    let host = names.iter().find(|(kind, _)| *kind == SNIType::HostName);
                    name = host.map(|(_, name)| String::from_utf8(name.to_vec()).unwrap());
                }
            }
        }
        (name, hello.session_id.map(<[u8]>::len), hello.version.0)
    }

    #[test]
    fn tls_parser_reads_every_version_and_place() {
        for place in [SniPlace::First, SniPlace::Middle, SniPlace::Last] {
            for (version, wire) in [
                (Version::Tls10, 0x0301),
                (Version::Tls11, 0x0302),
                (Version::Tls12, 0x0303),
                (Version::Tls13, 0x0303),
            ] {
                let hello = client_hello("www.example.com").version(version).sni(place);
                let expected = (Some("www.example.com".to_string()), Some(32), wire);
                assert_eq!(read(&hello.records()), expected, "{version:?} {place:?}");
            }
        }
        let old = client_hello("www.example.com")
            .version(Version::Ssl3)
            .session_id(0);
        assert_eq!(read(&old.records()), (None, None, 0x0300));
        assert_eq!(old.server_name(), None);
        assert_eq!(read(&client_hello_without_name().records()).0, None);
    }

    #[test]
    fn post_quantum_hello_outgrows_a_segment_and_fragments_into_records() {
        let hello = client_hello("www.example.com").post_quantum();
        assert!(hello.records().len() > 1460);
        let mut rest = &hello.records_of(100)[..];
        let mut message = Vec::new();
        while !rest.is_empty() {
            let (next, raw) = tls_parser::parse_tls_raw_record(rest).unwrap();
            message.extend_from_slice(raw.data);
            rest = next;
        }
        assert_eq!(message, hello.handshake());
    }

    #[test]
    fn malformed_extension_stops_tls_parser_before_the_name() {
        let hello = client_hello("www.example.com").malformed_extension_before_sni();
        let bytes = hello.records();
        let (_, record) = tls_parser::parse_tls_plaintext(&bytes).unwrap();
        let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = &record.msg[0] else {
            panic!("ClientHello expected")
        };
        let (rest, _) = tls_parser::parse_tls_client_hello_extensions(hello.ext.unwrap()).unwrap();
        assert!(!rest.is_empty());
    }

    #[test]
    fn other_messages_are_read_too() {
        let bytes = [server_hello(), application_data(200), alert(40)].concat();
        let mut rest = &bytes[..];
        let mut types = Vec::new();
        while !rest.is_empty() {
            let (next, raw) = tls_parser::parse_tls_raw_record(rest).unwrap();
            types.push(raw.hdr.record_type.0);
            rest = next;
        }
        assert_eq!(types, [22, 20, 23, 21]);
        let bytes = dtls_client_hello("a.example");
        let (_, dtls) = tls_parser::parse_dtls_plaintext_record(&bytes).unwrap();
        assert_eq!(dtls.messages.len(), 1);
    }
}
