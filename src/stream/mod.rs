//! What waits for more packets before it can be read: bounded, in packet time.

pub mod defrag;
