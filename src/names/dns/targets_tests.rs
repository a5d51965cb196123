use testkit::dns::{self as make, Name};

use crate::names::dns::{End, Scratch, datagram};

/// The names of a response to a question for the root, with one record of the root.
fn names(rr_type: u16, data: &[u8]) -> (Vec<String>, Option<End>) {
    let bytes: Vec<u8> = make::response(1, ".", make::ANY)
        .record(".", rr_type, 60, data)
        .into();
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let end = datagram(&bytes, false, false, &mut scratch, &mut |_, name, _| {
        names.push(String::from_utf8(name.to_vec()).unwrap());
    });
    (names, end)
}

fn wire(name: &str) -> Vec<u8> {
    Name::from(name).wire()
}

/// Name and number of a type, the data before its names, how many there are, and the data behind.
type Row = (&'static str, u16, &'static [u8], usize, &'static [u8]);

#[test]
fn every_type_with_names_in_its_data() {
    let (one, two) = (wire("one.example"), wire("two.example"));
    let table: [Row; 36] = [
        ("NS", 2, &[], 1, &[]),
        ("MD", 3, &[], 1, &[]),
        ("MF", 4, &[], 1, &[]),
        ("CNAME", 5, &[], 1, &[]),
        ("SOA", 6, &[], 2, &[0; 20]),
        ("MB", 7, &[], 1, &[]),
        ("MG", 8, &[], 1, &[]),
        ("MR", 9, &[], 1, &[]),
        ("PTR", 12, &[], 1, &[]),
        ("MINFO", 14, &[], 2, &[]),
        ("MX", 15, &[0, 10], 1, &[]),
        ("RP", 17, &[], 2, &[]),
        ("AFSDB", 18, &[0, 1], 1, &[]),
        ("RT", 21, &[0, 1], 1, &[]),
        ("NSAP-PTR", 23, &[], 1, &[]),
        ("SIG", 24, &[0; 18], 1, &[1; 8]),
        ("PX", 26, &[0, 1], 2, &[]),
        ("NXT", 30, &[], 1, &[0x40, 1]),
        ("SRV", 33, &[0, 1, 0, 2, 0, 80], 1, &[]),
        ("NAPTR", 35, b"\0\x01\0\x01\x01s\x03SIP\0", 1, &[]),
        ("KX", 36, &[0, 1], 1, &[]),
        ("A6 of 64 bits", 38, &[64, 1, 2, 3, 4, 5, 6, 7, 8], 1, &[]),
        ("A6 of 128 bits", 38, &[128], 1, &[]),
        ("DNAME", 39, &[], 1, &[]),
        ("IPSECKEY", 45, &[10, 3, 2], 1, &[9; 16]),
        ("RRSIG", 46, &[0; 18], 1, &[1; 8]),
        ("NSEC", 47, &[], 1, &[0, 1, 0x40]),
        ("HIP", 55, &[2, 1, 0, 3, 9, 9, 8, 8, 8], 2, &[]),
        ("TALINK", 58, &[], 2, &[]),
        ("SVCB", 64, &[0, 1], 1, &[0, 1, 0, 3, 2, b'h', b'2']),
        ("HTTPS alias", 65, &[0, 0], 1, &[]),
        ("DSYNC", 66, &[0, 59, 1, 0, 53], 1, &[]),
        ("LP", 107, &[0, 10], 1, &[]),
        ("TSIG", 250, &[], 1, &[0; 16]),
        ("AMTRELAY", 260, &[10, 0x83], 1, &[]),
        ("WINS-R", 0xff02, &[0; 12], 1, &[]),
    ];
    for (what, rr_type, front, count, back) in table {
        let mut data = [front, &one].concat();
        let mut want = vec!["one.example".to_owned()];
        if count == 2 {
            data.extend_from_slice(&two);
            want.push("two.example".to_owned());
        }
        data.extend_from_slice(back);
        assert_eq!(names(rr_type, &data), (want, Some(End::Whole)), "{what}");
        // Cut anywhere, it gives no other name.
        for n in 0..data.len() {
            let (found, _) = names(rr_type, &data[..n]);
            let known = |name: &String| ["one.example", "two.example"].contains(&name.as_str());
            assert!(found.iter().all(known), "{what} of {n}: {found:?}");
        }
    }
}

#[test]
fn fields_that_are_no_names_give_none() {
    let one = wire("one.example");
    let cases: [(&str, u16, Vec<u8>); 7] = [
        ("TXT", 16, [&[12][..], &one].concat()),
        ("A6 of 0 bits", 38, [&[0][..], &one].concat()),
        ("IPSECKEY, an address", 45, [&[10, 1, 2][..], &one].concat()),
        ("AMTRELAY, no relay", 260, [&[10, 0][..], &one].concat()),
        ("HIP without a server", 55, vec![1, 1, 0, 1, 7, 7]),
        ("OPENPGPKEY", 61, one.clone()),
        ("private use", 65_280, one.clone()),
    ];
    for (what, rr_type, data) in cases {
        assert_eq!(names(rr_type, &data), (vec![], Some(End::Whole)), "{what}");
    }
    // A prefix of more bits than an address has.
    let wrong = [&[129][..], &one].concat();
    assert_eq!(names(38, &wrong), (vec![], Some(End::Malformed)));
}
