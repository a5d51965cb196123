//! What a rule set knows about one listed name.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which pack of a [`RuleSet`](super::RuleSet): its place in load order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId(pub(super) u16);

impl PackId {
    /// The place of the pack in load order, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which indicator of a [`RuleSet`](super::RuleSet). Dense: from 0 to `RuleSet::len() - 1`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndicatorId(pub(super) u32);

impl IndicatorId {
    /// The place of the indicator in the rule set, from 0: good for tables beside it.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which names an indicator applies to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The name itself and every name below it.
    #[default]
    Suffix,
    /// The name itself only.
    Exact,
    /// Every name below it, but not the name itself.
    Below,
}

impl Scope {
    /// As the schema writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suffix => "suffix",
            Self::Exact => "exact",
            Self::Below => "below",
        }
    }

    /// Whether a name that stands in this relation to the indicator is matched by it.
    pub const fn applies(self, how: How) -> bool {
        !matches!(
            (self, how),
            (Self::Exact, How::Below) | (Self::Below, How::Exact)
        )
    }

    /// The scope that applies wherever one of the two does.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self == other { self } else { Self::Suffix }
    }
}

/// What kind of thing an indicator is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorKind {
    /// A domain or host name.
    #[default]
    Name,
    /// A text that stands somewhere in a name.
    Keyword,
    /// An address or a network, of all ports or of some.
    Address,
    /// A URL.
    Url,
    /// A JA3 fingerprint of a ClientHello.
    Ja3,
    /// A JA4 fingerprint of a ClientHello.
    Ja4,
    /// The fingerprint or the serial number of a certificate.
    Certificate,
}

impl IndicatorKind {
    /// All of them, in the order of their numbers in a rule set.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Keyword,
        Self::Address,
        Self::Url,
        Self::Ja3,
        Self::Ja4,
        Self::Certificate,
    ];

    /// For machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Keyword => "keyword",
            Self::Address => "address",
            Self::Url => "url",
            Self::Ja3 => "ja3",
            Self::Ja4 => "ja4",
            Self::Certificate => "certificate",
        }
    }

    /// For people, of one and of several.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("name", "names"),
            Self::Keyword => ("keyword", "keywords"),
            Self::Address => ("address", "addresses"),
            Self::Url => ("URL", "URLs"),
            Self::Ja3 => ("JA3 fingerprint", "JA3 fingerprints"),
            Self::Ja4 => ("JA4 fingerprint", "JA4 fingerprints"),
            Self::Certificate => ("certificate", "certificates"),
        }
    }
}

/// How what was seen relates to the indicator that matched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The name is the indicator.
    Exact,
    /// The name is below the indicator.
    Below,
    /// The name holds the keyword.
    Holds,
    /// The address is the indicator, or in its network.
    Address,
    /// The request is for the URL.
    Url,
    /// The hello or the certificate has the fingerprint.
    Fingerprint,
    /// The name had been resolved to the address.
    Resolved,
}

impl How {
    /// As every output writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Below => "below",
            Self::Holds => "holds",
            Self::Address => "address",
            Self::Url => "url",
            Self::Fingerprint => "fingerprint",
            Self::Resolved => "resolved",
        }
    }
}

/// How bad a contact with the indicator is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a note.
    Low,
    /// Worth a look.
    Medium,
    /// Worth a call.
    #[default]
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// As the schema and every output write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure the publisher is that the indicator belongs to the spyware.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Shared or legitimate infrastructure, or a guess.
    Low,
    /// Likely.
    #[default]
    Medium,
    /// Confirmed.
    High,
}

impl Confidence {
    /// As the schema and every output write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Who published an indicator, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Source {
    /// Key of the source in its pack, for instance `amnesty-2021`.
    pub id: String,
    /// Title of the publication.
    pub title: String,
    /// Who published it.
    pub publisher: Option<String>,
    /// Date of publication, `YYYY-MM-DD`.
    pub published: Option<String>,
    /// Where to read it.
    pub url: Option<String>,
    /// Licence of the list.
    pub licence: Option<String>,
    /// The list that the names were taken from: repository, version, file.
    pub list: Option<String>,
}

/// A [`Source`], shared by the indicators that cite it.
pub type SourceRef = Arc<Source>;

/// Addresses that a publisher saw a name point to: history, never matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// When that was, `YYYY-MM-DD`.
    pub seen: Option<Arc<str>>,
    /// The addresses, in the order of the list.
    pub addresses: Vec<IpAddr>,
}

/// One listed thing with what is known about it: a view into its [`RuleSet`](super::RuleSet). The
/// attributes that it may share with others are those of [`Details`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indicator<'r> {
    /// What it is.
    pub kind: IndicatorKind,
    /// What is listed. A name is in lower case and has no final dot.
    pub name: &'r str,
    /// Of a name: which names it applies to.
    pub scope: Scope,
    /// Addresses that the name was once seen to point to.
    pub resolved: &'r [Resolved],
    /// Everything else.
    pub details: &'r Details,
}

impl Deref for Indicator<'_> {
    type Target = Details;

    fn deref(&self) -> &Details {
        self.details
    }
}

/// What is known about an indicator besides what is listed: kept once for all that have it in
/// common, since a list may have a million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The first loaded pack that lists it; the attributes below are that pack's.
    pub pack: PackId,
    /// Other loaded packs that list it too, in load order.
    pub also_in: Vec<PackId>,
    /// Which spyware or campaign it belongs to, where the list names more than one.
    pub threat: Option<Arc<str>>,
    /// Generation of the spyware, as the publisher classifies it.
    pub generation: Option<Arc<str>>,
    /// When it was first seen or published, `YYYY-MM-DD`.
    pub first_published: Option<Arc<str>>,
    /// Who published it: all sources of all packs that list it, without repeats.
    pub sources: Arc<[SourceRef]>,
    /// How bad a contact is.
    pub severity: Severity,
    /// How sure the publisher is.
    pub confidence: Confidence,
    /// Free labels.
    pub tags: Arc<[String]>,
    /// Where to read more: URLs, beside those of the sources.
    pub references: Arc<[String]>,
    /// A remark for the reader of an alert.
    pub note: Option<Arc<str>>,
    /// Last day on which the indicator counts, `YYYY-MM-DD`, in packet time.
    pub expires: Option<Arc<str>>,
}
