#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::{dtls, tls as make};

use super::super::fields::MAX_VALUES;
use super::*;

const BOTH: Wanted = Wanted {
    ja3: true,
    ja4: true,
    certificates: false,
    urls: false,
};

/// The body of a ClientHello that is written down field by field.
#[derive(Clone)]
struct Body {
    version: u16,
    ciphers: Vec<u16>,
    /// Type and content of each. `None` leaves out the whole field.
    extensions: Option<Vec<(u16, Vec<u8>)>>,
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.version.to_be_bytes().to_vec();
        bytes.extend([7; 32]);
        bytes.push(0); // no session ID
        bytes.extend(list16(&numbers(&self.ciphers)));
        bytes.extend([1, 0]); // no compression
        if let Some(extensions) = &self.extensions {
            let each = |(kind, content): &(u16, Vec<u8>)| {
                [&kind.to_be_bytes()[..], &list16(content)].concat()
            };
            let all: Vec<u8> = extensions.iter().flat_map(each).collect();
            bytes.extend(list16(&all));
        }
        bytes
    }

    fn read(&self) -> Option<Fingerprints> {
        fingerprints(&self.bytes(), Over::Tcp, BOTH)
    }

    fn ja3(&self) -> String {
        self.read().unwrap().ja3.unwrap().to_string()
    }

    fn ja4(&self) -> String {
        self.read().unwrap().ja4.unwrap().to_string()
    }

    fn with(mut self, kind: u16, content: Vec<u8>) -> Self {
        self.extensions
            .get_or_insert_default()
            .push((kind, content));
        self
    }
}

fn numbers(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

fn list16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

fn list8(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    [&[length][..], bytes].concat()
}

/// Numbers in hexadecimal, as the specification of JA4 lists them.
fn hex(list: &str) -> Vec<u16> {
    let number = |text| u16::from_str_radix(text, 16).unwrap();
    list.split(',').map(number).collect()
}

fn plain(version: u16, ciphers: &[u16]) -> Body {
    Body {
        version,
        ciphers: ciphers.to_vec(),
        extensions: None,
    }
}

fn protocols(names: &[&[u8]]) -> Vec<u8> {
    let all: Vec<u8> = names.iter().flat_map(|name| list8(name)).collect();
    list16(&all)
}

/// The first example of <https://github.com/salesforce/ja3>.
fn elder() -> Body {
    let ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    plain(769, &ciphers)
        .with(0, list16(&[&[0][..], &list16(b"example.com")].concat()))
        .with(10, list16(&numbers(&[23, 24, 25])))
        .with(11, list8(&[0]))
}

/// The example of
/// <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>, with values between that mean nothing.
fn browser() -> Body {
    let mut hello = plain(
        0x0303,
        &hex("2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
    );
    let algorithms = hex("0403,0804,0401,0503,0805,0501,0806,0601");
    let kinds =
        "4a4a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,dada";
    for kind in hex(kinds) {
        let content = match kind {
            0x0000 => list16(&[&[0][..], &list16(b"example.com")].concat()),
            0x000a => list16(&numbers(&hex("8a8a,001d,0017,0018"))),
            0x000b => list8(&[0]),
            0x000d => list16(&numbers(&algorithms)),
            0x0010 => protocols(&[b"h2", b"http/1.1"]),
            0x002b => list8(&numbers(&hex("fafa,0304,0303"))),
            _ => vec![0; 3],
        };
        hello = hello.with(kind, content);
    }
    hello
}

#[test]
fn published_examples_of_ja3() {
    assert_eq!(elder().ja3(), "ada70206e40642a3e4461f35503241d5");
    let without_extensions = plain(769, &[4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99]);
    let digest = "de350869b8c85de67a350c8d186f11e6";
    assert_eq!(without_extensions.ja3(), digest);
    let mut empty = without_extensions;
    empty.extensions = Some(Vec::new());
    assert_eq!(empty.ja3(), digest);
}

#[test]
fn values_that_mean_nothing_do_not_count_for_ja3() {
    // MD5 of 771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,
    // 27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0
    assert_eq!(browser().ja3(), "c000e2caf3a25423f9de6c8a4b12a975");
    // Numbers of one digit.
    let zeros = plain(0, &[0])
        .with(10, list16(&[0, 0]))
        .with(11, list8(&[0]));
    let mut one = zeros.clone();
    one.extensions.as_mut().unwrap().truncate(0);
    assert_eq!(one.ja3(), "d023de6e1a73787c1738e78dfa226c8a"); // 0,0,,,
    assert_eq!(zeros.ja3(), "cb95a19c9764094faece1a1c0b20d309"); // 0,0,10-11,0,0
}

#[test]
fn published_examples_of_ja4() {
    let hello = browser();
    assert_eq!(hello.ja4(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    // Without signature algorithms nothing stands behind the extensions.
    let mut without = hello.clone();
    let extensions = without.extensions.as_mut().unwrap();
    extensions
        .iter_mut()
        .find(|(kind, _)| *kind == 13)
        .unwrap()
        .1 = list16(&[]);
    assert_eq!(without.ja4(), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    // Their order is part of it, that of ciphers and extensions is not.
    let mut shuffled = hello.clone();
    shuffled.ciphers.reverse();
    shuffled.extensions.as_mut().unwrap().reverse();
    assert_eq!(shuffled.ja4(), hello.ja4());
    assert_ne!(shuffled.ja3(), hello.ja3());
    let quic = fingerprints(&hello.bytes(), Over::Quic, BOTH).unwrap();
    let want = "q13d1516h2_8daaf6152771_e5627efa2ab1";
    assert_eq!(quic.ja4.unwrap().as_str(), want);
    assert_eq!(quic.ja3.unwrap().to_string(), hello.ja3());
}

#[test]
fn lists_without_values_are_zeros() {
    assert_eq!(
        plain(0x0301, &[]).ja4(),
        "t10i000000_000000000000_000000000000"
    );
    let named = plain(0x0300, &[0x0a0a])
        .with(0, list16(&[]))
        .with(16, protocols(&[]));
    assert_eq!(named.ja4(), "ts3d000200_000000000000_000000000000");
}

#[test]
fn the_first_protocol_is_told_by_two_characters() {
    // The examples of the specification, and what it says of short names.
    let examples: [(&[&[u8]], &str); 11] = [
        (&[], "00"),
        (&[b""], "00"),
        (&[b"h2", b"http/1.1"], "h2"),
        (&[b"http/1.1", b"h2"], "h1"),
        (&[b"x"], "xx"),
        (&[&[0xab]], "ab"),
        (&[&[0xab, 0xcd]], "ad"),
        (&[&[0x30, 0xab]], "3b"),
        (&[&[0x30, 0x31, 0xab, 0xcd]], "3d"),
        (&[&[0x30, 0xab, 0xcd, 0x31]], "01"),
        (&[b"Z-9"], "Z9"),
    ];
    for (names, characters) in examples {
        let hello = plain(0x0303, &[1]).with(16, protocols(names));
        assert_eq!(&hello.ja4()[8..10], characters, "{names:?}");
    }
}

#[test]
fn the_highest_supported_version_counts() {
    for (front, supported, told) in [
        (0x0303, &[0x0304, 0x0303][..], "13"),
        (0x0303, &[0x0303, 0x0a0a, 0x0304], "13"),
        (0x0303, &[0x0302, 0x0301], "11"),
        (0x0303, &[0xeaea], "12"),
        (0x0303, &[], "12"),
        (0x0302, &[], "11"),
        (0x0301, &[], "10"),
        (0x0300, &[], "s3"),
        (0x0002, &[], "s2"),
        (0xfeff, &[], "d1"),
        (0xfefd, &[], "d2"),
        (0xfefd, &[0xfefc], "d3"),
        (0xfefd, &[0xfefc, 0xfefd], "d2"),
        (0x0305, &[], "00"),
    ] {
        let mut hello = plain(front, &[1]);
        if !supported.is_empty() {
            hello = hello.with(43, list8(&numbers(supported)));
        }
        assert_eq!(&hello.ja4()[1..3], told, "{front:x} {supported:x?}");
    }
}

#[test]
fn counts_have_two_digits_and_more_values_than_can_be_sorted_no_fingerprint() {
    let values: Vec<u16> = (0x1000..).take(MAX_VALUES + 1).collect();
    for (count, told) in [
        (1, "01"),
        (42, "42"),
        (99, "99"),
        (100, "99"),
        (MAX_VALUES, "99"),
    ] {
        let mut hello = plain(0x0303, &values[..count]);
        for value in &values[..count] {
            hello = hello.with(*value, Vec::new());
        }
        assert_eq!(hello.ja4()[4..8], [told, told].concat(), "{count}");
    }
    assert_eq!(plain(0x0303, &values).read(), None);
    let mut many = plain(0x0303, &[1]);
    for value in &values {
        many = many.with(*value, Vec::new());
    }
    assert_eq!(many.read(), None);
    for kind in [10, 13] {
        let many = plain(0x0303, &[1]).with(kind, list16(&numbers(&values)));
        assert_eq!(many.read(), None, "{kind}");
    }
}

#[test]
fn hellos_with_damage_have_none() {
    let whole = browser().bytes();
    for length in 0..whole.len() {
        // A hello may end behind its compression methods.
        let ends = length == 34 + 1 + 2 + 2 * 16 + 2;
        let read = fingerprints(&whole[..length], Over::Tcp, BOTH);
        assert_eq!(read.is_some(), ends, "{length}");
    }
    let more = [&whole[..], &[0]].concat();
    assert_eq!(fingerprints(&more, Over::Tcp, BOTH), None);
    assert_eq!(fingerprints(&whole, Over::Dtls, BOTH), None);
    let hello = || plain(0x0303, &[1]);
    for (kind, content) in [
        (10, vec![0, 3, 0, 29, 0]),
        (10, vec![0, 4, 0, 29]),
        (10, vec![0, 2, 0, 29, 0]),
        (10, vec![0]),
        (11, vec![2, 0]),
        (13, vec![0, 1, 4]),
        (16, vec![0, 3, 5, b'h', b'2']),
        (43, vec![3, 3, 4, 3]),
    ] {
        let damaged = hello().with(kind, content.clone());
        assert_eq!(damaged.read(), None, "{kind} {content:?}");
    }
    for kind in [10, 11, 13, 16, 43] {
        let empty = hello().with(kind, Vec::new());
        assert!(empty.read().is_some(), "{kind}");
        assert_eq!(empty.with(kind, Vec::new()).read(), None, "{kind}");
    }
    // Of others two are told twice.
    let twice = hello().with(5, Vec::new()).with(5, Vec::new());
    assert_eq!(&twice.ja4()[6..8], "02");
}

#[test]
fn only_what_is_wanted_is_given() {
    let bytes = browser().bytes();
    for (ja3, ja4) in [(false, false), (true, false), (false, true)] {
        let wanted = Wanted {
            ja3,
            ja4,
            certificates: true,
            urls: false,
        };
        let read = fingerprints(&bytes, Over::Tcp, wanted).unwrap();
        assert_eq!((read.ja3.is_some(), read.ja4.is_some()), (ja3, ja4));
        assert_eq!(wanted.hellos(), ja3 || ja4);
    }
}

#[test]
fn the_cookie_of_dtls_is_passed_over() {
    let read = |cookie: &[u8]| {
        let message = dtls::client_hello("www.example.com", cookie);
        fingerprints(message.body(), Over::Dtls, BOTH).unwrap()
    };
    let first = read(b"");
    assert_eq!(first, read(&[9; 20]));
    assert_eq!(&first.ja4.unwrap().as_str()[..4], "dd2d");
}

/// The texts of both fingerprints put together in the plainest way, from values without those that mean nothing.
fn texts(ciphers: &[u16], kinds: &[u16], groups: &[u16], algorithms: &[u16]) -> (String, String) {
    let decimal = |values: &[u16]| {
        let all: Vec<String> = values.iter().map(u16::to_string).collect();
        all.join("-")
    };
    let hex = |values: &[u16]| {
        let all: Vec<String> = values.iter().map(|value| format!("{value:04x}")).collect();
        all.join(",")
    };
    let digest = |text: String| -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<String>()[..12].to_owned()
    };
    let ja3 = [
        "771".to_owned(),
        decimal(ciphers),
        decimal(kinds),
        decimal(groups),
        String::new(),
    ];
    let mut sorted = ciphers.to_vec();
    sorted.sort();
    let mut others = kinds.to_vec();
    others.sort();
    let ja4 = [
        format!(
            "t12i{:02}{:02}00",
            ciphers.len().min(99),
            kinds.len().min(99)
        ),
        digest(hex(&sorted)),
        digest(format!("{}_{}", hex(&others), hex(algorithms))),
    ];
    (ja3.join(","), ja4.join("_"))
}

proptest! {
    #[test]
    fn text_piece_by_piece_is_the_whole_text(
        ciphers in prop::collection::vec(any::<u16>(), 1..150),
        kinds in prop::collection::vec(100_u16.., 0..150),
        groups in prop::collection::vec(any::<u16>(), 0..50),
        algorithms in prop::collection::vec(any::<u16>(), 1..50),
    ) {
        let meaning = |values: &[u16]| -> Vec<u16> {
            let grease: Vec<u16> = (0..16).map(|n| n * 0x1010 + 0x0a0a).collect();
            values.iter().copied().filter(|value| !grease.contains(value)).collect()
        };
        let (ciphers, groups) = (meaning(&ciphers), meaning(&groups));
        let (kinds, algorithms) = (meaning(&kinds), meaning(&algorithms));
        prop_assume!(!ciphers.is_empty() && !algorithms.is_empty());
        let mut hello = plain(771, &ciphers)
            .with(10, list16(&numbers(&groups)))
            .with(13, list16(&numbers(&algorithms)));
        for kind in &kinds {
            hello = hello.with(*kind, vec![0; 2]);
        }
        let kinds = [&[10, 13], &kinds[..]].concat();
        let (ja3, ja4) = texts(&ciphers, &kinds, &groups, &algorithms);
        let digest = <md5::Md5 as md5::Digest>::digest(ja3.as_bytes());
        prop_assert_eq!(hello.read().unwrap().ja3.unwrap().0, <[u8; 16]>::from(digest));
        prop_assert_eq!(hello.ja4(), ja4);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = make::client_hello("www.example.com").handshake().split_off(4);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let length = length.index(bytes.len() + 1);
        for over in [Over::Tcp, Over::Quic, Over::Dtls] {
            if let Some(read) = fingerprints(&bytes[..length], over, BOTH) {
                let ja4 = read.ja4.unwrap();
                prop_assert!(ja4.as_str().is_ascii() && ja4.as_str().len() == 36);
            }
        }
    }
}
