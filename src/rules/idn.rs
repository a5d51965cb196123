//! Names in other scripts: as people write them, and as the wire has them (RFC 5891; UTS 46, non-transitional).

use std::borrow::Cow;
use std::fmt::Write as _;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, ErrorPolicy, Hyphens, ProcessingSuccess, Uts46};

/// What begins a label in punycode (RFC 5890, section 2.3.2.1).
const ACE: &[u8] = b"xn--";
/// Longest label (RFC 1035, section 2.3.4). Punycode takes quadratic time, so no longer one is read.
const MAX_LABEL: usize = 63;
/// The longest text that is converted, in bytes: a name of 253 characters, four bytes each.
const MAX_TEXT: usize = 1_012;

/// ASCII that no host name has. With it, a URL is no name with an odd label.
const NOT_IN_NAMES: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// Why a text has no form on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::rules) enum NoWireForm {
    /// It has a character that no name can have, or characters in an order that none can.
    #[error("it has characters that no domain name can have, or can have in this order")]
    Characters,
    /// It is too long for a name.
    #[error("it is longer than any domain name")]
    Length,
}

/// A name as the wire has it: `bücher.example` is `xn--bcher-kva.example`, `evil。example` is `evil.example`.
///
/// A text in ASCII is returned as it is, good or not: what names must be is for
/// [`rule_name`](super::domain::rule_name) to say.
///
/// # Errors
/// Where there is no such form.
pub(in crate::rules) fn to_wire(text: &str) -> Result<Cow<'_, str>, NoWireForm> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text));
    }
    if text.len() > MAX_TEXT {
        return Err(NoWireForm::Length);
    }
    Uts46::new()
        .to_ascii(
            text.as_bytes(),
            NOT_IN_NAMES,
            Hyphens::Allow,
            DnsLength::Ignore,
        )
        .map_err(|_| NoWireForm::Characters)
}

/// What a name with punycode says to people; nothing where no label of it says anything else. To be shown beside the name,
/// never in its place, since other letters may look the same.
///
/// `name` is in presentation form (RFC 1035, section 5.1). Labels that are no good punycode stay as they are. Characters
/// that show nothing or change the direction of what is around them are escaped, as `\u{200d}`.
pub(in crate::rules) fn for_people(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut changed = false;
    for (nth, label) in name.split('.').enumerate() {
        if nth > 0 {
            out.push('.');
        }
        match said(label) {
            Some(said) => {
                changed = true;
                said.chars().for_each(|c| push_visible(&mut out, c));
            }
            None => out.push_str(label),
        }
    }
    changed.then_some(out)
}

/// What a label in punycode says.
fn said(label: &str) -> Option<String> {
    let bytes = label.as_bytes();
    let start = bytes.get(..ACE.len())?;
    if bytes.len() > MAX_LABEL || !label.is_ascii() || !start.eq_ignore_ascii_case(ACE) {
        return None;
    }
    let mut said = String::new();
    let done = Uts46::new().process(
        bytes,
        NOT_IN_NAMES,
        Hyphens::Allow,
        ErrorPolicy::FailFast,
        |_, _, _| true,
        &mut said,
        None,
    );
    // Unchanged is punycode of ASCII, which says nothing.
    matches!(done, Ok(ProcessingSuccess::WroteToSink)).then_some(said)
}

fn push_visible(out: &mut String, c: char) {
    if is_hidden(c) {
        // Writing to a text cannot fail.
        let _ = write!(out, "{}", c.escape_unicode());
    } else {
        out.push(c);
    }
}

/// Controls, spaces and what has no shape of its own or turns the direction (UAX 9, section 2; the property
/// `Default_Ignorable_Code_Point`).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_as_the_wire_has_them() {
        for (text, want) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("пример.example", "xn--e1afmkfd.example"),
            ("例え。example", "xn--r8jz45g.example"),
            ("evil\u{ff0e}example", "evil.example"),
            ("evil\u{ff61}example", "evil.example"),
            ("ｅｖｉｌ.example", "evil.example"),
            ("evil\u{200b}.example", "evil.example"),
            ("_dmarc.bücher.example.", "_dmarc.xn--bcher-kva.example."),
            ("a--b.bücher.example", "a--b.xn--bcher-kva.example"),
        ] {
            assert_eq!(to_wire(text).as_deref(), Ok(want), "{text}");
        }
    }

    #[test]
    fn ascii_is_left_alone() {
        for text in [
            "EVIL.example",
            "xn--mxamya0a.ccn",
            "xn--.example",
            "https://x/",
            "",
        ] {
            assert!(matches!(to_wire(text), Ok(Cow::Borrowed(same)) if same == text));
        }
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for text in [
            "https://bücher.example/",
            "bücher.example:80",
            "bü cher.example",
            "bü[.]example",
            "\u{308}a.example",
            "a\u{202e}b.example",
            "ab\u{5d0}c.example",
            "ü\u{200d}x.example",
        ] {
            assert_eq!(to_wire(text), Err(NoWireForm::Characters), "{text:?}");
        }
        assert_eq!(to_wire(&"ü".repeat(1_000)), Err(NoWireForm::Length));
    }

    #[test]
    fn people_see_what_punycode_says() {
        for (name, want) in [
            ("xn--bcher-kva.example", Some("bücher.example")),
            ("www.XN--bcher-kva.example", Some("www.bücher.example")),
            ("xn--mxamya0a.ccn", Some("υαηοο.ccn")),
            ("evil.example", None),
            ("xn--.example", None),
            ("xn--a.example", None),
            ("xn--zzzzzzzzzz99999.example", None),
            ("a\\.xn--b\\200.example", None),
            // Good and bad labels side by side.
            (
                "xn--99zzzz9.xn--bcher-kva.example",
                Some("xn--99zzzz9.bücher.example"),
            ),
            ("", None),
            (".", None),
        ] {
            assert_eq!(for_people(name).as_deref(), want, "{name}");
        }
        assert_eq!(for_people(&format!("xn--{}", "a".repeat(60_000))), None);
    }

    #[test]
    fn what_hides_is_escaped() {
        // A joiner where Persian has one: a good name whose look hides it.
        let name = to_wire("نامه\u{200c}ای.example").unwrap();
        assert!(name.starts_with("xn--"), "{name}");
        let shown = for_people(&name).unwrap();
        assert!(shown.contains("\\u{200c}"), "{shown}");
        assert!(!shown.contains('\u{200c}'));
        for hidden in ['\u{202e}', '\u{2066}', '\u{7}', '\u{9b}', '\u{3000}'] {
            assert!(is_hidden(hidden), "{hidden:?}");
        }
        assert!(!is_hidden('ü') && !is_hidden('ا'));
    }

    proptest::proptest! {
        #[test]
        fn there_and_back(label in "[a-z]{0,5}[àéîõüßñа-яα-ω]{1,10}[a-z]{0,5}") {
            if let Ok(wire) = to_wire(&label) {
                proptest::prop_assert!(wire.is_ascii());
                let shown = for_people(&wire).unwrap();
                let again = to_wire(&shown);
                proptest::prop_assert_eq!(again.as_deref(), Ok(&*wire));
            }
        }

        #[test]
        fn nothing_panics_and_nothing_hides(text in ".{0,80}", ascii in "(xn--[a-z0-9-]{0,30}\\.?){1,3}") {
            if let Ok(wire) = to_wire(&text) {
                proptest::prop_assert!(wire.is_ascii());
            }
            let _ = for_people(&text);
            if let Some(shown) = for_people(&ascii) {
                proptest::prop_assert!(!shown.chars().any(is_hidden), "{:?}", shown);
            }
        }
    }
}
