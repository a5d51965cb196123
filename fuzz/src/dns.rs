//! A DNS message.

use std::collections::HashSet;

use bellerophon::names::Kind;
use bellerophon::names::dns::{End, Header, Scratch, read_names};
use simple_dns::Packet;

use super::names::{check_dns, labels};

/// The reader remembers this many names of a message, or this many bytes of them; beyond that it
/// may push one twice.
const REMEMBERED: (usize, usize) = (32, 1_024);

pub fn run(data: &[u8]) {
    let Some(header) = Header::read(data) else {
        assert!(data.len() < 12);
        return;
    };
    let (end, names) = read(&header, data, &mut Scratch::default());
    for (_, name) in &names {
        check_dns(name);
    }
    if let End::Trailing(left) = end {
        assert!((1..=data.len() - 12).contains(&left));
    }
    let different: HashSet<_> = names.iter().collect();
    let bytes: usize = different.iter().map(|(_, name)| name.len()).sum();
    let full = different.len() >= REMEMBERED.0 || bytes > REMEMBERED.1;
    assert!(full || different.len() == names.len(), "pushed twice");

    if matches!(end, End::Whole | End::Trailing(_)) {
        assert!(
            header.has_room(data, false),
            "a message that was read to its end was refused before"
        );
        same_questions_as_simple_dns(data, &names);
    }

    // What an earlier message left behind must not show.
    let mut scratch = Scratch::default();
    let cut = &data[..data.len() - data.len() / 3];
    if let Some(other) = Header::read(cut) {
        read(&other, cut, &mut scratch);
    }
    assert_eq!((end, names), read(&header, data, &mut scratch));
}

fn read(header: &Header, data: &[u8], scratch: &mut Scratch) -> (End, Vec<(Kind, Vec<u8>)>) {
    let mut names = Vec::new();
    let end = read_names(header, data, scratch, &mut |kind, name| {
        names.push((kind, name.to_vec()));
    });
    (end, names)
}

/// Where an independent reader accepts the message, it gives the same question names.
fn same_questions_as_simple_dns(data: &[u8], names: &[(Kind, Vec<u8>)]) {
    // Its records are left out: it follows pointers there that nobody asked for, for ever.
    let mut questions = data.to_vec();
    questions[6..12].fill(0);
    let Ok(packet) = Packet::parse(&questions) else {
        return;
    };
    for question in &packet.questions {
        let theirs: Vec<Vec<u8>> = question
            .qname
            .as_bytes()
            .map(<[u8]>::to_ascii_lowercase)
            .collect();
        let found = names
            .iter()
            .any(|(kind, name)| *kind == Kind::DnsQuery && labels(name).unwrap() == theirs);
        assert!(found || theirs.is_empty(), "not found: {}", question.qname);
    }
}
