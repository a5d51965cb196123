//! Percent-encoding in one form (RFC 3986, section 6.2.2): unreserved characters as they are, everything that no
//! URI has encoded, and hexadecimal digits in upper case.

/// Whether a character needs no encoding and means the same encoded (RFC 3986, section 2.3).
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether a URI may hold a character as it is, besides `%` (RFC 3986, section 2.2 and 2.3).
const fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || matches!(byte, b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@')
        || matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*')
        || matches!(byte, b'+' | b',' | b';' | b'=')
}

/// Whether [`Normal`] would leave the text as it is.
pub(super) fn is_normal(text: &[u8]) -> bool {
    text.iter().all(|byte| is_plain(*byte))
}

/// The bytes of a path and query in the one form.
#[derive(Debug, Clone)]
pub(super) struct Normal<'t> {
    rest: &'t [u8],
    /// The value of two digits that are to come, and how many of them still are.
    value: u8,
    left: u8,
}

impl<'t> Normal<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self {
            rest: text,
            value: 0,
            left: 0,
        }
    }
}

impl Iterator for Normal<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.left > 0 {
            self.left = self.left.saturating_sub(1);
            let digit = if self.left == 1 {
                self.value >> 4
            } else {
                self.value & 15
            };
            let digit = char::from_digit(u32::from(digit), 16)?;
            return u8::try_from(digit.to_ascii_uppercase()).ok();
        }
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        if *first == b'%' {
            let Some((value, rest)) = encoded(rest) else {
                // It encodes nothing: kept, as servers do.
                return Some(b'%');
            };
            self.rest = rest;
            if is_unreserved(value) {
                return Some(value);
            }
            (self.value, self.left) = (value, 2);
            return Some(b'%');
        }
        if is_plain(*first) {
            return Some(*first);
        }
        (self.value, self.left) = (*first, 2);
        Some(b'%')
    }
}

/// The value of the two digits behind a `%`, and what follows them.
fn encoded(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([first, second], rest) = text.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(*first)? << 4 | digit(*second)?;
    Some((u8::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(text: &str) -> String {
        String::from_utf8(Normal::new(text.as_bytes()).collect()).unwrap()
    }

    #[test]
    fn one_form_for_each_text() {
        for (text, want) in [
            ("/a/b?c=d&e", "/a/b?c=d&e"),
            ("/%7euser/%41%2d", "/~user/A-"),
            ("/a%2fb%3f", "/a%2Fb%3F"),
            ("/\u{e4} \"<|>", "/%C3%A4%20%22%3C%7C%3E"),
            ("/%C3%a4%20", "/%C3%A4%20"),
            ("/%/%4/%zz%", "/%/%4/%zz%"),
            ("/%2541", "/%2541"),
            ("", ""),
        ] {
            assert_eq!(normal(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_the_same(text in "[a-z~/?&= \u{e4}<%]{0,20}") {
            let text = text.replace('%', "%25");
            let all: String = text.bytes().map(|b| match b {
                b'/' | b'?' | b'&' | b'=' | b'%' => char::from(b).to_string(),
                b if is_unreserved(b) && text.contains('%') => char::from(b).to_string(),
                b => format!("%{b:02x}"),
            }).collect();
            prop_assert_eq!(normal(&all), normal(&text));
            prop_assert_eq!(is_normal(text.as_bytes()), normal(&text) == text && !text.contains('%'));
            prop_assert!(normal(&text).bytes().all(|b| is_plain(b) || b == b'%'));
        }
    }
}
