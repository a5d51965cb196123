//! What becomes of an attribute of a MISP event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::listing::{Facts, Kind, Listing};
use super::super::place::{clip, clipped, iso_day};
use super::facts::Labels;
use super::json::Scalar;
use super::types::{Take, take};
use crate::rules::date::of_unix;
use crate::rules::indicator::Confidence;

/// The longest title, and the longest remark, in bytes.
pub(super) const MAX_TITLE: usize = 300;
const MAX_NOTE: usize = 1000;
/// The longest value that is shown where it is not taken, in bytes.
pub(super) const MAX_SHOWN: usize = 200;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Object<'t> {
    #[serde(borrow)]
    pub(super) name: Scalar<'t>,
    #[serde(borrow)]
    pub(super) comment: Scalar<'t>,
    #[serde(borrow)]
    pub(super) deleted: Scalar<'t>,
    #[serde(borrow, rename = "Attribute")]
    pub(super) attributes: Option<&'t RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Attribute<'t> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'t>,
    #[serde(borrow)]
    pub(super) value: Scalar<'t>,
    #[serde(borrow)]
    pub(super) comment: Scalar<'t>,
    #[serde(borrow)]
    pub(super) to_ids: Scalar<'t>,
    #[serde(borrow)]
    pub(super) deleted: Scalar<'t>,
    #[serde(borrow)]
    pub(super) timestamp: Scalar<'t>,
    #[serde(borrow)]
    pub(super) first_seen: Scalar<'t>,
    #[serde(borrow)]
    pub(super) object_relation: Scalar<'t>,
    #[serde(borrow, rename = "Tag")]
    pub(super) tags: Option<&'t RawValue>,
    #[serde(borrow, rename = "Galaxy")]
    pub(super) galaxies: Option<&'t RawValue>,
    #[serde(borrow, rename = "ShadowAttribute")]
    pub(super) proposals: Option<&'t RawValue>,
    /// The event, in answers of a search for attributes.
    #[serde(borrow, rename = "Event")]
    pub(super) event: Option<&'t RawValue>,
}

/// What an event says about all that is in it.
#[derive(Debug, Default)]
pub(super) struct Common {
    pub(super) facts: Facts,
    pub(super) labels: Labels,
}

/// The event of an attribute that a search has found.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Around<'t> {
    #[serde(borrow)]
    info: Scalar<'t>,
}

/// Hands over an attribute, and says how many of its labels were left out.
pub(super) fn judge(
    line: usize,
    attribute: &Attribute<'_>,
    common: &Common,
    object: Option<&Object<'_>>,
    to: &mut dyn Listing,
) -> usize {
    let value = attribute.value.shown().unwrap_or_default();
    let Some(take) = meant(line, attribute, object, &value, to) else {
        return 0;
    };
    let labels = Labels::read(attribute.tags, attribute.galaxies).over(&common.labels);
    let left_out = labels.left_out;
    if labels.false_positive {
        let what = "entries marked as false positives";
        to.aside(line, what, clip(&value, MAX_SHOWN));
    } else {
        let facts = facts(attribute, common, object, labels);
        hand_over(line, take, &value, facts, to);
    }
    left_out
}

/// How an attribute is taken. Nothing where it is not: it has been handed over then.
fn meant(
    line: usize,
    attribute: &Attribute<'_>,
    object: Option<&Object<'_>>,
    value: &str,
    to: &mut dyn Listing,
) -> Option<Take> {
    let shown = clip(value, MAX_SHOWN);
    let gone = |deleted: &Scalar<'_>| deleted.truth() == Some(true);
    if gone(&attribute.deleted) || object.is_some_and(|object| gone(&object.deleted)) {
        to.aside(line, "deleted entries", shown);
        return None;
    }
    let Some(kind) = attribute.kind.text() else {
        let what = format!("an attribute without a type: {shown:?}");
        to.defect(line, what, "give it a `type`");
        return None;
    };
    let name = object.and_then(|object| object.name.text());
    let relation = attribute.object_relation.text().unwrap_or_default();
    let take = take(kind, name.unwrap_or_default(), relation);
    if value.is_empty() {
        let kind = clip(kind, MAX_SHOWN);
        let what = format!("an attribute of type {kind:?} without a value");
        to.defect(line, what, "give it a `value`, or take it out");
        return None;
    }
    let marked = attribute.to_ids.truth();
    let aside = match take {
        Take::Aside(what) => what,
        _ if marked.unwrap_or(take.by_default()) => return Some(take),
        Take::Link => "references",
        _ => "entries not meant for detection",
    };
    to.aside(line, aside, shown);
    None
}

fn facts(
    attribute: &Attribute<'_>,
    common: &Common,
    object: Option<&Object<'_>>,
    labels: Labels,
) -> Facts {
    let mut facts = common.facts.clone();
    if let Some(event) = attribute.event {
        // Answers of a search have no event around the attribute, but a short form of it inside.
        let event = serde_json::from_str::<Around<'_>>(event.get()).unwrap_or_default();
        let info = event.info.text().and_then(|info| clipped(info, MAX_TITLE));
        facts.threat = info.or(facts.threat);
    }
    if let Some(threat) = labels.threat() {
        facts.threat = Some(threat.to_owned());
    }
    facts.confidence = labels.confidence;
    facts.tags = labels.tags;
    let seen = attribute.first_seen.text().and_then(iso_day);
    let changed = || attribute.timestamp.number().and_then(of_unix);
    facts.first_seen = seen.or_else(changed).or(facts.first_seen);
    let remark = attribute.comment.text();
    let remark = remark.or_else(|| object.and_then(|object| object.comment.text()));
    facts.note = remark.and_then(|remark| clipped(remark, MAX_NOTE));
    facts
}

/// Hands over what is looked for.
fn hand_over(line: usize, take: Take, value: &str, mut facts: Facts, to: &mut dyn Listing) {
    match take {
        Take::Name => to.entry(line, Kind::Domain, value, &facts),
        Take::Address => to.entry(line, Kind::Address, value, &facts),
        Take::Ja3 => to.entry(line, Kind::Ja3, value, &facts),
        Take::Certificate => {
            // Tools show fingerprints with colons or spaces between the bytes.
            let digits = value.replace([':', ' '], "");
            to.entry(line, Kind::Certificate, &digits, &facts);
        }
        Take::Url | Take::Link => to.entry(line, Kind::Url, &url(value), &facts),
        Take::Path if value.contains("://") => to.entry(line, Kind::Url, value, &facts),
        Take::Path => {
            let what = "paths of URLs without a host";
            to.aside(line, what, clip(value, MAX_SHOWN));
        }
        Take::Ja4 if is_ja4(value) => to.entry(line, Kind::Ja4, value, &facts),
        Take::Ja4 => {
            let what = "JA4+ fingerprints other than JA4";
            to.aside(line, what, clip(value, MAX_SHOWN));
        }
        Take::NameAndAddress => match parts(value) {
            Some((name, address)) => {
                to.entry(line, Kind::Domain, name, &facts);
                // Where the name once pointed to: often a host that others share.
                facts.confidence = facts.confidence.or(Some(Confidence::Low));
                to.entry(line, Kind::Address, address, &facts);
            }
            None => unpaired(to, line, "NAME|ADDRESS", value),
        },
        Take::NameAndPort => match parts(value).filter(|(_, port)| is_port(port)) {
            Some((name, port)) => {
                let remark = facts.note.take();
                let with = format!("listed with port {port}");
                facts.note = Some(match remark {
                    Some(remark) => format!("{remark} ({with})"),
                    None => with,
                });
                to.entry(line, Kind::Domain, name, &facts);
            }
            None => unpaired(to, line, "NAME|PORT", value),
        },
        Take::AddressAndPort => match parts(value).filter(|(_, port)| is_port(port)) {
            Some((address, port)) => {
                let text = if address.contains(':') && !address.starts_with('[') {
                    format!("[{address}]:{port}")
                } else {
                    format!("{address}:{port}")
                };
                to.entry(line, Kind::Address, &text, &facts);
            }
            None => unpaired(to, line, "ADDRESS|PORT", value),
        },
        Take::Aside(what) => to.aside(line, what, clip(value, MAX_SHOWN)),
    }
}

fn unpaired(to: &mut dyn Listing, line: usize, form: &str, value: &str) {
    let shown = clip(value, MAX_SHOWN);
    let what = format!("{shown:?} does not have the form {form}");
    to.defect(line, what, "write both, with `|` between");
}

/// Both halves of a value of two.
fn parts(value: &str) -> Option<(&str, &str)> {
    let (first, second) = value.split_once('|')?;
    let (first, second) = (first.trim(), second.trim());
    (!first.is_empty() && !second.is_empty()).then_some((first, second))
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A URL without a scheme and a path is a host: its front page.
fn url(value: &str) -> Cow<'_, str> {
    if value.contains('/') {
        value.into()
    } else {
        format!("{value}/").into()
    }
}

/// Whether a text has the form of a JA4: `t13d1516h2_8daaf6152771_02713d6af862`.
fn is_ja4(text: &str) -> bool {
    let mut parts = text.split('_');
    let (Some(start), Some(ciphers), Some(extensions), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let hash = |part: &str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    start.len() == 10
        && start.is_ascii()
        && start.starts_with(['t', 'q', 'd'])
        && hash(ciphers)
        && hash(extensions)
}
