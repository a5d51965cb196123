//! What is answered to whoever asks whether something is listed.

use std::fmt;

use serde_json::{Map, Value, json};

use super::super::Hit;
use super::super::indicator::{How, Indicator, IndicatorKind, Scope};
use super::super::pack::PackInfo;
use super::super::problem::Plain;
use super::{describe, told};

/// What was found about something that was asked for.
#[derive(Debug, Clone)]
pub struct Answer<'r> {
    /// As it was asked.
    pub asked: String,
    /// What it was taken for; nothing where it is nothing that could be listed.
    pub kind: Option<IndicatorKind>,
    /// As it was looked up. Equal to `asked` where it is nothing.
    pub name: String,
    /// In the script of its readers, where that is another one.
    pub readable: Option<String>,
    /// What was done, in its order.
    pub steps: Vec<Step>,
    /// Indicators that apply, the most specific first.
    pub findings: Vec<Finding<'r>>,
    /// Indicators that look as if they should apply, and why they do not. Only where none applies.
    pub near: Vec<Near<'r>>,
    /// Entries of the lists for it, or above it, that were left out.
    pub left_out: Vec<Refusal>,
    /// Why it is nothing that could be listed, and what to ask instead.
    pub error: Option<(String, String)>,
}

/// A step on the way to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A word for machines and for the margin.
    pub what: &'static str,
    /// What came of it.
    pub text: String,
}

/// An indicator that applies.
#[derive(Debug, Clone)]
pub struct Finding<'r> {
    /// The indicator and the relation.
    pub hit: Hit,
    /// The indicator.
    pub indicator: Indicator<'r>,
    /// All packs that list it, the one whose attributes count first.
    pub packs: Vec<&'r PackInfo>,
    /// Its last day is over.
    pub expired: bool,
    /// What the allow list does to its alerts.
    pub silence: Option<Silence>,
}

/// An entry of the allow list that is about an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The entry.
    pub entry: String,
    /// It silences every contact; otherwise those of some clients or with some servers.
    pub always: bool,
    /// Its last day is over, so it silences nothing.
    pub expired: bool,
}

/// An indicator that does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near<'r> {
    /// A word for machines.
    pub kind: &'static str,
    /// The indicator.
    pub indicator: &'r str,
    /// Why it does not apply.
    pub why: String,
}

/// An entry that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its file.
    pub file: String,
    /// Its line, where that is known.
    pub line: Option<usize>,
    /// Why.
    pub why: String,
}

impl Answer<'_> {
    /// Whether an indicator applies.
    pub const fn is_match(&self) -> bool {
        !self.findings.is_empty()
    }

    /// For machines: one object. `match` is null where nothing applies, else that of the first indicator that does.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        put("asked", self.asked.as_str().into());
        put("name", self.name.as_str().into());
        put("kind", self.kind.map(IndicatorKind::as_str).into());
        put("unicode", self.readable.as_deref().into());
        put("match", Value::Null);
        if let Some((what, fix)) = &self.error {
            put("error", what.as_str().into());
            put("fix", fix.as_str().into());
            return out.into();
        }
        let steps = self.steps.iter();
        put(
            "steps",
            steps
                .map(|s| json!({"step": s.what, "text": s.text}))
                .collect(),
        );
        let left_out = self.left_out.iter();
        put(
            "left_out",
            left_out
                .map(|r| json!({"file": r.file, "line": r.line, "why": r.why}))
                .collect(),
        );
        match self.findings.split_first() {
            Some((first, others)) => {
                put(
                    "also",
                    others.iter().map(|f| Value::from(f.told())).collect(),
                );
                out.extend(first.told());
            }
            None => {
                let near = self.near.iter();
                put(
                    "near",
                    near.map(
                        |n| json!({"kind": n.kind, "indicator": n.indicator, "why_not": n.why}),
                    )
                    .collect(),
                );
            }
        }
        out.into()
    }
}

impl Finding<'_> {
    fn told(&self) -> Map<String, Value> {
        let mut told = told(self.hit, &self.indicator, &self.packs);
        let mut put = |key: &str, value: Value| told.insert(key.to_owned(), value);
        put("indicator_kind", self.indicator.kind.as_str().into());
        put("expired", self.expired.into());
        put(
            "allowed",
            self.silence.as_ref().map_or(
                Value::Null,
                |s| json!({"entry": s.entry, "always": s.always, "expired": s.expired}),
            ),
        );
        told
    }

    /// To what the indicator applies, in words.
    fn applies(&self) -> &'static str {
        match (self.hit.how, self.indicator.scope) {
            (How::Exact | How::Below, Scope::Suffix) => {
                "scope suffix: the name itself and every name below it"
            }
            (How::Exact | How::Below, Scope::Exact) => "scope exact: this name only",
            (How::Exact | How::Below, Scope::Below) => {
                "scope below: every name below it, not the name itself"
            }
            (How::Holds, _) => "a keyword: every name that holds it",
            (How::Address, _) => "an address or network: every contact with it, by whatever name",
            (How::Url, _) => "a URL: requests for it and below it, where HTTP is not encrypted",
            (How::Fingerprint, _) => "a fingerprint: hellos or certificates that have it",
            (How::Resolved, _) => "addresses that the name was resolved to",
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n  applies   {}", self.applies())?;
        describe(f, &self.indicator, &self.packs)?;
        match (&self.indicator.expires, self.expired) {
            (Some(day), true) => {
                write!(f, "\n  today     it does not count: its last day was {day}")?
            }
            (Some(day), false) => write!(f, "\n  today     it counts, until {day}")?,
            (None, _) => write!(f, "\n  today     it counts: it has no last day")?,
        }
        match &self.silence {
            None => Ok(()),
            Some(Silence {
                entry,
                expired: true,
                ..
            }) => write!(f, "\n  allowed   no longer, by {entry}"),
            Some(Silence {
                entry,
                always: true,
                ..
            }) => write!(f, "\n  allowed   no alert, by {entry}"),
            Some(Silence { entry, .. }) => {
                write!(f, "\n  allowed   no alert for some contacts, by {entry}")
            }
        }
    }
}

/// For people: a line that says match or not, and lines that say why; no final line break.
impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Plain(&self.name);
        if let Some((what, fix)) = &self.error {
            return write!(
                f,
                "{name}: not a name, address, URL or fingerprint: {}: {}",
                Plain(what),
                Plain(fix)
            );
        }
        match self.findings.first() {
            None => write!(f, "{name}: no match: {}", none(self.kind))?,
            Some(first) => write!(f, "{name}: match, {}", relation(first))?,
        }
        for step in &self.steps {
            write!(f, "\n  {:<9} {}", step.what, Plain(&step.text))?;
        }
        for (nth, finding) in self.findings.iter().enumerate() {
            if nth > 0 {
                write!(f, "\n  and also  match, {}", relation(finding))?;
            }
            finding.write(f)?;
        }
        for near in &self.near {
            write!(f, "\n  near      {}", Plain(&near.why))?;
        }
        for left_out in &self.left_out {
            write!(f, "\n  left out  {}", Plain(&left_out.file))?;
            if let Some(line) = left_out.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {}", Plain(&left_out.why))?;
        }
        Ok(())
    }
}

fn relation(finding: &Finding<'_>) -> String {
    let name = Plain(finding.indicator.name);
    match finding.hit.how {
        How::Exact => "exact".to_owned(),
        How::Below => format!("below {name}"),
        _ => format!("{} {name}", finding.indicator.kind.words().0),
    }
}

const fn none(kind: Option<IndicatorKind>) -> &'static str {
    match kind {
        Some(IndicatorKind::Address) => "no indicator is this address or a network that holds it",
        Some(IndicatorKind::Url) => "no indicator is this URL, its host or a parent of it",
        Some(IndicatorKind::Ja3 | IndicatorKind::Ja4 | IndicatorKind::Certificate) => {
            "no indicator is this fingerprint"
        }
        _ => "no indicator is this name or a parent of it",
    }
}
