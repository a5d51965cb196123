//! Seeds that no scenario holds: a frame of each tunnel and link type, and captures of them and of flows of each
//! protocol. No fuzzer finds the port, the magic numbers and the lengths of a tunnel by itself.

use testkit::capture::{Packet, Pcap};
use testkit::frame::{Link, ether_type, ethernet, link_type, raw};
use testkit::transport::Tcp;
use testkit::tunnel::*;
use testkit::{dns, links, wifi};

const A: &str = "198.51.100.1";
const B: &str = "198.51.100.2";

/// What everything here carries.
fn message(link: Link) -> Vec<u8> {
    link.ipv4("10.0.0.7", "192.0.2.53")
        .udp(5_000, 53)
        .payload(dns::query(1, "a.example", dns::A))
}

fn message6(link: Link) -> Vec<u8> {
    link.ipv6("2001:db8::7", "2001:db8::53")
        .udp(5_000, 53)
        .payload(dns::query(1, "a.example", dns::A))
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

/// A frame of Ethernet for each tunnel and tag.
fn tunnels() -> Vec<Vec<u8>> {
    let (frame, ip, ip6) = (message(ethernet()), message(raw()), message6(raw()));
    let in_ppp = ppp(0x0021, &ip);
    let in_wifi = wifi::data().qos().msdu(ether_type::IPV4, &ip);
    let teredo_ip = raw()
        .ipv6("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::53")
        .udp(5_000, 53)
        .payload(dns::query(1, "a.example", dns::A));
    let mut frames = vec![
        message(ethernet().tag(0x9100, 5).qinq(7, 100)),
        over_ethernet(0x88e7, &backbone(3, &frame)),
        over_ethernet(0x8847, &mpls(&[16, 17], &ip)),
        over_ethernet(0x8847, &mpls(&[16], &control_word(&frame))),
        over_ethernet(0x8864, &pppoe(1, &in_ppp)),
        over_ethernet(0x894f, &nsh(9, 3, true, &frame)),
        over_ethernet(0x88e5, &macsec(true, 0x0800, &ip)),
        over_ethernet(0x22f3, &trill(1, &frame)),
        over_ip(51, &ah(4, 99, &ip)),
        over_ip(
            47,
            &gre(0x0800).checksum().key(3).sequence(1).route().carry(&ip),
        ),
        over_ip(47, &gre(0x6558).key(0x1234_5601).carry(&frame)),
        over_ip(47, &gre(0x883e).carry(&[&[0; 4], &ip[..]].concat())),
        over_ip(47, &pptp(1, true, &in_ppp)),
        over_ip(47, &gre(0x88be).carry(&frame)),
        over_ip(47, &gre(0x88be).sequence(4).carry(&erspan2(300, &frame))),
        over_ip(
            47,
            &gre(0x22eb).sequence(4).carry(&erspan3(300, true, &frame)),
        ),
        over_udp(4_789, &vxlan(42, &frame)),
        over_udp(4_790, &vxlan_gpe(42, 4, &nsh(9, 1, false, &ip))),
        over_udp(6_081, &geneve(42, 3, 0x6558, &frame)),
        over_udp(2_152, &gtp(255, 7, true, 2, &ip)),
        over_udp(1_701, &l2tp(2, 3, true, &in_ppp)),
        over_udp(1_701, &[&[0, 3, 0, 0], &l2tpv3(8, 4, &frame)[..]].concat()),
        over_ip(115, &l2tpv3(8, 12, &frame)),
        over_udp(3_544, &teredo(true, true, &teredo_ip)),
        over_udp(5_247, &capwap(&frame)),
        over_udp(5_247, &capwap_native(1, &in_wifi)),
        over_udp(
            5_247,
            &capwap_native(0, &wifi::swap_control(in_wifi.clone())),
        ),
        over_udp(5_247, &capwap_keep_alive()),
        over_udp(37_008, &tzsp(1, &frame)),
        over_udp(7_932, &hp_erm(12, &frame)),
        over_udp(4_341, &lisp(5, &ip)),
        over_udp(6_080, &gue(4, &ip)),
        over_udp(6_080, &ip6),
        over_ip(4, &ip),
        over_ip(41, &ip6),
        over_ip(97, &[&[0x30, 0], &frame[..]].concat()),
        over_ip(143, &frame),
    ];
    // In parts, which come back together where more than one frame is read.
    frames.extend(
        capwap_fragments(7, &in_wifi, &[40, 80])
            .iter()
            .map(|part| over_udp(5_247, part)),
    );
    let parts = ethernet().ipv4(A, B).udp(50_001, 4_789);
    frames.extend(parts.fragments(vxlan(1, &frame), &[48, 64]));
    frames.extend(
        ethernet()
            .ipv6("2001:db8::7", "2001:db8::53")
            .udp(1, 53)
            .fragments(dns::query(1, "b.example", dns::A), &[16]),
    );
    frames
}

/// Frames with their link types.
fn framed() -> Vec<(u32, Vec<u8>)> {
    let tunnels = tunnels().into_iter();
    let mut frames: Vec<_> = tunnels.map(|frame| (link_type::ETHERNET, frame)).collect();
    let mut samples = links::every(ether_type::IPV4, &message(raw()));
    samples.extend(links::every(ether_type::IPV6, &message6(raw())));
    frames.extend(samples.into_iter().map(|s| (s.link_type, s.frame)));
    frames
}

/// For the target of single frames.
pub(crate) fn frames() -> Vec<Vec<u8>> {
    let seed = |(link, frame): (u32, Vec<u8>)| {
        let link = u16::try_from(link).unwrap();
        [&link.to_be_bytes(), &frame[..]].concat()
    };
    framed().into_iter().map(seed).collect()
}

/// For the targets of whole captures: tunnels, datagrams and both directions of connections.
pub(crate) fn captures(datagrams: &[Vec<u8>], dialogues: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut captures: Vec<Vec<u8>> = tunnels().chunks(8).map(capture).collect();
    let datagrams: Vec<Vec<u8>> = datagrams
        .iter()
        .map(|datagram| over_udp(443, datagram))
        .collect();
    captures.extend(datagrams.chunks(4).map(capture));
    captures.extend(dialogues.iter().map(|bytes| capture(&connection(bytes))));
    captures
}

fn capture(frames: &[Vec<u8>]) -> Vec<u8> {
    let packets: Vec<Packet> = (0..)
        .zip(frames)
        .map(|(n, frame)| Packet::new(1_626_602_400_000_000_000 + n * 1_000_000, frame.clone()))
        .collect();
    Pcap::new(link_type::ETHERNET).packets(&packets).bytes()
}

/// The bytes as what a client and then its server sends, the second half of them first.
fn connection(bytes: &[u8]) -> Vec<Vec<u8>> {
    let end = |back: bool| -> Tcp {
        if back {
            ethernet().ipv4(B, A).tcp(3_128, 50_001)
        } else {
            ethernet().ipv4(A, B).tcp(50_001, 3_128)
        }
    };
    let (one, two) = bytes.split_at(bytes.len() / 2);
    let second = 1_000 + u32::try_from(one.len()).unwrap();
    let mut frames = vec![
        end(false).seq(999).syn().empty(),
        end(true).seq(999).syn().ack(1_000).empty(),
    ];
    for back in [false, true] {
        frames.push(end(back).seq(second).ack(1_000).payload(two));
        frames.push(end(back).seq(1_000).ack(1_000).payload(one));
    }
    frames
}
