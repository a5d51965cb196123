//! The HTTP server for `--metrics`: `/metrics`, `/healthz`, `/readyz` and an index, on a thread of its own.
//!
//! There is no password and no TLS: pages hold counts only, and who may read them is decided by the address
//! that is listened on. Against DNS rebinding, a connection that arrives at a loopback address is
//! served only where its Host is one that no stranger can own (an address, `localhost`, a name without a dot).
//! Whoever listens on loopback relies on nobody from outside reading along, and a browser on the same machine would
//! break that. On other addresses any Host is served: Prometheus asks for machines by their full names, and
//! a list of them would be one more thing to keep, for a port that its network can read anyway.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::http_request::{Parsed, Request, is_nobodys, parse};
use super::http_response::{Response, Status};
use super::reactor::{Limits, Next, Protocol};
use super::running::Running;
use super::stats::Stats;
use super::wake;

/// Connections served at once; up to sixteen more are told to come back.
const MAX_CONNECTIONS: usize = 8;

const LIMITS: Limits = Limits {
    connections: MAX_CONNECTIONS,
    read: Duration::from_secs(2),
    reply: Duration::ZERO,
    write: Duration::from_secs(5),
    linger: Duration::from_secs(1),
};

const INDEX: &str = "<!doctype html>\n<title>Bellerophon</title>\n<h1>Bellerophon</h1>\n<ul>\n\
    <li><a href=\"/metrics\">/metrics</a>: counts, for Prometheus\n\
    <li><a href=\"/healthz\">/healthz</a>: whether it works\n\
    <li><a href=\"/readyz\">/readyz</a>: whether packets are being read\n</ul>\n";

/// An answer to "are you well?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Status 200 if so, else 503.
    pub ok: bool,
    /// A line for people.
    pub text: String,
}

/// What is served. Called on the server's thread, which does nothing else meanwhile, so it should take
/// milliseconds.
pub trait Pages {
    /// Text of [`super::exposition::Exposition`].
    fn metrics(&self) -> String;

    /// Whether the program works at all. If it does not, it should be started anew.
    fn health(&self) -> Health;

    /// Whether it does now what it was started for.
    fn ready(&self) -> Health;
}

/// Why `--metrics` cannot listen.
#[derive(Debug, Error)]
pub enum BindError {
    /// No address at all.
    #[error("--metrics {given}: give HOST:PORT, for example 127.0.0.1:9469 or [::1]:9469")]
    Form {
        /// As given.
        given: String,
    },
    /// The host's name has no address.
    #[error("--metrics {given}: the host is not known ({source}): give its address instead")]
    Resolve {
        /// As given.
        given: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not let us.
    #[error("--metrics {given}: {source}: {advice}")]
    Listen {
        /// As given.
        given: String,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
}

/// A socket that listens and is not served yet: what comes waits.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    stats: Arc<Stats>,
    limits: Limits,
}

impl Server {
    /// Whether an address has the form that [`bind`](Self::bind) wants.
    ///
    /// # Errors
    /// It has not.
    pub fn check(given: &str) -> Result<(), BindError> {
        let port = given.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(BindError::Form {
                given: given.into(),
            });
        }
        Ok(())
    }

    /// Listens on `HOST:PORT`; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the text is no address, or the system does not let us listen there.
    pub fn bind(given: &str) -> Result<Self, BindError> {
        Self::check(given)?;
        let addresses: Vec<SocketAddr> = match given.to_socket_addrs() {
            Ok(addresses) => addresses.collect(),
            Err(source) => {
                return Err(BindError::Resolve {
                    given: given.into(),
                    source,
                });
            }
        };
        listen(&addresses).map_err(|source| BindError::Listen {
            given: given.into(),
            advice: match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "another program listens there, perhaps a second Bellerophon: give another port"
                }
                io::ErrorKind::PermissionDenied => {
                    "ports below 1024 are for root: give a higher one"
                }
                io::ErrorKind::AddrNotAvailable => {
                    "this machine does not have the address: `ip address` shows those that it has"
                }
                _ => "give another address",
            },
            source,
        })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The counters, so that the pages can show them too.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Serves `pages` on the thread `metrics`.
    ///
    /// # Errors
    /// Where the system refuses one more thread or descriptor.
    pub fn start(self, pages: Arc<dyn Pages + Send + Sync>) -> io::Result<Handle> {
        let protocol = Http {
            pages,
            stats: Arc::clone(&self.stats),
        };
        let running = Running::start(
            "metrics",
            self.listener,
            protocol,
            self.limits,
            Arc::clone(&self.stats),
            wake::pair()?,
        )?;
        Ok(Handle {
            running,
            address: self.address,
            stats: self.stats,
        })
    }

    #[cfg(test)]
    fn with_limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }
}

/// With which status the head of a request is answered, 200 standing for any page; `None` where it does not end yet. What the
/// server itself asks, for tests from outside.
pub fn judge(head: &[u8]) -> Option<u16> {
    match parse(head) {
        Parsed::Incomplete => None,
        Parsed::Refused(status, _) => Some(status.code()),
        Parsed::Request(_) => Some(200),
    }
}

fn listen(addresses: &[SocketAddr]) -> io::Result<Server> {
    let listener = TcpListener::bind(addresses)?;
    listener.set_nonblocking(true)?;
    Ok(Server {
        address: listener.local_addr()?,
        listener,
        stats: Arc::default(),
        limits: LIMITS,
    })
}

/// A server that serves. Stops when dropped.
#[derive(Debug)]
pub struct Handle {
    running: Running,
    address: SocketAddr,
    stats: Arc<Stats>,
}

impl Handle {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The counters.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Whether the thread is still there.
    pub fn is_alive(&self) -> bool {
        self.running.is_alive()
    }

    /// Stops at once, but for a page that is being made; connections are closed.
    pub fn stop(mut self) {
        self.running.stop();
    }
}

struct Http {
    pages: Arc<dyn Pages + Send + Sync>,
    stats: Arc<Stats>,
}

impl Http {
    fn page(&self, path: &str) -> Option<Response> {
        let health = |health: Health| {
            let status = if health.ok {
                Status::OK
            } else {
                Status::UNAVAILABLE
            };
            Response::text(status, health.text)
        };
        Some(match path {
            "/metrics" => Response::new(
                Status::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                self.pages.metrics(),
            ),
            "/healthz" => health(self.pages.health()),
            "/readyz" => health(self.pages.ready()),
            "/" => Response::new(Status::OK, "text/html; charset=utf-8", INDEX.into()),
            _ => return None,
        })
    }

    fn answer(&self, stream: &TcpStream, request: &Request<'_>) -> Vec<u8> {
        let reject = |status, text: &str| {
            self.stats.rejected.add();
            Response::text(status, text).bytes(request.head_only)
        };
        let on_loopback = stream
            .local_addr()
            .is_ok_and(|a| a.ip().to_canonical().is_loopback());
        if on_loopback && !is_nobodys(request.host) {
            return reject(
                Status::MISDIRECTED,
                "On this machine's own address only IP addresses, localhost and names without a dot are served.",
            );
        }
        // A page that panics must not end the server: that it does is worth seeing.
        match catch_unwind(AssertUnwindSafe(|| self.page(request.path))) {
            Ok(Some(response)) => {
                self.stats.answered.add();
                response.bytes(request.head_only)
            }
            Ok(None) => reject(Status::NOT_FOUND, "no such page"),
            Err(_) => reject(Status::INTERNAL, "the page could not be made"),
        }
    }

    fn reject(&self, status: Status, text: &str) -> Vec<u8> {
        self.stats.rejected.add();
        Response::text(status, text).bytes(false)
    }
}

impl Protocol<TcpStream> for Http {
    // Pages are made at once.
    type Pending = std::convert::Infallible;

    fn request(&mut self, stream: &TcpStream, bytes: &[u8]) -> Next<Self::Pending> {
        match parse(bytes) {
            Parsed::Incomplete => Next::More,
            Parsed::Refused(status, why) => Next::Answer(self.reject(status, why)),
            Parsed::Request(request) => Next::Answer(self.answer(stream, &request)),
        }
    }

    fn cut(&mut self) -> Vec<u8> {
        self.reject(Status::BAD_REQUEST, "the request is not complete")
    }

    fn settle(&mut self, pending: &mut Self::Pending) -> Option<Vec<u8>> {
        match *pending {}
    }

    fn late(&mut self) -> Vec<u8> {
        Response::text(Status::TIMEOUT, "the request took too long").bytes(false)
    }

    fn unanswered(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn busy(&mut self) -> Vec<u8> {
        Response::text(Status::UNAVAILABLE, "too many connections")
            .retry()
            .bytes(false)
    }

    fn ending(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
