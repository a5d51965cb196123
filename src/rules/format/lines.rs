//! Lists that have a line for each entry.

use memchr::memchr;

use super::listing::Listing;

/// The longest line that is looked at, in bytes. No entry is longer; a line that is has its beginning shown.
pub(in crate::rules) const MAX_LINE: usize = 64 * 1024;

/// A line of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Line<'t> {
    /// Its text without white space around it and without CR.
    Text(&'t str),
    /// It is not UTF-8.
    NotText,
    /// It is longer than [`MAX_LINE`].
    TooLong,
}

/// The lines of a text, numbered from 1. A byte order mark at the beginning is no part of the first.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Lines<'t> {
    rest: Option<&'t [u8]>,
    number: usize,
}

impl<'t> Lines<'t> {
    pub(in crate::rules) fn new(text: &'t [u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        Self {
            rest: (!text.is_empty()).then_some(text),
            number: 0,
        }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, Line<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end)?;
        self.rest = after.get(1..).filter(|after| !after.is_empty());
        self.number = self.number.saturating_add(1);
        let line = if line.len() > MAX_LINE {
            Line::TooLong
        } else {
            std::str::from_utf8(line).map_or(Line::NotText, |line| Line::Text(line.trim()))
        };
        Some((self.number, line))
    }
}

/// The text of a line. A line that has none is a defect.
pub(super) fn text<'t>(number: usize, line: Line<'t>, to: &mut dyn Listing) -> Option<&'t str> {
    match line {
        Line::Text(text) => Some(text),
        Line::NotText => {
            to.defect(
                number,
                "the line is not UTF-8".into(),
                "save the file as UTF-8",
            );
            None
        }
        Line::TooLong => {
            to.defect(
                number,
                format!("the line is longer than {} KiB", MAX_LINE / 1024),
                "write one entry a line",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_trimmed() {
        let mut text = b"\xef\xbb\xbfa.example\r\n\n  b \xff\n\tc.example".to_vec();
        let lines: Vec<_> = Lines::new(&text).collect();
        assert_eq!(
            lines,
            [
                (1, Line::Text("a.example")),
                (2, Line::Text("")),
                (3, Line::NotText),
                (4, Line::Text("c.example"))
            ]
        );
        text.resize(MAX_LINE * 2, b'x');
        assert_eq!(Lines::new(&text).last(), Some((4, Line::TooLong)));
        assert_eq!(Lines::new(b"").next(), None);
        assert_eq!(Lines::new(b"\xef\xbb\xbf").next(), None);
        assert_eq!(Lines::new(b"a\n").count(), 1);
    }
}
