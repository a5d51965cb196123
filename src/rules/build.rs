//! From rule files that were read to a rule set: judges every entry, merges what several packs list, and says
//! what is wrong without losing what is right.

mod file;
pub(super) mod judge;
mod lines;
mod list;
mod own;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::RuleSet;
use super::domain::{Refusal, rule_name};
use super::endings::Endings;
use super::facts::{DetailsId, Facts};
use super::format::listing::Kind;
use super::indicator::{IndicatorId, IndicatorKind, PackId, Scope};
use super::matcher::{Added, Matcher, Names};
use super::others::Others;
use super::pack::PackInfo;
use super::problem::Problem;
use super::provenance::Origin;
use crate::names::label;
use file::File;
pub(super) use judge::Judge;
use judge::judge_other;
pub(super) use list::slug;

/// How files are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    /// Entries that count although they look harmful, as they are listed.
    pub(super) forced: HashSet<String>,
    /// Harmful entries are let through: of the packs that come with the program, which are checked by its tests.
    pub(super) trusted: bool,
    /// What is left aside is kept, line by line.
    pub(super) detail: bool,
}

/// Something of a list that is left aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The file.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: usize,
    /// What it is, in the plural.
    pub what: &'static str,
    /// As it stands there.
    pub text: String,
}

/// Collects packs.
#[derive(Default)]
pub(super) struct Builder {
    packs: Vec<PackInfo>,
    names: Names,
    /// Of the names so far; where there are more than it has room for, it is made anew in the end.
    endings: Endings,
    scopes: Vec<Scope>,
    /// What is listed beside names, by kind; the place of names stays empty.
    others: [Listed; IndicatorKind::ALL.len()],
    facts: Facts,
    problems: Vec<Problem>,
    asides: Vec<Aside>,
    judge: Judge,
    options: Options,
    /// Where the file that comes next was fetched from.
    origin: Option<Origin>,
}

/// What is listed of one kind beside names.
#[derive(Debug, Default)]
struct Listed {
    /// In one form each.
    texts: Vec<Box<str>>,
    of: Vec<DetailsId>,
    numbers: HashMap<Box<str>, usize>,
}

/// What became of a good entry.
enum Counted {
    Yes,
    /// The same list has it already.
    Twice(Refusal),
}

impl Builder {
    /// How the files that come next are read.
    pub(super) fn set(&mut self, options: Options) {
        self.options = options;
    }

    /// Where the file that comes next was fetched from.
    pub(super) fn comes_from(&mut self, origin: Option<Origin>) {
        self.origin = origin;
    }

    /// The files so far.
    pub(super) fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    fn next_pack(&self, label: &str) -> Result<PackId, Problem> {
        u16::try_from(self.packs.len()).map(PackId).map_err(|_| {
            let what = "more than 65,535 rule files";
            Problem::new(label, what, "join some of them")
        })
    }

    /// Makes room for so many names.
    fn reserve(&mut self, more: usize) {
        self.names.reserve(more);
        if self.endings.room() < self.names.len().saturating_add(more) {
            // Many small files make it anew a few times only.
            self.endings = Endings::with_room(&self.names, more.max(self.names.len()));
        }
    }

    /// The memory of the names, for a reader of files to put long lists into.
    pub(super) fn names(&mut self) -> &mut Vec<u8> {
        self.names.bytes_mut()
    }

    /// Takes in one entry. An error where it does not count.
    fn entry(
        &mut self,
        kind: Kind,
        text: &str,
        id: DetailsId,
        force: bool,
    ) -> Result<Counted, Refusal> {
        let force = force || self.options.trusted;
        match kind {
            Kind::Domain | Kind::Exact | Kind::Below => {
                let name = rule_name(text)?;
                let scope = scope(kind);
                if !force && !self.options.forced.contains(&name) {
                    self.judge.name(&name, scope)?;
                }
                let added = self.add_name(&name);
                self.take(added, id, scope)
            }
            Kind::Url => self.url(text, id, force),
            kind => {
                let text = judge_other(kind, text)?;
                let known = self.others.get(indicator_kind(kind) as usize);
                let new = known.is_some_and(|listed| !listed.numbers.contains_key(&*text));
                if new && kind == Kind::Keyword {
                    self.judge.one_more_keyword()?;
                }
                if new && !force && !self.options.forced.contains(&text) {
                    self.judge.other(kind, &text)?;
                }
                Ok(self.list(indicator_kind(kind), text.clone(), text, id))
            }
        }
    }

    /// A URL: requests that show it are matched with all of it, and its host is listed where that harms nobody. Where it
    /// does, the URL counts all the same, unless it is all of the host.
    fn url(&mut self, text: &str, id: DetailsId, force: bool) -> Result<Counted, Refusal> {
        let judge::Url {
            url,
            key,
            host,
            whole,
        } = judge::url(text)?;
        let forced = force || self.options.forced.contains(&url);
        match host {
            judge::Host::Name(host) => {
                let name = rule_name(&host)?;
                let forced = forced || self.options.forced.contains(&name);
                match self.judge.name(&name, Scope::Exact) {
                    Err(refusal) if !forced && whole => return Err(refusal),
                    Err(_) if !forced => {}
                    _ => {
                        let added = self.add_name(&name);
                        // The host may be listed by itself as well.
                        let _ = self.take(added, id, Scope::Exact)?;
                    }
                }
            }
            judge::Host::Address(address) => {
                let forced = forced || self.options.forced.contains(&address);
                if !forced {
                    // Behind a private address is another machine in every network.
                    self.judge.other(Kind::Address, &address)?;
                }
                self.list(IndicatorKind::Address, address.clone(), address, id);
            }
        }
        Ok(self.list(IndicatorKind::Url, key, url, id))
    }

    /// Lists something beside names; `text` is in the one form that its kind has. What has the same `key` is the same.
    fn list(&mut self, kind: IndicatorKind, key: String, text: String, id: DetailsId) -> Counted {
        let Some(listed) = self.others.get_mut(kind as usize) else {
            return Counted::Yes;
        };
        match listed.numbers.get(&*key) {
            Some(&number) => {
                let known = listed.of.get(number).copied().unwrap_or(id);
                let (joined, good) = self.facts.again(known, id);
                if let Some(of) = listed.of.get_mut(number) {
                    *of = joined;
                }
                if good { Counted::Yes } else { twice(&text) }
            }
            None => {
                listed.numbers.insert(key.into(), listed.texts.len());
                listed.texts.push(text.into());
                listed.of.push(id);
                Counted::Yes
            }
        }
    }

    /// Takes in a name by itself.
    fn add_name(&mut self, name: &str) -> Added {
        self.endings
            .add(label::last_two(name.as_bytes()).into_iter());
        self.names.add(name)
    }

    /// Gives a name its attributes, or joins them with those that it has.
    fn take(&mut self, added: Added, id: DetailsId, scope: Scope) -> Result<Counted, Refusal> {
        match added {
            Added::New(_) => {
                self.scopes.push(scope);
                self.facts.push(id);
                Ok(Counted::Yes)
            }
            Added::Known(number) => {
                if let Some(known) = self.scopes.get_mut(number) {
                    *known = known.union(scope);
                }
                if self.facts.list_again(number, id) {
                    return Ok(Counted::Yes);
                }
                Ok(twice(self.names.get(number).unwrap_or_default()))
            }
            Added::Full => Err((
                "the names take more than four gigabytes".to_owned(),
                "load fewer packs".to_owned(),
            )),
        }
    }

    /// Problems of entries so far.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What was left aside so far, where that is kept.
    pub(super) fn take_asides(&mut self) -> Vec<Aside> {
        std::mem::take(&mut self.asides)
    }

    /// The rule set, and the problems of all its files.
    ///
    /// # Errors
    /// When there is too much for one of the indexes.
    pub(super) fn finish(self) -> Result<(RuleSet, Vec<Problem>), Problem> {
        let Self {
            packs,
            names,
            endings,
            scopes,
            others,
            mut facts,
            problems,
            ..
        } = self;
        let matcher = Matcher::new(names, scopes).map_err(|e| {
            Problem::new("rules", format!("too many names: {e}"), "load fewer packs")
        })?;
        let mut texts = Vec::with_capacity(others.len());
        for listed in others {
            listed.of.into_iter().for_each(|id| facts.push(id));
            texts.push(listed.texts);
        }
        let others = Others::new(texts).map_err(|(what, fix)| Problem::new("rules", what, fix))?;
        facts.shrink();
        // Where it is far too large, less of it fits the caches.
        let fits = matcher.names().len()..=matcher.names().len().saturating_mul(5) / 4;
        let endings = if !fits.contains(&endings.room()) {
            Endings::with_room(matcher.names(), 0)
        } else {
            endings
        };
        let rules = RuleSet {
            packs,
            facts,
            endings,
            matcher,
            others,
            allow: Vec::new(),
        };
        Ok((rules, problems))
    }
}

impl RuleSet {
    pub(super) fn id(index: usize) -> Option<IndicatorId> {
        u32::try_from(index).ok().map(IndicatorId)
    }
}

fn twice(text: &str) -> Counted {
    Counted::Twice((
        format!("`{text}` is listed twice"),
        "the first entry counts, with the sources of both; remove one".to_owned(),
    ))
}

/// Of a name: to which names it applies.
const fn scope(kind: Kind) -> Scope {
    match kind {
        Kind::Exact => Scope::Exact,
        Kind::Below => Scope::Below,
        _ => Scope::Suffix,
    }
}

const fn indicator_kind(kind: Kind) -> IndicatorKind {
    match kind {
        Kind::Domain | Kind::Exact | Kind::Below => IndicatorKind::Name,
        Kind::Keyword => IndicatorKind::Keyword,
        Kind::Address => IndicatorKind::Address,
        Kind::Url => IndicatorKind::Url,
        Kind::Ja3 => IndicatorKind::Ja3,
        Kind::Ja4 => IndicatorKind::Ja4,
        Kind::Certificate => IndicatorKind::Certificate,
    }
}

fn others_of(file: &File<'_>) -> Vec<(IndicatorKind, usize)> {
    IndicatorKind::ALL
        .into_iter()
        .filter(|kind| *kind != IndicatorKind::Name)
        .map(|kind| (kind, file.taken(kind)))
        .filter(|(_, count)| *count != 0)
        .collect()
}
