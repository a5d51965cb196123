//! The records of a table: RFC 4180, and what is written in its place.
//!
//! Blanks before a quote are allowed (abuse.ch writes `"a", "b"`), lines that begin with `#` are comments, and a quote that is never
//! closed costs its own line and not the rest of the file, as it would with a reader that follows the letter.

use memchr::{memchr, memchr2};

use crate::rules::format::lines::MAX_LINE;

/// A record. It is used again for each, so that a table takes no more memory than its longest record.
#[derive(Debug, Default)]
pub(super) struct Record {
    text: String,
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, column: usize) -> Option<&str> {
        let end = *self.ends.get(column)?;
        let before = column
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.text.get(before.copied().unwrap_or(0)..end)
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|column| self.get(column))
    }

    /// Reads one line that is known to have no line break in its quotes.
    pub(super) fn of_line(line: &str, delimiter: u8) -> Self {
        let mut record = Self::default();
        let mut records = Records::new(line.as_bytes(), delimiter);
        if !matches!(records.next(&mut record), Some((_, Next::Record))) {
            record.clear();
        }
        record
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// A cell, less white space around it.
    fn push(&mut self, cell: &str, quoted: bool) {
        let cell = cell.trim();
        if quoted {
            for (at, part) in cell.split("\"\"").enumerate() {
                if at > 0 {
                    self.text.push('"');
                }
                self.text.push_str(part);
            }
        } else {
            self.text.push_str(cell);
        }
        self.ends.push(self.text.len());
    }
}

/// What comes next in a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'t> {
    /// The record was filled.
    Record,
    /// A comment without its `#`.
    Comment(&'t str),
    /// What is wrong with a line, and what to do about it.
    Wrong(&'static str, &'static str),
}

/// The records of a text, each with the line on which it begins, from 1.
#[derive(Debug, Clone)]
pub(super) struct Records<'t> {
    rest: &'t [u8],
    line: usize,
    delimiter: u8,
}

/// A cell in the bytes of its record, and whether it was quoted.
type Span = (usize, usize, bool);

impl<'t> Records<'t> {
    pub(super) fn new(text: &'t [u8], delimiter: u8) -> Self {
        Self {
            rest: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text),
            line: 0,
            delimiter,
        }
    }

    /// The next record, comment or defect. Lines of nothing but white space and delimiters are none.
    pub(super) fn next(&mut self, record: &mut Record) -> Option<(usize, Next<'t>)> {
        loop {
            let rest = self.rest;
            if rest.is_empty() {
                return None;
            }
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            let number = self.line.saturating_add(1);
            let blank = |b: &u8| b.is_ascii_whitespace() || *b == self.delimiter;
            if line.iter().all(blank) {
                self.skip(end, 1);
                continue;
            }
            let next = if line.len() > MAX_LINE {
                self.skip(end, 1);
                Next::Wrong("a line of more than 64 KiB", "give one entry a line")
            } else if let Some(comment) = line.trim_ascii_start().strip_prefix(b"#") {
                self.skip(end, 1);
                std::str::from_utf8(comment).map_or(NOT_TEXT, |c| Next::Comment(c.trim()))
            } else {
                self.record(line, record)
            };
            return Some((number, next));
        }
    }

    fn skip(&mut self, bytes: usize, lines: usize) {
        self.rest = self.rest.get(bytes.saturating_add(1)..).unwrap_or_default();
        self.line = self.line.saturating_add(lines);
    }

    fn record(&mut self, line: &'t [u8], record: &mut Record) -> Next<'t> {
        record.clear();
        if memchr(b'"', line).is_none() {
            self.skip(line.len(), 1);
            let Ok(line) = std::str::from_utf8(line) else {
                return NOT_TEXT;
            };
            for cell in line.split(char::from(self.delimiter)) {
                record.push(cell, false);
            }
            return Next::Record;
        }
        // One byte more than a record may have: one that reaches it is too long.
        let window = self.rest.get(..=MAX_LINE).unwrap_or(self.rest);
        let mut spans = Vec::new();
        let end = spans_of(window, self.delimiter, &mut spans).filter(|end| *end <= MAX_LINE);
        let Some(end) = end else {
            self.skip(line.len(), 1);
            return Next::Wrong(
                "a quote that is not closed",
                "close it, and write a quote within quotes twice",
            );
        };
        let bytes = window.get(..end).unwrap_or_default();
        self.skip(
            end,
            memchr::memchr_iter(b'\n', bytes).count().saturating_add(1),
        );
        let Ok(text) = std::str::from_utf8(bytes) else {
            return NOT_TEXT;
        };
        for (start, end, quoted) in spans {
            record.push(text.get(start..end).unwrap_or_default(), quoted);
        }
        Next::Record
    }
}

const NOT_TEXT: Next<'static> = Next::Wrong("a line that is not UTF-8", "save the file as UTF-8");

/// Finds the cells of the record at the beginning of `bytes`, and where it ends.
fn spans_of(bytes: &[u8], delimiter: u8, spans: &mut Vec<Span>) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let blank = |b: &u8| *b == b' ' || (*b == b'\t' && delimiter != b'\t');
        let rest = bytes.get(at..)?;
        let start = at.saturating_add(rest.iter().take_while(|b| blank(b)).count());
        let end = if bytes.get(start) == Some(&b'"') {
            let start = start.saturating_add(1);
            let close = closing(bytes, start)?;
            let after = close.saturating_add(1);
            let end = cell_end(bytes, after, delimiter);
            let remains = bytes.get(after..end)?.trim_ascii();
            if remains.is_empty() {
                spans.push((start, close, true));
            } else if bytes.get(start..close)?.contains(&b'\n') {
                // A quote far below was taken for the one that closes this.
                return None;
            } else {
                spans.push((start.saturating_sub(1), end, false));
            }
            end
        } else {
            let end = cell_end(bytes, at, delimiter);
            spans.push((at, end, false));
            end
        };
        match bytes.get(end) {
            Some(b) if *b == delimiter => at = end.saturating_add(1),
            _ => return Some(end),
        }
    }
}

fn cell_end(bytes: &[u8], from: usize, delimiter: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = memchr2(delimiter, b'\n', rest).unwrap_or(rest.len());
    from.saturating_add(length)
}

/// Where the quote is that ends a quoted cell.
fn closing(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from.saturating_add(memchr(b'"', bytes.get(from..)?)?);
        if bytes.get(at.saturating_add(1)) != Some(&b'"') {
            return Some(at);
        }
        from = at.saturating_add(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], delimiter: u8) -> Vec<(usize, Result<Vec<String>, String>)> {
        let mut records = Records::new(text, delimiter);
        let mut record = Record::default();
        let mut out = Vec::new();
        while let Some((line, next)) = records.next(&mut record) {
            out.push((
                line,
                match next {
                    Next::Record => Ok(record.cells().map(String::from).collect()),
                    Next::Comment(text) => Err(format!("# {text}")),
                    Next::Wrong(what, _) => Err(what.into()),
                },
            ));
        }
        out
    }

    #[test]
    fn quotes_hold_delimiters_quotes_and_line_breaks() {
        let text = b"\xef\xbb\xbfa,b\r\n\"x, \"\"y\"\"\r\nz\", c ,\n\n# note\n  \"p\", \"q,r\" ,\n,,\n5\" disk,e\n\"f\"g,h";
        let all = all(text, b',');
        let cells = |cells: &[&str]| Ok(cells.iter().map(|c| String::from(*c)).collect());
        assert_eq!(
            all,
            [
                (1, cells(&["a", "b"])),
                (2, cells(&["x, \"y\"\r\nz", "c", ""])),
                (5, Err("# note".into())),
                (6, cells(&["p", "q,r", ""])),
                (8, cells(&["5\" disk", "e"])),
                (9, cells(&["\"f\"g", "h"])),
            ]
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_one_line() {
        let text = b"a.example,\"oops\nb.example,fine\nc.example,\"fine\"\nd.example,\"oops";
        let all = all(text, b',');
        assert_eq!(all.len(), 4);
        assert_eq!(all[0], (1, Err("a quote that is not closed".into())));
        assert_eq!(all[1].1.as_ref().unwrap()[0], "b.example");
        assert_eq!(all[2].1.as_ref().unwrap()[1], "fine");
        assert_eq!(all[3], (4, Err("a quote that is not closed".into())));
    }

    #[test]
    fn a_record_that_is_too_long_costs_one_line() {
        let mut text = b"a.example,\"x\n".to_vec();
        text.extend(b"\"\"\"\"\n".repeat(20_000));
        text.extend(b"b.example,\"y\"");
        let all = all(&text, b',');
        assert_eq!(all[0], (1, Err("a quote that is not closed".into())));
        assert_eq!(all.len(), 20_002);
        assert_eq!(
            all[20_001],
            (20_002, Ok(vec!["b.example".into(), "y".into()]))
        );
    }

    #[test]
    fn tabs_part_cells_even_where_they_are_empty() {
        assert_eq!(
            all(b"a\t\t \"b\"\n", b'\t')[0].1.as_ref().unwrap(),
            &["a", "", "b"]
        );
    }

    #[test]
    fn bad_lines_are_named_and_passed() {
        let mut text = b"\xff,a\n\"\xff\",a\n#\xff\n".to_vec();
        text.resize(text.len() + MAX_LINE + 1, b',');
        text.extend(b"x\nb,c\n");
        let all = all(&text, b',');
        let lines: Vec<_> = all
            .iter()
            .map(|(line, next)| (*line, next.is_ok()))
            .collect();
        assert_eq!(
            lines,
            [(1, false), (2, false), (3, false), (4, false), (5, true)]
        );
    }
}
