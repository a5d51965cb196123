//! Reads STIX: bundles of versions 2.0 and 2.1, and the envelopes of TAXII 2.1.
//!
//! The text is gone through twice, object by object: relations and identities may stand behind the indicators they are about.

mod context;
mod head;
mod indicator;
mod object;
mod paths;
mod pattern;
mod scan;
mod terms;

use std::borrow::Cow;
use std::fmt;

use memchr::memchr_iter;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::listing::{Listing, Refused};
use context::Context;

use indicator::Reader;
use object::Object;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    head::is(head)
}

/// # Errors
/// What refuses the file as a whole: it is not UTF-8, not whole JSON, or has no list of objects.
pub(in crate::rules) fn read(text: &[u8], to: &mut dyn Listing) -> Result<(), Refused> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        Refused {
            line: Some(memchr_iter(b'\n', before).count().saturating_add(1)),
            what: "it is not UTF-8, which JSON must be".into(),
            fix: "convert it to UTF-8, or fetch it again".into(),
        }
    })?;
    let mut context = Context::default();
    each_object(text, &mut |raw| {
        if let Ok(object) = Object::read(raw) {
            context.look(&object);
        }
    })?;
    to.about(context.finish());
    let mut reader = Reader::new(text, context, to);
    each_object(text, &mut |raw| reader.object(raw))
}

/// Gives each element of `objects`, as the text has it.
fn each_object<'t>(text: &'t str, each: &mut dyn FnMut(&'t RawValue)) -> Result<(), Refused> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Bundle(each).deserialize(&mut json);
    let read = read.and_then(|()| json.end());
    read.map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        Refused {
            line: Some(error.line()).filter(|line| *line > 0),
            what: format!("it is no STIX bundle in whole JSON: {what}"),
            fix: "fetch the file again; a file holds one bundle or one TAXII envelope".into(),
        }
    })
}

struct Bundle<'f, 't>(&'f mut dyn FnMut(&'t RawValue));

impl<'t> DeserializeSeed<'t> for Bundle<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'t> Visitor<'t> for Bundle<'_, 't> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object with `objects`")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_bundle = false;
        while let Some(key) = map.next_key::<Cow<'t, str>>()? {
            match &*key {
                "objects" => {
                    is_bundle = true;
                    map.next_value_seed(Objects(&mut *self.0))?;
                }
                // A bundle without objects is one.
                "type" => {
                    let kind = object::text(Some(map.next_value::<&RawValue>()?));
                    is_bundle |= kind.as_deref() == Some("bundle");
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if is_bundle {
            Ok(())
        } else {
            Err(A::Error::missing_field("objects"))
        }
    }
}

struct Objects<'f, 't>(&'f mut dyn FnMut(&'t RawValue));

impl<'t> DeserializeSeed<'t> for Objects<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'t> Visitor<'t> for Objects<'_, 't> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element()? {
            (self.0)(raw);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
