use super::*;
use proptest::prelude::*;

const JA4: &str = "t13d1516h2_8daaf6152771_02713d6af862";

#[test]
fn digests_are_read_with_and_without_colons() {
    let want: Ja3 = std::array::from_fn(|n| (n * 17) as u8);
    for text in [
        "00112233445566778899aabbccddeeff",
        "00112233445566778899AABBCCDDEEFF",
        "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
        "0011 2233 4455 6677 8899 aabb ccdd eeff ",
    ] {
        assert_eq!(ja3(text), Ok(want), "{text}");
    }
    assert_eq!(
        certificate(&"Ab:".repeat(20)),
        Ok(Certificate::Sha1([0xab; 20]))
    );
    assert_eq!(
        certificate(&"ab".repeat(32)),
        Ok(Certificate::Sha256([0xab; 32]))
    );
}

#[test]
fn serial_numbers_are_numbers() {
    let want = Serial::new(&[0x01, 0xa2, 0xff]).unwrap();
    assert_eq!(want.bytes(), [0x01, 0xa2, 0xff]);
    for text in [
        "1a2ff",
        "01A2FF",
        "0x01a2ff",
        "00:01:a2:ff",
        " 01 a2 ff",
        "0X1a2ff",
    ] {
        assert_eq!(serial(text), Ok(want), "{text}");
        let listed = certificate(&format!("Serial:{text}"));
        assert_eq!(listed, Ok(Certificate::Serial(want)), "{text}");
    }
    assert_eq!(serial(&"f".repeat(40)).unwrap().bytes(), [0xff; 20]);
    assert_eq!(Serial::new(&[0, 0, 0x01, 0xa2, 0xff]), Some(want));
    assert_eq!(Serial::new(&[1; 21]), None);
    assert!(Serial::new(&[]).is_some());
}

#[test]
fn ja4_fingerprints_have_a_shape() {
    for text in [
        JA4,
        "q13i0310h3_55b375c5d22e_cd85d2d88918",
        "d00d000000_000000000000_000000000000",
        "ts2i990099_8daaf6152771_02713d6af862",
    ] {
        assert_eq!(ja4(text).unwrap(), text.as_bytes());
        assert_eq!(ja4(&text.to_uppercase()).unwrap(), text.as_bytes());
    }
}

#[test]
fn refusals_say_what_to_write_instead() {
    for (text, what, fix) in [
        ("t13d1516h2_8daaf6152771", "no JA4", "36 characters"),
        (
            "t13d1516h2_8daaf6152771_02713d6af86_",
            "no JA4",
            "three parts",
        ),
        (
            "t13d1516h_8daaf6152771_02713d6af8622",
            "no JA4",
            "ten characters",
        ),
        (
            "x13d1516h2_8daaf6152771_02713d6af862",
            "no JA4",
            "begin with",
        ),
        (
            "t19d1516h2_8daaf6152771_02713d6af862",
            "no JA4",
            "begin with",
        ),
        (
            "t13x1516h2_8daaf6152771_02713d6af862",
            "no JA4",
            "two digits",
        ),
        (
            "t13d15a6h2_8daaf6152771_02713d6af862",
            "no JA4",
            "two digits",
        ),
        ("t13d1516h-_8daaf6152771_02713d6af862", "no JA4", "ALPN"),
        ("t13d1516h2_8daaf615277g_02713d6af862", "no JA4", "12 hex"),
        ("t13d1516h2_8daaf615277_002713d6af862", "no JA4", "12 hex"),
    ] {
        let (got_what, got_fix) = ja4(text).unwrap_err();
        assert!(got_what.contains(what), "{text}: {got_what}");
        assert!(got_fix.contains(fix), "{text}: {got_fix}");
    }
    let sha1 = "a".repeat(40);
    for (text, what, fix) in [
        ("", "0 digits", "all of its"),
        ("abc", "3 digits, and a JA3 fingerprint 32", "all of its"),
        (sha1.as_str(), "40 digits", "certificate"),
        ("xyz", "holds `x`", "0 to 9"),
    ] {
        let (got_what, got_fix) = ja3(text).unwrap_err();
        assert!(got_what.contains(what), "{text}: {got_what}");
        assert!(got_fix.contains(fix), "{text}: {got_fix}");
    }
    let md5 = "a".repeat(32);
    let long = format!("serial:{}", "a".repeat(41));
    for (text, what, fix) in [
        (md5.as_str(), "32 digits", "MD5"),
        ("sha1:ab", "holds `s`", "0 to 9"),
        (long.as_str(), "41 digits", "correct"),
        ("serial:", "no digit", "digest"),
        ("serial:00:00", "zeros", "digest"),
        ("serial:12g", "holds `g`", "0 to 9"),
        ("ääääääää", "holds `ä`", "0 to 9"),
    ] {
        let (got_what, got_fix) = certificate(text).unwrap_err();
        assert!(got_what.contains(what), "{text}: {got_what}");
        assert!(got_fix.contains(fix), "{text}: {got_fix}");
    }
}

#[test]
fn each_kind_is_found_by_its_own_and_the_first_counts() {
    let mut listed = Fingerprints::default();
    assert!(listed.is_empty());
    assert_eq!(listed.find_serial(&[1]), None);
    listed.add_ja3([1; 16], 0);
    listed.add_ja3([1; 16], 1);
    listed.add_ja4(ja4(JA4).unwrap(), 2);
    assert!(listed.has_ja3() && listed.has_ja4() && !listed.has_sha1());
    listed.add_certificate(Certificate::Sha1([1; 20]), 3);
    listed.add_certificate(Certificate::Sha256([1; 32]), 4);
    listed.add_certificate(certificate("serial:0100").unwrap(), 5);
    assert!(listed.has_sha1() && listed.has_sha256() && listed.has_serial());
    assert_eq!(listed.find_ja3(&[1; 16]), Some(0));
    assert_eq!(listed.find_ja3(&[2; 16]), None);
    let upper = Ja4::try_from(JA4.to_uppercase().as_bytes()).unwrap();
    assert_eq!(listed.find_ja4(&upper), Some(2));
    assert_eq!(listed.find_sha1(&[1; 20]), Some(3));
    assert_eq!(listed.find_sha256(&[1; 32]), Some(4));
    assert_eq!(listed.find_serial(&[0, 1, 0]), Some(5));
    assert_eq!(listed.find_serial(&[1]), None);
    assert_eq!(listed.find_serial(&[1; 30]), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bytes in any::<[u8; 20]>(), colons in any::<bool>(), upper in any::<bool>()) {
        let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let mut text = hex.join(if colons { ":" } else { "" });
        if upper {
            text.make_ascii_uppercase();
        }
        prop_assert_eq!(certificate(&text), Ok(Certificate::Sha1(bytes)));
        if bytes != [0; 20] {
            prop_assert_eq!(serial(&text).ok(), Serial::new(&bytes));
        }
    }

    #[test]
    fn equals_a_scan_of_all(
        listed in prop::collection::vec(prop::collection::vec(0..3_u8, 0..4), 0..30),
        asked in prop::collection::vec(prop::collection::vec(0..3_u8, 0..5), 0..30),
    ) {
        let mut fingerprints = Fingerprints::default();
        for (number, bytes) in (0..).zip(&listed) {
            fingerprints.add_certificate(Certificate::Serial(Serial::new(bytes).unwrap()), number);
        }
        let value = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        for bytes in asked {
            let want = listed.iter().position(|other| value(other) == value(&bytes));
            prop_assert_eq!(fingerprints.find_serial(&bytes), want.map(|n| n as u32));
        }
    }

    #[test]
    fn any_text_is_survived(text in "([0-9a-f: _tqd]|\u{e4}){0,70}|serial:.{0,20}|.{0,50}") {
        let _ = (ja3(&text), ja4(&text), certificate(&text), serial(&text));
    }
}
