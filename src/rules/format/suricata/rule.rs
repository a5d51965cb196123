//! The syntax of a rule: action, protocol, addresses and ports, options between parentheses.

use crate::rules::format::blocking;
use crate::rules::format::listing::Facts;
use crate::rules::indicator::{Confidence, Severity};

const ACTIONS: &[&str] = &[
    "alert",
    "drop",
    "reject",
    "rejectsrc",
    "rejectdst",
    "rejectboth",
    "pass",
    "log",
    "sdrop",
    "block",
    "activate",
    "dynamic",
    "react",
    "rewrite",
    "config",
];

/// Whether a line begins as a rule does: an action, one word or more, a parenthesis.
pub(super) fn begins(line: &str) -> bool {
    let Some((head, options)) = line.split_once('(') else {
        // The options may stand on a line that follows.
        return line.ends_with('\\') && action(line).is_some();
    };
    let first = options.trim_start();
    action(head).is_some()
        && first.starts_with(|c: char| c.is_ascii_lowercase() || c == '\\')
        && first.contains([':', ';', '\\'])
}

fn action(head: &str) -> Option<&str> {
    let (action, rest) = head.split_once([' ', '\t'])?;
    (ACTIONS.contains(&action) && !rest.trim().is_empty()).then_some(action)
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule<'t> {
    pub(super) action: &'t str,
    pub(super) protocol: &'t str,
    /// Addresses and port of both sides, as written; empty where the rule has none.
    pub(super) source: (&'t str, &'t str),
    pub(super) target: (&'t str, &'t str),
    /// Keys and what stands behind their colon.
    pub(super) options: Vec<(&'t str, &'t str)>,
}

type Defect = (String, &'static str);

impl<'t> Rule<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, Defect> {
        let no_rule = || {
            let what = format!("`{}` is no rule", blocking::short(text));
            (
                what,
                "write `alert dns any any -> any any (...)`, or begin a remark with `#`",
            )
        };
        let (head, options) = text.split_once('(').ok_or_else(no_rule)?;
        let words = words(head);
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        if !ACTIONS.contains(&word(0)) || words.len() < 2 {
            return Err(no_rule());
        }
        let with_sides = words.len() == 7 && matches!(word(4), "->" | "<>" | "<-" | "=>");
        if words.len() > 2 && !with_sides {
            return Err((
                "the head of the rule has not seven words".into(),
                "write action, protocol, address, port, `->`, address and port",
            ));
        }
        let options = options.trim_end().strip_suffix(')').ok_or((
            "the rule does not end in `)`".to_string(),
            "write the rule on one line, or end its lines in `\\`",
        ))?;
        let (mut source, mut target) = ((word(2), word(3)), (word(5), word(6)));
        if word(4) == "<-" {
            std::mem::swap(&mut source, &mut target);
        }
        Ok(Self {
            action: word(0),
            protocol: word(1),
            source,
            target,
            options: split(options)?,
        })
    }

    /// The value of the first option of a name.
    pub(super) fn option(&self, name: &str) -> Option<&'t str> {
        let mut options = self.options.iter();
        options
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    /// What a rule is called in messages.
    pub(super) fn label(&self) -> String {
        let msg = self.option("msg").map(unquoted).unwrap_or_default();
        let sid = self.option("sid").unwrap_or("without sid");
        format!("{}: {}", blocking::short(sid), blocking::short(&msg))
    }

    /// What it says besides what it looks for.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        for (key, value) in &self.options {
            match *key {
                "msg" => facts.note = Some(unquoted(value)).filter(|note| !note.is_empty()),
                "sid" => tag(&mut facts, format!("sid:{value}")),
                "reference" => reference(&mut facts, value),
                "metadata" => value
                    .split(',')
                    .for_each(|pair| metadata(&mut facts, pair.trim())),
                _ => (),
            }
        }
        facts
    }
}

fn tag(facts: &mut Facts, tag: String) {
    // A rule has a handful; the bound keeps the search for repeats cheap.
    if facts.tags.len() < 32 && !facts.tags.contains(&tag) {
        facts.tags.push(tag);
    }
}

fn reference(facts: &mut Facts, value: &str) {
    let Some((system, id)) = value.split_once(',') else {
        return;
    };
    let id = unquoted(id.trim());
    match system.trim() {
        "url" if facts.references.len() < 32 => {
            let url = if id.contains("://") {
                id
            } else {
                format!("https://{id}")
            };
            if !facts.references.contains(&url) {
                facts.references.push(url);
            }
        }
        "cve" => {
            let id = id.to_ascii_uppercase();
            tag(
                facts,
                format!("CVE-{}", id.strip_prefix("CVE-").unwrap_or(&id)),
            );
        }
        _ => (),
    }
}

fn metadata(facts: &mut Facts, pair: &str) {
    let Some((key, value)) = pair.split_once([' ', ':']) else {
        return;
    };
    let value = value.trim();
    match key.trim() {
        "malware_family" => facts.threat = Some(value.replace('_', " ")),
        "created_at" => facts.first_seen = blocking::date(value),
        "signature_severity" => {
            facts.severity = match value.to_ascii_lowercase().as_str() {
                "informational" => Some(Severity::Low),
                "minor" => Some(Severity::Medium),
                "major" => Some(Severity::High),
                "critical" => Some(Severity::Critical),
                _ => None,
            }
        }
        "confidence" => {
            facts.confidence = match value.to_ascii_lowercase().as_str() {
                "low" => Some(Confidence::Low),
                "medium" => Some(Confidence::Medium),
                "high" => Some(Confidence::High),
                _ => None,
            }
        }
        "tag" | "mitre_technique_id" | "cve" => tag(facts, value.into()),
        _ => (),
    }
}

/// A value without its quotes and the `\` before special characters.
pub(super) fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inside = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let mut text = String::with_capacity(value.len());
    let mut escaped = false;
    for c in inside.unwrap_or(value).chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        text.push(c);
    }
    text
}

/// Words between white space, lists between brackets as one.
fn words(head: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut begin, mut depth) = (None, 0_usize);
    for (at, c) in head.char_indices() {
        match c {
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => (),
        }
        if c.is_whitespace() && depth == 0 {
            words.extend(begin.take().and_then(|begin| head.get(begin..at)));
        } else if begin.is_none() {
            begin = Some(at);
        }
    }
    words.extend(begin.and_then(|begin| head.get(begin..)));
    words
}

/// The options: `key;` or `key:value;`. A `;` between quotes or behind `\` ends none.
fn split(text: &str) -> Result<Vec<(&str, &str)>, Defect> {
    let mut options = Vec::new();
    let (mut begin, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                options.extend(text.get(begin..at).and_then(option));
                begin = at.saturating_add(1);
            }
            _ => (),
        }
    }
    if quoted {
        return Err(("a quote of the rule does not end".into(), "close it"));
    }
    options.extend(text.get(begin..).and_then(option));
    Ok(options)
}

fn option(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':').unwrap_or((text, ""));
    let key = key.trim();
    (!key.is_empty()).then(|| (key, value.trim()))
}
