//! Whether an entry can be a rule: what has the wrong form, and what would do harm.

use std::collections::HashSet;

use super::super::domain::Refusal;
use super::super::format::listing::Kind;
use super::super::guard::{Guard, Reason};
use super::super::indicator::Scope;
use super::super::matcher::fingerprints::{self, Certificate};
use super::super::matcher::keywords;
use super::super::matcher::networks::parse_network;
use super::super::matcher::urls::parse_url;
use super::super::network::Network;
use crate::names::label;

/// From so many names on they are first looked for in a set of endings, which takes some milliseconds to make.
const MANY: usize = 2_000;

#[derive(Debug)]
pub(in crate::rules) struct Judge {
    guard: Guard,
    /// How many different keywords there were, good and bad.
    keywords: usize,
    /// How many names were judged.
    judged: usize,
    /// Hashes of the last two labels of names that need a look. Not there as long as names are few.
    endings: Option<HashSet<u64, foldhash::fast::FixedState>>,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            guard: Guard::built_in(),
            keywords: 0,
            judged: 0,
            endings: None,
        }
    }
}

impl Judge {
    /// Refuses a keyword where there are too many: to judge one takes as long as a thousand names.
    pub(super) fn one_more_keyword(&mut self) -> Result<(), Refusal> {
        self.keywords = self.keywords.saturating_add(1);
        if self.keywords > keywords::MAX_KEYWORDS {
            return Err((
                format!("more than {} keywords", keywords::MAX_KEYWORDS),
                "list names, or load fewer lists".to_owned(),
            ));
        }
        Ok(())
    }

    /// Refuses a name that would match what has nothing to do with spyware. It is in lower case.
    pub(in crate::rules) fn name(&mut self, name: &str, scope: Scope) -> Result<(), Refusal> {
        match self.guard.judge_name(name, scope) {
            Some(reason) => Err(refusal(name, &reason)),
            None => Ok(()),
        }
    }

    /// The same of a name in any case, of a long list.
    pub(in crate::rules) fn plain(
        &mut self,
        name: &[u8],
        scope: Scope,
        forced: &HashSet<String>,
    ) -> Result<(), Refusal> {
        self.judged = self.judged.saturating_add(1);
        if self.judged == MANY {
            self.endings = Some(endings(self.guard));
        }
        if let Some(endings) = &self.endings
            && !Guard::is_short(name)
            && label::last_two(name).is_some_and(|hash| !endings.contains(&hash))
        {
            return Ok(());
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if forced.contains(&name) {
            return Ok(());
        }
        self.name(&name, scope)
    }

    /// The same of something else, in its one form.
    pub(in crate::rules) fn other(&mut self, kind: Kind, text: &str) -> Result<(), Refusal> {
        let reason = match kind {
            Kind::Keyword => self.guard.judge_keyword(text),
            Kind::Address => {
                let network = parse_network(text)?;
                let network = Network::of(network.address(), network.prefix());
                self.guard.judge_network(network)
            }
            _ => None,
        };
        match reason {
            Some(reason) => Err(refusal(text, &reason)),
            None => Ok(()),
        }
    }
}

fn endings(guard: Guard) -> HashSet<u64, foldhash::fast::FixedState> {
    let mut text = String::new();
    guard
        .endings()
        .filter_map(|(label, last)| {
            text.clear();
            text.extend([label, ".", last]);
            label::last_two(text.as_bytes())
        })
        .collect()
}

fn refusal(entry: &str, reason: &Reason) -> Refusal {
    (
        format!("`{entry}` {reason} [{}]", reason.id()),
        format!(
            "{}; to list it all the same: --force-entry {entry}",
            reason.fix()
        ),
    )
}

/// The one form of something that is no name.
///
/// # Errors
/// When it is not of its kind.
pub(super) fn judge_other(kind: Kind, text: &str) -> Result<String, Refusal> {
    match kind {
        Kind::Keyword => keywords::keyword(text),
        Kind::Address => parse_network(text).map(|network| network.to_string()),
        Kind::Ja3 => fingerprints::ja3(text).map(|ja3| hex(&ja3)),
        Kind::Ja4 => fingerprints::ja4(text).map(|ja4| String::from_utf8_lossy(&ja4).into_owned()),
        Kind::Certificate => fingerprints::certificate(text).map(|c| match c {
            Certificate::Sha1(digest) => hex(&digest),
            Certificate::Sha256(digest) => hex(&digest),
            Certificate::Serial(serial) => format!("serial:{}", hex(serial.bytes())),
        }),
        Kind::Domain | Kind::Exact | Kind::Below | Kind::Url => Ok(text.to_owned()),
    }
}

/// A URL.
pub(in crate::rules) struct Url {
    /// In its one form.
    pub(in crate::rules) url: String,
    /// Host and path: what is asked for is compared with these alone, so lists may write it with other schemes.
    pub(in crate::rules) key: String,
    pub(in crate::rules) host: Host,
    /// Whether it applies to every path of the host.
    pub(in crate::rules) whole: bool,
}

/// The host of a URL.
pub(in crate::rules) enum Host {
    Name(String),
    Address(String),
}

/// # Errors
/// When it is no URL.
pub(in crate::rules) fn url(text: &str) -> Result<Url, Refusal> {
    let url = parse_url(text)?;
    let host = match url.address() {
        Some(address) => Host::Address(address.to_string()),
        None => Host::Name(url.host().to_owned()),
    };
    Ok(Url {
        url: url.to_string(),
        key: format!("{}{}", url.host(), url.path()),
        whole: url.path() == "/",
        host,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
