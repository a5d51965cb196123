//! The server name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).
//!
//! tls-parser reads record headers and the entries of the server name extension. The way there is
//! walked by hand: its parser of whole hellos allocates, and its parser of extension lists stops at
//! the first malformed extension and would hide a server name behind it.

use tls_parser::{
    SNIType, TlsRecordType, parse_tls_extension_sni_hostname, parse_tls_record_header,
};

/// How much of a ClientHello that is spread over records is put together, in bytes. Post-quantum
/// hellos have about 1,800; a record can carry 16,384.
const MAX_HELLO: usize = 65_536;

/// TLS ciphertext records may be this long (RFC 5246 section 6.2.3); a longer one is no TLS.
const MAX_RECORD: u16 = 16_384 + 2_048;

const SERVER_NAME: u16 = 0;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// What a ClientHello gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// At least one host name was pushed.
    Named {
        /// An encrypted ClientHello extension is there: the name may be only the outer one.
        ech: bool,
    },
    /// It was read to its end and holds no server name.
    Nameless,
    /// The bytes end before a server name was found; the rest is in other segments.
    Incomplete,
    /// It contradicts itself before a server name was found.
    Malformed,
    /// It is not a ClientHello.
    NotHello,
}

/// Reads the hello at the start of a TCP segment's payload and pushes each server name to `visit`.
///
/// `joined` is scratch space for a hello that is spread over several records.
pub fn client_hello(payload: &[u8], joined: &mut Vec<u8>, visit: &mut impl FnMut(&[u8])) -> Hello {
    let payload = skip_short_records(payload).unwrap_or(payload);
    let Ok((rest, record)) = parse_tls_record_header(payload) else {
        return Hello::Incomplete;
    };
    if record.record_type != TlsRecordType::Handshake || record.len > MAX_RECORD {
        return Hello::NotHello;
    }
    let fragment = rest.get(..usize::from(record.len)).unwrap_or(rest);
    if fragment.len() < 4 && fragment.len() < rest.len() {
        // Even the handshake header is spread over records.
        join_records(payload, 4, joined);
    } else {
        joined.clear();
    }
    let start = if joined.is_empty() {
        fragment
    } else {
        joined.as_slice()
    };
    let Some(&[kind, l0, l1, l2]) = start.first_chunk::<4>() else {
        return Hello::Incomplete;
    };
    if kind != 1 {
        return Hello::NotHello;
    }
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
    let body = fragment.get(4..).unwrap_or_default();
    if let Some(whole) = body.get(..length) {
        return read_body(whole, true, visit);
    }
    if fragment.len() == rest.len() || length > MAX_HELLO {
        // The segment ends inside the record.
        return read_body(body, false, visit);
    }
    join_records(payload, length.saturating_add(4), joined);
    let body = joined.get(4..).unwrap_or_default();
    match body.get(..length) {
        Some(whole) => read_body(whole, true, visit),
        None => read_body(body, false, visit),
    }
}

/// Passes over records that may stand before a hello: ChangeCipherSpec, alerts, empty handshake
/// records. `None` where nothing follows them.
pub(crate) fn skip_short_records(mut payload: &[u8]) -> Option<&[u8]> {
    loop {
        // Every turn takes at least a record header.
        match payload {
            [0x14 | 0x15, 3, 0..=4, 0, length @ 1..=2, rest @ ..] => {
                payload = rest.get(usize::from(*length)..)?;
            }
            [0x16, 3, 0..=4, 0, 0, rest @ ..] => payload = rest,
            _ => break,
        }
    }
    (!payload.is_empty()).then_some(payload)
}

/// Collects up to `length` bytes of a handshake message, its header included, over consecutive
/// records.
fn join_records(payload: &[u8], length: usize, joined: &mut Vec<u8>) {
    joined.clear();
    let mut rest = payload;
    while joined.len() < length {
        let Ok((after, record)) = parse_tls_record_header(rest) else {
            return;
        };
        if record.record_type != TlsRecordType::Handshake || record.len > MAX_RECORD {
            return;
        }
        let fragment = after.get(..usize::from(record.len)).unwrap_or(after);
        joined.extend_from_slice(fragment);
        rest = after.get(fragment.len()..).unwrap_or_default();
    }
}

/// `whole` says whether `body` is all of the message or breaks off.
pub(crate) fn read_body(body: &[u8], whole: bool, visit: &mut impl FnMut(&[u8])) -> Hello {
    let broken = if whole {
        Hello::Malformed
    } else {
        Hello::Incomplete
    };
    let mut reader = Bytes(body);
    // Version and random, session ID, cipher suites, compression methods.
    let before_extensions = reader.take(34).is_some()
        && reader.take_u8_prefixed().is_some()
        && reader.take_u16_prefixed().is_some()
        && reader.take_u8_prefixed().is_some();
    if !before_extensions {
        return broken;
    }
    if reader.0.is_empty() {
        // SSL 3.0 and TLS 1.0 know hellos without extensions.
        return if whole {
            Hello::Nameless
        } else {
            Hello::Incomplete
        };
    }
    let Some(stated) = reader.take_u16() else {
        return broken;
    };
    let list = if whole {
        reader.0.get(..usize::from(stated)).unwrap_or(reader.0)
    } else {
        reader.0
    };
    let mut extensions = Bytes(list);
    let mut named = false;
    let mut ech = false;
    while !extensions.0.is_empty() {
        let Some(kind) = extensions.take_u16() else {
            break;
        };
        let Some(content) = extensions.take_u16_prefixed() else {
            if kind == SERVER_NAME {
                // The name itself may still be whole inside a length that lies.
                named |= server_names(extensions.0.get(2..).unwrap_or_default(), visit);
            }
            if named {
                break;
            }
            return broken;
        };
        match kind {
            SERVER_NAME => named |= server_names(content, visit),
            ENCRYPTED_CLIENT_HELLO => ech = true,
            _ => {}
        }
    }
    match (named, whole) {
        (true, _) => Hello::Named { ech },
        (false, true) => Hello::Nameless,
        (false, false) => Hello::Incomplete,
    }
}

/// ServerNameList: a 16-bit length, then entries. Pushes the entries of type host_name.
fn server_names(content: &[u8], visit: &mut impl FnMut(&[u8])) -> bool {
    let mut found = false;
    let mut entries = content.get(2..).unwrap_or_default();
    while let Ok((rest, (kind, name))) = parse_tls_extension_sni_hostname(entries) {
        if kind == SNIType::HostName && !name.is_empty() {
            visit(name);
            found = true;
        }
        entries = rest;
    }
    found
}

/// A reader of length-prefixed fields.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn take_u16(&mut self) -> Option<u16> {
        let (number, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*number))
    }

    fn take_u8_prefixed(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    /// Leaves `self` as it was where the field is not whole.
    fn take_u16_prefixed(&mut self) -> Option<&'a [u8]> {
        let mut ahead = Bytes(self.0);
        let length = ahead.take_u16()?;
        let taken = ahead.take(usize::from(length))?;
        self.0 = ahead.0;
        Some(taken)
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
