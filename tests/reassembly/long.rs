//! Names far behind the beginning of their connection.

use testkit::tls::Version;
use testkit::{http, http2, tls, tls_server, x509};

use crate::harness::{Read, Way, packets, read, read_packets, to};

fn hosts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("host-{n}.example")).collect()
}

fn wanted<'h>(kind: &'static str, hosts: &'h [String]) -> Vec<(&'static str, &'h str)> {
    hosts.iter().map(|host| (kind, host.as_str())).collect()
}

/// Behind the SYNs of both ends, and how the segments follow each other.
fn connection(way: &Way, bytes: &[u8], len: usize) -> Vec<Vec<u8>> {
    let mut frames = vec![way.syn(), way.back(77).syn_ack()];
    frames.extend(way.cut(bytes, len));
    frames
}

/// Requests in cleartext HTTP/2, each with so many bytes of data in frames of at most 60,000.
fn http2_requests(hosts: &[String], data: usize) -> Vec<u8> {
    let mut stream = [http2::PREFACE, &http2::settings()].concat();
    for host in hosts {
        stream.extend(http2::frame(1, 4, &http2::request_block(host)));
        for piece in vec![b'd'; data].chunks(60_000) {
            stream.extend(http2::frame(0, 0, piece));
        }
    }
    stream
}

#[test]
fn every_request_of_http2() {
    let hosts = hosts(300);
    let names = wanted("http2_authority", &hosts);
    for (count, data) in [(300, 1_500), (60, 17_000), (12, 200_000)] {
        let stream = http2_requests(&hosts[..count], data);
        assert!(stream.len() > 400_000);
        let way = to(8_080);
        read(connection(&way, &stream, 1_400)).holds(&names[..count]);
        let mut frames = way.cut(&stream, 1_400);
        // Neighbours change places.
        for pair in frames[1..].chunks_exact_mut(2).step_by(3) {
            pair.swap(0, 1);
        }
        let read = read(frames);
        assert_eq!(read.outcome.workers.messages.http2_left, 0);
        read.holds(&names[..count]);
    }
}

/// As gRPC does it, through a load balancer: a segment for each request.
#[test]
fn http2_behind_a_proxys_header() {
    let hosts = hosts(3_000);
    let header = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n";
    let stream = [&header[..], &http2_requests(&hosts, 20)].concat();
    assert!(stream.len() > 150_000);
    read(connection(&to(8_080), &stream, 1_400)).holds(&wanted("http2_authority", &hosts));
}

#[test]
fn http2_that_was_silent_is_counted() {
    let hosts = hosts(2);
    let stream = http2_requests(&hosts, 0);
    let way = to(8_080);
    let first = http2_requests(&hosts[..1], 0).len();
    let mut frames = packets(connection(&way, &stream[..first], 1_400));
    let quiet = packets(vec![way.data(first, &stream[first..])]);
    // Others come meanwhile, so that the silence is noticed.
    for n in 0..9_000_u16 {
        let other = to(443).from("10.0.0.8", 1_024 + n);
        for mut packet in packets(vec![other.syn()]) {
            packet.time += 200 * 1_000_000_000;
            frames.push(packet);
        }
    }
    frames.extend(quiet.into_iter().map(|mut packet| {
        packet.time += 300 * 1_000_000_000;
        packet
    }));
    let read = read_packets(&frames);
    assert_eq!(read.outcome.reader.heads.idle_http2, 1);
    read.holds(&[("http2_authority", "host-0.example")]);
}

fn no_request_was_left(read: &Read) {
    assert_eq!(read.outcome.workers.messages.http_left, 0);
    assert_eq!(read.outcome.workers.messages.http_gave_up, 0);
}

#[test]
fn requests_behind_an_upload() {
    let hosts = hosts(51);
    for length in [60_000, 70_000, 1_000_000] {
        let mut stream = http::post(&hosts[0], "/", &vec![b'u'; length]);
        for host in &hosts[1..] {
            stream.extend(http::get(host, "/"));
        }
        for len in [1_400, 1_000, 1_448, 9_000] {
            let read = read(connection(&to(80), &stream, len));
            no_request_was_left(&read);
            read.holds(&wanted("http_host", &hosts));
        }
    }
}

#[test]
fn an_upload_is_not_given_to_the_workers() {
    let stream = [
        http::post("up.example", "/", &vec![b'u'; 3_000_000]),
        http::get("next.example", "/"),
    ]
    .concat();
    let read = read(connection(&to(80), &stream, 1_400));
    assert!(read.outcome.reader.forwarded < 200);
    read.holds(&[("http_host", "up.example"), ("http_host", "next.example")]);
}

#[test]
fn one_upload_after_the_other() {
    let hosts = hosts(60);
    let post = |host: &String| http::post(host, "/", &[b'u'; 40_000]);
    let stream: Vec<u8> = hosts.iter().flat_map(post).collect();
    for len in [1_400, 1_448, 536] {
        let read = read(connection(&to(80), &stream, len));
        no_request_was_left(&read);
        read.holds(&wanted("http_host", &hosts));
    }
}

#[test]
fn a_request_behind_a_long_upload_in_chunks() {
    let chunk = vec![b'c'; 10_000];
    let chunks = vec![&chunk[..]; 30];
    let stream = [
        http::post_chunked("up.example", "/", &chunks),
        http::get("next.example", "/"),
    ]
    .concat();
    let read = read(connection(&to(80), &stream, 1_400));
    no_request_was_left(&read);
    read.holds(&[("http_host", "up.example"), ("http_host", "next.example")]);
}

#[test]
fn requests_without_end() {
    let hosts = hosts(6_000);
    let stream: Vec<u8> = hosts.iter().flat_map(|h| http::get(h, "/")).collect();
    assert!(stream.len() > 256 * 1_024);
    read(connection(&to(80), &stream, 1_400)).holds(&wanted("http_host", &hosts));
    read(to(80).cut(&stream, 1_400)).holds(&wanted("http_host", &hosts));
    let cookie = "c".repeat(1_300);
    let long = |n: usize, host: &String| {
        let path = format!("/{}", &cookie[..1_200 + n % 97]);
        http::get(host, &path)
    };
    let stream: Vec<u8> = hosts[..300]
        .iter()
        .enumerate()
        .flat_map(|(n, h)| long(n, h))
        .collect();
    read(connection(&to(80), &stream, 1_448)).holds(&wanted("http_host", &hosts[..300]));
}

/// Where nothing proves who the client is, a head may be content: its body is not believed for long.
#[test]
fn what_is_left_of_requests_is_counted() {
    let mut stream = http::post("up.example", "/", &[b'u'; 200_000]);
    stream.extend(http::get("lost.example", "/"));
    let read = read(to(80).cut(&stream, 1_400));
    assert_eq!(read.outcome.workers.messages.http_left, 1);
    read.holds(&[("http_host", "up.example")]);
}

#[test]
fn an_upload_without_an_announced_end_is_left_and_counted() {
    let chunk = vec![b'c'; 60_000];
    let chunks = vec![&chunk[..]; 80];
    let stream = http::post_chunked("up.example", "/", &chunks);
    let read = read(connection(&to(80), &stream, 60_000));
    assert_eq!(read.outcome.workers.messages.http_left, 1);
    read.holds(&[("http_host", "up.example")]);
}

#[test]
fn a_chain_of_certificates_longer_than_most() {
    for (count, found) in [(60, 60), (400, 0)] {
        let names: Vec<String> = (0..count).map(|n| format!("cert-{n}.example")).collect();
        let chain: Vec<Vec<u8>> = names
            .iter()
            .map(|name| x509::certificate(name).key(6_000).der())
            .collect();
        let flight = tls_server::flight(Version::Tls12, &chain);
        for (records, len) in [(16_384, 1_400), (1_000, 1_448), (1_395, 1_400)] {
            let lengths = vec![records; flight.handshake().len() / records + 1];
            let bytes = flight.records_of(&lengths);
            let client = to(443);
            let way = client.back(77);
            let mut frames = vec![client.syn(), way.syn_ack()];
            frames.extend(way.cut(&bytes, len));
            frames.push(way.data(bytes.len(), &tls::application_data(500)));
            let read = read(frames);
            let left = read.outcome.workers.messages.chains_left;
            if found == count {
                assert_eq!(left, 0);
                read.holds(&wanted("x509_cn", &names));
            } else {
                assert_eq!(
                    left,
                    1,
                    "{} {} {:?}",
                    bytes.len(),
                    read.names().len(),
                    read.outcome.workers.streams
                );
                assert!(read.names().len() > 150);
            }
        }
    }
}

#[test]
fn a_hello_in_the_smallest_records() {
    let hello = tls::client_hello("small.example").padding(15_000);
    let bytes = hello.records_of(1);
    assert!(bytes.len() > 80_000);
    read(to(443).opened(&bytes, 1_400)).holds(&[("tls_sni", "small.example")]);
    read(to(443).cut(&bytes, 1_400)).holds(&[("tls_sni", "small.example")]);
}

/// Record headers that come late are not missed for ever.
#[test]
fn a_long_chain_whose_segments_change_places() {
    let names: Vec<String> = (0..60).map(|n| format!("cert-{n}.example")).collect();
    let chain: Vec<Vec<u8>> = names
        .iter()
        .map(|name| x509::certificate(name).key(6_000).der())
        .collect();
    let flight = tls_server::flight(Version::Tls12, &chain);
    for records in [1_000, 1_395, 16_384] {
        let lengths = vec![records; flight.handshake().len() / records + 1];
        let bytes = flight.records_of(&lengths);
        assert!(bytes.len() > 300_000);
        let client = to(443);
        let way = client.back(77);
        for every in [2, 9, 30] {
            let mut pieces = way.cut(&bytes, 1_400);
            for pair in pieces.chunks_exact_mut(2).skip(1).step_by(every) {
                pair.swap(0, 1);
            }
            let mut frames = vec![client.syn(), way.syn_ack()];
            frames.extend(pieces);
            let read = read(frames);
            assert_eq!(read.outcome.workers.messages.chains_left, 0);
            read.holds(&wanted("x509_cn", &names));
        }
    }
}

/// The first segment ends inside the method: what follows is still followed as far as it goes.
#[test]
fn requests_without_end_behind_a_short_beginning() {
    let hosts = hosts(3_000);
    let stream: Vec<u8> = hosts.iter().flat_map(|h| http::get(h, "/")).collect();
    assert!(stream.len() > 128 * 1_024);
    let check = |stream: &[u8], cut: usize| {
        let way = to(80);
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        frames.extend(way.cut_after(cut, stream, 1_400));
        read(frames).holds(&wanted("http_host", &hosts));
    };
    for cut in [1, 2, 3, 4, 7] {
        check(&stream, cut);
    }
    for method in ["DELETE", "OPTIONS", "PROPFIND"] {
        let stream: Vec<u8> = hosts
            .iter()
            .flat_map(|h| [method.as_bytes(), &http::get(h, "/")[3..]].concat())
            .collect();
        for cut in [method.len(), method.len() + 1] {
            check(&stream, cut);
        }
    }
}
