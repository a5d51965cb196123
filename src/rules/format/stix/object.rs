//! The objects of a STIX bundle, as far as they are looked at. What is not of the expected type counts as not given.

use std::borrow::Cow;
use std::fmt;

use crate::rules::date::is_date;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most labels and references of one object that are kept.
const MAX_LISTED: usize = 64;

/// The most characters of a name, a label or a reference that are kept: they are repeated with every entry.
const MAX_NAME: usize = 500;

/// An object, each property as the text has it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Object<'t> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) id: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) value: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) description: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) created: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) modified: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) created_by_ref: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) revoked: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) confidence: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) labels: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) indicator_types: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) pattern: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) pattern_type: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) valid_from: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) valid_until: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) external_references: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) relationship_type: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) source_ref: Option<&'t RawValue>,
    #[serde(borrow)]
    pub(super) target_ref: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Reference<'t> {
    #[serde(borrow)]
    url: Option<&'t RawValue>,
}

impl<'t> Object<'t> {
    /// # Errors
    /// It is no object, or has a property twice: the line from its beginning, from 0, and what is wrong.
    pub(super) fn read(raw: &'t RawValue) -> Result<Self, (usize, String)> {
        // A list would be taken for the properties in their order.
        if !raw.get().starts_with('{') {
            return Err((0, "it is no JSON object".into()));
        }
        serde_json::from_str(raw.get()).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            (error.line().saturating_sub(1), what.to_owned())
        })
    }

    /// The type, `indicator` or another.
    pub(super) fn kind(&self) -> Cow<'t, str> {
        text(self.kind).unwrap_or_default()
    }

    pub(super) fn is_revoked(&self) -> bool {
        // Some tools write truth values as texts.
        let text = self.revoked.map(RawValue::get).unwrap_or_default();
        text.trim_matches('"').eq_ignore_ascii_case("true")
    }

    /// The URLs of the external references.
    pub(super) fn urls(&self) -> Vec<String> {
        let raws = elements(self.external_references).into_iter();
        let urls = raws
            .filter(|raw| raw.get().starts_with('{'))
            .filter_map(|raw| serde_json::from_str::<Reference<'_>>(raw.get()).ok())
            .filter_map(|reference| name(reference.url));
        let mut each = Vec::new();
        urls.for_each(|url| add(&mut each, &url));
        each
    }
}

/// A text, if it is one.
pub(super) fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let raw = raw?.get();
    if let Ok(text) = serde_json::from_str::<&str>(raw) {
        return Some(Cow::Borrowed(text));
    }
    serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
}

/// A text without white space around it, if there is more.
pub(super) fn full_text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let text = match text(raw)? {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!text.is_empty()).then_some(text)
}

/// A name, of reasonable length.
pub(super) fn name(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let text = full_text(raw)?;
    match text.char_indices().nth(MAX_NAME) {
        Some(_) => Some(Cow::Owned(short(&text, MAX_NAME))),
        None => Some(text),
    }
}

/// As much of a text as there is room for, in characters.
pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The texts of a list, or a text that stands in place of one.
pub(super) fn texts(raw: Option<&RawValue>) -> Vec<String> {
    let mut each = Vec::new();
    match name(raw) {
        Some(text) => each.push(text.into_owned()),
        None => {
            let texts = elements(raw).into_iter().map(Some).filter_map(name);
            texts.for_each(|text| add(&mut each, &text));
        }
    }
    each
}

/// Adds what is not there yet. There are few.
pub(super) fn add(to: &mut Vec<String>, text: &str) {
    if to.len() < MAX_LISTED && !to.iter().any(|there| there == text) {
        to.push(text.to_owned());
    }
}

/// The first elements of a list; none if it is no list.
fn elements(raw: Option<&RawValue>) -> Vec<&RawValue> {
    let Some(raw) = raw else { return Vec::new() };
    let few: Result<Few<'_>, _> = serde_json::from_str(raw.get());
    few.map(|few| few.0).unwrap_or_default()
}

struct Few<'t>(Vec<&'t RawValue>);

impl<'de> Deserialize<'de> for Few<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(FewVisitor)
    }
}

struct FewVisitor;

impl<'de> Visitor<'de> for FewVisitor {
    type Value = Few<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut few = Vec::new();
        while few.len() < MAX_LISTED {
            match list.next_element()? {
                Some(raw) => few.push(raw),
                None => return Ok(Few(few)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Few(few))
    }
}

/// The day of a time of RFC 3339: `YYYY-MM-DD`.
pub(super) fn day(time: &str) -> Option<&str> {
    let (day, rest) = time.trim().split_at_checked(10)?;
    let ends = rest.is_empty() || rest.starts_with(['T', 't', ' ']);
    (is_date(day) && ends).then_some(day)
}

/// A time as a number that is larger for later times, of what is no time 0. All times are UTC (section 3.3.1 of STIX 2.1).
pub(super) fn moment(time: &str) -> u64 {
    let Some(day) = day(time) else { return 0 };
    let rest = time.trim().get(11..).unwrap_or_default();
    let mut marks = day.bytes().chain(rest.bytes());
    let mut number = 0_u64;
    let mut ended = false;
    // As many digits as fit: down to ten microseconds.
    let mut digits = 0..19;
    while !digits.is_empty() {
        let digit = match marks.next() {
            Some(b'-' | b':' | b'.') if !ended => continue,
            Some(digit @ b'0'..=b'9') if !ended => digit.saturating_sub(b'0'),
            _ => {
                ended = true;
                0
            }
        };
        number = number.saturating_mul(10).saturating_add(digit.into());
        digits.next();
    }
    number
}
