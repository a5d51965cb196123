//! What came of an update: a table for people, JSON for machines.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::fetch::{FeedReport, Outcome, UpdateReport};
use crate::output::{Style, counted, grouped, printable};

/// Writes a line for each list, and what to do with them.
pub(super) fn write_text(
    to: &mut impl Write,
    style: Style,
    folder: &Path,
    report: &UpdateReport,
) -> io::Result<()> {
    let names: Vec<String> = report.feeds.iter().map(called).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or(0);
    for (feed, name) in report.feeds.iter().zip(&names) {
        let (entries, before) = counts(&feed.outcome);
        let entries = entries.map_or(String::new(), grouped);
        let outcome = format!("{:<9}", word(&feed.outcome));
        let outcome = if feed.outcome.is_good() {
            outcome
        } else {
            style.caution(&outcome)
        };
        let line = format!("{name:<width$}  {outcome}  {entries:>9}");
        write!(to, "{}", line.trim_end())?;
        if let Some(before) = before {
            write!(to, " entries, before {}", grouped(before))?;
        } else if !entries.is_empty() {
            write!(to, " {}", plural(&feed.outcome))?;
        }
        writeln!(to)?;
        if let Outcome::Failed(why) | Outcome::Refused(why) = &feed.outcome {
            writeln!(to, "    {}", printable(why))?;
        }
    }
    for name in &report.gone {
        let line =
            format!("{name}: the index does not name it any more; it stays until you remove it");
        writeln!(to, "{}", style.faint(&line))?;
    }
    let all = report.feeds.len();
    let good = all.saturating_sub(report.bad());
    let mut end = format!(
        "{} up to date in {}",
        counted(good as u64, "list is", "lists are"),
        folder.display()
    );
    if report.bad() != 0 {
        end.push_str(&format!(
            "; {} not, and old copies stay",
            counted(report.bad() as u64, "is", "are")
        ));
    }
    writeln!(to, "{}", style.strong(&printable(&end)))?;
    if good != 0 {
        let folder = printable(&folder.display().to_string());
        writeln!(to, "To use them: --rules {folder}")?;
    }
    Ok(())
}

/// What a list is called: its file, or what else is known of it.
fn called(feed: &FeedReport) -> String {
    match (&feed.name, feed.title.as_str(), feed.from.as_str()) {
        (Some(name), ..) => name.to_string(),
        (None, "", "") => "(an entry without a name)".to_owned(),
        (None, "", from) => printable(from),
        (None, title, _) => printable(title),
    }
}

const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::New { .. } => "new",
        Outcome::Updated { .. } => "updated",
        Outcome::Unchanged { .. } => "unchanged",
        Outcome::Failed(_) => "failed",
        Outcome::Refused(_) => "refused",
    }
}

/// Entries now, and before.
const fn counts(outcome: &Outcome) -> (Option<u64>, Option<u64>) {
    match outcome {
        Outcome::New { entries } | Outcome::Unchanged { entries } => (Some(*entries), None),
        Outcome::Updated { entries, before } => (Some(*entries), *before),
        Outcome::Failed(_) | Outcome::Refused(_) => (None, None),
    }
}

fn plural(outcome: &Outcome) -> &'static str {
    match counts(outcome).0 {
        Some(1) => "entry",
        _ => "entries",
    }
}

#[derive(Serialize)]
struct Report<'a> {
    folder: String,
    changed: bool,
    bad: usize,
    feeds: Vec<Line<'a>>,
    /// Not named by the index any more.
    gone: Vec<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    file: Option<&'a str>,
    title: &'a str,
    from: &'a str,
    outcome: &'static str,
    entries: Option<u64>,
    before: Option<u64>,
    why: Option<&'a str>,
}

/// Writes one line of JSON.
pub(super) fn write_json(
    to: &mut impl Write,
    folder: &Path,
    report: &UpdateReport,
) -> io::Result<()> {
    let feeds = report.feeds.iter().map(|feed| {
        let (entries, before) = counts(&feed.outcome);
        Line {
            file: feed.name.as_ref().map(|name| name.as_str()),
            title: &feed.title,
            from: &feed.from,
            outcome: word(&feed.outcome),
            entries,
            before,
            why: match &feed.outcome {
                Outcome::Failed(why) | Outcome::Refused(why) => Some(why),
                _ => None,
            },
        }
    });
    let line = Report {
        folder: folder.display().to_string(),
        changed: report.changed(),
        bad: report.bad(),
        feeds: feeds.collect(),
        gone: report.gone.iter().map(|name| name.as_str()).collect(),
    };
    serde_json::to_writer(&mut *to, &line)?;
    writeln!(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::FeedName;

    fn report() -> UpdateReport {
        let feed = |name: &str, outcome| FeedReport {
            title: "T\u{1b}".into(),
            name: FeedName::existing(name),
            from: "https://a.example/x".into(),
            outcome,
        };
        UpdateReport {
            feeds: vec![
                feed(
                    "a.txt",
                    Outcome::Updated {
                        entries: 1_234,
                        before: Some(5),
                    },
                ),
                feed("b-long.txt", Outcome::New { entries: 1 }),
                feed("", Outcome::Failed("no\u{1b}".into())),
            ],
            gone: vec![FeedName::existing("c.txt").unwrap()],
        }
    }

    #[test]
    fn people_see_a_table() {
        let mut text = Vec::new();
        write_text(&mut text, Style::PLAIN, Path::new("/f"), &report()).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(
            text,
            "a.txt       updated        1,234 entries, before 5\n\
             b-long.txt  new                1 entry\n\
             T\\u{1b}     failed\n\
             \x20   no\\u{1b}\n\
             c.txt: the index does not name it any more; it stays until you remove it\n\
             2 lists are up to date in /f; 1 is not, and old copies stay\n\
             To use them: --rules /f\n"
        );
    }

    #[test]
    fn machines_see_everything() {
        let mut text = Vec::new();
        write_json(&mut text, Path::new("/f"), &report()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json["bad"], 1);
        assert_eq!(json["changed"], true);
        assert_eq!(json["feeds"][0]["before"], 5);
        assert_eq!(json["feeds"][1]["file"], "b-long.txt");
        assert_eq!(json["feeds"][2]["file"], serde_json::Value::Null);
        assert_eq!(json["feeds"][2]["outcome"], "failed");
        assert_eq!(json["gone"][0], "c.txt");
    }
}
