//! A TCP payload that may begin with a ClientHello; also the input as a hello's body.

use bellerophon::names::Step;
use bellerophon::names::label;
use bellerophon::names::text::NameText;
use bellerophon::names::tls::{Hello, client_hello, client_stream, glance};

use super::names::check_text;

pub fn run(data: &[u8]) {
    read(data);

    // As the body of a hello, in one record and in several: they say the same.
    let Some((&piece, body)) = data.split_first() else {
        return;
    };
    let whole = stream(data, data.len());
    assert_eq!(whole, stream(data, 0), "bytes one by one");
    assert_eq!(
        whole,
        stream(data, usize::from(piece)),
        "segments of {piece} bytes"
    );

    let body = &body[..body.len().min(16_000)];
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut message = vec![1, length[1], length[2], length[3]];
    message.extend(body);
    let whole = read(&record(&message));
    // The handshake header has to stand in the first record.
    let piece = usize::from(piece).max(4);
    let pieces: Vec<u8> = message.chunks(piece).flat_map(record).collect();
    assert_eq!(whole, read(&pieces), "records of {piece} bytes");
    assert_ne!(whole.0, Hello::NotHello);
    assert_ne!(whole.0, Hello::Incomplete, "nothing is missing");
}

fn record(fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
    let mut record = vec![22, 3, 1, length[0], length[1]];
    record.extend(fragment);
    record
}

fn read(payload: &[u8]) -> (Hello, Vec<Vec<u8>>) {
    let mut names = Vec::new();
    // What an earlier hello left behind must not show.
    let mut joined = vec![b'x'; 300];
    let hello = client_hello(payload, &mut joined, &mut |name| names.push(name.to_vec()));
    assert_eq!(
        matches!(hello, Hello::Named { .. }),
        !names.is_empty(),
        "{hello:?}"
    );
    // What a glance answers for is a whole hello, with this name and no other.
    if let Some(glanced) = glance(payload, |_| false) {
        assert_eq!(glanced, hello);
        assert!(names.len() <= 1);
        if let Some(listed) = names.first().and_then(|name| label::last_two(name)) {
            let name = names.first().unwrap();
            let glanced = glance(payload, |last_two| last_two == listed);
            assert!(glanced.is_none() || name.ends_with(b"."));
        }
    }
    let mut text = NameText::default();
    for name in &names {
        assert!(!name.is_empty());
        assert!(name.len() < payload.len());
        if text.set_host(name).is_ok() && !text.is_empty() {
            check_text(text.as_bytes());
        }
    }
    (hello, names)
}

/// All steps up to the hello; each answer that more is needed is given `more` bytes more than that.
fn stream(bytes: &[u8], more: usize) -> (Option<Hello>, Vec<Vec<u8>>, usize) {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut joined = vec![b'x'; 300];
    let (mut start, mut end) = (0, 0);
    loop {
        end = end.max(start).min(bytes.len());
        let last = end == bytes.len();
        let (step, hello) = client_stream(&bytes[start..end], last, &mut joined, &mut |name| {
            names.push(name.to_vec());
        });
        match step {
            Step::Took(n) => {
                assert!(n > 0, "no progress");
                start += usize::try_from(n).unwrap();
                if hello.is_some() || start > bytes.len() {
                    return (hello, names, start);
                }
            }
            Step::Need(n) => {
                assert!(!last && n > end - start && hello.is_none() && names.is_empty());
                end = start + n + more;
            }
            Step::End => return (hello, names, start),
        }
    }
}
