//! Trails of Maltrail: an entry a line, in groups below comments that say where they come from.

use super::lines::{self, Line, Lines};
use super::listing::{Facts, Kind, Listing, Refused};
use super::remark::{give, is_structured, split_remark};
use super::text::{Bare, bare, is_clear};

/// How many references and aliases a group can have.
const MOST: usize = 64;

/// Whether a file that begins like this is a file of trails: its first comments say so.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let mut comments = Lines::new(head).map_while(|(_, line)| match line {
        Line::Text("") => Some(""),
        Line::Text(text) => text.strip_prefix('#'),
        _ => None,
    });
    !is_structured(head)
        && comments.any(|comment| {
            let comment = comment.to_ascii_lowercase();
            comment.contains("maltrail") && comment.contains("copyright")
        })
}

/// # Errors
/// It is the list of what Maltrail trusts.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    if let Some(line) = trusted(text) {
        return Err(Refused {
            line: Some(line),
            what: "this is a list of what Maltrail trusts: it has `localhost`".into(),
            fix: "give a file of trails, from `trails/static` of Maltrail".into(),
        });
    }
    let mut group = Group::default();
    for (number, line) in Lines::new(text) {
        match line {
            Line::Text("") => {}
            Line::Text(text) => match text.strip_prefix('#') {
                Some(comment) => group.comment(number, comment.trim_start_matches('#').trim(), to),
                None => group.entry(number, text, to),
            },
            other => {
                lines::text(number, other, to);
            }
        }
    }
    Ok(())
}

/// The first line that only a list of trusted names has. It has the same comments as the trails.
fn trusted(text: &[u8]) -> Option<usize> {
    Lines::new(text)
        .take(1_000)
        .find(|(_, line)| *line == Line::Text("localhost"))
        .map(|(number, _)| number)
}

/// What the comments above say about the entries that follow.
#[derive(Debug, Default)]
struct Group {
    facts: Facts,
    /// Names of the threat that stand before the first reference: they are those of the whole file.
    of_file: Vec<String>,
    /// Whether entries followed, so that the next comment begins another group.
    ended: bool,
    /// Whether a reference or an entry was seen.
    begun: bool,
}

impl Group {
    fn comment(&mut self, number: usize, comment: &str, to: &mut dyn Listing) {
        // An entry that was commented out does not part a group.
        let (entry, _) = split_remark(comment);
        if !comment.contains(' ') && is_clear(&bare(entry)) {
            to.aside(number, "entries that are commented out", entry);
            return;
        }
        if std::mem::take(&mut self.ended) {
            self.facts = Facts {
                tags: self.of_file.clone(),
                ..Facts::default()
            };
        }
        let Some((word, said)) = comment.split_once(':') else {
            return;
        };
        let word = word.trim().to_ascii_lowercase();
        if word.starts_with("alias") {
            for alias in said
                .split(',')
                .map(str::trim)
                .filter(|alias| !alias.is_empty())
            {
                let tags = &mut self.facts.tags;
                if tags.len() < MOST && !tags.iter().any(|tag| tag == alias) {
                    tags.push(alias.into());
                }
            }
            if !self.begun {
                self.of_file.clone_from(&self.facts.tags);
            }
        } else if word.starts_with("ref") {
            self.begun = true;
            // Behind the URL may stand its language or a date.
            let url = said.split_whitespace().next().unwrap_or_default();
            let references = &mut self.facts.references;
            if url.contains("://")
                && references.len() < MOST
                && !references.iter().any(|r| r == url)
            {
                references.push(url.into());
            }
        }
    }

    fn entry(&mut self, number: usize, line: &str, to: &mut dyn Listing) {
        self.ended = true;
        self.begun = true;
        let (entry, note) = split_remark(line);
        if let Some(note) = note {
            self.facts.note = Some(note.into());
        }
        let found = bare(entry);
        match aside(entry, &found) {
            Some(what) => to.aside(number, what, entry),
            None => give(number, entry, found, &self.facts, to),
        }
        self.facts.note = None;
    }
}

/// What Maltrail looks for in HTTP alone, and its patterns.
fn aside(entry: &str, found: &Bare<'_>) -> Option<&'static str> {
    if entry.starts_with('/') && !entry.starts_with("//") {
        return Some("URL paths without a host");
    }
    if entry.starts_with(['?', '=', '&']) {
        return Some("URL queries without a host");
    }
    match found {
        Bare::Wrong(..) if entry.contains(' ') => Some("user agents"),
        Bare::Entry(Kind::Domain, name) if !name.contains('.') => Some("user agents"),
        Bare::Entry(Kind::Domain, name) if name.contains(is_of_pattern) => {
            Some("patterns of names")
        }
        _ => None,
    }
}

/// Characters of regular expressions that no name has.
const fn is_of_pattern(c: char) -> bool {
    matches!(
        c,
        '(' | ')' | '[' | ']' | '{' | '}' | '\\' | '^' | '$' | '+' | '|'
    )
}

#[cfg(test)]
mod tests;
