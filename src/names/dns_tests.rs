use proptest::prelude::*;
use testkit::dns::{self as make, Name, Place};

use super::*;

fn read(message: &[u8]) -> (Vec<(Kind, String)>, End) {
    let header = Header::read(message).unwrap();
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let end = read_names(&header, message, &mut scratch, &mut |kind, name| {
        names.push((kind, String::from_utf8(name.to_vec()).unwrap()));
    });
    (names, end)
}

fn texts(message: impl Into<Vec<u8>>) -> Vec<String> {
    read(&message.into())
        .0
        .into_iter()
        .map(|(_, name)| name)
        .collect()
}

#[test]
fn a_question_is_a_query_in_both_directions() {
    for message in [
        make::query(1, "WwW.Example.COM", make::A),
        make::response(1, "www.example.com", make::A),
    ] {
        let bytes: Vec<u8> = message.into();
        assert_eq!(
            read(&bytes),
            (vec![(Kind::DnsQuery, "www.example.com".into())], End::Whole)
        );
    }
}

#[test]
fn owner_and_target_of_every_record_that_names_a_host() {
    let message = make::response(1, "a.example", make::A)
        .cname("a.example", "cname.example")
        .ns("zone.example", "ns.example")
        .ptr("9.2.0.192.in-addr.arpa", "ptr.example")
        .mx("mail.example", 10, "mx.example")
        .srv("_sip._tcp.example", 5_060, "srv.example")
        .dname("old.example", "dname.example")
        .authority()
        .record(
            "sig.example",
            46,
            60,
            &[&[0; 18][..], b"\x06signer\x07example\0", &[1; 8]].concat(),
        )
        .additional()
        .txt("txt.example", &["not.a.name.example"])
        .edns(1_232);
    let names = texts(message);
    for want in [
        "a.example",
        "cname.example",
        "ns.example",
        "ptr.example",
        "mx.example",
        "srv.example",
        "dname.example",
        "signer.example",
        "txt.example",
    ] {
        assert!(names.iter().any(|n| n == want), "{want} in {names:?}");
    }
    assert!(!names.iter().any(|n| n.contains("not.a.name")), "{names:?}");
}

#[test]
fn each_name_comes_once_a_kind() {
    let mut message = make::response(1, "a.example", make::A);
    for n in 1..40 {
        message = message.a("a.example", &format!("192.0.2.{n}"));
    }
    let bytes: Vec<u8> = message.into();
    let want = vec![
        (Kind::DnsQuery, "a.example".into()),
        (Kind::DnsAnswer, "a.example".into()),
    ];
    assert_eq!(read(&bytes), (want, End::Whole));
}

#[test]
fn more_names_than_are_remembered_all_come() {
    let mut message = make::response(1, "q.example", make::A);
    for n in 0..200 {
        message = message.a(format!("host-{n}.example").as_str(), "192.0.2.1");
    }
    let names = texts(message);
    for n in 0..200 {
        assert!(names.contains(&format!("host-{n}.example")), "{n}");
    }
}

#[test]
fn unusual_bytes_are_escaped() {
    let name = Name::from_labels(&[b"a.b", b"\x00\xff", b"example"]);
    assert_eq!(
        texts(make::query(1, name, make::A)),
        ["a\\.b.\\000\\255.example"]
    );
}

#[test]
fn the_root_is_not_a_name() {
    assert!(texts(make::query(1, ".", make::NS)).is_empty());
}

#[test]
fn broken_messages_end_and_give_what_came_before() {
    for (what, message) in make::malformed::all() {
        if message.len() < HEADER {
            assert_eq!(Header::read(&message), None, "{what}");
            continue;
        }
        let (names, end) = read(&message);
        assert!(names.len() < 10, "{what}: {names:?}");
        // A pointer forward breaks RFC 1035 section 4.1.4 and a chain is only odd, but both lead to
        // a name that a lenient resolver would read as well: a finding must not hang on them.
        let readable = ["forward pointer", "long chain of pointers"].contains(&what);
        assert_eq!(end == End::Whole, readable, "{what}: {end:?}");
    }
}

#[test]
fn every_prefix_gives_the_names_before_its_end() {
    let message = make::response(1, "a.example", make::A)
        .cname("a.example", "b.example")
        .a("b.example", "192.0.2.1");
    let whole: Vec<u8> = message.into();
    let (all, _) = read(&whole);
    for n in 12..whole.len() {
        let (names, end) = read(&whole[..n]);
        assert_eq!(end, End::Short, "{n}");
        assert_eq!(names[..], all[..names.len()], "{n}");
    }
}

#[test]
fn random_bytes_on_port_53_are_hardly_ever_plausible() {
    let mut random = testkit::rng::Rng::new(1);
    let plausible = (0..10_000)
        .filter(|_| {
            let bytes = random.bytes(60);
            Header::read(&bytes).is_some_and(|h| h.has_room(&bytes, false))
        })
        .count();
    assert!(plausible < 10, "{plausible}");
}

#[test]
fn one_bad_record_does_not_hide_the_next_and_invents_nothing() {
    let message = make::response(1, "a.example", make::A)
        // The exchange of this MX would be made of the next record's bytes.
        .record("a.example", make::MX, 60, &[0, 10, 9])
        .cname("a.example", "next.example");
    let bytes: Vec<u8> = message.into();
    let (names, end) = read(&bytes);
    let texts: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(
        (texts, end),
        (
            vec!["a.example", "a.example", "next.example"],
            End::Malformed
        )
    );
}

#[test]
fn a_question_counts_though_another_count_lies() {
    let bytes: Vec<u8> = make::query(1, "a.example", make::A)
        .claim_count(3, 0xffff)
        .into();
    let header = Header::read(&bytes).unwrap();
    assert!(!header.has_room(&bytes, false));
    assert!(header.begins_with_question(&bytes, &mut Scratch::default()));
    assert_eq!(
        read(&bytes),
        (vec![(Kind::DnsQuery, "a.example".into())], End::Short)
    );
}

#[test]
fn names_of_one_message_are_bounded() {
    let mut message = make::response(1, "a.example", make::A);
    for n in 0..MAX_NAMES {
        message = message.a(format!("h{n}.example").as_str(), "192.0.2.1");
    }
    let bytes: Vec<u8> = message.into();
    let (names, end) = read(&bytes);
    assert_eq!((names.len(), end), (MAX_NAMES, End::TooMany));
}

/// A host name as people register them.
fn host() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-zA-Z0-9_-]{1,20}", 1..6).prop_map(|labels| labels.join("."))
}

proptest! {
    #[test]
    fn agrees_with_the_builder(question in host(), owners in prop::collection::vec(host(), 0..8)) {
        let mut message = make::response(1, question.as_str(), make::A);
        for owner in &owners {
            message = message.cname(owner.as_str(), question.as_str());
        }
        let mut want: Vec<(Kind, String)> = Vec::new();
        for (place, name) in message.names() {
            let kind = match place { Place::Question => Kind::DnsQuery, Place::Record => Kind::DnsAnswer };
            let item = (kind, name.to_ascii_lowercase());
            if !want.contains(&item) {
                want.push(item);
            }
        }
        let bytes: Vec<u8> = message.into();
        prop_assert_eq!(read(&bytes), (want, End::Whole));
    }

    #[test]
    fn agrees_with_simple_dns(question in host(), target in host()) {
        let message = make::response(1, question.as_str(), make::A).cname(question.as_str(), target.as_str());
        let bytes: Vec<u8> = message.into();
        let theirs = simple_dns::Packet::parse(&bytes).unwrap();
        let mut want = vec![(Kind::DnsQuery, theirs.questions[0].qname.to_string().to_ascii_lowercase())];
        for record in &theirs.answers {
            want.push((Kind::DnsAnswer, record.name.to_string().to_ascii_lowercase()));
            if let simple_dns::rdata::RData::CNAME(name) = &record.rdata {
                let item = (Kind::DnsAnswer, name.0.to_string().to_ascii_lowercase());
                if !want.contains(&item) {
                    want.push(item);
                }
            }
        }
        prop_assert_eq!(read(&bytes).0, want);
    }

    #[test]
    fn random_messages_are_survived(message in prop::collection::vec(any::<u8>(), 12..300)) {
        let (names, _) = read(&message);
        prop_assert!(names.iter().all(|(_, n)| !n.is_empty() && n.is_ascii()));
    }

    #[test]
    fn flipped_bytes_are_survived(at in 12usize..80, value: u8) {
        let mut bytes: Vec<u8> = make::response(1, "www.example.com", make::A)
            .cname("www.example.com", "edge.example.net").a("edge.example.net", "192.0.2.9").into();
        if let Some(byte) = bytes.get_mut(at) { *byte = value; }
        read(&bytes);
    }
}
