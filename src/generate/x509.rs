//! Certificates in DER (RFC 5280), of the size of real ones. Keys and signatures are random.

use super::tls::RANDOM;

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let [high, low] = (content.len() as u16).to_be_bytes();
    match content.len() {
        0..=0x7f => out.push(low),
        0x80..=0xff => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
    out.extend(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn object(bytes: &[u8]) -> Vec<u8> {
    tlv(6, bytes)
}

/// A distinguished name of one attribute: 3 is the common name, 10 the organisation.
fn subject(attribute: u8, text: &str) -> Vec<u8> {
    let pair = sequence(&[object(&[0x55, 4, attribute]), tlv(12, text.as_bytes())]);
    sequence(&[tlv(0x31, &pair)])
}

/// sha256WithRSAEncryption.
fn algorithm() -> Vec<u8> {
    sequence(&[
        object(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11]),
        tlv(5, &[]),
    ])
}

fn bits(count: usize) -> Vec<u8> {
    tlv(3, &[&[0][..], &vec![RANDOM; count]].concat())
}

fn certificate(
    subject_name: Vec<u8>,
    issuer: Vec<u8>,
    key: Vec<u8>,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let to_be_signed = sequence(&[
        tlv(0xa0, &tlv(2, &[2])),
        // A positive serial number.
        tlv(2, &[&[0x11][..], &[RANDOM; 15]].concat()),
        algorithm(),
        issuer,
        sequence(&[tlv(0x17, b"241201000000Z"), tlv(0x17, b"251201000000Z")]),
        subject_name,
        key,
        tlv(0xa3, &sequence(extensions)),
    ]);
    sequence(&[to_be_signed, algorithm(), bits(256)])
}

/// An elliptic key on P-256.
fn elliptic_key() -> Vec<u8> {
    let kind = sequence(&[
        object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ]);
    sequence(&[kind, tlv(3, &[&[0, 4][..], &[RANDOM; 64]].concat())])
}

/// An RSA key of 2048 bits.
fn rsa_key() -> Vec<u8> {
    let kind = sequence(&[
        object(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1]),
        tlv(5, &[]),
    ]);
    let modulus = tlv(2, &[&[0, 0xc1][..], &[RANDOM; 255]].concat());
    let key = sequence(&[modulus, tlv(2, &[1, 0, 1])]);
    sequence(&[kind, tlv(3, &[&[0][..], &key].concat())])
}

fn issuer() -> Vec<u8> {
    subject(3, "Made Up Issuing Authority 1")
}

/// A server's certificate for `name`, which stands in subjectAltName only, as browsers want it.
pub(super) fn leaf(name: &[u8]) -> Vec<u8> {
    let alternative = sequence(&[
        object(&[0x55, 0x1d, 17]),
        tlv(4, &sequence(&[tlv(0x82, name)])),
    ]);
    let usage = sequence(&[
        object(&[0x55, 0x1d, 15]),
        tlv(1, &[0xff]),
        tlv(4, &tlv(3, &[7, 0x80])),
    ]);
    let identifier = sequence(&[object(&[0x55, 0x1d, 14]), tlv(4, &tlv(4, &[RANDOM; 20]))]);
    let extensions = [usage, identifier, alternative];
    certificate(
        subject(10, "Made Up Services"),
        issuer(),
        elliptic_key(),
        &extensions,
    )
}

/// The certificate of the authority that signed it.
pub(super) fn intermediate() -> Vec<u8> {
    let authority = sequence(&[
        object(&[0x55, 0x1d, 19]),
        tlv(1, &[0xff]),
        tlv(4, &sequence(&[tlv(1, &[0xff])])),
    ]);
    certificate(
        issuer(),
        subject(3, "Made Up Root Authority"),
        rsa_key(),
        &[authority],
    )
}
