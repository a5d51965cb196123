//! What triage tells of a segment that it forwards.

use super::roles::Start;

/// How a forwarded segment belongs to its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Part {
    /// Sequence number of the direction's first byte, as far as is known: it tells apart the connections that
    /// use a 5-tuple one after the other.
    pub origin: u32,
    /// Sequence number of the payload's first byte.
    pub sequence: u32,
    /// No other segment of this direction will be forwarded, unless a new message is recognised.
    pub last: bool,
    /// That is so though the direction goes on: what is followed of it has a bound.
    pub left: bool,
    /// The payload begins a message for certain: it can be read though what was before it is unknown.
    pub begins: bool,
    /// The payload looks like the beginning of a message: what is before it tells whether it is one, if it comes.
    pub looks: bool,
    /// What the SYN tells of it, where these are the direction's first bytes.
    pub start: Start,
    /// In the middle of a direction: that it answers a ClientHello of which the workers were not told.
    pub answers_hello: bool,
    /// The direction's first bytes, and no later ones were forwarded before them.
    pub alone: bool,
}
