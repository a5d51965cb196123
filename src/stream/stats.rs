//! What the table of directions counts.

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Directions that had to wait for a second segment.
    pub assembled: u64,
    /// Segments whose bytes differ from those that came first.
    pub conflicts: u64,
    /// Segments of which something lay beyond what is kept of one direction.
    pub beyond: u64,
    /// Segments refused since too many parts of their direction waited.
    pub scattered: u64,
    /// Directions given up for others: the table was full.
    pub evicted: u64,
    /// Directions given up for others: their bytes were too many.
    pub evicted_for_space: u64,
    /// Directions given up after a silence.
    pub expired: u64,
    /// Directions that ended inside a message, for whatever reason: those that were evicted or
    /// expired are among them.
    pub incomplete: u64,
    /// Beginnings of messages that are content of another, and were not read.
    pub content: u64,
    /// Places of a direction whose bytes did not come or were refused, passed over.
    pub holes: u64,
    /// Connections of which it was forgotten which end is the client.
    pub roles_forgotten: u64,
}

impl StreamStats {
    /// Directions given up for others.
    pub fn made_room(&self) -> u64 {
        self.evicted.saturating_add(self.evicted_for_space)
    }

    /// Messages whose end did not come, in time or at all. Not among them are those that made room,
    /// of which each was counted as incomplete when it went.
    pub fn without_end(&self) -> u64 {
        self.incomplete.saturating_sub(self.made_room())
    }

    /// Adds another shard's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.assembled, other.assembled),
            (&mut self.conflicts, other.conflicts),
            (&mut self.beyond, other.beyond),
            (&mut self.scattered, other.scattered),
            (&mut self.evicted, other.evicted),
            (&mut self.evicted_for_space, other.evicted_for_space),
            (&mut self.expired, other.expired),
            (&mut self.incomplete, other.incomplete),
            (&mut self.content, other.content),
            (&mut self.holes, other.holes),
            (&mut self.roles_forgotten, other.roles_forgotten),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}
