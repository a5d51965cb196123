//! Reads flat YAML: texts as they were written, with their places.
//!
//! The YAML library turns scalars into numbers, which loses their text (`1.10`), and tells no
//! places. So the document is walked twice: once to see what each value is, and once for the texts,
//! which are borrowed from the file wherever they stand in it unchanged. Where they are borrowed
//! from is their place.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::guard::{self, MAX_VALUES};
use super::problem::{Complaint, Place};

/// `key: value`
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key stands; not known where it is written with escapes.
    pub(super) at: Option<Place>,
    pub(super) value: Value,
}

/// What stands behind a key, or as an item of a list.
#[derive(Debug)]
pub(super) enum Value {
    One(Scalar),
    List(Vec<Value>),
    /// What no flag can take, by its name; also a list in a list.
    Other(&'static str),
}

/// A single value.
#[derive(Debug)]
pub(super) struct Scalar {
    /// As it was written, without quotes and escapes.
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Not known where the text is escaped or runs over several lines.
    pub(super) at: Option<Place>,
}

/// What a scalar is by the rules of YAML 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text,
}

/// The entries of a file, in its order and with keys that stand twice.
///
/// # Errors
/// What is no YAML, no mapping, or more than one document.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, Complaint> {
    guard::check(text)?;
    let budget = Cell::new(MAX_VALUES);
    let look = Look {
        budget: &budget,
        level: 0,
    };
    let shapes = match look.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(Shape::Scalar(Kind::Null)) => return Ok(Vec::new()),
        Ok(Shape::Map(shapes)) => shapes,
        Ok(_) => {
            return Err(Complaint::new(
                guard::first_content(text),
                "the file has no keys",
                "write one `key: value` a line, with a space after the colon",
            ));
        }
        Err(error) => return Err(guard::explain(text, &error)),
    };
    let lines = Lines::new(text);
    serde_yaml::Deserializer::from_str(text)
        .deserialize_map(Entries {
            shapes: &shapes,
            lines: &lines,
        })
        .map_err(|e| guard::explain(text, &e))
}

/// What a value is.
enum Shape {
    Scalar(Kind),
    List(Vec<Shape>),
    /// The values of the file's keys.
    Map(Vec<Shape>),
    Other(&'static str),
}

/// The first walk. The file is level 0, values are level 1, and items of lists level 2.
#[derive(Clone, Copy)]
struct Look<'a> {
    budget: &'a Cell<usize>,
    level: usize,
}

impl Look<'_> {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.budget.get().checked_sub(1);
        self.budget
            .set(left.ok_or_else(|| E::custom(guard::TOO_MANY))?);
        Ok(Self {
            level: self.level.saturating_add(1),
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Null))
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Number))
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(Kind::Text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        if self.level != 1 {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Shape::Other("a list in a list"));
        }
        let mut shapes = Vec::new();
        while let Some(shape) = items.next_element_seed(self.below()?)? {
            shapes.push(shape);
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        if self.level != 0 {
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Shape::Other("a mapping"));
        }
        let mut shapes = Vec::new();
        while entries.next_key::<IgnoredAny>()?.is_some() {
            shapes.push(entries.next_value_seed(self.below()?)?);
        }
        Ok(Shape::Map(shapes))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Shape, A::Error> {
        let (_, value) = data.variant::<IgnoredAny>()?;
        value.newtype_variant::<IgnoredAny>()?;
        Ok(Shape::Other("a value with a tag (`!name`)"))
    }
}

/// The second walk: the file.
struct Entries<'a, 'text> {
    shapes: &'a [Shape],
    lines: &'a Lines<'text>,
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Entry>, A::Error> {
        let mut entries = Vec::new();
        for shape in self.shapes {
            let lines = self.lines;
            let (key, at) = map
                .next_key_seed(Text { lines })?
                .ok_or_else(|| A::Error::custom("a key is missing"))?;
            let value = map.next_value_seed(Take { shape, lines })?;
            entries.push(Entry { key, at, value });
        }
        Ok(entries)
    }
}

/// The second walk: a value of known shape.
struct Take<'a, 'text> {
    shape: &'a Shape,
    lines: &'a Lines<'text>,
}

impl<'de> DeserializeSeed<'de> for Take<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.shape {
            Shape::Scalar(kind) => {
                let (text, at) = Text { lines: self.lines }.deserialize(deserializer)?;
                let kind = *kind;
                Ok(Value::One(Scalar { text, kind, at }))
            }
            Shape::List(shapes) => {
                let lines = self.lines;
                deserializer.deserialize_seq(Items { shapes, lines })
            }
            Shape::Map(_) => Ok(Value::Other("a mapping")),
            Shape::Other(name) => {
                deserializer.deserialize_ignored_any(IgnoredAny)?;
                Ok(Value::Other(name))
            }
        }
    }
}

/// The second walk: the items of a list.
struct Items<'a, 'text> {
    shapes: &'a [Shape],
    lines: &'a Lines<'text>,
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        for shape in self.shapes {
            let lines = self.lines;
            items.extend(seq.next_element_seed(Take { shape, lines })?);
        }
        Ok(Value::List(items))
    }
}

/// The second walk: a scalar's text.
struct Text<'a, 'text> {
    lines: &'a Lines<'text>,
}

impl<'de> DeserializeSeed<'de> for Text<'_, '_> {
    type Value = (String, Option<Place>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text<'_, '_> {
    type Value = (String, Option<Place>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok((text.to_owned(), self.lines.place(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.to_owned(), None))
    }
}

/// Where lines begin.
struct Lines<'text> {
    text: &'text str,
    starts: Vec<usize>,
}

impl<'text> Lines<'text> {
    fn new(text: &'text str) -> Self {
        let behind = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self {
            text,
            starts: std::iter::once(0).chain(behind).collect(),
        }
    }

    /// The place of a piece of the text, told by its address.
    fn place(&self, piece: &str) -> Option<Place> {
        let at = piece.as_ptr().addr();
        let offset = at.checked_sub(self.text.as_ptr().addr())?;
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let before = self.text.get(start..offset)?;
        // A quoted text begins at its quote.
        let quotes = usize::from(before.ends_with(['"', '\'']));
        let column = before.chars().count().saturating_sub(quotes);
        Some(Place {
            line,
            column: column.saturating_add(1),
        })
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
