//! Keywords, and names in other scripts.

use testkit::conversation::tcp;
use testkit::frame::ethernet;
use testkit::{dns, http, tls};

use crate::harness::{DEVICE, EVIL, at, replay, udp};

#[test]
fn a_keyword_anywhere_in_a_name() {
    let list = "keywords: [spyvendor]";
    let query = |name: &str| {
        udp(
            (DEVICE, 5_000),
            ("192.0.2.53", 53),
            0,
            dns::query(7, name, dns::A),
        )
    };
    let connection = |port| {
        tcp(
            ethernet(),
            &format!("{DEVICE}:50000"),
            &format!("{EVIL}:{port}"),
        )
        .at(at(0))
        .opens()
    };
    let hello = tls::client_hello("cdn.my-SpyVendor-x.example").records();
    for (packets, kind, name) in [
        (
            vec![query("a.spyvendor7.example")],
            "dns_query",
            "a.spyvendor7.example",
        ),
        (
            connection(443).client_sends(hello).packets(),
            "tls_sni",
            "cdn.my-spyvendor-x.example",
        ),
        (
            connection(80)
                .client_sends(http::get("spyvendor.example", "/"))
                .packets(),
            "http_host",
            "spyvendor.example",
        ),
    ] {
        let ran = replay(list, &packets);
        let context = ran.context();
        assert_eq!(context["kind"], kind);
        assert_eq!(context["name"].as_str().unwrap().to_lowercase(), name);
        assert_eq!(context["match"], "holds");
        assert_eq!(context["indicator"], "spyvendor");
        assert_eq!(context["indicator_kind"], "keyword");
        assert!(ran.line().contains("[holds spyvendor]"));
    }
    replay(list, &[query("spy.vendor.example")]).is_silent();
}

#[test]
fn a_name_in_another_script_is_seen_as_punycode() {
    for list in [
        "domains: ['bücher-evil.example']",
        "domains: [xn--bcher-evil-9db.example]",
    ] {
        let wire = "www.xn--bcher-evil-9db.example";
        let query = udp(
            (DEVICE, 5_000),
            ("192.0.2.53", 53),
            0,
            dns::query(7, wire, dns::A),
        );
        let ran = replay(list, &[query]);
        let context = ran.context();
        assert_eq!(context["indicator"], "xn--bcher-evil-9db.example", "{list}");
        assert_eq!(context["match"], "below");
        assert_eq!(context["indicator_kind"], "name");
    }
}
