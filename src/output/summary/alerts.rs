//! Alerts in the summary: by device and indicator, and what is no alert.

use serde::Serialize;

use super::super::tally::{self, Tally};
use crate::alert::Action;

/// Alerts.
#[derive(Debug, Serialize)]
pub struct Alerts {
    /// Alerts given.
    pub total: u64,
    /// Repeats folded into them.
    pub repeats: u64,
    /// Devices concerned.
    pub devices: u64,
    /// Those of them that were seen to connect.
    pub devices_connected: u64,
    /// Of the others those that exchanged packets with a listed address, or tried to.
    pub devices_reached: u64,
    /// Of the others those that asked for a listed name, or were answered.
    pub devices_asked: u64,
    /// Alerts that are not in `contacts`, whose length is bounded.
    pub not_in_contacts: u64,
    /// Alerts whose repeats could not be folded, since that table was full.
    pub not_folded: u64,
    /// By device, then indicator.
    pub contacts: Vec<Contact>,
    /// Findings that are no alerts: of indicators that had expired, and what the allow list covers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silenced: Vec<Silenced>,
    /// How many of them there are.
    pub silenced_total: u64,
}

/// Findings that are no alerts, for one reason.
#[derive(Debug, Serialize)]
pub struct Silenced {
    /// The indicator.
    pub indicator: String,
    /// Why they are no alerts.
    pub why: String,
    /// How many.
    pub count: u64,
    /// Address of the device of the first.
    pub device: String,
    /// Time of the earliest, RFC 3339.
    pub first: String,
    /// Time of the latest, RFC 3339.
    pub last: String,
}

/// What one device had to do with one indicator.
#[derive(Debug, Serialize)]
pub struct Contact {
    /// Address of the device.
    pub device: String,
    /// The indicator.
    pub indicator: String,
    /// Its pack.
    pub pack: String,
    /// Generation of the spyware.
    pub generation: Option<String>,
    /// When the indicator was first published.
    pub first_published: Option<String>,
    /// Alerts: names looked up.
    pub looked_up: u64,
    /// Alerts: names answered.
    pub was_answered: u64,
    /// Alerts: connections opened.
    pub connected_to: u64,
    /// Alerts: certificates shown by servers.
    pub was_shown_certificate: u64,
    /// Alerts: connections asked for.
    pub tried_to_connect_to: u64,
    /// Alerts: datagrams sent.
    pub sent_to: u64,
    /// Alerts: connections and datagrams that came from there.
    pub was_contacted_by: u64,
    /// Alerts: connections opened with a listed fingerprint.
    pub connected_with: u64,
    /// Alerts: addresses used that a listed name had been resolved to.
    pub used_address_of: u64,
    /// Time of the earliest alert, RFC 3339.
    pub first: String,
    /// Time of the latest alert, RFC 3339.
    pub last: String,
    /// The first names seen.
    pub names: Vec<String>,
    /// Alerts with names beyond those.
    pub more_names: u64,
}

/// What is done on a connection.
const CONNECTED: [Action; 3] = [
    Action::ConnectedTo,
    Action::WasShownCertificate,
    Action::ConnectedWith,
];
/// What is less than a connection with an address.
const REACHED: [Action; 3] = [
    Action::TriedToConnectTo,
    Action::SentTo,
    Action::WasContactedBy,
];
/// What is done with a resolver.
const ASKED: [Action; 2] = [Action::LookedUp, Action::WasAnswered];

impl Alerts {
    pub(super) fn new(tally: Option<&Tally>, not_folded: u64) -> Self {
        let mut contacts = Vec::new();
        if let Some(tally) = tally {
            for (device, indicator, contact) in tally.contacts() {
                contacts.push(Contact {
                    device: device.to_string(),
                    indicator: indicator.to_owned(),
                    pack: contact.pack.to_string(),
                    generation: contact.generation.as_deref().map(str::to_owned),
                    first_published: contact.first_published.as_deref().map(str::to_owned),
                    looked_up: contact.did(Action::LookedUp),
                    was_answered: contact.did(Action::WasAnswered),
                    connected_to: contact.did(Action::ConnectedTo),
                    was_shown_certificate: contact.did(Action::WasShownCertificate),
                    tried_to_connect_to: contact.did(Action::TriedToConnectTo),
                    sent_to: contact.did(Action::SentTo),
                    was_contacted_by: contact.did(Action::WasContactedBy),
                    connected_with: contact.did(Action::ConnectedWith),
                    used_address_of: contact.did(Action::UsedAddressOf),
                    first: contact.first.to_string(),
                    last: contact.last.to_string(),
                    names: contact.names.iter().map(|n| n.to_string()).collect(),
                    more_names: contact.more_names,
                });
            }
        }
        let devices = |acts: &[Action]| {
            let did = |c: &tally::Contact| acts.iter().any(|act| c.did(*act) != 0);
            tally.map_or(0, |t| t.devices(did))
        };
        Self {
            total: tally.map_or(0, Tally::alerts),
            repeats: tally.map_or(0, Tally::repeats),
            devices: tally.map_or(0, |t| t.devices(|_| true)),
            devices_connected: devices(&CONNECTED),
            devices_reached: devices(&[&CONNECTED[..], &REACHED].concat())
                .saturating_sub(devices(&CONNECTED)),
            devices_asked: devices(&[&CONNECTED[..], &REACHED, &ASKED].concat())
                .saturating_sub(devices(&[&CONNECTED[..], &REACHED].concat())),
            not_in_contacts: tally.map_or(0, Tally::beyond),
            not_folded,
            contacts,
            silenced: tally
                .into_iter()
                .flat_map(Tally::silenced)
                .map(|s| Silenced {
                    indicator: s.indicator.to_string(),
                    why: s.why.to_string(),
                    count: s.count,
                    device: s.device.to_string(),
                    first: s.first.to_string(),
                    last: s.last.to_string(),
                })
                .collect(),
            silenced_total: tally.map_or(0, Tally::silent_total),
        }
    }
}
