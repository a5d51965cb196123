//! Domain names as rule files and people write them.

use std::net::IpAddr;
use std::str::FromStr;

use super::idn::to_wire;

/// Why a text is not a domain name that a rule can have: (what is wrong, what to do).
pub(super) type Refusal = (String, String);

/// Longest name in presentation form without its final dot (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
/// Longest label (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// The name of a rule: lower case, no final dot, made of letters, digits, `-` and `_`.
pub(super) fn rule_name(text: &str) -> Result<String, Refusal> {
    let name = host(text)?;
    if !name.contains('.') {
        return Err(refuse(
            format!("`{text}` has no dot: it would match everything below a top-level domain"),
            "give the registered name, for instance `evil.example`",
        ));
    }
    let bad = name
        .bytes()
        .find(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')));
    if let Some(bad) = bad {
        return Err(refuse(
            format!(
                "`{text}` holds `{}`, which no domain name has",
                bad.escape_ascii()
            ),
            "give a bare domain name",
        ));
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(refuse(
                format!("`{text}` has an empty label"),
                "remove the extra dot; names below are matched without a leading dot",
            ));
        }
        if label.len() > MAX_LABEL {
            return Err(refuse(
                format!(
                    "`{text}` has a label of {} bytes, over {MAX_LABEL}",
                    label.len()
                ),
                "correct the name",
            ));
        }
    }
    if name.len() > MAX_NAME {
        return Err(refuse(
            format!("a name of {} bytes, over {MAX_NAME}", name.len()),
            "correct the name",
        ));
    }
    Ok(name)
}

/// The length, without its final dot, of a text that [`rule_name`] takes. For long lists: it is
/// quick, allocates nothing and refuses no more than what `rule_name` has to look at.
#[inline]
pub(super) fn plain_name(text: &[u8]) -> Option<usize> {
    let name = text.strip_suffix(b".").unwrap_or(text);
    let seen = kinds(name);
    // Without a letter it may be an address.
    let made_of = seen & OTHER == 0 && seen & (LETTER | E) != 0 && seen & DOT != 0;
    let good = made_of
        && name.len() <= MAX_NAME
        && name
            .split(|b| *b == b'.')
            .all(|label| (1..=MAX_LABEL).contains(&label.len()));
    good.then_some(name.len())
}

/// A letter that is in no number: no `e`.
pub(super) const LETTER: u8 = 1;
/// That letter.
const E: u8 = 2;
/// A digit.
const DIGIT: u8 = 4;
/// A dot.
pub(super) const DOT: u8 = 8;
/// `-` or `_`, which mean something to YAML where they come first.
pub(super) const DASH: u8 = 16;
/// What a rule's name does not have.
pub(super) const OTHER: u8 = 32;

/// The kinds of bytes that a text holds, together. No branch depends on the bytes.
#[inline]
pub(super) fn kinds(text: &[u8]) -> u8 {
    text.iter().fold(0, |seen, byte| {
        seen | KINDS.get(usize::from(*byte)).copied().unwrap_or(OTHER)
    })
}

static KINDS: [u8; 256] = {
    let mut kinds = [OTHER; 256];
    let mut byte = 0;
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // at compile time
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'e' | b'E' => E,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b'-' | b'_' => DASH,
            _ => OTHER,
        };
        byte += 1;
    }
    kinds
};

/// A name that a person asks about: as [`rule_name`], but with any label that DNS can carry,
/// escapes included.
pub(super) fn asked_name(text: &str) -> Result<String, Refusal> {
    let name = host(text.trim())?;
    if name
        .bytes()
        .any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
    {
        return Err(refuse(
            format!("`{}` holds white space", text.trim().escape_debug()),
            "ask for one name at a time; write a byte of a label as \\DDD",
        ));
    }
    Ok(name)
}

/// What both forms share: lower case, the final dot gone, and advice where something other
/// than a host name was given.
fn host(text: &str) -> Result<String, Refusal> {
    if text.is_empty() || text == "." {
        return Err(refuse("the name is empty", "give a domain name"));
    }
    if text.contains("[.]") || text.contains("(.)") || text.contains("[dot]") {
        let name = text
            .replace("[.]", ".")
            .replace("(.)", ".")
            .replace("[dot]", ".");
        return Err(refuse(
            format!("`{text}` is defanged"),
            format!("write `{name}`"),
        ));
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
        return Err(refuse(
            format!("`{text}` is a URL"),
            format!("give its host name: `{host}`"),
        ));
    }
    if IpAddr::from_str(text).is_ok() {
        return Err(refuse(
            format!("`{text}` is an address, not a name"),
            "in a rule file, put it under `addresses`",
        ));
    }
    if let Some((host, _)) = text.split_once('/') {
        return Err(refuse(
            format!("`{text}` has a path"),
            format!("give the name: `{host}`"),
        ));
    }
    if text.contains('@') {
        return Err(refuse(
            format!("`{text}` is a mail address"),
            "give a domain name",
        ));
    }
    if let Some((host, _)) = text.split_once(':') {
        return Err(refuse(
            format!("`{text}` has a port"),
            format!("give the name: `{host}`"),
        ));
    }
    if let Some(rest) = text.strip_prefix("*.") {
        return Err(refuse(
            format!("`{text}` has a wildcard"),
            format!(
                "`{rest}` under `domains` already covers every name below it; \
                 `below` leaves the name itself out"
            ),
        ));
    }
    // What other scripts are on the wire.
    let wire = to_wire(text).map_err(|why| {
        refuse(
            format!("`{text}` is no domain name: {why}"),
            "correct it, or give the punycode form that is seen on the wire (`xn--...`)",
        )
    })?;
    Ok(without_final_dot(&wire).to_ascii_lowercase())
}

/// The name without the dot that ends it, unless that dot is escaped (part of a label).
pub(super) fn without_final_dot(name: &str) -> &str {
    match name.strip_suffix('.') {
        Some(rest) if !ends_escaping(rest.as_bytes()) => rest,
        _ => name,
    }
}

/// Whether the byte after `before` is escaped: an odd number of backslashes ends it.
pub(super) fn ends_escaping(before: &[u8]) -> bool {
    before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

fn refuse(what: impl Into<String>, fix: impl Into<String>) -> Refusal {
    (what.into(), fix.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (text, want) in [
            ("evil.com", "evil.com"),
            ("EVIL.Com.", "evil.com"),
            ("a_b.-c-.evil.com", "a_b.-c-.evil.com"),
            ("xn--nissn-3jc.com", "xn--nissn-3jc.com"),
        ] {
            assert_eq!(rule_name(text).as_deref(), Ok(want));
        }
    }

    #[test]
    fn refusals_say_what_to_write_instead() {
        for (text, what, fix) in [
            ("despachosnegocios", "no dot", "registered name"),
            ("fgr1w2gnsdvsb.xyz/x", "path", "`fgr1w2gnsdvsb.xyz`"),
            ("https://evil.com:8443/a?b", "URL", "`evil.com`"),
            ("evil[.]com", "defanged", "`evil.com`"),
            ("192.0.2.1", "address", "addresses"),
            ("2001:db8::1", "address", "addresses"),
            ("evil.com:443", "port", "`evil.com`"),
            ("*.evil.com", "wildcard", "`evil.com`"),
            ("bad@evil.com", "mail", "domain name"),
            ("mül ler.de", "no domain name", "xn--"),
            ("evil..com", "empty label", "extra dot"),
            (".evil.com", "empty label", "leading dot"),
            ("ev il.com", "holds ` `", "bare"),
            ("ev\\.il.com", "holds", "bare"),
            ("", "empty", "domain name"),
            (".", "empty", "domain name"),
        ] {
            let (got_what, got_fix) = rule_name(text).unwrap_err();
            assert!(got_what.contains(what), "{text}: {got_what}");
            assert!(got_fix.contains(fix), "{text}: {got_fix}");
        }
        assert!(
            rule_name(&format!("{}.com", "a".repeat(64)))
                .unwrap_err()
                .0
                .contains("label")
        );
        assert!(
            rule_name(&["abc"; 70].join("."))
                .unwrap_err()
                .0
                .contains("279 bytes")
        );
        assert!(rule_name(&format!("{}.com", "a".repeat(63))).is_ok());
    }

    #[test]
    fn names_in_other_scripts_are_what_the_wire_has() {
        assert_eq!(rule_name("Müller.de").as_deref(), Ok("xn--mller-kva.de"));
        assert_eq!(asked_name("müller。de").as_deref(), Ok("xn--mller-kva.de"));
    }

    #[test]
    fn asked_names_may_have_escapes_and_one_label() {
        assert_eq!(asked_name(" LocalHost. ").as_deref(), Ok("localhost"));
        assert_eq!(
            asked_name("a\\.b\\032c.example").as_deref(),
            Ok("a\\.b\\032c.example")
        );
        assert_eq!(asked_name("evil\\.").as_deref(), Ok("evil\\."));
        assert_eq!(asked_name("evil\\\\.").as_deref(), Ok("evil\\\\"));
        assert!(asked_name("a b").is_err());
    }

    proptest::proptest! {
        #[test]
        fn plain_names_are_rule_names(text in "[a-cA-C0-9._:/\u{e4}-]{0,12}|[a.]{240,260}|a{60,66}\\.b") {
            if let Some(length) = plain_name(text.as_bytes()) {
                let want = text[..length].to_lowercase();
                proptest::prop_assert_eq!(rule_name(&text), Ok(want));
            } else if let Some(name) = text.is_ascii().then(|| rule_name(&text).ok()).flatten() {
                proptest::prop_assert!(!name.contains(|c: char| c.is_ascii_alphabetic()), "{}", name);
            }
        }
    }
}
