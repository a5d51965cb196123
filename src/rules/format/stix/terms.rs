//! What a STIX pattern comes to as entries of a list: OR is several entries, AND is joined where an entry can say it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::listing::Kind;
use super::paths::{self, Role};
use super::pattern::{Node, Operator, Pattern, Test};

/// The most characters of a pattern that a note shows.
const MAX_SHOWN: usize = 100;

/// The most conditions that a note shows.
const MAX_DEMANDS: usize = 4;

/// Something that a pattern looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'f> {
    Entry {
        kind: Kind,
        text: &'f str,
        /// What the pattern demands besides, and the entry does not say.
        demands: Option<&'f str>,
        /// Whether that makes the entry more likely to be something innocent.
        doubtful: bool,
        /// The time at which the pattern stops to count.
        until: Option<&'f str>,
    },
    /// Something that no entry can say, by its plural name.
    Aside(&'static str, &'f str),
}

/// Says all that the pattern looks for: at least one thing.
pub(super) fn walk(pattern: &Pattern<'_>, to: &mut dyn FnMut(Found<'_>)) {
    let mut walk = Walk {
        // AND with OR inside multiplies. This much is enough for lists that people write, and keeps time and entries
        // in proportion to the text.
        budget: pattern.values.saturating_mul(8).saturating_add(64),
        to,
    };
    walk.node(&pattern.node, &Around::default());
}

/// What stands around a part of a pattern.
#[derive(Debug, Clone, Default)]
struct Around<'p> {
    demands: Vec<Cow<'p, str>>,
    until: Option<&'p str>,
}

impl<'p> Around<'p> {
    fn with(&self, demands: impl IntoIterator<Item = Cow<'p, str>>) -> Self {
        let mut around = self.clone();
        // One more than is shown, so that a note says that there is more.
        let room = MAX_DEMANDS.saturating_add(1);
        let room = room.saturating_sub(around.demands.len());
        around.demands.extend(demands.into_iter().take(room));
        around
    }
}

struct Walk<'w> {
    budget: usize,
    to: &'w mut dyn FnMut(Found<'_>),
}

impl Walk<'_> {
    fn node<'n>(&mut self, node: &'n Node<'n>, around: &Around<'n>) {
        match node {
            Node::Test(test) => self.all_of(&[test], around),
            Node::Or(nodes) => nodes.iter().for_each(|node| self.node(node, around)),
            Node::And(nodes) => match terms(node, &mut self.budget) {
                Some(terms) if terms.len() > 1 => self.each_once(&terms, around),
                Some(terms) => terms.iter().for_each(|term| self.all_of(term, around)),
                None => self.each_of(nodes, around),
            },
            Node::Together(nodes) => {
                let others = |own: usize| {
                    let others = nodes.iter().enumerate().filter(move |(at, _)| *at != own);
                    others.map(|(_, (_, text))| shown(text))
                };
                for (at, (node, _)) in nodes.iter().enumerate() {
                    self.node(node, &around.with(others(at)));
                }
            }
            Node::Repeated(node, text) => self.node(node, &around.with([shown(text)])),
            Node::Until(node, until) => {
                let mut around = around.clone();
                around.until = around.until.min(Some(until)).or(Some(until));
                self.node(node, &around);
            }
        }
    }

    /// The ways to meet an AND. An entry that several of them have is said once.
    fn each_once(&mut self, terms: &[Vec<&Test<'_>>], around: &Around<'_>) {
        let mut said: HashSet<(Kind, String)> = HashSet::new();
        let to = &mut *self.to;
        let mut once = |found: Found<'_>| match found {
            Found::Entry { kind, text, .. } if !said.insert((kind, text.to_owned())) => {}
            found => to(found),
        };
        let mut walk = Walk {
            budget: self.budget,
            to: &mut once,
        };
        terms.iter().for_each(|term| walk.all_of(term, around));
        self.budget = walk.budget;
    }

    /// Comparisons that one observation must all meet.
    fn all_of(&mut self, tests: &[&Test<'_>], around: &Around<'_>) {
        let roles: Vec<(Role, &Test<'_>)> = tests
            .iter()
            .map(|test| (paths::role(test), *test))
            .collect();
        let of = |wanted: Role| roles.iter().filter(move |(role, _)| *role == wanted);
        let main = roles
            .iter()
            .filter(|(role, test)| role.is_listed() && has_entries(*role, test))
            .map(|(role, _)| *role)
            .min();
        let Some(main) = main else {
            return self.aside(&roles);
        };
        let mut said = HashSet::new();
        let mains = of(main).map(|(_, test)| *test);
        let tests: Vec<&Test<'_>> = mains.filter(|test| said.insert(&test.values)).collect();
        let Some(first) = tests.first().copied() else {
            return;
        };
        let mut demands = Demands::new(around);
        let is_name = matches!(main, Role::Domain | Role::Host);
        let (mut ports, mut requests) = (Vec::new(), Vec::new());
        if main == Role::Address {
            ports = joined(of(Role::Port));
        }
        if is_name || main == Role::Address {
            requests = joined(of(Role::Request));
        }
        let values: usize = tests.iter().map(|test| test.values.len()).sum();
        let mut bare = tests.iter().flat_map(|test| &test.values);
        if bare.any(|value| value.contains(['/', '%', '*'])) {
            requests.clear();
        }
        let product = values
            .saturating_mul(ports.len().max(1))
            .saturating_mul(requests.len().max(1));
        let is_joined = product <= values || spend(&mut self.budget, product);
        if !is_joined {
            ports.clear();
            requests.clear();
        }
        for (role, test) in &roles {
            match role {
                Role::Neutral => {}
                role if *role == main => {}
                role if role.is_listed() && test.values == first.values => {}
                Role::CertificateDetail | Role::Sha1 | Role::Serial
                    if matches!(main, Role::Sha256 | Role::Sha1) => {}
                Role::Port if !ports.is_empty() => {}
                Role::Request if !requests.is_empty() => {}
                Role::Domain | Role::Host if main == Role::Url && is_within(test, first) => {}
                Role::Port | Role::Request if !is_joined => demands.strong(test),
                // They narrow down what is already the publisher's.
                role if role.is_listed() && *role != Role::Source => demands.weak(test),
                Role::Port | Role::Resolved => demands.weak(test),
                _ => demands.strong(test),
            }
        }
        for test in &tests {
            let mut demands = demands.clone();
            let others = tests.iter().filter(|other| !std::ptr::eq(*other, test));
            for other in others.take(MAX_DEMANDS.saturating_add(1)) {
                demands.strong(other);
            }
            for value in &test.values {
                match paths::listed(main, test, value) {
                    Err(plural) => (self.to)(Found::Aside(plural, value)),
                    Ok((kind, text)) => join(kind, &text, &ports, &requests, &mut |kind, text| {
                        self.entry(kind, text, &demands, around);
                    }),
                }
            }
        }
    }

    fn entry(&mut self, kind: Kind, text: &str, demands: &Demands, around: &Around<'_>) {
        (self.to)(Found::Entry {
            kind,
            text,
            demands: demands.text.as_deref(),
            doubtful: demands.doubtful,
            until: around.until,
        });
    }

    /// Nothing of it can be an entry. What must come together is one thing, by the name of its first part that has one.
    fn aside(&mut self, roles: &[(Role, &Test<'_>)]) {
        let named = roles.iter().find(|(role, _)| *role != Role::Neutral);
        let Some((role, test)) = named.or(roles.first()) else {
            return;
        };
        let plural = |value: &str| match role.is_listed() {
            true => paths::listed(*role, test, value).err(),
            false => None,
        };
        if roles.len() == 1 && !test.values.is_empty() {
            for value in &test.values {
                let plural = plural(value).unwrap_or(role.plural());
                (self.to)(Found::Aside(plural, value));
            }
        } else {
            let value = test.values.first().map(AsRef::as_ref);
            let plural = value.and_then(plural).unwrap_or(role.plural());
            (self.to)(Found::Aside(plural, value.unwrap_or(test.text)));
        }
    }

    /// An AND that would multiply too much: what is in it by itself, with doubt.
    fn each_of(&mut self, nodes: &[Node<'_>], around: &Around<'_>) {
        let around = around.with([Cow::Borrowed("other conditions, in too many combinations")]);
        let mut leaves = Vec::new();
        nodes.iter().for_each(|node| tests(node, &mut leaves));
        let is_shown = |test: &&Test<'_>| {
            let role = paths::role(test);
            role.is_listed() && has_entries(role, test)
        };
        let shown: Vec<&Test<'_>> = leaves.iter().copied().filter(is_shown).collect();
        let of = if shown.is_empty() { &leaves } else { &shown };
        of.iter().for_each(|test| self.all_of(&[test], &around));
    }
}

fn has_entries(role: Role, test: &Test<'_>) -> bool {
    let mut values = test.values.iter();
    values.any(|value| paths::listed(role, test, value).is_ok())
}

/// Whether the URL has all that the comparison names.
fn is_within(test: &Test<'_>, url: &Test<'_>) -> bool {
    let [url] = url.values.as_slice() else {
        return false;
    };
    let url = url.to_ascii_lowercase();
    matches!(test.values.as_slice(), [name] if url.contains(&name.to_ascii_lowercase()))
}

/// The values of the comparisons, if they can be joined: of one alone.
fn joined<'t>(mut of: impl Iterator<Item = &'t (Role, &'t Test<'t>)>) -> Vec<&'t str> {
    match (of.next(), of.next()) {
        (Some((_, test)), None) if test.operator == Operator::Equal => {
            test.values.iter().map(AsRef::as_ref).collect()
        }
        _ => Vec::new(),
    }
}

/// Joins an address or a name with ports and paths.
fn join(kind: Kind, text: &str, ports: &[&str], requests: &[&str], to: &mut dyn FnMut(Kind, &str)) {
    let mut each = |with_port: &str| {
        if requests.is_empty() {
            return to(kind, with_port);
        }
        let is_bare = !with_port.starts_with('[') && with_port.matches(':').count() > 1;
        for request in requests {
            if is_bare {
                to(Kind::Url, &format!("[{with_port}]{request}"));
            } else {
                to(Kind::Url, &format!("{with_port}{request}"));
            }
        }
    };
    if ports.is_empty() || kind != Kind::Address {
        return each(text);
    }
    for port in ports {
        if text.contains(':') {
            each(&format!("[{text}]:{port}"));
        } else {
            each(&format!("{text}:{port}"));
        }
    }
}

/// What a pattern demands besides an entry.
#[derive(Clone)]
struct Demands {
    text: Option<String>,
    count: usize,
    doubtful: bool,
}

impl Demands {
    fn new(around: &Around<'_>) -> Self {
        let mut demands = Self {
            text: None,
            count: 0,
            doubtful: !around.demands.is_empty(),
        };
        around.demands.iter().for_each(|text| demands.add(text));
        demands
    }

    fn add(&mut self, demand: &str) {
        self.count = self.count.saturating_add(1);
        let text = self.text.get_or_insert_default();
        if self.count <= MAX_DEMANDS {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(demand);
        } else if self.count == MAX_DEMANDS.saturating_add(1) {
            text.push_str(", ...");
        }
    }

    fn weak(&mut self, test: &Test<'_>) {
        self.add(&shown(test.text));
    }

    fn strong(&mut self, test: &Test<'_>) {
        self.doubtful = true;
        self.weak(test);
    }
}

/// As much of a text as a note has room for.
fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

fn spend(budget: &mut usize, cost: usize) -> bool {
    let rest = budget.checked_sub(cost);
    *budget = rest.unwrap_or(*budget);
    rest.is_some()
}

/// The comparisons in a part of a pattern.
fn tests<'n, 'p>(node: &'n Node<'p>, to: &mut Vec<&'n Test<'p>>) {
    match node {
        Node::Test(test) => to.push(test),
        Node::Or(nodes) | Node::And(nodes) => nodes.iter().for_each(|node| tests(node, to)),
        Node::Together(nodes) => nodes.iter().for_each(|(node, _)| tests(node, to)),
        Node::Repeated(node, _) | Node::Until(node, _) => tests(node, to),
    }
}

/// The ways to meet a part of a pattern: any of these, each of which is comparisons that must all be met. `None` when they
/// are too many.
fn terms<'n, 'p>(node: &'n Node<'p>, budget: &mut usize) -> Option<Vec<Vec<&'n Test<'p>>>> {
    match node {
        Node::Test(test) => Some(vec![vec![test]]),
        Node::Or(nodes) => {
            let mut any = Vec::new();
            for node in nodes {
                any.extend(terms(node, budget)?);
            }
            Some(any)
        }
        Node::And(nodes) => {
            let mut all = Vec::new();
            for node in nodes {
                all.push(terms(node, budget)?);
            }
            let several = all.iter().filter(|any| any.len() > 1);
            let ways = several.fold(1, |ways: usize, any| ways.saturating_mul(any.len()));
            if ways > 1 {
                let values = all.iter().flatten().flatten().map(|test| test.values.len());
                let cost = values.fold(1, usize::saturating_add).saturating_mul(ways);
                spend(budget, cost).then_some(())?;
            }
            let mut product = vec![Vec::new()];
            for any in &all {
                if let [more] = any.as_slice() {
                    let terms = product.iter_mut();
                    terms.for_each(|term: &mut Vec<&'n Test<'p>>| term.extend_from_slice(more));
                } else {
                    let with = |term: &Vec<&'n Test<'p>>| -> Vec<_> {
                        let ways = any.iter();
                        ways.map(|more| [term.as_slice(), more].concat()).collect()
                    };
                    product = product.iter().flat_map(with).collect();
                }
            }
            Some(product)
        }
        // They stand outside of brackets only.
        Node::Together(_) | Node::Repeated(..) | Node::Until(..) => None,
    }
}

#[cfg(test)]
#[path = "terms_tests.rs"]
mod tests;
