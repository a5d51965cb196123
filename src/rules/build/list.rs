//! Lists in formats that are not our own: each becomes a pack.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::super::date::is_date;
use super::super::domain::plain_name;
use super::super::facts::DetailsId;
use super::super::format::listing::{About, Facts, Kind, Listing, Refused};
use super::super::indicator::{Details, IndicatorKind, PackId, Scope, Source};
use super::super::matcher::networks::parse_network;
use super::super::pack::PackInfo;
use super::super::problem::Problem;
use super::{Aside, Builder, Counted, File, indicator_kind, judge, others_of};
use crate::names::label;

/// Entries that the same list has already: they count once.
const REPEATED: &str = "repeated entries";

/// How much that is left aside is kept, line by line.
const MAX_ASIDES: usize = 1_000_000;

/// The longest text of it that is kept, in characters.
const MAX_TEXT: usize = 200;

/// Takes what a reader finds.
struct Taker<'b, 'f> {
    builder: &'b mut Builder,
    file: File<'f>,
    label: Arc<str>,
    about: About,
    /// The attributes of the last entry: those of the next are often the same.
    last: Option<(Facts, DetailsId)>,
    known: HashMap<Facts, DetailsId>,
    /// Entries that the list has twice.
    repeated: usize,
}

impl Builder {
    /// Takes in a list. `read` gives what it holds.
    ///
    /// # Errors
    /// When the file as a whole is of no use.
    pub(in crate::rules) fn add_list(
        &mut self,
        label: &str,
        format: &'static str,
        read: impl FnOnce(&mut dyn Listing) -> Result<(), Refused>,
    ) -> Result<(), Problem> {
        let origin = self.origin.take();
        let id = self.next_pack(label)?;
        let mut taker = Taker {
            builder: self,
            file: File::new(label, id),
            label: label.into(),
            about: About::default(),
            last: None,
            known: HashMap::new(),
            repeated: 0,
        };
        let read = read(&mut taker);
        let Taker {
            mut file,
            about,
            repeated,
            ..
        } = taker;
        file.aside(REPEATED, repeated);
        let mut problems = file.settle("");
        self.problems.append(&mut problems);
        if let Err(refused) = read {
            let problem = Problem::new(label, refused.what, refused.fix).at(refused.line, None);
            if file.is_empty() {
                return Err(problem);
            }
            // What was taken before counts, and is this list's.
            self.problems.push(problem);
        }
        if file.is_empty() {
            // The other lists are as good as before.
            let what = format!("the list ({format}) holds no entry");
            self.lists_nothing(label, &what);
            return Ok(());
        }
        let origin = origin.as_ref();
        let updated = about.updated.filter(|day| is_date(day));
        let updated = updated.or_else(|| origin?.day());
        let name = self.pack_name(label);
        // As it was called when it was fetched: the same everywhere.
        let title = origin.and_then(|o| o.title.clone()).or(about.title);
        let title = title.unwrap_or_else(|| file_name(label));
        let from = origin.map(|o| o.fetched.url.clone());
        let source = Arc::new(Source {
            id: name.clone(),
            title: title.clone(),
            publisher: about.publisher.or_else(|| origin?.publisher.clone()),
            published: None,
            url: about.url.or_else(|| from.clone()),
            licence: about.licence.clone(),
            list: Some(from.unwrap_or_else(|| file_name(label))),
        });
        self.facts.cite(id, &source);
        file.sources.push(source);
        self.packs.push(PackInfo {
            id,
            name,
            title,
            vendor: None,
            description: about.description,
            licence: about.licence,
            attribution: None,
            updated,
            file: label.into(),
            format,
            domains: file.taken(IndicatorKind::Name),
            others: others_of(&file),
            aside: file.take_aside(),
            refused: file.refused,
            sources: file.sources,
            fetched: origin.map(|o| o.fetched.clone()),
        });
        Ok(())
    }

    /// Says that a file lists nothing: it may be so, or it was cut.
    pub(in crate::rules) fn lists_nothing(&mut self, label: &str, what: &str) {
        let fix = "see whether it was fetched whole; else remove it";
        self.problems.push(Problem::new(label, what, fix));
    }

    /// A name for the pack that a file becomes: from that of the file, and where another pack has it, with that of
    /// its folder and a number.
    fn pack_name(&self, label: &str) -> String {
        let path = Path::new(label);
        let of = |part: Option<&std::ffi::OsStr>| slug(&part.unwrap_or_default().to_string_lossy());
        let stem = of(path.file_stem());
        let stem = if stem.is_empty() {
            "list".to_owned()
        } else {
            stem
        };
        let taken = |name: &str| self.packs.iter().any(|p| p.name == name);
        if !taken(&stem) {
            return stem;
        }
        let folder = of(path.parent().and_then(Path::file_name));
        let long = slug(&format!("{folder}-{stem}"));
        if !taken(&long) {
            return long;
        }
        let numbered = |n: usize| slug(&format!("{n}-{stem}"));
        (2..=self.packs.len().saturating_add(2))
            .map(numbered)
            .find(|name| !taken(name))
            .unwrap_or(long)
    }
}

/// Up to 64 lower-case letters, digits and `-`.
pub(in crate::rules) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(64);
    slug.trim_end_matches('-').to_owned()
}

fn file_name(label: &str) -> String {
    let name = Path::new(label).file_name();
    name.map_or_else(|| label.to_owned(), |n| n.to_string_lossy().into_owned())
}

impl Taker<'_, '_> {
    fn details(&mut self, facts: &Facts) -> DetailsId {
        if let Some((last, id)) = &self.last
            && last == facts
        {
            return *id;
        }
        let id = match self.known.get(facts) {
            Some(id) => *id,
            None => {
                let details = details(self.file.pack, facts);
                let id = self.builder.facts.keep(details);
                self.known.insert(facts.clone(), id);
                id
            }
        };
        self.last = Some((facts.clone(), id));
        id
    }
}

fn details(pack: PackId, facts: &Facts) -> Details {
    let date = |day: &Option<String>| day.as_deref().filter(|day| is_date(day)).map(Arc::from);
    let source = facts.source.as_ref().map(|who| {
        Arc::new(Source {
            id: slug(who),
            title: who.clone(),
            publisher: None,
            published: None,
            url: None,
            licence: None,
            list: None,
        })
    });
    Details {
        pack,
        also_in: Vec::new(),
        threat: facts.threat.as_deref().map(Arc::from),
        generation: None,
        first_published: date(&facts.first_seen),
        sources: source.into_iter().collect(),
        severity: facts.severity.unwrap_or_default(),
        confidence: facts.confidence.unwrap_or_default(),
        tags: facts.tags.as_slice().into(),
        references: facts.references.as_slice().into(),
        note: facts.note.as_deref().map(Arc::from),
        expires: date(&facts.expires),
    }
}

/// The beginning of a text of a list, for a message.
fn clipped(text: &str) -> String {
    text.chars().take(40).collect()
}

impl Taker<'_, '_> {
    /// Keeps what is left aside, where that was asked for.
    fn keep(&mut self, line: usize, what: &'static str, text: &str) {
        let asides = &mut self.builder.asides;
        if self.builder.options.detail && asides.len() < MAX_ASIDES {
            asides.push(Aside {
                file: self.label.clone(),
                line,
                what,
                text: text.chars().take(MAX_TEXT).collect(),
            });
        }
    }
}

impl Listing for Taker<'_, '_> {
    fn about(&mut self, about: About) {
        let old = std::mem::take(&mut self.about);
        self.about = about.or(old);
    }

    fn entry(&mut self, line: usize, kind: Kind, text: &str, facts: &Facts) {
        let id = self.details(facts);
        // A host with the slash of a URL behind it is a host.
        let text = match text.strip_suffix('/') {
            Some(host) if kind != Kind::Url && !host.contains('/') => host,
            _ => text,
        };
        // Some lists have addresses where names belong.
        let kind = match kind {
            Kind::Domain | Kind::Exact | Kind::Below if parse_network(text).is_ok() => {
                Kind::Address
            }
            // Some have URLs there.
            Kind::Domain | Kind::Exact if text.contains('/') && judge::url(text).is_ok() => {
                Kind::Url
            }
            kind => kind,
        };
        // Nearly all entries of long lists are names, and need nothing done to them.
        let plain = (kind == Kind::Domain)
            .then(|| plain_name(text.as_bytes()))
            .flatten()
            .and_then(|length| text.get(..length));
        if let Some(day) = facts.expires.as_deref().filter(|day| !is_date(day)) {
            let what = format!(
                "`{}` is no date: the entry counts without an end",
                clipped(day)
            );
            self.file
                .refuse(line, (what, "write YYYY-MM-DD".to_owned()));
        }
        let taken = match plain {
            Some(name) => self.builder.plain(name, id),
            None => self.builder.entry(kind, text, id, false),
        };
        match taken {
            Ok(Counted::Yes) => self.file.took(indicator_kind(kind), 1),
            Ok(Counted::Twice(_)) => {
                self.repeated = self.repeated.saturating_add(1);
                self.keep(line, REPEATED, text);
            }
            Err((what, fix)) => {
                self.file.refused = self.file.refused.saturating_add(1);
                self.file.refuse(line, (format!("{what}: left out"), fix));
            }
        }
    }

    fn aside(&mut self, line: usize, what: &'static str, text: &str) {
        self.file.aside(what, 1);
        self.keep(line, what, text);
    }

    fn defect(&mut self, line: usize, what: String, fix: &str) {
        self.file.refused = self.file.refused.saturating_add(1);
        self.file
            .refuse(line, (format!("{what}: left out"), fix.to_owned()));
    }
}

impl Builder {
    /// A name that needs no more than to be put among the others.
    fn plain(&mut self, name: &str, id: DetailsId) -> Result<Counted, super::Refusal> {
        if !self.options.trusted {
            self.judge
                .plain(name.as_bytes(), Scope::Suffix, &self.options.forced)?;
        }
        self.endings
            .add(label::last_two(name.as_bytes()).into_iter());
        let added = self.names.add(name);
        self.take(added, id, Scope::Suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_make_good_names_of_packs() {
        for (text, good) in [
            ("Domains (2021)", "domains-2021"),
            ("pegasus", "pegasus"),
            ("..", ""),
            ("a_b", "a-b"),
        ] {
            assert_eq!(slug(text), good);
        }
        assert_eq!(slug(&"x-".repeat(60)).len(), 63);
    }
}
