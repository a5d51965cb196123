//! Whether a text begins like a STIX bundle or a TAXII envelope.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object;

/// Whether a text that begins like this is STIX.
pub(super) fn is(head: &[u8]) -> bool {
    let mut seen = Seen::default();
    // That it ends in the middle is no matter: what was seen until then counts.
    let _ = Top(&mut seen).deserialize(&mut serde_json::Deserializer::from_slice(head));
    seen.is_stix()
}

/// What stands at the top, and in the first of `objects`.
#[derive(Debug, Default)]
struct Seen {
    is_bundle: bool,
    has_bundle_id: bool,
    has_objects: bool,
    /// `objects` is an empty list.
    is_empty: bool,
    kind: Option<String>,
    id: Option<String>,
}

impl Seen {
    fn is_stix(&self) -> bool {
        let marks = [self.is_bundle, self.has_bundle_id, self.has_objects];
        if marks.into_iter().filter(|mark| *mark).count() > 1 {
            return true;
        }
        // An envelope has no type. Its objects have ids like `indicator--...`, after their type.
        let of_type = match (&self.kind, &self.id) {
            (Some(kind), Some(id)) => id.split_once("--").is_some_and(|(of, _)| of == kind),
            _ => false,
        };
        self.has_objects && (self.is_empty || of_type)
    }
}

fn owned(raw: &RawValue) -> Option<String> {
    object::text(Some(raw)).map(std::borrow::Cow::into_owned)
}

struct Top<'s>(&'s mut Seen);
struct Objects<'s>(&'s mut Seen);
struct First<'s>(&'s mut Seen);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let seen = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => seen.is_bundle = owned(map.next_value()?).as_deref() == Some("bundle"),
                "id" => {
                    let id = owned(map.next_value()?);
                    seen.has_bundle_id = id.is_some_and(|id| id.starts_with("bundle--"));
                }
                "objects" => map.next_value_seed(Objects(&mut *seen))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.has_objects = true;
        if list.next_element_seed(First(&mut *self.0))?.is_none() {
            self.0.is_empty = true;
            return Ok(());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for First<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => self.0.kind = owned(map.next_value()?),
                "id" => self.0.id = owned(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
