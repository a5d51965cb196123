use proptest::prelude::*;
use testkit::dns;
use testkit::frame::{Link, ethernet, raw};
use testkit::tunnel::*;
use testkit::wifi;

use super::path::Encapsulation as E;
use super::udp_tunnel::PORTS;
use super::*;

const A: &str = "198.51.100.1";
const B: &str = "198.51.100.2";
const A6: &str = "2001:db8:a::1";
const B6: &str = "2001:db8:b::2";

/// What every tunnel in these tests carries.
fn message(link: Link) -> Vec<u8> {
    link.ipv4("10.0.0.7", "192.0.2.53")
        .udp(5_000, 53)
        .payload(dns::query(1, "example.com", dns::A))
}

fn message6(link: Link) -> Vec<u8> {
    link.ipv6("2001:db8::7", "2001:db8::53")
        .udp(5_000, 53)
        .payload(dns::query(1, "example.com", dns::A))
}

fn frame() -> Vec<u8> {
    message(ethernet())
}

fn ip() -> Vec<u8> {
    message(raw())
}

fn ip6() -> Vec<u8> {
    message6(raw())
}

fn over_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    ethernet().ipv4(A, B).udp(50_001, port).payload(payload)
}

fn over_ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet().ipv4(A, B).payload(protocol, payload)
}

fn over_ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    ethernet().payload(ether_type, payload)
}

fn hop(kind: E, id: impl Into<Option<u32>>) -> Hop {
    Hop {
        kind,
        id: id.into(),
        ends: None,
    }
}

fn between(kind: E, id: impl Into<Option<u32>>) -> Hop {
    Hop {
        ends: Some((A.parse().unwrap(), B.parse().unwrap())),
        ..hop(kind, id)
    }
}

use super::path::Hop;

/// The frame holds the message, and was reached by these hops.
#[track_caller]
fn opens(frame: &[u8], hops: &[Hop]) {
    let mut path = Path::default();
    let packet = decode(LinkType::ETHERNET, frame, &mut path)
        .unwrap_or_else(|stop| panic!("{stop:?} behind {path:?}"));
    let flow = packet.flow();
    assert_eq!((flow.sport, flow.dport), (5_000, 53), "{path:?}");
    assert!(["192.0.2.53", "2001:db8::53"].contains(&flow.dst.to_string().as_str()));
    let query: Vec<u8> = dns::query(1, "example.com", dns::A).into();
    assert_eq!(packet.transport.payload(), query);
    assert!(!packet.cut);
    assert_eq!(path.hops(), hops);
    survives_every_prefix(frame, hops);
}

/// Cut anywhere, the frame gives the same packet, one around it, or a gap.
#[track_caller]
fn survives_every_prefix(frame: &[u8], hops: &[Hop]) {
    for n in 0..frame.len() {
        let mut path = Path::default();
        let stop = decode(LinkType::ETHERNET, &frame[..n], &mut path);
        match stop {
            Ok(packet) if path.hops() == hops => assert_eq!(packet.flow().dport, 53, "{n}"),
            Ok(packet) => {
                assert_ne!(packet.flow().dport, 53, "{n}");
                assert!(hops.starts_with(path.hops()), "{n}: {path:?}");
            }
            Err(Stop::Gap(gap)) => assert!(gap.may_hide_names(), "{n}: {gap:?}"),
            Err(stop) => panic!("{n}: {stop:?}"),
        }
    }
}

#[track_caller]
fn gap(frame: &[u8]) -> Gap {
    match decode(LinkType::ETHERNET, frame, &mut Path::default()) {
        Err(Stop::Gap(gap)) => gap,
        other => panic!("{other:?}"),
    }
}

/// The datagram itself is the result, without any hop.
#[track_caller]
fn is_a_datagram(frame: &[u8], dport: u16) {
    let mut path = Path::default();
    let packet = decode(LinkType::ETHERNET, frame, &mut path).unwrap();
    assert_eq!(packet.flow().dport, dport);
    assert_eq!(path.hops(), []);
}

#[test]
fn vlan_tags_of_every_kind() {
    let tagged = ethernet().tag(0x9100, 5).tag(0x9200, 6).qinq(7, 100);
    opens(
        &message(tagged),
        &[
            hop(E::Vlan, 5),
            hop(E::Vlan, 6),
            hop(E::Vlan, 7),
            hop(E::Vlan, 100),
        ],
    );
}

#[test]
fn backbone_bridging() {
    let inner = message(ethernet().vlan(9));
    opens(
        &ethernet()
            .tag(0x88a8, 3)
            .payload(0x88e7, &backbone(0x12_3456, &inner)),
        &[
            hop(E::Vlan, 3),
            hop(E::Backbone, 0x12_3456),
            hop(E::Vlan, 9),
        ],
    );
}

#[test]
fn mpls_with_ip_below() {
    let path = [hop(E::Mpls, 100), hop(E::Mpls, 200)];
    opens(&over_ethernet(0x8847, &mpls(&[100, 200], &ip())), &path);
    opens(&over_ethernet(0x8848, &mpls(&[100, 200], &ip6())), &path);
}

#[test]
fn mpls_pseudowires_with_and_without_control_word() {
    let path = [hop(E::Mpls, 16)];
    // First bytes of the destination address that look like IPv4, IPv6, a control word, a channel.
    for first in [0x00, 0x10, 0x45, 0x46, 0x60, 0xfe] {
        let mut inner = frame();
        inner[0] = first;
        opens(&over_ethernet(0x8847, &mpls(&[16], &inner)), &path);
        opens(
            &over_ethernet(0x8847, &mpls(&[16], &control_word(&inner))),
            &path,
        );
    }
    let inner = ppp(0x0021, &ip());
    opens(&over_ethernet(0x8847, &mpls(&[16], &inner)), &path);
    opens(
        &over_ethernet(0x8847, &mpls(&[16], &control_word(&inner))),
        &path,
    );
}

#[test]
fn mpls_in_ip_and_in_udp() {
    let path = [between(E::Mpls, 17), hop(E::Mpls, 18)];
    opens(&over_ip(137, &mpls(&[17, 18], &ip())), &path);
    opens(&over_udp(6_635, &mpls(&[17, 18], &ip())), &path);
}

#[test]
fn endless_labels_are_a_gap() {
    assert_eq!(
        gap(&over_ethernet(0x8847, &mpls(&[7; 300], &ip()))),
        Gap::TooDeep
    );
    assert_eq!(
        gap(&over_ethernet(0x8847, &mpls(&[7], &[0x10, 0, 0, 7]))),
        Gap::NoNames(Carried::EtherType(0x8847))
    );
}

#[test]
fn pppoe_sessions_and_compressed_ppp() {
    let path = [hop(E::Pppoe, 0x1234)];
    for body in [
        ppp(0x0021, &ip()),
        ppp(0x0057, &ip6()),
        [&[0x21], &ip()[..]].concat(),
        [&[0xff, 0x03, 0x00, 0x21], &ip()[..]].concat(),
        [&[0x00, 0x3d, 0xc0, 0, 0, 1, 0x00, 0x21], &ip()[..]].concat(),
        [&[0x00, 0x31, 0x00, 1], &frame()[..]].concat(),
        [&[0x00, 0x31, 0x40, 1, 9, 9, 9, 9], &frame()[..]].concat(),
    ] {
        opens(&over_ethernet(0x8864, &pppoe(0x1234, &body)), &path);
    }
    let labelled = ppp(0x0281, &mpls(&[5], &ip()));
    opens(
        &over_ethernet(0x8864, &pppoe(0x1234, &labelled)),
        &[hop(E::Pppoe, 0x1234), hop(E::Mpls, 5)],
    );
    for (protocol, gap_) in [
        (0xc021, Gap::NoNames(Carried::Ppp(0xc021))),
        (0x8021, Gap::NoNames(Carried::Ppp(0x8021))),
        (0x00fd, Gap::Unread(Carried::Ppp(0x00fd))),
        (0x0200, Gap::Malformed(Layer::Ppp)),
    ] {
        let frame = over_ethernet(0x8864, &pppoe(1, &ppp(protocol, &[1, 2, 3, 4])));
        assert_eq!(gap(&frame), gap_);
    }
}

#[test]
fn gre_with_every_option() {
    for bits in 0..16 {
        let mut header = gre(0x0800);
        if bits & 1 != 0 {
            header = header.checksum();
        }
        if bits & 2 != 0 {
            header = header.key(77);
        }
        if bits & 4 != 0 {
            header = header.sequence(1);
        }
        if bits & 8 != 0 {
            header = header.route();
        }
        let key = (bits & 2 != 0).then_some(77);
        opens(&over_ip(47, &header.carry(&ip())), &[between(E::Gre, key)]);
    }
    opens(
        &over_ip(47, &gre(0x86dd).carry(&ip6())),
        &[between(E::Gre, None)],
    );
    opens(
        &over_ip(47, &gre(0x8847).carry(&mpls(&[3], &ip()))),
        &[between(E::Gre, None), hop(E::Mpls, 3)],
    );
    opens(
        &over_ip(47, &gre(0x6558).key(5).carry(&frame())),
        &[between(E::Gre, 5)],
    );
    assert_eq!(
        gap(&over_ip(47, &gre(0).carry(&[]))),
        Gap::NoNames(Carried::IpProtocol(47))
    );
}

#[test]
fn gre_in_its_other_uses() {
    opens(
        &over_ip(47, &gre(0x6558).key(0x1234_56aa).carry(&frame())),
        &[between(E::Nvgre, 0x12_3456)],
    );
    for acknowledge in [false, true] {
        opens(
            &over_ip(47, &pptp(9, acknowledge, &ppp(0x0021, &ip()))),
            &[between(E::Pptp, 9)],
        );
    }
    let keep_alive = [0x20, 1, 0x64, 0, 0, 0, 9, 1];
    let eoip = [&[0x20, 1, 0x64, 0, 0, 70, 9, 1], &frame()[..]].concat();
    opens(&over_ip(47, &eoip), &[between(E::EoIp, 0x109)]);
    assert_eq!(
        gap(&over_ip(47, &keep_alive)),
        Gap::NoNames(Carried::IpProtocol(47))
    );
    let redirected = [&[0, 1, 2, 3], &ip()[..]].concat();
    for body in [ip(), redirected] {
        opens(
            &over_ip(47, &gre(0x883e).carry(&body)),
            &[between(E::Wccp, None)],
        );
    }
}

#[test]
fn erspan_of_three_types() {
    opens(
        &over_ip(47, &gre(0x88be).carry(&frame())),
        &[between(E::Erspan, None)],
    );
    let path = [between(E::Erspan, 300)];
    let sequence = |protocol| gre(protocol).sequence(4);
    opens(
        &over_ip(47, &sequence(0x88be).carry(&erspan2(300, &frame()))),
        &path,
    );
    opens(
        &over_ip(47, &gre(0x88be).carry(&erspan2(300, &frame()))),
        &path,
    );
    for subheader in [false, true] {
        opens(
            &over_ip(
                47,
                &sequence(0x22eb).carry(&erspan3(300, subheader, &frame())),
            ),
            &path,
        );
    }
}

#[test]
fn vxlan_and_its_relatives() {
    for port in [4_789, 8_472] {
        opens(
            &over_udp(port, &vxlan(42, &frame())),
            &[between(E::Vxlan, 42)],
        );
    }
    // Answers from the port, and headers that only the frame behind them vouches for.
    let back = ethernet().ipv4(A, B).udp(4_789, 40_000);
    opens(&back.payload(vxlan(42, &frame())), &[between(E::Vxlan, 42)]);
    let mut odd = vxlan(42, &frame());
    (odd[0], odd[7]) = (0x40, 9);
    opens(&over_udp(4_789, &odd), &[between(E::Vxlan, None)]);
    (odd[0], odd[3]) = (0xff, 0xf2);
    opens(&over_udp(4_789, &odd), &[between(E::Vxlan, 42)]);
    let mut without_bit = vxlan_gpe(42, 1, &ip());
    without_bit[0] = 8;
    opens(&over_udp(4_790, &without_bit), &[between(E::VxlanGpe, 42)]);
    let path = [between(E::VxlanGpe, 42)];
    for (next, inner) in [(1, ip()), (2, ip6()), (3, frame())] {
        opens(&over_udp(4_790, &vxlan_gpe(42, next, &inner)), &path);
    }
    opens(
        &over_udp(4_790, &vxlan_gpe(42, 4, &nsh(9, 3, true, &frame()))),
        &[between(E::VxlanGpe, 42), hop(E::Nsh, 9)],
    );
    for words in [0, 3, 63] {
        for (protocol, inner) in [(0x6558, frame()), (0x0800, ip()), (0x86dd, ip6())] {
            opens(
                &over_udp(6_081, &geneve(42, words, protocol, &inner)),
                &[between(E::Geneve, 42)],
            );
        }
    }
}

#[test]
fn gtp_with_every_optional_part() {
    let path = [between(E::Gtp, 0xdead_beef)];
    for (sequence, extensions) in [(false, 0), (true, 0), (false, 1), (true, 3)] {
        for inner in [
            ip(),
            ip6(),
            frame(),
            [&[0xff, 0x03], &ppp(0x0021, &ip())[..]].concat(),
        ] {
            let packet = gtp(255, 0xdead_beef, sequence, extensions, &inner);
            opens(&over_udp(2_152, &packet), &path);
        }
    }
    // The answer goes to the port the question came from.
    let answer = gtp(255, 1, false, 0, &ip());
    opens(
        &ethernet().ipv4(A, B).udp(2_152, 40_000).payload(answer),
        &[between(E::Gtp, 1)],
    );
    let echo = gtp(1, 0, true, 0, &[]);
    assert_eq!(gap(&over_udp(2_152, &echo)), Gap::NoNames(Carried::Gtp(1)));
}

#[test]
fn l2tp_versions_2_and_3() {
    for full in [false, true] {
        for port in [1_701, 40_000] {
            let packet = l2tp(2, 3, full, &ppp(0x0021, &ip()));
            opens(
                &ethernet().ipv4(A, B).udp(1_701, port).payload(packet),
                &[between(E::L2tp, 2 << 16 | 3)],
            );
        }
    }
    let path = [between(E::L2tpV3, 8)];
    for skip in [0, 4, 8, 12] {
        opens(&over_ip(115, &l2tpv3(8, skip, &frame())), &path);
        let inner = [&[0xff, 0x03], &ppp(0x0021, &ip())[..]].concat();
        opens(&over_ip(115, &l2tpv3(8, skip, &inner)), &path);
        let over = [&[0, 3, 0, 0], &l2tpv3(8, skip, &frame())[..]].concat();
        opens(&over_udp(1_701, &over), &path);
    }
    assert_eq!(
        gap(&over_ip(115, &l2tpv3(0, 0, &frame()))),
        Gap::NoNames(Carried::IpProtocol(115))
    );
    is_a_datagram(
        &over_udp(1_701, &[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0]),
        1_701,
    );
}

#[test]
fn ip_in_ip() {
    opens(&over_ip(4, &ip()), &[between(E::IpInIp, None)]);
    opens(&over_ip(94, &ip()), &[between(E::IpInIp, None)]);
    opens(&over_ip(41, &ip6()), &[between(E::SixInFour, None)]);
    let ends = Some((A6.parse().unwrap(), B6.parse().unwrap()));
    for (protocol, inner) in [(4, ip()), (41, ip6())] {
        opens(
            &ethernet().ipv6(A6, B6).routing().payload(protocol, &inner),
            &[Hop {
                ends,
                ..hop(E::IpInIp, None)
            }],
        );
    }
    for version in [0x30, 0x03] {
        let inner = [&[version, 0], &frame()[..]].concat();
        opens(&over_ip(97, &inner), &[between(E::EtherIp, None)]);
    }
    opens(&over_ip(143, &frame()), &[between(E::EthernetInIp, None)]);
    opens(
        &over_ip(145, &nsh(6, 1, false, &ip())),
        &[between(E::Nsh, 6)],
    );
}

#[test]
fn teredo_with_its_indications() {
    let inner = raw()
        .ipv6("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::53")
        .udp(5_000, 53)
        .payload(dns::query(1, "example.com", dns::A));
    for (authentication, origin) in [(false, false), (true, false), (false, true), (true, true)] {
        let payload = teredo(authentication, origin, &inner);
        opens(&over_udp(3_544, &payload), &[between(E::Teredo, None)]);
    }
    // Not from nor to a Teredo address.
    is_a_datagram(&over_udp(3_544, &ip6()), 3_544);
}

#[test]
fn authentication_header_in_both_versions() {
    let udp = ip()[20..].to_vec();
    let signed = ethernet()
        .ipv4("10.0.0.7", "192.0.2.53")
        .payload(51, &ah(17, 99, &udp));
    opens(&signed, &[hop(E::Ah, 99)]);
    let udp = ip6()[40..].to_vec();
    // Destination options of eight bytes behind the signature.
    let optioned = [&[17, 0, 1, 4, 0, 0, 0, 0], &udp[..]].concat();
    for (next, inner) in [(17, udp), (60, optioned)] {
        let signed = ethernet()
            .ipv6("2001:db8::7", "2001:db8::53")
            .hop_by_hop()
            .payload(51, &ah(next, 99, &inner));
        opens(&signed, &[hop(E::Ah, 99)]);
    }
    opens(
        &over_ip(51, &ah(4, 99, &ip())),
        &[hop(E::Ah, 99), between(E::IpInIp, None)],
    );
}

#[test]
fn macsec_is_opened_where_it_is_clear() {
    for channel in [false, true] {
        let frame = over_ethernet(0x88e5, &macsec(channel, 0x0800, &ip()));
        opens_with_trailer(&frame, &[hop(E::Macsec, None)], 16);
    }
    let mut encrypted = over_ethernet(0x88e5, &macsec(true, 0x0800, &ip()));
    encrypted[14] |= 0x0c;
    assert_eq!(gap(&encrypted), Gap::Unread(Carried::EtherType(0x88e5)));
}

/// A trailer may be cut off without a trace.
#[track_caller]
fn opens_with_trailer(frame: &[u8], hops: &[Hop], trailer: usize) {
    opens(frame, hops);
    opens(&frame[..frame.len().saturating_sub(trailer)], hops);
}

#[test]
fn mirrored_frames_in_udp() {
    opens(
        &over_udp(37_008, &tzsp(1, &frame())),
        &[between(E::Tzsp, None)],
    );
    opens(
        &over_udp(7_932, &hp_erm(12, &frame())),
        &[between(E::HpErm, 12)],
    );
}

#[test]
fn overlays_in_udp() {
    opens(
        &over_udp(5_247, &capwap(&frame())),
        &[between(E::Capwap, None)],
    );
    for inner in [ip(), ip6()] {
        opens(&over_udp(4_341, &lisp(5, &inner)), &[between(E::Lisp, 5)]);
        opens(&over_udp(6_080, &inner), &[between(E::Gue, None)]);
    }
    opens(&over_udp(6_080, &gue(4, &ip())), &[between(E::Gue, None)]);
    opens(&over_udp(6_080, &gue(41, &ip6())), &[between(E::Gue, None)]);
}

#[test]
fn access_points_in_either_byte_order() {
    let path = [between(E::Capwap, None)];
    for data in [
        wifi::data(),
        wifi::data().from_access_point(),
        wifi::data().ad_hoc(),
        wifi::data().four_addresses(),
        wifi::data().qos(),
        wifi::data().ht_control(),
        wifi::data().protected(),
    ] {
        for (ether_type, packet) in [(0x0800, ip()), (0x86dd, ip6())] {
            let frame = data.msdu(ether_type, &packet);
            for frame in [wifi::swap_control(frame.clone()), frame] {
                for binding in [0, 1] {
                    opens(&over_udp(5_247, &capwap_native(binding, &frame)), &path);
                }
            }
        }
    }
    for tagged in [false, true] {
        let mut inner = ip();
        let (ether_type, hops) = match tagged {
            true => {
                inner = [&[0, 9, 0x08, 0x00], &inner[..]].concat();
                (0x8100, vec![path[0], hop(E::Vlan, 9)])
            }
            false => (0x0800, path.to_vec()),
        };
        let frame = wifi::swap_control(wifi::data().qos().msdu(ether_type, &inner));
        opens(&over_udp(5_247, &capwap_native(1, &frame)), &hops);
    }
}

#[test]
fn aggregates_between_access_points_in_either_byte_order() {
    let aggregate = wifi::data().aggregate(&[(0x0800, &ip()), (0x86dd, &ip6())]);
    for frame in [wifi::swap_control(aggregate.clone()), aggregate] {
        let frame = over_udp(5_247, &capwap_native(1, &frame));
        let mut path = Path::default();
        let Err(Stop::Subframes(mut parts)) = decode(LinkType::ETHERNET, &frame, &mut path) else {
            panic!("no aggregate");
        };
        for _ in 0..2 {
            let packet = parts.next(&mut path).unwrap().unwrap();
            assert_eq!(packet.flow().dport, 53);
            assert_eq!(path.hops(), [between(E::Capwap, None)]);
        }
        assert!(parts.next(&mut path).is_none());
    }
}

#[test]
fn what_an_access_point_sends_besides_packets() {
    let capwap = |frame: &[u8]| over_udp(5_247, &capwap_native(1, frame));
    let beacon = [&[0x80, 0x00][..], &[0x11; 60]].concat();
    let null = [&[0x48, 0x01][..], &[0x11; 22]].concat();
    for (frame, kind) in [(beacon, Wifi::Management), (null, Wifi::NoData)] {
        for frame in [frame.clone(), wifi::swap_control(frame)] {
            // A swapped beacon reads as one of another kind.
            if frame[..2] == [0x00, 0x80] {
                continue;
            }
            assert_eq!(gap(&capwap(&frame)), Gap::NoNames(Carried::Wifi(kind)));
            // Without the right binding, that is no more than a guess.
            is_a_datagram(&over_udp(5_247, &capwap_native(0, &frame)), 5_247);
        }
    }
    assert_eq!(
        gap(&over_udp(5_247, &capwap_keep_alive())),
        Gap::NoNames(Carried::Capwap(Capwap::KeepAlive))
    );
    // Encrypted, or nothing known behind the LLC header: the datagram counts as an unread tunnel.
    let encrypted = wifi::data().protected().body(&[0x5e; 60]);
    let unknown = wifi::data().msdu(0x1234, &ip());
    let no_llc = wifi::data().body(&ip());
    for frame in [encrypted, unknown, no_llc] {
        for frame in [wifi::swap_control(frame.clone()), frame] {
            is_a_datagram(&capwap(&frame), 5_247);
        }
    }
}

#[test]
fn fragments_between_access_points() {
    for swapped in [false, true] {
        let mut frame = wifi::data().qos().msdu(0x0800, &ip());
        if swapped {
            frame = wifi::swap_control(frame);
        }
        let parts = capwap_fragments(7, &frame, &[40, 80]);
        let mut given = Vec::new();
        for part in &parts {
            let mut path = Path::default();
            let datagram = over_udp(5_247, part);
            match decode(LinkType::ETHERNET, &datagram, &mut path) {
                Err(Stop::Fragment(fragment)) => {
                    given.push((fragment.offset, fragment.more, fragment.data.to_vec()));
                    let ends = (fragment.src, fragment.dst);
                    assert_eq!(ends, (A.parse().unwrap(), B.parse().unwrap()));
                    assert_eq!(
                        (fragment.id, fragment.protocol, fragment.cut),
                        // The wireless binding, and a frame of it.
                        (7, 3, false)
                    );
                    // What is put together again is opened like a frame that was never divided.
                    for (payload, cut) in [(&frame[..], false), (fragment.data, true)] {
                        let (whole, protocol) = (fragment.whole, fragment.protocol);
                        let mut bytes = Vec::new();
                        rebuild(ends, protocol, whole, payload, cut, &mut bytes);
                        let mut path = path;
                        match decode_ip(&bytes, &mut path) {
                            Ok(packet) if !cut => {
                                assert_eq!((packet.flow().dport, packet.cut), (53, false));
                                assert_eq!(path.hops(), [between(E::Capwap, None)]);
                            }
                            result => assert!(cut, "{result:?}"),
                        }
                    }
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(path.hops(), []);
        }
        let expected = [
            (0, true, frame[..40].to_vec()),
            (40, true, frame[40..80].to_vec()),
            (80, false, frame[80..].to_vec()),
        ];
        assert_eq!(given, expected);
        // Any byte of the header that does not fit makes it a datagram like others.
        for (at, value) in [
            (1, 0x28),
            (2, 7),
            (3, 0xb1),
            (7, 0x29),
            (8, 7),
            (16, 0),
            (16, 9),
        ] {
            let mut odd = parts[1].clone();
            odd[at] = value;
            is_a_datagram(&over_udp(5_247, &odd), 5_247);
        }
        // The only fragment is a whole frame.
        let whole = capwap_fragments(7, &frame, &[]);
        opens(&over_udp(5_247, &whole[0]), &[between(E::Capwap, None)]);
    }
}

#[test]
fn a_port_of_clients_is_that_of_mirrored_frames_at_the_receiver_only() {
    let mirrored = tzsp(1, &frame());
    let towards = over_udp(37_008, &mirrored);
    opens(&towards, &[between(E::Tzsp, None)]);
    let from = ethernet().ipv4(A, B).udp(37_008, 443);
    is_a_datagram(&from.payload(mirrored.clone()), 443);
    // A tunnel that answers from its own port to a client's.
    let answer = l2tp(2, 3, false, &ppp(0x0021, &ip()));
    opens(
        &ethernet().ipv4(A, B).udp(1_701, 37_008).payload(answer),
        &[between(E::L2tp, 2 << 16 | 3)],
    );
    fn datagram(sport: u16, dport: u16, payload: &[u8]) -> Datagram<'_> {
        Datagram {
            sport,
            dport,
            payload,
        }
    }
    assert!(is_on_tunnel_port(&datagram(9, 37_008, &mirrored)));
    assert!(!is_on_tunnel_port(&datagram(37_008, 9, &mirrored)));
    for (at, value) in [(0, 2), (1, 4), (2, 1), (3, 99)] {
        let mut other = mirrored.clone();
        other[at] = value;
        assert!(!is_on_tunnel_port(&datagram(9, 37_008, &other)));
        is_a_datagram(&over_udp(37_008, &other), 37_008);
    }
    for port in PORTS {
        assert!(is_on_tunnel_port(&datagram(9, port, &[])), "{port}");
        assert!(is_on_tunnel_port(&datagram(port, 9, &[])), "{port}");
    }
}

#[test]
fn mirrored_frames_of_other_links() {
    let path = [between(E::Tzsp, None)];
    let radio = wifi::data().msdu(0x0800, &ip());
    for (link, inner) in [
        (3, [&[0; 16], &ip()[..]].concat()),
        (4, ppp(0x0021, &ip())),
        (18, radio.clone()),
        (119, wifi::prism(false, &radio)),
        (127, wifi::avs(&radio)),
    ] {
        opens(&over_udp(37_008, &tzsp(link, &inner)), &path);
    }
}

#[test]
fn small_tags() {
    let tagged = |ether_type, tag: &[u8]| {
        over_ethernet(ether_type, &[tag, &[0x08, 0x00], &ip()[..]].concat())
    };
    opens(&tagged(0x8926, &[0xc0, 7, 0, 1]), &[hop(E::VnTag, 7)]);
    opens(
        &tagged(0x893f, &[0, 0, 0x10, 7, 0, 0]),
        &[hop(E::ETag, 0x1007)],
    );
    opens(
        &tagged(0x8909, &[1, 1, 0, 1, 0, 15]),
        &[hop(E::CiscoMetadata, 15)],
    );
    opens(&tagged(0x892f, &[0, 60, 0, 1]), &[hop(E::Redundancy, None)]);
    opens(&tagged(0xf1c1, &[0, 0, 0, 1]), &[hop(E::Redundancy, None)]);
    opens(
        &tagged(0xdada, &[0, 0, 0x40, 0, 0, 5]),
        &[hop(E::SwitchTag, 5)],
    );
    let inner = frame();
    for words in [0, 1, 9] {
        opens(
            &over_ethernet(0x22f3, &trill(words, &inner)),
            &[hop(E::Trill, None)],
        );
    }
    let fabric = [&[0x02, 0xa0], &inner[..]].concat();
    opens(&over_ethernet(0x8903, &fabric), &[hop(E::FabricPath, 10)]);
    opens(
        &over_ethernet(0x894f, &nsh(0x11_2233, 3, true, &inner)),
        &[hop(E::Nsh, 0x11_2233)],
    );
}

#[test]
fn a_port_is_no_proof_of_a_tunnel() {
    let query: Vec<u8> = dns::query(0x0801, "www.example.com", dns::A).into();
    for port in PORTS.into_iter().chain([37_008]) {
        is_a_datagram(&over_udp(port, &query), port);
        is_a_datagram(&over_udp(port, &[]), port);
        // An answer to a resolver that happens to use the port.
        let answer = ethernet().ipv4(A, B).udp(53, port).payload(query.clone());
        is_a_datagram(&answer, port);
    }
    // Any transaction number.
    for id in 0..=u16::MAX {
        let query: Vec<u8> = dns::query(id, "example.com", dns::A).into();
        for port in [2_152, 4_789, 5_247, 6_080, 37_008] {
            is_a_datagram(&over_udp(port, &query), port);
        }
    }
}

#[test]
fn an_answer_to_the_port_of_access_points_is_no_fragment() {
    // Its flags may read as those of a fragment, and the number of answers as the fragment's place.
    for (id, flags) in (0..=0xff).flat_map(|id| (0..=0xff).map(move |flags| (id, flags))) {
        for authoritative in [0x81, 0x85] {
            for answers in [0, 8, 16] {
                let mut message = vec![0, id, authoritative, flags, 0, 1, 0, answers, 0, 0, 0, 0];
                message.resize(200, 3);
                is_a_datagram(&over_udp(5_247, &message), 5_247);
            }
        }
    }
}

#[test]
fn what_cannot_be_read_in_a_tunnel_leaves_the_datagram() {
    let unread = ethernet().payload(0x8137, &[0; 40]);
    is_a_datagram(&over_udp(4_789, &vxlan(1, &unread)), 4_789);
    let nested = over_udp(
        4_789,
        &vxlan(1, &over_udp(6_081, &geneve(2, 0, 0x6558, &unread))),
    );
    let mut path = Path::default();
    let packet = decode(LinkType::ETHERNET, &nested, &mut path).unwrap();
    assert_eq!(packet.flow().dport, 6_081);
    assert_eq!(path.hops(), [between(E::Vxlan, 1)]);
}

#[test]
fn what_names_nobody_in_a_tunnel_is_said() {
    let arp = ethernet().payload(0x0806, &[0; 28]);
    assert_eq!(
        gap(&over_udp(4_789, &vxlan(1, &arp))),
        Gap::NoNames(Carried::EtherType(0x0806))
    );
}

#[test]
fn fragments_in_a_tunnel_keep_their_path() {
    let parts = ethernet()
        .ipv4("10.0.0.7", "192.0.2.53")
        .udp(1, 53)
        .fragments(vec![7; 100], &[64]);
    let mut path = Path::default();
    let frame = over_udp(4_789, &vxlan(1, &parts[0]));
    let stop = decode(LinkType::ETHERNET, &frame, &mut path);
    assert!(matches!(stop, Err(Stop::Fragment(_))), "{stop:?}");
    assert_eq!(path.hops(), [between(E::Vxlan, 1)]);
}

#[test]
fn tunnels_in_tunnels_end_somewhere() {
    let nested = (0..40).fold(frame(), |inner, vni| over_udp(4_789, &vxlan(vni, &inner)));
    assert_eq!(gap(&nested), Gap::TooDeep);
    let signed = (0..60).fold(vec![0; 8], |inner, spi| ah(51, spi, &inner));
    assert_eq!(gap(&over_ip(51, &signed)), Gap::TooDeep);
}

/// A layer around a frame, and the hops it adds in front.
fn wrapped(layer: u8, id: u32, inner: &[u8]) -> (Vec<u8>, Vec<Hop>) {
    match layer {
        0 => (
            over_udp(4_789, &vxlan(id, inner)),
            vec![between(E::Vxlan, id)],
        ),
        1 => (
            over_udp(6_081, &geneve(id, 2, 0x6558, inner)),
            vec![between(E::Geneve, id)],
        ),
        2 => (
            over_ip(47, &gre(0x88be).sequence(1).carry(&erspan2(5, inner))),
            vec![between(E::Erspan, 5)],
        ),
        3 => (
            over_ethernet(0x8847, &mpls(&[id & 0xfffff], &control_word(inner))),
            vec![hop(E::Mpls, id & 0xfffff)],
        ),
        4 => (
            over_ethernet(0x88e7, &backbone(id, inner)),
            vec![hop(E::Backbone, id)],
        ),
        5 => {
            // Strips the Ethernet header: only for a frame that carries IPv4.
            match inner.get(12..14) {
                Some([8, 0]) => (
                    over_udp(2_152, &gtp(255, id, true, 1, &inner[14..])),
                    vec![between(E::Gtp, id)],
                ),
                _ => (inner.to_vec(), vec![]),
            }
        }
        6 => (
            over_ip(115, &l2tpv3(id, 4, inner)),
            vec![between(E::L2tpV3, id)],
        ),
        7 | 8 => match inner.get(12..14) {
            Some([8, 0]) => {
                let mut frame = wifi::data().qos().msdu(0x0800, &inner[14..]);
                if layer == 8 {
                    frame = wifi::swap_control(frame);
                }
                (
                    over_udp(5_247, &capwap_native(1, &frame)),
                    vec![between(E::Capwap, None)],
                )
            }
            _ => (inner.to_vec(), vec![]),
        },
        _ => (
            over_udp(37_008, &tzsp(1, inner)),
            vec![between(E::Tzsp, None)],
        ),
    }
}

proptest! {
    #[test]
    fn any_nesting_leads_to_the_message(layers in prop::collection::vec((0u8..10, 1u32..1 << 24), 0..8)) {
        let (mut outer, mut hops) = (frame(), Vec::new());
        for (layer, id) in layers {
            let (wrapped, mut added) = wrapped(layer, id, &outer);
            added.append(&mut hops);
            (outer, hops) = (wrapped, added);
        }
        opens(&outer, &hops);
    }

    #[test]
    fn random_bytes_in_a_tunnel_are_survived(
        port in prop::sample::select([&PORTS[..], &[37_008]].concat()),
        number in prop::sample::select(vec![4u8, 41, 47, 51, 94, 97, 115, 137, 143, 145]),
        ether_type in prop::sample::select(vec![
            0x22f3u16, 0x6558, 0x880b, 0x8847, 0x8864, 0x88e5, 0x88e7, 0x8903, 0x8909, 0x8926, 0x892f,
            0x893f, 0x894f, 0xdada, 0xf1c1,
        ]),
        data in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        for frame in [over_udp(port, &data), over_ip(number, &data), over_ethernet(ether_type, &data)] {
            if let Ok(packet) = decode(LinkType::ETHERNET, &frame, &mut Path::default()) {
                prop_assert!(packet.transport.payload().len() <= frame.len());
            }
        }
    }

    #[test]
    fn flipped_bytes_are_survived(
        layers in prop::collection::vec((0u8..10, 1u32..1 << 24), 1..4), at in 0usize..200, value: u8,
    ) {
        let mut outer = layers.iter().fold(frame(), |inner, (layer, id)| wrapped(*layer, *id, &inner).0);
        if let Some(byte) = outer.get_mut(at) {
            *byte = value;
        }
        if let Ok(packet) = decode(LinkType::ETHERNET, &outer, &mut Path::default()) {
            prop_assert!(packet.transport.payload().len() <= outer.len());
        }
    }
}
