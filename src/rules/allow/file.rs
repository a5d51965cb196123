//! The schema of an allow list, version 1, as YAML has it.
//!
//! Whether names, networks and dates make sense is for [`super::check`] to say. What bounds memory is here: aliases can stand
//! for much more than the file has bytes, so lengths are counted where values are made.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// The version of the schema that this program reads.
pub(super) const VERSION: u64 = 1;
/// How many entries a list may have.
pub(super) const MAX_ENTRIES: usize = 10_000;
/// How many clients or packs an entry may have.
pub(super) const MAX_LIST: usize = 100;
/// The longest value, in bytes.
pub(super) const MAX_TEXT: usize = 2_000;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowFile {
    #[serde(rename = "bellerophon-allow")]
    pub(super) _version: Version,
    pub(super) entries: Bounded<RawEntry, MAX_ENTRIES>,
}

/// An entry as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntry {
    pub(super) name: Option<Text>,
    pub(super) exact: Option<Text>,
    pub(super) below: Option<Text>,
    pub(super) address: Option<Text>,
    pub(super) indicator: Option<Text>,
    #[serde(default)]
    pub(super) client: Many,
    #[serde(default)]
    pub(super) pack: Many,
    pub(super) reason: Option<Text>,
    pub(super) expires: Option<Text>,
    pub(super) added: Option<Text>,
    pub(super) by: Option<Text>,
}

/// The schema version: another one is an error before any other key is judged.
#[derive(Debug)]
pub(super) struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            VERSION => Ok(Self),
            other => Err(D::Error::invalid_value(
                Unexpected::Unsigned(other),
                &"schema version 1, the only one that this program reads",
            )),
        }
    }
}

/// A text of bounded length.
#[derive(Debug)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        if text.len() > MAX_TEXT {
            return Err(E::custom(format_args!(
                "a text of {} bytes, over {MAX_TEXT}",
                text.len()
            )));
        }
        Ok(Text(text.to_owned()))
    }
}

/// One text or a list of them; `None` where the key is not there.
#[derive(Debug, Default)]
pub(super) struct Many(pub(super) Option<Vec<Text>>);

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor)
    }
}

struct ManyVisitor;

impl<'de> Visitor<'de> for ManyVisitor {
    type Value = Many;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Many, E> {
        TextVisitor
            .visit_str(text)
            .map(|text| Many(Some(vec![text])))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Many, A::Error> {
        items(seq, MAX_LIST).map(|items| Many(Some(items)))
    }
}

/// A list with no more than `MOST` items.
#[derive(Debug)]
pub(super) struct Bounded<T, const MOST: usize>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor::<T, MOST>(PhantomData))
    }
}

struct BoundedVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for BoundedVisitor<T, MOST> {
    type Value = Bounded<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        items(seq, MOST).map(Bounded)
    }
}

fn items<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut seq: A,
    most: usize,
) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = seq.next_element()? {
        if items.len() >= most {
            return Err(A::Error::custom(format_args!(
                "a list of more than {most} items"
            )));
        }
        items.push(item);
    }
    Ok(items)
}
