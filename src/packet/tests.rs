use proptest::prelude::*;
use testkit::dns;
use testkit::frame::{
    ethernet, linux_cooked, linux_cooked2, null_loopback, null_loopback_big_endian,
    openbsd_loopback, raw,
};

use super::path::vlans;
use super::*;

/// Decodes what is not a fragment.
fn decode(link: LinkType, frame: &[u8]) -> Result<Packet<'_>, Gap> {
    super::decode(link, frame, &mut Path::default()).map_err(|stop| match stop {
        Stop::Gap(gap) => gap,
        other => panic!("{other:?}"),
    })
}

/// VLAN identifiers of a frame.
fn tags(frame: &[u8]) -> Vec<u16> {
    let mut path = Path::default();
    super::decode(LinkType::ETHERNET, frame, &mut path).unwrap();
    vlans(path.hops()).collect()
}

const CLIENT: &str = "10.0.0.7";
const SERVER: &str = "192.0.2.53";

fn payload<'a>(packet: &Packet<'a>) -> &'a [u8] {
    match packet.transport {
        Transport::Tcp(segment) => segment.payload,
        Transport::Udp(datagram) => datagram.payload,
    }
}

fn link(link: &testkit::frame::Link) -> LinkType {
    LinkType(u16::try_from(link.link_type()).unwrap())
}

#[test]
fn every_link_type_leads_to_the_same_datagram() {
    let message: Vec<u8> = dns::query(1, "example.com", dns::A).into();
    let links = [
        ethernet(),
        ethernet().vlan(100),
        ethernet().qinq(7, 100),
        ethernet().vlan(1).vlan(2).vlan(3).vlan(4).vlan(5),
        null_loopback(),
        null_loopback_big_endian(),
        openbsd_loopback(),
        linux_cooked(),
        linux_cooked().vlan(9),
        linux_cooked2(),
        raw(),
    ];
    for l in links {
        for (src, dst) in [(CLIENT, SERVER), ("2001:db8::7", "2001:db8::53")] {
            let frame = l
                .clone()
                .ip(src, dst)
                .udp(5_000, 53)
                .payload(message.clone());
            let packet = decode(link(&l), &frame).unwrap_or_else(|gap| panic!("{l:?}: {gap:?}"));
            assert_eq!(packet.flow().src.to_string(), src, "{l:?}");
            assert_eq!(packet.flow().dst.to_string(), dst, "{l:?}");
            assert_eq!(
                (packet.flow().sport, packet.flow().dport),
                (5_000, 53),
                "{l:?}"
            );
            assert_eq!(payload(&packet), message, "{l:?}");
            assert!(!packet.cut, "{l:?}");
        }
    }
}

#[test]
fn vlans_are_kept_outermost_first() {
    let frame = ethernet()
        .qinq(7, 100)
        .ipv4(CLIENT, SERVER)
        .udp(1, 2)
        .payload(*b"x");
    assert_eq!(tags(&frame), [7, 100]);
    let frame = ethernet().ipv4(CLIENT, SERVER).udp(1, 2).payload(*b"x");
    assert!(tags(&frame).is_empty());
}

#[test]
fn more_tags_than_are_walked_are_a_gap() {
    let tagged = (0..40).fold(ethernet(), |link, id| link.vlan(id));
    let frame = tagged.ipv4(CLIENT, SERVER).udp(1, 2).payload(*b"x");
    assert_eq!(
        decode(LinkType::ETHERNET, &frame).unwrap_err(),
        Gap::TooDeep
    );
}

#[test]
fn ipv6_extension_headers_are_walked() {
    let ip = ethernet().ipv6("2001:db8::1", "2001:db8::2");
    let frame = ip
        .hop_by_hop()
        .routing()
        .destination_options()
        .udp(1, 53)
        .payload(*b"hello");
    assert_eq!(
        payload(&decode(LinkType::ETHERNET, &frame).unwrap()),
        b"hello"
    );
}

#[test]
fn ipv4_options_and_tcp_options_are_walked() {
    let ip = ethernet().ipv4(CLIENT, SERVER).router_alert();
    let frame = ip.tcp(1, 443).timestamps(1, 2).push().payload(*b"hello");
    assert_eq!(
        payload(&decode(LinkType::ETHERNET, &frame).unwrap()),
        b"hello"
    );
}

#[test]
fn ethernet_padding_is_not_payload() {
    let mut frame = ethernet().ipv4(CLIENT, SERVER).udp(1, 53).payload(*b"hi");
    frame.extend_from_slice(&[0; 18]);
    assert_eq!(payload(&decode(LinkType::ETHERNET, &frame).unwrap()), b"hi");
}

#[test]
fn a_snapped_payload_is_used_and_marked() {
    for (src, dst) in [(CLIENT, SERVER), ("2001:db8::7", "2001:db8::53")] {
        let frame = ethernet().ip(src, dst).udp(1, 53).payload(vec![7; 100]);
        let packet = decode(LinkType::ETHERNET, &frame[..frame.len() - 60]).unwrap();
        assert_eq!(payload(&packet), [7; 40]);
        assert!(packet.cut);
    }
}

#[test]
fn fragments_say_where_they_belong() {
    for (src, dst) in [(CLIENT, SERVER), ("2001:db8::7", "2001:db8::53")] {
        let frames = ethernet()
            .ip(src, dst)
            .udp(1, 53)
            .fragments(vec![7; 100], &[64]);
        for (frame, offset, more, length) in
            [(&frames[0], 0, true, 64), (&frames[1], 64, false, 44)]
        {
            let stop = super::decode(LinkType::ETHERNET, frame, &mut Path::default());
            let Err(Stop::Fragment(part)) = stop else {
                panic!("{stop:?}")
            };
            assert_eq!(
                (part.src.to_string(), part.dst.to_string()),
                (src.into(), dst.into())
            );
            assert_eq!((part.protocol, part.offset, part.more), (17, offset, more));
            assert_eq!((part.data.len(), part.cut), (length, false));
        }
    }
}

#[test]
fn a_length_of_zero_from_offload_means_all_that_was_captured() {
    let mut frame = ethernet()
        .ipv4(CLIENT, SERVER)
        .tcp(1, 443)
        .payload(*b"hello");
    frame[16..18].fill(0);
    assert_eq!(
        payload(&decode(LinkType::ETHERNET, &frame).unwrap()),
        b"hello"
    );
}

#[test]
fn gaps_say_whether_they_may_hide_names() {
    let arp = ethernet().payload(0x0806, &[0; 28]);
    let ipx = ethernet().payload(0x8137, &[0; 28]);
    let icmp = ethernet().ipv4(CLIENT, SERVER).payload(1, &[8, 0, 0, 0]);
    let esp = ethernet().ipv4(CLIENT, SERVER).payload(50, &[0; 8]);
    for (frame, hides, words) in [
        (arp, false, "ARP"),
        (ipx, true, "IPX"),
        (icmp, false, "IP protocol 1 (ICMP)"),
        (esp, true, "IP protocol 50 (ESP)"),
    ] {
        let gap = decode(LinkType::ETHERNET, &frame).unwrap_err();
        assert_eq!(
            (gap.may_hide_names(), gap.describe().as_str()),
            (hides, words)
        );
    }
    let gap = decode(LinkType(4_711), &[0; 60]).unwrap_err();
    assert!(
        gap.may_hide_names() && gap.describe().contains("4711"),
        "{}",
        gap.describe()
    );
}

#[test]
fn llc_with_snap_leads_to_ip() {
    let inner = raw().ipv4(CLIENT, SERVER).udp(1, 53).payload(*b"hello");
    let mut frame = vec![2; 12];
    frame.extend_from_slice(&u16::try_from(inner.len() + 8).unwrap().to_be_bytes());
    frame.extend_from_slice(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]);
    frame.extend_from_slice(&inner);
    assert_eq!(
        payload(&decode(LinkType::ETHERNET, &frame).unwrap()),
        b"hello"
    );
}

#[test]
fn every_prefix_of_a_frame_is_survived() {
    let ip = linux_cooked2().vlan(3).ipv6("2001:db8::1", "2001:db8::2");
    let frame = ip
        .hop_by_hop()
        .tcp(1, 443)
        .timestamps(1, 2)
        .payload(*b"hello");
    for n in 0..frame.len() {
        match decode(LinkType::LINUX_SLL2, &frame[..n]) {
            Ok(packet) => assert!(packet.cut, "{n}"),
            Err(gap) => assert!(matches!(gap, Gap::Truncated(_)), "{n}: {gap:?}"),
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_survived(
        number in prop::sample::select(vec![0u16, 1, 12, 14, 101, 108, 113, 228, 229, 276, 147]),
        data in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(packet) = super::decode(LinkType(number), &data, &mut Path::default()) {
            prop_assert!(payload(&packet).len() <= data.len());
        }
    }

    #[test]
    fn flipped_bytes_are_survived(at in 0usize..90, value: u8, vlans in 0u16..4) {
        let tagged = (0..vlans).fold(ethernet(), |link, id| link.vlan(id));
        let mut frame = tagged.ipv6("2001:db8::1", "2001:db8::2").hop_by_hop().udp(1, 53)
            .payload(vec![0; 40]);
        if let Some(byte) = frame.get_mut(at) {
            *byte = value;
        }
        if let Ok(packet) = super::decode(LinkType::ETHERNET, &frame, &mut Path::default()) {
            prop_assert!(payload(&packet).len() <= frame.len());
        }
    }

    // The short way gives what the long way gives, or nothing.
    #[test]
    fn the_plainest_way_is_no_other(
        tcp: bool,
        six: bool,
        body in prop::collection::vec(any::<u8>(), 0..40),
        flips in prop::collection::vec((0usize..80, any::<u8>()), 0..3),
        keep in 0usize..180,
    ) {
        let ip = if six {
            ethernet().ipv6("2001:db8::1", "2001:db8::2")
        } else {
            ethernet().ipv4(CLIENT, SERVER)
        };
        let mut frame = if tcp {
            ip.tcp(1_000, 443).payload(body)
        } else {
            ip.udp(1_000, 443).payload(body)
        };
        let whole = flips.is_empty() && keep >= frame.len();
        for (at, value) in flips {
            if let Some(byte) = frame.get_mut(at) {
                *byte = value;
            }
        }
        frame.truncate(keep);
        let mut path = Path::default();
        let long = super::decode(LinkType::ETHERNET, &frame, &mut path);
        let cut = false;
        let short = plainest(LinkType::ETHERNET, &frame)
            .map(|(ip, transport)| Packet { ip, transport, cut });
        prop_assert!(short.is_some() || !whole);
        if let Some(short) = short {
            prop_assert_eq!(format!("{short:?}"), format!("{:?}", long.unwrap()));
            prop_assert!(path.hops().is_empty());
        }
        prop_assert!(plainest(LinkType::RAW, &frame).is_none());
    }

    // What an independent decoder makes of the same frame.
    #[test]
    fn agrees_with_etherparse(
        vlans in 0u16..3,
        six: bool,
        tcp: bool,
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let link = (0..vlans).fold(ethernet(), |link, id| link.vlan(id));
        let ip = if six { link.ipv6("2001:db8::1", "2001:db8::2") } else { link.ipv4(CLIENT, SERVER) };
        let frame = if tcp {
            ip.tcp(1_000, 443).payload(body.clone())
        } else {
            ip.udp(1_000, 443).payload(body.clone())
        };
        let ours = decode(LinkType::ETHERNET, &frame).unwrap();
        // etherparse's own slicer walks at most three tags.
        let theirs = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
        let (ports, theirs) = match theirs.transport.unwrap() {
            etherparse::TransportSlice::Tcp(t) => ((t.source_port(), t.destination_port()), t.payload().to_vec()),
            etherparse::TransportSlice::Udp(u) => ((u.source_port(), u.destination_port()), u.payload().to_vec()),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(payload(&ours), &theirs[..]);
        prop_assert_eq!((ours.flow().sport, ours.flow().dport), ports);
    }
}
