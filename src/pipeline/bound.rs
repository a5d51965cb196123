//! Addresses that listed names were resolved to, for as long as the answers hold. It belongs to the thread that reads.

use std::collections::HashMap;
use std::net::IpAddr;

use super::contacts::leads;
use crate::rules::{IndicatorId, RuleSet};
use crate::time::Timestamp;

/// How many addresses are known at once.
const MAX: usize = 8_192;

/// An answer holds for so long at least, in seconds: programs use an address for longer than they may.
pub(super) const SHORTEST: u32 = 300;

/// And for so long at most.
pub(super) const LONGEST: u32 = 86_400;

/// Words of the filter, 8 KiB: for some thousand addresses it errs once in a hundred.
const WORDS: usize = 1_024;

/// How many other names of an address are told apart.
const OTHERS: usize = crate::alert::SHARED as usize;

/// How a listed name led to an address.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) indicator: IndicatorId,
    /// The listed name as it was seen.
    pub(super) name: Box<str>,
    /// What was asked for, where that is another name.
    pub(super) asked: Option<Box<str>>,
    /// When the latest answer was seen, and in which packet.
    pub(super) answered: Timestamp,
    pub(super) packet: u64,
    pub(super) until: Timestamp,
    /// Hashes of other names that were resolved to it.
    others: [u64; OTHERS],
    count: usize,
}

impl Binding {
    pub(super) fn new(indicator: IndicatorId, name: &[u8], asked: &[u8]) -> Self {
        let text = |name| String::from_utf8_lossy(name).into_owned().into_boxed_str();
        Self {
            indicator,
            name: text(name),
            asked: (!asked.eq_ignore_ascii_case(name)).then(|| text(asked)),
            answered: Timestamp::default(),
            packet: 0,
            until: Timestamp::default(),
            others: [0; OTHERS],
            count: 0,
        }
    }

    /// How many other names were resolved to the address.
    pub(super) const fn others(&self) -> usize {
        self.count
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BoundStats {
    /// Addresses that listed names were resolved to.
    pub learned: u64,
    /// Addresses that were forgotten before their time since there were too many.
    pub forgotten: u64,
    /// Addresses that other threads learned and this one did not hear of.
    pub missed: u64,
    /// Names and addresses of answers beyond those that are read.
    pub beyond: u64,
}

/// The addresses.
#[derive(Debug)]
pub(super) struct Bound {
    filter: [u64; WORDS],
    bindings: HashMap<IpAddr, Binding, foldhash::fast::FixedState>,
    stats: BoundStats,
}

impl Default for Bound {
    fn default() -> Self {
        Self {
            filter: [0; WORDS],
            bindings: HashMap::default(),
            stats: BoundStats::default(),
        }
    }
}

impl Bound {
    /// Whether no address is known.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }

    pub(super) fn stats(&self) -> BoundStats {
        self.stats
    }

    /// How many addresses are known, and how many can be.
    pub(super) fn fill(&self) -> (usize, usize) {
        (self.bindings.len(), MAX)
    }

    /// False where an address is not known, at the least cost.
    #[inline]
    pub(super) fn may_know_v4(&self, address: u32) -> bool {
        self.may_know(hash_v4(address))
    }

    /// The same of IPv6.
    #[inline]
    pub(super) fn may_know_v6(&self, address: &[u8; 16]) -> bool {
        self.may_know(hash_v6(address))
    }

    #[inline]
    fn may_know(&self, hash: u64) -> bool {
        let (word, bits) = place(hash);
        self.filter
            .get(word)
            .is_some_and(|word| word & bits == bits)
    }

    /// What is known of an address at `now`.
    pub(super) fn find(&self, address: IpAddr, now: Timestamp) -> Option<&Binding> {
        let binding = self.bindings.get(&address)?;
        // A clock that jumps back does not make it count for longer than it may.
        let age = now.nanos_since(binding.answered).unsigned_abs() / 1_000_000_000;
        (now <= binding.until && age <= u64::from(LONGEST)).then_some(binding)
    }

    /// Learns an address, or hears of it again, at `now` in packet number `packet`; `ttl` in seconds.
    pub(super) fn learn(
        &mut self,
        address: IpAddr,
        ttl: u32,
        binding: &Binding,
        (now, packet): (Timestamp, u64),
    ) {
        let until = now
            .nanos()
            .saturating_add(i64::from(ttl.clamp(SHORTEST, LONGEST)).saturating_mul(1_000_000_000));
        if self.bindings.len() >= MAX && !self.bindings.contains_key(&address) {
            self.make_room(now);
        }
        let mut new = binding.clone();
        new.answered = now;
        new.packet = packet;
        new.until = Timestamp::from_nanos(until);
        if let Some(known) = self.bindings.get(&address) {
            new.others = known.others;
            new.count = known.count;
            new.until = new.until.max(known.until);
        } else {
            self.stats.learned = self.stats.learned.saturating_add(1);
        }
        self.bindings.insert(address, new);
        self.filter_in(address);
    }

    /// Forgets what is over at `now`.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let before = self.bindings.len();
        self.bindings.retain(|_, b| now <= b.until);
        if self.bindings.len() != before {
            self.filter_anew();
        }
    }

    pub(super) fn missed(&mut self, count: u64) {
        self.stats.missed = self.stats.missed.saturating_add(count);
    }

    pub(super) fn beyond(&mut self, count: u64) {
        self.stats.beyond = self.stats.beyond.saturating_add(count);
    }

    /// Notes that another name was resolved to an address.
    pub(super) fn other(&mut self, address: IpAddr, name: u64) {
        let Some(binding) = self.bindings.get_mut(&address) else {
            return;
        };
        let known = binding.others.get(..binding.count).unwrap_or_default();
        if !known.contains(&name)
            && let Some(place) = binding.others.get_mut(binding.count)
        {
            *place = name;
            binding.count = binding.count.saturating_add(1);
        }
    }

    /// Forgets what is over; where that is not enough, all that is over next.
    fn make_room(&mut self, now: Timestamp) {
        self.bindings.retain(|_, b| now <= b.until);
        if self.bindings.len() >= MAX {
            let mut ends: Vec<Timestamp> = self.bindings.values().map(|b| b.until).collect();
            let middle = ends.len() / 8;
            let (_, end, _) = ends.select_nth_unstable(middle);
            let end = *end;
            let before = self.bindings.len();
            self.bindings.retain(|_, b| b.until > end);
            let gone = before.saturating_sub(self.bindings.len()) as u64;
            self.stats.forgotten = self.stats.forgotten.saturating_add(gone);
        }
        self.filter_anew();
    }

    fn filter_anew(&mut self) {
        self.filter = [0; WORDS];
        let known: Vec<IpAddr> = self.bindings.keys().copied().collect();
        known
            .into_iter()
            .for_each(|address| self.filter_in(address));
    }

    fn filter_in(&mut self, address: IpAddr) {
        let hash = match address {
            IpAddr::V4(address) => hash_v4(address.to_bits()),
            IpAddr::V6(address) => hash_v6(&address.octets()),
        };
        let (word, bits) = place(hash);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bits;
        }
    }

    /// Other rules count from now on: their numbers, and only their names.
    pub(super) fn renew(&mut self, rules: &RuleSet) {
        self.bindings.retain(|_, binding| {
            let hit = leads(rules, binding.name.as_bytes());
            if let Some(hit) = hit {
                binding.indicator = hit.indicator;
            }
            hit.is_some()
        });
        self.filter_anew();
    }

    /// Forgets everything: another capture begins.
    pub(super) fn clear(&mut self) {
        if !self.bindings.is_empty() {
            self.bindings.clear();
            self.filter = [0; WORDS];
        }
    }
}

#[inline]
fn hash_v4(address: u32) -> u64 {
    u64::from(address).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn hash_v6(address: &[u8; 16]) -> u64 {
    let address = u128::from_be_bytes(*address);
    let [high, low] = [(address >> 64) as u64, address as u64];
    (high.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The word of the filter, and two bits of it.
#[inline]
fn place(hash: u64) -> (usize, u64) {
    let word = (hash >> 54) as usize;
    (word, 1 << (hash >> 48 & 63) | 1 << (hash >> 42 & 63))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // tests compute with numbers they chose
mod tests {
    use super::*;

    fn binding(name: &str) -> Binding {
        Binding::new(IndicatorId::default(), name.as_bytes(), name.as_bytes())
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_parts(secs, 0)
    }

    fn address(n: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + n).into())
    }

    #[test]
    fn an_answer_holds_for_its_time_and_no_longer() {
        let mut bound = Bound::default();
        assert!(bound.is_empty() && !bound.may_know_v4(0x0a00_0001));
        bound.learn(address(1), 600, &binding("evil.example"), (at(1_000), 7));
        assert!(bound.may_know_v4(0x0a00_0001));
        let found = bound.find(address(1), at(1_600)).unwrap();
        assert_eq!((&*found.name, found.packet), ("evil.example", 7));
        assert!(found.asked.is_none());
        assert!(bound.find(address(1), at(1_601)).is_none());
        assert!(bound.find(address(2), at(1_000)).is_none());
        // No shorter than five minutes, no longer than a day, also where the clock jumps.
        bound.learn(address(2), 0, &binding("evil.example"), (at(1_000), 8));
        assert!(bound.find(address(2), at(1_300)).is_some());
        bound.learn(
            address(3),
            u32::MAX,
            &binding("evil.example"),
            (at(1_000_000), 8),
        );
        assert!(bound.find(address(3), at(1_086_401)).is_none());
        assert!(bound.find(address(3), at(0)).is_none());
        bound.clear();
        assert!(bound.is_empty() && !bound.may_know_v4(0x0a00_0001));
    }

    #[test]
    fn ipv6_as_well() {
        let mut bound = Bound::default();
        let ip: std::net::Ipv6Addr = "2001:db8::7".parse().unwrap();
        assert!(!bound.may_know_v6(&ip.octets()));
        bound.learn(ip.into(), 60, &binding("evil.example"), (at(1), 1));
        assert!(bound.may_know_v6(&ip.octets()));
    }

    #[test]
    fn other_names_are_counted_once_each_and_kept() {
        let mut bound = Bound::default();
        bound.learn(address(1), 600, &binding("evil.example"), (at(1), 1));
        for name in [1, 2, 2, 1, 3] {
            bound.other(address(1), name);
        }
        bound.other(address(9), 1);
        bound.learn(address(1), 600, &binding("evil.example"), (at(2), 2));
        assert_eq!(bound.find(address(1), at(3)).unwrap().others(), 3);
        (0..20).for_each(|name| bound.other(address(1), 100 + name));
        assert_eq!(bound.find(address(1), at(3)).unwrap().others(), OTHERS);
    }

    #[test]
    fn a_full_table_forgets_what_ends_first() {
        let mut bound = Bound::default();
        for n in 0..=MAX as u32 {
            bound.learn(address(n), 600 + n, &binding("evil.example"), (at(1), 1));
        }
        assert!(bound.bindings.len() <= MAX);
        assert_eq!(bound.stats().learned, MAX as u64 + 1);
        assert!(bound.stats().forgotten > 0);
        assert!(bound.find(address(0), at(2)).is_none());
        assert!(bound.find(address(MAX as u32), at(2)).is_some());
        assert!(bound.may_know_v4(0x0a00_0000 + MAX as u32));
        // What is over is no loss.
        let forgotten = bound.stats().forgotten;
        for n in 0..MAX as u32 {
            bound.learn(
                address(0x10_0000 + n),
                600,
                &binding("x.example"),
                (at(100_000), 1),
            );
        }
        assert_eq!(bound.stats().forgotten, forgotten);
    }
}
