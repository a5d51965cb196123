//! What a check found, and what mends it.

use serde_json::{Map, Value};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It cannot be told here, or makes no sense here.
    Skipped,
    /// As it should be.
    Ok,
    /// `watch` runs, and may see less than it could.
    Warning,
    /// `watch` does not run, or sees nothing.
    Error,
}

impl Level {
    /// A name that does not change, for people and for machines.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The one thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mend {
    /// A command that only root may run.
    Command(String),
    /// What no command of this machine does.
    Step(String),
}

/// What one check found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// Theme and check, `card.ring`: does not change.
    pub(super) check: &'static str,
    pub(super) level: Level,
    /// In words.
    pub(super) found: String,
    pub(super) mend: Option<Mend>,
    /// What was measured.
    pub(super) values: Map<String, Value>,
}

impl Finding {
    fn new(check: &'static str, level: Level, found: String, mend: Option<Mend>) -> Self {
        Self {
            check,
            level,
            found,
            mend,
            values: Map::new(),
        }
    }

    /// All is well.
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, found.into(), None)
    }

    /// Nothing can be said, and why.
    pub(super) fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Level::Skipped, why.into(), None)
    }

    /// Less is seen than could be.
    pub(super) fn warning(check: &'static str, found: impl Into<String>, mend: Mend) -> Self {
        Self::new(check, Level::Warning, found.into(), Some(mend))
    }

    /// Nothing is seen.
    pub(super) fn error(check: &'static str, found: impl Into<String>, mend: Mend) -> Self {
        Self::new(check, Level::Error, found.into(), Some(mend))
    }

    /// With something that was measured.
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.values.insert(key.to_owned(), value.into());
        self
    }

    /// The check without its theme, in words.
    pub(super) fn label(&self) -> String {
        let (_, label) = self.check.split_once('.').unwrap_or(("", self.check));
        label.replace('_', " ")
    }
}

/// A command that only root may run.
pub(super) fn command(text: impl Into<String>) -> Mend {
    Mend::Command(text.into())
}

/// What no command of this machine does.
pub(super) fn step(text: impl Into<String>) -> Mend {
    Mend::Step(text.into())
}

/// Findings about one thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    /// The interface, where it is about one.
    pub(super) interface: Option<String>,
    /// What it is about.
    pub(super) title: String,
    pub(super) findings: Vec<Finding>,
}

#[cfg(test)]
impl Finding {
    /// The text of what mends it.
    pub(super) fn mended_by(&self) -> &str {
        match &self.mend {
            Some(Mend::Command(text) | Mend::Step(text)) => text,
            None => "",
        }
    }
}

/// The finding of one check.
#[cfg(test)]
#[track_caller]
pub(super) fn of<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.check == check)
        .unwrap_or_else(|| panic!("nothing is said of {check}: {findings:?}"))
}
