//! Files in our own format: their groups, entries and histories.

use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::super::format::Parsed;
use super::super::format::listing::Kind;
use super::super::indicator::{Details, IndicatorKind, Resolved, Source};
use super::super::locate::{self, Wanted};
use super::super::pack::{Entry, FullEntry, Group, History, PackInfo};
use super::super::problem::Problem;
use super::file::File;
use super::{Builder, Counted, DetailsId, indicator_kind, others_of, scope};

impl Builder {
    /// Takes in one file of our own. `label` names it in problems, `path` in [`PackInfo::file`].
    ///
    /// # Errors
    /// When the file as a whole is of no use.
    pub(in crate::rules) fn add(
        &mut self,
        label: &str,
        path: &str,
        parsed: Parsed,
    ) -> Result<(), Problem> {
        let origin = self.origin.take();
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
        let id = self.next_pack(label)?;
        if let Some(first) = self.packs.iter().find(|p| p.name == parsed.pack) {
            let what = format!("pack `{}` is already loaded ({})", parsed.pack, first.file);
            let fix = "both count; give one of them another name";
            self.problems
                .push(Problem::new(label, what, fix).at(line_of_pack(), None));
        }
        let mut file = File::new(label, id);
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
        self.reserve(runs.iter().map(|run| run.count).sum());
        let updated = file.date("updated", parsed.updated.as_deref());
        let tags: Arc<[String]> = parsed.tags.into();
        for group in parsed.groups {
            let shared = Details {
                pack: file.pack,
                also_in: Vec::new(),
                threat: group.threat.as_deref().map(Arc::from),
                generation: group.generation.as_deref().map(Arc::from),
                first_published: file.date("first_published", group.first_published.as_deref()),
                sources: file.cited(group.sources.as_deref().unwrap_or_default()),
                severity: group.severity.or(parsed.severity).unwrap_or_default(),
                confidence: group.confidence.or(parsed.confidence).unwrap_or_default(),
                tags: group
                    .tags
                    .as_ref()
                    .map_or_else(|| tags.clone(), |t| t.clone().into()),
                references: group.references.as_deref().unwrap_or_default().into(),
                note: group.note.as_deref().map(Arc::from),
                expires: file.date("expires", group.expires.as_deref()),
            };
            let id = self.facts.keep(shared.clone());
            for (list, kind) in lists(group) {
                for entry in list {
                    match entry {
                        Entry::Run(run) => {
                            if let Some(run) = runs.get(run) {
                                let taken = self.run(&mut file, id, scope(kind), run);
                                file.took(IndicatorKind::Name, taken);
                            }
                        }
                        entry => self.own(&mut file, &shared, id, kind, entry),
                    }
                }
            }
        }
        for history in &parsed.history {
            self.history(&mut file, history);
        }
        self.problems.append(&mut file.settle(&text));
        if file.is_empty() {
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
            updated: updated
                .map(|d| d.to_string())
                .or_else(|| origin.as_ref()?.day()),
            file: path.into(),
            format: "bellerophon",
            domains: file.taken(IndicatorKind::Name),
            others: others_of(&file),
            aside: file.take_aside(),
            refused: file.refused,
            sources: file.sources,
            fetched: origin.map(|origin| origin.fetched),
        });
        Ok(())
    }

    /// Takes in one entry of a file of our own.
    fn own(
        &mut self,
        file: &mut File<'_>,
        shared: &Details,
        mut id: DetailsId,
        kind: Kind,
        entry: Entry,
    ) {
        let at = file.stand(entry.text());
        let mut force = false;
        let mut ports = Vec::new();
        let text = match entry {
            Entry::Full(own) => {
                force = own.force;
                ports.clone_from(&own.ports);
                let text = own.name.clone();
                let details = own_details(file, shared, *own);
                id = self.facts.keep(details);
                text
            }
            entry => entry.text().to_owned(),
        };
        let texts: Vec<Cow<'_, str>> = if ports.is_empty() || kind != Kind::Address {
            vec![Cow::Borrowed(&text)]
        } else {
            let on = |port| Cow::Owned(with_port(&text, port));
            ports.iter().copied().map(on).collect()
        };
        for text in texts {
            match self.entry(kind, &text, id, force) {
                Ok(Counted::Yes) => file.took(indicator_kind(kind), 1),
                Ok(Counted::Twice((what, fix))) => file.defect(at.clone(), what, fix),
                Err((what, fix)) => {
                    file.refused = file.refused.saturating_add(1);
                    file.defect(at.clone(), format!("{what}: left out"), fix);
                }
            }
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
            file.aside("historic addresses of listed names", addresses.len());
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
}

/// The lists of a group.
fn lists(group: Group) -> [(Vec<Entry>, Kind); 10] {
    [
        (group.domains, Kind::Domain),
        (group.exact, Kind::Exact),
        (group.below, Kind::Below),
        (group.keywords, Kind::Keyword),
        (group.addresses, Kind::Address),
        (group.networks, Kind::Address),
        (group.urls, Kind::Url),
        (group.ja3, Kind::Ja3),
        (group.ja4, Kind::Ja4),
        (group.certificates, Kind::Certificate),
    ]
}

/// An address or network with a port, as it is written.
fn with_port(text: &str, port: u16) -> String {
    if text.contains(':') {
        format!("[{text}]:{port}")
    } else {
        format!("{text}:{port}")
    }
}

/// The attributes of an entry in the long form.
fn own_details(file: &mut File<'_>, shared: &Details, own: FullEntry) -> Details {
    let mut new = shared.clone();
    if let Some(threat) = own.threat {
        new.threat = Some(threat.into());
    }
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
    if let Some(references) = own.references {
        new.references = references.into();
    }
    if let Some(note) = own.note {
        new.note = Some(note.into());
    }
    if own.expires.is_some() {
        new.expires = file.date("expires", own.expires.as_deref());
    }
    new.severity = own.severity.unwrap_or(new.severity);
    new.confidence = own.confidence.unwrap_or(new.confidence);
    new
}

fn is_pack_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
