//! Findings that wait for a better explanation.
//!
//! That a device used an address which a listed name was resolved to says less than a name: an address may serve many.
//! Such a finding waits until the flow has said what it is. Where a listed name is seen in it, that is the alert; where
//! another name is, the finding is dropped and counted, and the address is known to serve others, too. What remains
//! unexplained (no name, or an encrypted one) is reported, with how many other names the address serves; where those are
//! many, or many devices use it unexplained, it says nothing of a device any more, and is counted.
//!
//! That a device asked for a connection with a listed address waits as well: where the connection comes about, that is
//! the alert.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Evidence, Reach, Sighting};
use crate::flow::Flow;
use crate::rules::RuleSet;
use crate::time::Timestamp;

/// How long a finding waits, in nanoseconds of packet time: a connection is opened and named within that.
const WAIT: i64 = 5_000_000_000;

/// On a live link packet time may stand still.
const LONGEST: Duration = Duration::from_secs(10);

/// How many findings may wait. One more is given at once.
const MAX_WAITING: usize = 4_096;

/// What is known of how many addresses.
const MAX_ADDRESSES: usize = 4_096;

/// How many flows that were explained are remembered: a long one is told again.
const MAX_EXPLAINED: usize = 16_384;

/// A flow of which nothing was heard for so long is over, in nanoseconds: the reader tells of it once a minute.
const OVER: u64 = 150_000_000_000;

/// What is known of an address counts for so long, in nanoseconds: as the longest answer.
const DAY: u64 = 86_400_000_000_000;

/// An address that serves so many other names is shared: that a device used it says nothing.
pub const SHARED: u32 = 5;

/// So do findings with an address that so many devices use without a word.
pub const CROWD: usize = 20;

/// A name that has nothing to do with the listed one, in a flow with an address that the listed one was resolved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrelated {
    /// The flow.
    pub flow: Flow,
    /// The address.
    pub address: IpAddr,
    /// A hash of the name.
    pub name: u64,
    /// It may stand before another one that is encrypted: it explains nothing, and is a name of the address.
    pub outer: bool,
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
    /// Many devices use the address: [`CROWD`] of them were reported.
    pub crowded: u64,
    /// The connection that was asked for came about: that is reported.
    pub connected: u64,
    /// They were given at once since too many waited.
    pub hurried: u64,
    /// Addresses and flows of which it was forgotten what they are: too many at once.
    pub forgotten: u64,
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

impl Waiting {
    fn is_resolved(&self) -> bool {
        matches!(self.due.1.evidence, Evidence::Resolved(_))
    }
}

/// What is known of an address that a listed name was resolved to.
#[derive(Debug, Default)]
struct Known {
    since: Timestamp,
    /// Hashes of its other names: up to [`SHARED`].
    others: Vec<u64>,
    /// Devices that were reported to use it: up to [`CROWD`].
    devices: Vec<IpAddr>,
}

/// Findings that wait, in packet time.
#[derive(Debug, Default)]
pub struct Held {
    waiting: VecDeque<Waiting>,
    /// How many findings of a flow wait.
    flows: HashMap<Flow, u32>,
    addresses: HashMap<IpAddr, Known>,
    /// Flows with such an address that said what they are, and when they were heard of last.
    explained: HashMap<Flow, Timestamp>,
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
        match sighting.evidence {
            Evidence::Resolved(_) => {
                let now = sighting.timestamp;
                self.known(sighting.flow.dst, now);
                if let Some(heard) = self.explained.get_mut(&flow) {
                    let over = apart(now, *heard) > OVER;
                    *heard = now;
                    if !over {
                        bump(&mut self.stats.explained, 1);
                        return false;
                    }
                    // The same ports again.
                    self.explained.remove(&flow);
                }
                if self.others(sighting) >= SHARED {
                    bump(&mut self.stats.shared, 1);
                    return false;
                }
            }
            Evidence::Address(Reach::Tried) => {}
            Evidence::Address(_) => {
                let tried = |w: &Waiting| !w.is_resolved() && w.due.1.name == sighting.name;
                let dropped = self.forget(flow, tried);
                bump(&mut self.stats.connected, dropped);
                return true;
            }
            Evidence::Name(_) => {
                let ends = [sighting.flow.dst, sighting.flow.src];
                let is_known = ends.iter().any(|end| self.addresses.contains_key(end));
                if sighting.dns.is_none() && is_known {
                    let dropped = self.explain(flow, sighting.timestamp);
                    bump(&mut self.stats.named, dropped);
                }
                return true;
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            // What is a crowd counts here as well.
            let is_given = self.is_given(sighting);
            bump(&mut self.stats.hurried, u64::from(is_given));
            return is_given;
        }
        let waiting = self.flows.entry(flow).or_default();
        *waiting = waiting.saturating_add(1);
        self.waiting.push_back(Waiting {
            flow,
            until: Timestamp::from_nanos(sighting.timestamp.nanos().saturating_add(WAIT)),
            since: Instant::now(),
            due: (input, sighting.clone(), rules.cloned()),
        });
        false
    }

    /// Notes that a flow named another host.
    pub fn unrelated(&mut self, seen: &Unrelated) {
        let others = &mut self.known(seen.address, seen.timestamp).others;
        if others.len() < SHARED as usize && !others.contains(&seen.name) {
            others.push(seen.name);
        }
        if !seen.outer {
            let dropped = self.explain(seen.flow.canonical(), seen.timestamp);
            bump(&mut self.stats.explained, dropped);
        }
    }

    /// What is known of an address.
    fn known(&mut self, address: IpAddr, now: Timestamp) -> &mut Known {
        if self.addresses.len() >= MAX_ADDRESSES && !self.addresses.contains_key(&address) {
            // Addresses of listed names are few. What was known of them will be seen again.
            let gone = self.addresses.len() as u64;
            bump(&mut self.stats.forgotten, gone);
            self.addresses.clear();
        }
        let known = self.addresses.entry(address).or_default();
        if apart(known.since, now) > DAY {
            *known = Known {
                since: now,
                ..Known::default()
            };
        }
        known
    }

    /// How many other names the address of a finding serves.
    fn others(&self, sighting: &Sighting) -> u32 {
        let known = self.addresses.get(&sighting.flow.dst);
        let seen = known.map_or(0, |known| known.others.len());
        let told = sighting.resolution.as_ref().map_or(0, |r| r.others);
        told.max(u32::try_from(seen).unwrap_or(u32::MAX))
    }

    /// Whether a finding still says something, and if not, why: that is counted. Notes the device.
    fn is_given(&mut self, sighting: &Sighting) -> bool {
        if !matches!(sighting.evidence, Evidence::Resolved(_)) {
            return true;
        }
        if self.others(sighting) >= SHARED {
            bump(&mut self.stats.shared, 1);
            return false;
        }
        let devices = &mut self.known(sighting.flow.dst, sighting.timestamp).devices;
        if devices.contains(&sighting.device()) {
            return true;
        }
        if devices.len() >= CROWD {
            bump(&mut self.stats.crowded, 1);
            return false;
        }
        devices.push(sighting.device());
        true
    }

    /// A flow said what it is: how many findings that makes needless.
    fn explain(&mut self, flow: Flow, now: Timestamp) -> u64 {
        if self.explained.len() >= MAX_EXPLAINED {
            self.explained.retain(|_, heard| apart(now, *heard) <= OVER);
            if self.explained.len() >= MAX_EXPLAINED {
                // At the worst a flow that goes on is reported, as one that says nothing.
                let gone = self.explained.len() as u64;
                bump(&mut self.stats.forgotten, gone);
                self.explained.clear();
            }
        }
        self.explained.insert(flow, now);
        self.forget(flow, Waiting::is_resolved)
    }

    fn forget(&mut self, flow: Flow, which: impl Fn(&Waiting) -> bool) -> u64 {
        // Asked for each flow that names a host: nearly always none waits.
        if !self.flows.contains_key(&flow) {
            return 0;
        }
        let before = self.waiting.len();
        self.waiting
            .retain(|waiting| waiting.flow != flow || !which(waiting));
        let gone = before.saturating_sub(self.waiting.len());
        self.leave(flow, u32::try_from(gone).unwrap_or(u32::MAX));
        gone as u64
    }

    /// So many findings of a flow wait no more.
    fn leave(&mut self, flow: Flow, gone: u32) {
        if let Entry::Occupied(mut waiting) = self.flows.entry(flow) {
            let left = waiting.get().saturating_sub(gone);
            if left == 0 {
                waiting.remove();
            } else {
                *waiting.get_mut() = left;
            }
        }
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
        while is_due(self.waiting.front()?) {
            let Waiting { due, flow, .. } = self.waiting.pop_front()?;
            self.leave(flow, 1);
            let (input, mut sighting, rules) = due;
            if self.is_given(&sighting) {
                // Those that were seen while it waited count.
                let others = self.others(&sighting);
                if let Some(resolution) = &mut sighting.resolution {
                    resolution.others = others;
                }
                return Some((input, sighting, rules));
            }
        }
        None
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Another capture begins: what was known of addresses is another network's.
    pub fn reset(&mut self) {
        self.addresses.clear();
        self.explained.clear();
    }

    /// What became of findings so far.
    pub fn stats(&self) -> HeldStats {
        self.stats
    }
}

fn bump(count: &mut u64, by: u64) {
    *count = count.saturating_add(by);
}

/// Nanoseconds between two times, whichever is first.
fn apart(one: Timestamp, other: Timestamp) -> u64 {
    one.nanos_since(other).unsigned_abs()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
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
            outer: false,
            timestamp: Timestamp::from_parts(10, 0),
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

    #[test]
    fn a_flow_that_was_explained_stays_so() {
        let mut held = Held::default();
        held.passes(0, &resolved(1, 10), None);
        held.unrelated(&unrelated(1, 7));
        for secs in (70..1_000).step_by(60) {
            assert!(!held.passes(0, &resolved(1, secs), None) && held.is_empty());
        }
        // After a long silence the ports are another flow's.
        held.passes(0, &resolved(1, 5_000), None);
        assert_eq!(held.rest().unwrap().1.resolution.unwrap().others, 1);
    }

    #[test]
    fn an_outer_name_explains_nothing_and_is_a_name() {
        let mut held = Held::default();
        held.passes(0, &resolved(1, 10), None);
        let mut outer = unrelated(1, 7);
        outer.outer = true;
        held.unrelated(&outer);
        assert_eq!(held.due(at(15)).unwrap().1.resolution.unwrap().others, 1);
    }

    #[test]
    fn names_that_come_while_a_finding_waits_count() {
        let mut held = Held::default();
        held.passes(0, &resolved(1, 10), None);
        for n in 0..u64::from(SHARED) {
            held.unrelated(&unrelated(2, n));
        }
        assert!(held.rest().is_none() && held.is_empty());
        assert_eq!((held.stats().shared, held.stats().explained), (1, 0));
    }

    #[test]
    fn what_many_devices_do_says_nothing() {
        let mut held = Held::default();
        let by = |device: u8, secs| {
            let mut s = resolved(1, secs);
            s.flow.src = [10, 0, 0, device].into();
            s
        };
        let mut given = |secs| -> usize {
            let all = 1..=CROWD as u8 + 5;
            all.filter(|device| {
                held.passes(0, &by(*device, secs), None);
                held.rest().is_some()
            })
            .count()
        };
        assert_eq!(given(10), CROWD);
        // Those that were reported may be again, no others.
        assert_eq!(given(20), CROWD);
        // Another day.
        assert_eq!(given(100_000), CROWD);
        assert_eq!(held.stats().crowded, 15);
    }

    #[test]
    fn a_connection_that_came_about_takes_the_place_of_the_attempt() {
        let mut held = Held::default();
        let contact = |reach, port| {
            let mut s = sighting("203.0.113.66", 10);
            s.evidence = Evidence::Address(reach);
            s.dns = None;
            s.flow.sport = port;
            s
        };
        assert!(!held.passes(0, &contact(Reach::Tried, 1), None));
        assert!(!held.passes(0, &contact(Reach::Tried, 2), None));
        // A name in the flow is another finding.
        let mut named = contact(Reach::Tried, 1);
        named.evidence = Evidence::Name(Kind::TlsSni);
        assert!(held.passes(0, &named, None));
        let mut answer = contact(Reach::Connected, 1);
        std::mem::swap(&mut answer.flow.src, &mut answer.flow.dst);
        std::mem::swap(&mut answer.flow.sport, &mut answer.flow.dport);
        assert!(held.passes(0, &answer, None));
        assert_eq!(held.rest().unwrap().1.flow.sport, 2);
        assert!(held.rest().is_none());
        assert_eq!((held.stats().connected, held.stats().named), (1, 0));
    }
}
