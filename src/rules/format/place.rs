//! Which line of a text a byte is on, what is cut from a text that is too long, and dates.

use memchr::memchr_iter;

use crate::rules::date::is_date;

/// Counts lines as a reader goes on through a text. It never goes back, so all calls together look at the text once.
#[derive(Debug, Clone)]
pub(super) struct Place<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Place<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line, from 1, of the byte at `offset`; that of the last call where `offset` is before it.
    pub(super) fn line(&mut self, offset: usize) -> usize {
        if let Some(passed) = self.text.get(self.at..offset) {
            self.line = self.line.saturating_add(memchr_iter(b'\n', passed).count());
            self.at = offset;
        }
        self.line
    }
}

/// The beginning of `text`, of at most `most` bytes, without white space around it.
pub(super) fn clip(text: &str, most: usize) -> &str {
    let text = text.trim();
    start(text, most).trim_end()
}

/// The beginning of `text`, of at most `most` bytes and whole characters.
pub(super) fn start(text: &str, most: usize) -> &str {
    let mut ends = (0..=most.min(text.len())).rev();
    let end = ends.find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// As [`clip`]; nothing where it is empty.
pub(super) fn clipped(text: &str, most: usize) -> Option<String> {
    let text = clip(text, most);
    (!text.is_empty()).then(|| text.to_owned())
}

/// The day of a time as ISO 8601 writes it, from 1970 on.
pub(super) fn iso_day(text: &str) -> Option<String> {
    let (day, rest) = text.trim().split_at_checked(10)?;
    let good =
        is_date(day) && day >= "1970" && (rest.is_empty() || rest.starts_with(['T', 't', ' ']));
    good.then(|| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_forward() {
        let mut place = Place::new(b"a\nb\n\nc");
        assert_eq!(place.line(0), 1);
        assert_eq!(place.line(2), 2);
        assert_eq!(place.line(5), 4);
        assert_eq!(place.line(2), 4);
        assert_eq!(place.line(99), 4);
    }

    #[test]
    fn days_are_right() {
        assert_eq!(
            iso_day("2016-08-29T10:00:00Z").as_deref(),
            Some("2016-08-29")
        );
        assert_eq!(iso_day("2024-02-29").as_deref(), Some("2024-02-29"));
        for bad in [
            "0001-01-01T00:00:00",
            "2023-02-29",
            "2016-13-01",
            "2016-08-29x",
            "+016-08-29",
            "201é-08-29",
            "",
        ] {
            assert_eq!(iso_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(clip("  aé ", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
        assert_eq!(clipped(" ", 3), None);
    }
}
