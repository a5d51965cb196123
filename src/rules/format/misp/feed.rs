//! The index of a MISP feed, `manifest.json`: a map from the UUIDs of events to a few words about each. The events
//! stand beside it, in `UUID.json`.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::listing::Refused;
use super::super::place::clip;
use super::head::Head;
use super::json::{self, is_uuid, plain};

/// The most events of a feed. The largest that are published have a few thousand.
const MAX_EVENTS: usize = 100_000;
/// What the manifest says about an event.
const MARKS: [&str; 7] = [
    "info",
    "Orgc",
    "Tag",
    "timestamp",
    "date",
    "threat_level_id",
    "analysis",
];

/// Whether a file that begins like this is in this format. `head`: up to 64 KiB of it, cut behind a line where there is one.
pub(in crate::rules) fn is(head: &[u8]) -> bool {
    let Some(head) = Head::scan(head) else {
        return false;
    };
    let mut roots = head.roots().peekable();
    let Some(first) = roots.peek().copied() else {
        return false;
    };
    roots.all(is_uuid) && head.count(&format!("/{first}"), &MARKS) > 0
}

/// The UUIDs of the events, each once, in the order of the file and as it writes them: they are names of files.
///
/// # Errors
/// Where it is no JSON, no map, has a key that is no UUID (and could lead anywhere), or more than 100,000 events.
pub(in crate::rules) fn events(manifest: &[u8]) -> Result<Vec<String>, Refused> {
    let text = manifest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(manifest);
    json::check(text)?;
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut found = Found::default();
    let read = json.deserialize_map(&mut found);
    let read = read.and_then(|()| json.end());
    read.map_err(|error| Refused {
        line: Some(error.line()),
        what: found.wrong.take().unwrap_or_else(|| plain(&error)),
        fix: "get the manifest again from the feed".into(),
    })?;
    Ok(found.events)
}

#[derive(Debug, Default)]
struct Found {
    events: Vec<String>,
    known: HashSet<String>,
    wrong: Option<String>,
}

impl<'t> Visitor<'t> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from UUIDs to events")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(uuid) = map.next_key::<String>()? {
            let wrong = if !is_uuid(&uuid) {
                Some(format!("{:?} is not the UUID of an event", clip(&uuid, 80)))
            } else if self.events.len() >= MAX_EVENTS {
                Some(format!("more than {MAX_EVENTS} events"))
            } else {
                None
            };
            if let Some(wrong) = wrong {
                let error = serde::de::Error::custom(&wrong);
                self.wrong = Some(wrong);
                return Err(error);
            }
            map.next_value::<IgnoredAny>()?;
            if self.known.insert(uuid.clone()) {
                self.events.push(uuid);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "5c1b3f0e-0000-4000-8000-00000000000a";

    #[test]
    fn events_are_listed_in_order() {
        let text = format!(
            "\u{feff}{{\"{ONE}\":{{\"info\":\"x\",\"Orgc\":{{\"name\":\"Lab\"}},\"timestamp\":\"1\"}},\n\
             \"4C1B3F0E-0000-4000-8000-00000000000B\":{{\"info\":\"y\"}},\"{ONE}\":{{}}}}"
        );
        assert!(is(text.as_bytes()));
        assert!(is(&text.as_bytes()[..90]));
        let events = events(text.as_bytes()).unwrap();
        assert_eq!(events, [ONE, "4C1B3F0E-0000-4000-8000-00000000000B"]);
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for key in [
            "../../etc/passwd",
            "5c1b3f0e-0000-4000-8000-00000000000a/x",
            "",
            "é",
        ] {
            let text = format!("{{\"{ONE}\":{{}},\n\"{key}\":{{\"info\":\"x\"}}}}");
            let refused = events(text.as_bytes()).unwrap_err();
            assert_eq!(refused.line, Some(2));
            assert!(refused.what.contains("is not the UUID"), "{refused:?}");
            assert!(!is(text.as_bytes()));
        }
        for text in ["", "[]", "{} {}", "{\"a\"", "7", "{\"\u{0}\":1}"] {
            assert!(events(text.as_bytes()).is_err(), "{text}");
            assert!(!is(text.as_bytes()), "{text}");
        }
        assert_eq!(events(b"{}").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn the_number_is_bounded() {
        let many: Vec<String> = (0..=MAX_EVENTS)
            .map(|i| format!("\"00000000-0000-4000-8000-{i:012}\":0"))
            .collect();
        let refused = events(format!("{{{}}}", many.join(",")).as_bytes()).unwrap_err();
        assert_eq!(refused.what, "more than 100000 events");
        let fewer = many.get(1..).unwrap().join(",");
        let found = events(format!("{{{fewer}}}").as_bytes()).unwrap();
        assert_eq!(found.len(), MAX_EVENTS);
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = is(&bytes);
            let _ = events(&bytes);
        }
    }
}
