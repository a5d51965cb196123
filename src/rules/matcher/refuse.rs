//! What the readers of single indicators have in common where they refuse one.

use std::fmt::{self, Write as _};

use super::super::domain::Refusal;

/// How many characters of a refused text are shown: a line of a broken list may have megabytes.
const SHOWN: usize = 100;

/// What is wrong and what to do.
pub(super) fn refuse(what: impl Into<String>, fix: impl Into<String>) -> Refusal {
    (what.into(), fix.into())
}

/// A text from a list in backquotes, cut where it is very long.
pub(super) struct Shown<'t>(pub(super) &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        match self.0.char_indices().nth(SHOWN) {
            None => f.write_str(self.0)?,
            Some((end, _)) => write!(f, "{}...", self.0.get(..end).unwrap_or_default())?,
        }
        f.write_char('`')
    }
}

/// The text without the brackets that keep people from following it, where it has any.
pub(super) fn without_defanging(text: &str) -> Option<String> {
    let brackets = [
        ("[.]", "."),
        ("(.)", "."),
        ("[dot]", "."),
        ("[:]", ":"),
        ("[/]", "/"),
        ("[://]", "://"),
    ];
    if !brackets.iter().any(|(from, _)| text.contains(from)) {
        return None;
    }
    Some(
        brackets
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(Shown("a`b").to_string(), "`a`b`");
        let long = "ä".repeat(1_000);
        assert_eq!(
            Shown(&long).to_string(),
            format!("`{}...`", "ä".repeat(100))
        );
    }
}
