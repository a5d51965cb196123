//! Finds the line of an entry in a rule file.
//!
//! The YAML library gives positions for errors of its own only, so the few entries that turn
//! out to be defective are looked for in the text afterwards, all in one pass.

use std::collections::HashMap;

/// One thing to find: the `nth` (from 0) stand of a text as a list item or value (`key` false)
/// or as a mapping's key (`key` true).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) text: String,
    pub(super) nth: usize,
    pub(super) key: bool,
}

/// How often each text has stood so far.
#[derive(Debug, Default)]
pub(super) struct Stands(HashMap<String, usize>);

impl Stands {
    /// Counts one stand of `text` as a value and returns how to find it again.
    pub(super) fn count(&mut self, text: &str) -> Wanted {
        let text = normal(text);
        let count = self.0.entry(text.clone()).or_default();
        let nth = *count;
        *count = count.saturating_add(1);
        Wanted {
            text,
            nth,
            key: false,
        }
    }
}

/// The lines (from 1) of what is wanted, where found.
pub(super) fn lines(text: &str, wanted: &[Wanted]) -> Vec<Option<usize>> {
    let mut seen: HashMap<(String, bool), usize> = wanted
        .iter()
        .map(|w| ((w.text.clone(), w.key), 0))
        .collect();
    let mut found: HashMap<Wanted, usize> = HashMap::new();
    for (line, content) in (1_usize..).zip(text.lines()) {
        for (token, key) in tokens(content) {
            let id = (normal(token), key);
            if let Some(count) = seen.get_mut(&id) {
                found.insert(
                    Wanted {
                        text: id.0,
                        nth: *count,
                        key,
                    },
                    line,
                );
                *count = count.saturating_add(1);
            }
        }
    }
    wanted.iter().map(|w| found.get(w).copied()).collect()
}

/// The form in which texts are compared: names are the same whatever their case.
pub(super) fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

/// The scalars of a line, and whether each is a mapping's key. Good enough to find an entry:
/// text that runs over several lines is not understood.
fn tokens(line: &str) -> impl Iterator<Item = (&str, bool)> {
    let line = match line.find(" #") {
        Some(at) => line.get(..at).unwrap_or(line),
        None if line.starts_with('#') => "",
        None => line,
    };
    // An entry with brackets of its own (`evil[.]example`) is the whole line.
    let whole = line.contains(['[', '{', ',']).then_some(line);
    line.split(['[', ']', '{', '}', ','])
        .chain(whole)
        .flat_map(|part| {
            let mut part = part.trim();
            while let Some(rest) = part.strip_prefix("- ") {
                part = rest.trim_start();
            }
            let (key, value) = match part.split_once(": ") {
                Some((key, value)) => (Some(key), value),
                None => match part.strip_suffix(':') {
                    Some(key) => (Some(key), ""),
                    None => (None, part),
                },
            };
            key.map(|k| (unquoted(k), true))
                .into_iter()
                .chain(Some((unquoted(value), false)))
        })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    ['"', '\'']
        .iter()
        .find_map(|q| text.strip_prefix(*q)?.strip_suffix(*q))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_where_they_stand() {
        let text = "\
# evil.example
title: about evil.example
groups:
  - note: evil.example is bad
    domains: # evil.example
      - Evil.Example # twice
      - 'evil.example'
      - {name: evil.example, note: x}
      - odd[.]example
    exact: [a.example, evil.example]
history:
  - addresses:
      evil.example: [192.0.2.1]
";
        let want = |nth, key| Wanted {
            text: "evil.example".into(),
            nth,
            key,
        };
        let wanted: Vec<Wanted> = (0..5)
            .map(|n| want(n, false))
            .chain([want(0, true)])
            .collect();
        let odd = Wanted {
            text: "odd[.]example".into(),
            nth: 0,
            key: false,
        };
        assert_eq!(lines(text, &[odd]), [Some(9)]);
        let lines = lines(text, &wanted);
        assert_eq!(lines, [Some(6), Some(7), Some(8), Some(10), None, Some(13)]);
    }
}
