//! Requests, hellos and certificates that are content of others: they name nobody's destination.

use testkit::{dns, http, tls, tls_server, x509};

use crate::harness::{Way, read, to};

/// Segments of `body`, in which `inside` begins a segment of its own at 7 KiB, behind `before`.
fn around(way: &Way, before: &[u8], inside: &[u8], length: usize) -> Vec<Vec<u8>> {
    let mut frames = vec![way.data(0, before)];
    let filler = vec![b'.'; 1_400];
    let mut at = before.len();
    let end = at + length;
    while at < end {
        let bytes = if at == before.len() + 5 * 1_400 {
            inside
        } else {
            &filler[..filler.len().min(end - at)]
        };
        frames.push(way.data(at, bytes));
        at += bytes.len();
    }
    frames
}

fn response(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

fn contents() -> Vec<Vec<u8>> {
    let chain = tls_server::flight(
        tls::Version::Tls12,
        &[x509::certificate("inside.example").der()],
    );
    vec![
        http::get("inside.example", "/"),
        tls::client_hello("inside.example").records(),
        chain.records(),
    ]
}

#[test]
fn in_an_answer() {
    for inside in contents() {
        let way = to(80);
        let back = way.back(77);
        let request = http::get("asked.example", "/capture.pcap");
        let answer = around(&back, &response(300_000), &inside, 300_000);
        let mut frames = vec![way.syn(), back.syn_ack(), way.data(0, &request)];
        frames.extend(answer);
        let whole = read(frames);
        assert_eq!(whole.outcome.workers.streams.content, 1);
        whole.holds(&[("http_host", "asked.example")]);
    }
}

/// Where the beginning was not seen nothing is proved: a server's body could pose as requests to hide
/// those of its client.
#[test]
fn a_role_is_not_proved_in_the_middle() {
    let way = to(80);
    let posing = way.back(77).data(50_000, &http::get("posing.example", "/"));
    let asked = way.data(10_000, &http::get("asked.example", "/"));
    read(vec![posing, asked]).holds(&[
        ("http_host", "asked.example"),
        ("http_host", "posing.example"),
    ]);
}

#[test]
fn in_an_upload() {
    for inside in contents() {
        let way = to(80);
        let length = 300_000;
        let head =
            format!("PUT /x HTTP/1.1\r\nHost: asked.example\r\nContent-Length: {length}\r\n\r\n");
        let far = 150_000;
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        frames.push(way.data(0, head.as_bytes()));
        frames.push(way.data(head.len() + far, &inside));
        let next = http::get("next.example", "/");
        frames.push(way.data(head.len() + length, &next));
        let read = read(frames);
        assert_eq!(read.outcome.workers.streams.content, 1);
        read.holds(&[
            ("http_host", "asked.example"),
            ("http_host", "next.example"),
        ]);
    }
}

/// What was known of a 5-tuple says nothing of the next connection that uses it.
#[test]
fn another_connection_of_the_same_ends() {
    let way = to(80);
    let back = way.back(77);
    let other = to(80).back(9_000_000);
    let mut frames = vec![way.syn(), way.data(0, &http::get("first.example", "/"))];
    frames.push(back.data(0, &response(10)));
    // The other way around: the former server is the client.
    frames.push(other.syn());
    frames.push(other.data(0, &http::get("second.example", "/")));
    frames.push(other.data(100_000, &http::get("third.example", "/")));
    read(frames).holds(&[
        ("http_host", "first.example"),
        ("http_host", "second.example"),
        ("http_host", "third.example"),
    ]);
}

/// A server's flight far behind the beginning is read where its client sent a hello.
#[test]
fn a_flight_behind_a_proxys_answer() {
    let way = to(3_128);
    let back = way.back(77);
    let hello = tls::client_hello("inner.example").version(tls::Version::Tls12);
    let chain = tls_server::flight(
        tls::Version::Tls12,
        &[x509::certificate("inner.example").der()],
    );
    let connect = b"CONNECT inner.example:443 HTTP/1.1\r\nHost: inner.example:443\r\n\r\n";
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 99000\r\n\r\n";
    let frames = vec![
        way.syn(),
        back.syn_ack(),
        way.data(0, connect),
        back.data(0, refused.as_bytes()),
        way.data(connect.len(), connect),
        back.data(99_000, b"HTTP/1.1 200 OK\r\n\r\n"),
        way.data(2 * connect.len(), &hello.records()),
        back.data(99_019, &chain.records()),
    ];
    read(frames).holds(&[
        ("http_connect", "inner.example"),
        ("http_connect", "inner.example"),
        ("http_host", "inner.example"),
        ("http_host", "inner.example"),
        ("tls_sni", "inner.example"),
        ("x509_cn", "inner.example"),
    ]);
}

/// Nothing is told to be content behind a proxy: its tunnel may hold any protocol.
#[test]
fn answers_in_a_tunnel() {
    let way = to(3_128);
    let back = way.back(77);
    let hello = tls::client_hello("inner.example").version(tls::Version::Tls12);
    let chain = tls_server::flight(
        tls::Version::Tls12,
        &[x509::certificate("inner.example").der()],
    );
    let (hello, chain) = (hello.records(), chain.records());
    let connect = b"CONNECT inner.example:443 HTTP/1.1\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\n\r\n";
    let wanted = [
        ("http_connect", "inner.example"),
        ("tls_sni", "inner.example"),
        ("x509_cn", "inner.example"),
    ];
    let opened = [
        way.syn(),
        back.syn_ack(),
        way.data(0, connect),
        back.data(0, answer),
    ];
    for cut in 0..40 {
        let (first, second) = chain.split_at(cut);
        let mut flight = vec![way.data(connect.len(), &hello)];
        if cut != 0 {
            flight.push(back.data(answer.len(), first));
        }
        flight.push(back.data(answer.len() + cut, second));
        let frames = [&opened[..], &flight].concat();
        read(frames).holds(&wanted);
        // In any order.
        flight.reverse();
        read([&opened[..], &flight].concat()).holds(&wanted);
    }
    // The reply of SOCKS 4 in two segments.
    let request = b"\x04\x01\x01\xbb\0\0\0\x01u\0inner.example\0";
    let reply = b"\0\x5a\0\0\0\0\0\0";
    for cut in 0..8 {
        let mut frames = vec![way.syn(), back.syn_ack(), way.data(0, request)];
        if cut != 0 {
            frames.push(back.data(0, &reply[..cut]));
        }
        frames.push(back.data(cut, &reply[cut..]));
        frames.push(way.data(request.len(), &hello));
        frames.push(back.data(reply.len() + 300, &chain[300..]));
        frames.push(back.data(reply.len(), &chain[..300]));
        read(frames).holds(&[
            ("socks_host", "inner.example"),
            ("tls_sni", "inner.example"),
            ("x509_cn", "inner.example"),
        ]);
    }
    let query = dns::query(1, "tunnelled.example", dns::A).over_tcp();
    let response = dns::response(1, "tunnelled.example", dns::A)
        .a("tunnelled.example", "10.1.2.3")
        .over_tcp();
    let inside = [
        way.data(connect.len(), &query),
        back.data(answer.len(), &response),
    ];
    read([&opened[..], &inside].concat()).holds(&[
        ("dns_answer", "tunnelled.example"),
        ("dns_query", "tunnelled.example"),
        ("dns_query", "tunnelled.example"),
        ("http_connect", "inner.example"),
    ]);
}

/// In an upload whose beginning was not seen a request with a long body is no proof.
#[test]
fn a_body_in_the_middle_of_a_connection() {
    let way = to(80);
    let posing = b"POST /x HTTP/1.1\r\nHost: posing.example\r\nContent-Length: 2000000000\r\n\r\n";
    let real = http::get("real.example", "/");
    read(vec![way.data(0, posing), way.data(90_000, &real)]).holds(&[
        ("http_host", "posing.example"),
        ("http_host", "real.example"),
    ]);
}

/// While the body is still waited for, what is inside is counted, too.
#[test]
fn in_a_short_upload() {
    let way = to(80);
    let head = b"PUT /x HTTP/1.1\r\nHost: asked.example\r\nContent-Length: 5000\r\n\r\n";
    let inside = http::get("inside.example", "/");
    let next = http::get("next.example", "/");
    let frames = vec![
        way.syn(),
        way.back(77).syn_ack(),
        way.data(0, head),
        way.data(head.len() + 1_000, &inside),
        way.data(head.len() + 5_000, &next),
    ];
    let read = read(frames);
    assert_eq!(read.outcome.workers.streams.content, 1);
    read.holds(&[
        ("http_host", "asked.example"),
        ("http_host", "next.example"),
    ]);
}

/// RFC 9110 section 10.1.1: a server may refuse a body, which is then not sent.
#[test]
fn a_body_that_the_server_does_not_want() {
    let way = to(80);
    let head = b"POST /x HTTP/1.1\r\nHost: one.example\r\nExpect: 100-continue\r\n\
        Content-Length: 100000\r\n\r\n";
    let next = http::get("two.example", "/");
    let wanted = [("http_host", "one.example"), ("http_host", "two.example")];
    for cut in 1..next.len() {
        let frames = vec![
            way.syn(),
            way.data(0, head),
            way.data(head.len(), &next[..cut]),
            way.data(head.len() + cut, &next[cut..]),
        ];
        read(frames).holds(&wanted);
    }
    // One that is sent is passed over.
    let mut frames = vec![way.syn(), way.back(77).syn_ack(), way.data(0, head)];
    frames.push(way.data(head.len(), &[b'.'; 1_400]));
    frames.push(way.data(head.len() + 50_000, &http::get("inside.example", "/")));
    frames.push(way.data(head.len() + 100_000, &next));
    read(frames).holds(&wanted);
}

/// A server may forge a SYN of its own, or open the connection from both ends: that proves nothing.
#[test]
fn a_server_that_poses_as_a_client() {
    let way = to(80);
    let back = way.back(77);
    let forged = way.back(99_000_000);
    let posing = http::get("posing.example", "/");
    let first = http::get("first.example", "/");
    let second = http::get("second.example", "/");
    let opened = [way.syn(), back.syn_ack(), way.data(0, &first)];
    let forgery = [forged.syn(), forged.data(0, &posing)];
    let later = [way.data(100_000, &second)];
    let wanted = [
        ("http_host", "first.example"),
        ("http_host", "posing.example"),
        ("http_host", "second.example"),
    ];
    // What it says then is content of its answers.
    read([&opened[..], &forgery, &later].concat()).holds(&[wanted[0], wanted[2]]);
    read([&opened[2..], &forgery, &later].concat()).holds(&wanted);
    // A split handshake: the server opens, too, and its client answers.
    let both = [
        way.syn(),
        back.syn(),
        back.back(way_first()).syn_ack(),
        back.data(0, &posing),
        way.data(0, &first),
    ];
    read([&both[..], &later].concat()).holds(&wanted);
}

/// The number of the first byte of [`to`].
fn way_first() -> u32 {
    0x1000
}

/// What was noted of a connection says nothing of the next one between the same ends.
#[test]
fn a_body_of_another_connection() {
    let way = to(80);
    let posting = b"POST / HTTP/1.1\r\nHost: first.example\r\nContent-Length: 200000000\r\n\r\n";
    let next = way.clone().number(50_000_000);
    let frames = vec![
        way.syn(),
        way.back(77).syn_ack(),
        way.data(0, posting),
        way.rst(posting.len()),
        next.syn(),
        next.back(777).syn_ack(),
        next.data(0, &[0xee; 50]),
        next.data(50, &http::get("second.example", "/")),
        next.data(200_000, &http::get("third.example", "/")),
    ];
    read(frames).holds(&[
        ("http_host", "first.example"),
        ("http_host", "second.example"),
        ("http_host", "third.example"),
    ]);
}

/// Whatever the answer of a proxy looks like, a flight behind it may come in any order.
#[test]
fn flights_out_of_order_behind_any_answer() {
    let way = to(3_128);
    let back = way.back(77);
    let chain = tls_server::flight(
        tls::Version::Tls12,
        &[x509::certificate("inner.example").der()],
    )
    .records();
    let hello = tls::client_hello("inner.example")
        .version(tls::Version::Tls12)
        .records();
    let connect = b"CONNECT inner.example:443 HTTP/1.1\r\n\r\n";
    let long = format!("HTTP/1.1 200 OK\r\nVia: {}\r\n\r\n", "x".repeat(700));
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.0 200 Connection established\r\nContent-Type: text/html\r\n\r\n",
        &long,
    ] {
        for cut in [0, 12] {
            let mut frames = vec![way.syn(), back.syn_ack(), way.data(0, connect)];
            let (one, two) = answer.as_bytes().split_at(cut);
            if cut != 0 {
                frames.push(back.data(0, one));
            }
            frames.push(back.data(cut, two));
            frames.push(way.data(connect.len(), &hello));
            frames.push(back.data(answer.len() + 300, &chain[300..]));
            frames.push(back.data(answer.len(), &chain[..300]));
            read(frames).holds(&[
                ("http_connect", "inner.example"),
                ("tls_sni", "inner.example"),
                ("x509_cn", "inner.example"),
            ]);
        }
    }
}

/// A client that states no length of its body: the next request has a segment of its own.
#[test]
fn a_body_without_a_length() {
    let way = to(80);
    let posting = b"POST / HTTP/1.1\r\nHost: first.example\r\n\r\n";
    let next = http::get("second.example", "/");
    let frames = |syn: bool| {
        let mut frames = if syn { vec![way.syn()] } else { vec![] };
        frames.push(way.data(0, posting));
        frames.push(way.data(posting.len(), b"a body without an end"));
        frames.push(way.data(posting.len() + 21, &next));
        frames
    };
    for syn in [false, true] {
        read(frames(syn)).holds(&[
            ("http_host", "first.example"),
            ("http_host", "second.example"),
        ]);
    }
}

/// What looks like a request at the start of a segment and is none does not end the search for the next.
#[test]
fn a_body_that_only_looks_like_a_request() {
    let way = to(80);
    let posting = b"POST / HTTP/1.1\r\nHost: first.example\r\n\r\n";
    let body = b"a body without an end\n";
    let rest = [
        &b"GET well soon, all of you\n"[..],
        &http::get("second.example", "/"),
    ]
    .concat();
    let mut frames = vec![way.syn(), way.data(0, posting)];
    frames.push(way.data(posting.len(), body));
    frames.push(way.data(posting.len() + body.len(), &rest));
    read(frames).holds(&[
        ("http_host", "first.example"),
        ("http_host", "second.example"),
    ]);
}

/// The reader itself may read the first hello of a connection. What workers know of an earlier one between the same
/// ends must not make the second hello content (found by review).
#[test]
fn a_connection_behind_an_upload_that_never_ended() {
    let old = to(443);
    let answer = old.back(77);
    let post = b"POST /up HTTP/1.1\r\nHost: old.example\r\nContent-Length: 90000000\r\n\r\n";
    let mut frames = vec![old.syn(), answer.syn_ack(), old.data(0, post)];
    frames.push(old.data(post.len(), &[b'.'; 1_000]));
    frames.push(old.rst(post.len() + 1_000));
    let new = to(443).number(0x1000 + 500_000);
    let back = new.back(900_077);
    let first = tls::client_hello("first.example").records();
    let second = tls::client_hello("second.example").records();
    frames.extend([new.syn(), back.syn_ack(), new.data(0, &first)]);
    frames.push(new.data(first.len(), &second));
    read(frames).holds(&[
        ("http_host", "old.example"),
        ("tls_sni", "first.example"),
        ("tls_sni", "second.example"),
    ]);
}

/// The same where the earlier connection was opened by the other end.
#[test]
fn a_connection_behind_one_that_the_other_end_opened() {
    let new = to(443).number(900_000);
    let old = to(443).back(0x1000);
    let answer = old.back(77);
    let mut frames = vec![old.syn(), answer.syn_ack()];
    frames.push(old.data(0, &http::get("old.example", "/")));
    frames.push(answer.data(0, &response(9_000_000)));
    let back = new.back(900_077);
    let hello = tls::client_hello("new.example").records();
    frames.extend([new.syn(), back.syn_ack(), new.data(0, &hello)]);
    read(frames).holds(&[("http_host", "old.example"), ("tls_sni", "new.example")]);
}

/// The same again, and each end spoke TLS as the client of one of the two connections. A second hello follows a
/// HelloRetryRequest.
#[test]
fn hellos_of_an_end_that_was_a_server_before() {
    let old = to(443);
    let answer = old.back(77);
    let hello = tls::client_hello("old.example").records();
    let mut frames = vec![old.syn(), answer.syn_ack(), old.data(0, &hello)];
    let new = to(443).back(500_077);
    let back = new.back(0x9000);
    let first = tls::client_hello("first.example").records();
    let second = tls::client_hello("second.example").records();
    frames.extend([new.syn(), back.syn_ack(), new.data(0, &first)]);
    frames.push(new.data(first.len(), &second));
    read(frames).holds(&[
        ("tls_sni", "first.example"),
        ("tls_sni", "old.example"),
        ("tls_sni", "second.example"),
    ]);
}
