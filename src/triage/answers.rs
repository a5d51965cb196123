//! Servers' directions that answer a ClientHello which no worker saw.
//!
//! Where the reader itself reads a hello, the workers do not learn which end of the connection is the client.
//! It is asked for only where something in the middle of a server's direction looks like the beginning of a
//! message: then that is content. So it is noted here and told with such a segment.

use super::heads::Key;
use crate::stats::bump;

/// Directions that can be noted; one that is forgotten is read as if it were unknown.
const SLOTS: usize = 32_768;

/// A direction may stand in one of so many places; the latest stands first.
const WAYS: usize = 4;

/// What is noted, a word for each direction: never 0.
#[derive(Debug)]
pub(super) struct Answers {
    tags: Box<[[u32; WAYS]]>,
    unused: bool,
    forgotten: u64,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            tags: vec![[0; WAYS]; SLOTS / WAYS].into_boxed_slice(),
            unused: true,
            forgotten: 0,
        }
    }
}

impl Answers {
    /// How many made room for others.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        if !self.unused {
            self.tags.fill([0; WAYS]);
            self.unused = true;
        }
    }

    /// The direction answers a hello.
    #[inline]
    pub(super) fn note(&mut self, key: Key) {
        self.unused = false;
        let (slot, tag) = place(key);
        let Some([a, b, c, d]) = self.tags.get_mut(slot) else {
            return;
        };
        // Those before it move up, as far as its own place or an empty one.
        let mut moved = std::mem::replace(a, tag);
        for place in [b, c, d] {
            if moved == tag || moved == 0 {
                return;
            }
            moved = std::mem::replace(place, moved);
        }
        if moved != tag && moved != 0 {
            bump(&mut self.forgotten);
        }
    }

    /// Another connection uses the direction's addresses and ports.
    #[inline]
    pub(super) fn forget(&mut self, key: Key) {
        let (slot, tag) = place(key);
        if let Some(bucket) = self.tags.get_mut(slot) {
            for found in bucket {
                *found = if *found == tag { 0 } else { *found };
            }
        }
    }

    /// Whether the direction is known to answer a hello.
    #[inline]
    pub(super) fn knows(&self, key: Key) -> bool {
        let (slot, tag) = place(key);
        self.tags
            .get(slot)
            .is_some_and(|bucket| bucket.contains(&tag))
    }
}

/// Where a direction stands, and what says that it is this direction: never 0.
#[inline]
fn place(key: Key) -> (usize, u32) {
    let slot = (key.0 >> 32) as usize & (SLOTS / WAYS).wrapping_sub(1);
    // Together all bits but three of the key.
    let tag = (key.0 as u32) ^ (key.0 >> 45) as u32;
    (slot, tag.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Directions that share their places.
    fn same(number: u64) -> Key {
        Key(7 << 32 | number)
    }

    #[test]
    fn directions_are_told_apart() {
        let mut answers = Answers::default();
        assert!(!answers.knows(same(5)));
        answers.note(same(5));
        assert!(answers.knows(same(5)) && !answers.knows(same(6)));
        answers.forget(same(6));
        assert!(answers.knows(same(5)));
        answers.note(same(6));
        assert!(answers.knows(same(5)) && answers.knows(same(6)));
        answers.forget(same(6));
        assert!(answers.knows(same(5)) && !answers.knows(same(6)));
        answers.clear();
        assert!(!answers.knows(same(5)));
        assert!(!Answers::default().knows(Key(0)));
    }

    #[test]
    fn the_latest_stay_and_the_others_are_counted() {
        let mut answers = Answers::default();
        for number in 1..=4 {
            answers.note(same(number));
        }
        // Noted again it is the latest.
        answers.note(same(1));
        assert_eq!(answers.forgotten(), 0);
        answers.note(same(5));
        answers.note(same(6));
        assert_eq!(answers.forgotten(), 2);
        let known: Vec<u64> = (1..=6).filter(|n| answers.knows(same(*n))).collect();
        assert_eq!(known, [1, 4, 5, 6]);
        // An empty place is filled first.
        answers.forget(same(5));
        answers.note(same(7));
        assert_eq!(answers.forgotten(), 2);
        assert!(answers.knows(same(4)) && answers.knows(same(7)));
    }
}
