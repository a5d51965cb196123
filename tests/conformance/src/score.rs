//! Compares what was found with what an oracle says.
//!
//! A row of the oracle is wanted or optional. Optional are rows of other families and classes than
//! asked for, and names only seen inside something that is tagged as doubtful: they are neither
//! missed nor false. A name that is given and that the oracle has in that capture only under
//! another family is mislabelled, any other is spurious.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::normalise;
use crate::rows::Row;

/// How kinds are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Match {
    /// The same kind.
    Exact,
    /// A kind of the same family, such as dns_query and dns_answer.
    Group,
    /// Any kind: only capture and name count.
    Any,
}

/// What is compared.
#[derive(Debug, Clone)]
pub struct Rules {
    /// How kinds are compared.
    pub by: Match,
    /// Classes of names that are wanted.
    pub classes: HashSet<String>,
    /// Families that are wanted; all where there is none.
    pub families: Option<HashSet<String>>,
    /// Rows seen only in something with one of these tags are optional.
    pub optional_tags: HashSet<String>,
    /// Only these captures, and all of them, also where the oracle has no name in them.
    pub files: Option<HashSet<String>>,
    /// Only these collections; all where there is none.
    pub collections: HashSet<String>,
    /// Whether `*.a.b` is another name than `a.b`.
    pub keep_wildcard: bool,
}

/// Numbers of names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wanted by the oracle.
    pub wanted: u64,
    /// Of those, found.
    pub found: u64,
    /// Optional rows of the oracle.
    pub optional: u64,
    /// Of those, found.
    pub optional_found: u64,
    /// Names that the program gave.
    pub given: u64,
    /// Of those, wanted.
    pub right: u64,
    /// Known in this capture under another family.
    pub mislabelled: u64,
    /// Not known in this capture.
    pub spurious: u64,
}

impl Counts {
    /// Found of wanted, in percent.
    pub fn recall(&self) -> Option<f64> {
        percent(self.found, self.wanted)
    }

    /// Right of all that could be judged, in percent.
    pub fn precision(&self) -> Option<f64> {
        percent(self.right, self.right + self.mislabelled + self.spurious)
    }
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// (capture, family, name): what is counted once.
pub type Key = (String, String, String);

#[derive(Debug)]
struct Wanted {
    is_wanted: bool,
    tags: BTreeSet<String>,
    row: Row,
}

/// Why a given name is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Known in this capture under another family.
    Mislabelled,
    /// Not known in this capture.
    Spurious,
}

/// The result.
#[derive(Debug, Default)]
pub struct Score {
    /// All together.
    pub total: Counts,
    /// By family, or by kind with [`Match::Exact`].
    pub families: BTreeMap<String, Counts>,
    /// By the first folder of the captures' paths.
    pub collections: BTreeMap<String, Counts>,
    /// By capture.
    pub files: BTreeMap<String, Counts>,
    /// Recall of names that were only seen in something with a tag.
    pub tags: BTreeMap<String, Counts>,
    /// Wanted and not found, with a row of the oracle.
    pub misses: Vec<(Key, Row)>,
    /// Given and wrong, with a row of the program.
    pub wrong: Vec<(Key, Wrong, Row)>,
    /// Captures that neither the oracle nor the list of captures knows, and names given in them.
    pub unknown: BTreeMap<String, u64>,
}

/// Takes the oracle's rows, then the program's, and compares them.
#[derive(Debug)]
pub struct Scorer {
    rules: Rules,
    files: HashSet<String>,
    known: BTreeMap<Key, Wanted>,
    /// All names of a capture, whatever their family.
    names: HashSet<(String, String)>,
    given: BTreeMap<Key, Row>,
    unknown: BTreeMap<String, u64>,
    /// Paths that were looked up before.
    paths: HashMap<String, Option<String>>,
}

impl Scorer {
    /// Nothing known yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            files: rules.files.clone().unwrap_or_default(),
            rules,
            known: BTreeMap::new(),
            names: HashSet::new(),
            given: BTreeMap::new(),
            unknown: BTreeMap::new(),
            paths: HashMap::new(),
        }
    }

    /// Takes a row of the oracle. All of them have to be given before the first of the program.
    pub fn oracle(&mut self, row: Row) {
        if !self.files.contains(&row.file) {
            self.files.insert(row.file.clone());
        }
        let Some((key, name)) = self.key(&row.file, &row) else {
            return;
        };
        self.names.insert((row.file.clone(), name));
        let families = self.rules.families.as_ref();
        let is_wanted = families.is_none_or(|f| f.contains(normalise::family(&row.proto)))
            && self.rules.classes.contains(&row.cls)
            && !row
                .only_tags
                .iter()
                .any(|tag| self.rules.optional_tags.contains(tag));
        let tags: BTreeSet<String> = row.only_tags.iter().cloned().collect();
        match self.known.get_mut(&key) {
            Some(known) => {
                known.is_wanted |= is_wanted;
                known.tags.retain(|tag| tags.contains(tag));
            }
            None => {
                let wanted = Wanted {
                    is_wanted,
                    tags,
                    row,
                };
                self.known.insert(key, wanted);
            }
        }
    }

    /// Takes a row of the program.
    pub fn program(&mut self, row: Row) {
        if !self.paths.contains_key(&row.file) {
            let file = normalise::file(&row.file, |end| self.files.contains(end));
            self.paths.insert(row.file.clone(), file);
        }
        let Some(file) = self.paths.get(&row.file).cloned().flatten() else {
            *self.unknown.entry(row.file).or_default() += 1;
            return;
        };
        if let Some((key, _)) = self.key(&file, &row) {
            self.given.entry(key).or_insert(row);
        }
    }

    /// The row's key and name; `None` where it is not compared.
    fn key(&self, file: &str, row: &Row) -> Option<(Key, String)> {
        let rules = &self.rules;
        if rules
            .files
            .as_ref()
            .is_some_and(|files| !files.contains(file))
            || !rules.collections.is_empty() && !rules.collections.contains(collection(file))
        {
            return None;
        }
        let name = normalise::name(&row.name, rules.keep_wildcard)?;
        let family = match rules.by {
            Match::Exact => &row.proto,
            Match::Group => normalise::family(&row.proto),
            Match::Any => "any",
        };
        Some(((file.to_owned(), family.to_owned(), name.clone()), name))
    }

    /// Compares.
    pub fn finish(self) -> Score {
        let mut score = Score {
            unknown: self.unknown,
            ..Score::default()
        };
        for (key, known) in &self.known {
            let found = u64::from(self.given.contains_key(key));
            let count = |counts: &mut Counts| {
                if known.is_wanted {
                    counts.wanted += 1;
                    counts.found += found;
                } else {
                    counts.optional += 1;
                    counts.optional_found += found;
                }
            };
            score.each(key, count);
            for tag in &known.tags {
                count(score.tags.entry(tag.clone()).or_default());
            }
            if known.is_wanted && found == 0 {
                score.misses.push((key.clone(), known.row.clone()));
            }
        }
        for (key, row) in self.given {
            let known = self.known.get(&key);
            let wrong = match known {
                Some(_) => None,
                None if self.names.contains(&(key.0.clone(), key.2.clone())) => {
                    Some(Wrong::Mislabelled)
                }
                None => Some(Wrong::Spurious),
            };
            score.each(&key, |counts| {
                counts.given += 1;
                match wrong {
                    Some(Wrong::Mislabelled) => counts.mislabelled += 1,
                    Some(Wrong::Spurious) => counts.spurious += 1,
                    None => counts.right += u64::from(known.is_some_and(|k| k.is_wanted)),
                }
            });
            if let Some(wrong) = wrong {
                score.wrong.push((key, wrong, row));
            }
        }
        score
    }
}

impl Score {
    fn each(&mut self, key: &Key, count: impl Fn(&mut Counts)) {
        let (file, family, _) = key;
        count(&mut self.total);
        count(self.families.entry(family.clone()).or_default());
        count(
            self.collections
                .entry(collection(file).to_owned())
                .or_default(),
        );
        count(self.files.entry(file.clone()).or_default());
    }

    /// Captures with wanted names; how many of those were found fully; mean recall in percent.
    pub fn by_file(&self) -> Option<(usize, usize, f64)> {
        let recalls: Vec<f64> = self.files.values().filter_map(Counts::recall).collect();
        let full = self
            .files
            .values()
            .filter(|c| c.wanted > 0 && c.found == c.wanted);
        let mean = recalls.iter().sum::<f64>() / recalls.len() as f64;
        (!recalls.is_empty()).then(|| (recalls.len(), full.count(), mean))
    }
}

/// The first folder of a capture's path.
fn collection(file: &str) -> &str {
    file.split_once('/').map_or(".", |(folder, _)| folder)
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
