use testkit::x509::{certificate, tlv};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;

/// A certificate of which only the serial number matters.
fn with_serial(content: &[u8]) -> Vec<u8> {
    let tbs = [tlv(0xa0, &tlv(2, &[2])), tlv(2, content)].concat();
    tlv(0x30, &tlv(0x30, &tbs))
}

fn serial(content: &[u8]) -> Option<String> {
    Serial::of(&with_serial(content)).map(|serial| serial.to_string())
}

#[test]
fn digests_are_of_all_bytes() {
    // The digests of "abc" in FIPS 180-4's examples: what is digested need not be a certificate.
    let of = Fingerprint::of(b"abc").unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    assert_eq!(hex(&of.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(
        hex(&of.sha256),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(of.serial, None);
    assert_eq!(Fingerprint::of(b""), None);
}

#[test]
fn the_serial_number_is_what_another_parser_reads() {
    for made in [
        certificate("www.example.com"),
        certificate("www.example.com").version1(),
    ] {
        let der = made.der();
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        let serial = Fingerprint::of(&der).unwrap().serial.unwrap();
        assert_eq!(serial.as_bytes(), parsed.raw_serial());
        assert_eq!(serial.to_string(), "123456");
    }
}

#[test]
fn zeros_in_front_are_left_out() {
    assert_eq!(serial(&[0x00, 0x8f, 0x01]).as_deref(), Some("8f01"));
    assert_eq!(serial(&[0, 0, 0, 5]).as_deref(), Some("05"));
    assert_eq!(serial(&[0]).as_deref(), Some("00"));
    assert_eq!(serial(&[0xff, 0x01]).as_deref(), Some("ff01"));
}

#[test]
fn a_serial_number_has_a_bound() {
    let longest = [&[0][..], &[0xab; 20]].concat();
    assert_eq!(serial(&longest), Some("ab".repeat(20)));
    assert_eq!(serial(&[0x7b; 21]), None);
    assert_eq!(serial(&[]), None);
}

#[test]
fn a_serial_number_that_is_not_whole_or_no_number_is_none() {
    let whole = with_serial(&[1, 2, 3]);
    for length in 0..whole.len() {
        assert_eq!(Serial::of(&whole[..length]), None, "{length}");
    }
    let other = tlv(0x30, &tlv(0x30, &tlv(4, &[1, 2, 3])));
    assert_eq!(Serial::of(&other), None);
}
