//! Bellerophon: a streaming detector for contacts with mercenary-spyware infrastructure.
//!
//! Data walks through the modules once, in this order:
//!
//! | module | does | thread |
//! | --- | --- | --- |
//! | [`source`], [`live`] | paths and interfaces to frames | reader |
//! | [`packet`] | frames to TCP segments and UDP datagrams | reader |
//! | [`stream::defrag`] | IP fragments to datagrams | reader |
//! | [`triage`] | forward or forget | reader |
//! | [`stream`] | segments to contiguous bytes | worker |
//! | [`names`] | bytes to names | worker |
//! | [`rules`] | names to indicators | worker |
//! | [`alert`] | what the device did; repeats | worker, collector |
//! | [`output`] | alerts, names, summary | collector |
//!
//! [`pipeline`] connects them with threads and channels. [`flow`], [`time`] and [`stats`] serve them all;
//! [`cli`] and [`commands`] are the command line. [`feeds`] is about folders of fetched lists. [`generate`] makes captures to measure with.

pub mod alert;
pub mod cli;
pub mod commands;
pub mod config;
pub mod feeds;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod flow;
pub mod generate;
pub mod live;
pub mod names;
pub mod output;
pub mod packet;
pub mod pipeline;
mod problem;
pub mod rules;
pub mod sandbox;
pub mod serve;
pub mod source;
pub mod stats;
pub mod stream;
pub mod time;
pub mod triage;
mod words;
