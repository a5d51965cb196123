//! Texts from anywhere, written so that YAML reads them as they are.

use std::fmt::Write as _;

use crate::rules::domain::{DASH, DOT, LETTER, OTHER, kinds};

/// How many brackets may be open in a text that keeps them: the reader bounds them, in texts too.
const MAX_OPEN: usize = 8;

/// The longest line of a comment, in characters.
const MAX_COMMENT: usize = 300;

/// A name as an entry: bare where that can only be read as this text.
pub(super) fn entry(name: &str) -> String {
    let seen = kinds(name.as_bytes());
    let first = kinds(name.as_bytes().get(..1).unwrap_or_default());
    if seen & (OTHER | DOT | LETTER) == DOT | LETTER && first & (DOT | DASH) == 0 {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A text in double quotes (YAML 1.1, section 5.6).
pub(super) fn quoted(text: &str) -> String {
    let keeps_brackets = closes_brackets(text);
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    let mut before = '"';
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            // What looks like an anchor or an alias is refused by the reader, in texts too.
            '&' | '*' if !before.is_alphanumeric() => write!(out, "\\x{code:02x}"),
            '[' | ']' | '{' | '}' if !keeps_brackets => write!(out, "\\x{code:02x}"),
            c if is_printable(c) => write!(out, "{c}"),
            _ if code <= 0xff => write!(out, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
        before = c;
    }
    out.push('"');
    out
}

/// Whether a text closes all brackets that it opens, and does not open too many.
fn closes_brackets(text: &str) -> bool {
    let mut open = 0_usize;
    for c in text.chars() {
        match c {
            '[' | '{' => open = open.saturating_add(1),
            ']' | '}' => match open.checked_sub(1) {
                Some(fewer) => open = fewer,
                None => return false,
            },
            _ => {}
        }
        if open > MAX_OPEN {
            return false;
        }
    }
    open == 0
}

/// Whether YAML takes a character as it is; and no sign that turns the direction of a text, or that means
/// something to the reader of long lists.
const fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
        && !matches!(c,
            '\u{2028}'..='\u{202e}' | '\u{200b}'..='\u{200f}' | '\u{2066}'..='\u{2069}'
            | '\u{e000}'..='\u{f8ff}' | '\u{feff}')
}

/// A text as a line of a comment.
pub(super) fn comment(text: &str) -> String {
    text.chars()
        .take(MAX_COMMENT)
        .map(|c| match c {
            // See `quoted`: the reader looks at comments, too.
            '[' | '{' => '(',
            ']' | '}' => ')',
            '&' | '*' => '+',
            c if is_printable(c) => c,
            _ => '?',
        })
        .collect()
}
