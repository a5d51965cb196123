//! Bellerophon: a streaming detector for contacts with mercenary-spyware infrastructure.
//!
//! Data walks through the modules once, in this order:
//! [`source`] → [`packet`] → [`triage`] → (channel) → [`names`] → [`rules`] → [`alert`] →
//! (channel) → [`output`]. [`pipeline`] connects them with threads.

pub mod alert;
pub mod cli;
pub mod commands;
pub mod flow;
pub mod names;
pub mod output;
pub mod packet;
pub mod pipeline;
pub mod rules;
pub mod source;
pub mod stats;
pub mod stream;
pub mod time;
pub mod triage;
