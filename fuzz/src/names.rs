//! What every name holds to, whoever read it.

use bellerophon::names::text::{MAX_TEXT, MAX_WIRE};

/// Lower case, printable ASCII, with the escapes of RFC 4343 and no others.
pub fn check_text(name: &[u8]) {
    let shown = name.escape_ascii();
    assert!(!name.is_empty());
    assert!(name.len() <= MAX_TEXT, "{} bytes: {shown}", name.len());
    assert!(
        name.iter()
            .all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()),
        "{shown}"
    );
    assert!(labels(name).is_some(), "an escape that is none: {shown}");
}

/// A name of multicast DNS: text in UTF-8 without control characters.
pub fn check_mdns(name: &[u8]) {
    let text = std::str::from_utf8(name).unwrap();
    assert!(!text.is_empty() && name.len() <= MAX_TEXT, "{text:?}");
    assert!(
        !text
            .chars()
            .any(|c| c.is_control() || c.is_ascii_uppercase()),
        "{text:?}"
    );
}

/// A name that stood in a DNS message: labels of 1 to 63 octets, 255 octets in all.
pub fn check_dns(name: &[u8]) {
    check_text(name);
    let shown = name.escape_ascii();
    let labels = labels(name).unwrap();
    assert!(
        labels.iter().all(|l| (1..=63).contains(&l.len())),
        "{shown}"
    );
    let wire = 1 + labels.iter().map(|l| l.len() + 1).sum::<usize>();
    assert!(wire <= MAX_WIRE, "{wire} octets: {shown}");
}

/// The octets of each label, escapes undone.
pub fn labels(name: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut labels = vec![Vec::new()];
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        let octet = match byte {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => match *bytes.next()? {
                escaped @ (b'.' | b'\\') => escaped,
                hundreds => {
                    let digits = [hundreds, *bytes.next()?, *bytes.next()?];
                    std::str::from_utf8(&digits).ok()?.parse().ok()?
                }
            },
            plain => plain,
        };
        labels.last_mut()?.push(octet);
    }
    Some(labels)
}
