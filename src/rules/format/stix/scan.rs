//! The words of STIX patterns: keywords, marks, names and values, with white space and comments between them.

use std::borrow::Cow;

/// A pattern, and how far it is read.
pub(super) struct Scanner<'p> {
    pub(super) text: &'p str,
    pub(super) at: usize,
    /// How many values were read.
    pub(super) values: usize,
}

/// What was read, or what was expected instead.
pub(super) type Parsed<T> = Result<T, String>;

const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte >= 0x80
}

impl<'p> Scanner<'p> {
    pub(super) const fn new(text: &'p str) -> Self {
        Self {
            text,
            at: 0,
            values: 0,
        }
    }

    pub(super) fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was passed since `start`.
    pub(super) fn since(&self, start: usize) -> &'p str {
        let passed = self.text.get(start..self.at).unwrap_or_default();
        passed.trim()
    }

    fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    pub(super) fn expected(&self, what: &str) -> String {
        let next: String = self.rest().chars().take(20).collect();
        if next.is_empty() {
            format!("it ends where {what} is expected")
        } else {
            format!("{what} is expected before `{next}`")
        }
    }

    /// Passes white space and comments.
    pub(super) fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let text = rest.trim_start();
            let end = if text.starts_with("//") {
                text.find('\n').unwrap_or(text.len())
            } else if text.starts_with("/*") {
                let end = text.find("*/").map(|end| end.saturating_add(2));
                end.unwrap_or(text.len())
            } else {
                0
            };
            self.pass(rest.len().saturating_sub(text.len()).saturating_add(end));
            if end == 0 {
                return;
            }
        }
    }

    pub(super) fn eat(&mut self, mark: &str) -> bool {
        self.skip();
        let there = self.rest().starts_with(mark);
        if there {
            self.pass(mark.len());
        }
        there
    }

    pub(super) fn need(&mut self, mark: &str) -> Parsed<()> {
        if self.eat(mark) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{mark}`")))
        }
    }

    /// Passes a keyword, in whatever case.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        self.skip();
        let rest = self.rest().as_bytes();
        let there = rest
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
            && !rest.get(word.len()).copied().is_some_and(in_word);
        if there {
            self.pass(word.len());
        }
        there
    }

    pub(super) fn word(&mut self, what: &str) -> Parsed<&'p str> {
        self.skip();
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !in_word(byte));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if word.is_empty() {
            return Err(self.expected(what));
        }
        self.pass(word.len());
        Ok(word)
    }

    /// A text, a number, `true`, a time (`t'...'`), or bytes (`h'...'`, `b'...'`): as written, less the quotes.
    pub(super) fn value(&mut self) -> Parsed<Cow<'p, str>> {
        self.skip();
        self.values = self.values.saturating_add(1);
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix(['t', 'h', 'b'])
            && quoted.starts_with('\'')
        {
            self.pass(1);
            return self.quoted();
        }
        if rest.starts_with(['\'', '"']) {
            return self.quoted();
        }
        let end = rest
            .bytes()
            .position(|byte| !in_word(byte) && !b"+.".contains(&byte));
        let value = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let number =
            value.starts_with(|start: char| start.is_ascii_digit() || "+-.".contains(start));
        if !number
            && !["true", "false"]
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word))
        {
            return Err(self.expected("a value (`'...'` or a number)"));
        }
        self.pass(value.len());
        Ok(Cow::Borrowed(value))
    }

    /// A text in quotes, in which `\` stands before a quote and before itself.
    pub(super) fn quoted(&mut self) -> Parsed<Cow<'p, str>> {
        let mut marks = self.rest().char_indices();
        let quote = marks.next().map(|(_, quote)| quote);
        let mut kept: Option<String> = None;
        let mut from = 1;
        while let Some((at, mark)) = marks.next() {
            if mark == '\\' {
                let Some((next, escaped)) = marks.next() else {
                    break;
                };
                // Before anything else it stands for itself, as in regular expressions that were not escaped.
                if escaped == '\\' || escaped == '\'' || escaped == '"' {
                    let part = self.rest().get(from..at).unwrap_or_default();
                    kept.get_or_insert_default().push_str(part);
                    from = next;
                }
            } else if Some(mark) == quote {
                let part = self.rest().get(from..at).unwrap_or_default();
                self.pass(at.saturating_add(1));
                return Ok(match kept {
                    Some(kept) => Cow::Owned(kept + part),
                    None => Cow::Borrowed(part),
                });
            }
        }
        let start: String = self.rest().chars().take(20).collect();
        Err(format!("a quote is not closed: `{start}`"))
    }
}
