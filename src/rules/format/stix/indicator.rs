//! Gives the indicators of a STIX bundle to a listing.

use std::borrow::Cow;

use memchr::memchr_iter;
use serde_json::value::RawValue;

use super::super::listing::{Facts, Listing};
use super::context::Context;
use super::object::{self, Object, short};
use super::pattern;
use super::terms::{self, Found};
use crate::rules::indicator::Confidence;

/// The longest pattern that is read, in bytes as the text has it.
pub(super) const MAX_PATTERN: usize = 1024 * 1024;

/// The most characters of a name or description that a note has.
const MAX_REMARK: usize = 300;

/// The most characters of a text that is shown for what is not taken.
const MAX_SHOWN: usize = 100;

/// How many entries of a pattern are looked at for whether the indicator's name says more than they do.
const MAX_COMPARED: usize = 16;

/// The second pass over a bundle.
pub(super) struct Reader<'t, 'l> {
    context: Context<'t>,
    text: &'t str,
    /// Where lines were counted to, in bytes, and the line there.
    at: usize,
    line: usize,
    to: &'l mut dyn Listing,
}

impl<'t, 'l> Reader<'t, 'l> {
    pub(super) fn new(text: &'t str, context: Context<'t>, to: &'l mut dyn Listing) -> Self {
        Self {
            context,
            text,
            at: 0,
            line: 1,
            to,
        }
    }

    /// The line of a part of the text, which stands behind all that were asked for before.
    fn line(&mut self, part: &RawValue) -> usize {
        let start = self.text.as_ptr().addr();
        let at = part.get().as_ptr().addr().saturating_sub(start);
        if let Some(passed) = self.text.as_bytes().get(self.at..at) {
            self.at = at;
            let lines = memchr_iter(b'\n', passed).count();
            self.line = self.line.saturating_add(lines);
        }
        self.line
    }

    pub(super) fn object(&mut self, raw: &'t RawValue) {
        let line = self.line(raw);
        let object = match Object::read(raw) {
            Ok(object) => object,
            Err((after, what)) => {
                let what = format!("an object cannot be read: {what}");
                let line = line.saturating_add(after);
                return self.to.defect(line, what, "write it as STIX demands");
            }
        };
        let label = || {
            let label = object::full_text(object.value.or(object.name).or(object.id));
            short(&label.unwrap_or_default(), MAX_SHOWN)
        };
        match &*object.kind() {
            "indicator" => self.indicator(line, &object),
            "" => {
                let what = "an object has no type".to_owned();
                self.to
                    .defect(line, what, "say what it is: `\"type\": \"indicator\"`");
            }
            "attack-pattern"
            | "campaign"
            | "course-of-action"
            | "extension-definition"
            | "grouping"
            | "identity"
            | "incident"
            | "infrastructure"
            | "intrusion-set"
            | "language-content"
            | "location"
            | "malware"
            | "malware-analysis"
            | "marking-definition"
            | "note"
            | "opinion"
            | "relationship"
            | "report"
            | "sighting"
            | "threat-actor"
            | "tool"
            | "vulnerability" => {}
            "artifact"
            | "autonomous-system"
            | "directory"
            | "domain-name"
            | "email-addr"
            | "email-message"
            | "file"
            | "ipv4-addr"
            | "ipv6-addr"
            | "mac-addr"
            | "mutex"
            | "network-traffic"
            | "observed-data"
            | "process"
            | "software"
            | "url"
            | "user-account"
            | "windows-registry-key"
            | "x509-certificate" => {
                self.to.aside(line, "observed data", &label());
            }
            _ => self.to.aside(line, "objects of unknown types", &label()),
        }
    }

    fn indicator(&mut self, line: usize, object: &Object<'_>) {
        let Some(raw) = object.pattern else {
            let what = "an indicator has no pattern".to_owned();
            return self
                .to
                .defect(line, what, "say what to look for in `pattern`");
        };
        let line = self.line(raw);
        if raw.get().len() > MAX_PATTERN {
            let what = format!("a pattern is longer than {MAX_PATTERN} bytes");
            return self.to.defect(line, what, "make several indicators of it");
        }
        let Some(pattern) = object::text(Some(raw)) else {
            let what = "a pattern is no text".to_owned();
            return self.to.defect(line, what, "write it in quotes");
        };
        if let Some(why) = self.why_not(object) {
            return self.to.aside(line, why, &short(&pattern, MAX_SHOWN));
        }
        match pattern::parse(&pattern) {
            Ok(parsed) => {
                let mut entries = Entries::new(line, &pattern, object, &self.context);
                terms::walk(&parsed, &mut |found| entries.give(found, self.to));
            }
            Err(what) => {
                let shown = short(&pattern, MAX_SHOWN);
                let what = format!("the pattern `{shown}` cannot be read: {what}");
                self.to
                    .defect(line, what, "write it in the pattern language of STIX 2.1");
            }
        }
    }

    /// Why the indicator is not looked for, whatever its pattern says.
    fn why_not(&self, object: &Object<'_>) -> Option<&'static str> {
        if self.context.is_superseded(object) {
            return Some("older versions of entries");
        }
        if object.is_revoked() {
            return Some("revoked entries");
        }
        // STIX 2.0 knows one language only and does not name it.
        let language = object::full_text(object.pattern_type);
        if language.is_some_and(|language| !language.eq_ignore_ascii_case("stix")) {
            return Some("patterns in another language (yara, snort, ...)");
        }
        let mut types = object::texts(object.indicator_types);
        if types.is_empty() {
            types = object::texts(object.labels);
        }
        let is_benign = |of: &String| of.eq_ignore_ascii_case("benign");
        (!types.is_empty() && types.iter().all(is_benign)).then_some("entries marked benign")
    }
}

/// Gives what one pattern looks for.
struct Entries {
    line: usize,
    facts: Facts,
    confidence: Option<Confidence>,
    expires: Option<String>,
    remarks: Vec<String>,
    compared: usize,
}

impl Entries {
    fn new(line: usize, pattern: &str, object: &Object<'_>, context: &Context<'_>) -> Self {
        let day_of = |raw| {
            let time = object::text(raw)?;
            object::day(&time).map(str::to_owned)
        };
        let mut tags = object::texts(object.labels);
        for of in object::texts(object.indicator_types) {
            object::add(&mut tags, &of);
        }
        let facts = Facts {
            threat: context.threat(object).map(str::to_owned),
            first_seen: day_of(object.valid_from).or_else(|| day_of(object.created)),
            tags,
            references: object.urls(),
            source: context.creator(object).map(str::to_owned),
            ..Facts::default()
        };
        let mut remarks: Vec<String> = Vec::new();
        for text in [object.name, object.description] {
            let text = object::full_text(text).unwrap_or_default();
            let mut words = text.split_whitespace();
            let mut remark = words.next().unwrap_or_default().to_owned();
            for word in words {
                remark.push(' ');
                remark.push_str(word);
                if remark.len() > MAX_REMARK.saturating_mul(4) {
                    break;
                }
            }
            let remark = short(&remark, MAX_REMARK);
            if remark != pattern && !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
        Self {
            line,
            facts,
            confidence: confidence(object.confidence),
            expires: day_of(object.valid_until),
            remarks,
            compared: 0,
        }
    }

    fn give(&mut self, found: Found<'_>, to: &mut dyn Listing) {
        match found {
            Found::Aside(what, text) => to.aside(self.line, what, &short(text, MAX_SHOWN)),
            Found::Entry {
                kind,
                text,
                demands,
                doubtful,
                until,
            } => {
                self.facts.note = self.note(text, demands);
                self.facts.confidence = match doubtful {
                    true => Some(Confidence::Low),
                    false => self.confidence,
                };
                let until = until.and_then(object::day).map(str::to_owned);
                let ends = [self.expires.clone(), until];
                self.facts.expires = ends.into_iter().flatten().min();
                to.entry(self.line, kind, text, &self.facts);
            }
        }
    }

    fn note(&mut self, value: &str, demands: Option<&str>) -> Option<String> {
        self.compared = self.compared.saturating_add(1);
        let compares = self.compared <= MAX_COMPARED;
        let remarks = self.remarks.iter();
        let mut parts: Vec<Cow<'_, str>> = remarks
            .filter(|remark| !compares || says_more(remark, value))
            .map(|remark| Cow::Borrowed(remark.as_str()))
            .collect();
        parts.extend(demands.map(|demands| format!("the list also demands {demands}").into()));
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// 0 to 29 is low, 30 to 69 is medium, 70 to 100 is high (appendix A of STIX 2.1).
fn confidence(raw: Option<&RawValue>) -> Option<Confidence> {
    let number = raw?.get().trim_matches('"');
    match number.parse::<f64>().ok()? {
        number if (0.0..30.0).contains(&number) => Some(Confidence::Low),
        number if (30.0..70.0).contains(&number) => Some(Confidence::Medium),
        number if (70.0..=100.0).contains(&number) => Some(Confidence::High),
        _ => None,
    }
}

/// Whether a name says more of an entry than what it is (`Malicious domain: evil[.]example`).
fn says_more(remark: &str, value: &str) -> bool {
    const PLAIN: [&str; 24] = [
        "a",
        "addr",
        "address",
        "an",
        "compromise",
        "domain",
        "for",
        "host",
        "hostname",
        "http",
        "https",
        "indicator",
        "indicators",
        "ioc",
        "ip",
        "ipv4",
        "ipv6",
        "malicious",
        "name",
        "of",
        "the",
        "uri",
        "url",
        "value",
    ];
    let remark = remark
        .to_lowercase()
        .replace("[.]", ".")
        .replace("hxxp", "http");
    let value = value.to_lowercase();
    let rest = if value.is_empty() {
        remark
    } else {
        remark.replace(&value, " ")
    };
    let mut words = rest.split(|mark: char| !mark.is_alphanumeric());
    words.any(|word| !word.is_empty() && !PLAIN.contains(&word))
}
