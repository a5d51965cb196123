//! The head of an HTTP/1 message, whole and in pieces.

use bellerophon::names::Kind;
use bellerophon::names::http::{
    Chunk, FirstLine, Head, MAX_HEAD, Scan, chunk, first_line, host_of, may_begin, read_head,
    trailer,
};
use bellerophon::names::text::NameText;

use super::names::check_text;

type Names = Vec<(Kind, Vec<u8>)>;

pub fn run(data: &[u8]) {
    let mut scan = Scan::default();
    let (head, names) = read(data, true, &mut scan);
    for (kind, name) in &names {
        assert!(matches!(
            kind,
            Kind::HttpHost | Kind::HttpUriHost | Kind::HttpConnect
        ));
        check_host(name);
    }
    match head {
        Head::Whole(length, _) => assert!(length <= data.len().min(MAX_HEAD)),
        Head::Cut => assert!(data.len() < MAX_HEAD),
        Head::TooLong => assert!(data.len() >= MAX_HEAD),
        Head::Need(_) => panic!("nothing more will come"),
    }

    // The search that goes on where it stopped finds the same end.
    let mut scan = Scan::default();
    let mut pieces = None;
    for end in (0..data.len()).step_by(data.len() / 50 + 1) {
        match read(&data[..end], false, &mut scan) {
            (Head::Need(n), names) => assert!(n > end && names.is_empty()),
            found => {
                pieces = Some(found);
                break;
            }
        }
    }
    let pieces = pieces.unwrap_or_else(|| read(data, true, &mut scan));
    assert_eq!((head, names), pieces);

    let line = data.split(|b| *b == b'\n').next().unwrap();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if first_line(line) != FirstLine::Other && !line.starts_with(b" ") && !line.starts_with(b"\t") {
        for end in 0..line.len() {
            assert!(may_begin(&line[..end]) || line.to_ascii_uppercase().starts_with(b"HTTP/"));
        }
    }
    if let Some(host) = host_of(data) {
        check_host(host);
    }
    if let Chunk::Need(n) = chunk(data) {
        assert!(n > data.len());
    }
    if let Err(Some(n)) = trailer(data) {
        assert!(n > data.len());
    }
}

fn read(data: &[u8], last: bool, scan: &mut Scan) -> (Head, Names) {
    let mut names = Vec::new();
    let head = read_head(data, last, scan, &mut |kind, name| {
        names.push((kind, name.to_vec()))
    });
    (head, names)
}

/// A host is not empty and has no blanks, and its text holds to what all texts do.
pub fn check_host(host: &[u8]) {
    assert!(!host.is_empty());
    assert!(
        host.iter().all(|b| *b > b' ' && *b != 0x7f),
        "{}",
        host.escape_ascii()
    );
    let mut text = NameText::default();
    if text.set_host(host).is_ok() && !text.is_empty() {
        check_text(text.as_bytes());
    }
}
