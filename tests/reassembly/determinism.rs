//! The same bytes come out whatever the number of workers.

use testkit::capture::Packet;
use testkit::frame::ethernet;
use testkit::rng::Rng;
use testkit::tls::Version;
use testkit::{dns, http, quic, socks, starttls, tls, tls_server, x509};

use crate::harness::{START, Way, packets, read_captures, to};

/// The frames of one flow, of a kind that its number chooses, and the names in it.
fn flow(n: u64) -> (Vec<Vec<u8>>, usize) {
    let address = format!("10.{}.0.{}", n / 200 + 1, n % 200 + 1);
    let host = format!("host-{n}.example");
    let host = host.as_str();
    let client = |port: u16| {
        to(port)
            .from(&address, 40_000 + n as u16)
            .number(n as u32 * 0x0135_7975)
    };
    let opened = |port: u16, stream: &[u8], len: usize| client(port).opened(stream, len);
    let hello = tls::client_hello(host).post_quantum().records();
    match n % 10 {
        0 => (opened(443, &hello, 100), 1),
        1 => {
            let stream: Vec<u8> = (0..5).flat_map(|_| http::get(host, "/")).collect();
            (opened(80, &stream, 170), 5)
        }
        2 => {
            let message = dns::response(1, host, dns::A).cname(host, "cdn.example");
            let bytes = message.over_tcp();
            (opened(53, &[bytes.clone(), bytes].concat(), 40), 6)
        }
        3 => {
            let chain = [x509::certificate(host).san(host).key(3_000).der()];
            let flight = tls_server::flight(Version::Tls12, &chain).records();
            let client = client(443);
            let way: Way = client.back(n as u32);
            let mut frames = vec![client.syn(), way.syn_ack()];
            frames.extend(way.cut(&flight, 400));
            (frames, 2)
        }
        4 => {
            let (_, before) = starttls::clients().swap_remove((n / 10) as usize % 12);
            (opened(25, &[before, hello].concat(), 90), 1)
        }
        5 => {
            let before = [socks::greeting(&[0]), socks::v5(host, 443)].concat();
            (opened(1_080, &[before, hello].concat(), 60), 2)
        }
        6 => {
            let hello = tls::client_hello(host).post_quantum().handshake();
            let datagram = |number: u32, at: usize, piece: &[u8]| {
                let initial = quic::initial(quic::V1, &n.to_be_bytes()).number(number);
                ethernet()
                    .ipv4(&address, "192.0.2.44")
                    .udp(50_000, 443)
                    .payload(initial.crypto(at as u64, piece).datagram())
            };
            (
                vec![
                    datagram(0, 800, &hello[800..]),
                    datagram(1, 0, &hello[..800]),
                ],
                1,
            )
        }
        7 => {
            let bytes: Vec<u8> = dns::query(1, host, dns::A).into();
            let udp = ethernet()
                .ipv4(&address, "192.0.2.53")
                .id(n as u32)
                .udp(40_000, 53);
            (udp.fragments(bytes, &[8, 16, 24]), 1)
        }
        8 => {
            // Never whole: found at the capture's end.
            let request = http::get(host, "/");
            (opened(80, &request[..request.len() - 4], 50), 1)
        }
        _ => {
            // A hole.
            let (one, two) = (http::get(host, "/"), http::get("lost.example", "/"));
            let way = client(80);
            let frames = vec![
                way.syn(),
                way.data(0, &one),
                way.data(one.len() + two.len(), &one),
            ];
            (frames, 2)
        }
    }
}

/// All flows at once; each keeps its beginning in front, and loses its order behind it.
fn mixed(flows: u64, seed: u64) -> (Vec<Packet>, usize) {
    let mut rng = Rng::new(seed);
    let mut queues = Vec::new();
    let mut names = 0;
    for n in 0..flows {
        let (mut frames, count) = flow(n);
        names += count;
        let kept = match n % 10 {
            3 => 2,
            6 | 7 => 0,
            9 => frames.len(),
            _ => 1,
        };
        rng.shuffle(&mut frames[kept..]);
        frames.reverse();
        queues.push(frames);
    }
    let mut all = Vec::new();
    while !queues.is_empty() {
        let at = rng.below(queues.len() as u64) as usize;
        match queues[at].pop() {
            Some(frame) => all.push(frame),
            None => {
                queues.swap_remove(at);
            }
        }
    }
    (packets(all), names)
}

#[test]
fn two_hundred_flows_at_once() {
    let (mut first, count) = mixed(200, 1);
    let (second, other) = mixed(200, 2);
    // Several epochs, and a second input whose flows have the same ends.
    let bulk = to(443).from("10.9.9.9", 1).data(0, &[0xa5; 1_400]);
    let end = START + first.len() as u64 * 1_000_000;
    first.push(Packet::new(end, bulk));
    let captures = [first, second];
    let one = read_captures(&captures, 1);
    assert_eq!(one.lines().len(), count + other);
    for workers in [1, 2, 5] {
        let again = read_captures(&captures, workers);
        assert!(
            again.text == one.text,
            "{workers} workers say something else"
        );
        assert_eq!(again.outcome.workers.streams, one.outcome.workers.streams);
        assert_eq!(again.outcome.workers.names, one.outcome.workers.names);
    }
}

/// More flows at once than the tables hold: what has to go does not depend on the workers.
#[test]
fn tables_that_overflow() {
    let mut frames = Vec::new();
    for n in 0..20_000u32 {
        let address = format!("10.{}.{}.7", n >> 8, n & 0xff);
        let way = to(443).from(&address, 40_000).number(n);
        let hello = tls::client_hello("over.example").post_quantum().records();
        frames.push(way.data(0, &hello[..300]));
    }
    let captures = [packets(frames)];
    let one = read_captures(&captures, 1);
    assert!(one.outcome.workers.streams.evicted > 0);
    for workers in [2, 5] {
        let again = read_captures(&captures, workers);
        assert!(
            again.text == one.text,
            "{workers} workers say something else"
        );
        assert_eq!(again.outcome.workers.streams, one.outcome.workers.streams);
    }
}

/// What was learnt of a connection in one capture is not known in the next: which worker reads it depends on their speed.
#[test]
fn nothing_is_remembered_of_the_capture_before() {
    let way = to(80);
    let back = way.back(77);
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n";
    let first = packets(vec![
        way.syn(),
        back.syn_ack(),
        way.data(0, &http::get("first.example", "/")),
        back.data(0, response),
    ]);
    let second = packets(vec![back.data(90_000, &http::get("second.example", "/"))]);
    let both = [first, second.clone()];
    for workers in [1, 2, 5] {
        let read = read_captures(&both, workers);
        assert_eq!(read.outcome.workers.streams.content, 0);
        read.holds(&[
            ("http_host", "first.example"),
            ("http_host", "second.example"),
        ]);
    }
    read_captures(&[second], 1).holds(&[("http_host", "second.example")]);
}
