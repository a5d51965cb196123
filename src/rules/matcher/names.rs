//! All listed names, each once, numbered, in one piece of memory; and the index that finds them.
//!
//! The index is a hash table of groups of eight: one word holds a byte of each name's hash. A byte
//! that fits is only a hint: the names' own bytes are compared before anything is found. For names of
//! three labels and more, that of their last two is a hint, too. So a name that is not listed costs one
//! look at one word of memory, for its last two labels, however long the list, and the rest of it is
//! not even read.

use std::ops::{ControlFlow, Range};

use super::super::domain::ends_escaping;
use super::super::indicator::How;
use super::hash;

/// How many of the eight places of a group may be taken on the average: then one group in eight is
/// full.
const PER_GROUP: usize = 5;
/// How many groups in a row may be full before another seed is tried: chance alone does not get
/// there, so the list was made to be slow.
const MAX_FULL: usize = 32;
/// In place of a name's number: names that end with these two labels are listed.
const DEEPER: u32 = u32::MAX;
/// How many seeds are tried.
const SEEDS: u64 = 8;
/// Ends every name in memory: no name holds it.
const END: u8 = b'\n';

/// The set of listed names.
#[derive(Debug)]
pub(in crate::rules) struct Names {
    /// Every name, lower case, with [`END`] behind it, and between them what was left out.
    bytes: Vec<u8>,
    /// Where each name begins.
    starts: Vec<u32>,
    /// For each group a byte of each name's hash, from the lowest; 0 is a free place.
    tags: Vec<u64>,
    /// The names' numbers, eight places for each group.
    places: Vec<u32>,
    /// How many places are taken.
    taken: usize,
    seed: u64,
    /// How many seeds were given up.
    reseeded: u64,
    /// Bit `n`: a name with `n` dots is listed; the highest bit stands for all above, too.
    dots: u64,
    /// The longest name.
    longest: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            starts: Vec::new(),
            tags: Vec::new(),
            places: Vec::new(),
            taken: 0,
            seed: hash::seed(0),
            reseeded: 0,
            dots: 0,
            longest: 0,
        }
    }
}

/// What became of a name that was given to [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Added {
    /// It is new and got this number, the next one.
    New(usize),
    /// It has had this number before.
    Known(usize),
    /// There is no room: the names hold four gigabytes.
    Full,
}

/// The hash of a name, and the seed with which it was made: another one may have come since.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::rules) struct NameHash {
    seed: u64,
    hash: u64,
}

impl Names {
    /// How many names there are.
    pub(in crate::rules) fn len(&self) -> usize {
        self.starts.len()
    }

    /// A name by its number.
    pub(in crate::rules) fn get(&self, number: usize) -> Option<&str> {
        std::str::from_utf8(self.name(number)?).ok()
    }

    fn name(&self, number: usize) -> Option<&[u8]> {
        self.bytes.get(self.place(number)?)
    }

    /// Where a name stands in the memory of the names.
    fn place(&self, number: usize) -> Option<Range<usize>> {
        let start = usize::try_from(*self.starts.get(number)?).ok()?;
        let length = memchr::memchr(END, self.bytes.get(start..)?)?;
        Some(start..start.saturating_add(length))
    }

    /// All names, in the order of their numbers.
    pub(in crate::rules) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|number| self.get(number))
    }

    /// The same as bytes.
    pub(in crate::rules) fn bytes_iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|number| self.name(number))
    }

    /// Adds a name: lower case, without a final dot or a line break.
    pub(in crate::rules) fn add(&mut self, name: &str) -> Added {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(END);
        let added = self.add_here(start..start.saturating_add(name.len()));
        if !matches!(added, Added::New(_)) {
            self.bytes.truncate(start);
        }
        added
    }

    /// The memory of the names, for a reader of lists to put names into, a line each; what it put
    /// there becomes a name by [`Names::add_here`].
    pub(in crate::rules) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What stands in the memory of the names.
    pub(in crate::rules) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash of a name, in any case, by which [`Names::add_hashed`] finds its place.
    #[inline]
    pub(in crate::rules) fn hash(&self, name: &[u8]) -> NameHash {
        NameHash {
            seed: self.seed,
            hash: hash::whole(self.seed, name),
        }
    }

    /// Reads what [`Names::add_hashed`] would read first of these names. In a long list that is far away in
    /// memory: reads one straight after another wait for memory once, not once each.
    pub(in crate::rules) fn touch(&self, names: impl Iterator<Item = NameHash>) {
        let read = |sum, name: NameHash| {
            sum ^ self
                .tags
                .get(self.group(name.hash))
                .copied()
                .unwrap_or_default()
        };
        // Otherwise the compiler leaves out what has no use.
        std::hint::black_box(names.fold(0, read));
    }

    /// Adds the name that stands at `at` in the memory of the names, on a line of its own: of
    /// ASCII, any case, without a final dot (the range leaves that out).
    pub(in crate::rules) fn add_here(&mut self, at: Range<usize>) -> Added {
        let hash = self.hash(self.bytes.get(at.clone()).unwrap_or_default());
        self.add_hashed(at, hash)
    }

    /// The same for a name whose hash is known.
    pub(in crate::rules) fn add_hashed(&mut self, at: Range<usize>, hash: NameHash) -> Added {
        let Ok(start) = u32::try_from(at.start) else {
            return Added::Full;
        };
        let name = self.bytes.get(at.clone()).unwrap_or_default();
        let hash = if hash.seed == self.seed {
            hash.hash
        } else {
            hash::whole(self.seed, name)
        };
        let (length, dots) = (name.len(), count_dots(name));
        if let Some(known) = self.lookup(hash, name).found {
            return Added::Known(known);
        }
        let number = self.starts.len();
        if !u32::try_from(number).is_ok_and(|number| number < DEEPER) {
            return Added::Full;
        }
        // Only then: what is written cannot be read in words at once.
        if name.iter().any(u8::is_ascii_uppercase)
            && let Some(name) = self.bytes.get_mut(at.clone())
        {
            name.make_ascii_lowercase();
        }
        // In place of the final dot, where there was one.
        if let Some(end @ b'.') = self.bytes.get_mut(at.end) {
            *end = END;
        }
        self.starts.push(start);
        self.longest = self.longest.max(length);
        self.dots |= 1_u64.wrapping_shl(dots.min(63));
        // One place for the name and one for its last two labels.
        if self.taken.saturating_add(2) > self.tags.len().saturating_mul(PER_GROUP) {
            self.rebuild(self.more_groups());
        } else if !self.index(number, hash, at) {
            self.rebuild(self.tags.len());
        }
        Added::New(number)
    }

    /// Makes room for more names at once instead of step by step.
    pub(in crate::rules) fn reserve(&mut self, more: usize) {
        self.starts.reserve(more);
        // Every fourth may be the first with three labels and these last two.
        let places = self.len().saturating_add(more).saturating_mul(5) / 4;
        let groups = places.div_ceil(PER_GROUP.saturating_sub(1));
        if groups > self.tags.len() {
            // Many small reserves, too, index every name a few times only.
            self.rebuild(groups.max(self.more_groups()));
        }
    }

    /// The next size of the table.
    fn more_groups(&self) -> usize {
        self.tags.len().saturating_mul(3).div_ceil(2).max(2)
    }

    /// Frees what was only reserved.
    pub(in crate::rules) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    /// Indexes all names anew in this many groups. Where someone made a list so that its names
    /// stand in each other's way, with another seed.
    fn rebuild(&mut self, groups: usize) {
        self.tags = Vec::new();
        self.places = Vec::new();
        loop {
            self.tags.clear();
            self.tags.resize(groups, 0);
            self.places.resize(groups.saturating_mul(8), 0);
            self.taken = 0;
            let good = (0..self.starts.len()).all(|number| {
                let at = self.place(number).unwrap_or_default();
                let name = self.bytes.get(at.clone()).unwrap_or_default();
                let hash = hash::whole(self.seed, name);
                self.index(number, hash, at)
            });
            if good {
                return;
            }
            self.reseeded = self.reseeded.saturating_add(1);
            self.seed = hash::seed(self.reseeded);
        }
    }

    /// Puts a name that is not there yet and stands at `at` into the table; false as [`Names::put`].
    fn index(&mut self, number: usize, hash: u64, at: Range<usize>) -> bool {
        // Above four billion no name gets a number.
        if !self.put(hash, u32::try_from(number).unwrap_or(DEEPER)) {
            return false;
        }
        let name = self.bytes.get(at).unwrap_or_default();
        if count_dots(name) < 2 {
            return true;
        }
        let parent = hash::suffixes(self.seed, name, |hash, at, dots| {
            if dots == 1 && at > 0 {
                ControlFlow::Break(hash)
            } else {
                ControlFlow::Continue(())
            }
        });
        match parent {
            ControlFlow::Break(parent) if !self.lookup(parent, b"").hint => {
                self.put(parent, DEEPER)
            }
            _ => true,
        }
    }

    /// Puts a number into the first group with room; false where that is too far off, as long as
    /// there is a seed left to try.
    fn put(&mut self, hash: u64, number: u32) -> bool {
        let mut group = self.group(hash);
        for full in 0..self.tags.len() {
            let Some(tags) = self.tags.get_mut(group) else {
                return true;
            };
            let free = hash::equal(*tags, 0).trailing_zeros() >> 3;
            if free < 8 {
                if full > MAX_FULL && self.reseeded < SEEDS {
                    return false;
                }
                *tags |= u64::from(tag(hash)).wrapping_shl(free.wrapping_mul(8));
                let at = group.saturating_mul(8).saturating_add(free as usize);
                if let Some(place) = self.places.get_mut(at) {
                    *place = number;
                }
                self.taken = self.taken.saturating_add(1);
                return true;
            }
            group = self.next(group);
        }
        // Never: there are free places.
        true
    }

    /// Where the search for a hash begins: its upper half, scaled to the number of groups.
    #[inline]
    fn group(&self, hash: u64) -> usize {
        let groups = self.tags.len() as u64;
        ((hash >> 32).wrapping_mul(groups) >> 32) as usize
    }

    #[inline]
    fn next(&self, group: usize) -> usize {
        let next = group.wrapping_add(1);
        if next >= self.tags.len() { 0 } else { next }
    }

    /// Looks for the name that has this hash and is `asked`, in any case.
    #[inline]
    fn lookup(&self, hash: u64, asked: &[u8]) -> Looked {
        let mut group = self.group(hash);
        let mut looked = Looked {
            hint: false,
            found: None,
        };
        while let Some(tags) = self.tags.get(group).copied() {
            let fit = hash::equal(tags, tag(hash));
            if fit != 0 {
                looked.hint = true;
                looked.found = self.compare(group, fit, asked);
            }
            if looked.found.is_some() || hash::equal(tags, 0) != 0 {
                break;
            }
            group = self.next(group);
        }
        looked
    }

    /// Of the places of a group that `fit` marks, the one whose name is `asked`.
    #[inline(never)] // rare: keeps the walk small
    fn compare(&self, group: usize, mut fit: u64, asked: &[u8]) -> Option<usize> {
        while fit != 0 {
            let place = (fit.trailing_zeros() >> 3) as usize;
            let at = group.saturating_mul(8).saturating_add(place);
            let number = *self.places.get(at)? as usize;
            // None for `DEEPER`.
            if let Some(start) = self.starts.get(number).map(|start| *start as usize) {
                let end = start.saturating_add(asked.len());
                let name = self.bytes.get(start..end);
                if name.is_some_and(|name| name.eq_ignore_ascii_case(asked))
                    && self.bytes.get(end) == Some(&END)
                {
                    return Some(number);
                }
            }
            fit &= fit.wrapping_sub(1);
        }
        None
    }

    /// The number of exactly this name, in any case.
    pub(in crate::rules) fn number(&self, name: &[u8]) -> Option<usize> {
        self.lookup(hash::whole(self.seed, name), name).found
    }

    /// The longest name that `asked` (not empty, without a final dot) is or stands below, of those
    /// that `applies` takes. Case does not matter.
    #[inline]
    pub(super) fn find(
        &self,
        asked: &[u8],
        applies: impl Fn(usize, How) -> bool,
    ) -> Option<(usize, How)> {
        // What is longer than all names is below one at most: its end is enough.
        let cut = asked.len().saturating_sub(self.longest.saturating_add(1));
        let end = asked.get(cut..).unwrap_or_default();
        let mut best = None;
        let walked = hash::suffixes(self.seed, end, |hash, at, dots| {
            let with = self.dots.wrapping_shr(dots.min(63));
            if with == 0 {
                return ControlFlow::Break(());
            }
            // The last two labels tell of all names that end with them.
            if with & 1 == 0 && dots != 1 {
                return ControlFlow::Continue(());
            }
            let Some(suffix) = end.get(at..) else {
                return ControlFlow::Continue(());
            };
            let looked = self.lookup(hash, suffix);
            if let Some(found) = looked.found {
                let at = cut.saturating_add(at);
                let how = if at == 0 { How::Exact } else { How::Below };
                if applies(found, how) && at_label(asked, at) {
                    best = Some((found, how));
                }
            }
            if dots == 1 && !looked.hint {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        let (ControlFlow::Break(()) | ControlFlow::Continue(())) = walked;
        best
    }

    /// How many seeds were given up.
    #[cfg(test)]
    pub(super) fn reseeded(&self) -> u64 {
        self.reseeded
    }

    /// The size of the table.
    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.tags.len()
    }

    /// The most full groups in a row.
    #[cfg(test)]
    pub(super) fn longest_search(&self) -> usize {
        let full = self.tags.split(|tags| hash::equal(*tags, 0) != 0);
        full.map(<[u64]>::len).max().unwrap_or(0)
    }

    /// Bytes of heap.
    pub(super) fn memory(&self) -> usize {
        let words = self.tags.capacity().saturating_mul(8);
        let halves = self
            .starts
            .capacity()
            .saturating_add(self.places.capacity());
        self.bytes
            .capacity()
            .saturating_add(words)
            .saturating_add(halves.saturating_mul(4))
    }
}

/// What was found in the table.
struct Looked {
    /// Something has this hash, or one much like it.
    hint: bool,
    found: Option<usize>,
}

fn count_dots(name: &[u8]) -> u32 {
    name.iter().filter(|b| **b == b'.').count() as u32
}

/// The byte of a hash that is kept, never 0. [`Names::group`] uses others.
#[inline]
fn tag(hash: u64) -> u8 {
    (hash as u8).max(1)
}

/// Whether a label begins at `at`: the name does, or a dot before it is not part of a label.
fn at_label(name: &[u8], at: usize) -> bool {
    match name.get(..at).and_then(<[u8]>::split_last) {
        Some((b'.', before)) => !ends_escaping(before),
        Some(_) => false,
        None => true,
    }
}
