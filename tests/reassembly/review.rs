//! Cases that were wrong once.

use testkit::capture::Pcap;
use testkit::frame::ethernet;
use testkit::{dns, dtls, http, quic, tls, tls_server, x509};

use crate::harness::{packets, read, to};

fn chain() -> Vec<u8> {
    let chain: Vec<Vec<u8>> = (0..8)
        .map(|n| {
            let name = format!("cert-{n}.example");
            x509::certificate(&name).key(6_000).der()
        })
        .collect();
    tls_server::flight(tls::Version::Tls12, &chain).records()
}

const CERTIFICATES: [&str; 8] = [
    "cert-0.example",
    "cert-1.example",
    "cert-2.example",
    "cert-3.example",
    "cert-4.example",
    "cert-5.example",
    "cert-6.example",
    "cert-7.example",
];

/// Receivers ignore a reset whose number is not the one that they expect (RFC 5961).
#[test]
fn a_reset_with_another_number_ends_nothing() {
    let way = to(80);
    let request = http::get("after.example", "/");
    let frames = vec![
        way.syn(),
        way.data(0, &request[..20]),
        way.rst(3_000_000_000),
        way.data(20, &request[20..]),
    ];
    read(frames).holds(&[("http_host", "after.example")]);
}

#[test]
fn a_long_chain_behind_a_dialogue() {
    let way = to(25).back(77);
    let greeting = b"220 mail.example ESMTP\r\n250 STARTTLS\r\n220 go ahead\r\n";
    let flight = chain();
    assert!(flight.len() > 40_000);
    let mut frames = vec![way.syn_ack(), way.data(0, greeting)];
    for (n, piece) in flight.chunks(1_400).enumerate() {
        frames.push(way.data(greeting.len() + n * 1_400, piece));
    }
    let wanted: Vec<(&str, &str)> = CERTIFICATES.iter().map(|name| ("x509_cn", *name)).collect();
    read(frames).holds(&wanted);
}

#[test]
fn a_long_chain_behind_its_first_byte() {
    let way = to(443).back(77);
    let flight = chain();
    let mut frames = vec![way.syn_ack(), way.data(0, &flight[..1])];
    for (n, piece) in flight[1..].chunks(1_400).enumerate() {
        frames.push(way.data(1 + n * 1_400, piece));
    }
    let wanted: Vec<(&str, &str)> = CERTIFICATES.iter().map(|name| ("x509_cn", *name)).collect();
    read(frames).holds(&wanted);
}

#[test]
fn a_clients_certificate_in_the_segment_of_its_hello() {
    let way = to(443);
    let hello = tls::client_hello("server.example")
        .version(tls::Version::Tls12)
        .records();
    let own = x509::certificate("client.example").der();
    let bytes = [hello, tls_server::client_certificate(&[own])].concat();
    read(way.opened(&bytes, 60_000))
        .holds(&[("tls_sni", "server.example"), ("x509_cn", "client.example")]);
}

/// A capture that begins in a zone transfer, anywhere in a message: no name that nobody sent.
#[test]
fn the_middle_of_dns_over_tcp_gives_no_false_names() {
    let messages: Vec<u8> = (0..40u16)
        .flat_map(|n| {
            let mut message = dns::response(n, "zone.example", dns::A);
            for host in 0..40 {
                message = message.a(format!("host{host}.zone.example").as_str(), "10.1.2.3");
            }
            message.over_tcp()
        })
        .collect();
    let way = to(53).back(5);
    for skipped in (1..3_000).step_by(7) {
        let frames = way.cut(&messages[skipped..20_000], 1_448);
        for (kind, name) in read(frames).distinct() {
            assert!(name.ends_with("zone.example"), "{skipped}: {kind} {name}");
        }
    }
}

#[test]
fn a_request_from_the_port_of_dns_without_its_beginning() {
    let way = to(80).from("10.0.0.7", 53);
    let request = http::get("odd.example", "/");
    read(vec![way.data(0, &request)]).holds(&[("http_host", "odd.example")]);
}

/// A path names eight hops; that there were more is counted, and the name is found.
#[test]
fn more_hops_than_a_path_names_are_counted() {
    for (tags, cut) in [(8, 0), (9, 1)] {
        let frame = (1..=tags)
            .fold(ethernet(), |link, id| link.vlan(id))
            .ipv4("10.0.0.7", "192.0.2.53")
            .udp(40_000, 53)
            .payload(dns::query(1, "deep.example", dns::A));
        let read = read(vec![frame]);
        assert_eq!(read.outcome.reader.paths_cut, cut, "{tags} tags");
        read.holds(&[("dns_query", "deep.example")]);
    }
}

#[test]
fn quic_and_dtls_on_the_ports_of_dns() {
    let hello = tls::client_hello("any-port.example");
    for port in [53, 137, 5_353, 5_355] {
        let udp = ethernet().ipv4("10.0.0.7", "192.0.2.80").udp(40_000, port);
        let initial = quic::initial(1, b"12345678").crypto(0, &hello.handshake());
        read(vec![udp.payload(initial.datagram())]).holds(&[("quic_sni", "any-port.example")]);
        let second = quic::initial(0x6b33_43cf, b"12345678").crypto(0, &hello.handshake());
        read(vec![udp.payload(second.datagram())]).holds(&[("quic_sni", "any-port.example")]);
        let datagram = dtls::client_hello("any-port.example", b"").datagram();
        read(vec![udp.payload(datagram)]).holds(&[("dtls_sni", "any-port.example")]);
    }
}

/// What waited when a capture breaks off counts, with its own packet's number.
#[test]
fn fragments_in_front_of_the_place_where_a_capture_breaks_off() {
    let query = |name: &str, id: u16| {
        ethernet()
            .ipv4("10.0.0.7", "192.0.2.53")
            .id(u32::from(id))
            .udp(40_000, 53)
            .fragments(dns::query(id, name, dns::A).edns(1_232), &[40])
    };
    let mut frames = Vec::new();
    for n in 0..30u16 {
        // The second fragment, which holds the rest of the record behind the question, is lost.
        frames.push(query(&format!("h{n}.example"), n).swap_remove(0));
    }
    let mut file = Pcap::new(1).packets(&packets(frames)).bytes();
    file.truncate(file.len() - 10);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.pcap");
    std::fs::write(&path, file).unwrap();
    for workers in ["1", "2", "5"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_bellerophon"))
            .args(["names", "--summary", "none", "--workers", workers])
            .arg(&path)
            .output()
            .unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 29, "{workers} workers");
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(line["packet"], n + 1);
            assert_eq!(line["name"], format!("h{n}.example"));
        }
    }
}

/// A SYN with another number is ignored by the receiver, too (RFC 5961 section 4).
#[test]
fn a_syn_with_another_number_ends_nothing() {
    let way = to(443);
    let hello = tls::client_hello("after.example").records();
    for cut in [1, 20, 100] {
        let frames = vec![
            way.syn(),
            way.data(0, &hello[..cut]),
            way.clone().number(3_000_000_000).syn(),
            way.data(cut, &hello[cut..]),
        ];
        read(frames).holds(&[("tls_sni", "after.example")]);
    }
}

/// The other SYN may be the true one: the connection that it opens is read.
#[test]
fn a_connection_after_one_that_never_ended() {
    let way = to(443);
    let hello = tls::client_hello("never-ends.example").records();
    let other = way.clone().number(3_000_000_000);
    let next = tls::client_hello("next.example").records();
    let frames = vec![
        way.syn(),
        way.data(0, &hello[..20]),
        other.syn(),
        other.data(30, &next[30..]),
        other.data(0, &next[..30]),
    ];
    read(frames).holds(&[("tls_sni", "next.example")]);
}

#[test]
fn an_alert_in_a_segment_of_its_own_before_a_hello() {
    let way = to(443);
    let hello = tls::client_hello("alert.example").records();
    let alert = [0x15, 3, 1, 0, 2, 1, 0x70];
    let frames = vec![way.data(0, &alert), way.data(alert.len(), &hello)];
    read(frames).holds(&[("tls_sni", "alert.example")]);
    let all = [&alert[..], &hello].concat();
    for cut in 1..14 {
        read(vec![way.data(0, &all[..cut]), way.data(cut, &all[cut..])])
            .holds(&[("tls_sni", "alert.example")]);
    }
}

#[test]
fn a_request_behind_blank_lines_in_short_segments() {
    let way = to(80);
    let request = [b"\r\n\r\n", &http::get("blank.example", "/")[..]].concat();
    for cut in 1..30 {
        let mut frames = vec![way.syn()];
        frames.push(way.data(0, &request[..cut]));
        frames.push(way.data(cut, &request[cut..]));
        read(frames).holds(&[("http_host", "blank.example")]);
    }
}

/// Methods are in capitals (RFC 9110 section 9.1), but some servers take others.
#[test]
fn a_request_in_lower_case() {
    let way = to(80);
    for line in [
        "get / HTTP/1.1",
        "get /a/long/path?with=more HTTP/1.1",
        "post http://x.example/a HTTP/1.0",
        "Get /index.html HTTP/1.1",
    ] {
        let request = format!("{line}\r\nHost: lower.example\r\n\r\n");
        let wanted = [
            ("http_host", "lower.example"),
            ("http_uri_host", "x.example"),
        ];
        let wanted = &wanted[..if line.contains("x.example") { 2 } else { 1 }];
        read(vec![way.data(0, request.as_bytes())]).holds(wanted);
        for cut in 1..request.len() {
            let (first, second) = request.as_bytes().split_at(cut);
            read(vec![way.syn(), way.data(0, first), way.data(cut, second)]).holds(wanted);
        }
    }
}

/// Servers look at the first byte of a record's version only (RFC 8446 section 5.1).
#[test]
fn a_hello_in_a_record_of_another_version() {
    let way = to(8_443);
    let hello = tls::client_hello("odd.example").post_quantum();
    for minor in [5, 0x80, 0xff] {
        for mut bytes in [hello.records(), hello.records_of(3), hello.records_of(500)] {
            bytes[2] = minor;
            for len in [1_400, 700, 5, 1] {
                read(way.opened(&bytes, len)).holds(&[("tls_sni", "odd.example")]);
            }
            read(vec![way.data(9_000, &bytes)]).holds(&[("tls_sni", "odd.example")]);
        }
    }
}
