//! Tells addresses that no listed network contains, in a few instructions and at most two places of memory for
//! IPv4, five for IPv6.
//!
//! The first stage is a map of 2^16 bits: of IPv4 by the upper half of the address, of IPv6 by a hash of
//! its first 32 bits, since few of those are in use. A short list leaves most of it clear, and it
//! stays in the fastest cache. The second stage holds hashes of prefixes of some lengths, the *levels*. A network
//! of another length stands there as all the prefixes of the next level that it contains, where
//! these are few, or else as the shorter one that contains it.

use crate::rules::matcher::hints::{Hints, bits, has};
use crate::words::mix;

use super::table::{Address, Table};

/// A network is spelled out where the next level is at most so many bits away.
const MAX_GAP: usize = 8;
/// Into how many prefixes the networks may be spelled out, for each network,
const FOR_EACH: usize = 3;
/// and besides.
const SPARE: usize = 65_536;

/// One bit for each 16-bit number.
#[derive(Debug)]
struct Map(Box<[u64; 1024]>);

impl Map {
    fn new() -> Self {
        Self(Box::new([0; 1024]))
    }

    #[inline]
    fn has(&self, n: u16) -> bool {
        let word = self.0.get(usize::from(n >> 6)).copied().unwrap_or(0);
        word >> (n & 63) & 1 != 0
    }

    fn set(&mut self, n: u16) {
        if let Some(word) = self.0.get_mut(usize::from(n >> 6)) {
            *word |= 1 << (n & 63);
        }
    }

    /// Sets all numbers whose first `prefix` bits, at most 16, are those of `n`.
    fn set_all(&mut self, n: u16, prefix: u8) {
        let others = u16::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
        for n in n & !others..=n | others {
            self.set(n);
        }
    }

    /// Bytes of heap.
    fn memory(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// Whether more than half of the bits are set.
    fn is_dense(&self) -> bool {
        let set: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        set > 1 << 15
    }
}

/// As what a network stands in the second stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// All prefixes of this level that it contains.
    All(u8),
    /// The prefix of this level that contains it.
    Within(u8),
    /// There is no such level.
    Wide,
}

/// Which networks are spelled out.
struct Plan<'l> {
    levels: &'l [u8],
    /// Up to how many bits from the next level.
    gap: u8,
    /// How many hashes that makes.
    hashes: usize,
}

impl<'l> Plan<'l> {
    /// For networks of these prefixes.
    fn new(levels: &'l [u8], prefixes: impl Iterator<Item = u8>) -> Self {
        let mut counts = [0_usize; MAX_GAP + 1];
        let mut all = 0_usize;
        for prefix in prefixes {
            all = all.saturating_add(1);
            let next = levels.iter().find(|level| **level >= prefix);
            let gap = next.map(|level| usize::from(level.saturating_sub(prefix)));
            if let Some(count) = gap.and_then(|gap| counts.get_mut(gap)) {
                *count = count.saturating_add(1);
            }
        }
        let mut plan = Self {
            levels,
            gap: 0,
            hashes: all,
        };
        // The nearest first, as long as there is room.
        for (gap, count) in counts.iter().enumerate() {
            let more = count.saturating_mul((1_usize << gap).saturating_sub(1));
            let hashes = plan.hashes.saturating_add(more);
            if hashes > all.saturating_mul(FOR_EACH).saturating_add(SPARE) {
                break;
            }
            plan.gap = gap as u8;
            plan.hashes = hashes;
        }
        plan
    }

    fn stand(&self, prefix: u8) -> Stand {
        let next = self.levels.iter().find(|level| **level >= prefix);
        if let Some(level) = next
            && level.saturating_sub(prefix) <= self.gap
        {
            return Stand::All(*level);
        }
        let before = self.levels.iter().rev().find(|level| **level < prefix);
        before.map_or(Stand::Wide, |level| Stand::Within(*level))
    }

    /// The prefixes of the second stage for one network, as (level, prefix in its lowest bits).
    fn keys(&self, start: u128, prefix: u8) -> impl Iterator<Item = (u8, u128)> + use<> {
        let (level, count) = match self.stand(prefix) {
            Stand::All(level) => (level, 1 << level.saturating_sub(prefix)),
            Stand::Within(level) => (level, 1),
            Stand::Wide => (0, 0),
        };
        let first = start
            .checked_shr(128_u32.saturating_sub(u32::from(level)))
            .unwrap_or(0);
        (0..count).map(move |n: u128| (level, first.wrapping_add(n)))
    }
}

/// The levels of IPv4.
const LEVELS4: [u8; 2] = [24, 32];

/// The filter of IPv4 addresses.
#[derive(Debug)]
pub(super) struct Filter4 {
    /// By the upper half: something is listed there.
    some: Map,
    /// Something is listed nearly everywhere: then asking `some` first costs more than it saves.
    dense: bool,
    /// By the upper half: all of it is listed, or nothing closer is known. Often there is none.
    whole: Option<Map>,
    /// The hash of the first 24 bits chooses the word, for networks and addresses alike: so one
    /// look is enough.
    hints: Hints,
}

impl Filter4 {
    pub(super) fn new(table: &Table<u32>) -> Self {
        let narrow = || table.networks().filter(|(_, prefix)| *prefix > 16);
        let plan = Plan::new(&LEVELS4, narrow().map(|(_, prefix)| prefix));
        let mut filter = Self {
            some: Map::new(),
            dense: false,
            whole: None,
            hints: Hints::with_room(plan.hashes),
        };
        for (start, prefix) in table.networks() {
            let page = (start >> 16) as u16;
            filter.some.set_all(page, prefix.min(16));
            if prefix <= 16 || plan.stand(prefix) == Stand::Wide {
                let whole = filter.whole.get_or_insert_with(Map::new);
                whole.set_all(page, prefix.min(16));
                continue;
            }
            for (level, key) in plan.keys(start.aligned(), prefix) {
                let key = key as u32;
                if level == 24 {
                    let hash = Self::hash24(key);
                    filter.hints.add(hash, bits(hash));
                } else {
                    filter.hints.add(Self::hash24(key >> 8), Self::bits32(key));
                }
            }
        }
        filter.dense = filter.some.is_dense();
        filter
    }

    #[inline]
    pub(super) fn may_have(&self, address: u32) -> bool {
        let page = (address >> 16) as u16;
        (self.dense || self.some.has(page))
            && (self.second(address) || self.whole.as_ref().is_some_and(|whole| whole.has(page)))
    }

    #[inline]
    fn second(&self, address: u32) -> bool {
        let hash = Self::hash24(address >> 8);
        let word = self.hints.word(hash);
        // Without a branch, which could not be foreseen.
        has(word, bits(hash)) | has(word, Self::bits32(address))
    }

    #[inline]
    fn hash24(prefix: u32) -> u64 {
        mix(0, u64::from(prefix))
    }

    #[inline]
    fn bits32(address: u32) -> u64 {
        bits(mix(32 << 56, u64::from(address)))
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.some
            .memory()
            .saturating_add(self.whole.as_ref().map_or(0, Map::memory))
            .saturating_add(self.hints.memory())
    }
}

/// The levels of IPv6: what registries, providers, sites and hosts have.
const LEVELS6: [u8; 4] = [32, 48, 64, 128];

/// The filter of IPv6 addresses.
#[derive(Debug)]
pub(super) struct Filter6 {
    /// By a hash of the first 32 bits: something is listed there.
    some: Map,
    /// As for IPv4.
    dense: bool,
    /// By the first 16 bits: a very wide network is listed there. Often none is.
    wide: Option<Map>,
    /// Which levels have a network.
    levels: [bool; 4],
    hints: Hints,
}

impl Filter6 {
    pub(super) fn new(table: &Table<u128>) -> Self {
        let plan = Plan::new(&LEVELS6, table.networks().map(|(_, prefix)| prefix));
        let mut filter = Self {
            some: Map::new(),
            dense: false,
            wide: None,
            levels: [false; 4],
            hints: Hints::with_room(plan.hashes),
        };
        for (start, prefix) in table.networks() {
            if plan.stand(prefix) == Stand::Wide {
                let wide = filter.wide.get_or_insert_with(Map::new);
                wide.set_all((start >> 112) as u16, prefix.min(16));
            }
            for (level, key) in plan.keys(start, prefix) {
                let address = key
                    .checked_shl(128_u32.saturating_sub(u32::from(level)))
                    .unwrap_or(0);
                filter.some.set(Self::page(address));
                let hash = Self::hash(level, address);
                filter.hints.add(hash, bits(hash));
                for (known, has) in LEVELS6.iter().zip(&mut filter.levels) {
                    *has |= *known == level;
                }
            }
        }
        filter.dense = filter.some.is_dense();
        filter
    }

    #[inline]
    pub(super) fn may_have(&self, address: u128) -> bool {
        ((self.dense || self.some.has(Self::page(address))) && self.second(address))
            || self
                .wide
                .as_ref()
                .is_some_and(|wide| wide.has((address >> 112) as u16))
    }

    /// Asks each level that has a network, all of them: the answers cannot be foreseen, the levels can.
    #[inline]
    fn second(&self, address: u128) -> bool {
        LEVELS6
            .iter()
            .zip(self.levels)
            .fold(false, |found, (level, used)| {
                found | (used && self.hints.has(Self::hash(*level, address)))
            })
    }

    /// The hash of the first bits of an address.
    #[inline]
    fn hash(level: u8, address: u128) -> u64 {
        let (upper, lower) = ((address >> 64) as u64, address as u64);
        match level {
            32 => mix(0, upper >> 32),
            48 => mix(48 << 56, upper >> 16),
            64 => mix(mix(0, upper), 64),
            _ => mix(mix(128, upper), lower),
        }
    }

    /// The place of an address in the first stage: the upper bits of a product, which hang on all bits of the factor.
    #[inline]
    const fn page(address: u128) -> u16 {
        (((address >> 96) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u16
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        self.some
            .memory()
            .saturating_add(self.wide.as_ref().map_or(0, Map::memory))
            .saturating_add(self.hints.memory())
    }
}
