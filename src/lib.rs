//! Bellerophon: a streaming detector for contacts with mercenary-spyware infrastructure.
//!
//! Data walks through the modules once, in this order:
//! [`source`] → [`packet`] → [`triage`] → (channel) → [`names`] → [`rules`] → [`alert`] →
//! (channel) → [`output`]. [`pipeline`] is the only module that knows about threads.

pub mod flow;
pub mod source;
pub mod time;
pub mod rules;
