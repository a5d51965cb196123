//! The program as its users meet it: the built binary, its output, its exit status.
//!
//! What each capture holds is known from the testkit's builders, never from the program.
//! `BELLEROPHON_BLESS=1 cargo test --test end_to_end golden` writes `pcaps/golden/` anew.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout
)] // a test may

mod alerts;
mod bench;
mod damage;
mod eve;
mod filter;
mod generate;
mod golden;
mod harness;
mod lookup;
mod names;
mod output;
mod rules;
mod sources;
mod status;
mod stopping;
mod tunnels;
#[cfg(feature = "fetch")]
mod update;
