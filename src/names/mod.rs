//! Names out of bytes: one file per protocol.
//!
//! Every reader takes the bytes of one message and pushes what it finds to a visitor; nothing is
//! collected, nothing is allocated. Adding a protocol is a file here and a line in this one.

pub mod dns;
mod gquic;
mod kind;
pub mod quic;
mod step;
pub mod text;
pub mod tls;

pub use kind::Kind;
pub use step::Step;
