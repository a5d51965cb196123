//! Why an entry is refused, in words and for programs.

use std::fmt;
use std::net::IpAddr;

use super::names;
use crate::rules::problem::Plain;

/// Which list a name is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) enum Listed {
    /// A link shortener: millions of people are sent through it.
    Shortener,
    /// A parent of dynamic DNS: anyone may have a host below it.
    DynamicDns,
    /// A public suffix: names below it have owners of their own. Many hosting services are.
    PublicSuffix,
    /// A host below a popular name, such as `drive.google.com`.
    Host,
    /// Among the names most asked for.
    Popular,
}

impl Listed {
    /// For programs.
    pub(in crate::rules) const fn id(self) -> &'static str {
        match self {
            Self::Shortener => "shortener",
            Self::DynamicDns => "dynamic-dns",
            Self::PublicSuffix => "public-suffix",
            Self::Host => "shared-host",
            Self::Popular => "popular",
        }
    }
}

/// As it follows "is" or stands behind a comma.
impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shortener => f.write_str("a link shortener that millions use"),
            Self::DynamicDns => {
                f.write_str("a parent of dynamic DNS, below which anyone may have a host")
            }
            Self::PublicSuffix => {
                f.write_str("a public suffix, below which names have owners of their own")
            }
            Self::Host => f.write_str("a host of a popular site that everybody uses"),
            Self::Popular => write!(f, "among {}", names::POPULAR),
        }
    }
}

/// What a network is set apart for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rules) enum Range {
    /// Networks that everybody has within (RFC 1918, 4193).
    Private,
    /// Between a provider and its clients (RFC 6598).
    Shared,
    /// The machine itself (RFC 1122, 4291).
    Loopback,
    /// One link (RFC 3927, 4291), or what once was one site (RFC 3879).
    LinkLocal,
    /// Groups (RFC 5771, 4291).
    Multicast,
    /// No address yet (RFC 1122, 4291).
    Unspecified,
    /// All of a link, or for later (RFC 919, 1112).
    Reserved,
}

impl Range {
    /// For programs.
    pub(in crate::rules) const fn id(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Reserved => "reserved",
        }
    }

    /// As it stands before "addresses".
    const fn word(self) -> &'static str {
        match self {
            Self::Shared => "carrier-grade NAT (shared)",
            other => other.id(),
        }
    }
}

/// Why an entry would alarm about innocents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) enum Reason {
    /// The name itself is listed, or with `www.` before it.
    Name(Listed),
    /// The rule would cover a listed name.
    Above {
        /// That name.
        below: String,
        /// What it is listed as.
        listed: Listed,
    },
    /// Some or all addresses are set apart.
    Range(Range),
    /// The network is larger than anything that one party has.
    TooWide {
        /// The shortest prefix that is good.
        least: u8,
    },
    /// A server that whole populations ask for names.
    Resolver {
        /// Its address.
        address: IpAddr,
        /// Who runs it.
        operator: &'static str,
    },
    /// The keyword has fewer characters than this.
    KeywordShort(usize),
    /// The keyword has no letter.
    KeywordDigits,
    /// A widely used name has the keyword in it.
    KeywordCommon(String),
}

impl Reason {
    /// For programs: these texts do not change.
    pub(in crate::rules) const fn id(&self) -> &'static str {
        match self {
            Self::Name(listed) => listed.id(),
            Self::Above { .. } => "parent",
            Self::Range(range) => range.id(),
            Self::TooWide { .. } => "too-wide",
            Self::Resolver { .. } => "resolver",
            Self::KeywordShort(_) => "keyword-short",
            Self::KeywordDigits => "keyword-digits",
            Self::KeywordCommon(_) => "keyword-common",
        }
    }

    /// What the author of the entry can do.
    pub(in crate::rules) const fn fix(&self) -> &'static str {
        match self {
            Self::Name(Listed::DynamicDns | Listed::PublicSuffix) => {
                "list the host below it, for instance `evil.` and this name"
            }
            Self::Name(Listed::Shortener | Listed::Host | Listed::Popular) => {
                "list the host below it that does harm, or nothing: its other visitors are innocent"
            }
            Self::Above { .. } => "list the hosts that do harm, each by its full name",
            Self::Range(_) => "list the address that the host has on the Internet",
            Self::TooWide { .. } => "list the smaller networks or the addresses",
            Self::Resolver { .. } => "list the addresses of the hosts, not of who was asked",
            Self::KeywordShort(_) | Self::KeywordDigits | Self::KeywordCommon(_) => {
                "write a longer text that no innocent name has, or list the names"
            }
        }
    }
}

/// As it follows the entry: "`co.uk` " and then "is a public suffix, ...".
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(listed) => write!(f, "is {listed}"),
            Self::Above { below, listed } => write!(f, "would cover `{below}`, {listed}"),
            Self::Range(range) => {
                write!(
                    f,
                    "has {} addresses, which mean something else on every network",
                    range.word()
                )
            }
            Self::TooWide { least } => write!(
                f,
                "is wider than /{least}, more than any one party has: most of it is others'"
            ),
            Self::Resolver { address, operator } => {
                write!(
                    f,
                    "has {address}, a public name server of {operator} that millions ask"
                )
            }
            Self::KeywordShort(least) => {
                write!(f, "is shorter than {least} characters, so chance finds it")
            }
            Self::KeywordDigits => f.write_str("has no letter, so chance finds it"),
            Self::KeywordCommon(name) => {
                write!(f, "stands in widely used names such as `{}`", Plain(name))
            }
        }
    }
}
