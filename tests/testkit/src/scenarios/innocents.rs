//! Look-alikes and ordinary names. Nothing here may raise an alert.

use super::{Device, Scenario, Story};
use crate::capture::Pcap;
use crate::conversation::tcp;
use crate::frame::{ethernet, link_type};
use crate::{dns, http, tls};

/// Names that a careless matcher takes for an indicator.
const LOOK_ALIKES: [&str; 33] = [
    // An indicator with something glued on, in front or behind.
    "notfree247downloads.com",
    "free247downloads.com.example.org",
    "free247downloads.com.au",
    "free247downloads.co",
    "free247downloads.community",
    "free247downloads-com.example.net",
    "xn--free247downloads.com.example",
    "get1tn0w.free247download.com",
    "bun54l2b67.get1tn0w.example.com",
    "my-urlpush.net",
    "urlpush.network",
    "urlpush.net.example",
    "downloads.com",
    "247downloads.com",
    // Popular names that hold `nnews.co`, `weatherapi.co` or another indicator as a substring.
    "tribunnews.com",
    "www.tribunnews.com",
    "weatherapi.com",
    "api.weatherapi.com",
    "qweatherapi.com",
    "einnews.com",
    "elwatannews.com",
    "fnnews.com",
    "nissannews.com",
    "ogdennews.com",
    "taiwannews.com.tw",
    "thelakebentonnews.com",
    "townnews.com",
    "xnnews.com.cn",
    // Other people's hosts below a dynamic-DNS parent that once stood in a list.
    "dynamic-dns.net",
    "mycamera.dynamic-dns.net",
    "access.dynamic-dns.net.example.com",
    "notaccess.dynamic-dns.net",
    // The parent of indicators with three labels.
    "com.mx",
];

/// What phones ask for all day.
const POPULAR: [&str; 40] = [
    "www.google.com",
    "www.youtube.com",
    "www.facebook.com",
    "graph.facebook.com",
    "www.instagram.com",
    "web.whatsapp.com",
    "mmg.whatsapp.net",
    "www.apple.com",
    "gsp-ssl.ls.apple.com",
    "init.itunes.apple.com",
    "p30-content.icloud.com",
    "courier.push.apple.com",
    "xp.apple.com",
    "www.microsoft.com",
    "login.microsoftonline.com",
    "outlook.office365.com",
    "www.amazon.com",
    "images-na.ssl-images-amazon.com",
    "www.netflix.com",
    "api.twitter.com",
    "www.wikipedia.org",
    "en.m.wikipedia.org",
    "www.reddit.com",
    "cdn.jsdelivr.net",
    "fonts.gstatic.com",
    "connectivitycheck.gstatic.com",
    "safebrowsing.googleapis.com",
    "clients4.google.com",
    "mtalk.google.com",
    "android.clients.google.com",
    "time.android.com",
    "signal.org",
    "chat.signal.org",
    "api.telegram.org",
    "www.amnesty.org",
    "citizenlab.ca",
    "www.aljazeera.com",
    "www.bbc.com",
    "www.lemonde.fr",
    "elpais.com",
];

pub(super) fn innocents() -> Scenario {
    let mut story = Story::at(1_626_688_800);
    let mut phone = Device::new(ethernet(), "10.0.0.21", "192.0.2.53");
    let mut laptop = Device::new(ethernet(), "2001:db8:21::21", "2001:db8::53");
    for (i, name) in LOOK_ALIKES.iter().enumerate() {
        let address = format!("198.51.100.{}", i + 100);
        story.resolve(&mut phone, name, &address);
        if i % 4 == 0 {
            story.connect(
                &mut phone,
                &format!("{address}:443"),
                &tls::client_hello(name),
            );
        }
    }
    for (i, name) in POPULAR.iter().enumerate() {
        if i % 2 == 0 {
            story.resolve(&mut phone, name, &format!("198.51.100.{}", i + 10));
        } else {
            story.resolve(&mut laptop, name, &format!("2001:db8:80::{}", i + 10));
        }
        if i % 5 == 0 {
            story.connect(&mut phone, "198.51.100.9:443", &tls::client_hello(name));
        }
    }
    // Pages, texts and paths that mention an indicator are no contact with it.
    let (client, site) = (story.socket(&mut phone), "198.51.100.80:80");
    let page = "<p>Researchers published the domain free247downloads.com in 2019.</p>";
    let talk = tcp(phone.link.clone(), &client, site)
        .at(story.now())
        .opens()
        .client_sends(http::get("www.amnesty.org", "/free247downloads.com"))
        .server_sends(http::page(page))
        .closes();
    story.note_found(3, "http_host", "www.amnesty.org", &client, site);
    story.conversation(talk);
    story.lookup(&mut laptop, "report.example.org", dns::TXT, |answer| {
        answer.txt(
            "report.example.org",
            &["free247downloads.com", "urlpush.net"],
        )
    });
    story.ends(
        "innocents.pcap",
        "Look-alikes and popular names only: indicators with something glued on in front or \
         behind, popular names that hold an indicator as a substring, other people's hosts below \
         a dynamic-DNS parent, pages and texts that mention an indicator.",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}
