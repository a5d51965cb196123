//! The same everyday story over every link layer and file format.

use super::{Device, Scenario, Story};
use crate::capture::{Packet, Pcap, PcapNg, Resolution, block};
use crate::dns;
use crate::frame::{
    Link, ether_type, ethernet, link_type, linux_cooked, linux_cooked2, null_loopback,
    null_loopback_big_endian, raw,
};
use crate::tls;

pub(super) fn every_link() -> Vec<Scenario> {
    vec![
        vlan_qinq(),
        cooked(),
        cooked2(),
        null(),
        raw_ip(),
        big_endian_nano(),
        modified(),
        multi_interface(),
    ]
}

/// Two devices, one of each IP version; one contact by lookup and one by connection.
fn everyday(story: &mut Story, link: &Link, looked_up: &str, connected: &str, indicator: &str) {
    // Addresses of their own for every use in a file, so that no two connections look alike.
    let number = 5 + story.packet_count();
    let mut phone = Device::new(link.clone(), &format!("10.20.0.{number}"), "192.0.2.53");
    let mut laptop = Device::new(
        link.clone(),
        &format!("2001:db8:20::{number:x}"),
        "2001:db8::53",
    );
    story.plant(looked_up, indicator);
    story.plant(connected, indicator);
    story.browse(&mut phone, "www.bbc.co.uk", "198.51.100.90");
    story.resolve(&mut laptop, looked_up, "2001:db8:bad::30");
    story.resolve(&mut laptop, "captive.apple.com", "2001:db8:80::3");
    story.connect(
        &mut phone,
        "203.0.113.30:30495",
        &tls::client_hello(connected),
    );
    story.connect(
        &mut laptop,
        "[2001:db8:80::3]:443",
        &tls::client_hello("captive.apple.com"),
    );
}

fn vlan_qinq() -> Scenario {
    let mut story = Story::at(1_600_000_000);
    let plain = ethernet().vlan(100);
    let stacked = ethernet().qinq(200, 17);
    let old = ethernet().tag(ether_type::OLD_QINQ, 300).vlan(18);
    let priority = ethernet().tag(ether_type::VLAN, 0xe000);
    everyday(
        &mut story,
        &plain,
        "beach.alpharythme.com",
        "alpharythme.com",
        "alpharythme.com",
    );
    everyday(
        &mut story,
        &stacked,
        "chatresponses.com",
        "x1.chatresponses.com",
        "chatresponses.com",
    );
    everyday(
        &mut story,
        &old,
        "feeltrail.com",
        "q.w.feeltrail.com",
        "feeltrail.com",
    );
    everyday(
        &mut story,
        &priority,
        "sendingurl.com",
        "r.sendingurl.com",
        "sendingurl.com",
    );
    story.ends(
        "vlan-qinq.pcap",
        "Ethernet with one VLAN tag (100), with a service and a customer tag (802.1ad, 200 and \
         17), with the older 0x9100 stack, and with a priority tag (VLAN 0).",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}

fn cooked() -> Scenario {
    let mut story = Story::at(1_600_100_000);
    everyday(
        &mut story,
        &linux_cooked(),
        "albumphotopro.biz",
        "www.albumphotopro.biz",
        "albumphotopro.biz",
    );
    let tagged = linux_cooked().vlan(7);
    everyday(
        &mut story,
        &tagged,
        "foto-top.info",
        "a.foto-top.info",
        "foto-top.info",
    );
    story.ends(
        "linux-cooked.pcap",
        "Linux cooked capture, version 1, as older `tcpdump -i any` writes it; the second half \
         has a VLAN tag behind the cooked header.",
        |packets| Pcap::new(link_type::LINUX_SLL).packets(packets).bytes(),
    )
}

fn cooked2() -> Scenario {
    let mut story = Story::at(1_600_200_000);
    everyday(
        &mut story,
        &linux_cooked2(),
        "golf-news.live",
        "m.golf-news.live",
        "golf-news.live",
    );
    story.ends(
        "linux-cooked2.pcap",
        "Linux cooked capture, version 2.",
        |packets| Pcap::new(link_type::LINUX_SLL2).packets(packets).bytes(),
    )
}

fn null() -> Scenario {
    let mut story = Story::at(1_600_300_000);
    everyday(
        &mut story,
        &null_loopback(),
        "pathtogo.net",
        "cdn.pathtogo.net",
        "pathtogo.net",
    );
    let freebsd = null_loopback_big_endian().bsd_ipv6_family(28);
    everyday(
        &mut story,
        &freebsd,
        "top10gifts4men.com",
        "a.b.top10gifts4men.com",
        "top10gifts4men.com",
    );
    let netbsd = null_loopback().bsd_ipv6_family(24);
    everyday(
        &mut story,
        &netbsd,
        "upload-now.net",
        "i.upload-now.net",
        "upload-now.net",
    );
    story.ends(
        "null-loopback.pcap",
        "BSD loopback: the address family in little-endian and in big-endian order, with the \
         numbers of macOS (30), FreeBSD (28) and NetBSD (24) for IPv6.",
        |packets| Pcap::new(link_type::NULL).packets(packets).bytes(),
    )
}

fn raw_ip() -> Scenario {
    let mut story = Story::at(1_600_400_000);
    everyday(
        &mut story,
        &raw(),
        "working-online.net",
        "s1.working-online.net",
        "working-online.net",
    );
    story.ends(
        "raw-ip.pcap",
        "IP packets without any link layer, IPv4 and IPv6 mixed, as VPN interfaces and phones \
         give them.",
        |packets| Pcap::new(link_type::RAW).packets(packets).bytes(),
    )
}

fn big_endian_nano() -> Scenario {
    let mut story = Story::at(1_600_500_000);
    story.wait(1);
    everyday(
        &mut story,
        &ethernet(),
        "robotscan.net",
        "t.robotscan.net",
        "robotscan.net",
    );
    story.shift_nanoseconds(123_457);
    story.ends(
        "big-endian-nano.pcap",
        "A classic capture in big-endian byte order with nanoseconds.",
        |packets| {
            Pcap::new(link_type::ETHERNET)
                .big_endian()
                .nanoseconds()
                .packets(packets)
                .bytes()
        },
    )
}

fn modified() -> Scenario {
    let mut story = Story::at(1_600_600_000);
    everyday(
        &mut story,
        &ethernet(),
        "redirect-tunnel.net",
        "d.redirect-tunnel.net",
        "redirect-tunnel.net",
    );
    story.ends(
        "modified-header.pcap",
        "The variant with magic number 0xa1b2cd34 and eight more bytes in each record's header.",
        |packets| {
            Pcap::new(link_type::ETHERNET)
                .modified()
                .packets(packets)
                .bytes()
        },
    )
}

/// Packets one second apart, each over its own interface, so every resolution can say the time.
fn multi_interface() -> Scenario {
    let mut story = Story::at(1_600_700_000);
    let links = [
        ethernet(),
        raw(),
        linux_cooked(),
        null_loopback(),
        linux_cooked2(),
        ethernet().vlan(5),
    ];
    let names = [
        ("tablereservation.info", "tablereservation.info"),
        ("www.apple.com", ""),
        ("k.volcanosregion.com", "volcanosregion.com"),
        ("rosegoldjewerly.com", "rosegoldjewerly.com"),
        ("weatherapi.com", ""),
        ("weatherapi.co", "weatherapi.co"),
    ];
    let simple = ("soccerstreamingstars.com", "soccerstreamingstars.com");
    let old = ("arabnews365.com", "arabnews365.com");
    for (i, (name, indicator)) in names.iter().chain([&simple, &old]).enumerate() {
        if !indicator.is_empty() {
            story.plant(name, indicator);
        }
        let link = links.get(i).cloned().unwrap_or_else(ethernet);
        let query = dns::query(i as u16, *name, dns::A);
        story.message(&link, "10.0.0.9:50000", "192.0.2.53:53", query);
        story.wait(999);
    }
    story.without_time(7);
    story.ends(
        "multi-interface.pcapng",
        "pcapng with three sections, the second one big-endian. Section one: Ethernet in \
         microseconds, raw IP in nanoseconds, Linux cooked in units of 2^-10 s; section two: \
         loopback in milliseconds, Linux cooked 2 with a time offset, Ethernet with VLAN. In the third there \
         are also a simple packet block (no time), an obsolete packet block, statistics with \
         drops, a name resolution block, a custom block and a block of an unknown type.",
        write_multi_interface,
    )
}

fn write_multi_interface(packets: &[Packet]) -> Vec<u8> {
    let [first, second, third, fourth, fifth, sixth, simple, old] = packets else {
        panic!("eight packets")
    };
    // 4-byte enterprise number of the documentation example (RFC 5612).
    let custom = [&32_473u32.to_le_bytes()[..], b"made by the testkit"].concat();
    PcapNg::new()
        .interface(link_type::ETHERNET, Resolution::Unstated)
        .interface(link_type::RAW, Resolution::Decimal(9))
        .packet(0, first)
        .packet_with_comment(1, second, "an innocent lookup")
        .interface(link_type::LINUX_SLL, Resolution::Binary(10))
        .packet(2, third)
        .statistics(0, third.time, 1000, 17)
        .block(0x7ead_beef, b"a block that nobody knows")
        .big_endian_section()
        .interface(link_type::NULL, Resolution::Decimal(3))
        .interface_with_offset(link_type::LINUX_SLL2, Resolution::Decimal(6), 3600)
        .interface(link_type::ETHERNET, Resolution::Decimal(6))
        .packet(0, fourth)
        .packet(1, fifth)
        .packet(2, sixth)
        .statistics(2, sixth.time, 500, 0)
        .little_endian_section()
        .interface(link_type::ETHERNET, Resolution::Unstated)
        .simple_packet(simple)
        .old_packet(0, old)
        .block(block::NAME_RESOLUTION, &[0, 0, 0, 0])
        // Last, since Wireshark counts custom blocks as packets.
        .block(block::CUSTOM, &custom)
        .bytes()
}
