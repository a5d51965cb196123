use proptest::prelude::*;
use testkit::dns::{self as make, Name};

use super::*;

/// One call.
fn ask(bytes: &[u8], last: bool, strict: bool) -> (Step, Option<End>, Vec<String>) {
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let (step, end) = tcp_message(bytes, last, strict, &mut scratch, &mut |_, name, _| {
        names.push(String::from_utf8(name.to_vec()).unwrap());
    });
    if let Step::Need(n) = step {
        assert!(n > bytes.len() && names.is_empty() && !last);
    }
    (step, end, names)
}

/// All of a direction that arrives in pieces, read as a reassembler would.
fn stream(pieces: &[&[u8]], strict: bool) -> Vec<String> {
    let (mut held, mut found, mut need) = (Vec::new(), Vec::new(), 0);
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        held.extend_from_slice(piece);
        let last = pieces.peek().is_none();
        while !held.is_empty() && (last || held.len() >= need) {
            let (step, _, names) = ask(&held, last, strict);
            found.extend(names);
            match step {
                Step::Took(n) => {
                    held.drain(..usize::try_from(n).unwrap().min(held.len()));
                    need = 0;
                }
                Step::Need(n) => {
                    need = n;
                    break;
                }
                Step::End => return found,
            }
        }
    }
    found
}

fn answer() -> Vec<u8> {
    make::response(1, "a.example", make::A)
        .cname("a.example", "b.example")
        .over_tcp()
}

#[test]
fn the_length_is_asked_for_once() {
    let bytes = answer();
    for strict in [false, true] {
        assert_eq!(ask(&bytes[..1], false, strict).0, Step::Need(2));
        for n in 2..bytes.len() {
            assert_eq!(
                ask(&bytes[..n], false, strict).0,
                Step::Need(bytes.len()),
                "{n}"
            );
        }
        let (step, end, names) = ask(&bytes, false, strict);
        assert_eq!(step, Step::Took(bytes.len() as u64));
        assert_eq!(end, Some(End::Whole));
        assert_eq!(names, ["a.example", "a.example", "b.example"]);
    }
}

#[test]
fn several_messages_in_any_segments() {
    let bytes = [
        make::query(1, "a.example", make::A).over_tcp(),
        make::query(2, "b.example", make::A).edns(1_232).over_tcp(),
        answer(),
    ]
    .concat();
    let want = [
        "a.example",
        "b.example",
        "a.example",
        "a.example",
        "b.example",
    ];
    for strict in [false, true] {
        assert_eq!(stream(&[&bytes], strict), want);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(stream(&single, strict), want);
    }
}

#[test]
fn a_zone_transfer_repeats_no_question() {
    let more: Vec<u8> = make::message(1)
        .is_response()
        .ns("zone.example", "ns.example")
        .over_tcp();
    for strict in [false, true] {
        assert_eq!(ask(&more, false, strict).2, ["zone.example", "ns.example"]);
    }
}

#[test]
fn a_message_that_breaks_off_names_what_is_there_on_its_own_port_only() {
    let bytes = answer();
    let question = 2 + 12 + 11 + 4;
    for n in 0..bytes.len() {
        let (step, end, names) = ask(&bytes[..n], true, false);
        assert_eq!(step, Step::End, "{n}");
        assert_eq!(end, (n >= 14).then_some(End::Short), "{n}");
        assert_eq!(names.is_empty(), n < question - 4, "{n}");
        assert_eq!(
            ask(&bytes[..n], true, true),
            (Step::End, None, vec![]),
            "{n}"
        );
    }
}

#[test]
fn what_is_not_dns_ends() {
    let tls = testkit::tls::client_hello("a.example").records();
    let cases: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\0\x0bshort length",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"* OK IMAP4rev1 ready\r\n",
        &tls,
    ];
    for bytes in cases {
        for strict in [false, true] {
            let shown = bytes.escape_ascii();
            assert_eq!(
                ask(bytes, false, strict),
                (Step::End, None, vec![]),
                "{shown}"
            );
        }
    }
}

#[test]
fn elsewhere_a_message_is_dns_to_its_last_byte() {
    let junk = make::query(1, "a.example", make::A).raw(b"junk").over_tcp();
    assert_eq!(ask(&junk, false, true), (Step::End, None, vec![]));
    let (step, end, names) = ask(&junk, false, false);
    assert_eq!(
        (step, end),
        (Step::Took(junk.len() as u64), Some(End::Trailing(4)))
    );
    assert_eq!(names, ["a.example"]);
}

#[test]
fn the_longest_message() {
    let owner = Name::from_labels(&[&[b'x'; 60]]);
    let filler = vec![0; 60_000];
    let bytes = make::response(1, "a.example", make::A)
        .record(owner, make::TXT, 60, &filler)
        .ns("zone.example", "last.example")
        .over_tcp();
    assert_eq!(ask(&bytes[..99], false, false).0, Step::Need(bytes.len()));
    assert!(
        ask(&bytes, false, false)
            .2
            .contains(&"last.example".to_owned())
    );
}

#[test]
fn a_capture_that_begins_behind_the_length() {
    // The identifier stands where the length is looked for.
    for id in [0, 16, 29, 0xe7af] {
        let first: Vec<u8> = make::query(id, "a.example", make::A).into();
        let second = make::query(2, "b.example", make::A).over_tcp();
        let (length, message) = second.split_at(2);
        let pieces = [&first[..], length, message];
        assert_eq!(stream(&pieces, false), ["a.example", "b.example"], "{id}");
        assert!(stream(&pieces, true).is_empty(), "{id}");
    }
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut(
        hosts in prop::collection::vec("[a-z]{1,20}(\\.[a-z]{1,20}){1,4}", 1..6),
        sizes in prop::collection::vec(1usize..60, 1..40),
        strict: bool,
    ) {
        let mut bytes = Vec::new();
        for (n, host) in hosts.iter().enumerate() {
            let id = u16::try_from(n).unwrap();
            bytes.extend(make::query(id, host.as_str(), make::A).over_tcp());
        }
        let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
        for size in sizes {
            if rest.len() > size {
                let (piece, more) = rest.split_at(size);
                pieces.push(piece);
                rest = more;
            }
        }
        pieces.push(rest);
        prop_assert_eq!(stream(&pieces, strict), hosts);
    }

    #[test]
    fn random_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..300), like: bool, last: bool, strict: bool) {
        if like {
            bytes.splice(0..0, [0, 60, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        }
        let (step, end, names) = ask(&bytes, last, strict);
        if let Step::Took(n) = step {
            prop_assert!(n >= 12 && end.is_some());
        }
        prop_assert!(end.is_some() || names.is_empty());
    }
}
