//! From an entry as written to one that can be asked.

use super::day;
use super::entry::Entry;
use super::file::{RawEntry, Text};
use super::yaml::EXAMPLE;
use crate::rules::domain::{Refusal, rule_name};
use crate::rules::idn;
use crate::rules::indicator::Scope;
use crate::rules::locate::{self, Stands, Wanted};
use crate::rules::network::Network;
use crate::rules::problem::Problem;

/// The widest network of IPv4 that an entry without a name may allow: wider ones would silence a good part of all addresses.
const WIDEST_V4: u8 = 8;
/// The widest one of IPv6.
const WIDEST_V6: u8 = 16;

/// How often each value has stood so far: tells where in the text one stands.
/// What is wrong with entries, and at which value.
struct Defects {
    stands: Stands,
    found: Vec<(Option<Wanted>, String, String)>,
}

/// All entries of a file.
///
/// # Errors
/// Everything that is wrong with any of them.
pub(super) fn entries(
    file: &str,
    text: &str,
    raw: Vec<RawEntry>,
) -> Result<Vec<Entry>, Vec<Problem>> {
    let mut defects = Defects {
        stands: Stands::default(),
        found: Vec::new(),
    };
    let (mut entries, mut places) = (Vec::with_capacity(raw.len()), Vec::new());
    for (number, raw) in (1_usize..).zip(raw) {
        let (entry, place) = defects.entry(number, &raw);
        places.push(place);
        entries.extend(entry);
    }
    if defects.found.is_empty() {
        let lines = lines(text, &places);
        for (entry, line) in entries.iter_mut().zip(lines) {
            entry.line = line;
        }
        return Ok(entries);
    }
    let places: Vec<Option<Wanted>> = defects.found.iter().map(|d| d.0.clone()).collect();
    let lines = lines(text, &places);
    let problems = defects.found.into_iter().zip(lines);
    Err(problems
        .map(|((_, what, fix), line)| Problem::new(file, what, fix).at(line, None))
        .collect())
}

fn lines(text: &str, places: &[Option<Wanted>]) -> Vec<Option<usize>> {
    let wanted: Vec<Wanted> = places.iter().flatten().cloned().collect();
    let mut lines = locate::lines(text, &wanted).into_iter();
    let line = |place: &Option<Wanted>| place.as_ref().and_then(|_| lines.next().flatten());
    places.iter().map(line).collect()
}

/// Whether to allow a network would silence alerts for too many addresses.
pub(super) fn is_too_wide(network: Network) -> bool {
    network.prefix() < widest(network)
}

fn widest(network: Network) -> u8 {
    if network.is_v4() {
        WIDEST_V4
    } else {
        WIDEST_V6
    }
}

impl Defects {
    /// An entry, and the place of its first value. Nothing where something is wrong with it.
    fn entry(&mut self, number: usize, raw: &RawEntry) -> (Option<Entry>, Option<Wanted>) {
        let before = self.found.len();
        // In the order of the schema: values that stand twice in one entry may be taken for one another, which is near enough.
        let names: Vec<(Wanted, &str, Scope)> = [
            (&raw.name, Scope::Suffix),
            (&raw.exact, Scope::Exact),
            (&raw.below, Scope::Below),
        ]
        .into_iter()
        .filter_map(|(text, scope)| {
            let text = &text.as_ref()?.0;
            Some((self.stand(text), text.as_str(), scope))
        })
        .collect();
        let address = self.given(raw.address.as_ref());
        let indicator = self.given(raw.indicator.as_ref());
        let clients = self.listed(raw.client.0.as_deref());
        let packs = self.listed(raw.pack.0.as_deref());
        let reason = self.given(raw.reason.as_ref());
        let expires = self.given(raw.expires.as_ref());
        let added = self.given(raw.added.as_ref());
        let by = self.given(raw.by.as_ref());
        let place = names
            .first()
            .map(|(at, ..)| at)
            .or(address.as_ref().map(|(at, _)| at))
            .or(reason.as_ref().map(|(at, _)| at))
            .or(by.as_ref().map(|(at, _)| at))
            .cloned();

        if let Some((at, ..)) = names.get(1) {
            let what = format!("entry {number} has more than one of `name`, `exact` and `below`");
            self.defect(Some(at.clone()), what, "make an entry for each");
        }
        if names.is_empty() && address.is_none() && indicator.is_none() {
            let what = format!("entry {number} has neither a name nor an address nor an indicator");
            self.defect(place.clone(), what, EXAMPLE);
        }
        if reason.as_ref().is_none_or(|(_, text)| text.is_empty()) {
            let what = format!("entry {number} has no reason");
            let fix = "add `reason:` and why these contacts need no alert, for whoever asks later";
            self.defect(place.clone(), what, fix);
        }
        let name = names.first().and_then(|(at, text, scope)| {
            let name = self.sound(at, wire_name(text))?;
            Some((name, *scope))
        });
        let address = address.and_then(|(at, text)| {
            let network = self.sound(&at, Network::parse(text))?;
            if names.is_empty() && is_too_wide(network) {
                let least = widest(network);
                let what = format!("`{text}` would silence alerts for too many addresses");
                let fix = format!("write a network of /{least} or smaller");
                self.defect(Some(at), what, fix);
            }
            Some(network)
        });
        let clients = clients.map(|listed| {
            let networks = listed.iter().map(|(at, text)| (at, Network::parse(text)));
            networks
                .filter_map(|(at, network)| self.sound(at, network))
                .collect()
        });
        let expires = expires.and_then(|(at, text)| {
            let day = self.date("expires", at, text)?;
            Some((text.to_owned(), day))
        });
        let added = added.and_then(|(at, text)| {
            self.date("added", at, text)?;
            Some(text.to_owned())
        });
        for (key, empty) in [
            ("client", clients.as_ref().is_some_and(Vec::is_empty)),
            ("pack", packs.as_ref().is_some_and(Vec::is_empty)),
        ] {
            // An empty list could mean all or none.
            if empty && self.found.len() == before {
                let what = format!("`{key}` of entry {number} is an empty list");
                self.defect(place.clone(), what, "remove the key to mean all");
            }
        }
        if self.found.len() > before {
            return (None, place);
        }
        let owned = |(_, text): (Wanted, &str)| text.to_owned();
        let entry = Entry {
            number,
            line: None,
            name,
            address,
            indicator: indicator.map(|(_, text)| text.to_ascii_lowercase()),
            clients,
            packs: packs.map(|listed| listed.into_iter().map(owned).collect()),
            reason: reason.map(owned).unwrap_or_default(),
            expires,
            added,
            by: by.map(owned),
        };
        (Some(entry), place)
    }

    /// Counts one stand of a value.
    fn stand(&mut self, text: &str) -> Wanted {
        self.stands.count(text)
    }

    fn given<'r>(&mut self, text: Option<&'r Text>) -> Option<(Wanted, &'r str)> {
        text.map(|text| (self.stand(&text.0), text.0.trim()))
    }

    fn listed<'r>(&mut self, list: Option<&'r [Text]>) -> Option<Vec<(Wanted, &'r str)>> {
        let list = list?.iter();
        Some(
            list.map(|text| (self.stand(&text.0), text.0.trim()))
                .collect(),
        )
    }

    fn defect(&mut self, at: Option<Wanted>, what: impl Into<String>, fix: impl Into<String>) {
        self.found.push((at, what.into(), fix.into()));
    }

    /// What was read, or nothing and a defect.
    fn sound<T>(&mut self, at: &Wanted, read: Result<T, Refusal>) -> Option<T> {
        read.map_err(|(what, fix)| self.defect(Some(at.clone()), what, fix))
            .ok()
    }

    fn date(&mut self, key: &str, at: Wanted, text: &str) -> Option<i64> {
        let day = day::number(text);
        if day.is_none() {
            let what = format!("`{text}` is not a date, as `{key}` is");
            self.defect(Some(at), what, "write YYYY-MM-DD, for instance 2027-01-31");
        }
        day
    }
}

/// A name in any script, as it is seen on the wire.
fn wire_name(text: &str) -> Result<String, Refusal> {
    match idn::to_wire(text.trim()) {
        Ok(name) => rule_name(&name),
        Err(why) => Err((
            format!("`{text}` is no domain name: {why}"),
            "write the name as it is registered, or its form `xn--...`".to_owned(),
        )),
    }
}
