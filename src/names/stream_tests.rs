#![allow(clippy::arithmetic_side_effects, reason = "a test may")]

use proptest::prelude::*;
use testkit::{dns as make_dns, http as make_http, http2 as make_http2, socks as make_socks};
use testkit::{starttls, tls as make_tls};

use super::super::begins::{Tls, tls_begins};
use super::*;

type Names = Vec<(Kind, String, Note)>;

/// Gives `bytes` to a direction as a caller does, in pieces that end at `cuts`.
fn feed(hint: Hint, bytes: &[u8], cuts: &[usize]) -> (Names, Stats, Stage) {
    let mut direction = Direction::new(hint);
    let mut ctx = Scratch::default();
    let mut names = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.push(bytes.len());
    cuts.sort_unstable();
    let mut at = 0usize;
    let mut needed = 1usize;
    'pieces: for (index, &end) in cuts.iter().enumerate() {
        let last = index + 1 == cuts.len();
        let mut pass = 0;
        while at <= end && (last || end - at >= needed) {
            pass += 1;
            assert!(pass <= 2 * bytes.len() + 9, "it does not come to an end");
            let given = &bytes[at..end];
            let before = names.len();
            let step = direction.read(given, last, &mut ctx, &mut |kind, name, note| {
                names.push((kind, String::from_utf8_lossy(name).into_owned(), note));
            });
            match step {
                Step::Took(n) => {
                    assert!(n > 0);
                    at = at.saturating_add(usize::try_from(n).unwrap());
                    needed = 1;
                }
                Step::Need(n) => {
                    assert!(!last && n > given.len());
                    assert_eq!(names.len(), before, "names with Need");
                    needed = n;
                }
                Step::End => {
                    assert!(direction.stage == Stage::Done);
                    break 'pieces;
                }
            }
        }
    }
    (names, ctx.stats, direction.stage)
}

fn named(bytes: &[u8]) -> Vec<(Kind, String)> {
    let names = feed(Hint::Any, bytes, &[]).0;
    names
        .into_iter()
        .map(|(kind, name, _)| (kind, name))
        .collect()
}

fn pair(kind: Kind, name: &str) -> (Kind, String) {
    (kind, name.into())
}

fn hello() -> Vec<u8> {
    make_tls::client_hello("inner.example").records()
}

#[test]
fn it_is_small() {
    assert!(size_of::<Direction>() <= 72, "{}", size_of::<Direction>());
}

#[test]
fn every_request_of_a_connection_names_its_host() {
    let bytes = [
        make_http::get("one.example", "/"),
        make_http::post(
            "two.example:8080",
            "/",
            b"GET / HTTP/1.1\r\nHost: body.example\r\n\r\n",
        ),
        b"\r\n".to_vec(),
        make_http::post_chunked("three.example", "/", &[b"Host: body.example\n", b"x"]),
        make_http::get("four.example", "/"),
    ]
    .concat();
    let hosts: Vec<_> = [
        "one.example",
        "two.example",
        "three.example",
        "four.example",
    ]
    .map(|host| pair(Kind::HttpHost, host))
    .into();
    assert_eq!(named(&bytes), hosts);
    let (_, stats, _) = feed(Hint::Any, &bytes, &[]);
    assert_eq!((stats.http_heads, stats.http_resyncs), (4, 0));
}

#[test]
fn a_body_may_go_beyond_what_is_there() {
    let mut direction = Direction::new(Hint::Any);
    let head = make_http::head(&[
        "PUT /f HTTP/1.1",
        "Host: a.example",
        "Content-Length: 5000000000",
    ]);
    let step = direction.read(&head, false, &mut Scratch::default(), &mut |_, _, _| {});
    assert_eq!(step, Step::Took(5_000_000_000 + head.len() as u64));
}

#[test]
fn a_wrong_body_length_hides_only_what_it_covers() {
    let mut bytes = make_http::post("one.example", "/", b"");
    bytes.extend(b"surprise\nmore\r\n");
    bytes.extend(make_http::get("two.example", "/"));
    assert_eq!(
        named(&bytes),
        [
            pair(Kind::HttpHost, "one.example"),
            pair(Kind::HttpHost, "two.example")
        ]
    );
    let mut bytes = make_http::head(&[
        "POST / HTTP/1.1",
        "Host: one.example",
        "Transfer-Encoding: chunked",
    ]);
    bytes.extend(b"no chunk\r\n");
    bytes.extend(make_http::get("two.example", "/"));
    assert_eq!(named(&bytes).len(), 2);
}

#[test]
fn the_search_for_the_next_request_is_bounded() {
    let mut bytes = make_http::get("one.example", "/");
    bytes.extend([b'x'; 70_000]);
    let (names, stats, stage) = feed(Hint::Any, &bytes, &[]);
    assert_eq!(
        (names.len(), stats.http_resyncs, stats.http_gave_up, stage),
        (1, 1, 1, Stage::Done)
    );
}

#[test]
fn a_tunnel_is_read_anew() {
    let outer = [
        make_http::connect("outer.example:443"),
        make_socks::v4a("outer.example", 443, "me"),
        [
            make_socks::greeting(&[0]),
            make_socks::v5("outer.example", 443),
        ]
        .concat(),
        [
            make_socks::greeting(&[0, 2]),
            make_socks::log_in("me", "secret"),
            make_socks::v5("outer.example", 443),
        ]
        .concat(),
        make_socks::v5("outer.example", 443),
    ];
    let inner = [
        (hello(), Kind::TlsSni),
        (make_http::get("inner.example", "/"), Kind::HttpHost),
        (
            make_http2::connection("inner.example"),
            Kind::Http2Authority,
        ),
    ];
    for outer in &outer {
        for (inner, kind) in &inner {
            let names = named(&[&outer[..], inner].concat());
            assert_eq!(
                names.last(),
                Some(&pair(*kind, "inner.example")),
                "{outer:?}"
            );
            assert_eq!(names[0].1, "outer.example");
            assert!(matches!(names[0].0, Kind::HttpConnect | Kind::SocksHost));
        }
    }
}

#[test]
fn an_address_names_nothing_but_the_tunnel_is_read() {
    let address = std::net::Ipv4Addr::new(192, 0, 2, 1);
    for outer in [
        make_socks::v4(address, 80, ""),
        [
            make_socks::greeting(&[0, 1, 2]),
            make_socks::v5_address(address, 80),
        ]
        .concat(),
    ] {
        let bytes = [outer, make_http::get("inner.example", "/")].concat();
        assert_eq!(named(&bytes), [pair(Kind::HttpHost, "inner.example")]);
    }
}

#[test]
fn a_hello_behind_every_prelude_is_found() {
    for (protocol, prelude) in starttls::clients() {
        let bytes = [prelude, hello()].concat();
        assert_eq!(
            named(&bytes),
            [pair(Kind::TlsSni, "inner.example")],
            "{protocol}"
        );
        for cut in 0..40 {
            let (names, _, _) = feed(Hint::Any, &bytes, &[cut, cut + 1, cut + 9]);
            assert_eq!(names.len(), 1, "{protocol} cut at {cut}");
        }
    }
}

#[test]
fn a_servers_hello_behind_every_prelude_is_reached() {
    let flight = make_tls::server_hello();
    for (protocol, prelude) in starttls::servers() {
        let mut direction = Direction::new(Hint::Any);
        let mut ctx = Scratch::default();
        let bytes = [&prelude[..], &flight].concat();
        let mut at = 0;
        while at < prelude.len() {
            match direction.read(&bytes[at..], false, &mut ctx, &mut |_, _, _| panic!()) {
                Step::Took(n) => at += usize::try_from(n).unwrap(),
                step => panic!("{protocol}: {step:?} at {at}"),
            }
        }
        assert_eq!(at, prelude.len(), "{protocol}");
        // And so with one byte at a time.
        let cuts: Vec<usize> = (0..prelude.len()).collect();
        assert_eq!(
            feed(Hint::Any, &[&prelude[..], &hello()].concat(), &cuts).0,
            feed(Hint::Any, &[&prelude[..], &hello()].concat(), &[]).0,
            "{protocol}"
        );
        assert!(direction.stage != Stage::Done, "{protocol}");
        assert_eq!(tls_begins(&bytes[at..]), Tls::Server);
    }
}

#[test]
fn endless_preludes_are_given_up() {
    let (_, stats, stage) = feed(Hint::Any, &b"NOOP\r\n".repeat(400), &[]);
    assert_eq!((stats.preludes_gave_up, stage), (1, Stage::Done));
    let long = [b"EHLO x\r\n".to_vec(), [b'x'; 3_000].repeat(40)].concat();
    assert_eq!(feed(Hint::Any, &long, &[]).2, Stage::Done);
}

#[test]
fn other_protocols_name_nothing() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\nHost: evil.example\r\n\r\n"[..],
        b"GET \x00\x01\x02 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"INVITE sip:a@b.example SIP/2.0\r\nHost: evil.example\r\n\r\n",
        b"OPTIONS rtsp://a.example/ RTSP/1.0\r\nHost: evil.example\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
        b"220 mx.example ESMTP\r\nMAIL FROM:<a@b.example>\r\n",
        b"GETTING / somewhere\r\nHost: evil.example\r\n\r\n",
        b"\x17\x03\x03\x00\x20Host: evil.example\r\n\r\n",
    ] {
        assert_eq!(named(bytes), [], "{}", bytes.escape_ascii());
    }
}

#[test]
fn dns_has_its_notes_and_is_strict_elsewhere() {
    let query = make_dns::query(7, "a.example", make_dns::A).over_tcp();
    let answer = make_dns::response(7, "a.example", make_dns::A)
        .rcode(3)
        .over_tcp();
    for hint in [Hint::Any, Hint::Dns] {
        let (names, stats, _) = feed(hint, &[&query[..], &answer].concat(), &[]);
        assert_eq!(stats.dns.whole, 2, "{hint:?}");
        let notes: Vec<_> = names.iter().map(|(_, _, note)| note.dns).collect();
        let note = |response, rcode| Some(DnsNote { response, rcode });
        assert_eq!(notes, [note(false, 0), note(true, 3)]);
    }
    let mut wrong = query.clone();
    wrong[1] += 2;
    wrong.extend([9, 9]);
    assert_eq!(named(&wrong), []);
    assert_eq!(feed(Hint::Dns, &wrong, &[]).0.len(), 1);
    // Port 53 is no proof of DNS.
    for bytes in [hello(), make_http::get("inner.example", "/")] {
        assert_eq!(feed(Hint::Dns, &bytes, &[]).0[0].1, "inner.example");
    }
}

#[test]
fn an_octet_of_a_keep_alive_probe_is_passed_over() {
    for bytes in [hello(), make_http::get("inner.example", "/")] {
        assert_eq!(named(&[&[0], &bytes[..]].concat())[0].1, "inner.example");
    }
}

#[test]
fn a_head_that_breaks_off_names_what_is_certain() {
    let bytes = b"GET http://uri.example/ HTTP/1.1\r\nHost: whole.example\r\nHost: par";
    assert_eq!(
        named(bytes),
        [
            pair(Kind::HttpUriHost, "uri.example"),
            pair(Kind::HttpHost, "whole.example")
        ]
    );
    assert_eq!(feed(Hint::Any, bytes, &[]).1.http_heads_cut, 1);
    let long = [&bytes[..], &[b'x'; http::MAX_HEAD]].concat();
    let (names, stats, _) = feed(Hint::Any, &long, &[]);
    assert_eq!((names.len(), stats.http_heads_too_long), (2, 1));
}

/// Found by fuzzing: what is read must not depend on where a segment ends.
#[test]
fn a_response_in_small_letters_among_requests() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\nhTTP/1.1 200 OK and much more\r\n\
        Content-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n";
    let whole = feed(Hint::Any, bytes, &[]);
    for cut in 1..bytes.len() {
        assert_eq!(feed(Hint::Any, bytes, &[cut]).0, whole.0, "cut at {cut}");
    }
}

/// Found by fuzzing, too: a line has one length whether it comes at once or not.
#[test]
fn a_field_longer_than_a_line_behind_a_request_without_a_version() {
    for length in [4_000, 4_080, 4_090, 4_100, 5_000] {
        let bytes = format!("GET /\r\nHost: {}\r\n\r\n", "w".repeat(length));
        let whole = feed(Hint::Any, bytes.as_bytes(), &[]);
        let cuts: Vec<usize> = (40..bytes.len()).step_by(40).collect();
        let pieces = feed(Hint::Any, bytes.as_bytes(), &cuts);
        assert_eq!(pieces.0, whole.0, "{length}");
    }
}

#[test]
fn requests_without_a_version_need_a_field_behind_them() {
    let bytes = b"GET /\r\nHost: old.example\r\n\r\n";
    assert_eq!(named(bytes), [pair(Kind::HttpHost, "old.example")]);
    assert_eq!(
        named(b"GET /\r\nwhat is this\r\nHost: old.example\r\n\r\n"),
        []
    );
}

/// Dialogues of every kind, with the names that are in them.
fn dialogues() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = starttls::clients()
        .into_iter()
        .map(|(_, prelude)| [prelude, hello()].concat())
        .collect();
    all.extend([
        [
            make_http::get("a.example", "/"),
            make_http::post(
                "b.example",
                "/",
                b"body\nGET / HTTP/1.1\r\nHost: c.example\r\n\r\n",
            ),
        ]
        .concat(),
        [
            make_http::post_chunked("a.example", "/", &[b"1234", b"\r\n"]),
            make_http::get("b.example", "/"),
        ]
        .concat(),
        [
            &make_http::post("a.example", "/", b"")[..],
            b"junk\n\nmore",
            b"\nGET / HTTP/1.1\nhOsT :\n b.example \n\n",
        ]
        .concat(),
        [
            make_http::connect("a.example:443"),
            make_socks::v4a("b.example", 80, "u"),
            make_http::get("c.example", "/"),
        ]
        .concat(),
        [
            make_http::head(&["GET / HTTP/1.1", "Host: a.example", "Upgrade: h2c"]),
            make_http2::connection("b.example"),
        ]
        .concat(),
        [
            make_socks::greeting(&[0, 2]),
            make_socks::log_in("u", "p"),
            make_socks::v5("a.example", 80),
            hello(),
        ]
        .concat(),
        [
            make_dns::query(7, "a.example", make_dns::A).over_tcp(),
            make_dns::query(7, "b.example", make_dns::A).over_tcp(),
        ]
        .concat(),
        [&[0][..], &hello()].concat(),
        b"GET /\r\nHost: old.example\r\n\r\n".to_vec(),
    ]);
    all
}

proptest! {
    #[test]
    fn segments_do_not_matter(which in 0usize..28, cuts in prop::collection::vec(0usize..4_000, 0..12)) {
        let all = dialogues();
        let bytes = &all[which % all.len()];
        let whole = feed(Hint::Any, bytes, &[]).0;
        prop_assert!(!whole.is_empty());
        prop_assert_eq!(feed(Hint::Any, bytes, &cuts).0, whole);
    }

    #[test]
    fn random_bytes_come_to_an_end(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        which in 0usize..40, keep in 0usize..300, dns: bool,
        cuts in prop::collection::vec(0usize..900, 0..6),
    ) {
        // Also behind a good beginning.
        let all = dialogues();
        let start = all.get(which).map_or(&[][..], |d| &d[..keep.min(d.len())]);
        let bytes = [start, &bytes].concat();
        let hint = if dns { Hint::Dns } else { Hint::Any };
        feed(hint, &bytes, &cuts);
        shape(&bytes);
    }
}

#[test]
fn one_byte_at_a_time() {
    for bytes in dialogues() {
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(
            feed(Hint::Any, &bytes, &cuts).0,
            feed(Hint::Any, &bytes, &[]).0
        );
    }
}
