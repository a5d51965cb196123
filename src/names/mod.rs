//! Names out of bytes: one file per protocol.
//!
//! Every reader takes the bytes of one message and pushes what it finds to a visitor; nothing is
//! collected, nothing is allocated. Adding a protocol is a file here and a line in this one.

mod begins;
pub mod dns;
pub mod dtls;
mod gquic;
mod hpack;
pub mod http;
pub mod http2;
mod huffman;
mod kind;
pub mod llmnr;
pub mod mdns;
pub mod nbns;
pub mod prelude;
pub mod quic;
mod shape;
pub mod socks;
mod sslv2;
mod step;
pub mod stream;
mod stream_http;
mod stream_stats;
pub mod text;
pub mod tls;
pub mod x509;

pub use kind::Kind;
pub use step::Step;
