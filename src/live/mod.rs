//! Where frames come from on a live link: interfaces, each with one or several rings.
//!
//! A [`Tap`] on Linux is a packet socket of our own with a ring of blocks (TPACKET_V3): a block of frames is read where the
//! kernel wrote it, as a block of a file is. Elsewhere libpcap captures. Several taps of an interface form a group in which the kernel shares the frames out so that
//! both directions of a flow go to one. An interface that goes down, away or by another name is waited for.

#[cfg(target_os = "linux")]
mod block;
mod counters;
#[cfg(target_os = "linux")]
pub mod ethtool;
#[cfg(target_os = "linux")]
mod filter;
mod libpcap;
mod options;
#[cfg(target_os = "linux")]
mod ring;
mod stats;
#[cfg(target_os = "linux")]
mod sys;
mod tap;

pub use counters::{Counters, Interfaces};
pub use options::{Clock, Fanout, Method, Options};
pub use stats::{State, TapStats};
pub(crate) use tap::Opened;
pub use tap::{Link, Tap, TapError, interfaces};
