//! What is looked for: indicators, their packs, and the matcher.
//!
//! [`load()`] reads rule files ([`format`], schema in [`pack`]) and builds a [`RuleSet`]
//! ([`build`]); [`RuleSet::match_name`] is the hot path ([`matcher`]); [`Explainer`] says in
//! words why a name matches or not.

mod allow;
mod build;
mod builtin;
mod current;
mod date;
mod domain;
mod endings;
mod explain;
mod facts;
mod feed;
mod format;
mod guard;
mod idn;
mod indicator;
mod inspect;
mod load;
mod locate;
mod matcher;
mod network;
mod others;
mod pack;
mod problem;
mod provenance;
mod read_as;
mod suggest;
mod write;

pub use allow::{Allow, Asked, Entry as AllowEntry, Seen};
pub use build::Aside;
pub use builtin::{BuiltIn, DEFAULT_PACK, built_in};
pub use current::Current;
pub use explain::{
    Answer, Explainer, Explanation, Finding, Inquiry, Near, NearMiss, Refusal, Silence, Step,
    Verdict,
};
pub(crate) use guard::{is_server, is_shared};
pub use indicator::{
    Confidence, Details, How, Indicator, IndicatorId, IndicatorKind, PackId, Resolved, Scope,
    Severity, Source, SourceRef,
};
pub use inspect::{Inspected, inspect};
pub use load::{LoadOptions, Loaded, load, rule_files};
pub use pack::PackInfo;
pub use problem::{Problem, RulesError};
pub use provenance::Fetched;
#[doc(hidden)]
pub use read_as::{formats, read_as};
pub use write::{Heading, write_pack};

use crate::names::{Kind, Wanted};
use endings::Endings;
use facts::Facts;
use matcher::Matcher;
use others::Others;
use std::net::IpAddr;
use std::sync::Arc;

/// The top-level domain of a name, where no such domain was known when the program was made. Cause for a warning: it may be
/// a misprint, or new.
pub fn unknown_tld(name: &str) -> Option<&str> {
    guard::Guard::built_in().unknown_tld(name)
}

/// A name for a pack from any text: up to 64 lower-case letters, digits and `-`. Empty where the text has none of these.
pub fn pack_name(text: &str) -> String {
    build::slug(text)
}

/// What an indicator matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hit {
    /// The most specific indicator that applies.
    pub indicator: IndicatorId,
    /// How what was seen relates to it.
    pub how: How,
}

/// Everything that is looked for. Immutable once built; share it behind an `Arc`.
#[derive(Debug)]
pub struct RuleSet {
    packs: Vec<PackInfo>,
    facts: Facts,
    matcher: Matcher,
    endings: Endings,
    others: Others,
    allow: Vec<Arc<Allow>>,
}

impl RuleSet {
    /// Which fingerprints are listed: of others nothing is computed.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            ja3: self.others.prints().has_ja3(),
            ja4: self.others.prints().has_ja4(),
            certificates: self.others.count(IndicatorKind::Certificate) != 0,
            urls: self.lists_urls(),
        }
    }

    /// The indicator that lists a fingerprint, whose bytes are as [`Kind`] says.
    pub fn match_fingerprint(&self, kind: Kind, fingerprint: &[u8]) -> Option<Hit> {
        let prints = &self.others;
        let found = match kind {
            Kind::Ja3 => prints.ja3(fingerprint.try_into().ok()?),
            Kind::Ja4 => prints.ja4(fingerprint.try_into().ok()?),
            Kind::X509Sha1 => prints.sha1(fingerprint.try_into().ok()?),
            Kind::X509Sha256 => prints.sha256(fingerprint.try_into().ok()?),
            Kind::X509Serial => prints.serial(fingerprint),
            Kind::HttpUrl => {
                let (host, target) = split_space(fingerprint)?;
                return self.match_url(host, target);
            }
            _ => None,
        };
        self.other(found, How::Fingerprint)
    }

    /// The most specific indicator that applies to a name.
    ///
    /// `name` is in presentation form: labels joined by dots, unprintable bytes and dots inside
    /// a label escaped (RFC 1035, section 5.1). Case does not matter, nor does a final dot.
    /// Allocates nothing, and costs the same however many names are listed.
    #[inline]
    pub fn match_name(&self, name: &[u8]) -> Option<Hit> {
        match self.matcher.find(name) {
            Some((index, how)) => Some(Hit {
                indicator: Self::id(index)?,
                how,
            }),
            None if self.others.has_keywords() => self.match_keyword(name),
            None => None,
        }
    }

    #[inline(never)]
    fn match_keyword(&self, name: &[u8]) -> Option<Hit> {
        self.other(self.others.keyword(name), How::Holds)
    }

    /// The most specific indicator that applies to a name and is none of `but`.
    pub fn match_name_but(&self, name: &[u8], but: &[IndicatorId]) -> Option<Hit> {
        let left_out = |number: usize| but.iter().any(|id| id.index() == number);
        match self.matcher.find_but(name, left_out) {
            Some((index, how)) => Some(Hit {
                indicator: Self::id(index)?,
                how,
            }),
            None => {
                let names = self.name_count();
                let left_out = |number: usize| left_out(names.saturating_add(number));
                self.other(self.others.keyword_but(name, left_out), How::Holds)
            }
        }
    }

    /// The narrowest listed network that holds an address, for this port, and is none of `but`.
    pub fn match_address_but(
        &self,
        address: IpAddr,
        port: u16,
        but: &[IndicatorId],
    ) -> Option<Hit> {
        let names = self.name_count();
        let left_out = |number: usize| {
            let number = names.saturating_add(number);
            but.iter().any(|id| id.index() == number)
        };
        self.other(
            self.others.address_but(address, port, left_out),
            How::Address,
        )
    }

    #[inline]
    fn other(&self, number: Option<usize>, how: How) -> Option<Hit> {
        let number = self.matcher.names().len().saturating_add(number?);
        Some(Hit {
            indicator: Self::id(number)?,
            how,
        })
    }

    /// Whether addresses are listed: then those of each packet are looked at.
    pub fn lists_addresses(&self) -> bool {
        self.others.has_networks()
    }

    /// False where an IPv4 address is in no listed network, at the least cost.
    #[inline]
    pub fn may_list_v4(&self, address: u32) -> bool {
        self.others.networks().may_have_v4(address)
    }

    /// The same of an IPv6 address, in network byte order.
    #[inline]
    pub fn may_list_v6(&self, address: &[u8; 16]) -> bool {
        self.others
            .networks()
            .may_have_v6(u128::from_be_bytes(*address))
    }

    /// The narrowest listed network that holds an address, for this port.
    pub fn match_address(&self, address: IpAddr, port: u16) -> Option<Hit> {
        self.other(self.others.address(address, port), How::Address)
    }

    /// Whether URLs are listed: then the targets of requests are looked at.
    #[inline]
    pub fn lists_urls(&self) -> bool {
        !self.others.urls().is_empty()
    }

    /// The listed URL that a request is for: by its host and its target (RFC 9112, section 3.2).
    pub fn match_url(&self, host: &[u8], target: &[u8]) -> Option<Hit> {
        self.other(self.others.url(host, target), How::Url)
    }

    /// False where no listed name ends in the two labels that have this hash
    /// ([`crate::names::label`]): then no name that ends in them matches.
    #[inline]
    pub fn may_list(&self, last_two: u64) -> bool {
        self.endings.may_have(last_two) || self.others.has_keywords()
    }

    /// Reads what [`Self::may_list`] will be asked for, one straight after another.
    #[inline]
    pub fn touch<'h>(&self, last_two: impl Iterator<Item = &'h u64>) {
        self.endings.touch(last_two);
    }

    /// Bytes of memory that [`Self::may_list`] looks into.
    pub fn filter_memory(&self) -> usize {
        self.endings.memory()
    }

    /// An indicator of this rule set.
    pub fn indicator(&self, id: IndicatorId) -> Option<Indicator<'_>> {
        let number = id.index();
        let details = self.facts.details(number)?;
        if let Some(other) = number.checked_sub(self.name_count()) {
            let (kind, name) = self.others.get(other)?;
            return Some(Indicator {
                kind,
                name,
                scope: Scope::Exact,
                resolved: &[],
                details,
            });
        }
        Some(Indicator {
            kind: IndicatorKind::Name,
            name: self.matcher.names().get(number)?,
            scope: self.matcher.scope(number)?,
            resolved: self.facts.resolved(number),
            details,
        })
    }

    /// The indicator with exactly this name, whatever its scope.
    pub fn named(&self, name: &str) -> Option<IndicatorId> {
        Self::id(self.matcher.names().number(name.as_bytes())?)
    }

    /// All indicators, in the order of their ids.
    pub fn indicators(&self) -> impl Iterator<Item = (IndicatorId, Indicator<'_>)> {
        (0..self.len()).filter_map(|number| {
            let id = Self::id(number)?;
            Some((id, self.indicator(id)?))
        })
    }

    /// The names among them.
    pub fn names(&self) -> impl Iterator<Item = (IndicatorId, Indicator<'_>)> {
        self.indicators().take(self.name_count())
    }

    /// The entry of the allow list that makes an alert needless.
    pub fn allowed(&self, asked: &Asked<'_>) -> Option<&AllowEntry> {
        self.allow.iter().find_map(|allow| allow.find(asked))
    }

    /// All entries of the allow list.
    pub fn allow_entries(&self) -> impl Iterator<Item = &AllowEntry> {
        self.allow.iter().flat_map(|allow| allow.entries())
    }

    /// A pack of this rule set.
    pub fn pack(&self, id: PackId) -> Option<&PackInfo> {
        self.packs.get(id.index())
    }

    /// All packs, in load order.
    pub fn packs(&self) -> impl Iterator<Item = &PackInfo> {
        self.packs.iter()
    }

    /// How many indicators there are.
    pub fn len(&self) -> usize {
        self.name_count().saturating_add(self.others.len())
    }

    /// How many names are listed. They come before all other indicators.
    pub fn name_count(&self) -> usize {
        self.matcher.names().len()
    }

    /// How many indicators of a kind there are.
    pub fn count(&self, kind: IndicatorKind) -> usize {
        match kind {
            IndicatorKind::Name => self.name_count(),
            kind => self.others.count(kind),
        }
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of heap that matching takes.
    pub fn matcher_memory(&self) -> usize {
        self.matcher
            .memory()
            .saturating_add(self.endings.memory())
            .saturating_add(self.others.memory())
    }
}

/// What stands before the first space, and what behind it.
fn split_space(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(memchr::memchr(b' ', bytes)?)?;
    Some((before, rest.get(1..)?))
}
