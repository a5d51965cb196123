//! What a STIX bundle says around its indicators, which may stand before or after them: whom they belong to, who says so.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::super::listing::About;
use super::object::{self, Object};

/// The most names that a title is made of.
const MAX_TITLE_NAMES: usize = 3;

/// What the first pass over a bundle finds. Ids are kept as hashes, which are a fifth of their size.
#[derive(Debug, Default)]
pub(super) struct Context<'t> {
    hasher: RandomState,
    /// What indicators may indicate: how well it names a threat (less is better), and its name.
    threats: HashMap<u64, (u8, Cow<'t, str>)>,
    identities: HashMap<u64, Cow<'t, str>>,
    /// Source and target of `indicates`, while they are gathered.
    links: Vec<(u64, u64)>,
    has_links: bool,
    /// The threat that each indicator indicates.
    indicated: HashMap<u64, u64>,
    /// Ids and times of indicators, while they are gathered.
    versions: Vec<(u64, u64)>,
    /// The time of the newest version of those that have several.
    newest: HashMap<u64, u64>,
    malware: Names<'t>,
    malware_description: Option<Cow<'t, str>>,
    reports: Names<'t>,
    report: About,
    report_by: Option<u64>,
    creators: Option<Creators>,
    updated: Option<Cow<'t, str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Creators {
    One(u64),
    Several,
}

/// Different names: the first few, and whether there are more.
#[derive(Debug, Default)]
struct Names<'t> {
    first: Vec<Cow<'t, str>>,
    more: bool,
}

impl<'t> Names<'t> {
    fn add(&mut self, name: Cow<'t, str>) {
        if self.first.contains(&name) {
        } else if self.first.len() < MAX_TITLE_NAMES {
            self.first.push(name);
        } else {
            self.more = true;
        }
    }

    fn only(&self) -> Option<&str> {
        match self.first.as_slice() {
            [only] if !self.more => Some(only),
            _ => None,
        }
    }

    fn title(&self) -> Option<String> {
        let names = self.first.join(", ");
        let more = if self.more { " and others" } else { "" };
        (!names.is_empty()).then(|| names + more)
    }
}

impl<'t> Context<'t> {
    fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Takes from an object what is not about itself alone.
    pub(super) fn look(&mut self, object: &Object<'t>) {
        let id = object::text(object.id);
        let id = id.map(|id| self.hash(&id));
        if let Some(creator) = object::text(object.created_by_ref) {
            let creator = self.hash(&creator);
            self.creators = match self.creators {
                None => Some(Creators::One(creator)),
                Some(Creators::One(same)) if same == creator => self.creators,
                Some(_) => Some(Creators::Several),
            };
        }
        self.see_modified(object);
        let kind = object.kind();
        if &*kind == "indicator" {
            if let Some(id) = id {
                self.versions.push((id, Self::moment_of(object)));
            }
            return;
        }
        if &*kind == "relationship" {
            return self.link(object);
        }
        let Some(name) = object::name(object.name) else {
            return;
        };
        let rank = match &*kind {
            "malware" => 0,
            "campaign" => 1,
            "tool" => 2,
            "intrusion-set" => 3,
            "threat-actor" => 4,
            "identity" => {
                self.identities.extend(id.map(|id| (id, name)));
                return;
            }
            "report" | "grouping" => {
                self.report(object, name);
                return;
            }
            _ => return,
        };
        if rank == 0 {
            if self.malware.first.is_empty() {
                self.malware_description = object::name(object.description);
            }
            self.malware.add(name.clone());
        }
        self.threats.extend(id.map(|id| (id, (rank, name))));
    }

    fn see_modified(&mut self, object: &Object<'t>) {
        let day = match object::text(object.modified) {
            Some(Cow::Borrowed(time)) => object::day(time).map(Cow::Borrowed),
            Some(Cow::Owned(time)) => object::day(&time).map(|day| Cow::Owned(day.to_owned())),
            None => None,
        };
        self.updated = self.updated.take().max(day);
    }

    fn moment_of(object: &Object<'_>) -> u64 {
        let time = object::text(object.modified.or(object.created));
        time.map_or(0, |time| object::moment(&time))
    }

    fn link(&mut self, object: &Object<'_>) {
        let kind = object::text(object.relationship_type);
        let source = object::text(object.source_ref);
        let target = object::text(object.target_ref);
        if let (Some("indicates"), Some(source), Some(target)) = (kind.as_deref(), source, target) {
            self.has_links = true;
            if !object.is_revoked() {
                self.links.push((self.hash(&source), self.hash(&target)));
            }
        }
    }

    fn report(&mut self, object: &Object<'t>, name: Cow<'t, str>) {
        if self.reports.first.is_empty() {
            let description = object::name(object.description);
            let creator = object::text(object.created_by_ref);
            self.report.description = description.map(Cow::into_owned);
            self.report.url = object.urls().into_iter().next();
            self.report_by = creator.map(|creator| self.hash(&creator));
        }
        self.reports.add(name);
    }

    /// Ends the first pass.
    pub(super) fn finish(&mut self) -> About {
        // The best name of each indicator; of equals, that of the first relation.
        for (source, target) in std::mem::take(&mut self.links) {
            let rank = |id: &u64| self.threats.get(id).map(|(rank, _)| *rank);
            let Some(new) = rank(&target) else { continue };
            let old = self.indicated.get(&source).and_then(rank);
            if old.is_none_or(|old| new < old) {
                self.indicated.insert(source, target);
            }
        }
        let mut versions = std::mem::take(&mut self.versions);
        versions.sort_unstable();
        for pair in versions.windows(2) {
            if let [(id, _), (same, later)] = pair
                && id == same
            {
                self.newest.insert(*id, *later);
            }
        }
        self.about()
    }

    fn about(&mut self) -> About {
        let name_of = |id: u64| {
            self.identities
                .get(&id)
                .map(|name| name.clone().into_owned())
        };
        let by_all = match self.creators {
            Some(Creators::One(creator)) => name_of(creator),
            Some(Creators::Several) => self.report_by.and_then(name_of),
            None if self.identities.len() == 1 => {
                let mut names = self.identities.values();
                names.next().map(|name| name.clone().into_owned())
            }
            None => None,
        };
        let only_report = self.reports.only().map(str::to_owned);
        let report = only_report
            .is_some()
            .then(|| std::mem::take(&mut self.report));
        let report = report.unwrap_or_default();
        let of_malware = self.malware.only().and(self.malware_description.take());
        About {
            title: only_report.or_else(|| self.malware.title()),
            description: report.description.or(of_malware.map(Cow::into_owned)),
            publisher: by_all,
            licence: None,
            updated: self.updated.take().map(Cow::into_owned),
            url: report.url,
        }
    }

    /// What the indicator belongs to.
    pub(super) fn threat(&self, indicator: &Object<'_>) -> Option<&str> {
        if !self.has_links {
            return self.malware.only();
        }
        let id = object::text(indicator.id)?;
        let threat = self.indicated.get(&self.hash(&id))?;
        self.threats.get(threat).map(|(_, name)| &**name)
    }

    /// Who made the object.
    pub(super) fn creator(&self, object: &Object<'_>) -> Option<&str> {
        let creator = object::text(object.created_by_ref)?;
        let name = self.identities.get(&self.hash(&creator))?;
        Some(name)
    }

    /// Whether the bundle has a newer version of the indicator.
    pub(super) fn is_superseded(&self, indicator: &Object<'_>) -> bool {
        // Few bundles have several versions of anything.
        if self.newest.is_empty() {
            return false;
        }
        let id = object::text(indicator.id);
        let newest = id.and_then(|id| self.newest.get(&self.hash(&id)));
        newest.is_some_and(|newest| Self::moment_of(indicator) < *newest)
    }
}
