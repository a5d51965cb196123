use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::http::Limits;
use super::super::rights::Surrendered;
use super::super::test_server::{Asked, Server, answer};
use super::super::tls::Trust;
use super::*;

const TYPE: &str = "Content-Type: application/taxii+json;version=2.1\r\n";

fn page(fields: &str, body: &str) -> String {
    answer("200 OK", &format!("{TYPE}{fields}"), body)
}

fn read(server: &Server, path: &str, bytes: u64) -> Result<Collected, TaxiiError> {
    let limits = Limits {
        bytes,
        time: Duration::from_secs(20),
        redirects: 5,
    };
    let trust = Trust::new(None, &[]).unwrap();
    let client = Client::new(&Surrendered::pretended(), &trust, false, limits).unwrap();
    let address = Address::parse(&server.url(path), false).unwrap();
    collect(&client, &address, None)
}

fn why(server: &Server, path: &str) -> String {
    read(server, path, 10_000).unwrap_err().to_string()
}

fn three_pages(asked: &Asked) -> String {
    match asked.target.as_str() {
        "/root/collections/c1/objects/?limit=1000" => page(
            "",
            r#"{"more": true, "next": "a b&c", "objects": [{"id": "x--1", "n": 1.50}]}"#,
        ),
        "/root/collections/c1/objects/?limit=1000&next=a%20b%26c" => page(
            "X-TAXII-Date-Added-Last: 2024-01-02T03:04:05.6Z\r\n",
            r#"{"more": true, "objects": [{"id": "x--2"}, {"id": "x--3"}]}"#,
        ),
        "/root/collections/c1/objects/?limit=1000&added_after=2024-01-02T03%3A04%3A05.6Z" => {
            page("", r#"{"objects": [{"id": "x--4"}]}"#)
        }
        _ => answer("404 Not Found", "", ""),
    }
}

#[test]
fn all_pages_become_one_bundle() {
    let server = Server::answering(three_pages);
    let mut bundles = Vec::new();
    for path in [
        "/root/collections/c1/",
        "/root/collections/c1",
        "/root/collections/c1/objects/",
    ] {
        let all = read(&server, path, 10_000).unwrap();
        assert_eq!((all.objects, all.pages), (4, 3));
        bundles.push(all.bundle);
    }
    let text = std::str::from_utf8(&bundles[0]).unwrap();
    // Objects stand in it as the server wrote them.
    assert!(text.contains(r#"{"id": "x--1", "n": 1.50}"#), "{text}");
    let bundle: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(bundle["type"], "bundle");
    let id = bundle["id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..8]), ("bundle--".len() + 36, "bundle--"));
    let ids: Vec<_> = bundle["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["id"])
        .collect();
    assert_eq!(ids, ["x--1", "x--2", "x--3", "x--4"]);
    assert!(bundles.iter().all(|b| *b == bundles[0]));
    assert_eq!(server.asked()[0].field("accept"), Some(MEDIA_TYPE));
}

#[test]
fn an_empty_collection_is_one() {
    let server = Server::answering(|_| page("", "{}"));
    let all = read(&server, "/collections/c/", 100).unwrap();
    assert_eq!(all.objects, 0);
    let bundle: serde_json::Value = serde_json::from_slice(&all.bundle).unwrap();
    assert_eq!(bundle["objects"], serde_json::json!([]));
}

#[test]
fn half_a_collection_is_none() {
    let server = Server::answering(|asked| match asked.target.contains("next") {
        false => page("", r#"{"more": true, "next": "2", "objects": [{}]}"#),
        true => answer("500 Oops", "", ""),
    });
    assert!(why(&server, "/collections/c/").contains("trouble at the server"));
}

#[test]
fn pages_and_bytes_are_bounded() {
    let server = Server::answering(|asked| {
        let n = asked
            .target
            .rsplit('=')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap();
        page(
            "",
            &format!(
                r#"{{"more": true, "next": "{}", "objects": []}}"#,
                n.saturating_add(1)
            ),
        )
    });
    assert!(why(&server, "/collections/c/").contains("more than 1000 pages"));
    assert_eq!(server.asked().len(), MAX_PAGES);

    let server = Server::answering(|_| page("", r#"{"more": true, "next": "1", "objects": []}"#));
    assert!(why(&server, "/collections/c/").contains("leads back"));
    assert_eq!(server.asked().len(), 2);

    let turns = AtomicUsize::new(0);
    let server = Server::answering(move |_| {
        let next = turns.fetch_add(1, Ordering::SeqCst);
        let filler = "x".repeat(300);
        page(
            "",
            &format!(r#"{{"more": true, "next": "{next}", "objects": [{{"a": "{filler}"}}]}}"#),
        )
    });
    let error = read(&server, "/collections/c/", 2_000)
        .unwrap_err()
        .to_string();
    assert!(error.contains("larger than 2000 bytes"), "{error}");
}

#[test]
fn what_is_not_taxii_is_said() {
    for (kind, body, want) in [
        ("text/html", "<html>", "a web page"),
        (
            "application/vnd.oasis.taxii+json; version=2.0",
            "{}",
            "TAXII 2.0",
        ),
        ("application/vnd.oasis.stix+json", "{}", "TAXII 2.0"),
        ("application/xml", "<x/>", "TAXII 1"),
        ("application/taxii+json", "[", "not TAXII 2.1"),
        ("application/taxii+json", r#"{"objects": [7]}"#, "is none"),
        (
            "application/taxii+json",
            r#"{"more": true}"#,
            "does not say how",
        ),
    ] {
        let fields = format!("Content-Type: {kind}\r\n");
        let server = Server::answering(move |_| answer("200 OK", &fields, body));
        let why = why(&server, "/collections/c/");
        assert!(why.contains(want), "{kind}: {why}");
    }
    let deep = format!(r#"{{"objects": [{}"#, "[".repeat(5_000));
    let server = Server::answering(move |_| page("", &deep));
    assert!(why(&server, "/collections/c/").contains("not TAXII 2.1"));
}

#[test]
fn other_addresses_of_a_server() {
    let server = Server::answering(|_| {
        page(
            "",
            r#"{"collections": [{"id": "c1", "title": "One", "can_read": true}, {"id": "c2", "title": "Two"}]}"#,
        )
    });
    for path in [
        "/taxii2/",
        "/",
        "/root",
        "/collections/c/?x=y",
        "/collections/a/b/c/",
    ] {
        let why = why(&server, path);
        assert!(
            why.contains("expected https://HOST/API-ROOT/collections/ID/"),
            "{why}"
        );
    }
    assert!(server.asked().is_empty());
    let why = why(&server, "/root/collections/");
    assert!(
        why.ends_with("Collections here: c1 (One); c2 (Two, not readable with this login)"),
        "{why}"
    );
}

#[test]
fn names_of_collections() {
    let of = |url| name(&Address::parse(url, false).unwrap()).map(|n| n.to_string());
    let want = Some("taxii-t.example-0f-1.json".to_owned());
    assert_eq!(of("https://t.example/r/collections/0F-1/"), want);
    assert_eq!(of("https://t.example/r/collections/0F-1/objects/"), want);
    assert_eq!(of("https://t.example/r/collections/"), None);
    assert_eq!(of("https://t.example/taxii2/"), None);
}
