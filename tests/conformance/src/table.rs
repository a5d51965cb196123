//! The score as text and as JSON.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::score::{Counts, Score};

/// What is shown.
#[derive(Debug, Clone, Copy)]
pub struct Show {
    /// Recall by tag.
    pub tags: bool,
    /// How many of the worst captures.
    pub worst: usize,
}

/// The tables.
pub fn text(score: &Score, show: Show) -> String {
    let mut out = String::new();
    table(&mut out, "By kind", &score.families);
    line(&mut out, "all", &score.total);
    table(&mut out, "By collection", &score.collections);
    if let Some((files, full, mean)) = score.by_file() {
        let _ = writeln!(
            out,
            "\nBy capture: {files} with wanted names, {full} of them found fully, mean recall {mean:.2} %"
        );
    }
    if show.tags {
        let tags = score.tags.iter().filter(|(_, counts)| counts.wanted > 0);
        let tags: BTreeMap<String, Counts> = tags.map(|(t, c)| (t.clone(), *c)).collect();
        if !tags.is_empty() {
            let _ = writeln!(
                out,
                "\n{:32} {:>8} {:>8} {:>8}",
                "Only seen in", "wanted", "found", "recall"
            );
        }
        for (tag, counts) in sorted(&tags) {
            let recall = percent(counts.recall());
            let _ = writeln!(
                out,
                "{tag:32} {:8} {:8} {recall:>8}",
                counts.wanted, counts.found
            );
        }
    }
    let missed = |c: &Counts| c.wanted - c.found;
    worst(&mut out, "missed", score, show.worst, missed);
    worst(&mut out, "wrong", score, show.worst, |c| {
        c.mislabelled + c.spurious
    });
    if !score.unknown.is_empty() {
        let names: u64 = score.unknown.values().sum();
        let first = score.unknown.keys().next().map_or("", String::as_str);
        let _ = writeln!(
            out,
            "\nNot compared: {names} names in {} captures that the oracle does not know, such as \
             {first}. Where it found no name in them, say so with --files.",
            score.unknown.len()
        );
    }
    out
}

fn table(out: &mut String, title: &str, rows: &BTreeMap<String, Counts>) {
    let _ = writeln!(
        out,
        "{}{title:32} {:>8} {:>8} {:>8} {:>8} | {:>8} {:>8} {:>8} {:>9} | {:>8} {:>8}",
        if out.is_empty() { "" } else { "\n" },
        "wanted",
        "found",
        "missed",
        "recall",
        "given",
        "mislabel",
        "spurious",
        "precision",
        "optional",
        "found"
    );
    for (name, counts) in sorted(rows) {
        line(out, name, counts);
    }
}

fn line(out: &mut String, name: &str, c: &Counts) {
    let _ = writeln!(
        out,
        "{name:32} {:8} {:8} {:8} {:>8} | {:8} {:8} {:8} {:>9} | {:8} {:8}",
        c.wanted,
        c.found,
        c.wanted - c.found,
        percent(c.recall()),
        c.given,
        c.mislabelled,
        c.spurious,
        percent(c.precision()),
        c.optional,
        c.optional_found
    );
}

/// Most names first.
fn sorted(rows: &BTreeMap<String, Counts>) -> Vec<(&String, &Counts)> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|(_, counts)| Reverse(counts.wanted + counts.given));
    rows
}

fn percent(value: Option<f64>) -> String {
    // Not rounded up: 100.00 has to mean all.
    value.map_or_else(
        || "-".into(),
        |v| format!("{:.2}", (v * 100.0).floor() / 100.0),
    )
}

fn worst(out: &mut String, what: &str, score: &Score, most: usize, count: impl Fn(&Counts) -> u64) {
    let mut files: Vec<_> = score
        .files
        .iter()
        .map(|(file, c)| (count(c), file, c))
        .collect();
    files.retain(|(n, ..)| *n > 0);
    files.sort_by_key(|(n, ..)| Reverse(*n));
    if !files.is_empty() && most > 0 {
        let _ = writeln!(out, "\nMost {what}, of {} captures:", files.len());
    }
    for (n, file, counts) in files.into_iter().take(most) {
        let of = if what == "missed" {
            counts.wanted
        } else {
            counts.given
        };
        let _ = writeln!(out, "{n:8} of {of:6}  {file}");
    }
}

/// All numbers.
pub fn json(score: &Score) -> Value {
    let all = |rows: &BTreeMap<String, Counts>| -> Value {
        rows.iter()
            .map(|(name, c)| (name.clone(), counts(c)))
            .collect()
    };
    json!({
        "total": counts(&score.total),
        "family": all(&score.families),
        "collection": all(&score.collections),
        "tag": all(&score.tags),
    })
}

fn counts(c: &Counts) -> Value {
    json!({
        "want": c.wanted, "hit": c.found, "opt": c.optional, "opt_hit": c.optional_found,
        "cand": c.given, "ok": c.right, "misl": c.mislabelled, "spur": c.spurious,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_in_a_thousand_is_not_a_hundred_percent() {
        let counts = Counts {
            wanted: 100_000,
            found: 99_999,
            ..Counts::default()
        };
        assert_eq!(percent(counts.recall()), "99.99");
        assert_eq!(percent(counts.precision()), "-");
        let counts = Counts {
            wanted: 3,
            found: 3,
            ..Counts::default()
        };
        assert_eq!(percent(counts.recall()), "100.00");
    }

    #[test]
    fn what_is_shown() {
        let mut score = Score::default();
        let counts = Counts {
            wanted: 4,
            found: 3,
            given: 5,
            right: 3,
            spurious: 1,
            mislabelled: 1,
            ..Counts::default()
        };
        score.total = counts;
        score.families.insert("dns".into(), counts);
        score.files.insert("a/b.pcap".into(), counts);
        score.tags.insert("ip_frag".into(), counts);
        let shown = text(
            &score,
            Show {
                tags: true,
                worst: 5,
            },
        );
        let words = |line: &str| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let dns = shown.lines().find(|line| line.starts_with("dns")).unwrap();
        assert_eq!(words(dns), words("dns 4 3 1 75.00 | 5 1 1 60.00 | 0 0"));
        assert!(shown.contains("1 with wanted names, 0 of them found fully, mean recall 75.00 %"));
        assert!(shown.contains("1 of      4  a/b.pcap") && shown.contains("2 of      5  a/b.pcap"));
        assert!(shown.contains("ip_frag"));
        assert_eq!(json(&score)["family"]["dns"]["hit"], 3);
        assert!(
            !text(
                &score,
                Show {
                    tags: false,
                    worst: 0
                }
            )
            .contains("ip_frag")
        );
    }
}
