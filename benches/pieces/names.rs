//! From a message to its names, and from a name to a hit: `names` and `rules`.

use std::hint::black_box;

use bellerophon::names::text::NameText;
use bellerophon::names::{Kind, dns, tls};
use bellerophon::rules::{self, LoadOptions, RuleSet};

use super::{Failure, Piece, check, inputs, repeat};

pub(crate) fn pieces() -> Result<Vec<Piece>, Failure> {
    Ok(vec![
        dns("DNS query", inputs::dns_query(), 1)?,
        dns(
            "DNS response, 2 aliases and 4 addresses",
            inputs::dns_response(),
            4,
        )?,
        hello("ClientHello", inputs::client_hello())?,
        hello(
            "ClientHello, post-quantum",
            inputs::client_hello_post_quantum(),
        )?,
    ])
}

fn read_dns(message: &[u8], scratch: &mut dns::Scratch, visit: &mut impl FnMut(Kind, &[u8])) {
    let end = dns::datagram(message, false, false, scratch, &mut |kind, name, _| {
        visit(kind, name);
    });
    black_box(end);
}

fn dns(name: &'static str, message: &'static [u8], wanted: usize) -> Result<Piece, Failure> {
    let mut scratch = dns::Scratch::default();
    let mut found = 0;
    read_dns(message, &mut scratch, &mut |_, _| found += 1);
    check(found == wanted, &format!("{name}: {found} names are read"))?;
    let run = repeat(move || {
        read_dns(black_box(message), &mut scratch, &mut |kind, name| {
            black_box((kind, name));
        });
    });
    Ok(Piece::new(("names", name), "message", message.len(), run))
}

fn hello(name: &'static str, payload: &'static [u8]) -> Result<Piece, Failure> {
    let (mut joined, mut host) = (Vec::new(), NameText::default());
    let mut read = move |payload: &[u8]| {
        tls::client_hello(payload, &mut joined, &mut |name| {
            // As a worker does: the host in presentation form, lower case.
            let _ = black_box(host.set_host(name));
            black_box(host.as_bytes());
        })
    };
    check(matches!(read(payload), tls::Hello::Named { .. }), name)?;
    let run = repeat(move || read(black_box(payload)));
    Ok(Piece::new(("names", name), "hello", payload.len(), run))
}

/// What a phone looks up all day, with two that only look like an indicator.
const INNOCENT: [&str; 16] = [
    "www.example.com",
    "graph.facebook.com",
    "a1931.dscgi3.akamai.net",
    "e673.dsce9.akamaiedge.net",
    "mobile.events.data.microsoft.com",
    "firebaselogging-pa.googleapis.com",
    "gateway.fe2.apple-dns.net",
    "mask.icloud.com",
    "34-courier.push.apple.com",
    "d2vywhkz6wvcdq.cloudfront.net",
    "media.fams1-2.fna.whatsapp.net",
    "api.weatherapi.com",
    "www.tribunnews.com",
    "time.android.com",
    "7.113.0.203.in-addr.arpa",
    "ocsp.digicert.com",
];

/// Matching with the built-in Pegasus pack.
pub(crate) fn matching() -> Result<Vec<Piece>, Failure> {
    let rules = rules::load(&LoadOptions::default())?.rules;
    let rules: &'static RuleSet = Box::leak(Box::new(rules));
    // Sixteen from all over the list, so that no branch is always right.
    let step = rules.len() / 16;
    let listed = || rules.indicators().step_by(step.max(1)).take(16);
    let exact: Vec<String> = listed()
        .map(|(_, indicator)| indicator.name.clone())
        .collect();
    let below = exact
        .iter()
        .map(|name| format!("bun54l2b67.get1tn0w.{name}"))
        .collect();
    let innocent = INNOCENT.map(str::to_owned).to_vec();
    Ok(vec![
        matching_all("hit, a listed name", rules, exact, true)?,
        matching_all("hit, two labels below a listed name", rules, below, true)?,
        matching_all("miss", rules, innocent, false)?,
    ])
}

/// One name a round, taking turns.
fn matching_all(
    name: &'static str,
    rules: &'static RuleSet,
    names: Vec<String>,
    wanted: bool,
) -> Result<Piece, Failure> {
    check(names.len() == 16, name)?;
    for tried in &names {
        check(
            rules.match_name(tried.as_bytes()).is_some() == wanted,
            tried,
        )?;
    }
    let mean_bytes = names.iter().map(String::len).sum::<usize>() / names.len();
    let names: &'static [String] = names.leak();
    let mut turns = names.iter().cycle();
    let run = repeat(move || {
        turns
            .next()
            .map(|name| rules.match_name(black_box(name).as_bytes()))
    });
    // Every name as often as every other.
    let count_rounds = Some(100 * names.len() as u64);
    Ok(Piece {
        count_rounds,
        ..Piece::new(("match", name), "name", mean_bytes, run)
    })
}
