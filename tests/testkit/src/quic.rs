//! QUIC clients: Initial packets of any version (RFC 9000, RFC 9001, RFC 9369), whole handshakes'
//! datagrams cut from one ClientHello, and Google's CHLO.
//!
//! ```
//! use testkit::{quic, tls};
//!
//! let hello = tls::client_hello("www.example.com").handshake();
//! let datagram = quic::initial(quic::V1, b"8 bytes!").crypto(0, &hello).datagram();
//! assert!(datagram.len() >= 1200);
//! ```

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic as protection};
use ring::hkdf;

/// Version 1 (RFC 9000).
pub const V1: u32 = 1;
/// Version 2 (RFC 9369).
pub const V2: u32 = 0x6b33_43cf;

/// Version, salt.
const SALTS: [(u32, &str); 9] = [
    (V1, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    (V2, "0dede3def700a6db819381be6e269dcbf9bd2ed9"),
    (0xff00_0014, "ef4fb0abb47470c41befcf8031334fae485e09a0"),
    (0xff00_0015, "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"),
    (0xff00_0016, "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"),
    (0xff00_001b, "c3eef712c72ebb5a11a7d2432bb46365bef9f502"),
    (0xff00_001d, "afbfec289993d24c9e9786f19c6111e04390a899"),
    (0x5130_3530, "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"), // Q050
    (0x5430_3531, "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"), // T051
];

/// The versions that [`initial`] can build.
pub fn versions() -> impl Iterator<Item = u32> {
    SALTS.into_iter().map(|(version, _)| version)
}

/// Bytes of hexadecimal digits; white space is left out.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let nibble = |b: u8| char::from(b).to_digit(16).expect("a hexadecimal digit") as u8;
    let pair = |pair: &[u8]| nibble(pair[0]) << 4 | nibble(pair[1]);
    digits.chunks(2).map(pair).collect()
}

/// An Initial packet under construction.
#[derive(Clone, Debug)]
pub struct Initial {
    version: u32,
    destination: Vec<u8>,
    key_id: Vec<u8>,
    source: Vec<u8>,
    token: Vec<u8>,
    number: u32,
    frames: Vec<u8>,
    server: bool,
}

/// A client's Initial packet to the given connection ID, which also gives the keys.
pub fn initial(version: u32, destination: &[u8]) -> Initial {
    Initial {
        version,
        destination: destination.to_vec(),
        key_id: destination.to_vec(),
        source: Vec::new(),
        token: Vec::new(),
        number: 0,
        frames: Vec::new(),
        server: false,
    }
}

impl Initial {
    /// The connection ID that the sender gives itself.
    pub fn source(mut self, id: &[u8]) -> Self {
        self.source = id.to_vec();
        self
    }

    /// Makes the keys of this connection ID, while the header keeps its own.
    pub fn keys_of(mut self, id: &[u8]) -> Self {
        self.key_id = id.to_vec();
        self
    }

    /// Protects the packet with the server's keys.
    pub fn from_server(mut self) -> Self {
        self.server = true;
        self
    }

    /// A token, as after a Retry.
    pub fn token(mut self, token: &[u8]) -> Self {
        self.token = token.to_vec();
        self
    }

    /// The packet number, written in four bytes.
    pub fn number(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Appends a CRYPTO frame. Google's versions number it 8.
    pub fn crypto(mut self, offset: u64, data: &[u8]) -> Self {
        let google = matches!(self.version >> 24, 0x51 | 0x54);
        self.frames.push(if google { 8 } else { 6 });
        self.frames.extend(varint(offset));
        self.frames.extend(varint(data.len() as u64));
        self.frames.extend_from_slice(data);
        self
    }

    /// Appends the bytes of another frame.
    pub fn frame(mut self, bytes: &[u8]) -> Self {
        self.frames.extend_from_slice(bytes);
        self
    }

    /// The packet, padded so that a datagram with nothing else has 1,200 bytes at least.
    pub fn datagram(&self) -> Vec<u8> {
        let mut padded = self.clone();
        let room = 1_200usize.saturating_sub(self.packet().len());
        padded.frames.extend(vec![0; room]);
        padded.packet()
    }

    /// The packet without padding, for datagrams with several.
    pub fn packet(&self) -> Vec<u8> {
        let mut frames = self.frames.clone();
        // The sample of header protection needs twenty bytes behind the header.
        let short = 20usize.saturating_sub(frames.len());
        frames.extend(vec![0; short]);
        let kind = if self.version == V2 { 0x10 } else { 0x00 };
        let mut packet = vec![0xc3 | kind];
        packet.extend(self.version.to_be_bytes());
        if (0xff00_0012..=0xff00_0015).contains(&self.version) {
            let nibble = |id: &[u8]| {
                assert!(id.is_empty() || id.len() >= 4, "no length for these drafts");
                id.len().saturating_sub(3) as u8
            };
            packet.push(nibble(&self.destination) << 4 | nibble(&self.source));
            packet.extend(&self.destination);
            packet.extend(&self.source);
        } else {
            for id in [&self.destination, &self.source] {
                packet.push(id.len() as u8);
                packet.extend(id);
            }
        }
        packet.extend(varint(self.token.len() as u64));
        packet.extend(&self.token);
        packet.extend(varint(frames.len() as u64 + 4 + 16));
        let number_at = packet.len();
        packet.extend(self.number.to_be_bytes());
        let (key, iv, hp) = self.keys();
        let mut nonce = iv;
        for (byte, number) in nonce[8..].iter_mut().zip(self.number.to_be_bytes()) {
            *byte ^= number;
        }
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut frames)
            .unwrap();
        packet.extend(frames);
        let hp = protection::HeaderProtectionKey::new(&protection::AES_128, &hp).unwrap();
        let mask = hp.new_mask(&packet[number_at + 4..number_at + 20]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        for (byte, mask) in packet[number_at..].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        packet
    }

    fn keys(&self) -> ([u8; 16], [u8; 12], [u8; 16]) {
        let (_, salt) = SALTS
            .into_iter()
            .find(|(version, _)| *version == self.version)
            .expect("a version of the list");
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &hex(salt));
        let side = if self.server {
            "server in"
        } else {
            "client in"
        };
        let secret: [u8; 32] = expand(&salt.extract(&self.key_id), side);
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &secret);
        let prefix = if self.version == V2 { "quicv2" } else { "quic" };
        (
            expand(&secret, &format!("{prefix} key")),
            expand(&secret, &format!("{prefix} iv")),
            expand(&secret, &format!("{prefix} hp")),
        )
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(secret: &hkdf::Prk, label: &str) -> [u8; N] {
    let label = format!("tls13 {label}");
    let mut info = vec![0, N as u8, label.len() as u8];
    info.extend(label.bytes());
    info.push(0);
    let mut out = [0; N];
    let info = [&info[..]];
    let okm = secret.expand(&info, Length(N)).unwrap();
    okm.fill(&mut out).unwrap();
    out
}

/// A variable-length integer (RFC 9000, section 16).
pub fn varint(value: u64) -> Vec<u8> {
    match value {
        0..=0x3f => vec![value as u8],
        0x40..=0x3fff => (value as u16 | 0x4000).to_be_bytes().to_vec(),
        0x4000..=0x3fff_ffff => (value as u32 | 0x8000_0000).to_be_bytes().to_vec(),
        _ => (value | 0xc000_0000_0000_0000).to_be_bytes().to_vec(),
    }
}

/// A Retry packet of version 1 from a server that calls itself `source`; its tag is not valid.
pub fn retry(destination: &[u8], source: &[u8], token: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xf0, 0, 0, 0, 1, destination.len() as u8];
    packet.extend(destination);
    packet.push(source.len() as u8);
    packet.extend(source);
    packet.extend(token);
    packet.extend([0x77; 16]);
    packet
}

/// A packet of version 1 with a length whose content nobody can read: type 1 is 0-RTT, 2 Handshake.
pub fn opaque(kind: u8, destination: &[u8], source: &[u8], len: usize) -> Vec<u8> {
    let mut packet = vec![0xc0 | kind << 4, 0, 0, 0, 1, destination.len() as u8];
    packet.extend(destination);
    packet.push(source.len() as u8);
    packet.extend(source);
    packet.extend(varint(len as u64));
    packet.extend(vec![0x5a; len]);
    packet
}

/// Version negotiation that offers version 1.
pub fn version_negotiation(destination: &[u8], source: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0, 0, 0, 0, destination.len() as u8];
    packet.extend(destination);
    packet.push(source.len() as u8);
    packet.extend(source);
    packet.extend([0, 0, 0, 1]);
    packet
}

/// A CHLO message with padding ahead of the server name, as Chromium sends it.
pub fn chlo(server_name: &str, padding: usize) -> Vec<u8> {
    let padding = vec![b'-'; padding];
    let values: [(&[u8; 4], &[u8]); 4] = [
        (b"PAD\0", &padding),
        (b"SNI\0", server_name.as_bytes()),
        (b"VER\0", b"Q043"),
        (b"CCS\0", &[0x5a; 16]),
    ];
    let mut message = b"CHLO".to_vec();
    message.extend((values.len() as u32).to_le_bytes());
    let mut end = 0;
    for (tag, value) in values {
        end += value.len() as u32;
        message.extend(tag);
        message.extend(end.to_le_bytes());
    }
    message.extend(values.iter().flat_map(|(_, value)| value.iter()));
    message
}

/// A Google QUIC packet in the clear of version "Q0dd" with a piece of the crypto stream.
pub fn google(version: &[u8; 4], id: &[u8; 8], offset: u16, data: &[u8]) -> Vec<u8> {
    let digits = std::str::from_utf8(&version[2..]).unwrap();
    let number: u8 = digits.parse().expect("a number");
    let mut packet;
    if number >= 44 {
        packet = vec![0xc3];
        packet.extend(version);
        packet.push(0x50);
        packet.extend(id);
        packet.extend([0, 0, 0, 1]);
    } else {
        packet = vec![if number <= 33 { 0x0d } else { 0x09 }];
        packet.extend(id);
        packet.extend(version);
        packet.push(1);
    }
    packet.extend([0xaa; 12]); // the hash
    if number <= 33 {
        packet.push(0);
    }
    let number16 = |value: u16| {
        if number >= 39 {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    packet.extend([0xa4, 1]);
    packet.extend(number16(offset));
    packet.extend(number16(data.len() as u16));
    packet.extend(data);
    packet
}
