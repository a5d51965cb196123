//! DNS names of an X.509 certificate (RFC 5280): subjectAltName and the subject's common name.
//!
//! Walked by hand: x509-parser and the crates like it build the whole certificate on the heap, and
//! give nothing at all where any part of it is malformed. This walker borrows, visits every byte at
//! most once for each level of nesting (there are eight), and reads what is there of a certificate
//! that is cut off or has a broken neighbour beside its names. A name itself has to be whole.

use super::Kind;

/// What a certificate was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was read to its end.
    Whole,
    /// It contradicts itself or is cut off; the names up to there, and those beside the damage,
    /// were pushed.
    Malformed,
}

/// What the readers of certificates count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Certificates read to their end.
    pub read: u64,
    /// Certificates, and lists of them, that contradict themselves.
    pub malformed: u64,
    /// Certificates whose end is not there: they gave no names.
    pub cut: u64,
    /// Certificates longer than is put together: the names in their beginning were pushed.
    pub too_large: u64,
}

impl Stats {
    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.read, other.read),
            (&mut self.malformed, other.malformed),
            (&mut self.cut, other.cut),
            (&mut self.too_large, other.too_large),
        ] {
            *sum = sum.saturating_add(n);
        }
    }

    pub(crate) fn count(&mut self, outcome: Outcome) {
        let sum = match outcome {
            Outcome::Whole => &mut self.read,
            Outcome::Malformed => &mut self.malformed,
        };
        *sum = sum.saturating_add(1);
    }
}

/// BOOLEAN.
const BOOLEAN: u8 = 0x01;
/// INTEGER.
const INTEGER: u8 = 0x02;
/// OCTET STRING.
const OCTETS: u8 = 0x04;
/// SEQUENCE and SEQUENCE OF.
const SEQUENCE: u8 = 0x30;
/// SET OF.
const SET: u8 = 0x31;
/// TBSCertificate's `[0]` version and `[3]` extensions, both explicitly tagged.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// GeneralName's `[2]` dNSName, implicitly tagged.
const DNS_NAME: u8 = 0x82;

/// 2.5.4.3, id-at-commonName.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.29.17, id-ce-subjectAltName.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Pushes the DNS names of a DER certificate: each dNSName of its subjectAltName as
/// [`Kind::X509San`], byte for byte where it is ASCII as it has to be, and each common name of its subject that has the form of a
/// host name as [`Kind::X509Cn`], in ASCII. Wildcards are pushed as they stand. The issuer is
/// somebody else.
pub fn names(certificate: &[u8], visit: &mut impl FnMut(Kind, &[u8])) -> Outcome {
    let mut whole = true;
    let mut outer = Der(certificate);
    let tbs = outer
        .enter(SEQUENCE, &mut whole)
        .and_then(|content| Der(content).enter(SEQUENCE, &mut whole));
    let Some(tbs) = tbs else {
        return Outcome::Malformed;
    };
    let found = to_be_signed(Der(tbs), &mut whole, visit);
    if whole && found && outer.0.is_empty() {
        Outcome::Whole
    } else {
        Outcome::Malformed
    }
}

/// The serial number (RFC 5280 section 4.1.2.2): the content of its INTEGER, which has to be there whole.
pub(super) fn serial(certificate: &[u8]) -> Option<&[u8]> {
    let whole = &mut true;
    let content = Der(certificate).enter(SEQUENCE, whole)?;
    let mut tbs = Der(Der(content).enter(SEQUENCE, whole)?);
    let mut field = tbs.next(whole)?;
    if field.tag == VERSION {
        field = tbs.next(whole)?;
    }
    (field.tag == INTEGER && field.whole && !field.content.is_empty()).then_some(field.content)
}

/// TBSCertificate (RFC 5280 section 4.1). Of the fields before the subject only the number counts:
/// what they hold is nothing to us, and a malformed one is no reason to lose the names.
fn to_be_signed(mut tbs: Der<'_>, whole: &mut bool, visit: &mut impl FnMut(Kind, &[u8])) -> bool {
    let Some(mut field) = tbs.next(whole) else {
        return false;
    };
    if field.tag == VERSION {
        let Some(serial) = tbs.next(whole) else {
            return false;
        };
        field = serial;
    }
    // Behind the serial number: signature algorithm, issuer, validity.
    for _ in 0..4 {
        let Some(next) = tbs.next(whole) else {
            return false;
        };
        field = next;
    }
    if field.tag == SEQUENCE {
        subject(Der(field.content), whole, visit);
    } else {
        *whole = false;
    }
    if tbs.next(whole).is_none() {
        return false; // the subject's public key
    }
    while let Some(tag) = tbs.0.first() {
        if *tag != EXTENSIONS {
            tbs.next(whole); // unique identifiers
            continue;
        }
        // The last field.
        let list = tbs
            .fill(EXTENSIONS, whole)
            .and_then(|field| Der(field).fill(SEQUENCE, whole));
        match list {
            Some(list) => extensions(Der(list), whole, visit),
            None => *whole = false,
        }
        break;
    }
    true
}

/// Name: a sequence of sets of (type, value).
fn subject(mut names: Der<'_>, whole: &mut bool, visit: &mut impl FnMut(Kind, &[u8])) {
    while let Some(set) = names.next(whole) {
        if set.tag != SET {
            *whole = false;
            continue;
        }
        let mut attributes = Der(set.content);
        while let Some(attribute) = attributes.next(whole) {
            let mut parts = Der(attribute.content);
            let (Some(kind), Some(value)) = (parts.next(whole), parts.next(whole)) else {
                *whole = false;
                continue;
            };
            if kind.content == COMMON_NAME && value.whole {
                common_name(&value, visit);
            }
        }
    }
}

/// The longest host name, in characters.
const MAX_HOST: usize = 253;

fn common_name(value: &Field<'_>, visit: &mut impl FnMut(Kind, &[u8])) {
    let width: usize = match value.tag {
        // UTF8String, NumericString, PrintableString, TeletexString, IA5String, VisibleString,
        // GeneralString: a host name looks the same in each.
        0x0c | 0x12 | 0x13 | 0x14 | 0x16 | 0x1a | 0x1b => 1,
        0x1e => 2, // BMPString: two bytes for each character, the high one first
        0x1c => 4, // UniversalString: four
        _ => return,
    };
    let mut text = [0u8; MAX_HOST];
    let mut length = 0usize;
    for character in value.content.chunks(width) {
        let Some((&low, high)) = character.split_last() else {
            return;
        };
        let Some(place) = text.get_mut(length) else {
            return;
        };
        if character.len() != width || high.iter().any(|&byte| byte != 0) {
            return;
        }
        *place = low;
        length = length.saturating_add(1);
    }
    let text = text.get(..length).unwrap_or_default();
    if is_host_name(text) {
        visit(Kind::X509Cn, text);
    }
}

/// Labels of letters, digits, hyphens, underscores and the wildcard, with a dot between them; the
/// last one is no number, as in an IPv4 address (WHATWG URL, "ends in a number").
fn is_host_name(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    let label = |label: &[u8]| {
        (1..=63).contains(&label.len())
            && label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(byte))
    };
    let mut labels = 0usize;
    let mut number = false;
    for part in text.split(|&byte| byte == b'.') {
        if !label(part) {
            return false;
        }
        number = part.iter().all(u8::is_ascii_digit);
        labels = labels.saturating_add(1);
    }
    labels > 1 && !number
}

/// Extensions: a sequence of (type, critical or nothing, value).
fn extensions(mut list: Der<'_>, whole: &mut bool, visit: &mut impl FnMut(Kind, &[u8])) {
    while let Some(extension) = list.next(whole) {
        if extension.tag != SEQUENCE {
            *whole = false;
            continue;
        }
        let mut parts = Der(extension.content);
        let Some(kind) = parts.next(whole) else {
            *whole = false;
            continue;
        };
        if kind.content != SUBJECT_ALT_NAME {
            continue;
        }
        let value = match parts.next(whole) {
            Some(critical) if critical.tag == BOOLEAN => parts.next(whole),
            value => value,
        };
        let names = value
            .filter(|value| value.tag == OCTETS)
            .and_then(|value| Der(value.content).fill(SEQUENCE, whole));
        let Some(names) = names else {
            *whole = false;
            continue;
        };
        let mut names = Der(names);
        while let Some(name) = names.next(whole) {
            if name.tag != DNS_NAME || !name.whole {
                continue;
            }
            // An IA5String: other bytes are no name but damage.
            if name.content.is_empty() || !name.content.is_ascii() {
                *whole = false;
                continue;
            }
            visit(Kind::X509San, name.content);
        }
    }
}

/// One element: tag, and content as far as it is there.
struct Field<'a> {
    tag: u8,
    content: &'a [u8],
    /// All of the content is there.
    whole: bool,
}

/// A reader of elements one after another (X.690 sections 8.1 and 10.1).
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element. `None` at the end and where no element can be read, which clears `whole`;
    /// so does an element that is longer than what is there.
    fn next(&mut self, whole: &mut bool) -> Option<Field<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.split();
        if !field.as_ref().is_some_and(|field| field.whole) {
            *whole = false;
        }
        if field.is_none() {
            self.0 = &[];
        }
        field
    }

    /// The content of the next element where it has this tag.
    fn enter(&mut self, tag: u8, whole: &mut bool) -> Option<&'a [u8]> {
        self.next(whole)
            .filter(|field| field.tag == tag)
            .map(|field| field.content)
    }

    /// The content of the only element, which fills what it stands in: where its length says less,
    /// the length lies.
    fn fill(&mut self, tag: u8, whole: &mut bool) -> Option<&'a [u8]> {
        let all = self.0;
        let content = self.enter(tag, whole)?;
        if self.0.is_empty() {
            return Some(content);
        }
        *whole = false;
        let length = content.len().saturating_add(self.0.len());
        all.get(all.len().saturating_sub(length)..)
    }

    fn split(&mut self) -> Option<Field<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags above 30 take several bytes; X.509 has none.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // 0x80 is a length that is not stated, which DER forbids; above 0x84 is no certificate.
            0x81..=0x84 => {
                let (number, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = number
                    .iter()
                    .fold(0u32, |sum, &byte| sum << 8 | u32::from(byte));
                (usize::try_from(length).ok()?, rest)
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        self.0 = after;
        Some(Field {
            tag,
            content,
            whole: content.len() == length,
        })
    }
}

#[cfg(test)]
#[path = "x509_tests.rs"]
mod tests;
