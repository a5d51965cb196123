//! What is good and what is wrong about one list.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::age;
use super::lines;
use crate::commands::age::Age;
use crate::rules::{self, Aside, IndicatorKind, LoadOptions, PackInfo, Problem, RuleSet, Scope};
use crate::time::Timestamp;

/// How many odd names are told where not all are asked for.
pub(super) const FEW: usize = 10;

/// How many odd names are told at all.
const MANY: usize = 100_000;

/// A list that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) file: PathBuf,
    /// What it became, where it can be read.
    pub(super) pack: Option<PackInfo>,
    /// Why it is refused as a whole.
    pub(super) refused: Vec<Problem>,
    /// What is wrong with its entries.
    pub(super) problems: Vec<Problem>,
    /// What is left aside, where that is asked for.
    pub(super) asides: Vec<Aside>,
    pub(super) age: Option<Age>,
    /// Entries whose last day is over.
    pub(super) expired: usize,
    /// Names that end in no known top-level domain, with their lines where these are found.
    pub(super) odd: Odd<(String, Option<usize>)>,
    /// Names that another entry of the list covers, with that one.
    pub(super) covered: Odd<(String, String)>,
}

/// Some of what is odd, and how much there is.
#[derive(Debug)]
pub(super) struct Odd<T> {
    pub(super) count: usize,
    pub(super) some: Vec<T>,
}

impl<T> Odd<T> {
    const fn none() -> Self {
        Self {
            count: 0,
            some: Vec::new(),
        }
    }

    fn add(&mut self, most: usize, one: impl FnOnce() -> T) {
        self.count = self.count.saturating_add(1);
        if self.some.len() < most {
            self.some.push(one());
        }
    }
}

impl Judged {
    /// How many entries are refused; one where the whole list is.
    pub(super) fn errors(&self) -> usize {
        let refused = self.pack.as_ref().map_or(0, |pack| pack.refused);
        refused.saturating_add(self.refused.len())
    }

    /// How much is doubtful.
    pub(super) fn warnings(&self) -> usize {
        let entries = self.problems.iter().filter(|problem| !problem.left_out());
        // The number of those that are not told is not another problem.
        let entries = entries.filter(|problem| problem.line.is_some()).count();
        let old = self.age.as_ref().is_some_and(Age::is_old);
        [
            usize::from(old),
            usize::from(self.expired != 0),
            self.odd.count,
        ]
        .iter()
        .fold(entries, |sum, more| sum.saturating_add(*more))
    }
}

/// Judges a list by itself.
pub(super) fn judge(file: &Path, options: &LoadOptions, now: Timestamp, verbose: bool) -> Judged {
    let mut judged = Judged {
        file: file.to_owned(),
        pack: None,
        refused: Vec::new(),
        problems: Vec::new(),
        asides: Vec::new(),
        age: None,
        expired: 0,
        odd: Odd::none(),
        covered: Odd::none(),
    };
    match rules::load(options) {
        Ok(loaded) => {
            judged.problems = loaded.problems;
            judged.asides = loaded.asides;
            judged.pack = loaded.rules.packs().next().cloned();
            judged.age = judged.pack.as_ref().and_then(|pack| age(pack, now));
            let most = if verbose { MANY } else { FEW };
            judged.entries(&loaded.rules, &now.date(), most);
        }
        Err(refused) => {
            judged.refused = refused.errors;
            judged.problems = refused.problems;
        }
    }
    judged
}

impl Judged {
    fn entries(&mut self, rules: &RuleSet, today: &str, most: usize) {
        // There are few of them, and a look takes a search.
        let mut endings: HashMap<String, bool> = HashMap::new();
        for (_, indicator) in rules.indicators() {
            let past = |last: &str| last < today;
            if indicator.expires.as_deref().is_some_and(past) {
                self.expired = self.expired.saturating_add(1);
            }
            let name = indicator.name;
            if indicator.kind != IndicatorKind::Name {
                continue;
            }
            let ending = name.rsplit('.').next().unwrap_or(name);
            let unknown = match endings.get(ending) {
                Some(unknown) => *unknown,
                None => {
                    let unknown = rules::unknown_tld(name).is_some();
                    endings.insert(ending.to_owned(), unknown);
                    unknown
                }
            };
            if unknown {
                self.odd.add(most, || (name.to_owned(), None));
            }
            if let Some(above) = above(rules, name) {
                self.covered
                    .add(most, || (name.to_owned(), above.to_owned()));
            }
        }
        let some: Vec<&str> = self
            .odd
            .some
            .iter()
            .take(FEW)
            .map(|(n, _)| n.as_str())
            .collect();
        if !some.is_empty() {
            let found = lines(&self.file, &some);
            for ((_, line), found) in self.odd.some.iter_mut().zip(found) {
                *line = found;
            }
        }
    }
}

/// The entry that covers all names below it, this one among them.
fn above<'n>(rules: &RuleSet, name: &'n str) -> Option<&'n str> {
    let mut rest = name;
    while let Some((_, parent)) = rest.split_once('.') {
        let listed = rules.named(parent).and_then(|id| rules.indicator(id));
        if listed.is_some_and(|listed| listed.scope != Scope::Exact) {
            return Some(parent);
        }
        rest = parent;
    }
    None
}
