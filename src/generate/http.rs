//! Requests and the heads of responses of HTTP/1.1 (RFC 9112).

use super::rng::Rng;

const PATHS: [&str; 6] = [
    "/",
    "/index.html",
    "/assets/app.3f9c1.js",
    "/api/v2/feed?limit=20",
    "/img/cover-2.jpg",
    "/generate_204",
];

const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "okhttp/4.12.0",
];

/// A request for something on `host`.
pub(super) fn request(out: &mut Vec<u8>, host: &[u8], rng: &mut Rng) {
    out.clear();
    out.extend(b"GET ");
    out.extend(rng.pick(&PATHS).as_bytes());
    out.extend(b" HTTP/1.1\r\nHost: ");
    out.extend(host);
    out.extend(b"\r\nUser-Agent: ");
    out.extend(rng.pick(&AGENTS).as_bytes());
    out.extend(
        b"\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
    );
}

/// The head of a response whose body of random bytes never ends in this capture.
pub(super) fn response(out: &mut Vec<u8>) {
    out.clear();
    out.extend(
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/octet-stream\r\n\
          Content-Length: 1073741824\r\nCache-Control: max-age=600\r\n\r\n",
    );
}

/// The beginning of a request that comes to no end and names no host, whatever follows.
pub(super) fn endless(out: &mut Vec<u8>, rng: &mut Rng) {
    out.clear();
    out.extend(*rng.pick::<&[u8]>(&[&b"GET /"[..], b"POST /", b"HEAD /", b"OPTIONS /"]));
    out.extend(b"a HTTP/1.1\r\n");
    for number in 0..rng.below(24) + 4 {
        out.extend(b"X-");
        out.push(b'A' + (number % 26) as u8);
        out.extend(b"-Host: ");
        for byte in rng.word().to_le_bytes() {
            out.push(b'a' + (byte & 15));
        }
        out.extend(b"\r\n");
    }
}
