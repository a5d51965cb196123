//! Datagrams of DTLS; also the input as a message that is whole or in fragments.

use bellerophon::flow::{Flow, Protocol};
use bellerophon::names::Kind;
use bellerophon::names::dtls::{Bounds, Dtls, Stats, looks_like};
use bellerophon::time::Timestamp;

type Found = (Vec<(Kind, Vec<u8>, bool)>, Stats);

pub fn run(data: &[u8]) {
    let Some((&piece, data)) = data.split_first() else {
        return;
    };
    // Datagrams, each behind its length.
    let mut datagrams = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        datagrams.push(after[..length].to_vec());
        rest = &after[length..];
    }
    for datagram in &datagrams {
        if looks_like(datagram) {
            assert_eq!(datagram[0], 22);
        }
    }
    let bounds = Bounds {
        messages: 3,
        bytes: 10_000,
    };
    let found = read(&datagrams, Dtls::new(bounds));
    assert_eq!(found, read(&datagrams, Dtls::new(bounds)));
    // Without room for anything it still reads what is whole.
    let none = Bounds {
        messages: 0,
        bytes: 0,
    };
    read(&datagrams, Dtls::new(none));

    let body = &data[..data.len().min(4_000)];
    if body.is_empty() {
        return;
    }
    // A message may be in 64 pieces.
    let size = usize::from(piece).max(body.len().div_ceil(60));
    for kind in [1, 11] {
        let whole = read(&[fragment(kind, body, 0, body.len())], Dtls::default());
        let mut pieces: Vec<Vec<u8>> = (0..body.len())
            .step_by(size)
            .map(|at| fragment(kind, body, at, size.min(body.len() - at)))
            .collect();
        if kind == 11 {
            same(&whole, &read(&pieces, Dtls::default()));
        }
        // A hello is read as soon as its beginning is there; backwards that is when it is whole.
        pieces.reverse();
        same(&whole, &read(&pieces, Dtls::default()));
        same(&whole, &read(&[pieces.concat()], Dtls::default()));
    }
}

fn same(whole: &Found, pieces: &Found) {
    assert_eq!(whole.0, pieces.0);
    assert_eq!(whole.1.hellos, pieces.1.hellos);
    assert_eq!(whole.1.certificates, pieces.1.certificates);
    assert_eq!(pieces.1.unfinished, 0);
}

fn fragment(kind: u8, body: &[u8], at: usize, length: usize) -> Vec<u8> {
    let three = |n: usize| u32::try_from(n).unwrap().to_be_bytes()[1..].to_vec();
    let content = [
        vec![kind],
        three(body.len()),
        vec![0, 0],
        three(at),
        three(length),
        body[at..at + length].to_vec(),
    ]
    .concat();
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
    record.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    record.extend(content);
    record
}

fn read(datagrams: &[Vec<u8>], mut dtls: Dtls) -> Found {
    let mut names = Vec::new();
    for (second, datagram) in (0i64..).zip(datagrams) {
        let flow = Flow {
            src: "192.0.2.1".parse().unwrap(),
            dst: "198.51.100.2".parse().unwrap(),
            sport: 5_000,
            dport: 4_433,
            protocol: Protocol::Udp,
        };
        let now = Timestamp::from_parts(second, 0);
        dtls.datagram(&flow, now, datagram, &mut |kind, name, ech| {
            assert!(!name.is_empty());
            names.push((kind, name.to_vec(), ech));
        });
    }
    dtls.finish();
    (names, dtls.stats())
}
