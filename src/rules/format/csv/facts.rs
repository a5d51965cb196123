//! What the cells beside an indicator say about it.

use super::records::Record;
use super::role::Role;
use crate::rules::date;
use crate::rules::format::listing::Facts;
use crate::rules::indicator::{Confidence, Severity};

/// The cell, unless it is one of the ways to say nothing.
pub(super) fn said(cell: &str) -> Option<&str> {
    const NOTHING: [&str; 11] = [
        "-",
        "--",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "nan",
        "unknown",
        "undefined",
        "unknown malware",
    ];
    let nothing = cell.is_empty() || NOTHING.iter().any(|n| cell.eq_ignore_ascii_case(n));
    (!nothing).then_some(cell)
}

/// What a record says besides its indicators.
pub(super) fn facts(record: &Record, roles: &[Option<Role>]) -> Facts {
    let mut facts = Facts::default();
    let mut named = u8::MAX;
    for (cell, role) in record.cells().zip(roles) {
        let (Some(cell), Some(role)) = (said(cell), role) else {
            continue;
        };
        match role {
            Role::FirstSeen => earliest(&mut facts.first_seen, date(cell)),
            // What is no date is given as it is: whoever takes it says so.
            Role::Expires => {
                earliest(
                    &mut facts.expires,
                    Some(date(cell).unwrap_or_else(|| cell.into())),
                );
            }
            Role::Confidence => facts.confidence = facts.confidence.or(confidence(cell)),
            Role::Severity => facts.severity = facts.severity.or(severity(cell)),
            Role::Threat(rank) if *rank < named => {
                facts.threat = Some(cell.into());
                named = *rank;
            }
            Role::Tags => tags(cell, &mut facts.tags),
            Role::References => references(cell, &mut facts.references),
            Role::Note if facts.note.is_none() => facts.note = Some(cell.into()),
            Role::Source if is_url(cell) => references(cell, &mut facts.references),
            Role::Source if facts.source.is_none() => facts.source = Some(cell.into()),
            _ => {}
        }
    }
    facts
}

/// Dates of the form `YYYY-MM-DD` are in order as texts.
fn earliest(known: &mut Option<String>, date: Option<String>) {
    if known.is_none()
        || date
            .as_ref()
            .is_some_and(|date| known.as_ref() > Some(date))
    {
        *known = date.or(known.take());
    }
}

/// `YYYY-MM-DD` of a date, with or without a time behind it: also `YYYY/MM/DD`, `YYYYMMDD`, `DD.MM.YYYY` and seconds since 1970.
/// Days and months apart by `/` may stand in either order, so they are not read.
pub(super) fn date(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| c.is_whitespace() || c == 'T')
        .unwrap_or(text.len());
    let day = text.get(..end)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if digits(day) {
        return match day.len() {
            8 => date::of_numbers(day.get(..4)?, day.get(4..6)?, day.get(6..)?),
            10 => date::of_unix(day.parse().ok()?),
            13 => date::of_unix(day.get(..10)?.parse().ok()?),
            _ => None,
        };
    }
    let separator = day.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = day.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && digits(first) && digits(second) && digits(third);
    match (separator, first.len()) {
        ('-' | '/' | '.', 4) if whole => date::of_numbers(first, second, third),
        ('.', 1 | 2) if whole && third.len() == 4 => date::of_numbers(third, second, first),
        _ => None,
    }
}

/// A word, a number to 100 or a fraction of 1; numbers are parted as STIX 2.1 does in its appendix A.
fn confidence(cell: &str) -> Option<Confidence> {
    let percent = cell.trim_end_matches('%').trim();
    let number: Option<f64> = percent.parse().ok().filter(|n| (0.0..=100.0).contains(n));
    let number = number.map(|n| {
        if percent.contains('.') && n <= 1.0 {
            n * 100.0
        } else {
            n
        }
    });
    match (cell.to_ascii_lowercase().as_str(), number) {
        ("low", _) => Some(Confidence::Low),
        ("medium" | "moderate" | "med", _) => Some(Confidence::Medium),
        ("high" | "confirmed" | "certain" | "very high", _) => Some(Confidence::High),
        (_, Some(n)) if n < 30.0 => Some(Confidence::Low),
        (_, Some(n)) if n < 70.0 => Some(Confidence::Medium),
        (_, Some(_)) => Some(Confidence::High),
        _ => None,
    }
}

fn severity(cell: &str) -> Option<Severity> {
    Some(match cell.to_ascii_lowercase().as_str() {
        "low" | "info" | "informational" | "minor" => Severity::Low,
        "medium" | "moderate" | "med" => Severity::Medium,
        "high" | "major" | "severe" => Severity::High,
        "critical" | "very high" => Severity::Critical,
        _ => return None,
    })
}

/// Labels apart by `,`, `;` or `|`. More than 64 are no labels.
fn tags(cell: &str, known: &mut Vec<String>) {
    for tag in cell.split([',', ';', '|']).map(str::trim) {
        if said(tag).is_some() && known.len() < 64 && !known.iter().any(|known| known == tag) {
            known.push(tag.into());
        }
    }
}

fn references(cell: &str, known: &mut Vec<String>) {
    // A comma may be part of a URL, so only what begins a URL again parts two.
    for url in cell.split(|c: char| c.is_whitespace() || c == '|' || c == ';') {
        let url = url.trim_matches([',', '"', '\'', '<', '>']);
        if is_url(url) && known.len() < 64 && !known.iter().any(|known| known == url) {
            known.push(url.into());
        }
    }
}

fn is_url(text: &str) -> bool {
    let starts = |with: &str| {
        let start = text.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    starts("https://") || starts("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_many_forms() {
        for (text, meant) in [
            ("2024-09-02 06:17:52", "2024-09-02"),
            ("2024-09-02T06:17:52Z", "2024-09-02"),
            ("2024/9/2", "2024-09-02"),
            ("20170516", "2017-05-16"),
            ("2.9.2024", "2024-09-02"),
            ("0951782400", "2000-02-29"),
            ("1700000000", "2023-11-14"),
            ("1700000000123", "2023-11-14"),
            ("1709164800", "2024-02-29"),
        ] {
            assert_eq!(date(text).as_deref(), Some(meant), "{text}");
        }
        for text in [
            "",
            "09/02/2024",
            "2024-13-01",
            "2023-02-29",
            "soon",
            "2024",
            "2024-1",
            "1-2-3-4",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn words_and_numbers_say_how_sure() {
        assert_eq!(confidence("100"), Some(Confidence::High));
        assert_eq!(confidence("50"), Some(Confidence::Medium));
        assert_eq!(confidence("0.2"), Some(Confidence::Low));
        assert_eq!(confidence("Moderate"), Some(Confidence::Medium));
        assert_eq!(confidence("75%"), Some(Confidence::High));
        assert_eq!(confidence("101"), None);
        assert_eq!(confidence("nan"), None);
        assert_eq!(severity("Critical"), Some(Severity::Critical));
        assert_eq!(severity("3"), None);
    }

    #[test]
    fn facts_of_a_row() {
        let record = Record::of_line(
            "2024-02-01,2024-01-01,Unknown malware,win.thing,\"c2, rat,c2\",https://a.example/1 https://b.example/2,Lab,https://lab.example",
            b',',
        );
        let roles = [
            Role::FirstSeen,
            Role::FirstSeen,
            Role::Threat(0),
            Role::Threat(2),
            Role::Tags,
            Role::References,
            Role::Source,
            Role::Source,
        ]
        .map(Some);
        let facts = facts(&record, &roles);
        assert_eq!(facts.first_seen.as_deref(), Some("2024-01-01"));
        assert_eq!(facts.threat.as_deref(), Some("win.thing"));
        assert_eq!(facts.tags, ["c2", "rat"]);
        assert_eq!(
            facts.references,
            [
                "https://a.example/1",
                "https://b.example/2",
                "https://lab.example"
            ]
        );
        assert_eq!(facts.source.as_deref(), Some("Lab"));
    }
}
