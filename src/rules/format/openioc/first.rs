//! What an OpenIOC file says about itself, and which of its branches ask for several things at once.

use quick_xml::events::BytesStart;

use super::super::listing::{About, Facts, Listing};
use super::super::place::{clip, clipped, iso_day};
use super::{MAX_TEXT, Step, Text, attribute, named};

/// The most links and keywords that are kept, each, and the longest of either, in bytes: each entry has a copy of them.
const MAX_LABELS: usize = 16;
const MAX_LABEL: usize = 300;

/// What is found the first time.
#[derive(Debug, Default)]
pub(super) struct First {
    pub(super) has_indicators: bool,
    /// For each `Indicator`, in the order of the file: whether it asks for several things at once.
    pub(super) joined: Vec<bool>,
    /// Those that are open: which, and how many branches and items they have so far.
    open: Vec<(usize, usize)>,
    text: Text,
    about: About,
    threat: Option<String>,
    authored: Option<String>,
    links: Vec<String>,
    labels: Vec<String>,
    /// What the link that is open is about.
    link: Option<String>,
}

impl First {
    pub(super) fn step(&mut self, step: &Step<'_, '_>) {
        match step {
            Step::Open(tag) => {
                self.text = Text::default();
                self.opened(tag);
            }
            Step::Close(name) => self.closed(name),
            Step::Text(piece) => self.text.push(piece),
            Step::Entity(_) => {}
        }
    }

    fn opened(&mut self, tag: &BytesStart<'_>) {
        let branch = named(tag, "Indicator");
        if branch || named(tag, "IndicatorItem") {
            self.has_indicators = true;
            if let Some((_, children)) = self.open.last_mut() {
                *children = children.saturating_add(1);
            }
        }
        if branch {
            let operator = attribute(tag, "operator").unwrap_or_default();
            self.open.push((self.joined.len(), 0));
            self.joined.push(!operator.eq_ignore_ascii_case("OR"));
        } else if named(tag, "ioc") || named(tag, "OpenIOC") {
            self.about.updated = attribute(tag, "last-modified").and_then(|time| iso_day(&time));
        } else if named(tag, "link") && self.open.is_empty() {
            if let Some(href) = attribute(tag, "href") {
                self.link_to(&href);
            }
            self.link = attribute(tag, "rel");
        }
    }

    fn closed(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("Indicator") {
            if let Some((number, children)) = self.open.pop()
                && let Some(joined) = self.joined.get_mut(number)
            {
                *joined &= children > 1;
            }
            return;
        }
        if !self.open.is_empty() {
            return;
        }
        let text = clipped(&self.text.text, MAX_TEXT);
        let (about, text) = (&mut self.about, || text.clone());
        match name.to_ascii_lowercase().as_str() {
            "short_description" => about.title = about.title.take().or_else(text),
            "description" => about.description = about.description.take().or_else(text),
            "authored_by" => about.publisher = about.publisher.take().or_else(text),
            "authored_date" => self.authored = text().and_then(|text| iso_day(&text)),
            "keywords" => {
                for word in text().iter().flat_map(|text| text.split([',', ';', ' '])) {
                    self.label(word);
                }
            }
            "link" => {
                let rel = self.link.take().unwrap_or_default().to_ascii_lowercase();
                match (rel.as_str(), text()) {
                    ("family" | "malware" | "threatgroup", Some(text)) => {
                        let text = clip(&text, MAX_LABEL).to_owned();
                        // A family says more than a group.
                        if self.threat.is_none() || rel != "threatgroup" {
                            self.threat = Some(text);
                        }
                    }
                    (_, Some(text)) if text.starts_with("http") => self.link_to(&text),
                    ("category" | "threatcategory" | "classification", Some(text)) => {
                        self.label(&text);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        self.text = Text::default();
    }

    fn link_to(&mut self, url: &str) {
        let good = url.starts_with("http") && url.len() <= MAX_LABEL;
        if good && self.links.len() < MAX_LABELS && !self.links.iter().any(|known| known == url) {
            self.links.push(url.to_owned());
        }
    }

    fn label(&mut self, label: &str) {
        let label = clip(label, MAX_LABEL);
        let new = !label.is_empty() && !self.labels.iter().any(|known| known == label);
        if new && self.labels.len() < MAX_LABELS {
            self.labels.push(label.to_owned());
        }
    }

    /// Describes the list, and gives what all its entries share.
    pub(super) fn describe(&mut self, to: &mut dyn Listing) -> Facts {
        let about = std::mem::take(&mut self.about);
        let facts = Facts {
            threat: self
                .threat
                .take()
                .or_else(|| clipped(about.title.as_deref()?, MAX_LABEL)),
            first_seen: self.authored.take(),
            tags: std::mem::take(&mut self.labels),
            references: std::mem::take(&mut self.links),
            ..Facts::default()
        };
        to.about(about);
        facts
    }
}
