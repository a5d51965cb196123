//! DNS messages (RFC 1035): question names, owner names and name-valued record data.
//!
//! A hand-written walker, since this is the hot path of a resolver's mirror port. It reads what is
//! there: a message that breaks off or contradicts itself still gives the names that can be read.
//! What is believed to be DNS at all is decided here too, from the header and, on ports that are not
//! DNS's own, from the whole message.
//!
//! Multicast DNS and LLMNR have the same messages and their own kinds of names: see
//! [`mdns`](super::mdns) and [`llmnr`](super::llmnr).

mod addresses;
mod glance;
mod header;
mod seen;
mod targets;
mod tcp;
mod walk;

pub use addresses::Addresses;
pub use glance::{Glance, Glanced};
pub(in crate::names) use header::Header;
pub(crate) use header::{HEADER, is_sent};
pub(in crate::names) use seen::Place;
pub use tcp::tcp_message;
pub(in crate::names) use tcp::{Framing, framed_message};

use super::Kind;
use super::text::NameText;
use seen::Seen;
use walk::Walk;

/// What the header says about the message that a name stood in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsNote {
    /// QR: a response rather than a query.
    pub response: bool,
    /// RCODE of the header, 0 to 15 (3 is NXDOMAIN).
    pub rcode: u8,
}

/// How far a message could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// To its last record, and nothing follows.
    Whole,
    /// To its last record; this many bytes follow.
    Trailing(usize),
    /// It ends inside a record.
    Short,
    /// A name or record contradicts itself.
    Malformed,
    /// Its names spell out more octets than are read of one message.
    TooMany,
}

/// Reused space for reading one message.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(in crate::names) text: NameText,
    pub(in crate::names) seen: Seen,
}

/// A protocol whose messages are DNS's.
#[derive(Debug, Clone, Copy)]
pub(in crate::names) struct Flavour {
    /// Kind of the names in the question section.
    pub(in crate::names) question: Kind,
    /// Kind of all other names.
    pub(in crate::names) record: Kind,
    /// The bits of a class that are the class: multicast DNS uses the highest for itself.
    pub(in crate::names) class_mask: u16,
    /// Labels are text in UTF-8.
    pub(in crate::names) text: bool,
}

const DNS: Flavour = Flavour {
    question: Kind::DnsQuery,
    record: Kind::DnsAnswer,
    class_mask: 0xffff,
    text: false,
};

/// Reads a message that fills a datagram, and pushes every name to `visit`, each (kind, name) once.
///
/// The root name is not pushed, nor a name of more than 255 octets. `cut` says that the capture does
/// not hold all of the datagram. `strict` is for ports that are not DNS's own: there a message counts
/// only where all of it is DNS, and gives no name otherwise.
///
/// `None` where it is not DNS.
pub fn datagram(
    message: &[u8],
    cut: bool,
    strict: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<End> {
    read(DNS, message, room(message, cut), strict, scratch, visit)
}

/// How long the message of a datagram can be on the wire.
pub(in crate::names) fn room(message: &[u8], cut: bool) -> usize {
    if cut {
        usize::from(u16::MAX)
    } else {
        message.len()
    }
}

/// Reads a message whose length on the wire is `room`; `message` may hold less of it.
pub(in crate::names) fn read(
    flavour: Flavour,
    message: &[u8],
    room: usize,
    strict: bool,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(Kind, &[u8], DnsNote),
) -> Option<End> {
    let header = Header::read(message)?;
    let believed = if header.is_bare() {
        // Nothing but a header: what servers send back with some errors.
        return (!strict).then_some(End::Whole);
    } else if strict || header.has_unassigned_opcode() {
        header.has_room(room) && is_dns_throughout(flavour, &header, message, room, scratch)
    } else {
        header.has_room(room)
            || question_begins(flavour, &header, message, scratch).unwrap_or(false)
    };
    if !believed {
        return None;
    }
    let note = DnsNote {
        response: header.response,
        rcode: header.rcode,
    };
    let mut visit = |kind: Kind, name: &[u8]| visit(kind, name, note);
    Some(Walk::new(flavour, message, scratch, &mut visit).read(&header))
}

/// Whether all of a message is DNS, as far as the capture holds it; then its first question has to
/// be whole.
fn is_dns_throughout(
    flavour: Flavour,
    header: &Header,
    message: &[u8],
    room: usize,
    scratch: &mut Scratch,
) -> bool {
    let mut visit = |_: Kind, _: &[u8]| {};
    let mut walk = Walk::new(flavour, message, scratch, &mut visit).with_known_classes();
    match walk.read(header) {
        End::Whole => message.len() == room || room == usize::from(u16::MAX),
        End::Short => {
            message.len() < room
                && question_begins(flavour, header, message, scratch).unwrap_or(false)
        }
        End::Trailing(_) | End::Malformed | End::TooMany => false,
    }
}

/// Whether a message begins as DNS does: one question, whose name, type and class are whole and of
/// the Internet class. `None` where more bytes are needed to tell.
pub(in crate::names) fn question_begins(
    flavour: Flavour,
    header: &Header,
    message: &[u8],
    scratch: &mut Scratch,
) -> Option<bool> {
    if header.questions != 1 || header.has_unassigned_opcode() {
        return Some(false);
    }
    let mut visit = |_: Kind, _: &[u8]| {};
    match Walk::new(flavour, message, scratch, &mut visit).first_question() {
        Ok(class) => Some(class & flavour.class_mask == 1),
        Err(End::Short) => None,
        Err(_) => Some(false),
    }
}

/// The usual name of an RCODE (IANA "DNS RCODEs"), or its number.
pub fn rcode_name(rcode: u8) -> std::borrow::Cow<'static, str> {
    match rcode {
        0 => "NOERROR".into(),
        1 => "FORMERR".into(),
        2 => "SERVFAIL".into(),
        3 => "NXDOMAIN".into(),
        4 => "NOTIMP".into(),
        5 => "REFUSED".into(),
        n => format!("RCODE{n}").into(),
    }
}

#[cfg(test)]
mod tests;
