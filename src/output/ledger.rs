//! Which sightings are alerts: repeats are folded, what is expired or allowed is silent, and everything is counted.

use std::borrow::Cow;
use std::net::IpAddr;

use super::tally::{Silence, Tally};
use crate::alert::{Evidence, Folded, Folder, Sighting};
use crate::names::Kind;
use crate::rules::{Asked, Confidence, Hit, How, Indicator, PackInfo, RuleSet, Seen};

/// Folds and counts.
#[derive(Debug)]
pub struct Ledger {
    folder: Folder,
    tally: Tally,
}

impl Ledger {
    /// Folds repeats within so many seconds of packet time; 0 folds none.
    pub fn new(repeat_window: u32) -> Self {
        Self {
            folder: Folder::new(repeat_window),
            tally: Tally::default(),
        }
    }

    /// A sighting that is an alert, with its indicator and pack; `None` for a repeat of one, and for what is expired or
    /// allowed. Where the narrowest indicator is silent, the next wider one counts.
    pub fn take<'s, 'r>(
        &mut self,
        sighting: &'s Sighting,
        rules: &'r RuleSet,
    ) -> Option<(Cow<'s, Sighting>, Indicator<'r>, &'r PackInfo)> {
        if self.folder.fold(sighting) == Folded::Repeat {
            self.tally.repeat();
            return None;
        }
        let first = rules.indicator(sighting.hit.indicator)?;
        let silent = silence(sighting, &first, rules);
        let mut sighting = Cow::Borrowed(sighting);
        let mut indicator = first;
        if let Some((why, words)) = silent {
            match wider(&sighting, rules) {
                Some((hit, other)) => {
                    sighting.to_mut().hit = hit;
                    indicator = other;
                }
                None => {
                    self.tally.silence(&sighting, &first, why, &words);
                    return None;
                }
            }
        }
        let pack = rules.pack(indicator.pack)?;
        self.tally.alert(&sighting, &indicator, pack);
        Some((sighting, indicator, pack))
    }

    /// Another capture begins, with a clock of its own: nothing in it is a repeat of what came before.
    pub fn reset(&mut self) {
        self.folder.reset();
    }

    /// What was alerted so far, by device and indicator.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Alerts that could not be remembered for folding.
    pub fn not_folded(&self) -> u64 {
        self.folder.overflowed()
    }
}

/// The next indicator that applies to a sighting and is not silent, where one is: of names, keywords and addresses.
fn wider<'r>(sighting: &Sighting, rules: &'r RuleSet) -> Option<(Hit, Indicator<'r>)> {
    let mut silent = vec![sighting.hit.indicator];
    // As many as an address has prefixes; a name has no more parents.
    for _ in 0..128 {
        let (hit, may_be_a_guess) = match sighting.evidence {
            Evidence::Name(kind) if !kind.is_fingerprint() => (
                rules.match_name_but(sighting.name.as_bytes(), &silent)?,
                true,
            ),
            // Of what is a guess itself, no other one is told.
            Evidence::Resolved(_) => {
                let hit = rules.match_name_but(sighting.name.as_bytes(), &silent)?;
                (hit, false)
            }
            Evidence::Address(_) => {
                let end = sighting.peer();
                (
                    rules.match_address_but(end.ip(), end.port(), &silent)?,
                    true,
                )
            }
            Evidence::Name(_) => return None,
        };
        let indicator = rules.indicator(hit.indicator)?;
        let sure = hit.how != How::Holds && indicator.confidence > Confidence::Low;
        if (sure || may_be_a_guess) && silence(sighting, &indicator, rules).is_none() {
            let how = match sighting.evidence {
                Evidence::Resolved(_) => How::Resolved,
                _ => hit.how,
            };
            return Some((Hit { how, ..hit }, indicator));
        }
        silent.push(hit.indicator);
    }
    None
}

/// Why a sighting is no alert.
fn silence(
    sighting: &Sighting,
    indicator: &Indicator<'_>,
    rules: &RuleSet,
) -> Option<(Silence, String)> {
    if let Some(last) = indicator.expires.as_deref()
        && *last < *sighting.timestamp.date()
    {
        return Some((Silence::Expired, format!("expired on {last}")));
    }
    rules.allow_entries().next()?;
    let packs = std::iter::once(&indicator.pack).chain(&indicator.also_in);
    let packs: Vec<&str> = packs
        .filter_map(|id| Some(rules.pack(*id)?.name.as_str()))
        .collect();
    let server = sighting.peer().ip();
    let name = match sighting.evidence {
        Evidence::Name(Kind::HttpUrl) => host(&sighting.name),
        _ => &sighting.name,
    };
    let seen = match (sighting.evidence, name.parse::<IpAddr>()) {
        (Evidence::Address(_), _) => Seen::Address(server),
        (_, Ok(address)) => Seen::Address(address),
        _ => Seen::Name {
            name,
            // Of DNS the other side is a resolver.
            server: sighting.dns.is_none().then_some(server),
        },
    };
    let entry = rules.allowed(&Asked {
        seen,
        indicator: indicator.name,
        client: Some(sighting.device()),
        packs: &packs,
        day: sighting.timestamp.day(),
    })?;
    Some((Silence::Allowed, entry.to_string()))
}

/// The host of a URL as alerts write it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some((address, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    let end = rest.find(['/', '?', ':']).unwrap_or(rest.len());
    rest.get(..end).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::alert::tests::sighting;
    use crate::rules::{LoadOptions, load};

    fn rules(folder: &Path, groups: &str, allow: Option<&str>) -> RuleSet {
        let file = folder.join("rules.yaml");
        let text = format!("bellerophon: 1\npack: p\ngroups:\n{groups}");
        std::fs::write(&file, text).unwrap();
        let exceptions = folder.join("allow.yaml");
        if let Some(entries) = allow {
            let text = format!("bellerophon-allow: 1\nentries:\n{entries}");
            std::fs::write(&exceptions, text).unwrap();
        }
        let options = LoadOptions {
            rules: vec![file],
            allow: allow.map(|_| exceptions).into_iter().collect(),
            ..LoadOptions::default()
        };
        load(&options).unwrap().rules
    }

    fn silenced(ledger: &Ledger) -> Vec<(String, String, u64)> {
        let silenced = ledger.tally().silenced();
        silenced
            .map(|s| (s.indicator.to_string(), s.why.to_string(), s.count))
            .collect()
    }

    #[test]
    fn an_indicator_counts_on_its_last_day_and_not_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let groups = "  - {expires: 2021-07-18, domains: [evil.example]}\n";
        let rules = rules(folder.path(), groups, None);
        let mut ledger = Ledger::new(0);
        // 2021-07-18 23:59:59 and a second later.
        let last = 1_626_652_799;
        let mut on_the_day = sighting("evil.example", last);
        on_the_day.hit = rules.match_name(b"evil.example").unwrap();
        assert!(ledger.take(&on_the_day, &rules).is_some());
        let mut later = sighting("evil.example", last + 1);
        later.hit = on_the_day.hit;
        assert!(ledger.take(&later, &rules).is_none());
        assert_eq!(ledger.tally().alerts(), 1);
        assert_eq!(
            silenced(&ledger),
            [(
                "evil.example".to_owned(),
                "expired on 2021-07-18".to_owned(),
                1
            )]
        );
    }

    #[test]
    fn a_wider_indicator_counts_where_the_narrow_one_is_silent() {
        let folder = tempfile::tempdir().unwrap();
        let groups = "  - {expires: 2020-01-01, domains: [c2.evil.example]}\n  \
                      - domains: [evil.example]\n";
        let rules = rules(folder.path(), groups, None);
        let mut ledger = Ledger::new(0);
        let mut seen = sighting("x.c2.evil.example", 1_626_652_799);
        seen.hit = rules.match_name(b"x.c2.evil.example").unwrap();
        let (alert, indicator, _) = ledger.take(&seen, &rules).unwrap();
        assert_eq!(indicator.name, "evil.example");
        assert_ne!(alert.hit.indicator, seen.hit.indicator);
        assert_eq!(ledger.tally().silent_total(), 0);
    }

    #[test]
    fn so_it_is_with_networks_and_keywords() {
        let folder = tempfile::tempdir().unwrap();
        let groups = "  - expires: 2020-01-01\n    addresses: [203.0.113.7]\n    keywords: [evilware-c2]\n  \
                      - networks: [203.0.113.0/24]\n    keywords: [evilware]\n";
        let rules = rules(folder.path(), groups, None);
        let mut ledger = Ledger::new(0);
        let mut seen = sighting("203.0.113.7", 1_626_652_799);
        seen.evidence = Evidence::Address(crate::alert::Reach::Connected);
        seen.dns = None;
        seen.flow.dst = [203, 0, 113, 7].into();
        seen.hit = rules.match_address(seen.flow.dst, 53).unwrap();
        let (_, indicator, _) = ledger.take(&seen, &rules).unwrap();
        assert_eq!(indicator.name, "203.0.113.0/24");
        let mut seen = sighting("x.evilware-c2.example", 1_626_652_799);
        seen.hit = rules.match_name(b"x.evilware-c2.example").unwrap();
        let (_, indicator, _) = ledger.take(&seen, &rules).unwrap();
        assert_eq!(indicator.name, "evilware");
        // For an address of a name a keyword is too little.
        seen.evidence = Evidence::Resolved(crate::alert::Reach::Tried);
        assert!(ledger.take(&seen, &rules).is_none());
    }

    #[test]
    fn the_host_of_a_url_is_what_may_be_allowed() {
        for (url, want) in [
            ("http://evil.example/x?y", "evil.example"),
            ("http://evil.example:8080/x", "evil.example"),
            ("evil.example", "evil.example"),
            ("http://[2001:db8::1]:80/x", "2001:db8::1"),
        ] {
            assert_eq!(host(url), want);
        }
    }

    #[test]
    fn what_is_allowed_is_counted_and_listed_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let groups = "  - domains: [evil.example]\n";
        let entries = "  - {name: evil.example, client: 10.0.0.0/8, reason: our own sinkhole}\n";
        let rules = rules(folder.path(), groups, Some(entries));
        let mut ledger = Ledger::new(0);
        let mut ours = sighting("x.evil.example", 1);
        ours.hit = rules.match_name(b"x.evil.example").unwrap();
        for _ in 0..2 {
            assert!(ledger.take(&ours, &rules).is_none());
        }
        let mut other = ours.clone();
        other.flow.src = [192, 0, 2, 7].into();
        assert!(ledger.take(&other, &rules).is_some());
        let silenced = silenced(&ledger);
        assert_eq!(silenced.len(), 1);
        assert_eq!(silenced[0].2, 2);
        assert!(
            silenced[0].1.contains("our own sinkhole"),
            "{}",
            silenced[0].1
        );
        assert_eq!(ledger.tally().silent(Silence::Allowed), 2);
        assert_eq!(ledger.tally().silent(Silence::Expired), 0);
    }
}
