//! Alerts by device and indicator, in bounded space.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::alert::{Action, Sighting};
use crate::rules::{Indicator, PackInfo};
use crate::time::Timestamp;

/// How many (device, indicator) pairs are told apart.
const MAX_PAIRS: usize = 20_000;

/// How many different names are kept for a pair.
const MAX_NAMES: usize = 8;

/// How many different silenced findings are told apart.
const MAX_SILENCED: usize = 1_000;

/// Why a finding is no alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// An entry of the allow list covers it.
    Allowed,
    /// The indicator had expired.
    Expired,
}

impl Silence {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Allowed, Self::Expired];

    /// For machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Expired => "expired",
        }
    }
}

/// Findings of one indicator that are no alerts, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The indicator.
    pub indicator: Box<str>,
    /// Why, in words.
    pub why: Box<str>,
    /// How many.
    pub count: u64,
    /// The device of the first.
    pub device: IpAddr,
    /// The earliest.
    pub first: Timestamp,
    /// The latest.
    pub last: Timestamp,
}

/// What one device had to do with one indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Pack of the indicator.
    pub pack: Box<str>,
    /// Generation of the spyware.
    pub generation: Option<Box<str>>,
    /// When the indicator was first published.
    pub first_published: Option<Box<str>>,
    /// Alerts by [`Action`].
    pub actions: [u64; Action::COUNT],
    /// Earliest alert.
    pub first: Timestamp,
    /// Latest alert.
    pub last: Timestamp,
    /// The first names that were seen, in the order in which they were seen.
    pub names: Vec<Box<str>>,
    /// Alerts with names beyond those.
    pub more_names: u64,
}

impl Contact {
    /// Alerts of one action.
    pub fn did(&self, action: Action) -> u64 {
        self.actions.get(action as usize).copied().unwrap_or(0)
    }
}

/// Counts alerts. Indicators go by their names: rules may be replaced meanwhile.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    contacts: BTreeMap<(IpAddr, Box<str>), Contact>,
    alerts: u64,
    repeats: u64,
    beyond: u64,
    silenced: BTreeMap<(Silence, Box<str>, Box<str>), Silenced>,
    /// By reason.
    silent: [u64; Silence::ALL.len()],
}

impl Tally {
    /// Counts a repeat that was folded into an earlier alert.
    pub fn repeat(&mut self) {
        self.repeats = self.repeats.saturating_add(1);
    }

    /// Counts an alert of an indicator.
    pub fn alert(&mut self, sighting: &Sighting, indicator: &Indicator<'_>, pack: &PackInfo) {
        self.alerts = self.alerts.saturating_add(1);
        let key = (sighting.device(), indicator.name.into());
        if self.contacts.len() >= MAX_PAIRS && !self.contacts.contains_key(&key) {
            self.beyond = self.beyond.saturating_add(1);
            return;
        }
        let now = sighting.timestamp;
        let contact = self.contacts.entry(key).or_insert_with(|| Contact {
            pack: pack.name.as_str().into(),
            generation: indicator.generation.as_deref().map(Into::into),
            first_published: indicator.first_published.as_deref().map(Into::into),
            actions: [0; Action::COUNT],
            first: now,
            last: now,
            names: Vec::new(),
            more_names: 0,
        });
        contact.first = contact.first.min(now);
        contact.last = contact.last.max(now);
        if let Some(n) = contact.actions.get_mut(sighting.action() as usize) {
            *n = n.saturating_add(1);
        }
        if !contact.names.contains(&sighting.name) {
            if contact.names.len() < MAX_NAMES {
                contact.names.push(sighting.name.clone());
            } else {
                contact.more_names = contact.more_names.saturating_add(1);
            }
        }
    }

    /// Counts a finding that is no alert.
    pub fn silence(
        &mut self,
        sighting: &Sighting,
        indicator: &Indicator<'_>,
        silence: Silence,
        why: &str,
    ) {
        if let Some(n) = self.silent.get_mut(silence as usize) {
            *n = n.saturating_add(1);
        }
        let key = (silence, indicator.name.into(), why.into());
        if self.silenced.len() >= MAX_SILENCED && !self.silenced.contains_key(&key) {
            return;
        }
        let now = sighting.timestamp;
        let silenced = self.silenced.entry(key).or_insert_with(|| Silenced {
            indicator: indicator.name.into(),
            why: why.into(),
            count: 0,
            device: sighting.device(),
            first: now,
            last: now,
        });
        silenced.count = silenced.count.saturating_add(1);
        silenced.first = silenced.first.min(now);
        silenced.last = silenced.last.max(now);
    }

    /// Findings that are no alerts, by reason and indicator; no more than the bound.
    pub fn silenced(&self) -> impl Iterator<Item = &Silenced> {
        self.silenced.values()
    }

    /// How many findings are no alerts for a reason.
    pub fn silent(&self, silence: Silence) -> u64 {
        self.silent.get(silence as usize).copied().unwrap_or(0)
    }

    /// How many findings are no alerts.
    pub fn silent_total(&self) -> u64 {
        self.silent.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Alerts given.
    pub fn alerts(&self) -> u64 {
        self.alerts
    }

    /// Repeats folded into them.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    /// Alerts of pairs beyond the bound: given, but not listed by device.
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    /// Contacts by device, then indicator.
    pub fn contacts(&self) -> impl Iterator<Item = (IpAddr, &str, &Contact)> {
        self.contacts
            .iter()
            .map(|((device, indicator), contact)| (*device, &**indicator, contact))
    }

    /// How many different devices have a contact of which `which` holds.
    pub fn devices(&self, which: impl Fn(&Contact) -> bool) -> u64 {
        let mut devices: Vec<IpAddr> = self
            .contacts
            .iter()
            .filter(|(_, contact)| which(contact))
            .map(|((device, _), _)| *device)
            .collect();
        // The keys are sorted by device.
        devices.dedup();
        devices.len() as u64
    }
}
