//! Dates in rule files.

use crate::time::Timestamp;

/// Whether a text is a day of the Gregorian calendar, `YYYY-MM-DD`.
pub(super) fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let number = |range| {
        text.get(range)
            .and_then(|t: &str| t.parse::<u32>().ok())
            .unwrap_or(0)
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    shape && (1..=days).contains(&day)
}

/// The day of a time in seconds since 1970-01-01 UTC, `YYYY-MM-DD`; nothing for 0, which stands for no time, and after 2262.
pub(super) fn of_unix(seconds: u64) -> Option<String> {
    let nanos = i64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
    (seconds != 0).then(|| Timestamp::from_nanos(nanos).date())
}

/// A day of the calendar from 1970 on, by its numbers as they are written, `YYYY-MM-DD`.
pub(super) fn of_numbers(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |text: &str| text.parse::<u32>().ok();
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    let text = format!("{year:04}-{month:02}-{day:02}");
    (year >= 1970 && is_date(&text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_times_and_numbers() {
        for (seconds, want) in [
            (1, Some("1970-01-01")),
            (951_782_400, Some("2000-02-29")),
            (1_472_541_011, Some("2016-08-30")),
            (1_735_689_599, Some("2024-12-31")),
            (1_735_689_600, Some("2025-01-01")),
            (0, None),
            (u64::MAX, None),
        ] {
            assert_eq!(of_unix(seconds).as_deref(), want, "{seconds}");
        }
        assert_eq!(of_numbers("2021", "7", "8").as_deref(), Some("2021-07-08"));
        for (year, month, day) in [("1969", "12", "31"), ("2023", "2", "29"), ("x", "1", "1")] {
            assert_eq!(of_numbers(year, month, day), None);
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2021-07-18", "2024-02-29", "2000-02-29", "1999-12-31"] {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "2021-7-18",
            "2021-02-29",
            "1900-02-29",
            "2021-13-01",
            "2021-00-10",
            "2021-04-31",
            "18.07.2021",
            "2021-07-18T00",
            "",
            "2021-07-ü",
            "+021-07-18",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
