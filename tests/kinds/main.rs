//! Every kind of indicator, end to end: a capture and a rule file in, alerts out, as whoever reads them sees them.
//!
//! Every capture is made here from builders, and every run is made with one worker and with four: their bytes are the
//! same.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)] // a test may

mod addresses;
mod harness;
mod names;
mod prints;
mod resolved;
mod shared;
mod urls;
