//! Every request of a connection, wherever the segments were cut.

use testkit::http;

use crate::harness::{read, shuffled, to};

fn hosts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("host-{n}.example")).collect()
}

fn wanted(hosts: &[String]) -> Vec<(&str, &str)> {
    hosts.iter().map(|h| ("http_host", h.as_str())).collect()
}

#[test]
fn one_request_a_segment() {
    let hosts = hosts(60);
    let way = to(80);
    let mut frames = vec![way.syn()];
    let mut at = 0;
    for host in &hosts {
        let request = http::get(host, "/path");
        frames.push(way.data(at, &request));
        at += request.len();
    }
    read(frames.clone()).holds(&wanted(&hosts));
    // As a capture that began too late has it.
    read(frames[20..].to_vec()).holds(&wanted(&hosts[19..]));
}

#[test]
fn many_requests_without_waiting() {
    let hosts = hosts(40);
    let stream: Vec<u8> = hosts.iter().flat_map(|h| http::get(h, "/")).collect();
    for len in [1_400, 536, 333, 100] {
        read(to(8_080).opened(&stream, len)).holds(&wanted(&hosts));
        read(to(8_080).cut(&stream, len)).holds(&wanted(&hosts));
    }
}

#[test]
fn one_segment_ends_one_request_and_begins_the_next() {
    let hosts = hosts(3);
    let requests: Vec<Vec<u8>> = hosts.iter().map(|h| http::get(h, "/")).collect();
    let stream = requests.concat();
    for offset in 1..40 {
        let cuts = [requests[0].len() - offset, requests[0].len() + offset * 3];
        let way = to(80);
        let frames = vec![
            way.syn(),
            way.data(0, &stream[..cuts[0]]),
            way.data(cuts[0], &stream[cuts[0]..cuts[1]]),
            way.data(cuts[1], &stream[cuts[1]..]),
        ];
        read(frames.clone()).holds(&wanted(&hosts));
        read(shuffled(frames, 1, offset as u64)).holds(&wanted(&hosts));
    }
}

#[test]
fn a_request_in_the_middle_of_a_connection_in_two() {
    let hosts = hosts(3);
    let requests: Vec<Vec<u8>> = hosts.iter().map(|h| http::get(h, "/")).collect();
    for cut in 1..requests[1].len() {
        let way = to(80);
        let (second, third) = (requests[0].len(), requests[0].len() + requests[1].len());
        let frames = vec![
            way.syn(),
            way.data(0, &requests[0]),
            way.data(second, &requests[1][..cut]),
            way.data(second + cut, &requests[1][cut..]),
            way.data(third, &requests[2]),
        ];
        read(frames).holds(&wanted(&hosts));
    }
}

#[test]
fn requests_overtake_each_other() {
    let hosts = hosts(12);
    let way = to(80);
    let mut frames = vec![way.syn()];
    let mut at = 0;
    for host in &hosts {
        let request = http::get(host, "/path");
        frames.push(way.data(at, &request));
        at += request.len();
    }
    for seed in 0..20 {
        let read = read(shuffled(frames.clone(), 1, seed));
        assert_eq!(read.distinct(), read.holds(&wanted(&hosts)).names());
    }
}

#[test]
fn a_request_behind_a_body() {
    let wanted = [
        ("http_host", "upload.example"),
        ("http_host", "next.example"),
    ];
    let next = http::get("next.example", "/");
    for length in [10, 3_000, 60_000] {
        let post = http::post("upload.example", "/", &vec![b'x'; length]);
        let stream = [post, next.clone()].concat();
        read(to(80).opened(&stream, 1_400)).holds(&wanted);
    }
    // A client that waits for the answer, as all do behind a large body.
    for length in [10, 100_000, 2_000_000] {
        let post = http::post("upload.example", "/", &vec![b'x'; length]);
        let way = to(80);
        let mut frames = way.opened(&post, 1_400);
        frames.push(way.data(post.len(), &next[..20]));
        frames.push(way.data(post.len() + 20, &next[20..]));
        read(frames).holds(&wanted);
    }
}

#[test]
fn a_request_behind_a_chunked_body() {
    let stream = [
        http::post_chunked("upload.example", "/", &[&[b'x'; 5_000], &[b'y'; 9]]),
        http::get("next.example", "/"),
    ]
    .concat();
    for len in [1_400, 100, 9] {
        read(to(80).opened(&stream, len)).holds(&[
            ("http_host", "upload.example"),
            ("http_host", "next.example"),
        ]);
    }
}

/// What a body says is not what its sender does.
#[test]
fn a_body_that_looks_like_a_request_names_nobody() {
    let inner = http::get("quoted.example", "/");
    let stream = [
        http::post("upload.example", "/", &inner),
        http::get("next.example", "/"),
    ]
    .concat();
    for len in [1_400, 100, 20] {
        read(to(80).opened(&stream, len)).holds(&[
            ("http_host", "upload.example"),
            ("http_host", "next.example"),
        ]);
    }
}

#[test]
fn one_byte_each() {
    let hosts = hosts(3);
    let stream: Vec<u8> = hosts.iter().flat_map(|h| http::get(h, "/")).collect();
    read(to(80).opened(&stream, 1)).holds(&wanted(&hosts));
    read(shuffled(to(80).opened(&stream, 1), 1, 3)).holds(&wanted(&hosts));
}

/// Servers pass over blank lines before a request (RFC 9112 section 2.2), however many there are.
#[test]
fn requests_behind_blank_lines() {
    let hosts = hosts(2);
    let stream: Vec<u8> = hosts.iter().flat_map(|h| http::get(h, "/")).collect();
    let way = to(80);
    for blank in [9, 20, 500, 4_000] {
        let blank = b"\r\n".repeat(blank);
        let all = [&blank[..], &stream].concat();
        for len in [1_400, 333, 7] {
            read(way.opened(&all, len)).holds(&wanted(&hosts));
        }
        // In the middle of a connection.
        read(vec![way.data(5_000, &all)]).holds(&wanted(&hosts));
    }
    // More than a connection is followed for: a segment of its own is enough.
    let blank = b"\r\n".repeat(60_000);
    let mut frames = way.opened(&blank, 1_400);
    frames.push(way.data(
        blank.len(),
        &[b"\r\n\r\n\r\n\r\n\r\n", &stream[..]].concat(),
    ));
    read(frames).holds(&wanted(&hosts));
}

/// The first line need not look as browsers write it.
#[test]
fn requests_with_unusual_first_lines() {
    for line in [
        "GET\t/\tHTTP/1.1",
        "GET            / HTTP/1.1",
        "A-METHOD-OF-MORE-THAN-20-LETTERS / HTTP/1.1",
        "X / HTTP/1.1",
        "get-it here HTTP/1.1",
    ] {
        let request = format!("{line}\r\nHost: host-0.example\r\n\r\n");
        let host = [("http_host", "host-0.example")];
        let way = to(80);
        read(way.opened(request.as_bytes(), 1_400)).holds(&host);
        read(vec![way.data(5_000, request.as_bytes())]).holds(&host);
    }
}
