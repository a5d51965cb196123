#![allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
use std::net::Ipv4Addr;

use testkit::dns::{self as make};
use testkit::frame::ethernet;

use super::*;
use crate::packet;
use crate::rules::{LoadOptions, load};
use crate::source::LinkType;

const EVIL: &str = "203.0.113.66";

fn rules(groups: &str) -> RuleSet {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(
        &path,
        format!("bellerophon: 1\npack: p\ngroups:\n  - {groups}\n"),
    )
    .unwrap();
    let options = LoadOptions {
        rules: vec![path],
        ..LoadOptions::default()
    };
    load(&options).unwrap().rules
}

fn at(number: u64, secs: i64) -> At {
    At {
        number,
        timestamp: Timestamp::from_parts(secs, 0),
    }
}

/// Some flags of TCP.
const SYN: u8 = 2;
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;
const RST: u8 = 4;

struct Watched {
    rules: RuleSet,
    contacts: Contacts,
}

impl Watched {
    fn new(groups: &str) -> Self {
        let rules = rules(groups);
        let contacts = Contacts::new(Some(&rules), true);
        Self { rules, contacts }
    }

    fn look(&mut self, frame: &[u8], secs: i64) -> Option<Contact> {
        let link = LinkType(ethernet().link_type() as u16);
        let (ip, transport) = packet::plainest(link, frame).unwrap();
        let cut = false;
        if !self.contacts.is_on() || !self.contacts.may_concern(&ip, &self.rules) {
            return None;
        }
        let packet = Packet { ip, transport, cut };
        self.contacts
            .look(&packet, &self.rules, at(1, secs).timestamp)
    }

    fn udp(&mut self, from: &str, to: &str, secs: i64) -> Option<(Reach, bool)> {
        let frame = ethernet()
            .ip(from, to)
            .udp(5_000, 6_000)
            .payload(vec![0; 20]);
        let contact = self.look(&frame, secs)?;
        Some((contact.reach, contact.outward))
    }

    fn tcp(
        &mut self,
        (from, to): (&str, &str),
        flags: u8,
        payload: usize,
    ) -> Option<(Reach, bool)> {
        let mut frame = ethernet()
            .ip(from, to)
            .tcp(5_000, 443)
            .payload(vec![0; payload]);
        // Behind Ethernet and IPv4: the flags of TCP.
        frame[14 + 20 + 13] = flags;
        let contact = self.look(&frame, 1)?;
        Some((contact.reach, contact.outward))
    }

    fn answer(&mut self, message: make::Message, at: At) -> usize {
        let mut told = 0;
        let bytes = Vec::from(message);
        self.contacts
            .learn(&bytes, &self.rules, at, &mut |_, _, _| told += 1);
        told
    }
}

#[test]
fn without_listed_addresses_nothing_is_looked_at() {
    let watched = Watched::new("domains: [evil.example]");
    assert!(!watched.contacts.is_on());
    assert!(Watched::new("addresses: [203.0.113.66]").contacts.is_on());
}

#[test]
fn how_far_they_got_and_who_began() {
    let out = ("10.0.0.7", EVIL);
    let back = (EVIL, "10.0.0.7");
    for (ends, flags, payload, wanted) in [
        (out, SYN, 0, Some((Reach::Tried, true))),
        (back, SYN_ACK, 0, Some((Reach::Connected, false))),
        (out, ACK, 10, Some((Reach::Connected, true))),
        (back, ACK, 10, Some((Reach::Connected, false))),
        (back, SYN, 0, Some((Reach::Contacted, false))),
        (out, SYN_ACK, 0, Some((Reach::Contacted, true))),
        (back, RST, 0, None),
        (out, ACK, 0, None),
        (("10.0.0.7", "203.0.113.67"), SYN, 0, None),
    ] {
        let mut watched = Watched::new("addresses: [203.0.113.66]");
        assert_eq!(
            watched.tcp(ends, flags, payload),
            wanted,
            "{ends:?} {flags:x}"
        );
    }
    let mut watched = Watched::new("addresses: [203.0.113.66]");
    assert_eq!(watched.udp(out.0, out.1, 1), Some((Reach::Sent, true)));
    assert_eq!(
        watched.udp(back.0, back.1, 1),
        Some((Reach::Contacted, false))
    );
}

#[test]
fn ports_count_where_they_are_listed() {
    let mut watched = Watched::new("addresses: ['203.0.113.66:443']");
    assert!(watched.tcp(("10.0.0.7", EVIL), SYN, 0).is_some());
    assert!(watched.udp("10.0.0.7", EVIL, 1).is_none());
}

#[test]
fn a_flow_is_told_once_a_minute() {
    let mut watched = Watched::new("networks: [203.0.113.0/24]");
    let told = |watched: &mut Watched, secs| watched.udp("10.0.0.7", EVIL, secs).is_some();
    assert!(told(&mut watched, 100));
    assert!(!told(&mut watched, 101) && !told(&mut watched, 159));
    assert!(told(&mut watched, 160));
    // A clock that jumps back hides nothing.
    assert!(told(&mut watched, 10));
    watched.contacts.clear();
    assert!(told(&mut watched, 11));
}

#[test]
fn addresses_of_listed_names_are_learned_and_told_with_their_names() {
    let mut watched = Watched::new("domains: [evil.example]");
    let answer = make::response(1, "cover.example", make::A)
        .cname("cover.example", "x.evil.example")
        .a("x.evil.example", EVIL);
    assert_eq!(watched.answer(answer, at(7, 100)), 1);
    assert!(watched.contacts.is_on());
    assert_eq!(
        watched.udp("10.0.0.9", EVIL, 101),
        Some((Reach::Sent, true))
    );
    let told = Resolved::read(&watched.contacts.text).unwrap();
    assert_eq!(
        told,
        Resolved {
            name: "x.evil.example",
            asked: Some("cover.example"),
            answered: Timestamp::from_parts(100, 0),
            packet: 7,
            others: 0,
        }
    );
    // What comes from there is the other half of it.
    assert_eq!(watched.udp(EVIL, "10.0.0.9", 101), None);
    // The answer is over: 300 s, the least.
    assert_eq!(watched.udp("10.0.0.8", EVIL, 401), None);
}

#[test]
fn other_names_of_such_an_address_are_counted() {
    let mut watched = Watched::new("domains: [evil.example]");
    let answer = |name: &str| make::response(1, name, make::A).a(name, EVIL);
    assert_eq!(watched.answer(answer("www.innocent.example"), at(1, 1)), 0);
    watched.answer(answer("evil.example"), at(2, 2));
    let tells = |message: make::Message| watched.contacts.may_tell_of_another(&Vec::from(message));
    assert!(tells(answer("www.innocent.example")));
    assert!(tells(answer("www.innocent.example").edns(1_232)));
    assert!(!tells(
        answer("www.innocent.example").a("www.innocent.example", "203.0.113.9")
    ));
    assert!(!tells(make::query(1, "www.innocent.example", make::A)));
    for name in ["a.innocent.example", "b.innocent.example", "other.test"] {
        watched.answer(answer(name), at(3, 3));
    }
    watched.udp("10.0.0.9", EVIL, 4);
    let told = Resolved::read(&watched.contacts.text).unwrap();
    assert_eq!(told.others, 2);
}

#[test]
fn answers_of_filters_and_of_doubtful_indicators_are_not_learned() {
    let mut watched = Watched::new("domains: [evil.example]");
    for address in [
        "0.0.0.0",
        "127.0.0.1",
        "10.0.0.53",
        "192.168.1.1",
        "100.64.0.1",
    ] {
        let answer = make::response(1, "evil.example", make::A).a("evil.example", address);
        assert_eq!(watched.answer(answer, at(1, 1)), 0, "{address}");
    }
    for address in ["::", "::1", "fd00::1", "fe80::1"] {
        let answer = make::response(1, "evil.example", make::AAAA).aaaa("evil.example", address);
        assert_eq!(watched.answer(answer, at(1, 1)), 0, "{address}");
    }
    let mut watched = Watched::new("{exact: [evil.example], confidence: low}");
    let answer = make::response(1, "evil.example", make::A).a("evil.example", EVIL);
    assert_eq!(watched.answer(answer, at(1, 1)), 0);
    // Switched off.
    let rules = rules("domains: [evil.example]");
    let contacts = Contacts::new(Some(&rules), false);
    let mut watched = Watched { rules, contacts };
    let answer = make::response(1, "evil.example", make::A).a("evil.example", EVIL);
    assert_eq!(watched.answer(answer, at(1, 1)), 0);
    assert!(!watched.contacts.is_on());
}

#[test]
fn what_leads_to_a_popular_site_teaches_nothing() {
    for (end, learned) in [
        ("www.google.com", 0),
        ("d1a2b3.cloudfront.net", 0),
        ("edge.unknown-host.example", 1),
        ("server.ruthless.co.uk", 1),
        ("node.duckdns.org", 1),
    ] {
        let mut watched = Watched::new("domains: [evil.example]");
        let answer = make::response(1, "evil.example", make::A)
            .cname("evil.example", end)
            .a(end, EVIL);
        assert_eq!(watched.answer(answer, at(1, 1)), learned, "{end}");
    }
}

#[test]
fn a_sure_name_behind_a_guess_teaches() {
    let mut watched = Watched::new("{keywords: [cover-name], domains: [evil.example]}");
    let answer = make::response(1, "a.cover-name.example", make::A)
        .cname("a.cover-name.example", "evil.example")
        .a("evil.example", EVIL);
    assert_eq!(watched.answer(answer, at(1, 1)), 1);
}

#[test]
fn when_rules_are_replaced_their_names_decide() {
    let mut watched = Watched::new("domains: [evil.example, gone.example]");
    for (name, address) in [("evil.example", EVIL), ("gone.example", "203.0.113.67")] {
        let answer = make::response(1, name, make::A).a(name, address);
        watched.answer(answer, at(1, 1));
    }
    watched.rules = rules("domains: [a.example, evil.example]");
    watched.contacts.renew(&watched.rules);
    let address: IpAddr = Ipv4Addr::new(203, 0, 113, 66).into();
    let bound = watched.contacts.bound.find(address, at(1, 2).timestamp);
    let indicator = watched.rules.indicator(bound.unwrap().indicator).unwrap();
    assert_eq!(indicator.name, "evil.example");
    assert_eq!(watched.udp("10.0.0.9", "203.0.113.67", 2), None);
}
