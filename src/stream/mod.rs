//! What waits for more packets before it can be read: bounded, in packet time.
//!
//! [`defrag`] puts IP datagrams together in the reader. In the workers, [`table`] holds the
//! directions of TCP connections whose message is not complete, [`assembly`] their bytes, [`heard`] what their last
//! messages named, and [`roles`] tells content from messages.

pub mod assembly;
pub mod defrag;
mod heard;
pub mod part;
pub mod roles;
mod stats;
pub mod table;
