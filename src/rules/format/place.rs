//! Which line of a text a byte is on, what is cut from a text that is too long, and dates.

use memchr::memchr_iter;

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

/// The day, `YYYY-MM-DD`, that an ISO 8601 time begins with. Days before 1970 are stand-ins for "unknown" in every tool.
pub(super) fn iso_day(text: &str) -> Option<String> {
    let text = text.trim();
    let (day, rest) = text.split_at_checked(10)?;
    let mut parts = day.split('-');
    let mut number = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        let all = part.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| part.parse::<u64>().ok())?
    };
    let (year, month, date) = (number(4)?, number(2)?, number(2)?);
    let good = year >= 1970 && date >= 1 && date <= days_of(year, month)?;
    (good && (rest.is_empty() || rest.starts_with(['T', 't', ' ']))).then(|| day.to_owned())
}

/// The day, `YYYY-MM-DD`, of a number of seconds since 1970 (UTC). 0 stands for "unknown".
pub(super) fn unix_day(seconds: u64) -> Option<String> {
    const DAY: u64 = 86_400;
    let mut days = Some(seconds / DAY).filter(|_| seconds > 0)?;
    let mut year = 1970_u64;
    while let Some(rest) = days.checked_sub(365_u64.saturating_add(leap(year).into())) {
        days = rest;
        year = year.saturating_add(1);
        if year > 9999 {
            return None;
        }
    }
    let mut month = 1_u64;
    while let Some(rest) = days.checked_sub(days_of(year, month)?) {
        days = rest;
        month = month.saturating_add(1);
    }
    let date = days.saturating_add(1);
    Some(format!("{year:04}-{month:02}-{date:02}"))
}

fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> Option<u64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap(year) { 29 } else { 28 }),
        _ => None,
    }
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
        let day = |seconds| unix_day(seconds).unwrap_or_default();
        assert_eq!(day(0), "");
        assert_eq!(day(1), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_472_541_011), "2016-08-30");
        assert_eq!(day(1_735_689_599), "2024-12-31");
        assert_eq!(day(1_735_689_600), "2025-01-01");
        assert_eq!(unix_day(u64::MAX), None);
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
