//! Where frames come from on a live link: interfaces, each with one or several rings.
//!
//! A [`Tap`] is a packet socket of our own with a ring of blocks (TPACKET_V3): a block of frames is read where the
//! kernel wrote it, as a block of a file is. Several taps of an interface form a group in which the kernel shares the frames out so that
//! both directions of a flow go to one. An interface that goes down, away or by another name is waited for.

mod block;
mod counters;
mod filter;
mod options;
mod stats;
mod sys;
mod tap;

pub use counters::{Counters, Interfaces};
pub use options::{Clock, Fanout, Options};
pub use stats::{State, TapStats};
pub use tap::{Tap, TapError, interfaces, is_interface};
