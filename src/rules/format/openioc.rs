//! OpenIOC 1.0 and 1.1: XML with a tree of `Indicator` (AND or OR) and `IndicatorItem` (a search term and a content).
//!
//! The text is read twice. The first time checks it as a whole, and finds what the file says about itself and which
//! branches ask for several things at once; the second time takes the items.

mod first;
mod terms;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::listing::{Facts, Kind, Listing, Refused};
use super::place::{Place, clip, clipped, start};
use crate::rules::indicator::Confidence;
use first::First;
use terms::{Condition, Meaning, Term, meaning, term};

/// How deep elements may stand in each other. Files in use have about a dozen.
const MAX_DEPTH: usize = 64;
/// The longest content, in bytes.
const MAX_CONTENT: usize = 8 * 1024;
/// The longest text of other elements that is kept, in bytes.
pub(super) const MAX_TEXT: usize = 1000;

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if !head.trim_ascii_start().starts_with(b"<") {
        return false;
    }
    // The head may be cut in the middle of a character.
    let head = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => {
            let good = head.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(good).unwrap_or_default()
        }
    };
    let mut xml = Reader::from_str(head.trim_start());
    loop {
        match xml.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                return ["ioc", "openioc"].iter().any(|name| named(&tag, name));
            }
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// # Errors
/// What refuses the file as a whole: it is no XML, not complete, too deep, or defines a document type.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|error| Refused {
        line: Some(Place::new(text).line(error.valid_up_to())),
        what: "not UTF-8".into(),
        fix: "convert the file to UTF-8".into(),
    })?;
    let mut first = First::default();
    walk(text, &mut |step, _| first.step(&step))?;
    if !first.has_indicators {
        return Err(Refused {
            line: None,
            what: "there is no Indicator in it".into(),
            fix: "give a file of OpenIOC 1.0 or 1.1 that has a definition".into(),
        });
    }
    let facts = first.describe(to);
    let mut second = Second {
        place: Place::new(text.as_bytes()),
        facts,
        joined: first.joined.iter(),
        open: Vec::new(),
        item: None,
        text: Text::default(),
        to,
    };
    walk(text, &mut |step, offset| second.step(&step, offset))
}

/// A piece of the XML. An empty element is an `Open` and a `Close`.
pub(super) enum Step<'a, 't> {
    Open(&'a BytesStart<'t>),
    Close(&'a str),
    Text(&'a str),
    /// A reference to an entity that XML does not define.
    Entity(&'a str),
}

/// Hands over the XML piece by piece, with the offset of each in `text`.
fn walk(text: &str, to: &mut dyn FnMut(Step<'_, '_>, usize)) -> Result<(), Refused> {
    let mut xml = Reader::from_str(text);
    let mut depth = 0_usize;
    let refused = |offset: usize, what: String, fix: &str| Refused {
        line: Some(Place::new(text.as_bytes()).line(offset)),
        what,
        fix: fix.into(),
    };
    loop {
        let offset = usize::try_from(xml.buffer_position()).unwrap_or(usize::MAX);
        let event = xml.read_event().map_err(|error| {
            refused(
                offset,
                format!("not XML: {error}"),
                "repair it, or get the file again",
            )
        })?;
        match event {
            Event::Start(tag) => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    return Err(refused(
                        offset,
                        format!("elements stand in each other more than {MAX_DEPTH} deep"),
                        "this is no list that a tool has written: do not use it",
                    ));
                }
                to(Step::Open(&tag), offset);
            }
            Event::Empty(tag) => {
                to(Step::Open(&tag), offset);
                to(Step::Close(tag.local_name().as_ref()), offset);
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                to(Step::Close(tag.local_name().as_ref()), offset);
            }
            Event::Text(piece) => to(Step::Text(&piece), offset),
            Event::CData(piece) => to(Step::Text(&piece), offset),
            Event::GeneralRef(name) => {
                let known = match &*name {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => name.resolve_char_ref().ok().flatten(),
                };
                match known {
                    Some(known) => to(Step::Text(known.encode_utf8(&mut [0; 4])), offset),
                    None => to(Step::Entity(&name), offset),
                }
            }
            // Entities that are made of each other take all memory; no OpenIOC file defines any.
            Event::DocType(_) => {
                return Err(refused(
                    offset,
                    "it defines a document type (DOCTYPE)".into(),
                    "take the DOCTYPE out: OpenIOC needs none",
                ));
            }
            Event::Eof if depth > 0 => {
                return Err(refused(
                    offset,
                    "the XML ends in the middle".into(),
                    "get the file again: it is not complete",
                ));
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

pub(super) fn named(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.local_name().as_ref().eq_ignore_ascii_case(name)
}

/// An attribute of an element, at most [`MAX_TEXT`] bytes of it.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = tag.attributes();
    // Looking for attributes that are there twice takes quadratic time.
    let mut all = all.with_checks(false).filter_map(Result::ok);
    let found = all.find(|found| found.key.local_name().as_ref() == name)?;
    let value = clip(&found.value, MAX_TEXT);
    let value = quick_xml::escape::unescape(value).map_or_else(|_| value.to_owned(), Into::into);
    Some(value)
}

/// The text of an element, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    too_long: bool,
    entity: Option<String>,
}

impl Text {
    pub(super) fn push(&mut self, piece: &str) {
        let room = MAX_CONTENT.saturating_sub(self.text.len());
        self.text.push_str(start(piece, room));
        self.too_long |= piece.len() > room;
    }
}

/// An `IndicatorItem` that is open.
#[derive(Debug)]
struct Item {
    line: usize,
    condition: Condition,
    search: Option<String>,
    content: Option<Text>,
    comment: Option<String>,
}

/// What takes the items the second time.
struct Second<'s> {
    place: Place<'s>,
    facts: Facts,
    joined: std::slice::Iter<'s, bool>,
    /// For each `Indicator` that is open, whether it or one around it asks for several things at once.
    open: Vec<bool>,
    item: Option<Item>,
    text: Text,
    to: &'s mut dyn Listing,
}

impl Second<'_> {
    fn step(&mut self, step: &Step<'_, '_>, offset: usize) {
        match step {
            Step::Open(tag) => {
                self.text = Text::default();
                self.opened(tag, offset);
            }
            Step::Close(name) => self.closed(name),
            Step::Text(piece) if self.item.is_some() => self.text.push(piece),
            Step::Entity(name) => self.text.entity = clipped(name, 80),
            Step::Text(_) => {}
        }
    }

    fn opened(&mut self, tag: &BytesStart<'_>, offset: usize) {
        if named(tag, "Indicator") {
            let around = self.open.last().copied().unwrap_or_default();
            let own = self.joined.next().copied().unwrap_or_default();
            self.open.push(around || own);
        } else if named(tag, "IndicatorItem") {
            self.finish(); // Where items stand in each other, which OpenIOC does not know.
            let condition = attribute(tag, "condition").unwrap_or_default();
            let negate = attribute(tag, "negate");
            let negate = matches!(negate.as_deref(), Some("true" | "1" | "True"));
            self.item = Some(Item {
                line: self.place.line(offset),
                condition: Condition::new(&condition, negate),
                search: None,
                content: None,
                comment: None,
            });
        } else if named(tag, "Context")
            && let Some(item) = &mut self.item
        {
            item.search = attribute(tag, "search");
        }
    }

    fn closed(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("Indicator") {
            self.open.pop();
        } else if name.eq_ignore_ascii_case("IndicatorItem") {
            self.finish();
        } else if let Some(item) = &mut self.item {
            let text = std::mem::take(&mut self.text);
            if name.eq_ignore_ascii_case("Content") {
                item.content = Some(text);
            } else if name.eq_ignore_ascii_case("Comment") {
                item.comment = clipped(&text.text, MAX_TEXT);
            }
        }
    }

    /// Hands over the item that is open.
    fn finish(&mut self) {
        let Some(item) = self.item.take() else {
            return;
        };
        let Some(search) = &item.search else {
            let what = "an item without a search term".into();
            let fix = "give it a `Context` with a `search`";
            return self.to.defect(item.line, what, fix);
        };
        let content = item.content.as_ref();
        let text = content
            .map(|content| content.text.trim())
            .unwrap_or_default();
        if let Some(entity) = content.and_then(|content| content.entity.as_deref()) {
            let what = format!("the entity {entity:?} is not defined");
            return self
                .to
                .defect(item.line, what, "write the character itself");
        }
        let term = term(search);
        if let Term::Aside(what) = term {
            return self.to.aside(item.line, what, clip(text, 200));
        }
        if text.is_empty() {
            let what = "an item without a content".into();
            let fix = "give it a `Content`, or take it out";
            return self.to.defect(item.line, what, fix);
        }
        if content.is_some_and(|content| content.too_long) {
            let what = format!("a content of more than {MAX_CONTENT} bytes");
            let fix = "take it out: no indicator is as long";
            return self.to.defect(item.line, what, fix);
        }
        let meaning = meaning(term, item.condition, text);
        let mut facts = self.facts.clone();
        facts.note = item.comment;
        let keyword = matches!(meaning, Meaning::Entry(Kind::Keyword, _));
        if self.open.last().copied().unwrap_or_default() {
            // Alone it is less than what the author took for a sign.
            facts.confidence = Some(Confidence::Low);
            let with = "the list asks for other things together with this";
            facts.note = Some(match facts.note {
                Some(note) => format!("{note} ({with})"),
                None => with.into(),
            });
        } else if keyword {
            facts.confidence = Some(Confidence::Low);
        }
        match meaning {
            Meaning::Entry(kind, text) => self.to.entry(item.line, kind, text, &facts),
            Meaning::FrontPage(host) => {
                let url = format!("{host}/");
                self.to.entry(item.line, Kind::Url, &url, &facts);
            }
            Meaning::Aside(what) => self.to.aside(item.line, what, clip(text, 200)),
        }
    }
}

#[cfg(test)]
mod tests;
