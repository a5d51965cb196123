//! Rules of Suricata and Snort: `alert dns any any -> any any (dns.query; content:"evil.example"; sid:1;)`.
//!
//! A rule is an entry only where a name, an address, a URL or a fingerprint is all that it looks for: of a rule that wants
//! more besides, the name alone would alarm about contacts that the rule does not mean.

mod address;
mod buffer;
mod conditions;
mod meaning;
mod rule;

use crate::rules::format::blocking;
use crate::rules::format::lines::{self, Line, Lines, MAX_LINE};
use crate::rules::format::listing::{Listing, Refused};

use rule::Rule;

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let (mut sure, mut other) = (0_usize, 0_usize);
    let mut continued = false;
    for (_, line) in Lines::new(head) {
        let line = match line {
            Line::Text(line) => line,
            _ => "?",
        };
        let inside = std::mem::replace(&mut continued, line.ends_with('\\'));
        if inside || line.is_empty() {
            continue;
        }
        let count = match disabled(line) {
            Some(rest) if rule::begins(rest) => &mut sure,
            Some(_) => {
                continued = false;
                continue;
            }
            None if rule::begins(line) => &mut sure,
            None => &mut other,
        };
        *count = count.saturating_add(1);
    }
    sure > other.saturating_mul(3)
}

/// A line without the `#` that makes it a remark.
fn disabled(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?;
    Some(rest.trim_start_matches(['#', ' ', '\t']))
}

/// # Errors
/// None: what is wrong concerns single rules.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let mut whole = Whole::default();
    for (number, line) in Lines::new(text) {
        let Some(line) = lines::text(number, line, to) else {
            // What it continues cannot be whole any more.
            whole.spoil(to);
            continue;
        };
        if whole.begin.is_none() {
            if line.is_empty() {
                continue;
            }
            if disabled(line).is_some_and(|rest| !rule::begins(rest)) {
                blocking::remark(number, line, to);
                continue;
            }
        }
        whole.add(number, line, to);
    }
    whole.end(to);
    Ok(())
}

/// A rule that is gathered from lines that end in `\`.
#[derive(Debug, Default)]
struct Whole {
    /// On which line it begins; `None` between rules.
    begin: Option<usize>,
    text: String,
    spoilt: bool,
}

impl Whole {
    fn add(&mut self, number: usize, line: &str, to: &mut dyn Listing) {
        let begin = *self.begin.get_or_insert(number);
        let continued = line.strip_suffix('\\');
        if !self.spoilt {
            if self.text.len().saturating_add(line.len()) > MAX_LINE {
                self.spoil(to);
            } else {
                // A rule that was made a remark may have a mark on each of its lines.
                let line = continued.unwrap_or(line);
                let inner = begin != number && self.text.starts_with('#');
                let line = if inner {
                    disabled(line).unwrap_or(line)
                } else {
                    line
                };
                self.text.push_str(line);
            }
        }
        if continued.is_none() {
            self.end(to);
        }
    }

    fn spoil(&mut self, to: &mut dyn Listing) {
        let Some(begin) = self.begin else {
            return;
        };
        if !self.spoilt {
            self.spoilt = true;
            to.defect(
                begin,
                "the lines of this rule cannot be read together".into(),
                "write the rule on one line, below 64 KiB",
            );
        }
    }

    fn end(&mut self, to: &mut dyn Listing) {
        let Some(begin) = self.begin.take() else {
            return;
        };
        if !std::mem::take(&mut self.spoilt) {
            one(begin, self.text.trim(), to);
        }
        self.text.clear();
    }
}

fn one(number: usize, text: &str, to: &mut dyn Listing) {
    if let Some(rest) = disabled(text) {
        to.aside(number, "disabled rules", blocking::short(rest));
        return;
    }
    match Rule::new(text) {
        Ok(rule) => meaning::take(number, &rule, to),
        Err((what, fix)) => to.defect(number, what, fix),
    }
}

#[cfg(test)]
mod tests;
