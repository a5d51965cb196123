#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use proptest::prelude::*;
use testkit::dns as make;

use super::super::{DnsNote, End, Scratch, datagram};
use super::*;
use crate::names::Kind;

fn glance(message: &[u8]) -> Option<(usize, usize)> {
    let glanced = Glance::default().datagram(message, |_| false)?;
    Some((glanced.questions.into(), glanced.records.into()))
}

/// Glances with one listed name.
fn glance_for(listed: &str, message: &[u8]) -> Option<Glanced> {
    let hash = label::last_two(listed.as_bytes()).unwrap();
    Glance::default().datagram(message, |last_two| last_two == hash)
}

/// What the reader of whole messages gives.
fn read(message: &[u8]) -> (Vec<(Kind, String)>, Option<End>) {
    let mut names = Vec::new();
    let end = datagram(
        message,
        false,
        false,
        &mut Scratch::default(),
        &mut |kind, name, _: DnsNote| names.push((kind, String::from_utf8_lossy(name).into())),
    );
    (names, end)
}

fn answer() -> make::Message {
    make::response(1, "www.shop.example", make::A)
        .cname("www.shop.example", "edge.cdn.example")
        .a("edge.cdn.example", "192.0.2.1")
        .aaaa("edge.cdn.example", "2001:db8::1")
        .authority()
        .ns("cdn.example", "ns1.cdn.example")
        .additional()
        .edns(1_232)
}

#[test]
fn usual_messages_are_counted() {
    let query: Vec<u8> = make::query(1, "WWW.shop.example", make::A)
        .edns(1_232)
        .into();
    assert_eq!(glance(&query), Some((1, 0)));
    let answer: Vec<u8> = answer().into();
    // www.shop, edge.cdn, cdn, ns1.cdn
    assert_eq!(glance(&answer), Some((1, 4)));
    let missing: Vec<u8> = make::response(1, "gone.example", make::A)
        .rcode(3)
        .authority()
        .soa("example", "ns.example", "hostmaster.example")
        .into();
    assert_eq!(glance(&missing), Some((1, 3)));
    let services: Vec<u8> = make::response(1, "shop.example", 33)
        .srv("_sip._tcp.shop.example", 5_060, "sip.shop.example")
        .mx("shop.example", 10, "mx.shop.example")
        .into();
    assert_eq!(glance(&services), Some((1, 4)));
}

#[test]
fn a_listed_name_anywhere_has_to_be_read() {
    let answer: Vec<u8> = answer().into();
    for listed in ["shop.example", "cdn.example"] {
        assert_eq!(glance_for(listed, &answer), None, "{listed}");
    }
    // Its parent is another name, and so is what only looks like it.
    for innocent in ["hop.example", "www.example", "example.cdn"] {
        assert!(glance_for(innocent, &answer).is_some(), "{innocent}");
    }
    let mixed_case: Vec<u8> = make::query(1, "a.b.EviL.eXample", make::A).into();
    assert_eq!(glance_for("evil.example", &mixed_case), None);
}

#[test]
fn a_listed_name_by_pointers_alone_has_to_be_read() {
    // `example` stands in the question, `evil` before a pointer to it.
    let owner = make::Name::from_labels(&[b"evil"]).then_pointer_to(12 + 1 + 4);
    let message: Vec<u8> = make::response(1, "shop.example", make::A)
        .uncompressed()
        .a(owner, "192.0.2.1")
        .into();
    assert_eq!(glance(&message), Some((1, 1)));
    assert_eq!(glance_for("evil.example", &message), None);
}

#[test]
fn a_dot_inside_a_label_is_no_boundary() {
    let name = make::Name::from_labels(&[b"www.evil", b"example"]);
    let message: Vec<u8> = make::query(1, name, make::A).into();
    assert!(glance_for("evil.example", &message).is_some());
}

#[test]
fn what_is_not_usual_has_to_be_read() {
    for (what, message) in make::malformed::all() {
        assert_eq!(glance(&message), None, "{what}");
    }
    let whole: Vec<u8> = answer().into();
    for length in 0..whole.len() {
        assert_eq!(glance(&whole[..length]), None, "{length}");
    }
    let trailing = [&whole[..], &[0]].concat();
    assert_eq!(glance(&trailing), None);
    let naptr: Vec<u8> = make::response(1, "shop.example", 35)
        .naptr("shop.example", "SIP+D2T", "_sip._tcp.shop.example")
        .into();
    assert_eq!(glance(&naptr), None);
}

#[test]
fn many_names_have_to_be_read() {
    let mut message = make::response(1, "shop.example", make::A);
    for n in 0..NAMES {
        message = message.a(format!("h{n}.shop.example"), "192.0.2.1");
    }
    let message: Vec<u8> = message.into();
    assert_eq!(glance(&message), None);
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec("[a-cA-C]{1,2}", 1..4).prop_map(|labels| labels.join("."))
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let record = (0_u8..9, name(), name());
    (name(), prop::collection::vec(record, 0..4), any::<bool>()).prop_map(
        |(asked, records, uncompressed)| {
            let mut message = make::response(7, asked, make::A);
            if uncompressed {
                message = message.uncompressed();
            }
            for (kind, owner, target) in records {
                message = match kind {
                    0 => message.a(owner, "192.0.2.1"),
                    1 => message.cname(owner, target),
                    2 => message.ns(owner, target),
                    3 => message.mx(owner, 1, target),
                    4 => message.srv(owner, 1, target),
                    5 => message.soa(owner, target, "x.y"),
                    6 => message.txt(owner, &["text"]),
                    7 => message.dname(owner, target),
                    _ => message.aaaa(owner, "2001:db8::1"),
                };
            }
            message.into()
        },
    )
}

proptest! {
    // Whatever it answers for, the reader of whole messages gives as many names of each kind, and no name
    // that is listed.
    #[test]
    fn counts_what_is_read(
        bytes in message(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        listed in "[a-c]{1,2}\\.[a-c]{1,2}",
    ) {
        let whole = flips.is_empty();
        let mut bytes = bytes;
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let (names, end) = read(&bytes);
        let is_listed = |name: &str| name == listed || name.ends_with(&format!(".{listed}"));
        let hash = label::last_two(listed.as_bytes()).unwrap();
        let glanced = Glance::default().datagram(&bytes, |last_two| last_two == hash);
        if whole {
            prop_assert_eq!(glanced.is_none(), names.iter().any(|(_, name)| is_listed(name)));
        }
        if let Some(glanced) = glanced {
            prop_assert_eq!(end, Some(End::Whole));
            prop_assert!(!names.iter().any(|(_, name)| is_listed(name)));
            let of = |kind| names.iter().filter(|(k, _)| *k == kind).count();
            prop_assert_eq!(usize::from(glanced.questions), of(Kind::DnsQuery));
            prop_assert_eq!(usize::from(glanced.records), of(Kind::DnsAnswer));
        }
    }
}
