//! How a running `watch` is seen and steered from outside: metrics over HTTP, a control socket, and
//! systemd's notifications.
//!
//! Each server is one thread around `poll(2)` (`reactor`), so that a client that is slow or silent makes nobody
//! wait. Nothing here knows packets or rules: the rest of the program gives text to [`http::Pages`] and
//! takes commands from a channel.

pub mod control;
pub mod exposition;
pub mod http;
pub mod lint;
pub mod notify;

mod control_client;
mod control_message;
mod http_request;
mod http_response;
mod reactor;
mod running;
mod sockets;
mod stats;
mod wake;

pub use stats::{Counts, Stats};
