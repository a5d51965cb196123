use proptest::prelude::*;
use testkit::http as make;

use super::*;

fn read(head: &[u8]) -> (Vec<(Kind, String)>, Head) {
    let mut names = Vec::new();
    let head = read_head(head, true, &mut Scan::default(), &mut |kind, name| {
        names.push((kind, String::from_utf8_lossy(name).into_owned()));
    });
    (names, head)
}

fn hosts(head: impl AsRef<[u8]>) -> Vec<String> {
    read(head.as_ref())
        .0
        .into_iter()
        .map(|(_, name)| name)
        .collect()
}

#[test]
fn a_host_field_in_every_form() {
    for field in [
        "Host: a.example",
        "HOST:a.example",
        "host \t:\t a.example \t",
        " Host: a.example",
        "Host:\r\n a.example",
        "Host:\r\n\t \r\n a.example",
        "Host: a.example:8080",
        "Host: a.example:",
        "Host: user:word@a.example:80",
        "Host: http://a.example/path",
        "Host: a.example, b.example",
        "Host: a.example b",
        "no field at all\r\nHost: a.example",
        ": empty\r\nB\x00\x01ad: x\r\nHost: a.example",
        "Host: \r\nHost: a.example",
        "X: y\r\n Host: fold.example\r\nHost: a.example",
    ] {
        assert_eq!(
            hosts(make::head(&["GET / HTTP/1.1", field])),
            ["a.example"],
            "{field:?}"
        );
    }
    assert_eq!(hosts("GET / HTTP/1.0\nhost: a.example\n\n"), ["a.example"]);
    let two = make::head(&["GET / HTTP/1.1", "Host: a.example", "Host: b.example"]);
    assert_eq!(hosts(two), ["a.example", "b.example"]);
}

#[test]
fn addresses_lose_their_brackets_and_ports() {
    for (value, host) in [
        ("[2001:db8::1]:8080", Some("2001:db8::1")),
        ("[2001:db8::1]", Some("2001:db8::1")),
        ("2001:db8::1", Some("2001:db8::1")),
        ("192.0.2.1:80", Some("192.0.2.1")),
        ("a.example:80:80", Some("a.example")),
        ("xn--bcher-kva.example.", Some("xn--bcher-kva.example.")),
        ("/", None),
        ("", None),
        (":80", None),
        ("-", None),
        ("this is no host", None),
    ] {
        assert_eq!(
            host_of(value.as_bytes()),
            host.map(str::as_bytes),
            "{value}"
        );
    }
}

#[test]
fn targets_that_name_a_host() {
    let head = make::head(&[
        "GET http://me@uri.example:81/x?y HTTP/1.1",
        "Host: field.example",
    ]);
    assert_eq!(
        read(&head).0,
        [
            (Kind::HttpUriHost, "uri.example".into()),
            (Kind::HttpHost, "field.example".into())
        ]
    );
    let head = make::head(&["CONNECT tunnel.example:443 HTTP/1.1"]);
    assert_eq!(
        read(&head).0,
        [(Kind::HttpConnect, "tunnel.example".into())]
    );
    assert_eq!(hosts(make::head(&["CONNECT / HTTP/1.1"])), [""; 0]);
    for target in [
        "/http://no.example/",
        "*",
        "/?u=http://no.example",
        "//no.example/",
    ] {
        assert_eq!(
            hosts(make::head(&[&format!("GET {target} HTTP/1.1")])),
            [""; 0]
        );
    }
}

#[test]
fn no_other_field_names_a_host() {
    let head = make::head(&[
        "GET / HTTP/1.1",
        "Referer: http://no.example/",
        "Origin: http://no.example",
        "X-Forwarded-Host: no.example",
        "Hosts: no.example",
    ]);
    assert_eq!(hosts(head), [""; 0]);
}

#[test]
fn first_lines() {
    for (line, wanted) in [
        ("GET / HTTP/1.1", FirstLine::Request),
        ("get / http/1.1", FirstLine::Request),
        ("VERSION-CONTROL /a b c HTTP/0.9", FirstLine::Request),
        ("M_Y!  *  HTTP/2.0 ", FirstLine::Request),
        ("GET /", FirstLine::Loose),
        ("GET / HTTP/1", FirstLine::Other),
        ("GET / RTSP/1.0", FirstLine::Other),
        ("FOO /", FirstLine::Other),
        ("GET  HTTP/1.1", FirstLine::Other),
        ("GET HTTP/1.1", FirstLine::Other),
        ("GE(T / HTTP/1.1", FirstLine::Other),
        ("GET /\u{1} HTTP/1.1", FirstLine::Other),
        (" / HTTP/1.1", FirstLine::Other),
        ("HTTP/1.1 200 OK", FirstLine::Response),
        ("HTTP/1.1 200", FirstLine::Response),
        ("HTTP/1.1 x00", FirstLine::Other),
        ("", FirstLine::Other),
    ] {
        assert_eq!(first_line(line.as_bytes()), wanted, "{line:?}");
    }
}

#[test]
fn what_follows_a_head() {
    let follows = |lines: &[&str]| match read(&make::head(lines)).1 {
        Head::Whole(_, body) => body,
        head => panic!("{head:?}"),
    };
    let post = "POST / HTTP/1.1";
    assert_eq!(follows(&[post]), Body::Length(0));
    assert_eq!(follows(&[post, "content-length: 12"]), Body::Length(12));
    assert_eq!(
        follows(&[
            post,
            "Content-Length: 12",
            "Transfer-Encoding: gzip, Chunked"
        ]),
        Body::Chunked
    );
    assert_eq!(
        follows(&[post, "Content-Length: 99999999999999999999999"]),
        Body::Length(0)
    );
    assert_eq!(follows(&[post, "Upgrade: websocket"]), Body::Other);
    assert_eq!(
        follows(&["CONNECT a:1 HTTP/1.1", "Content-Length: 5"]),
        Body::Other
    );
    assert_eq!(
        follows(&["HTTP/1.1 200 Connection established"]),
        Body::Other
    );
    assert_eq!(follows(&["HTTP/1.1 101 Switching"]), Body::Other);
    assert_eq!(follows(&["HTTP/1.1 100 Continue"]), Body::Length(0));
    assert_eq!(
        follows(&["HTTP/1.1 407 Who", "Content-Length: 7"]),
        Body::Length(7)
    );
    assert_eq!(
        follows(&["HTTP/1.1 200 OK", "Content-Length: 7"]),
        Body::Unread
    );
}

#[test]
fn chunks_and_trailers() {
    assert_eq!(chunk(b"1a;x=y\r\nabc"), Chunk::Data(8 + 26));
    assert_eq!(chunk(b"\r\n5\r\n"), Chunk::Data(2));
    assert_eq!(chunk(b"0\r\n"), Chunk::Last(3));
    assert_eq!(chunk(b"00 \n"), Chunk::Last(4));
    assert_eq!(chunk(b"5"), Chunk::Need(2));
    assert_eq!(chunk(b"x\r\n"), Chunk::Wrong);
    assert_eq!(chunk(b"fffffffffffffffffffff\r\n"), Chunk::Wrong);
    assert_eq!(chunk(&[b'1'; 5_000]), Chunk::Wrong);
    assert_eq!(trailer(b"A: b\r\n"), Ok((6, false)));
    assert_eq!(trailer(b"\r\n"), Ok((2, true)));
    assert_eq!(trailer(b"GET / HTTP/1.1\r\n"), Err(None));
    assert_eq!(trailer(b"A"), Err(Some(2)));
}

proptest! {
    #[test]
    fn any_host_is_found_among_any_fields(
        host in "[a-z][a-z0-9-]{1,20}(\\.[a-z0-9-]{1,10}){1,4}",
        before in prop::collection::vec("[^\n]{0,40}", 0..4),
        method in "[A-Z]{3,12}",
    ) {
        // The blank line would end the head, and a Host field is one more.
        prop_assume!(before.iter().all(|l| !l.trim_end_matches('\r').is_empty() && !l.to_ascii_lowercase().contains("host")));
        let mut lines = vec![format!("{method} / HTTP/1.1")];
        lines.extend(before);
        lines.push(format!("Host: {host}"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = hosts(make::head(&lines));
        prop_assert!(method == "CONNECT" || found == [host]);
    }

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&bytes);
        first_line(&bytes);
        may_begin(&bytes);
        chunk(&bytes);
        let _ = trailer(&bytes);
        if let Some(host) = host_of(&bytes) {
            prop_assert!(!host.is_empty() && host.len() <= bytes.len());
        }
    }
}
