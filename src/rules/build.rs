//! From rule files that were read to a rule set: judges every entry, merges names that
//! several packs list, and says what is wrong without losing what is right.

mod lines;

use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::RuleSet;
use super::date::is_date;
use super::domain::{Refusal, rule_name};
use super::endings::Endings;
use super::facts::{DetailsId, Facts, push_source};
use super::format::Parsed;
use super::indicator::{Details, IndicatorId, PackId, Resolved, Scope, Source, SourceRef};
use super::locate::{self, Wanted};
use super::matcher::{Added, Matcher, Names};
use super::pack::{Entry, Group, History, PackInfo};
use super::problem::Problem;
use super::suggest::nearest;
use crate::names::label;

/// Collects packs.
#[derive(Default)]
pub(super) struct Builder {
    packs: Vec<PackInfo>,
    names: Names,
    /// Of the names so far; where there are more than it has room for, it is made anew in the end.
    endings: Endings,
    scopes: Vec<Scope>,
    facts: Facts,
    problems: Vec<Problem>,
}

/// The work on one file.
struct File<'a> {
    label: &'a str,
    pack: PackId,
    sources: Vec<SourceRef>,
    /// How often each defect-prone text has stood in the file's text so far, for [`locate`].
    stands: HashMap<String, usize>,
    /// Defects whose lines are looked up when the file is done.
    pending: Vec<(Wanted, String, String)>,
    /// Defects whose lines are known.
    located: Vec<Problem>,
    unused: Vec<(&'static str, usize)>,
}

impl File<'_> {
    /// Counts one stand of `text` as a value and returns how to find it again.
    fn stand(&mut self, text: &str) -> Wanted {
        let text = locate::normal(text);
        let count = self.stands.entry(text.clone()).or_default();
        let nth = *count;
        *count = count.saturating_add(1);
        Wanted {
            text,
            nth,
            key: false,
        }
    }

    fn defect(&mut self, at: Wanted, what: impl Into<String>, fix: impl Into<String>) {
        self.pending.push((at, what.into(), fix.into()));
    }

    /// A date, or none and a defect.
    fn date(&mut self, key: &str, text: Option<&str>) -> Option<Arc<str>> {
        let text = text?;
        if is_date(text) {
            return Some(text.into());
        }
        let at = self.stand(text);
        self.defect(
            at,
            format!("`{text}` is not a date, so `{key}` is ignored"),
            "write YYYY-MM-DD, for instance 2021-07-18",
        );
        None
    }

    fn cited(&mut self, ids: &[String]) -> Arc<[SourceRef]> {
        let mut out = Vec::with_capacity(ids.len());
        for id in ids {
            match self.sources.iter().find(|s| s.id == *id) {
                Some(source) => push_source(&mut out, source),
                None => {
                    let at = self.stand(id);
                    let fix = match nearest(id, self.sources.iter().map(|s| s.id.as_str())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "describe it under `sources` at the top of the file".to_owned(),
                    };
                    self.defect(at, format!("unknown source `{id}`"), fix);
                }
            }
        }
        out.into()
    }

    /// A line of a list that does not count.
    fn refuse(&mut self, line: usize, (what, fix): Refusal) {
        let problem = Problem::new(self.label, what, fix).at(Some(line), None);
        self.located.push(problem);
    }

    fn unused(&mut self, kind: &'static str, count: usize) {
        if count == 0 {
            return;
        }
        match self.unused.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => *n = n.saturating_add(count),
            None => self.unused.push((kind, count)),
        }
    }
}

impl Builder {
    /// Takes in one file. `label` names it in problems, `origin` in [`PackInfo::file`].
    ///
    /// # Errors
    /// When the file as a whole is of no use.
    pub(super) fn add(&mut self, label: &str, origin: &str, parsed: Parsed) -> Result<(), Problem> {
        let Parsed {
            pack: parsed,
            text,
            runs,
        } = parsed;
        let line_of_pack = || {
            let name = Wanted {
                text: "pack".into(),
                nth: 0,
                key: true,
            };
            locate::lines(&text, &[name]).first().copied().flatten()
        };
        if !is_pack_name(&parsed.pack) {
            let what = format!("`{}` is not a pack name", parsed.pack);
            let fix = "use 1 to 64 lower-case letters, digits and `-`";
            return Err(Problem::new(label, what, fix).at(line_of_pack(), None));
        }
        let Ok(id) = u16::try_from(self.packs.len()) else {
            return Err(Problem::new(
                label,
                "more than 65,535 rule files",
                "join some of them",
            ));
        };
        if let Some(first) = self.packs.iter().find(|p| p.name == parsed.pack) {
            let what = format!("pack `{}` is already loaded ({})", parsed.pack, first.file);
            let fix = "both count; give one of them another name";
            self.problems
                .push(Problem::new(label, what, fix).at(line_of_pack(), None));
        }
        let mut file = File {
            label,
            pack: PackId(id),
            sources: Vec::new(),
            stands: HashMap::new(),
            pending: Vec::new(),
            located: Vec::new(),
            unused: Vec::new(),
        };
        for (id, s) in parsed.sources.0 {
            let published = file.date("published", s.published.as_deref());
            file.sources.push(Arc::new(Source {
                id,
                title: s.title,
                publisher: s.publisher,
                published: published.map(|d| d.to_string()),
                url: s.url,
                licence: s.licence,
                list: s.list,
            }));
        }
        let more = runs.iter().map(|run| run.count).sum();
        self.names.reserve(more);
        if self.endings.room() < self.names.len().saturating_add(more) {
            // Many small files make it anew a few times only.
            self.endings = Endings::with_room(&self.names, more.max(self.names.len()));
        }
        let updated = file.date("updated", parsed.updated.as_deref());
        let tags: Arc<[String]> = parsed.tags.into();
        let (mut entries, mut domains) = (0_usize, 0_usize);
        for group in parsed.groups {
            let shared = Details {
                pack: file.pack,
                also_in: Vec::new(),
                generation: group.generation.as_deref().map(Arc::from),
                first_published: file.date("first_published", group.first_published.as_deref()),
                sources: file.cited(group.sources.as_deref().unwrap_or_default()),
                severity: group.severity.or(parsed.severity).unwrap_or_default(),
                confidence: group.confidence.or(parsed.confidence).unwrap_or_default(),
                tags: group
                    .tags
                    .as_ref()
                    .map_or_else(|| tags.clone(), |t| t.clone().into()),
                note: group.note.as_deref().map(Arc::from),
                expires: file.date("expires", group.expires.as_deref()),
            };
            entries = entries.saturating_add(count_other(&mut file, &group));
            let id = self.facts.keep(shared.clone());
            for (list, scope) in [
                (group.domains, Scope::Suffix),
                (group.exact, Scope::Exact),
                (group.below, Scope::Below),
            ] {
                for entry in list {
                    let (given, taken) = match entry {
                        Entry::Run(run) => match runs.get(run) {
                            Some(run) => (run.count, self.run(&mut file, &shared, id, scope, run)),
                            None => (0, 0),
                        },
                        entry => {
                            let taken = self.domain(&mut file, &shared, id, scope, entry);
                            (1, usize::from(taken))
                        }
                    };
                    entries = entries.saturating_add(given);
                    domains = domains.saturating_add(taken);
                }
            }
        }
        for history in &parsed.history {
            self.history(&mut file, history);
        }
        self.settle(&mut file, &text);
        if entries == 0 {
            let fix = "put names under `domains` of a group; see rules/README.md for the schema";
            return Err(Problem::new(label, "the file lists nothing", fix));
        }
        self.packs.push(PackInfo {
            id: file.pack,
            title: parsed.title.unwrap_or_else(|| parsed.pack.clone()),
            name: parsed.pack,
            vendor: parsed.vendor,
            description: parsed.description,
            licence: parsed.licence,
            attribution: parsed.attribution,
            updated: updated.map(|d| d.to_string()),
            file: origin.into(),
            sources: file.sources,
            domains,
            unused: file.unused,
        });
        Ok(())
    }

    /// The memory of the names, for a reader of files to put long lists into.
    pub(super) fn names(&mut self) -> &mut Vec<u8> {
        self.names.bytes_mut()
    }

    /// Takes in one domain entry; whether it counts.
    fn domain(
        &mut self,
        file: &mut File<'_>,
        shared: &Details,
        mut id: DetailsId,
        scope: Scope,
        entry: Entry,
    ) -> bool {
        let at = file.stand(entry.text());
        let name = match rule_name(entry.text()) {
            Ok(name) => name,
            Err((what, fix)) => {
                file.defect(at, format!("{what}: left out"), fix);
                return false;
            }
        };
        let mut expires = shared.expires.is_some();
        if let Entry::Full(own) = entry {
            let mut new = shared.clone();
            if let Some(generation) = own.generation {
                new.generation = Some(generation.into());
            }
            if own.first_published.is_some() {
                new.first_published = file.date("first_published", own.first_published.as_deref());
            }
            if let Some(ids) = &own.sources {
                new.sources = file.cited(ids);
            }
            if let Some(tags) = own.tags {
                new.tags = tags.into();
            }
            if let Some(note) = own.note {
                new.note = Some(note.into());
            }
            if own.expires.is_some() {
                new.expires = file.date("expires", own.expires.as_deref());
            }
            new.severity = own.severity.unwrap_or(new.severity);
            new.confidence = own.confidence.unwrap_or(new.confidence);
            expires = new.expires.is_some();
            id = self.facts.keep(new);
        }
        file.unused("expiry dates", usize::from(expires));
        let added = self.add_name(&name);
        match self.take(added, id, scope) {
            Ok(()) => true,
            Err((what, fix)) => {
                file.defect(at, what, fix);
                false
            }
        }
    }

    /// Takes in a name by itself.
    fn add_name(&mut self, name: &str) -> Added {
        self.endings
            .add(label::last_two(name.as_bytes()).into_iter());
        self.names.add(name)
    }

    /// Gives a name its attributes, or joins them with those that it has; or says what is wrong.
    fn take(&mut self, added: Added, id: DetailsId, scope: Scope) -> Result<(), Refusal> {
        match added {
            Added::New(_) => {
                self.scopes.push(scope);
                self.facts.push(id);
                Ok(())
            }
            Added::Known(number) => {
                if let Some(known) = self.scopes.get_mut(number) {
                    *known = known.union(scope);
                }
                if self.facts.list_again(number, id) {
                    return Ok(());
                }
                let name = self.names.get(number).unwrap_or_default();
                Err((
                    format!("`{name}` is listed twice"),
                    "the first entry counts, with the sources of both; remove one".to_owned(),
                ))
            }
            Added::Full => Err((
                "the names take more than four gigabytes: left out".to_owned(),
                "load fewer packs".to_owned(),
            )),
        }
    }

    fn history(&mut self, file: &mut File<'_>, history: &History) {
        let seen = file.date("seen", history.seen.as_deref());
        // Cited for the reader of the file; an unknown source is still a defect.
        file.cited(&history.sources);
        for (name, texts) in &history.addresses.0 {
            let mut addresses = Vec::with_capacity(texts.len());
            for text in texts {
                match IpAddr::from_str(text) {
                    Ok(address) => addresses.push(address),
                    Err(_) => {
                        let at = file.stand(text);
                        file.defect(at, format!("`{text}` is not an address"), "correct it");
                    }
                }
            }
            file.unused("historic addresses", addresses.len());
            // As the list has it: a history is found by the name in lower case.
            let number = self.names.number(name.as_bytes());
            match number.filter(|n| self.names.get(*n) == Some(name)) {
                Some(number) => {
                    let seen = seen.clone();
                    self.facts
                        .add_resolved(number, Resolved { seen, addresses });
                }
                None => {
                    let at = Wanted {
                        text: locate::normal(name),
                        nth: 0,
                        key: true,
                    };
                    let what = format!("history of `{name}`, which no group lists");
                    file.defect(
                        at,
                        what,
                        "list the name under `domains`, or remove the history",
                    );
                }
            }
        }
    }

    /// Turns the pending defects of a file into problems with lines, in the order of the file.
    fn settle(&mut self, file: &mut File<'_>, text: &str) {
        if file.pending.is_empty() && file.located.is_empty() {
            return;
        }
        let (wanted, said): (Vec<Wanted>, Vec<(String, String)>) = file
            .pending
            .drain(..)
            .map(|(w, what, fix)| (w, (what, fix)))
            .unzip();
        let lines = if wanted.is_empty() {
            Vec::new()
        } else {
            locate::lines(text, &wanted)
        };
        let mut problems: Vec<Problem> = said
            .into_iter()
            .zip(lines)
            .map(|((what, fix), line)| Problem::new(file.label, what, fix).at(line, None))
            .collect();
        problems.append(&mut file.located);
        problems.sort_by_key(|p| p.line.unwrap_or(usize::MAX));
        self.problems.append(&mut problems);
    }

    /// Problems of entries so far.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The rule set, and the problems of all its files.
    ///
    /// # Errors
    /// When there are too many names for one automaton.
    pub(super) fn finish(self) -> Result<(RuleSet, Vec<Problem>), Problem> {
        let Self {
            packs,
            names,
            endings,
            scopes,
            mut facts,
            problems,
        } = self;
        let matcher = Matcher::new(names, scopes).map_err(|e| {
            Problem::new("rules", format!("too many names: {e}"), "load fewer packs")
        })?;
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
        };
        Ok((rules, problems))
    }
}

impl RuleSet {
    pub(super) fn id(index: usize) -> Option<IndicatorId> {
        u32::try_from(index).ok().map(IndicatorId)
    }
}

/// Counts, and where it is cheap checks, the entries of kinds that are accepted but not used yet.
fn count_other(file: &mut File<'_>, group: &Group) -> usize {
    for entry in &group.addresses {
        if IpAddr::from_str(entry.text()).is_err() {
            let at = file.stand(entry.text());
            let what = format!("`{}` is not an address", entry.text());
            file.defect(
                at,
                what,
                "give one IPv4 or IPv6 address; networks go under `networks`",
            );
        }
    }
    for entry in &group.networks {
        if !is_network(entry.text()) {
            let at = file.stand(entry.text());
            let what = format!("`{}` is not a network", entry.text());
            file.defect(at, what, "write ADDRESS/PREFIX, for instance 192.0.2.0/24");
        }
    }
    [
        ("addresses", &group.addresses),
        ("networks", &group.networks),
        ("keywords", &group.keywords),
        ("URLs", &group.urls),
        ("JA3 fingerprints", &group.ja3),
        ("JA4 fingerprints", &group.ja4),
        ("certificates", &group.certificates),
    ]
    .into_iter()
    .fold(0, |sum: usize, (kind, list)| {
        file.unused(kind, list.len());
        sum.saturating_add(list.len())
    })
}

fn is_pack_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        match (IpAddr::from_str(address), prefix.parse::<u8>()) {
            (Ok(IpAddr::V4(_)), Ok(bits)) => bits <= 32,
            (Ok(IpAddr::V6(_)), Ok(bits)) => bits <= 128,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_a_prefix_that_fits() {
        for (text, good) in [
            ("192.0.2.0/24", true),
            ("2001:db8::/32", true),
            ("192.0.2.0/33", false),
            ("2001:db8::/129", false),
            ("192.0.2.0", false),
            ("evil.example/24", false),
        ] {
            assert_eq!(is_network(text), good, "{text}");
        }
    }
}
