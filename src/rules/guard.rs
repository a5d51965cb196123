//! Judges entries before they become rules: what would alarm about innocents is refused, with the reason.
//!
//! One bad entry (`google.com`, `co.uk`, `8.8.8.8`) in a list of thousands would bury every true alarm. What such entries
//! have in common is known: [`names`] holds it as data, [`networks`] as code.

mod keyword;
mod names;
mod networks;
mod reason;

pub(in crate::rules) use reason::{Listed, Reason};

use std::net::{IpAddr, Ipv4Addr};

use super::indicator::Scope;
use super::network::Network;
use names::Names;

/// Top-level domains that no registry has, yet networks and documents do (RFC 6761, 6762, 7686, 9476 and ICANN's
/// `internal`).
const SPECIAL: [&str; 9] = [
    "alt",
    "arpa",
    "example",
    "internal",
    "invalid",
    "local",
    "localhost",
    "onion",
    "test",
];

/// Labels that stand for a public suffix below every country's domain, where the lists know the country's own rule as a
/// wildcard only (`*.ck`).
const SECOND: [&str; 8] = ["ac", "co", "com", "edu", "gov", "mil", "net", "org"];

/// What judges. It costs nothing to make: the lists are part of the program and are searched where they lie.
#[derive(Debug, Clone, Copy)]
pub(in crate::rules) struct Guard {
    names: Names,
}

impl Guard {
    /// With the lists of the program.
    pub(in crate::rules) fn built_in() -> Self {
        Self {
            names: Names::built_in(),
        }
    }

    /// Why a name cannot be a rule; nothing where it can.
    ///
    /// `name`: lower-case ASCII, no final dot, at least one dot. A host below a shared parent is judged by itself alone:
    /// `evil.duckdns.org` is good in every scope, `duckdns.org` in none.
    pub(in crate::rules) fn judge_name(&self, name: &str, scope: Scope) -> Option<Reason> {
        let (listed, below) = self.names.about(name);
        if let Some(listed) = listed {
            return Some(Reason::Name(listed));
        }
        // `www.` is the same site. Below a suffix it is a site of its own.
        if let Some(site) = name.strip_prefix("www.")
            && let Some(listed @ (Listed::Popular | Listed::Shortener)) = self.names.get(site)
        {
            return Some(Reason::Name(listed));
        }
        if is_second_level(name) {
            return Some(Reason::Name(Listed::PublicSuffix));
        }
        if scope == Scope::Exact {
            return None;
        }
        let (below, listed) = below?;
        Some(Reason::Above { below, listed })
    }

    /// Gives the last two labels, as they are written, of every name that may be refused or has to do with one that may be;
    /// some more than once. A name that ends in other two is good, unless it is short: see [`Self::is_short`].
    pub(in crate::rules) fn endings(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.names.all().filter_map(|reverse| {
            let (last, rest) = reverse.split_once('.')?;
            Some((rest.split('.').next()?, last))
        })
    }

    /// Whether a name may be a second level that stands for all of its kind.
    pub(in crate::rules) const fn is_short(name: &[u8]) -> bool {
        name.len() <= "com.ck".len()
    }

    /// Why a network, or an address as the smallest one, cannot be a rule; nothing where it can.
    ///
    /// Networks for documentation (RFC 5737, 3849, 9637) are good: rules for tests name them, and nobody else does.
    pub(in crate::rules) fn judge_network(&self, network: Network) -> Option<Reason> {
        networks::judge(network)
    }

    /// Why a text that is looked for anywhere in a name cannot be a rule; nothing where it can.
    ///
    /// Up to half a millisecond, since it reads the lists from end to end: bound the number of keywords.
    pub(in crate::rules) fn judge_keyword(&self, text: &str) -> Option<Reason> {
        keyword::judge(&self.names, text)
    }

    /// The last label of a name, where no such top-level domain was known when the lists were made. Cause for a warning,
    /// not for a refusal: new ones come.
    pub(in crate::rules) fn unknown_tld<'n>(&self, name: &'n str) -> Option<&'n str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let known = SPECIAL.contains(&last) || self.names.is_tld(last);
        (!known).then_some(last)
    }
}

/// Whether an address can be that of a server on the Internet. Private ones, public resolvers and the like are not,
/// whatever name an answer gives them: an answer is made by whoever owns the name, or filters it.
pub(crate) fn is_server(address: IpAddr) -> bool {
    let network = match address {
        IpAddr::V6(v6) => match v6.octets() {
            // IPv4 behind NAT64 (RFC 6052, section 2.1).
            [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] => {
                Network::v4(Ipv4Addr::new(a, b, c, d), 32)
            }
            _ => Network::of(address, 128),
        },
        IpAddr::V4(v4) => Network::v4(v4, 32),
    };
    networks::judge(network).is_none()
}

/// Whether a name is a popular or shared one, or below such a one: its addresses serve many.
pub(crate) fn is_shared(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let guard = Guard::built_in();
    let mut rest = name.as_str();
    while let Some((_, parent)) = rest.split_once('.') {
        // A country's public suffix says nothing of whoever is below it.
        match guard.names.get(rest) {
            Some(Listed::Popular | Listed::Host) => return true,
            // That of a hosting service is popular itself, that of a registry is no host: `github.io`, not `co.uk`.
            Some(Listed::PublicSuffix) if guard.names.is_popular(rest) => return true,
            // A host of dynamic DNS is one machine.
            _ => {}
        }
        rest = parent;
    }
    false
}

/// `co.ck` and the like: see [`SECOND`].
fn is_second_level(name: &str) -> bool {
    name.split_once('.').is_some_and(|(label, country)| {
        SECOND.contains(&label)
            && country.len() == 2
            && country.bytes().all(|b| b.is_ascii_lowercase())
    })
}

#[cfg(test)]
#[path = "guard/tests.rs"]
mod tests;
