//! The client's direction up to its hello.

use super::hello::client_hello_message;
use super::records::{Cursor, HEADER, Short, short_records};
use super::{Hello, MAX_HELLO};
use crate::names::Step;
use crate::names::sslv2;

/// Reads the hello at the start of a TCP segment's payload and pushes each server name to `visit`.
///
/// `joined` is scratch space for a hello that is spread over several records.
pub fn client_hello(payload: &[u8], joined: &mut Vec<u8>, visit: &mut impl FnMut(&[u8])) -> Hello {
    let passed = short_records(payload);
    let rest = payload.get(passed..).unwrap_or_default();
    let (_, hello) = client_stream(rest, true, joined, visit);
    hello.unwrap_or(Hello::NotHello)
}

/// Reads the client's direction of a connection from the beginning of a record: passes over short
/// records, then reads one hello, however it is cut into records, and pushes each server name.
///
/// The hello is given with the step that ends it, also where it is one in SSL 2.0's form. Where it
/// is not all there and `last` is set, names that are there are pushed and the step is
/// [`Step::End`]. Without a hello, [`Step::Took`] means that short records were passed over and
/// [`Step::End`] that this is no TLS. Behind a hello, [`super::flight`] reads on.
pub fn client_stream(
    bytes: &[u8],
    last: bool,
    joined: &mut Vec<u8>,
    visit: &mut impl FnMut(&[u8]),
) -> (Step, Option<Hello>) {
    client_stream_and_body(bytes, last, joined, &mut |_| {}, visit)
}

/// The same, and gives the body of the hello to `body` where all of it is there.
pub(crate) fn client_stream_and_body(
    bytes: &[u8],
    last: bool,
    joined: &mut Vec<u8>,
    body: &mut impl FnMut(&[u8]),
    visit: &mut impl FnMut(&[u8]),
) -> (Step, Option<Hello>) {
    let need = |n: usize| if last { Step::End } else { Step::Need(n) };
    let passed = short_records(bytes);
    if passed > 0 {
        return (Step::Took(passed as u64), None);
    }
    match bytes {
        [] => return (need(1), None),
        [0x80..=0xff, ..] => return sslv2_hello(bytes, last),
        // An alert or ChangeCipherSpec that is not all there.
        [0x14 | 0x15, 3, _, 0, length @ 1..=2, ..] => {
            return (need(HEADER.saturating_add(usize::from(*length))), None);
        }
        [0x14 | 0x15] | [0x14 | 0x15, 3] | [0x14 | 0x15, 3, _] | [0x14 | 0x15, 3, _, 0] => {
            return (need(HEADER), None);
        }
        [0x16, ..] => {}
        _ => return (Step::End, None),
    }
    match bytes {
        [_] | [_, 3] | [_, 3, _] | [_, 3, _, _] => {
            return if last {
                (Step::End, Some(Hello::Incomplete))
            } else {
                (Step::Need(HEADER.saturating_add(1)), None)
            };
        }
        _ => {}
    }
    let Ok(start) = (Cursor { at: 0, left: 0 }).open(bytes) else {
        return (Step::End, None);
    };
    if bytes.get(start.at).is_some_and(|&kind| kind != 1) {
        return (Step::End, None);
    }
    let header = match (start.after(bytes, 4), last) {
        (Ok(_), _) => start.read(bytes, 4, joined).first_chunk::<4>().copied(),
        (Err(Short::Need(n)), false) => return (Step::Need(n), None),
        (Err(_), _) => None,
    };
    let Some([_, l0, l1, l2]) = header else {
        return (Step::End, Some(Hello::Incomplete));
    };
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
    let wanted = length.min(MAX_HELLO).saturating_add(4);
    let end = match start.after(bytes, wanted) {
        Err(Short::Need(n)) if !last => return (Step::Need(n), None),
        Ok(end) if length <= MAX_HELLO => Some(end),
        _ => None,
    };
    let message = start.read(bytes, wanted, joined);
    let hello = client_hello_message(message, end.is_some(), visit);
    if end.is_some()
        && let Some(content) = message.get(4..)
    {
        body(content);
    }
    let step = match end {
        // A client waits for the answer: what is left in the record is nothing that counts.
        Some(end) => Step::Took(end.at.saturating_add(end.left) as u64),
        None => Step::End,
    };
    (step, Some(hello))
}

fn sslv2_hello(bytes: &[u8], last: bool) -> (Step, Option<Hello>) {
    match sslv2::client_hello(bytes) {
        sslv2::Shape::Hello(length) if length <= bytes.len() => {
            (Step::Took(length as u64), Some(Hello::Nameless))
        }
        sslv2::Shape::Hello(_) if last => (Step::End, Some(Hello::Nameless)),
        sslv2::Shape::Hello(n) | sslv2::Shape::Need(n) if !last => (Step::Need(n), None),
        _ => (Step::End, None),
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
