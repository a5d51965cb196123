//! What a reader of a byte stream answers.
//!
//! A stream reader is a function over the contiguous bytes of one direction of a TCP connection,
//! from where its message begins. It keeps no copy: it looks at what is there and says how to go on.
//! It pushes names only with [`Step::Took`] and [`Step::End`], never with [`Step::Need`], so asking
//! it again with more bytes gives no name twice.

/// How to go on with a direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message of so many bytes was read (or passed over) from the beginning of what was given.
    /// The number may exceed what was given: a body that is skipped. Another message may follow.
    Took(u64),
    /// More is needed: it is no use to ask again before so many bytes are there in all, which is
    /// more than were given.
    Need(usize),
    /// Nothing more of this direction is of interest, or it is not this protocol.
    End,
}
