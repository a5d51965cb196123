//! What neither end of a connection sent, or only pretends to have sent: receivers drop it, and so it must hide nothing.

use testkit::{dns, http, http2, tls};

use crate::harness::{Way, read, sorted, to};

/// A handshake; what is forged; and then a request that is told only by what its SYN noted.
fn behind(forged: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let way = to(80);
    let request = http::get("after.example", "/");
    let mut frames = vec![way.syn(), way.back(77).syn_ack()];
    frames.extend_from_slice(forged);
    frames.push(way.data(0, &request[..2]));
    frames.push(way.data(2, &request[2..]));
    frames
}

#[test]
fn a_segment_far_away_ends_nothing() {
    let way = to(80);
    for offset in [0x2000_0000, 0xc000_0000, 5 << 20] {
        let forged = [way.data(offset, b"xxxx")];
        read(behind(&forged)).holds(&[("http_host", "after.example")]);
    }
    // Nor inside a message.
    let request = http::get("after.example", "/");
    let frames = vec![
        way.syn(),
        way.data(0, &request[..20]),
        way.data(0x2000_0000, b"xxxx"),
        way.data(20, &request[20..]),
    ];
    read(frames).holds(&[("http_host", "after.example")]);
}

#[test]
fn a_message_far_away_ends_nothing() {
    let way = to(80);
    let hello = tls::client_hello("forged.example").records();
    let whole = [way.data(0x4000_0000, &hello)];
    let wanted = [
        ("tls_sni", "forged.example"),
        ("http_host", "after.example"),
    ];
    read(behind(&whole)).holds(&wanted);
    // A beginning is noted beside what is noted already.
    for count in 1..4 {
        let part = |n: usize| way.data(n * 0x1000_0000, &hello[..100]);
        let parts: Vec<_> = (1..=count).map(part).collect();
        let read = read(behind(&parts));
        let names = read.distinct();
        assert!(names.contains(&("http_host".to_owned(), "after.example".to_owned())));
    }
}

#[test]
fn a_second_syn_ends_nothing() {
    let way = to(80);
    let other = way.clone().number(0x4000_0000);
    read(behind(&[other.syn()])).holds(&[("http_host", "after.example")]);
    let many: Vec<_> = (1..9)
        .map(|n| way.clone().number(n * 0x1000_0000).syn())
        .collect();
    read(behind(&many)).holds(&[("http_host", "after.example")]);
}

/// The other connection is read as well: the second SYN may be the true one.
#[test]
fn behind_a_second_syn() {
    let way = to(80);
    let other = way.clone().number(0x4000_0000);
    let request = http::get("other.example", "/");
    let mut frames = behind(&[other.syn(), other.back(99).syn_ack()]);
    frames.push(other.data(0, &request[..3]));
    frames.push(other.data(3, &request[3..]));
    read(frames).holds(&[
        ("http_host", "after.example"),
        ("http_host", "other.example"),
    ]);
}

/// Inside a message that both ends agreed on, and inside HTTP/2, whose headers need all those before them.
#[test]
fn a_message_far_away_inside_another() {
    let way = to(80);
    let forged = http::get("forged.example", "/");
    let hello = tls::client_hello("after.example").records();
    let request = http::get("after.example", "/");
    for (bytes, port, kind) in [(&request, 80, "http_host"), (&hello, 443, "tls_sni")] {
        for forged in [&forged[..], &forged[..30], &hello[..100]] {
            let way = to(port);
            let frames = vec![
                way.syn(),
                way.back(77).syn_ack(),
                way.data(0, &bytes[..20]),
                way.data(0x4000_0000, forged),
                way.data(20, &bytes[20..]),
            ];
            let names = read(frames).distinct();
            assert!(
                names.contains(&(kind.to_owned(), "after.example".to_owned())),
                "{names:?}"
            );
        }
    }
    let mut frames = vec![way.syn(), way.back(77).syn_ack()];
    let mut at = 0;
    let mut wanted = vec![("http_host".to_owned(), "forged.example".to_owned())];
    let mut first = [http2::PREFACE, &http2::settings()].concat();
    for number in 0..6 {
        let host = format!("host-{number}.example");
        first.extend(http2::frame(1, 4, &http2::request_block(&host)));
        for _ in 0..6 {
            first.extend(http2::frame(0, 0, &[b'd'; 10_000]));
        }
        for piece in first.chunks(1_400) {
            frames.push(way.data(at, piece));
            at += piece.len();
        }
        first.clear();
        if number == 4 {
            frames.push(way.data(at + 0x4000_0000, &forged));
        }
        wanted.push(("http2_authority".to_owned(), host));
    }
    wanted.sort();
    assert_eq!(read(frames).names(), wanted);
}

/// A receiver leaves out what is before the first byte.
#[test]
fn a_segment_that_begins_before_its_connection() {
    let way = to(80);
    let request = http::get("before.example", "/");
    for cut in [10, request.len()] {
        for before in [1, 2, 7] {
            let first = way.clone().number(0x1000 - before);
            let early = [vec![1; before as usize], request[..cut].to_vec()].concat();
            let mut frames = vec![way.syn(), way.back(77).syn_ack(), first.data(0, &early)];
            if cut < request.len() {
                frames.push(way.data(cut, &request[cut..]));
            }
            read(frames).holds(&[("http_host", "before.example")]);
        }
    }
    let hello = tls::client_hello("before.example").records();
    let first = way.clone().number(0x1000 - 3);
    let early = [&[9, 9, 9][..], &hello].concat();
    let frames = vec![way.syn(), way.back(77).syn_ack(), first.data(0, &early)];
    read(frames).holds(&[("tls_sni", "before.example")]);
}

/// Who makes a capture by hand may give all segments one number.
#[test]
fn data_that_has_the_number_of_its_syn() {
    let request = http::get("by-hand.example", "/");
    let hello = tls::client_hello("by-hand.example").records();
    for (bytes, port, kind) in [(&request, 80, "http_host"), (&hello, 443, "tls_sni")] {
        let way = to(port);
        let first = way.clone().number(0x1000 - 1);
        for answered in [false, true] {
            let mut frames = vec![way.syn()];
            if answered {
                frames.push(way.back(77).syn_ack());
            }
            frames.push(first.data(0, bytes));
            read(frames).holds(&[(kind, "by-hand.example")]);
        }
    }
}

fn twice(first: &[u8], second: &[u8], port: u16, len: usize) -> Vec<Vec<u8>> {
    let way: Way = to(port);
    let mut frames = vec![way.syn(), way.back(77).syn_ack()];
    frames.extend(way.cut(first, len));
    frames.extend(way.cut(second, 9_000));
    frames
}

/// A packet that dies on its way, or has a wrong checksum, and then what the server reads.
#[test]
fn a_copy_of_what_was_read_already() {
    let one = http::get("first.example", "/");
    let other = http::get("other.example", "/");
    let longer = http::get("longer-than-the-first.example", "/index.html");
    for second in [&other, &longer] {
        for len in [9_000, 30, 1] {
            let read = read(twice(&one, second, 80, len));
            assert_eq!(read.conflicts(), 1, "in {len}");
            let host = if second == &other {
                "other.example"
            } else {
                "longer-than-the-first.example"
            };
            read.holds(&[("http_host", "first.example"), ("http_host", host)]);
        }
    }
    let query = |name: &str| dns::query(7, name, dns::A).over_tcp();
    let read = read(twice(
        &query("first.example"),
        &query("other.example"),
        53,
        9_000,
    ));
    assert_eq!(read.conflicts(), 1);
    read.holds(&[
        ("dns_query", "first.example"),
        ("dns_query", "other.example"),
    ]);
}

/// Only one message of a copy is another, and not the first.
#[test]
fn a_copy_of_several_messages() {
    let [a, b, c] = ["a", "b", "c"].map(|host| http::get(&format!("{host}.example"), "/"));
    let way = to(80);
    // The second one waits for its end.
    let first = [&a[..], &b[..b.len() - 2]].concat();
    let frames = vec![
        way.syn(),
        way.back(77).syn_ack(),
        way.data(0, &first),
        way.data(0, &[&a[..], &c].concat()),
        way.data(first.len(), &b[b.len() - 2..]),
    ];
    let read = read(frames);
    assert_eq!(read.conflicts(), 1);
    read.holds(&[
        ("http_host", "a.example"),
        ("http_host", "b.example"),
        ("http_host", "c.example"),
    ]);
}

#[test]
fn the_same_again_is_no_copy() {
    let hosts = ["one.example", "two.example", "three.example"];
    let requests: Vec<u8> = hosts.iter().flat_map(|host| http::get(host, "/")).collect();
    let mut wanted = sorted(&hosts.map(|host| ("http_host", host)));
    wanted.sort();
    for len in [9_000, 40] {
        let read = read(twice(&requests, &requests, 80, len));
        assert_eq!(read.conflicts(), 0);
        assert_eq!(read.names(), wanted);
    }
}

/// What looks like a request in a body is content, however often it comes.
#[test]
fn a_copy_of_content() {
    let way = to(80);
    let mut body = vec![b'b'; 1_000];
    body.extend(http::get("content.example", "/"));
    let request = http::post("up.example", "/", &body);
    let inside = request.len() - http::get("content.example", "/").len();
    let mut frames = way.opened(&request, 9_000);
    frames.insert(1, way.back(77).syn_ack());
    frames.push(way.data(inside, &request[inside..]));
    let next = http::get("next.example", "/");
    frames.push(way.data(request.len(), &next));
    read(frames).holds(&[("http_host", "next.example"), ("http_host", "up.example")]);
}

/// A head over two segments is put together to know where the next request begins; then it is done with.
#[test]
fn a_head_is_put_together_once() {
    let first = b"POST /a HTTP/1.1\r\nHost: a.example\r\n".to_vec();
    let mut second = b"Content-Length: 1000\r\n\r\n".to_vec();
    second.extend(vec![b'a'; 1_000]);
    let chunked = b"POST /b HTTP/1.1\r\nHost: b.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    second.extend_from_slice(chunked);
    let reach = first.len() + 24 + 1_000;
    // What stands in the first chunk is no request, though a head is looked for there.
    let mut chunk = vec![b'c'; reach - chunked.len() - 5];
    chunk.extend_from_slice(b"PUT / HTTP/1.1\r\nContent-Length: 200000000\r\n\r\n");
    chunk.resize(4_000, b'c');
    let mut third = format!("{:x}\r\n", chunk.len()).into_bytes();
    third.extend_from_slice(&chunk);
    third.extend_from_slice(b"\r\n");
    let mut fourth = b"4\r\nlast\r\n0\r\n\r\n".to_vec();
    fourth.extend(http::get("c.example", "/"));
    let way = to(80);
    let mut frames = vec![way.syn(), way.back(77).syn_ack()];
    let mut at = 0;
    for piece in [&first, &second, &third, &fourth] {
        for part in piece.chunks(4_100) {
            frames.push(way.data(at, part));
            at += part.len();
        }
    }
    read(frames).holds(&[
        ("http_host", "a.example"),
        ("http_host", "b.example"),
        ("http_host", "c.example"),
    ]);
}
