use proptest::prelude::*;
use testkit::frame::{ether_type, raw};
use testkit::{dns, links, wifi};

use crate::packet::path::vlans;
use crate::packet::{Gap, Packet, Path, Stop, Transport, decode};
use crate::source::LinkType;

const V4: (&str, &str) = ("10.0.0.7", "192.0.2.53");
const V6: (&str, &str) = ("2001:db8::7", "2001:db8::53");

fn query(name: &str) -> Vec<u8> {
    dns::query(1, name, dns::A).into()
}

fn packet((src, dst): (&str, &str), name: &str) -> Vec<u8> {
    raw().ip(src, dst).udp(5_000, 53).payload(query(name))
}

/// Frames of every link type with a question for `example.com`.
fn samples() -> Vec<links::Sample> {
    let mut all = links::every(ether_type::IPV4, &packet(V4, "example.com"));
    all.extend(links::every(ether_type::IPV6, &packet(V6, "example.com")));
    all
}

fn link(number: u32) -> LinkType {
    LinkType(u16::try_from(number).unwrap())
}

fn payload<'a>(packet: &Packet<'a>) -> &'a [u8] {
    match packet.transport {
        Transport::Tcp(segment) => segment.payload,
        Transport::Udp(datagram) => datagram.payload,
    }
}

fn gap(number: u32, frame: &[u8]) -> Gap {
    match decode(link(number), frame, &mut Path::default()) {
        Err(Stop::Gap(gap)) => gap,
        other => panic!("{other:?}"),
    }
}

/// The payloads of an aggregate; gaps are `None`.
fn payloads(number: u32, frame: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut path = Path::default();
    let Err(Stop::Subframes(mut subframes)) = decode(link(number), frame, &mut path) else {
        panic!("no aggregate");
    };
    let mut all = Vec::new();
    while let Some(result) = subframes.next(&mut path) {
        all.push(result.ok().map(|packet| payload(&packet).to_vec()));
    }
    all
}

#[test]
fn every_link_type_leads_to_the_same_datagram() {
    let message = query("example.com");
    for sample in samples() {
        let mut path = Path::default();
        let packet = decode(link(sample.link_type), &sample.frame, &mut path)
            .unwrap_or_else(|stop| panic!("{} {}: {stop:?}", sample.link_type, sample.what));
        let flow = packet.flow();
        let ends = (flow.src.to_string(), flow.dst.to_string());
        let wanted = if flow.src.is_ipv4() { V4 } else { V6 };
        assert_eq!((ends.0.as_str(), ends.1.as_str()), wanted, "{sample:?}");
        assert_eq!((flow.sport, flow.dport), (5_000, 53), "{sample:?}");
        assert_eq!(payload(&packet), message, "{sample:?}");
        assert!(!packet.cut, "{sample:?}");
    }
}

#[test]
fn every_prefix_is_survived_and_used_as_far_as_it_goes() {
    let message = query("example.com");
    for sample in samples() {
        for n in 0..sample.frame.len() {
            let prefix = &sample.frame[..n];
            match decode(link(sample.link_type), prefix, &mut Path::default()) {
                Ok(packet) => {
                    assert!(message.starts_with(payload(&packet)), "{n} of {sample:?}");
                    let whole = payload(&packet) == message;
                    assert_eq!(packet.cut, !whole, "{n} of {sample:?}");
                }
                Err(Stop::Gap(_)) => {}
                Err(stop) => panic!("{n} of {sample:?}: {stop:?}"),
            }
        }
    }
}

#[test]
fn each_packet_of_an_aggregate_is_given() {
    let four = packet(V4, "one.example");
    let six = packet(V6, "two.example");
    let packets = [
        (ether_type::IPV4, &four[..]),
        (ether_type::ARP, &[0; 28]),
        (ether_type::IPV6, &six[..]),
    ];
    let wanted = [Some(query("one.example")), None, Some(query("two.example"))];
    let frame = wifi::data().aggregate(&packets);
    assert_eq!(payloads(105, &frame), wanted);
    let access_points = wifi::data().four_addresses().ht_control();
    assert_eq!(payloads(105, &access_points.aggregate(&packets)), wanted);
    // A check sequence is no packet.
    let checked = [&frame[..], &[1, 2, 3, 4]].concat();
    assert_eq!(payloads(127, &wifi::radiotap(0x10, 0, &checked)), wanted);
}

#[test]
fn every_prefix_of_an_aggregate_is_survived() {
    let inner = packet(V4, "one.example");
    let frame = wifi::data().aggregate(&[(ether_type::IPV4, &inner), (ether_type::IPV4, &inner)]);
    let header = wifi::data().qos().body(&[]).len();
    for n in header..frame.len() {
        for found in payloads(105, &frame[..n]).into_iter().flatten() {
            assert!(query("one.example").starts_with(&found), "{n}");
        }
    }
    // Both are whole but for the last byte of the second.
    let cut = payloads(105, &frame[..frame.len() - 1]);
    assert_eq!(cut[0], Some(query("one.example")));
    assert_eq!(
        cut[1].as_ref().unwrap().len(),
        query("one.example").len() - 1
    );
}

#[test]
fn wifi_gaps_say_whether_they_may_hide_names() {
    let inner = packet(V4, "example.com");
    let encrypted = wifi::data().protected().qos().body(&[0x5a; 100]);
    let fragment = wifi::data().fragment(1, false).body(&inner);
    let mut beacon = vec![0x80, 0];
    beacon.resize(60, 0);
    let mut acknowledgement = vec![0xd4, 0];
    acknowledgement.resize(10, 0);
    let mut null = wifi::data().body(&[]);
    null[0] = 0x48;
    for (frame, hides, words) in [
        (encrypted, true, "encrypted 802.11 data"),
        (fragment, true, "802.11 fragments"),
        (beacon, false, "802.11 management frames"),
        (acknowledgement, false, "802.11 control frames"),
        (null, false, "802.11 data frames without data"),
    ] {
        let gap = gap(105, &frame);
        assert_eq!(
            (gap.may_hide_names(), gap.describe().as_str()),
            (hides, words)
        );
    }
}

#[test]
fn first_fragments_are_used_as_far_as_they_go() {
    let inner = packet(V4, "example.com");
    let first = wifi::data()
        .fragment(0, true)
        .msdu(ether_type::IPV4, &inner[..inner.len() - 5]);
    let arcnet = [&[1, 2, 0, 3, 212, 3, 0, 1][..], &inner[..inner.len() - 5]].concat();
    for (number, frame) in [(105, &first), (129, &arcnet)] {
        let packet = decode(link(number), frame, &mut Path::default()).unwrap();
        assert!(packet.cut && query("example.com").starts_with(payload(&packet)));
    }
    let later = [1, 2, 0, 3, 212, 2, 0, 1, 0, 0];
    assert!(gap(129, &later).may_hide_names());
}

#[test]
fn other_frames_are_gaps_with_a_reason() {
    for (number, frame, hides, words) in [
        (253, &[0; 16][..], false, "link type NETLINK (253)"),
        (147, &[0; 16], true, "link type USER (147)"),
        (149, &[0; 200], true, "link type USER (149)"),
        (252, &[0; 16], true, "link type WIRESHARK_UPPER_PDU (252)"),
        (12_345, &[0; 16], true, "link type unknown (12345)"),
        (197, &[0; 8], true, "ERF header cut short"),
        (178, &[0; 60], true, "JUNIPER_ETHER header malformed"),
        (
            107,
            &[0x18, 0x41, 0x03, 0x08, 0, 0],
            false,
            "network layer protocol identifier 0x08",
        ),
        (
            104,
            &[0x0f, 0, 0x80, 0x35],
            false,
            "number 0x8035 of link type C_HDLC (104)",
        ),
        (
            129,
            &[1, 2, 0, 3, 213, 0, 0, 1],
            false,
            "number 0x00d5 of link type ARCNET_LINUX (129)",
        ),
        (
            182,
            &[0x80, 7, 0x18, 0x41],
            true,
            "number 0x0080 of link type MFR (182)",
        ),
        (
            100,
            &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0],
            false,
            "SNAP protocol 0x2000 of 00-00-0c",
        ),
        (
            100,
            &[0xaa, 0xaa, 3, 1, 2, 3, 0x20, 0],
            true,
            "SNAP protocol 0x2000 of 01-02-03",
        ),
        (
            143,
            &[0x01, 6, 0, 0, 0x35, 0, 0x80, 0, 0, 0, 0, 0, 0],
            true,
            "number 0x0001 of link type DOCSIS (143)",
        ),
    ] {
        let gap = gap(number, frame);
        assert_eq!(
            (gap.may_hide_names(), gap.describe().as_str()),
            (hides, words)
        );
    }
}

#[test]
fn headers_in_headers_without_end_are_a_gap() {
    let frame = (0..20).fold(Vec::new(), |frame, _| wifi::ppi(192, &frame));
    assert_eq!(gap(192, &frame), Gap::TooDeep);
}

#[test]
fn a_vlan_that_a_switch_chip_moved_is_in_the_path() {
    let inner = packet(V4, "example.com");
    let mut frame = vec![2; 12];
    frame.extend_from_slice(&[0x20, 0, 0x20, 0x64, 0x08, 0x00]);
    frame.extend_from_slice(&inner);
    let mut path = Path::default();
    decode(LinkType::DSA_TAG_DSA, &frame, &mut path).unwrap();
    assert_eq!(vlans(path.hops()).collect::<Vec<_>>(), [100]);
}

#[test]
fn a_cisco_isl_header_is_opened() {
    let whole = testkit::frame::ethernet().payload(ether_type::IPV4, &packet(V4, "example.com"));
    let mut frame = vec![1, 0, 0x0c, 0, 0, 0, 2, 2, 2, 2, 2, 2, 0, 100, 0xaa, 0xaa, 3];
    frame.resize(26, 0);
    frame.extend_from_slice(&whole);
    let packet = decode(LinkType::ETHERNET, &frame, &mut Path::default()).unwrap();
    assert_eq!(payload(&packet), query("example.com"));
}

#[test]
fn a_tcp_header_cut_in_its_options_still_gives_the_flow() {
    let frame = raw()
        .ipv4(V4.0, V4.1)
        .tcp(5_000, 443)
        .timestamps(1, 2)
        .payload(*b"hello");
    for n in 40..52 {
        let packet = decode(LinkType::RAW, &frame[..n], &mut Path::default()).unwrap();
        assert_eq!((packet.flow().sport, packet.flow().dport), (5_000, 443));
        assert!(packet.cut && payload(&packet).is_empty(), "{n}");
    }
}

fn survive(number: u16, data: &[u8]) -> Result<(), TestCaseError> {
    let mut path = Path::default();
    match decode(LinkType(number), data, &mut path) {
        Ok(packet) => prop_assert!(payload(&packet).len() <= data.len()),
        Err(Stop::Gap(gap)) => prop_assert!(!gap.describe().is_empty()),
        Err(Stop::Fragment(fragment)) => prop_assert!(fragment.data.len() <= data.len()),
        Err(Stop::Subframes(mut subframes)) => {
            let all: Vec<_> = std::iter::from_fn(|| subframes.next(&mut path)).collect();
            let nested = |result: &Result<_, _>| matches!(result, Err(Stop::Subframes(_)));
            prop_assert!(!all.iter().any(nested));
            // Each has a header of 14 bytes.
            prop_assert!(all.len() <= data.len() / 14);
        }
    }
    Ok(())
}

#[test]
fn an_aggregate_in_a_tunnel_keeps_its_path() {
    let inner = packet(V4, "one.example");
    let aggregate =
        wifi::data().aggregate(&[(ether_type::IPV4, &inner), (ether_type::IPV4, &inner)]);
    // CAPWAP: two words of header, the binding of 802.11, a native frame.
    let capwap = [&[0, 0x10, 0x43, 0, 0, 0, 0, 0][..], &aggregate].concat();
    let frame = raw()
        .ipv4("198.51.100.1", "198.51.100.2")
        .udp(40_000, 5_247)
        .payload(capwap);
    let mut path = Path::default();
    let Err(Stop::Subframes(mut subframes)) = decode(LinkType::RAW, &frame, &mut path) else {
        panic!("no aggregate");
    };
    for _ in 0..2 {
        let found = subframes.next(&mut path).unwrap().unwrap();
        assert_eq!(payload(&found), query("one.example"));
        let kinds: Vec<&str> = path.hops().iter().map(|hop| hop.kind.as_str()).collect();
        assert_eq!(kinds, ["capwap"]);
    }
    assert!(subframes.next(&mut path).is_none());
}

proptest! {
    #[test]
    fn random_bytes_are_survived(
        number in prop_oneof![4 => 0u16..300, 1 => any::<u16>()],
        data in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        survive(number, &data)?;
    }

    #[test]
    fn flipped_bytes_are_survived(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        value: u8,
    ) {
        let samples = samples();
        let sample = &samples[which.index(samples.len())];
        let mut frame = sample.frame.clone();
        // What is broken is a header, not the question behind it.
        let at = at.index(frame.len().saturating_sub(query("example.com").len()));
        frame[at] = value;
        survive(u16::try_from(sample.link_type).unwrap(), &frame)?;
    }

    #[test]
    fn aggregates_of_random_bytes_are_survived(
        body in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut frame = wifi::data().qos().body(&body);
        frame[24] |= 0x80;
        survive(105, &frame)?;
    }
}
