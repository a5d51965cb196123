//! Answers questions about anything that may be listed, and says how it came to the answer.

use std::collections::HashMap;

use super::super::allow::{Asked as Contact, Seen};
use super::super::build::Aside;
use super::super::domain::ends_escaping;
use super::super::guard::Guard;
use super::super::indicator::{How, IndicatorId, IndicatorKind, Scope};
use super::super::load::Loaded;
use super::super::matcher::networks::{Network, parse_network};
use super::super::matcher::urls::Url;
use super::super::network::Network as Range;
use super::super::problem::Problem;
use super::super::{Hit, RuleSet};
use super::answer::{Answer, Finding, Near, Refusal, Silence, Step};
use super::asked::{self, Asked, Subject};
use super::beside::{Beside, holds_range};
use super::{Explainer, NearMiss};
use crate::names::Kind;
use crate::time::Timestamp;

/// How many parents of a name are shown. No name that anybody uses has more.
const MAX_PARENTS: usize = 12;

/// How many near misses of a kind are told.
const MAX_NEAR: usize = 3;

/// Answers questions about one rule set. Keep it where much is asked.
#[derive(Debug)]
pub struct Inquiry<'r> {
    rules: &'r RuleSet,
    names: Explainer<'r>,
    left_out: HashMap<String, Vec<LeftOut<'r>>>,
    today: Timestamp,
    beside: Beside<'r>,
    has_allow: bool,
}

#[derive(Debug, Clone, Copy)]
enum LeftOut<'r> {
    Refused(&'r Problem),
    Aside(&'r Aside),
}

impl<'r> Inquiry<'r> {
    /// About rules that were loaded. `today` decides what has expired.
    pub fn new(loaded: &'r Loaded, today: Timestamp) -> Self {
        let mut left_out: HashMap<String, Vec<LeftOut<'r>>> = HashMap::new();
        for problem in loaded.problems.iter().filter(|p| p.left_out()) {
            if let Some(entry) = problem.what.strip_prefix('`')
                && let Some((entry, _)) = entry.split_once('`')
            {
                let entry = entry.to_lowercase();
                // Whoever asks for its host asks about the entry, too.
                let rest = entry.split_once("://").map_or(&*entry, |(_, rest)| rest);
                let host = rest.split(['/', ':']).next().unwrap_or_default().to_owned();
                if host != entry && !host.is_empty() {
                    let known = left_out.entry(host).or_default();
                    known.push(LeftOut::Refused(problem));
                }
                let known = left_out.entry(entry).or_default();
                known.push(LeftOut::Refused(problem));
            }
        }
        for aside in &loaded.asides {
            let known = left_out.entry(aside.text.to_lowercase()).or_default();
            known.push(LeftOut::Aside(aside));
        }
        Self {
            rules: &loaded.rules,
            names: Explainer::new(&loaded.rules),
            left_out,
            today,
            beside: Beside::new(&loaded.rules),
            has_allow: loaded.rules.allow_entries().next().is_some(),
        }
    }

    /// Answers what a person asks: a name, an address, a URL or a fingerprint.
    pub fn ask(&self, text: &str) -> Answer<'r> {
        let mut answer = Answer {
            asked: text.to_owned(),
            kind: None,
            name: text.to_owned(),
            readable: None,
            steps: Vec::new(),
            findings: Vec::new(),
            near: Vec::new(),
            left_out: Vec::new(),
            error: None,
        };
        match asked::understand(text) {
            Ok(asked) => self.answer(&asked, &mut answer),
            Err(error) => answer.error = Some(error),
        }
        answer
    }

    fn answer(&self, asked: &Asked, answer: &mut Answer<'r>) {
        answer.kind = Some(asked.subject.kind());
        answer.name.clone_from(&asked.text);
        answer.readable = asked::readable(&asked.subject);
        if answer.asked != asked.text {
            step(answer, "asked", answer.asked.clone());
        }
        for remark in &asked.remarks {
            step(answer, "read", remark.clone());
        }
        if let Some(readable) = &answer.readable {
            step(answer, "says", readable.clone());
        }
        match &asked.subject {
            Subject::Name(name) => {
                self.name(name, answer);
                if !answer.is_match() {
                    let near = self
                        .names
                        .near(name)
                        .into_iter()
                        .map(|near: NearMiss<'r>| Near {
                            kind: near.kind(),
                            indicator: near.indicator().name,
                            why: near.to_string(),
                        });
                    answer.near.extend(near);
                    guarded(name, answer);
                }
            }
            Subject::Address(network) => self.address(network, answer),
            Subject::Url(url) => self.url(url, answer),
            Subject::Print(kind, bytes) => self.print(*kind, bytes, answer),
        }
        self.entries_left_out(&asked.text, answer);
    }

    /// A name, by itself or as the host of a URL.
    fn name(&self, name: &str, answer: &mut Answer<'r>) {
        let parents: Vec<&str> = parents(name).collect();
        let said: Vec<String> = parents
            .iter()
            .take(MAX_PARENTS)
            .map(|parent| match self.names.listed(parent) {
                Some(listed) => format!("{parent} (listed, {})", listed.scope.as_str()),
                None => (*parent).to_owned(),
            })
            .collect();
        let more = match parents.len().saturating_sub(MAX_PARENTS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let keywords = match self.rules.count(IndicatorKind::Keyword) {
            0 => String::new(),
            count => format!("; then {} in it", of_kind(IndicatorKind::Keyword, count)),
        };
        step(
            answer,
            "searched",
            format!("{}{more}{keywords}", said.join(", ")),
        );
        if let Some(hit) = self.rules.match_name(name.as_bytes()) {
            let seen = Seen::Name { name, server: None };
            self.found(hit, Some(seen), answer);
        }
        for parent in parents {
            self.entries_left_out(parent, answer);
        }
    }

    fn found(&self, hit: Hit, seen: Option<Seen<'_>>, answer: &mut Answer<'r>) {
        let Some(indicator) = self.rules.indicator(hit.indicator) else {
            return;
        };
        let ids = std::iter::once(&indicator.details.pack).chain(&indicator.details.also_in);
        let packs: Vec<_> = ids.filter_map(|id| self.rules.pack(*id)).collect();
        let today = self.today.date();
        let silence = seen.filter(|_| self.has_allow).and_then(|seen| {
            let packs: Vec<&str> = packs.iter().map(|pack| pack.name.as_str()).collect();
            self.silence(&Contact {
                seen,
                indicator: indicator.name,
                client: None,
                packs: &packs,
                day: self.today.day(),
            })
        });
        answer.findings.push(Finding {
            hit,
            indicator,
            packs,
            expired: indicator
                .expires
                .as_deref()
                .is_some_and(|last| last < &*today),
            silence,
        });
    }

    /// The entry of the allow list that silences most.
    fn silence(&self, contact: &Contact<'_>) -> Option<Silence> {
        let (mut best, mut rank) = (None, 0_u8);
        for entry in self.rules.allow_entries() {
            if !entry.may_allow(contact) {
                continue;
            }
            let expired = entry.is_expired(contact.day);
            let always = self.rules.allowed(contact) == Some(entry);
            let this = match (always, expired) {
                (true, _) => 3,
                (false, false) => 2,
                (false, true) => 1,
            };
            if this > rank {
                rank = this;
                best = Some(Silence {
                    entry: entry.to_string(),
                    always,
                    expired,
                });
            }
        }
        best
    }

    fn address(&self, asked: &Network, answer: &mut Answer<'r>) {
        let address = asked.address();
        let count = self.rules.count(IndicatorKind::Address);
        let ports = match asked.ports() {
            [] => "any port".to_owned(),
            [port] => format!("port {port}"),
            ports => format!("ports {ports:?}"),
        };
        let text = format!(
            "{}, for those that hold it, on {ports}",
            of_kind(IndicatorKind::Address, count)
        );
        step(answer, "searched", text);
        let port = asked.ports().first().copied().unwrap_or(0);
        let range = Range::of(address, asked.prefix());
        let holds = |hit: &Hit| {
            let indicator = self.rules.indicator(hit.indicator);
            let listed = indicator.and_then(|i| parse_network(i.name).ok());
            listed.is_some_and(|l| Range::of(l.address(), l.prefix()).covers(range))
        };
        let mut hit = self.rules.match_address(address, port).filter(holds);
        // Without a port all that are limited to ports count, too.
        if hit.is_none() && asked.ports().is_empty() {
            let mut limited = self.beside.limited().filter(|(n, _)| holds_range(n, range));
            hit = limited.next().map(|(_, id)| Hit {
                indicator: *id,
                how: How::Address,
            });
        }
        if let Some(hit) = hit {
            self.found(hit, Some(Seen::Address(address)), answer);
            return;
        }
        for (network, id) in self
            .beside
            .limited()
            .filter(|(n, _)| holds_range(n, range))
            .take(MAX_NEAR)
        {
            let why = format!("{network} is listed, but for these ports only");
            self.near(answer, "other_port", *id, why);
        }
        if !asked.is_address() {
            let inside = self.beside.inside(range);
            if let Some((_, id)) = inside.first() {
                let why = match inside.len() {
                    1 => "an address or network in it is listed".to_owned(),
                    n => format!("{n} addresses and networks in it are listed"),
                };
                let listed = self.rules.indicator(*id).map_or("", |i| i.name);
                self.near(answer, "inside", *id, format!("{why}: {listed}"));
            }
        }
        for (id, seen) in self
            .beside
            .history()
            .get(&address)
            .into_iter()
            .flatten()
            .take(MAX_NEAR)
        {
            let listed = self.rules.indicator(*id).map_or("", |i| i.name);
            let day = seen.unwrap_or("an unknown day");
            let why = format!(
                "{listed}, which is listed, had this address on {day}: history is never matched"
            );
            self.near(answer, "history", *id, why);
        }
        if let Some(reason) = Guard::built_in().judge_network(range) {
            let text = format!("{asked} {reason} [{}]: no list may have it", reason.id());
            step(answer, "guarded", text);
        }
    }

    fn near(&self, answer: &mut Answer<'r>, kind: &'static str, id: IndicatorId, why: String) {
        if let Some(indicator) = self.rules.indicator(id) {
            answer.near.push(Near {
                kind,
                indicator: indicator.name,
                why,
            });
        }
    }

    fn url(&self, url: &Url, answer: &mut Answer<'r>) {
        let (host, path) = (url.host(), url.path());
        let count = self.rules.count(IndicatorKind::Url);
        step(
            answer,
            "searched",
            format!(
                "{}, for this host and path",
                of_kind(IndicatorKind::Url, count)
            ),
        );
        if let Some(hit) = self.rules.match_url(host.as_bytes(), path.as_bytes()) {
            let seen = Seen::Name {
                name: host,
                server: url.address(),
            };
            self.found(hit, Some(seen), answer);
        }
        let before = answer.findings.len();
        match url.address() {
            Some(address) => {
                let ports: Vec<u16> = url.port().into_iter().collect();
                let bits = if address.is_ipv4() { 32 } else { 128 };
                if let Ok(network) = Network::new(address, bits, &ports) {
                    self.address(&network, answer);
                }
            }
            None => self.name(host, answer),
        }
        let by_host = answer.findings.len() > before;
        let text = match (before > 0, by_host) {
            (true, true) => "both its host and its path",
            (true, false) => "its path, not its host by itself",
            (false, true) => "its host, whatever the path: shown by every connection to it",
            (false, false) => "neither its host nor its path",
        };
        step(answer, "matched", text.to_owned());
        if answer.is_match() {
            return;
        }
        for id in self
            .beside
            .urls()
            .get(host)
            .into_iter()
            .flatten()
            .take(MAX_NEAR)
        {
            let listed = self.rules.indicator(*id).map_or("", |i| i.name);
            self.near(
                answer,
                "other_path",
                *id,
                format!("{listed} is listed, but not this path"),
            );
        }
        if url.address().is_none() {
            let near = self.names.near(host).into_iter().map(|near| Near {
                kind: near.kind(),
                indicator: near.indicator().name,
                why: near.to_string(),
            });
            answer.near.extend(near);
            guarded(host, answer);
        }
    }

    fn print(&self, kind: Kind, bytes: &[u8], answer: &mut Answer<'r>) {
        let count = self.rules.count(asked_kind(kind));
        step(answer, "searched", of_kind(asked_kind(kind), count));
        if let Some(hit) = self.rules.match_fingerprint(kind, bytes) {
            self.found(hit, None, answer);
        }
    }

    /// Entries for this very text that were left out.
    fn entries_left_out(&self, text: &str, answer: &mut Answer<'r>) {
        for left_out in self.left_out.get(text).into_iter().flatten().take(MAX_NEAR) {
            let refusal = match left_out {
                LeftOut::Refused(problem) => Refusal {
                    file: problem.file.clone(),
                    line: problem.line,
                    why: problem.what.clone(),
                },
                LeftOut::Aside(aside) => Refusal {
                    file: aside.file.to_string(),
                    line: Some(aside.line),
                    why: format!("`{}` is among the {}", aside.text, aside.what),
                },
            };
            if !answer.left_out.contains(&refusal) {
                answer.left_out.push(refusal);
            }
        }
    }
}

const fn asked_kind(kind: Kind) -> IndicatorKind {
    match kind {
        Kind::Ja3 => IndicatorKind::Ja3,
        Kind::Ja4 => IndicatorKind::Ja4,
        _ => IndicatorKind::Certificate,
    }
}

/// `1 URL`, `2 URLs`.
fn of_kind(kind: IndicatorKind, count: usize) -> String {
    let (one, many) = kind.words();
    format!("{count} {}", if count == 1 { one } else { many })
}

fn step(answer: &mut Answer<'_>, what: &'static str, text: String) {
    answer.steps.push(Step { what, text });
}

/// Says what would become of a list that had this name.
fn guarded(name: &str, answer: &mut Answer<'_>) {
    if !name.contains('.') {
        return;
    }
    if let Some(reason) = Guard::built_in().judge_name(name, Scope::Suffix) {
        let text = format!("{name} {reason} [{}]: no list may have it", reason.id());
        step(answer, "guarded", text);
    }
}

/// A name and what stands behind each of its dots.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    let dots = name.match_indices('.').filter_map(move |(at, _)| {
        let (before, after) = name.split_at_checked(at)?;
        let after = after.strip_prefix('.')?;
        (!ends_escaping(before.as_bytes()) && !after.is_empty()).then_some(after)
    });
    std::iter::once(name).chain(dots)
}

#[cfg(test)]
#[path = "inquiry_tests.rs"]
mod tests;
