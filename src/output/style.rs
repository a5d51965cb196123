//! Colours on a terminal.

use std::io::IsTerminal;

/// Whether and how to colour text. Colour never carries meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    enabled: bool,
}

impl Style {
    /// No colours.
    pub const PLAIN: Self = Self { enabled: false };

    /// Colours where `stream` is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            enabled: stream.is_terminal() && !refused,
        }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.enabled {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// For the name in an alert and for verdicts that ask for action.
    pub fn alarm(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// For what limits the result.
    pub fn caution(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// For headings and devices.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what is there for completeness.
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }
}

/// `text` without control characters, so that a file name cannot steer a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (i, digit) in digits.chars().enumerate() {
        if i != 0 && digits.len().saturating_sub(i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 packet`, `2 packets`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, want) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(n), want);
        }
        assert_eq!(counted(1, "packet", "packets"), "1 packet");
        assert_eq!(counted(2_000, "packet", "packets"), "2,000 packets");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(printable("Köln.pcap"), "Köln.pcap");
    }
}
