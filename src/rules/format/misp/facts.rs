//! What MISP says about events and attributes by labels: tags, machine tags (`namespace:predicate="value"`), galaxies.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::place::clip;
use super::json::{Scalar, each_of};
use crate::rules::indicator::Confidence;

/// The most labels that an entry keeps, and the most bytes of them: each entry has a copy of those of its event.
pub(super) const MAX_TAGS: usize = 32;
const MAX_BYTES: usize = 2048;
/// The longest label, in bytes.
const MAX_TAG: usize = 200;

/// What labels say.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    /// Each once.
    pub(super) tags: Vec<String>,
    /// How many were left out.
    pub(super) left_out: usize,
    pub(super) confidence: Option<Confidence>,
    /// Which threat, and how well it names it: the lower the better.
    threat: Option<(u8, String)>,
    pub(super) false_positive: bool,
}

#[derive(Deserialize)]
struct Tag<'t> {
    #[serde(borrow, default)]
    name: Scalar<'t>,
}

#[derive(Deserialize)]
struct Galaxy<'t> {
    #[serde(borrow, default, rename = "type")]
    kind: Scalar<'t>,
    #[serde(borrow, default, rename = "GalaxyCluster")]
    clusters: Option<&'t RawValue>,
}

#[derive(Deserialize)]
struct Cluster<'t> {
    #[serde(borrow, default)]
    value: Scalar<'t>,
}

impl Labels {
    pub(super) fn read(tags: Option<&RawValue>, galaxies: Option<&RawValue>) -> Self {
        let mut labels = Self::default();
        each_of(tags, &mut |tag| {
            let tag: Option<Tag<'_>> = serde_json::from_str(tag.get()).ok();
            if let Some(name) = tag.as_ref().and_then(|tag| tag.name.text()) {
                labels.tag(name);
            }
        });
        each_of(galaxies, &mut |galaxy| {
            let galaxy: Option<Galaxy<'_>> = serde_json::from_str(galaxy.get()).ok();
            let Some(galaxy) = galaxy else { return };
            let Some(rank) = galaxy.kind.text().and_then(rank) else {
                return;
            };
            each_of(galaxy.clusters, &mut |cluster| {
                let cluster: Option<Cluster<'_>> = serde_json::from_str(cluster.get()).ok();
                if let Some(value) = cluster.as_ref().and_then(|cluster| cluster.value.text()) {
                    labels.named(rank, value);
                }
            });
        });
        labels
    }

    /// These labels where they say something, and otherwise those of the event.
    pub(super) fn over(self, event: &Self) -> Self {
        let mut both = Self {
            tags: event.tags.clone(),
            left_out: self.left_out,
            confidence: self.confidence.or(event.confidence),
            threat: self.threat.or_else(|| event.threat.clone()),
            false_positive: self.false_positive || event.false_positive,
        };
        for tag in &self.tags {
            both.keep(tag);
        }
        both
    }

    pub(super) fn threat(&self) -> Option<&str> {
        self.threat.as_ref().map(|(_, threat)| threat.as_str())
    }

    fn keep(&mut self, tag: &str) {
        let tag = clip(tag, MAX_TAG);
        if self.tags.iter().any(|known| known == tag) {
            return;
        }
        let bytes: usize = self.tags.iter().map(String::len).sum();
        if self.tags.len() < MAX_TAGS && bytes < MAX_BYTES {
            self.tags.push(tag.to_owned());
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    fn tag(&mut self, name: &str) {
        self.keep(name);
        let Some((key, value)) = name.strip_suffix('"').and_then(|tag| tag.split_once("=\""))
        else {
            return;
        };
        if let Some(rank) = key.strip_prefix("misp-galaxy:").and_then(rank) {
            self.named(rank, value);
        }
        let key = key.to_ascii_lowercase();
        if key == "false-positive:confirmed" && value.eq_ignore_ascii_case("true") {
            self.false_positive = true;
        }
        if let Some(new) = confidence(&key, value) {
            // Where labels differ, the one that promises least counts.
            self.confidence = Some(self.confidence.map_or(new, |old| old.min(new)));
        }
    }

    fn named(&mut self, rank: u8, value: &str) {
        let better = self.threat.as_ref().is_none_or(|(old, _)| rank < *old);
        if better && !value.is_empty() {
            self.threat = Some((rank, clip(value, MAX_TAG).to_owned()));
        }
    }
}

/// Whether clusters of a galaxy name threats, and how well: the program first, then who made it, then who used it.
fn rank(galaxy: &str) -> Option<u8> {
    match galaxy {
        "malpedia"
        | "mitre-malware"
        | "mitre-mobile-attack-malware"
        | "mitre-enterprise-attack-malware"
        | "android"
        | "rat"
        | "stealer"
        | "backdoor"
        | "banker"
        | "botnet"
        | "ransomware"
        | "wiper" => Some(0),
        "surveillance-vendor" | "tool" => Some(1),
        "threat-actor"
        | "mitre-intrusion-set"
        | "mitre-enterprise-attack-intrusion-set"
        | "microsoft-activity-group" => Some(2),
        _ => None,
    }
}

/// What a machine tag says about how sure its author is; nothing where it is about something else or about nothing.
fn confidence(key: &str, value: &str) -> Option<Confidence> {
    let value = value.to_ascii_lowercase();
    match (key, value.as_str()) {
        ("misp:confidence-level", "completely-confident" | "usually-confident")
        | ("estimative-language:confidence-in-analytic-judgment", "high")
        | ("estimative-language:likelihood-probability", "almost-certain" | "very-likely")
        | ("admiralty-scale:information-credibility", "1")
        | ("osint:certainty", "100" | "93") => Some(Confidence::High),
        ("misp:confidence-level", "fairly-confident")
        | ("estimative-language:confidence-in-analytic-judgment", "moderate")
        | ("estimative-language:likelihood-probability", "likely")
        | ("admiralty-scale:information-credibility", "2")
        | ("osint:certainty", "75") => Some(Confidence::Medium),
        ("misp:confidence-level", "rarely-confident" | "unconfident")
        | ("estimative-language:confidence-in-analytic-judgment", "low")
        | (
            "estimative-language:likelihood-probability",
            "roughly-even-chance" | "unlikely" | "very-unlikely" | "almost-no-chance",
        )
        | ("admiralty-scale:information-credibility", "3" | "4" | "5")
        | ("admiralty-scale:source-reliability", "d" | "e" | "g")
        | ("osint:certainty", "30" | "7" | "0")
        | ("false-positive:risk", "high") => Some(Confidence::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(tags: &str, galaxies: &str) -> Labels {
        let tags: &RawValue = serde_json::from_str(tags).unwrap();
        let galaxies: &RawValue = serde_json::from_str(galaxies).unwrap();
        Labels::read(Some(tags), Some(galaxies))
    }

    #[test]
    fn tags_are_kept_once_and_read() {
        let read = labels(
            r##"[{"name":"tlp:white"},{"name":"tlp:white"},{"colour":"#fff"},7,
                {"name":"admiralty-scale:information-credibility=\"2\""},
                {"name":"misp:confidence-level=\"completely-confident\""},
                {"name":"misp-galaxy:threat-actor=\"Careful Heron\""},
                {"name":"misp-galaxy:mitre-malware=\"Night Heron - S0000\""}]"##,
            "null",
        );
        assert_eq!(read.tags.len(), 5);
        assert_eq!(read.confidence, Some(Confidence::Medium));
        assert_eq!(read.threat(), Some("Night Heron - S0000"));
        assert!(!read.false_positive);
        let read = labels(r#"[{"name":"false-positive:confirmed=\"true\""}]"#, "{}");
        assert!(read.false_positive);
    }

    #[test]
    fn galaxies_name_the_threat() {
        let read = labels(
            "[]",
            r#"[{"type":"target-information","GalaxyCluster":[{"value":"Atlantis"}]},
                {"type":"threat-actor","GalaxyCluster":[{"value":"Careful Heron"},{"value":"Other"}]}]"#,
        );
        assert_eq!(read.threat(), Some("Careful Heron"));
        let own = labels("[{\"name\":\"a\"}]", "[]").over(&read);
        assert_eq!((own.threat(), own.tags.len()), (Some("Careful Heron"), 1));
    }

    #[test]
    fn the_number_of_tags_is_bounded() {
        let many: Vec<String> = (0..MAX_TAGS + 5)
            .map(|i| format!("{{\"name\":\"t{i}\"}}"))
            .collect();
        let read = labels(&format!("[{}]", many.join(",")), "[]");
        assert_eq!((read.tags.len(), read.left_out), (MAX_TAGS, 5));
    }

    #[test]
    fn confidence_is_clear_or_none() {
        assert_eq!(confidence("osint:certainty", "50"), None);
        assert_eq!(confidence("admiralty-scale:source-reliability", "a"), None);
        let low = Some(Confidence::Low);
        assert_eq!(
            confidence("admiralty-scale:source-reliability", "E"),
            low,
            "unreliable"
        );
        assert_eq!(confidence("false-positive:risk", "high"), low);
    }
}
