#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::http2 as make;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn read(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<(Field, String)>, Lost> {
    let mut fields = Vec::new();
    decoder.read(block, false, &mut |field, value| {
        fields.push((field, String::from_utf8_lossy(value).into_owned()));
    })?;
    Ok(fields)
}

fn authority(value: &str) -> Vec<(Field, String)> {
    vec![(Field::Authority, value.into())]
}

// The blocks of RFC 7541 appendix C.3 and C.4: three requests on one connection.
#[test]
fn the_examples_of_the_rfc() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::default();
        for (block, size) in blocks.into_iter().zip([57, 110, 164]) {
            assert_eq!(
                read(&mut decoder, &hex(block)),
                Ok(authority("www.example.com"))
            );
            assert_eq!(decoder.size, size);
        }
    }
}

#[test]
fn entries_are_evicted_by_their_sizes() {
    let mut decoder = Decoder::default();
    // A table of 100 bytes, then three entries of 10 + 9 + 32.
    let mut block = vec![0x3f, 69];
    for host in ["a.example", "b.example", "c.example"] {
        block.push(0x41);
        block.extend(make::string(host.as_bytes()));
    }
    assert_eq!(read(&mut decoder, &block), Ok(authority("a.example")));
    assert_eq!((decoder.entries.len(), decoder.size), (1, 51));
    assert_eq!(decoder.values.len(), 9);
    assert_eq!(read(&mut decoder, &[0xbe]), Ok(authority("c.example")));
    assert_eq!(read(&mut decoder, &[0xbf]), Err(Lost));
    // By the name of a dynamic entry, without entering the table.
    let by_name = [&[0x0f, 0x2f][..], &make::string(b"d.example")].concat();
    assert_eq!(read(&mut decoder, &by_name), Ok(authority("d.example")));
    assert_eq!(read(&mut decoder, &[0x20]), Ok(vec![]));
    assert_eq!((decoder.entries.len(), decoder.values.len()), (0, 0));
}

#[test]
fn a_field_by_its_literal_name() {
    for (name, field) in [
        (&b":authority"[..], Field::Authority),
        (b"host", Field::Host),
    ] {
        for kind in [0x00, 0x10, 0x40] {
            let block = [
                &[kind][..],
                &make::string(name),
                &make::string(b"a.example"),
            ]
            .concat();
            assert_eq!(
                read(&mut Decoder::default(), &block),
                Ok(vec![(field, "a.example".into())])
            );
        }
    }
}

#[test]
fn a_cut_block_tells_what_was_whole() {
    let block = make::request_block("a.example");
    for n in 0..block.len() {
        let mut told = 0;
        let result = Decoder::default().read(&block[..n], true, &mut |_, _| told += 1);
        assert_eq!((result, told), (Ok(()), 0));
    }
}

#[test]
fn what_cannot_be_followed() {
    for block in [
        "80",
        "be",
        "3fffffff7f",
        "3fe1ff7f",
        "ffffffffffffff7f",
        "4185ff",
        "0181ff",
        "0184ffffffff",
    ] {
        assert_eq!(
            read(&mut Decoder::default(), &hex(block)),
            Err(Lost),
            "{block}"
        );
    }
}

#[test]
fn long_values_keep_their_size() {
    let mut decoder = Decoder::default();
    let block = [&[0x41, 0x7f, 0xd9, 0x06][..], &[b'a'; 984]].concat();
    let fields = read(&mut decoder, &block).unwrap();
    assert_eq!(fields[0].1.len(), MAX_KEPT);
    assert_eq!(decoder.size, 984 + 10 + 32);
}

proptest! {
    #[test]
    fn random_bytes_keep_the_table_bounded(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6)) {
        let mut decoder = Decoder::default();
        for block in blocks {
            let _ = decoder.read(&block, true, &mut |_, _| {});
            prop_assert!(decoder.size <= MAX_TABLE);
            prop_assert_eq!(decoder.size, decoder.entries.iter().map(|e| e.size).sum::<usize>());
            prop_assert_eq!(decoder.values.len(), decoder.entries.iter().map(|e| e.kept).sum::<usize>());
        }
    }
}
