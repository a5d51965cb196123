//! The message itself: fields before the extensions, extensions, server names.

use tls_parser::{SNIType, parse_tls_extension_sni_hostname};

use super::Hello;

const SERVER_NAME: u16 = 0;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// Reads a ClientHello that begins with the four bytes of its handshake header, as QUIC carries
/// it, and pushes each server name. `whole` says that no more of it will come than is there.
pub(crate) fn client_hello_message(
    message: &[u8],
    whole: bool,
    visit: &mut impl FnMut(&[u8]),
) -> Hello {
    let Some((&[kind, l0, l1, l2], body)) = message.split_first_chunk::<4>() else {
        return Hello::Incomplete;
    };
    if kind != 1 {
        return Hello::NotHello;
    }
    let length = usize::try_from(u32::from_be_bytes([0, l0, l1, l2])).unwrap_or(usize::MAX);
    match body.get(..length) {
        Some(body) => read_body(body, true, false, visit),
        None => read_body(body, whole, false, visit),
    }
}

/// `whole` says whether `body` is all of the message or breaks off; `cookie` that it is DTLS's,
/// which has one more field (RFC 6347 section 4.2.1).
pub(crate) fn read_body(
    body: &[u8],
    whole: bool,
    cookie: bool,
    visit: &mut impl FnMut(&[u8]),
) -> Hello {
    let mut reader = Bytes(body);
    // Version and random, session ID, cookie, cipher suites, compression methods.
    let before_extensions = reader.take(34).is_some()
        && reader.take_u8_prefixed().is_some()
        && (!cookie || reader.take_u8_prefixed().is_some())
        && reader.take_u16_prefixed().is_some()
        && reader.take_u8_prefixed().is_some();
    if !before_extensions {
        return broken(reader.0, whole, false, visit);
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
        return broken(reader.0, whole, false, visit);
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
            return broken(extensions.0, whole, ech, visit);
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

/// The walk ended in a field that is longer than what is left. In a message that is all there the
/// length lies, and a server name extension may stand behind it: it is looked for by its shape.
fn broken(rest: &[u8], whole: bool, ech: bool, visit: &mut impl FnMut(&[u8])) -> Hello {
    if !whole {
        return Hello::Incomplete;
    }
    let name = (0..rest.len()).find_map(|at| shaped_server_name(rest.get(at..)?));
    match name {
        Some(name) => {
            visit(name);
            Hello::Named { ech }
        }
        None => Hello::Malformed,
    }
}

/// A server name extension with one name, all three lengths of which agree, and which holds a host
/// name with a dot: random bytes do not look like that.
fn shaped_server_name(bytes: &[u8]) -> Option<&[u8]> {
    let (&[0, 0, e0, e1, l0, l1, 0, n0, n1], rest) = bytes.split_first_chunk::<9>()? else {
        return None;
    };
    let length = u16::from_be_bytes([n0, n1]);
    if u16::from_be_bytes([l0, l1]) != length.checked_add(3)?
        || u16::from_be_bytes([e0, e1]) != length.checked_add(5)?
    {
        return None;
    }
    let name = rest.get(..usize::from(length))?;
    let host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    let dotted = name
        .split(|&byte| byte == b'.')
        .filter(|label| !label.is_empty())
        .count();
    (length <= 255 && dotted >= 2 && name.iter().all(host)).then_some(name)
}

/// ServerNameList: a 16-bit length, then entries. Pushes the entries of type host_name.
fn server_names(content: &[u8], visit: &mut impl FnMut(&[u8])) -> bool {
    let mut found = false;
    let mut entries = content.get(2..).unwrap_or_default();
    while let Ok((rest, (kind, name))) = parse_tls_extension_sni_hostname(entries) {
        let name = without_port(name);
        if kind == SNIType::HostName && !name.is_empty() {
            visit(name);
            found = true;
        }
        entries = rest;
    }
    found
}

/// Some clients send what stood in their URL. No host name has a colon; an IPv6 address, which has
/// several, is left as it is.
fn without_port(name: &[u8]) -> &[u8] {
    let Some((host, [_, port @ ..])) =
        memchr::memchr(b':', name).and_then(|colon| name.split_at_checked(colon))
    else {
        return name;
    };
    if port.iter().all(u8::is_ascii_digit) {
        host
    } else {
        name
    }
}

/// A reader of length-prefixed fields.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn take_u16(&mut self) -> Option<u16> {
        let (number, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*number))
    }

    /// Leaves `self` as it was where the field is not whole.
    pub(super) fn take_u8_prefixed(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.0.split_first()?;
        let (taken, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(taken)
    }

    /// Leaves `self` as it was where the field is not whole.
    pub(super) fn take_u16_prefixed(&mut self) -> Option<&'a [u8]> {
        let mut ahead = Bytes(self.0);
        let length = ahead.take_u16()?;
        let taken = ahead.take(usize::from(length))?;
        self.0 = ahead.0;
        Some(taken)
    }
}
