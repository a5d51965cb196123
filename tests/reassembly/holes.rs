//! Segments that the capture lacks: what is behind them is still found.

use testkit::capture::Packet;
use testkit::{dns, http, tls};

use crate::harness::{SECOND, START, packets, read, read_packets, sorted, to};

#[test]
fn a_request_behind_a_lost_segment() {
    let way = to(80);
    let (one, two) = (http::get("one.example", "/"), http::get("two.example", "/"));
    let three = http::get("three.example", "/");
    let frames = vec![
        way.syn(),
        way.data(0, &one),
        // `two` is lost.
        way.data(one.len() + two.len(), &three),
    ];
    read(frames).holds(&[("http_host", "one.example"), ("http_host", "three.example")]);
}

#[test]
fn a_request_behind_half_a_request() {
    let way = to(80);
    let (one, two) = (http::get("one.example", "/"), http::get("two.example", "/"));
    let frames = vec![
        way.syn(),
        way.data(0, &one[..30]),
        way.data(one.len(), &two),
    ];
    read(frames).holds(&[("http_host", "two.example")]);
}

/// The capture goes on for long: nobody waits for its end, or forgets what waits.
#[test]
fn the_connection_goes_on_behind_a_hole() {
    let way = to(80);
    let hosts: Vec<String> = (0..40).map(|n| format!("host-{n}.example")).collect();
    let mut packets = vec![Packet::new(0, way.syn())];
    let mut at = 0;
    let mut wanted = Vec::new();
    for (n, host) in hosts.iter().enumerate() {
        let request = http::get(host, "/");
        if n % 7 != 3 {
            packets.push(Packet::new(n as u64 * SECOND, way.data(at, &request)));
            wanted.push(("http_host", host.as_str()));
        }
        at += request.len();
    }
    read_packets(&packets).holds(&wanted);
}

#[test]
fn a_hello_whose_connection_lost_its_first_segment() {
    let way = to(2_525);
    let hello = tls::client_hello("inside.example").records();
    let frames = vec![way.syn(), way.data(40, &hello)];
    read(frames).holds(&[("tls_sni", "inside.example")]);
}

#[test]
fn a_split_hello_behind_a_lost_dialogue() {
    let way = to(2_525);
    let hello = tls::client_hello("inside.example").post_quantum().records();
    let frames = vec![
        way.syn(),
        way.data(0, b"EHLO laptop.example\r\n"),
        // STARTTLS is lost.
        way.data(31, &hello[..1_000]),
        way.data(1_031, &hello[1_000..]),
    ];
    read(frames).holds(&[("tls_sni", "inside.example")]);
}

/// The name is in what there is of the hello.
#[test]
fn a_hello_without_its_end() {
    let hello = tls::client_hello("inside.example").post_quantum();
    let end = hello.end_of_server_name();
    let bytes = hello.records();
    for more in [0, 1, 100] {
        let way = to(443);
        let frames = way.opened(&bytes[..end + more], 300);
        let name = ("tls_sni", "inside.example");
        read(frames.clone()).holds(&[name]);
        // Another connection goes on for a long time.
        let mut all = packets(frames);
        let other = to(443).from("10.0.0.8", 40_000);
        let start = all[0].time;
        for n in 0..20 {
            let data = other.data(n * 100, &[0xa5; 100]);
            all.push(Packet::new(start + n as u64 * 30 * SECOND, data));
        }
        assert_eq!(read_packets(&all).names(), sorted(&[name]));
    }
}

#[test]
fn a_retransmission_after_a_while() {
    let way = to(443);
    let hello = tls::client_hello("inside.example").post_quantum().records();
    let frames = [
        (0, way.syn()),
        (1, way.data(700, &hello[700..])),
        (3, way.data(0, &hello[..700])),
    ];
    let packets: Vec<Packet> = frames
        .into_iter()
        .map(|(time, frame)| Packet::new(time * SECOND, frame))
        .collect();
    read_packets(&packets).holds(&[("tls_sni", "inside.example")]);
}

/// Each of many requests begins its own segment; of one only the first segment is missing.
#[test]
fn requests_behind_one_that_is_not_whole() {
    let hosts: Vec<String> = (0..60).map(|n| format!("host-{n}.example")).collect();
    let cookie = "c".repeat(1_200);
    for lost in [0, 10] {
        for apart in [1, 100, 5_000] {
            let way = to(80);
            let mut frames = vec![way.syn(), way.back(77).syn_ack()];
            let mut at = 0;
            let mut wanted = Vec::new();
            for (number, host) in hosts.iter().enumerate() {
                let request = http::get(host, &format!("/{cookie}"));
                let (first, second) = request.split_at(700);
                if number != lost {
                    frames.push(way.data(at, first));
                    wanted.push(("http_host", host.as_str()));
                }
                frames.push(way.data(at + 700, second));
                at += request.len();
            }
            let packets: Vec<Packet> = (0..)
                .zip(frames)
                .map(|(n, frame)| Packet::new(START + n * apart * 1_000_000, frame))
                .collect();
            read_packets(&packets).holds(&wanted);
        }
    }
}

#[test]
fn dns_on_another_port_behind_a_lost_message() {
    for lost in [0, 7] {
        let way = to(5_300);
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        let mut at = 0;
        let names: Vec<String> = (0..50).map(|n| format!("host-{n}.example")).collect();
        let mut wanted = Vec::new();
        for (number, name) in names.iter().enumerate() {
            let query = dns::query(7, name.as_str(), dns::A).over_tcp();
            if number != lost {
                frames.push(way.data(at, &query));
                wanted.push(("dns_query", name.as_str()));
            }
            at += query.len();
        }
        read(frames).holds(&wanted);
    }
}

/// What stands in the body of a request behind a hole is still its content.
#[test]
fn content_behind_a_hole() {
    let way = to(80);
    let inside = http::get("content.example", "/");
    let mut body = vec![b'b'; 4_000];
    body.extend_from_slice(&inside);
    body.extend(vec![b'b'; 500]);
    let upload = http::post("up.example", "/", &body);
    let at = upload.len() - 500 - inside.len();
    let frames = vec![
        way.syn(),
        way.back(77).syn_ack(),
        way.data(0, &upload[..1_000]),
        way.data(2_000, &upload[2_000..at]),
        way.data(at, &upload[at..]),
        way.data(upload.len(), &http::get("next.example", "/")),
    ];
    read(frames).holds(&[("http_host", "next.example"), ("http_host", "up.example")]);
}

/// Many segments change places, and each time what came too early looks like a beginning; then one is lost.
#[test]
fn requests_behind_a_hole_after_many_that_were_filled() {
    for count in [60, 200] {
        let way = to(80);
        let mut frames = vec![way.syn(), way.back(77).syn_ack()];
        let mut at = 0;
        let mut hosts = Vec::new();
        for number in 0..count {
            let [one, two] = ["a", "b"].map(|side| format!("{side}{number}.example"));
            let (first, second) = (http::get(&one, "/"), http::get(&two, "/"));
            frames.push(way.data(at + first.len(), &second));
            frames.push(way.data(at, &first));
            at += first.len() + second.len();
            hosts.extend([one, two]);
        }
        let lost = http::get("lost.example", "/");
        frames.push(way.data(at + 20, &lost[20..]));
        at += lost.len();
        for number in 0..20 {
            let host = format!("behind{number}.example");
            let request = http::get(&host, "/");
            frames.push(way.data(at, &request));
            at += request.len();
            hosts.push(host);
        }
        let wanted: Vec<_> = hosts.iter().map(|h| ("http_host", h.as_str())).collect();
        read(frames).holds(&wanted);
    }
}
