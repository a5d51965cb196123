//! Names out of bytes: one file per protocol.
//!
//! Every reader takes the bytes of one message and pushes what it finds to a visitor; nothing is
//! collected, nothing is allocated. Adding a protocol is a file here and a line in this one.

pub mod dns;
pub mod dtls;
mod kind;
mod sslv2;
mod step;
pub mod text;
pub mod tls;
pub mod x509;

pub use kind::Kind;
pub use step::Step;
