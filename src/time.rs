//! Packet time.

use std::fmt;
use std::time::SystemTime;

/// A moment in packet time: nanoseconds since 1970-01-01T00:00:00Z, as the capture states it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A [`Timestamp`] taken apart into calendar fields (UTC).
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
}

impl Timestamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From whole seconds and nanoseconds since the epoch; a value that does not fit saturates.
    pub const fn from_parts(secs: i64, nanos: u32) -> Self {
        Self(
            secs.saturating_mul(1_000_000_000)
                .saturating_add(nanos as i64),
        )
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds from `earlier` to `self`; negative where the clock went back.
    pub const fn nanos_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Now, by this machine's clock: only for what is no packet.
    pub fn of_clock() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        Self(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Midnight at the beginning of a day, `YYYY-MM-DD`. `None` where the text has another shape.
    pub fn from_date(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut next = |most: i64| {
            let number = parts.next()?.parse::<i64>().ok()?;
            (0..=most).contains(&number).then_some(number)
        };
        let (year, month, day) = (next(2_200)?, next(12)?, next(31)?);
        // The same rule the other way round: years begin in March.
        #[allow(clippy::arithmetic_side_effects)] // years up to 2,200: nothing here can overflow
        let days = {
            let (year, month) = if month <= 2 {
                (year - 1, month + 9)
            } else {
                (year, month - 3)
            };
            365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day
                - 1
                - 719_468
        };
        Some(Self::from_parts(days.saturating_mul(86_400), 0))
    }

    /// The day in UTC, `YYYY-MM-DD`.
    pub fn date(self) -> String {
        let Civil {
            year, month, day, ..
        } = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Whole days since 1970-01-01, in UTC.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000_000)
    }

    // Howard Hinnant's days-to-civil rule: exact for every day that an i64 of nanoseconds reaches.
    #[allow(clippy::arithmetic_side_effects)] // |days| < 107,000: nothing here can overflow
    fn civil(self) -> Civil {
        let secs = self.0.div_euclid(1_000_000_000);
        let days = secs.div_euclid(86_400);
        let of_day = secs.rem_euclid(86_400);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Civil {
            year: yoe + era * 400 + i64::from(month <= 2),
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanos: self.0.rem_euclid(1_000_000_000),
        }
    }

    /// As Suricata's EVE writes it: `2021-07-18T10:00:00.123456+0000`, UTC, microseconds.
    pub fn eve(self) -> String {
        let c = self.civil();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+0000",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            c.nanos.checked_div(1_000).unwrap_or(0)
        )
    }

    /// For people: `2021-07-18 10:00:00`, UTC, whole seconds.
    pub fn human(self) -> String {
        let c = self.civil();
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            c.year, c.month, c.day, c.hour, c.minute, c.second
        )
    }
}

/// RFC 3339, UTC, nanoseconds: `2021-07-18T10:00:00.123456789Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
            c.year, c.month, c.day, c.hour, c.minute, c.second, c.nanos
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (secs, want) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_626_602_400, "2021-07-18T10:00:00.000000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.000000000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000000000Z"),
        ] {
            assert_eq!(Timestamp::from_parts(secs, 0).to_string(), want);
        }
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        for text in [
            "1970-01-01",
            "2021-07-18",
            "2024-02-29",
            "2000-03-01",
            "2199-12-31",
        ] {
            let human = Timestamp::from_date(text).unwrap().human();
            assert_eq!(human, format!("{text} 00:00:00"));
        }
        for text in ["", "2021", "2021-07", "2021-13-01", "x-y-z", "2021-07-32"] {
            assert_eq!(Timestamp::from_date(text), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_kept() {
        let t = Timestamp::from_parts(1_626_602_400, 123_456_789);
        assert_eq!(t.to_string(), "2021-07-18T10:00:00.123456789Z");
        assert_eq!(t.eve(), "2021-07-18T10:00:00.123456+0000");
        assert_eq!(t.human(), "2021-07-18 10:00:00");
    }

    #[test]
    fn extremes_do_not_panic() {
        for n in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_nanos(n).to_string().is_empty());
        }
        assert_eq!(
            Timestamp::from_parts(i64::MAX, 999_999_999).nanos(),
            i64::MAX
        );
    }
}
