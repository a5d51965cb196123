//! MISP events: `{"Event": {..}}`, an event by itself, answers of a search (`{"response": [..]}`), and several of these.
//!
//! The text is first checked as a whole, then taken attribute by attribute. What an event says about all of them may
//! stand behind them, so its parts are found first and looked at in the order of the file.

mod attribute;
mod facts;
pub(in crate::rules) mod feed;
mod head;
pub(in crate::rules) mod json;
mod types;
pub(in crate::rules) mod warninglist;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::listing::{About, Facts, Listing, Refused};
use super::place::{Place, clip, clipped, iso_day};
use crate::rules::date::of_unix;
use crate::rules::indicator::Severity;
use attribute::{Attribute, Common, MAX_SHOWN, MAX_TITLE, Object, judge};
use facts::{Labels, MAX_TAGS};
use head::Head;
use json::{Scalar, each, plain};

/// Keys that events have, and hardly anything else has two of.
const MARKS: [&str; 8] = [
    "info",
    "Attribute",
    "Object",
    "threat_level_id",
    "Orgc",
    "orgc_id",
    "publish_timestamp",
    "analysis",
];
/// The most reports of an event that its entries refer to, and the longest URL of one, in bytes.
const MAX_REFERENCES: usize = 4;
const MAX_REFERENCE: usize = 300;
/// How deep lists of events may stand in `response` and each other.
const MAX_LISTS: usize = 4;
/// Pages about single samples: events link dozens of them, and they say nothing about a name.
const SAMPLE_PAGES: [&str; 3] = ["virustotal.com/", "hybrid-analysis.com/", "malwr.com/"];

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let Some(head) = Head::scan(head) else {
        return false;
    };
    let wrapped = ["", "/[]", "/response", "/response/[]"].iter().any(|path| {
        let path = format!("{path}/Event");
        head.has(&format!("{path}={{}}")) && head.count(&path, &MARKS) > 0
    });
    let bare = ["", "/[]", "/response/[]"]
        .iter()
        .any(|path| head.count(path, &MARKS) > 1);
    // The attributes of an event may come before all else and fill the head; a search may give them without events.
    let lists = ["/Attribute", "/Object/[]/Attribute", "/response/Attribute"];
    let attributes = lists.iter().any(|path| {
        let path = format!("{path}/[]");
        head.has(&format!("{path}={{}}")) && head.count(&path, &["type", "value"]) > 1
    });
    let nothing_found = head.whole
        && head.has("/response=[]")
        && !head.has("/response/[]")
        && head.roots().count() == 1;
    wrapped || bare || attributes || nothing_found
}

/// # Errors
/// What refuses the file as a whole: it is no JSON, too deep, or has no event.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    json::check(text)?;
    let mut reader = Reader {
        text,
        place: Place::new(text),
        to,
        described: false,
        lists: 0,
        events: 0,
        left_out: 0,
    };
    for value in json::values(text) {
        reader.walk(value, 0);
    }
    if reader.left_out > 0 {
        let line = reader.place.line(0);
        reader.to.defect(
            line,
            format!(
                "{} tags left out: an entry keeps {MAX_TAGS}",
                reader.left_out
            ),
            "nothing needs to be done, unless rules ask for those tags",
        );
    }
    if reader.events == 0 && reader.lists == 0 {
        return Err(Refused {
            line: None,
            what: "there is no MISP event in it".into(),
            fix: "export the event as JSON in the format of MISP".into(),
        });
    }
    Ok(())
}

/// All keys of an event that are looked at; and `response` and `Event`, which events are wrapped in.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Event<'t> {
    #[serde(borrow)]
    info: Scalar<'t>,
    #[serde(borrow)]
    date: Scalar<'t>,
    #[serde(borrow)]
    timestamp: Scalar<'t>,
    #[serde(borrow)]
    publish_timestamp: Scalar<'t>,
    #[serde(borrow)]
    threat_level_id: Scalar<'t>,
    #[serde(borrow, rename = "Orgc")]
    creator: Option<&'t RawValue>,
    #[serde(borrow, rename = "Tag")]
    tags: Option<&'t RawValue>,
    #[serde(borrow, rename = "Galaxy")]
    galaxies: Option<&'t RawValue>,
    #[serde(borrow, rename = "Attribute")]
    attributes: Option<&'t RawValue>,
    #[serde(borrow, rename = "Object")]
    objects: Option<&'t RawValue>,
    #[serde(borrow, rename = "ShadowAttribute")]
    proposals: Option<&'t RawValue>,
    #[serde(borrow)]
    response: Option<&'t RawValue>,
    #[serde(borrow, rename = "Event")]
    event: Option<&'t RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Creator<'t> {
    #[serde(borrow)]
    name: Scalar<'t>,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Attributes,
    Objects,
    Proposals,
}

struct Reader<'t, 'l> {
    text: &'t [u8],
    place: Place<'t>,
    to: &'l mut dyn Listing,
    /// Whether the first event has described the list.
    described: bool,
    lists: usize,
    events: usize,
    /// Tags that went over the bound.
    left_out: usize,
}

impl<'t> Reader<'t, '_> {
    fn line(&mut self, piece: &RawValue) -> usize {
        self.place.line(json::offset(self.text, piece))
    }

    fn defect(&mut self, piece: &RawValue, what: String, fix: &str) {
        let line = self.line(piece);
        self.to.defect(line, what, fix);
    }

    /// Goes down to events.
    fn walk(&mut self, value: &'t RawValue, depth: usize) {
        let json = value.get();
        if json.starts_with('[') && depth < MAX_LISTS {
            self.lists = self.lists.saturating_add(1);
            let next = depth.saturating_add(1);
            let _ = each(value, &mut |value| self.walk(value, next));
            return;
        }
        let event = match serde_json::from_str::<Event<'t>>(json) {
            Ok(event) if json.starts_with('{') && depth < MAX_LISTS => event,
            Ok(_) => return self.defect(value, "not an event".into(), "take it out"),
            Err(error) => {
                let what = format!("an event cannot be read: {}", plain(&error));
                return self.defect(value, what, "repair it, or export it again");
            }
        };
        let next = depth.saturating_add(1);
        if let Some(inner) = event.response.or(event.event) {
            return self.walk(inner, next);
        }
        let known = event.attributes.is_some()
            || event.objects.is_some()
            || event.info.text().is_some()
            || event.creator.is_some();
        if !known {
            return self.defect(value, "an object that is no event".into(), "take it out");
        }
        self.events = self.events.saturating_add(1);
        self.event(&event);
    }

    fn event(&mut self, event: &Event<'t>) {
        let mut common = self.common(event);
        if let Some(attributes) = event.attributes {
            common.facts.references = references(attributes);
        }
        let mut parts: Vec<(usize, Part, &'t RawValue)> = [
            (Part::Attributes, event.attributes),
            (Part::Objects, event.objects),
            (Part::Proposals, event.proposals),
        ]
        .into_iter()
        .filter_map(|(part, list)| list.map(|list| (part, list)))
        .map(|(part, list)| (json::offset(self.text, list), part, list))
        .collect();
        parts.sort_by_key(|(offset, ..)| *offset);
        for (_, part, list) in parts {
            let done = match part {
                Part::Attributes => each(list, &mut |piece| self.attribute(piece, &common, None)),
                Part::Objects => each(list, &mut |piece| self.object(piece, &common)),
                Part::Proposals => each(list, &mut |piece| self.proposal(piece)),
            };
            if let Err(what) = done {
                let what = format!("no list of attributes: {what}");
                self.defect(list, what, "export the event again");
            }
        }
    }

    fn common(&mut self, event: &Event<'_>) -> Common {
        let labels = Labels::read(event.tags, event.galaxies);
        self.left_out = self.left_out.saturating_add(labels.left_out);
        let creator: Option<Creator<'_>> = event
            .creator
            .and_then(|creator| serde_json::from_str(creator.get()).ok());
        let creator = creator.as_ref().and_then(|creator| creator.name.text());
        let creator = creator.and_then(|name| clipped(name, MAX_TITLE));
        let title = event.info.text().and_then(|info| clipped(info, MAX_TITLE));
        if !self.described {
            self.described = true;
            let published = event.publish_timestamp.number().and_then(of_unix);
            let changed = event.timestamp.number().and_then(of_unix);
            self.to.about(About {
                title: title.clone(),
                publisher: creator.clone(),
                updated: published.or(changed),
                ..About::default()
            });
        }
        Common {
            facts: Facts {
                threat: title,
                first_seen: event.date.text().and_then(iso_day),
                severity: match event.threat_level_id.number() {
                    Some(1) => Some(Severity::High),
                    Some(2) => Some(Severity::Medium),
                    Some(3) => Some(Severity::Low),
                    _ => None, // 4 is "undefined".
                },
                source: creator,
                ..Facts::default()
            },
            labels,
        }
    }

    fn object(&mut self, piece: &'t RawValue, common: &Common) {
        if !piece.get().starts_with('{') {
            return self.defect(piece, "not an object".into(), "take it out");
        }
        let object = match serde_json::from_str::<Object<'t>>(piece.get()) {
            Ok(object) => object,
            Err(error) => {
                let what = format!("an object cannot be read: {}", plain(&error));
                return self.defect(piece, what, "repair it, or export the event again");
            }
        };
        // An object without attributes lists nothing.
        let Some(list) = object.attributes else {
            return;
        };
        let done = each(list, &mut |piece| {
            self.attribute(piece, common, Some(&object));
        });
        if let Err(what) = done {
            let what = format!("no list of attributes: {what}");
            self.defect(list, what, "export the event again");
        }
    }

    /// What somebody proposed and the owner of the event has not accepted.
    fn proposal(&mut self, piece: &'t RawValue) {
        let line = self.line(piece);
        match serde_json::from_str::<Attribute<'t>>(piece.get()) {
            Ok(proposal) => {
                let value = proposal.value.shown().unwrap_or_default();
                let value = clip(&value, MAX_SHOWN);
                self.to.aside(line, "proposed entries", value);
            }
            Err(error) => {
                let what = format!("a proposal cannot be read: {}", plain(&error));
                self.to.defect(line, what, "repair it, or take it out");
            }
        }
    }

    fn attribute(&mut self, piece: &'t RawValue, common: &Common, object: Option<&Object<'_>>) {
        let line = self.line(piece);
        if !piece.get().starts_with('{') {
            return self
                .to
                .defect(line, "not an attribute".into(), "take it out");
        }
        let attribute = match serde_json::from_str::<Attribute<'t>>(piece.get()) {
            Ok(attribute) => attribute,
            Err(error) => {
                let what = format!("an attribute cannot be read: {}", plain(&error));
                return self.to.defect(line, what, "repair it, or take it out");
            }
        };
        let left_out = judge(line, &attribute, common, object, self.to);
        self.left_out = self.left_out.saturating_add(left_out);
        if let Some(proposals) = attribute.proposals {
            let _ = each(proposals, &mut |piece| self.proposal(piece));
        }
    }
}

/// Reports that an event links to.
fn references(attributes: &RawValue) -> Vec<String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Link<'t> {
        #[serde(borrow, rename = "type")]
        kind: Scalar<'t>,
        #[serde(borrow)]
        value: Scalar<'t>,
        #[serde(borrow)]
        to_ids: Scalar<'t>,
        #[serde(borrow)]
        deleted: Scalar<'t>,
    }
    let mut references = Vec::new();
    let _ = each(attributes, &mut |piece| {
        if references.len() >= MAX_REFERENCES {
            return;
        }
        let Ok(link) = serde_json::from_str::<Link<'_>>(piece.get()) else {
            return;
        };
        let told = link.to_ids.truth() == Some(true) || link.deleted.truth() == Some(true);
        if link.kind.text() != Some("link") || told {
            return;
        }
        let Some(url) = link.value.text().filter(|url| url.len() <= MAX_REFERENCE) else {
            return;
        };
        let web = url.starts_with("https://") || url.starts_with("http://");
        let sample = SAMPLE_PAGES.iter().any(|page| url.contains(page));
        if web && !sample && !references.iter().any(|known| known == url) {
            references.push(url.to_owned());
        }
    });
    references
}

#[cfg(test)]
mod tests;
