//! Why a name matches, or why not: for `bellerophon lookup`. [`Inquiry`] answers for addresses, URLs and fingerprints too,
//! and step by step.

mod answer;
mod asked;
mod beside;
mod inquiry;
mod near;

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::{Map, Value, json};

use super::domain::{asked_name, ends_escaping};
use super::indicator::{How, Indicator, IndicatorId};
use super::pack::PackInfo;
use super::problem::Plain;
use super::{Hit, RuleSet};
pub use answer::{Answer, Finding, Near, Refusal, Silence, Step};
pub use inquiry::Inquiry;
pub use near::NearMiss;

/// Longest listed name, so the longest part of an asked name that can equal one.
const MAX_NAME: usize = 253;

/// Longest name in presentation form: 255 bytes of which each takes four characters.
const MAX_PRESENTED: usize = 1_020;

/// For how many names all listed names are searched for such as stand below it; then they are put
/// into a map, which takes as long as some hundred searches and as much memory as the list.
const SEARCHES: usize = 32;

/// Explains names against one rule set. Keep it where many names are asked.
#[derive(Debug)]
pub struct Explainer<'r> {
    rules: &'r RuleSet,
    searches: AtomicUsize,
    parents: OnceLock<Parents<'r>>,
}

/// Parents of two labels and more of the listed names: one of them, and how many.
type Parents<'r> = HashMap<&'r str, (IndicatorId, usize)>;

/// What was found about one asked name.
#[derive(Debug, Clone)]
pub struct Explanation<'r> {
    /// As it was asked.
    pub asked: String,
    /// As it was looked up: lower case, no final dot. Equal to `asked` where that is invalid.
    pub name: String,
    /// The finding.
    pub verdict: Verdict<'r>,
}

/// Match or not, and why.
#[derive(Debug, Clone)]
pub enum Verdict<'r> {
    /// An indicator applies.
    Match {
        /// The indicator and the relation, as [`RuleSet::match_name`] gives them.
        hit: Hit,
        /// The indicator.
        indicator: Indicator<'r>,
        /// All packs that list it, the one whose attributes count first.
        packs: Vec<&'r PackInfo>,
    },
    /// No indicator is this name or a parent of it.
    NoMatch {
        /// Indicators that look as if they should have applied, and why they do not.
        near: Vec<NearMiss<'r>>,
    },
    /// What was asked is not a domain name.
    Invalid {
        /// What is wrong.
        what: String,
        /// What to ask instead.
        fix: String,
    },
}

impl<'r> Explainer<'r> {
    /// For one rule set.
    pub const fn new(rules: &'r RuleSet) -> Self {
        Self {
            rules,
            searches: AtomicUsize::new(0),
            parents: OnceLock::new(),
        }
    }

    /// One of the names listed below `name`, and how many there are.
    fn below(&self, name: &str) -> Option<(IndicatorId, usize)> {
        if !name.contains('.') {
            return None;
        }
        if self.searches.fetch_add(1, Relaxed) >= SEARCHES {
            let parents = self.parents.get_or_init(|| self.parents());
            return parents.get(name).copied();
        }
        let is_below = |listed: &str| {
            listed
                .strip_suffix(name)
                .is_some_and(|before| before.ends_with('.'))
        };
        let mut below = self.rules.names().filter(|(_, i)| is_below(i.name));
        let (first, _) = below.next()?;
        Some((first, below.count().saturating_add(1)))
    }

    fn parents(&self) -> Parents<'r> {
        let mut parents = Parents::new();
        for (id, indicator) in self.rules.names() {
            let mut rest = indicator.name;
            while let Some((_, parent)) = rest.split_once('.')
                && parent.contains('.')
            {
                let (_, count) = parents.entry(parent).or_insert((id, 0));
                *count = count.saturating_add(1);
                rest = parent;
            }
        }
        parents
    }

    /// Looks one name up, as a person wrote it.
    pub fn explain(&self, asked: &str) -> Explanation<'r> {
        let (name, verdict) = match asked_name(asked) {
            Ok(name) => {
                let verdict = self.verdict(&name);
                (name, verdict)
            }
            Err((what, fix)) => (asked.to_owned(), Verdict::Invalid { what, fix }),
        };
        Explanation {
            asked: asked.to_owned(),
            name,
            verdict,
        }
    }

    fn verdict(&self, name: &str) -> Verdict<'r> {
        let hit = self.rules.match_name(name.as_bytes());
        let found = hit.and_then(|hit| Some((hit, self.rules.indicator(hit.indicator)?)));
        match found {
            Some((hit, indicator)) => {
                let ids = std::iter::once(&indicator.pack).chain(&indicator.also_in);
                let packs = ids.filter_map(|id| self.rules.pack(*id)).collect();
                Verdict::Match {
                    hit,
                    indicator,
                    packs,
                }
            }
            None => Verdict::NoMatch {
                near: self.near(name),
            },
        }
    }

    fn listed(&self, name: &str) -> Option<Indicator<'r>> {
        self.rules.indicator(self.rules.named(name)?)
    }

    fn near(&self, name: &str) -> Vec<NearMiss<'r>> {
        let mut near = Vec::new();
        // The longest listed ending; at a dot it is a parent whose scope leaves the name out.
        let first = name.len().saturating_sub(MAX_NAME);
        let ending = (first..name.len()).find_map(|at| {
            let (before, after) = name.split_at_checked(at)?;
            let listed = self.listed(after)?;
            let boundary = match before.strip_suffix('.') {
                Some(label) => !ends_escaping(label.as_bytes()),
                None => before.is_empty(),
            };
            Some(if boundary {
                NearMiss::OutOfScope(listed)
            } else {
                NearMiss::LookAlike(listed)
            })
        });
        near.extend(ending);
        // A listed run of labels that the name goes on after; longer than any name: not looked for.
        let labels: Vec<&str> = name.split('.').collect();
        if name.len() <= MAX_PRESENTED {
            near.extend((0..labels.len()).find_map(|from| {
                (from.saturating_add(2)..labels.len()).rev().find_map(|to| {
                    let run = labels.get(from..to)?.join(".");
                    Some(NearMiss::GoesOn(self.listed(&run)?, from == 0))
                })
            }));
        }
        near.extend(
            self.below(name)
                .and_then(|(id, count)| Some(NearMiss::ParentOf(self.rules.indicator(id)?, count))),
        );
        near
    }
}

impl Explanation<'_> {
    /// Whether an indicator applies.
    pub const fn is_match(&self) -> bool {
        matches!(self.verdict, Verdict::Match { .. })
    }

    /// For machines: one object, with `match` as `exact`, `below` or null.
    pub fn to_json(&self) -> Value {
        let mut out = json!({"asked": self.asked, "name": self.name, "match": null});
        let more = match &self.verdict {
            Verdict::Match {
                hit,
                indicator,
                packs,
            } => told(*hit, indicator, packs).into(),
            Verdict::NoMatch { near } => json!({
                "near": near.iter().map(|n| json!({
                    "kind": n.kind(),
                    "indicator": n.indicator().name,
                    "why_not": n.to_string(),
                })).collect::<Vec<_>>(),
            }),
            Verdict::Invalid { what, fix } => json!({"error": what, "fix": fix}),
        };
        if let (Some(out), Value::Object(more)) = (out.as_object_mut(), more) {
            out.extend(more);
        }
        out
    }
}

/// What is known about an indicator that applies, for machines.
pub(in crate::rules) fn told(
    hit: Hit,
    indicator: &Indicator<'_>,
    packs: &[&PackInfo],
) -> Map<String, Value> {
    let told = json!({
        "match": hit.how.as_str(),
        "indicator": indicator.name,
        "scope": indicator.scope.as_str(),
        "pack": packs.first().map(|p| &p.name),
        "packs": packs.iter().map(|p| &p.name).collect::<Vec<_>>(),
        "threat": indicator.threat.as_deref(),
        "generation": indicator.generation.as_deref(),
        "first_published": indicator.first_published.as_deref(),
        "severity": indicator.severity,
        "confidence": indicator.confidence,
        "tags": *indicator.tags,
        "references": *indicator.references,
        "note": indicator.note.as_deref(),
        "expires": indicator.expires.as_deref(),
        "sources": indicator.sources.iter().map(|s| &**s).collect::<Vec<_>>(),
        "resolved": indicator.resolved.iter().map(|r| json!({
            "seen": r.seen.as_deref(),
            "addresses": r.addresses,
        })).collect::<Vec<_>>(),
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

/// For people: several lines for a match, one or a few for anything else; no final line break.
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Plain(&self.name);
        match &self.verdict {
            Verdict::Match {
                hit,
                indicator,
                packs,
            } => {
                match hit.how {
                    How::Exact => write!(f, "{name}: match, exact")?,
                    How::Below => write!(f, "{name}: match, below {}", indicator.name)?,
                    _ => write!(
                        f,
                        "{name}: match, {} {}",
                        indicator.kind.words().0,
                        indicator.name
                    )?,
                }
                describe(f, indicator, packs)
            }
            Verdict::NoMatch { near } => {
                write!(
                    f,
                    "{name}: no match: no indicator is this name or a parent of it"
                )?;
                near.iter().try_for_each(|n| write!(f, "\n  near      {n}"))
            }
            Verdict::Invalid { what, fix } => {
                write!(f, "{name}: not a name: {}: {}", Plain(what), Plain(fix))
            }
        }
    }
}

fn describe(f: &mut fmt::Formatter<'_>, i: &Indicator<'_>, packs: &[&PackInfo]) -> fmt::Result {
    for (at, pack) in packs.iter().enumerate() {
        let label = if at == 0 { "pack" } else { "also in" };
        write!(
            f,
            "\n  {label:<9} {}, {} ({})",
            pack.name,
            Plain(&pack.title),
            pack.file
        )?;
    }
    if let Some(threat) = &i.threat {
        write!(f, "\n  threat    {}", Plain(threat))?;
    }
    if let Some(generation) = &i.generation {
        write!(f, "\n  generation {}", Plain(generation))?;
    }
    if let Some(date) = &i.first_published {
        write!(f, "\n  published {date}")?;
    }
    write!(
        f,
        "\n  severity  {}, confidence {}",
        i.severity.as_str(),
        i.confidence.as_str()
    )?;
    if let Some(date) = &i.expires {
        write!(f, "\n  expires   {date}")?;
    }
    if let Some(note) = &i.note {
        write!(f, "\n  note      {}", Plain(note))?;
    }
    if !i.tags.is_empty() {
        write!(f, "\n  tags      {}", Plain(&i.tags.join(", ")))?;
    }
    for reference in i.references.iter() {
        write!(f, "\n  see       {}", Plain(reference))?;
    }
    for source in i.sources.iter() {
        write!(f, "\n  source    {}", Plain(&source.title))?;
        let details = [&source.publisher, &source.published, &source.url];
        details
            .into_iter()
            .flatten()
            .try_for_each(|d| write!(f, ", {}", Plain(d)))?;
    }
    for resolved in i.resolved {
        let addresses: Vec<String> = resolved.addresses.iter().map(ToString::to_string).collect();
        let seen = resolved.seen.as_deref().unwrap_or("an unknown day");
        write!(
            f,
            "\n  history   {} on {seen}, never matched",
            addresses.join(", ")
        )?;
    }
    Ok(())
}
