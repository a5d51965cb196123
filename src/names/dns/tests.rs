use proptest::prelude::*;
use testkit::dns::{self as make, Name, Place};

use super::*;

/// What the walk finds, whether the message would be believed or not.
fn read(message: &[u8]) -> (Vec<(Kind, String)>, End) {
    let header = Header::read(message).unwrap();
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let mut visit = |kind: Kind, name: &[u8]| {
        names.push((kind, String::from_utf8(name.to_vec()).unwrap()));
    };
    let end = Walk::new(DNS, message, &mut scratch, &mut visit).read(&header);
    (names, end)
}

/// What is reported of a datagram.
fn report(message: &[u8], cut: bool, strict: bool) -> (Vec<String>, Option<End>) {
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let end = datagram(message, cut, strict, &mut scratch, &mut |_, name, _| {
        names.push(String::from_utf8(name.to_vec()).unwrap());
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
fn broken_messages_give_what_can_be_read() {
    for (what, message) in make::malformed::all() {
        if message.len() < HEADER {
            assert_eq!(report(&message, false, false), (vec![], None), "{what}");
            continue;
        }
        let (names, end) = read(&message);
        assert!(names.len() < 10, "{what}: {names:?}");
        // A pointer forward breaks RFC 1035 section 4.1.4 and a chain is only odd, but both lead to
        // a name that a lenient resolver would read as well: a finding must not hang on them.
        let readable = ["forward pointer", "long chain of pointers"].contains(&what);
        assert_eq!(end == End::Whole, readable, "{what}: {end:?}");
        // Elsewhere nothing is taken from what is not right from end to end.
        let (strict, end) = report(&message, false, true);
        assert_eq!(
            (!strict.is_empty(), end.is_some()),
            (readable, readable),
            "{what}"
        );
    }
}

#[test]
fn a_name_that_cannot_be_read_does_not_hide_the_next() {
    let long = Name::from_labels(&[&[b'a'; 63][..]; 5]);
    let none = Name::from_labels(&[]);
    // Where the broken name of each message stands, so that it can point to itself.
    let (question, owner, data) = (12, 17, 28);
    let endings: [fn(u16) -> Name; 4] = [
        |at| Name::from_labels(&[]).then_pointer_to(at),
        |at| Name::from_labels(&[b"x"]).then_pointer_to(at),
        |_| Name::from_labels(&[b"x"]).then_pointer_to(3),
        |_| Name::from_labels(&[b"x"]).then_pointer_to(0x3fff),
    ];
    let mut messages = vec![
        make::query(1, long.clone(), make::A).question("a.example", make::A),
        make::query(1, none.then_pointer_to(0x3fff), make::A).question("a.example", make::A),
    ];
    for broken in endings {
        messages.push(make::query(1, broken(question), make::A).question("a.example", make::A));
        let response = make::response(1, ".", make::A);
        messages.push(
            response
                .a(broken(owner), "192.0.2.1")
                .a("a.example", "192.0.2.1"),
        );
        let response = make::response(1, ".", make::A);
        let target = response.record(".", make::CNAME, 60, &broken(data).wire());
        messages.push(target.a("a.example", "192.0.2.1"));
    }
    for message in messages {
        let bytes: Vec<u8> = message.into();
        let shown = bytes.escape_ascii();
        let want = (vec!["a.example".to_owned()], Some(End::Malformed));
        assert_eq!(report(&bytes, false, false), want, "{shown}");
        assert_eq!(report(&bytes, false, true), (vec![], None), "{shown}");
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
            report(&bytes, false, false).1.is_some()
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
    let lie = make::query(1, "a.example", make::A).claim_count(3, 0xffff);
    let bytes: Vec<u8> = lie.clone().into();
    let want = (vec!["a.example".to_owned()], Some(End::Short));
    assert_eq!(report(&bytes, false, false), want);
    assert_eq!(report(&bytes, false, true), (vec![], None));
    let other_class: Vec<u8> = make::message(1)
        .class(77)
        .question("a.example", make::A)
        .claim_count(3, 0xffff)
        .into();
    assert_eq!(report(&other_class, false, false), (vec![], None));
}

#[test]
fn an_unassigned_opcode_needs_all_of_the_message() {
    let odd = make::query(1, "a.example", make::A).opcode(9);
    let bytes: Vec<u8> = odd.clone().into();
    assert_eq!(report(&bytes, false, false).1, Some(End::Whole));
    let bytes: Vec<u8> = odd.raw(b"x").into();
    assert_eq!(report(&bytes, false, false), (vec![], None));
}

#[test]
fn elsewhere_a_cut_message_needs_its_whole_question() {
    let bytes: Vec<u8> = make::response(1, "a.example", make::A)
        .cname("a.example", "b.example")
        .into();
    let question = 12 + 11 + 4;
    for n in 12..bytes.len() {
        let (names, end) = report(&bytes[..n], true, true);
        assert_eq!(names.is_empty(), n < question, "{n}");
        assert_eq!(end, (n >= question).then_some(End::Short), "{n}");
        assert_eq!(report(&bytes[..n], false, true), (vec![], None), "{n}");
        // On port 53 it counts however little there is.
        assert_eq!(report(&bytes[..n], true, false).1, Some(End::Short), "{n}");
    }
}

#[test]
fn elsewhere_classes_are_those_in_use() {
    for (class, believed) in [
        (1, true),
        (3, true),
        (4, true),
        (255, true),
        (0, false),
        (0x4142, false),
    ] {
        let bytes: Vec<u8> = make::message(1)
            .class(class)
            .question("a.example", make::A)
            .into();
        assert_eq!(report(&bytes, false, true).1.is_some(), believed, "{class}");
        assert_eq!(report(&bytes, false, false).1, Some(End::Whole), "{class}");
    }
}

#[test]
fn the_note_is_of_the_header() {
    let bytes: Vec<u8> = make::response(1, "gone.example", make::A)
        .rcode(make::rcode::NXDOMAIN)
        .into();
    let mut notes = Vec::new();
    datagram(
        &bytes,
        false,
        false,
        &mut Scratch::default(),
        &mut |_, _, note| notes.push(note),
    );
    assert_eq!(
        notes,
        [DnsNote {
            response: true,
            rcode: 3
        }]
    );
}

#[test]
fn dynamic_updates_and_notifications() {
    // Zone, prerequisite (the name is not in use: class NONE, no data), an addition, a deletion.
    let update = make::message(1)
        .opcode(make::opcode::UPDATE)
        .question("zone.example", make::SOA)
        .class(254)
        .record("absent.zone.example", make::ANY, 0, &[])
        .authority()
        .class(1)
        .cname("new.zone.example", "target.example")
        .class(255)
        .record("old.zone.example", make::CNAME, 0, &[]);
    let notify = make::query(2, "zone.example", make::SOA)
        .opcode(make::opcode::NOTIFY)
        .soa("zone.example", "ns.example", "hostmaster.example");
    let want: [(_, &[&str]); 2] = [
        (
            update,
            &[
                "zone.example",
                "absent.zone.example",
                "new.zone.example",
                "target.example",
                "old.zone.example",
            ],
        ),
        (
            notify,
            &[
                "zone.example",
                "zone.example",
                "ns.example",
                "hostmaster.example",
            ],
        ),
    ];
    for (message, names) in want {
        let bytes: Vec<u8> = message.into();
        for strict in [false, true] {
            let (found, end) = report(&bytes, false, strict);
            assert_eq!(found, names);
            assert_eq!(end, Some(End::Whole));
        }
    }
}

#[test]
fn what_the_names_of_one_message_spell_is_bounded() {
    // Thousands of records whose owners point to different places of one long name.
    let mut message = make::response(1, Name::from_labels(&[&b"a"[..]; 126]), make::A);
    for n in 0..5_000u16 {
        let owner = Name::from_labels(&[b"b"]).then_pointer_to(12 + 2 * (n % 40));
        message = message.record(owner, make::A, 60, &[192, 0, 2, 1]);
    }
    let bytes: Vec<u8> = message.into();
    let (names, end) = read(&bytes);
    assert_eq!(end, End::TooMany);
    let spelled: usize = names.iter().map(|(_, name)| name.len() + 2).sum();
    assert!(spelled <= walk::MAX_SPELLED, "{spelled}");
    assert!(spelled > walk::MAX_SPELLED / 2, "{spelled}");
}

#[test]
fn all_names_of_a_zone_transfer_as_long_as_a_message_can_be() {
    let mut message = make::response(1, "zone.example", 252);
    let mut wanted = 0;
    while Vec::from(message.clone()).len() < 65_000 {
        for _ in 0..100 {
            let owner = format!("host-{wanted}.zone.example");
            message = message.a(owner.as_str(), "192.0.2.1");
            wanted += 1;
        }
    }
    let bytes: Vec<u8> = message.into();
    let (names, end) = read(&bytes);
    assert_eq!((names.len(), end), (wanted + 1, End::Whole));
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
