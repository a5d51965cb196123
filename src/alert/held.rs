//! Findings that wait for a better explanation.
//!
//! That a device used an address which a listed name was resolved to says less than a name: an address may serve many.
//! Such a finding waits until the flow has said what it is. Where a listed name is seen in it, that is the alert; where
//! another name is, the finding is dropped and counted, and the address is known to serve others, too. What remains
//! unexplained (no name, or an encrypted one) is reported, and weaker the more other names the address serves.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Evidence, Sighting};
use crate::flow::Flow;
use crate::rules::RuleSet;
use crate::time::Timestamp;

/// How long a finding waits, in nanoseconds of packet time: a connection is opened and named within that.
const WAIT: i64 = 5_000_000_000;

/// On a live link packet time may stand still.
const LONGEST: Duration = Duration::from_secs(10);

/// How many findings may wait. One more is given at once.
const MAX_WAITING: usize = 4_096;

/// Of how many addresses other names are counted.
const MAX_ADDRESSES: usize = 4_096;

/// An address that serves so many other names is shared: that a device used it says nothing.
pub const SHARED: u32 = 5;

/// A name that has nothing to do with the listed one, in a flow with an address that the listed one was resolved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrelated {
    /// The flow.
    pub flow: Flow,
    /// The address.
    pub address: IpAddr,
    /// A hash of the name.
    pub name: u64,
    /// When it was seen.
    pub timestamp: Timestamp,
}

/// What became of findings that waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeldStats {
    /// The flow named another host.
    pub explained: u64,
    /// The flow named a listed host: that is reported.
    pub named: u64,
    /// The address serves many names.
    pub shared: u64,
    /// They were given at once since too many waited.
    pub hurried: u64,
}

/// A finding that is due, with the rules that it was found with.
pub type Due = (usize, Sighting, Option<Arc<RuleSet>>);

#[derive(Debug)]
struct Waiting {
    flow: Flow,
    until: Timestamp,
    since: Instant,
    due: Due,
}

/// Findings that wait, in packet time.
#[derive(Debug, Default)]
pub struct Held {
    waiting: VecDeque<Waiting>,
    /// Hashes of the other names of addresses: up to [`SHARED`] of each.
    others: HashMap<IpAddr, Vec<u64>>,
    stats: HeldStats,
}

impl Held {
    /// Takes a finding of input number `input`. True where it need not wait and is to be given now.
    pub fn passes(
        &mut self,
        input: usize,
        sighting: &Sighting,
        rules: Option<&Arc<RuleSet>>,
    ) -> bool {
        let flow = sighting.flow.canonical();
        if !matches!(sighting.evidence, Evidence::Resolved(_)) {
            if !self.waiting.is_empty() && sighting.dns.is_none() {
                let dropped = self.forget(flow);
                self.stats.named = self.stats.named.saturating_add(dropped);
            }
            return true;
        }
        let mut sighting = sighting.clone();
        let others = self.others.get(&sighting.flow.dst).map_or(0, Vec::len);
        if let Some(resolution) = &mut sighting.resolution {
            let others = u32::try_from(others).unwrap_or(u32::MAX);
            resolution.others = resolution.others.max(others);
            if resolution.others >= SHARED {
                self.stats.shared = self.stats.shared.saturating_add(1);
                return false;
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            self.stats.hurried = self.stats.hurried.saturating_add(1);
            return true;
        }
        self.waiting.push_back(Waiting {
            flow,
            until: Timestamp::from_nanos(sighting.timestamp.nanos().saturating_add(WAIT)),
            since: Instant::now(),
            due: (input, sighting, rules.cloned()),
        });
        false
    }

    /// Notes that a flow named another host.
    pub fn unrelated(&mut self, seen: &Unrelated) {
        let dropped = self.forget(seen.flow.canonical());
        self.stats.explained = self.stats.explained.saturating_add(dropped);
        if self.others.len() >= MAX_ADDRESSES && !self.others.contains_key(&seen.address) {
            // Addresses of listed names are few. What was known of them will be seen again.
            self.others.clear();
        }
        let others = self.others.entry(seen.address).or_default();
        if others.len() < SHARED as usize && !others.contains(&seen.name) {
            others.push(seen.name);
        }
    }

    fn forget(&mut self, flow: Flow) -> u64 {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.flow != flow);
        before.saturating_sub(self.waiting.len()) as u64
    }

    /// The next finding that has waited long enough at `now`, in packet time.
    pub fn due(&mut self, now: Timestamp) -> Option<Due> {
        // A clock that jumps back must not make it wait forever.
        let over =
            |w: &Waiting| w.until <= now || w.until.nanos_since(now) > WAIT.saturating_mul(2);
        self.next_if(over)
    }

    /// The next finding that has waited for too long by this machine's clock.
    pub fn overdue(&mut self) -> Option<Due> {
        self.next_if(|w| w.since.elapsed() >= LONGEST)
    }

    /// The next finding, however long it has waited: an input has ended.
    pub fn rest(&mut self) -> Option<Due> {
        self.next_if(|_| true)
    }

    fn next_if(&mut self, is_due: impl Fn(&Waiting) -> bool) -> Option<Due> {
        if is_due(self.waiting.front()?) {
            self.waiting.pop_front().map(|w| w.due)
        } else {
            None
        }
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Another capture begins: what was known of addresses is another network's.
    pub fn reset(&mut self) {
        self.others.clear();
    }

    /// What became of findings so far.
    pub fn stats(&self) -> HeldStats {
        self.stats
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sighting;
    use super::super::{Reach, Resolution};
    use super::*;
    use crate::names::Kind;

    fn resolved(port: u16, secs: i64) -> Sighting {
        let mut s = sighting("evil.example", secs);
        s.evidence = Evidence::Resolved(Reach::Tried);
        s.dns = None;
        s.flow.sport = port;
        s.resolution = Some(Box::new(Resolution {
            asked: None,
            answered: Timestamp::from_parts(secs - 1, 0),
            packet: 1,
            others: 0,
        }));
        s
    }

    fn unrelated(port: u16, name: u64) -> Unrelated {
        let flow = resolved(port, 1).flow;
        Unrelated {
            flow,
            address: flow.dst,
            name,
            timestamp: Timestamp::from_parts(1, 0),
        }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_parts(secs, 0)
    }

    #[test]
    fn what_nothing_explains_is_given_when_it_is_due() {
        let mut held = Held::default();
        assert!(!held.passes(0, &resolved(1, 10), None));
        assert!(held.due(at(14)).is_none());
        let (input, s, _) = held.due(at(15)).unwrap();
        assert_eq!((input, s.flow.sport), (0, 1));
        assert!(held.is_empty());
        assert!(!held.passes(2, &resolved(2, 10), None));
        assert!(held.overdue().is_none());
        assert_eq!(held.rest().unwrap().0, 2);
        // The clock jumped back.
        assert!(!held.passes(0, &resolved(3, 1_000), None));
        assert!(held.due(at(500)).is_some());
    }

    #[test]
    fn a_name_in_the_flow_takes_its_place() {
        let mut held = Held::default();
        held.passes(0, &resolved(1, 10), None);
        held.passes(0, &resolved(2, 10), None);
        let mut named = sighting("evil.example", 11);
        named.evidence = Evidence::Name(Kind::TlsSni);
        named.dns = None;
        named.flow.sport = 1;
        assert!(held.passes(0, &named, None));
        assert_eq!(held.rest().unwrap().1.flow.sport, 2);
        assert!(held.is_empty());
        assert_eq!(held.stats().named, 1);
    }

    #[test]
    fn other_names_explain_a_flow_and_share_its_address() {
        let mut held = Held::default();
        for n in 0..u64::from(SHARED) {
            let port = 10 + n as u16;
            held.passes(0, &resolved(port, 10), None);
            held.unrelated(&unrelated(port, n));
            held.unrelated(&unrelated(port, n));
            assert!(held.is_empty());
        }
        assert_eq!(held.stats().explained, u64::from(SHARED));
        assert!(!held.passes(0, &resolved(99, 11), None));
        assert!(held.is_empty());
        assert_eq!(held.stats().shared, 1);
        held.reset();
        held.passes(0, &resolved(99, 12), None);
        assert_eq!(held.rest().unwrap().1.resolution.unwrap().others, 0);
    }

    #[test]
    fn too_many_are_given_at_once() {
        let mut held = Held::default();
        for n in 0..MAX_WAITING {
            assert!(!held.passes(0, &resolved(n as u16, 10), None));
        }
        assert!(held.passes(0, &resolved(9, 10), None));
        assert_eq!(held.stats().hurried, 1);
    }
}
