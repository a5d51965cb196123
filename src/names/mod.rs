//! Names out of bytes: one file per protocol.
//!
//! Every reader pushes what it finds to a visitor. Most take the bytes of one message and keep
//! nothing. What runs over TCP answers with a [`Step`] and is put together in [`stream`], which tells
//! what a direction speaks. [`quic`] and [`dtls`] put their messages together themselves, in bounded
//! space. `CONTRIBUTING.md` says what a new protocol takes.

mod begins;
pub mod dns;
pub mod dtls;
mod gquic;
mod hpack;
pub mod http;
pub mod http2;
mod huffman;
mod kind;
pub mod label;
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
mod stream_start;
mod stream_stats;
pub mod text;
pub mod tls;
mod wanted;
pub mod x509;
pub mod x509_fingerprint;

pub use kind::Kind;
pub use step::Step;
pub use wanted::Wanted;
