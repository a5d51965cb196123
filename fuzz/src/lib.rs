//! What the fuzz targets do with their input: one file each, with `pub fn run(data: &[u8])`.
//!
//! They assert more than "no panic": that two ways to the same result agree, or that a slow and
//! simple one does. `tests/fuzz_corpus.rs` includes this file to replay the committed corpus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    unreachable_pub,
    reason = "these are tests"
)]

pub mod allow;
pub mod assembly;
pub mod capture;
pub mod config;
pub mod defrag;
pub mod dns;
pub mod dtls;
pub mod http;
pub mod lists;
pub mod lookup;
pub mod names;
pub mod nbns;
pub mod packet;
pub mod pattern;
pub mod pipeline;
pub mod quic;
pub mod request;
pub mod rules;
pub mod scratch;
pub mod stream;
pub mod tls;
pub mod tls_server;
pub mod triage;
pub mod x509;
