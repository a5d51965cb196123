//! What is looked for: indicators, their packs, and the matcher.
//!
//! [`load()`] reads rule files ([`format`], schema in [`pack`]) and builds a [`RuleSet`]
//! ([`build`]); [`RuleSet::match_name`] is the hot path ([`matcher`]); [`Explainer`] says in
//! words why a name matches or not.

mod build;
mod builtin;
mod current;
mod date;
mod domain;
mod endings;
mod explain;
mod facts;
mod format;
mod indicator;
mod load;
mod locate;
mod matcher;
mod pack;
mod problem;
mod suggest;

pub use builtin::{BuiltIn, DEFAULT_PACK, built_in};
pub use current::Current;
pub use explain::{Explainer, Explanation, NearMiss, Verdict};
pub use indicator::{
    Confidence, Details, How, Indicator, IndicatorId, PackId, Resolved, Scope, Severity, Source,
    SourceRef,
};
pub use load::{LoadOptions, Loaded, Unused, load};
pub use pack::PackInfo;
pub use problem::{Problem, RulesError};

use crate::names::{Kind, Wanted};
use endings::Endings;
use facts::Facts;
use matcher::Matcher;

/// A name that an indicator matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hit {
    /// The most specific indicator that applies.
    pub indicator: IndicatorId,
    /// Whether the name is the indicator or below it.
    pub how: How,
}

/// Everything that is looked for. Immutable once built; share it behind an `Arc`.
#[derive(Debug)]
pub struct RuleSet {
    packs: Vec<PackInfo>,
    facts: Facts,
    matcher: Matcher,
    endings: Endings,
}

impl RuleSet {
    /// Which fingerprints are listed: of others nothing is computed.
    pub fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    /// The indicator that lists a fingerprint, whose bytes are as [`Kind`] says.
    pub fn match_fingerprint(&self, kind: Kind, fingerprint: &[u8]) -> Option<Hit> {
        let _ = (kind, fingerprint);
        None
    }

    /// The most specific indicator that applies to a name.
    ///
    /// `name` is in presentation form: labels joined by dots, unprintable bytes and dots inside
    /// a label escaped (RFC 1035, section 5.1). Case does not matter, nor does a final dot.
    /// Allocates nothing, and costs the same however many names are listed.
    #[inline]
    pub fn match_name(&self, name: &[u8]) -> Option<Hit> {
        let (index, how) = self.matcher.find(name)?;
        Some(Hit {
            indicator: Self::id(index)?,
            how,
        })
    }

    /// False where no listed name ends in the two labels that have this hash
    /// ([`crate::names::label`]): then no name that ends in them matches.
    #[inline]
    pub fn may_list(&self, last_two: u64) -> bool {
        self.endings.may_have(last_two)
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
        Some(Indicator {
            name: self.matcher.names().get(number)?,
            scope: self.matcher.scope(number)?,
            resolved: self.facts.resolved(number),
            details: self.facts.details(number)?,
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

    /// A pack of this rule set.
    pub fn pack(&self, id: PackId) -> Option<&PackInfo> {
        self.packs.get(id.index())
    }

    /// All packs, in load order.
    pub fn packs(&self) -> impl Iterator<Item = &PackInfo> {
        self.packs.iter()
    }

    /// How many names are listed.
    pub fn len(&self) -> usize {
        self.matcher.names().len()
    }

    /// Whether no name is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of heap that matching takes.
    pub fn matcher_memory(&self) -> usize {
        self.matcher.memory().saturating_add(self.endings.memory())
    }
}
