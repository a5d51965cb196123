//! What the table of heads counts.

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// SYNs of those who open connections.
    pub opened: u64,
    /// SYNs that answer them.
    pub accepted: u64,
    /// Directions whose SYN was noted and that made room for others before they sent anything.
    pub evicted_fresh: u64,
    /// Directions that made room for others inside a message.
    pub evicted_open: u64,
    /// Directions that were silent for over 120 seconds after both ends had sent their SYN.
    pub idle_fresh: u64,
    /// Directions that were silent for over 120 seconds after a message began. Whether it was whole
    /// is not known here: where it was not, who reads it counts it.
    pub idle_open: u64,
    /// Those of which more was wanted, whatever comes: HTTP/2.
    pub idle_http2: u64,
    /// Directions of which data came more than 64 KiB ahead of the first byte: not forwarded.
    pub ahead: u64,
    /// Beginnings of requests' heads that made room for others before their next segment came.
    pub heads_forgotten: u64,
    /// Servers' directions of which it was forgotten that they answer a hello.
    pub answers_forgotten: u64,
}

impl HeadStats {
    /// Adds another table's numbers.
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.opened, other.opened),
            (&mut self.accepted, other.accepted),
            (&mut self.evicted_fresh, other.evicted_fresh),
            (&mut self.evicted_open, other.evicted_open),
            (&mut self.idle_fresh, other.idle_fresh),
            (&mut self.idle_open, other.idle_open),
            (&mut self.idle_http2, other.idle_http2),
            (&mut self.ahead, other.ahead),
            (&mut self.heads_forgotten, other.heads_forgotten),
            (&mut self.answers_forgotten, other.answers_forgotten),
        ] {
            *sum = sum.saturating_add(n);
        }
    }
}
