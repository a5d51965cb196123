#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::http2 as make;

use super::*;

/// What a connection gives, from its preface or its first frame on.
fn walk(mut connection: Connection, bytes: &[u8]) -> (Vec<(Kind, String)>, Vec<Vec<u8>>, u32) {
    let (mut hosts, mut data, mut lost) = (Vec::new(), Vec::new(), 0);
    let mut at = 0;
    while at < bytes.len() {
        let step = connection.read(&bytes[at..], true, &mut |content| match content {
            Content::Host(kind, host) => {
                hosts.push((kind, String::from_utf8_lossy(host).into_owned()));
            }
            Content::Data(bytes) => data.push(bytes.to_vec()),
            Content::Lost => lost += 1,
        });
        match step {
            Step::Took(n) => {
                assert!(n > 0);
                at = at.saturating_add(usize::try_from(n).unwrap());
            }
            Step::End => break,
            Step::Need(n) => panic!("needs {n} of the last bytes"),
        }
    }
    (hosts, data, lost)
}

fn client(frames: &[Vec<u8>]) -> (Vec<(Kind, String)>, Vec<Vec<u8>>, u32) {
    let bytes = [make::PREFACE, &make::settings(), &frames.concat()].concat();
    walk(Connection::client(), &bytes)
}

fn authority(host: &str) -> (Kind, String) {
    (Kind::Http2Authority, host.into())
}

#[test]
fn requests_name_their_authority() {
    let first = make::frame(1, 5, &make::request_block("me@a.example:8080"));
    // The second request by index.
    let second = make::frame(1, 5, &[0x82, 0x86, 0x84, 0xbe]);
    let (hosts, _, lost) = client(&[first, second]);
    assert_eq!(
        (hosts, lost),
        (vec![authority("a.example"), authority("a.example")], 0)
    );
}

#[test]
fn padding_priority_and_continuation() {
    let block = make::request_block("a.example");
    let mut padded = vec![3, 0, 0, 0, 0, 16];
    padded.extend(&block);
    padded.extend([0; 3]);
    assert_eq!(
        client(&[make::frame(1, 0x2d, &padded)]).0,
        [authority("a.example")]
    );
    for cut in 0..block.len() {
        let frames = [
            make::frame(1, 1, &block[..cut]),
            make::frame(9, 0, &[]),
            make::frame(9, 4, &block[cut..]),
        ];
        assert_eq!(client(&frames).0, [authority("a.example")], "{cut}");
    }
}

#[test]
fn a_host_field_stands_in_or_beside() {
    let host = |name: &[u8]| [&[0x66][..], &make::string(name)].concat();
    let alone = make::frame(1, 5, &host(b"a.example"));
    assert_eq!(client(&[alone]).0, [authority("a.example")]);
    for (name, count) in [(&b"A.example"[..], 1), (b"b.example", 2)] {
        let both = [make::request_block("a.example"), host(name)].concat();
        assert_eq!(client(&[make::frame(1, 5, &both)]).0.len(), count);
    }
}

#[test]
fn short_data_is_given_on_in_both_directions() {
    let data = make::frame(0, 1, b"twelve bytes");
    assert_eq!(
        client(std::slice::from_ref(&data)).1,
        [b"twelve bytes".to_vec()]
    );
    let padded = make::frame(0, 9, b"\x02twelve bytes\0\0");
    let server = [make::settings(), make::frame(1, 4, &[0x88]), padded].concat();
    assert_eq!(server_begins(&server), Some(true));
    let (hosts, data, lost) = walk(Connection::server(), &server);
    assert_eq!(
        (hosts, data, lost),
        (vec![], vec![b"twelve bytes".to_vec()], 0)
    );
}

#[test]
fn blocks_that_cannot_be_followed_are_told_once() {
    let bad = make::frame(1, 5, &[0xff, 0xff]);
    let good = make::frame(1, 5, &make::request_block("a.example"));
    assert_eq!(client(&[bad, good.clone()]), (vec![], vec![], 1));
    assert_eq!(client(&[make::frame(9, 4, &[]), good.clone()]).2, 1);
    assert_eq!(client(&[make::frame(1, 0, &[]), good]).2, 1);
    let endless: Vec<_> = std::iter::once(make::frame(1, 0, &[]))
        .chain((0..9).map(|_| make::frame(9, 0, &[0x82; 9_000])))
        .collect();
    assert_eq!(client(&endless).2, 1);
}

#[test]
fn a_cut_frame_tells_what_is_whole() {
    let bytes = [make::connection("a.example"), make::settings()].concat();
    let end = bytes.len() - make::settings().len();
    assert_eq!(walk(Connection::client(), &bytes[..end]).0.len(), 1);
    assert_eq!(walk(Connection::client(), &bytes[..end - 1]).0.len(), 0);
    // A field behind the name is missing.
    let mut block = make::request_block("a.example");
    block.extend([0x40, 5]);
    let frame = make::frame(1, 5, &block);
    assert_eq!(
        client(&[frame[..frame.len() - 1].to_vec()]).0,
        [authority("a.example")]
    );
    let open = make::frame(1, 1, &block[..block.len() - 1]);
    assert_eq!(client(&[open, vec![0]]).0, [authority("a.example")]);
}

#[test]
fn the_first_frame_is_settings() {
    let bytes = [
        make::PREFACE,
        &make::frame(1, 5, &make::request_block("a.example")),
    ]
    .concat();
    assert_eq!(walk(Connection::client(), &bytes).0, []);
    assert_eq!(server_begins(b"\0\0\x0c\x04\0\0"), None);
    for wrong in [
        &b"\0\0\x0c\x05"[..],
        b"\0\0\x0b",
        b"\0\x01",
        b"\0\0\0\x04\0\0\0\0\x01",
    ] {
        assert_eq!(server_begins(wrong), Some(false), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn random_frames_come_to_an_end(
        frames in prop::collection::vec((0u8..11, any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)), 0..20),
        tail in prop::collection::vec(any::<u8>(), 0..30),
        server: bool,
    ) {
        let mut bytes = make::settings();
        for (kind, flags, payload) in frames {
            bytes.extend(make::frame(kind, flags, &payload));
        }
        bytes.extend(tail);
        let (hosts, _, lost) = walk(if server { Connection::server() } else { Connection::default() }, &bytes);
        prop_assert!(lost <= 1 && (!server || hosts.is_empty()));
    }
}
