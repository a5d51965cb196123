//! The schema of a rule file (rules/README.md), version 1, and what is kept of a pack.
//!
//! The types say what may be written; whether names, dates and addresses make sense is
//! for [`build`](super::build) to judge, entry by entry.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::indicator::{Confidence, IndicatorKind, PackId, Severity, SourceRef};
use super::provenance::Fetched;

/// The version of the schema that this program reads.
pub(super) const SCHEMA_VERSION: u64 = 1;

/// A loaded pack: what it is, who made it, what it brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackInfo {
    /// Its place in the rule set.
    pub id: PackId,
    /// Short name, as `--pack` takes it.
    pub name: String,
    /// Title for people; the short name where the file gives none.
    pub title: String,
    /// Who makes the spyware.
    pub vendor: Option<String>,
    /// What the pack is about.
    pub description: Option<String>,
    /// Licence of the pack.
    pub licence: Option<String>,
    /// Whom to credit.
    pub attribution: Option<String>,
    /// Date of the lists it was made from, `YYYY-MM-DD`.
    pub updated: Option<String>,
    /// The file it was read from, or `built in`.
    pub file: String,
    /// Sources that its indicators cite, in the order of their keys in the file.
    pub sources: Vec<SourceRef>,
    /// The format of its file.
    pub format: &'static str,
    /// How many domain names it brought, those that another pack had brought before included.
    pub domains: usize,
    /// How many indicators of other kinds it brought, of those that there are.
    pub others: Vec<(IndicatorKind, usize)>,
    /// What its file holds that is not looked for, in the plural, and how many.
    pub aside: Vec<(&'static str, usize)>,
    /// Entries that were left out since something is wrong with them.
    pub refused: usize,
    /// Where it came from, where `rules update` fetched it.
    pub fetched: Option<Fetched>,
}

impl PackInfo {
    /// How many indicators it brought, of all kinds.
    pub fn entries(&self) -> usize {
        let others = self.others.iter().map(|(_, count)| *count);
        others.fold(self.domains, usize::saturating_add)
    }
}

impl PackInfo {
    /// How many indicators it brought.
    pub fn indicators(&self) -> usize {
        let others = self.others.iter();
        others.fold(self.domains, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackFile {
    #[serde(rename = "bellerophon")]
    pub(super) _version: Version,
    pub(super) pack: String,
    pub(super) title: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) description: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) attribution: Option<String>,
    pub(super) updated: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) confidence: Option<Confidence>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) sources: Ordered<SourceFile>,
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) history: Vec<History>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceFile {
    pub(super) title: String,
    pub(super) publisher: Option<String>,
    pub(super) published: Option<String>,
    pub(super) url: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) list: Option<String>,
}

/// Entries that share attributes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) threat: Option<String>,
    pub(super) generation: Option<String>,
    pub(super) first_published: Option<String>,
    pub(super) sources: Option<Vec<String>>,
    pub(super) severity: Option<Severity>,
    pub(super) confidence: Option<Confidence>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) references: Option<Vec<String>>,
    pub(super) note: Option<String>,
    pub(super) expires: Option<String>,
    #[serde(default)]
    pub(super) domains: Vec<Entry>,
    #[serde(default)]
    pub(super) exact: Vec<Entry>,
    #[serde(default)]
    pub(super) below: Vec<Entry>,
    #[serde(default)]
    pub(super) keywords: Vec<Entry>,
    #[serde(default)]
    pub(super) addresses: Vec<Entry>,
    #[serde(default)]
    pub(super) networks: Vec<Entry>,
    #[serde(default)]
    pub(super) urls: Vec<Entry>,
    #[serde(default)]
    pub(super) ja3: Vec<Entry>,
    #[serde(default)]
    pub(super) ja4: Vec<Entry>,
    #[serde(default)]
    pub(super) certificates: Vec<Entry>,
}

/// Addresses that names once pointed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    pub(super) seen: Option<String>,
    #[serde(default)]
    pub(super) sources: Vec<String>,
    #[serde(rename = "note")]
    pub(super) _note: Option<String>,
    pub(super) addresses: Ordered<Vec<String>>,
}

/// The long form of an entry: attributes of its own instead of the group's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullEntry {
    pub(super) name: String,
    /// Of an address: only these ports.
    #[serde(default)]
    pub(super) ports: Vec<u16>,
    /// It counts although it looks harmful.
    #[serde(default)]
    pub(super) force: bool,
    pub(super) threat: Option<String>,
    pub(super) generation: Option<String>,
    pub(super) first_published: Option<String>,
    pub(super) sources: Option<Vec<String>>,
    pub(super) severity: Option<Severity>,
    pub(super) confidence: Option<Confidence>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) references: Option<Vec<String>>,
    pub(super) note: Option<String>,
    pub(super) expires: Option<String>,
}

/// One listed thing.
#[derive(Debug)]
pub(super) enum Entry {
    Short(String),
    Full(Box<FullEntry>),
    /// A list that was taken out of the text beforehand: which one of the file's.
    Run(usize),
}

impl Entry {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Full(full) => &full.name,
            Self::Run(_) => "",
        }
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry: a text, or a mapping with `name`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry::Short(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Entry, E> {
        Ok(Entry::Short(text))
    }

    // YAML reads `123` or `true` as something other than text. No name looks like that, and one
    // such entry must not refuse the whole file: let the name check say what is wrong with it.
    fn visit_u64<E: Error>(self, value: u64) -> Result<Entry, E> {
        Ok(Entry::Short(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Entry, E> {
        Ok(Entry::Short(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Entry, E> {
        Ok(Entry::Short(value.to_string()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Entry, E> {
        Ok(Entry::Short(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Entry, E> {
        Ok(Entry::Short(String::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        FullEntry::deserialize(MapAccessDeserializer::new(map)).map(|e| Entry::Full(Box::new(e)))
    }
}

/// The schema version: anything but ours is an error before any other key is judged.
#[derive(Debug)]
pub(super) struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            SCHEMA_VERSION => Ok(Self),
            other => Err(D::Error::invalid_value(
                Unexpected::Unsigned(other),
                &"schema version 1, the only one that this program reads",
            )),
        }
    }
}

/// A mapping in file order whose keys may not repeat.
#[derive(Debug)]
pub(super) struct Ordered<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
        let mut pairs = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format_args!(
                    "the key `{key}` stands twice"
                )));
            }
            pairs.push((key, map.next_value()?));
        }
        Ok(Ordered(pairs))
    }
}
