//! An entry of an allow list: what it covers, and how it is shown.

use std::fmt;
use std::net::IpAddr;

use crate::rules::domain::{ends_escaping, without_final_dot};
use crate::rules::indicator::{How, Scope};
use crate::rules::network::Network;
use crate::rules::problem::Plain;

/// What an indicator was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A name.
    Name {
        /// As on the wire, in presentation form (RFC 1035, section 5.1). Case and a final dot do not matter.
        name: &'a str,
        /// The server that the client spoke to by this name. None for DNS, whose server is whom it asked about it.
        server: Option<IpAddr>,
    },
    /// The address of a server.
    Address(IpAddr),
}

/// A contact that would be an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// What was matched.
    pub seen: Seen<'a>,
    /// The indicator that matched, as its list has it.
    pub indicator: &'a str,
    /// Who made the contact, where that is known.
    pub client: Option<IpAddr>,
    /// Every pack that lists the indicator.
    pub packs: &'a [&'a str],
    /// The day of the contact, in days since 1970-01-01 (UTC).
    pub day: i64,
}

/// One exception. All parts that it has must fit a contact; those that it does not have fit everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) number: usize,
    pub(super) line: Option<usize>,
    pub(super) name: Option<(String, Scope)>,
    pub(super) address: Option<Network>,
    pub(super) indicator: Option<String>,
    pub(super) clients: Option<Vec<Network>>,
    pub(super) packs: Option<Vec<String>>,
    pub(super) reason: String,
    /// As written, and in days since 1970-01-01.
    pub(super) expires: Option<(String, i64)>,
    pub(super) added: Option<String>,
    pub(super) by: Option<String>,
}

impl Entry {
    /// Its place in the file, from 1: what counts and lists name it by.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its line in the file, from 1, where it could be found.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// Why it is there.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The last day on which it counts, `YYYY-MM-DD`.
    pub fn expires(&self) -> Option<&str> {
        self.expires.as_ref().map(|(text, _)| text.as_str())
    }

    /// When it was added, `YYYY-MM-DD`.
    pub fn added(&self) -> Option<&str> {
        self.added.as_deref()
    }

    /// Who added it.
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The packs that it is for; none for all. The caller knows which there are, and can warn of others.
    pub fn packs(&self) -> &[String] {
        self.packs.as_deref().unwrap_or_default()
    }

    /// Whether its last day is before this one (days since 1970-01-01).
    pub fn is_expired(&self, day: i64) -> bool {
        self.expires.as_ref().is_some_and(|(_, last)| *last < day)
    }

    /// Whether it allows a contact.
    ///
    /// An entry with an address alone is for addresses that were matched: it never silences a name. Where several packs list
    /// the indicator, an entry for packs must have them all, since the others' alarm is not what it is about.
    pub(super) fn allows(&self, asked: &Asked<'_>) -> bool {
        self.is_for(asked.seen)
            && self.is_about(asked)
            && self.clients.as_ref().is_none_or(|clients| {
                let client = asked.client;
                client.is_some_and(|client| clients.iter().any(|own| own.contains(client)))
            })
            && !self.is_expired(asked.day)
    }

    /// Whether it allows such a contact of some client, with some server, on some day.
    pub fn may_allow(&self, asked: &Asked<'_>) -> bool {
        let server = self.address.map(Network::address);
        let seen = match asked.seen {
            Seen::Name { name, .. } => Seen::Name { name, server },
            seen => seen,
        };
        self.is_for(seen) && self.is_about(asked)
    }

    /// Whether it is about the indicator, and about all packs that list it.
    fn is_about(&self, asked: &Asked<'_>) -> bool {
        self.indicator
            .as_ref()
            .is_none_or(|own| own.eq_ignore_ascii_case(without_final_dot(asked.indicator)))
            && self.packs.as_ref().is_none_or(|own| {
                let known = |pack: &&str| own.iter().any(|own| own == pack);
                !asked.packs.is_empty() && asked.packs.iter().all(known)
            })
    }

    fn is_for(&self, seen: Seen<'_>) -> bool {
        match (seen, &self.name) {
            (Seen::Name { name, server }, Some((own, scope))) => {
                let fits = relation(own, name).is_some_and(|how| scope.applies(how));
                let there = |own: Network| server.is_some_and(|server| own.contains(server));
                fits && self.address.is_none_or(there)
            }
            // An entry for an indicator alone is for all that it finds: a fingerprint has neither name nor address.
            (_, None) if self.address.is_none() => self.indicator.is_some(),
            (Seen::Address(address), None) => self.address.is_some_and(|own| own.contains(address)),
            _ => false,
        }
    }
}

/// How a name of the wire stands to one of the list.
fn relation(own: &str, name: &str) -> Option<How> {
    let name = without_final_dot(name).as_bytes();
    let start = name.len().checked_sub(own.len())?;
    let (before, end) = name.split_at_checked(start)?;
    if !end.eq_ignore_ascii_case(own.as_bytes()) {
        return None;
    }
    match before.split_last() {
        None => Some(How::Exact),
        Some((b'.', labels)) if !ends_escaping(labels) && !labels.is_empty() => Some(How::Below),
        Some(_) => None,
    }
}

/// `entry 3 (line 12): x.example and below, clients 10.0.0.0/8, until 2027-01-31: our own test`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.number)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        let mut join = ": ";
        if let Some((name, scope)) = &self.name {
            match scope {
                Scope::Suffix => write!(f, "{join}{name} and below")?,
                Scope::Exact => write!(f, "{join}exactly {name}")?,
                Scope::Below => write!(f, "{join}below {name}")?,
            }
            join = ", ";
        }
        if let Some(address) = self.address {
            write!(f, "{join}address {address}")?;
        }
        if let Some(indicator) = &self.indicator {
            write!(f, ", indicator {}", Plain(indicator))?;
        }
        if let Some(clients) = &self.clients {
            f.write_str(", clients")?;
            clients.iter().try_for_each(|own| write!(f, " {own}"))?;
        }
        if let Some(packs) = &self.packs {
            f.write_str(", packs")?;
            packs
                .iter()
                .try_for_each(|own| write!(f, " {}", Plain(own)))?;
        }
        if let Some((expires, _)) = &self.expires {
            write!(f, ", until {expires}")?;
        }
        if let Some(by) = &self.by {
            write!(f, ", by {}", Plain(by))?;
        }
        write!(f, ": {}", Plain(&self.reason))
    }
}
