//! Ends and beginnings: RST, FIN, and 5-tuples that are used again.

use testkit::{http, tls};

use crate::harness::{read, shuffled, to};

fn hello(host: &str) -> Vec<u8> {
    tls::client_hello(host).post_quantum().records()
}

#[test]
fn a_tuple_is_used_again_after_a_reset() {
    let (first, second) = (to(443), to(443).number(0x9000_0000));
    let mut frames = first.opened(&hello("one.example"), 700);
    let sent = hello("one.example").len();
    frames.push(first.back(9).rst(0));
    frames.push(first.rst(sent));
    frames.extend(second.opened(&hello("two.example"), 700));
    read(frames).holds(&[("tls_sni", "one.example"), ("tls_sni", "two.example")]);
}

#[test]
fn a_tuple_is_used_again_after_a_reset_within_the_hello() {
    let (first, second) = (to(443), to(443).number(0x9000_0000));
    let one = hello("one.example");
    let mut frames = vec![first.syn(), first.data(0, &one[..900]), first.rst(900)];
    frames.extend(second.opened(&hello("two.example"), 500));
    let names = read(frames).distinct();
    assert!(names.contains(&("tls_sni".into(), "two.example".into())));
}

#[test]
fn a_tuple_is_used_again_without_an_end() {
    let (first, second) = (to(443), to(443).number(0x9000_0000));
    let mut frames = first.opened(&hello("one.example"), 700);
    frames.extend(shuffled(second.opened(&hello("two.example"), 300), 1, 4));
    read(frames).holds(&[("tls_sni", "one.example"), ("tls_sni", "two.example")]);
}

/// A client that keeps its counter continues closely behind where it was.
#[test]
fn a_tuple_is_used_again_with_numbers_close_by() {
    let one = hello("one.example");
    for gap in [1u32, 2, 100, 5_000, 64_000] {
        let first = to(443);
        let second = to(443).number(0x1000 + one.len() as u32 + gap);
        let mut frames = first.opened(&one, 700);
        frames.push(first.fin(one.len()));
        frames.push(first.back(9).fin(0));
        frames.extend(shuffled(second.opened(&hello("two.example"), 300), 1, 4));
        read(frames).holds(&[("tls_sni", "one.example"), ("tls_sni", "two.example")]);
    }
}

#[test]
fn a_hundred_connections_of_one_tuple() {
    let mut frames = Vec::new();
    let mut wanted = Vec::new();
    let hosts: Vec<String> = (0..100).map(|n| format!("n{n}.example")).collect();
    for (n, host) in hosts.iter().enumerate() {
        let way = to(80).number(n as u32 * 0x0235_1235);
        let request = http::get(host, "/");
        frames.extend(shuffled(way.opened(&request, 50), 1, n as u64));
        frames.push(match n % 3 {
            0 => way.rst(request.len()),
            1 => way.fin(request.len()),
            _ => way.data(request.len(), b""),
        });
        wanted.push(("http_host", host.as_str()));
    }
    read(frames).holds(&wanted);
}

#[test]
fn a_syn_that_is_sent_again_begins_nothing_new() {
    let way = to(443);
    let hello = hello("one.example");
    let mut frames = vec![way.syn(), way.syn(), way.data(1_000, &hello[1_000..])];
    frames.push(way.syn());
    frames.push(way.data(0, &hello[..1_000]));
    read(frames).holds(&[("tls_sni", "one.example")]);
}

#[test]
fn data_with_the_fin() {
    let way = to(443);
    let hello = hello("one.example");
    let end = way.segment(900).ack(1).fin().push().payload(&hello[900..]);
    let frames = vec![way.syn(), way.data(0, &hello[..900]), end.clone()];
    read(frames).holds(&[("tls_sni", "one.example")]);
    // It overtakes what is before it.
    let frames = vec![way.syn(), end, way.data(0, &hello[..900])];
    read(frames).holds(&[("tls_sni", "one.example")]);
}

#[test]
fn a_bare_fin_overtakes_the_rest() {
    let way = to(443);
    let hello = hello("one.example");
    let frames = vec![
        way.syn(),
        way.data(0, &hello[..900]),
        way.fin(hello.len()),
        way.data(900, &hello[900..]),
    ];
    read(frames).holds(&[("tls_sni", "one.example")]);
}

/// A request whose blank line never comes: its Host line is whole all the same.
#[test]
fn a_request_that_ends_early() {
    let request = http::get("one.example", "/");
    let whole = request.len() - 4;
    for end in 0..3 {
        let way = to(80);
        let mut frames = way.opened(&request[..whole], 60);
        match end {
            0 => frames.push(way.fin(whole)),
            1 => frames.push(way.rst(whole)),
            _ => {}
        }
        read(frames).holds(&[("http_host", "one.example")]);
    }
}

/// Every capture has its own connections, though their numbers be the same.
#[test]
fn captures_are_apart() {
    let hello = hello("one.example");
    let frames = to(443).opened(&hello, 900);
    let half = crate::harness::packets(frames[..2].to_vec());
    let other = crate::harness::packets(frames[2..].to_vec());
    let read = crate::harness::read_captures(&[other, half.clone()], 2);
    let names = read.names();
    // The first 900 bytes may or may not hold the name, but nothing joins them to another file's.
    assert_eq!(names, crate::harness::read_packets(&half).names());
}
