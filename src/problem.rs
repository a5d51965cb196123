//! What can be wrong with a file that a person writes, said so that its author can put it right.

use std::fmt;

/// One defect: where it is, what it is and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `built-in pack NAME`.
    pub file: String,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// Column in characters, from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(crate) fn new(file: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            column: None,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// Whether an entry was left out for it. Otherwise all entries count, or the file as a whole is refused.
    pub fn left_out(&self) -> bool {
        self.what.ends_with(": left out")
    }

    pub(crate) fn at(mut self, line: Option<usize>, column: Option<usize>) -> Self {
        self.line = line;
        self.column = column;
        self
    }
}

/// `FILE:LINE:COLUMN: what: what to do`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Plain(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", Plain(&self.what))?;
        if !self.fix.is_empty() {
            write!(f, ": {}", Plain(&self.fix))?;
        }
        Ok(())
    }
}

/// Text from outside, on one line and without anything that a terminal would obey.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(char::is_control) {
            let mut chars = piece.chars();
            match chars.next_back() {
                Some(last) if last.is_control() => {
                    write!(f, "{}{}", chars.as_str(), last.escape_default())?;
                }
                _ => f.write_str(piece)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        let p = Problem::new("f\t.yaml", "a\u{1b}[2Jb\nc\u{9b}", "ü").at(Some(1), None);
        assert_eq!(p.to_string(), "f\\t.yaml:1: a\\u{1b}[2Jb\\nc\\u{9b}: ü");
    }
}
