//! JSON of MISP, piece by piece: pieces of the text are looked at where they stand, and none is made into a tree.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::listing::Refused;

/// How deep arrays and objects may stand in each other. MISP needs about a dozen.
const MAX_DEPTH: usize = 64;

/// Looks at all of a text before anything of it is taken.
///
/// # Errors
/// Where it is no JSON, is empty, or has arrays and objects too deep.
pub(super) fn check(text: &[u8]) -> Result<(), Refused> {
    check_depth(text)?;
    let mut empty = true;
    for value in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
        empty = false;
        value.map_err(|error| refused(&error))?;
    }
    if empty {
        return Err(Refused {
            line: None,
            what: "there is no JSON in it".into(),
            fix: "get the file again: it is empty".into(),
        });
    }
    Ok(())
}

/// The values that a text is made of, as far as it is JSON: usually one, several where files were put together or have
/// one on each line.
pub(super) fn values(text: &[u8]) -> impl Iterator<Item = &RawValue> {
    let values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
    values.map_while(Result::ok)
}

fn refused(error: &serde_json::Error) -> Refused {
    let (what, fix) = if error.is_eof() {
        (
            "the JSON ends in the middle".into(),
            "get the file again: it is not complete",
        )
    } else {
        (
            format!("not JSON: {}", plain(error)),
            "repair it, or get the file again",
        )
    };
    Refused {
        line: Some(error.line()),
        what,
        fix: fix.into(),
    }
}

/// What is wrong, without the line: that is counted in the piece only.
pub(super) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

/// Refuses a text before anything goes down into it. Brackets are counted wherever they are not in a text.
fn check_depth(text: &[u8]) -> Result<(), Refused> {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut bytes = text.iter().enumerate();
    while let Some((offset, byte)) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                bytes.next();
            }
            b'[' | b'{' if !in_text => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    let line = super::super::place::Place::new(text).line(offset);
                    return Err(Refused {
                        line: Some(line),
                        what: format!(
                            "arrays and objects stand in each other more than {MAX_DEPTH} deep"
                        ),
                        fix: "this is no list that a tool has written: do not use it".into(),
                    });
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Where in `text` a piece of it begins.
pub(super) fn offset(text: &[u8], piece: &RawValue) -> usize {
    let piece = piece.get().as_ptr().addr();
    piece.saturating_sub(text.as_ptr().addr())
}

/// Hands over the elements of an array one by one. A lone object counts as an array of it: tools that come from XML write
/// lists of one like this. `null` is an empty array.
///
/// # Errors
/// Where it is something else; says what is wrong.
pub(super) fn each<'t>(list: &'t RawValue, to: &mut dyn FnMut(&'t RawValue)) -> Result<(), String> {
    struct Each<'f, 't>(&'f mut dyn FnMut(&'t RawValue));
    impl<'t> Visitor<'t> for Each<'_, 't> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'t>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(piece) = list.next_element::<&'t RawValue>()? {
                (self.0)(piece);
            }
            Ok(())
        }
        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    }
    if list.get().starts_with('{') {
        to(list);
        return Ok(());
    }
    let mut json = serde_json::Deserializer::from_str(list.get());
    let done = json.deserialize_any(Each(to));
    done.map_err(|error| plain(&error))
}

/// As [`each`], where what is no list is not worth a word: labels.
pub(super) fn each_of<'t>(list: Option<&'t RawValue>, to: &mut dyn FnMut(&'t RawValue)) {
    if let Some(list) = list {
        let _ = each(list, to);
    }
}

/// A value of any type. MISP writes numbers and truth as texts in some versions and as themselves in others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Scalar<'t> {
    Text(Cow<'t, str>),
    Number(u64),
    Truth(bool),
    /// Negative numbers and fractions, as they are shown.
    Real(String),
    /// A list or an object.
    Other,
    #[default]
    Nothing,
}

impl Scalar<'_> {
    /// A text, less white space around it; nothing where it is empty.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Number(number) => Some(*number != 0),
            Self::Text(text) => match text.trim() {
                "1" | "true" | "True" => Some(true),
                "0" | "false" | "False" | "" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A text, or another value as a text; nothing where there is none.
    pub(super) fn shown(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Number(number) => Some(number.to_string().into()),
            Self::Truth(truth) => Some(truth.to_string().into()),
            Self::Real(real) => Some(real.as_str().into()),
            _ => self.text().map(Cow::Borrowed),
        }
    }
}

impl<'de: 't, 't> Deserialize<'de> for Scalar<'t> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Real(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Real(number.to_string()))
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Truth(truth))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        from.deserialize_any(Any)
    }
}

/// Whether a name has the form of a UUID: 8-4-4-4-12 hexadecimal digits (RFC 9562, section 4).
pub(in crate::rules) fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    lengths.iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }) && parts.next().is_none()
}
