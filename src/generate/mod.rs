//! Captures and lists made up from a seed: what speed and recall are measured on.
//!
//! Everything follows from the options: the same seed gives the same bytes on every machine, so a
//! figure can be repeated by whoever doubts it. Nothing that is written is real: addresses are of the
//! private, documentation and benchmark ranges, innocent names are made up ([`words`]), and the
//! only names that can match are the planted ones ([`plant`]).
//!
//! | file | makes |
//! | --- | --- |
//! | [`capture`] | the pcap file: record, Ethernet, IP, TCP and UDP headers, checksums |
//! | [`ends`] | the addresses and ports of a flow, from its number |
//! | [`tls`], [`x509`], [`quic`], [`dns`], [`http`] | messages, from templates |
//! | [`scripts`], [`heads`] | the beginnings of conversations, step by step |
//! | [`bulk`] | the data that flows between them |
//! | [`workload`] | which of these comes next |
//! | [`list`] | indicator lists |
//!
//! A packet costs some table look-ups and copies: random bytes come from a pool whose sums are known
//! ([`pool`]), so bulk is copied and its checksum is never computed anew.

#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
// No network data comes in here. All offsets are of templates and arrays that are made here, and
// the only foreign input, the names to plant, is bounded where it is taken.

mod bulk;
mod capture;
mod dns;
mod ends;
mod heads;
mod http;
mod list;
mod plant;
mod pool;
mod quic;
mod rng;
mod scripts;
mod tls;
mod words;
mod workload;
mod x509;

pub use list::{ListForm, MAX_NAMES, list};
pub use plant::{Name, Names, PlantError};
pub use workload::{Limit, MAX_FLOWS, Options, Report, Workload, capture};
