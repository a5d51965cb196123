//! A phone is redirected from a plain page to an infection server on a high port.

use super::{Device, Scenario, Story};
use crate::capture::Pcap;
use crate::conversation::tcp;
use crate::frame::{ethernet, link_type};
use crate::{dns, http, tls};

/// The name and port that Amnesty International published in October 2019.
const SERVER: &str = "bun54l2b67.get1tn0w.free247downloads.com";
const PORT: u16 = 30495;

pub(super) fn redirect() -> Scenario {
    let mut story = Story::at(1_563_192_000);
    let mut phone = Device::new(ethernet(), "10.0.0.7", "192.0.2.53");

    story.browse(&mut phone, "gateway.icloud.com", "198.51.100.11");
    story.lookup(&mut phone, "www.google.com", dns::A, |answer| {
        answer
            .a("www.google.com", "198.51.100.21")
            .a("www.google.com", "198.51.100.22")
    });
    story.connect(
        &mut phone,
        "198.51.100.21:443",
        &tls::client_hello("www.google.com"),
    );
    story.wait(1_300);
    story.browse(&mut phone, "www.hespress.com", "198.51.100.31");

    // A server of the kind that looks at a browser before anything is sent to it.
    story.wait(4_200);
    let validation = "img.documentpro.org";
    story.plant(validation, "documentpro.org");
    story.browse(&mut phone, validation, "203.0.113.67");
    story.wait(9_600);

    // The page in plain HTTP, and the redirection injected before the site can answer.
    story.resolve(&mut phone, "www.yahoo.example", "198.51.100.80");
    let (client, site) = (story.socket(&mut phone), "198.51.100.80:80");
    let injected = http::redirect(307, &format!("https://{SERVER}:{PORT}/q7xw2ka"));
    let page = tcp(phone.link.clone(), &client, site)
        .at(story.now())
        .opens()
        .client_sends(http::get("www.yahoo.example", "/"))
        .server_sends(injected)
        .closes();
    story.note_found(3, "http_host", "www.yahoo.example", &client, site);
    story.conversation(page);

    story.plant(SERVER, "free247downloads.com");
    story.lookup(&mut phone, SERVER, dns::A, |answer| {
        answer.a(SERVER, "203.0.113.66")
    });
    let hello = tls::client_hello(SERVER).version(tls::Version::Tls12);
    let server = format!("203.0.113.66:{PORT}");
    story.connect(&mut phone, &server, &hello);

    // The phone comes back to the same server.
    story.wait(900);
    story.connect(&mut phone, &server, &hello);

    story.wait(7_100);
    story.browse(&mut phone, "www.lemonde.fr", "198.51.100.32");
    story.lookup(&mut phone, "time.apple.com", dns::A, |answer| {
        answer
            .cname("time.apple.com", "time.g.aaplimg.com")
            .a("time.g.aaplimg.com", "198.51.100.12")
    });
    story.browse(&mut phone, "www.wikipedia.org", "198.51.100.41");
    story.ends(
        "infection-redirect.pcap",
        "Resembles a network injection as Amnesty International described it in 2019 (\"Morocco: \
         Human Rights Defenders Targeted with NSO Group's Spyware\") and in its methodology report \
         of July 2021. The phone 10.0.0.7 meets a validation \
         server, then opens a page over plain HTTP and gets a redirection to a fourth-level name \
         on port 30495. It looks the name up, connects, and comes back a second later. Ordinary \
         traffic goes on before and after. That name and port are those published; the rest, the \
         validation server's host name and all times too, is made up.",
        |packets| Pcap::new(link_type::ETHERNET).packets(packets).bytes(),
    )
}
