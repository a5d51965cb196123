//! Every kind of DNS record that carries a name, with an indicator in each place.

use super::story::at_port;
use super::{Device, Scenario, Story};
use crate::capture::Pcap;
use crate::dns::{self, opcode, rcode};
use crate::frame::{ethernet, link_type};

pub(super) fn every_kind() -> Scenario {
    let mut story = Story::at(1_626_602_400);
    let mut phone = Device::new(ethernet(), "10.0.0.7", "192.0.2.53");
    let mut tablet = Device::new(ethernet(), "2001:db8:7::7", "2001:db8::53");
    for name in [
        "urlpush.net",
        "opposedarrangement.net",
        "hmizat.co",
        "revolution-news.co",
        "infospress.com",
        "stopsms.biz",
        "business-today.info",
        "aalaan.tv",
        "webadv.co",
        "smsmensaje.mx",
        "baramije.net",
        "regularhours.net",
        "videosdownload.co",
        "nnews.co",
    ] {
        story.plant(name, name);
    }
    records(&mut story, &mut phone);
    spellings(&mut story, &mut phone, &mut tablet);
    headers(&mut story, &mut phone);
    transports(&mut story, &mut tablet);
    story.ends(
        "dns-kinds.pcap",
        "Questions and answers with an indicator in every place where a record can name a host: \
         owner, and target of CNAME, MX, SRV, NS, PTR, SOA (server and mailbox), DNAME, HTTPS, \
         SVCB and NAPTR. Also a dead indicator answered with NXDOMAIN, mixed upper and lower case \
         (0x20), a final dot, labels with bytes that do not print, EDNS, REFUSED and SERVFAIL, a \
         NOTIFY, truncated and uncompressed answers, IPv6 with and without extension headers, \
         IPv4 options, and a datagram without a checksum. A TXT record that only mentions an \
         indicator must not raise an alert.",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}

fn records(story: &mut Story, phone: &mut Device) {
    let innocent = "shop.example.com";
    // The indicator is asked for and owns the record.
    story.resolve(phone, "urlpush.net", "203.0.113.10");
    // The innocent name is an alias of one below an indicator.
    let alias = "gnyjv1xltx.info8fvhgl3.urlpush.net";
    story.plant(alias, "urlpush.net");
    story.lookup(phone, innocent, dns::A, |answer| {
        answer.cname(innocent, alias).a(alias, "203.0.113.11")
    });
    story.lookup(phone, "example.com", dns::MX, |answer| {
        answer.mx("example.com", 10, "mx.example.com").mx(
            "example.com",
            20,
            "opposedarrangement.net",
        )
    });
    let service = "_sip._udp.example.com";
    story.lookup(phone, service, dns::SRV, |answer| {
        answer
            .srv(service, 5060, "hmizat.co")
            .additional()
            .a("hmizat.co", "203.0.113.12")
    });
    story.lookup(phone, "example.net", dns::NS, |answer| {
        answer
            .ns("example.net", "ns1.example.net")
            .ns("example.net", "revolution-news.co")
    });
    let address = "66.113.0.203.in-addr.arpa";
    story.lookup(phone, address, dns::PTR, |answer| {
        answer.ptr(address, "infospress.com")
    });
    story.lookup(phone, "www.example.org", dns::AAAA, |answer| {
        answer
            .authority()
            .soa("example.org", "stopsms.biz", "hostmaster.example.org")
    });
    story.plant("hostmaster.stopsms.biz", "stopsms.biz");
    story.lookup(phone, "www.example.edu", dns::AAAA, |answer| {
        answer
            .authority()
            .soa("example.edu", "ns.example.edu", "hostmaster.stopsms.biz")
    });
    story.lookup(phone, "www.example.com", dns::HTTPS, |answer| {
        answer.https(
            "www.example.com",
            1,
            "business-today.info",
            &[(1, b"\x02h2"), (4, &[192, 0, 2, 9])],
        )
    });
    story.lookup(phone, "_dns.example.com", dns::SVCB, |answer| {
        answer.svcb("_dns.example.com", 0, "aalaan.tv", &[])
    });
    story.lookup(phone, "host.old.example.com", dns::A, |answer| {
        answer
            .dname("old.example.com", "webadv.co")
            .cname("host.old.example.com", "host.webadv.co")
            .a("host.webadv.co", "203.0.113.13")
    });
    story.plant("host.webadv.co", "webadv.co");
    story.lookup(phone, "example.com", dns::NAPTR, |answer| {
        answer.naptr("example.com", "SIP+D2U", "smsmensaje.mx")
    });
    // Free text and private types name nobody.
    story.lookup(phone, "example.com", dns::TXT, |answer| {
        answer.txt("example.com", &["v=spf1 include:free247downloads.com -all"])
    });
    story.lookup(phone, "x.example.com", 65_280, |answer| {
        answer.record(
            "x.example.com",
            65_280,
            60,
            b"\x10free247downloads\x03com\0",
        )
    });
    // Glue in the additional section.
    story.lookup(phone, "www.example.net", dns::A, |answer| {
        answer
            .a("www.example.net", "192.0.2.80")
            .authority()
            .ns("example.net", "ns1.example.net")
            .additional()
            .a("ns1.example.net", "192.0.2.54")
            .aaaa("ns1.example.net", "2001:db8::54")
            .edns(1232)
    });
}

fn spellings(story: &mut Story, phone: &mut Device, tablet: &mut Device) {
    story.resolve_in_vain(phone, "baramije.net", "net");
    story.plant(
        "4n3d9ca2st.php78mp9v.opposedarrangement.net",
        "opposedarrangement.net",
    );
    story.resolve(
        phone,
        "4N3D9cA2sT.pHp78mP9v.OpPoSeDaRrAnGeMeNt.NeT.",
        "203.0.113.14",
    );
    story.lookup(phone, "caf\\195\\169\\007.example.com", dns::A, |answer| {
        answer.rcode(rcode::NXDOMAIN)
    });
    story.lookup(
        tablet,
        "_443._https.www.example.com",
        dns::HTTPS,
        |answer| answer.https("_443._https.www.example.com", 1, ".", &[]),
    );
    // The root is no name.
    story.lookup(tablet, ".", dns::NS, |answer| {
        answer.ns(".", "a.root-servers.net")
    });
}

fn headers(story: &mut Story, phone: &mut Device) {
    let (client, resolver) = (story.socket(phone), at_port(&phone.resolver, 53));
    let (to, from) = (phone.link.clone(), phone.link.clone().reversed());
    // A question with EDNS, and an answer that repeats it truncated.
    story.message(
        &to,
        &client,
        &resolver,
        dns::query(0x0801, "regularhours.net", dns::A).edns(1232),
    );
    let answer = dns::response(0x0801, "regularhours.net", dns::A)
        .truncated()
        .edns(1232);
    story.message(&from, &resolver, &client, answer);
    for (id, code) in [(0x0802, rcode::REFUSED), (0x0803, rcode::SERVFAIL)] {
        story.message(
            &to,
            &client,
            &resolver,
            dns::query(id, "www.example.com", dns::ANY),
        );
        let answer = dns::response(id, "www.example.com", dns::ANY).rcode(code);
        story.message(&from, &resolver, &client, answer);
    }
    // An answer without its question, not compressed.
    let answer = dns::message(0x0804)
        .is_response()
        .authoritative()
        .uncompressed();
    let answer = answer
        .cname("cdn.example.com", "edge.videosdownload.co")
        .a("edge.videosdownload.co", "203.0.113.15");
    story.plant("edge.videosdownload.co", "videosdownload.co");
    story.message(&from, &resolver, &client, answer);
    // Several questions in one message are legal on paper.
    let two = dns::query(0x0805, "www.example.com", dns::A).question("videosdownload.co", dns::A);
    story.message(&to, &client, &resolver, two);
    let notify = dns::query(0x0806, "example.net", dns::SOA).opcode(opcode::NOTIFY);
    story.message(&to, &client, &resolver, notify);
}

fn transports(story: &mut Story, tablet: &mut Device) {
    story.resolve(tablet, "nnews.co", "2001:db8:bad::1");
    let (src, dst) = ("[2001:db8:7::7]:50001", "[2001:db8::53]:53");
    let query = dns::query(0x0901, "www.nnews.co", dns::AAAA);
    story.plant("www.nnews.co", "nnews.co");
    story.note_message(src.parse().unwrap(), dst.parse().unwrap(), &query);
    story.frame(
        ethernet()
            .ipv6("2001:db8:7::7", "2001:db8::53")
            .hop_by_hop()
            .routing()
            .destination_options()
            .udp(50001, 53)
            .payload(query),
    );
    let (src, dst) = ("10.0.0.7:50002", "192.0.2.53:53");
    let query = dns::query(0x0902, "m.nnews.co", dns::A);
    story.plant("m.nnews.co", "nnews.co");
    story.note_message(src.parse().unwrap(), dst.parse().unwrap(), &query);
    story.frame(
        ethernet()
            .ipv4("10.0.0.7", "192.0.2.53")
            .router_alert()
            .ttl(1)
            .udp(50002, 53)
            .without_checksum()
            .payload(query),
    );
}
