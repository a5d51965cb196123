//! An HTTP response: status line, fields and body (RFC 9112, section 4).

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// A status code with its phrase (RFC 9110, section 15; RFC 6585 for 431).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(u16, &'static str);

impl Status {
    pub(super) const fn code(self) -> u16 {
        self.0
    }

    pub(super) const OK: Self = Self(200, "OK");
    pub(super) const BAD_REQUEST: Self = Self(400, "Bad Request");
    pub(super) const NOT_FOUND: Self = Self(404, "Not Found");
    pub(super) const METHOD: Self = Self(405, "Method Not Allowed");
    pub(super) const TIMEOUT: Self = Self(408, "Request Timeout");
    pub(super) const URI_TOO_LONG: Self = Self(414, "URI Too Long");
    pub(super) const MISDIRECTED: Self = Self(421, "Misdirected Request");
    pub(super) const FIELDS_TOO_LARGE: Self = Self(431, "Request Header Fields Too Large");
    pub(super) const INTERNAL: Self = Self(500, "Internal Server Error");
    pub(super) const UNAVAILABLE: Self = Self(503, "Service Unavailable");
    pub(super) const VERSION: Self = Self(505, "HTTP Version Not Supported");
}

/// A response that closes the connection.
#[derive(Debug)]
pub(super) struct Response {
    status: Status,
    content_type: &'static str,
    body: String,
    retry: bool,
}

impl Response {
    pub(super) fn new(status: Status, content_type: &'static str, body: String) -> Self {
        Self {
            status,
            content_type,
            body,
            retry: false,
        }
    }

    /// Plain text; gets a line end where it has none.
    pub(super) fn text(status: Status, body: impl Into<String>) -> Self {
        let mut body = body.into();
        if !body.ends_with('\n') {
            body.push('\n');
        }
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// Says that it is worth asking again in a second.
    pub(super) fn retry(mut self) -> Self {
        self.retry = true;
        self
    }

    /// The bytes to send. `head_only` leaves the body out but says its length (RFC 9110, section 9.3.2).
    pub(super) fn bytes(self, head_only: bool) -> Vec<u8> {
        let Self {
            status: Status(code, phrase),
            content_type,
            body,
            retry,
        } = self;
        let length = body.len();
        let mut text = format!(
            "HTTP/1.1 {code} {phrase}\r\n\
             Content-Type: {content_type}\r\n\
             Content-Length: {length}\r\n\
             Cache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n"
        );
        if let Some(date) = date(SystemTime::now()) {
            let _ = write!(text, "Date: {date}\r\n");
        }
        if code == Status::METHOD.0 {
            text.push_str("Allow: GET, HEAD\r\n");
        }
        if retry {
            text.push_str("Retry-After: 1\r\n");
        }
        text.push_str("\r\n");
        if !head_only {
            text.push_str(&body);
        }
        text.into_bytes()
    }
}

/// RFC 9110, section 5.6.7. None where the clock stands before 1970 or after 9999.
fn date(now: SystemTime) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let secs = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let days = secs / 86_400;
    let weekday = DAYS.get(usize::try_from(days % 7).ok()?)?;
    let is_leap = |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let mut day = days;
    let mut year = None;
    for y in 1970..=9999 {
        match day.checked_sub(if is_leap(y) { 366 } else { 365 }) {
            Some(rest) => day = rest,
            None => {
                year = Some(y);
                break;
            }
        }
    }
    let year = year?;
    for (month, length) in MONTHS {
        let leap = u64::from(month == "Feb" && is_leap(year));
        match day.checked_sub(length.saturating_add(leap)) {
            Some(rest) => day = rest,
            None => {
                let day = day.saturating_add(1);
                let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
                return Some(format!(
                    "{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |secs| date(UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        assert_eq!(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        // The example of RFC 9110.
        assert_eq!(at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(at(951_868_800), "Wed, 01 Mar 2000 00:00:00 GMT");
        assert_eq!(at(4_107_542_399), "Sun, 28 Feb 2100 23:59:59 GMT");
        assert_eq!(at(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(date(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(
            date(UNIX_EPOCH + Duration::from_secs(253_402_300_800)),
            None
        );
    }

    #[test]
    fn a_head_says_the_length_of_the_body_that_it_leaves_out() {
        let whole = String::from_utf8(Response::text(Status::OK, "é").bytes(false)).unwrap();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "é\n");
        assert!(head.contains("\r\nContent-Length: 3\r\n"), "{head}");
        let head = String::from_utf8(Response::text(Status::OK, "é").bytes(true)).unwrap();
        assert!(head.contains("\r\nContent-Length: 3\r\n"), "{head}");
        assert!(head.ends_with("\r\n\r\n"), "{head}");
    }
}
