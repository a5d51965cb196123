//! What a person asks about: a name, an address, a URL or a fingerprint, in whatever way it is written.

use std::net::IpAddr;

use super::super::domain::{Refusal, asked_name};
use super::super::format::refang::refang;
use super::super::idn;
use super::super::indicator::IndicatorKind;
use super::super::matcher::fingerprints::{self, Certificate};
use super::super::matcher::networks::{Network, parse_network};
use super::super::matcher::urls::{Url, parse_url};
use crate::names::Kind;

/// The longest text that is looked at, in bytes: longer ones are asked for as names, which refuses most of them.
const MAX_TEXT: usize = 8_192;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// A name as it is looked up.
    Name(String),
    /// An address or a network, with ports where some are given.
    Address(Network),
    /// A URL.
    Url(Url),
    /// A fingerprint: of which kind it is, and its bytes.
    Print(Kind, Vec<u8>),
}

/// A text that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    /// In the one form that it is looked up in.
    pub(super) text: String,
    /// What was done to get there.
    pub(super) remarks: Vec<String>,
}

impl Subject {
    pub(super) const fn kind(&self) -> IndicatorKind {
        match self {
            Self::Name(_) => IndicatorKind::Name,
            Self::Address(_) => IndicatorKind::Address,
            Self::Url(_) => IndicatorKind::Url,
            Self::Print(Kind::Ja3, _) => IndicatorKind::Ja3,
            Self::Print(Kind::Ja4, _) => IndicatorKind::Ja4,
            Self::Print(..) => IndicatorKind::Certificate,
        }
    }
}

/// Understands a text.
///
/// # Errors
/// It is nothing that could be listed.
pub(super) fn understand(asked: &str) -> Result<Asked, Refusal> {
    let mut remarks = Vec::new();
    let trimmed = asked.trim();
    // A backslash in a name escapes what follows it (RFC 1035, section 5.1).
    let escapes = trimmed.contains('\\') && !trimmed.contains(":\\/");
    let text = if trimmed.len() <= MAX_TEXT && !escapes {
        refang(trimmed)
    } else {
        trimmed.into()
    };
    if *text != *trimmed {
        remarks.push(format!("it was defanged: read as {text}"));
    }
    let subject = subject(text.trim(), &mut remarks)?;
    let shown = match &subject {
        Subject::Name(name) => name.clone(),
        Subject::Address(network) => network.to_string(),
        Subject::Url(url) => url.to_string(),
        Subject::Print(Kind::Ja4, bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Subject::Print(Kind::X509Serial, bytes) => format!("serial:{}", hex(bytes)),
        Subject::Print(_, bytes) => hex(bytes),
    };
    Ok(Asked {
        subject,
        text: shown,
        remarks,
    })
}

fn subject(text: &str, remarks: &mut Vec<String>) -> Result<Subject, Refusal> {
    if text.len() > MAX_TEXT {
        return asked_name(text).map(Subject::Name);
    }
    if let Some(print) = print(text)? {
        return Ok(print);
    }
    if let Ok(network) = parse_network(text) {
        return Ok(Subject::Address(network));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '[') && is_network(text) {
        return parse_network(text).map(Subject::Address);
    }
    let text = text.strip_prefix("//").unwrap_or(text);
    if text.contains("://")
        || text
            .split_once('/')
            .is_some_and(|(host, _)| !host.is_empty())
    {
        return url(text, remarks);
    }
    let text = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => {
            remarks.push(format!(
                "port {port} is left out: a name matches on every port"
            ));
            host
        }
        _ => text,
    };
    let text = match text.strip_prefix("*.").or_else(|| text.strip_prefix('.')) {
        Some(name) if !name.is_empty() => {
            remarks.push(format!("what stands before {name} is left out"));
            name
        }
        _ => text,
    };
    let name = asked_name(text)?;
    if !text.is_ascii() {
        remarks.push(format!("in another script: on the wire it is {name}"));
    }
    Ok(Subject::Name(name))
}

fn url(text: &str, remarks: &mut Vec<String>) -> Result<Subject, Refusal> {
    let url = parse_url(text)?;
    let shown = url.to_string();
    if shown != text {
        remarks.push(format!("in the one form of URLs: {shown}"));
    }
    Ok(Subject::Url(url))
}

/// Whether a text has the form `ADDRESS/PREFIX`: then its defect is told as that of a network.
fn is_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        address.trim_start_matches('[').parse::<IpAddr>().is_ok()
            && prefix.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A fingerprint; nothing where the text is something else.
fn print(text: &str) -> Result<Option<Subject>, Refusal> {
    let print = |kind, bytes: &[u8]| Ok(Some(Subject::Print(kind, bytes.to_vec())));
    let serial = text
        .get(..7)
        .is_some_and(|p| p.eq_ignore_ascii_case("serial:"));
    if !serial && (text.contains('.') || text.contains('/')) {
        return Ok(None);
    }
    if !serial
        && text.matches('_').count() == 2
        && let Ok(ja4) = fingerprints::ja4(text)
    {
        return print(Kind::Ja4, &ja4);
    }
    let hexadecimal = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | ' ');
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let digest = text.chars().all(hexadecimal) && matches!(digits, 32 | 40 | 64);
    if !serial && !digest {
        return Ok(None);
    }
    // Eight groups of four digits are an address of IPv6.
    if text.parse::<IpAddr>().is_ok() {
        return Ok(None);
    }
    if digits == 32 && !serial {
        return print(
            Kind::Ja3,
            &fingerprints::ja3(&text.replace([':', ' '], ""))?,
        );
    }
    match fingerprints::certificate(text)? {
        Certificate::Sha1(digest) => print(Kind::X509Sha1, &digest),
        Certificate::Sha256(digest) => print(Kind::X509Sha256, &digest),
        Certificate::Serial(serial) => print(Kind::X509Serial, serial.bytes()),
    }
}

/// A name in the script of its readers, where that differs.
pub(super) fn readable(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Name(name) => idn::for_people(name),
        Subject::Url(url) => idn::for_people(url.host()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_understood() {
        for (text, kind, form) in [
            ("Evil.Example.", IndicatorKind::Name, "evil.example"),
            (" evil[.]example ", IndicatorKind::Name, "evil.example"),
            ("evil.example:443", IndicatorKind::Name, "evil.example"),
            ("*.evil.example", IndicatorKind::Name, "evil.example"),
            (
                "bücher.example",
                IndicatorKind::Name,
                "xn--bcher-kva.example",
            ),
            ("localhost", IndicatorKind::Name, "localhost"),
            ("a\\.b.example", IndicatorKind::Name, "a\\.b.example"),
            ("192.0.2.1", IndicatorKind::Address, "192.0.2.1"),
            ("192[.]0.2.1:443", IndicatorKind::Address, "192.0.2.1:443"),
            ("192.0.2.0/24", IndicatorKind::Address, "192.0.2.0/24"),
            ("2001:DB8::1", IndicatorKind::Address, "2001:db8::1"),
            (
                "[2001:db8::1]:443",
                IndicatorKind::Address,
                "[2001:db8::1]:443",
            ),
            (
                "2001:0db8:0000:0000:0000:0000:0000:0001",
                IndicatorKind::Address,
                "2001:db8::1",
            ),
            (
                "hxxps://Evil[.]example/a",
                IndicatorKind::Url,
                "https://evil.example/a",
            ),
            ("evil.example/a", IndicatorKind::Url, "evil.example/a"),
            (
                "http://192.0.2.1/a",
                IndicatorKind::Url,
                "http://192.0.2.1/a",
            ),
            (
                "E7D705A3286E19EA42F587B344EE6865",
                IndicatorKind::Ja3,
                "e7d705a3286e19ea42f587b344ee6865",
            ),
            (
                "t13d1516h2_8daaf6152771_02713d6af862",
                IndicatorKind::Ja4,
                "t13d1516h2_8daaf6152771_02713d6af862",
            ),
            (
                "aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa:aa",
                IndicatorKind::Certificate,
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ),
            ("serial:0A:0B", IndicatorKind::Certificate, "serial:0a0b"),
        ] {
            let asked = understand(text).expect(text);
            assert_eq!(
                (asked.subject.kind(), asked.text.as_str()),
                (kind, form),
                "{text}"
            );
        }
        for text in [
            "",
            "a b",
            "me@evil.example",
            "http://",
            "192.0.2.1/99",
            "serial:xy",
        ] {
            assert!(understand(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in ".{0,60}|[a-f0-9:./\\[\\]_*@ ]{0,70}") {
            let _ = understand(&text);
        }
    }
}
