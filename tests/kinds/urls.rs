//! Listed URLs: where HTTP shows the path, and elsewhere by their host.

use testkit::capture::Packet;
use testkit::conversation::tcp;
use testkit::frame::ethernet;
use testkit::http;

use crate::harness::{DEVICE, EVIL, at, replay};

fn request(bytes: Vec<u8>) -> Vec<Packet> {
    let connection = tcp(
        ethernet(),
        &format!("{DEVICE}:50000"),
        &format!("{EVIL}:80"),
    );
    connection.at(at(0)).opens().client_sends(bytes).packets()
}

fn kinds(list: &str, bytes: Vec<u8>) -> Vec<(String, String)> {
    let ran = replay(list, &request(bytes));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    ran.events
        .iter()
        .map(|event| {
            let context = &event["alert"]["context"];
            (text(&context["kind"]), text(&context["name"]))
        })
        .collect()
}

fn pair(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[test]
fn the_path_counts_where_it_is_seen() {
    let list = "urls: ['http://files.evil.example/stage/two?id=1']";
    let get = |path: &str| http::get("files.evil.example", path);
    let url = |target: &str| pair("http_url", &format!("http://files.evil.example{target}"));
    // The host is listed with it, for where no path is seen.
    let host = || pair("http_host", "files.evil.example");
    for path in ["/stage/two?id=1", "/stage/two?id=1&x=2"] {
        assert_eq!(kinds(list, get(path)), [host(), url(path)]);
    }
    let absolute = http::head(&[
        "GET http://files.evil.example/stage/two?id=1 HTTP/1.1",
        "Host: files.evil.example",
    ]);
    let found = kinds(list, absolute);
    assert!(found.contains(&url("/stage/two?id=1")), "{found:?}");
    let other = kinds(list, get("/stage/three"));
    assert_eq!(other, [host()]);
    let elsewhere = kinds(list, http::get("other.example", "/stage/two?id=1"));
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn what_an_alert_of_a_url_says() {
    let ran = replay(
        "urls: ['http://files.evil.example/stage']",
        &request(http::get("files.evil.example", "/stage")),
    );
    let event = ran
        .events
        .iter()
        .find(|event| event["alert"]["context"]["kind"] == "http_url")
        .unwrap();
    let context = &event["alert"]["context"];
    assert_eq!(context["indicator_kind"], "url");
    assert_eq!(context["match"], "url");
    assert_eq!(context["action"], "connected_to");
    assert_eq!(event["app_proto"], "http");
    let line = ran.lines.iter().find(|line| line.contains("[listed URL]"));
    assert!(
        line.unwrap()
            .contains("connected to  http://files.evil.example/stage at 203.0.113.66:80"),
        "{line:?}"
    );
}

#[test]
fn the_host_of_a_url_may_be_an_address() {
    let list = "urls: ['http://203.0.113.66/stage']";
    let found = kinds(list, http::get(EVIL, "/stage/x"));
    let host = || pair("address", EVIL);
    assert_eq!(
        found,
        [host(), pair("http_url", "http://203.0.113.66/stage/x")]
    );
    let found = kinds(list, http::get(EVIL, "/other"));
    assert_eq!(found, [host()]);
}
