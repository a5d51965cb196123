//! QUIC version 1 packets (RFC 9000, RFC 9001). Initial packets are really encrypted.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf;

/// Length of all connection IDs, as browsers and their servers have it.
pub(super) const ID: usize = 8;

/// Of version 1 (RFC 9001 section 5.2).
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];

/// Length of an authentication tag.
const TAG: usize = 16;

/// Of packet numbers as they are written here.
const NUMBER: usize = 4;

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &hkdf::Prk, label: &str) -> Option<[u8; N]> {
    let info = [
        &[0, N as u8, label.len() as u8 + 6][..],
        b"tls13 ",
        label.as_bytes(),
        &[0],
    ];
    let mut out = [0; N];
    secret.expand(&info, Length(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

/// From whom to whom a packet goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    /// The client's first destination: it makes the keys.
    pub(super) first: [u8; ID],
    pub(super) destination: [u8; ID],
    pub(super) source: [u8; ID],
    pub(super) from_server: bool,
}

/// Appends a CRYPTO frame.
pub(super) fn crypto(frames: &mut Vec<u8>, offset: usize, data: &[u8]) {
    frames.push(6);
    frames.extend(varint(offset as u16));
    frames.extend(varint(data.len() as u16));
    frames.extend(data);
}

/// In two bytes whatever the value (RFC 9000 section 16 allows it), up to 16,383.
fn varint(value: u16) -> [u8; 2] {
    (value | 0x4000).to_be_bytes()
}

/// Appends to `out` an Initial packet with these frames, padded to `length` bytes in all. `frames`
/// is used up. `None` where they do not fit, or never otherwise.
pub(super) fn initial(
    out: &mut Vec<u8>,
    ids: &Ids,
    number: u8,
    frames: &mut Vec<u8>,
    length: usize,
) -> Option<()> {
    let start = out.len();
    out.push(0xc0 | (NUMBER as u8 - 1));
    long_header(out, ids);
    out.push(0); // no token
    let body = length.checked_sub(out.len() - start + 2)?;
    out.extend(varint(body as u16));
    let number_at = out.len();
    out.extend([0, 0, 0, number]);
    let room = body.checked_sub(NUMBER + TAG)?;
    if frames.len() > room {
        return None;
    }
    frames.resize(room, 0);

    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &SALT).extract(&ids.first);
    let side = if ids.from_server {
        "server in"
    } else {
        "client in"
    };
    let secret: [u8; 32] = expand(&secret, side)?;
    let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &secret);
    let key: [u8; 16] = expand(&secret, "quic key")?;
    let mut nonce: [u8; 12] = expand(&secret, "quic iv")?;
    let hp: [u8; 16] = expand(&secret, "quic hp")?;
    nonce[11] ^= number;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(&out[start..]), frames)
        .ok()?;
    out.extend_from_slice(frames);
    out.extend_from_slice(tag.as_ref());

    let hp = quic::HeaderProtectionKey::new(&quic::AES_128, &hp).ok()?;
    let sample = &out[number_at + 4..number_at + 20];
    let mask = hp.new_mask(sample).ok()?;
    out[start] ^= mask[0] & 0x0f;
    for (byte, mask) in out[number_at..number_at + NUMBER]
        .iter_mut()
        .zip(&mask[1..])
    {
        *byte ^= mask;
    }
    Some(())
}

/// Version and connection IDs.
fn long_header(out: &mut Vec<u8>, ids: &Ids) {
    out.extend([0, 0, 0, 1, ID as u8]);
    out.extend(ids.destination);
    out.push(ID as u8);
    out.extend(ids.source);
}

/// Appends the header of a Handshake packet with `length` encrypted bytes, which are the caller's.
pub(super) fn handshake(out: &mut Vec<u8>, ids: &Ids, length: u16) {
    out.push(0xe3);
    long_header(out, ids);
    out.extend(varint(length));
}

/// The head of something that has the looks of an Initial packet of `length` bytes: whatever
/// follows, the tag is wrong.
pub(super) fn sham(out: &mut Vec<u8>, ids: &Ids, length: usize) {
    out.clear();
    out.push(0xc3);
    long_header(out, ids);
    out.push(0);
    let left = length - out.len() - 2;
    out.extend(varint(left as u16));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The testkit's builder is checked against the packets that RFC 9001 prints.
    #[test]
    fn packets_are_those_of_another_builder() {
        let hello: Vec<u8> = (0..700u16).map(|n| n as u8).collect();
        for from_server in [false, true] {
            let ids = Ids {
                first: *b"8 bytes!",
                destination: *b"8 bytes!",
                source: *b"my bytes",
                from_server,
            };
            let (mut out, mut frames) = (Vec::new(), Vec::new());
            crypto(&mut frames, 300, &hello);
            let mut padded = frames.clone();
            initial(&mut out, &ids, 3, &mut frames, 1_250).unwrap();
            assert_eq!(out.len(), 1_250);
            padded.resize(1_250 - 46, 0);
            let other = testkit::quic::initial(testkit::quic::V1, b"8 bytes!").source(b"my bytes");
            let other = other.number(3).frame(&padded);
            let other = if from_server {
                other.from_server()
            } else {
                other
            };
            assert_eq!(out, other.packet());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let ids = Ids {
            first: [0; ID],
            destination: [0; ID],
            source: [0; ID],
            from_server: false,
        };
        assert_eq!(
            initial(&mut Vec::new(), &ids, 0, &mut vec![1; 1_200], 1_200),
            None
        );
        assert_eq!(initial(&mut Vec::new(), &ids, 0, &mut vec![1], 20), None);
    }
}
