//! Well-formed traffic that the program cannot read yet, which its summary must own up to.

use super::{Device, Scenario, Story};
use crate::capture::Pcap;
use crate::conversation::tcp;
use crate::dns::{self, malformed};
use crate::frame::{ether_type, ethernet, link_type, raw};
use crate::ip::protocol;
use crate::rng::Rng;
use crate::tls::{self, SniPlace};

const PHONE: &str = "10.0.0.30";
const RESOLVER: &str = "192.0.2.53";

pub(super) fn hard_to_read() -> Scenario {
    let mut story = Story::at(1_626_775_200);
    let mut phone = Device::new(ethernet(), PHONE, RESOLVER);
    fragments(&mut story);
    other_transports(&mut story);
    streams(&mut story, &mut phone);
    tunnels(&mut story);
    other_ether_types(&mut story);
    damaged(&mut story);
    story.resolve(&mut phone, "www.example.com", "198.51.100.50");
    story.ends(
        "hard-to-read.pcap",
        "Whole and healthy, but hard to read: IP fragments (the first ones hold nothing but a \
         transport header), DTLS, mDNS, DNS over TCP, a ClientHello whose name stands in its \
         second segment, HTTP, GRE, IP in IP, VXLAN, MPLS. Beside them is what cannot be read: QUIC \
         Initial packets that no key opens, ESP, SCTP, frames that the capture cut short, and two \
         malformed DNS messages; so no verdict may say that everything was read.",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}

fn fragments(story: &mut Story) {
    let query = dns::query(0x0a01, "fragmented.free247downloads.com", dns::A).edns(1232);
    let udp = ethernet().ipv4(PHONE, RESOLVER).id(0x1111).udp(50100, 53);
    let name = "fragmented.free247downloads.com";
    story.plant(name, "free247downloads.com");
    story.note_found(1, "dns_query", name, "10.0.0.30:50100", "192.0.2.53:53");
    for frame in udp.fragments(query.clone(), &[8]) {
        story.frame(frame);
    }
    let udp = ethernet()
        .ipv6("2001:db8:30::30", "2001:db8::53")
        .id(0x2222)
        .udp(50101, 53);
    story.note_found(
        1,
        "dns_query",
        name,
        "[2001:db8:30::30]:50101",
        "[2001:db8::53]:53",
    );
    for frame in udp.fragments(query, &[8]) {
        story.frame(frame);
    }
    let segment = ethernet()
        .ipv4(PHONE, "203.0.113.40")
        .id(0x3333)
        .tcp(50102, 443)
        .seq(1)
        .ack(1);
    story.note_found(1, "tls_sni", name, "10.0.0.30:50102", "203.0.113.40:443");
    for frame in segment.fragments(tls::client_hello(name), &[24]) {
        story.frame(frame);
    }
}

fn other_transports(story: &mut Story) {
    let mut rng = Rng::new(30);
    // A QUIC version 1 Initial: header form, version, connection identifiers, no token, length.
    let mut initial = vec![0xc3, 0, 0, 0, 1, 8];
    initial.extend_from_slice(&rng.bytes(8));
    initial.extend_from_slice(&[0, 0, 0x44, 0xd0 - 18]);
    let rest = 1200 - initial.len();
    initial.extend_from_slice(&rng.bytes(rest));
    let quic = ethernet().ipv4(PHONE, "198.51.100.60").udp(50110, 443);
    for _ in 0..3 {
        story.frame(quic.payload(initial.clone()));
    }
    let mut short = vec![0x41];
    short.extend_from_slice(&rng.bytes(60));
    story.frame(quic.payload(short));

    let name = "dtls.urlpush.net";
    story.plant(name, "urlpush.net");
    story.note_found(0, "dtls_sni", name, "10.0.0.30:50111", "203.0.113.41:4433");
    let dtls = ethernet().ipv4(PHONE, "203.0.113.41").udp(50111, 4433);
    story.frame(dtls.payload(tls::dtls_client_hello(name)));

    story.note_found(
        0,
        "mdns_query",
        "printer.local",
        "10.0.0.30:5353",
        "224.0.0.251:5353",
    );
    let mdns = ethernet().macs([0, 0, 0x5e, 0, 0x53, 7], [1, 0, 0x5e, 0, 0, 0xfb]);
    let mdns = mdns.ipv4(PHONE, "224.0.0.251").ttl(255).udp(5353, 5353);
    story.frame(mdns.payload(dns::message(0).question("printer.local", dns::A)));

    let esp = [
        &0x1234_5678u32.to_be_bytes()[..],
        &1u32.to_be_bytes(),
        &rng.bytes(120),
    ]
    .concat();
    story.frame(
        ethernet()
            .ipv4(PHONE, "198.51.100.61")
            .payload(protocol::ESP, &esp),
    );
    story.frame(
        ethernet()
            .ipv4(PHONE, "198.51.100.61")
            .payload(protocol::ICMP, &echo(8)),
    );
    // SCTP with one COOKIE ACK chunk; its CRC-32c is left zero, as hosts with offload show it.
    let sctp = [0x27, 0x10, 0x27, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 11, 0, 0, 4];
    story.frame(ethernet().ipv4(PHONE, "198.51.100.62").payload(132, &sctp));
    story.frame(
        ethernet()
            .ipv6("2001:db8:30::30", "2001:db8::1")
            .payload(protocol::NO_NEXT_HEADER, &[]),
    );
}

fn streams(story: &mut Story, phone: &mut Device) {
    let name = "tcp.urlpush.net";
    story.plant(name, "urlpush.net");
    let query = dns::query(0x0a02, name, dns::A).over_tcp();
    let answer = dns::response(0x0a02, name, dns::A)
        .a(name, "203.0.113.42")
        .over_tcp();
    let (client, server) = (story.socket(phone), "192.0.2.53:53");
    story.note_found(3, "dns_query", name, &client, server);
    story.note_found(5, "dns_query", name, server, &client);
    story.note_found(5, "dns_answer", name, server, &client);
    let talk = tcp(phone.link.clone(), &client, server)
        .at(story.now())
        .opens();
    story.conversation(talk.client_sends(query).server_sends(answer).closes());

    let name = "second-segment.urlpush.net";
    story.plant(name, "urlpush.net");
    let hello = tls::client_hello(name).post_quantum().sni(SniPlace::Last);
    assert!(
        hello.end_of_server_name() > 1400,
        "the name stands in the second segment"
    );
    let (client, server) = (story.socket(phone), "203.0.113.42:443");
    story.note_found(4, "tls_sni", name, &client, server);
    let talk = tcp(phone.link.clone(), &client, server)
        .at(story.now())
        .opens();
    story.conversation(
        talk.client_sends(hello)
            .server_sends(tls::server_hello())
            .closes(),
    );

    let name = "http.urlpush.net";
    story.plant(name, "urlpush.net");
    let (client, server) = (story.socket(phone), "203.0.113.42:80");
    story.note_found(3, "http_host", name, &client, server);
    let talk = tcp(phone.link.clone(), &client, server)
        .at(story.now())
        .opens();
    let talk = talk
        .client_sends(crate::http::get(name, "/"))
        .server_sends(crate::http::page("ok"));
    story.conversation(talk.closes());
}

fn tunnels(story: &mut Story) {
    let name = "tunnelled.urlpush.net";
    story.plant(name, "urlpush.net");
    let inner = raw()
        .ipv4(PHONE, RESOLVER)
        .udp(50120, 53)
        .payload(dns::query(1, name, dns::A));
    let (src, dst) = ("10.0.0.30:50120", "192.0.2.53:53");
    let outer = || ethernet().ipv4("192.0.2.201", "192.0.2.202");

    story.note_found(0, "dns_query", name, src, dst);
    story.frame(outer().payload(protocol::GRE, &[&[0, 0, 0x08, 0x00], &inner[..]].concat()));
    story.note_found(0, "dns_query", name, src, dst);
    story.frame(outer().payload(protocol::IPV4, &inner));
    story.note_found(0, "dns_query", name, src, dst);
    let vxlan = [
        &[0x08, 0, 0, 0, 0, 0, 42, 0],
        &ethernet().payload(ether_type::IPV4, &inner)[..],
    ];
    story.frame(outer().udp(50121, 4789).payload(vxlan.concat()));
    // MPLS label 16, bottom of stack.
    story.note_found(0, "dns_query", name, src, dst);
    story.frame(ethernet().payload(0x8847, &[&[0, 1, 0x01, 64], &inner[..]].concat()));
}

fn other_ether_types(story: &mut Story) {
    let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0x5e, 0, 0x53, 7, 10, 0, 0, 30];
    arp.extend_from_slice(&[0, 0, 0, 0, 0, 0, 10, 0, 0, 1]);
    story.frame(ethernet().payload(ether_type::ARP, &arp));
    // LLDP: chassis and port by MAC address, time to live, end.
    let mac = [0, 0, 0x5e, 0, 0x53, 1];
    let lldp = [
        &[2, 7, 4][..],
        &mac,
        &[4, 7, 3],
        &mac,
        &[6, 2, 0, 120, 0, 0],
    ]
    .concat();
    story.frame(ethernet().payload(ether_type::LLDP, &lldp));
    // A local experimental EtherType (IEEE 802).
    story.frame(ethernet().payload(0x88b5, b"nobody knows what this is"));
}

fn damaged(story: &mut Story) {
    let udp = ethernet().ipv4(PHONE, RESOLVER).udp(50130, 53);
    story.frame(udp.payload(malformed::pointer_to_itself()));
    story.frame(udp.payload(malformed::cut_in_a_label()));
    // The capture kept 60 bytes of each frame: no name is whole.
    let name = "cut-by-the-snapshot-length.example.com";
    story.snapped_frame(udp.payload(dns::query(0x0a03, name, dns::A)), 60);
    let segment = ethernet()
        .ipv4(PHONE, "198.51.100.63")
        .tcp(50131, 443)
        .seq(9)
        .ack(9)
        .push();
    story.snapped_frame(segment.payload(tls::client_hello(name)), 60);
}

fn echo(kind: u8) -> Vec<u8> {
    let mut out = vec![kind, 0, 0, 0, 0, 1, 0, 1];
    out.extend_from_slice(b"abcdefghijklmnop");
    let sum = crate::ip::checksum(&[&out]);
    out[2..4].copy_from_slice(&sum.to_be_bytes());
    out
}
