use proptest::prelude::*;
use testkit::dns::{self as make};

use super::*;

fn read(message: impl Into<Vec<u8>>) -> (Vec<String>, Vec<String>) {
    let mut addresses = Addresses::default();
    addresses.read(&message.into());
    let names = addresses.names();
    let names = names.map(|n| String::from_utf8(n.to_vec()).unwrap());
    let found = addresses.addresses().iter();
    (names.collect(), found.map(|(a, _)| a.to_string()).collect())
}

#[test]
fn a_chain_leads_from_the_question_to_the_addresses() {
    let answer = make::response(1, "www.shop.example", make::A)
        .cname("www.shop.example", "shop.cdn.example")
        .cname("shop.cdn.example", "edge.cdn.example")
        .a("edge.cdn.example", "203.0.113.7")
        .aaaa("Edge.CDN.example", "2001:db8::7")
        .a("unrelated.example", "203.0.113.99");
    let (names, addresses) = read(answer);
    assert_eq!(
        names,
        ["www.shop.example", "shop.cdn.example", "edge.cdn.example"]
    );
    assert_eq!(addresses, ["203.0.113.7", "2001:db8::7"]);
}

#[test]
fn aliases_behind_the_addresses_count() {
    let answer = make::response(1, "a.example", make::A)
        .a("b.example", "203.0.113.7")
        .cname("a.example", "b.example");
    assert_eq!(read(answer).1, ["203.0.113.7"]);
}

#[test]
fn hints_of_https_records_are_addresses() {
    let v6 = "2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap();
    let answer = make::response(1, "a.example", make::HTTPS).https(
        "a.example",
        1,
        ".",
        &[
            (1, b"\x02h3"),
            (4, &[203, 0, 113, 7, 203, 0, 113, 8]),
            (6, &v6.octets()),
        ],
    );
    assert_eq!(
        read(answer).1,
        ["203.0.113.7", "203.0.113.8", "2001:db8::7"]
    );
}

#[test]
fn times_to_live_are_kept_and_addresses_stand_once() {
    let answer = make::response(1, "a.example", make::A)
        .record("a.example", make::A, 60, &[203, 0, 113, 7])
        .record("a.example", make::A, 90, &[203, 0, 113, 7]);
    let mut addresses = Addresses::default();
    assert!(addresses.read(&Vec::from(answer)));
    assert_eq!(
        addresses.addresses(),
        [(Ipv4Addr::new(203, 0, 113, 7).into(), 60)]
    );
}

#[test]
fn queries_errors_and_other_classes_give_nothing() {
    let with_a = |m: make::Message| m.a("a.example", "203.0.113.7");
    for message in [
        make::query(1, "a.example", make::A),
        with_a(make::query(1, "a.example", make::A)),
        with_a(make::response(1, "a.example", make::A).rcode(3)),
        with_a(make::response(1, "a.example", make::A).opcode(5)),
        with_a(make::response(1, "a.example", make::A).class(3)),
        make::response(1, "a.example", make::A),
        make::response(1, "a.example", make::A).record("a.example", make::A, 60, &[1, 2, 3]),
    ] {
        assert!(read(message).1.is_empty());
    }
}

#[test]
fn what_is_beyond_the_bounds_is_counted() {
    let mut answer = make::response(1, "a.example", make::A);
    for n in 0..40 {
        answer = answer.a("a.example", &format!("203.0.113.{n}"));
    }
    let mut addresses = Addresses::default();
    addresses.read(&Vec::from(answer));
    assert_eq!(addresses.addresses().len(), MAX_ADDRESSES);
    assert_eq!(addresses.take_beyond(), 8);
    let mut chain = make::response(1, "n0.example", make::A);
    for n in 0..MAX_NAMES {
        chain = chain.cname(format!("n{n}.example"), format!("n{}.example", n + 1));
    }
    assert!(!addresses.read(&Vec::from(chain)));
    assert_eq!(addresses.names().count(), MAX_NAMES);
    assert_eq!(addresses.take_beyond(), 1);
}

#[test]
fn pointers_that_loop_end() {
    let mut message = Vec::from(make::response(1, "a.example", make::A).claim_count(1, 3));
    // A record whose owner points to itself.
    let at = message.len() as u8;
    message.extend_from_slice(&[0xc0, at, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 203, 0, 113, 7]);
    assert!(read(message).1.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_can_be_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300), head: bool) {
        if head && bytes.len() >= 12 {
            bytes[2..6].copy_from_slice(&[0x81, 0x80, 0, 1]);
            bytes[6] = 0;
        }
        read(bytes);
    }
}
