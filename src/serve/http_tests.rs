use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::super::stats::Counts;
use super::*;

#[derive(Default)]
struct Fixed {
    ill: AtomicBool,
    panics: AtomicBool,
    big: AtomicBool,
}

impl Pages for Fixed {
    fn metrics(&self) -> String {
        assert!(!self.panics.load(Ordering::Relaxed), "meant to be");
        if self.big.load(Ordering::Relaxed) {
            return "#\n".repeat(8 * 1024 * 1024);
        }
        "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n".into()
    }

    fn health(&self) -> Health {
        Health {
            ok: true,
            text: "well".into(),
        }
    }

    fn ready(&self) -> Health {
        let ill = self.ill.load(Ordering::Relaxed);
        Health {
            ok: !ill,
            text: if ill { "eth0 is down" } else { "reading eth0" }.into(),
        }
    }
}

fn server() -> Server {
    Server::bind("127.0.0.1:0").unwrap()
}

fn start() -> (Handle, Arc<Fixed>) {
    let pages = Arc::new(Fixed::default());
    (server().start(Arc::clone(&pages) as _).unwrap(), pages)
}

fn connect(handle: &Handle) -> TcpStream {
    TcpStream::connect(handle.local_addr()).unwrap()
}

/// What comes until the server closes.
fn rest(mut stream: &TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Sends, and reads until the server closes.
fn send(handle: &Handle, request: &str) -> String {
    let mut stream = connect(handle);
    stream.write_all(request.as_bytes()).unwrap();
    rest(&stream)
}

fn get(handle: &Handle, path: &str) -> String {
    send(
        handle,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
}

#[track_caller]
fn is(answer: &str, status: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
        "{answer}"
    );
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())),
        "{answer}"
    );
}

/// Waits until the counters are as `what` says.
fn wait_for(stats: &Stats, what: impl Fn(Counts) -> bool) {
    while !what(stats.counts()) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_pages_are_served() {
    let (handle, pages) = start();
    let answer = get(&handle, "/metrics?x");
    is(&answer, "200 OK");
    assert!(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert!(answer.ends_with("\r\n\r\n# HELP a_total A.\n# TYPE a_total counter\na_total 1\n"));
    let answer = get(&handle, "/healthz");
    is(&answer, "200 OK");
    assert!(answer.ends_with("\r\n\r\nwell\n"), "{answer}");
    is(&get(&handle, "/readyz"), "200 OK");
    pages.ill.store(true, Ordering::Relaxed);
    let answer = get(&handle, "/readyz");
    is(&answer, "503 Service Unavailable");
    assert!(answer.ends_with("\r\n\r\neth0 is down\n"), "{answer}");
    assert!(get(&handle, "/").contains("href=\"/metrics\""));
    is(&send(&handle, "GET / HTTP/1.0\r\n\r\n"), "200 OK");
    let stats = handle.stats();
    handle.stop();
    let counts = stats.counts();
    assert_eq!(
        (counts.accepted, counts.answered, counts.rejected),
        (6, 6, 0)
    );
}

#[test]
fn head_has_no_body() {
    let (handle, _) = start();
    let answer = send(&handle, "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn what_is_wrong_is_said_and_counted() {
    let (handle, pages) = start();
    is(&get(&handle, "/secret"), "404 Not Found");
    is(&get(&handle, "/metrics/"), "404 Not Found");
    let answer = send(
        &handle,
        "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    );
    is(&answer, "405 Method Not Allowed");
    assert!(answer.contains("\r\nAllow: GET, HEAD\r\n"), "{answer}");
    is(&send(&handle, "GET /\r\n\r\n"), "400 Bad Request");
    is(&send(&handle, "\u{16}\u{3}\u{1}"), "400 Bad Request");
    let long = "x".repeat(9000);
    let answer = send(
        &handle,
        &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),
    );
    is(&answer, "431 Request Header Fields Too Large");
    is(&send(&handle, &format!("GET /{long}")), "414 URI Too Long");
    // A client that closes its side in the middle.
    let mut stream = connect(&handle);
    stream.write_all(b"GET / HT").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    is(&rest(&stream), "400 Bad Request");
    pages.panics.store(true, Ordering::Relaxed);
    is(&get(&handle, "/metrics"), "500 Internal Server Error");
    is(&get(&handle, "/healthz"), "200 OK");
    let counts = handle.stats().counts();
    assert_eq!(
        (counts.accepted, counts.answered, counts.rejected),
        (10, 1, 9)
    );
}

#[test]
fn a_body_far_longer_than_the_socket_holds_does_not_destroy_the_answer() {
    let (handle, _) = start();
    let body = "x".repeat(60_000);
    let answer = send(
        &handle,
        &format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{body}"),
    );
    is(&answer, "405 Method Not Allowed");
}

#[test]
fn on_loopback_names_of_strangers_are_refused() {
    let (handle, _) = start();
    let ask = |host: &str| {
        send(
            &handle,
            &format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        )
    };
    let port = handle.local_addr().port();
    for host in ["", "sensor", &format!("127.0.0.1:{port}"), "[::1]:80"] {
        is(&ask(host), "200 OK");
    }
    is(&ask("evil.example"), "421 Misdirected Request");
    is(
        &ask(&format!("evil.example:{port}")),
        "421 Misdirected Request",
    );
    let absolute = "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    is(&send(&handle, absolute), "421 Misdirected Request");
    assert_eq!(handle.stats().counts().rejected, 3);
}

#[test]
fn silent_clients_do_not_block_a_scrape_and_are_told() {
    let server = server().with_limits(|l| l.read = Duration::from_secs(3600));
    let handle = server.start(Arc::new(Fixed::default())).unwrap();
    let silent: Vec<TcpStream> = (0..MAX_CONNECTIONS - 1).map(|_| connect(&handle)).collect();
    for mut stream in &silent {
        stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    }
    let stats = handle.stats();
    wait_for(&stats, |c| c.accepted == 7);
    is(&get(&handle, "/metrics"), "200 OK");
    // One that was slow is served in the end.
    (&silent[0]).write_all(b"st: a\r\n\r\n").unwrap();
    is(&rest(&silent[0]), "200 OK");
    handle.stop();
    assert_eq!(stats.counts().broken, 6);
}

#[test]
fn a_request_has_its_time() {
    let server = server().with_limits(|l| l.read = Duration::from_millis(20));
    let handle = server.start(Arc::new(Fixed::default())).unwrap();
    let silent = connect(&handle);
    is(&rest(&silent), "408 Request Timeout");
    assert_eq!(handle.stats().counts().timed_out, 1);
}

#[test]
fn too_many_connections_are_refused_and_counted() {
    let server = server().with_limits(|l| l.read = Duration::from_secs(3600));
    let handle = server.start(Arc::new(Fixed::default())).unwrap();
    let stats = handle.stats();
    let silent: Vec<TcpStream> = (0..MAX_CONNECTIONS).map(|_| connect(&handle)).collect();
    wait_for(&stats, |c| c.accepted == 8);
    let answer = get(&handle, "/metrics");
    is(&answer, "503 Service Unavailable");
    assert!(answer.contains("\r\nRetry-After: 1\r\n"), "{answer}");
    assert_eq!(stats.counts().busy, 1);
    // When they go, others are served.
    drop(silent);
    wait_for(&stats, |c| c.broken == 8);
    is(&get(&handle, "/metrics"), "200 OK");
}

#[test]
fn what_is_beyond_all_places_is_closed_without_a_word() {
    let server = server().with_limits(|l| {
        l.read = Duration::from_secs(3600);
        l.linger = Duration::from_secs(3600);
    });
    let handle = server.start(Arc::new(Fixed::default())).unwrap();
    let stats = handle.stats();
    let all: Vec<TcpStream> = (0..40).map(|_| connect(&handle)).collect();
    wait_for(&stats, |c| c.busy == 32);
    assert_eq!(stats.counts().accepted, 40);
    let told = all
        .iter()
        .skip(MAX_CONNECTIONS)
        .map(rest)
        .filter(|answer| answer.starts_with("HTTP/1.1 503 "))
        .count();
    assert_eq!(told, 16);
}

#[test]
fn a_client_that_wants_to_keep_the_connection_is_closed() {
    let server = server().with_limits(|l| l.linger = Duration::from_millis(20));
    let handle = server.start(Arc::new(Fixed::default())).unwrap();
    let mut stream = connect(&handle);
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    stream.write_all(request).unwrap();
    // `read_to_string` ends, so the server has closed.
    is(&rest(&stream), "200 OK");
    // The second one is not answered.
    let _ = stream.write_all(request);
    match stream.read(&mut [0; 16]) {
        Ok(n) => assert_eq!(n, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(handle.stats().counts().answered, 1);
}

#[test]
fn scrapes_side_by_side_are_all_served() {
    let (handle, _) = start();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    is(&get(&handle, "/metrics"), "200 OK");
                }
            });
        }
    });
    let counts = handle.stats().counts();
    assert_eq!((counts.answered, counts.busy, counts.broken), (100, 0, 0));
}

#[test]
fn a_long_page_is_sent_piece_by_piece() {
    let (handle, pages) = start();
    pages.big.store(true, Ordering::Relaxed);
    let mut slow = connect(&handle);
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    wait_for(&handle.stats(), |c| c.answered == 1);
    // It is not taken yet, and others are served meanwhile.
    is(&get(&handle, "/healthz"), "200 OK");
    is(&rest(&slow), "200 OK");
}

#[test]
fn a_client_that_takes_no_answer_is_given_up() {
    let server = server().with_limits(|l| l.write = Duration::from_millis(20));
    let pages = Arc::new(Fixed::default());
    pages.big.store(true, Ordering::Relaxed);
    let handle = server.start(pages).unwrap();
    let mut slow = connect(&handle);
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    wait_for(&handle.stats(), |c| c.broken == 1);
}

#[test]
fn it_stops_when_it_is_told_or_dropped() {
    let (handle, _) = start();
    let address = handle.local_addr();
    let silent = connect(&handle);
    assert!(handle.is_alive());
    handle.stop();
    assert_eq!(
        TcpStream::connect(address).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    drop(silent);
    let (handle, _) = start();
    let address = handle.local_addr();
    drop(handle);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn addresses_that_do_not_work_name_the_flag() {
    let error = |given: &str| Server::bind(given).unwrap_err().to_string();
    for given in [
        "",
        "9469",
        ":9469",
        "127.0.0.1",
        "127.0.0.1:http",
        "127.0.0.1:70000",
    ] {
        assert!(
            error(given).starts_with(&format!("--metrics {given}: give HOST:PORT")),
            "{given}"
        );
    }
    let server = server();
    let text = error(&server.local_addr().to_string());
    assert!(
        text.starts_with("--metrics 127.0.0.1:") && text.contains("give another port"),
        "{text}"
    );
    // TEST-NET-1 is nobody's address.
    let text = error("192.0.2.1:0");
    assert!(text.contains("`ip address`"), "{text}");
}
