//! In which attributes an indicator differs from what it was.

use std::fmt;

use serde_json::{Value, json};

use crate::rules::{Indicator, PackId, RuleSet, Source};

/// An attribute that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// As JSON and people call it.
    pub(super) what: &'static str,
    pub(super) old: Value,
    pub(super) new: Value,
}

/// `severity low -> high`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} -> {}",
            self.what,
            Shown(&self.old),
            Shown(&self.new)
        )
    }
}

struct Shown<'v>(&'v Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("none"),
            Value::String(text) => f.write_str(text),
            Value::Array(list) if list.is_empty() => f.write_str("none"),
            Value::Array(list) => list.iter().enumerate().try_for_each(|(nth, value)| {
                let join = if nth == 0 { "" } else { ", " };
                write!(f, "{join}{}", Self(value))
            }),
            other => write!(f, "{other}"),
        }
    }
}

/// What differs. Of packs only that it is in others of those that both rule sets have: a file may have another name.
pub(super) fn changes(
    old: &Indicator<'_>,
    new: &Indicator<'_>,
    rules_old: &RuleSet,
    rules_new: &RuleSet,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut compare = |what, old: Value, new: Value| {
        if old != new {
            changes.push(Change { what, old, new });
        }
    };
    if old.scope != new.scope {
        compare(
            "scope",
            old.scope.as_str().into(),
            new.scope.as_str().into(),
        );
    }
    if old.severity != new.severity {
        compare(
            "severity",
            old.severity.as_str().into(),
            new.severity.as_str().into(),
        );
    }
    if old.confidence != new.confidence {
        let (old, new) = (old.confidence.as_str(), new.confidence.as_str());
        compare("confidence", old.into(), new.into());
    }
    for (what, old, new) in [
        ("threat", &old.threat, &new.threat),
        ("generation", &old.generation, &new.generation),
        (
            "first_published",
            &old.first_published,
            &new.first_published,
        ),
        ("expires", &old.expires, &new.expires),
        ("note", &old.note, &new.note),
    ] {
        if old != new {
            compare(what, old.as_deref().into(), new.as_deref().into());
        }
    }
    if old.tags != new.tags {
        compare("tags", json!(*old.tags), json!(*new.tags));
    }
    if old.references != new.references {
        compare("references", json!(*old.references), json!(*new.references));
    }
    if !is_same_sources(old, new) {
        compare("sources", sources(old), sources(new));
    }
    if old.resolved != new.resolved {
        compare("history", history(old), history(new));
    }
    let common = |rules: &RuleSet, other: &RuleSet, i: &Indicator<'_>| -> Vec<String> {
        let ids = std::iter::once(&i.details.pack).chain(&i.details.also_in);
        let name = |id: &PackId| Some(rules.pack(*id)?.name.clone());
        ids.filter_map(name)
            .filter(|name| other.packs().any(|pack| pack.name == *name))
            .collect()
    };
    let before = common(rules_old, rules_new, old);
    let now = common(rules_new, rules_old, new);
    if before != now {
        compare("packs", json!(before), json!(now));
    }
    changes
}

/// Whether a source says no more than the name of a file: what a list without a source of its own is given.
fn is_file(source: &Source) -> bool {
    source.list.as_ref() == Some(&source.title)
        && source.publisher.is_none()
        && source.url.is_none()
}

type Told<'s> = (&'s str, Option<&'s str>, Option<&'s str>, Option<&'s str>);

fn told<'s>(i: &'s Indicator<'_>) -> impl Iterator<Item = Told<'s>> {
    i.details.sources.iter().filter(|s| !is_file(s)).map(|s| {
        let (publisher, published) = (s.publisher.as_deref(), s.published.as_deref());
        (s.title.as_str(), publisher, published, s.url.as_deref())
    })
}

fn is_same_sources(old: &Indicator<'_>, new: &Indicator<'_>) -> bool {
    told(old).eq(told(new))
}

fn sources(i: &Indicator<'_>) -> Value {
    let said = |(title, publisher, published, url): Told<'_>| {
        let details = [publisher, published, url].into_iter().flatten();
        let said: Vec<&str> = std::iter::once(title).chain(details).collect();
        said.join(", ")
    };
    told(i).map(said).map(Value::from).collect()
}

fn history(i: &Indicator<'_>) -> Value {
    let said = i.resolved.iter().map(|r| {
        let addresses: Vec<String> = r.addresses.iter().map(ToString::to_string).collect();
        let seen = r.seen.as_deref().unwrap_or("an unknown day");
        format!("{} on {seen}", addresses.join(" "))
    });
    said.map(Value::from).collect()
}
