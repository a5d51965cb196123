//! A message cut anywhere, in any order, with repeats and overlaps, always holds the same names.

use proptest::prelude::*;
use testkit::tls::Version;
use testkit::{dns, http, socks, starttls, tls, tls_server, x509};

use crate::harness::{Name, Way, read, sorted, to};

/// What is cut: its direction, the frames before it, its bytes and its names.
#[derive(Clone)]
struct Subject {
    way: Way,
    before: Vec<Vec<u8>>,
    bytes: Vec<u8>,
    names: Vec<Name>,
}

fn client(port: u16, bytes: Vec<u8>, names: &[(&str, &str)]) -> Subject {
    let way = to(port);
    let before = vec![way.syn()];
    Subject {
        way,
        before,
        bytes,
        names: sorted(names),
    }
}

fn server(port: u16, bytes: Vec<u8>, names: &[(&str, &str)]) -> Subject {
    let client = to(port);
    let way = client.back(0xffff_fc00);
    let before = vec![client.syn(), way.syn_ack()];
    Subject {
        way,
        before,
        bytes,
        names: sorted(names),
    }
}

fn hello() -> Subject {
    let hello = tls::client_hello("cut.example.org").post_quantum();
    client(443, hello.records(), &[("tls_sni", "cut.example.org")])
}

fn hello_in_records() -> Subject {
    let hello = tls::client_hello("cut.example.org").post_quantum();
    client(
        30_495,
        hello.records_of(90),
        &[("tls_sni", "cut.example.org")],
    )
}

/// A hello behind what other protocols begin with.
fn behind(port: u16, before: Vec<u8>, names: &[(&str, &str)]) -> Subject {
    let hello = tls::client_hello("cut.example.org").post_quantum();
    let mut all = vec![("tls_sni", "cut.example.org")];
    all.extend(names);
    client(port, [before, hello.records()].concat(), &all)
}

/// All that may stand before a hello and name nothing, on a port of DNS.
fn behind_on_a_port_of_dns() -> Vec<Subject> {
    let mut all: Vec<Subject> = starttls::clients()
        .into_iter()
        .enumerate()
        .map(|(n, (_, before))| behind([53, 5_355][n % 2], before, &[]))
        .collect();
    all.extend(proxies([53, 5_355, 53]));
    let query = dns::query(7, "cut.example.net", dns::A).over_tcp();
    let (_, proxy1) = starttls::clients().remove(9);
    let (_, proxy2) = starttls::clients().pop().unwrap();
    for header in [proxy1, proxy2] {
        let bytes = [header, query.clone(), query.clone()].concat();
        let name = ("dns_query", "cut.example.net");
        all.push(client(53, bytes, &[name, name]));
    }
    all
}

fn proxies([v5_port, v4a_port, connect_port]: [u16; 3]) -> Vec<Subject> {
    let socks_host = [("socks_host", "target.example")];
    let connect = [
        ("http_connect", "target.example"),
        ("http_host", "target.example"),
    ];
    let v5 = [socks::greeting(&[0]), socks::v5("target.example", 443)].concat();
    vec![
        behind(v5_port, v5, &socks_host),
        behind(
            v4a_port,
            socks::v4a("target.example", 443, "user"),
            &socks_host,
        ),
        behind(connect_port, http::connect("target.example:443"), &connect),
    ]
}

fn requests() -> Subject {
    let stream = [
        http::get("one.example", "/"),
        http::post("two.example", "/", &[b'x'; 700]),
        http::get("three.example", "/"),
    ]
    .concat();
    let names = [
        ("http_host", "one.example"),
        ("http_host", "two.example"),
        ("http_host", "three.example"),
    ];
    client(8_080, stream, &names)
}

fn dns_over_tcp(port: u16) -> Subject {
    let message = |n: u16| {
        let owner = format!("zone-{n}.example");
        dns::response(n, owner.as_str(), dns::A)
            .cname(owner.as_str(), "target.example.net")
            .ns("example", "ns.example.org")
            .over_tcp()
    };
    let stream: Vec<u8> = (1..5).flat_map(message).collect();
    let owners: Vec<String> = (1..5).map(|n| format!("zone-{n}.example")).collect();
    let mut names = Vec::new();
    for owner in &owners {
        names.extend([
            ("dns_query", owner.as_str()),
            ("dns_answer", owner.as_str()),
            ("dns_answer", "target.example.net"),
            ("dns_answer", "example"),
            ("dns_answer", "ns.example.org"),
        ]);
    }
    server(port, stream, &names)
}

fn flight() -> Subject {
    let chain = [
        x509::certificate("leaf.example")
            .san("san.example")
            .key(1_500)
            .der(),
        x509::certificate("issuer.example").der(),
    ];
    let names = [
        ("x509_cn", "leaf.example"),
        ("x509_san", "san.example"),
        ("x509_cn", "issuer.example"),
    ];
    let flight = tls_server::flight(Version::Tls12, &chain);
    server(443, flight.records(), &names)
}

/// How to send it: where to cut, in what order, which pieces come again, how far they reach back.
#[derive(Clone, Debug)]
struct Cuts {
    at: Vec<prop::sample::Index>,
    order: Vec<u32>,
    again: Vec<prop::sample::Index>,
    overlap: Vec<(u16, u16)>,
}

fn cuts() -> impl Strategy<Value = Cuts> {
    (
        prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        prop::collection::vec(any::<u32>(), 40),
        prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        prop::collection::vec((0..200u16, 0..200u16), 40),
    )
        .prop_map(|(at, order, again, overlap)| Cuts {
            at,
            order,
            again,
            overlap,
        })
}

impl Subject {
    fn pieces(&self, cuts: &Cuts) -> Vec<(usize, usize)> {
        let len = self.bytes.len();
        let mut at: Vec<usize> = cuts.at.iter().map(|index| index.index(len)).collect();
        at.extend([0, len]);
        at.sort_unstable();
        at.dedup();
        at.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    fn frames(&self, pieces: &[(usize, usize)]) -> Vec<Vec<u8>> {
        let mut frames = self.before.clone();
        for &(from, to) in pieces {
            frames.push(self.way.data(from, &self.bytes[from..to]));
        }
        frames
    }

    /// In order, as often as sent.
    fn in_order(&self, cuts: &Cuts) -> Result<(), TestCaseError> {
        let pieces = self.pieces(cuts);
        let read = read(self.frames(&pieces));
        prop_assert_eq!(read.names(), self.names.clone(), "{:?}", pieces);
        Ok(())
    }

    /// In any order.
    fn shuffled(&self, cuts: &Cuts) -> Result<(), TestCaseError> {
        let mut pieces: Vec<_> = self.pieces(cuts).into_iter().zip(&cuts.order).collect();
        pieces.sort_by_key(|(_, order)| **order);
        let pieces: Vec<_> = pieces.into_iter().map(|(piece, _)| piece).collect();
        let read = read(self.frames(&pieces));
        prop_assert_eq!(read.names(), self.names.clone(), "{:?}", pieces);
        Ok(())
    }

    /// In any order, pieces reach into their neighbours, and some come twice. What comes again after
    /// its message was read may be told again, but nothing else is.
    fn repeated(&self, cuts: &Cuts) -> Result<(), TestCaseError> {
        let len = self.bytes.len();
        let mut pieces = self.pieces(cuts);
        for ((from, to), (before, behind)) in pieces.iter_mut().zip(&cuts.overlap) {
            *from = from.saturating_sub(usize::from(*before));
            *to = (*to + usize::from(*behind)).min(len);
        }
        for index in &cuts.again {
            pieces.push(*index.get(&pieces));
        }
        let mut pieces: Vec<_> = pieces.into_iter().zip(&cuts.order).collect();
        pieces.sort_by_key(|(_, order)| **order);
        let pieces: Vec<_> = pieces.into_iter().map(|(piece, _)| piece).collect();
        let read = read(self.frames(&pieces));
        let mut wanted = self.names.clone();
        wanted.dedup();
        prop_assert_eq!(read.distinct(), wanted, "{:?}", pieces);
        prop_assert_eq!(read.conflicts(), 0);
        Ok(())
    }

    fn always(&self, cuts: &Cuts) -> Result<(), TestCaseError> {
        self.in_order(cuts)?;
        self.shuffled(cuts)?;
        self.repeated(cuts)
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_client_hello(cuts in cuts()) {
        hello().always(&cuts)?;
    }

    #[test]
    fn a_client_hello_in_small_records(cuts in cuts()) {
        hello_in_records().always(&cuts)?;
    }

    #[test]
    fn a_client_hello_behind_starttls(cuts in cuts(), which in any::<prop::sample::Index>()) {
        let (_, before) = which.get(&starttls::clients()).clone();
        behind(2_525, before, &[]).always(&cuts)?;
    }

    #[test]
    fn a_client_hello_through_a_proxy(cuts in cuts(), which in any::<prop::sample::Index>()) {
        which.get(&proxies([1_080, 1_080, 3_128])).always(&cuts)?;
    }

    #[test]
    fn anything_on_a_port_of_dns(cuts in cuts(), which in any::<prop::sample::Index>()) {
        which.get(&behind_on_a_port_of_dns()).always(&cuts)?;
    }

    #[test]
    fn http_requests(cuts in cuts()) {
        requests().always(&cuts)?;
    }

    #[test]
    fn dns_messages(cuts in cuts()) {
        dns_over_tcp(53).always(&cuts)?;
    }

    #[test]
    fn dns_messages_on_another_port(cuts in cuts()) {
        dns_over_tcp(5_300).always(&cuts)?;
    }

    #[test]
    fn a_servers_flight(cuts in cuts()) {
        flight().always(&cuts)?;
    }
}
