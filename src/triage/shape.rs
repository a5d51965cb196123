//! What the first bytes of a payload say.

use super::heads::HTTP2_WINDOW;
use super::{DNS, LLMNR, Message, Window};
use crate::names::stream::{self, Hint, Shape};
use crate::names::{dns, http, tls};
use crate::packet::Segment;

/// Requests and greetings: what stands before the names, and heads of several requests.
const TEXT_WINDOW: u32 = 64 * 1024;

/// A ClientHello over several records: as long as they follow each other.
const HELLO_WINDOW: u32 = 68 * 1024;

/// What begins with a few bytes of a record.
const SHORT_HELLO_WINDOW: u32 = 68 * 1024;

/// A server's flight: its certificates.
const FLIGHT_WINDOW: u32 = 272 * 1024;

/// What a connection begins with that is too short to be told.
const SHORT_WINDOW: u32 = 16 * 1024;

/// Responses of DNS over TCP follow each other without end (zone transfers): the window moves on
/// with the segments.
const DNS_WINDOW: u32 = 1024 * 1024;

/// What is known of a segment's direction from its ports.
pub(super) fn hint(segment: &Segment<'_>) -> Hint {
    let Segment { sport, dport, .. } = *segment;
    if sport == DNS || dport == DNS {
        Hint::Dns
    } else if sport == LLMNR || dport == LLMNR {
        Hint::Llmnr
    } else {
        Hint::Any
    }
}

#[inline]
fn is_dns_port(segment: &Segment<'_>) -> bool {
    const fn bit(port: u16) -> u64 {
        1 << (port & 63)
    }
    // One look at the last six bits of both ports tells nearly always.
    let Segment { sport, dport, .. } = *segment;
    (bit(DNS) | bit(LLMNR)) & (bit(sport) | bit(dport)) != 0
        && [sport, dport]
            .iter()
            .any(|&port| port == DNS || port == LLMNR)
}

/// False for bulk: its first bytes begin nothing that names hosts.
#[inline]
pub(super) fn may_begin(segment: &Segment<'_>) -> bool {
    let payload = segment.payload;
    stream::shape(payload) != Shape::Nothing || is_dns_port(segment) || is_dns_over_tcp(payload)
}

/// What a segment's payload begins. `fresh` says that it is the first of its connection: then
/// greetings count that may lead to TLS, and beginnings too short to be told.
#[cold]
pub(super) fn message(segment: &Segment<'_>, fresh: bool) -> Message {
    let payload = segment.payload;
    match stream::shape(payload) {
        Shape::ClientHello => {
            let first_record = hello_window(payload);
            let window = first_record.unwrap_or(HELLO_WINDOW);
            // More records of the handshake may hold a client's certificates.
            if payload.len() > window as usize {
                Message::Begins(Window::Records(FLIGHT_WINDOW))
            } else if first_record.is_none() && !matches!(payload, [0x14, ..]) {
                Message::Begins(Window::Records(HELLO_WINDOW))
            } else {
                Message::Begins(Window::Bytes(window))
            }
        }
        Shape::ServerHello if tls::is_tls13_server(payload) => Message::None,
        Shape::ServerHello => Message::Begins(Window::Records(FLIGHT_WINDOW)),
        Shape::Http2 => Message::Begins(Window::Sliding(HTTP2_WINDOW)),
        _ if stream::http2_may_begin(payload) => Message::Begins(Window::Sliding(HTTP2_WINDOW)),
        Shape::Http if payload.starts_with(b"CONNECT ") => {
            Message::Begins(Window::Bytes(TEXT_WINDOW))
        }
        Shape::Http => Message::Begins(Window::Requests(TEXT_WINDOW)),
        Shape::Socks | Shape::ProxyProtocol if stream::holds_preface(payload) => {
            Message::Begins(Window::Sliding(HTTP2_WINDOW))
        }
        // In the middle of a stream only what is certain: names out of misread bytes are worse than
        // none.
        _ if is_dns_port(segment) && (stream::begins_message(payload) || is_dns(payload)) => {
            Message::Begins(Window::Sliding(DNS_WINDOW))
        }
        _ if is_dns_port(segment) && fresh => {
            Message::Begins(if stream::is_no_dns(payload) {
                // Something else goes to this port, and perhaps a name stands at its beginning.
                Window::Bytes(TEXT_WINDOW)
            } else {
                Window::Sliding(DNS_WINDOW)
            })
        }
        Shape::Socks | Shape::ProxyProtocol | Shape::Sslv2 => {
            Message::Begins(Window::Bytes(TEXT_WINDOW))
        }
        _ if fresh && begins_method(payload) => Message::Begins(Window::Requests(TEXT_WINDOW)),
        Shape::Text
        | Shape::Xmpp
        | Shape::Adb
        | Shape::Ldap
        | Shape::Postgres
        | Shape::MySql
        | Shape::Rdp
        | Shape::Tds
        | Shape::Short
            if fresh =>
        {
            Message::Begins(Window::Bytes(short_window(payload)))
        }
        // The first bytes of such a record are hardly anything else; a hello may follow an alert.
        Shape::Short if matches!(payload, [0x14..=0x16, ..]) => {
            Message::Begins(Window::Bytes(SHORT_HELLO_WINDOW))
        }
        // A flight behind it may come in any order.
        _ if fresh && stream::opens_tunnel(payload) => Message::Begins(Window::Bytes(SHORT_WINDOW)),
        _ if is_dns_over_tcp(payload) => Message::Begins(Window::Sliding(DNS_WINDOW)),
        _ if fresh && payload.len() < 14 && stream::dns_may_begin(payload) => {
            Message::Begins(Window::Bytes(TEXT_WINDOW))
        }
        _ if fresh && stream::dns_may_begin(payload) => {
            Message::Begins(Window::Sliding(DNS_WINDOW))
        }
        _ if fresh && stream::prelude_may_begin(payload) => {
            Message::Begins(Window::Bytes(SHORT_WINDOW))
        }
        _ => Message::None,
    }
}

/// The method of a request or its first letters, and nothing else so far.
fn begins_method(payload: &[u8]) -> bool {
    let method = payload.strip_suffix(b" ").unwrap_or(payload);
    !method.is_empty() && method.iter().all(u8::is_ascii_uppercase) && http::may_begin(payload)
}

/// What a few bytes may become: a record's first byte may lead to a chain of certificates.
fn short_window(payload: &[u8]) -> u32 {
    match payload {
        [0x14..=0x16, ..] if payload.len() < 6 => FLIGHT_WINDOW,
        // A request may stand behind any number of blank lines.
        _ if payload.len() < 6 || matches!(payload, [b'\r' | b'\n', ..]) => TEXT_WINDOW,
        _ => SHORT_WINDOW,
    }
}

/// Most hellos fit their first record, which says how long it is. `None` where more records follow, or it is not to be
/// seen yet.
fn hello_window(payload: &[u8]) -> Option<u32> {
    let &[_, _, _, high, low, _, a, b, c, ..] = payload else {
        return None;
    };
    let record = u32::from(u16::from_be_bytes([high, low]));
    let hello = u32::from_be_bytes([0, a, b, c]).saturating_add(4);
    (hello <= record).then(|| record.saturating_add(5))
}

/// DNS over TCP on any port: one whole message behind its length (RFC 1035 section 4.2.2).
#[inline]
fn is_dns_over_tcp(payload: &[u8]) -> bool {
    payload
        .split_first_chunk::<2>()
        .is_some_and(|(length, message)| {
            usize::from(u16::from_be_bytes(*length)) == message.len() && is_dns(message)
        })
}

/// The counts and flags of a header that a resolver or its client would really send.
#[inline]
pub(super) fn is_dns(payload: &[u8]) -> bool {
    dns::is_sent(payload, [64, 32, 64])
}
