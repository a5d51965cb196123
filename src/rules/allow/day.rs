//! Days as numbers.

use crate::rules::date::is_date;

/// Days from 1970-01-01 to a day of the calendar, `YYYY-MM-DD`. Nothing where the text is none.
pub(super) fn number(text: &str) -> Option<i64> {
    if !is_date(text) {
        return None;
    }
    let field = |range| text.get(range).and_then(|t: &str| t.parse::<i64>().ok());
    let (year, month, day) = (field(0..4)?, field(5..7)?, field(8..10)?);
    // Years that begin in March have their leap day in the end.
    let (year, month) = if month <= 2 {
        (year.checked_sub(1)?, month.checked_add(9)?)
    } else {
        (year, month.checked_sub(3)?)
    };
    #[allow(clippy::arithmetic_side_effects)] // years have four digits: nothing here can overflow
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2).div_euclid(5)
        + day
        - 1
        - 719_468;
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, want) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("2000-03-01", Some(11_017)),
            ("2026-11-28", Some(20_785)),
            ("0000-01-01", Some(-719_528)),
            ("9999-12-31", Some(2_932_896)),
            ("2026-02-29", None),
            ("today", None),
        ] {
            assert_eq!(number(text), want, "{text}");
        }
    }
}
