//! From a rule set to a rule file of our own that loads again to the same rules.

mod quote;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};

use super::RuleSet;
use super::build::Judge;
use super::build::judge;
use super::format::listing::Kind;
use super::indicator::{Details, Indicator, IndicatorKind, Scope, Source, SourceRef};
use super::pack::SCHEMA_VERSION;
use quote::{comment, entry, quoted};

/// What is written about a pack beside its indicators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    /// Its short name: lower-case letters, digits and `-`.
    pub pack: String,
    /// Its title for people.
    pub title: Option<String>,
    /// Who makes the spyware.
    pub vendor: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Its licence.
    pub licence: Option<String>,
    /// Whom to credit.
    pub attribution: Option<String>,
    /// The date of the lists, `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// Remarks for the top of the file, a line each.
    pub remarks: Vec<String>,
}

/// In which order kinds are written. The first of two entries that list the same thing gives its attributes, and a
/// URL lists its host: names and addresses of their own come first.
const PASSES: [&[IndicatorKind]; 3] = [
    &[IndicatorKind::Name],
    &[
        IndicatorKind::Keyword,
        IndicatorKind::Address,
        IndicatorKind::Ja3,
        IndicatorKind::Ja4,
        IndicatorKind::Certificate,
    ],
    &[IndicatorKind::Url],
];

/// The keys of a group, in the order of the file.
const LISTS: [&str; 9] = [
    "domains",
    "exact",
    "below",
    "keywords",
    "addresses",
    "urls",
    "ja3",
    "ja4",
    "certificates",
];

/// Writes all indicators of a rule set as one pack. The same rules give the same bytes.
///
/// # Errors
/// Those of the writer.
pub fn write_pack(rules: &RuleSet, heading: &Heading, to: &mut dyn Write) -> io::Result<()> {
    for remark in &heading.remarks {
        writeln!(to, "# {}", comment(remark))?;
    }
    if !heading.remarks.is_empty() {
        writeln!(to)?;
    }
    writeln!(to, "bellerophon: {SCHEMA_VERSION}")?;
    writeln!(to, "pack: {}", quoted(&heading.pack))?;
    for (key, value) in [
        ("title", &heading.title),
        ("vendor", &heading.vendor),
        ("description", &heading.description),
        ("licence", &heading.licence),
        ("attribution", &heading.attribution),
        ("updated", &heading.updated),
    ] {
        if let Some(value) = value {
            writeln!(to, "{key}: {}", quoted(value))?;
        }
    }
    let groups = groups(rules);
    let mut sources = Sources::default();
    for group in &groups {
        group.details.sources.iter().for_each(|s| sources.add(s));
    }
    sources.write(to)?;
    writeln!(to, "\ngroups:")?;
    let mut judge = Judge::default();
    for group in groups {
        group.write(&sources, &mut judge, to)?;
    }
    write_history(rules, to)
}

/// Indicators that have their attributes in common.
struct Group<'r> {
    details: &'r Details,
    /// In the order of [`LISTS`].
    lists: [Vec<Indicator<'r>>; LISTS.len()],
}

fn groups(rules: &RuleSet) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for kinds in PASSES {
        // Nearly all that have the same attributes have them at the same place in memory, too.
        let mut places: HashMap<*const Details, usize> = HashMap::new();
        let mut known: HashMap<Same<'_>, usize> = HashMap::new();
        for (_, indicator) in rules.indicators() {
            if !kinds.contains(&indicator.kind) {
                continue;
            }
            let place: *const Details = indicator.details;
            let group = *places.entry(place).or_insert_with(|| {
                *known.entry(Same(indicator.details)).or_insert_with(|| {
                    groups.push(Group {
                        details: indicator.details,
                        lists: Default::default(),
                    });
                    groups.len().saturating_sub(1)
                })
            });
            let group = groups.get_mut(group);
            if let Some(list) = group.and_then(|group| group.lists.get_mut(list_of(&indicator))) {
                list.push(indicator);
            }
        }
    }
    for list in groups.iter_mut().flat_map(|group| &mut group.lists) {
        list.sort_unstable_by_key(|indicator| indicator.name);
    }
    groups
}

/// The place of an indicator's list in [`LISTS`].
const fn list_of(indicator: &Indicator<'_>) -> usize {
    match (indicator.kind, indicator.scope) {
        (IndicatorKind::Name, Scope::Suffix) => 0,
        (IndicatorKind::Name, Scope::Exact) => 1,
        (IndicatorKind::Name, Scope::Below) => 2,
        (IndicatorKind::Keyword, _) => 3,
        (IndicatorKind::Address, _) => 4,
        (IndicatorKind::Url, _) => 5,
        (IndicatorKind::Ja3, _) => 6,
        (IndicatorKind::Ja4, _) => 7,
        (IndicatorKind::Certificate, _) => 8,
    }
}

impl Group<'_> {
    fn write(
        &self,
        sources: &Sources<'_>,
        judge: &mut Judge,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let Details {
            threat,
            generation,
            first_published,
            severity,
            confidence,
            tags,
            references,
            note,
            expires,
            ..
        } = self.details;
        writeln!(to, "  - severity: {}", severity.as_str())?;
        writeln!(to, "    confidence: {}", confidence.as_str())?;
        for (key, value) in [
            ("threat", threat),
            ("generation", generation),
            ("first_published", first_published),
            ("expires", expires),
            ("note", note),
        ] {
            if let Some(value) = value {
                writeln!(to, "    {key}: {}", quoted(value))?;
            }
        }
        let cited = self
            .details
            .sources
            .iter()
            .map(|source| sources.key(source));
        write_list(to, "sources", cited)?;
        write_list(to, "tags", tags.iter().map(String::as_str))?;
        write_list(to, "references", references.iter().map(String::as_str))?;
        for (key, list) in LISTS.iter().zip(&self.lists) {
            if !list.is_empty() {
                writeln!(to, "    {key}:")?;
            }
            for indicator in list {
                if judge.refuses(indicator) {
                    let name = quoted(indicator.name);
                    writeln!(to, "      - {{name: {name}, force: true}}")?;
                } else if indicator.kind == IndicatorKind::Name {
                    writeln!(to, "      - {}", entry(indicator.name))?;
                } else {
                    writeln!(to, "      - {}", quoted(indicator.name))?;
                }
            }
        }
        Ok(())
    }
}

fn write_list<'t>(
    to: &mut dyn Write,
    key: &str,
    texts: impl Iterator<Item = &'t str>,
) -> io::Result<()> {
    let texts: Vec<String> = texts.map(quoted).collect();
    if texts.is_empty() {
        return Ok(());
    }
    writeln!(to, "    {key}: [{}]", texts.join(", "))
}

impl Judge {
    /// Whether an indicator is refused unless its entry says that it counts all the same.
    fn refuses(&mut self, indicator: &Indicator<'_>) -> bool {
        let name = indicator.name;
        match indicator.kind {
            IndicatorKind::Name => {
                let forced = HashSet::new();
                self.plain(name.as_bytes(), indicator.scope, &forced)
                    .is_err()
            }
            IndicatorKind::Keyword => self.other(Kind::Keyword, name).is_err(),
            IndicatorKind::Address => self.other(Kind::Address, name).is_err(),
            IndicatorKind::Url => match judge::url(name) {
                Ok(url) => match url.host {
                    judge::Host::Name(host) => url.whole && self.name(&host, Scope::Exact).is_err(),
                    judge::Host::Address(address) => self.other(Kind::Address, &address).is_err(),
                },
                Err(_) => false,
            },
            IndicatorKind::Ja3 | IndicatorKind::Ja4 | IndicatorKind::Certificate => false,
        }
    }
}

/// The keys of sources: those that they have, where no other source has them.
#[derive(Default)]
struct Sources<'r> {
    list: Vec<(&'r Source, String)>,
    known: HashMap<&'r Source, usize>,
    keys: HashMap<String, usize>,
}

impl<'r> Sources<'r> {
    fn add(&mut self, source: &'r SourceRef) {
        if self.known.contains_key(&**source) {
            return;
        }
        let id = if source.id.is_empty() {
            "source"
        } else {
            &source.id
        };
        let mut key = id.to_owned();
        while self.keys.contains_key(&key) {
            let count = self.keys.entry(id.to_owned()).or_insert(1);
            *count = count.saturating_add(1);
            key = format!("{id}-{count}");
        }
        self.keys.insert(key.clone(), 1);
        self.known.insert(source, self.list.len());
        self.list.push((source, key));
    }

    fn key(&self, source: &SourceRef) -> &str {
        let number = self.known.get(&**source);
        let known = number.and_then(|number| self.list.get(*number));
        known.map_or("", |(_, key)| key)
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        if !self.list.is_empty() {
            writeln!(to, "\nsources:")?;
        }
        for (source, key) in &self.list {
            writeln!(to, "  {}:", quoted(key))?;
            writeln!(to, "    title: {}", quoted(&source.title))?;
            for (key, value) in [
                ("publisher", &source.publisher),
                ("published", &source.published),
                ("url", &source.url),
                ("licence", &source.licence),
                ("list", &source.list),
            ] {
                if let Some(value) = value {
                    writeln!(to, "    {key}: {}", quoted(value))?;
                }
            }
        }
        Ok(())
    }
}

/// Names with their addresses, by the place in the history of each and the day.
type Parts<'r> = BTreeMap<(usize, Option<&'r str>), Vec<(&'r str, String)>>;

/// Addresses that names once had. A mapping cannot hold a name twice, so what a name has second stands in a second one.
fn write_history(rules: &RuleSet, to: &mut dyn Write) -> io::Result<()> {
    let mut parts = Parts::new();
    for (_, indicator) in rules.names() {
        for (nth, resolved) in indicator.resolved.iter().enumerate() {
            let addresses = resolved.addresses.iter().map(|a| format!("\"{a}\""));
            let addresses: Vec<String> = addresses.collect();
            let part = parts.entry((nth, resolved.seen.as_deref())).or_default();
            part.push((indicator.name, addresses.join(", ")));
        }
    }
    if !parts.is_empty() {
        writeln!(to, "\nhistory:")?;
    }
    for ((_, seen), mut names) in parts {
        names.sort_unstable();
        match seen {
            Some(seen) => writeln!(to, "  - seen: {}\n    addresses:", quoted(seen))?,
            None => writeln!(to, "  - addresses:")?,
        }
        for (name, addresses) in names {
            writeln!(to, "      {}: [{addresses}]", quoted(name))?;
        }
    }
    Ok(())
}

/// Attributes that are equal but for the packs that they are from.
struct Same<'r>(&'r Details);

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0, other.0);
        a.threat == b.threat
            && a.generation == b.generation
            && a.first_published == b.first_published
            && a.sources == b.sources
            && a.severity == b.severity
            && a.confidence == b.confidence
            && a.tags == b.tags
            && a.references == b.references
            && a.note == b.note
            && a.expires == b.expires
    }
}

impl Eq for Same<'_> {}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let d = self.0;
        (&d.threat, &d.generation, &d.first_published).hash(state);
        (&d.sources, d.severity, d.confidence).hash(state);
        (&d.tags, &d.references, &d.note, &d.expires).hash(state);
    }
}

#[cfg(test)]
#[path = "write/tests.rs"]
mod tests;
