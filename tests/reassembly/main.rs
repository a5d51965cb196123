//! Names out of bytes that were cut up: a capture in, its names out, through the whole library.
//!
//! Every capture is made here from builders, so what it holds is known. Names are compared with
//! their kinds, and as often as they were sent.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)] // a test may

mod beginnings;
mod connections;
mod content;
mod determinism;
mod dialogues;
mod forged;
mod fragments;
mod harness;
mod holes;
mod http;
mod long;
mod messages;
mod paths;
mod properties;
mod quic;
mod review;
mod segments;
