//! What near misses are looked up in: made when it is first asked for, since most questions need none of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::OnceLock;

use super::super::RuleSet;
use super::super::indicator::{IndicatorId, IndicatorKind};
use super::super::matcher::networks::{Network, parse_network};
use super::super::matcher::urls::parse_url;
use super::super::network::Network as Range;

/// Names that had an address, and when.
type History<'r> = HashMap<IpAddr, Vec<(IndicatorId, Option<&'r str>)>>;

/// Indexes of one rule set.
#[derive(Debug)]
pub(super) struct Beside<'r> {
    rules: &'r RuleSet,
    history: OnceLock<History<'r>>,
    networks: OnceLock<Vec<(Network, IndicatorId)>>,
    urls: OnceLock<HashMap<String, Vec<IndicatorId>>>,
}

impl<'r> Beside<'r> {
    /// Of these rules.
    pub(super) const fn new(rules: &'r RuleSet) -> Self {
        Self {
            rules,
            history: OnceLock::new(),
            networks: OnceLock::new(),
            urls: OnceLock::new(),
        }
    }

    /// Addresses that listed names once had.
    pub(super) fn history(&self) -> &History<'r> {
        self.history.get_or_init(|| {
            let mut history: HashMap<_, Vec<_>> = HashMap::new();
            for (id, indicator) in self.rules.names() {
                for resolved in indicator.resolved {
                    for address in &resolved.addresses {
                        let names = history.entry(*address).or_default();
                        names.push((id, resolved.seen.as_deref()));
                    }
                }
            }
            history
        })
    }

    /// Listed addresses and networks, in their order.
    fn networks(&self) -> &[(Network, IndicatorId)] {
        self.networks.get_or_init(|| {
            let others = self.rules.indicators().skip(self.rules.name_count());
            let mut networks: Vec<_> = others
                .filter(|(_, i)| i.kind == IndicatorKind::Address)
                .filter_map(|(id, i)| Some((parse_network(i.name).ok()?, id)))
                .collect();
            // Those for some ports only come first.
            networks.sort_by_key(|(n, _)| (n.ports().is_empty(), n.address(), n.prefix()));
            networks
        })
    }

    pub(super) fn limited(&self) -> impl Iterator<Item = &(Network, IndicatorId)> {
        let networks = self.networks().iter();
        networks.take_while(|(network, _)| !network.ports().is_empty())
    }

    /// Those in a network.
    pub(super) fn inside(&self, range: Range) -> Vec<(Network, IndicatorId)> {
        let all = self.networks();
        let limited = self.limited().filter(|(n, _)| range.contains(n.address()));
        let start =
            all.partition_point(|(n, _)| !n.ports().is_empty() || n.address() < range.address());
        let rest = all.get(start..).unwrap_or_default().iter();
        let inside = rest.take_while(|(n, _)| range.contains(n.address()));
        limited.chain(inside).cloned().collect()
    }

    /// Listed URLs by their hosts.
    pub(super) fn urls(&self) -> &HashMap<String, Vec<IndicatorId>> {
        self.urls.get_or_init(|| {
            let mut urls: HashMap<String, Vec<IndicatorId>> = HashMap::new();
            let others = self.rules.indicators().skip(self.rules.name_count());
            for (id, _) in others.filter(|(_, i)| i.kind == IndicatorKind::Url) {
                let listed = self.rules.indicator(id);
                if let Some(Ok(url)) = listed.map(|i| parse_url(i.name)) {
                    urls.entry(url.host().to_owned()).or_default().push(id);
                }
            }
            urls
        })
    }
}

/// Whether a listed network holds all of another.
pub(super) fn holds_range(network: &Network, range: Range) -> bool {
    Range::of(network.address(), network.prefix()).covers(range)
}
