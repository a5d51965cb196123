//! DNS: the input as a datagram of each protocol, on its own port and elsewhere, and as a stream.

use std::collections::HashSet;

use bellerophon::names::dns::{self, DnsNote, End, Glance, Scratch};
use bellerophon::names::label;
use bellerophon::names::{Kind, Step, llmnr, mdns};
use simple_dns::Packet;

use super::names::{check_dns, check_mdns, labels};

/// The reader remembers this many names of a message, or this many bytes of them; beyond that it
/// may push one twice.
const REMEMBERED: (usize, usize) = (32, 1_024);

const HEADER: usize = 12;

type Names = Vec<(Kind, Vec<u8>)>;

pub fn run(data: &[u8]) {
    let (end, names) = datagram(data, false, false, &mut Scratch::default());
    for (_, name) in &names {
        check_dns(name);
    }
    assert!(end.is_some() || names.is_empty());
    if let Some(End::Trailing(left)) = end {
        assert!((1..=data.len() - HEADER).contains(&left));
    }
    let different: HashSet<_> = names.iter().collect();
    let bytes: usize = different.iter().map(|(_, name)| name.len()).sum();
    let full = different.len() >= REMEMBERED.0 || bytes > REMEMBERED.1;
    assert!(full || different.len() == names.len(), "pushed twice");

    if matches!(end, Some(End::Whole | End::Trailing(_))) {
        same_questions_as_simple_dns(data, &names);
    }
    elsewhere_it_is_all_or_nothing(data, end, &names);
    other_protocols_differ_in_kind_only(data, &names);

    // What an earlier message left behind must not show.
    let mut scratch = Scratch::default();
    let cut = &data[..data.len() - data.len() / 3];
    datagram(cut, true, false, &mut scratch);
    let again = datagram(data, false, false, &mut scratch);
    assert_eq!((end, &names), (again.0, &again.1));

    framed_it_is_the_same(data, end, &names);
    a_glance_tells_no_less(data, end, &names);
    stream(data);
}

/// What a glance answers for is whole, has as many names of each kind, and none that ends as a listed name does.
fn a_glance_tells_no_less(data: &[u8], end: Option<End>, names: &Names) {
    let mut glance = Glance::default();
    let Some(glanced) = glance.datagram(data, |_| false) else {
        return;
    };
    assert_eq!(end, Some(End::Whole));
    let of = |kind| names.iter().filter(|(k, _)| *k == kind).count();
    assert_eq!(usize::from(glanced.questions), of(Kind::DnsQuery));
    assert_eq!(usize::from(glanced.records), of(Kind::DnsAnswer));
    for (_, name) in names {
        // An escape is several bytes here and one in the message.
        if !name.contains(&b'\\')
            && let Some(listed) = label::last_two(name)
        {
            assert_eq!(glance.datagram(data, |last_two| last_two == listed), None);
        }
    }
}

fn datagram(data: &[u8], cut: bool, strict: bool, scratch: &mut Scratch) -> (Option<End>, Names) {
    let mut names = Vec::new();
    let end = dns::datagram(data, cut, strict, scratch, &mut |kind, name, _| {
        names.push((kind, name.to_vec()));
    });
    (end, names)
}

fn elsewhere_it_is_all_or_nothing(data: &[u8], end: Option<End>, names: &Names) {
    match datagram(data, false, true, &mut Scratch::default()) {
        (None, found) => assert!(found.is_empty()),
        (strict, found) => {
            assert_eq!((strict, end), (Some(End::Whole), Some(End::Whole)));
            assert_eq!(&found, names);
        }
    }
}

fn other_protocols_differ_in_kind_only(data: &[u8], names: &Names) {
    let mut scratch = Scratch::default();
    let mut of_llmnr = Vec::new();
    llmnr::datagram(data, false, &mut scratch, &mut |kind, name, _| {
        assert!(matches!(kind, Kind::LlmnrQuery | Kind::LlmnrAnswer));
        of_llmnr.push(name.to_vec());
    });
    let texts: Vec<&Vec<u8>> = names.iter().map(|(_, name)| name).collect();
    assert_eq!(of_llmnr.iter().collect::<Vec<_>>(), texts);
    // Its classes have a bit less, so it may take what DNS does not.
    mdns::datagram(data, false, &mut scratch, &mut |kind, name, _| {
        assert!(matches!(kind, Kind::MdnsQuery | Kind::MdnsAnswer));
        check_mdns(name);
    });
}

/// A whole message behind its length gives what it gives in a datagram.
fn framed_it_is_the_same(data: &[u8], end: Option<End>, names: &Names) {
    let Ok(length) = u16::try_from(data.len()) else {
        return;
    };
    let framed = [&length.to_be_bytes(), data].concat();
    if end.is_some() {
        let (step, of_stream, found) = ask(&framed, false, false);
        assert_eq!(step, Step::Took(framed.len() as u64));
        assert_eq!((of_stream, &found), (end, names));
    }
    if datagram(data, false, true, &mut Scratch::default())
        .0
        .is_some()
    {
        assert_eq!(ask(&framed, false, true).2, *names);
    }
}

/// All of the input as one direction of a connection: answers hold to what a [`Step`] promises.
fn stream(data: &[u8]) {
    for strict in [false, true] {
        let mut rest = data;
        loop {
            let (step, end, names) = ask(rest, false, strict);
            assert!(end.is_some() || names.is_empty());
            match step {
                Step::Took(n) => {
                    let n = usize::try_from(n).unwrap();
                    assert!(n >= HEADER && n <= rest.len() && end.is_some());
                    rest = &rest[n..];
                }
                Step::Need(n) => {
                    assert!(n > rest.len() && names.is_empty() && end.is_none());
                    let (step, _, names) = ask(rest, true, strict);
                    assert_eq!(step, Step::End);
                    assert!(!strict || names.is_empty());
                    break;
                }
                Step::End => break,
            }
        }
    }
}

fn ask(data: &[u8], last: bool, strict: bool) -> (Step, Option<End>, Names) {
    let mut names = Vec::new();
    let mut scratch = Scratch::default();
    let mut visit = |kind: Kind, name: &[u8], _: DnsNote| {
        check_dns(name);
        names.push((kind, name.to_vec()));
    };
    let (step, end) = dns::tcp_message(data, last, strict, &mut scratch, &mut visit);
    (step, end, names)
}

/// Where an independent reader accepts the message, it gives the same question names.
fn same_questions_as_simple_dns(data: &[u8], names: &[(Kind, Vec<u8>)]) {
    // Its records are left out: it follows pointers there that nobody asked for, for ever.
    let mut questions = data.to_vec();
    questions[6..HEADER].fill(0);
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
