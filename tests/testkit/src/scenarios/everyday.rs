//! Compressed captures of ordinary days with a few contacts among many names.

use super::{Device, Scenario, Story};
use crate::capture::{Pcap, PcapNg, Resolution};
use crate::frame::{ethernet, link_type, raw};
use crate::tls;

/// Hosts that devices talk to between the contacts.
const ORDINARY: [&str; 24] = [
    "p41-content.icloud.com",
    "gateway.icloud.com",
    "www.google.com",
    "e.crashlytics.com",
    "graph.instagram.com",
    "api-glb-euw1.smoot.apple.com",
    "static.xx.fbcdn.net",
    "outlook.office365.com",
    "teams.microsoft.com",
    "edge.skype.com",
    "ctldl.windowsupdate.com",
    "slack.com",
    "docs.google.com",
    "fonts.googleapis.com",
    "www.theguardian.com",
    "rsf.org",
    "cpj.org",
    "www.nytimes.com",
    "api.dropbox.com",
    "github.com",
    "registry.npmjs.org",
    "deb.debian.org",
    "www.openstreetmap.org",
    "duckduckgo.com",
];

fn ordinary_hour(story: &mut Story, device: &mut Device, from: usize, hosts: usize) {
    for (i, name) in ORDINARY.iter().cycle().skip(from).take(hosts).enumerate() {
        story.browse(
            device,
            name,
            &format!("198.51.100.{}", 70 + (from + i) % ORDINARY.len()),
        );
        story.wait(1500);
    }
}

/// A phone that backs itself up at night and checks in with three servers.
pub(super) fn phone_backup() -> Scenario {
    let mut story = Story::at(1_594_000_000);
    let mut phone = Device::new(raw(), "10.8.0.2", "192.0.2.53");
    ordinary_hour(&mut story, &mut phone, 0, 8);
    for (name, indicator, port) in [
        (
            "3hvd2xsz6k.php78mp9v.opposedarrangement.net",
            "opposedarrangement.net",
            37271,
        ),
        ("bubblesweetcake.com", "bubblesweetcake.com", 443),
        ("f15fwd322.regularhours.net", "regularhours.net", 30495),
    ] {
        story.plant(name, indicator);
        story.resolve(&mut phone, name, "203.0.113.80");
        let hello = tls::client_hello(name).version(tls::Version::Tls12);
        story.connect(&mut phone, &format!("203.0.113.80:{port}"), &hello);
        ordinary_hour(&mut story, &mut phone, port as usize % 20, 4);
    }
    story.plant("summermover.com", "summermover.com");
    story.resolve_in_vain(&mut phone, "summermover.com", "com");
    story.ends(
        "phone-backup.pcap.gz",
        "A phone on a VPN (raw IP) that backs itself up at night; among the ordinary hosts it \
         connects to three listed servers, and asks for a fourth which is gone. Compressed with \
         gzip.",
        |packets| Pcap::new(link_type::RAW).packets(packets).bytes(),
    )
}

/// Four devices of an office; two of them have contacts.
pub(super) fn office() -> Scenario {
    let mut story = Story::at(1_594_100_000);
    let link = || ethernet().vlan(30);
    let mut desk = Device::new(link(), "10.30.0.11", "192.0.2.53");
    let mut editor = Device::new(link(), "10.30.0.12", "192.0.2.53");
    let mut guest = Device::new(link(), "10.30.0.99", "192.0.2.54");
    let mut camera = Device::new(link(), "10.30.0.200", "192.0.2.54");
    ordinary_hour(&mut story, &mut desk, 7, 6);
    ordinary_hour(&mut story, &mut editor, 12, 5);
    story.plant("hona-alrabe3.com", "hona-alrabe3.com");
    story.browse(&mut editor, "hona-alrabe3.com", "203.0.113.90");
    story.plant("www.ideas-telcel.com.mx", "ideas-telcel.com.mx");
    story.resolve(&mut editor, "www.ideas-telcel.com.mx", "203.0.113.91");
    ordinary_hour(&mut story, &mut guest, 0, 4);
    // Exact host of the 2018 list; the camera's host has the same parent and no guilt.
    story.plant("access.dynamic-dns.net", "access.dynamic-dns.net");
    story.resolve(&mut guest, "access.dynamic-dns.net", "203.0.113.92");
    story.resolve(&mut camera, "frontdoor.dynamic-dns.net", "198.51.100.99");
    ordinary_hour(&mut story, &mut desk, 16, 4);
    story.ends(
        "office.pcapng.zst",
        "Four devices of an office on VLAN 30. The editor's machine meets two indicators, the \
         guest's one, a host below a dynamic-DNS parent that is listed by its full name; the \
         camera uses another host below that parent and is innocent. pcapng, compressed with \
         Zstandard.",
        |packets| {
            let file = PcapNg::new().interface(link_type::ETHERNET, Resolution::Decimal(9));
            let file = packets
                .iter()
                .fold(file, |file, packet| file.packet(0, packet));
            let end = packets.last().map_or(0, |packet| packet.time);
            file.statistics(0, end, packets.len() as u64, 0).bytes()
        },
    )
}
