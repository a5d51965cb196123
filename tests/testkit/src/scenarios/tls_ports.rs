//! ClientHellos of every version, on many ports, whole and in pieces.

use super::story::at_port;
use super::{Device, Scenario, Story};
use crate::capture::Pcap;
use crate::conversation::tcp;
use crate::frame::{ethernet, link_type};
use crate::tls::{self, SniPlace, Version};

const V4: &str = "203.0.113.20";
const V6: &str = "2001:db8:bad::20";

pub(super) fn every_port() -> Scenario {
    let mut story = Story::at(1_601_553_600);
    let mut phone = Device::new(ethernet(), "10.0.0.8", "192.0.2.53");
    let mut tablet = Device::new(ethernet(), "2001:db8:7::8", "2001:db8::53");
    let hello = |name: &str| tls::client_hello(name);

    // One planted name per version.
    for (version, name, port) in [
        (Version::Tls10, "track-your-fedex-package.org", 443),
        (Version::Tls11, "akhbarnew.com", 8443),
        (Version::Tls12, "mosque-salah.net", 30495),
        (Version::Tls13, "urlconnection.net", 443),
    ] {
        story.plant(name, name);
        let place = if version == Version::Tls12 {
            SniPlace::First
        } else {
            SniPlace::Middle
        };
        let hello = hello(name).version(version).sni(place).session_id(0);
        story.connect(&mut phone, &at_port(V4, port), &hello);
    }
    story.connect(&mut phone, "198.51.100.1:443", &hello("www.apple.com"));
    story.connect(
        &mut phone,
        "198.51.100.1:443",
        &hello("sentinel.example").version(Version::Ssl3),
    );
    story.connect(
        &mut phone,
        "198.51.100.2:443",
        &tls::client_hello_without_name(),
    );
    story.connect(
        &mut phone,
        "198.51.100.3:853",
        &hello("dns.google").without_grease().alpn(&[]),
    );

    // IPv6, with the name at the end.
    let name = "pc25f01dw.opposedarrangement.net";
    story.plant(name, "opposedarrangement.net");
    story.connect(
        &mut tablet,
        &at_port(V6, 30387),
        &hello(name).sni(SniPlace::Last),
    );

    // 1,800 bytes in two segments; the name stands in the first.
    let name = "f15fwd322.regularhours.net";
    story.plant(name, "regularhours.net");
    story.connect(&mut phone, &at_port(V4, 443), &hello(name).post_quantum());
    let big = hello("www.cloudflare.com").post_quantum().padding(300);
    story.connect(&mut tablet, "[2001:db8:80::2]:443", &big);

    // One message in three records in one segment, the name cut by a record's border.
    let name = "quota-reader.net";
    story.plant(name, name);
    let split = hello(name).sni(SniPlace::First);
    let at = split.end_of_server_name() - 5 - 8; // within the message, eight bytes into the name
    let records = split.records_of(at);
    story.connect_cut(&mut phone, &at_port(V4, 4433), &split, records, &[]);

    // A damaged extension in front of the name.
    let name = "redirstats.com";
    story.plant(name, name);
    let damaged = hello(name).malformed_extension_before_sni();
    story.connect(&mut phone, &at_port(V4, 30497), &damaged);

    // Capital letters, and a final dot that should not be there.
    story.plant("news.uaenews.online", "uaenews.online");
    let (client, server) = (story.socket(&mut phone), at_port(V4, 443));
    let (src, dst) = (client.parse().unwrap(), server.parse().unwrap());
    let loud = hello("News.UAENews.Online.");
    let talk = tcp(phone.link.clone(), &client, &server)
        .at(story.now())
        .opens();
    story.wait(15);
    story.note(talk.len(), "tls_sni", "news.uaenews.online", src, dst, src);
    story.conversation(
        talk.client_sends(loud.records())
            .server_sends(tls::alert(40))
            .is_reset(),
    );

    // The capture began after the handshake of TCP, and the hello is followed by early data.
    story.plant("1minto-start.com", "1minto-start.com");
    let (client, server) = (story.socket(&mut phone), at_port(V4, 9443));
    let (src, dst) = (client.parse().unwrap(), server.parse().unwrap());
    let early = [
        hello("1minto-start.com").records(),
        tls::application_data(100),
    ]
    .concat();
    story.note(0, "tls_sni", "1minto-start.com", src, dst, src);
    let talk = tcp(phone.link.clone(), &client, &server)
        .at(story.now())
        .client_sends(early);
    story.conversation(talk);

    // Look-alikes.
    for name in [
        "noturlconnection.net",
        "urlconnection.net.example.org",
        "redirstats.com.au",
    ] {
        story.connect(&mut phone, "198.51.100.4:30495", &hello(name));
    }
    story.ends(
        "tls-ports.pcap",
        "TLS connections on ports 443, 853, 4433, 8443, 9443 and above 30,000, over IPv4 and IPv6: \
         versions 1.0 to 1.3; SSL 3.0 and a hello without a server name, where there is nothing \
         to see; a post-quantum hello in two segments with the name in the first; a hello cut \
         into records inside one segment, right through the name; a malformed extension in front \
         of the name; capital letters with a final dot; and a connection whose beginning was not \
         captured.",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}
