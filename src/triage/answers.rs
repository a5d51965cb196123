//! Servers' directions that answer a ClientHello which no worker saw.
//!
//! Where the reader itself reads a hello, the workers do not learn which end of the connection is the client.
//! It is asked for only where something in the middle of a server's direction looks like the beginning of a
//! message: then that is content. So it is noted here, in one word for a direction, and told with such a segment.

use super::heads::Key;

/// Directions that can be noted; one that is forgotten is read as if it were unknown.
const SLOTS: usize = 32_768;

/// A table without searches: a direction has one slot, and the last one that has it counts.
#[derive(Debug)]
pub(super) struct Answers {
    tags: Box<[u32]>,
    unused: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            tags: vec![0; SLOTS].into_boxed_slice(),
            unused: true,
        }
    }
}

impl Answers {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        if !self.unused {
            self.tags.fill(0);
            self.unused = true;
        }
    }

    /// The direction answers a hello.
    #[inline]
    pub(super) fn note(&mut self, key: Key) {
        self.unused = false;
        let (slot, tag) = place(key);
        if let Some(found) = self.tags.get_mut(slot) {
            *found = tag;
        }
    }

    /// Another connection uses the direction's addresses and ports.
    #[inline]
    pub(super) fn forget(&mut self, key: Key) {
        let (slot, tag) = place(key);
        if let Some(found) = self.tags.get_mut(slot)
            && *found == tag
        {
            *found = 0;
        }
    }

    /// Whether the direction is known to answer a hello.
    #[inline]
    pub(super) fn knows(&self, key: Key) -> bool {
        let (slot, tag) = place(key);
        self.tags.get(slot).is_some_and(|&found| found == tag)
    }
}

/// The slot of a direction, and what says that it is this direction: never 0.
#[inline]
fn place(key: Key) -> (usize, u32) {
    let slot = (key.0 >> 32) as usize & SLOTS.wrapping_sub(1);
    // Together all bits but one of the key.
    let tag = (key.0 as u32) ^ (key.0 >> 47) as u32;
    (slot, tag.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_told_apart() {
        let mut answers = Answers::default();
        let (one, same_slot) = (Key(7 << 32 | 5), Key(7 << 32 | 6));
        assert!(!answers.knows(one));
        answers.note(one);
        assert!(answers.knows(one) && !answers.knows(same_slot));
        answers.forget(same_slot);
        assert!(answers.knows(one));
        answers.note(same_slot);
        assert!(!answers.knows(one) && answers.knows(same_slot));
        answers.forget(same_slot);
        assert!(!answers.knows(same_slot));
        answers.note(one);
        answers.clear();
        assert!(!answers.knows(one));
        assert!(!Answers::default().knows(Key(0)));
    }
}
